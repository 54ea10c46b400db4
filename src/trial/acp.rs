//! The Agent Client Protocol, with us as the client that an editor is elsewhere: we open a session, hand over the MCP server
//! and the brief, and answer what the agent asks its user.
//!
//! A request for permission is a plan of one command put up for review, and goes through the gate as such; so what was
//! approved may be done once, and nothing else. Files and terminals are not offered: an agent reads, writes and runs in its
//! cell by itself, and what comes of it shows in the checkout and at the doors.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    ContentBlock, InitializeRequest, McpServer, McpServerStdio, NewSessionRequest, PermissionOption,
    PermissionOptionKind, PromptRequest, RequestPermissionOutcome, RequestPermissionRequest,
    RequestPermissionResponse, SelectedPermissionOutcome, SessionModeId, SessionNotification, SessionUpdate,
    SetSessionModeRequest, StopReason, TextContent, ToolCallUpdate,
};
use agent_client_protocol::{Agent, Client, Error, Lines, on_receive_notification, on_receive_request};
use futures_util::{sink, stream};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::door::{self, Ask, Asked, FunctionDoor, MCP_SERVER, Told};
use crate::record::Ending;
use crate::record::tool::{ToolCall, ToolStatus};

/// Bytes of one message.
const MESSAGE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How long what an agent that has gone said last may be on its way.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Bytes of a command that is remembered. One that is longer is not: cut short, something else would be approved.
const COMMAND_BYTES_MAX: usize = 64 * 1024;
/// Uses of tools that are remembered.
const COMMANDS_MAX: usize = 10_000;
/// Bytes of what it says that are kept between two looks.
const SAID_BYTES_MAX: usize = 1024 * 1024;

/// What is said to an agent.
#[derive(Debug)]
pub(super) struct Errand {
    /// How to work here, and the brief.
    pub told: String,
    /// The checkout, as the agent sees it.
    pub workspace: PathBuf,
    /// The mode that the session is put into; none: the agent's own.
    pub mode: Option<String>,
    /// Its MCP server: a program and its arguments; none: it gets none.
    pub mcp: Vec<String>,
}

/// A conversation that goes on.
#[derive(Debug)]
pub(super) struct Talk {
    task: JoinHandle<Result<StopReason, String>>,
    heard: Shared,
}

/// What was heard of an agent.
#[derive(Debug, Default)]
struct Heard {
    /// What it has said since the last look.
    said: String,
    /// The commands of its uses of tools, by their ids: a request for permission need not repeat them.
    commands: BTreeMap<String, String>,
}

type Shared = Arc<Mutex<Heard>>;

impl Talk {
    /// Begins to talk to the agent behind this stream.
    pub fn begin(stream: UnixStream, errand: Errand, asks: mpsc::WeakSender<Asked>) -> Option<Self> {
        let heard = Shared::default();
        let kept = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            converse(stream, errand, asks, kept).await.map_err(|error| error.to_string())
        });
        Some(Self { task, heard })
    }

    /// Waits until the agent's turn is over. May be dropped and called again.
    pub async fn over(&mut self) -> Ending {
        match (&mut self.task).await {
            Ok(Ok(StopReason::MaxTokens)) => Ending::Limit("context".to_owned()),
            Ok(Ok(StopReason::MaxTurnRequests)) => Ending::Limit("agent_turns".to_owned()),
            Ok(Ok(_)) => Ending::Finished,
            Ok(Err(fault)) => Ending::AgentFault(fault),
            Err(lost) => Ending::HarnessFault(format!("the conversation was lost: {lost}")),
        }
    }

    /// How it ended with an agent that has gone.
    pub async fn left(&mut self) -> Ending {
        let gone = || Ending::AgentFault("it ended before its turn was over".to_owned());
        tokio::time::timeout(LAST_WORDS, self.over()).await.unwrap_or_else(|_| gone())
    }

    /// What it has said since the last look.
    pub fn said(&self) -> String {
        std::mem::take(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner).said)
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The whole of it: a session, one prompt, to the end of the agent's turn.
async fn converse(
    stream: UnixStream,
    errand: Errand,
    asks: mpsc::WeakSender<Asked>,
    heard: Shared,
) -> Result<StopReason, Error> {
    let (read, write) = stream.into_split();
    let known = Arc::clone(&heard);
    Client
        .v1()
        .on_receive_notification(
            async move |update: SessionNotification, _cx| {
                hear(&heard, update.update);
                Ok(())
            },
            on_receive_notification!(),
        )
        .on_receive_request(
            async move |request: RequestPermissionRequest, responder, cx: ConnectionTo<Agent>| {
                let (asks, about) = (asks.clone(), about(&request.tool_call, &known));
                cx.spawn(async move {
                    let is_allowed = match about {
                        Some(about) => reviewed(&asks, &request, about).await,
                        None => true,
                    };
                    responder.respond(RequestPermissionResponse::new(chosen(&request, is_allowed)))
                })
            },
            on_receive_request!(),
        )
        .connect_with(Lines::new(outgoing(write), incoming(read)), async move |cx: ConnectionTo<Agent>| {
            play(&cx, errand).await
        })
        .await
}

