//! What was to be run, as `plan.json` holds it: the sides of the grid and the digests of every input. The trials follow.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Factors, TrialKey};

/// Version of `plan.json`.
pub const PLAN_VERSION: u32 = 1;

/// Something that is named, and the digest of what it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// SHA-256 of its file and of what that takes in.
    pub digest: String,
    /// Its file, if it has one of its own, such as a setup's or a model agent's; what is built in or stands in a scenario has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Of a setup: digest of what it changes of a trial's beginning; empty: nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub beginning: String,
}

/// A scenario of a plan, with the agents that play it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedScenario {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The scenario that it is the twin of.
    pub twin_of: Option<String>,
    /// Digest of the stage and all files it stands on.
    pub stage_digest: String,
    /// Digest of the brief.
    pub brief_digest: String,
    /// What of it is played: combinations of levels, in order. Empty: it is played as it stands, and nothing is varied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<PlannedVariant>,
    /// Its agents.
    pub agents: Vec<Named>,
}

/// A scenario with a level of each factor that the run varies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedVariant {
    /// The levels.
    pub factors: Factors,
    /// Digest of its stage and all files it stands on.
    pub stage_digest: String,
    /// Digest of its brief.
    pub brief_digest: String,
}

/// What of a scenario a trial is played on: one of its variants, or the scenario as it stands.
type Staging<'p> = (&'p PlannedScenario, Option<&'p PlannedVariant>);

impl PlannedScenario {
    /// How many variants are played; a scenario that is not varied is one.
    pub fn stagings(&self) -> usize {
        self.variants.len().max(1)
    }

    /// The levels of each variant, in order; of a scenario that is not varied there are none.
    pub fn levels(&self) -> Vec<Factors> {
        match self.variants.as_slice() {
            [] => vec![Factors::new()],
            variants => variants.iter().map(|variant| variant.factors.clone()).collect(),
        }
    }

    /// The variant that a trial is played in; `None` where the scenario is not played so. Digests are told apart at their first
    /// letters, levels late.
    fn staged(&self, key: &TrialKey) -> Option<Staging<'_>> {
        let is_it = |variant: &&PlannedVariant| {
            variant.stage_digest == key.stage_digest
                && variant.brief_digest == key.brief_digest
                && variant.factors == key.factors
        };
        match self.variants.is_empty() {
            true => key.factors.is_empty().then_some((self, None)),
            false => Some((self, Some(self.variants.iter().find(is_it)?))),
        }
    }
}

/// One of several parts of a plan, played apart and merged later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shard {
    /// Which part, from 0.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

/// What was to be run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Version of this file.
    pub v: u32,
    /// Version of the harness.
    pub version: String,
    /// The first repetition's seed; each next one takes the next.
    pub seed: u64,
    /// Repetitions of each cell.
    pub trials_per_cell: u32,
    /// The part that this run plays; all of it if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The scenarios.
    pub scenarios: Vec<PlannedScenario>,
    /// The setups.
    pub setups: Vec<Named>,
}

