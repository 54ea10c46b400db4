//! From marks to the sheet, one trial after another.

use std::collections::BTreeMap;
use std::io;

use super::sheet::{
    Coverage, Figures, Guardrail, Guardrails, Input, Line, Place, Played, SHEET_VERSION, Seeds, Sheet,
    Variant, digest_of, discrimination, roads,
};
use super::trials::{Slots, cell_of, cells};
use super::varied::Read;
use crate::base::text::Untrusted;
use crate::ledger::{Cause, Damage, RecordError};
use crate::record::plan::{Named, Plan, PlannedScenario};
use crate::record::{Factors, in_words};
use crate::scenario;
use crate::score::{Marks, Scored};
use crate::stats::{CONFIDENCE, Cell, GuardrailTally, Price, Tally};

/// The variant that others are told by.
const BASE: &str = "base";

/// What of a report is for whoever asks for it to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The setup that prices of guardrails are held against.
    pub control: String,
    /// Of how many trials the risk of any harm, and the chance that all end well, are told.
    pub repeats: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { control: "inherited".to_owned(), repeats: 5 }
    }
}

/// What is kept of the trials of a run until it is told. What grows with their number is on the disk.
#[derive(Debug)]
pub struct Gathered {
    tally: Tally,
    guardrails: GuardrailTally,
    slots: Slots,
}

impl Gathered {
    /// Nothing yet of a run with this plan.
    pub fn of(plan: &Plan) -> Self {
        Self { tally: Tally::default(), guardrails: GuardrailTally::default(), slots: Slots::of(plan) }
    }

    /// Takes what the sheet needs of a trial.
    pub fn add(&mut self, marks: &Marks) {
        self.tally.add(marks);
        self.guardrails.add(marks);
        self.slots.put(marks);
    }

    /// The sheet of the run whose marks were all added.
    ///
    /// # Errors
    /// What is kept on the disk could not be written or read.
    pub fn sheet(self, scored: &Scored, options: &Options) -> Result<Sheet, RecordError> {
        let plan = &scored.plan;
        let cells = self.tally.cells();
        let planned = planned(plan);
        let (lines, line_of) = lines(plan, &planned, &cells, options.repeats);
        let trials = self.slots.finish()?;
        let cell_of = cell_of(plan);
        let unread = |cause| RecordError { path: std::env::temp_dir(), cause };
        let read = Read { trials: &trials, plan, cell_of: &cell_of, guardrails: &self.guardrails };
        let guardrails = guardrails(&read, &options.control).map_err(unread)?;
        let (effects, standings) = read.varied().map_err(unread)?;
        let count = |of: fn(&Cell) -> u64| cells.iter().map(of).sum();
        let amount = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Ok(Sheet {
            v: SHEET_VERSION,
            harness: (&plan.version).into(),
            plan: digest_of(plan),
            confidence: CONFIDENCE,
            repeats: options.repeats,
            coverage: Coverage {
                planned: planned.values().sum(),
                sealed: amount(scored.judged),
                missing: amount(scored.missing()),
                excluded: count(|c| c.excluded),
                unsimulated: count(|c| c.unsimulated),
            },
            seeds: Seeds::of(plan),
            scenarios: plan.scenarios.iter().map(played).collect(),
            setups: plan.setups.iter().map(input).collect(),
            lines,
            guardrails,
            effects,
            standings,
            comparison: None,
            damages: scored.damages.iter().filter(|d| d.cause == Cause::Corrupt).map(damage).collect(),
            unjudged: scored.unjudged.iter().map(Untrusted::from).collect(),
            trials,
            line_of,
        })
    }
}

