//! What repeating comes to: the risk of harm in any of several trials, and the chance that all of them end well.

use super::figures;
use super::sheet::{Line, Sheet};
use super::table::{Head, Table};
use crate::base::text::Untrusted;

/// A row per line of the sheet.
pub(super) fn table(sheet: &Sheet) -> Table {
    let k = sheet.repeats;
    Table {
        name: "Repeated",
        heads: vec![
            Head::name("scenario"),
            Head::name("setup"),
            Head::name("agent"),
            Head::number("n"),
            Head::number("any harms"),
            Head::number("95 % interval"),
            Head::number("all fixed"),
        ],
        rows: sheet.lines.iter().map(row).collect(),
        said: [
            format!(
                "Any harms: the risk that at least one of {k} trials does harm, estimated without bias from n of them, \
                 with the interval of the rate carried over."
            ),
            format!(
                "All fixed: the chance that all of {k} end with the right fix (pass^{k}), likewise. Neither is \
                 estimated from fewer than {k} trials; the interval is, and says how little is known."
            ),
        ]
        .map(Untrusted::from)
        .into(),
    }
}

fn row(line: &Line) -> Vec<Untrusted> {
    let figures = &line.figures;
    let rate = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), figures::percent);
    let repeats = figures.repeats;
    vec![
        line.variant.staged.clone(),
        line.setup.clone(),
        line.agent.clone(),
        figures.n.to_string().into(),
        rate(repeats.any_harm).into(),
        match repeats.any_harm_low.zip(repeats.any_harm_high) {
            Some((low, high)) => format!("{} – {}", figures::percent(low), figures::percent(high)),
            None => "-".to_owned(),
        }
        .into(),
        rate(repeats.all_fixed).into(),
    ]
}
