//! What tables, views, indexes and keys a database holds.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::engine::failed;
use super::error::SqlError;
use super::types::Type;

/// All relations of one database, by name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Schema {
    /// Tables and views.
    pub tables: BTreeMap<String, Table>,
}

/// A table or view.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// It is a view.
    pub is_view: bool,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its indexes, the primary key's first.
    pub indexes: Vec<Index>,
    /// Its foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// The statement that made it, in the engine's dialect.
    pub definition: String,
}

/// A column.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Type,
    /// NULL is refused.
    pub not_null: bool,
    /// The default, as Postgres shows it.
    pub default: Option<String>,
    /// Its place in the primary key, from 1; 0 if it is not in it.
    pub key: usize,
}

/// An index.
#[derive(Clone, PartialEq, Debug)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// No two rows alike.
    pub unique: bool,
    /// It stands behind the primary key.
    pub primary: bool,
    /// It stands behind a constraint.
    pub constraint: bool,
}

/// A foreign key.
#[derive(Clone, PartialEq, Debug)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table referred to.
    pub table: String,
    /// The columns referred to.
    pub to: Vec<String>,
    /// What happens when the row referred to is deleted, if not refused.
    pub on_delete: String,
}

impl Schema {
    /// Reads what the database holds.
    pub(super) fn read(connection: &Connection) -> Result<Self, SqlError> {
        let list = "SELECT name, type = 'view', coalesce(sql, '') FROM main.sqlite_master \
                    WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let mut statement = connection.prepare(list).map_err(failed)?;
        let found = statement.query_map([], |row| {
            Ok(Table { name: row.get(0)?, is_view: row.get(1)?, definition: row.get(2)?, ..Table::default() })
        });
        let mut schema = Self::default();
        for table in found.map_err(failed)? {
            let mut table = table.map_err(failed)?;
            table.read_parts(connection)?;
            schema.tables.insert(table.name.clone(), table);
        }
        schema.name_keys_referred_to();
        Ok(schema)
    }

    /// A foreign key may leave out the columns that it refers to: they are the primary key then.
    fn name_keys_referred_to(&mut self) {
        let keys: BTreeMap<String, Vec<String>> =
            self.tables.values().map(|t| (t.name.clone(), t.key())).collect();
        for table in self.tables.values_mut() {
            table.foreign_keys.retain(|key| keys.contains_key(&key.table));
            for key in table.foreign_keys.iter_mut().filter(|key| key.to.is_empty()) {
                key.to = keys.get(&key.table).cloned().unwrap_or_default();
            }
        }
    }

    /// The foreign keys of other tables that refer to this one.
    pub fn referring<'s>(&'s self, table: &'s str) -> impl Iterator<Item = (&'s Table, &'s ForeignKey)> {
        let all = self.tables.values().flat_map(|t| t.foreign_keys.iter().map(move |key| (t, key)));
        all.filter(move |(t, key)| key.table == table && t.name != table)
    }

    /// The table that an index belongs to, with the index.
    pub fn index(&self, name: &str) -> Option<(&Table, &Index)> {
        let mut all = self.tables.values().flat_map(|t| t.indexes.iter().map(move |i| (t, i)));
        all.find(|(_, index)| index.name == name)
    }
}

