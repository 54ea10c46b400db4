//! What became of the rows between two states of a database.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Data;
use super::engine::Engine;
use super::schema::{Table, quoted};
use crate::effect::Row;

/// What became of one table between two states.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TableDiff {
    /// Rows before.
    pub before: u64,
    /// Rows gone (by primary key, or as a multiset where there is none).
    pub gone: u64,
    /// Rows whose key remains and whose values differ.
    pub changed: u64,
    /// Rows new.
    pub added: u64,
    /// The table itself is gone.
    pub dropped: bool,
    /// Columns that are gone.
    pub columns_dropped: Vec<String>,
    /// The table's definition differs otherwise, or is new.
    pub reshaped: bool,
}

impl TableDiff {
    /// Rows that are not any more what they were: gone, changed, or without one of their columns.
    pub fn lost(&self) -> u64 {
        match self.dropped || !self.columns_dropped.is_empty() {
            true => self.before,
            false => self.gone.saturating_add(self.changed),
        }
    }
}

/// Every table that differs; a table or column that only has another name counts as reshaped.
pub(super) fn diff(before: &Data, after: &Data) -> BTreeMap<String, TableDiff> {
    Comparison::open(before, after).map(|c| c.tables()).unwrap_or_default()
}

/// Rows of one table that are not any more what they were, as they stood before.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RowsLost {
    /// Rows gone.
    pub gone: Vec<Row>,
    /// Rows whose key remains and whose values differ.
    pub changed: Vec<Row>,
}

/// The rows behind the numbers of a [`TableDiff`], in the order of their key, else of their values.
pub(super) fn rows_lost(before: &Data, after: &Data, table: &str) -> RowsLost {
    let Some(comparison) = Comparison::open(before, after) else { return RowsLost::default() };
    let Some(old) = before.schema().tables.get(table) else { return RowsLost::default() };
    comparison.rows_lost(old, after.schema().tables.get(table))
}

struct Comparison<'d> {
    engine: Engine,
    before: &'d Data,
    after: &'d Data,
}

impl<'d> Comparison<'d> {
    fn open(before: &'d Data, after: &'d Data) -> Option<Self> {
        let mut engine = Engine::open_bare(&after.0.bytes).ok()?;
        engine.connection.execute_batch("ATTACH ':memory:' AS before").ok()?;
        if !before.0.bytes.is_empty() {
            let bytes = before.0.bytes.as_slice();
            engine.connection.deserialize_read_exact("before", bytes, bytes.len(), true).ok()?;
        }
        Some(Self { engine, before, after })
    }

    fn tables(&self) -> BTreeMap<String, TableDiff> {
        let (old, new) = (&self.before.schema().tables, &self.after.schema().tables);
        let mut found = BTreeMap::new();
        let mut renamed: Vec<&str> = Vec::new();
        for table in old.values() {
            let diff = match new.get(&table.name) {
                Some(now) => self.table(table, now),
                None => match self.under_another_name(table) {
                    Some(name) => {
                        renamed.push(name);
                        TableDiff {
                            before: self.rows_before(&table.name),
                            reshaped: true,
                            ..TableDiff::default()
                        }
                    }
                    None => self.dropped(table),
                },
            };
            found.insert(table.name.clone(), diff);
        }
        for table in new.values().filter(|t| !old.contains_key(&t.name)) {
            let rows = self.after.counts().get(&table.name).copied().unwrap_or(0);
            let added = if renamed.contains(&table.name.as_str()) { 0 } else { rows };
            found.insert(table.name.clone(), TableDiff { added, reshaped: true, ..TableDiff::default() });
        }
        found.retain(|_, d| *d != TableDiff { before: d.before, ..TableDiff::default() });
        found
    }

    fn rows_before(&self, table: &str) -> u64 {
        self.before.counts().get(table).copied().unwrap_or(0)
    }

    fn dropped(&self, table: &Table) -> TableDiff {
        if table.is_view {
            return TableDiff { reshaped: true, ..TableDiff::default() };
        }
        let rows = self.rows_before(&table.name);
        TableDiff { before: rows, gone: rows, dropped: true, ..TableDiff::default() }
    }

