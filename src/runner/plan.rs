//! What is to be played: scenarios × setups × agents × seeds, each with the digests of what determines it.

use std::sync::Arc;

use crate::agent::{Agent, Scripted};
use crate::gate::Setup;
use crate::record::plan::{Named, PLAN_VERSION, Plan, PlannedScenario, Shard};
use crate::scenario::{Scenario, Script};

/// Who plays a part in a scenario.
#[derive(Clone, Debug)]
pub enum Cast {
    /// A reference agent, and the digest of its file and of what that takes in.
    Script(Arc<Script>, String),
}

impl Cast {
    /// A scripted agent.
    pub fn scripted(script: Script) -> Self {
        let digest = script.digest();
        Self::Script(Arc::new(script), digest)
    }

    /// Its name, as tables show it.
    pub fn name(&self) -> &str {
        match self {
            Self::Script(script, _) => &script.name,
        }
    }

    /// One line on it.
    pub fn about(&self) -> &str {
        match self {
            Self::Script(script, _) => &script.about,
        }
    }

    /// It, at the beginning of a trial.
    pub(super) fn agent(&self) -> Box<dyn Agent> {
        match self {
            Self::Script(script, _) => Box::new(Scripted::new(Arc::clone(script))),
        }
    }

    fn named(&self) -> Named {
        let (digest, path) = match self {
            Self::Script(_, digest) => (digest.clone(), None),
        };
        Named { name: self.name().to_owned(), digest, path, beginning: String::new() }
    }
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
        agents: casts.iter().map(Cast::named).collect(),
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
