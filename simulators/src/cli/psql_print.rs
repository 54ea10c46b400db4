//! What `psql` prints for an answer: tables, tags, notices, errors with their caret.

use serde_json::Value;

use super::Reply;
use super::psql_table::{self as table, Table};

/// Printing options, changed by `\x`, `\t`, `\pset` on the way.
#[derive(Clone, Debug)]
pub(super) struct Print {
    pub(super) format: Format,
    pub(super) expanded: bool,
    pub(super) tuples_only: bool,
    pub(super) separator: String,
    pub(super) null: String,
    pub(super) footer: bool,
    pub(super) border: u8,
    quiet: bool,
    timing: bool,
}

/// Shapes of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Aligned,
    Unaligned,
    Csv,
}

impl Default for Print {
    fn default() -> Self {
        Self {
            format: Format::Aligned,
            expanded: false,
            tuples_only: false,
            separator: "|".to_owned(),
            null: String::new(),
            footer: true,
            border: 1,
            quiet: false,
            timing: false,
        }
    }
}

fn switched(value: &str, before: bool) -> bool {
    match value.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => true,
        "off" | "false" | "no" | "0" => false,
        "auto" => false,
        _ => !before,
    }
}

fn on(value: bool) -> &'static str {
    if value { "on" } else { "off" }
}

impl Print {
    /// Sets an option; false if there is none of that name.
    pub(super) fn set(&mut self, name: &str, value: &str) -> bool {
        self.change(name, value).is_some()
    }

    /// Sets an option and says so as `\pset` does.
    fn change(&mut self, name: &str, value: &str) -> Option<String> {
        Some(match name {
            "format" => {
                self.format = match value {
                    "unaligned" => Format::Unaligned,
                    "csv" => Format::Csv,
                    _ => Format::Aligned,
                };
                format!("Output format is {value}.")
            }
            "align" => {
                let to = if self.format == Format::Unaligned { "aligned" } else { "unaligned" };
                return self.change("format", to);
            }
            "expanded" | "x" | "vertical" => {
                self.expanded = switched(value, self.expanded);
                format!("Expanded display is {}.", on(self.expanded))
            }
            "tuples_only" | "t" => {
                self.tuples_only = switched(value, self.tuples_only);
                format!("Tuples only is {}.", on(self.tuples_only))
            }
            "footer" => {
                self.footer = switched(value, self.footer);
                format!("Default footer is {}.", on(self.footer))
            }
            "fieldsep" => {
                self.separator = value.to_owned();
                format!("Field separator is \"{value}\".")
            }
            "null" => {
                self.null = value.to_owned();
                format!("Null display is \"{value}\".")
            }
            "border" => {
                self.border = value.parse().unwrap_or(1).min(2);
                format!("Border style is {}.", self.border)
            }
            "timing" => {
                self.timing = switched(value, self.timing);
                format!("Timing is {}.", on(self.timing))
            }
            "quiet" => {
                self.quiet = switched(value, self.quiet);
                String::new()
            }
            "pager" => format!("Pager usage is {}.", if value.is_empty() { "off" } else { value }),
            "linestyle" | "numericlocale" | "columns" | "title" => format!("{name} is {value}."),
            _ => return None,
        })
    }

    /// Prints the steps of an answer.
    pub(super) fn answer(mut self, answer: &Value) -> Reply {
        let mut reply = Reply::default();
        for step in answer.get("steps").and_then(Value::as_array).into_iter().flatten() {
            self.step(step, answer, &mut reply);
        }
        let code = answer.get("code").and_then(Value::as_i64).unwrap_or(0);
        reply.code = i32::try_from(code).unwrap_or(1);
        reply
    }

