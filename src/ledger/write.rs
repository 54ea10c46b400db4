//! Writing: one recorder a slot, one segment a recorder.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::line::{Entry, Line, VERSION, genesis};
use crate::base::clock::Stopwatch;
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

enum Sink {
    File { path: PathBuf, file: File },
    Memory(Vec<u8>),
    Other(Box<dyn Write + Send>),
}

/// When a segment is forced to the disk: after so many seals, or so long after the last time. A machine that fails in
/// between loses trials, never a part of one, and `resume` plays them again; forcing at each seal would cost more
/// than the trial.
const SYNC_SEALS_MAX: u32 = 64;
const SYNC_AFTER: Duration = Duration::from_millis(250);

#[derive(Debug)]
struct Open {
    trial: TrialId,
    n: u64,
    prev: Digest,
}

/// Appends the events of one trial after another to a segment.
pub struct Recorder {
    sink: Sink,
    open: Option<Open>,
    unsynced: u32,
    since_sync: Stopwatch,
}

impl Recorder {
    /// A new segment in `folder`. Refuses to write into one that exists.
    ///
    /// # Errors
    /// The file could not be made.
    pub fn create(folder: &Path, segment: &str) -> Result<Self, RecordError> {
        let path = folder.join(format!("{segment}.jsonl"));
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.and_then(|file| {
            // The name must last as well as the lines do.
            File::open(folder)?.sync_all()?;
            Ok(file)
        });
        match file {
            Ok(file) => Ok(Self::of(Sink::File { path, file })),
            Err(cause) => Err(RecordError { path, cause }),
        }
    }

    fn of(sink: Sink) -> Self {
        Self { sink, open: None, unsynced: 0, since_sync: Stopwatch::start() }
    }

    /// A segment written elsewhere: to something that fails on purpose, for instance.
    pub fn to(sink: Box<dyn Write + Send>) -> Self {
        Self::of(Sink::Other(sink))
    }

    /// A segment in memory, for `check` and for tests.
    pub fn in_memory() -> Self {
        Self::of(Sink::Memory(Vec::new()))
    }

    /// What was written, for a segment in memory.
    pub fn into_bytes(self) -> Vec<u8> {
        match self.sink {
            Sink::Memory(bytes) => bytes,
            Sink::File { .. } | Sink::Other(_) => Vec::new(),
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

    /// Closes the trial: from now on it counts. It is on the disk when this returns, or soon after: see
    /// [`Recorder::sync`].
    ///
    /// # Errors
    /// It could not be written or synced.
    pub fn seal(&mut self) -> Result<Option<Sealed>, RecordError> {
        let Some(open) = &self.open else { return Ok(None) };
        let sealed = Sealed { trial: open.trial.clone(), lines: open.n.saturating_add(1) };
        self.put(Entry::Seal { lines: open.n })?;
        self.open = None;
        self.unsynced = self.unsynced.saturating_add(1);
        if self.unsynced >= SYNC_SEALS_MAX || self.since_sync.elapsed() >= SYNC_AFTER {
            self.sync()?;
        }
        Ok(Some(sealed))
    }

    /// Forces everything sealed so far to the disk.
    ///
    /// # Errors
    /// The disk refused.
    pub fn sync(&mut self) -> Result<(), RecordError> {
        if let Sink::File { path, file } = &self.sink {
            file.sync_data().map_err(|cause| RecordError { path: path.clone(), cause })?;
        }
        self.unsynced = 0;
        self.since_sync = Stopwatch::start();
        Ok(())
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
                Sink::Other(sink) => sink.write_all(text.as_bytes())?,
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
            Sink::Memory(_) | Sink::Other(_) => PathBuf::from("memory"),
        }
    }
}
