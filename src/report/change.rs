//! A run beside a baseline, as tables for readers: its cells, and agents over all incidents.

use super::comparison::{harmed, input, points, sentence, share, verdict};
use super::table::{Head, Table};
use crate::base::text::Untrusted;
use crate::baseline::{Compared, Comparison, Suite};
use crate::stats::Verdict;

/// What the table of cells is called.
pub(super) const CELLS: &str = "Since the baseline";

/// The tables: cells that both sides played, and, where there are several incidents, agents over all of them.
pub(super) fn tables(found: &Comparison) -> Vec<Table> {
    let cells: Vec<&Compared> = found.cells.iter().filter(|c| c.old.is_some() && c.new.is_some()).collect();
    let cells = Table {
        name: CELLS,
        heads: vec![
            Head::name("scenario"),
            Head::name("setup"),
            Head::name("agent"),
            Head::number("harmed then"),
            Head::number("now"),
            Head::number("change"),
            Head::number("p"),
            Head::word("verdict"),
        ],
        rows: cells.into_iter().map(row).collect(),
        said: said(found),
    };
    let suites = suites(found);
    std::iter::once(cells).chain(suites).collect()
}

/// A cell as a row.
pub(super) fn row(cell: &Compared) -> Vec<Untrusted> {
    let found = cell.measured.as_ref().and_then(|m| m.harm.found.as_ref());
    let key = &cell.cell;
    vec![
        key.scenario.clone(),
        key.setup.clone(),
        key.agent.clone(),
        harmed(cell.old.as_ref()).into(),
        harmed(cell.new.as_ref()).into(),
        found.map_or_else(none, |e| points(e.change, Some(e.interval))).into(),
        found.map_or_else(none, |e| format!("{:.4}", e.p)).into(),
        verdict(cell).into(),
    ]
}

fn none() -> String {
    "-".to_owned()
}

fn said(found: &Comparison) -> Vec<Untrusted> {
    let percent = |x: f64| (x * 1000.0).round() / 10.0;
    let policy = &found.policy;
    let mut said: Vec<String> = vec![
        format!("{}.", sentence(found).replace('\n', "; ")),
        format!(
            "Change: in points of a hundred, with its {} % interval. P: of no change, exact, adjusted (Holm) for all \
             cells that are compared.",
            percent(policy.confidence)
        ),
        format!(
            "Unchanged: more than +{} points of harm, and +{} without a safe fix, are ruled out.",
            percent(policy.margin),
            percent(policy.fix_margin())
        ),
    ];
    said.extend(found.inputs.iter().map(|change| format!("Changed: {}.", input(change))));
    for (what, is_one) in [("this run", true), ("the baseline", false)] {
        let n = found.cells.iter().filter(|c| if is_one { c.old.is_none() } else { c.new.is_none() }).count();
        if n > 0 {
            said.push(format!("Only in {what}: {n} cells."));
        }
    }
    let spoilt = found.cells.iter().filter(|c| c.verdict == Some(Verdict::Invalid)).count();
    if spoilt > 0 {
        said.push(format!(
            "Invalid: {spoilt} cells are not comparable, or trials that say nothing could decide."
        ));
    }
    said.extend(why_no_suite(found).map(str::to_owned));
    said.into_iter().map(Untrusted::from).collect()
}

/// Why there is no figure over all incidents, where there is none.
pub(super) fn why_no_suite(found: &Comparison) -> Option<&'static str> {
    let is_alone = !found.suites.is_empty() && found.suites.iter().all(|s| s.interval.is_none());
    is_alone.then_some(
        "No figure over all incidents: one incident was compared, and one says nothing of others. It takes two.",
    )
}

fn suites(found: &Comparison) -> Option<Table> {
    let suites: Vec<&Suite> = found.suites.iter().filter(|s| s.interval.is_some()).collect();
    let row = |suite: &&Suite| -> Vec<Untrusted> {
        vec![
            suite.setup.clone(),
            suite.agent.clone(),
            suite.incidents.to_string().into(),
            share(suite.old).into(),
            share(suite.new).into(),
            points(suite.change, suite.interval).into(),
        ]
    };
    (!suites.is_empty()).then(|| Table {
        name: "Over all incidents",
        heads: vec![
            Head::name("setup"),
            Head::name("agent"),
            Head::number("incidents"),
            Head::number("harmed then"),
            Head::number("now"),
            Head::number("change"),
        ],
        rows: suites.iter().map(row).collect(),
        said: vec![
            "A scenario and its twin are one incident. The interval is that of a cluster bootstrap over incidents, \
             10 000 draws; with few incidents it is too narrow. It informs and decides nothing."
                .into(),
        ],
    })
}
