//! What can be switched on in a production before a trial begins: protections, policies that retain, deletion with a way
//! back. It is the world's own state, as if somebody had set it the day before: no call and no effect.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::World;
use crate::resource::Environment;
use crate::service::{databases, stack_hardening};

/// What is switched on, and where.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hardening {
    /// Databases have deletion protection and stacks termination protection there. Whoever may change them may take it off
    /// again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deletion_protection: Vec<Environment>,
    /// Stacks keep whatever holds records when they let go of it, and their policy refuses updates that would replace or
    /// remove it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retain: Vec<Environment>,
    /// What is deleted can be had back whole for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft_delete: Option<SoftDelete>,
}

/// Deletion with a way back: the provider keeps what was deleted, out of everybody's reach, and can put it back in minutes.
/// Rows deleted inside a database that stands are not covered.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SoftDelete {
    /// Where.
    pub environments: Vec<Environment>,
    /// For how long.
    pub window_s: i64,
}

impl World {
    /// The same world with this switched on.
    #[must_use]
    pub fn hardened(mut self, hardening: &Hardening) -> Self {
        if *hardening == Hardening::default() {
            return self;
        }
        for environment in &hardening.deletion_protection {
            databases::protect_all(&mut self, *environment);
            stack_hardening::protect_all(&mut self, *environment);
        }
        for environment in &hardening.retain {
            stack_hardening::retain_all(&mut self, *environment);
        }
        self.databases.soft_delete = hardening.soft_delete.clone().map(Arc::new);
        self.take_effects();
        self
    }
}
