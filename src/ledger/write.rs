//! Writing: a recorder for each trial in flight, a segment for several recorders.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::disk::{self, Output, RecordError};
use super::line::{Entry, Line, VERSION, genesis};
use crate::base::digest::{self, Digest};
use crate::record::{Event, TrialId};

/// Lines of an open trial are handed to the system when they are sealed: what is not sealed does not count, a call for each
/// line would cost more than the line, and those of trials that share a segment must not mix. A trial with more bytes than
/// this gets a segment of its own.
const HELD_BYTES_MAX: usize = 1024 * 1024;

/// The right to write, shared by all recorders of a run, which can be taken back: what is still in flight then stays
/// unsealed for ever, whatever it does.
#[derive(Clone, Debug, Default)]
pub struct Pen(Arc<AtomicBool>);

impl Pen {
    /// Nothing is written from now on.
    pub fn take_away(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn check(&self, path: &Path) -> Result<(), RecordError> {
        match self.0.load(Ordering::SeqCst) {
            false => Ok(()),
            true => Err(RecordError::at(path)(std::io::Error::other("the run was given up before"))),
        }
    }
}

/// A file of a ledger. What is sealed in it lasts once it was forced to the disk, which whoever plays does for many trials
/// at once: forcing at each seal would cost more than a small trial.
#[derive(Debug)]
pub struct Segment {
    file: Output,
    unforced: AtomicU32,
    /// Whoever holds this writes. It says that a writing failed: what came after could not be told from half a line.
    torn: Mutex<bool>,
}

impl Segment {
    /// A new segment in `folder`: the first of this slot whose name nobody has.
    ///
    /// # Errors
    /// The file could not be made.
    pub fn create(folder: &Path, slot: usize) -> Result<Arc<Self>, RecordError> {
        Self::first_free(folder, &format!("slot-{slot:04}"))
    }

    fn first_free(folder: &Path, name: &str) -> Result<Arc<Self>, RecordError> {
        let mut n = 0_u32;
        loop {
            match Self::named(folder, &format!("{name}-{n:04}")) {
                Err(error) if error.cause.kind() == io::ErrorKind::AlreadyExists => n = n.saturating_add(1),
                made => return made,
            }
        }
    }

    fn named(folder: &Path, name: &str) -> Result<Arc<Self>, RecordError> {
        let file = Output::create(folder.join(format!("{name}.jsonl")))?;
        // The name must last as well as the lines do.
        disk::sync_folder(folder)?;
        Ok(Arc::new(Self { file, unforced: AtomicU32::new(0), torn: Mutex::new(false) }))
    }

    /// Trials that were sealed since it was forced last.
    pub fn unforced(&self) -> u32 {
        self.unforced.load(Ordering::SeqCst)
    }

    /// Forces everything sealed so far to the disk.
    ///
    /// # Errors
    /// The disk refused.
    pub fn force(&self) -> Result<(), RecordError> {
        let sealed = self.unforced.swap(0, Ordering::SeqCst);
        if sealed == 0 { Ok(()) } else { self.file.sync() }
    }

    fn write(&self, bytes: &[u8], pen: &Pen) -> Result<(), RecordError> {
        let mut torn = self.torn.lock().unwrap_or_else(PoisonError::into_inner);
        pen.check(self.file.path())?;
        if *torn {
            let cause = io::Error::other("something could not be written here before");
            return Err(RecordError::at(self.file.path())(cause));
        }
        let written = self.file.write(bytes);
        *torn = written.is_err();
        written
    }

    /// Another segment beside it, for a trial that has grown large.
    fn beside(&self) -> Result<Arc<Self>, RecordError> {
        let path = self.file.path();
        let (folder, name) = (path.parent().unwrap_or(Path::new("")), path.file_stem().unwrap_or_default());
        Self::first_free(folder, &name.to_string_lossy())
    }
}

enum Sink {
    File(Arc<Segment>, Pen),
    Memory(Vec<u8>),
    Listener(Box<dyn FnMut(Event) + Send>),
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        match self {
            Self::File(segment, pen) => segment.write(bytes, pen),
            Self::Memory(all) => {
                all.extend_from_slice(bytes);
                Ok(())
            }
            Self::Listener(_) => Ok(()),
        }
    }
}

#[derive(Debug)]
struct Open {
    trial: TrialId,
    n: u64,
    prev: Digest,
    bytes: u64,
}

/// Appends the events of one trial after another to a segment.
pub struct Recorder {
    sink: Sink,
    /// The segment is this recorder's alone, so that parts of a trial may be handed to it.
    is_alone: bool,
    open: Option<Open>,
    /// Lines of the open trial that were not handed to the system yet.
    held: Vec<u8>,
}

