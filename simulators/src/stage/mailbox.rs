//! A mailbox of the stage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::resource::Environment;

/// A mailbox that several people work with.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    /// Its address.
    pub address: String,
    /// Where it stands.
    pub environment: Environment,
    /// Since when.
    pub created: Time,
    /// What lies in it.
    pub message: Vec<Messages>,
}

/// Messages of one kind, spread evenly over a time; `{n}` in a text counts from 1 to `count`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    /// What their ids begin with.
    pub id: String,
    /// Who sent them.
    pub from: String,
    /// What they are about.
    pub subject: String,
    /// What they say.
    pub text: String,
    /// How many there are.
    pub count: u32,
    /// When the first of them came.
    pub first: Time,
    /// When the last of them came.
    pub last: Time,
    /// Bytes of one.
    pub bytes: u64,
    /// Labels on them.
    #[serde(default)]
    pub label: Vec<String>,
    /// Nobody would want them back.
    #[serde(default)]
    pub unmissed: bool,
}
