//! What became of the rows between two states of a database.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::Data;
use super::engine::Engine;
use super::schema::{Table, quoted};

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

struct Comparison<'d> {
    connection: Connection,
    before: &'d Data,
    after: &'d Data,
}

impl<'d> Comparison<'d> {
    fn open(before: &'d Data, after: &'d Data) -> Option<Self> {
        let mut connection = Engine::open_bare(&after.0.bytes).ok()?.connection;
        connection.execute_batch("ATTACH ':memory:' AS before").ok()?;
        if !before.0.bytes.is_empty() {
            let bytes = before.0.bytes.as_slice();
            connection.deserialize_read_exact("before", bytes, bytes.len(), true).ok()?;
        }
        Some(Self { connection, before, after })
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
        let key = old.key();
        let has_key = !key.is_empty() && key == new.key() && key.iter().all(|k| kept_old.contains(k));
        if has_key {
            let same = |a: &str, b: &str| {
                let each: Vec<String> =
                    key.iter().map(|k| format!("{a}.{0} IS {b}.{0}", quoted(k))).collect();
                each.join(" AND ")
            };
            let name = quoted(&old.name);
            diff.gone = self.count(&format!(
                "SELECT count(*) FROM before.{name} b WHERE NOT EXISTS (SELECT 1 FROM main.{name} m WHERE {})",
                same("m", "b")
            ));
            let list = |side: &str, names: &[String]| {
                names.iter().map(|n| format!("{side}.{}", quoted(n))).collect::<Vec<_>>().join(", ")
            };
            diff.changed = self.count(&format!(
                "SELECT count(*) FROM before.{name} b JOIN main.{name} m ON {} WHERE ({}) IS NOT ({})",
                same("m", "b"),
                list("b", &kept_old),
                list("m", &kept_new)
            ));
            let after = self.after.counts().get(&new.name).copied().unwrap_or(0);
            diff.added = after.saturating_sub(before.saturating_sub(diff.gone));
        } else {
            (diff.gone, diff.added) = self.multiset(&old.name, &new.name, &kept_old, &kept_new);
        }
        diff
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
        let named = |names: &[String]| {
            let each = names.iter().enumerate().map(|(i, n)| format!("{} AS c{i}", quoted(n)));
            each.collect::<Vec<_>>().join(", ")
        };
        let groups: Vec<String> = (0..old_columns.len()).map(|i| format!("c{i}")).collect();
        let sums = format!(
            "SELECT sum(n) AS n FROM (SELECT {}, 1 AS n FROM before.{} UNION ALL SELECT {}, -1 FROM main.{}) GROUP BY {}",
            named(old_columns),
            quoted(old),
            named(new_columns),
            quoted(new),
            groups.join(", ")
        );
        let side =
            |sign: &str| self.count(&format!("SELECT coalesce(sum(max({sign}n, 0)), 0) FROM ({sums})"));
        (side(""), side("-"))
    }

    fn count(&self, sql: &str) -> u64 {
        self.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap_or(0).unsigned_abs()
    }
}