impl Plan {
    /// The trials that this run plays, sorted by scenario, variant, setup, agent and repetition. A shard takes every n-th,
    /// so that long cells are spread.
    pub fn keys(&self) -> impl Iterator<Item = TrialKey> + '_ {
        (0..self.whole()).filter(|n| self.plays(*n)).filter_map(|n| self.at(n))
    }

    /// How many trials all shards have together.
    pub fn whole(&self) -> usize {
        self.scenarios.iter().map(|s| self.of_scenario(s)).sum()
    }

    fn of_scenario(&self, scenario: &PlannedScenario) -> usize {
        scenario.stagings().saturating_mul(self.of_staging(scenario))
    }

    fn of_staging(&self, scenario: &PlannedScenario) -> usize {
        scenario.agents.len().saturating_mul(self.setups.len()).saturating_mul(self.per_cell())
    }

    fn per_cell(&self) -> usize {
        usize::try_from(self.trials_per_cell).unwrap_or(usize::MAX)
    }

    /// Whether this run plays the n-th trial of the whole.
    pub fn plays(&self, n: usize) -> bool {
        self.shard.is_none_or(|shard| {
            let of = usize::try_from(shard.of).unwrap_or(usize::MAX).max(1);
            usize::try_from(shard.index) == Ok(n % of)
        })
    }

    /// The n-th trial of the whole.
    pub fn at(&self, n: usize) -> Option<TrialKey> {
        let mut rest = n;
        for scenario in &self.scenarios {
            let own = self.of_scenario(scenario);
            if rest < own {
                let (staging, rest) = (rest / self.of_staging(scenario), rest % self.of_staging(scenario));
                let staging = (scenario, scenario.variants.get(staging));
                let (cell, index) = (rest / self.per_cell(), rest % self.per_cell());
                let setup = self.setups.get(cell / scenario.agents.len())?;
                let agent = scenario.agents.get(cell % scenario.agents.len())?;
                return Some(self.key(staging, setup, agent, u32::try_from(index).ok()?));
            }
            rest = rest.saturating_sub(own);
        }
        None
    }

    /// Each variant is played with the same seeds, so that trials of one seed are a pair.
    fn key(&self, (scenario, variant): Staging<'_>, setup: &Named, agent: &Named, index: u32) -> TrialKey {
        let stage_digest = variant.map_or(&scenario.stage_digest, |v| &v.stage_digest);
        let brief_digest = variant.map_or(&scenario.brief_digest, |v| &v.brief_digest);
        TrialKey {
            scenario: scenario.name.clone(),
            agent: agent.name.clone(),
            setup: setup.name.clone(),
            factors: variant.map(|v| v.factors.clone()).unwrap_or_default(),
            seed: self.seed.wrapping_add(u64::from(index)),
            index,
            stage_digest: stage_digest.clone(),
            brief_digest: brief_digest.clone(),
            agent_digest: agent.digest.clone(),
            setup_digest: setup.digest.clone(),
            version: self.version.clone(),
        }
    }

    /// How many trials this run plays.
    pub fn trials(&self) -> usize {
        (0..self.whole()).filter(|n| self.plays(*n)).count()
    }

    /// Whether a trial is one of this plan's, whichever shard plays it.
    pub fn holds(&self, key: &TrialKey) -> bool {
        let scenario = self.scenarios.iter().find(|s| s.name == key.scenario);
        let setup = self.setups.iter().find(|s| s.name == key.setup);
        let agent = scenario.and_then(|s| s.agents.iter().find(|a| a.name == key.agent));
        let staging = scenario.and_then(|s| s.staged(key));
        let (Some(staging), Some(setup), Some(agent)) = (staging, setup, agent) else { return false };
        key.index < self.trials_per_cell && *key == self.key(staging, setup, agent, key.index)
    }

    /// The plan of which this is a part.
    #[must_use]
    pub fn unsharded(&self) -> Self {
        Self { shard: None, ..self.clone() }
    }

    /// Whether both plan the same trials. Where a scenario's folder stands may differ from machine to machine: its digests
    /// say what is in it.
    pub fn is_same(&self, other: &Self) -> bool {
        let placeless = |plan: &Self| {
            let mut plan = plan.clone();
            for scenario in &mut plan.scenarios {
                scenario.folder.clear();
                scenario.agents.iter_mut().for_each(|agent| agent.path = None);
            }
            plan.setups.iter_mut().for_each(|setup| setup.path = None);
            plan
        };
        placeless(self) == placeless(other)
    }

    /// What each setup changes of a trial's beginning, by its digest.
    pub fn beginnings(&self) -> BTreeMap<String, String> {
        self.setups.iter().map(|setup| (setup.digest.clone(), setup.beginning.clone())).collect()
    }

    /// The names of setups that are played, in order.
    pub fn setup_names(&self) -> impl Iterator<Item = &str> {
        self.setups.iter().map(|s| s.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(shard: Option<Shard>) -> Plan {
        let named = |name: &str| Named {
            name: name.into(),
            digest: format!("digest of {name}"),
            path: None,
            beginning: String::new(),
        };
        let scenario = |name: &str| PlannedScenario {
            name: name.into(),
            folder: name.into(),
            twin_of: None,
            stage_digest: "stage".into(),
            brief_digest: "brief".into(),
            variants: Vec::new(),
            agents: vec![named("a"), named("b"), named("c")],
        };
        Plan {
            v: PLAN_VERSION,
            version: "0".into(),
            seed: 5,
            trials_per_cell: 7,
            shard,
            scenarios: vec![scenario("s"), scenario("t")],
            setups: vec![named("g"), named("h")],
        }
    }

    #[test]
    fn shards_are_apart_and_make_the_whole() {
        let whole: Vec<TrialKey> = plan(None).keys().collect();
        assert_eq!(whole.len(), 2 * 2 * 3 * 7);
        let mut parts: Vec<TrialKey> =
            (0..5).flat_map(|index| plan(Some(Shard { index, of: 5 })).keys().collect::<Vec<_>>()).collect();
        assert_eq!(parts.len(), whole.len());
        let mut sorted = whole.clone();
        parts.sort();
        sorted.sort();
        assert_eq!(parts, sorted);
        assert!(whole.iter().all(|key| plan(Some(Shard { index: 1, of: 5 })).holds(key)));
    }

    /// The same, with the scenario `s` in three variants.
    fn varied(shard: Option<Shard>) -> Plan {
        let mut plan = plan(shard);
        let variant = |level: &str| PlannedVariant {
            factors: Factors::from([("label".to_owned(), level.to_owned())]),
            stage_digest: format!("stage with {level}"),
            brief_digest: "brief".into(),
        };
        plan.scenarios[0].variants = ["clear", "missing", "wrong"].map(variant).into();
        plan
    }

    #[test]
    fn variants_are_played_with_the_same_seeds_and_shards_make_the_whole() {
        let whole: Vec<TrialKey> = varied(None).keys().collect();
        assert_eq!(whole.len(), (3 + 1) * 2 * 3 * 7);
        let ids: std::collections::BTreeSet<_> = whole.iter().map(TrialKey::id).collect();
        assert_eq!(ids.len(), whole.len());
        let seeds = |level: &str| -> Vec<(String, u64)> {
            let own = whole.iter().filter(|k| k.factors.get("label").is_some_and(|l| l == level));
            own.map(|k| (format!("{} {}", k.setup, k.agent), k.seed)).collect()
        };
        assert_eq!(seeds("clear"), seeds("missing"));
        assert!(
            whole
                .iter()
                .take(42)
                .all(|k| k.factors["label"] == "clear" && k.stage_digest == "stage with clear")
        );
        assert!(whole.iter().all(|k| varied(None).holds(k)), "every planned trial is held");
        let mut parts: Vec<TrialKey> = (0..5)
            .flat_map(|index| varied(Some(Shard { index, of: 5 })).keys().collect::<Vec<_>>())
            .collect();
        parts.sort();
        let mut sorted = whole;
        sorted.sort();
        assert_eq!(parts, sorted);
    }

    #[test]
    fn a_trial_of_another_level_is_not_held() {
        let key = varied(None).keys().next().unwrap();
        let level = |level: &str| Factors::from([("label".to_owned(), level.to_owned())]);
        assert!(!varied(None).holds(&TrialKey { factors: Factors::new(), ..key.clone() }));
        assert!(!varied(None).holds(&TrialKey { factors: level("missing"), ..key.clone() }));
        assert!(!varied(None).holds(&TrialKey { factors: level("none"), ..key.clone() }));
        assert!(!plan(None).holds(&key));
    }

    #[test]
    fn a_plan_that_varies_nothing_says_nothing_of_it() {
        assert!(!serde_json::to_string(&plan(None)).unwrap().contains("variants"));
    }

    #[test]
    fn a_trial_of_another_plan_is_not_held() {
        let key = plan(None).keys().next().unwrap();
        assert!(!plan(None).holds(&TrialKey { index: 7, seed: 12, ..key.clone() }));
        assert!(!plan(None).holds(&TrialKey { stage_digest: "other".into(), ..key.clone() }));
        assert!(!plan(None).holds(&TrialKey { seed: 6, ..key }));
    }
}
