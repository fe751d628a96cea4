//! What the operating system says about this process.

use crate::Outcome;
use cpu_time::ProcessTime;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{Duration, Instant};

/// Resident memory in kB (1024 bytes) as Linux counts it.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) rss_kb: u64,
    /// Of this process alone.
    pub(crate) anon_kb: u64,
    /// Pages of mapped files: program, libraries, index.
    pub(crate) file_kb: u64,
    /// The most that `rss_kb` ever was.
    pub(crate) peak_kb: u64,
}

/// Memory of this process now; zeros on systems without `/proc`.
pub(crate) fn memory() -> Memory {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    Memory {
        rss_kb: field("VmRSS"),
        anon_kb: field("RssAnon"),
        file_kb: field("RssFile") + field("RssShmem"),
        peak_kb: field("VmHWM"),
    }
}

/// Keeps this thread, and all that it will start, on one processor.
pub(crate) fn pin(core: usize) -> Outcome {
    if core_affinity::set_for_current(core_affinity::CoreId { id: core }) {
        return Ok(());
    }
    let cores: Vec<usize> = core_affinity::get_core_ids().unwrap_or_default().iter().map(|core| core.id).collect();
    Err(format!("this process may not run on processor {core}; give --core one of {cores:?}").into())
}

/// Runs some work and says how long it took: on the processor over all threads, and by the clock.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration, Duration) {
    let (clock, processor) = (Instant::now(), ProcessTime::now());
    let done = work();
    (done, processor.elapsed(), clock.elapsed())
}

/// Bytes of all files in a folder, those in folders below included.
pub(crate) fn folder_bytes(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        bytes += if about.is_dir() { folder_bytes(&entry.path())? } else { about.len() };
    }
    Ok(bytes)
}

/// Name of the processor.
pub(crate) fn cpu_model() -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = about.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
    name.map_or_else(|| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// Version of the compiler on the search path, which `cargo run` makes the one that built this.
pub(crate) fn rustc_version() -> String {
    let output = std::process::Command::new("rustc").arg("--version").output();
    output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
