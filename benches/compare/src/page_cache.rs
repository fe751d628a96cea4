//! The files that the operating system keeps in memory.

use crate::Outcome;
use std::fs::File;
use std::path::Path;

/// Makes the operating system forget all files in a folder, those in folders below included, so that their pages are
/// read from disk again and counted for whoever reads them.
///
/// Pages that a process has mapped stay: the workers that opened these files must have ended.
pub(crate) fn evict(folder: &Path) -> Outcome {
    let named = |error: &dyn std::fmt::Display, path: &Path| format!("{}: {error}", path.display());
    for entry in std::fs::read_dir(folder).map_err(|error| named(&error, folder))? {
        let path = entry?.path();
        if path.is_dir() {
            evict(&path)?;
        } else {
            let file = File::open(&path).map_err(|error| named(&error, &path))?;
            // Pages that are not yet on disk stay too.
            file.sync_all().map_err(|error| named(&error, &path))?;
            forget(&file).map_err(|error| named(&error, &path))?;
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn forget(file: &File) -> Outcome {
    Ok(rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed)?)
}

#[cfg(not(target_os = "linux"))]
fn forget(_file: &File) -> Outcome {
    Err("only on Linux can files be put out of memory; leave out --memory".into())
}

/// How many kB (1024 bytes) the disk with this folder reads at a time where a mapped page is missing and the engine has
/// not said what it needs: much of what a limit costs hangs on it.
#[cfg(target_os = "linux")]
pub(crate) fn read_ahead_kb(folder: &Path) -> Option<u64> {
    use std::os::linux::fs::MetadataExt;
    let device = folder.metadata().ok()?.st_dev();
    let disk = format!("/sys/dev/block/{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    // A partition has it from the disk, which is the folder above.
    let files = ["queue/read_ahead_kb", "../queue/read_ahead_kb"].map(|file| Path::new(&disk).join(file));
    files.iter().find_map(|file| std::fs::read_to_string(file).ok()?.trim().parse().ok())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn read_ahead_kb(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn evicted_files_keep_what_they_hold() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let below = folder.path().join("below");
        std::fs::create_dir(&below).expect("a working disk");
        std::fs::write(below.join("file"), "content").expect("a working disk");
        evict(folder.path()).expect("a folder of one's own");
        assert_eq!(std::fs::read_to_string(below.join("file")).expect("the file"), "content");
        assert!(evict(&folder.path().join("missing")).is_err());
    }
}
