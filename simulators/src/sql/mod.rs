//! Real rows under a real SQL engine, as an immutable value.
//!
//! A [`Data`] is the serialized image of an SQLite database behind an `Arc`: cloning it is free, reading opens it in
//! memory, and writing makes a new one. Nothing in it reads a clock or a random source of the machine.
//!
//! What an agent writes is Postgres' SQL. It is parsed, its names and types are resolved against the schema
//! (`rewrite`, `expr`), and what the engine then gets names no function and no table of its own. So an error is found
//! before the engine sees it, in the words of Postgres and with its place; and the engine never shows through.

mod alter;
mod calls;
mod casts;
mod catalog;
mod changes;
mod constants;
mod convert;
mod ddl;
pub(crate) mod decimal;
mod depth;
mod diff;
mod drops;
mod engine;
pub(crate) mod error;
mod explain;
mod expr;
mod from;
mod functions;
mod grouping;
mod operators;
mod postgres;
mod rewrite;
pub(crate) mod schema;
mod scope;
mod settings;
mod statement;
pub(crate) mod times;
mod to_char;
pub(crate) mod types;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::clock::Time;
pub use diff::{RowsLost, TableDiff};
use engine::{Engine, failed};
pub use error::SqlError;
pub(crate) use postgres::{Conversation, Step};
use schema::Schema;
use types::Type;

/// The content of one database.
#[derive(Clone)]
pub struct Data(Arc<Image>);

struct Image {
    bytes: Vec<u8>,
    digest: [u8; 32],
    schema: Schema,
    counts: BTreeMap<String, u64>,
}

/// Who asks, for the functions that tell (`current_user`, `inet_server_addr`, `now`).
#[derive(Clone, Debug)]
pub struct Session {
    /// The virtual time.
    pub now: Time,
    /// The database's name.
    pub database: String,
    /// The user.
    pub user: String,
    /// The server's host name.
    pub host: String,
    /// The server's address.
    pub address: String,
    /// Owner of the tables.
    pub owner: String,
    /// All databases of the server.
    pub databases: Vec<String>,
    /// When the server was started.
    pub started: Time,
    /// Connections of services beside this one.
    pub clients: u32,
    /// Whom it follows, and who follows it.
    pub replication: Replication,
}

/// A server among servers.
#[derive(Clone, Debug, Default)]
pub struct Replication {
    /// The last change replayed, by a server in recovery; absent: it is none.
    pub replayed: Option<Time>,
    /// Those that follow it.
    pub standbys: Vec<Standby>,
}

/// A server that gets what is written here.
#[derive(Clone, Debug)]
pub struct Standby {
    /// As it calls itself.
    pub name: String,
    /// Its address.
    pub address: String,
}

/// What one statement gave.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Rows {
    /// The command tag, such as `SELECT 3`, `DELETE 10`, `CREATE TABLE`.
    pub tag: String,
    /// Column names; empty for statements that return nothing.
    pub columns: Vec<String>,
    /// Of each column, whether `psql` aligns it to the right.
    pub right: Vec<bool>,
    /// Of each column, its type as Postgres names it; where there are none, all are `text`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Values row by row, as Postgres sends them: texts and NULL.
    pub rows: Vec<Vec<Value>>,
}

impl Session {
    /// A session of the world itself, for service code.
    pub fn of_world(now: Time) -> Self {
        Self {
            now,
            database: String::new(),
            user: String::new(),
            host: String::new(),
            address: String::new(),
            owner: String::new(),
            databases: Vec::new(),
            started: now,
            clients: 0,
            replication: Replication::default(),
        }
    }

    /// The virtual time as the engine keeps it.
    pub(crate) fn stamp(&self) -> String {
        stamp_of(self.now)
    }

    /// The virtual day.
    pub(crate) fn day(&self) -> String {
        self.stamp().split(' ').next().unwrap_or_default().to_owned()
    }
}

/// A point of virtual time as the engine keeps it.
pub(crate) fn stamp_of(time: Time) -> String {
    time.to_string().replace('T', " ").trim_end_matches('Z').to_owned()
}

impl Data {
    /// No tables.
    pub fn empty() -> Self {
        Self::of(Vec::new(), Schema::default(), BTreeMap::new())
    }

    fn of(bytes: Vec<u8>, schema: Schema, counts: BTreeMap<String, u64>) -> Self {
        let digest = Sha256::digest(&bytes).into();
        Self(Arc::new(Image { bytes, digest, schema, counts }))
    }

    /// Runs a trusted script (SQLite's own dialect) on an empty database.
    ///
    /// # Errors
    /// The engine's message; reading the clock or chance is one.
    pub fn build(script: &str) -> Result<Self, SqlError> {
        if script.to_ascii_lowercase().contains("'now'") {
            return Err(SqlError::new("0A000", "a script must not read the clock: `'now'`"));
        }
        let engine = Engine::open_for_script()?;
        engine.connection.execute_batch(script).map_err(failed)?;
        let schema = Schema::read(&engine.connection)?;
        canonical_moments(&engine, &schema)?;
        Self::taken(engine)
    }

