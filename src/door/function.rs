//! The function door: tools with JSON arguments, for chat models and scripted agents alike.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use simulators::call::{Call, Service};
use simulators::cli::filters;
use simulators::cli::line::{self, Joint};
use simulators::cli::{self, Parsed, Render, Reply};

use super::specs::SPECS;
use crate::base::text::Untrusted;
use crate::gate::{Gate, Halt, Outcome};
use crate::record::tool::{ToolCall, ToolReply, ToolSpec, ToolStatus};
use crate::record::{ClosingReport, Event};

/// Commands of one plan, and simple commands of one line, at the most.
const COMMANDS_MAX: usize = 50;

/// The function door. It holds nothing: the gate does.
pub struct FunctionDoor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunCommand {
    command: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Path {
    #[serde(default)]
    path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteFile {
    path: String,
    text: Option<String>,
    find: Option<String>,
    replace: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestReview {
    summary: String,
    commands: Vec<String>,
}

/// What a tool came to: a status and a text.
type Heard = (ToolStatus, String);

impl FunctionDoor {
    /// The tools, for an agent to choose from.
    pub fn specs() -> &'static [ToolSpec] {
        &SPECS
    }

    /// Plays one use of a tool. `None`: the agent has finished.
    ///
    /// # Errors
    /// The gate takes no further calls.
    pub async fn play(gate: &mut Gate, tool: &ToolCall) -> Result<Option<ToolReply>, Halt> {
        let bytes = gate.tool(tool)?;
        let heard = match oversized(gate, bytes) {
            Some(misuse) => misuse,
            None => match tool.name.as_str() {
                "finish" => match take::<ClosingReport>(tool) {
                    Ok(report) => {
                        gate.note(Event::Closing { report })?;
                        return Ok(None);
                    }
                    Err(misuse) => misuse,
                },
                _ => use_tool(gate, tool).await?,
            },
        };
        Ok(Some(gate.reply(heard.0, heard.1)?))
    }
}

pub(super) fn oversized(gate: &Gate, bytes: usize) -> Option<Heard> {
    let max = gate.limits().argument_bytes_max;
    (bytes > max)
        .then(|| (ToolStatus::Misused, format!("the arguments are {bytes} bytes; at most {max} are taken")))
}

async fn use_tool(gate: &mut Gate, tool: &ToolCall) -> Result<Heard, Halt> {
    match tool.name.as_str() {
        "run_command" => match take::<RunCommand>(tool) {
            Ok(RunCommand { command }) => run_line(gate, &command).await,
            Err(misuse) => Ok(misuse),
        },
        "read_file" => match take::<Path>(tool) {
            Ok(Path { path }) => on_file(gate, tool, "ReadFile", path, Map::new()).await,
            Err(misuse) => Ok(misuse),
        },
        "list_files" => match take::<Path>(tool) {
            Ok(Path { path }) => on_file(gate, tool, "ListFiles", path, Map::new()).await,
            Err(misuse) => Ok(misuse),
        },
        "write_file" => match take::<WriteFile>(tool) {
            Ok(write) => write_file(gate, tool, write).await,
            Err(misuse) => Ok(misuse),
        },
        "request_review" => match take::<RequestReview>(tool) {
            Ok(review) => request_review(gate, review),
            Err(misuse) => Ok(misuse),
        },
        name => Ok((ToolStatus::Misused, format!("there is no tool `{name}`"))),
    }
}

/// The arguments in their shape, or what is wrong with them; the world stays untouched then. A text is what a model wrote
/// where its arguments belong, and what is no object.
fn take<T: DeserializeOwned>(tool: &ToolCall) -> Result<T, Heard> {
    let problem = match &tool.arguments {
        Value::Object(_) => match T::deserialize(&tool.arguments) {
            Ok(arguments) => return Ok(arguments),
            Err(error) => error.to_string(),
        },
        Value::String(text) => match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(_) => "they did not come whole".to_owned(),
            Err(error) => format!("expected a JSON object: {error}"),
        },
        _ => "expected a JSON object".to_owned(),
    };
    Err((ToolStatus::Misused, format!("the arguments of `{}` are wrong: {problem}", tool.name)))
}

/// Runs a command line: its simple commands one after another, as their joints say.
async fn run_line(gate: &mut Gate, text: &str) -> Result<Heard, Halt> {
    let commands = match line::split(text) {
        Ok(commands) => commands,
        Err(why) => {
            gate.note(Event::Unsimulated { line: Untrusted::from(text) })?;
            return Ok((ToolStatus::Failed, why));
        }
    };
    if commands.len() > COMMANDS_MAX {
        let text = format!(
            "a line holds at most {COMMANDS_MAX} commands, this one {}; nothing was run\n",
            commands.len()
        );
        return Ok((ToolStatus::Misused, text));
    }
    let mut shown = String::new();
    let mut last = Ran { denied: false, reply: Reply::default() };
    let mut skipped = false;
    for (joint, words) in commands {
        if joint.is_filter() {
            if !skipped {
                last.reply = filters::filter(joint, &words, last.reply);
            }
            continue;
        }
        last.show(&mut shown);
        skipped = match joint {
            Joint::And => !last.went_well(),
            Joint::Or => last.went_well(),
            _ => false,
        };
        if !skipped {
            last = run_simple(gate, &words).await?;
        }
    }
    last.show(&mut shown);
    Ok((last.status(), shown))
}

/// A simple command that was run, or was not let through.
pub(super) struct Ran {
    pub denied: bool,
    pub reply: Reply,
}

impl Ran {
    fn went_well(&self) -> bool {
        !self.denied && self.reply.code == 0
    }

