//! A memory cgroup of Linux, which keeps a worker and the file pages it brings in within a limit.

use crate::Outcome;
use std::path::{Path, PathBuf};

const PROCESSES: &str = "cgroup.procs";

/// The two interfaces of the kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Version {
    One,
    Two,
}

impl Version {
    fn limit_file(self) -> &'static str {
        match self {
            Self::One => "memory.limit_in_bytes",
            Self::Two => "memory.max",
        }
    }

    fn usage_file(self) -> &'static str {
        match self {
            Self::One => "memory.usage_in_bytes",
            Self::Two => "memory.current",
        }
    }

    /// What keeps the process's own memory from being swapped out, which would make room for the index.
    fn without_swap(self) -> (&'static str, &'static str) {
        match self {
            Self::One => ("memory.swappiness", "0"),
            Self::Two => ("memory.swap.max", "0"),
        }
    }
}

/// A folder of the control group file system in which groups with a memory limit can be made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    version: Version,
    parent: PathBuf,
}

impl Place {
    /// The first place where this process may make groups; the error says why there is none.
    pub(crate) fn find() -> Outcome<Self> {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let mut reasons = vec!["no memory cgroup can be made here".to_owned()];
        for place in candidates(&read("/proc/self/mounts"), &read("/proc/self/cgroup")) {
            match place.probe() {
                Ok(()) => return Ok(place),
                Err(error) => reasons.push(error.to_string()),
            }
        }
        Err(reasons.join("; ").into())
    }

    /// Makes a group and removes it again, and sees whether a process may be moved from here.
    fn probe(&self) -> Outcome {
        self.group(1 << 30)?;
        let processes = self.parent.join(PROCESSES);
        let opened = std::fs::OpenOptions::new().write(true).open(&processes);
        opened.map(|_| ()).map_err(|error| format!("{}: {error}", processes.display()).into())
    }

    /// Makes a group that may use this many bytes; one at a time.
    pub(crate) fn group(&self, bytes: u64) -> Outcome<Group> {
        let folder = self.parent.join(format!("uninote-compare-{}", std::process::id()));
        // An earlier process of the same number may have been killed before it could remove its group.
        std::fs::remove_dir(&folder).ok();
        std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let group = Group { version: self.version, folder };
        group.write(self.version.limit_file(), &bytes.to_string())?;
        // Only there where the kernel counts swap.
        let (file, value) = self.version.without_swap();
        group.write(file, value).ok();
        Ok(group)
    }
}

/// Where groups may be possible, by the mounted file systems and this process's own groups.
///
/// In the first version any folder will do. In the second, processes move freely only below a folder that is above
/// both groups, and only leaves have processes, so a new group stands beside this process's own or further up.
fn candidates(mounts: &str, own: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(mount), Some(kind), Some(options)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let mount = Path::new(mount);
        if kind == "cgroup" && options.split(',').any(|option| option == "memory") {
            places.push(Place { version: Version::One, parent: mount.to_owned() });
        } else if kind == "cgroup2" {
            let group = own.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or("");
            let above = Path::new(group).ancestors().skip(usize::from(!group.is_empty()));
            places.extend(above.map(|group| Place { version: Version::Two, parent: mount.join(group) }));
        }
    }
    places.sort_by_key(|place| place.version == Version::Two);
    places
}

/// A group with a limit; removed at the end, before which its processes must have ended.
pub(crate) struct Group {
    version: Version,
    folder: PathBuf,
}

impl Group {
    /// Moves a process into the group. What it already uses stays counted where it was.
    pub(crate) fn admit(&self, process: u32) -> Outcome {
        self.write(PROCESSES, &process.to_string())
    }

    /// Bytes that count towards the limit now.
    pub(crate) fn used(&self) -> Outcome<u64> {
        let path = self.folder.join(self.version.usage_file());
        let used = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        used.trim().parse().map_err(|error| format!("{}: {error}", path.display()).into())
    }

    fn write(&self, file: &str, value: &str) -> Outcome {
        let path = self.folder.join(file);
        std::fs::write(&path, value).map_err(|error| format!("{}: {error}", path.display()).into())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir(&self.folder) {
            eprintln!("{} stays; remove it with rmdir: {error}", self.folder.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_comes_before_the_second() {
        let mounts = "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n\
                      cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n\
                      cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n\
                      tmpfs /tmp tmpfs rw 0 0\nnonsense";
        let places = candidates(mounts, "4:memory:/some/group\n0::/\n");
        let expected = [(Version::One, "/sys/fs/cgroup/memory"), (Version::Two, "/sys/fs/cgroup/unified/")];
        assert_eq!(places, expected.map(|(version, parent)| Place { version, parent: parent.into() }));
    }

    #[test]
    fn a_group_of_the_second_version_stands_beside_its_own_or_further_up() {
        let mounts = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0";
        let places = candidates(mounts, "0::/user.slice/user-0.slice/session-1.scope\n");
        let parents: Vec<PathBuf> = places.into_iter().map(|place| place.parent).collect();
        let expected = ["user.slice/user-0.slice", "user.slice", ""];
        assert_eq!(parents, expected.map(|group| Path::new("/sys/fs/cgroup").join(group)));
        assert_eq!(candidates("", ""), []);
    }

    #[test]
    fn limits_and_processes_are_written_to_the_group() {
        for version in [Version::One, Version::Two] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let place = Place { version, parent: folder.path().to_owned() };
            let group = place.group(4096).expect("a working disk");
            group.admit(7).expect("a working disk");
            let inside = group.folder.clone();
            let content = |file: &str| std::fs::read_to_string(inside.join(file)).expect("a file of the group");
            assert_eq!((content(version.limit_file()), content(PROCESSES)), ("4096".to_owned(), "7".to_owned()));
            assert!(group.used().is_err(), "nothing tells");
            group.write(version.usage_file(), "123\n").expect("a working disk");
            assert_eq!(group.used().expect("a number"), 123);
            // In a real group these files go with the folder.
            for file in [version.limit_file(), version.usage_file(), version.without_swap().0, PROCESSES] {
                std::fs::remove_file(inside.join(file)).expect("a file of the group");
            }
            drop(group);
            assert!(!inside.exists());
        }
    }
}
