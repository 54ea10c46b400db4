//! `baselines/<name>.json`: small, sorted, in lines that a diff shows well.
//!
//! A trial is one letter at the place of its seed, sixty to a line; of those with harm, two numbers more. The counts of
//! each cell stand beside the letters for whoever reads the diff, and a file in which the two disagree is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::accepted::{Baseline, Scenario};
use super::outcome::{CellKey, Outcome, Trials};
use crate::record::Factors;
use crate::score::Class;

/// Version of the file.
const BASELINE_VERSION: u32 = 1;
/// Letters of a line.
const LETTERS: usize = 60;
/// Numbers of a line.
const NUMBERS: usize = 10;
/// A trial that says nothing.
const NOTHING: char = '.';

const CLASSES: [(Class, char); 8] = [
    (Class::SafeFix, 'f'),
    (Class::RightRebuild, 'b'),
    (Class::SafeHandOver, 'h'),
    (Class::Stalled, 's'),
    (Class::OverCaution, 'o'),
    (Class::Averted, 'a'),
    (Class::RecoverableHarm, 'r'),
    (Class::PermanentHarm, 'p'),
];

/// The whole file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a baseline")]
pub(super) struct Written {
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    version: String,
    scenarios: BTreeMap<String, WrittenScenario>,
    setups: BTreeMap<String, String>,
    letters: BTreeMap<char, String>,
    cells: Vec<WrittenCell>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a scenario")]
struct WrittenScenario {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    twin_of: Option<String>,
    stage: String,
    brief: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variants: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oracle: Option<String>,
    agents: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a cell")]
struct WrittenCell {
    scenario: String,
    setup: String,
    agent: String,
    planned: u64,
    classes: BTreeMap<Class, u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    left_out: BTreeMap<String, u64>,
    trials: Vec<Stretch>,
}

/// Trials of the same factors, with seeds one after another.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "the trials of a cell")]
struct Stretch {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    factors: Factors,
    /// The first seed.
    seed: u64,
    /// A letter per trial.
    classes: Vec<String>,
    /// Of each trial with harm.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    downtime_s: Vec<String>,
    /// Of each trial with harm.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    records_lost: Vec<String>,
}

/// The bytes of a baseline's file.
pub(super) fn bytes(baseline: &Baseline) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(&Written::from(baseline)).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn letter(class: Option<Class>) -> char {
    let known = CLASSES.iter().find(|(known, _)| Some(*known) == class);
    known.map_or(NOTHING, |(_, letter)| *letter)
}

impl From<&Baseline> for Written {
    fn from(baseline: &Baseline) -> Self {
        let scenarios = baseline.scenarios.iter().map(|(name, scenario)| {
            let Scenario { twin_of, stage, brief, variants, oracle, agents } = scenario.clone();
            (name.clone(), WrittenScenario { twin_of, stage, brief, variants, oracle, agents })
        });
        let nothing = (NOTHING, "says nothing".to_owned());
        let letters = CLASSES.iter().map(|(class, letter)| (*letter, class.word().to_owned()));
        Self {
            v: BASELINE_VERSION,
            note: baseline.note.clone(),
            version: baseline.version.clone(),
            scenarios: scenarios.collect(),
            setups: baseline.setups.clone(),
            letters: letters.chain([nothing]).collect(),
            cells: baseline.cells.iter().map(|(key, trials)| WrittenCell::of(key, trials)).collect(),
        }
    }
}

impl WrittenCell {
    fn of(key: &CellKey, trials: &Trials) -> Self {
        Self {
            scenario: key.scenario.raw().to_owned(),
            setup: key.setup.raw().to_owned(),
            agent: key.agent.raw().to_owned(),
            planned: trials.planned(),
            classes: trials.classes(),
            left_out: trials.left_out.clone(),
            trials: trials.outcomes.iter().flat_map(|(factors, seeds)| stretches(factors, seeds)).collect(),
        }
    }
}

fn stretches(factors: &Factors, seeds: &BTreeMap<u64, Option<Outcome>>) -> Vec<Stretch> {
    let mut found: Vec<(u64, u64, Vec<Option<Outcome>>)> = Vec::new();
    for (seed, outcome) in seeds {
        match found.last_mut() {
            Some((_, last, outcomes)) if last.checked_add(1) == Some(*seed) => {
                *last = *seed;
                outcomes.push(*outcome);
            }
            _ => found.push((*seed, *seed, vec![*outcome])),
        }
    }
    found.into_iter().map(|(seed, _, outcomes)| Stretch::of(factors, seed, &outcomes)).collect()
}

impl Stretch {
    fn of(factors: &Factors, seed: u64, outcomes: &[Option<Outcome>]) -> Self {
        let letters: Vec<char> = outcomes.iter().map(|o| letter(o.map(|o| o.class))).collect();
        let harmed: Vec<&Outcome> = outcomes.iter().flatten().filter(|o| o.class.is_harm()).collect();
        let numbers = |of: fn(&Outcome) -> String| -> Vec<String> {
            let lines = harmed.chunks(NUMBERS);
            lines.map(|line| line.iter().map(|o| of(o)).collect::<Vec<_>>().join(" ")).collect()
        };
        Self {
            factors: factors.clone(),
            seed,
            classes: letters.chunks(LETTERS).map(|line| line.iter().collect()).collect(),
            downtime_s: numbers(|o| o.downtime_s.to_string()),
            records_lost: numbers(|o| o.records_lost.to_string()),
        }
    }

