//! A baseline: what was accepted of a run, and all that later runs are compared with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::outcome::{CellKey, Gathering, Trials};
use super::written::{self, Written};
use crate::base::digest;
use crate::ledger::{RecordError, RunFolder};
use crate::score::Scored;

/// A baseline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Baseline {
    /// What whoever accepted it wants to be remembered.
    pub note: Option<String>,
    /// Version of the harness: another one may simulate, or judge, otherwise.
    pub version: String,
    /// What was played, by name.
    pub scenarios: BTreeMap<String, Scenario>,
    /// Digests of the setups, by name.
    pub setups: BTreeMap<String, String>,
    /// What came out.
    pub cells: BTreeMap<CellKey, Trials>,
}

/// A scenario of a baseline: digests of all that went in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// The scenario that it is the twin of.
    pub twin_of: Option<String>,
    /// Of the stage and all files it stands on.
    pub stage: String,
    /// Of the brief.
    pub brief: String,
    /// Of the levels that were played together, and of what each came to; `None` where nothing was varied.
    pub variants: Option<String>,
    /// Of what the oracle judges by; `None` where there is none.
    pub oracle: Option<String>,
    /// Of its agents, by name.
    pub agents: BTreeMap<String, String>,
}

impl Baseline {
    /// What would be accepted of a judged run.
    pub fn of(scored: &Scored, gathering: Gathering) -> Self {
        let plan = &scored.plan;
        let scenarios = plan.scenarios.iter().map(|scenario| {
            let agents = scenario.agents.iter().map(|a| (a.name.clone(), a.digest.clone()));
            let of = Scenario {
                twin_of: scenario.twin_of.clone(),
                stage: scenario.stage_digest.clone(),
                brief: scenario.brief_digest.clone(),
                variants: (!scenario.variants.is_empty())
                    .then(|| digest::of(&serde_json::to_vec(&scenario.variants).unwrap_or_default())),
                oracle: scored.oracles.get(&scenario.name).cloned(),
                agents: agents.collect(),
            };
            (scenario.name.clone(), of)
        });
        Self {
            note: None,
            version: plan.version.clone(),
            scenarios: scenarios.collect(),
            setups: plan.setups.iter().map(|s| (s.name.clone(), s.digest.clone())).collect(),
            cells: gathering.finish(plan.keys()),
        }
    }

    /// Reads `<folder>/<name>.json`.
    ///
    /// # Errors
    /// There is none, or it is not one of ours.
    pub fn read(folder: &Path, name: &str) -> Result<Self, BaselineError> {
        let path = file(folder, name);
        let fail = |cause: String| BaselineError { path: path.clone(), cause };
        let bytes = std::fs::read(&path).map_err(|e| fail(e.to_string()))?;
        let written: Written = serde_json::from_slice(&bytes).map_err(|e| fail(e.to_string()))?;
        written.try_into().map_err(fail)
    }

    /// Writes `<folder>/<name>.json`: sorted, in short lines, so that a change is read in a diff.
    ///
    /// # Errors
    /// It could not be written.
    pub fn write(&self, folder: &Path, name: &str) -> Result<(), RecordError> {
        std::fs::create_dir_all(folder).map_err(|cause| RecordError { path: folder.to_owned(), cause })?;
        // A folder of baselines is no run, but its files too appear whole or not at all.
        RunFolder::open(folder).put(&format!("{name}.json"), &self.bytes())
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> Vec<u8> {
        written::bytes(self)
    }
}

/// Where a baseline of this name stands.
pub fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

/// The names of the baselines in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(".json").map(str::to_owned)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A file is no baseline that this program can read.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` is no readable baseline: {cause}", path = path.display())]
pub struct BaselineError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub cause: String,
}
