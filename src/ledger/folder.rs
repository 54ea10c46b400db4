//! A run's folder: `plan.json`, `ledger/`, `meta.json`, and what the judge adds.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::write::RecordError;

/// A run's folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// Makes a new one in `results`, with a name nobody has.
    ///
    /// # Errors
    /// It could not be made.
    pub fn create(results: &Path, name: &str) -> Result<Self, RecordError> {
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |cause| RecordError { path, cause }
        };
        std::fs::create_dir_all(results).map_err(fail(results))?;
        for attempt in 1_u32.. {
            let suffix = if attempt == 1 { String::new() } else { format!("-{attempt}") };
            let path = results.join(format!("{name}{suffix}"));
            match std::fs::create_dir(&path) {
                Ok(()) => {
                    let folder = Self(path);
                    std::fs::create_dir(folder.ledger()).map_err(fail(&folder.ledger()))?;
                    return Ok(folder);
                }
                Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(RecordError { path, cause }),
            }
        }
        Err(RecordError { path: results.to_owned(), cause: std::io::ErrorKind::AlreadyExists.into() })
    }

    /// One that exists.
    pub fn open(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where its ledger is.
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger")
    }

    /// Writes a file that appears whole or not at all.
    ///
    /// # Errors
    /// It could not be written.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), RecordError> {
        let path = self.0.join(name);
        let write = || {
            // A temporary file is its owner's alone; a result is for whoever the folder is for.
            let mut file =
                tempfile::Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(&self.0)?;
            file.write_all(bytes)?;
            file.as_file().sync_data()?;
            file.persist(&path).map_err(|e| e.error)?;
            Ok(())
        };
        write().map_err(|cause| RecordError { path: path.clone(), cause })
    }

    /// Writes a value as readable JSON.
    ///
    /// # Errors
    /// It could not be written.
    pub fn put_json(&self, name: &str, value: &impl Serialize) -> Result<(), RecordError> {
        let mut bytes = serde_json::to_vec_pretty(value)
            .map_err(|e| RecordError { path: self.0.join(name), cause: std::io::Error::other(e) })?;
        bytes.push(b'\n');
        self.put(name, &bytes)
    }
}

/// The newest run in `results`: run names sort by time.
pub fn latest(results: &Path) -> Option<RunFolder> {
    let entries = std::fs::read_dir(results).ok()?;
    let runs = entries.flatten().map(|e| e.path()).filter(|path| path.join("plan.json").is_file());
    runs.max().map(RunFolder)
}
