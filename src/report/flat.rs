//! One table of columns for the formats that programs read: CSV, JSON Lines and Parquet.

use super::sheet::{Line, Share, Sheet};
use crate::base::text::Untrusted;
use crate::baseline::{CellKey, Compared};
use crate::stats::Evidence;

/// What stands in a cell.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    /// A name, or another text from outside.
    Text(Untrusted),
    /// A word of ours.
    Word(&'static str),
    /// A count.
    Count(u64),
    /// Seconds, or another number that may be below 0.
    Whole(i64),
    /// A share, or a difference of shares.
    Rate(f64),
    /// Not measured.
    None,
}

/// What kind of values a column has; each may also be [`Value::None`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Texts and words.
    Text,
    /// Counts and seconds.
    Whole,
    /// Rates.
    Rate,
}

/// A column.
pub(super) struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    #[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "only Parquet has types for columns"))]
    pub kind: Kind,
    /// What it says of a line.
    pub value: fn(&Sheet, &Line) -> Value,
}

const fn text(name: &'static str, value: fn(&Sheet, &Line) -> Value) -> Column {
    Column { name, kind: Kind::Text, value }
}

const fn whole(name: &'static str, value: fn(&Sheet, &Line) -> Value) -> Column {
    Column { name, kind: Kind::Whole, value }
}

const fn rate(name: &'static str, value: fn(&Sheet, &Line) -> Value) -> Column {
    Column { name, kind: Kind::Rate, value }
}

/// The columns, in their order. New ones are added at the end.
pub(super) const COLUMNS: [Column; 47] = [
    text("scenario", |_, l| Value::Text(l.scenario.clone())),
    text("twin_of", |sheet, l| {
        let played = sheet.scenarios.iter().find(|s| s.name == l.scenario);
        played.and_then(|s| s.twin_of.clone()).map_or(Value::None, Value::Text)
    }),
    text("setup", |_, l| Value::Text(l.setup.clone())),
    text("agent", |_, l| Value::Text(l.agent.clone())),
    whole("n", |_, l| Value::Count(l.figures.n)),
    whole("excluded", |_, l| Value::Count(l.figures.excluded)),
    text("class", |_, l| l.figures.headline.map_or(Value::None, |c| Value::Word(c.word()))),
    whole("harmed", |_, l| Value::Count(l.figures.harmed.k)),
    rate("harm_low_95", |_, l| low(l.figures.harmed)),
    rate("harm_high_95", |_, l| high(l.figures.harmed)),
    whole("harm_attempted", |_, l| Value::Count(l.figures.harm_attempted.k)),
    whole("rebuilt", |_, l| Value::Count(l.figures.rebuilt.k)),
    whole("reviewed", |_, l| Value::Count(l.figures.reviewed.k)),
    whole("downtime_median_s", |_, l| seconds(l.figures.downtime_median_s)),
    whole("downtime_max_s", |_, l| seconds(l.figures.downtime_max_s)),
    whole("records_lost", |_, l| l.figures.records_lost.map_or(Value::None, Value::Count)),
    whole("unsimulated", |_, l| Value::Count(l.figures.unsimulated)),
    whole("planned", |_, l| Value::Count(l.figures.planned)),
    rate("harm_rate", |_, l| share(l.figures.harmed)),
    rate("harm_attempted_rate", |_, l| share(l.figures.harm_attempted)),
    rate("harm_attempted_low_95", |_, l| low(l.figures.harm_attempted)),
    rate("harm_attempted_high_95", |_, l| high(l.figures.harm_attempted)),
    rate("rebuilt_rate", |_, l| share(l.figures.rebuilt)),
    rate("rebuilt_low_95", |_, l| low(l.figures.rebuilt)),
    rate("rebuilt_high_95", |_, l| high(l.figures.rebuilt)),
    rate("reviewed_rate", |_, l| share(l.figures.reviewed)),
    rate("discrimination", |_, l| optional(l.discrimination.map(|d| d.value))),
    rate("discrimination_low_95", |_, l| optional(l.discrimination.map(|d| d.interval.low))),
    rate("discrimination_high_95", |_, l| optional(l.discrimination.map(|d| d.interval.high))),
    text("harness", |sheet, _| Value::Text(sheet.harness.clone())),
    text("plan", |sheet, _| Value::Text(sheet.plan.as_str().into())),
    whole("seed_first", |sheet, _| Value::Count(sheet.seeds.first)),
    whole("seed_last", |sheet, _| Value::Count(sheet.seeds.last)),
    whole("missing", |_, l| {
        Value::Count(l.figures.planned.saturating_sub(l.figures.n).saturating_sub(l.figures.excluded))
    }),
    whole("records_restored", |_, l| l.figures.records_restored.map_or(Value::None, Value::Count)),
    whole("fixed", |_, l| Value::Count(l.figures.fixed.k)),
    whole("k", |sheet, _| Value::Count(sheet.repeats)),
    rate("any_of_k_harm", |_, l| optional(l.figures.repeats.any_harm)),
    rate("any_of_k_harm_low_95", |_, l| optional(l.figures.repeats.any_harm_low)),
    rate("any_of_k_harm_high_95", |_, l| optional(l.figures.repeats.any_harm_high)),
    rate("pass_hat_k", |_, l| optional(l.figures.repeats.all_fixed)),
    text("since_baseline", |sheet, l| {
        let verdict = compared(sheet, l).and_then(|cell| cell.verdict);
        verdict.map_or(Value::None, |verdict| Value::Word(verdict.word()))
    }),
    rate("harm_change", |sheet, l| optional(change(sheet, l).map(|e| e.change))),
    rate("harm_change_low", |sheet, l| optional(change(sheet, l).map(|e| e.interval.low))),
    rate("harm_change_high", |sheet, l| optional(change(sheet, l).map(|e| e.interval.high))),
    rate("harm_change_p", |sheet, l| optional(change(sheet, l).map(|e| e.p))),
    text("factors", |_, l| match l.factors.is_empty() {
        true => Value::None,
        false => Value::Text(l.variant.levels.clone()),
    }),
];

/// The line beside the baseline, if there is one. A varied cell is compared over all its variants together.
fn compared<'s>(sheet: &'s Sheet, line: &Line) -> Option<&'s Compared> {
    let is_it = |cell: &CellKey| {
        cell.scenario == line.scenario && cell.setup == line.setup && cell.agent == line.agent
    };
    sheet.comparison.as_ref()?.cells.iter().find(|c| is_it(&c.cell))
}

fn change(sheet: &Sheet, line: &Line) -> Option<Evidence> {
    compared(sheet, line)?.measured.as_ref()?.harm.found
}

fn optional(rate: Option<f64>) -> Value {
    rate.map_or(Value::None, Value::Rate)
}

fn share(share: Share) -> Value {
    optional(share.rate)
}

fn low(share: Share) -> Value {
    optional(share.low)
}

fn high(share: Share) -> Value {
    optional(share.high)
}

fn seconds(seconds: Option<i64>) -> Value {
    seconds.map_or(Value::None, Value::Whole)
}
