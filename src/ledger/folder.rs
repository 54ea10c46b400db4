//! A run's folder: `plan.json`, `ledger/`, `meta.json`, and what the judge adds.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::disk::{self, Growing, HALF_WRITTEN, RecordError};
use super::lock::{self, Held, Lock};
use crate::record::plan::{PLAN_VERSION, Plan};

/// A run's folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunFolder(PathBuf);

/// Why a folder is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It could not be made or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A run of this name is there already.
    #[error("there is a run `{0}` already; go on with it: chesterton resume {0}")]
    Exists(String),
    /// Something that is no run has this name.
    #[error("`{path}` is there already and holds no run; choose another name", path = .0.display())]
    Taken(PathBuf),
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

/// A run's folder before it has its name. It is made and filled under a name of its own and then renamed, so that a folder
/// with a run's name has a plan and a writer from its first moment on. Dropped without a name, it is removed.
#[derive(Debug)]
pub struct Draft {
    folder: RunFolder,
    results: PathBuf,
    /// Until it has its name.
    held: Option<Held>,
}

impl Draft {
    /// A folder with this plan and an empty ledger, to be named later.
    ///
    /// # Errors
    /// It could not be written.
    pub fn new(results: &Path, plan: &Plan) -> Result<Self, RecordError> {
        disk::create_folders(results)?;
        clear_drafts(results);
        let (path, held) = loop {
            let make = |path: &Path| disk::create_folder(path).map_err(|error| error.cause);
            let made = tempfile::Builder::new().prefix(HALF_WRITTEN).make_in(results, make);
            let temporary = made.map_err(RecordError::at(results))?.into_temp_path();
            let path = temporary.keep().map_err(|error| RecordError::at(results)(error.error))?;
            // Whoever clears old drafts away may have taken it for one before it was locked.
            match lock::hold(&path) {
                Ok(Some(held)) if path.is_dir() => break (path, held),
                Ok(_) => {}
                Err(error) if error.cause.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let _ = disk::remove_folder(&path);
                    return Err(error);
                }
            }
        };
        let draft = Self { folder: RunFolder(path), results: results.to_owned(), held: Some(held) };
        disk::create_folder(&draft.folder.0.join("ledger"))?;
        draft.folder.put(lock::RUNNING, &lock::holder())?;
        draft.folder.put_json("plan.json", plan)?;
        Ok(draft)
    }

    /// The folder, to be filled.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// Gives it its name: this one, or, where there is none, `fallback` and some signs that nobody else has.
    ///
    /// # Errors
    /// The name is taken, or could not be written.
    pub fn publish(mut self, name: Option<&str>, fallback: &str) -> Result<(RunFolder, Lock), FolderError> {
        let own = self.folder.name().replace(HALF_WRITTEN, "");
        let name = name.map_or_else(|| format!("{fallback}-{own}"), str::to_owned);
        let path = self.results.join(&name);
        match disk::rename(&self.folder.0, &path) {
            Err(error) if is_taken(&error.cause) => return Err(taken(path)),
            Err(error) => return Err(RecordError { path, ..error }.into()),
            Ok(()) => {}
        }
        let lock = self.held.take().map(|held| Lock::new(&path, held));
        disk::sync_folder(&self.results)?;
        lock.map(|lock| (RunFolder(path), lock)).ok_or(FolderError::Exists(name))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.held.is_some() {
            let _ = disk::remove_folder(&self.folder.0);
        }
    }
}

fn is_taken(cause: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory};
    matches!(cause.kind(), AlreadyExists | DirectoryNotEmpty | NotADirectory)
}

fn taken(path: PathBuf) -> FolderError {
    match path.join("plan.json").is_file() {
        true => FolderError::Exists(RunFolder(path).name()),
        false => FolderError::Taken(path),
    }
}

