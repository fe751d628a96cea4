//! Notes into a folder, as [`open`](super::open) reads them: JSON Lines, and their pictures beside them.

use super::write::{Besides, write_line};
use crate::note::picture::inspect;
use crate::note::{Note, Picture, PictureLimits, PictureSource};
use std::fs::{self, File};
use std::io::{self, BufWriter, IntoInnerError, Read, Write};
use std::path::{Path, PathBuf};

/// The file of notes in the folder.
const NOTES: &str = "notes.jsonl";
/// The folder of pictures beside it.
const PICTURES: &str = "pictures";

/// Why notes could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// There is something in the folder already.
    #[error("{} is not empty; name a folder that is, or one that does not exist", directory.display())]
    NotEmpty {
        /// The folder.
        directory: PathBuf,
    },
    /// The system refused.
    #[error("cannot write to {}: {source}; check the space left and the permissions", directory.display())]
    Write {
        /// The folder.
        directory: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Notes.
    pub notes: u64,
    /// Pictures, each once.
    pub pictures: u64,
    /// Pictures that could not be read any more.
    pub left_out: u64,
}

/// Writes notes to a folder, from which they can be imported as they were.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use uninote::import::Exporter;
/// use uninote::{Index, Note};
///
/// let index = Index::in_memory()?;
/// index.add(Note::new("harz").title("Three days").text("From Thale to Treseburg."))?;
/// index.commit()?;
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("notes");
/// let mut exporter = Exporter::create(&folder)?;
/// for note in index.snapshot().notes() {
///     exporter.write(&note?, None)?;
/// }
/// assert_eq!(exporter.finish()?.notes, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Exporter {
    directory: PathBuf,
    file: BufWriter<File>,
    limits: PictureLimits,
    exported: Exported,
}

impl Exporter {
    /// Begins in a folder that is empty or does not exist yet.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn create(directory: impl AsRef<Path>) -> Result<Self, ExportError> {
        let directory = directory.as_ref().to_owned();
        let failed = |source| ExportError::Write { directory: directory.clone(), source };
        let mut within = fs::create_dir_all(&directory).and_then(|()| fs::read_dir(&directory)).map_err(failed)?;
        if within.next().is_some() {
            return Err(ExportError::NotEmpty { directory });
        }
        let file = File::create_new(directory.join(NOTES)).map_err(failed)?;
        let (limits, exported) = (PictureLimits::default(), Exported::default());
        Ok(Self { file: BufWriter::new(file), directory, limits, exported })
    }

    /// Writes a note, with its vector as a whole if that is given. Pictures that cannot be read any more are left out; says of
    /// each why.
    ///
    /// # Errors
    /// [`ExportError::Write`].
    pub fn write(&mut self, note: &Note, vector: Option<Vec<f32>>) -> Result<Vec<String>, ExportError> {
        let mut remarks = Vec::new();
        let written = self.write_with(note, vector, &mut remarks);
        written.map_err(|source| self.failed(source))?;
        self.exported.notes += 1;
        self.exported.left_out += remarks.len() as u64;
        Ok(remarks)
    }

    /// Ends, when all is on the disk.
    ///
    /// # Errors
    /// [`ExportError::Write`].
    pub fn finish(self) -> Result<Exported, ExportError> {
        let Self { directory, file, exported, .. } = self;
        let synced = file.into_inner().map_err(IntoInnerError::into_error).and_then(|file| file.sync_all());
        synced.map_err(|source| ExportError::Write { directory, source })?;
        Ok(exported)
    }

    fn failed(&self, source: io::Error) -> ExportError {
        ExportError::Write { directory: self.directory.clone(), source }
    }

    fn write_with(&mut self, note: &Note, vector: Option<Vec<f32>>, remarks: &mut Vec<String>) -> io::Result<()> {
        let mut paths = Vec::with_capacity(note.pictures.len());
        for picture in &note.pictures {
            let path = match self.bytes(picture) {
                Ok((name, bytes)) => Some(self.keep(&name, &bytes)?),
                Err(why) => {
                    remarks.push(why);
                    None
                }
            };
            paths.push(path);
        }
        writeln!(self.file, "{}", write_line(note, &Besides::new(paths, vector)))
    }

    /// The bytes of a picture and the name of its file, which is their hash; or why it has none.
    fn bytes(&self, picture: &Picture) -> Result<(String, Vec<u8>), String> {
        let bytes = match &picture.source {
            PictureSource::Bytes(bytes) => bytes.clone(),
            PictureSource::Path(path) => read_up_to(path, self.limits.bytes)
                .map_err(|why| format!("the picture {} cannot be read: {why}", path.display()))?,
        };
        let info = inspect(&bytes, &self.limits).map_err(|why| format!("a picture cannot be used any more: {why}"))?;
        let hash: String = info.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((format!("{hash}.{}", info.format.name().to_lowercase()), bytes))
    }

    /// Writes a picture unless it is there, and gives its path beside the notes.
    fn keep(&mut self, name: &str, bytes: &[u8]) -> io::Result<String> {
        let folder = self.directory.join(PICTURES);
        fs::create_dir_all(&folder)?;
        let path = folder.join(name);
        if !path.exists() {
            let mut file = File::create_new(path)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            self.exported.pictures += 1;
        }
        Ok(format!("{PICTURES}/{name}"))
    }
}

/// A file, and one byte more than `most` if it is longer: it is too long then.
fn read_up_to(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
