//! The `preToolUse` hooks of Kiro CLI and of Amazon Q Developer CLI, from which it comes (kiro.dev/docs/cli/hooks;
//! aws/amazon-q-developer-cli, `docs/hooks.md`).
//!
//! The exit code is the whole answer: 0 lets the tool run, 2 blocks it, anything else is a warning and lets it run.

use serde_json::{Map, Value, json};

use super::protocol::{Blocks, Facts, InLife, Said, Stdout};
use super::tools::{Scene, Use};
use crate::gate::guardrail::Question;

pub(super) const FACTS: Facts = Facts {
    event,
    project_in: &[],
    object: no_object,
    blocks: Blocks::WithReason,
    stdout: Stdout::Ignored,
    in_life: InLife::GoesAhead,
};

fn event(question: &Question<'_>, scene: &Scene) -> Option<Value> {
    let (name, input) = tool(Use::of(question), scene);
    Some(json!({
        "hook_event_name": "preToolUse",
        "cwd": scene.cwd(),
        "session_id": scene.session,
        "tool_name": name,
        "tool_input": input,
    }))
}

/// The agent's own tools, by name, with their arguments.
fn tool(used: Use<'_>, scene: &Scene) -> (&'static str, Value) {
    match used {
        Use::Shell(command) => ("execute_bash", json!({"command": command})),
        Use::Read(path) => ("fs_read", json!({"operations": [{"mode": "Line", "path": scene.path(path)}]})),
        Use::List(path) => {
            ("fs_read", json!({"operations": [{"mode": "Directory", "path": scene.path(path)}]}))
        }
        Use::Write { path, text } => {
            ("fs_write", json!({"command": "create", "path": scene.path(path), "file_text": text}))
        }
        Use::Edit { path, old, new } => (
            "fs_write",
            json!({"command": "str_replace", "path": scene.path(path), "old_str": old, "new_str": new}),
        ),
    }
}

/// Standard output is not read.
fn no_object(_: &Map<String, Value>, _: u32) -> Said {
    Said::Nothing
}
