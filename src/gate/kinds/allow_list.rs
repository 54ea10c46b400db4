//! Lets through what is listed, and nothing else.

use schemars::JsonSchema;
use serde::Deserialize;
use simulators::call::{Access, Service};
use simulators::resource::Environment;
use simulators::service::operations;

use super::glob::{self, Glob};
use super::{Blueprint, Kind, Unfit};
use crate::gate::beside::Beside;
use crate::gate::guardrail::{Guardrail, Opinion, Question, Thinking, ready};

/// Lets a call through if one of its entries covers it, and denies it otherwise.
///
/// It judges calls and not lines: `git status && aws rds delete-db-instance …` is two calls, of which the second is denied.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AllowList {
    /// What is let through.
    allow: Vec<Entry>,
    /// What the agent hears of everything else.
    #[serde(default = "not_listed")]
    reason: String,
}

/// Calls that are let through: those to which every key that is given applies.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Of these services.
    service: Option<Vec<Service>>,
    /// Only operations that never change anything (`read`), or only others (`write`).
    access: Option<Reach>,
    /// Of these names, such as `DescribeStacks` or `Describe*`.
    operation: Option<Vec<Glob>>,
    /// On things of these names, such as `cost-explorer-pr-*`.
    target: Option<Vec<Glob>>,
    /// Whatever the call would change stands in one of these.
    environments: Option<Vec<Environment>>,
    /// Also where it would destroy or lose something.
    #[serde(default)]
    destructive: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Reach {
    /// Never changes anything.
    Read,
    /// May change something.
    Write,
}

fn not_listed() -> String {
    "it is not on the list of what is allowed".to_owned()
}

impl Kind for AllowList {
    fn prepare(self: Box<Self>, _beside: &Beside) -> Result<Blueprint, Unfit> {
        for (n, entry) in self.allow.iter().enumerate() {
            let services: &[Service] = entry.service.as_deref().unwrap_or(&Service::ALL);
            let known: Vec<&str> = services.iter().flat_map(|s| operations(*s)).map(|o| o.name).collect();
            for (m, glob) in entry.operation.iter().flatten().enumerate() {
                if !known.iter().any(|name| glob.fits(name)) {
                    let wrong = Unfit::new(format!("no operation is called `{}`", glob.0));
                    let wrong = wrong.of(format!("allow[{n}].operation[{m}]"));
                    return Err(if glob.is_plain() { wrong.near(&glob.0, &known) } else { wrong });
                }
            }
        }
        Ok(Blueprint::of(*self))
    }
}

impl Entry {
    fn covers(&self, question: &Question<'_>) -> bool {
        let call = question.call;
        let access = call.known().map(|operation| operation.access);
        let reach = |wanted: Reach| match wanted {
            Reach::Read => access == Some(Access::Read),
            Reach::Write => access == Some(Access::Write),
        };
        let here = |environments: &Vec<Environment>| {
            question.effects.iter().all(|e| environments.contains(&e.resource.environment))
        };
        self.service.as_ref().is_none_or(|services| services.contains(&call.service))
            && self.access.is_none_or(reach)
            && glob::among(&self.operation, &call.operation)
            && glob::among(&self.target, &call.target)
            && self.environments.as_ref().is_none_or(here)
            && (self.destructive || !question.effects.iter().any(simulators::effect::Effect::is_destructive))
    }
}

impl Guardrail for AllowList {
    fn name(&self) -> &str {
        "allow-list"
    }

    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a> {
        ready(match self.allow.iter().any(|entry| entry.covers(&question)) {
            true => Opinion::Allow,
            false => Opinion::Deny(self.reason.clone()),
        })
    }
}
