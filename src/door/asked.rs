//! What agents that are processes ask, whatever the door: it travels to the trial, which owns the gate, and is answered
//! there one at a time, in order of arrival.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use simulators::call::Call;
use simulators::cli::Reply;
use tokio::sync::{mpsc, oneshot};

use super::function::{self, FunctionDoor, Ran};
use super::git::{self, GitAsk};
use super::spoken;
use crate::gate::{Gate, Halt, Outcome};
use crate::record::tool::{ToolCall, ToolReply, ToolStatus};

/// Something that an agent asks, and where the answer is waited for.
#[derive(Debug)]
pub struct Asked {
    /// What it asks.
    pub ask: Ask,
    /// Who waits. Dropped unanswered: the trial is over.
    pub told: oneshot::Sender<Told>,
}

/// What an agent asks.
#[derive(Clone, PartialEq, Debug)]
pub enum Ask {
    /// A tool of the function door, by name.
    Tool(ToolCall),
    /// One simple command by its words, as a shell starts it.
    Words {
        /// The program's name, and its arguments.
        words: Vec<String>,
        /// What came on standard input.
        stdin: String,
        /// The texts of files that the words name, by the names that they have there.
        files: BTreeMap<String, String>,
    },
    /// A call that a wire format has made.
    Call {
        /// The command line that says the same: approvals and the record go by it.
        text: String,
        /// The call.
        call: Call,
    },
    /// What a real git in the cell asks.
    Git(GitAsk),
}

/// What became of it.
#[derive(Clone, PartialEq, Debug)]
pub enum Told {
    /// A tool's reply; none: the agent has finished.
    Tool(Option<ToolReply>),
    /// What a command printed.
    Reply {
        /// It was not let through.
        denied: bool,
        /// The print and the exit code.
        reply: Reply,
    },
    /// What became of a call.
    Outcome(Outcome),
    /// What a real git is told.
    Git(Vec<u8>),
    /// The trial is over.
    Closed,
}

impl Told {
    /// The agent has said that it is done.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Tool(None))
    }
}

/// Asks through this channel and waits for the answer.
pub async fn ask(asks: &mpsc::Sender<Asked>, ask: Ask) -> Told {
    let (told, answer) = oneshot::channel();
    match asks.send(Asked { ask, told }).await {
        Ok(()) => answer.await.unwrap_or(Told::Closed),
        Err(_) => Told::Closed,
    }
}

/// Plays what was asked: one turn of the agent.
///
/// # Errors
/// The gate takes no further calls.
pub async fn play(gate: &mut Gate, ask: Ask) -> Result<Told, Halt> {
    // What a git asks by the way is no turn of its own.
    if !matches!(ask, Ask::Git(_)) {
        gate.turn()?;
    }
    match ask {
        Ask::Git(git) => git::play(gate, git).await,
        Ask::Tool(tool) => Ok(Told::Tool(FunctionDoor::play(gate, &tool).await?)),
        Ask::Words { words, stdin, files } => match spoken::tool(&words, &stdin) {
            Some(Ok(tool)) => Ok(heard(FunctionDoor::play(gate, &tool).await?)),
            Some(Err(reply)) => Ok(Told::Reply { denied: false, reply }),
            None => command(gate, words, stdin, files).await,
        },
        Ask::Call { text, call } => Ok(Told::Outcome(gate.submit_by_wire(&text, call).await?)),
    }
}

/// A tool's reply as a command prints it.
fn heard(reply: Option<ToolReply>) -> Told {
    let Some(reply) = reply else { return Told::Tool(None) };
    let text = reply.text.raw().to_owned();
    let printed = match reply.status {
        ToolStatus::Ok => Reply::ok(text),
        _ => Reply::failed(1, text),
    };
    Told::Reply { denied: reply.status == ToolStatus::Denied, reply: printed }
}

/// Plays a command as it was typed, with what is piped into it and the files that it names.
pub(super) async fn command(
    gate: &mut Gate,
    words: Vec<String>,
    stdin: String,
    mut files: BTreeMap<String, String>,
) -> Result<Told, Halt> {
    let mut arguments = Map::from_iter([("command".to_owned(), json!(function::line_of(&words)))]);
    if !stdin.is_empty() {
        arguments.insert("stdin".to_owned(), Value::String(stdin.clone()));
    }
    if !files.is_empty() {
        arguments.insert("files".to_owned(), json!(files));
    }
    if let Some(told) = typed(gate, arguments)? {
        return Ok(told);
    }
    if !stdin.is_empty() {
        files.extend(["-", "/dev/stdin"].map(|name| (name.to_owned(), stdin.clone())));
    }
    gate.carry(files);
    let ran = function::run_simple(gate, &spoken::from_stdin(words, &stdin)).await;
    gate.carry(BTreeMap::new());
    came_to(gate, ran?)
}

/// Records a command as it was typed; what is told where there is too much of it.
pub(super) fn typed(gate: &mut Gate, arguments: Map<String, Value>) -> Result<Option<Told>, Halt> {
    let tool = ToolCall { name: "run_command".to_owned(), arguments: Value::Object(arguments) };
    let bytes = gate.tool(&tool)?;
    let Some((status, text)) = function::oversized(gate, bytes) else { return Ok(None) };
    Ok(Some(heard(Some(gate.reply(status, text)?))))
}

/// Records what a command came to, and tells it.
pub(super) fn came_to(gate: &mut Gate, ran: Ran) -> Result<Told, Halt> {
    let status = ran.status();
    let Ran { denied, reply } = ran;
    gate.reply(status, [reply.stdout.as_str(), reply.stderr.as_str()].concat())?;
    Ok(Told::Reply { denied, reply })
}