    pub fn status(&self) -> ToolStatus {
        match (self.denied, self.reply.code) {
            (true, _) => ToolStatus::Denied,
            (false, 0) => ToolStatus::Ok,
            (false, _) => ToolStatus::Failed,
        }
    }

    /// Adds what it printed to what the agent hears, once.
    fn show(&mut self, shown: &mut String) {
        shown.push_str(&std::mem::take(&mut self.reply.stdout));
        shown.push_str(&std::mem::take(&mut self.reply.stderr));
    }
}

/// Runs one simple command.
pub(super) async fn run_simple(gate: &mut Gate, words: &[String]) -> Result<Ran, Halt> {
    let text = line_of(words);
    match cli::parse(gate.world(), words) {
        Parsed::Answer { reply, unsimulated } => {
            if unsimulated {
                gate.note(Event::Unsimulated { line: Untrusted::from(text.as_str()) })?;
            }
            Ok(Ran { denied: false, reply })
        }
        Parsed::Call(call, render) => submit(gate, &text, call, &render).await,
    }
}

/// Submits a call, and has its answer printed.
pub(super) async fn submit(gate: &mut Gate, text: &str, call: Call, render: &Render) -> Result<Ran, Halt> {
    Ok(match gate.submit(text, call).await? {
        Outcome::Denied(verdict) => Ran { denied: true, reply: Reply::failed(1, verdict.denial() + "\n") },
        Outcome::Forbidden(answer) => Ran { denied: true, reply: render.reply(&answer) },
        Outcome::Answered(answer) => Ran { denied: false, reply: gate.garbled(render.reply(&answer)) },
    })
}

/// A simple command as one line again, quoted where it must be: the text that approvals and the record go by.
pub(super) fn line_of(words: &[String]) -> String {
    shell_words::join(words)
}

async fn on_file(
    gate: &mut Gate,
    tool: &ToolCall,
    operation: &str,
    path: String,
    mut args: Map<String, Value>,
) -> Result<Heard, Halt> {
    args.insert("path".to_owned(), Value::String(path.clone()));
    let call = Call::new(Service::Workspace, operation, &path, args);
    let text = format!("{} {path}", tool.name);
    let mut ran = submit(gate, &text, call, &Render::Text { tool: "files" }).await?;
    let status = ran.status();
    let mut shown = String::new();
    ran.show(&mut shown);
    Ok((status, shown))
}

async fn write_file(gate: &mut Gate, tool: &ToolCall, write: WriteFile) -> Result<Heard, Halt> {
    let (operation, args) = match write {
        WriteFile { text: Some(text), find: None, replace: None, .. } => {
            ("WriteFile", json!({"content": text}))
        }
        WriteFile { text: None, find: Some(find), replace: Some(replace), .. } => {
            ("EditFile", json!({"old": find, "new": replace}))
        }
        _ => {
            let what = "`write_file` takes either `text`, or `find` and `replace`";
            return Ok((ToolStatus::Misused, what.to_owned()));
        }
    };
    let Value::Object(args) = args else { return Ok((ToolStatus::Misused, String::new())) };
    on_file(gate, tool, operation, write.path, args).await
}

/// Understands the plan's commands without running them, and puts them up for review.
fn request_review(gate: &mut Gate, review: RequestReview) -> Result<Heard, Halt> {
    let mut commands = Vec::new();
    for text in &review.commands {
        // Cutting it would have the rest taken for approved; without a command there is nothing to approve.
        if commands.len() > COMMANDS_MAX {
            break;
        }
        let Ok(simple) = line::split(text) else {
            commands.push((text.clone(), Vec::new()));
            continue;
        };
        let simple = simple.into_iter().filter(|(joint, _)| !joint.is_filter());
        for (_, words) in simple.take(COMMANDS_MAX.saturating_add(1)) {
            let calls = match cli::parse(gate.world(), &words) {
                Parsed::Call(call, _) => vec![call],
                Parsed::Answer { .. } => Vec::new(),
            };
            commands.push((line_of(&words), calls));
        }
    }
    if !(1..=COMMANDS_MAX).contains(&commands.len()) {
        let given = if commands.is_empty() { "none" } else { "more" };
        let text = format!(
            "a plan holds from 1 to {COMMANDS_MAX} commands, this one {given}; to ask in words, use the chat\n"
        );
        return Ok((ToolStatus::Misused, text));
    }
    let verdict = gate.review(&review.summary, &commands)?;
    let status = if verdict.allows() { ToolStatus::Ok } else { ToolStatus::Denied };
    let word = if verdict.allows() { "approved" } else { "not approved" };
    Ok((status, format!("{word} by {}: {}\n", verdict.by, verdict.reason)))
}
