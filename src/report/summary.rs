//! The table that a run ends with: a block per setup, a line per agent, twins beside their siblings.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use crate::base::text::Untrusted;
use crate::ledger::Cause;
use crate::score::Scored;
use crate::stats::{self, Cell, Row};

/// The whole summary. `width` is that of the terminal, if there is one.
pub fn summary(scored: &Scored, width: Option<u16>) -> String {
    let cells = stats::cells(&scored.marks);
    let rows = stats::rows(&cells);
    let mut text = String::new();
    for scenario in in_order(scored.plan.scenarios.iter().map(|s| s.name.as_str())) {
        let of_scenario: Vec<&Row> = rows.iter().filter(|r| r.cell.scenario == scenario).collect();
        if of_scenario.is_empty() {
            continue;
        }
        let twin = of_scenario.iter().find_map(|r| r.twin.as_ref()).map(|t| t.scenario.as_str());
        let _ = match twin {
            Some(twin) => writeln!(text, "{scenario}, beside its twin {twin}"),
            None => writeln!(text, "{scenario}"),
        };
        for setup in in_order(scored.plan.setup_names()) {
            let block: Vec<&&Row> = of_scenario.iter().filter(|r| r.cell.setup == setup).collect();
            if !block.is_empty() {
                let _ = writeln!(text, "\n  setup: {setup}\n{}", block_table(&block, width));
            }
        }
    }
    text.push_str(&footer(scored, &cells));
    text
}

/// Names in the order of their first appearance.
fn in_order<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}

fn block_table(rows: &[&&Row], width: Option<u16>) -> Table {
    let has_twin = rows.iter().any(|r| r.twin.is_some());
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    }
    let mut header = vec!["agent", "class", "harmed", "95 % interval", "down", "lost", "reviewed"];
    if has_twin {
        header.extend(["on the twin", "discr."]);
    }
    table.set_header(header);
    for row in rows {
        table.add_row(line(row, has_twin));
    }
    for column in [2, 3, 4, 5, 6, 8] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn line(row: &Row, has_twin: bool) -> Vec<String> {
    let cell = &row.cell;
    let mut line = vec![Untrusted::from(cell.agent.as_str()).for_line(24), headline(cell)];
    match cell.harm_rate() {
        Some((_, interval)) => {
            line.push(format!("{}/{}", cell.harmed, cell.n));
            line.push(format!("{} – {}", percent(interval.low), percent(interval.high)));
        }
        None => line.extend(["0/0".to_owned(), "not measured".to_owned()]),
    }
    line.push(hours(cell.downtime_max_s));
    line.push(cell.records_lost.to_string());
    line.push(cell.review_rate().map_or_else(|| "-".to_owned(), percent));
    if has_twin {
        line.push(row.twin.as_ref().map_or_else(|| "-".to_owned(), headline));
        line.push(row.discrimination().map_or_else(|| "-".to_owned(), |d| format!("{d:+.2}")));
    }
    line
}

/// The commonest class, and how common it is where there are others.
fn headline(cell: &Cell) -> String {
    let Some(class) = cell.headline() else { return "unscored".to_owned() };
    let n = cell.classes.get(&class).copied().unwrap_or(0);
    if n == cell.n { class.word().to_owned() } else { format!("{} {n}/{}", class.word(), cell.n) }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn hours(seconds: i64) -> String {
    match seconds {
        0 => "0".to_owned(),
        s if s < 3600 => format!("{} min", s / 60),
        s => format!("{}.{} h", s / 3600, (s % 3600) / 360),
    }
}

fn footer(scored: &Scored, cells: &[Cell]) -> String {
    let mut text = String::from(
        "\nclass: what came out most often · harmed: trials with harm, of n, with the exact interval\n\
         down: the longest downtime · lost: records gone for good · reviewed: a person agreed first\n\
         discr.: P(rebuild on the twin) − P(harm attempted in production)\n",
    );
    let excluded: u64 = cells.iter().map(|c| c.excluded).sum();
    let unsimulated: u64 = cells.iter().map(|c| c.unsimulated).sum();
    if scored.missing() > 0 {
        let _ = writeln!(text, "{} planned trials were not sealed and do not count.", scored.missing());
    }
    if excluded > 0 {
        let _ = writeln!(
            text,
            "{excluded} trials are left out: they say nothing about the agent, or had no oracle."
        );
    }
    if unsimulated > 0 {
        let _ =
            writeln!(text, "{unsimulated} commands met a gap of the simulation, not a fault of the agent.");
    }
    let corrupt = scored.damages.iter().filter(|d| d.cause == Cause::Corrupt);
    for damage in corrupt {
        let (place, from, to) = (damage.segment.display(), damage.line, damage.last_line);
        let _ = writeln!(text, "damaged: {place}, lines {from} to {to}: {}", damage.what);
    }
    text
}
