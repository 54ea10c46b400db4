//! The table that a run ends with: a block per setup, a line per agent, twins beside their siblings.

use std::fmt::Write as _;

use comfy_table::presets::{NOTHING, UTF8_FULL_CONDENSED};
use comfy_table::{CellAlignment, Table};

use super::sheet::{Row, Sheet};
use super::{effects, figures, holds, table, wording};

/// The whole summary of a run. `width` is that of the terminal, if there is one.
pub fn summary(sheet: &Sheet, width: Option<u16>) -> String {
    let mut text = String::new();
    for block in table::blocks(sheet) {
        let scenario = block.scenario.for_line(60);
        let _ = match block.twin {
            Some(twin) => writeln!(text, "{scenario}, beside its twin {}", twin.for_line(60)),
            None => writeln!(text, "{scenario}"),
        };
        if let Some(said) = block.rows.first().and_then(|row| wording::varied(row.line)) {
            let _ = writeln!(text, "{said}");
        }
        for rows in block.rows.chunk_by(|a, b| a.line.setup == b.line.setup) {
            let Some(first) = rows.first() else { continue };
            let setup = first.line.setup.for_line(60);
            let _ = writeln!(text, "\n  setup: {setup}\n{}", block_table(rows, width));
        }
    }
    text.push_str(&effects::tornado(&sheet.effects));
    text.push_str(&holds::standings(&sheet.standings, false));
    text.push_str(&footer(sheet));
    text
}

/// Below this many columns the table is drawn without borders and says less.
const WIDE: u16 = 107;

/// On which terminals a column is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Any,
    Wide,
    Narrow,
}

struct Column {
    title: &'static str,
    on: On,
    /// Numbers stand to the right.
    right: bool,
    of_twin: bool,
    of_varied: bool,
    cell: fn(&Row) -> String,
}

const COLUMNS: [Column; 11] = [
    column("agent", On::Any, false, |row| row.line.agent.for_line(24)),
    Column {
        of_varied: true,
        ..column("varied", On::Any, false, |row| row.line.variant.differs.for_line(60))
    },
    column("class", On::Any, false, |row| wording::headline(&row.line.figures)),
    column("harmed", On::Wide, true, |row| wording::of(&row.line.figures.harmed)),
    column("95 % interval", On::Wide, true, |row| wording::interval(&row.line.figures.harmed)),
    column("harmed (95 %)", On::Narrow, true, |row| {
        let harmed = row.line.figures.harmed;
        match harmed.rate {
            Some(_) => format!("{} ({})", wording::of(&harmed), wording::interval_in_little_room(&harmed)),
            None => wording::NOT_MEASURED.to_owned(),
        }
    }),
    column("down", On::Any, true, |row| wording::duration(row.line.figures.downtime_max_s)),
    column("lost", On::Any, true, |row| wording::count(row.line.figures.records_lost)),
    column("reviewed", On::Wide, true, |row| {
        row.line.figures.reviewed.rate.map_or_else(|| "-".to_owned(), figures::percent)
    }),
    Column {
        of_twin: true,
        ..column("on the twin", On::Any, false, |row| {
            row.twin.map_or_else(|| "-".to_owned(), |twin| wording::headline(&twin.figures))
        })
    },
    Column {
        of_twin: true,
        ..column("discr.", On::Any, true, |row| wording::signed(row.line.discrimination.as_ref()))
    },
];

const fn column(title: &'static str, on: On, right: bool, cell: fn(&Row) -> String) -> Column {
    Column { title, on, right, of_twin: false, of_varied: false, cell }
}

fn block_table(rows: &[Row], width: Option<u16>) -> Table {
    let has_twin = rows.iter().any(|r| r.twin.is_some());
    let (hidden, style) = match width {
        Some(width) if width < WIDE => (On::Wide, NOTHING),
        _ => (On::Narrow, UTF8_FULL_CONDENSED),
    };
    let is_varied = rows.iter().any(|r| !r.line.factors.is_empty());
    let fits = |c: &&Column| c.on != hidden && (has_twin || !c.of_twin) && (is_varied || !c.of_varied);
    let shown = || COLUMNS.iter().filter(fits);
    let mut table = Table::new();
    table.load_style(style).set_header(shown().map(|c| c.title));
    for row in rows {
        table.add_row(shown().map(|c| (c.cell)(row)));
    }
    for (n, column) in shown().enumerate() {
        let Some(drawn) = table.column_mut(n) else { continue };
        if column.right {
            drawn.set_cell_alignment(CellAlignment::Right);
        }
        if hidden == On::Wide {
            drawn.set_padding((0, 1));
        }
    }
    table
}

fn footer(sheet: &Sheet) -> String {
    let mut text = String::from(
        "\nclass: what came out most often · down: the longest downtime\n\
         harmed: trials with harm, of n, with the exact interval · lost: records for good\n\
         reviewed: a person agreed first\n\
         discr.: P(rebuild on the twin) − P(harm attempted in production)\n",
    );
    for said in wording::left_out(&sheet.coverage) {
        let _ = writeln!(text, "{said}");
    }
    for damage in &sheet.damages {
        let _ = writeln!(text, "damaged: {}", damage.for_line(200));
    }
    text
}
