//! Disks that fail where a test says. A build without the feature `sabotage` has none of it: there every step is taken
//! without a question.

use super::disk::Step;

/// Asked before each step; an error is what the disk would have answered.
#[cfg(not(feature = "sabotage"))]
pub(super) const fn before(_: Step<'_>) -> std::io::Result<()> {
    Ok(())
}

#[cfg(feature = "sabotage")]
pub(super) use armed::before;
#[cfg(feature = "sabotage")]
pub use armed::{Did, Fault, Faulty};

#[cfg(feature = "sabotage")]
mod armed {
    use std::fs::OpenOptions;
    use std::io::{self, Write};
    use std::path::{Path, PathBuf};
    use std::sync::{LazyLock, Mutex, PoisonError};

    use super::Step;

    /// What a disk does at one step.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum Fault {
        /// It fails once with this error number. Of bytes it takes half.
        Once(i32),
        /// It takes half of the bytes, and nothing from then on: all that a process that is killed there leaves behind.
        Dies,
        /// The process is killed, with half of the bytes written.
        Kill,
        /// It never answers.
        Hangs,
    }

    /// A step that was taken.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub enum Did {
        /// A folder was made.
        Folder(PathBuf),
        /// A file was made.
        File(PathBuf),
        /// Bytes were added to a file.
        Write(PathBuf, Vec<u8>),
        /// A file's bytes were forced to the disk.
        Sync(PathBuf),
        /// A folder's names were forced to the disk.
        SyncFolder(PathBuf),
        /// Something got another name.
        Rename(PathBuf, PathBuf),
        /// A file or an empty folder was removed.
        Remove(PathBuf),
    }

    impl From<Step<'_>> for Did {
        fn from(step: Step<'_>) -> Self {
            let own = Path::to_owned;
            match step {
                Step::Folder(path) => Self::Folder(own(path)),
                Step::File(path) => Self::File(own(path)),
                Step::Write(path, bytes) => Self::Write(own(path), bytes.to_vec()),
                Step::Sync(path) => Self::Sync(own(path)),
                Step::SyncFolder(path) => Self::SyncFolder(own(path)),
                Step::Rename(from, to) => Self::Rename(own(from), own(to)),
                Step::Remove(path) => Self::Remove(own(path)),
            }
        }
    }

    #[derive(Debug)]
    struct Disk {
        folder: PathBuf,
        fault: Option<(usize, Fault)>,
        did: Vec<Did>,
        /// Of a test's own process: what was done is kept.
        is_watched: bool,
        steps: usize,
    }

    /// The disks of this process: those that tests have made faulty, and the one of `CHESTERTON_FAULT`.
    static DISKS: LazyLock<Mutex<Vec<Disk>>> =
        LazyLock::new(|| Mutex::new(from_environment().into_iter().collect()));

    /// `CHESTERTON_FAULT=12:28` fails the twelfth step (from 0) with error 28, `12:kill` kills there and `12:hang` never answers.
    fn from_environment() -> Option<Disk> {
        #[expect(clippy::disallowed_methods, reason = "tests alone set it, and no shipped program reads it")]
        let text = std::env::var("CHESTERTON_FAULT").ok()?;
        let (at, how) = text.split_once(':')?;
        let fault = match how {
            "kill" => Fault::Kill,
            "hang" => Fault::Hangs,
            number => Fault::Once(number.parse().ok()?),
        };
        let fault = Some((at.parse().ok()?, fault));
        Some(Disk { folder: PathBuf::new(), fault, did: Vec::new(), is_watched: false, steps: 0 })
    }

    /// A faulty disk below a folder, as long as this is kept.
    #[derive(Debug)]
    pub struct Faulty {
        folder: PathBuf,
    }

    impl Faulty {
        /// Lets the step with this number (from 0) below `folder` go wrong; none goes wrong without a fault.
        pub fn below(folder: &Path, fault: Option<(usize, Fault)>) -> Self {
            let folder = folder.to_owned();
            let disk = Disk { folder: folder.clone(), fault, did: Vec::new(), is_watched: true, steps: 0 };
            DISKS.lock().unwrap_or_else(PoisonError::into_inner).push(disk);
            Self { folder }
        }

        /// The steps taken so far.
        pub fn did(&self) -> Vec<Did> {
            let disks = DISKS.lock().unwrap_or_else(PoisonError::into_inner);
            disks
                .iter()
                .find(|disk| disk.folder == self.folder)
                .map(|disk| disk.did.clone())
                .unwrap_or_default()
        }
    }

    impl Drop for Faulty {
        fn drop(&mut self) {
            DISKS.lock().unwrap_or_else(PoisonError::into_inner).retain(|disk| disk.folder != self.folder);
        }
    }

    pub(in super::super) fn before(step: Step<'_>) -> io::Result<()> {
        let mut disks = DISKS.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(disk) = disks.iter_mut().find(|disk| step.path().starts_with(&disk.folder)) else {
            return Ok(());
        };
        let number = disk.steps;
        disk.steps = disk.steps.saturating_add(1);
        match disk.fault {
            Some((at, Fault::Hangs)) if at == number => {
                drop(disks);
                hang()
            }
            Some((at, fault)) if at == number => Err(go_wrong(disk, step, fault)),
            Some((at, Fault::Dies)) if at < number => Err(io::Error::from_raw_os_error(EIO)),
            _ => {
                if disk.is_watched {
                    disk.did.push(step.into());
                }
                Ok(())
            }
        }
    }

    const EIO: i32 = 5;

    fn hang() -> io::Result<()> {
        loop {
            std::thread::park();
        }
    }

    fn go_wrong(disk: &mut Disk, step: Step<'_>, fault: Fault) -> io::Error {
        if let Step::Write(path, bytes) = step {
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            let file = OpenOptions::new().append(true).open(path);
            let _ = file.and_then(|mut file| file.write_all(half));
            disk.did.push(Did::Write(path.to_owned(), half.to_vec()));
        }
        match fault {
            Fault::Once(number) => io::Error::from_raw_os_error(number),
            Fault::Dies => io::Error::from_raw_os_error(EIO),
            Fault::Kill | Fault::Hangs => std::process::abort(),
        }
    }
}
