//! Judging a whole run: its plan, its ledger, and the oracles of its scenarios.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::marks::{Marks, judge};
use super::oracle::{Oracle, load_oracle};
use crate::ledger::{self, Cause, Damage, PlanError, RunFolder};
use crate::record::plan::Plan;
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
        self.plan.trials().saturating_sub(self.marks.len())
    }

    /// Everything planned is there and was judged.
    pub fn is_complete(&self) -> bool {
        let is_sound = self.damages.iter().all(|d| d.cause == Cause::Stopped);
        self.missing() == 0 && is_sound && self.unjudged.is_empty()
    }
}

/// Why a run cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The folder holds no plan of ours.
    #[error(transparent)]
    NoRun(#[from] PlanError),
    /// An oracle is wrong.
    #[error("{0}")]
    Oracle(Box<Diagnostic>),
}

/// Judges the run in this folder.
///
/// # Errors
/// No run there, or an oracle that is wrong. Damage in the ledger is no error: it is told apart.
pub fn score_run(folder: &RunFolder) -> Result<Scored, ScoreError> {
    let plan = folder.plan()?;
    let mut oracles: BTreeMap<&str, Option<Oracle>> = BTreeMap::new();
    for scenario in &plan.scenarios {
        let oracle = load_oracle(&scenario.folder).map_err(|d| ScoreError::Oracle(Box::new(d)))?;
        oracles.insert(&scenario.name, oracle);
    }
    let twins: BTreeMap<&str, Option<&str>> =
        plan.scenarios.iter().map(|s| (s.name.as_str(), s.twin_of.as_deref())).collect();
    let path = folder.ledger();
    let trials =
        ledger::read(&path).map_err(|cause| PlanError { path: path.clone(), cause: cause.to_string() })?;
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
        let facts = facts.filter(|f| f.key.id() == recorded.trial && plan.holds(&f.key));
        let Some(facts) = facts else {
            let what = format!("the trial {} is not of this run", recorded.trial.short());
            let segment = recorded.place.segment;
            damages.push(Damage { segment, line: 0, last_line: 0, cause: Cause::Corrupt, what });
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

/// `marks.jsonl`: a line per trial.
pub fn marks_jsonl(marks: &[Marks]) -> Vec<u8> {
    let lines = marks.iter().filter_map(|m| serde_json::to_string(m).ok());
    lines.flat_map(|line| [line.into_bytes(), b"\n".to_vec()]).flatten().collect()
}
