//! One file into the cache: resumed where it stopped, held to its size and checksum, named when it is whole.

use super::HubError;
use super::cache::Repo;
use super::client::{Client, Reply, answer, header};
use super::listing::Expected;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

/// Attempts in a row that may bring nothing.
const ATTEMPTS: u32 = 5;
/// The pause after the first of them; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);
/// Bytes handled at a time.
const PIECE: usize = 1 << 16;

/// A file that is wanted.
pub(super) struct Wanted {
    /// Its name in the model's folder.
    pub(super) name: String,
    /// Its address at the commit.
    pub(super) url: String,
    /// What it must turn out to be.
    pub(super) expected: Expected,
}

/// Told how many bytes of the file are there; may break off.
pub(super) type Watch<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

impl Wanted {
    /// Whether the cache has the whole file.
    pub(super) fn is_there(&self, repo: &Repo) -> bool {
        let about = fs::metadata(repo.blob(&self.expected.etag));
        about.is_ok_and(|about| about.is_file() && about.len() == self.expected.size)
    }

    /// Bytes of it that an earlier run left.
    pub(super) fn left(&self, repo: &Repo) -> u64 {
        fs::metadata(self.partial(repo)).map_or(0, |about| about.len().min(self.expected.size))
    }

    /// Where its bytes arrive.
    fn partial(&self, repo: &Repo) -> PathBuf {
        repo.blob(&format!("{}.incomplete", self.expected.etag))
    }

    /// Fetches what is missing and returns how many bytes came over the network.
    pub(super) fn fetch(&self, client: &Client<'_>, repo: &Repo, watch: Watch<'_>) -> Result<u64, HubError> {
        let _lock = repo.lock(&self.expected.etag, &self.name)?;
        if self.is_there(repo) {
            // Another process was quicker.
            return Ok(0);
        }
        let mut arriving = Arriving::at(self.partial(repo))?;
        let mut inherited = arriving.length()? > 0;
        let mut came = 0;
        loop {
            came += self.receive_all(client, &mut arriving, watch)?;
            let found = arriving.checksum(&self.expected)?;
            if found == self.expected.etag {
                arriving.become_blob(repo.blob(&self.expected.etag))?;
                return Ok(came);
            }
            // Left in the way, it would spoil the next run as well.
            arriving.clear()?;
            if !inherited {
                let _ = fs::remove_file(&arriving.path);
                return Err(self.mismatch(format!("checksum {}", self.expected.etag), found));
            }
            inherited = false;
        }
    }

    /// Asks again as long as each answer brings something.
    fn receive_all(&self, client: &Client<'_>, arriving: &mut Arriving, watch: Watch<'_>) -> Result<u64, HubError> {
        let (mut came, mut idle) = (0, 0);
        loop {
            let have = arriving.length()?;
            if have == self.expected.size {
                return Ok(came);
            }
            if have > self.expected.size {
                arriving.clear()?;
                continue;
            }
            let received = self.receive(client, arriving, have, watch);
            let now = arriving.length()?;
            came += now.saturating_sub(have);
            match received {
                Ok(()) => {}
                Err(error) if error.is_passing() && idle + 1 < ATTEMPTS => {
                    idle = if now > have { 0 } else { idle + 1 };
                    std::thread::sleep(PAUSE * 2_u32.pow(idle));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// One request from byte `have` on.
    fn receive(
        &self,
        client: &Client<'_>,
        arriving: &mut Arriving,
        have: u64,
        watch: Watch<'_>,
    ) -> Result<(), HubError> {
        let reply = client.get(&self.url, have)?;
        let mut have = self.begin(&reply, arriving, have)?;
        let mut body = reply.response.into_body().into_reader();
        let mut piece = vec![0; PIECE];
        loop {
            if watch(have).is_break() {
                return Err(HubError::Cancelled);
            }
            let read = body.read(&mut piece);
            let read = read.map_err(|error| self.broke(format!("{error} after {have} bytes")))?;
            let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            have += read as u64;
            if have > self.expected.size {
                arriving.clear()?;
                return Err(self.mismatch(format!("{} bytes", self.expected.size), "more".to_owned()));
            }
            arriving.append(bytes)?;
        }
        if have < self.expected.size {
            return Err(self.broke(format!("the connection ended after {have} of {} bytes", self.expected.size)));
        }
        Ok(())
    }

    /// Holds the headers to what was asked, and returns the byte at which the body begins.
    fn begin(&self, reply: &Reply, arriving: &mut Arriving, have: u64) -> Result<u64, HubError> {
        let linked = header(&reply.first, "x-linked-etag").map(|etag| etag.trim_matches('"'));
        if let Some(other) = linked.filter(|linked| *linked != self.expected.etag) {
            return Err(self.mismatch(format!("checksum {}", self.expected.etag), other.to_owned()));
        }
        let part = header(reply.response.headers(), "content-range");
        match reply.response.status().as_u16() {
            206 if part.is_some_and(|part| part.starts_with(&format!("bytes {have}-"))) => Ok(have),
            // The server sends everything, whatever was asked.
            200 => arriving.clear().map(|()| 0),
            206 | 416 => {
                arriving.clear()?;
                Err(self.broke("the server sent another part".to_owned()))
            }
            other => Err(answer(&self.url, format!("status {other}"))),
        }
    }

    fn broke(&self, why: String) -> HubError {
        HubError::Unreachable { url: self.url.clone(), why }
    }

    fn mismatch(&self, expected: String, found: String) -> HubError {
        HubError::Mismatch { file: self.name.clone(), expected, found }
    }
}

/// The file that bytes are appended to until they are all there.
struct Arriving {
    file: File,
    path: PathBuf,
}

impl Arriving {
    /// What an earlier run left at this path, or nothing yet.
    fn at(path: PathBuf) -> Result<Self, HubError> {
        let file = File::options().read(true).append(true).create(true).open(&path);
        Ok(Self { file: file.map_err(HubError::io("write", &path))?, path })
    }

    fn length(&self) -> Result<u64, HubError> {
        Ok(self.file.metadata().map_err(HubError::io("read", &self.path))?.len())
    }

    fn clear(&mut self) -> Result<(), HubError> {
        self.file.set_len(0).map_err(HubError::io("write", &self.path))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        self.file.write_all(bytes).map_err(HubError::io("write", &self.path))
    }

    /// Reads the file back: what counts is what is on the disk, whoever wrote it.
    fn checksum(&mut self, expected: &Expected) -> Result<String, HubError> {
        let large = expected.etag.len() == 64;
        let file = &mut self.file;
        let found = file.seek(SeekFrom::Start(0)).and_then(|_| match large {
            true => digest(Sha256::new(), file),
            false => digest(Sha1::new().chain_update(format!("blob {}\0", expected.size)), file),
        });
        found.map_err(HubError::io("read", &self.path))
    }

    /// Gives the file its name, once its bytes are on the disk.
    fn become_blob(self, blob: PathBuf) -> Result<(), HubError> {
        self.file.sync_all().map_err(HubError::io("write", &self.path))?;
        // Windows does not rename open files.
        drop(self.file);
        fs::rename(&self.path, &blob).map_err(HubError::io("make", &blob))
    }
}

/// The checksum of a file in hexadecimal.
fn digest<D: Digest>(mut state: D, file: &mut File) -> io::Result<String> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece)?;
        match piece.get(..read) {
            Some(bytes) if !bytes.is_empty() => state.update(bytes),
            _ => return Ok(state.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }
}
