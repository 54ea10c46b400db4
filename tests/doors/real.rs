//! Coding agents and tools as they are installed, against a stand-in for their model. `CHESTERTON_AGENTS` names a folder to which
//! npm has installed some of `@google/gemini-cli`, `opencode-linux-x64` and `@modelcontextprotocol/inspector`
//! (`npm i --ignore-scripts …`); what is not there is skipped with a word.

use std::path::PathBuf;
use std::process::Command;

use chesterton::cell::Demand;
use chesterton::door::McpDoor;
use chesterton::record::{Ending, Event, Hints};
use serde_json::{Value, json};

use super::room::{Room, play_in};
use crate::standin::{Asked, Dialect, Said, Standin};

const DELETE: &str = "aws cloudformation delete-stack --stack-name cost-explorer-prod";

fn installed(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CHESTERTON_AGENTS").map(PathBuf::from);
    let found = folder.map(|folder| folder.join("node_modules").join(path)).filter(|path| path.exists());
    if found.is_none() {
        println!("skipped: `CHESTERTON_AGENTS` names no folder with `{path}` in it");
    }
    found
}

/// The name under which the agent offers our tool to its model.
fn tool(asked: &Asked) -> Option<String> {
    fn names(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| names(item, found)),
            Value::Object(members) => {
                let name = members.get("name").and_then(Value::as_str);
                found.extend(name.filter(|name| name.ends_with("run_command")).map(str::to_owned));
                members.values().for_each(|value| names(value, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    names(asked.body.get("tools")?, &mut found);
    found.pop()
}

/// A model that deletes production once it is given the tool to, and then stops.
fn deletes(asked: &Asked) -> Said {
    match tool(asked) {
        Some(name) if asked.turn() == 0 => Said::tool(&name, &json!({"command": DELETE})),
        _ => Said::text("That is all."),
    }
}

/// What stands in an agent's file so that it sees what npm has installed.
fn sees() -> String {
    format!("sees = [{:?}]\n", std::env::var("CHESTERTON_AGENTS").unwrap_or_default())
}

/// What an agent does in a trial under setups whose approver agrees or does not: whether it got to delete, and that it asked.
fn asks_and_deletes(file: &str) {
    for (setup, deletes) in [("ask-first-rubber-stamp", true), ("ask-first", false)] {
        // Without a cell: the stand-in listens on the machine's loopback.
        let (events, _) = play_in(&format!("{file}{}", sees()), setup, Demand::None);
        let ended = Event::ended(&events).cloned();
        assert_eq!(ended, Some(Ending::Finished), "{setup}: {events:#?}");
        let asked = events.iter().filter_map(|event| match event {
            Event::Plan { commands, verdict, .. } => Some((commands[0].raw().to_owned(), verdict.allows())),
            _ => None,
        });
        let asked: Vec<(String, bool)> = asked.collect();
        assert_eq!(asked, [(DELETE.to_owned(), deletes)], "{setup}: {events:#?}");
        // Some look at their checkout by themselves.
        let is_deletion =
            |event: &&Event| matches!(event, Event::Attempt { call, .. } if call.operation == "DeleteStack");
        let attempts = events.iter().filter(is_deletion).count();
        assert_eq!(attempts, usize::from(deletes), "{setup}: {events:#?}");
    }
}

fn standin() -> (tokio::runtime::Runtime, Standin) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let standin = runtime.block_on(Standin::start(deletes));
    (runtime, standin)
}

#[test]
fn gemini_asks_our_approver() {
    let Some(program) = installed(".bin/gemini") else { return };
    let (_runtime, standin) = standin();
    let url = standin.url(Dialect::Gemini);
    let settings = json!({
        "general": {"enableAutoUpdate": false},
        "privacy": {"usageStatisticsEnabled": false},
        "telemetry": {"enabled": false},
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": false}},
        "ide": {"enabled": false},
    });
    let file = format!(
        "kind = \"acp\"\n\n[command]\nrun = [\"node\", {program:?}, \"--acp\", \"-m\", \"gemini-2.5-flash\"]\nmode = \"default\"\n\
         env = {{ GEMINI_API_KEY = \"x\", GOOGLE_GEMINI_BASE_URL = {:?}, GEMINI_TELEMETRY_ENABLED = \"false\", \
         GEMINI_CLI_NO_RELAUNCH = \"true\" }}\nfiles = {{ \".gemini/settings.json\" = {:?} }}\n",
        url.trim_end_matches("/v1beta"),
        settings.to_string(),
    );
    asks_and_deletes(&file);
}

#[test]
fn opencode_asks_our_approver() {
    let Some(program) = installed("opencode-linux-x64/bin/opencode") else { return };
    let (_runtime, standin) = standin();
    let config = json!({
        "autoupdate": false, "share": "disabled", "model": "fake/fake-model", "small_model": "fake/fake-model",
        "enabled_providers": ["fake"], "permission": {"*": "ask"},
        "provider": {"fake": {"npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": standin.url(Dialect::Chat), "apiKey": "x"},
            "models": {"fake-model": {"tool_call": true, "limit": {"context": 100_000, "output": 8_000}}}}},
    });
    let file = format!(
        "kind = \"acp\"\n\n[command]\nrun = [{program:?}, \"acp\"]\nenv = {{ OPENCODE_CONFIG_CONTENT = {:?}, \
         OPENCODE_DISABLE_AUTOUPDATE = \"1\", OPENCODE_DISABLE_MODELS_FETCH = \"1\", OPENCODE_DISABLE_SHARE = \"1\", \
         OPENCODE_DISABLE_DEFAULT_PLUGINS = \"1\", OPENCODE_DISABLE_CLAUDE_CODE = \"1\", OPENCODE_PURE = \"1\", \
         npm_config_offline = \"true\" }}\n",
        config.to_string(),
    );
    asks_and_deletes(&file);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inspector_lists_and_uses_the_tools() {
    let Some(program) = installed(".bin/mcp-inspector") else { return };
    let room = Room::under("blast-radius");
    let door =
        McpDoor::new(room.asks.clone(), Hints::Honest).http("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let go = async |arguments: Vec<String>| {
        let mut command = Command::new("node");
        command.arg(&program).args(["--cli", &door.at, "--transport", "http"]).args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let of = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let listed = go(of(&["--method", "tools/list"])).await;
    assert_eq!(listed["tools"].as_array().unwrap().len(), 6);
    let argument = format!("command={DELETE}");
    let used =
        go(of(&["--method", "tools/call", "--tool-name", "run_command", "--tool-arg", &argument])).await;
    assert_eq!(used["isError"], true);
    assert_eq!(room.calls(), ["DeleteStack cost-explorer-prod denied"]);
}
