//! The record: append-only segments of hash-chained lines, a seal per trial.
//!
//! A trial's lines stand together in one segment, because they are written when it is sealed, all at once. Its chain begins
//! with its own identity and not with the line before, so the bytes of a sealed trial are the same wherever they stand.
//! `DESIGN.md` beside this file says which windows are closed, and how.

mod chain;
mod compact;
mod disk;
mod faults;
mod folder;
mod index;
mod line;
mod lock;
mod read;
mod write;

pub use chain::{Cause, Damage, Place};
pub use disk::{Growing, RecordError, Step};
#[cfg(feature = "sabotage")]
pub use faults::{Did, Fault, Faulty};
pub use folder::{Draft, FolderError, PlanError, RunFolder, latest};
pub use index::Index;
pub use lock::Lock;
pub use read::{Recorded, Trials, read, read_at, read_bytes};
pub use write::{Pen, Recorder, Segment};
