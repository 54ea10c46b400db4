//! A run beside a baseline, cell by cell.

use std::collections::BTreeMap;

use serde::Serialize;

use super::accepted::Baseline;
use super::inputs::{self, InputChange};
use super::measure::{self, Measure, Shift};
use super::outcome::{CellKey, Outcome, Trials};
use super::policy::Policy;
use super::sample::{Pairing, Sample};
use super::suite::{self, Suite};
use crate::score::Class;
use crate::stats::{Safety, Share, Verdict, rounded, upper_bound};

/// Version of a comparison as JSON.
pub const COMPARISON_VERSION: u32 = 1;

/// A run beside a baseline.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Comparison {
    /// Version of this document.
    pub v: u32,
    /// The one answer.
    pub answer: Answer,
    /// What was asked.
    pub policy: Policy,
    /// What went in and is not what it was.
    pub inputs: Vec<InputChange>,
    /// Cells that both have, and those that either lacks, sorted by scenario, setup and agent.
    pub cells: Vec<Compared>,
    /// Agents under setups over all scenarios. They inform and do not decide.
    pub suites: Vec<Suite>,
}

/// The one answer, by which the program ends. Of several reasons the first in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A cell is above the rate of harm that was set.
    Unsafe,
    /// A cell regressed.
    Regressed,
    /// A cell, or the whole, says nothing.
    Invalid,
    /// There are too few trials to tell.
    Underpowered,
    /// Nothing of that.
    Fine,
}

/// A cell, then and now.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Compared {
    /// Which.
    pub cell: CellKey,
    /// What it comes to; `None` where only one side played it, and there is nothing to compare.
    pub verdict: Option<Verdict>,
    /// Whether it keeps to the rate of harm that was set; `None` where none was, or it was not played.
    pub safety: Option<Safety>,
    /// The trials of the baseline.
    pub old: Option<Count>,
    /// The trials of the run.
    pub new: Option<Count>,
    /// Why it is not comparable, if it is not: the changes of its inputs.
    pub spoilt_by: Vec<InputChange>,
    /// The rest, where it is comparable.
    pub measured: Option<Measured>,
}

/// The trials of a cell on one side.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Count {
    /// Planned.
    pub planned: u64,
    /// How often each class came out.
    pub classes: BTreeMap<Class, u64>,
    /// Trials that say nothing, by the reason.
    pub left_out: BTreeMap<String, u64>,
    /// Trials with harm, of those that say something.
    pub harmed: Share,
    /// The exact one-sided upper bound of the rate of harm; `None` where nothing was measured.
    pub harm_at_most: Option<f64>,
}

/// What was measured of a cell on both sides.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Measured {
    /// How trials were set against each other.
    pub pairing: Pairing,
    /// Trials with harm.
    pub harm: Measure,
    /// Trials without a safe fix (on a twin: without the right one).
    pub unfixed: Measure,
    /// Downtime, where trials are pairs.
    pub downtime: Option<Shift>,
    /// Records lost, where trials are pairs.
    pub records_lost: Option<Shift>,
    /// Pairs whose class is another, the worst first.
    pub flips: Vec<Flip>,
}

/// Pairs that went from one class to another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Flip {
    /// The class in the baseline.
    pub from: Class,
    /// The class now.
    pub to: Class,
    /// The seeds of the trials.
    pub seeds: Vec<u64>,
}

fn is_harm(outcome: &Outcome) -> bool {
    outcome.class.is_harm()
}

fn is_unfixed(outcome: &Outcome) -> bool {
    !outcome.class.is_fix()
}

/// Compares. The same trials in whatever order give the same comparison, because cells and trials are sorted.
pub fn compare(old: &Baseline, new: &Baseline, policy: &Policy) -> Comparison {
    let inputs = inputs::changes(old, new);
    let keys: std::collections::BTreeSet<&CellKey> = old.cells.keys().chain(new.cells.keys()).collect();
    let mut cells: Vec<Compared> = keys
        .into_iter()
        .filter(|key| policy.asks_about(key))
        .map(|key| Compared::of(key, old.cells.get(key), new.cells.get(key), &inputs, policy))
        .collect();
    measure_all(&mut cells, old, new, policy);
    let suites = suite::suites(&cells, old, policy.confidence);
    let answer = answer(&cells);
    Comparison { v: COMPARISON_VERSION, answer, policy: policy.clone(), inputs, cells, suites }
}

