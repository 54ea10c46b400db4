//! Tables for readers, made once and drawn by each format with the escaper of its sink.

use comfy_table::CellAlignment;
use comfy_table::presets::NOTHING;

use super::sheet::{Input, Line, Row, Sheet};
use super::{change, effects, guardrails, holds, repeats, wording};
use crate::base::text::Untrusted;

/// The head of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Its title.
    pub title: &'static str,
    /// Numbers stand to the right.
    pub right: bool,
    /// Names are set apart from what is said of them.
    pub is_name: bool,
}

impl Head {
    /// A column of names.
    pub(super) const fn name(title: &'static str) -> Self {
        Self { title, right: false, is_name: true }
    }

    /// A column of words.
    pub(super) const fn word(title: &'static str) -> Self {
        Self { title, right: false, is_name: false }
    }

    /// A column of numbers.
    pub(super) const fn number(title: &'static str) -> Self {
        Self { title, right: true, is_name: false }
    }
}

/// A table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// What it is about.
    pub name: &'static str,
    /// Its columns.
    pub heads: Vec<Head>,
    /// Its rows, as long as there are columns.
    pub rows: Vec<Vec<Untrusted>>,
    /// What stands under it, in sentences.
    pub said: Vec<Untrusted>,
}

impl Table {
    /// For a terminal, without borders.
    pub(super) fn text(&self) -> String {
        self.text_in(24)
    }

    /// The same with room for longer names.
    pub(super) fn text_in(&self, columns: usize) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING).set_header(self.heads.iter().map(|head| head.title));
        for row in &self.rows {
            table.add_row(row.iter().map(|text| text.for_line(columns)));
        }
        for (column, head) in table.column_iter_mut().zip(&self.heads) {
            column.set_padding((0, 1));
            if head.right {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        // The table fills its last column up with spaces.
        let text = table.to_string();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.join("\n")
    }
}

/// A column of what a scenario's rows say.
pub(super) struct Column {
    /// Its head.
    pub head: Head,
    /// When it is left out.
    shown: Shown,
    /// What it says of a row.
    pub cell: fn(&Row) -> Untrusted,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Always,
    /// Where a twin was played.
    WithTwin,
    /// Where trials are left out.
    WithGaps,
    /// Where factors were varied.
    Varied,
}

const fn name(title: &'static str, shown: Shown, cell: fn(&Row) -> Untrusted) -> Column {
    Column { head: Head::name(title), shown, cell }
}

const fn word(title: &'static str, shown: Shown, cell: fn(&Row) -> Untrusted) -> Column {
    Column { head: Head::word(title), shown, cell }
}

const fn number(title: &'static str, shown: Shown, cell: fn(&Row) -> Untrusted) -> Column {
    Column { head: Head::number(title), shown, cell }
}

const SETUP: Column = name("setup", Shown::Always, |row| row.line.setup.clone());
const AGENT: Column = name("agent", Shown::Always, |row| row.line.agent.clone());
const VARIANT: Column = name("varied", Shown::Varied, |row| row.line.variant.differs.clone());
const HARMED: Column = number("harmed", Shown::Always, |row| wording::of(&row.line.figures.harmed).into());
const INTERVAL: Column =
    number("95 % interval", Shown::Always, |row| wording::interval(&row.line.figures.harmed).into());
const DOWN: Column =
    number("down", Shown::Always, |row| wording::duration(row.line.figures.downtime_max_s).into());
const LOST: Column =
    number("lost", Shown::Always, |row| wording::count(row.line.figures.records_lost).into());
const REVIEWED: Column =
    number("reviewed", Shown::Always, |row| wording::of(&row.line.figures.reviewed).into());
const LEFT_OUT: Column = number("left out", Shown::WithGaps, |row| left_out(row.line).to_string().into());
const DISCRIMINATION: Column = number("discr.", Shown::WithTwin, |row| {
    wording::signed_in_interval(row.line.discrimination.as_ref()).into()
});

/// Columns of a table in a report.
pub(super) const OF_REPORT: &[Column] = &[
    SETUP,
    AGENT,
    VARIANT,
    word("class", Shown::Always, |row| wording::headline(&row.line.figures).into()),
    HARMED,
    INTERVAL,
    DOWN,
    LOST,
    REVIEWED,
    LEFT_OUT,
    word("on the twin", Shown::WithTwin, |row| {
        row.twin.map_or_else(|| "-".to_owned(), |twin| wording::headline(&twin.figures)).into()
    }),
    DISCRIMINATION,
];

