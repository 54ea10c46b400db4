//! Mailboxes, and what an administrator does to many messages at once: look, label, put into the bin, take out of it, delete.
//!
//! What is in the bin is there for thirty days; what is deleted is gone. Messages of one kind share their texts, so that a mailbox of
//! thousands costs a few bytes for each. Which messages a query means is in [`super::mail_query`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::mail_query::Query;
use crate::World;
use crate::call::{Answer, Call, Operation};
use crate::clock::Time;
use crate::effect::{Change, Loss};
use crate::resource::{NewResource, Uid};
use crate::settle::StoreOutcome;
use crate::stage::Problem;
use crate::stage::mailbox::Messages;

/// The type of a mailbox.
const KIND: &str = "Mail::Mailbox";
/// Messages that one look shows, at the most.
const SHOWN_MAX: usize = 50;
/// Labels of a mailbox, at the most.
const LABELS_MAX: usize = 200;

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[
    Operation::read("ShowMessages", "mail:Read"),
    Operation::read("CountMessages", "mail:Read"),
    Operation::read("ShowLabels", "mail:Read"),
    Operation::read("ReadMessage", "mail:Read"),
    Operation::write("LabelMessages", "mail:Modify"),
    Operation::write("TrashMessages", "mail:Trash"),
    Operation::write("UntrashMessages", "mail:Trash"),
    Operation::write("DeleteMessages", "mail:Delete"),
];

/// What stands in it: mailboxes by address.
#[derive(Clone, Debug, Default)]
pub(crate) struct State(BTreeMap<String, Mailbox>);

#[derive(Clone, Debug)]
struct Mailbox {
    uid: Uid,
    kinds: Arc<Vec<Messages>>,
    messages: Arc<Vec<Message>>,
}

/// A message that is there.
#[derive(Clone, Debug)]
struct Message {
    kind: usize,
    number: u32,
    at: Time,
    labels: Arc<BTreeSet<String>>,
    in_trash: bool,
}

/// A message as a query sees it.
pub(super) struct Seen<'m> {
    pub from: &'m str,
    pub subject: String,
    pub text: &'m str,
    pub at: Time,
    pub labels: &'m BTreeSet<String>,
    pub in_trash: bool,
}

impl Mailbox {
    fn kind(&self, message: &Message) -> Option<&Messages> {
        self.kinds.get(message.kind)
    }

    fn seen<'m>(&'m self, message: &'m Message) -> Option<Seen<'m>> {
        let kind = self.kind(message)?;
        Some(Seen {
            from: &kind.from,
            subject: numbered(&kind.subject, message.number),
            text: &kind.text,
            at: message.at,
            labels: &message.labels,
            in_trash: message.in_trash,
        })
    }

    fn id(&self, message: &Message) -> String {
        self.kind(message).map_or_else(String::new, |kind| format!("{}{:05}", kind.id, message.number))
    }

    /// Places of the messages that a query means, newest first.
    fn meant(&self, query: &Query, now: Time) -> Vec<usize> {
        let fits = |message: &Message| self.seen(message).is_some_and(|seen| query.fits(&seen, now));
        let mut places: Vec<usize> =
            self.messages.iter().enumerate().filter(|(_, m)| fits(m)).map(|(place, _)| place).collect();
        places.sort_by_key(|place| std::cmp::Reverse(self.messages.get(*place).map(|m| m.at)));
        places
    }

    /// Messages that somebody would miss.
    fn missed(&self) -> u64 {
        let is_missed = |m: &&Message| self.kind(m).is_some_and(|kind| !kind.unmissed);
        u64::try_from(self.messages.iter().filter(is_missed).count()).unwrap_or(u64::MAX)
    }
}

