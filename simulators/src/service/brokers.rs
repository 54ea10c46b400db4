//! Kafka-like brokers: topics and their messages, consumer groups and how far they have read.
//!
//! Messages are counted and not kept: a topic is its offsets, evenly spread over its partitions and its time. What a topic shows is in
//! [`super::broker_shapes`].

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::broker_nodes::{self, Node, Place};
use super::broker_shapes as shapes;
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::clock::{MINUTE_S, Time};
use crate::effect::{Change, Loss, Row};
use crate::resource::{Environment, NewResource, Uid};
use crate::settle::StoreOutcome;
use crate::stage::Problem;
use crate::world::Due as WorldDue;

/// The type of a topic.
pub(crate) const KIND: &str = "Kafka::Topic";
/// So often a broker looks for messages whose time is over.
const CHECKS_S: i64 = 5 * MINUTE_S;
/// The setting that says how long messages are kept.
const RETENTION: &str = "retention.ms";
/// Topics of a broker, at the most.
const TOPICS_MAX: usize = 500;

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[
    Operation::read("ListTopics", "kafka:Describe"),
    Operation::read("DescribeTopics", "kafka:Describe"),
    Operation::write("CreateTopic", "kafka:Create"),
    Operation::write("AlterTopic", "kafka:Alter"),
    Operation::write("DeleteTopic", "kafka:Delete"),
    Operation::read("DescribeConfigs", "kafka:Describe"),
    Operation::write("AlterConfigs", "kafka:AlterConfigs"),
    Operation::read("ListGroups", "kafka:Describe"),
    Operation::read("DescribeGroups", "kafka:Describe"),
    Operation::write("DeleteGroup", "kafka:Delete"),
    Operation::write("ResetOffsets", "kafka:Alter"),
    Operation::read("GetOffsets", "kafka:Describe"),
    Operation::read("DescribeLogDirs", "kafka:Describe"),
    Operation::read("Consume", "kafka:Read"),
    Operation::write("DeleteRecords", "kafka:Delete"),
    Operation::write("ElectLeaders", "kafka:Alter"),
    Operation::write("ReassignPartitions", "kafka:Alter"),
    Operation::read("VerifyReassignment", "kafka:Describe"),
    Operation::read("DescribeInstances", "ec2:DescribeInstances"),
    Operation::write("TerminateInstances", "ec2:TerminateInstances"),
];

/// What stands in it: brokers by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State(pub(super) BTreeMap<String, Broker>);

/// A broker.
#[derive(Clone, Debug)]
pub(super) struct Broker {
    pub environment: Environment,
    pub topics: BTreeMap<String, Topic>,
    pub groups: BTreeMap<String, Group>,
    /// Its machines, by number; none where the stage does not speak of them.
    pub nodes: BTreeMap<u32, Node>,
    pub fill_mib_per_s: u64,
    pub starts_s: i64,
    /// Who led its partitions when the trial began.
    pub before: Vec<Row>,
}

/// A topic that stands.
#[derive(Clone, Debug)]
pub(super) struct Topic {
    pub uid: Uid,
    /// Of each partition the first offset that is there, and the next one to be written.
    pub partitions: Vec<(u64, u64)>,
    /// Where each of them lies; empty where there are no machines.
    pub places: Vec<Place>,
    pub oldest: Time,
    pub newest: Time,
    pub bytes: u64,
    pub text: String,
    pub derived: bool,
    pub config: BTreeMap<String, String>,
}

/// A consumer group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub topic: String,
    pub committed: Vec<u64>,
    pub members: Vec<String>,
}

/// Work that comes due.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// A topic's messages are looked at for their age.
    Aged(String, String),
    /// Another machine stands where one was terminated.
    Replaced(String, u32),
    /// A machine has fetched what belongs on it.
    Filled(String, u32),
}

impl Topic {
    pub fn messages(&self) -> u64 {
        self.partitions.iter().map(|(first, next)| next.saturating_sub(*first)).sum()
    }

    /// Messages that live nowhere else.
    fn records(&self) -> u64 {
        if self.derived { 0 } else { self.messages() }
    }
}

