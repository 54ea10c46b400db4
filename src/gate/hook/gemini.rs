//! Gemini CLI's `BeforeTool` hooks, as its hooks reference describes them (geminicli.com/docs/hooks/reference).
//!
//! A decision is `decision`: `allow`, `deny` or `block`; `continue: false` ends the agent's work, which denies here.
//! Exit codes other than 0 and 2 are warnings: the agent goes ahead.

use serde_json::{Map, Value, json};

use super::protocol::{Blocks, Facts, InLife, Said, Stdout, head, last_word, text};
use super::tools::{Scene, Use};
use crate::gate::guardrail::{Opinion, Question};

pub(super) const FACTS: Facts = Facts {
    event,
    project_in: &["GEMINI_PROJECT_DIR", "GEMINI_CWD", "CLAUDE_PROJECT_DIR"],
    object,
    blocks: Blocks::WithReason,
    stdout: Stdout::MayDecide,
    in_life: InLife::GoesAhead,
};

fn event(question: &Question<'_>, scene: &Scene) -> Option<Value> {
    let (name, input) = tool(Use::of(question), scene);
    let mut event = head("BeforeTool", scene);
    event.insert("timestamp".to_owned(), json!(question.now));
    event.insert("tool_name".to_owned(), json!(name));
    event.insert("tool_input".to_owned(), input);
    Some(Value::Object(event))
}

/// The agent's own tools, by name, with their arguments.
fn tool(used: Use<'_>, scene: &Scene) -> (&'static str, Value) {
    match used {
        Use::Shell(command) => ("run_shell_command", json!({"command": command})),
        Use::Read(path) => ("read_file", json!({"file_path": scene.path(path)})),
        Use::List(path) => ("list_directory", json!({"dir_path": scene.path(path)})),
        Use::Write { path, text } => ("write_file", json!({"file_path": scene.path(path), "content": text})),
        Use::Edit { path, old, new } => {
            ("replace", json!({"file_path": scene.path(path), "old_string": old, "new_string": new}))
        }
    }
}

fn object(answer: &Map<String, Value>, _call: u32) -> Said {
    if let Some(said) = last_word(answer) {
        return said;
    }
    let own = answer.get("hookSpecificOutput").and_then(Value::as_object);
    if own.is_some_and(|own| own.contains_key("tool_input")) {
        return Said::fault("it rewrites the call, which is not done here");
    }
    match answer.get("decision") {
        None => Said::Nothing,
        Some(Value::String(word)) => match word.as_str() {
            "allow" | "approve" => Said::Opinion(Opinion::Allow),
            "deny" | "block" => Said::deny(text(answer, "reason")),
            "ask" => Said::Opinion(Opinion::Ask),
            other => Said::unknown(other),
        },
        Some(other) => Said::unknown(&other.to_string()),
    }
}
