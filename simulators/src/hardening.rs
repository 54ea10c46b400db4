//! What can be switched on in a production before a trial begins: protections, policies that retain, deletion with a way
//! back. It is the world's own state, as if somebody had set it the day before: no call and no effect.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::World;
use crate::resource::{Environment, Uid};
use crate::service::stack_hardening::{self, Retained};
use crate::service::stacks::Key;
use crate::service::{databases, stack_requests};

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

/// Something that was off before it was switched on.
#[derive(Clone, Debug)]
pub(crate) enum SwitchedOn {
    /// Deletion protection of a database.
    Database(Uid),
    /// Termination protection of a stack.
    Stack(Key),
    /// A stack retains.
    Retain(Retained),
}

impl World {
    /// The same world with this switched on.
    #[must_use]
    pub fn hardened(mut self, hardening: &Hardening) -> Self {
        if *hardening == Hardening::default() {
            return self;
        }
        let mut switched: Vec<SwitchedOn> = Vec::new();
        for environment in &hardening.deletion_protection {
            let databases = databases::protect_all(&mut self, *environment);
            switched.extend(databases.into_iter().map(SwitchedOn::Database));
            let stacks = stack_hardening::protect_all(&mut self, *environment);
            switched.extend(stacks.into_iter().map(SwitchedOn::Stack));
        }
        for environment in &hardening.retain {
            let stacks = stack_hardening::retain_all(&mut self, *environment);
            switched.extend(stacks.into_iter().map(SwitchedOn::Retain));
        }
        self.databases.soft_delete = hardening.soft_delete.clone().map(Arc::new);
        self.switched_on = switched.into();
        self.take_effects();
        self
    }

    /// The same world without the protections that were switched on in it and still stand, to see what they hold off. What the
    /// stage itself protects stays protected. `None`: nothing was switched on.
    pub(crate) fn bare(&self) -> Option<Self> {
        if self.switched_on.is_empty() {
            return None;
        }
        let mut bare = self.clone();
        bare.switched_on = Arc::default();
        for switched in self.switched_on.iter().rev() {
            match switched {
                SwitchedOn::Database(uid) => databases::set_protection(&mut bare, *uid, false),
                SwitchedOn::Stack(key) => stack_requests::set_protection(&mut bare, *key, false),
                SwitchedOn::Retain(retained) => stack_hardening::release(&mut bare, retained),
            }
        }
        Some(bare)
    }
}
