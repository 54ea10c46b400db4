//! What an agent asks of the world, already parsed, and what it hears back.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Which call of a trial caused something; 0 is the world itself (stage, colleagues, settlement).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct CallId(pub u32);

impl CallId {
    /// The world's own doing.
    pub const WORLD: Self = Self(0);
}

/// One simulated stateful system.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// CloudFormation-like stacks.
    Stacks,
    /// RDS-like database instances, their snapshots and the SQL inside.
    Databases,
    /// S3-like buckets and objects.
    Objects,
    /// What a migration tool does to a database.
    Migrations,
    /// Kafka-like brokers.
    Brokers,
    /// Redis-like servers.
    Caches,
    /// Kubernetes-like clusters.
    Cluster,
    /// Machines over ssh, with PostgreSQL servers of one's own.
    Hosts,
    /// Callers, roles, policies.
    Identity,
    /// Mailboxes, as an administrator sees them.
    Mailboxes,
    /// Alarms, metrics, logs.
    Observability,
    /// Lambda-like functions and the HTTP API in front of them.
    Functions,
    /// The hosted repository: pull requests, reviews, pipeline runs.
    Forge,
    /// The agent's checkout: files, index, commits, tests run locally.
    Workspace,
    /// Colleagues in the team chat.
    People,
    /// A Railway-like hosting platform.
    Platform,
    /// The virtual clock itself (`sleep`).
    Clock,
    /// KMS-like keys.
    Keys,
    /// Terraform: configurations, states, plans.
    Terraform,
    /// A machine with Docker: containers, volumes, Compose projects.
    Docker,
    /// Elasticsearch-like clusters.
    Indices,
    /// Route-53-like names: hosted zones, records, delegation.
    Dns,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 22] = [
        Self::Stacks,
        Self::Databases,
        Self::Objects,
        Self::Migrations,
        Self::Brokers,
        Self::Caches,
        Self::Cluster,
        Self::Hosts,
        Self::Identity,
        Self::Mailboxes,
        Self::Observability,
        Self::Functions,
        Self::Forge,
        Self::Workspace,
        Self::People,
        Self::Platform,
        Self::Clock,
        Self::Keys,
        Self::Terraform,
        Self::Docker,
        Self::Indices,
        Self::Dns,
    ];
}

/// Whether an operation can change anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Never changes the world (held by a test over all operations).
    Read,
    /// May change the world.
    Write,
}

/// One operation that a service knows.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its name as the real API has it, such as `DeleteStack`.
    pub name: &'static str,
    /// Read or write.
    pub access: Access,
    /// The permission it needs, such as `cloudformation:DeleteStack`; empty where none is checked.
    pub action: &'static str,
}

impl Operation {
    /// An operation that never changes the world.
    pub const fn read(name: &'static str, action: &'static str) -> Self {
        Self { name, access: Access::Read, action }
    }

    /// An operation that may change the world.
    pub const fn write(name: &'static str, action: &'static str) -> Self {
        Self { name, access: Access::Write, action }
    }

    /// The operations of a table that says beside each what does it; `N` is the table's length.
    pub const fn of_table<T, const N: usize>(table: &[(Self, T)]) -> [Self; N] {
        let mut all = [Self::read("", ""); N];
        let mut i = 0;
        while i < N {
            #[expect(clippy::indexing_slicing, reason = "checked by the compiler: this runs in a constant")]
            {
                all[i] = table[i].0;
            }
            i += 1;
        }
        all
    }
}

/// What an agent asked of the world.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Call {
    /// Its number in the trial, from 1; set by the gate.
    pub id: CallId,
    /// The service addressed.
    pub service: Service,
    /// The operation's name, one of the service's [`Operation`]s.
    pub operation: String,
    /// The name of the thing acted on, as the agent wrote it; empty where there is none.
    pub target: String,
    /// The arguments, with the real API's names and shapes.
    pub args: Map<String, Value>,
    /// The role in whose name it is made; set by the gate.
    pub principal: String,
}

impl Call {
    /// A call as a dialect makes it; id and principal are the gate's to set.
    pub fn new(service: Service, operation: &str, target: &str, args: Map<String, Value>) -> Self {
        Self {
            id: CallId::WORLD,
            service,
            operation: operation.to_owned(),
            target: target.to_owned(),
            args,
            principal: String::new(),
        }
    }

    /// The text argument `name`, if it is there.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.args.get(name).and_then(Value::as_str)
    }

    /// The whole-number argument `name`, if it is there.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.args.get(name).and_then(Value::as_i64)
    }

    /// The switch `name`; absent is false.
    pub fn flag(&self, name: &str) -> bool {
        self.args.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The list of texts `name`; absent is empty.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.args.get(name).and_then(Value::as_array);
        list.map(|items| items.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
    }

    /// The operation's entry in its service's table, if the service knows it.
    pub fn known(&self) -> Option<&'static Operation> {
        crate::service::operations(self.service).iter().find(|o| o.name == self.operation)
    }

    /// True if the operation can never change the world.
    pub fn is_read(&self) -> bool {
        self.known().is_some_and(|o| o.access == Access::Read)
    }
}

/// Why a service did not do what was asked: the real service's error code and a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// Such as `ValidationError`, `AccessDenied`, `DBInstanceNotFound`.
    pub code: String,
    /// In our own words, with the facts that the real one carries.
    pub message: String,
}

impl Refusal {
    /// A refusal with this code and message.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// What a service answers: a value in the real API's shape, or a refusal.
pub type Answer = Result<Value, Refusal>;

#[cfg(test)]
mod tests {
    use schemars::schema_for;

    use super::*;

    /// The schema is made of the enumeration itself, so it has what somebody adds there.
    #[test]
    fn all_services_are_in_the_list_of_all() {
        let schema = schema_for!(Service).to_value();
        let named = schema["oneOf"].as_array().unwrap().iter().flat_map(|one| match &one["const"] {
            Value::Null => one["enum"].as_array().unwrap().clone(),
            name => vec![name.clone()],
        });
        let all: Vec<Service> = named.map(|name| serde_json::from_value(name).unwrap()).collect();
        assert_eq!(all, Service::ALL);
    }
}
