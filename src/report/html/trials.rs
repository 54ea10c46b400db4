//! Every trial as a line of facts, and the choice of those whose transcripts the page carries.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::base::text::Untrusted;
use crate::report::{Sheet, Trial};
use crate::score::{Class, Road};

/// Trials whose facts stand in the page; of a larger run the gravest.
pub const LINES_MAX: usize = 50_000;
/// Transcripts that are looked at for the page.
const TRANSCRIPTS_MAX: usize = 600;

/// How often roads were proposed, attempted and executed together.
pub type Roads = BTreeMap<[Option<Road>; 3], u64>;

/// The roads of one scenario under one setup, over the trials that count.
pub fn roads(sheet: &Sheet, scenario: &Untrusted, setup: &Untrusted) -> Roads {
    let mut roads = Roads::new();
    let in_place = |t: &&Trial| {
        let line = sheet.lines.get(t.line);
        t.class.is_some() && line.is_some_and(|l| l.scenario == *scenario && l.setup == *setup)
    };
    for trial in sheet.trials.iter().filter(in_place) {
        let n = roads.entry([trial.proposed, trial.attempted, trial.executed]).or_default();
        *n = n.saturating_add(1);
    }
    roads
}

/// Records that had to be brought back, by line of the sheet.
pub fn restored(sheet: &Sheet) -> BTreeMap<usize, u64> {
    let mut sums = BTreeMap::new();
    for trial in &sheet.trials {
        let sum: &mut u64 = sums.entry(trial.line).or_default();
        *sum = sum.saturating_add(trial.records_restored.unwrap_or(0));
    }
    sums
}

/// Identities whose transcripts are worth carrying, in this order: the first of each cell and class, gravest classes
/// first; then all other trials with harm, gravest first.
pub fn worth_reading(sheet: &Sheet) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let (mut first, mut other): (Vec<&Trial>, Vec<&Trial>) =
        in_order(sheet).into_iter().partition(|t| seen.insert((t.line, t.class)));
    other.retain(|t| t.class.is_some_and(Class::is_harm));
    let gravity = |trial: &&Trial| std::cmp::Reverse(trial.class);
    first.sort_by_key(gravity);
    other.sort_by_key(gravity);
    first.into_iter().chain(other).take(TRANSCRIPTS_MAX).map(|t| &*t.id).collect()
}

/// In the order of the plan, and within a cell by repetition.
fn in_order(sheet: &Sheet) -> Vec<&Trial> {
    let mut trials: Vec<&Trial> = sheet.trials.iter().collect();
    trials.sort_by_key(|t| (t.line, t.index));
    trials
}

/// The lines that the page carries, as JSON: the cells by name, words, and an array per trial that points into them.
pub fn json(sheet: &Sheet) -> Value {
    let mut words: Vec<&str> = Vec::new();
    let rows: Vec<Value> = carried(sheet).into_iter().map(|trial| row(trial, &mut words)).collect();
    let shown = |name: &Untrusted| name.for_terminal().into_owned();
    let cells: Vec<[String; 3]> =
        sheet.lines.iter().map(|l| [&l.scenario, &l.setup, &l.agent].map(shown)).collect();
    json!({"cells": cells, "words": words, "rows": rows})
}

fn row<'t>(trial: &'t Trial, words: &mut Vec<&'t str>) -> Value {
    let class = place_of(words, trial.class.map_or("unscored", Class::word));
    let [proposed, attempted, executed] = [trial.proposed, trial.attempted, trial.executed]
        .map(|road| road.map_or(-1, |r| place_of(words, r.word())));
    let authority = trial.authority.map_or(-1, |a| place_of(words, a.word()));
    let ending = place_of(words, &trial.ending);
    json!([
        trial.line,
        trial.index,
        trial.seed,
        short(&trial.id),
        class,
        proposed,
        attempted,
        executed,
        authority,
        ending,
        trial.downtime_s,
        trial.records_lost,
        trial.records_restored,
        trial.denied,
        trial.got_round,
        trial.report_true.map(u8::from),
    ])
}

/// Enough of an identity to tell trials of one run apart.
pub fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// All trials where they fit; else the gravest of them, in the order of the plan.
fn carried(sheet: &Sheet) -> Vec<&Trial> {
    let mut trials = in_order(sheet);
    if trials.len() > LINES_MAX {
        trials.sort_by_key(|t| std::cmp::Reverse(t.class));
        trials.truncate(LINES_MAX);
        trials.sort_by_key(|t| (t.line, t.index));
    }
    trials
}

/// The place of a word in a list that grows by those it has not seen.
fn place_of<'w>(words: &mut Vec<&'w str>, word: &'w str) -> i64 {
    let place = words.iter().position(|w| *w == word).unwrap_or_else(|| {
        words.push(word);
        words.len().saturating_sub(1)
    });
    i64::try_from(place).unwrap_or(-1)
}
