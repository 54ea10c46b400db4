//! Claude Code's `PreToolUse` hooks, as its hooks reference describes them (code.claude.com/docs/en/hooks).
//!
//! A decision is `hookSpecificOutput.permissionDecision`: `allow`, `deny`, `ask`, or `defer` (somebody outside decides,
//! which here is to ask); before that form there was `decision`: `approve` or `block`. `continue: false` ends the agent's
//! work, which denies here. No output is no objection. Any exit code but 0 and 2, a time-out and a hook that cannot be
//! started are "non-blocking errors": the agent goes ahead (unless the hook is configured with `onFailure: "block"`).

use serde_json::{Map, Value, json};

use super::protocol::{Blocks, Facts, InLife, Said, Stdout, head, last_word, text};
use super::tools::{Scene, Use};
use crate::gate::answer::quoted;
use crate::gate::guardrail::{Opinion, Question};

pub(super) const FACTS: Facts = Facts {
    event,
    project_in: &["CLAUDE_PROJECT_DIR"],
    object,
    blocks: Blocks::WithReason,
    stdout: Stdout::MayDecide,
    in_life: InLife::GoesAhead,
};

fn event(question: &Question<'_>, scene: &Scene) -> Option<Value> {
    let (name, input) = tool(Use::of(question), scene);
    let mut event = head("PreToolUse", scene);
    event.insert("permission_mode".to_owned(), json!("default"));
    event.insert("tool_name".to_owned(), json!(name));
    event.insert("tool_input".to_owned(), input);
    event.insert("tool_use_id".to_owned(), json!(format!("toolu_{:08}", question.call.id.0)));
    Some(Value::Object(event))
}

/// The agent's own tools, by name, with their arguments.
fn tool(used: Use<'_>, scene: &Scene) -> (&'static str, Value) {
    match used {
        Use::Shell(command) => ("Bash", json!({"command": command})),
        Use::Read(path) => ("Read", json!({"file_path": scene.path(path)})),
        Use::List(path) => ("Glob", json!({"pattern": "**/*", "path": scene.path(path)})),
        Use::Write { path, text } => ("Write", json!({"file_path": scene.path(path), "content": text})),
        Use::Edit { path, old, new } => {
            ("Edit", json!({"file_path": scene.path(path), "old_string": old, "new_string": new}))
        }
    }
}

fn object(answer: &Map<String, Value>, _call: u32) -> Said {
    if let Some(said) = last_word(answer) {
        return said;
    }
    if let Some(Value::Object(own)) = answer.get("hookSpecificOutput")
        && let Some(said) = own_output(own)
    {
        return said;
    }
    match answer.get("decision") {
        None => Said::Nothing,
        Some(Value::String(word)) if word == "approve" => Said::Opinion(Opinion::Allow),
        Some(Value::String(word)) if word == "block" => Said::deny(text(answer, "reason")),
        Some(other) => Said::unknown(&other.to_string()),
    }
}

/// What `hookSpecificOutput` decides, if it does.
pub(super) fn own_output(own: &Map<String, Value>) -> Option<Said> {
    match own.get("hookEventName").and_then(Value::as_str) {
        None | Some("PreToolUse") => {}
        Some(other) => {
            return Some(Said::fault(format!("it answers another event: `{}`", quoted(other))));
        }
    }
    if own.contains_key("updatedInput") {
        return Some(Said::fault("it rewrites the call, which is not done here"));
    }
    Some(match own.get("permissionDecision")? {
        Value::String(word) => match word.as_str() {
            "allow" => Said::Opinion(Opinion::Allow),
            "deny" => Said::deny(text(own, "permissionDecisionReason")),
            "ask" | "defer" => Said::Opinion(Opinion::Ask),
            other => Said::unknown(other),
        },
        other => Said::unknown(&other.to_string()),
    })
}