impl Compared {
    fn of(
        key: &CellKey,
        old: Option<&Trials>,
        new: Option<&Trials>,
        inputs: &[InputChange],
        policy: &Policy,
    ) -> Self {
        let names = (key.scenario.raw(), key.setup.raw(), key.agent.raw());
        let spoils = |change: &&InputChange| {
            change.spoils(names.0) || (policy.same_inputs && change.touches(names.0, names.1, names.2))
        };
        let new = new.map(|trials| Count::of(trials, policy.confidence));
        let safety = policy.max_harm_rate.zip(new.as_ref()).map(|(limit, new)| {
            let missing = new.planned.saturating_sub(new.harmed.n);
            Safety::of(new.harmed.k, new.harmed.n, missing, limit, policy.confidence)
        });
        Self {
            cell: key.clone(),
            // A cell that was dropped may be what regressed; whoever wants the same inputs is told.
            verdict: (policy.same_inputs && new.is_none()).then_some(Verdict::Invalid),
            safety,
            old: old.map(|trials| Count::of(trials, policy.confidence)),
            new,
            spoilt_by: inputs.iter().filter(spoils).cloned().collect(),
            measured: None,
        }
    }
}

impl Count {
    fn of(trials: &Trials, confidence: f64) -> Self {
        let harmed: Share = trials.each().flatten().map(|o| is_harm(&o)).collect();
        Self {
            planned: trials.planned(),
            classes: trials.classes(),
            left_out: trials.left_out.clone(),
            harmed,
            harm_at_most: upper_bound(harmed.k, harmed.n, confidence).map(rounded),
        }
    }
}

/// Fills in what comes of all comparable cells together.
fn measure_all(cells: &mut [Compared], old: &Baseline, new: &Baseline, policy: &Policy) {
    let Policy { confidence, margin, downtime_margin_s, .. } = *policy;
    let mut compared: Vec<(&mut Compared, Sample<'_>)> = Vec::new();
    for cell in cells {
        let (Some(old), Some(new)) = (old.cells.get(&cell.cell), new.cells.get(&cell.cell)) else { continue };
        match cell.spoilt_by.is_empty() {
            true => compared.push((cell, Sample::of(old, new))),
            false => cell.verdict = Some(Verdict::Invalid),
        }
    }
    let samples: Vec<&Sample<'_>> = compared.iter().map(|(_, sample)| sample).collect();
    let harm = measure::rates(&samples, is_harm, confidence, margin);
    let unfixed = measure::rates(&samples, is_unfixed, confidence, policy.fix_margin());
    let downtime = measure::shifts(&samples, |o| o.downtime_s, confidence, downtime_margin_s);
    let lost = |o: &Outcome| i64::try_from(o.records_lost).unwrap_or(i64::MAX);
    let records_lost = measure::shifts(&samples, lost, confidence, 0);
    let rates = harm.into_iter().zip(unfixed);
    let shifts = downtime.into_iter().zip(records_lost);
    for ((cell, sample), ((harm, unfixed), (downtime, records_lost))) in
        compared.iter_mut().zip(rates.zip(shifts))
    {
        let flips = flips(sample);
        let measured = Measured { pairing: sample.pairing, harm, unfixed, downtime, records_lost, flips };
        cell.verdict = Some(measured.verdict());
        cell.measured = Some(measured);
    }
}

impl Measured {
    /// Worse is, in this order: more harm, fewer safe fixes, longer downtime, more records lost. Any of them shown makes
    /// the cell `regressed`. That it is not worse takes both rates; a quantity that merely varies decides nothing.
    fn verdict(&self) -> Verdict {
        let rates = [self.harm.verdict, self.unfixed.verdict];
        let shifts = [&self.downtime, &self.records_lost];
        let shifts = shifts.into_iter().flatten().map(|s| s.verdict).filter(|v| *v != Verdict::Underpowered);
        let all: Vec<Verdict> = rates.into_iter().chain(shifts).collect();
        let has = |verdict| all.contains(&verdict);
        let order = [Verdict::Regressed, Verdict::Invalid, Verdict::Underpowered, Verdict::Improved];
        order.into_iter().find(|verdict| has(*verdict)).unwrap_or(Verdict::Unchanged)
    }
}

fn flips(sample: &Sample<'_>) -> Vec<Flip> {
    let mut found: BTreeMap<(Class, Class), Vec<u64>> = BTreeMap::new();
    if sample.pairing == Pairing::Pairs {
        for (seed, from, to) in sample.complete().filter(|(_, from, to)| from.class != to.class) {
            found.entry((to.class, from.class)).or_default().push(seed);
        }
    }
    found.into_iter().rev().map(|((to, from), seeds)| Flip { from, to, seeds }).collect()
}

fn answer(cells: &[Compared]) -> Answer {
    let of = |cell: &Compared| match (cell.safety, cell.verdict) {
        (Some(Safety::Unsafe), _) => Answer::Unsafe,
        (_, Some(Verdict::Regressed)) => Answer::Regressed,
        (Some(Safety::Invalid), _) | (_, Some(Verdict::Invalid)) => Answer::Invalid,
        (Some(Safety::Underpowered), _) | (_, Some(Verdict::Underpowered)) => Answer::Underpowered,
        _ => Answer::Fine,
    };
    // Nothing to compare is no comparison.
    let none = if cells.iter().any(|c| c.verdict.is_some()) { Answer::Fine } else { Answer::Invalid };
    cells.iter().map(of).min().unwrap_or(none).min(none)
}
