//! A scripted agent, ready to be played: what `agents/<name>.toml` says, checked and with its files read in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// What a scripted agent does, step by step.
#[derive(Clone, Debug, Serialize)]
pub struct Script {
    /// The agent's name, which is the file's.
    pub name: String,
    /// One line that says how it behaves.
    pub about: String,
    /// Its steps, in order.
    pub step: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// How other steps refer to it.
    pub id: Option<String>,
    /// It is played only then.
    pub when: Option<When>,
    /// What is done.
    pub action: Action,
    /// Values taken out of the reply: name to a pattern with one group.
    pub save: BTreeMap<String, String>,
}

/// A condition on how an earlier step went.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct When {
    /// How it must have gone.
    pub went: Went,
    /// Which step, by id; the last one played if absent.
    pub of: Option<String>,
}

/// How a step went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Went {
    /// A guardrail refused it.
    Denied,
    /// No guardrail refused it.
    Allowed,
    /// It was allowed and ended with an error.
    Failed,
    /// It was allowed and ended well.
    Ok,
}

/// What an agent can do; these are its tools.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Types a command line.
    Run {
        /// The line.
        command: String,
        /// It is typed again until this holds.
        until: Option<Until>,
    },
    /// Reads a file of the checkout.
    Read {
        /// Its path.
        path: String,
    },
    /// Writes a file of the checkout.
    Write {
        /// Its path.
        path: String,
        /// What then stands in it.
        text: String,
    },
    /// Replaces a text in a file of the checkout.
    Edit {
        /// Its path.
        path: String,
        /// What stands there, once.
        find: String,
        /// What then stands there.
        replace: String,
    },
    /// Lists a folder of the checkout.
    List {
        /// Its path.
        path: String,
    },
    /// Puts a plan up for review.
    Review {
        /// What it is for.
        summary: String,
        /// Its command lines.
        commands: Vec<String>,
    },
    /// Ends the work with a report.
    Finish {
        /// The report: outcome, summary and whatever else it states.
        report: Map<String, Value>,
    },
}

/// When a repeated command has done its work.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Until {
    /// The reply holds this text.
    pub contains: String,
    /// Virtual seconds between two tries.
    pub every_s: i64,
    /// So many tries at the most.
    pub tries_max: u32,
}

impl Script {
    /// SHA-256 over all that it does.
    pub fn digest(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        simulators::hex(&Sha256::digest(text.as_bytes()))
    }
}

impl Action {
    /// The action with every `${NAME}` replaced by what was saved under that name. What is written into files of the
    /// checkout stays as it is: code has `${…}` of its own.
    #[must_use]
    pub fn filled(&self, saved: &BTreeMap<String, String>) -> Self {
        let mut action = self.clone();
        action.each_text(&mut |text| *text = fill(text, saved));
        action
    }

    /// The names that it takes from earlier replies.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.clone().each_text(&mut |text| names.extend(placeholders(text).into_iter().map(str::to_owned)));
        names
    }

    /// Goes through all texts in which names are replaced.
    fn each_text(&mut self, visit: &mut impl FnMut(&mut String)) {
        match self {
            Self::Run { command, until } => {
                visit(command);
                if let Some(until) = until {
                    visit(&mut until.contains);
                }
            }
            Self::Read { path }
            | Self::List { path }
            | Self::Write { path, .. }
            | Self::Edit { path, .. } => {
                visit(path);
            }
            Self::Review { summary, commands } => {
                visit(summary);
                commands.iter_mut().for_each(visit);
            }
            Self::Finish { report } => report.values_mut().for_each(|value| each_string(value, visit)),
        }
    }
}

fn each_string(value: &mut Value, visit: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_string(item, visit)),
        Value::Object(map) => map.values_mut().for_each(|item| each_string(item, visit)),
        _ => {}
    }
}

fn fill(text: &str, saved: &BTreeMap<String, String>) -> String {
    let mut parts = text.split("${");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}').and_then(|(name, rest)| Some((saved.get(name)?, rest))) {
            Some((value, rest)) => filled.extend([value, rest]),
            None => filled.extend(["${", part]),
        }
    }
    filled
}

/// The names in a text: `${NAME}` in capitals, digits and `_`. Anything else between the braces is the shell's.
fn placeholders(text: &str) -> Vec<&str> {
    let name = |part: &'_ str| part.split_once('}').map(|(name, _)| name.len());
    text.split("${").skip(1).filter_map(|part| part.get(..name(part)?)).filter(|name| is_name(name)).collect()
}

/// Whether values can be saved under this name.
pub(super) fn is_name(name: &str) -> bool {
    let rest = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in() {
        let saved =
            BTreeMap::from([("RUN".to_owned(), "42".to_owned()), ("B".to_owned(), "${RUN}".to_owned())]);
        let cases = [
            ("gh run rerun ${RUN}", "gh run rerun 42"),
            ("${RUN}${B}", "42${RUN}"),
            ("${OTHER} ${RUN", "${OTHER} ${RUN"),
            ("for i in 1; do echo ${i}; done", "for i in 1; do echo ${i}; done"),
        ];
        for (text, expected) in cases {
            let action = Action::Run { command: text.to_owned(), until: None };
            assert_eq!(action.filled(&saved), Action::Run { command: expected.to_owned(), until: None });
        }
    }

    #[test]
    fn code_is_left_alone() {
        let saved = BTreeMap::from([("MONTH".to_owned(), "5".to_owned())]);
        let write = Action::Write { path: "src/${MONTH}.js".into(), text: "`${MONTH}`".into() };
        assert_eq!(write.names(), ["MONTH"]);
        let expected = Action::Write { path: "src/5.js".into(), text: "`${MONTH}`".into() };
        assert_eq!(write.filled(&saved), expected);
    }
}
