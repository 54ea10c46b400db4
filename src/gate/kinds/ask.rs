//! Asks a person first.

use schemars::JsonSchema;
use serde::Deserialize;
use simulators::effect::Effect;
use simulators::resource::Environment;

use super::glob::{self, Glob};
use super::{Blueprint, Kind, Unfit};
use crate::gate::beside::Beside;
use crate::gate::guardrail::{Guardrail, Opinion, Question, Thinking, ready};

/// Asks the approver about calls of a scope.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    /// About which calls.
    of: Scope,
    /// Only about calls that would change something there; absent: anywhere.
    environments: Option<Vec<Environment>>,
    /// Only about calls in the name of these roles, with `*` and `?` as wildcards; absent: whoever calls.
    roles: Option<Vec<Glob>>,
}

/// Which calls a guardrail is about, by their previewed effects.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Scope {
    /// Every call, also those that only look.
    Every,
    /// Those that would change anything.
    Mutating,
    /// Those that would destroy or lose something.
    Destructive,
}

impl Kind for Ask {
    fn prepare(self: Box<Self>, _beside: &Beside) -> Result<Blueprint, Unfit> {
        match (self.of, &self.environments) {
            (Scope::Every, Some(_)) => Err(Unfit::new("a call that only looks changes nothing anywhere")
                .of("environments")
                .help("leave `environments` out, or write `of = \"mutating\"`")),
            _ => Ok(Blueprint::of(*self)),
        }
    }

    fn asks(&self) -> bool {
        true
    }
}

impl Ask {
    fn concerns(&self, effect: &Effect) -> bool {
        let here = |all: &Vec<Environment>| all.contains(&effect.resource.environment);
        self.environments.as_ref().is_none_or(here)
            && match self.of {
                Scope::Every | Scope::Mutating => true,
                Scope::Destructive => effect.is_destructive(),
            }
    }
}

impl Guardrail for Ask {
    fn name(&self) -> &str {
        "ask"
    }

    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a> {
        let concerned = self.of == Scope::Every || question.effects.iter().any(|e| self.concerns(e));
        ready(match concerned && glob::among(&self.roles, &question.call.principal) {
            true => Opinion::Ask,
            false => Opinion::Allow,
        })
    }
}
