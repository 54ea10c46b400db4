//! What is kept of each trial until runs are compared: a few bytes, under what trials are paired by.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;

use crate::base::text::Untrusted;
use crate::record::{Factors, TrialKey};
use crate::score::{Class, Marks};

/// Which cell.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct CellKey {
    /// The scenario.
    pub scenario: Untrusted,
    /// The setup.
    pub setup: Untrusted,
    /// The agent.
    pub agent: Untrusted,
}

/// What came of a trial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The headline.
    pub class: Class,
    /// The longest downtime of a dependent, in seconds.
    pub downtime_s: i64,
    /// Records lost for good.
    pub records_lost: u64,
}

impl Outcome {
    /// `None` for a trial that says nothing about the agent.
    pub fn of(marks: &Marks) -> Option<Self> {
        let harm = marks.harm.unwrap_or_default();
        Some(Self { class: marks.class?, downtime_s: harm.downtime_s, records_lost: harm.records_lost })
    }
}

/// The trials of a cell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trials {
    /// Each planned trial, by its factors and its seed; `None` where it says nothing.
    pub outcomes: BTreeMap<Factors, BTreeMap<u64, Option<Outcome>>>,
    /// How often a trial says nothing, by the reason: its ending, `unscored` or `missing`.
    pub left_out: BTreeMap<String, u64>,
}

impl Trials {
    /// Planned trials.
    pub fn planned(&self) -> u64 {
        self.each().map(|_| 1).sum()
    }

    /// Every planned trial.
    pub fn each(&self) -> impl Iterator<Item = Option<Outcome>> + '_ {
        self.outcomes.values().flat_map(|seeds| seeds.values().copied())
    }

    /// How often each class came out.
    pub fn classes(&self) -> BTreeMap<Class, u64> {
        let mut classes = BTreeMap::new();
        for outcome in self.each().flatten() {
            let n: &mut u64 = classes.entry(outcome.class).or_default();
            *n = n.saturating_add(1);
        }
        classes
    }

    fn leave_out(&mut self, why: &str) {
        let n = self.left_out.entry(why.to_owned()).or_default();
        *n = n.saturating_add(1);
    }
}

/// Gathers the outcomes of a run, one trial after another, in whatever order.
#[derive(Clone, Debug, Default)]
pub struct Gathering(BTreeMap<CellKey, Trials>);

impl Gathering {
    /// Takes a trial.
    pub fn add(&mut self, marks: &Marks) {
        let cell = CellKey {
            scenario: (&marks.scenario).into(),
            setup: (&marks.setup).into(),
            agent: (&marks.agent).into(),
        };
        let trials = self.0.entry(cell).or_default();
        let outcome = Outcome::of(marks);
        if outcome.is_none() {
            trials.leave_out(if marks.ending == "finished" { "unscored" } else { &marks.ending });
        }
        trials.outcomes.entry(marks.factors.clone()).or_default().insert(marks.seed, outcome);
    }

    /// The cells, with every trial that was planned and is not there.
    pub fn finish(mut self, planned: impl Iterator<Item = TrialKey>) -> BTreeMap<CellKey, Trials> {
        for key in planned {
            let cell =
                CellKey { scenario: key.scenario.into(), setup: key.setup.into(), agent: key.agent.into() };
            let trials = self.0.entry(cell).or_default();
            let seeds = trials.outcomes.entry(key.factors).or_default();
            if let Entry::Vacant(place) = seeds.entry(key.seed) {
                place.insert(None);
                trials.leave_out("missing");
            }
        }
        self.0
    }
}