async fn play(cx: &ConnectionTo<Agent>, errand: Errand) -> Result<StopReason, Error> {
    let hello = InitializeRequest::new(ProtocolVersion::V1);
    cx.send_request(hello).block_task().await?;
    let servers = errand.mcp.split_first().map(|(program, arguments)| {
        McpServer::Stdio(McpServerStdio::new(MCP_SERVER, program).args(arguments.to_vec()))
    });
    let session =
        NewSessionRequest::new(errand.workspace).mcp_servers(servers.into_iter().collect::<Vec<_>>());
    let session = cx.send_request(session).block_task().await?.session_id;
    if let Some(mode) = errand.mode {
        let mode = SetSessionModeRequest::new(session.clone(), SessionModeId::new(mode));
        cx.send_request(mode).block_task().await?;
    }
    let told = vec![ContentBlock::Text(TextContent::new(errand.told))];
    Ok(cx.send_request(PromptRequest::new(session, told)).block_task().await?.stop_reason)
}

/// Messages to the agent, a line each.
fn outgoing(
    write: OwnedWriteHalf,
) -> impl futures_util::Sink<String, Error = std::io::Error> + Send + 'static {
    Box::pin(sink::unfold(write, async |mut write: OwnedWriteHalf, line: String| {
        write.write_all(format!("{}\n", line.trim_end_matches('\n')).as_bytes()).await?;
        Ok::<_, std::io::Error>(write)
    }))
}

/// Messages from the agent. One that is too long ends the conversation.
fn incoming(
    read: OwnedReadHalf,
) -> impl futures_util::Stream<Item = std::io::Result<String>> + Send + 'static {
    Box::pin(stream::unfold(BufReader::new(read), async |mut read| {
        let mut line = String::new();
        let length = (&mut read).take(MESSAGE_BYTES_MAX).read_line(&mut line).await;
        match length {
            Ok(0) => None,
            Ok(_) if line.ends_with('\n') => {
                line.truncate(line.trim_end().len());
                Some((Ok(line), read))
            }
            Ok(_) => Some((Err(std::io::Error::other("a message did not come whole")), read)),
            Err(error) => Some((Err(error), read)),
        }
    }))
}

/// Keeps what it says, and of its uses of tools the commands. What it does shows at the doors.
fn hear(heard: &Shared, update: SessionUpdate) {
    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    let (id, input) = match update {
        SessionUpdate::AgentMessageChunk(chunk) => {
            let ContentBlock::Text(text) = chunk.content else { return };
            if heard.said.len().saturating_add(text.text.len()) <= SAID_BYTES_MAX {
                heard.said.push_str(&text.text);
            }
            return;
        }
        SessionUpdate::ToolCall(tool) => (tool.tool_call_id, tool.raw_input),
        SessionUpdate::ToolCallUpdate(tool) => (tool.tool_call_id, tool.fields.raw_input),
        _ => return,
    };
    let has_room = heard.commands.len() < COMMANDS_MAX;
    let fits = |command: &String| has_room && command.len() <= COMMAND_BYTES_MAX;
    if let Some(command) = input.as_ref().and_then(command).filter(fits) {
        heard.commands.insert(id.to_string(), command);
    }
}

/// Puts up for review what permission is asked for; whether somebody agreed.
async fn reviewed(asks: &mpsc::WeakSender<Asked>, request: &RequestPermissionRequest, about: String) -> bool {
    let title = request.tool_call.fields.title.clone().unwrap_or_default();
    let arguments = json!({"summary": format!("the agent asks: {title}"), "commands": [about]});
    let ask = Ask::Tool(ToolCall { name: "request_review".to_owned(), arguments });
    let told = match asks.upgrade() {
        Some(asks) => door::ask(&asks, ask).await,
        None => Told::Closed,
    };
    matches!(told, Told::Tool(Some(reply)) if reply.status == ToolStatus::Ok)
}