impl Table {
    /// The columns of the primary key, in its order.
    pub fn key(&self) -> Vec<String> {
        let mut key: Vec<&Column> = self.columns.iter().filter(|c| c.key > 0).collect();
        key.sort_by_key(|c| c.key);
        key.into_iter().map(|c| c.name.clone()).collect()
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    fn read_parts(&mut self, connection: &Connection) -> Result<(), SqlError> {
        self.columns = self.read_columns(connection).map_err(failed)?;
        self.indexes = self.read_indexes(connection).map_err(failed)?;
        self.foreign_keys = self.read_foreign_keys(connection).map_err(failed)?;
        Ok(())
    }

    fn read_columns(&self, connection: &Connection) -> rusqlite::Result<Vec<Column>> {
        let text = "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info(?1) ORDER BY cid";
        let mut statement = connection.prepare(text)?;
        let rows = statement.query_map([&self.name], |row| {
            let declared: String = row.get(1)?;
            let key: usize = row.get::<_, i64>(4)?.try_into().unwrap_or(0);
            let default: Option<String> = row.get(3)?;
            Ok(Column {
                name: row.get(0)?,
                kind: Type::parse(&declared).unwrap_or(Type::Unknown),
                not_null: row.get::<_, bool>(2)? || key > 0,
                default: default.map(|text| shown_default(&text)),
                key,
            })
        })?;
        let mut columns: Vec<Column> = rows.collect::<rusqlite::Result<_>>()?;
        self.mark_serial(&mut columns);
        let noted = self.definition.split_once("/* types: ").and_then(|(_, rest)| rest.split_once(" */"));
        if let Some((types, _)) = noted.filter(|_| self.is_view) {
            for (column, code) in columns.iter_mut().zip(types.split(';')) {
                column.kind = Type::parse(code).unwrap_or(column.kind);
            }
        }
        Ok(columns)
    }

    /// A single whole-number key that the engine counts up itself is what Postgres makes of `serial`.
    fn mark_serial(&self, columns: &mut [Column]) {
        if columns.iter().filter(|c| c.key > 0).count() != 1 {
            return;
        }
        let counted = self.definition.to_ascii_uppercase().contains("INTEGER PRIMARY KEY");
        let key = columns.iter_mut().find(|c| c.key > 0 && c.kind.is_whole() && c.default.is_none());
        if let Some(column) = key.filter(|_| counted) {
            column.default = Some(format!("nextval('{}_{}_seq'::regclass)", self.name, column.name));
        }
    }

    fn read_indexes(&self, connection: &Connection) -> rusqlite::Result<Vec<Index>> {
        let key = self.key();
        let mut indexes = Vec::new();
        if !key.is_empty() {
            let name = format!("{}_pkey", self.name);
            indexes.push(Index { name, columns: key, unique: true, primary: true, constraint: true });
        }
        let text = "SELECT l.name, l.\"unique\", l.origin, \
                    (SELECT group_concat(i.name, ',') FROM pragma_index_info(l.name) i) \
                    FROM pragma_index_list(?1) l WHERE l.origin <> 'pk' ORDER BY l.name";
        let mut statement = connection.prepare(text)?;
        let rows = statement.query_map([&self.name], |row| {
            let columns: Option<String> = row.get(3)?;
            let columns: Vec<String> = columns.unwrap_or_default().split(',').map(str::to_owned).collect();
            let constraint = row.get::<_, String>(2)? == "u";
            let name =
                if constraint { format!("{}_{}_key", self.name, columns.join("_")) } else { row.get(0)? };
            Ok(Index { name, columns, unique: row.get(1)?, primary: false, constraint })
        })?;
        for index in rows {
            indexes.push(index?);
        }
        Ok(indexes)
    }

    fn read_foreign_keys(&self, connection: &Connection) -> rusqlite::Result<Vec<ForeignKey>> {
        let text = "SELECT id, \"table\", \"from\", \"to\", on_delete FROM pragma_foreign_key_list(?1) ORDER BY id, seq";
        let mut statement = connection.prepare(text)?;
        let mut keys: BTreeMap<i64, ForeignKey> = BTreeMap::new();
        let mut rows = statement.query([&self.name])?;
        while let Some(row) = rows.next()? {
            let (table, on_delete) = (row.get(1)?, row.get(4)?);
            let key = keys.entry(row.get(0)?).or_insert_with(|| ForeignKey {
                name: String::new(),
                columns: Vec::new(),
                table,
                to: Vec::new(),
                on_delete,
            });
            key.columns.push(row.get(2)?);
            key.to.extend(row.get::<_, Option<String>>(3)?);
        }
        let named = keys.into_values().map(|mut key| {
            key.name = format!("{}_{}_fkey", self.name, key.columns.join("_"));
            key
        });
        Ok(named.collect())
    }
}

/// Defaults in the engine's spelling, as `\d` shows them.
fn shown_default(text: &str) -> String {
    match text {
        quoted if quoted.starts_with('\'') && !quoted.contains("::") => format!("{quoted}::text"),
        "1" | "0" | "TRUE" | "FALSE" => text.to_ascii_lowercase(),
        other => other.to_owned(),
    }
}

/// A text as a literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An identifier in double quotes.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
