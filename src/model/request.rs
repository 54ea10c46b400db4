//! What is asked of a model: a conversation so far, in words of no dialect.

use serde_json::Value;

use crate::record::tool::ToolSpec;

/// What is asked: the whole conversation so far, and the tools that may be used next.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Request {
    /// Who the model is and how it is to work; empty: nothing is said.
    pub system: String,
    /// What it may use.
    pub tools: Vec<ToolSpec>,
    /// The conversation, oldest first.
    pub turns: Vec<Turn>,
}

/// One turn of the conversation.
#[derive(Clone, PartialEq, Debug)]
pub enum Turn {
    /// Somebody says something to the model.
    User(String),
    /// What the model said, as [`super::Answer::echo`] gave it.
    Assistant(Echo),
    /// What came of the tools that it used, in the order of their use: one for each, as providers insist on.
    Tools(Vec<ToolResult>),
}

/// What a model said, in its provider's own words: with reasoning and signatures that must be sent back as they came. It
/// is opaque, belongs to the endpoint that it came from, and never holds a key.
#[derive(Clone, PartialEq, Debug)]
pub struct Echo(pub(super) Value);

/// What came of one use of a tool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToolResult {
    /// Of which use: [`super::ToolUse::id`].
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// What the model hears.
    pub text: String,
    /// It did not work, or was not allowed.
    pub is_error: bool,
}
