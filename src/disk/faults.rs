//! The faults that the in-memory twin can be asked for, and what a power loss makes of data that was not synced.

use std::io;

use super::Bytes;

/// Data is written back in units no smaller than this, in bytes: a disk sector.
const SECTOR_BYTES: usize = 512;

/// One primitive effect on a storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Creating a temporary.
    Create,
    /// One write that reaches the file (small writes are gathered first).
    Write,
    /// Syncing a file.
    SyncFile,
    /// Renaming a temporary into place.
    Rename,
    /// Syncing the directory.
    SyncDirectory,
    /// Removing a file.
    Remove,
}

/// How a step fails. A failing step has no effect, except that names which a directory sync failed to make durable
/// stay so for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// One step fails with this error, later ones work again.
    Error(io::ErrorKind),
    /// This step and every later one it applies to fail with this error, until the fault is cleared.
    Persistent(io::ErrorKind),
    /// The power goes: this and every later step fails. What is left is for `crash_image` to say.
    Crash,
}

/// What survives a power loss of the effects that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// Nothing: only synced names, with only synced content.
    DurableOnly,
    /// Everything, as if the system had written all of it back just before.
    Everything,
    /// Any part of it, drawn from this seed: each name change or not, of each file a prefix, or single sectors lost
    /// or full of garbage.
    Torn(u64),
}

/// A pending fault.
#[derive(Debug)]
pub(super) struct Fault {
    /// How many more steps pass before it strikes.
    pub(super) passing: u64,
    /// The only sort of step that it counts and strikes, if any.
    pub(super) only: Option<Step>,
    pub(super) kind: FaultKind,
}

/// Lets a step pass, or fails it; a fault that is over removes itself.
pub(super) fn strike(fault: &mut Option<Fault>, step: Step) -> io::Result<()> {
    let Some(pending) = fault else { return Ok(()) };
    if pending.only.is_some_and(|only| only != step) {
        return Ok(());
    }
    if pending.passing > 0 {
        pending.passing -= 1;
        return Ok(());
    }
    Err(match pending.kind {
        FaultKind::Error(kind) => {
            *fault = None;
            kind.into()
        }
        FaultKind::Persistent(kind) => kind.into(),
        FaultKind::Crash => {
            // From here on no step of any sort passes.
            pending.only = None;
            io::Error::other("simulated power loss")
        }
    })
}

/// A small deterministic generator (SplitMix64: Steele, Lea and Flood, OOPSLA 2014), so that a seed names one crash.
#[derive(Debug)]
pub(super) struct Seeded(pub(super) u64);

impl Seeded {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// What a power loss may leave of a file: `durable` is certain, everything in `live` beyond it is at stake.
pub(super) fn torn(durable: &Bytes, live: &Bytes, seeded: &mut Seeded) -> Bytes {
    if **durable == **live {
        return live.clone();
    }
    match seeded.below(4) {
        0 => durable.clone(),
        1 => live.clone(),
        2 => Bytes::from(&live[..seeded.below(live.len() + 1)]),
        _ => Bytes::from_vec(scrambled(durable, live, seeded)),
    }
}

/// The full length, with each sector new, old (zero where there was none), or garbage.
fn scrambled(durable: &[u8], live: &[u8], seeded: &mut Seeded) -> Vec<u8> {
    let mut left = live.to_vec();
    for (index, sector) in left.chunks_mut(SECTOR_BYTES).enumerate() {
        match seeded.below(3) {
            0 => {}
            1 => {
                let old = durable.iter().skip(index * SECTOR_BYTES);
                let old = old.copied().chain(std::iter::repeat(0));
                sector.iter_mut().zip(old).for_each(|(byte, old)| *byte = old);
            }
            _ => sector.fill_with(|| seeded.next() as u8),
        }
    }
    left
}
