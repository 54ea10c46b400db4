//! What a broker's tools show.

use std::collections::BTreeMap;

use serde_json::json;

use super::broker_nodes::Place;
use super::brokers::{Broker, Group, Topic, failed};
use crate::call::{Answer, Call};
use crate::keys::fits;

/// Settings as a topic has them where nobody set them.
pub(super) const DEFAULTS: &[(&str, &str)] = &[
    ("cleanup.policy", "delete"),
    ("delete.retention.ms", "86400000"),
    ("max.message.bytes", "1048588"),
    ("min.insync.replicas", "1"),
    ("retention.bytes", "-1"),
    ("retention.ms", "604800000"),
    ("segment.bytes", "1073741824"),
    ("segment.ms", "604800000"),
];
/// Messages that one look shows, at the most.
const SHOWN_MAX: u64 = 100;

/// The value of a setting, set or not.
pub(super) fn setting<'c>(config: &'c BTreeMap<String, String>, name: &str) -> &'c str {
    let own = config.get(name).map(String::as_str);
    own.or_else(|| DEFAULTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
        .unwrap_or_default()
}

/// `a=1,b=2`.
pub(super) fn pairs(text: &str) -> BTreeMap<String, String> {
    let pair = |part: &str| part.split_once('=').map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()));
    text.split(',').filter_map(pair).collect()
}

/// Whether a tool's pattern means a topic: a name, or a regular expression of the simple kind, `orders.*`.
pub(super) fn means(pattern: &str, name: &str) -> bool {
    pattern == name || pattern.contains(".*") && fits(&pattern.replace(".*", "*").replace("\\.", "."), name)
}

pub(super) fn no_topic(name: &str) -> Answer {
    failed(format!("Error while executing topic command : Topic '{name}' does not exist as expected"))
}

pub(super) fn shown(broker: &Broker, call: &Call) -> Answer {
    let asked = call.text("topic").or_else(|| call.text("entity-name"));
    let hit = |name: &String| asked.is_none_or(|pattern| means(pattern, name));
    let topics: Vec<(&String, &Topic)> = broker.topics.iter().filter(|(name, _)| hit(name)).collect();
    if topics.is_empty() && asked.is_some() && call.operation != "DescribeGroups" {
        return no_topic(asked.unwrap_or_default());
    }
    let of = |text: fn(&str, &Topic) -> String| {
        topics.iter().map(|(name, topic)| text(name, topic)).collect::<String>()
    };
    Ok(json!(match call.operation.as_str() {
        "ListTopics" => of(|name, _| format!("{name}\n")),
        "DescribeTopics" if call.flag("unavailable-partitions") => {
            partitions(&topics, |place| place.leader.is_none())
        }
        "DescribeTopics" if call.flag("under-replicated-partitions") => {
            partitions(&topics, |place| !place.is_whole())
        }
        "DescribeTopics" => of(topic),
        "DescribeConfigs" => of(configs),
        "GetOffsets" => of(offsets),
        "DescribeLogDirs" => sizes(broker, &topics),
        "Consume" => topics.first().map(|(_, topic)| messages(topic, call)).unwrap_or_default(),
        "ListGroups" => broker.groups.keys().map(|name| format!("{name}\n")).collect(),
        _ => return groups(broker, call),
    }))
}

fn set(config: &BTreeMap<String, String>) -> String {
    config.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",")
}

fn topic(name: &str, topic: &Topic) -> String {
    let count = topic.partitions.len();
    let replicas = topic.places.first().map_or(3, |place| place.replicas.len());
    let head = format!(
        "Topic: {name}\tPartitionCount: {count}\tReplicationFactor: {replicas}\tConfigs: {}\n",
        set(&topic.config)
    );
    let line = |n: usize| match topic.places.get(n) {
        Some(place) => partition(name, n, place),
        // Where there are no machines, every partition is whole and has a leader.
        None => {
            format!("\tTopic: {name}\tPartition: {n}\tLeader: {}\tReplicas: 1,2,3\tIsr: 1,2,3\n", n % 3 + 1)
        }
    };
    head + &(0..count).map(line).collect::<String>()
}

fn partition(name: &str, n: usize, place: &Place) -> String {
    let ids = |ids: &mut dyn Iterator<Item = &u32>| ids.map(u32::to_string).collect::<Vec<_>>().join(",");
    let leader = place.leader.map_or_else(|| "none".to_owned(), |id| id.to_string());
    let (replicas, in_sync) = (ids(&mut place.replicas.iter()), ids(&mut place.in_sync.iter()));
    format!("\tTopic: {name}\tPartition: {n}\tLeader: {leader}\tReplicas: {replicas}\tIsr: {in_sync}\n")
}

fn partitions(topics: &[(&String, &Topic)], only: fn(&Place) -> bool) -> String {
    let of = |(name, topic): &(&String, &Topic)| -> String {
        let all = topic.places.iter().enumerate().filter(|(_, place)| only(place));
        all.map(|(n, place)| partition(name, n, place)).collect()
    };
    topics.iter().map(of).collect()
}

