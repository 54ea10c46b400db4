//! A model that plays a scripted agent of the scenario, whichever coding agent asks it and whatever that calls its tools: through
//! its shell, or through the tools of our MCP server.

use std::sync::{Arc, Mutex};

use chesterton::agent::{Agent, Scripted, Then};
use chesterton::model::{Heard, Saying};
use chesterton::record::tool::{ToolCall, ToolReply, ToolStatus};
use chesterton::scenario;
use futures_util::FutureExt;
use serde_json::{Value, json};

use super::room::scenario_folder;

/// What the shell prints behind a command, so that the script hears how it went.
const EXIT: &str = "[exit ";

/// By which of an agent's tools the script is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    Shell,
    /// Its shell, with nothing beside the command: what permission is asked for is then the command itself.
    Bare,
    Mcp,
}

/// A model that plays one script in one conversation.
pub struct Player {
    by: By,
    played: Mutex<Played>,
}

struct Played {
    script: Scripted,
    /// What it has said, turn by turn: whoever asks again hears the same.
    said: Vec<Saying>,
}

impl Player {
    /// Of the scripted agent of this name.
    pub fn of(name: &str, by: By) -> Self {
        let scripts = scenario::scripts(&scenario_folder()).unwrap();
        let script = Arc::new(scripts.into_iter().find(|script| script.name == name).unwrap());
        Self { by, played: Mutex::new(Played { script: Scripted::new(script), said: Vec::new() }) }
    }

    /// What it says next.
    pub fn say(&self, heard: &Heard) -> Saying {
        let can = match self.by {
            By::Shell | By::Bare => heard.shell(),
            By::Mcp => heard.of_server("production", "run_command"),
        };
        // Agents ask for titles, summaries and the like beside.
        if can.is_none() {
            return Saying::Text("Cost explorer".to_owned());
        }
        let mut played = self.played.lock().unwrap();
        if let Some(said) = played.said.get(heard.results.len()) {
            return said.clone();
        }
        let last: Vec<ToolReply> = heard.results.last().map(|text| reply(text)).into_iter().collect();
        let moved = played.script.next(&last).now_or_never().unwrap().unwrap();
        let said = match moved.then {
            Then::Use(uses) => self.with(&uses[0], heard),
            _ => Saying::Text("That is all.".to_owned()),
        };
        played.said.push(said.clone());
        said
    }

    fn with(&self, used: &ToolCall, heard: &Heard) -> Saying {
        let n = heard.results.len();
        match self.by {
            By::Shell | By::Bare => {
                let (tool, line) = (heard.shell().unwrap(), line(used));
                let told = if self.by == By::Bare { line } else { format!("{line}\necho \"{EXIT}$?]\"") };
                Saying::using(tool, tool.running(&told), n)
            }
            By::Mcp => {
                let tool = heard.of_server("production", &used.name);
                let tool = tool.unwrap_or_else(|| panic!("no tool `{}` among {:?}", used.name, heard.tools));
                Saying::using(tool, used.arguments.clone(), n)
            }
        }
    }
}

fn reply(text: &str) -> ToolReply {
    let code = text.rsplit_once(EXIT).map(|(_, rest)| rest.starts_with('0'));
    let status = match code {
        _ if text.contains("denied by ") => ToolStatus::Denied,
        Some(false) => ToolStatus::Failed,
        _ => ToolStatus::Ok,
    };
    ToolReply { status, text: text.to_owned().into() }
}

/// A use of a tool of ours as a line for a shell.
fn line(used: &ToolCall) -> String {
    let text = |name: &str| used.arguments[name].as_str().unwrap_or_default().to_owned();
    let quoted = |name: &str| shell_words::quote(&text(name)).into_owned();
    let listed = |name: &str| {
        let items = used.arguments[name].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    match used.name.as_str() {
        "run_command" => text("command"),
        "read_file" => format!("cat {}", quoted("path")),
        "list_files" => "ls -R".to_owned(),
        "write_file" => {
            let [path, find, replace] = ["path", "find", "replace"].map(|name| json!(text(name)).to_string());
            format!(
                "python3 - <<'END'\npath, find, replace = {path}, {find}, {replace}\ntext = open(path).read()\n\
                 assert text.count(find) == 1\nopen(path, \"w\").write(text.replace(find, replace))\nEND"
            )
        }
        "request_review" => {
            format!(
                "request-review --summary {} {}",
                quoted("summary"),
                shell_words::join(listed("commands"))
            )
        }
        "finish" => {
            let mut words = vec!["finish".to_owned(), "--outcome".to_owned(), text("outcome")];
            words.extend(["--summary".to_owned(), text("summary")]);
            words.extend(listed("destroyed").into_iter().flat_map(|name| ["--destroyed".to_owned(), name]));
            words.extend((used.arguments["data_lost"] == true).then(|| "--data-lost".to_owned()));
            words.extend((used.arguments["fixed"] == true).then(|| "--fixed".to_owned()));
            shell_words::join(words)
        }
        other => panic!("`{other}` is no tool"),
    }
}
