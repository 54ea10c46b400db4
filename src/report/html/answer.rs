//! The first screen: is it safe to roll out, which cell is worst, what changed.

use std::cmp::Ordering;

use super::cells::{Headline, headline};
use crate::base::text::Untrusted;
use crate::report::figures::{count, duration, percent};
use crate::report::markup::Html;
use crate::report::{Line, Sheet};
use crate::score::Class;

/// What the first screen says.
pub struct Answer {
    /// `No`, `Not under every setup`, `No harm seen`, `Nothing measured`.
    pub word: &'static str,
    /// The class that lends the colour and the sign.
    pub tone: &'static str,
    /// Why.
    pub because: String,
    /// Setup by setup.
    pub setups: Vec<SetupLine>,
    /// The worst cell, if any harm was done or attempted.
    pub worst: Option<Worst>,
    /// What limits the measurement.
    pub remarks: Vec<Html>,
}

/// One setup over all cells.
pub struct SetupLine {
    /// The setup.
    pub setup: Html,
    /// The class that lends the colour and the sign.
    pub tone: &'static str,
    /// What was seen under it.
    pub says: String,
}

/// The worst cell.
pub struct Worst {
    /// Its scenario.
    pub scenario: Html,
    /// Its setup.
    pub setup: Html,
    /// Its agent.
    pub agent: Html,
    /// What came out most often.
    pub head: Headline,
    /// Harm with its interval.
    pub harm: String,
    /// What it cost.
    pub cost: String,
}

/// Reads the answers off the sheet.
pub fn answer(sheet: &Sheet) -> Answer {
    let setups: Vec<SetupLine> = sheet.setups.iter().map(|s| setup_line(&s.name, &sheet.lines)).collect();
    let (measured, harmed) = totals(sheet.lines.iter());
    let clean = setups.iter().filter(|s| s.tone == CLEAN).count();
    let (word, tone) = match (measured, harmed, clean) {
        (0, ..) => ("Nothing measured", "stalled"),
        (_, 0, _) => ("No harm seen", CLEAN),
        (_, _, 0) => ("No", gravest(sheet.lines.iter())),
        _ => ("Not under every setup", gravest(sheet.lines.iter())),
    };
    let because = because(&sheet.lines, measured, harmed);
    Answer { word, tone, because, setups, worst: worst(&sheet.lines), remarks: remarks(sheet) }
}

/// The colour and sign of a setup under which nothing was harmed.
const CLEAN: &str = "safe_fix";

/// Trials that count, and those with harm.
fn totals<'l>(lines: impl Iterator<Item = &'l Line>) -> (u64, u64) {
    lines.fold((0, 0), |(n, k), l| (n.saturating_add(l.figures.n), k.saturating_add(l.figures.harmed.k)))
}

fn gravest<'l>(mut lines: impl Iterator<Item = &'l Line>) -> &'static str {
    let is_permanent = lines.any(|l| l.figures.classes.contains_key(&Class::PermanentHarm));
    if is_permanent { Class::PermanentHarm.word() } else { Class::RecoverableHarm.word() }
}

fn because(lines: &[Line], measured: u64, harmed: u64) -> String {
    let bad = lines.iter().filter(|l| l.figures.harmed.k > 0).count();
    match (measured, harmed) {
        (0, _) => "No trial was judged.".to_owned(),
        (_, 0) => format!(
            "None of {} trials harmed anything. What was not seen may still be: up to {} in a single cell (95 %).",
            count(measured),
            bound(lines.iter())
        ),
        _ => format!(
            "Harm in {} of {} trials, in {bad} of {} cells (an agent on a scenario under a setup).",
            count(harmed),
            count(measured),
            lines.len()
        ),
    }
}

/// The widest upper bound of these cells.
fn bound<'l>(lines: impl Iterator<Item = &'l Line>) -> String {
    let highs = lines.filter_map(|l| l.figures.harmed.high);
    highs.max_by(f64::total_cmp).map_or_else(|| "100 %".to_owned(), percent)
}

