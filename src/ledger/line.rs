//! One line of a segment.

use serde::{Deserialize, Serialize};

use crate::base::digest::{self, Digest};
use crate::record::{Event, TrialId};

/// Version of the line format.
pub const VERSION: u32 = 1;

/// A line: an event, or the seal that closes a trial.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// Format version.
    pub v: u32,
    /// Whose line it is.
    pub trial: TrialId,
    /// Its number in the trial, from 0.
    pub n: u64,
    /// Digest of the line before; for the first, of the trial's identity.
    pub prev: Digest,
    /// What it holds.
    pub entry: Entry,
}

/// What a line holds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The trial is complete: so many lines came before.
    Seal {
        /// Lines before this one.
        lines: u64,
    },
    /// Something happened.
    Event(Box<Event>),
}

/// The chain's beginning.
pub fn genesis(trial: &TrialId) -> Digest {
    digest::of_parts(["chesterton/ledger/1", trial.as_str()])
}
