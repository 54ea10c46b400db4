//! Control groups, where this machine lets us make some: what a whole cell may take, however many processes it has.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of memory of one cell, its files in memory included.
const MEMORY_BYTES_MAX: u64 = 4 << 30;
/// Processes and threads of one cell.
const PROCESSES_MAX: u64 = 1_024;
const ROOT: &str = "/sys/fs/cgroup";

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
        let name = format!("chesterton-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut groups = Self::default();
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        for line in own.lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
            let below = path.trim_start_matches('/');
            let at = |controller: &str| Path::new(ROOT).join(controller).join(below).join(&name);
            let has = |controller: &str| controllers.split(',').any(|c| c == controller);
            if controllers.is_empty() {
                let folder = Path::new(ROOT).join(below).join(&name);
                groups.memory |= groups.limit(&folder, "memory.max", MEMORY_BYTES_MAX);
                groups.processes |= groups.limit(&folder, "pids.max", PROCESSES_MAX);
            }
            if has("memory") {
                groups.memory |= groups.limit(&at("memory"), "memory.limit_in_bytes", MEMORY_BYTES_MAX);
            }
            if has("pids") {
                groups.processes |= groups.limit(&at("pids"), "pids.max", PROCESSES_MAX);
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

impl Drop for Groups {
    fn drop(&mut self) {
        for folder in &self.folders {
            let _ = fs::remove_dir(folder);
        }
    }
}