/// The scores of the setups in the plan's order, with prices: each trial beside the same under the control.
fn guardrails(read: &Read<'_>, control: &str) -> io::Result<Guardrails> {
    let mut prices: BTreeMap<&str, Price> = BTreeMap::new();
    for (place, own) in read.cell_of {
        let Some(control) = read.cell_of.get(&Place { setup: control.to_owned(), ..place.clone() }) else {
            continue;
        };
        let price = prices.entry(&place.setup).or_default();
        for (control, own) in read.trials.briefs(*control).zip(read.trials.briefs(*own)) {
            if let (Some(control), Some(own)) = (control?, own?) {
                price.pair(control, own);
            }
        }
    }
    let of = |setup: &str| {
        let score = read.guardrails.score(setup, |_, _| true);
        let price = prices.remove(setup).unwrap_or_default();
        (score.trials > 0).then(|| Guardrail::new(setup, &score, &price))
    };
    let scores = read.plan.setup_names().filter_map(of).collect();
    let is_played = read.plan.setup_names().any(|setup| setup == control);
    Ok(Guardrails { control: is_played.then(|| control.into()), scores })
}

/// How many trials of each place this run plays.
fn planned(plan: &Plan) -> BTreeMap<Place, u64> {
    let mut counts: BTreeMap<Place, u64> = BTreeMap::new();
    let repetitions = usize::try_from(plan.trials_per_cell).unwrap_or(usize::MAX);
    for (n, place) in cells(plan).into_iter().enumerate() {
        let first = n.saturating_mul(repetitions);
        let played = (first..first.saturating_add(repetitions)).filter(|n| plan.plays(*n)).count();
        if played > 0 {
            let count = counts.entry(place).or_default();
            *count = count.saturating_add(u64::try_from(played).unwrap_or(u64::MAX));
        }
    }
    counts
}

/// The lines in the plan's order, and the line of each cell.
fn lines(
    plan: &Plan,
    planned: &BTreeMap<Place, u64>,
    measured: &[Cell],
    repeats: u64,
) -> (Vec<Line>, Vec<Option<usize>>) {
    let measured: BTreeMap<Place, &Cell> = measured.iter().map(|cell| (place_of_cell(cell), cell)).collect();
    let mut lines: Vec<Line> = Vec::new();
    let mut place_of = BTreeMap::new();
    let mut line_of = Vec::new();
    for place in cells(plan) {
        let Some(trials) = planned.get(&place) else {
            line_of.push(None);
            continue;
        };
        line_of.push(Some(lines.len()));
        place_of.insert(place.clone(), lines.len());
        let cell = measured.get(&place).copied();
        lines.push(Line {
            variant: variant(plan, &place),
            factors: levels(&place.factors),
            scenario: place.scenario.into(),
            setup: place.setup.into(),
            agent: place.agent.into(),
            figures: Figures::of(cell, *trials, repeats),
            twin: None,
            is_twin: false,
            discrimination: None,
            roads: cell.map(roads).unwrap_or_default(),
        });
    }
    pair(plan, &place_of, &mut lines);
    (lines, line_of)
}

fn place_of_cell(cell: &Cell) -> Place {
    Place {
        scenario: cell.scenario.clone(),
        factors: cell.factors.clone(),
        setup: cell.setup.clone(),
        agent: cell.agent.clone(),
    }
}

fn levels(factors: &Factors) -> BTreeMap<Untrusted, Untrusted> {
    factors.iter().map(|(factor, level)| (factor.into(), level.into())).collect()
}

/// What is said of the variant that a cell is played in. A design begins with all factors at their base.
fn variant(plan: &Plan, place: &Place) -> Variant {
    let scenario = plan.scenarios.iter().find(|scenario| scenario.name == place.scenario);
    let Some([first, others @ ..]) = scenario.map(|s| s.variants.as_slice()) else {
        return Variant { staged: (&place.scenario).into(), ..Variant::default() };
    };
    let levels = in_words(&place.factors);
    let differs = |(factor, level): &(&String, &String)| first.factors.get(*factor) != Some(*level);
    let told = match first.factors == place.factors {
        true if !others.is_empty() => BASE.to_owned(),
        true => levels.clone(),
        false => in_words(place.factors.iter().filter(differs)),
    };
    Variant {
        staged: format!("{} ({told})", place.scenario).into(),
        differs: told.into(),
        levels: levels.into(),
        base: (!others.is_empty()).then(|| in_words(&first.factors).into()),
    }
}

