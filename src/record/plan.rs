//! What was to be run, as `plan.json` holds it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::TrialKey;

/// Version of `plan.json`.
pub const PLAN_VERSION: u32 = 1;

/// A scenario of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedScenario {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The scenario that it is the twin of.
    pub twin_of: Option<String>,
}

/// What is to be played, as `plan.json` holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Version of this file.
    pub v: u32,
    /// Version of the harness.
    pub version: String,
    /// The first seed.
    pub seed: u64,
    /// Repetitions of each cell.
    pub trials_per_cell: u32,
    /// The scenarios.
    pub scenarios: Vec<PlannedScenario>,
    /// The trials, sorted by scenario, setup, agent and index.
    pub trials: Vec<TrialKey>,
}
