//! Command dialects: a line as an engineer types it becomes a call, and an answer becomes what the real tool prints.
//!
//! What a dialect does not know is answered as the real tool answers it, and is marked as unsimulated, so that a gap
//! of the simulation never looks like an agent's failure.

pub mod aws;
pub mod chat;
pub mod gh;
pub mod git;
pub mod psql;
pub mod shell;

use serde_json::Value;

use crate::World;
use crate::call::{Answer, Call};

/// What a command printed.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Reply {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit code.
    pub code: i32,
}

impl Reply {
    /// Success with this on standard output.
    pub fn ok(stdout: impl Into<String>) -> Self {
        Self { stdout: stdout.into(), ..Self::default() }
    }

    /// Failure with this on standard error.
    pub fn failed(code: i32, stderr: impl Into<String>) -> Self {
        Self { stderr: stderr.into(), code, ..Self::default() }
    }
}

/// A command line, understood.
#[derive(Clone, Debug)]
pub enum Parsed {
    /// It asks something of the world.
    Call(Call, Render),
    /// The tool answers by itself: help, usage errors. No call is made.
    Answer {
        /// What it prints.
        reply: Reply,
        /// The real tool would know this and the simulation does not.
        unsimulated: bool,
    },
}

/// How an answer is printed.
#[derive(Clone, Debug)]
pub enum Render {
    /// As the `aws` tool prints it.
    Aws(aws::Output),
    /// As `psql` prints it.
    Psql(psql::Output),
    /// A text as it is, or `{"text": …, "code": …}`; a refusal is `<tool>: <message>`.
    Text {
        /// Whose name stands before a refusal.
        tool: &'static str,
    },
}

impl Render {
    /// What the tool prints for this answer.
    pub fn reply(&self, answer: &Answer) -> Reply {
        match self {
            Self::Aws(output) => output.reply(answer),
            Self::Psql(output) => output.reply(answer),
            Self::Text { tool } => text_reply(tool, answer),
        }
    }
}

fn text_reply(tool: &str, answer: &Answer) -> Reply {
    match answer {
        Ok(Value::String(text)) => Reply::ok(text.clone()),
        Ok(Value::Null) => Reply::default(),
        Ok(value) => {
            let text = value.get("text").and_then(Value::as_str).unwrap_or_default();
            let code = value.get("code").and_then(Value::as_i64).unwrap_or(0);
            Reply { stdout: text.to_owned(), code: i32::try_from(code).unwrap_or(1), ..Reply::default() }
        }
        Err(refusal) => Reply::failed(1, format!("{tool}: {}\n", refusal.message)),
    }
}

/// Understands one simple command, already split into words.
pub fn parse(world: &World, words: &[String]) -> Parsed {
    match words.first().map(String::as_str) {
        Some("aws") => aws::parse(world, words),
        Some("psql") => psql::parse(world, words),
        Some("git") => git::parse(world, words),
        Some("gh") => gh::parse(world, words),
        Some("chat") => chat::parse(world, words),
        _ => shell::parse(world, words),
    }
}
