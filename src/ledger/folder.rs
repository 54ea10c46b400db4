//! A run's folder: `plan.json`, `ledger/`, `meta.json`, and what the judge adds.

use std::fs::{File, Permissions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::NamedTempFile;

use super::write::RecordError;
use crate::record::plan::{PLAN_VERSION, Plan};

/// Who is at work in a folder, while somebody is.
const RUNNING: &str = "running.json";
/// How the name of a file begins until it is whole.
const HALF_WRITTEN: &str = ".half-written-";

/// A run's folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunFolder(PathBuf);

/// The right to write into a run's folder, as long as it is kept. The system takes it back when the process ends,
/// however it ends.
#[derive(Debug)]
pub struct Lock {
    folder: PathBuf,
    _held: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.folder.join(RUNNING));
    }
}

/// A file of a run's folder that is being written. Dropped unfinished, it leaves what was there before.
#[derive(Debug)]
pub struct Growing {
    folder: PathBuf,
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    written: std::io::Result<()>,
}

impl Growing {
    /// Adds bytes. What goes wrong is told when the file is finished.
    pub fn write(&mut self, bytes: &[u8]) {
        if self.written.is_ok() {
            self.written = self.file.write_all(bytes);
        }
    }

    /// Puts the file in its place, and makes it last.
    ///
    /// # Errors
    /// It could not be written.
    pub fn finish(self) -> Result<(), RecordError> {
        let Self { folder, path, file, written } = self;
        let finish = || {
            written?;
            let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
            file.as_file().sync_data()?;
            file.persist(&path).map_err(|e| e.error)?;
            File::open(&folder)?.sync_all()
        };
        finish().map_err(fail(&path))
    }
}

/// Why a folder is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It could not be made or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A run of this name is there already.
    #[error("there is a run `{0}` already; go on with it: chesterton resume {0}")]
    Exists(String),
    /// Another process is at work in it.
    #[error("another process is at work in `{path}`: {holder}", path = path.display())]
    Held {
        /// The folder.
        path: PathBuf,
        /// What is known of the process.
        holder: String,
    },
}

/// A folder holds no plan that this program can read.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` holds no readable run: {cause}", path = path.display())]
pub struct PlanError {
    /// The file looked for.
    pub path: PathBuf,
    /// What is wrong with it.
    pub cause: String,
}

fn fail(path: &Path) -> impl FnOnce(std::io::Error) -> RecordError + use<> {
    let path = path.to_owned();
    move |cause| RecordError { path, cause }
}

/// Forces the names in a folder to the disk.
pub(super) fn sync_folder(path: &Path) -> Result<(), RecordError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(fail(path))
}

impl RunFolder {
    /// Makes a new one in `results`: of this name, or, where `name` is none, of a name that nobody has.
    ///
    /// # Errors
    /// It could not be made, or a run of the given name is there.
    pub fn create(results: &Path, name: Option<&str>, fallback: &str) -> Result<Self, FolderError> {
        std::fs::create_dir_all(results).map_err(fail(results))?;
        for attempt in 1_u32.. {
            let suffix = if attempt == 1 { String::new() } else { format!("-{attempt}") };
            let wanted = name.map_or_else(|| format!("{fallback}{suffix}"), str::to_owned);
            let path = results.join(&wanted);
            match std::fs::create_dir(&path) {
                Ok(()) => {
                    let folder = Self(path);
                    let ledger = folder.0.join("ledger");
                    std::fs::create_dir(&ledger).map_err(fail(&ledger))?;
                    sync_folder(&folder.0)?;
                    sync_folder(results)?;
                    return Ok(folder);
                }
                Err(cause) if cause.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(RecordError { path, cause }.into());
                }
                Err(_) if name.is_some() => return Err(FolderError::Exists(wanted)),
                Err(_) => {}
            }
        }
        let cause = std::io::ErrorKind::AlreadyExists.into();
        Err(RecordError { path: results.to_owned(), cause }.into())
    }

    /// One that exists.
    pub fn open(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.0.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// What is to be played in it.
    ///
    /// # Errors
    /// There is no plan, or none of this version.
    pub fn plan(&self) -> Result<Plan, PlanError> {
        let path = self.0.join("plan.json");
        let fail = |cause: String| PlanError { path: path.clone(), cause };
        let text = std::fs::read(&path).map_err(|e| fail(e.to_string()))?;
        let plan: Plan = serde_json::from_slice(&text).map_err(|e| fail(e.to_string()))?;
        if plan.v != PLAN_VERSION {
            return Err(fail(format!("it is of version {}, and this program reads {PLAN_VERSION}", plan.v)));
        }
        Ok(plan)
    }

    /// Where its ledger is. A folder that was left in the middle of a rewriting has the old one.
    pub fn ledger(&self) -> PathBuf {
        let (new, old) = (self.0.join("ledger"), self.0.join("ledger.old"));
        if !new.exists() && old.exists() { old } else { new }
    }

    /// Takes the right to write into it.
    ///
    /// # Errors
    /// Somebody else has it, or the folder cannot be opened.
    pub fn lock(&self) -> Result<Lock, FolderError> {
        let held = File::open(&self.0).map_err(fail(&self.0))?;
        if held.try_lock().is_err() {
            let holder = std::fs::read_to_string(self.0.join(RUNNING)).unwrap_or_default();
            let holder = if holder.trim().is_empty() { "it does not say which" } else { holder.trim() };
            return Err(FolderError::Held { path: self.0.clone(), holder: holder.to_owned() });
        }
        let lock = Lock { folder: self.0.clone(), _held: held };
        self.clear_half_written()?;
        let process = format!("{{\"process\": {}}}\n", std::process::id());
        self.put(RUNNING, process.as_bytes())?;
        Ok(lock)
    }

    /// Removes files that a writer before us was killed in the middle of.
    fn clear_half_written(&self) -> Result<(), RecordError> {
        let clear = || {
            for entry in std::fs::read_dir(&self.0)? {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with(HALF_WRITTEN) {
                    std::fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        };
        clear().map_err(fail(&self.0))
    }

    /// Writes a file that appears whole or not at all, and lasts.
    ///
    /// # Errors
    /// It could not be written.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), RecordError> {
        let mut file = self.begin(name)?;
        file.write(bytes);
        file.finish()
    }

    /// Begins a file that is written bit by bit and appears whole, when it is finished, or not at all.
    ///
    /// # Errors
    /// It could not be begun.
    pub fn begin(&self, name: &str) -> Result<Growing, RecordError> {
        let path = self.0.join(name);
        // A temporary file is its owner's alone; a result is for whoever the folder is for.
        let permissions = Permissions::from_mode(0o666);
        let file =
            tempfile::Builder::new().prefix(HALF_WRITTEN).permissions(permissions).tempfile_in(&self.0);
        let file = BufWriter::new(file.map_err(fail(&path))?);
        Ok(Growing { folder: self.0.clone(), path, file, written: Ok(()) })
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

/// The newest run in `results`: the one whose plan was written last.
pub fn latest(results: &Path) -> Option<RunFolder> {
    let entries = std::fs::read_dir(results).ok()?;
    let runs = entries.flatten().map(|e| e.path()).filter_map(|path| {
        let written = path.join("plan.json").metadata().and_then(|m| m.modified()).ok()?;
        Some((written, path))
    });
    runs.max().map(|(_, path)| RunFolder(path))
}
