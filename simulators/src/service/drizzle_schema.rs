//! The tables of a schema as Drizzle knows them: written in TypeScript or JavaScript, kept in a snapshot, or found in a database.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::drizzle_source::{Call, arguments, chain, entries, texts, within};
use crate::sql::Data;
use crate::sql::schema::literal;
use crate::sql::types::Type;

/// Where migrations that were applied are noted. The real tool keeps it in a schema of its own; the engine here has but one.
pub(super) const NOTES: &str = "__drizzle_migrations";

/// A table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// The columns of a primary key that was declared for the table and not at a column.
    pub key: Vec<String>,
    /// Columns that no two rows share.
    pub unique: Vec<Vec<String>>,
    pub refers: Vec<Reference>,
}

/// A column.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Column {
    pub name: String,
    /// Its type in SQL.
    pub kind: String,
    pub required: bool,
    /// It is the primary key.
    pub key: bool,
    /// Its default in SQL.
    pub default: Option<String>,
}

/// A foreign key of one column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reference {
    pub column: String,
    pub table: String,
    pub to: String,
}

impl Table {
    /// The name of the constraint on columns that no two rows share.
    pub fn unique_name(&self, columns: &[String]) -> String {
        format!("{}_{}_unique", self.name, columns.join("_"))
    }

    /// The name of the primary key that was declared for the table.
    pub fn key_name(&self) -> String {
        format!("{}_{}_pk", self.name, self.key.join("_"))
    }
}

impl Reference {
    /// The name of the constraint that it becomes.
    pub fn name(&self, table: &str) -> String {
        format!("{table}_{}_{}_{}_fk", self.column, self.table, self.to)
    }
}

impl Column {
    /// Whether the types are the same, however they are written.
    pub fn is_kind_of(&self, other: &Self) -> bool {
        self.kind == other.kind
            || Type::parse(&self.kind).is_some_and(|k| Type::parse(&other.kind) == Some(k))
    }
}

/// Builders of columns, and their types.
const BUILDERS: &[(&str, &str)] = &[
    ("text", "text"),
    ("integer", "integer"),
    ("bigint", "bigint"),
    ("smallint", "smallint"),
    ("boolean", "boolean"),
    ("date", "date"),
    ("json", "json"),
    ("jsonb", "jsonb"),
    ("uuid", "uuid"),
    ("numeric", "numeric"),
    ("real", "real"),
    ("doublePrecision", "double precision"),
    ("varchar", "varchar"),
    ("timestamp", "timestamp"),
];

/// The tables that a schema file declares, in its order.
///
/// # Errors
/// A word that the real tool may know and this does not.
pub(super) fn tables(text: &str) -> Result<Vec<Table>, String> {
    let found = super::drizzle_source::declared(text);
    // `companies.id` in one table is a column of another: variables and keys have to be known first.
    let mut names: BTreeMap<String, (String, BTreeMap<String, String>)> = BTreeMap::new();
    let mut tables = Vec::new();
    for declared in &found {
        let parts = arguments(&declared.inside);
        let name = parts.first().and_then(|part| texts(part).pop()).unwrap_or_default();
        let mut table = Table { name, ..Table::default() };
        let (mut keys, mut refers) = (BTreeMap::new(), Vec::new());
        for (key, value) in entries(parts.get(1).map_or("", String::as_str)) {
            let (column, reference) = column(&mut table, &key, &chain(&value))?;
            keys.insert(key, column.name.clone());
            refers.extend(reference.map(|to| (column.name.clone(), to)));
            table.columns.push(column);
        }
        if let Some(extras) = parts.get(2) {
            constraints(&mut table, extras, &keys)?;
        }
        names.insert(declared.variable.clone(), (table.name.clone(), keys));
        tables.push((table, refers));
    }
    let known = |(variable, key): &Place| {
        let (table, keys) = names.get(variable)?;
        Some((table.clone(), keys.get(key)?.clone()))
    };
    let mut whole = Vec::new();
    for (mut table, refers) in tables {
        for (column, place) in refers {
            let (to_table, to) = known(&place).ok_or_else(|| format!("{}.{}", place.0, place.1))?;
            table.refers.push(Reference { column, table: to_table, to });
        }
        whole.push(table);
    }
    Ok(whole)
}

