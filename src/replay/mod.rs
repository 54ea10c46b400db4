//! Replay: the questions of recorded trials, asked anew of another setup, without any agent and without the world.
//!
//! The ledger has everything that a guardrail is shown: the line, the parsed call, the previewed effects. So a setup's
//! role, guardrails and approver can be asked for what they would have decided, in order, by the gate's own code. What
//! the agent would have done after another decision is in no record: there a replay ends, and says so. `DESIGN.md`
//! beside this file says what counts as evidence.

mod pool;
mod tryout;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

use simulators::World;
use simulators::stage::Problem;

use crate::base::digest::Digest;
use crate::base::limits::Limits;
use crate::gate::Setup;
use crate::record::Event;
use crate::record::replay::Replayed;
use crate::scenario::Scenario;

pub use pool::{Failure, Told, run};
pub use tryout::Tryout;

/// What a replay has to know of a scenario: who may do what in it, as the trial began.
pub struct Scene {
    world: World,
}

impl Scene {
    /// Builds the world of a scenario.
    ///
    /// # Errors
    /// What the stage's own texts (SQL, templates, code) do not hold.
    pub fn new(scenario: &Scenario) -> Result<Self, Problem> {
        let world = World::new(Arc::new(scenario.stage.clone()), 0)?;
        Ok(Self { world })
    }

    /// Those of several scenarios, by the digest of the stage. One whose texts do not hold is left out: its trials stay undecided.
    pub fn by_stage<'s>(scenarios: impl IntoIterator<Item = &'s Scenario>) -> BTreeMap<Digest, Self> {
        let of = |scenario: &Scenario| Some((scenario.digests.stage.clone(), Self::new(scenario).ok()?));
        scenarios.into_iter().filter_map(of).collect()
    }
}

/// Setups to replay trials through, and the scenes of the scenarios that these were recorded on.
pub struct Replay {
    /// By the digest of the stage, which a scenario has for each of its variants.
    pub scenes: BTreeMap<Digest, Scene>,
    /// What the recorded setups change of a trial's beginning, by their digest, as the plan says it.
    pub beginnings: BTreeMap<String, String>,
    /// The setups that are asked, in order.
    pub setups: Vec<Arc<Setup>>,
    /// The deadline for a guardrail's answer.
    pub limits: Limits,
}

impl Replay {
    /// Asks each setup what the gate of a recorded trial was asked, up to its first other decision. Empty: the events
    /// make no trial.
    pub async fn trial(&self, events: &[Event]) -> Vec<Replayed> {
        let done = walk::done(events);
        let mut all = Vec::new();
        for setup in &self.setups {
            all.extend(walk::replay(events, &done, self, setup).await);
        }
        all
    }
}
