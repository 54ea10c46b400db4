//! The one place of the ledger that changes what is on a disk, so that whatever fails is told with its path and cause.
//! Each change is a step that the tests can let fail; see `faults`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::faults;
use crate::base::sabotage::{self, Sabotage};

/// How the name of a file begins until it is whole.
pub(super) const HALF_WRITTEN: &str = ".half-written-";
/// A growing file is written in pieces of this many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Something could not be recorded. The record is the product, so a run stops at this.
#[derive(Debug, thiserror::Error)]
#[error("could not record to `{}`: {cause}", path.display())]
pub struct RecordError {
    /// Where.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub cause: io::Error,
}

impl RecordError {
    /// An error of the system at this path.
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |cause| Self { path, cause }
    }
}

/// A change on the disk.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A folder is made.
    Folder(&'a Path),
    /// A file is made.
    File(&'a Path),
    /// Bytes are added to a file.
    Write(&'a Path, &'a [u8]),
    /// A file's bytes are forced to the disk.
    Sync(&'a Path),
    /// A folder's names are forced to the disk.
    SyncFolder(&'a Path),
    /// Something gets another name.
    Rename(&'a Path, &'a Path),
    /// A file or an empty folder is removed.
    Remove(&'a Path),
}

impl Step<'_> {
    /// What it is done to.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::File(path) | Self::Write(path, _) | Self::Sync(path) => path,
            Self::SyncFolder(path) | Self::Rename(path, _) | Self::Remove(path) => path,
        }
    }
}

fn take<T>(step: Step<'_>, act: impl FnOnce() -> io::Result<T>) -> Result<T, RecordError> {
    faults::before(step).and_then(|()| act()).map_err(RecordError::at(step.path()))
}

/// Makes a folder and those above it.
pub(super) fn create_folders(path: &Path) -> Result<(), RecordError> {
    if path.is_dir() {
        return Ok(());
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_folders(above)?;
    match create_folder(path) {
        Err(error) if error.cause.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.and_then(|()| sync_folder(above)),
    }
}

pub(super) fn create_folder(path: &Path) -> Result<(), RecordError> {
    take(Step::Folder(path), || std::fs::create_dir(path))
}

/// Forces the names in a folder to the disk.
pub(super) fn sync_folder(path: &Path) -> Result<(), RecordError> {
    if sabotage::is_on(Sabotage::SkipFolderSync) {
        return Ok(());
    }
    take(Step::SyncFolder(path), || File::open(path)?.sync_all())
}

pub(super) fn rename(from: &Path, to: &Path) -> Result<(), RecordError> {
    take(Step::Rename(from, to), || std::fs::rename(from, to))
}

/// Removes a file; one that is not there is removed already.
pub(super) fn remove_file(path: &Path) -> Result<(), RecordError> {
    take(Step::Remove(path), || gone(std::fs::remove_file(path)))
}

/// Removes a folder of ours with all that is in it; one that is not there is removed already. Links are not followed.
pub(super) fn remove_folder(path: &Path) -> Result<(), RecordError> {
    match path.symlink_metadata() {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(RecordError::at(path)(cause)),
        Ok(found) if !found.is_dir() => return remove_file(path),
        Ok(_) => {}
    }
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    for entry in entries.map_err(RecordError::at(path))? {
        remove_folder(&entry.path())?;
    }
    take(Step::Remove(path), || gone(std::fs::remove_dir(path)))
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A new file that is appended to.
#[derive(Debug)]
pub(super) struct Output {
    path: PathBuf,
    file: File,
}

impl Output {
    /// Refuses a name that is taken.
    pub(super) fn create(path: PathBuf) -> Result<Self, RecordError> {
        let open = || OpenOptions::new().append(true).create_new(true).open(&path);
        let file = take(Step::File(&path), open)?;
        Ok(Self { path, file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), RecordError> {
        let written = take(Step::Write(&self.path, bytes), || (&self.file).write_all(bytes));
        if sabotage::is_on(Sabotage::SkipWriteErrors) { Ok(()) } else { written }
    }

    pub(super) fn sync(&self) -> Result<(), RecordError> {
        if sabotage::is_on(Sabotage::SkipSync) {
            return Ok(());
        }
        take(Step::Sync(&self.path), || self.file.sync_data())
    }
}

/// A file that is being written under another name, to appear whole. Dropped unfinished, it leaves what was there before.
#[derive(Debug)]
pub struct Growing {
    file: Output,
    folder: PathBuf,
    path: PathBuf,
    piece: Vec<u8>,
    written: Result<(), RecordError>,
    /// It has its name, and is nobody's to remove.
    is_placed: bool,
}

impl Growing {
    pub(super) fn begin(folder: &Path, name: &str) -> Result<Self, RecordError> {
        let path = folder.join(name);
        let begun = match sabotage::is_on(Sabotage::WriteInPlace) {
            true => remove_file(&path).and_then(|()| Output::create(path.clone())),
            false => Self::beside(folder, &path),
        };
        let file = begun.map_err(|error| RecordError { path: path.clone(), ..error })?;
        let (folder, piece) = (folder.to_owned(), Vec::with_capacity(PIECE_BYTES));
        Ok(Self { file, folder, path, piece, written: Ok(()), is_placed: false })
    }

    /// Under a name that nobody has.
    fn beside(folder: &Path, path: &Path) -> Result<Output, RecordError> {
        let make = |path: &Path| Output::create(path.to_owned()).map_err(|error| error.cause);
        let made = tempfile::Builder::new().prefix(HALF_WRITTEN).make_in(folder, make);
        let (output, temporary) = made.map_err(RecordError::at(path))?.into_parts();
        // Removing it is a step like any other, so it is done here.
        temporary.keep().map_err(|error| RecordError::at(path)(error.error))?;
        Ok(output)
    }

    /// Adds bytes. What goes wrong is told when the file is finished.
    pub fn write(&mut self, bytes: &[u8]) {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.written.is_ok() && !self.piece.is_empty() {
            self.written = self.file.write(&self.piece);
        }
        self.piece.clear();
    }

    /// Puts the file in its place, and makes it last.
    ///
    /// # Errors
    /// It could not be written.
    pub fn finish(mut self) -> Result<(), RecordError> {
        self.flush();
        let finished = std::mem::replace(&mut self.written, Ok(()))
            .and_then(|()| self.file.sync())
            .and_then(|()| rename(self.file.path(), &self.path));
        self.is_placed = finished.is_ok();
        finished
            .and_then(|()| sync_folder(&self.folder))
            .map_err(|error| RecordError { path: self.path.clone(), ..error })
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = remove_file(self.file.path());
        }
    }
}
