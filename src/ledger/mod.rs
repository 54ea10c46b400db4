//! The record: append-only segments of hash-chained lines, a seal per trial.
//!
//! A trial's lines stand together in one segment, because a recorder writes one trial at a time. Its chain begins
//! with its own identity and not with the line before, so the bytes of a sealed trial are the same wherever they stand.
//! `DESIGN.md` beside this file says which windows are closed, and how.

mod compact;
mod folder;
mod line;
mod read;
mod write;

pub use compact::Index;
pub use folder::{FolderError, Growing, Lock, PlanError, RunFolder, latest};
pub use line::event_of;
pub use read::{Cause, Damage, Place, Recorded, Trials, read, read_at, read_bytes};
pub use write::{RecordError, Recorder, Sealed};
