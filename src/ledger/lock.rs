//! The right to write into a run's folder: one process has it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::disk::{self, RecordError};
use crate::base::clock::Stopwatch;
use crate::base::sabotage::{self, Sabotage};

/// Who is at work in a folder, while somebody is.
pub(super) const RUNNING: &str = "running.json";

/// The right to write into a run's folder, as long as it is kept. The system takes it back when the process ends,
/// however it ends.
#[derive(Debug)]
pub struct Lock {
    folder: PathBuf,
    _held: Held,
}

impl Lock {
    pub(super) fn new(folder: &Path, held: Held) -> Self {
        Self { folder: folder.to_owned(), _held: held }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = disk::remove_file(&self.folder.join(RUNNING));
    }
}

/// A folder that is held.
#[derive(Debug)]
pub(super) struct Held(File);

impl Drop for Held {
    /// To close the file is not enough: a process that is just being started for a hook has it open too, for a moment.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Holds a folder, if nobody else does, until what is given back is dropped. The folder may get another name meanwhile.
///
/// # Errors
/// The folder cannot be opened, or its file system has no locks.
pub(super) fn hold(folder: &Path) -> Result<Option<Held>, RecordError> {
    let held = File::open(folder).map_err(RecordError::at(folder))?;
    match held.try_lock() {
        Err(TryLockError::Error(cause)) => Err(RecordError::at(folder)(cause)),
        Err(TryLockError::WouldBlock) if !sabotage::is_on(Sabotage::SkipLock) => Ok(None),
        _ => Ok(Some(Held(held))),
    }
}

/// What `running.json` says of this process.
pub(super) fn holder() -> Vec<u8> {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let (process, since) = (std::process::id(), Stopwatch::start().began_at().to_string());
    let text = serde_json::json!({"process": process, "host": host.trim(), "since": since});
    format!("{text}\n").into_bytes()
}