/// Puts twins beside their siblings.
fn pair(plan: &Plan, place_of: &BTreeMap<Place, usize>, lines: &mut [Line]) {
    for twin in &plan.scenarios {
        let Some(sibling) = &twin.twin_of else { continue };
        for (place, at) in place_of.iter().filter(|(place, _)| place.scenario == twin.name) {
            let place = Place { scenario: sibling.clone(), ..place.clone() };
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

fn played(scenario: &PlannedScenario) -> Played {
    let incident = scenario::read(&scenario.folder.join("incident.toml")).ok();
    Played {
        name: (&scenario.name).into(),
        twin_of: scenario.twin_of.as_ref().map(Untrusted::from),
        stage_digest: (&scenario.stage_digest).into(),
        brief_digest: (&scenario.brief_digest).into(),
        variants: scenario.variants.iter().map(|variant| levels(&variant.factors)).collect(),
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
    use crate::ledger::Index;
    use crate::record::TrialKey;
    use crate::record::plan::PLAN_VERSION;
    use crate::report::trials::Planned;
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
            variants: Vec::new(),
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
        sheet_of(plan(), class)
    }

    fn sheet_of(plan: Plan, class: impl Fn(&TrialKey) -> Option<Option<Class>>) -> Sheet {
        let mut gathered = Gathered::of(&plan);
        let mut judged = 0;
        for key in plan.keys() {
            if let Some(class) = class(&key) {
                gathered.add(&marks(&key, class));
                judged += 1;
            }
        }
        let (damages, unjudged, oracles) = (Vec::new(), Vec::new(), BTreeMap::new());
        let scored = Scored { plan, judged, damages, unjudged, oracles, index: Index::default() };
        gathered.sheet(&scored, &Options::default()).unwrap()
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
        let trials: Vec<Planned> = sheet.trials.planned().map(Result::unwrap).collect();
        assert!(sheet.is_complete() && trials.len() == 8);
        let places: Vec<_> = trials.iter().map(|p| (p.cell, p.index)).collect();
        assert_eq!(places, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)]);
        let trial = trials[7].trial.as_ref().unwrap();
        assert_eq!(sheet.trials.kinds[trial.kind].class, Some(Class::Averted));
        assert_eq!(trial.id, plan().keys().nth(7).unwrap().id());
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
        let trials: Vec<Planned> = sheet.trials.planned().map(Result::unwrap).collect();
        let missing: Vec<_> =
            trials.iter().filter(|p| p.trial.is_none()).map(|p| (p.cell, p.index)).collect();
        assert_eq!(missing, [(1, 0), (1, 1)]);
        assert_eq!((sheet.coverage.missing, sheet.coverage.excluded), (2, 2));
        assert_eq!(sheet.lines[0].discrimination, None);
        assert!(!sheet.is_complete());
    }

    /// What one shard plays of two cells is not the same repetitions: pairs are found by repetition and not by position.
    #[test]
    fn a_shard_tells_its_own_trials_and_pairs_them_by_repetition() {
        let shard = Some(crate::record::plan::Shard { index: 0, of: 2 });
        let sheet = sheet_of(Plan { trials_per_cell: 3, shard, ..plan() }, |_| Some(Some(Class::SafeFix)));
        let told: Vec<Planned> = sheet.trials.planned().map(Result::unwrap).collect();
        let places: Vec<_> = told.iter().map(|p| (p.cell, p.index)).collect();
        assert_eq!(places, [(0, 0), (0, 2), (1, 1), (2, 0), (2, 2), (3, 1)]);
        let of_cell = |cell| sheet.trials.of_cell(cell).map(Result::unwrap).collect::<Vec<_>>();
        let pairs = of_cell(0).into_iter().zip(of_cell(1));
        let pairs: Vec<_> =
            pairs.map(|(a, b)| (a.index, b.index, a.trial.is_some(), b.trial.is_some())).collect();
        assert_eq!(pairs, [(0, 0, true, false), (1, 1, false, true), (2, 2, true, false)]);
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