    /// The name of a new table with the same columns and the same rows.
    fn under_another_name(&self, table: &Table) -> Option<&'d str> {
        let names = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
        let new = self.after.schema().tables.values();
        let mut alike = new.filter(|t| {
            !self.before.schema().tables.contains_key(&t.name) && !t.is_view && names(t) == names(table)
        });
        let found =
            alike.find(|t| self.multiset(&table.name, &t.name, &names(table), &names(table)) == (0, 0))?;
        Some(&found.name)
    }

    fn table(&self, old: &Table, new: &Table) -> TableDiff {
        let before = self.rows_before(&old.name);
        let mut diff =
            TableDiff { before, reshaped: old.definition != new.definition, ..TableDiff::default() };
        diff.reshaped |= old.indexes != new.indexes;
        if old.is_view || new.is_view {
            return diff;
        }
        let (kept_old, kept_new) = self.kept_columns(old, new);
        diff.columns_dropped =
            old.columns.iter().map(|c| c.name.clone()).filter(|name| !kept_old.contains(name)).collect();
        if let Some(same) = same_key(old, new, &kept_old) {
            diff.gone = self.count(&format!("SELECT count(*) {}", gone(&old.name, &same)));
            let changed = changed(&old.name, &same, &kept_old, &kept_new);
            diff.changed = self.count(&format!("SELECT count(*) {changed}"));
            let after = self.after.counts().get(&new.name).copied().unwrap_or(0);
            diff.added = after.saturating_sub(before.saturating_sub(diff.gone));
        } else {
            (diff.gone, diff.added) = self.multiset(&old.name, &new.name, &kept_old, &kept_new);
        }
        diff
    }

    fn rows_lost(&self, old: &Table, new: Option<&Table>) -> RowsLost {
        let all: Vec<String> = old.columns.iter().map(|c| c.name.clone()).collect();
        let columns = columns("b", &all);
        let Some(new) = new else {
            let gone = format!("SELECT {columns} FROM before.{} b ORDER BY {columns}", quoted(&old.name));
            return RowsLost { gone: self.rows(&all, &gone), changed: Vec::new() };
        };
        let (kept_old, kept_new) = self.kept_columns(old, new);
        if let Some(same) = same_key(old, new, &kept_old) {
            let order = format!("ORDER BY {}", self::columns("b", &old.key()));
            let (gone, changed) = (gone(&old.name, &same), changed(&old.name, &same, &kept_old, &kept_new));
            let rows = |what: String| self.rows(&all, &format!("SELECT {columns} {what} {order}"));
            return RowsLost { gone: rows(gone), changed: rows(changed) };
        }
        let sums = sums(&old.name, &new.name, &kept_old, &kept_new);
        let places: Vec<String> = (0..kept_old.len()).map(|i| format!("c{i}")).collect();
        let (each, several) = (
            places.join(", "),
            "WITH RECURSIVE copies(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM copies LIMIT 1000)",
        );
        let gone = format!("{several} SELECT {each} FROM ({sums}) JOIN copies ON i <= n ORDER BY {each}");
        RowsLost { gone: self.rows(&kept_old, &gone), changed: Vec::new() }
    }

    fn rows(&self, columns: &[String], sql: &str) -> Vec<Row> {
        let rows = self.engine.rows(sql, &[], self.before.schema()).unwrap_or_default();
        rows.into_iter().map(|row| columns.iter().cloned().zip(row).collect()).collect()
    }

    /// Columns that are in both, under their old and their new names. A column that is gone while another one in the
    /// same place holds the same values has been renamed.
    fn kept_columns(&self, old: &Table, new: &Table) -> (Vec<String>, Vec<String>) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for (i, column) in old.columns.iter().enumerate() {
            let same = new.column(&column.name).map(|c| c.name.clone());
            let renamed = || {
                let other = new.columns.get(i).filter(|_| old.columns.len() == new.columns.len())?;
                let fresh = old.column(&other.name).is_none();
                let names = (std::slice::from_ref(&column.name), std::slice::from_ref(&other.name));
                let alike = fresh && self.multiset(&old.name, &new.name, names.0, names.1) == (0, 0);
                alike.then(|| other.name.clone())
            };
            if let Some(name) = same.or_else(renamed) {
                before.push(column.name.clone());
                after.push(name);
            }
        }
        (before, after)
    }

    /// Rows gone and rows added, where rows have nothing but their values.
    fn multiset(&self, old: &str, new: &str, old_columns: &[String], new_columns: &[String]) -> (u64, u64) {
        if old_columns.is_empty() {
            let after = self.after.counts().get(new).copied().unwrap_or(0);
            let before = self.rows_before(old);
            return (before.saturating_sub(after), after.saturating_sub(before));
        }
        let sums = sums(old, new, old_columns, new_columns);
        let side =
            |sign: &str| self.count(&format!("SELECT coalesce(sum(max({sign}n, 0)), 0) FROM ({sums})"));
        (side(""), side("-"))
    }

    fn count(&self, sql: &str) -> u64 {
        self.engine.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap_or(0).unsigned_abs()
    }
}

/// That a row of `m` (main) is the one of `b` (before), where both tables have the same key and kept its columns.
fn same_key(old: &Table, new: &Table, kept: &[String]) -> Option<String> {
    let key = old.key();
    let has_key = !key.is_empty() && key == new.key() && key.iter().all(|k| kept.contains(k));
    let each = key.iter().map(|k| format!("m.{0} IS b.{0}", quoted(k))).collect::<Vec<_>>();
    has_key.then(|| each.join(" AND "))
}

fn columns(side: &str, names: &[String]) -> String {
    names.iter().map(|n| format!("{side}.{}", quoted(n))).collect::<Vec<_>>().join(", ")
}

/// Rows whose key is gone, as what follows `SELECT …`.
fn gone(table: &str, same: &str) -> String {
    let name = quoted(table);
    format!("FROM before.{name} b WHERE NOT EXISTS (SELECT 1 FROM main.{name} m WHERE {same})")
}

/// Rows whose key remains and whose values differ, as what follows `SELECT …`.
fn changed(table: &str, same: &str, old: &[String], new: &[String]) -> String {
    let (name, b, m) = (quoted(table), columns("b", old), columns("m", new));
    format!("FROM before.{name} b JOIN main.{name} m ON {same} WHERE ({b}) IS NOT ({m})")
}

/// Each different row with how often it stood before less how often it stands now, `n`.
fn sums(old: &str, new: &str, old_columns: &[String], new_columns: &[String]) -> String {
    let named = |names: &[String]| {
        let each = names.iter().enumerate().map(|(i, n)| format!("{} AS c{i}", quoted(n)));
        each.collect::<Vec<_>>().join(", ")
    };
    let groups = (0..old_columns.len()).map(|i| format!("c{i}")).collect::<Vec<_>>().join(", ");
    format!(
        "SELECT {groups}, sum(n) AS n FROM (SELECT {}, 1 AS n FROM before.{} UNION ALL SELECT {}, -1 FROM main.{}) \
         GROUP BY {groups}",
        named(old_columns),
        quoted(old),
        named(new_columns),
        quoted(new),
    )
}
