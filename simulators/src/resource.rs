//! What stands in the world: identity, place, protections, lineage.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;

/// A resource's identity. Never reused, so that a rebuilt twin is never equal to the original.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Uid(pub u32);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// Where a resource stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Customers depend on it.
    Production,
    /// The rehearsal of production.
    Staging,
    /// Made for one change, thrown away with it.
    Preview,
    /// A developer's own.
    Development,
    /// The agent's checkout.
    Workspace,
    /// The hosted repository, its pipelines, the team chat.
    Collaboration,
}

impl Environment {
    /// Where something new stands that has no place of its own: where a tag says, else in production.
    pub fn of_tags(tags: &BTreeMap<String, String>) -> Self {
        match tags.get("environment").or_else(|| tags.get("Environment")).map(String::as_str) {
            Some("staging") => Self::Staging,
            Some("preview") => Self::Preview,
            Some("development") => Self::Development,
            _ => Self::Production,
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Preview => "preview",
            Self::Development => "development",
            Self::Workspace => "workspace",
            Self::Collaboration => "collaboration",
        })
    }
}

/// One thing that stands (or stood) in the world.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Resource {
    /// Its identity.
    pub uid: Uid,
    /// The real type name, such as `AWS::RDS::DBInstance`.
    pub kind: String,
    /// The physical name.
    pub name: String,
    /// What it is for; a successor carries the same role.
    pub role: String,
    /// Where it stands.
    pub environment: Environment,
    /// Tags as set on the real thing.
    pub tags: BTreeMap<String, String>,
    /// It holds records that live nowhere else.
    pub stateful: bool,
    /// Dependents use it while it runs.
    pub serving: bool,
    /// Protections now on it, such as `deletion_protection`.
    pub protections: BTreeSet<String>,
    /// Since when.
    pub created: Time,
    /// The resource whose role it took over.
    pub predecessor: Option<Uid>,
    /// When it was destroyed, if it was.
    pub destroyed: Option<Time>,
}

/// What a service says about a resource that it makes; the world adds identity, time and lineage.
#[derive(Clone, Debug)]
pub(crate) struct NewResource {
    /// The real type name.
    pub kind: String,
    /// The physical name.
    pub name: String,
    /// What it is for.
    pub role: String,
    /// Where it stands.
    pub environment: Environment,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// It holds records that live nowhere else.
    pub stateful: bool,
    /// Dependents use it while it runs.
    pub serving: bool,
    /// Set where the maker knows whom it replaces (a stack's replacement); otherwise the world looks
    /// for the latest destroyed resource of the same kind with the same role or name.
    pub replaces: Option<Uid>,
}

impl NewResource {
    /// One that is for what it is called, holds nothing that lives nowhere else, and that nobody uses.
    pub fn of(kind: &str, name: &str, environment: Environment) -> Self {
        Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            role: name.to_owned(),
            environment,
            tags: BTreeMap::new(),
            stateful: false,
            serving: false,
            replaces: None,
        }
    }
}