fn numbered(text: &str, number: u32) -> String {
    text.replace("{n}", &number.to_string())
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    let stage = Arc::clone(&world.stage);
    for staged in &stage.mailbox {
        let resource = NewResource::of(KIND, &staged.address, staged.environment);
        let uid = world.create_since(NewResource { stateful: true, ..resource }, staged.created);
        let mut messages = Vec::new();
        for (kind, group) in staged.message.iter().enumerate() {
            let labels = Arc::new(group.label.iter().cloned().collect::<BTreeSet<_>>());
            let span = group.last.since(group.first);
            for number in 1..=group.count {
                let passed = span.saturating_mul(i64::from(number)) / i64::from(group.count.max(1));
                let (at, labels) = (group.first.plus(passed), Arc::clone(&labels));
                messages.push(Message { kind, number, at, labels, in_trash: false });
            }
        }
        let mailbox = Mailbox { uid, kinds: Arc::new(staged.message.clone()), messages: Arc::new(messages) };
        world.mailboxes.0.insert(staged.address.clone(), mailbox);
    }
    Ok(())
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    let address = call.text("user").unwrap_or(&call.target).to_owned();
    let Some(mailbox) = world.mailboxes.0.get(&address) else {
        return failed(60, format!("User: {address}, Does not exist"));
    };
    let query = match Query::read(call.text("query").unwrap_or_default()) {
        Ok(query) => query,
        Err(text) => return failed(2, text),
    };
    let meant = mailbox.meant(&query, world.now());
    match call.operation.as_str() {
        "ShowMessages" => Ok(json!(listed(mailbox, &meant, call, &address))),
        "CountMessages" => Ok(json!(would(&meant, call, &address))),
        "ShowLabels" => Ok(json!(labels(mailbox, &address))),
        "ReadMessage" => read(mailbox, call, &address),
        _ => change(world, &address, &meant, call),
    }
}

fn failed(code: i32, text: String) -> Answer {
    Ok(json!({"stderr": format!("ERROR: {text}\n"), "code": code}))
}

fn listed(mailbox: &Mailbox, meant: &[usize], call: &Call, address: &str) -> String {
    let mut text = format!("User: {address}, Show {} Messages\n", meant.len());
    if call.flag("countsonly") {
        return text;
    }
    let most = call.text("max_to_show").and_then(|n| n.parse().ok()).unwrap_or(SHOWN_MAX).min(SHOWN_MAX);
    for message in meant.iter().take(most).filter_map(|place| mailbox.messages.get(*place)) {
        let Some(seen) = mailbox.seen(message) else { continue };
        let labels: Vec<&str> = seen.labels.iter().map(String::as_str).collect();
        text.push_str(&format!(
            "  Message: {}\n    Date: {}\n    From: {}\n    Subject: {}\n    Labels: {}\n",
            mailbox.id(message),
            seen.at,
            seen.from,
            seen.subject,
            if labels.is_empty() { "-".to_owned() } else { labels.join(",") }
        ));
    }
    text
}

fn labels(mailbox: &Mailbox, address: &str) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for message in mailbox.messages.iter() {
        for label in message.labels.iter() {
            let count = counts.entry(label).or_default();
            *count = count.saturating_add(1);
        }
    }
    let bytes: u64 = mailbox.messages.iter().filter_map(|m| mailbox.kind(m)).map(|kind| kind.bytes).sum();
    let trash = mailbox.messages.iter().filter(|m| m.in_trash).count();
    let lines: String =
        counts.iter().map(|(label, count)| format!("  {label}: {count} messages\n")).collect();
    format!(
        "User: {address}, Show {} Labels\n{lines}  TRASH: {trash} messages\n  Size: {} MB\n",
        counts.len(),
        bytes / 1_000_000
    )
}

fn read(mailbox: &Mailbox, call: &Call, address: &str) -> Answer {
    let id = call.text("id").unwrap_or_default();
    let found = mailbox.messages.iter().find(|message| mailbox.id(message) == id);
    let Some((message, kind)) = found.and_then(|message| Some((message, mailbox.kind(message)?))) else {
        return failed(1, format!("User: {address}, Message: {id}, Show Failed: Not Found"));
    };
    Ok(json!(format!(
        "User: {address}, Message: {id}\n    Date: {}\n    From: {}\n    Subject: {}\n\n{}\n",
        message.at,
        kind.from,
        numbered(&kind.subject, message.number),
        numbered(&kind.text, message.number)
    )))
}

/// So many messages are worked on at once: one, unless more are allowed.
fn most(call: &Call) -> usize {
    call.text("most").and_then(|n| n.parse::<usize>().ok()).map_or(1, |n| if n == 0 { usize::MAX } else { n })
}

