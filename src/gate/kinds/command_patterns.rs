//! Looks at the command line and at nothing else: the popular kind.

use std::sync::Arc;

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Blueprint, Kind, Unfit};
use crate::gate::beside::Beside;
use crate::gate::guardrail::{Guardrail, Opinion, Question, Thinking, ready};

/// Denies or asks about command lines that a pattern is found in. What the command would do it does not know, nor what the
/// same deed is called when a script, a file that is written or a pipeline does it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandPatterns {
    /// Regular expressions of lines that are denied.
    #[serde(default)]
    deny: Vec<String>,
    /// Regular expressions of lines about which the approver is asked.
    #[serde(default)]
    ask: Vec<String>,
}

/// The patterns, compiled.
#[derive(Clone, Debug)]
struct Patterns {
    deny: Arc<[Regex]>,
    ask: Arc<[Regex]>,
}

impl Kind for CommandPatterns {
    fn prepare(self: Box<Self>, _beside: &Beside) -> Result<Blueprint, Unfit> {
        if self.deny.is_empty() && self.ask.is_empty() {
            return Err(Unfit::new("expected patterns in `deny` or in `ask`"));
        }
        Ok(Blueprint::of(Patterns { deny: compiled("deny", &self.deny)?, ask: compiled("ask", &self.ask)? }))
    }

    fn asks(&self) -> bool {
        !self.ask.is_empty()
    }
}

fn compiled(key: &str, patterns: &[String]) -> Result<Arc<[Regex]>, Unfit> {
    let one = |(n, pattern): (usize, &String)| {
        Regex::new(pattern).map_err(|error| {
            Unfit::new(format!("this is no regular expression: {error}")).of(format!("{key}[{n}]"))
        })
    };
    patterns.iter().enumerate().map(one).collect()
}

impl Guardrail for Patterns {
    fn name(&self) -> &str {
        "command-patterns"
    }

    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a> {
        let denied = self.deny.iter().find(|pattern| pattern.is_match(question.line));
        let asked = || self.ask.iter().any(|pattern| pattern.is_match(question.line));
        ready(match denied {
            Some(pattern) => Opinion::Deny(format!("commands like `{pattern}` are forbidden")),
            None if asked() => Opinion::Ask,
            None => Opinion::Allow,
        })
    }
}
