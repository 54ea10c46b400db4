//! Rewriting ledgers into one, in canonical order: how a finished run comes to have the same bytes however it was
//! played, and how shards become one run. A trial's lines are copied as they are.
//!
//! The new ledger is made beside the old one, forced to the disk, and put in its place by two renames. Between
//! them the old one stands under `ledger.old`, which readers know; so there is no moment at which a sealed trial is
//! in neither.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::folder::{RunFolder, sync_folder};
use super::read::{Cause, Damage, Place, Recorded, read, read_at};
use super::write::RecordError;
use crate::base::digest;
use crate::record::{Event, TrialId, TrialKey};

/// A part of a rewritten ledger is closed when it has grown beyond this.
const PART_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What a ledger holds, by identity; the lines stay where they are.
#[derive(Debug, Default)]
pub struct Index {
    trials: BTreeMap<TrialId, (Place, String)>,
    /// What does not count.
    pub damages: Vec<Damage>,
}

impl Index {
    /// Adds all sealed trials of a ledger that `wanted` accepts. The same trial twice is one, if its bytes are the same;
    /// other bytes under the same identity are a damage, and the first stay.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn add(&mut self, ledger: &Path, wanted: impl Fn(&TrialKey) -> bool) -> Result<(), RecordError> {
        let trials = read(ledger).map_err(|cause| RecordError { path: ledger.to_owned(), cause })?;
        for item in trials {
            let recorded = match item {
                Ok(recorded) => recorded,
                Err(damage) => {
                    self.damages.push(damage);
                    continue;
                }
            };
            let key = recorded.events.iter().find_map(|event| match event {
                Event::Opened { trial, .. } => Some(trial),
                _ => None,
            });
            let is_wanted = key.is_some_and(|key| key.id() == recorded.trial && wanted(key));
            let digest = digest::of(&recorded.bytes);
            let same = self.trials.get(&recorded.trial).is_none_or(|(_, known)| *known == digest);
            match (is_wanted, same) {
                (true, true) => drop(self.trials.entry(recorded.trial).or_insert((recorded.place, digest))),
                (true, false) => self.foreign(&recorded.place, "the trial is there twice, with other bytes"),
                (false, _) => self.foreign(&recorded.place, "the trial is not of this run"),
            }
        }
        Ok(())
    }

    fn foreign(&mut self, place: &Place, what: &str) {
        let segment = place.segment.clone();
        let what = format!("{what} (from byte {})", place.offset);
        self.damages.push(Damage { segment, line: 0, last_line: 0, cause: Cause::Corrupt, what });
    }

    /// The trials that are sealed.
    pub fn sealed(&self) -> impl Iterator<Item = &TrialId> {
        self.trials.keys()
    }

    /// Whether this trial is sealed.
    pub fn has(&self, trial: &TrialId) -> bool {
        self.trials.contains_key(trial)
    }

    /// How many trials are sealed.
    pub fn len(&self) -> usize {
        self.trials.len()
    }

    /// Nothing is sealed.
    pub fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }

    /// The sealed trials, in order of identity, read one by one.
    pub fn trials(&self) -> impl Iterator<Item = Result<Recorded, Damage>> + '_ {
        self.trials.values().map(|(place, _)| read_at(place))
    }

    /// Where the sealed trials stand, in order of identity.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.trials.values().map(|(place, _)| place)
    }

    /// Something was changed, lost or put in; being stopped is not that.
    pub fn is_corrupt(&self) -> bool {
        self.damages.iter().any(|d| d.cause == Cause::Corrupt)
    }

    /// Writes all its trials, sorted by identity, as the ledger of a run's folder, in the place of what is there.
    ///
    /// # Errors
    /// Something could not be read or written; the old ledger is as it was then.
    pub fn write(&self, folder: &RunFolder) -> Result<(), RecordError> {
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |cause| RecordError { path, cause }
        };
        let path = |name: &str| folder.path().join(name);
        let (now, new, old) = (path("ledger"), path("ledger.new"), path("ledger.old"));
        remove(&new)?;
        std::fs::create_dir(&new).map_err(fail(&new))?;
        self.write_parts(&new)?;
        sync_folder(&new)?;
        if now.exists() {
            remove(&old)?;
            std::fs::rename(&now, &old).map_err(fail(&now))?;
        }
        std::fs::rename(&new, &now).map_err(fail(&new))?;
        sync_folder(folder.path())?;
        remove(&old)
    }

    /// As [`Index::write`], and keeps the ledger that was there, damage and all, beside it. Gives back where.
    ///
    /// # Errors
    /// As [`Index::write`].
    pub fn save(&self, folder: &RunFolder) -> Result<PathBuf, RecordError> {
        let ledger = folder.ledger();
        let aside = (1_u32..).map(|n| folder.path().join(format!("damaged-{n}"))).find(|path| !path.exists());
        let aside = aside.unwrap_or_else(|| folder.path().join("damaged"));
        copy_folder(&ledger, &aside).map_err(|cause| RecordError { path: aside.clone(), cause })?;
        self.write(folder)?;
        Ok(aside)
    }

    fn write_parts(&self, folder: &Path) -> Result<(), RecordError> {
        let mut part = Part::create(folder, 0)?;
        let mut number = 0_u32;
        let mut source: Option<(PathBuf, File)> = None;
        for (place, _) in self.trials.values() {
            if part.bytes > 0 && part.bytes.saturating_add(place.bytes) > PART_BYTES_MAX {
                part.close()?;
                number = number.saturating_add(1);
                part = Part::create(folder, number)?;
            }
            if source.as_ref().is_none_or(|(path, _)| *path != place.segment) {
                let file = File::open(&place.segment);
                let file = file.map_err(|cause| RecordError { path: place.segment.clone(), cause })?;
                source = Some((place.segment.clone(), file));
            }
            if let Some((_, file)) = &mut source {
                part.copy(file, place)?;
            }
        }
        part.close()
    }
}

/// Copies the plain files of a ledger; links are left where they are.
fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Removes a folder of ours that an earlier attempt left behind.
fn remove(path: &Path) -> Result<(), RecordError> {
    match std::fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(RecordError { path: path.to_owned(), cause })
        }
        _ => Ok(()),
    }
}

/// One file of a rewritten ledger.
struct Part {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
}

impl Part {
    fn create(folder: &Path, number: u32) -> Result<Self, RecordError> {
        let path = folder.join(format!("part-{number:05}.jsonl"));
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        match file {
            Ok(file) => Ok(Self { path, file: BufWriter::new(file), bytes: 0 }),
            Err(cause) => Err(RecordError { path, cause }),
        }
    }

    fn copy(&mut self, from: &mut File, place: &Place) -> Result<(), RecordError> {
        let copied = from.seek(SeekFrom::Start(place.offset)).and_then(|_| {
            let copied = std::io::copy(&mut from.take(place.bytes), &mut self.file)?;
            if copied == place.bytes { Ok(copied) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
        });
        self.bytes = self.bytes.saturating_add(place.bytes);
        copied.map(drop).map_err(|cause| RecordError { path: self.path.clone(), cause })
    }

    fn close(mut self) -> Result<(), RecordError> {
        let closed = self.file.flush().and_then(|()| self.file.get_ref().sync_data());
        closed.map_err(|cause| RecordError { path: self.path, cause })
    }
}
