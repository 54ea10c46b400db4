//! What a run that varies something says: what tips its agents, and whether its setups hold.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::effects::Varied;
use super::holds::Standing;
use super::sheet::Place;
use super::trials::Trials;
use crate::record::Factors;
use crate::record::plan::{Plan, PlannedScenario};
use crate::stats::effects::{Layout, Terms, Wanted};
use crate::stats::{Brief, GuardrailTally, Holding};

/// What is read of a run.
pub(super) struct Read<'r> {
    pub trials: &'r Trials,
    pub plan: &'r Plan,
    pub cell_of: &'r BTreeMap<Place, usize>,
    pub guardrails: &'r GuardrailTally,
}

/// Scenarios that were played in the same variants, each with its place in the plan.
struct Group<'r> {
    variants: Vec<Factors>,
    scenarios: Vec<(usize, &'r PlannedScenario)>,
}

impl<'r> Read<'r> {
    /// What each change does to harm, for each agent on each varied scenario under each setup, in the plan's order; and for
    /// each setup how it stands at each level.
    pub fn varied(&self) -> io::Result<(Vec<Varied>, Vec<Standing>)> {
        let (mut effects, mut standings) = (Vec::new(), Vec::new());
        for Group { variants, scenarios } in self.groups() {
            let layout = Layout::of(&variants);
            let terms = Terms::of(&layout);
            let alone = terms.alone();
            let mut holdings: BTreeMap<&str, Holding> = BTreeMap::new();
            for (n, scenario) in &scenarios {
                for setup in self.plan.setup_names() {
                    let holding = holdings.entry(setup).or_insert_with(|| Holding::of(&alone));
                    for agent in scenario.agents.iter().map(|agent| agent.name.as_str()) {
                        let trials = self.trials(&variants, [&scenario.name, setup, agent])?;
                        let harmed = |brief: &Option<Brief>| brief.map(|brief| brief.class.is_harm());
                        let responses: Vec<Vec<Option<bool>>> =
                            trials.iter().map(|trials| trials.iter().map(harmed).collect()).collect();
                        let missing = responses.iter().flatten().filter(|harmed| harmed.is_none()).count();
                        let found = terms.effects(&responses, &Wanted::default());
                        effects.push((*n, Varied::new([&scenario.name, setup, agent], missing, found)));
                        holding.add(&trials);
                    }
                }
            }
            let names: Vec<&str> = scenarios.iter().map(|(_, scenario)| scenario.name.as_str()).collect();
            for setup in self.plan.setup_names() {
                let Some(holding) = holdings.get(setup) else { continue };
                standings.push(Standing::new(setup, &names, holding, |combinations| {
                    let meant: BTreeSet<&Factors> =
                        combinations.iter().filter_map(|n| variants.get(*n)).collect();
                    self.guardrails.score(setup, |scenario, factors| {
                        names.contains(&scenario) && meant.contains(&factors)
                    })
                }));
            }
        }
        effects.sort_by_key(|(n, _)| *n);
        Ok((effects.into_iter().map(|(_, varied)| varied).collect(), standings))
    }

    /// The varied scenarios: those of a group can be looked at together.
    fn groups(&self) -> Vec<Group<'r>> {
        let mut groups: Vec<Group<'r>> = Vec::new();
        for (n, scenario) in self.plan.scenarios.iter().enumerate().filter(|(_, s)| s.variants.len() > 1) {
            let variants = scenario.levels();
            match groups.iter_mut().find(|group| group.variants == variants) {
                Some(group) => group.scenarios.push((n, scenario)),
                None => groups.push(Group { variants, scenarios: vec![(n, scenario)] }),
            }
        }
        groups
    }

    /// The trials of an agent on a scenario under a setup: for each variant its repetitions.
    fn trials(&self, variants: &[Factors], place: [&str; 3]) -> io::Result<Vec<Vec<Option<Brief>>>> {
        let [scenario, setup, agent] = place.map(str::to_owned);
        let of = |factors: &Factors| {
            let (scenario, setup, agent) = (scenario.clone(), setup.clone(), agent.clone());
            let cell = self.cell_of.get(&Place { scenario, factors: factors.clone(), setup, agent });
            cell.into_iter().flat_map(|cell| self.trials.briefs(*cell)).collect()
        };
        variants.iter().map(of).collect()
    }
}