    /// What an engine now holds.
    fn taken(mut engine: Engine) -> Result<Self, SqlError> {
        let schema = Schema::read(&engine.connection)?;
        let mut counts = BTreeMap::new();
        for table in schema.tables.values().filter(|t| !t.is_view) {
            let text = format!("SELECT count(*) FROM main.{}", schema::quoted(&table.name));
            let count: i64 = engine.connection.query_row(&text, [], |row| row.get(0)).map_err(failed)?;
            counts.insert(table.name.clone(), count.unsigned_abs());
        }
        let bytes = engine.image()?;
        Ok(Self::of(bytes, schema, counts))
    }

    /// Runs Postgres-flavoured statements as `psql -c` does: in one transaction, all or nothing.
    /// Returns the state after (the same if nothing changed) and what each statement gave.
    ///
    /// # Errors
    /// The first failing statement's error; nothing has changed then.
    pub fn run(&self, sql: &str, session: &Session) -> Result<(Self, Vec<Rows>), SqlError> {
        let mut conversation = Conversation::open(self, session)?;
        let mut rows = Vec::new();
        for step in conversation.send(sql) {
            match step {
                Step::Rows(given) => rows.push(given),
                Step::Notice(_) => {}
                Step::Error(error) => return Err(error),
            }
        }
        Ok((conversation.close()?, rows))
    }

    /// One read-only query with positional parameters (`$1` or `?`), rows as objects: what service code uses.
    /// Booleans and numbers come as such, everything else as Postgres writes it.
    ///
    /// # Errors
    /// The engine's message; writing is one.
    pub fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Map<String, Value>>, SqlError> {
        self.query_at(sql, parameters, Time::default())
    }

    /// [`Data::query`] at a virtual time, for queries that ask for it.
    ///
    /// # Errors
    /// As [`Data::query`].
    fn query_at(
        &self,
        sql: &str,
        parameters: &[Value],
        now: Time,
    ) -> Result<Vec<Map<String, Value>>, SqlError> {
        let session = Session::of_world(now);
        let (columns, rows) = postgres::read_only(self, &session, sql, parameters)?;
        let objects = rows.into_iter().map(|row| {
            let cells =
                columns.iter().zip(row).map(|((name, kind), value)| (name.clone(), typed(*kind, value)));
            cells.collect()
        });
        Ok(objects.collect())
    }

    /// What became of each table that differs, from `self` to `after`.
    pub fn diff(&self, after: &Self) -> BTreeMap<String, TableDiff> {
        if self == after { BTreeMap::new() } else { diff::diff(self, after) }
    }

    /// The rows behind the numbers of a table's difference.
    pub fn rows_lost(&self, after: &Self, table: &str) -> RowsLost {
        diff::rows_lost(self, after, table)
    }

    /// Rows in all tables.
    pub fn records(&self) -> u64 {
        self.0.counts.values().sum()
    }

    /// Rows of each table.
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.0.counts
    }

    /// Tables and views.
    pub fn schema(&self) -> &Schema {
        &self.0.schema
    }

    /// How large it is.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes.len()
    }

    /// SHA-256 of the content.
    pub fn digest(&self) -> [u8; 32] {
        self.0.digest
    }
}

/// Moments are compared as texts, so all are brought to one spelling.
fn canonical_moments(engine: &Engine, schema: &Schema) -> Result<(), SqlError> {
    functions::register(&engine.connection, &Session::of_world(Time::default())).map_err(failed)?;
    for table in schema.tables.values().filter(|t| !t.is_view) {
        for column in table.columns.iter().filter(|c| c.kind.is_day_or_stamp()) {
            let (name, column, kind) =
                (schema::quoted(&table.name), schema::quoted(&column.name), column.kind.name());
            let same = format!(
                "UPDATE {name} SET {column} = pg_cast({column}, '{kind}') WHERE {column} <> pg_cast({column}, '{kind}')"
            );
            engine.connection.execute_batch(&same).map_err(|e| engine::translate(&e, schema))?;
        }
    }
    Ok(())
}

/// A value for service code.
fn typed(kind: Type, value: Value) -> Value {
    match (kind, &value) {
        (Type::Bool, Value::Number(n)) => Value::Bool(n.as_i64() != Some(0)),
        (Type::Numeric(Some((_, scale))), Value::Number(n)) if n.is_f64() => {
            Value::from(decimal::round(n.as_f64().unwrap_or(0.0), i64::from(scale)))
        }
        (_, Value::String(_)) => kind.print(&value).map_or(Value::Null, Value::String),
        _ => value,
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.0.digest == other.0.digest
    }
}

impl Eq for Data {}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Data({})", crate::hex(&self.0.digest))
    }
}
