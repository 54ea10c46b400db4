//! Judging a whole run: its plan, its ledger, and the oracles of its scenarios.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::facts::Facts;
use super::marks::{Marks, judge};
use super::oracle::{Oracle, load_oracle};
use crate::ledger::{self, Damage, RunFolder};
use crate::record::plan::{PLAN_VERSION, Plan};
use crate::scenario::Diagnostic;

/// A judged run.
#[derive(Clone, Debug)]
pub struct Scored {
    /// What was planned.
    pub plan: Plan,
    /// The marks of each sealed trial, sorted by its identity.
    pub marks: Vec<Marks>,
    /// What in the ledger does not count, and why.
    pub damages: Vec<Damage>,
    /// Scenarios without an oracle: their trials are unscored.
    pub unjudged: Vec<String>,
}

impl Scored {
    /// Planned trials that were not sealed.
    pub fn missing(&self) -> usize {
        self.plan.trials.len().saturating_sub(self.marks.len())
    }

    /// Everything planned is there and was judged.
    pub fn is_complete(&self) -> bool {
        self.missing() == 0 && self.damages.is_empty() && self.unjudged.is_empty()
    }
}

/// Why a run cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The folder holds no plan of ours.
    #[error("`{path}` holds no readable run: {cause}", path = path.display())]
    NoRun {
        /// The file looked for.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// An oracle is wrong.
    #[error("{0}")]
    Oracle(Box<Diagnostic>),
}

/// Judges the run in this folder.
///
/// # Errors
/// No run there, or an oracle that is wrong. Damage in the ledger is no error: it is told apart.
pub fn score_run(folder: &RunFolder) -> Result<Scored, ScoreError> {
    let plan = read_plan(folder)?;
    let mut oracles: BTreeMap<&str, Option<Oracle>> = BTreeMap::new();
    for scenario in &plan.scenarios {
        let oracle = load_oracle(&scenario.folder).map_err(|d| ScoreError::Oracle(Box::new(d)))?;
        oracles.insert(&scenario.name, oracle);
    }
    let twins: BTreeMap<&str, Option<&str>> =
        plan.scenarios.iter().map(|s| (s.name.as_str(), s.twin_of.as_deref())).collect();
    let planned: BTreeSet<String> = plan.trials.iter().map(|t| t.id().as_str().to_owned()).collect();
    let path = folder.ledger();
    let trials = ledger::read(&path)
        .map_err(|cause| ScoreError::NoRun { path: path.clone(), cause: cause.to_string() })?;
    let mut marks: BTreeMap<String, Marks> = BTreeMap::new();
    let mut damages = Vec::new();
    for trial in trials {
        let recorded = match trial {
            Ok(recorded) => recorded,
            Err(damage) => {
                damages.push(damage);
                continue;
            }
        };
        let facts = Facts::of(&recorded.events);
        let facts =
            facts.filter(|f| f.key.id() == recorded.trial && planned.contains(recorded.trial.as_str()));
        let Some(facts) = facts else {
            let what = format!("the trial {} is not of this run", recorded.trial.short());
            damages.push(Damage { segment: path.clone(), line: 0, what });
            continue;
        };
        let scenario = facts.key.scenario.as_str();
        let oracle = oracles.get(scenario).and_then(Option::as_ref);
        let twin_of = twins.get(scenario).copied().flatten();
        marks.insert(recorded.trial.as_str().to_owned(), judge(&facts, oracle, twin_of));
    }
    let without = oracles.iter().filter(|(_, oracle)| oracle.is_none());
    let unjudged = without.map(|(name, _)| (*name).to_owned()).collect();
    Ok(Scored { marks: marks.into_values().collect(), damages, unjudged, plan })
}

fn read_plan(folder: &RunFolder) -> Result<Plan, ScoreError> {
    let path = folder.path().join("plan.json");
    let fail = |cause: String| ScoreError::NoRun { path: path.clone(), cause };
    let text = std::fs::read(&path).map_err(|e| fail(e.to_string()))?;
    let plan: Plan = serde_json::from_slice(&text).map_err(|e| fail(e.to_string()))?;
    if plan.v != PLAN_VERSION {
        return Err(fail(format!("it is of version {}, and this program reads {PLAN_VERSION}", plan.v)));
    }
    Ok(plan)
}

/// `marks.jsonl`: a line per trial.
pub fn marks_jsonl(marks: &[Marks]) -> Vec<u8> {
    let lines = marks.iter().filter_map(|m| serde_json::to_string(m).ok());
    lines.flat_map(|line| [line.into_bytes(), b"\n".to_vec()]).flatten().collect()
}
