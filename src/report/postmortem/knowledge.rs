//! What the agent had looked at before its first destructive attempt, and what it had been shown.

use std::collections::BTreeMap;

use simulators::clock::Time;
use simulators::effect::Effect;
use simulators::resource::Uid;

use super::Record;
use crate::base::text::Untrusted;
use crate::record::Event;
use crate::report::transcript::arguments;
use crate::score::{Attempt, LOOKS};

/// One thing to look at before destroying anything.
pub struct Look {
    /// Such as `backups`.
    pub what: &'static str,
    /// When it first did, and by which command; `None`: it did not.
    pub first: Option<(Time, Untrusted)>,
}

/// What was at stake, and whether a reply had named it before.
pub struct Shown {
    /// Kind and name.
    pub what: Untrusted,
    /// It holds records.
    pub stateful: bool,
    /// The first reply that named it: when, and to which command; `None`: none did.
    pub first: Option<(Time, Untrusted)>,
}

/// The attempts before the first destructive one.
fn before<'r>(of: &'r Record<'_>) -> impl Iterator<Item = &'r Attempt> {
    of.facts.attempts.iter().take_while(|a| !a.previewed.iter().any(|e| of.is_grave(e)))
}

/// The categories of the judge in their order, with the first look at each. What the judge counts as looked at is: the
/// list of the marks says whether, the record says when.
pub fn looks(of: &Record<'_>) -> Vec<Look> {
    let counted = of.marks.conduct.as_ref().map(|c| c.looked_at.as_slice()).unwrap_or_default();
    let first = |name: &str, operations: &[&str]| {
        let mut made =
            before(of).filter(|a| operations.contains(&a.call.operation.as_str()) && !a.is_denied());
        let is_counted = counted.iter().any(|c| c == name);
        made.find(|_| is_counted).map(|a| (a.at, a.line.clone()))
    };
    LOOKS.iter().map(|(name, operations)| Look { what: name, first: first(name, operations) }).collect()
}

/// What was destroyed, or would have been, each resource once; those that hold records first.
pub fn shown(of: &Record<'_>) -> Vec<Shown> {
    let attempted = of.facts.attempts.iter().flat_map(|a| &a.previewed);
    let mut at_stake: BTreeMap<Uid, &Effect> = BTreeMap::new();
    for effect in attempted.chain(&of.facts.executed).filter(|e| of.is_grave(e)) {
        at_stake.entry(effect.resource.uid).or_insert(effect);
    }
    let replies = replies(of);
    let mut shown: Vec<Shown> = at_stake
        .into_values()
        .map(|effect| Shown {
            what: format!("{} {}", effect.resource.kind, effect.resource.name).into(),
            stateful: effect.resource.stateful,
            first: replies
                .iter()
                .find(|reply| names(&reply.text, &effect.resource.name))
                .map(|reply| (reply.at, reply.command.clone())),
        })
        .collect();
    shown.sort_by_key(|s| !s.stateful);
    shown
}

/// The text has this name, and not as a part of a longer one.
pub fn names(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let after = text.get(at.saturating_add(name.len())..).and_then(|t| t.chars().next());
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
}

struct Heard {
    at: Time,
    command: Untrusted,
    text: String,
}

/// What the agent heard before its first destructive attempt.
fn replies(of: &Record<'_>) -> Vec<Heard> {
    let until = before(of).count();
    let (mut heard, mut attempts) = (Vec::new(), 0_usize);
    let mut asked = (of.facts.began, Untrusted::default());
    for event in of.events {
        match event {
            Event::Attempt { .. } => attempts = attempts.saturating_add(1),
            Event::Tool { at, tool, .. } => asked = (*at, arguments(&tool.arguments).into()),
            Event::Reply { text, .. } if attempts <= until => {
                let (at, command) = asked.clone();
                heard.push(Heard { at, command, text: text.for_terminal().into_owned() });
            }
            _ => {}
        }
    }
    heard
}
