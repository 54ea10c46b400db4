//! What is to be played: scenarios × setups × agents × seeds, each with the digests of what determines it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::gate::Setup;
use crate::record::TrialKey;
use crate::record::plan::{PLAN_VERSION, Plan, PlannedScenario};
use crate::scenario::{Scenario, Script};

/// An agent of a cast, and the digest of its file.
#[derive(Clone, Debug)]
pub struct Cast {
    /// What it does.
    pub script: Arc<Script>,
    /// SHA-256 of the file and of what it takes in.
    pub digest: String,
}

/// What a user wants played.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Scenarios with the agents that play them.
    pub scenarios: Vec<(Arc<Scenario>, Vec<Cast>)>,
    /// Setups with the digests of their files.
    pub setups: Vec<(Arc<Setup>, String)>,
    /// Repetitions of each cell.
    pub trials: u32,
    /// The first repetition's seed; each next one takes the next.
    pub seed: u64,
}

/// Lays out every trial of a wish.
pub fn plan(wish: &Wish) -> Plan {
    let mut trials = Vec::new();
    for (scenario, casts) in &wish.scenarios {
        for (setup, setup_digest) in &wish.setups {
            for cast in casts {
                for index in 0..wish.trials {
                    trials.push(TrialKey {
                        scenario: scenario.name.clone(),
                        agent: cast.script.name.clone(),
                        setup: setup.name.clone(),
                        factors: BTreeMap::new(),
                        seed: wish.seed.wrapping_add(u64::from(index)),
                        index,
                        stage_digest: scenario.digests.stage.clone(),
                        brief_digest: scenario.digests.brief.clone(),
                        agent_digest: cast.digest.clone(),
                        setup_digest: setup_digest.clone(),
                        version: env!("CARGO_PKG_VERSION").to_owned(),
                    });
                }
            }
        }
    }
    let scenarios = wish.scenarios.iter().map(|(s, _)| PlannedScenario {
        name: s.name.clone(),
        folder: s.folder.clone(),
        twin_of: s.twin_of.clone(),
    });
    Plan {
        v: PLAN_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: wish.seed,
        trials_per_cell: wish.trials,
        scenarios: scenarios.collect(),
        trials,
    }
}
