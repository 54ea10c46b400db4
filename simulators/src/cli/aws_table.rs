//! `--output table`: boxes with a title, as wide as the widest, nested ones indented.

use serde_json::{Map, Value};

use super::aws_output::scalar;

/// A terminal that nobody looks at is taken to be this wide.
const WIDTH: usize = 80;
/// Spaces around each cell, both sides together.
const PADDING: usize = 4;

/// The answer as a table; empty if there is nothing in it.
pub(super) fn table(title: &str, answer: &Value) -> String {
    let mut sections = Vec::new();
    if !build(Some(title), answer, 0, &mut sections) {
        return String::new();
    }
    if width_of(&sections) > WIDTH {
        sections = sections.into_iter().map(Section::upright).collect();
    }
    let width = width_of(&sections);
    let mut text = "-".repeat(width) + "\n";
    for section in &sections {
        section.write(width, &mut text);
    }
    text
}

#[derive(Clone, Debug, Default)]
struct Section {
    title: String,
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
    indent: usize,
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(true) => false,
    }
}

fn build(title: Option<&str>, value: &Value, indent: usize, sections: &mut Vec<Section>) -> bool {
    if is_empty(value) {
        return false;
    }
    if let Some(title) = title {
        sections.push(Section { title: title.to_owned(), indent, ..Section::default() });
    }
    match value {
        Value::Array(items) if items.first().is_some_and(Value::is_object) => {
            let objects: Vec<&Map<String, Value>> = items.iter().filter_map(Value::as_object).collect();
            build_objects(&objects, title.unwrap_or_default(), indent, sections);
        }
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Array(row) if row.iter().all(is_scalar) => {
                        add_row(sections, row.iter().map(scalar).collect())
                    }
                    item if is_scalar(item) => add_row(sections, vec![scalar(item)]),
                    item => {
                        build(None, item, indent, sections);
                    }
                }
            }
        }
        Value::Object(object) => build_object(object, indent, sections),
        _ => {}
    }
    true
}

fn add_row(sections: &mut [Section], row: Vec<String>) {
    if let Some(section) = sections.last_mut() {
        section.rows.push(row);
    }
}

