//! A whole file's bytes, from a memory map or from memory, behind one cheap handle.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use memmap2::Mmap;

/// Alignment of offset 0, in bytes: one cache line, and what the file format assumes of its sections.
const ALIGNMENT: usize = 64;

/// A whole file's bytes: immutable, cheap to clone, aligned to 64 bytes at offset 0.
///
/// Either a read-only map of the file (page-aligned) or memory of its own.
#[derive(Clone)]
pub struct Bytes(Arc<Backing>);

enum Backing {
    Map(Mmap),
    /// The content starts at `start`, the first aligned byte of an allocation that is never resized.
    Memory {
        buffer: Vec<u8>,
        start: usize,
    },
}

/// How a file is about to be read: a hint to the operating system, without effect on what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// The system's usual read-ahead.
    Normal,
    /// Scattered small reads: reading ahead would waste memory and disk.
    Random,
    /// All of it soon: start reading now.
    WillNeed,
}

impl Bytes {
    /// Copies the bytes into aligned memory.
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        Self::from(bytes.as_slice())
    }

    /// Maps a whole, non-empty, published file.
    ///
    /// Another program that *changes* a mapped file breaks the promise below; if it *truncates* the file, reading
    /// past the new end raises SIGBUS on Unix (an in-page error on Windows) and ends the process. Nothing here can
    /// prevent that short of copying every file, so the manual tells users to leave index files alone.
    #[expect(
        unsafe_code,
        reason = "a map is what makes opening an index constant-time and its memory shared between processes"
    )]
    pub(super) fn map(file: &File) -> io::Result<Self> {
        // SAFETY: the slice handed out must not change while it is borrowed. Files of a storage are written under
        // a temporary name, synced, renamed into place, and never opened for writing again; replacing or removing
        // a name leaves the mapped inode intact (Windows refuses instead). The map is private to this type, is
        // read-only, and is unmapped only when the last clone is dropped. Other programs are outside this promise,
        // as the documentation of this function and the manual say.
        let map = unsafe { Mmap::map(file) }?;
        Ok(Self(Arc::new(Backing::Map(map))))
    }

    /// Tells the operating system how the bytes will be read. Without effect for memory, and on Windows.
    pub fn advise(&self, advice: Advice) {
        #[cfg(unix)]
        if let Backing::Map(map) = &*self.0 {
            let advice = match advice {
                Advice::Normal => memmap2::Advice::Normal,
                Advice::Random => memmap2::Advice::Random,
                Advice::WillNeed => memmap2::Advice::WillNeed,
            };
            // A hint that the system refuses changes speed only.
            let _ = map.advise(advice);
        }
        #[cfg(not(unix))]
        let _ = advice;
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        let mut buffer = Vec::<u8>::with_capacity(bytes.len() + ALIGNMENT - 1);
        let start = buffer.as_ptr().align_offset(ALIGNMENT);
        // Both stay within the capacity, so the buffer does not move and the start stays aligned.
        buffer.resize(start, 0);
        buffer.extend_from_slice(bytes);
        Self(Arc::new(Backing::Memory { buffer, start }))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &*self.0 {
            Backing::Map(map) => map,
            Backing::Memory { buffer, start } => &buffer[*start..],
        }
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backing = match &*self.0 {
            Backing::Map(_) => "map",
            Backing::Memory { .. } => "memory",
        };
        write!(f, "Bytes({backing}, {} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_aligned_and_equal_at_every_length() {
        for len in (0..200).chain([4095, 4096, 4097]) {
            let source: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let bytes = Bytes::from_vec(source.clone());
            assert_eq!(&*bytes, &source[..]);
            assert_eq!(bytes.as_ptr() as usize % ALIGNMENT, 0, "length {len}");
            assert_eq!(bytes.clone().as_ptr(), bytes.as_ptr());
        }
    }
}
