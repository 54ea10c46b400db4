//! Colleagues in the team chat.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::workspace::author;
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::clock::Time;
use crate::effect::Change;
use crate::resource::{Environment, NewResource, Uid};
use crate::stage::{Duty, Person};

/// Characters of a message that an effect carries.
const ABOUT_MAX: usize = 120;

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[
    Operation::write("PostMessage", ""),
    Operation::read("ReadMessages", ""),
    Operation::read("ListChannels", ""),
    Operation::read("ListPeople", ""),
];

#[derive(Clone, Debug)]
struct Message {
    at: Time,
    by: String,
    text: String,
}

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    uid: Option<Uid>,
    /// By name: `#general`, `@mei` for direct messages.
    channels: BTreeMap<String, Vec<Message>>,
}

impl State {
    /// How many messages stand in all channels.
    pub(super) fn messages(&self) -> usize {
        self.channels.values().map(Vec::len).sum()
    }
}

/// Work that comes due.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// A colleague answers a message.
    Answer {
        /// Who.
        person: String,
        /// Where.
        channel: String,
        /// What was said to them.
        text: String,
    },
}

pub(super) fn set_up(world: &mut World) {
    let uid = world.create(NewResource {
        kind: "Chat".to_owned(),
        name: "team chat".to_owned(),
        role: "chat".to_owned(),
        environment: Environment::Collaboration,
        tags: BTreeMap::new(),
        stateful: false,
        serving: false,
        replaces: None,
    });
    let name = &world.stage.repository.name;
    let own = name.rsplit('/').next().unwrap_or(name);
    let mut channels = BTreeMap::from(["general", "incidents", own].map(|c| (format!("#{c}"), Vec::new())));
    for past in &world.stage.message {
        let message = Message { at: past.at, by: past.by.clone(), text: past.text.clone() };
        channels.entry(past.channel.clone()).or_default().push(message);
    }
    world.people = State { uid: Some(uid), channels };
}

pub(crate) fn due(world: &mut World, due: Due) {
    let Due::Answer { person, channel, text } = due;
    let Some(said) = world.stage.person.iter().find(|p| p.name == person).and_then(|p| fitting(p, &text))
    else {
        return;
    };
    let message = Message { at: world.now(), by: person, text: said.to_owned() };
    world.people.channels.entry(channel).or_default().push(message);
}

/// The first reply whose words stand in the message, else the last one.
fn fitting<'p>(person: &'p Person, text: &str) -> Option<&'p str> {
    let text = text.to_lowercase();
    let fits = |about: &[String]| about.is_empty() || about.iter().any(|word| text.contains(word.as_str()));
    let first = person.reply.iter().find(|reply| fits(&reply.about));
    first.or(person.reply.last()).map(|reply| reply.text.as_str())
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "PostMessage" => post(world, call),
        "ReadMessages" => read(world, call),
        "ListChannels" => Ok(world.people.channels.keys().map(|name| json!({"name": name})).collect()),
        "ListPeople" => Ok(world.stage.person.iter().map(person_value).collect()),
        other => Err(Refusal::new("InvalidAction", other)),
    }
}

fn person_value(person: &Person) -> Value {
    let duty = match person.duty {
        Duty::CodeOwner => "code owner",
        Duty::OnCall => "on call",
        Duty::Colleague => "colleague",
    };
    json!({"name": person.name, "duty": duty})
}

/// The handles that a text mentions with `@`.
pub(super) fn names(text: &str) -> Vec<&str> {
    let other = |c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.');
    let handle = |part: &'_ str| part.find(other).unwrap_or(part.len());
    let parts = text.split('@').skip(1).filter_map(|part| part.get(..handle(part)));
    // The full stop behind a name ends the sentence, not the name.
    parts.map(|name| name.trim_end_matches(['.', '-'])).filter(|name| !name.is_empty()).collect()
}

/// Those whom a message reaches: named ones, everyone for `@here`, the partner of a direct message.
fn reached(world: &World, channel: &str, text: &str) -> Vec<Person> {
    let named = names(text);
    let all = ["here", "channel", "all", "everyone"].iter().any(|word| named.contains(word));
    let partner = channel.strip_prefix('@').unwrap_or_default();
    let is_reached = |p: &&Person| all || named.contains(&p.name.as_str()) || p.name == partner;
    world.stage.person.iter().filter(is_reached).cloned().collect()
}

/// `PostMessage`: `channel` (or the target; `@name` is a direct message), `text`.
fn post(world: &mut World, call: &Call) -> Answer {
    let channel = known_channel(world, call)?;
    let text = call.text("text").unwrap_or_default().to_owned();
    if text.trim().is_empty() {
        return Err(Refusal::new("no_text", "a message needs a text"));
    }
    let (at, by) = (world.now(), author(world, call));
    world.people.channels.entry(channel.clone()).or_default().push(Message { at, by, text: text.clone() });
    // With whom nobody is addressed, the message itself is the change.
    let people = reached(world, &channel, &text);
    if people.is_empty() {
        record(world, Change::Published { what: format!("message in {channel}") });
    }
    for person in people {
        ask(world, &person, &channel, &text);
    }
    Ok(json!({"ok": true, "channel": channel, "ts": at}))
}

