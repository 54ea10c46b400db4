//! A stack of the stage: its template, its status, and what happened to it before.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::yes;
use crate::clock::Time;
use crate::resource::Environment;

/// A stack, its template and the status in which the trial finds it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub environment: Environment,
    /// Its template, a path in `repo/`; where that has moved on since the last deployment, what was deployed, as `data/…`.
    pub template: String,
    /// Parameter values.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Such as `UPDATE_ROLLBACK_FAILED`.
    pub status: String,
    /// Why, as `describe-stacks` shows it.
    #[serde(default)]
    pub reason: String,
    /// When it was created.
    pub created: Time,
    /// When it was last updated.
    pub updated: Option<Time>,
    /// Guards against deletion.
    #[serde(default)]
    pub termination_protection: bool,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Resources that are not simply `CREATE_COMPLETE`.
    #[serde(default)]
    pub resource: Vec<StackResource>,
    /// What happened to it before the trial, oldest first.
    #[serde(default)]
    pub event: Vec<StackEvent>,
}

/// A stack's resource that is in a state of its own.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StackResource {
    /// Its logical id in the template.
    pub logical: String,
    /// Such as `UPDATE_FAILED`.
    pub status: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// It is really there. False: somebody deleted it by hand, or it was never made.
    #[serde(default = "yes")]
    pub exists: bool,
}

/// Something that happened to a stack.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StackEvent {
    /// When.
    pub at: Time,
    /// Logical id; the stack's own name for the stack.
    pub logical: String,
    /// Such as `UPDATE_FAILED`.
    pub status: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
}