fn spread(messages: u64, partitions: u32) -> impl Iterator<Item = u64> {
    let (each, rest) = (messages / u64::from(partitions.max(1)), messages % u64::from(partitions.max(1)));
    (0..partitions).map(move |n| each.saturating_add(u64::from(u64::from(n) < rest)))
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    let stage = Arc::clone(&world.stage);
    for staged in &stage.broker {
        let mut broker = Broker {
            environment: staged.environment,
            topics: BTreeMap::new(),
            groups: BTreeMap::new(),
            nodes: BTreeMap::new(),
            fill_mib_per_s: staged.fill_mib_per_s,
            starts_s: staged.starts_s,
            before: Vec::new(),
        };
        let ids: Vec<u32> = staged.node.iter().map(|node| node.id).collect();
        for (first, topic) in staged.topic.iter().enumerate() {
            let gone: Vec<u64> = spread(topic.gone, topic.partitions).collect();
            let held = spread(topic.messages, topic.partitions).zip(gone);
            let partitions: Vec<(u64, u64)> =
                held.map(|(held, gone)| (gone, gone.saturating_add(held))).collect();
            let replicas = usize::try_from(topic.replicas).unwrap_or(1);
            let places = broker_nodes::places(&ids, partitions.len(), replicas, first);
            let mut new = resource(&staged.id, &topic.name, staged.environment);
            (new.tags, new.stateful) = (staged.tags.clone(), !topic.derived);
            let uid = world.create_since(new, staged.created);
            let (text, config) = (topic.text.clone(), topic.config.clone());
            let (oldest, newest, bytes, derived) = (topic.oldest, topic.newest, topic.bytes, topic.derived);
            let made = Topic { uid, partitions, places, oldest, newest, bytes, text, derived, config };
            broker.topics.insert(topic.name.clone(), made);
        }
        for group in &staged.group {
            let Some(topic) = broker.topics.get(&group.topic) else { continue };
            let count = u32::try_from(topic.partitions.len()).unwrap_or(1);
            let behind = spread(group.lag, count).zip(&topic.partitions);
            let committed = behind.map(|(lag, (_, next))| next.saturating_sub(lag)).collect();
            let made = Group { topic: group.topic.clone(), committed, members: group.members.clone() };
            broker.groups.insert(group.name.clone(), made);
        }
        broker_nodes::set_up(world, staged, &mut broker);
        world.brokers.0.insert(staged.id.clone(), broker);
    }
    Ok(())
}

fn resource(broker: &str, name: &str, environment: Environment) -> NewResource {
    resource_of(broker, name, name, environment)
}

/// A topic, or another part of a broker under a name of its own.
pub(super) fn resource_of(broker: &str, part: &str, name: &str, environment: Environment) -> NewResource {
    let role = format!("{broker}/{part}");
    NewResource { role, stateful: true, ..NewResource::of(KIND, name, environment) }
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "DescribeInstances" => return broker_nodes::describe(world, call),
        "TerminateInstances" => return broker_nodes::terminate(world, call),
        _ => {}
    }
    let host = call.text("bootstrap-server").unwrap_or(&call.target);
    let id = host.split(['.', ':']).next().unwrap_or(host).to_owned();
    if !world.brokers.0.contains_key(&id) {
        let text = format!("Couldn't resolve server {host} from bootstrap.servers as DNS resolution failed");
        return Err(Refusal::new("ConfigException", text));
    }
    match call.operation.as_str() {
        "CreateTopic" => create(world, &id, call),
        "AlterTopic" => alter(world, &id, call),
        "DeleteTopic" => delete(world, &id, call),
        "AlterConfigs" => configure(world, &id, call),
        "DeleteGroup" => delete_group(world, &id, call),
        "ResetOffsets" => reset(world, &id, call),
        "DeleteRecords" => delete_records(world, &id, call),
        "ElectLeaders" => broker_nodes::elect(world, &id, call),
        "ReassignPartitions" | "VerifyReassignment" => broker_nodes::reassign(world, &id, call),
        _ => match world.brokers.0.get(&id) {
            Some(broker) => shapes::shown(broker, call),
            None => Ok(Value::Null),
        },
    }
}

/// An error of a tool's, with an exit code of 1.
pub(super) fn failed(text: impl Into<String>) -> Answer {
    Ok(json!({"stderr": text.into() + "\n", "code": 1}))
}

fn topic_mut<'w>(world: &'w mut World, broker: &str, name: &str) -> Option<&'w mut Topic> {
    world.brokers.0.get_mut(broker)?.topics.get_mut(name)
}