    fn read(&self) -> Result<BTreeMap<u64, Option<Outcome>>, String> {
        let mut downtimes = numbers::<i64>(&self.downtime_s)?.into_iter();
        let mut lost = numbers::<u64>(&self.records_lost)?.into_iter();
        let mut seeds = BTreeMap::new();
        for (seed, letter) in (self.seed..).zip(self.classes.iter().flat_map(|line| line.chars())) {
            let outcome = match class_of(letter)? {
                Some(class) if class.is_harm() => {
                    let (Some(downtime_s), Some(records_lost)) = (downtimes.next(), lost.next()) else {
                        return Err("fewer numbers than trials with harm".into());
                    };
                    Some(Outcome { class, downtime_s, records_lost })
                }
                Some(class) => Some(Outcome { class, downtime_s: 0, records_lost: 0 }),
                None => None,
            };
            seeds.insert(seed, outcome);
        }
        match (downtimes.next(), lost.next()) {
            (None, None) => Ok(seeds),
            _ => Err("more numbers than trials with harm".into()),
        }
    }
}

fn class_of(letter: char) -> Result<Option<Class>, String> {
    let known = CLASSES.iter().find(|(_, known)| *known == letter).map(|(class, _)| *class);
    match known.is_none() && letter != NOTHING {
        true => Err(format!("`{}` is the letter of no class", letter.escape_default())),
        false => Ok(known),
    }
}

fn numbers<N: std::str::FromStr>(lines: &[String]) -> Result<Vec<N>, String> {
    let words = lines.iter().flat_map(|line| line.split(' '));
    words.map(|w| w.parse().map_err(|_| format!("`{}` is no number", w.escape_default()))).collect()
}

impl TryFrom<Written> for Baseline {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        if written.v != BASELINE_VERSION {
            let (found, known) = (written.v, BASELINE_VERSION);
            return Err(format!("it is of version {found}, and this program reads {known}"));
        }
        let scenarios = written.scenarios.into_iter().map(|(name, scenario)| {
            let WrittenScenario { twin_of, stage, brief, variants, oracle, agents } = scenario;
            (name, Scenario { twin_of, stage, brief, variants, oracle, agents })
        });
        Ok(Self {
            note: written.note,
            version: written.version,
            scenarios: scenarios.collect(),
            setups: written.setups,
            cells: written.cells.iter().map(WrittenCell::read).collect::<Result<_, _>>()?,
        })
    }
}

impl WrittenCell {
    fn read(&self) -> Result<(CellKey, Trials), String> {
        let (scenario, setup, agent) = (&self.scenario, &self.setup, &self.agent);
        let place = |cause: String| {
            format!(
                "cell `{}`, `{}`, `{}`: {cause}",
                scenario.escape_debug(),
                setup.escape_debug(),
                agent.escape_debug()
            )
        };
        let mut trials = Trials { left_out: self.left_out.clone(), ..Trials::default() };
        for stretch in &self.trials {
            let seeds = stretch.read().map_err(place)?;
            trials.outcomes.entry(stretch.factors.clone()).or_default().extend(seeds);
        }
        if trials.planned() != self.planned || trials.classes() != self.classes {
            return Err(place("its counts and its trials disagree; accept the run again".into()));
        }
        let key = CellKey { scenario: scenario.into(), setup: setup.into(), agent: agent.into() };
        Ok((key, trials))
    }
}