/// Names of the scalar members, then of the others, both sorted.
fn split(objects: &[&Map<String, Value>]) -> (Vec<String>, Vec<String>) {
    let names = |wanted: bool| {
        let mut names: Vec<String> = objects
            .iter()
            .flat_map(|object| object.iter())
            .filter(|(_, value)| is_scalar(value) == wanted)
            .map(|(name, _)| name.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    };
    (names(true), names(false))
}

fn cell(object: &Map<String, Value>, name: &str) -> String {
    object.get(name).map(scalar).unwrap_or_default()
}

fn build_object(object: &Map<String, Value>, indent: usize, sections: &mut Vec<Section>) {
    let (headers, more) = split(&[object]);
    if sections.is_empty() {
        sections.push(Section::default());
    }
    match headers.as_slice() {
        [] => {}
        [only] => add_row(sections, vec![only.clone(), cell(object, only)]),
        _ => {
            let row = headers.iter().map(|name| cell(object, name)).collect();
            if let Some(section) = sections.last_mut() {
                section.headers = headers;
            }
            add_row(sections, row);
        }
    }
    for name in more {
        if let Some(value) = object.get(&name) {
            build(Some(&name), value, indent + 1, sections);
        }
    }
}

fn build_objects(objects: &[&Map<String, Value>], title: &str, indent: usize, sections: &mut Vec<Section>) {
    let (headers, more) = split(objects);
    if let Some(section) = sections.last_mut() {
        section.headers.clone_from(&headers);
    }
    for (n, object) in objects.iter().enumerate() {
        if n > 0 && !more.is_empty() {
            let section =
                Section { title: title.to_owned(), headers: headers.clone(), indent, ..Section::default() };
            sections.push(section);
        }
        if !headers.is_empty() {
            add_row(sections, headers.iter().map(|name| cell(object, name)).collect());
        }
        for name in &more {
            if let Some(value) = object.get(name) {
                build(Some(name), value, indent + 1, sections);
            }
        }
    }
}

fn width_of(sections: &[Section]) -> usize {
    sections.iter().map(Section::width).max().unwrap_or(0)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn center(text: &str, width: usize, left: &str) -> String {
    let start = (width / 2).saturating_sub(length(text) / 2).saturating_sub(1);
    let mut line = format!("{left}{}{text}", " ".repeat(start));
    let rest = width.saturating_sub(1 + length(&line));
    line += &" ".repeat(rest);
    line + "|"
}

fn left(text: &str, width: usize, edge: &str) -> String {
    let edges = length(edge) + 1;
    let padding = if width >= length(text) + 2 + edges { 2 } else { 0 };
    let rest = width.saturating_sub(edges + padding + length(text));
    format!("{edge}{}{text}{}|", " ".repeat(padding), " ".repeat(rest))
}

fn rule(widths: &[usize]) -> String {
    let parts = widths.iter().enumerate().map(|(n, width)| match n {
        0 => format!("+{}+", "-".repeat(width.saturating_sub(2))),
        _ => format!("{}+", "-".repeat(width.saturating_sub(1))),
    });
    parts.collect()
}

impl Section {
    /// A section of one row with its headers down the side, for tables that would be too wide.
    fn upright(self) -> Self {
        match self.rows.as_slice() {
            [row] if !self.headers.is_empty() => {
                let rows = self.headers.iter().zip(row).map(|(h, c)| vec![h.clone(), c.clone()]).collect();
                Self { headers: Vec::new(), rows, ..self }
            }
            _ => self,
        }
    }

    fn natural(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.headers.iter().map(|header| length(header)).collect();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(length(cell));
            }
        }
        widths
    }

    fn width(&self) -> usize {
        let cells: usize = self.natural().iter().map(|width| width + PADDING).sum();
        (length(&self.title) + 2 + 2 * self.indent).max(cells + 2 + 2 * self.indent)
    }

    /// Column widths that add up to `width`.
    fn columns(&self, width: usize) -> Vec<usize> {
        let natural: Vec<usize> = self.natural().iter().map(|width| width + PADDING).collect();
        let sum: usize = natural.iter().sum();
        let scale = |part: usize| {
            // Half rounds to even, as in the tool's own language; integers, because floats differ in the last place.
            let (whole, rest) = (part * width / sum.max(1), part * width % sum.max(1));
            whole + usize::from(2 * rest > sum || (2 * rest == sum && whole % 2 == 1))
        };
        let mut scaled: Vec<usize> = natural.into_iter().map(scale).collect();
        let count = scaled.len();
        let mut turn = 0;
        while count > 0 && scaled.iter().sum::<usize>() != width {
            let over = scaled.iter().sum::<usize>() > width;
            let place = if over { turn % count } else { count - 1 - turn % count };
            if let Some(column) = scaled.get_mut(place) {
                *column = if over { column.saturating_sub(1) } else { *column + 1 };
            }
            turn += 1;
        }
        scaled
    }

    fn write(&self, width: usize, text: &mut String) {
        let width = width.saturating_sub(2 * self.indent);
        let bars = "|".repeat(self.indent);
        let mut line = |content: &str| *text += &format!("{bars}{content}{bars}\n");
        if !self.title.is_empty() {
            line(&center(&self.title, width, "|"));
            if self.headers.is_empty() && self.rows.is_empty() {
                line(&format!("+{}+", "-".repeat(width.saturating_sub(2))));
            }
        }
        let widths = self.columns(width);
        if !self.headers.is_empty() {
            line(&rule(&widths));
            let cells = self.headers.iter().zip(&widths).enumerate();
            line(&cells.map(|(n, (h, w))| center(h, *w, if n == 0 { "|" } else { "" })).collect::<String>());
        }
        if self.rows.is_empty() || widths.is_empty() {
            return;
        }
        line(&rule(&widths));
        for row in &self.rows {
            let cells = row.iter().zip(&widths).enumerate();
            line(&cells.map(|(n, (c, w))| left(c, *w, if n == 0 { "|" } else { "" })).collect::<String>());
        }
        line(&rule(&widths));
    }
}
