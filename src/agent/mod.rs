//! Agents: whoever decides what to do next. They see the brief, the tools and what they heard, and nothing else.

mod built_in;
mod chat;
mod file;
mod process;
mod scripted;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use crate::base::text::Untrusted;
use crate::model::Fault;
use crate::record::Spent;
use crate::record::tool::{ToolCall, ToolReply, ToolSpec};

pub use built_in::{MODELS, PROCESSES};
pub use chat::Chat;
pub use file::{AgentFile, AgentLimits, ModelAgent, Prompt};
pub use process::{
    BriefBy, Changed, CommandSpec, GitIs, McpSpec, ProcessAgent, ProcessFile, ProcessKind, ProcessLimits,
    Service, Transcript,
};
pub use scripted::Scripted;

/// What an agent does in one turn.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Move {
    /// What it says beside; nothing that it says is played.
    pub said: Untrusted,
    /// What its model took for the turn; absent: it has none.
    pub spent: Option<Spent>,
    /// What comes of it.
    pub then: Then,
}

/// What comes of a turn.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Then {
    /// It uses these tools, which are played in order.
    Use(Vec<ToolCall>),
    /// It used none and is told this, and may go on.
    Told(&'static str),
    /// It has reached a limit of its own; the limit's name.
    Limit(&'static str),
    /// It has stopped.
    #[default]
    Stop,
}

impl From<Vec<ToolCall>> for Move {
    /// Tools without a word; none: it has stopped.
    fn from(tools: Vec<ToolCall>) -> Self {
        let then = if tools.is_empty() { Then::Stop } else { Then::Use(tools) };
        Self { then, ..Self::default() }
    }
}

/// Why an agent makes no further move.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unable {
    /// It broke: it crashed, or spoke no sense.
    Broken(String),
    /// Its provider failed.
    Provider(String),
    /// No trial of the run can go on. The trial is not over: whoever resumes the run plays it again.
    Halt(Halted),
}

/// Why no trial of a run can go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Halted {
    /// There is no money, or there are no tokens, left for it.
    OutOfBudget(String),
    /// The provider refuses to be asked, or the tape that is replayed has no answer.
    Refused(String),
    /// What was said could not be recorded: where, and why.
    Unrecorded(PathBuf, String),
}

impl From<Fault> for Halted {
    /// Of a fault that no trial gets over.
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Budget(limit) => Self::OutOfBudget(limit.text),
            Fault::Unrecorded { path, cause } => Self::Unrecorded(path.into(), cause),
            Fault::Provider(text) | Fault::Refused { text, .. } | Fault::Tape(text) => Self::Refused(text),
        }
    }
}

/// The future of an agent's next move.
pub type Moving<'a> = Pin<Box<dyn Future<Output = Result<Move, Unable>> + Send + 'a>>;

/// An agent in one trial.
pub trait Agent: Send {
    /// The trial begins.
    fn begin(&mut self, brief: &str, tools: &[ToolSpec]);

    /// What it does next, having heard the replies to its last move.
    fn next<'a>(&'a mut self, heard: &'a [ToolReply]) -> Moving<'a>;
}