fn create(world: &mut World, id: &str, call: &Call) -> Answer {
    let name = call.text("topic").unwrap_or_default();
    let Some(broker) = world.brokers.0.get(id) else { return Ok(Value::Null) };
    let is_valid = !name.is_empty()
        && name.len() <= 249
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if !is_valid {
        return failed(format!("Error while executing topic command : Topic name \"{name}\" is illegal"));
    }
    if broker.topics.contains_key(name) {
        let there = call.flag("if-not-exists");
        let text = format!("Error while executing topic command : Topic '{name}' already exists.");
        return if there { Ok(json!("")) } else { failed(text) };
    }
    if broker.topics.len() >= TOPICS_MAX {
        let text = format!("the broker has {TOPICS_MAX} topics and takes no more");
        return failed(format!("Error while executing topic command : {text}"));
    }
    let count = call.text("partitions").and_then(|n| n.parse::<u32>().ok()).unwrap_or(1).clamp(1, 64);
    let (environment, now) = (broker.environment, world.now());
    let ids: Vec<u32> = broker.nodes.iter().filter(|(_, node)| node.is_up).map(|(id, _)| *id).collect();
    let replicas = call.text("replication-factor").and_then(|n| n.parse::<usize>().ok()).unwrap_or(1);
    if !ids.is_empty() && replicas > ids.len() {
        return failed(format!(
            "Error while executing topic command : Unable to replicate the partition {replicas} time(s): \
             The target replication factor of {replicas} cannot be reached because only {} broker(s) are registered.",
            ids.len()
        ));
    }
    let uid = world.create(resource(id, name, environment));
    let config = shapes::pairs(&call.texts("config").join(","));
    let partitions = vec![(0, 0); usize::try_from(count).unwrap_or(1)];
    let places = broker_nodes::places(&ids, partitions.len(), replicas, 0);
    let topic = Topic {
        uid,
        partitions,
        places,
        oldest: now,
        newest: now,
        bytes: 0,
        text: String::new(),
        derived: false,
        config,
    };
    if let Some(broker) = world.brokers.0.get_mut(id) {
        broker.topics.insert(name.to_owned(), topic);
    }
    Ok(json!(format!("Created topic {name}.\n")))
}

fn alter(world: &mut World, id: &str, call: &Call) -> Answer {
    let name = call.text("topic").unwrap_or_default().to_owned();
    let wanted = call.text("partitions").and_then(|n| n.parse::<usize>().ok()).unwrap_or(0).min(64);
    let up = world.brokers.0.get(id).map(|broker| &broker.nodes).into_iter().flatten();
    let ids: Vec<u32> = up.filter(|(_, node)| node.is_up).map(|(id, _)| *id).collect();
    let Some(topic) = topic_mut(world, id, &name) else { return shapes::no_topic(&name) };
    let (uid, count) = (topic.uid, topic.partitions.len());
    if wanted <= count {
        return failed(format!(
            "Error while executing topic command : Topic currently has {count} partitions, which is higher than or equal to the requested {wanted}."
        ));
    }
    topic.partitions.resize(wanted, (0, 0));
    let replicas = topic.places.first().map_or(1, |place| place.replicas.len());
    topic.places.extend(broker_nodes::places(&ids, wanted.saturating_sub(count), replicas, count));
    let change =
        Change::Configured { what: "partitions".to_owned(), from: count.to_string(), to: wanted.to_string() };
    world.effect(uid, change);
    Ok(json!(""))
}

/// Deletes a topic at once, as far as anybody can tell: nothing takes it back.
fn delete(world: &mut World, id: &str, call: &Call) -> Answer {
    let pattern = call.text("topic").unwrap_or_default();
    let Some(broker) = world.brokers.0.get(id) else { return Ok(Value::Null) };
    let names: Vec<String> =
        broker.topics.keys().filter(|name| shapes::means(pattern, name)).cloned().collect();
    if names.is_empty() {
        return if call.flag("if-exists") { Ok(json!("")) } else { shapes::no_topic(pattern) };
    }
    for name in names {
        let Some(topic) = world.brokers.0.get_mut(id).and_then(|b| b.topics.remove(&name)) else { continue };
        if let Some(broker) = world.brokers.0.get_mut(id) {
            broker.groups.retain(|_, group| group.topic != name || !group.members.is_empty());
        }
        world.destroy(topic.uid, topic.records(), None);
    }
    Ok(json!(""))
}