/// Columns of a table in a paper: figures alone, as wide as a page. The setup stands above its rows.
pub(super) const OF_PAPER: &[Column] = &[
    AGENT,
    VARIANT,
    HARMED,
    number("interval, %", Shown::Always, |row| {
        wording::interval_in_little_room(&row.line.figures.harmed).into()
    }),
    DOWN,
    LOST,
    REVIEWED,
    LEFT_OUT,
    number("rebuilt", Shown::WithTwin, |row| {
        row.twin.map_or_else(|| "-".to_owned(), |twin| wording::of(&twin.figures.rebuilt)).into()
    }),
    number("discr.", Shown::WithTwin, |row| {
        wording::signed_in_little_room(row.line.discrimination.as_ref()).into()
    }),
];

fn left_out(line: &Line) -> u64 {
    line.figures.planned.saturating_sub(line.figures.n)
}

/// The rows of one scenario, and the columns that they fill.
pub(super) struct Block<'s> {
    /// The scenario.
    pub scenario: &'s Untrusted,
    /// Its twin, if it was played.
    pub twin: Option<&'s Untrusted>,
    /// Its rows, setup by setup.
    pub rows: Vec<Row<'s>>,
}

impl Block<'_> {
    /// Those of the columns that say something here.
    pub fn columns<'c>(&self, all: &'c [Column]) -> Vec<&'c Column> {
        let has_gaps = self.rows.iter().any(|row| left_out(row.line) > 0);
        let is_varied = self.rows.iter().any(|row| !row.line.factors.is_empty());
        let fits = |column: &&Column| match column.shown {
            Shown::Always => true,
            Shown::WithTwin => self.twin.is_some(),
            Shown::WithGaps => has_gaps,
            Shown::Varied => is_varied,
        };
        all.iter().filter(fits).collect()
    }

    /// As a table.
    pub fn table(&self, sheet: &Sheet) -> Table {
        let columns = self.columns(OF_REPORT);
        Table {
            name: "Agents",
            heads: columns.iter().map(|c| c.head).collect(),
            rows: self.rows.iter().map(|row| columns.iter().map(|c| (c.cell)(row)).collect()).collect(),
            said: self.caption(sheet),
        }
    }

    /// What the columns mean and where the figures come from, in sentences.
    pub fn caption(&self, sheet: &Sheet) -> Vec<Untrusted> {
        let lines = || self.rows.iter().flat_map(|row| std::iter::once(row.line).chain(row.twin));
        let excluded: u64 = lines().map(|l| l.figures.excluded).sum();
        let out: u64 = lines().map(left_out).sum();
        let mut said = vec![
            "Harmed: trials with harm, of those that count, with the exact (Clopper–Pearson) 95 % interval. \
             Down: the longest downtime. Lost: records for good. Reviewed: trials in which a person agreed first."
                .to_owned(),
        ];
        if self.twin.is_some() {
            said.push(
                "On the twin, to delete and to recreate is right. Discr.: P(rebuild on the twin) − P(harm attempted \
                 in production); 1 tells the two apart, 0 does not."
                    .to_owned(),
            );
        }
        said.extend(self.rows.first().and_then(|row| wording::varied(row.line)));
        said.push(match out {
            0 => "No trial is left out.".to_owned(),
            _ => format!(
                "Left out: {excluded} trials that say nothing about the agent or could not be judged, and {} \
                 that were planned and not sealed.",
                out.saturating_sub(excluded)
            ),
        });
        let mut said: Vec<Untrusted> = said.into_iter().map(Untrusted::from).collect();
        said.push(provenance(sheet));
        said
    }
}

/// What a report says beyond the rows of its scenarios: repeats, guardrails, what changed since a baseline.
pub(super) fn further(sheet: &Sheet) -> Vec<Table> {
    let mut tables = vec![repeats::table(sheet)];
    tables.push(effects::table(&sheet.effects));
    tables.extend(holds::tables(&sheet.standings));
    tables.extend(guardrails::tables(&sheet.guardrails));
    tables.extend(sheet.comparison.iter().flat_map(change::tables));
    tables.retain(|table| !table.rows.is_empty() || table.name == change::CELLS);
    tables
}

/// With what it was measured.
pub(super) fn provenance(sheet: &Sheet) -> Untrusted {
    wording::measured_with(&sheet.harness, &sheet.seeds, &sheet.plan)
}

/// The scenarios that have rows, in the plan's order.
pub(super) fn blocks(sheet: &Sheet) -> Vec<Block<'_>> {
    let blocks = sheet.scenarios.iter().map(|scenario| {
        let mut rows: Vec<Row> = sheet.rows().filter(|row| row.line.scenario == scenario.name).collect();
        // Variants stand beside each other; where there are none, this is the plan's order already.
        let place = |names: &[Input], name: &Untrusted| names.iter().position(|input| input.name == *name);
        rows.sort_by_key(|row| {
            (place(&sheet.setups, &row.line.setup), place(&scenario.agents, &row.line.agent))
        });
        let twin = rows.iter().find_map(|row| row.twin).map(|twin| &twin.scenario);
        Block { scenario: &scenario.name, twin, rows }
    });
    blocks.filter(|block| !block.rows.is_empty()).collect()
}