impl Recorder {
    /// On a segment that others may write to as well: each trial appears in it whole.
    pub fn on(segment: &Arc<Segment>, pen: Pen) -> Self {
        Self::of(Sink::File(Arc::clone(segment), pen), false)
    }

    /// A new segment in `folder`, its own. Refuses to write into one that exists.
    ///
    /// # Errors
    /// The file could not be made.
    pub fn create(folder: &Path, segment: &str, pen: Pen) -> Result<Self, RecordError> {
        Ok(Self::of(Sink::File(Segment::named(folder, segment)?, pen), true))
    }

    /// A segment in memory, for `check` and for tests.
    pub fn in_memory() -> Self {
        Self::of(Sink::Memory(Vec::new()), true)
    }

    /// Keeps nothing, and hands each event on: for whoever listens to a gate.
    pub fn to_listener(listener: impl FnMut(Event) + Send + 'static) -> Self {
        Self::of(Sink::Listener(Box::new(listener)), true)
    }

    fn of(sink: Sink, is_alone: bool) -> Self {
        Self { sink, is_alone, open: None, held: Vec::new() }
    }

    /// The segment that it writes, to be forced to the disk; `None` in memory. A trial that has grown large is in another
    /// than the one that it was begun on.
    pub fn segment(&self) -> Option<Arc<Segment>> {
        match &self.sink {
            Sink::File(segment, _) => Some(Arc::clone(segment)),
            Sink::Memory(_) | Sink::Listener(_) => None,
        }
    }

    /// What was sealed, and what was begun and handed over, for a segment in memory.
    pub fn into_bytes(self) -> Vec<u8> {
        match self.sink {
            Sink::Memory(bytes) => bytes,
            Sink::File(..) | Sink::Listener(_) => Vec::new(),
        }
    }

    /// Begins a trial. One that was begun and not sealed stays behind unsealed: it never counts.
    pub fn begin(&mut self, trial: &TrialId) {
        self.held.clear();
        self.open = Some(Open { trial: trial.clone(), n: 0, prev: genesis(trial), bytes: 0 });
    }

    /// The trial begun last and not sealed yet.
    pub fn trial(&self) -> Option<&TrialId> {
        self.open.as_ref().map(|open| &open.trial)
    }

    /// Bytes of the trial begun last, so far.
    pub fn bytes(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.bytes)
    }

    /// Appends an event of the trial begun last.
    ///
    /// # Errors
    /// It could not be written whole.
    pub fn append(&mut self, event: Event) -> Result<(), RecordError> {
        if let Sink::Listener(listener) = &mut self.sink {
            listener(event);
            return Ok(());
        }
        self.put(Entry::Event(Box::new(event)))?;
        if self.held.len() < HELD_BYTES_MAX {
            return Ok(());
        }
        if let (Sink::File(segment, _), false) = (&mut self.sink, self.is_alone) {
            *segment = segment.beside()?;
            self.is_alone = true;
        }
        self.hand_over()
    }

    /// Closes the trial: from now on it counts. It lasts once its segment was forced to the disk.
    ///
    /// # Errors
    /// It could not be written.
    pub fn seal(&mut self) -> Result<(), RecordError> {
        let Some(lines) = self.open.as_ref().map(|open| open.n) else { return Ok(()) };
        self.put(Entry::Seal { lines })?;
        self.open = None;
        self.hand_over()?;
        if let Sink::File(segment, _) = &self.sink {
            segment.unforced.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    fn hand_over(&mut self) -> Result<(), RecordError> {
        let written = self.sink.write(&self.held);
        self.held.clear();
        written
    }

    fn put(&mut self, entry: Entry) -> Result<(), RecordError> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let line = Line { v: VERSION, trial: open.trial.clone(), n: open.n, prev: open.prev.clone(), entry };
        let began = self.held.len();
        if let Err(cause) = serde_json::to_writer(&mut self.held, &line) {
            self.held.truncate(began);
            let path = self.segment().map(|segment| segment.file.path().to_owned());
            return Err(RecordError { path: path.unwrap_or_default(), cause: cause.into() });
        }
        open.prev = digest::of(self.held.get(began..).unwrap_or_default());
        open.n = open.n.saturating_add(1);
        self.held.push(b'\n');
        let bytes = u64::try_from(self.held.len().saturating_sub(began)).unwrap_or(u64::MAX);
        open.bytes = open.bytes.saturating_add(bytes);
        Ok(())
    }
}
