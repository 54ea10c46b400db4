//! Tapes: every exchange with a model, as it went, so that a run can be played again without one.
//!
//! An exchange is found again by whose it is, which turn it was, and what was asked. So two trials that ask the same never get
//! one answer between them, and a question that was never asked gets none.

mod difference;
mod index;
mod line;
mod reel;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::model::fault::Fault;
use index::Index;

pub use reel::{Reel, unite};

pub(super) use line::{Asked, Body, Line, Outcome, Told, Try};

/// Whether exchanges are recorded, or played again.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Tape {
    /// Neither.
    #[default]
    Off,
    /// Recorded to this folder. What stands there already is not asked again: a run that is resumed pays for nothing twice.
    Record(PathBuf),
    /// Played again from this folder. Nothing is asked, and no key is read.
    Replay(PathBuf),
}

/// A tape that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the tape in `{path}` cannot be used: {problem}", path = path.display())]
pub struct TapeError {
    /// The folder, or the file in it.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: String,
}

impl TapeError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| Self { path, problem: error.to_string() }
    }
}

/// A tape in use.
pub(super) struct Deck {
    index: Index,
    folder: PathBuf,
    /// Where exchanges are recorded: a file of this process alone, made for its first one.
    file: Option<Mutex<Option<File>>>,
}

impl Deck {
    /// Opens a tape; `None` if there is to be none.
    pub fn open(tape: &Tape) -> Result<Option<Self>, TapeError> {
        let (folder, records) = match tape {
            Tape::Off => return Ok(None),
            Tape::Record(folder) => (folder, true),
            Tape::Replay(folder) => (folder, false),
        };
        if records {
            std::fs::create_dir_all(folder).map_err(TapeError::at(folder))?;
        } else if !folder.is_dir() {
            return Err(TapeError { path: folder.clone(), problem: "there is none".to_owned() });
        }
        let index = Index::read(folder)?;
        if !records && index.is_empty() {
            return Err(TapeError { path: folder.clone(), problem: "it holds no exchange".to_owned() });
        }
        Ok(Some(Self { index, folder: folder.clone(), file: records.then(Mutex::default) }))
    }

    /// Whether it is played again.
    pub const fn is_replay(&self) -> bool {
        self.file.is_none()
    }

    /// Files whose last line was cut off when their writer was killed; what was in flight then is not on the tape.
    pub const fn torn(&self) -> usize {
        self.index.torn()
    }

    /// The exchange that was recorded for this question. While recording, only one that was answered counts.
    ///
    /// # Errors
    /// It is played again, and does not hold it; or it cannot be read.
    pub fn recall(&self, asked: &Asked, body: &str) -> Result<Option<Line>, Fault> {
        let unreadable = |error: TapeError| Fault::Tape(error.to_string());
        match self.index.find(asked).map_err(unreadable)? {
            Some(line) if self.is_replay() || matches!(line.outcome, Outcome::Answered { .. }) => {
                Ok(Some(line))
            }
            _ if !self.is_replay() => Ok(None),
            _ => Err(Fault::Tape(self.missing(asked, body))),
        }
    }

    /// What a tape that does not hold a question holds instead.
    fn missing(&self, asked: &Asked, body: &str) -> String {
        let Asked { trial, part, turn, .. } = asked;
        let which = format!("turn {turn} of `{part}` in trial {}", trial.short());
        match self.index.others(asked) {
            Ok(Some(recorded)) => {
                let difference = difference::first(&recorded, body);
                format!("the tape has another question at {which}: {difference}")
            }
            Ok(None) => match self.index.turns(trial, part) {
                0 => format!("the tape has nothing of {which}: it was recorded without this trial"),
                turns => format!("the tape has nothing of {which}: it ends after turn {turns} there"),
            },
            Err(error) => error.to_string(),
        }
    }

    /// Records an exchange.
    ///
    /// # Errors
    /// It could not be written. The file may then end in the middle of a line.
    pub fn record(&self, line: &Line) -> Result<(), Fault> {
        let Some(file) = &self.file else { return Ok(()) };
        let fault = |cause: io::Error| Fault::Unrecorded {
            path: self.folder.display().to_string(),
            cause: cause.to_string(),
        };
        let mut text = Vec::with_capacity(line.bytes());
        serde_json::to_writer(&mut text, line).map_err(|error| fault(io::Error::other(error)))?;
        text.push(b'\n');
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.is_none() {
            *file = Some(new_file(&self.folder).map_err(fault)?);
        }
        file.as_mut().map_or(Ok(()), |file| file.write_all(&text)).map_err(fault)
    }

    /// Forces what was recorded to the disk.
    pub fn sync(&self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.as_ref().map_or(Ok(()), File::sync_all)
    }
}

/// A file of a name that nobody has yet: the next number.
fn new_file(folder: &Path) -> io::Result<File> {
    let mut number = index::files(folder)?.last().map_or(1, |(number, _)| number.saturating_add(1));
    loop {
        let path = folder.join(format!("{number:04}.jsonl"));
        match OpenOptions::new().append(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number = number.saturating_add(1),
            opened => return opened,
        }
    }
}
