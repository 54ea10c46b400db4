//! The database server that a migration tool's address means, reached through the databases' own door.

use serde_json::{Value, json};

use super::databases;
use super::stack_resources::ask;
use crate::World;
use crate::call::{Refusal, Service};
use crate::sql::Data;

/// Whom an address leads to.
pub(super) struct Server {
    pub user: String,
    pub host: String,
    pub database: String,
}

/// What the server said against a statement.
pub(super) struct Objection {
    /// Such as `23502`.
    pub state: String,
    pub message: String,
}

impl Server {
    /// `postgresql://user@host:5432/database`
    pub fn of(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("postgresql://").or_else(|| url.strip_prefix("postgres://"))?;
        let rest = rest.split('?').next().unwrap_or(rest);
        let (authority, database) = rest.split_once('/')?;
        let (login, server) = authority.rsplit_once('@').unwrap_or(("postgres", authority));
        let user = login.split(':').next().unwrap_or(login);
        let host = server.split(':').next().unwrap_or(server);
        Some(Self { user: user.to_owned(), host: host.to_owned(), database: database.to_owned() })
    }

    /// The instance that the address means.
    pub fn instance(&self) -> &str {
        self.host.split('.').next().unwrap_or(&self.host)
    }

    /// What is in the database now; `None`: it cannot be reached.
    pub fn data(&self, world: &World) -> Option<Data> {
        databases::data(world, self.instance()).cloned()
    }

    /// Runs SQL, all of it or none. `Some`: what the server said against it.
    ///
    /// # Errors
    /// The caller may not.
    pub fn run(&self, world: &mut World, sql: &str) -> Result<Option<Objection>, Refusal> {
        let args = json!({
            "host": self.host, "user": self.user, "database": self.database, "sql": sql,
            "script": [{"sql": sql, "from": "command"}], "on_error_stop": true, "single_transaction": true,
        });
        let answer = ask(world, Service::Databases, "Query", self.instance(), args)?;
        let steps = answer.get("steps").and_then(Value::as_array).cloned().unwrap_or_default();
        let error = steps.iter().find_map(|step| step.get("error"));
        Ok(error.map(|error| {
            let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            Objection { state: text("state"), message: text("message") }
        }))
    }
}
