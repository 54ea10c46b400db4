//! Tables as `psql` lays them out, to the space.

use serde_json::Value;

use super::psql_print::{Format, Print};

/// A table to be printed.
pub(super) struct Table {
    title: String,
    pub(super) columns: Vec<String>,
    right: Vec<bool>,
    rows: Vec<Vec<Option<String>>>,
    footers: Option<Vec<String>>,
}

impl Table {
    /// Reads one from an answer.
    pub(super) fn of(value: &Value) -> Self {
        let list = |name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let texts = |items: &[Value]| items.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
        let cell = |v: &Value| match v {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let row = |v: &Value| v.as_array().map(|cells| cells.iter().map(cell).collect()).unwrap_or_default();
        Self {
            title: value.get("title").and_then(Value::as_str).unwrap_or("").to_owned(),
            columns: texts(&list("columns")),
            right: list("right").iter().map(|v| v.as_bool().unwrap_or(false)).collect(),
            rows: list("rows").iter().map(row).collect(),
            footers: value.get("footers").and_then(Value::as_array).map(|f| texts(f)),
        }
    }

    /// Lines below the rows.
    fn footers(&self, print: &Print) -> Vec<String> {
        if print.tuples_only {
            return Vec::new();
        }
        match (&self.footers, self.rows.len()) {
            (Some(lines), _) => lines.clone(),
            (None, _) if !print.footer => Vec::new(),
            (None, 1) => vec!["(1 row)".to_owned()],
            (None, n) => vec![format!("({n} rows)")],
        }
    }
}

/// Writes a table in the format that is set.
pub(super) fn write(table: &Table, print: &Print, out: &mut String) {
    match (print.format, print.expanded) {
        (Format::Csv, _) => csv(table, print, out),
        (Format::Unaligned, false) => unaligned(table, print, out),
        (Format::Unaligned, true) => unaligned_expanded(table, print, out),
        (Format::Aligned, false) if is_too_wide(table, print) => unaligned(table, print, out),
        (Format::Aligned, true) if is_too_wide(table, print) => unaligned_expanded(table, print, out),
        (Format::Aligned, false) => aligned(table, print, out),
        (Format::Aligned, true) => expanded(table, print, out),
    }
}

/// Characters that an aligned table may take; a larger one is printed as it is, without its padding.
const ALIGNED_CHARS_MAX: usize = 64 << 20;

/// One cell of a few MiB would be padded in every row.
fn is_too_wide(table: &Table, print: &Print) -> bool {
    let cells = |row: &Vec<Option<String>>| row.iter().map(|cell| widest(shown(cell, print))).sum::<usize>();
    let height =
        |row: &Vec<Option<String>>| row.iter().flatten().map(|cell| cell.matches('\n').count()).max();
    let lines: usize = table.rows.iter().map(|row| height(row).unwrap_or(0).saturating_add(1)).sum();
    let widest = table.rows.iter().map(cells).max().unwrap_or(0);
    lines.saturating_mul(widest.saturating_mul(table.columns.len().max(1))) > ALIGNED_CHARS_MAX
}

fn shown<'c>(cell: &'c Option<String>, print: &'c Print) -> &'c str {
    cell.as_deref().unwrap_or(&print.null)
}

/// Columns that a text takes on a terminal: East Asian wide characters take two.
fn width(text: &str) -> usize {
    let wide = |c: char| matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff);
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

fn widest(text: &str) -> usize {
    text.split('\n').map(width).max().unwrap_or(0)
}

fn csv(table: &Table, print: &Print, out: &mut String) {
    let quoted = |text: &str| {
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let mut line = |cells: Vec<String>| {
        out.push_str(&cells.join(","));
        out.push('\n');
    };
    if !print.tuples_only {
        line(table.columns.iter().map(|c| quoted(c)).collect());
    }
    for row in &table.rows {
        line(row.iter().map(|cell| quoted(shown(cell, print))).collect());
    }
}

fn unaligned(table: &Table, print: &Print, out: &mut String) {
    let mut lines: Vec<String> = Vec::new();
    if !print.tuples_only {
        if !table.title.is_empty() {
            lines.push(table.title.clone());
        }
        lines.push(table.columns.join(&print.separator));
    }
    for row in &table.rows {
        let cells: Vec<&str> = row.iter().map(|cell| shown(cell, print)).collect();
        lines.push(cells.join(&print.separator));
    }
    lines.extend(table.footers(print));
    for line in lines {
        out.push_str(&line);
        out.push('\n');
    }
}

fn unaligned_expanded(table: &Table, print: &Print, out: &mut String) {
    for (i, row) in table.rows.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        for (name, cell) in table.columns.iter().zip(row) {
            out.push_str(&format!("{name}{}{}\n", print.separator, shown(cell, print)));
        }
    }
}

fn aligned(table: &Table, print: &Print, out: &mut String) {
    let widths: Vec<usize> = table
        .columns
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let cells = table.rows.iter().filter_map(|row| row.get(i)).map(|cell| widest(shown(cell, print)));
            cells.max().unwrap_or(0).max(widest(name))
        })
        .collect();
    let frame = Frame { widths: &widths, border: print.border };
    if !print.tuples_only {
        if !table.title.is_empty() {
            let pad = frame.total().saturating_sub(width(&table.title)) / 2;
            out.push_str(&format!("{}{}\n", " ".repeat(pad), table.title));
        }
        if print.border == 2 {
            frame.rule(out);
        }
        frame.header(&table.columns, out);
        frame.rule(out);
    }
    for row in &table.rows {
        let cells: Vec<&str> = row.iter().map(|cell| shown(cell, print)).collect();
        frame.row(&cells, &table.right, out);
    }
    if print.border == 2 {
        frame.rule(out);
    }
    for line in table.footers(print) {
        out.push_str(&line);
        out.push('\n');
    }
    out.push('\n');
}

