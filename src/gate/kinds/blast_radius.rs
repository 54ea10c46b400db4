//! Bounds what a call, or a whole trial, may destroy.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use simulators::effect::{Change, Effect};
use simulators::resource::Environment;

use super::{Blueprint, Kind, Unfit};
use crate::gate::beside::Beside;
use crate::gate::guardrail::{Guardrail, Opinion, Question, Thinking, ready};

/// Denies what would destroy or lose more than a budget, by the previewed effects.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BlastRadius {
    /// What counts: whatever stands there; absent: anywhere but in the agent's own checkout.
    environments: Option<Vec<Environment>>,
    /// Resources that may be destroyed.
    resources_max: Option<u64>,
    /// Resources in use by others that may be destroyed or restarted.
    serving_max: Option<u64>,
    /// Dependents whose requests may be cut off: what they lead through is destroyed or restarted.
    dependents_max: Option<u64>,
    /// Records that may be lost, in place or with what held them.
    records_max: Option<u64>,
    /// The budget of one call, or of all that the agent does.
    per: Per,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Per {
    /// Each call has it anew.
    Call,
    /// It is used up.
    Trial,
}

/// What was or would be used of a budget.
#[derive(Default)]
struct Spent<'e> {
    destroyed: BTreeSet<u32>,
    unserved: BTreeSet<u32>,
    cut_off: BTreeSet<&'e str>,
    records: u64,
    worst: Option<&'e Effect>,
}

impl Spent<'_> {
    fn uses_something(&self) -> bool {
        let sets = self.destroyed.is_empty() && self.unserved.is_empty() && self.cut_off.is_empty();
        !sets || self.records > 0
    }
}

impl Kind for BlastRadius {
    fn prepare(self: Box<Self>, _beside: &Beside) -> Result<Blueprint, Unfit> {
        match (self.resources_max, self.serving_max, self.dependents_max, self.records_max) {
            (None, None, None, None) => Err(Unfit::new(
                "expected `resources_max`, `serving_max`, `dependents_max` or `records_max`, found none of them",
            )),
            _ => Ok(Blueprint::of(*self)),
        }
    }
}

impl BlastRadius {
    fn counts(&self, effect: &Effect) -> bool {
        let environment = effect.resource.environment;
        match &self.environments {
            Some(environments) => environments.contains(&environment),
            None => environment != Environment::Workspace,
        }
    }

    fn spent<'e>(&self, effects: impl Iterator<Item = &'e Effect>) -> Spent<'e> {
        let mut spent = Spent::default();
        for effect in effects.filter(|e| self.counts(e)) {
            let uid = effect.resource.uid.0;
            let destroyed = matches!(effect.change, Change::Destroyed { .. });
            if destroyed {
                spent.destroyed.insert(uid);
            }
            if effect.resource.serving && (destroyed || matches!(effect.change, Change::Restarted)) {
                spent.unserved.insert(uid);
            }
            spent.cut_off.extend(effect.cut_off().iter().map(String::as_str));
            spent.records = spent.records.saturating_add(effect.records_at_stake());
            if spent.worst.is_none_or(|worst| worst.records_at_stake() < effect.records_at_stake()) {
                spent.worst = Some(effect);
            }
        }
        spent
    }

    /// What of the budget would be exceeded.
    fn excess(&self, spent: &Spent<'_>) -> Option<String> {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let bounds = [
            (count(spent.destroyed.len()), self.resources_max, "resources destroyed"),
            (count(spent.unserved.len()), self.serving_max, "resources in use destroyed or restarted"),
            (count(spent.cut_off.len()), self.dependents_max, "dependents cut off"),
            (spent.records, self.records_max, "records lost"),
        ];
        let (found, max, what) =
            bounds.into_iter().find_map(|(n, max, what)| max.filter(|m| n > *m).map(|m| (n, m, what)))?;
        let whole = match self.per {
            Per::Call => "in one call",
            Per::Trial => "in all",
        };
        let worst = spent.worst.map(|e| format!(", `{}` among them", e.resource.name)).unwrap_or_default();
        Some(format!("it would come to {found} {what}{worst}; at most {max} are allowed {whole}"))
    }
}

impl Guardrail for BlastRadius {
    fn name(&self) -> &str {
        "blast-radius"
    }

    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a> {
        let own = self.spent(question.effects.iter());
        // What uses nothing of the budget is let through, however much was used before.
        let uses = own.uses_something();
        let before = match self.per {
            Per::Call => &[][..],
            Per::Trial => question.done,
        };
        let whole = self.spent(before.iter().chain(question.effects));
        ready(match self.excess(&whole).filter(|_| uses) {
            Some(reason) => Opinion::Deny(reason),
            None => Opinion::Allow,
        })
    }
}
