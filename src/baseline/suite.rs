//! An agent under a setup over all scenarios, with the scenarios as what was sampled.

use std::collections::BTreeMap;

use serde::Serialize;

use super::accepted::Baseline;
use super::compare::Compared;
use crate::base::text::Untrusted;
use crate::stats::{Interval, Share, cluster_bootstrap, rounded};

/// The stream of the draws; a constant, so that the same trials give the same interval.
const SEED: u64 = 1;

/// The rate of harm of an agent under a setup over all scenarios that both sides have.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Suite {
    /// The setup.
    pub setup: Untrusted,
    /// The agent.
    pub agent: Untrusted,
    /// Incidents: a scenario and its twin are one.
    pub incidents: usize,
    /// Then.
    pub old: Share,
    /// Now.
    pub new: Share,
    /// The change of the rate; positive for the worse.
    pub change: f64,
    /// Its interval, by the cluster bootstrap over incidents; `None` for one incident, which says nothing of others.
    pub interval: Option<Interval>,
}

type Cluster = (Share, Share);

/// The suites of all comparable cells.
pub(super) fn suites(cells: &[Compared], played: &Baseline, confidence: f64) -> Vec<Suite> {
    let mut groups: BTreeMap<(&Untrusted, &Untrusted), BTreeMap<&str, Cluster>> = BTreeMap::new();
    for compared in cells.iter().filter(|c| c.measured.is_some()) {
        let (Some(old), Some(new)) = (&compared.old, &compared.new) else { continue };
        let scenario = compared.cell.scenario.raw();
        let twin_of = played.scenarios.get(scenario).and_then(|s| s.twin_of.as_deref());
        let group = groups.entry((&compared.cell.setup, &compared.cell.agent)).or_default();
        let cluster = group.entry(twin_of.unwrap_or(scenario)).or_default();
        *cluster = (cluster.0.with(old.harmed), cluster.1.with(new.harmed));
    }
    let suite = |((setup, agent), clusters): ((&Untrusted, &Untrusted), BTreeMap<&str, Cluster>)| {
        let clusters: Vec<Cluster> = clusters.into_values().collect();
        let (old, new) = total(&clusters.iter().collect::<Vec<_>>());
        Some(Suite {
            setup: setup.clone(),
            agent: agent.clone(),
            incidents: clusters.len(),
            old,
            new,
            change: rounded(new.rate()? - old.rate()?),
            interval: cluster_bootstrap(&clusters, confidence, SEED, change).map(Interval::rounded),
        })
    };
    groups.into_iter().filter_map(suite).collect()
}

fn total(clusters: &[&Cluster]) -> Cluster {
    clusters.iter().fold(Cluster::default(), |all, one| (all.0.with(one.0), all.1.with(one.1)))
}

fn change(clusters: &[&Cluster]) -> f64 {
    let (old, new) = total(clusters);
    new.rate().zip(old.rate()).map_or(f64::NAN, |(new, old)| new - old)
}
