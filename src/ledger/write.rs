//! Writing: one recorder a slot, one segment a recorder.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::line::{Entry, Line, VERSION, genesis};
use crate::base::digest::{self, Digest};
use crate::record::{Event, TrialId};

/// Something could not be recorded. The record is the product, so a run stops at this.
#[derive(Debug, thiserror::Error)]
#[error("could not record to `{}`: {cause}", path.display())]
pub struct RecordError {
    /// Where.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub cause: std::io::Error,
}

/// A trial was sealed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// Which.
    pub trial: TrialId,
    /// Lines, the seal included.
    pub lines: u64,
}

#[derive(Debug)]
enum Sink {
    File { path: PathBuf, file: File },
    Memory(Vec<u8>),
}

#[derive(Debug)]
struct Open {
    trial: TrialId,
    n: u64,
    prev: Digest,
}

/// Appends the events of one trial after another to a segment.
#[derive(Debug)]
pub struct Recorder {
    sink: Sink,
    open: Option<Open>,
}

impl Recorder {
    /// A new segment in `folder`. Refuses to write into one that exists.
    ///
    /// # Errors
    /// The file could not be made.
    pub fn create(folder: &Path, segment: &str) -> Result<Self, RecordError> {
        let path = folder.join(format!("{segment}.jsonl"));
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        match file {
            Ok(file) => Ok(Self { sink: Sink::File { path, file }, open: None }),
            Err(cause) => Err(RecordError { path, cause }),
        }
    }

    /// A segment in memory, for `check` and for tests.
    pub fn in_memory() -> Self {
        Self { sink: Sink::Memory(Vec::new()), open: None }
    }

    /// What was written, for a segment in memory.
    pub fn into_bytes(self) -> Vec<u8> {
        match self.sink {
            Sink::Memory(bytes) => bytes,
            Sink::File { .. } => Vec::new(),
        }
    }

    /// Begins a trial. One that was begun and not sealed stays behind unsealed: it never counts.
    pub fn begin(&mut self, trial: &TrialId) {
        self.open = Some(Open { trial: trial.clone(), n: 0, prev: genesis(trial) });
    }

    /// Appends an event of the trial begun last.
    ///
    /// # Errors
    /// It could not be written whole.
    pub fn append(&mut self, event: Event) -> Result<(), RecordError> {
        self.put(Entry::Event(Box::new(event)))
    }

    /// Closes the trial: from now on it counts. The segment is on the disk when this returns.
    ///
    /// # Errors
    /// It could not be written or synced.
    pub fn seal(&mut self) -> Result<Option<Sealed>, RecordError> {
        let Some(open) = &self.open else { return Ok(None) };
        let sealed = Sealed { trial: open.trial.clone(), lines: open.n.saturating_add(1) };
        self.put(Entry::Seal { lines: open.n })?;
        self.open = None;
        if let Sink::File { path, file } = &self.sink {
            file.sync_data().map_err(|cause| RecordError { path: path.clone(), cause })?;
        }
        Ok(Some(sealed))
    }

    fn put(&mut self, entry: Entry) -> Result<(), RecordError> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let line = Line { v: VERSION, trial: open.trial.clone(), n: open.n, prev: open.prev.clone(), entry };
        let text = serde_json::to_string(&line).map_err(std::io::Error::other);
        let written = text.and_then(|mut text| {
            let digest = digest::of(text.as_bytes());
            text.push('\n');
            match &mut self.sink {
                Sink::File { file, .. } => file.write_all(text.as_bytes())?,
                Sink::Memory(bytes) => bytes.extend_from_slice(text.as_bytes()),
            }
            Ok(digest)
        });
        match written {
            Ok(digest) => {
                open.prev = digest;
                open.n = open.n.saturating_add(1);
                Ok(())
            }
            Err(cause) => Err(RecordError { path: self.path(), cause }),
        }
    }

    fn path(&self) -> PathBuf {
        match &self.sink {
            Sink::File { path, .. } => path.clone(),
            Sink::Memory(_) => PathBuf::from("memory"),
        }
    }
}
