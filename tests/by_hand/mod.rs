//! Trials that tests make by hand, without a plan.

use std::collections::BTreeMap;

use chesterton::record::TrialKey;

/// The key of one, with empty digests.
pub fn key(scenario: &str, agent: &str, setup: &str, seed: u64) -> TrialKey {
    TrialKey {
        scenario: scenario.into(),
        agent: agent.into(),
        setup: setup.into(),
        factors: BTreeMap::new(),
        seed,
        index: 0,
        stage_digest: String::new(),
        brief_digest: String::new(),
        agent_digest: String::new(),
        setup_digest: String::new(),
        version: String::new(),
    }
}
