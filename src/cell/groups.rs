//! Control groups, where this machine lets us make some: what a whole cell may take, however many processes it has.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::{Access, access};

/// Bytes of memory of one cell, its files in memory included.
pub(super) const MEMORY_BYTES_MAX: u64 = 4 << 30;
/// Processes and threads of one cell.
pub(super) const PROCESSES_MAX: u64 = 1_024;
const ROOT: &str = "/sys/fs/cgroup";
/// What the names of our groups begin with; the number of our process follows.
const NAME: &str = "chesterton-";
/// Milliseconds between two attempts to take a group away.
const GOING: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];

/// The control groups of one cell. They are gone when this is, and its processes are.
#[derive(Debug, Default)]
pub struct Groups {
    folders: Vec<PathBuf>,
    /// Its memory is limited.
    pub memory: bool,
    /// Its processes are.
    pub processes: bool,
}

impl Groups {
    /// As far as they are granted.
    pub fn new() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        static SWEPT: Once = Once::new();
        let name = format!("{NAME}{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut groups = Self::default();
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let parents = parents(&own);
        // Whoever was killed could not take its groups away.
        SWEPT.call_once(|| parents.iter().for_each(|(folder, ..)| sweep(folder)));
        for (folder, memory, processes) in &parents {
            let folder = folder.join(&name);
            if let Some(file) = memory {
                groups.memory |= groups.limit(&folder, file, MEMORY_BYTES_MAX);
            }
            if let Some(file) = processes {
                groups.processes |= groups.limit(&folder, file, PROCESSES_MAX);
            }
        }
        groups
    }

    /// Sets a limit of a group, which is made for it; one that cannot be limited is left alone.
    fn limit(&mut self, folder: &Path, file: &str, limit: u64) -> bool {
        let is_new = !folder.exists();
        let is_set = (!is_new || fs::create_dir(folder).is_ok())
            && folder.join("cgroup.procs").exists()
            && fs::write(folder.join(file), limit.to_string()).is_ok();
        match (is_set, is_new) {
            (true, true) => self.folders.push(folder.to_owned()),
            (false, true) => drop(fs::remove_dir(folder)),
            _ => {}
        }
        is_set
    }

    /// The files to which who joins writes itself.
    pub fn doors(&self) -> impl Iterator<Item = PathBuf> {
        self.folders.iter().map(|folder| folder.join("cgroup.procs"))
    }
}

/// A folder below which groups are made, and the files of theirs that hold the limits of memory and of processes.
type Parent = (PathBuf, Option<&'static str>, Option<&'static str>);

/// Where groups can be made, by what the kernel says of our own.
fn parents(own: &str) -> Vec<Parent> {
    let mut parents = Vec::new();
    for line in own.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let below = path.trim_start_matches('/');
        // Of a namespace for groups in which we are no more, there is no path.
        if below.split('/').any(|part| part == "..") {
            continue;
        }
        for controller in controllers.split(',') {
            let folder = Path::new(ROOT).join(controller).join(below);
            match controller {
                "" => parents.extend(handing_on(Path::new(ROOT), below)),
                "memory" => parents.push((folder, Some("memory.limit_in_bytes"), None)),
                "pids" => parents.push((folder, None, Some("pids.max"))),
                _ => {}
            }
        }
    }
    parents
}

/// In version 2 a group with processes hands no controllers on, so ours stand beside it: below the nearest group above that hands on, and
/// that we may move processes from.
fn handing_on(root: &Path, below: &str) -> Option<Parent> {
    let own = root.join(below);
    own.ancestors().take_while(|folder| folder.starts_with(root)).find_map(|folder| {
        let handed = fs::read_to_string(folder.join("cgroup.subtree_control")).ok()?;
        let hands = |controller: &str| handed.split_whitespace().any(|known| known == controller);
        let [memory, processes] =
            [("memory", "memory.max"), ("pids", "pids.max")].map(|(c, file)| hands(c).then_some(file));
        let may_move = access(folder.join("cgroup.procs"), Access::WRITE_OK).is_ok();
        ((memory.is_some() || processes.is_some()) && may_move)
            .then(|| (folder.to_owned(), memory, processes))
    })
}

/// Takes away the groups below a folder that somebody has left who is there no more.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(NAME)?.split_once('-'));
        if number.is_some_and(|(pid, _)| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

impl Drop for Groups {
    /// What has been killed a moment ago may not have left its group yet.
    fn drop(&mut self) {
        for pause in GOING {
            self.folders.retain(|folder| fs::remove_dir(folder).is_err());
            if self.folders.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(pause));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_stands_below_the_nearest_that_hands_its_controllers_on() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let put = |below: &str, handed: &str| {
            fs::create_dir_all(root.join(below)).unwrap();
            fs::write(root.join(below).join("cgroup.subtree_control"), handed).unwrap();
            fs::write(root.join(below).join("cgroup.procs"), "").unwrap();
        };
        for (below, handed) in
            [("", ""), ("user", "memory pids\n"), ("user/app", "pids\n"), ("user/app/own", "")]
        {
            put(below, handed);
        }
        let pids = (root.join("user/app"), None, Some("pids.max"));
        assert_eq!(handing_on(root, "user/app/own"), Some(pids));
        assert_eq!(handing_on(root, "user"), Some((root.join("user"), Some("memory.max"), Some("pids.max"))));
        assert_eq!(handing_on(root, ""), None);
        assert_eq!(parents("0::/../../elsewhere\n"), Vec::new());
        let expected: [Parent; 2] = [
            (PathBuf::from("/sys/fs/cgroup/pids"), None, Some("pids.max")),
            (PathBuf::from("/sys/fs/cgroup/memory/a"), Some("memory.limit_in_bytes"), None),
        ];
        assert_eq!(parents("8:pids:/\n4:cpu,memory:/a\n"), expected);
    }

    #[test]
    fn what_somebody_has_left_who_is_gone_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let own = format!("{NAME}{}-0", std::process::id());
        for name in ["chesterton-4194999-0", own.as_str(), "chesterton-1", "docker"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        sweep(folder.path());
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        let mut expected = ["chesterton-1", own.as_str(), "docker"];
        expected.sort();
        assert_eq!(left, expected);
    }
}