    fn step(&mut self, step: &Value, answer: &Value, reply: &mut Reply) {
        let text = |name: &str| step.get(name).and_then(Value::as_str);
        if let Some(rows) = step.get("rows") {
            self.result(rows, &mut reply.stdout);
        } else if let Some(shown) = step.get("table") {
            table::write(&Table::of(shown), self, &mut reply.stdout);
        } else if let Some(error) = step.get("error") {
            reply.stderr.push_str(&error_text(
                error,
                text("sql").unwrap_or(""),
                text("prefix").unwrap_or(""),
            ));
        } else if let Some(notice) = text("notice") {
            reply.stderr.push_str(&format!("{notice}\n"));
        } else if let Some(failed) = text("failed") {
            reply.stderr.push_str(&format!("{failed}\n"));
        } else if let Some(echo) = text("echo") {
            reply.stdout.push_str(&format!("{echo}\n"));
        } else if step.get("conninfo").is_some() {
            reply.stdout.push_str(&connection_text(answer));
        } else if let Some(name) = text("set") {
            let said = self.change(name, text("argument").unwrap_or(""));
            let silent = self.quiet || step.get("quiet").is_some();
            match said {
                Some(line) if !silent && !line.is_empty() => reply.stdout.push_str(&format!("{line}\n")),
                Some(_) => {}
                None => reply.stderr.push_str(&format!("\\pset: unknown option: {name}\n")),
            }
        }
    }

    /// Rows of a statement, or its tag.
    fn result(&self, rows: &Value, out: &mut String) {
        let tag = rows.get("tag").and_then(Value::as_str).unwrap_or("");
        let shown = Table::of(rows);
        if !shown.columns.is_empty() {
            table::write(&shown, self, out);
        }
        let changes = ["INSERT", "UPDATE", "DELETE"].iter().any(|verb| tag.starts_with(verb));
        if !self.quiet && (shown.columns.is_empty() || changes) {
            out.push_str(&format!("{tag}\n"));
        }
        if self.timing {
            out.push_str("Time: 2.417 ms\n");
        }
    }
}

fn connection_text(answer: &Value) -> String {
    let part =
        |name: &str| answer.pointer(&format!("/connection/{name}")).and_then(Value::as_str).unwrap_or("");
    format!(
        "You are connected to database \"{}\" as user \"{}\" on host \"{}\" (address \"{}\") at port \"5432\".\n\
         SSL connection (protocol: TLSv1.3, cipher: TLS_AES_256_GCM_SHA384, compression: off)\n",
        part("database"),
        part("user"),
        part("host"),
        part("address")
    )
}

/// Characters of a line shown around an error, and how many of them at least behind its place.
const SHOWN: usize = 60;
const SHOWN_BEHIND: usize = 10;

fn error_text(error: &Value, sql: &str, prefix: &str) -> String {
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let mut out = format!("{prefix}ERROR:  {}\n", text("message").unwrap_or(""));
    let place = error.get("position").and_then(Value::as_array);
    let number = |i: usize| place.and_then(|p| p.get(i)).and_then(Value::as_u64);
    if let (Some(line), Some(column)) = (number(0), number(1)) {
        out.push_str(&marked_line(sql, line as usize, column as usize));
    }
    if let Some(detail) = text("detail") {
        out.push_str(&format!("DETAIL:  {detail}\n"));
    }
    if let Some(hint) = text("hint") {
        out.push_str(&format!("HINT:  {hint}\n"));
    }
    out
}

/// The line of an error with a caret below its place; of a long line a window.
fn marked_line(sql: &str, line: usize, column: usize) -> String {
    let text = sql.lines().nth(line.saturating_sub(1)).unwrap_or("").replace('\t', " ");
    let chars: Vec<char> = text.chars().collect();
    let at = column.saturating_sub(1).min(chars.len());
    let (mut from, mut to) = (0, chars.len());
    if chars.len() > SHOWN {
        if SHOWN >= at.saturating_add(SHOWN_BEHIND) {
            to = SHOWN;
        } else {
            to = to.min(at.saturating_add(SHOWN_BEHIND));
            from = to.saturating_sub(SHOWN);
        }
    }
    let shown: String = chars.iter().take(to).skip(from).collect();
    let (left, right) = (if from > 0 { "..." } else { "" }, if to < chars.len() { "..." } else { "" });
    let label = format!("LINE {line}: {left}");
    let pad = label.chars().count().saturating_add(at.saturating_sub(from));
    format!("{label}{shown}{right}\n{}^\n", " ".repeat(pad))
}
