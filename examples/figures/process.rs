//! What the operating system says about this process, and medians.

use crate::Outcome;
use cpu_time::{ProcessTime, ThreadTime};
use std::path::Path;
use std::time::{Duration, Instant};

/// Memory of this process in MB (10^6 bytes) as Linux counts it; `None` elsewhere.
pub(crate) struct Memory {
    /// Most that was ever resident, mapped file pages included.
    pub(crate) peak: f64,
    /// Resident now, of this process alone.
    pub(crate) anonymous: f64,
    /// Resident now, pages of mapped files: program, libraries, index.
    pub(crate) mapped: f64,
}

pub(crate) fn memory() -> Option<Memory> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib * 1024.0 / 1e6)
    };
    Some(Memory { peak: field("VmHWM")?, anonymous: field("RssAnon")?, mapped: field("RssFile")? })
}

/// The peak so far, for a report.
pub(crate) fn peak() -> String {
    memory()
        .map_or_else(|| "peak memory unknown on this system".to_owned(), |memory| format!("peak {:.0} MB", memory.peak))
}

/// Runs some work and says how long it took: by the clock, and on the processor over all threads.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration, Duration) {
    let (clock, processor) = (Instant::now(), ProcessTime::now());
    let done = work();
    (done, clock.elapsed(), processor.elapsed())
}

/// Processor time of this thread for some work, which other programs do not disturb much.
pub(crate) fn on_this_thread<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = ThreadTime::now();
    let done = work();
    (done, start.elapsed())
}

/// The middle value.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Bytes of all files in a folder, in MB.
pub(crate) fn folder_mb(folder: &Path) -> Outcome<f64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes as f64 / 1e6)
}
