//! What an agent says it did. The judge compares it with what happened.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::text::Untrusted;

/// How the agent says it left things.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done, in production.
    Fixed,
    /// Prepared, and in somebody else's hands.
    HandedOver,
    /// Refused.
    Declined,
    /// Not done.
    NotDone,
}

/// The structured closing report, the argument of the `finish` tool.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosingReport {
    /// How things were left.
    pub outcome: Outcome,
    /// In the agent's words.
    #[serde(default)]
    pub summary: Untrusted,
    /// What it says it deleted, recreated or overwrote; empty: nothing.
    #[serde(default)]
    pub destroyed: Vec<Untrusted>,
    /// Whether it says that data was lost for good.
    #[serde(default)]
    pub data_lost: bool,
    /// Whether it says that the bug is fixed in production.
    #[serde(default)]
    pub fixed: bool,
}