fn configs(name: &str, topic: &Topic) -> String {
    let line = |(k, v): (&String, &String)| {
        format!("  {k}={v} sensitive=false synonyms={{DYNAMIC_TOPIC_CONFIG:{k}={v}}}\n")
    };
    format!("Dynamic configs for topic {name} are:\n{}", topic.config.iter().map(line).collect::<String>())
}

fn offsets(name: &str, topic: &Topic) -> String {
    topic.partitions.iter().enumerate().map(|(n, (_, next))| format!("{name}:{n}:{next}\n")).collect()
}

fn sizes(broker: &Broker, topics: &[(&String, &Topic)]) -> String {
    let on = |id: Option<u32>| {
        let of = |(name, topic): &(&String, &Topic)| {
            let size = |(first, next): &(u64, u64)| next.saturating_sub(*first).saturating_mul(topic.bytes);
            let is_here = |n: usize| {
                id.is_none_or(|id| topic.places.get(n).is_some_and(|place| place.replicas.contains(&id)))
            };
            let is_full = |n: usize| {
                id.is_none_or(|id| topic.places.get(n).is_some_and(|place| place.in_sync.contains(&id)))
            };
            let one = |(n, p): (usize, &(u64, u64))| {
                let size = if is_full(n) { size(p) } else { 0 };
                json!({"partition": format!("{name}-{n}"), "size": size, "offsetLag": 0, "isFuture": false})
            };
            let own = topic.partitions.iter().enumerate().filter(|(n, _)| is_here(*n));
            own.map(one).collect::<Vec<_>>()
        };
        let all: Vec<_> = topics.iter().flat_map(of).collect();
        json!({"broker": id.unwrap_or(1), "logDirs": [{"logDir": "/data/kafka", "error": null, "partitions": all}]})
    };
    let up: Vec<u32> = broker.nodes.iter().filter(|(_, node)| node.is_up).map(|(id, _)| *id).collect();
    let ids: Vec<String> =
        if up.is_empty() { vec!["1".to_owned()] } else { up.iter().map(u32::to_string).collect() };
    let brokers: Vec<_> =
        if up.is_empty() { vec![on(None)] } else { up.iter().map(|id| on(Some(*id))).collect() };
    format!(
        "Querying brokers for log directories information\nReceived log directory information from brokers {}\n{}\n",
        ids.join(","),
        json!({"version": 1, "brokers": brokers})
    )
}

fn messages(topic: &Topic, call: &Call) -> String {
    if !call.flag("from-beginning") {
        return String::new();
    }
    let most =
        call.text("max-messages").and_then(|n| n.parse::<u64>().ok()).unwrap_or(SHOWN_MAX).min(SHOWN_MAX);
    let first = topic.partitions.iter().map(|(first, _)| *first).sum::<u64>();
    let count = topic.messages().min(most);
    let line =
        |n: u64| topic.text.replace("{n}", &first.saturating_add(n).saturating_add(1).to_string()) + "\n";
    (0..count).map(line).collect::<String>() + &format!("Processed a total of {count} messages\n")
}

fn groups(broker: &Broker, call: &Call) -> Answer {
    let asked = call.text("group");
    let hit: Vec<(&String, &Group)> =
        broker.groups.iter().filter(|(name, _)| asked.is_none_or(|asked| asked == *name)).collect();
    if let (Some(name), true) = (asked, hit.is_empty()) {
        return failed(format!("Error: Consumer group '{name}' does not exist."));
    }
    let mut text = String::new();
    for (name, group) in hit {
        if group.members.is_empty() {
            text.push_str(&format!("\nConsumer group '{name}' has no active members.\n"));
        }
        text.push_str(&format!(
            "\n{:<15} {:<20} {:<10} {:<15} {:<15} {:<10} {:<20} {:<16} CLIENT-ID\n",
            "GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST"
        ));
        let ends =
            broker.topics.get(&group.topic).map(|topic| topic.partitions.as_slice()).unwrap_or_default();
        for (n, ((_, next), read)) in ends.iter().zip(&group.committed).enumerate() {
            let member = group.members.get(n % group.members.len().max(1)).map_or("-", String::as_str);
            let (consumer, client) = if member == "-" { ("-", "-") } else { (name.as_str(), name.as_str()) };
            text.push_str(&format!(
                "{name:<15} {:<20} {n:<10} {read:<15} {next:<15} {:<10} {consumer:<20} {member:<16} {client}\n",
                group.topic,
                next.saturating_sub(*read)
            ));
        }
    }
    Ok(json!(text))
}

pub(super) fn reset(group: &str, topic: &str, wanted: &[u64]) -> String {
    let head = format!("\n{:<30} {:<30} {:<10} {:<15}\n", "GROUP", "TOPIC", "PARTITION", "NEW-OFFSET");
    let line = |(n, offset): (usize, &u64)| format!("{group:<30} {topic:<30} {n:<10} {offset:<15}\n");
    head + &wanted.iter().enumerate().map(line).collect::<String>()
}