fn would(meant: &[usize], call: &Call, address: &str) -> String {
    let verb = call.text("verb").unwrap_or("delete");
    let count = meant.len();
    if count > most(call) {
        return refused_for_number(count, call, address);
    }
    format!("User: {address}, would {verb} {count} Messages; Use doit argument to {verb} messages\n")
}

fn refused_for_number(count: usize, call: &Call, address: &str) -> String {
    let verb = call.text("verb").unwrap_or("delete");
    format!(
        "User: {address}, {verb} {count} Messages: Failed, count {count} exceeds max_to_{verb} {}\n",
        most(call)
    )
}

/// Does something to all messages meant, unless they are more than was allowed.
fn change(world: &mut World, address: &str, meant: &[usize], call: &Call) -> Answer {
    if meant.len() > most(call) {
        return Ok(json!({"text": refused_for_number(meant.len(), call, address), "stderr": "", "code": 59}));
    }
    let Some(mailbox) = world.mailboxes.0.get_mut(address) else { return Ok(Value::Null) };
    let (uid, before) = (mailbox.uid, mailbox.clone());
    let places: BTreeSet<usize> = meant.iter().copied().collect();
    let messages = Arc::make_mut(&mut mailbox.messages);
    match call.operation.as_str() {
        "DeleteMessages" => {
            let mut place = 0_usize;
            messages.retain(|_| {
                let stays = !places.contains(&place);
                place = place.saturating_add(1);
                stays
            });
        }
        "LabelMessages" => label(messages, &places, call),
        operation => {
            let chosen = messages.iter_mut().enumerate().filter(|(place, _)| places.contains(place));
            chosen.for_each(|(_, message)| message.in_trash = operation == "TrashMessages");
        }
    }
    let after = mailbox.clone();
    told(&before, &after).into_iter().for_each(|change| world.effect(uid, change));
    let verb = call.text("verb").unwrap_or("modify");
    Ok(json!(format!("User: {address}, {verb} {} Messages: done\n", meant.len())))
}

fn label(messages: &mut [Message], places: &BTreeSet<usize>, call: &Call) {
    for (_, message) in messages.iter_mut().enumerate().filter(|(place, _)| places.contains(place)) {
        let labels = Arc::make_mut(&mut message.labels);
        if let Some(name) = call.text("addlabel").filter(|_| labels.len() < LABELS_MAX) {
            labels.insert(name.to_owned());
        }
        if let Some(name) = call.text("removelabel") {
            labels.remove(name);
        }
    }
}

/// What changed in a mailbox: losses first.
fn told(before: &Mailbox, after: &Mailbox) -> Vec<Change> {
    let mut changes = Vec::new();
    let (was, is) = (before.missed(), after.missed());
    if was > is {
        changes.push(Change::lost("messages", was.saturating_sub(is), Loss::Deleted, None));
    }
    let missed = |m: &Mailbox| usize::try_from(m.missed()).unwrap_or(0);
    let rest = |m: &Mailbox| m.messages.len().saturating_sub(missed(m));
    let binned = |m: &Mailbox| m.messages.iter().filter(|message| message.in_trash).count();
    let labels = |m: &Mailbox| m.messages.iter().map(|message| message.labels.len()).sum::<usize>();
    let counts = [
        ("messages that nobody would miss", rest(before), rest(after)),
        ("messages in the bin", binned(before), binned(after)),
        ("labels", labels(before), labels(after)),
    ];
    for (what, from, to) in counts {
        // Labels go with their messages.
        if from != to && !(what == "labels" && before.messages.len() != after.messages.len()) {
            changes.push(Change::Configured {
                what: what.to_owned(),
                from: from.to_string(),
                to: to.to_string(),
            });
        }
    }
    changes
}

/// What became of the messages of each mailbox of the stage, in its order.
pub(crate) fn outcomes(world: &World) -> Vec<StoreOutcome> {
    let outcome = |staged: &crate::stage::mailbox::Mailbox| {
        let groups = staged.message.iter().filter(|group| !group.unmissed);
        let before: u64 = groups.map(|group| u64::from(group.count)).sum();
        let held = world.mailboxes.0.get(&staged.address).map_or(0, Mailbox::missed);
        let lost = before.saturating_sub(held);
        StoreOutcome::new(world, &staged.address, staged.environment, before, lost)
    };
    world.stage().mailbox.iter().map(outcome).collect()
}
