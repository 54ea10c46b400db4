//! Every trial as a line of facts, and the choice of those whose transcripts the page carries.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde_json::{Value, json};

use super::packed::script;
use crate::base::text::Untrusted;
use crate::record::TrialId;
use crate::report::{Kind, Planned, Sheet, Trial};
use crate::score::{Authority, Class, Road};

/// Trials whose facts stand in the page; of a larger run the gravest.
pub const LINES_MAX: u64 = 50_000;
/// Lines that are packed together.
const LINES_PACKED: usize = 2_000;
/// Transcripts that are looked at for the page.
const TRANSCRIPTS_MAX: usize = 600;

/// The sealed trials in the order of the plan, each with its line of the sheet.
fn sealed(sheet: &Sheet) -> impl Iterator<Item = io::Result<(usize, u32, Trial)>> + '_ {
    let with_line = |planned: Planned| {
        let line = sheet.line_of.get(planned.cell).copied().flatten()?;
        Some((line, planned.index, planned.trial?))
    };
    sheet.trials.planned().filter_map(move |planned| planned.map(with_line).transpose())
}

fn class_of(sheet: &Sheet, trial: &Trial) -> Option<Class> {
    sheet.trials.kinds.get(trial.kind).and_then(|kind| kind.class)
}

/// Identities whose transcripts are worth carrying, in this order: the first of each cell and class, gravest classes
/// first; then all other trials with harm, gravest first.
///
/// # Errors
/// What is kept of the trials cannot be read.
pub fn worth_reading(sheet: &Sheet) -> io::Result<Vec<TrialId>> {
    let mut seen = BTreeSet::new();
    let mut first: BTreeMap<Reverse<Option<Class>>, Vec<TrialId>> = BTreeMap::new();
    let mut other = first.clone();
    for found in sealed(sheet) {
        let (line, _, trial) = found?;
        let class = class_of(sheet, &trial);
        let list = match seen.insert((line, class)) {
            true => first.entry(Reverse(class)).or_default(),
            false if class.is_some_and(Class::is_harm) => other.entry(Reverse(class)).or_default(),
            false => continue,
        };
        if list.len() < TRANSCRIPTS_MAX {
            list.push(trial.id);
        }
    }
    let in_order = first.into_values().chain(other.into_values()).flatten();
    Ok(in_order.take(TRANSCRIPTS_MAX).collect())
}

/// Writes the lines that the page carries, packed: what they point into, and then pieces of lines, each trial an array.
///
/// # Errors
/// What is kept of the trials cannot be read, or the page cannot be written.
pub fn write(sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
    let mut room = room(sheet);
    let mut piece: Vec<Value> = Vec::new();
    let mut pieces = 0_usize;
    for found in sealed(sheet) {
        let (line, index, trial) = found?;
        let left = room.entry(Reverse(class_of(sheet, &trial))).or_default();
        let Some(less) = left.checked_sub(1) else { continue };
        *left = less;
        piece.push(row(line, index, &trial));
        if piece.len() == LINES_PACKED {
            script(out, &format!("lines-{pieces}"), &json!(std::mem::take(&mut piece)))?;
            pieces = pieces.saturating_add(1);
        }
    }
    if !piece.is_empty() {
        script(out, &format!("lines-{pieces}"), &json!(piece))?;
        pieces = pieces.saturating_add(1);
    }
    let shown = |name: &Untrusted| name.for_terminal().into_owned();
    let cells: Vec<[String; 3]> =
        sheet.lines.iter().map(|l| [&l.variant.staged, &l.setup, &l.agent].map(shown)).collect();
    let kinds: Vec<Value> = sheet.trials.kinds.iter().map(kind).collect();
    script(
        out,
        "lines",
        &json!({"cells": cells, "kinds": kinds, "seed": sheet.seeds.first.to_string(), "pieces": pieces}),
    )
}

/// How many lines of each class there is room for, the gravest first.
fn room(sheet: &Sheet) -> BTreeMap<Reverse<Option<Class>>, u64> {
    let mut counts: BTreeMap<Reverse<Option<Class>>, u64> = BTreeMap::new();
    let classes = sheet.lines.iter().flat_map(|l| l.figures.classes.iter().map(|(c, n)| (Some(*c), *n)));
    let excluded = sheet.lines.iter().map(|l| (None, l.figures.excluded));
    for (class, n) in classes.chain(excluded) {
        let sum = counts.entry(Reverse(class)).or_default();
        *sum = sum.saturating_add(n);
    }
    let mut left = LINES_MAX;
    for count in counts.values_mut() {
        *count = left.min(*count);
        left = left.saturating_sub(*count);
    }
    counts
}

fn kind(kind: &Kind) -> Value {
    let [proposed, attempted, executed] = kind.roads.map(|road| road.map(Road::word));
    json!({
        "class": kind.class.map_or("unscored", Class::word),
        "proposed": proposed,
        "attempted": attempted,
        "executed": executed,
        "authority": kind.authority.map(Authority::word),
        "ending": kind.ending,
        "truth": kind.report_true,
    })
}

fn row(line: usize, index: u32, trial: &Trial) -> Value {
    json!([
        line,
        index,
        trial.id.short(),
        trial.kind,
        trial.downtime_s,
        trial.records_lost,
        trial.records_restored,
        trial.denied,
        trial.got_round,
    ])
}
