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

/// What this process has had read from disk since it started, file pages that it touched included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    /// Times that it had to wait for a page that was not in memory.
    pub(crate) major_faults: u64,
    pub(crate) bytes: u64,
}

impl Reading {
    /// Up to now; none on systems that do not tell.
    pub(crate) fn now() -> Option<Self> {
        let read = |path: &str| std::fs::read_to_string(path).ok();
        Self::parse(&read("/proc/self/stat")?, &read("/proc/self/io")?)
    }

    fn parse(stat: &str, io: &str) -> Option<Self> {
        // The program's name, in brackets, may hold anything; the tenth field after it counts major faults.
        let major_faults = stat.rsplit_once(") ")?.1.split(' ').nth(9)?.parse().ok()?;
        let bytes = io.lines().find_map(|line| line.strip_prefix("read_bytes: "))?.parse().ok()?;
        Some(Self { major_faults, bytes })
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self { major_faults: self.major_faults - before.major_faults, bytes: self.bytes - before.bytes }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_found_among_other_figures() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 101 102 103 104 5 6 7 8 20 0 1 0 9";
        let io = "rchar: 1\nwchar: 2\nread_bytes: 4096\nwrite_bytes: 8192\n";
        let reading = Reading::parse(stat, io).expect("both figures");
        assert_eq!(reading, Reading { major_faults: 103, bytes: 4096 });
        let later = Reading { major_faults: 110, bytes: 8192 };
        assert_eq!(later.since(reading), Reading { major_faults: 7, bytes: 4096 });
        assert_eq!(Reading::parse(stat, "rchar: 1\n"), None);
        assert_eq!(Reading::parse("", io), None);
    }
}
