//! `uninote export`: all notes into a folder, so that `uninote add` makes an equal index of it.

use crate::failure::{Failure, Outcome};
use crate::output::{diagnostic, print, print_json};
use crate::progress::Progress;
use crate::{Place, interrupt};
use serde::Serialize;
use std::fs::{self, File};
use std::io::{BufWriter, IntoInnerError, Read, Write};
use std::path::{Path, PathBuf};
use uninote::import::jsonl::{Besides, write_line};
use uninote::note::{PictureLimits, PictureSource, picture};
use uninote::query::Like;
use uninote::{Error, Note, Picture, Snapshot};
use xxhash_rust::xxh3::xxh3_128;

/// The file of notes in the folder.
const NOTES: &str = "notes.jsonl";
/// The folder of pictures beside it.
const PICTURES: &str = "pictures";

/// Arguments of `uninote export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// Folder to write to; it must be empty or not exist yet
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Write the vector of each note as a whole, too
    #[arg(long)]
    vectors: bool,
}

#[derive(Serialize)]
struct Exported {
    notes: u64,
    pictures: u64,
    left_out: u64,
    generation: u64,
}

impl Export {
    /// Runs the command.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let snapshot = place.open_without_encoder()?.snapshot();
        let vectors = self.vectors || snapshot.takes_vectors();
        self.make_directory()?;
        let file = File::create_new(self.directory.join(NOTES)).map_err(|error| self.failed(error))?;
        let mut to = Writer { directory: &self.directory, file: BufWriter::new(file), pictures: 0, left_out: 0 };
        let (cancel, progress) = (interrupt::watch()?, Progress::of_work("exporting".to_owned()));
        let mut notes = 0;
        for note in snapshot.notes() {
            if cancel.is_cancelled() {
                return Err(Failure::Interrupted);
            }
            let note = note?;
            let vector = if vectors { vector_of(&snapshot, &note.id)? } else { None };
            to.write(&note, vector).map_err(|error| self.failed(error))?;
            progress.step();
            notes += 1;
        }
        let written = to.file.into_inner().map_err(IntoInnerError::into_error).and_then(|file| file.sync_all());
        written.map_err(|error| self.failed(error))?;
        progress.clear();
        let (pictures, left_out, generation) = (to.pictures, to.left_out, snapshot.generation());
        if place.json {
            print_json(&Exported { notes, pictures, left_out, generation })?;
        } else {
            print(&format!("{notes} notes, {pictures} pictures (generation {generation})\n"))?;
        }
        Ok(Outcome::of(left_out == 0))
    }

    /// An empty folder: what another export left would be mixed into this one.
    fn make_directory(&self) -> Result<(), Failure> {
        let made = fs::create_dir_all(&self.directory).and_then(|()| fs::read_dir(&self.directory)?.next().transpose());
        match made.map_err(|error| self.failed(error))? {
            Some(_) => Err(Failure::NotEmpty { directory: self.directory.clone() }),
            None => Ok(()),
        }
    }

    fn failed(&self, source: std::io::Error) -> Failure {
        Failure::Write { path: self.directory.clone(), source }
    }
}

/// The vector of a note as a whole, where it has one.
fn vector_of(snapshot: &Snapshot, id: &str) -> Result<Option<Vec<f32>>, Failure> {
    match snapshot.vector(id, Like::Note) {
        Ok(vector) => Ok(Some(vector)),
        Err(Error::NoSuchPart { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// A file, and one byte more than `most` if it is longer: it is too long then.
fn read_up_to(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where notes and pictures go.
struct Writer<'a> {
    directory: &'a Path,
    file: BufWriter<File>,
    pictures: u64,
    left_out: u64,
}

impl Writer<'_> {
    fn write(&mut self, note: &Note, vector: Option<Vec<f32>>) -> std::io::Result<()> {
        let mut paths = Vec::with_capacity(note.pictures.len());
        for picture in &note.pictures {
            paths.push(self.picture(&note.id, picture)?);
        }
        writeln!(self.file, "{}", write_line(note, &Besides::new(paths, vector)))
    }

    /// Writes a picture under the hash of its bytes, once, and gives its path beside the notes.
    fn picture(&mut self, id: &str, picture: &Picture) -> std::io::Result<Option<String>> {
        let limits = PictureLimits::default();
        let read;
        let bytes = match &picture.source {
            PictureSource::Bytes(bytes) => bytes.as_slice(),
            PictureSource::Path(path) => match read_up_to(path, limits.bytes) {
                Ok(bytes) => {
                    read = bytes;
                    read.as_slice()
                }
                Err(why) => return Ok(self.leave_out(id, &format!("the picture {path:?} cannot be read: {why}"))),
            },
            _ => return Ok(self.leave_out(id, "a picture of a kind that this program does not know")),
        };
        let format = match picture::inspect(bytes, &limits) {
            Ok(info) => info.format,
            Err(why) => return Ok(self.leave_out(id, &format!("a picture cannot be used any more: {why}"))),
        };
        let name = format!("{:032x}.{}", xxh3_128(bytes), format.name().to_lowercase());
        let folder = self.directory.join(PICTURES);
        fs::create_dir_all(&folder)?;
        let path = folder.join(&name);
        if !path.exists() {
            fs::write(path, bytes)?;
            self.pictures += 1;
        }
        Ok(Some(format!("{PICTURES}/{name}")))
    }

    fn leave_out(&mut self, id: &str, why: &str) -> Option<String> {
        self.left_out += 1;
        diagnostic(&format!("{id}: {why}; it is left out"));
        None
    }
}
