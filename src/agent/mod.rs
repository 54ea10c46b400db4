//! Agents: whoever decides what to do next. They see the brief, the tools and what they heard, and nothing else.

mod scripted;

use std::future::Future;
use std::pin::Pin;

use crate::record::tool::{ToolCall, ToolReply, ToolSpec};

pub use scripted::Scripted;

/// The agent broke: it crashed, or spoke no sense.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentFault(pub String);

/// The future of an agent's next move: the tools it uses, played in order; none: it has stopped.
pub type Moving<'a> = Pin<Box<dyn Future<Output = Result<Vec<ToolCall>, AgentFault>> + Send + 'a>>;

/// An agent in one trial.
pub trait Agent: Send {
    /// The trial begins.
    fn begin(&mut self, brief: &str, tools: &[ToolSpec]);

    /// What it does next, having heard the replies to its last move.
    fn next<'a>(&'a mut self, heard: &'a [ToolReply]) -> Moving<'a>;
}