/// Removes drafts whose makers were killed. What cannot be removed does nobody harm.
fn clear_drafts(results: &Path) {
    for entry in std::fs::read_dir(results).into_iter().flatten().flatten() {
        let is_draft = entry.file_name().to_string_lossy().starts_with(HALF_WRITTEN);
        if is_draft && let Ok(Some(_held)) = lock::hold(&entry.path()) {
            let _ = disk::remove_folder(&entry.path());
        }
    }
}

impl RunFolder {
    /// One that exists.
    pub fn open(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Whether a run of this name can be made in `results`: a merge asks before it copies what may be much.
    ///
    /// # Errors
    /// The name is taken.
    pub fn is_free(results: &Path, name: &str) -> Result<(), FolderError> {
        let path = results.join(name);
        let is_empty = || std::fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none());
        match path.symlink_metadata().is_ok() && !is_empty() {
            true => Err(taken(path)),
            false => Ok(()),
        }
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
        if new.symlink_metadata().is_err() && old.is_dir() { old } else { new }
    }

    /// Takes the right to write into it, and clears away what a writer before us was killed in the middle of.
    ///
    /// # Errors
    /// Somebody else has it, or the folder cannot be opened.
    pub fn lock(&self) -> Result<Lock, FolderError> {
        let Some(held) = lock::hold(&self.0)? else {
            return Err(FolderError::Held { path: self.0.clone(), holder: self.holder() });
        };
        let lock = Lock::new(&self.0, held);
        self.clear_half_written()?;
        self.clear_ledgers()?;
        self.put(lock::RUNNING, &lock::holder())?;
        Ok(lock)
    }

    /// What is known of whoever is at work in it; `None` if nobody is.
    pub fn busy(&self) -> Option<String> {
        matches!(lock::hold(&self.0), Ok(None)).then(|| self.holder())
    }

    fn holder(&self) -> String {
        let text = std::fs::read_to_string(self.0.join(lock::RUNNING)).unwrap_or_default();
        if text.trim().is_empty() { "it does not say which".to_owned() } else { text.trim().to_owned() }
    }

    fn clear_half_written(&self) -> Result<(), RecordError> {
        let entries = std::fs::read_dir(&self.0).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        for entry in entries.map_err(RecordError::at(&self.0))? {
            if entry.file_name().to_string_lossy().starts_with(HALF_WRITTEN) {
                disk::remove_file(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes a ledger that did not become one, and one that another has taken the place of.
    fn clear_ledgers(&self) -> Result<(), RecordError> {
        if self.0.join("ledger").is_dir() {
            disk::remove_folder(&self.0.join("ledger.new"))?;
            disk::remove_folder(&self.0.join("ledger.old"))?;
        }
        Ok(())
    }

    /// Leaves nothing behind that only lasts as long as its writer: for a process that must end at once. Ledgers are left
    /// alone, for one may be on its way to its place.
    pub fn leave(&self) {
        let _ = self.clear_half_written();
        let _ = disk::remove_file(&self.0.join(lock::RUNNING));
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
        Growing::begin(&self.0, name)
    }

    /// Writes a value as readable JSON.
    ///
    /// # Errors
    /// It could not be written.
    pub fn put_json(&self, name: &str, value: &impl Serialize) -> Result<(), RecordError> {
        let mut bytes = serde_json::to_vec_pretty(value)
            .map_err(|e| RecordError { path: self.0.join(name), cause: io::Error::other(e) })?;
        bytes.push(b'\n');
        self.put(name, &bytes)
    }
}

/// The newest run in `results`: the one whose plan was written last.
pub fn latest(results: &Path) -> Option<RunFolder> {
    let entries = std::fs::read_dir(results).ok()?;
    let is_draft = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(HALF_WRITTEN))
    };
    let runs = entries.flatten().map(|e| e.path()).filter(|path| !is_draft(path)).filter_map(|path| {
        let written = path.join("plan.json").metadata().and_then(|m| m.modified()).ok()?;
        Some((written, path))
    });
    runs.max().map(|(_, path)| RunFolder(path))
}
