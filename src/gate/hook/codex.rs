//! Codex CLI's `PreToolUse` hooks, as the schemas and the reader in its source have them (openai/codex, `codex-rs/hooks`).
//!
//! The answers are Claude Code's, with differences: exit code 2 blocks only with a reason on standard error, and a deny
//! in JSON only with a reason too. `ask` and `continue: false` are not supported: the hook counts as failed, and the agent
//! goes ahead. So they are faults here.

use serde_json::{Map, Value, json};

use super::claude_code::own_output;
use super::protocol::{Blocks, Facts, InLife, Said, Stdout, ends_the_work, text};
use super::tools::{Scene, Use};
use crate::gate::guardrail::{Opinion, Question};

pub(super) const FACTS: Facts = Facts {
    event,
    project_in: &[],
    object,
    blocks: Blocks::OnlyWithReason,
    stdout: Stdout::MayDecide,
    in_life: InLife::GoesAhead,
};

fn event(question: &Question<'_>, scene: &Scene) -> Option<Value> {
    let (name, command) = tool(Use::of(question));
    Some(json!({
        "session_id": scene.session,
        "turn_id": question.tool.map_or(0, |(use_, _)| use_).to_string(),
        "transcript_path": null,
        "cwd": scene.cwd(),
        "hook_event_name": "PreToolUse",
        "model": "chesterton",
        "permission_mode": "default",
        "tool_name": name,
        "tool_input": {"command": command},
        "tool_use_id": format!("call_{:08}", question.call.id.0),
    }))
}

/// Codex reads and lists with the shell and writes with patches.
fn tool(used: Use<'_>) -> (&'static str, String) {
    let lines =
        |sign: char, text: &str| -> String { text.lines().map(|line| format!("{sign}{line}\n")).collect() };
    let patch = |head: String, body: String| {
        ("apply_patch", format!("*** Begin Patch\n{head}\n{body}*** End Patch\n"))
    };
    match used {
        Use::Shell(command) => ("Bash", command.to_owned()),
        Use::Read(path) => ("Bash", shell_words::join(["cat", path])),
        Use::List(path) => ("Bash", shell_words::join(["ls", "-R", path])),
        Use::Write { path, text } => patch(format!("*** Add File: {path}"), lines('+', text)),
        Use::Edit { path, old, new } => {
            patch(format!("*** Update File: {path}"), format!("@@\n{}{}", lines('-', old), lines('+', new)))
        }
    }
}

fn object(answer: &Map<String, Value>, _call: u32) -> Said {
    if ends_the_work(answer) {
        return Said::fault("it answers `continue: false`, which Codex does not support");
    }
    let own = answer.get("hookSpecificOutput").and_then(Value::as_object);
    let (said, reason) =
        match own.and_then(|own| Some((own_output(own)?, text(own, "permissionDecisionReason")))) {
            Some(found) => found,
            None => match answer.get("decision") {
                None => return Said::Nothing,
                Some(Value::String(word)) if word == "approve" => (Said::Opinion(Opinion::Allow), ""),
                Some(Value::String(word)) if word == "block" => {
                    (Said::deny(text(answer, "reason")), text(answer, "reason"))
                }
                Some(other) => return Said::unknown(&other.to_string()),
            },
        };
    match said {
        Said::Opinion(Opinion::Ask) => Said::fault("it answers `ask`, which Codex does not support"),
        Said::Opinion(Opinion::Deny(_)) if reason.trim().is_empty() => {
            Said::fault("it denies without a reason")
        }
        said => said,
    }
}