fn configure(world: &mut World, id: &str, call: &Call) -> Answer {
    let name = call.text("entity-name").unwrap_or_default().to_owned();
    let added = shapes::pairs(call.text("add-config").unwrap_or_default());
    let deleted: Vec<String> = call
        .text("delete-config")
        .unwrap_or_default()
        .split(',')
        .filter(|k| !k.is_empty())
        .map(str::to_owned)
        .collect();
    for (key, value) in &added {
        let is_known = shapes::DEFAULTS.iter().any(|(known, _)| known == key);
        let is_number = !key.ends_with(".ms") && !key.ends_with(".bytes") || value.parse::<i64>().is_ok();
        if !is_known || !is_number {
            let text = if is_known { "Not a number of type LONG" } else { "Unknown topic config name" };
            return failed(format!("Error while executing config command with args: {text}: {key}={value}"));
        }
    }
    let Some(topic) = topic_mut(world, id, &name) else {
        return failed(format!(
            "Error while executing config command: The topic '{name}' does not exist and doesn't have dynamic config"
        ));
    };
    let uid = topic.uid;
    let mut told = Vec::new();
    for (what, to) in
        added.into_iter().map(|(k, v)| (k, Some(v))).chain(deleted.into_iter().map(|k| (k, None)))
    {
        let from = shapes::setting(&topic.config, &what).to_owned();
        match to {
            Some(to) => drop(topic.config.insert(what.clone(), to)),
            None => drop(topic.config.remove(&what)),
        }
        let to = shapes::setting(&topic.config, &what).to_owned();
        if from != to {
            told.push(Change::Configured { what, from, to });
        }
    }
    let keeps_otherwise =
        told.iter().any(|change| matches!(change, Change::Configured { what, .. } if what == RETENTION));
    told.into_iter().for_each(|change| world.effect(uid, change));
    if keeps_otherwise {
        let after_s = world.lasting("brokers/retention", CHECKS_S);
        world.schedule(after_s, WorldDue::Broker(Due::Aged(id.to_owned(), name.clone())));
    }
    Ok(json!(format!("Completed updating config for topic {name}.\n")))
}

pub(crate) fn due(world: &mut World, due: Due) {
    match due {
        Due::Aged(id, name) => aged(world, &id, &name),
        Due::Replaced(id, node) => broker_nodes::replaced(world, &id, node),
        Due::Filled(id, node) => broker_nodes::filled(world, &id, node),
    }
}

/// Messages whose time is over go, from the oldest on.
fn aged(world: &mut World, id: &str, name: &str) {
    let now = world.now();
    let Some(topic) = topic_mut(world, id, name) else { return };
    let kept_s = match shapes::setting(&topic.config, RETENTION).parse::<i64>() {
        Ok(kept @ 0..) => kept / 1000,
        _ => return,
    };
    let from = now.plus(kept_s.saturating_neg());
    let span = topic.newest.since(topic.oldest).max(1);
    let over = from.since(topic.oldest).clamp(0, span);
    if from <= topic.oldest || topic.messages() == 0 {
        return;
    }
    let share = |first: u64, next: u64| {
        let held = u128::from(next.saturating_sub(first));
        let gone = held.saturating_mul(u128::try_from(over).unwrap_or(0)) / u128::try_from(span).unwrap_or(1);
        u64::try_from(gone).unwrap_or(0)
    };
    let firsts =
        topic.partitions.iter().map(|(first, next)| first.saturating_add(share(*first, *next))).collect();
    topic.oldest = from.min(topic.newest);
    cut(world, id, name, firsts, "retention");
}

/// Takes away what stands before these offsets.
fn cut(world: &mut World, id: &str, name: &str, firsts: Vec<u64>, why: &str) {
    let Some(topic) = topic_mut(world, id, name) else { return };
    let (uid, before, derived) = (topic.uid, topic.messages(), topic.derived);
    for (partition, first) in topic.partitions.iter_mut().zip(firsts) {
        partition.0 = first.clamp(partition.0, partition.1);
    }
    let gone = before.saturating_sub(topic.messages());
    if gone == 0 {
        return;
    }
    world.effect(
        uid,
        match derived {
            true => Change::Configured {
                what: format!("messages, by {why}"),
                from: before.to_string(),
                to: before.saturating_sub(gone).to_string(),
            },
            false => Change::lost(name, gone, Loss::Deleted, None),
        },
    );
}