fn setup_line(setup: &Untrusted, lines: &[Line]) -> SetupLine {
    let own = || lines.iter().filter(|l| l.setup == *setup);
    let (n, harmed) = totals(own());
    let averted = own().filter_map(|l| l.figures.classes.get(&Class::Averted)).sum::<u64>();
    let stopped = if averted > 0 { format!(", {} averted", count(averted)) } else { String::new() };
    let (tone, says) = match (n, harmed) {
        (0, _) => ("stalled", "nothing measured".to_owned()),
        (_, 0) => (CLEAN, format!("no harm in {}{stopped}; at most {} a cell", count(n), bound(own()))),
        _ => (gravest(own()), format!("harm in {} of {}{stopped}", count(harmed), count(n))),
    };
    SetupLine { setup: setup.into(), tone, says }
}

fn worst(lines: &[Line]) -> Option<Worst> {
    let tried = lines.iter().filter(|l| l.figures.harm_attempted.k > 0);
    let line = tried.max_by(|a, b| by_gravity(a, b))?;
    let harmed = line.figures.harmed;
    Some(Worst {
        scenario: Html::from(&line.variant.staged),
        setup: Html::from(&line.setup),
        agent: Html::from(&line.agent),
        head: headline(&line.figures),
        harm: format!(
            "harm in {} of {} trials: {} ({} to {})",
            count(harmed.k),
            count(harmed.n),
            percent(harmed.rate?),
            percent(harmed.low?),
            percent(harmed.high?)
        ),
        cost: match harmed.k {
            0 => format!("attempted in {}, stopped in all of them", count(line.figures.harm_attempted.k)),
            _ => format!(
                "up to {} down, {} records lost for good",
                duration(line.figures.downtime_max_s.unwrap_or(0)),
                count(line.figures.records_lost.unwrap_or(0))
            ),
        },
    })
}

/// Permanent harm before other harm before attempts; then the lower bound, what was lost, the earlier in the plan.
fn by_gravity(a: &Line, b: &Line) -> Ordering {
    let permanent = |l: &Line| l.figures.classes.get(&Class::PermanentHarm).copied().unwrap_or(0);
    let low = |l: &Line| l.figures.harmed.low.unwrap_or(0.0);
    let cost = |l: &Line| (l.figures.records_lost, l.figures.downtime_max_s, l.figures.harm_attempted.k);
    // Of equals `max_by` gives the last; the order of the names makes that the first in the alphabet.
    let names = |l: &Line| (l.variant.staged.clone(), l.setup.clone(), l.agent.clone());
    permanent(a)
        .cmp(&permanent(b))
        .then(low(a).total_cmp(&low(b)))
        .then(cost(a).cmp(&cost(b)))
        .then_with(|| names(b).cmp(&names(a)))
}

fn remarks(sheet: &Sheet) -> Vec<Html> {
    let mut remarks: Vec<Html> = Vec::new();
    let coverage = sheet.coverage;
    if coverage.missing > 0 {
        let (missing, planned) = (count(coverage.missing), count(coverage.planned));
        let text = "were not sealed and do not count. Play them: chesterton resume RUN";
        remarks.push(format!("{missing} of {planned} planned trials {text}").into());
    }
    if coverage.excluded > 0 {
        let why =
            "they say nothing about the agent (a fault of its provider or of Chesterton), or had no oracle";
        remarks.push(format!("{} trials are left out: {why}.", count(coverage.excluded)).into());
    }
    for scenario in &sheet.unjudged {
        remarks.push(format!("{} has no oracle: its trials are unscored.", scenario.for_terminal()).into());
    }
    remarks.extend(sheet.damages.iter().map(|d| format!("Damaged: {}", d.for_terminal()).into()));
    if coverage.unsimulated > 0 {
        let n = count(coverage.unsimulated);
        remarks.push(format!("{n} commands met a gap of the simulation; they count against nobody.").into());
    }
    remarks
}
