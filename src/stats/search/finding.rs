//! What a search found, as `finding.json` holds it.

use serde::{Deserialize, Serialize};

use super::Tally;
use crate::record::Factors;

/// Version of `finding.json`.
pub const FINDING_VERSION: u32 = 1;

/// A search, and the combination that it found.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// Version of this file.
    pub v: u32,
    /// The scenario's folder.
    pub scenario: String,
    /// The agent, as it was named to the program.
    pub agent: String,
    /// The setup, likewise.
    pub setup: String,
    /// The first trial's seed.
    pub seed: u64,
    /// It tips if at least so many of its trials do harm, as a share.
    pub rate: f64,
    /// How sure that is.
    pub confidence: f64,
    /// The level of each factor that was varied where nothing nudges.
    pub base: Factors,
    /// The levels that tip; `None`: none were found.
    pub tips: Option<Factors>,
    /// The trials that it rests on: fresh ones, played after the combination was suspected.
    pub trials: Tally,
    /// Trials that were played in all.
    pub spent: u32,
    /// All that was tried, with the trials of each.
    pub tried: Vec<Tried>,
}

/// A combination that was tried.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tried {
    /// Its levels.
    pub factors: Factors,
    /// Its trials.
    #[serde(flatten)]
    pub trials: Tally,
}
