//! What one worker writes, and when that is forced to the disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::base::clock::Stopwatch;
use crate::ledger::{Pen, RecordError, Recorder, Segment};

/// A machine that fails loses what was sealed in this time, never a part of a trial, and `resume` plays it again.
pub(super) const FORCE_AFTER: Duration = Duration::from_millis(250);
/// As many trials at the most: a worker that is faster than its disk waits for it here.
const UNFORCED_MAX: u32 = 1_024;

/// The segments that one worker writes: one, and another each time a crash took the last one's recorder with it. They
/// are forced to the disk on a thread of its own, while the worker plays on.
pub(super) struct Segments {
    folder: PathBuf,
    slot: usize,
    next: u32,
    pen: Pen,
    current: Option<Arc<Segment>>,
    forcing: Option<JoinHandle<Result<(), RecordError>>>,
    forced: Stopwatch,
}

impl Segments {
    pub(super) fn new(folder: PathBuf, slot: usize, pen: Pen) -> Self {
        Self { folder, slot, next: 0, pen, current: None, forcing: None, forced: Stopwatch::start() }
    }

    /// A recorder for a new segment.
    ///
    /// # Errors
    /// It could not be made, or the segment before it could not be forced to the disk.
    pub(super) async fn open(&mut self) -> Result<Recorder, RecordError> {
        self.finish().await?;
        loop {
            let name = format!("slot-{:04}-{:04}", self.slot, self.next);
            self.next = self.next.saturating_add(1);
            match Recorder::create(&self.folder, &name, self.pen.clone()) {
                Err(error) if error.cause.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(recorder) => {
                    self.current = recorder.segment();
                    return Ok(recorder);
                }
            }
        }
    }

    /// Called after each trial, and now and then while a long one lasts: begins to force what is due.
    ///
    /// # Errors
    /// The disk refused, now or the last time.
    pub(super) async fn tick(&mut self) -> Result<(), RecordError> {
        let Some(segment) = self.current.clone() else { return Ok(()) };
        let is_full = segment.unforced() >= UNFORCED_MAX;
        if is_full || self.forcing.as_ref().is_some_and(JoinHandle::is_finished) {
            self.forced().await?;
        }
        let is_due = is_full || self.forced.elapsed() >= FORCE_AFTER;
        if is_due && self.forcing.is_none() && segment.unforced() > 0 {
            self.forced = Stopwatch::start();
            self.forcing = Some(tokio::task::spawn_blocking(move || segment.force()));
        }
        Ok(())
    }

    /// Waits until the forcing that was begun last has ended.
    async fn forced(&mut self) -> Result<(), RecordError> {
        let Some(forcing) = self.forcing.take() else { return Ok(()) };
        let crashed = |error| RecordError { path: self.folder.clone(), cause: std::io::Error::other(error) };
        forcing.await.map_err(crashed)?
    }

    /// Forces everything that was sealed.
    ///
    /// # Errors
    /// The disk refused.
    pub(super) async fn finish(&mut self) -> Result<(), RecordError> {
        self.forced().await?;
        self.current.as_ref().map_or(Ok(()), |segment| segment.force())
    }
}
