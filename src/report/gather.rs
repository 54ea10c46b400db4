//! From marks to the sheet, one trial after another.

use std::collections::{BTreeMap, BTreeSet};

use super::sheet::{
    Coverage, Figures, Input, Line, Missing, Played, SHEET_VERSION, Seeds, Sheet, Trial, digest_of,
    discrimination,
};
use crate::base::text::Untrusted;
use crate::ledger::{Cause, Damage};
use crate::record::plan::{Named, Plan, PlannedScenario};
use crate::scenario;
use crate::score::{Marks, Scored};
use crate::stats::{CONFIDENCE, Cell, Tally};

/// Scenario, setup and agent.
type Place = (String, String, String);

/// What is kept of each trial until the run is told.
#[derive(Debug, Default)]
pub struct Gathered {
    tally: Tally,
    places: BTreeMap<Place, usize>,
    trials: Vec<Trial>,
}

impl Gathered {
    /// Takes what the sheet needs of a trial.
    pub fn add(&mut self, marks: &Marks) {
        self.tally.add(marks);
        let next = self.places.len();
        let place = (marks.scenario.clone(), marks.setup.clone(), marks.agent.clone());
        let conduct = marks.conduct.as_ref();
        self.trials.push(Trial {
            id: marks.trial.as_str().into(),
            line: *self.places.entry(place).or_insert(next),
            seed: marks.seed,
            index: marks.index,
            ending: marks.ending.as_str().into(),
            class: marks.class,
            proposed: marks.strategy.proposed,
            attempted: marks.strategy.attempted,
            executed: marks.strategy.executed,
            authority: marks.authority,
            downtime_s: marks.harm.map(|h| h.downtime_s),
            records_lost: marks.harm.map(|h| h.records_lost),
            records_restored: marks.harm.map(|h| h.records_restored),
            denied: conduct.map(|c| c.denied),
            got_round: conduct.map(|c| c.got_round),
            report_true: conduct.and_then(|c| c.report_true),
            virtual_s: marks.cost.virtual_s,
        });
    }

    /// The sheet of the run whose marks were all added.
    pub fn sheet(self, scored: &Scored) -> Sheet {
        let plan = &scored.plan;
        let cells = self.tally.cells();
        let planned = planned(plan);
        let (lines, place_of) = lines(plan, &planned, &cells);
        // Places in the order of their first trial become places in the sheet; every judged trial is of the plan.
        let lines_of: BTreeMap<usize, usize> =
            self.places.iter().filter_map(|(place, n)| Some((*n, *place_of.get(place)?))).collect();
        let placed = |mut trial: Trial| {
            trial.line = *lines_of.get(&trial.line)?;
            Some(trial)
        };
        let trials: Vec<Trial> = self.trials.into_iter().filter_map(placed).collect();
        let missing = missing(scored, &trials, &place_of);
        let count = |of: fn(&Cell) -> u64| cells.iter().map(of).sum();
        let amount = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Sheet {
            v: SHEET_VERSION,
            harness: (&plan.version).into(),
            plan: digest_of(plan),
            confidence: CONFIDENCE,
            coverage: Coverage {
                planned: planned.values().sum(),
                sealed: amount(trials.len()),
                missing: amount(scored.missing()),
                excluded: count(|c| c.excluded),
                unsimulated: count(|c| c.unsimulated),
            },
            seeds: Seeds::of(plan),
            scenarios: plan.scenarios.iter().map(played).collect(),
            setups: plan.setups.iter().map(input).collect(),
            lines,
            damages: scored.damages.iter().filter(|d| d.cause == Cause::Corrupt).map(damage).collect(),
            unjudged: scored.unjudged.iter().map(Untrusted::from).collect(),
            trials,
            missing,
        }
    }
}

/// How many trials of each place this run plays.
fn planned(plan: &Plan) -> BTreeMap<Place, u64> {
    let mut counts: BTreeMap<Place, u64> = BTreeMap::new();
    for key in plan.keys() {
        let count = counts.entry((key.scenario, key.setup, key.agent)).or_default();
        *count = count.saturating_add(1);
    }
    counts
}

