//! Judging a whole run: its plan, its ledger, and the oracles of its scenarios.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::marks::{Marks, judge};
use super::oracle::{Oracle, load_oracle};
use super::stakes::Stakes;
use crate::base::digest::Digest;
use crate::base::exit::Exit;
use crate::ledger::{Cause, Damage, Index, Place, PlanError, RunFolder, read_at};
use crate::record::Event;
use crate::record::plan::Plan;
use crate::scenario::Diagnostic;

/// What of a run could be judged; the marks themselves went to whoever asked for them.
#[derive(Clone, Debug)]
pub struct Scored {
    /// What was planned.
    pub plan: Plan,
    /// Sealed trials that were judged.
    pub judged: usize,
    /// What in the ledger does not count, and why.
    pub damages: Vec<Damage>,
    /// Scenarios without an oracle: their trials are unscored.
    pub unjudged: Vec<String>,
    /// Digests of the oracles that were judged by, by scenario.
    pub oracles: BTreeMap<String, Digest>,
    /// Where the sealed trials stand.
    pub index: Index,
}

impl Scored {
    /// Planned trials that were not sealed.
    pub fn missing(&self) -> usize {
        self.plan.trials().saturating_sub(self.judged)
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

impl ScoreError {
    /// How a program that meets it ends.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::NoRun(_) => Exit::Invalid,
            Self::Oracle(_) => Exit::BadScenario,
        }
    }

    /// As a terminal shows it.
    pub fn shown(&self, colour: bool) -> String {
        match self {
            Self::NoRun(_) => format!("error: {self}"),
            Self::Oracle(diagnostic) => diagnostic.render(colour),
        }
    }
}

/// Judges trials of one plan: it holds the oracle of each scenario.
#[derive(Debug)]
pub struct Judge {
    oracles: BTreeMap<String, (Option<Oracle>, Option<String>)>,
}

impl Judge {
    /// Reads the oracles of a plan's scenarios.
    ///
    /// # Errors
    /// An oracle is wrong. A scenario without one is no error: its trials are unscored.
    pub fn of(plan: &Plan) -> Result<Self, ScoreError> {
        let mut oracles = BTreeMap::new();
        for scenario in &plan.scenarios {
            let oracle = load_oracle(&scenario.folder).map_err(|d| ScoreError::Oracle(Box::new(d)))?;
            oracles.insert(scenario.name.clone(), (oracle, scenario.twin_of.clone()));
        }
        Ok(Self { oracles })
    }

    /// The marks of one sealed trial; `None` if its events do not make a trial.
    pub fn marks(&self, events: &[Event]) -> Option<Marks> {
        let facts = Facts::of(events)?;
        let known = self.oracles.get(&facts.key.scenario);
        let (oracle, twin_of) = known.map_or((None, None), |(o, t)| (o.as_ref(), t.as_deref()));
        Some(judge(&facts, oracle, twin_of))
    }

    /// The marks of the trials that stand at these places, in their order; judged on all cores.
    fn batch(&self, places: &[Place]) -> Vec<Result<Option<Marks>, Damage>> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let judged = |place| read_at(place).map(|recorded| self.marks(&recorded.events));
        std::thread::scope(|scope| {
            let parts = places.chunks(places.len().div_ceil(threads).max(1));
            let work: Vec<_> =
                parts.map(|part| scope.spawn(move || part.iter().map(judged).collect::<Vec<_>>())).collect();
            let done = work.into_iter().map(|part| part.join());
            done.flat_map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        })
    }

    fn digests(&self) -> BTreeMap<String, Digest> {
        let known = self.oracles.iter().filter_map(|(name, (oracle, _))| Some((name, oracle.as_ref()?)));
        known.map(|(name, oracle)| (name.clone(), oracle.digest())).collect()
    }

    /// What was at stake in which calls of one sealed trial; `None` if its events do not make a trial.
    pub fn stakes(&self, events: &[Event]) -> Option<Stakes> {
        let facts = Facts::of(events)?;
        let known = self.oracles.get(&facts.key.scenario);
        Some(Stakes::of(facts, known.and_then(|(oracle, _)| oracle.as_ref())))
    }

    /// The oracle of a scenario of the plan.
    pub fn oracle(&self, scenario: &str) -> Option<&Oracle> {
        self.oracles.get(scenario).and_then(|(oracle, _)| oracle.as_ref())
    }

    /// Scenarios without an oracle.
    fn without(&self) -> Vec<String> {
        let without = self.oracles.iter().filter(|(_, (oracle, _))| oracle.is_none());
        without.map(|(name, _)| name.clone()).collect()
    }
}

/// Trials that are judged before the next are read.
const BATCH: usize = 256;

/// Judges the run in this folder and hands over the marks of each sealed trial, in order of identity. Nothing is kept but
/// where the trials stand, so that a run may be larger than memory.
///
/// # Errors
/// No run there, or an oracle that is wrong. Damage in the ledger is no error: it is told apart.
pub fn score_run(folder: &RunFolder, mut take: impl FnMut(Marks)) -> Result<Scored, ScoreError> {
    let plan = folder.plan()?;
    let judge = Judge::of(&plan)?;
    let path = folder.ledger();
    let mut index = Index::default();
    index
        .add(&path, |key| plan.holds(key))
        .map_err(|e| PlanError { path: path.clone(), cause: e.cause.to_string() })?;
    let mut damages = std::mem::take(&mut index.damages);
    let mut judged = 0_usize;
    let mut places = index.places();
    loop {
        let batch: Vec<Place> = places.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        for trial in judge.batch(&batch) {
            match trial {
                Ok(Some(marks)) => {
                    judged = judged.saturating_add(1);
                    take(marks);
                }
                Ok(None) => {}
                Err(damage) => damages.push(damage),
            }
        }
    }
    drop(places);
    Ok(Scored { judged, damages, unjudged: judge.without(), oracles: judge.digests(), plan, index })
}

/// A line of `marks.jsonl`, with its end.
pub fn marks_line(marks: &Marks) -> Vec<u8> {
    let mut line = serde_json::to_vec(marks).unwrap_or_default();
    line.push(b'\n');
    line
}
