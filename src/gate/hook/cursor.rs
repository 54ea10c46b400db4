//! Cursor's hooks (cursor.com/docs/hooks): `preToolUse` for every tool, `beforeShellExecution` for commands.
//!
//! A decision is `permission`: `allow`, `deny` or `ask`, with a message for the agent and one for the user. Exit codes
//! other than 0 and 2 and time-outs let the action go ahead (unless the hook is configured with `failClosed`).

use serde_json::{Map, Value, json};

use super::protocol::{Blocks, Facts, InLife, Said, Stdout, text};
use super::tools::{Scene, Use};
use crate::gate::guardrail::{Opinion, Question};

pub(super) const FACTS: Facts = Facts {
    event,
    project_in: &["CURSOR_PROJECT_DIR", "CLAUDE_PROJECT_DIR"],
    object,
    blocks: Blocks::WithReason,
    stdout: Stdout::MayDecide,
    in_life: InLife::GoesAhead,
};

pub(super) const SHELL_FACTS: Facts = Facts { event: shell_event, ..FACTS };

fn common(name: &str, question: &Question<'_>, scene: &Scene) -> Map<String, Value> {
    let head = json!({
        "conversation_id": scene.session,
        "generation_id": format!("{}-{}", scene.session, question.tool.map_or(0, |(use_, _)| use_)),
        "model": "chesterton",
        "hook_event_name": name,
        "workspace_roots": [scene.cwd()],
        "cwd": scene.cwd(),
    });
    head.as_object().cloned().unwrap_or_default()
}

fn event(question: &Question<'_>, scene: &Scene) -> Option<Value> {
    let (name, input) = match Use::of(question) {
        Use::Shell(command) => ("Shell", json!({"command": command, "working_directory": scene.cwd()})),
        Use::Read(path) => ("Read", json!({"file_path": scene.path(path)})),
        Use::List(path) => ("Glob", json!({"pattern": "**/*", "path": scene.path(path)})),
        Use::Write { path, text } => ("Write", json!({"file_path": scene.path(path), "content": text})),
        Use::Edit { path, old, new } => {
            ("Edit", json!({"file_path": scene.path(path), "old_string": old, "new_string": new}))
        }
    };
    let mut event = common("preToolUse", question, scene);
    event.insert("tool_name".to_owned(), json!(name));
    event.insert("tool_input".to_owned(), input);
    event.insert("tool_use_id".to_owned(), json!(format!("tool_{:08}", question.call.id.0)));
    Some(Value::Object(event))
}

fn shell_event(question: &Question<'_>, scene: &Scene) -> Option<Value> {
    let Use::Shell(command) = Use::of(question) else { return None };
    let mut event = common("beforeShellExecution", question, scene);
    event.insert("command".to_owned(), json!(command));
    Some(Value::Object(event))
}

fn object(answer: &Map<String, Value>, _call: u32) -> Said {
    if answer.contains_key("updated_input") {
        return Said::fault("it rewrites the call, which is not done here");
    }
    let keys = ["agent_message", "agentMessage", "user_message", "userMessage"];
    let why = keys.iter().map(|key| text(answer, key)).find(|why| !why.is_empty()).unwrap_or_default();
    match answer.get("permission") {
        None => Said::Nothing,
        Some(Value::String(word)) => match word.as_str() {
            "allow" => Said::Opinion(Opinion::Allow),
            "deny" => Said::deny(why),
            "ask" => Said::Opinion(Opinion::Ask),
            other => Said::unknown(other),
        },
        Some(other) => Said::unknown(&other.to_string()),
    }
}
