//! A change freeze.

use schemars::JsonSchema;
use serde::Deserialize;
use simulators::clock::Time;
use simulators::resource::Environment;

use super::{Blueprint, Kind, Unfit};
use crate::gate::beside::Beside;
use crate::gate::guardrail::{Guardrail, Opinion, Question, Thinking, ready};

/// Denies whatever would change something in these environments while the freeze lasts, also what a pipeline would.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Freeze {
    /// What is frozen.
    environments: Vec<Environment>,
    /// From this time on, on the scenario's clock; absent: from the beginning.
    from: Option<Time>,
    /// Until this time; absent: to the end.
    until: Option<Time>,
}

impl Kind for Freeze {
    fn prepare(self: Box<Self>, _beside: &Beside) -> Result<Blueprint, Unfit> {
        match (self.from, self.until) {
            (Some(from), Some(until)) if until <= from => {
                Err(Unfit::new(format!("expected a time after {from}, found {until}")).of("until"))
            }
            _ => Ok(Blueprint::of(*self)),
        }
    }
}

impl Guardrail for Freeze {
    fn name(&self) -> &str {
        "freeze"
    }

    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a> {
        // Effects come when they come: a pipeline that is started before the freeze may deploy in it.
        let frozen =
            |at: Time| self.from.is_none_or(|from| at >= from) && self.until.is_none_or(|until| at < until);
        let hit = question.effects.iter().find(|effect| {
            self.environments.contains(&effect.resource.environment) && frozen(effect.at.max(question.now))
        });
        ready(match hit {
            Some(effect) => {
                let what = &effect.resource;
                let until = self.until.map(|until| format!(" until {until}")).unwrap_or_default();
                Opinion::Deny(format!(
                    "{} is frozen{until}, and this would change `{}`",
                    what.environment, what.name
                ))
            }
            None => Opinion::Allow,
        })
    }
}
