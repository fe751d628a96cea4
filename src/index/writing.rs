//! How a handle writes: how long it waits for its turn, how much memory it takes, whether it tidies up by itself.

use super::Index;
#[cfg(doc)]
use crate::disk::DiskError;
use std::time::Duration;

/// Encoded bytes after which a segment is built.
const SPILL_BYTES: u64 = 64 << 20;
/// Bytes of notes after which a batch is handed to the encoder.
const BATCH_BYTES: u64 = 16 << 20;
/// Bytes of segments that are merged at once without being asked for.
const MERGED_BYTES: u64 = 1 << 30;
/// Building a segment takes up to so many times the bytes of its file.
const BUILD_FACTOR: u64 = 3;

/// How an [`Index`] writes. It is set for a handle ([`Index::set_write_options`]) and not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteOptions {
    pub(super) wait: Duration,
    pub(super) memory: Option<u64>,
    pub(super) merging: bool,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl WriteOptions {
    /// Never waits, takes the memory it needs, and merges segments by itself.
    #[must_use]
    pub const fn new() -> Self {
        Self { wait: Duration::ZERO, memory: None, merging: true }
    }

    /// How long a call that writes waits for another writer, in this process or another, to end; then it fails with
    /// [`DiskError::Locked`]. Zero unless set: it fails at once.
    #[must_use]
    pub const fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Bytes of memory that adding notes and compaction keep to, beside what the encoder takes for itself and a single picture
    /// or note that is larger. With less memory there are more segments, each of which costs a search some time, and
    /// [`Index::compact`] leaves several where one would take more. 64 MiB is the least that does much.
    #[must_use]
    pub const fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Whether segments are merged by themselves (they are unless this is unset): small ones in a commit, large ones on a
    /// thread in the background, of which nothing waits. What it is unset for: loading very many notes in one go, with one
    /// [`Index::compact`] at the end.
    #[must_use]
    pub const fn merging(mut self, merging: bool) -> Self {
        self.merging = merging;
        self
    }

    /// Bytes of segments that are merged at once when that is asked for.
    pub(super) fn merged_at_once(&self) -> u64 {
        self.memory.map_or(u64::MAX, |memory| memory / BUILD_FACTOR)
    }

    /// Bytes of segments that are merged at once by themselves.
    pub(super) fn merged_by_itself(&self) -> u64 {
        self.merged_at_once().min(MERGED_BYTES)
    }

    /// Encoded bytes after which a segment is built.
    pub(super) fn spill_bytes(&self) -> usize {
        self.memory.map_or(SPILL_BYTES, |memory| SPILL_BYTES.min(memory / 8)) as usize
    }

    /// Bytes of notes after which a batch goes to the encoder: up to eight of them are on their way.
    pub(super) fn batch_bytes(&self) -> usize {
        self.memory.map_or(BATCH_BYTES, |memory| BATCH_BYTES.min(memory / 64)) as usize
    }
}

impl Index {
    /// Sets how this handle writes from now on.
    pub fn set_write_options(&self, options: WriteOptions) {
        self.shared.set_write_options(options);
    }
}
