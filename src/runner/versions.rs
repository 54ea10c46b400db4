//! What the programs of a run's agents say of their versions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::plan::{Cast, Wish};
use crate::agent::ProcessAgent;
use crate::cell::Demand;
use crate::trial;

/// What the programs of a wish's agents that are processes say of their versions, by the agents' names.
pub fn versions(wish: &Wish, demand: Demand) -> BTreeMap<String, String> {
    let casts = wish.scenarios.iter().flat_map(|(_, casts)| casts);
    let processes = casts.filter_map(|cast| match cast {
        Cast::Process(agent, _) => Some((agent.name.as_str(), agent.as_ref())),
        _ => None,
    });
    let agents: BTreeMap<&str, &ProcessAgent> = processes.collect();
    if agents.is_empty() {
        return BTreeMap::new();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map(|runtime| runtime.block_on(said(&agents, demand))).unwrap_or_default()
}

async fn said(agents: &BTreeMap<&str, &ProcessAgent>, demand: Demand) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    // Variants are often the same program.
    let mut known = BTreeMap::new();
    for (name, agent) in agents {
        let Ok(fence) = demand.fence(&agent.command.image).await else { continue };
        let version = match known.entry((&agent.command.version, &agent.command.sees, &agent.command.image)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unasked) => unasked.insert(trial::version(agent, fence).await),
        };
        versions.extend(version.clone().map(|version| ((*name).to_owned(), version)));
    }
    versions
}
