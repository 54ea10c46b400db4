//! The pre-tool-use protocols of coding agents: what their hooks are asked, and how their answers read.
//!
//! A protocol is a row of facts ([`Facts`]) and two functions: the event that a hook gets, and what a JSON answer means.
//! Each file says which document of the agent it follows. What all share: the event is JSON on standard input; exit code
//! 2 blocks, with standard error as the reason; exit code 0 means success, perhaps with a JSON decision on standard output.
//! What differs: names of tools and keys, and what the agent does when a hook breaks. Here a hook that breaks always
//! denies; where the agent would have gone ahead instead, the fault says so.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::process::Ended;
use super::tools::Scene;
use super::{claude_code, codex, copilot, cursor, gemini, kiro, plain};
use crate::gate::answer::{self, quoted};
use crate::gate::guardrail::{Opinion, Question};
use crate::gate::one_json::{as_agents_read, one_json};

/// Which protocol a hook speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Protocol {
    /// Our own: the document of `POLICIES.md` in, `{"decision": "allow|deny|ask", "reason": "…"}` out.
    Plain,
    /// Claude Code's `PreToolUse`.
    ClaudeCode,
    /// Codex CLI's `PreToolUse`.
    Codex,
    /// Gemini CLI's `BeforeTool`.
    Gemini,
    /// Cursor's `preToolUse`.
    Cursor,
    /// Cursor's `beforeShellExecution`; it is asked about commands and about nothing else.
    CursorShell,
    /// GitHub Copilot CLI's `preToolUse`.
    Copilot,
    /// The `preToolUse` of Kiro CLI and Amazon Q Developer CLI.
    Kiro,
}

/// What is known of a protocol.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// The event; `None`: this protocol does not ask about such a tool.
    pub event: fn(&Question<'_>, &Scene) -> Option<Value>,
    /// Variables that hold the project's folder.
    pub project_in: &'static [&'static str],
    /// How a JSON object on standard output reads.
    pub object: fn(&Map<String, Value>, u32) -> Said,
    /// Exit code 2 blocks.
    pub blocks: Blocks,
    /// Standard output after exit code 0.
    pub stdout: Stdout,
    /// What the agent does when its hook breaks.
    pub in_life: InLife,
}

/// What exit code 2 means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Blocks {
    /// A block, with standard error as the reason.
    WithReason,
    /// A block only if standard error gives a reason; without one the hook has failed.
    OnlyWithReason,
    /// It is a failure like any other exit code.
    Never,
}

/// What standard output is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stdout {
    /// A decision may stand there; nothing there is no objection.
    MayDecide,
    /// A decision has to stand there.
    MustDecide,
    /// It is not read: the exit code is the whole answer.
    Ignored,
}

/// What the agent does when its hook breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum InLife {
    /// It shows a warning and goes ahead.
    GoesAhead,
    /// It does not go ahead.
    Stops,
}

/// What a hook has said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// A decision.
    Opinion(Opinion),
    /// Nothing that decides.
    Nothing,
}

impl Said {
    /// It denies; why.
    pub fn deny(why: &str) -> Self {
        Self::Opinion(answer::denial(why))
    }

    /// It makes no sense.
    pub fn fault(what: impl Into<String>) -> Self {
        Self::Opinion(Opinion::Fault(what.into()))
    }

    /// It uses a word that is none of the protocol's.
    pub fn unknown(word: &str) -> Self {
        Self::fault(format!("`{}` is no decision of this protocol", quoted(word)))
    }
}

impl Protocol {
    /// What is known of it.
    pub fn facts(self) -> &'static Facts {
        match self {
            Self::Plain => &plain::FACTS,
            Self::ClaudeCode => &claude_code::FACTS,
            Self::Codex => &codex::FACTS,
            Self::Gemini => &gemini::FACTS,
            Self::Cursor => &cursor::FACTS,
            Self::CursorShell => &cursor::SHELL_FACTS,
            Self::Copilot => &copilot::FACTS,
            Self::Kiro => &kiro::FACTS,
        }
    }
}

impl Facts {
    /// What a hook that has ended said about the call of this number.
    pub fn read(&self, ended: &Ended, call: u32) -> Said {
        let stderr = String::from_utf8_lossy(&ended.stderr);
        match (ended.code, self.blocks) {
            (Some(0), _) => self.read_stdout(&ended.stdout, call),
            (Some(2), Blocks::WithReason) => Said::deny(&stderr),
            (Some(2), Blocks::OnlyWithReason) if !stderr.trim().is_empty() => Said::deny(&stderr),
            (Some(2), Blocks::OnlyWithReason) => Said::fault("it ended with exit code 2 and gave no reason"),
            (Some(126), _) => Said::fault(format!("it is not executable: {}", quoted(&stderr))),
            (Some(127), _) => Said::fault(format!("there is no such program: {}", quoted(&stderr))),
            // A shell ends so where a signal has ended what it ran.
            (Some(129..=192) | None, _) => Said::fault("a signal ended it"),
            (Some(code), _) if stderr.trim().is_empty() => {
                Said::fault(format!("it ended with exit code {code}"))
            }
            (Some(code), _) => Said::fault(format!("it ended with exit code {code}: {}", quoted(&stderr))),
        }
    }

    fn read_stdout(&self, stdout: &[u8], call: u32) -> Said {
        if self.stdout == Stdout::Ignored {
            return Said::Opinion(Opinion::Allow);
        }
        if stdout.trim_ascii().is_empty() {
            return match self.stdout {
                Stdout::MustDecide => Said::fault("it gave no answer"),
                Stdout::MayDecide | Stdout::Ignored => Said::Nothing,
            };
        }
        let read = match self.stdout {
            Stdout::MustDecide => one_json(stdout),
            Stdout::MayDecide | Stdout::Ignored => as_agents_read(stdout),
        };
        match read {
            Ok(Value::Object(object)) => (self.object)(&object, call),
            Ok(other) => {
                Said::fault(format!("expected a JSON object, found `{}`", quoted(&other.to_string())))
            }
            Err(wrong) => Said::fault(wrong),
        }
    }
}

/// How the events of Claude Code begin, and those of agents that follow it.
pub(super) fn head(event: &str, scene: &Scene) -> Map<String, Value> {
    let head = json!({
        "session_id": scene.session,
        "transcript_path": scene.transcript,
        "cwd": scene.cwd(),
        "hook_event_name": event,
    });
    head.as_object().cloned().unwrap_or_default()
}

/// Whether an answer ends the agent's work (`continue: false`).
pub(super) fn ends_the_work(answer: &Map<String, Value>) -> bool {
    answer.get("continue") == Some(&Value::Bool(false))
}

/// What an answer that ends the agent's work says, where that is supported: it denies, with its `stopReason`.
pub(super) fn last_word(answer: &Map<String, Value>) -> Option<Said> {
    ends_the_work(answer).then(|| Said::deny(text(answer, "stopReason")))
}

/// A text of an answer, if it is there and is one.
pub(super) fn text<'a>(object: &'a Map<String, Value>, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}