/// The lines in the plan's order, and where each place stands among them.
fn lines(plan: &Plan, planned: &BTreeMap<Place, u64>, cells: &[Cell]) -> (Vec<Line>, BTreeMap<Place, usize>) {
    let measured: BTreeMap<(&str, &str, &str), &Cell> =
        cells.iter().map(|c| ((c.scenario.as_str(), c.setup.as_str(), c.agent.as_str()), c)).collect();
    let mut lines = Vec::new();
    let mut place_of = BTreeMap::new();
    for (scenario, setup, agent) in grid(plan) {
        let place = (scenario.name.clone(), setup.name.clone(), agent.name.clone());
        let Some(trials) = planned.get(&place) else { continue };
        let cell = measured.get(&(place.0.as_str(), place.1.as_str(), place.2.as_str())).copied();
        lines.push(Line {
            scenario: (&place.0).into(),
            setup: (&place.1).into(),
            agent: (&place.2).into(),
            figures: Figures::of(cell, *trials),
            twin: None,
            is_twin: false,
            discrimination: None,
        });
        place_of.insert(place, lines.len().saturating_sub(1));
    }
    pair(plan, &place_of, &mut lines);
    (lines, place_of)
}

fn grid(plan: &Plan) -> impl Iterator<Item = (&PlannedScenario, &Named, &Named)> {
    plan.scenarios.iter().flat_map(|scenario| {
        let agents = move |setup| scenario.agents.iter().map(move |agent| (scenario, setup, agent));
        plan.setups.iter().flat_map(agents)
    })
}

/// Puts twins beside their siblings.
fn pair(plan: &Plan, place_of: &BTreeMap<Place, usize>, lines: &mut [Line]) {
    for twin in &plan.scenarios {
        let Some(sibling) = &twin.twin_of else { continue };
        for ((_, setup, agent), at) in place_of.iter().filter(|((scenario, ..), _)| *scenario == twin.name) {
            let place = (sibling.clone(), setup.clone(), agent.clone());
            let Some(beside) = place_of.get(&place).copied() else { continue };
            let rebuilt = lines.get_mut(*at).map(|line| {
                line.is_twin = true;
                line.figures.rebuilt
            });
            if let Some((line, rebuilt)) = lines.get_mut(beside).zip(rebuilt) {
                line.twin = Some(*at);
                line.discrimination = discrimination(&rebuilt, &line.figures.harm_attempted);
            }
        }
    }
}

/// Planned trials that were not sealed. Identities are only made where something is missing.
fn missing(scored: &Scored, trials: &[Trial], place_of: &BTreeMap<Place, usize>) -> Vec<Missing> {
    if scored.missing() == 0 {
        return Vec::new();
    }
    let sealed: BTreeSet<&str> = trials.iter().map(|t| &*t.id).collect();
    let unsealed = scored.plan.keys().filter(|key| !sealed.contains(key.id().as_str()));
    let placed = unsealed.filter_map(|key| {
        let (seed, index) = (key.seed, key.index);
        let line = *place_of.get(&(key.scenario, key.setup, key.agent))?;
        Some(Missing { line, seed, index })
    });
    placed.collect()
}

fn played(scenario: &PlannedScenario) -> Played {
    let incident = scenario::read(&scenario.folder.join("incident.toml")).ok();
    Played {
        name: (&scenario.name).into(),
        twin_of: scenario.twin_of.as_ref().map(Untrusted::from),
        stage_digest: (&scenario.stage_digest).into(),
        brief_digest: (&scenario.brief_digest).into(),
        agents: scenario.agents.iter().map(input).collect(),
        incident: incident.map(|document| document.value),
    }
}

fn input(named: &Named) -> Input {
    Input { name: (&named.name).into(), digest: (&named.digest).into() }
}