/// A column of another table as a file names it: the table's variable, and the key.
type Place = (String, String);

/// One column: `text("note").notNull().default("")`; the second is the variable and the key that it refers to.
fn column(table: &mut Table, key: &str, calls: &[Call]) -> Result<(Column, Option<Place>), String> {
    let Some((builder, rest)) = calls.split_first() else { return Err(key.to_owned()) };
    let (_, kind) = BUILDERS.iter().find(|(known, _)| *known == builder.name).ok_or(&builder.name)?;
    let name = texts(&builder.inside).into_iter().next().unwrap_or_else(|| key.to_owned());
    let kind = match *kind {
        "varchar" => {
            within(&builder.inside, "length:").map_or("varchar".to_owned(), |n| format!("varchar({n})"))
        }
        "timestamp" if within(&builder.inside, "withTimezone:") == Some("true") => {
            "timestamp with time zone".to_owned()
        }
        kind => kind.to_owned(),
    };
    let mut column = Column { name, kind, ..Column::default() };
    let mut refers = None;
    for call in rest {
        match call.name.as_str() {
            "notNull" => column.required = true,
            "primaryKey" => (column.key, column.required) = (true, true),
            "unique" => table.unique.push(vec![column.name.clone()]),
            "defaultNow" => column.default = Some("now()".to_owned()),
            "default" => column.default = Some(default(&call.inside)?),
            "references" => {
                let place = call.inside.split("=>").nth(1).unwrap_or_default();
                let place = place.split(',').next().unwrap_or_default().trim();
                refers = place.split_once('.').map(|(table, key)| (table.to_owned(), key.to_owned()));
            }
            name if name.starts_with('$') => {}
            other => return Err(other.to_owned()),
        }
    }
    Ok((column, refers))
}

/// A default in SQL.
fn default(written: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_digit() || c == '-' || c == '.';
    match written.trim() {
        "true" | "false" => Ok(written.trim().to_owned()),
        number if !number.is_empty() && number.chars().all(plain) => Ok(number.to_owned()),
        sql if sql.starts_with("sql`") => Ok(sql.trim_start_matches("sql`").trim_end_matches('`').to_owned()),
        text => texts(text).pop().map(|text| literal(&text)).ok_or_else(|| text.to_owned()),
    }
}

/// What is declared for the whole table: `(t) => [unique().on(t.day, t.seat)]`.
fn constraints(table: &mut Table, extras: &str, keys: &BTreeMap<String, String>) -> Result<(), String> {
    let body = extras.split_once("=>").map_or(extras, |(_, body)| body).trim();
    let body = body.trim_start_matches('(').trim_end_matches(')').trim();
    for one in arguments(body.trim_matches(['[', ']', '{', '}'])) {
        let one = one.split_once(':').filter(|(key, _)| !key.contains('(')).map_or(one.as_str(), |(_, v)| v);
        let calls = chain(one);
        let columns = |inside: &str| {
            let words = inside.split([',', '[', ']', '{', '}', ' ', ':']).map(str::trim);
            let keys = words.filter_map(|word| Some(keys.get(word.split_once('.')?.1)?.clone()));
            keys.collect::<Vec<String>>()
        };
        match calls.as_slice() {
            [first, on] if first.name == "unique" && on.name == "on" => {
                table.unique.push(columns(&on.inside))
            }
            [first] if first.name == "primaryKey" => table.key = columns(&first.inside),
            [first, ..] => return Err(first.name.clone()),
            [] => {}
        }
    }
    Ok(())
}

