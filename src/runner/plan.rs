//! What is to be played: scenarios × setups × agents × seeds, each with the digests of what determines it.

use std::sync::Arc;

use crate::gate::Setup;
use crate::record::plan::{Named, PLAN_VERSION, Plan, PlannedScenario, Shard};
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
    /// Setups.
    pub setups: Vec<Arc<Setup>>,
    /// Repetitions of each cell.
    pub trials: u32,
    /// The first repetition's seed; each next one takes the next.
    pub seed: u64,
    /// The part to be played, if not all.
    pub shard: Option<Shard>,
}

/// The plan of a wish.
pub fn plan(wish: &Wish) -> Plan {
    let scenarios = wish.scenarios.iter().map(|(scenario, casts)| PlannedScenario {
        name: scenario.name.clone(),
        folder: scenario.folder.clone(),
        twin_of: scenario.twin_of.clone(),
        stage_digest: scenario.digests.stage.clone(),
        brief_digest: scenario.digests.brief.clone(),
        agents: casts.iter().map(|c| named(&c.script.name, &c.digest)).collect(),
    });
    Plan {
        v: PLAN_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: wish.seed,
        trials_per_cell: wish.trials,
        shard: wish.shard,
        scenarios: scenarios.collect(),
        setups: wish.setups.iter().map(|setup| planned(setup)).collect(),
    }
}

fn planned(setup: &Setup) -> Named {
    Named {
        name: setup.name().to_owned(),
        digest: setup.digest.clone(),
        path: setup.path.clone(),
        beginning: setup.beginning(),
    }
}

fn named(name: &str, digest: &str) -> Named {
    Named { name: name.to_owned(), digest: digest.to_owned(), path: None, beginning: String::new() }
}