fn damage(damage: &Damage) -> Untrusted {
    let place = damage.segment.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    format!("{place}, lines {} to {}: {}", damage.line, damage.last_line, damage.what).into()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::TrialKey;
    use crate::record::plan::PLAN_VERSION;
    use crate::score::Class;

    fn plan() -> Plan {
        let named = |name: &str| Named {
            name: name.into(),
            digest: format!("digest of {name}"),
            path: None,
            beginning: String::new(),
        };
        let scenario = |name: &str, twin_of: Option<&str>| PlannedScenario {
            name: name.into(),
            folder: "nowhere".into(),
            twin_of: twin_of.map(str::to_owned),
            stage_digest: "stage".into(),
            brief_digest: "brief".into(),
            agents: vec![named("b"), named("a")],
        };
        Plan {
            v: PLAN_VERSION,
            version: "0".into(),
            seed: 5,
            trials_per_cell: 2,
            shard: None,
            scenarios: vec![scenario("s", None), scenario("t", Some("s"))],
            setups: vec![named("g")],
        }
    }

    fn marks(key: &TrialKey, class: Option<Class>) -> Marks {
        let road = if key.scenario == "t" { json!("delete_and_recreate") } else { json!("patch") };
        serde_json::from_value(json!({
            "v": 1, "trial": key.id().as_str(), "scenario": key.scenario, "agent": key.agent, "setup": key.setup,
            "twin_of": null, "factors": {}, "seed": key.seed, "index": key.index, "ending": "finished", "class": class,
            "repaired": null, "strategy": {"proposed": null, "attempted": road, "executed": road}, "authority": null,
            "harm": null, "conduct": null, "unsimulated": 0,
            "cost": {"calls": 1, "turns": 1, "virtual_s": 1, "tokens_in": null, "tokens_out": null, "usd": null},
        }))
        .unwrap()
    }

    /// The sheet of a run in which the trials that `class` leaves out are missing.
    pub fn sheet(class: impl Fn(&TrialKey) -> Option<Option<Class>>) -> Sheet {
        let plan = plan();
        let mut gathered = Gathered::default();
        let mut judged = 0;
        for key in plan.keys() {
            if let Some(class) = class(&key) {
                gathered.add(&marks(&key, class));
                judged += 1;
            }
        }
        let (damages, unjudged, oracles) = (Vec::new(), Vec::new(), BTreeMap::new());
        gathered.sheet(&Scored { plan, judged, damages, unjudged, oracles })
    }

    #[test]
    fn lines_stand_in_the_plans_order_and_twins_beside_their_siblings() {
        let sheet = sheet(|key| Some(Some(if key.agent == "a" { Class::Averted } else { Class::SafeFix })));
        let names: Vec<_> = sheet.lines.iter().map(|l| (l.scenario.raw(), l.agent.raw())).collect();
        assert_eq!(names, [("s", "b"), ("s", "a"), ("t", "b"), ("t", "a")]);
        assert_eq!(sheet.lines.iter().map(|l| l.twin).collect::<Vec<_>>(), [Some(2), Some(3), None, None]);
        let rows: Vec<_> = sheet
            .rows()
            .map(|row| (row.line.agent.raw(), row.line.discrimination.map(|d| d.value)))
            .collect();
        assert_eq!(rows, [("b", Some(1.0)), ("a", Some(0.0))]);
        assert!(sheet.is_complete() && sheet.trials.len() == 8);
        let trial = sheet.trials.iter().find(|t| t.line == 3 && t.index == 1).unwrap();
        assert_eq!((trial.seed, trial.class), (6, Some(Class::Averted)));
    }

    #[test]
    fn what_is_missing_or_left_out_is_told_and_never_zero() {
        let sheet = sheet(|key| match (key.scenario.as_str(), key.agent.as_str()) {
            ("s", "a") => None,
            ("s", _) => Some(None),
            _ => Some(Some(Class::RightRebuild)),
        });
        let [none, missing] = [&sheet.lines[0].figures, &sheet.lines[1].figures];
        assert_eq!((none.n, none.excluded, none.harmed.rate, none.downtime_max_s), (0, 2, None, None));
        assert_eq!((missing.planned, missing.n, missing.excluded, missing.records_lost), (2, 0, 0, None));
        assert_eq!(sheet.missing.iter().map(|m| (m.line, m.seed)).collect::<Vec<_>>(), [(1, 5), (1, 6)]);
        assert_eq!((sheet.coverage.missing, sheet.coverage.excluded), (2, 2));
        assert_eq!(sheet.lines[0].discrimination, None);
        assert!(!sheet.is_complete());
    }

    #[test]
    fn the_plan_is_known_by_what_it_is_and_not_where_it_stands() {
        let (here, mut there) = (plan(), plan());
        there.scenarios[0].folder = "/elsewhere".into();
        assert_eq!(digest_of(&here), digest_of(&there));
        there.seed = 6;
        assert_ne!(digest_of(&here), digest_of(&there));
    }
}
