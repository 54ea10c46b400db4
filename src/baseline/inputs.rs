//! What went in, before and now: what was changed on purpose, and what makes two runs not comparable.
//!
//! A scenario is the measuring instrument, and so is the harness: where either changed, a difference says nothing about
//! agent or setup, and the cell is `invalid`. An agent and a setup are what is measured: that they changed is told first,
//! because it is what a difference may come from, and the cells are compared.

use serde::Serialize;

use super::accepted::{Baseline, Scenario};
use crate::base::text::Untrusted;

/// One input that is not what it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum InputChange {
    /// The harness.
    Harness {
        /// Its version in the baseline.
        old: Untrusted,
        /// Its version now.
        new: Untrusted,
    },
    /// A scenario.
    Scenario {
        /// Its name.
        name: Untrusted,
        /// Its parts that changed.
        parts: Vec<Part>,
    },
    /// A setup.
    Setup {
        /// Its name.
        name: Untrusted,
    },
    /// An agent, on a scenario.
    Agent {
        /// Its name.
        name: Untrusted,
        /// The scenario.
        scenario: Untrusted,
    },
}

/// A part of a scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The world.
    Stage,
    /// The ticket.
    Brief,
    /// What of it was varied.
    Variants,
    /// What is judged by.
    Oracle,
}

impl Part {
    /// The word for tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Brief => "brief",
            Self::Variants => "variants",
            Self::Oracle => "oracle",
        }
    }
}

impl InputChange {
    /// Whether a cell of this scenario can still be compared.
    pub fn spoils(&self, scenario: &str) -> bool {
        match self {
            Self::Harness { .. } => true,
            Self::Scenario { name, .. } => name.raw() == scenario,
            Self::Setup { .. } | Self::Agent { .. } => false,
        }
    }

    /// Whether it concerns what a cell measures: its setup, or its agent.
    pub fn touches(&self, scenario: &str, setup: &str, agent: &str) -> bool {
        match self {
            Self::Harness { .. } => true,
            Self::Scenario { name, .. } => name.raw() == scenario,
            Self::Setup { name } => name.raw() == setup,
            Self::Agent { name, scenario: on } => name.raw() == agent && on.raw() == scenario,
        }
    }
}

/// All changes of what both played, in the order of harness, scenarios, setups, agents.
pub(super) fn changes(old: &Baseline, new: &Baseline) -> Vec<InputChange> {
    let mut found = Vec::new();
    if old.version != new.version {
        found.push(InputChange::Harness { old: (&old.version).into(), new: (&new.version).into() });
    }
    let both = || old.scenarios.iter().filter_map(|(name, old)| Some((name, old, new.scenarios.get(name)?)));
    for (name, old, new) in both() {
        let parts = parts(old, new);
        if !parts.is_empty() {
            found.push(InputChange::Scenario { name: name.into(), parts });
        }
    }
    for (name, digest) in &old.setups {
        if new.setups.get(name).is_some_and(|new| new != digest) {
            found.push(InputChange::Setup { name: name.into() });
        }
    }
    for (scenario, old, new) in both() {
        for (name, digest) in &old.agents {
            if new.agents.get(name).is_some_and(|new| new != digest) {
                found.push(InputChange::Agent { name: name.into(), scenario: scenario.into() });
            }
        }
    }
    found
}

fn parts(old: &Scenario, new: &Scenario) -> Vec<Part> {
    let parts = [
        (Part::Stage, old.stage != new.stage),
        (Part::Brief, old.brief != new.brief),
        (Part::Variants, old.variants != new.variants),
        (Part::Oracle, old.oracle != new.oracle || old.twin_of != new.twin_of),
    ];
    parts.into_iter().filter(|(_, changed)| *changed).map(|(part, _)| part).collect()
}