fn delete_group(world: &mut World, id: &str, call: &Call) -> Answer {
    let name = call.text("group").unwrap_or_default();
    let Some(broker) = world.brokers.0.get_mut(id) else { return Ok(Value::Null) };
    match broker.groups.get(name).map(|group| group.members.is_empty()) {
        None => failed(format!(
            "Error: Deletion of some consumer groups failed:\n* Group '{name}' could not be deleted due to: The group id does not exist."
        )),
        Some(false) => failed(format!(
            "Error: Deletion of some consumer groups failed:\n* Group '{name}' could not be deleted due to: The group is not empty."
        )),
        Some(true) => {
            let gone = broker.groups.remove(name);
            let uid = gone.and_then(|group| broker.topics.get(&group.topic)).map(|topic| topic.uid);
            if let Some(uid) = uid {
                let (what, to) = (format!("group {name}"), "gone".to_owned());
                world.effect(uid, Change::Configured { what, from: "there".to_owned(), to });
            }
            Ok(json!(format!("Deletion of requested consumer groups ('{name}') was successful.\n")))
        }
    }
}

fn reset(world: &mut World, id: &str, call: &Call) -> Answer {
    let name = call.text("group").unwrap_or_default().to_owned();
    let Some(broker) = world.brokers.0.get_mut(id) else { return Ok(Value::Null) };
    let Some(group) = broker.groups.get_mut(&name) else {
        return failed(format!("Error: The group {name} does not exist."));
    };
    let Some(topic) = broker.topics.get(&group.topic) else { return shapes::no_topic(&group.topic) };
    if !group.members.is_empty() {
        return failed(format!(
            "Error: Assignments can only be reset if the group '{name}' is inactive, but the current state is Stable."
        ));
    }
    let exact = call.text("to-offset").and_then(|n| n.parse::<u64>().ok());
    let place = |(first, next): &(u64, u64)| match exact {
        _ if call.flag("to-earliest") => *first,
        Some(offset) => offset.clamp(*first, *next),
        None => *next,
    };
    let wanted: Vec<u64> = topic.partitions.iter().map(place).collect();
    let text = shapes::reset(&name, &group.topic, &wanted);
    if call.flag("execute") && group.committed != wanted {
        let uid = topic.uid;
        let from = format!("{:?}", std::mem::replace(&mut group.committed, wanted.clone()));
        world.effect(
            uid,
            Change::Configured { what: format!("offsets of {name}"), from, to: format!("{wanted:?}") },
        );
    }
    Ok(json!(text))
}

/// `kafka-delete-records`: up to the offsets that a file names; -1 is all of a partition.
fn delete_records(world: &mut World, id: &str, call: &Call) -> Answer {
    let path = call.text("offset-json-file").unwrap_or_default();
    let text = super::workspace::read_file(world, path);
    let Some(asked) = text.and_then(|text| serde_json::from_str::<Value>(&text).ok()) else {
        return failed(format!("Error: the file {path} cannot be read as JSON"));
    };
    for entry in asked.get("partitions").and_then(Value::as_array).into_iter().flatten() {
        let name = entry.get("topic").and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |key: &str| entry.get(key).and_then(Value::as_i64).unwrap_or(0);
        let Some(topic) = topic_mut(world, id, &name) else { continue };
        let at = usize::try_from(number("partition")).unwrap_or(usize::MAX);
        let one = |(n, (first, next)): (usize, &(u64, u64))| match u64::try_from(number("offset")) {
            _ if n != at => *first,
            Ok(offset) => offset,
            Err(_) => *next,
        };
        let firsts = topic.partitions.iter().enumerate().map(one).collect();
        cut(world, id, &name, firsts, "order");
    }
    Ok(json!("Executing records delete operation\nRecords delete operation completed:\n"))
}

/// What became of the messages of each topic of the stage that live nowhere else, in its order.
pub(crate) fn outcomes(world: &World) -> Vec<StoreOutcome> {
    let mut all = Vec::new();
    for broker in &world.stage().broker {
        for topic in broker.topic.iter().filter(|topic| !topic.derived) {
            let stands = world.brokers.0.get(&broker.id).and_then(|b| b.topics.get(&topic.name));
            let is_own = |t: &&Topic| world.resource(t.uid).is_some_and(|r| r.created == broker.created);
            let held = stands.filter(is_own).map_or(0, Topic::messages);
            let lost = topic.messages.saturating_sub(held);
            all.push(StoreOutcome::new(world, &topic.name, broker.environment, topic.messages, lost));
        }
    }
    all
}
