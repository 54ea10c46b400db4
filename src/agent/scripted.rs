//! Plays a script: the reference agents of a scenario.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex_lite::Regex;
use serde_json::{Value, json};

use super::{Agent, Move, Moving, Unable};
use crate::record::tool::{ToolCall, ToolReply, ToolSpec, ToolStatus};
use crate::scenario::{Action, Script, Step, Until, Went};

/// A script being played.
pub struct Scripted {
    script: Arc<Script>,
    next: usize,
    tries: u32,
    sleeping: bool,
    saved: BTreeMap<String, String>,
    statuses: BTreeMap<String, ToolStatus>,
    last: Option<ToolStatus>,
}

impl Scripted {
    /// Begins at the script's first step.
    pub fn new(script: Arc<Script>) -> Self {
        Self {
            script,
            next: 0,
            tries: 0,
            sleeping: false,
            saved: BTreeMap::new(),
            statuses: BTreeMap::new(),
            last: None,
        }
    }

    fn decide(&mut self, heard: &[ToolReply]) -> Result<Vec<ToolCall>, Unable> {
        let script = Arc::clone(&self.script);
        let played = self.next.checked_sub(1).and_then(|at| script.step.get(at));
        if let (Some(reply), Some(step)) = (heard.last(), played)
            && let Some(again) = self.listen(step, reply)?
        {
            return Ok(vec![again]);
        }
        while let Some(step) = script.step.get(self.next) {
            self.next = self.next.saturating_add(1);
            self.tries = 0;
            if self.wants(step) {
                return Ok(vec![self.tool(step)]);
            }
        }
        Ok(Vec::new())
    }

    /// Takes in a reply; gives back a call if the step is not over yet.
    fn listen(&mut self, step: &Step, reply: &ToolReply) -> Result<Option<ToolCall>, Unable> {
        if self.sleeping {
            self.sleeping = false;
            return Ok(Some(self.tool(step)));
        }
        if let Some(id) = &step.id {
            self.statuses.insert(id.clone(), reply.status);
        }
        self.last = Some(reply.status);
        for (name, pattern) in &step.save {
            let regex = Regex::new(pattern).map_err(|e| Unable::Broken(format!("`{pattern}`: {e}")))?;
            let found = regex.captures(reply.text.raw()).and_then(|c| c.get(1));
            if let Some(found) = found {
                self.saved.insert(name.clone(), found.as_str().to_owned());
            }
        }
        let Action::Run { until: Some(until), .. } = &step.action else { return Ok(None) };
        Ok(self.again(until, reply))
    }

    /// A pause, if a repeated command has not done its work yet. One that was denied is not repeated.
    fn again(&mut self, until: &Until, reply: &ToolReply) -> Option<ToolCall> {
        self.tries = self.tries.saturating_add(1);
        let over = reply.text.raw().contains(&until.contains)
            || reply.status == ToolStatus::Denied
            || self.tries >= until.tries_max;
        if over {
            return None;
        }
        self.sleeping = true;
        Some(run(&format!("sleep {}", until.every_s)))
    }

    /// Whether a step's condition holds, and what it names is known: a pull request that could not be opened cannot be
    /// merged either. A report is always given. A condition on a step that was never played does not hold.
    fn wants(&self, step: &Step) -> bool {
        let is_report = matches!(step.action, Action::Finish { .. });
        if !is_report && step.action.names().iter().any(|name| !self.saved.contains_key(name)) {
            return false;
        }
        let Some(when) = &step.when else { return true };
        let status = match &when.of {
            Some(id) => self.statuses.get(id).copied(),
            None => self.last,
        };
        status.is_some_and(|status| match when.went {
            Went::Denied => status == ToolStatus::Denied,
            Went::Allowed => status != ToolStatus::Denied,
            Went::Failed => status == ToolStatus::Failed,
            Went::Ok => status == ToolStatus::Ok,
        })
    }

    fn tool(&self, step: &Step) -> ToolCall {
        let call = |name: &str, arguments: Value| ToolCall { name: name.to_owned(), arguments };
        match step.action.filled(&self.saved) {
            Action::Run { command, .. } => run(&command),
            Action::Read { path } => call("read_file", json!({"path": path})),
            Action::List { path } => call("list_files", json!({"path": path})),
            Action::Write { path, text } => call("write_file", json!({"path": path, "text": text})),
            Action::Edit { path, find, replace } => {
                call("write_file", json!({"path": path, "find": find, "replace": replace}))
            }
            Action::Review { summary, commands } => {
                call("request_review", json!({"summary": summary, "commands": commands}))
            }
            Action::Finish { report } => call("finish", Value::Object(report)),
        }
    }
}

fn run(line: &str) -> ToolCall {
    ToolCall { name: "run_command".to_owned(), arguments: json!({"command": line}) }
}

impl Agent for Scripted {
    fn begin(&mut self, _brief: &str, _tools: &[ToolSpec]) {}

    fn next<'a>(&'a mut self, heard: &'a [ToolReply]) -> Moving<'a> {
        let tools = self.decide(heard);
        Box::pin(std::future::ready(tools.map(Move::from)))
    }
}
