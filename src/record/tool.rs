//! The one interface between agents and doors: tools with JSON arguments.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::text::Untrusted;

/// A tool as an agent sees it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ToolSpec {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// JSON Schema of its arguments.
    pub parameters: Value,
}

/// An agent uses a tool.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ToolCall {
    /// The tool's name, as the agent wrote it.
    pub name: String,
    /// Its arguments, as the agent wrote them.
    pub arguments: Value,
}

/// How it went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// Done.
    Ok,
    /// Tried, and it did not work.
    Failed,
    /// Not allowed.
    Denied,
    /// The tool does not exist or the arguments are not of its schema; nothing was tried.
    Misused,
}

/// What the agent hears.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolReply {
    /// How it went.
    pub status: ToolStatus,
    /// What it printed, cut to the limit.
    pub text: Untrusted,
}