/// The lines and spaces around cells.
struct Frame<'w> {
    widths: &'w [usize],
    border: u8,
}

impl Frame<'_> {
    fn total(&self) -> usize {
        let columns = self.widths.len();
        let around = match self.border {
            0 => columns,
            1 => columns.saturating_mul(3).saturating_sub(1),
            _ => columns.saturating_mul(3).saturating_add(1),
        };
        self.widths.iter().sum::<usize>().saturating_add(around)
    }

    /// What stands left of the first cell, between cells, and right of the last.
    fn bars(&self) -> (&'static str, &'static str, &'static str) {
        match self.border {
            0 => ("", " ", ""),
            1 => (" ", " | ", " "),
            _ => ("| ", " | ", " |"),
        }
    }

    fn rule(&self, out: &mut String) {
        let dashes: Vec<String> = self.widths.iter().map(|w| "-".repeat(*w)).collect();
        let line = match self.border {
            0 => dashes.join(" "),
            1 => format!("-{}-", dashes.join("-+-")),
            _ => format!("+-{}-+", dashes.join("-+-")),
        };
        out.push_str(&line);
        out.push('\n');
    }

    fn header(&self, columns: &[String], out: &mut String) {
        let centred = columns.iter().zip(self.widths).map(|(name, w)| {
            let free = w.saturating_sub(width(name));
            format!("{}{name}{}", " ".repeat(free / 2), " ".repeat(free.saturating_sub(free / 2)))
        });
        let (left, between, right) = self.bars();
        out.push_str(&format!("{left}{}{right}\n", centred.collect::<Vec<_>>().join(between)));
    }

    /// A row; a cell of several lines makes it as high, with `+` where it goes on.
    fn row(&self, cells: &[&str], right: &[bool], out: &mut String) {
        let split: Vec<Vec<&str>> = cells.iter().map(|cell| cell.split('\n').collect()).collect();
        let height = split.iter().map(Vec::len).max().unwrap_or(1);
        let (start, _, _) = self.bars();
        let last = cells.len().saturating_sub(1);
        for line in 0..height {
            out.push_str(start);
            for (i, (parts, w)) in split.iter().zip(self.widths).enumerate() {
                let text = parts.get(line).copied().unwrap_or("");
                let goes_on = line.saturating_add(1) < parts.len();
                let pad = " ".repeat(w.saturating_sub(width(text)));
                if right.get(i).copied().unwrap_or(false) {
                    out.push_str(&pad);
                    out.push_str(text);
                } else {
                    out.push_str(text);
                    // Nothing stands behind the last cell, not even its padding.
                    if i < last || goes_on || self.border == 2 {
                        out.push_str(&pad);
                    }
                }
                let mark = if goes_on { "+" } else { " " };
                match (i < last, self.border) {
                    (true, 0) => out.push_str(mark),
                    (true, _) => out.push_str(&format!("{mark}| ")),
                    (false, 2) => out.push_str(&format!("{mark}|")),
                    (false, _) if goes_on => out.push('+'),
                    _ => {}
                }
            }
            out.push('\n');
        }
    }
}

fn expanded(table: &Table, print: &Print, out: &mut String) {
    if table.rows.is_empty() {
        out.push_str(if print.tuples_only { "\n" } else { "(0 rows)\n\n" });
        return;
    }
    if !print.tuples_only && !table.title.is_empty() {
        out.push_str(&format!("{}\n", table.title));
    }
    let names = table.columns.iter().map(|name| widest(name)).max().unwrap_or(0);
    let cells = table.rows.iter().flatten().map(|cell| widest(shown(cell, print))).max().unwrap_or(0);
    for (i, row) in table.rows.iter().enumerate() {
        if print.tuples_only {
            if i > 0 {
                out.push_str(&record_rule("", names, cells));
            }
        } else {
            out.push_str(&record_rule(&format!("[ RECORD {} ]", i.saturating_add(1)), names, cells));
        }
        for (name, cell) in table.columns.iter().zip(row) {
            for (j, line) in shown(cell, print).split('\n').enumerate() {
                let name = if j == 0 { name.as_str() } else { "" };
                let pad = " ".repeat(names.saturating_sub(width(name)));
                out.push_str(&format!("{name}{pad} | {line}\n"));
            }
        }
    }
    if table.footers.is_some() {
        for line in table.footers(print) {
            out.push_str(&format!("{line}\n"));
        }
    }
    out.push('\n');
}

/// The rule above a record: its label lies over the line, and over the crossing if it is long.
fn record_rule(label: &str, names: usize, cells: usize) -> String {
    let mut line = format!("-{label}");
    let crossing = names.saturating_add(1);
    while line.len() < crossing {
        line.push('-');
    }
    if line.len() == crossing {
        line.push('+');
    }
    let end = names.saturating_add(cells).saturating_add(3);
    while line.len() < end {
        line.push('-');
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_wide_cell_does_not_pad_every_row() {
        let mut rows = vec![json!([null]); 2_000];
        rows.push(json!(["x".repeat(1 << 20)]));
        let table = Table::of(&json!({"columns": ["a"], "rows": rows}));
        for expanded in [false, true] {
            let mut print = Print::default();
            print.expanded = expanded;
            let mut out = String::new();
            write(&table, &print, &mut out);
            assert!(out.len() < 2 << 20, "{}", out.len());
        }
    }
}