/// What stands in a database, but for views and the tool's own notes.
pub(super) fn of_database(data: &Data) -> Vec<Table> {
    let own = data.schema().tables.values().filter(|table| !table.is_view && table.name != NOTES);
    let table = |table: &crate::sql::schema::Table| {
        let key = table.key();
        let columns = table.columns.iter().map(|c| Column {
            name: c.name.clone(),
            kind: c.kind.full_name(),
            required: c.not_null || c.key > 0,
            key: key.len() == 1 && c.key > 0,
            default: c.default.clone(),
        });
        let unique = table.indexes.iter().filter(|i| i.unique && !i.primary).map(|i| i.columns.clone());
        let refers =
            table.foreign_keys.iter().filter_map(|key| match (key.columns.as_slice(), key.to.as_slice()) {
                ([column], [to]) => {
                    Some(Reference { column: column.clone(), table: key.table.clone(), to: to.clone() })
                }
                _ => None,
            });
        Table {
            name: table.name.clone(),
            columns: columns.collect(),
            unique: unique.collect(),
            refers: refers.collect(),
            key: if key.len() > 1 { key } else { Vec::new() },
        }
    };
    own.map(table).collect()
}

/// Tables as a snapshot keeps them.
pub(super) fn snapshot(tables: &[Table]) -> Value {
    let named = |name: &str, more: Value| (name.to_owned(), more);
    let table = |table: &Table| {
        let columns: Map<String, Value> = table
            .columns
            .iter()
            .map(|c| {
                let mut one =
                    json!({"name": c.name, "type": c.kind, "primaryKey": c.key, "notNull": c.required});
                if let (Some(default), Some(one)) = (&c.default, one.as_object_mut()) {
                    one.insert("default".to_owned(), json!(default));
                }
                named(&c.name, one)
            })
            .collect();
        let unique: Map<String, Value> = table
            .unique
            .iter()
            .map(|columns| {
                let name = table.unique_name(columns);
                named(&name, json!({"name": name, "nullsNotDistinct": false, "columns": columns}))
            })
            .collect();
        let refers: Map<String, Value> = table.refers.iter().map(|r| {
            let name = r.name(&table.name);
            named(&name, json!({
                "name": name, "tableFrom": table.name, "tableTo": r.table, "columnsFrom": [r.column], "columnsTo": [r.to],
                "onDelete": "no action", "onUpdate": "no action"
            }))
        }).collect();
        let mut keys = Map::new();
        if !table.key.is_empty() {
            let name = table.key_name();
            keys.insert(name.clone(), json!({"name": name, "columns": table.key}));
        }
        named(
            &format!("public.{}", table.name),
            json!({
                "name": table.name, "schema": "", "columns": columns, "indexes": {}, "foreignKeys": refers,
                "compositePrimaryKeys": keys, "uniqueConstraints": unique, "policies": {}, "checkConstraints": {}, "isRLSEnabled": false
            }),
        )
    };
    Value::Object(tables.iter().map(table).collect())
}

/// The tables of a snapshot, by name.
pub(super) fn of_snapshot(snapshot: &Value) -> Vec<Table> {
    let of =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let flag = |value: &Value, name: &str| value.get(name).and_then(Value::as_bool).unwrap_or(false);
    let list = |value: &Value, name: &str| -> Vec<String> {
        let all = value.get(name).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(|v| v.as_str().map(str::to_owned)).collect()
    };
    let parts = |value: &Value, name: &str| -> Vec<Value> {
        value.get(name).and_then(Value::as_object).into_iter().flat_map(|m| m.values().cloned()).collect()
    };
    let first = |names: Vec<String>| names.into_iter().next().unwrap_or_default();
    let table = |table: &Value| Table {
        name: of(table, "name"),
        columns: parts(table, "columns")
            .iter()
            .map(|c| Column {
                name: of(c, "name"),
                kind: of(c, "type"),
                required: flag(c, "notNull"),
                key: flag(c, "primaryKey"),
                default: c.get("default").and_then(Value::as_str).map(str::to_owned),
            })
            .collect(),
        key: parts(table, "compositePrimaryKeys").iter().flat_map(|k| list(k, "columns")).collect(),
        unique: parts(table, "uniqueConstraints").iter().map(|u| list(u, "columns")).collect(),
        refers: parts(table, "foreignKeys")
            .iter()
            .map(|r| Reference {
                column: first(list(r, "columnsFrom")),
                table: of(r, "tableTo"),
                to: first(list(r, "columnsTo")),
            })
            .collect(),
    };
    parts(snapshot, "tables").iter().map(table).collect()
}