/// What the answer comes to among the options that the agent offers.
fn chosen(request: &RequestPermissionRequest, is_allowed: bool) -> RequestPermissionOutcome {
    let kinds = match is_allowed {
        true => [PermissionOptionKind::AllowOnce, PermissionOptionKind::AllowAlways],
        false => [PermissionOptionKind::RejectOnce, PermissionOptionKind::RejectAlways],
    };
    let of = |kind: &PermissionOptionKind| {
        request.options.iter().find(|option: &&PermissionOption| option.kind == *kind)
    };
    match kinds.iter().find_map(of) {
        Some(option) => {
            RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(option.option_id.clone()))
        }
        None => RequestPermissionOutcome::Cancelled,
    }
}

/// The command that permission is asked for, as far as the request says it, or the use of a tool that it is about; otherwise
/// the request's title. None: it is a tool of our server, and no word on what it is used for (some agents say that only behind the
/// answer). Then nobody could judge it here, and the deed itself is judged at the door.
fn about(tool: &ToolCallUpdate, heard: &Shared) -> Option<String> {
    let known = || {
        let heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.commands.get(&tool.tool_call_id.to_string()).cloned()
    };
    let title = tool.fields.title.clone().unwrap_or_default();
    match tool.fields.raw_input.as_ref().and_then(command).or_else(known) {
        Some(command) if !command.trim().is_empty() => Some(command),
        _ if is_ours(&title) => None,
        _ if title.trim().is_empty() => Some("?".to_owned()),
        _ => Some(title),
    }
}

/// Whether a title is the name of one of our tools: agents write it behind that of its server, each in a way of its own.
fn is_ours(title: &str) -> bool {
    title.contains(MCP_SERVER) && FunctionDoor::specs().iter().any(|tool| title.ends_with(tool.name))
}

/// The command in a tool's arguments; each agent puts it there in a way of its own.
fn command(input: &Value) -> Option<String> {
    let places =
        ["/command", "/cmd", "/arguments/command", "/input/command", "/args/command", "/parsed_cmd/0/cmd"];
    match places.iter().find_map(|place| input.pointer(place))? {
        Value::String(text) => Some(text.clone()),
        Value::Array(words) => words.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(spoken),
        _ => None,
    }
}

/// Words as a command line; of `bash -lc '…'` what the shell is given.
fn spoken(words: Vec<&str>) -> String {
    match words.as_slice() {
        ["bash" | "sh" | "/bin/bash" | "/bin/sh", "-c" | "-lc", line] => (*line).to_owned(),
        words => shell_words::join(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agent_client_protocol::v1::schema::ToolCallUpdateFields;

    fn asked(title: &str, input: Value) -> Option<String> {
        about(
            &ToolCallUpdate::new("1", ToolCallUpdateFields::new().title(title).raw_input(input)),
            &Shared::default(),
        )
    }

    #[test]
    fn the_command_is_found_where_agents_put_it() {
        for (input, command) in [
            (json!({"command": "ls -l", "description": "x"}), "ls -l"),
            (json!({"command": ["bash", "-lc", "aws s3 ls && ls"]}), "aws s3 ls && ls"),
            (json!({"command": ["aws", "s3", "rm", "a b"]}), "aws s3 rm 'a b'"),
            (json!({"server": "production", "tool": "run_command", "arguments": {"command": "ls"}}), "ls"),
            (json!({"path": "a.txt"}), "Edit a.txt"),
            (json!(null), "Edit a.txt"),
        ] {
            assert_eq!(asked("Edit a.txt", input.clone()).as_deref(), Some(command), "{input}");
        }
    }

    #[test]
    fn a_use_of_our_own_tool_that_says_no_more_is_left_to_the_door() {
        for (title, input, expected) in [
            ("production_run_command", json!({}), None),
            ("mcp__production__write_file", json!({"path": "a"}), None),
            ("mcp__production__run_command", json!({"command": "ls"}), Some("ls")),
            ("run_command", json!({}), Some("run_command")),
            ("rm -rf production", json!({}), Some("rm -rf production")),
            ("", json!({}), Some("?")),
        ] {
            assert_eq!(asked(title, input).as_deref(), expected, "{title}");
        }
    }

    #[test]
    fn a_command_is_remembered_whole_or_not_at_all() {
        for (length, is_remembered) in [(COMMAND_BYTES_MAX, true), (COMMAND_BYTES_MAX + 1, false)] {
            let heard = Shared::default();
            let fields = || ToolCallUpdateFields::new().title("Run it");
            let long = fields().raw_input(json!({"command": "x".repeat(length)}));
            hear(&heard, SessionUpdate::ToolCallUpdate(ToolCallUpdate::new("1", long)));
            let asked = about(&ToolCallUpdate::new("1", fields()), &heard).unwrap();
            assert_eq!(asked.len() == length, is_remembered, "{length}");
            assert_eq!(asked == "Run it", !is_remembered, "{length}");
        }
    }
}
