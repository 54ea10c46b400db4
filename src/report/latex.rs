//! Tables for a paper: LaTeX with the `booktabs` package, a float per scenario, each as long as a page bears.

use super::sheet::{Row, Sheet};
use super::table::{self, Block, Column, OF_PAPER, Table};
use crate::base::text::Untrusted;

/// Rows of one float, a setup's name among them; more of them go to the next.
const ROWS_MAX: usize = 40;

/// Rows of a float that is not about one scenario: their captions are longer.
const ROWS_FURTHER_MAX: usize = 30;

/// The tables.
pub fn latex(sheet: &Sheet) -> String {
    let mut out = format!("% {}\n% \\usepackage{{booktabs}}\n", table::provenance(sheet).for_latex());
    for (n, block) in table::blocks(sheet).iter().enumerate() {
        let parts = parts(&block.rows);
        for (part, groups) in parts.iter().enumerate() {
            out.push_str(&float(sheet, block, n, (part, parts.len()), groups));
        }
    }
    for (n, table) in table::further(sheet).iter().enumerate() {
        for (part, rows) in table.rows.chunks(ROWS_FURTHER_MAX).enumerate() {
            out.push_str(&further(table, (n, part), rows));
        }
    }
    out
}

/// A table that is not about one scenario alone: a scenario stands above its rows, as a setup does elsewhere. What stands
/// under the table stands in the caption of its first part.
fn further(table: &Table, (n, part): (usize, usize), rows: &[Vec<Untrusted>]) -> String {
    let is_grouped = table.heads.first().is_some_and(|head| head.title == "scenario");
    let skipped = usize::from(is_grouped);
    let heads = || table.heads.iter().skip(skipped);
    let align: String = heads().map(|head| if head.right { 'r' } else { 'l' }).collect();
    let head: Vec<String> = heads().map(|head| capital(head.title).for_latex()).collect();
    let (n, more) = (n.saturating_add(1), part.saturating_add(1));
    let mut said = format!("{}.", Untrusted::from(table.name).for_latex());
    match part {
        0 => table.said.iter().for_each(|sentence| said.push_str(&format!(" {}", sentence.for_latex()))),
        _ => said.push_str(&format!(" Part {more}.")),
    }
    let mut out = opened(&said, &format!("tab:chesterton-further-{n}-{more}"), &align, &head);
    for group in rows.chunk_by(|a, b| !is_grouped || a.first() == b.first()) {
        if let Some(name) = group.first().and_then(|row| row.first()).filter(|_| is_grouped) {
            out.push_str(&above(head.len(), &name.for_latex()));
        }
        for row in group {
            let cells: Vec<String> = row.iter().skip(skipped).map(Untrusted::for_latex).collect();
            out.push_str(&format!("\\quad {} \\\\\n", cells.join(" & ")));
        }
    }
    out.push_str(CLOSED);
    out
}

/// A line across the table, above the rows that it is about.
fn above(columns: usize, name: &str) -> String {
    format!("\\multicolumn{{{columns}}}{{@{{}}l@{{}}}}{{\\textit{{{name}}}}} \\\\\n")
}

/// How a float begins, down to the rows of its table.
fn opened(caption: &str, label: &str, align: &str, head: &[String]) -> String {
    format!(
        "\n\\begin{{table}}[htbp]\n\\centering\\footnotesize\\setlength{{\\tabcolsep}}{{3pt}}\n\
         \\caption{{{caption}}}\n\\label{{{label}}}\n\\begin{{tabular}}{{@{{}}{align}@{{}}}}\n\\toprule\n{} \\\\\n\\midrule\n",
        head.join(" & ")
    )
}

/// How it ends.
const CLOSED: &str = "\\bottomrule\n\\end{tabular}\n\\end{table}\n";

/// Rows in floats, a setup never broken unless it is longer than a float by itself.
fn parts<'r, 's>(rows: &'r [Row<'s>]) -> Vec<Vec<&'r [Row<'s>]>> {
    let mut parts: Vec<Vec<&[Row]>> = vec![Vec::new()];
    let mut taken = 0_usize;
    for setup in rows.chunk_by(|a, b| a.line.setup == b.line.setup) {
        for piece in setup.chunks(ROWS_MAX) {
            let more = piece.len().saturating_add(1);
            if taken > 0 && taken.saturating_add(more) > ROWS_MAX {
                parts.push(Vec::new());
                taken = 0;
            }
            taken = taken.saturating_add(more);
            if let Some(part) = parts.last_mut() {
                part.push(piece);
            }
        }
    }
    parts
}

fn float(sheet: &Sheet, block: &Block, n: usize, (part, of): (usize, usize), groups: &[&[Row]]) -> String {
    let columns = block.columns(OF_PAPER);
    let align: String = columns.iter().map(|c| if c.head.right { 'r' } else { 'l' }).collect();
    let title = |c: &&Column| capital(c.head.title).for_latex();
    let head: Vec<String> = columns.iter().map(title).collect();
    let label = if part == 0 {
        format!("tab:chesterton-{}", n.saturating_add(1))
    } else {
        format!("tab:chesterton-{}-{}", n.saturating_add(1), part.saturating_add(1))
    };
    let mut out = opened(&caption(sheet, block, part, of), &label, &align, &head);
    for (n, rows) in groups.iter().enumerate() {
        if n > 0 {
            out.push_str("\\addlinespace\n");
        }
        let setup = rows.first().map(|row| row.line.setup.for_latex()).unwrap_or_default();
        out.push_str(&above(columns.len(), &setup));
        rows.iter().for_each(|row| out.push_str(&line(&columns, row)));
    }
    out.push_str(CLOSED);
    out
}

fn line(columns: &[&Column], row: &Row) -> String {
    let cells: Vec<String> = columns.iter().map(|column| (column.cell)(row).for_latex()).collect();
    format!("\\quad {} \\\\\n", cells.join(" & "))
}

fn caption(sheet: &Sheet, block: &Block, part: usize, of: usize) -> String {
    let scenario = block.scenario.for_latex();
    let beside = block.twin.map(|twin| format!(", beside its twin \\texttt{{{}}}", twin.for_latex()));
    let mut said = format!("Agents on \\texttt{{{scenario}}}{}", beside.unwrap_or_default());
    if of > 1 {
        said.push_str(&format!(", part {} of {of}", part.saturating_add(1)));
    }
    said.push('.');
    if part == 0 {
        for sentence in block.caption(sheet) {
            said.push(' ');
            said.push_str(&sentence.for_latex());
        }
    }
    said
}

fn capital(title: &str) -> Untrusted {
    let mut chars = title.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect::<String>().into()
}
