//! What makes one schema of another, in the order in which Drizzle does it.

use super::drizzle_schema::{Column, Reference, Table};
use crate::sql::schema::quoted;

/// One step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'t> {
    Create(&'t Table),
    Drop(&'t Table),
    /// Another type; with the one before.
    Retype(&'t Table, &'t Column, &'t str),
    Require(&'t Table, &'t Column, bool),
    Default(&'t Table, &'t Column),
    Add(&'t Table, &'t Column),
    Refer(&'t Table, &'t Reference),
    Remove(&'t Table, &'t Column),
    Unique(&'t Table, &'t [String]),
}

/// The steps from `old` to `new`; defaults are compared where both stand in files alone, for a database shows them in words of its own.
pub(super) fn steps<'t>(old: &'t [Table], new: &'t [Table], defaults: bool) -> Vec<Step<'t>> {
    let kept = || new.iter().filter_map(|table| Some((find(old, &table.name)?, table)));
    let made = || new.iter().filter(|table| find(old, &table.name).is_none());
    let mut steps: Vec<Step<'t>> = made().map(Step::Create).collect();
    steps.extend(old.iter().filter(|table| find(new, &table.name).is_none()).map(Step::Drop));
    for (before, table) in kept() {
        for column in &table.columns {
            let Some(was) = before.columns.iter().find(|c| c.name == column.name) else { continue };
            if !was.is_kind_of(column) {
                steps.push(Step::Retype(table, column, &was.kind));
            }
            if defaults && was.default != column.default {
                steps.push(Step::Default(table, column));
            }
            if was.required != column.required {
                steps.push(Step::Require(table, column, column.required));
            }
        }
    }
    for (before, table) in kept() {
        steps.extend(beyond(&table.columns, &before.columns).map(|column| Step::Add(table, column)));
    }
    for table in made() {
        steps.extend(table.refers.iter().map(|reference| Step::Refer(table, reference)));
    }
    for (before, table) in kept() {
        let more = table.refers.iter().filter(|reference| !before.refers.contains(reference));
        steps.extend(more.map(|reference| Step::Refer(table, reference)));
    }
    for (before, table) in kept() {
        steps.extend(beyond(&before.columns, &table.columns).map(|column| Step::Remove(before, column)));
    }
    for (before, table) in kept() {
        let more = table.unique.iter().filter(|columns| !before.unique.contains(columns));
        steps.extend(more.map(|columns| Step::Unique(table, columns)));
    }
    steps
}

/// Whether the tool would ask if something was renamed: something is new where something else is gone.
pub(super) fn asks(old: &[Table], new: &[Table]) -> bool {
    let (made, gone) = (
        new.iter().any(|table| find(old, &table.name).is_none()),
        old.iter().any(|table| find(new, &table.name).is_none()),
    );
    let of_columns = |table: &Table| {
        find(old, &table.name).is_some_and(|before| {
            beyond(&table.columns, &before.columns).next().is_some()
                && beyond(&before.columns, &table.columns).next().is_some()
        })
    };
    (made && gone) || new.iter().any(of_columns)
}

fn find<'t>(tables: &'t [Table], name: &str) -> Option<&'t Table> {
    tables.iter().find(|table| table.name == name)
}

/// The columns of `these` that are not in `those`.
fn beyond<'t>(these: &'t [Column], those: &'t [Column]) -> impl Iterator<Item = &'t Column> {
    these.iter().filter(move |column| those.iter().all(|other| other.name != column.name))
}

impl Step<'_> {
    /// The step in SQL.
    pub fn sql(&self) -> String {
        let alter = |table: &Table, rest: String| format!("ALTER TABLE {} {rest};", quoted(&table.name));
        let column = |c: &Column, rest: String| format!("ALTER COLUMN {} {rest}", quoted(&c.name));
        match *self {
            Self::Create(table) => created(table),
            Self::Drop(table) => format!("DROP TABLE {} CASCADE;", quoted(&table.name)),
            Self::Retype(table, c, _) => alter(table, column(c, format!("SET DATA TYPE {}", c.kind))),
            Self::Require(table, c, true) => alter(table, column(c, "SET NOT NULL".to_owned())),
            Self::Require(table, c, false) => alter(table, column(c, "DROP NOT NULL".to_owned())),
            Self::Default(table, c) => {
                let rest =
                    c.default.as_ref().map_or("DROP DEFAULT".to_owned(), |d| format!("SET DEFAULT {d}"));
                alter(table, column(c, rest))
            }
            Self::Add(table, c) => alter(table, format!("ADD COLUMN {}", written(c))),
            Self::Remove(table, c) => alter(table, format!("DROP COLUMN {}", quoted(&c.name))),
            Self::Refer(table, r) => alter(
                table,
                format!(
                    "ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES \"public\".{}({}) ON DELETE no action ON UPDATE no action",
                    quoted(&r.name(&table.name)),
                    quoted(&r.column),
                    quoted(&r.table),
                    quoted(&r.to)
                ),
            ),
            Self::Unique(table, columns) => alter(table, format!("ADD {}", apart(table, columns))),
        }
    }
}

fn apart(table: &Table, columns: &[String]) -> String {
    format!("CONSTRAINT {} UNIQUE({})", quoted(&table.unique_name(columns)), list(columns))
}

fn list(columns: &[String]) -> String {
    columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(",")
}

fn written(column: &Column) -> String {
    let key = if column.key { " PRIMARY KEY" } else { "" };
    let default = column.default.as_ref().map(|value| format!(" DEFAULT {value}")).unwrap_or_default();
    let required = if column.required { " NOT NULL" } else { "" };
    format!("{} {}{key}{default}{required}", quoted(&column.name), column.kind)
}

fn created(table: &Table) -> String {
    let mut lines: Vec<String> = table.columns.iter().map(written).collect();
    if !table.key.is_empty() {
        let name = quoted(&table.key_name());
        lines.push(format!("CONSTRAINT {name} PRIMARY KEY({})", list(&table.key)));
    }
    lines.extend(table.unique.iter().map(|columns| apart(table, columns)));
    let lines: Vec<String> = lines.iter().map(|line| format!("\t{line}")).collect();
    format!("CREATE TABLE {} (\n{}\n);\n", quoted(&table.name), lines.join(",\n"))
}
