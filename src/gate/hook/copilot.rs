//! GitHub Copilot CLI's `preToolUse` hooks, as its hooks reference describes them (docs.github.com, hooks configuration).
//!
//! The tool's arguments come as JSON in a text. A decision is `permissionDecision`: `allow`, `deny` or `ask`. An exit code
//! other than 0 denies the tool, a time-out lets it go ahead.

use serde_json::{Map, Value, json};

use super::protocol::{Blocks, Facts, InLife, Said, Stdout, text};
use super::tools::{Scene, Use};
use crate::gate::guardrail::{Opinion, Question};

pub(super) const FACTS: Facts = Facts {
    event,
    project_in: &[],
    object,
    blocks: Blocks::Never,
    stdout: Stdout::MayDecide,
    in_life: InLife::Stops,
};

fn event(question: &Question<'_>, scene: &Scene) -> Option<Value> {
    let (name, arguments) = tool(Use::of(question), scene);
    Some(json!({
        "sessionId": scene.session,
        "timestamp": question.now.unix().saturating_mul(1_000),
        "cwd": scene.cwd(),
        "toolName": name,
        "toolArgs": arguments.to_string(),
    }))
}

/// The agent's own tools, by name, with their arguments.
fn tool(used: Use<'_>, scene: &Scene) -> (&'static str, Value) {
    match used {
        Use::Shell(command) => ("bash", json!({"command": command})),
        Use::Read(path) | Use::List(path) => ("view", json!({"path": scene.path(path)})),
        Use::Write { path, text } => ("create", json!({"path": scene.path(path), "file_text": text})),
        Use::Edit { path, old, new } => {
            ("edit", json!({"path": scene.path(path), "old_str": old, "new_str": new}))
        }
    }
}

fn object(answer: &Map<String, Value>, _call: u32) -> Said {
    if answer.contains_key("modifiedArgs") {
        return Said::fault("it rewrites the call, which is not done here");
    }
    match answer.get("permissionDecision") {
        None => Said::Nothing,
        Some(Value::String(word)) => match word.as_str() {
            "allow" => Said::Opinion(Opinion::Allow),
            "deny" => Said::deny(text(answer, "permissionDecisionReason")),
            "ask" => Said::Opinion(Opinion::Ask),
            other => Said::unknown(other),
        },
        Some(other) => Said::unknown(&other.to_string()),
    }
}