fn ask(world: &mut World, person: &Person, channel: &str, text: &str) {
    record(world, asked(person, text.chars().take(ABOUT_MAX).collect()));
    if let Some(after) = person.answers_after_s {
        let after = world.lasting(&format!("answer/{}", person.name), after);
        let (channel, text) = (channel.to_owned(), text.to_owned());
        let due = Due::Answer { person: person.name.clone(), channel, text };
        world.schedule(after, crate::world::Due::People(due));
    }
    if let Some(number) = pull_named(text).filter(|_| person.duty == Duty::CodeOwner) {
        super::reviews::request_all(world, number, std::slice::from_ref(&person.name));
    }
}

/// The pull request that a text speaks of: `#12`, `…/pull/12`, `pull request 12`, `PR 12`.
fn pull_named(text: &str) -> Option<u32> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let before = std::iter::once(&"").chain(&words);
    for (word, before) in words.iter().zip(before) {
        let word = word.trim_end_matches(|c: char| !c.is_ascii_digit());
        let called = ["request", "pr", "pull"].contains(&before.to_lowercase().as_str());
        if called || word.contains('#') || word.contains("/pull/") {
            let number = word.rsplit(['#', '/']).next().and_then(|tail| tail.parse().ok());
            if number.is_some() {
                return number;
            }
        }
    }
    None
}

/// People named in a text elsewhere (a comment, an issue) are asked by it; they answer where they are asked by chat.
pub(super) fn mentioned(world: &mut World, text: &str, place: &str) {
    for person in reached(world, "", text) {
        record(world, asked(&person, place.to_owned()));
    }
}

/// Somebody was asked. With one who is away nothing is in anybody's hands: that is a message and no more.
pub(super) fn asked(person: &Person, about: String) -> Change {
    match person.answers_after_s {
        Some(_) => Change::Asked { who: person.name.clone(), about },
        None => Change::Published { what: format!("message to {}, who is away", person.name) },
    }
}

fn record(world: &mut World, change: Change) {
    if let Some(uid) = world.people.uid {
        world.effect(uid, change);
    }
}

fn known_channel(world: &World, call: &Call) -> Result<String, Refusal> {
    let name = call.text("channel").unwrap_or(&call.target);
    let bare = name.trim_start_matches(['#', '@']);
    let is_person = world.stage.person.iter().any(|p| p.name == bare);
    let channel = match name.starts_with('@') || (is_person && !name.starts_with('#')) {
        true => format!("@{bare}"),
        false => format!("#{bare}"),
    };
    if channel.starts_with('@') && !is_person {
        return Err(Refusal::new(
            "user_not_found",
            format!("there is nobody called {bare} here; see `chat who`"),
        ));
    }
    if channel.starts_with('#') && !world.people.channels.contains_key(&channel) {
        let known: Vec<&str> =
            world.people.channels.keys().filter(|c| c.starts_with('#')).map(String::as_str).collect();
        let text = format!("there is no channel {channel}; there are {}", known.join(", "));
        return Err(Refusal::new("channel_not_found", text));
    }
    Ok(channel)
}

/// `ReadMessages`: `channel` (none: all of them), `limit`; oldest first.
fn read(world: &mut World, call: &Call) -> Answer {
    let all = call.text("channel").unwrap_or(&call.target).is_empty();
    let wanted = if all { None } else { Some(known_channel(world, call)?) };
    let limit = call.number("limit").and_then(|n| usize::try_from(n).ok()).unwrap_or(50);
    let chosen = world.people.channels.iter().filter(|(name, _)| wanted.as_ref().is_none_or(|w| w == *name));
    let mut messages: Vec<(&String, &Message)> =
        chosen.flat_map(|(channel, messages)| messages.iter().map(move |m| (channel, m))).collect();
    messages.sort_by_key(|(_, message)| message.at);
    let shown = messages.iter().skip(messages.len().saturating_sub(limit));
    let value = |(channel, m): &(&String, &Message)| json!({"channel": channel, "at": m.at, "by": m.by, "text": m.text});
    Ok(shown.map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_pull_requests_are_found_in_texts() {
        assert_eq!(names("@yan.qiu. and (@a-b), mail x@y"), ["yan.qiu", "a-b", "y"]);
        for text in ["see #12.", "https://h/o/r/pull/12", "pull request 12, please", "PR 12"] {
            assert_eq!(pull_named(text), Some(12), "{text}");
        }
        for text in ["12 people", "FIN-2381", "#general"] {
            assert_eq!(pull_named(text), None, "{text}");
        }
    }
}
