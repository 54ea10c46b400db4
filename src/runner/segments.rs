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

/// The segment that one worker's trials are written to. It is forced to the disk on a thread of its own, while the worker
/// plays on.
pub(super) struct Segments {
    folder: PathBuf,
    slot: usize,
    pen: Pen,
    current: Option<Arc<Segment>>,
    forcing: Option<JoinHandle<Result<(), RecordError>>>,
    forced: Stopwatch,
}

impl Segments {
    pub(super) fn new(folder: PathBuf, slot: usize, pen: Pen) -> Self {
        Self { folder, slot, pen, current: None, forcing: None, forced: Stopwatch::start() }
    }

    /// A recorder for one trial.
    ///
    /// # Errors
    /// There is no segment yet, and none could be made.
    pub(super) fn recorder(&mut self) -> Result<Recorder, RecordError> {
        let segment = match self.current.take() {
            Some(segment) => segment,
            None => Segment::create(&self.folder, self.slot)?,
        };
        let recorder = Recorder::on(&segment, self.pen.clone());
        self.current = Some(segment);
        Ok(recorder)
    }

    /// Leaves the segment to a trial that crashed or could not be stopped: it may be in the middle of writing to it. The next
    /// trial gets another.
    ///
    /// # Errors
    /// What was sealed in it could not be forced to the disk.
    pub(super) async fn leave(&mut self) -> Result<(), RecordError> {
        self.finish().await?;
        self.current = None;
        Ok(())
    }

    /// Called with what a trial that was sealed is in: one that has grown large is in a segment of its own, which nobody
    /// else would force.
    ///
    /// # Errors
    /// The disk refused.
    pub(super) async fn sealed(&self, recorder: Recorder) -> Result<(), RecordError> {
        let Some(segment) = recorder.segment() else { return Ok(()) };
        drop(recorder);
        if self.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, &segment)) {
            return Ok(());
        }
        self.join(tokio::task::spawn_blocking(move || segment.force())).await
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
        match self.forcing.take() {
            Some(forcing) => self.join(forcing).await,
            None => Ok(()),
        }
    }

    async fn join(&self, forcing: JoinHandle<Result<(), RecordError>>) -> Result<(), RecordError> {
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
