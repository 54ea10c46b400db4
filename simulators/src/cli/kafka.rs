//! The broker's tools: `kafka-topics`, `kafka-consumer-groups`, `kafka-configs`, `kafka-get-offsets`, `kafka-log-dirs`,
//! `kafka-console-consumer`, `kafka-delete-records`, `kafka-leader-election`, `kafka-reassign-partitions`; with or without `.sh`.

use serde_json::Value;

use super::options::{Given, Misuse, read};
use super::shell::answer;
use super::{Parsed, Render, Reply};
use crate::call::{Call, Service};

const COMMON: &str = "bootstrap-server! ~command-config!";

/// Tools, with their own options; a `~` is the real tool's alone.
const TOOLS: &[(&str, &str)] = &[
    (
        "kafka-topics",
        "list describe create delete alter topic! partitions! replication-factor! config+ if-exists if-not-exists exclude-internal=_ \
         under-replicated-partitions unavailable-partitions ~topics-with-overrides ~at-min-isr-partitions ~replica-assignment! ~topic-id!",
    ),
    (
        "kafka-consumer-groups",
        "list describe delete reset-offsets group! topic! all-groups all-topics=_ to-earliest to-latest to-offset! execute dry-run=_ \
         ~members ~state? ~offsets ~delete-offsets ~shift-by! ~to-datetime! ~by-duration! ~from-file! ~to-current ~export ~timeout! ~verbose",
    ),
    (
        "kafka-configs",
        "describe alter entity-type! entity-name! topic=entity-name! add-config! delete-config! all=_ ~entity-default ~add-config-file! ~broker!",
    ),
    ("kafka-get-offsets", "topic! ~time! ~partitions! ~topic-partitions!"),
    ("kafka-log-dirs", "describe topic-list=topic! ~broker-list!"),
    (
        "kafka-console-consumer",
        "topic! from-beginning max-messages! timeout-ms=_t! ~group! ~offset! ~partition! ~property+ ~formatter! ~consumer-property+",
    ),
    ("kafka-delete-records", "offset-json-file!"),
    (
        "kafka-leader-election",
        "election-type! topic! partition! all-topic-partitions ~path-to-json-file! ~admin.config!",
    ),
    (
        "kafka-reassign-partitions",
        "execute verify reassignment-json-file! ~generate ~cancel ~list ~topics-to-move-json-file! ~broker-list! throttle=_! \
         ~additional ~preserve-throttles ~replica-alter-log-dirs-throttle! ~timeout! ~disable-rack-aware",
    ),
];

/// What the real distribution has besides.
const BEYOND: &[&str] = &[
    "kafka-console-producer",
    "kafka-acls",
    "kafka-dump-log",
    "kafka-broker-api-versions",
    "kafka-cluster",
    "kafka-metadata-quorum",
    "kafka-server-stop",
    "kafka-mirror-maker",
];

/// Whether a word is one of the tools.
pub(super) fn is_tool(word: &str) -> bool {
    let name = plain(word);
    TOOLS.iter().any(|(tool, _)| *tool == name) || BEYOND.contains(&name)
}

fn plain(word: &str) -> &str {
    let name = word.rsplit('/').next().unwrap_or(word);
    name.strip_suffix(".sh").unwrap_or(name)
}

/// Understands a tool's words.
pub(super) fn parse(words: &[String]) -> Parsed {
    let (word, rest) = words.split_first().map(|(w, r)| (w.as_str(), r)).unwrap_or_default();
    let name = plain(word);
    let Some((tool, table)) = TOOLS.iter().find(|(tool, _)| *tool == name) else {
        return answer(Reply::failed(1, format!("{name} is not simulated here\n")), true);
    };
    if rest.is_empty() || rest.iter().any(|word| word == "--help") {
        let options = super::options::listed(table);
        return answer(
            Reply::ok(format!(
                "Usage: {tool} --bootstrap-server <host:port> [options]\n\nOption\n------\n{options}"
            )),
            false,
        );
    }
    let given = match read(rest, &format!("{COMMON} {table}")) {
        Ok(given) => given,
        Err(misuse) => return misused(misuse),
    };
    match operation(tool, &given) {
        Ok(operation) => call(operation, given),
        Err(text) => answer(Reply::failed(1, format!("{text}\n")), false),
    }
}

/// The operation that the options ask for, or what the tool says.
fn operation(tool: &str, given: &Given) -> Result<&'static str, String> {
    if !given.has("bootstrap-server") {
        return Err("Missing required argument \"[bootstrap-server]\"".to_owned());
    }
    if let Some(word) = given.args.first() {
        return Err(format!("Error: {word} is not a recognized option"));
    }
    let actions: &[(&str, &str)] = match tool {
        "kafka-topics" => &[
            ("list", "ListTopics"),
            ("describe", "DescribeTopics"),
            ("create", "CreateTopic"),
            ("delete", "DeleteTopic"),
            ("alter", "AlterTopic"),
        ],
        "kafka-consumer-groups" => &[
            ("list", "ListGroups"),
            ("describe", "DescribeGroups"),
            ("delete", "DeleteGroup"),
            ("reset-offsets", "ResetOffsets"),
        ],
        "kafka-configs" => &[("describe", "DescribeConfigs"), ("alter", "AlterConfigs")],
        "kafka-get-offsets" => return Ok("GetOffsets"),
        "kafka-log-dirs" => return Ok("DescribeLogDirs"),
        "kafka-console-consumer" => return Ok("Consume"),
        "kafka-leader-election" => return election(given),
        "kafka-reassign-partitions" => &[("execute", "ReassignPartitions"), ("verify", "VerifyReassignment")],
        _ => return Ok("DeleteRecords"),
    };
    let chosen: Vec<&(&str, &str)> = actions.iter().filter(|(option, _)| given.has(option)).collect();
    let [(_, operation)] = chosen.as_slice() else {
        let all: Vec<String> = actions.iter().map(|(option, _)| format!("--{option}")).collect();
        return Err(format!("Command must include exactly one action: {}", all.join(", ")));
    };
    let needs = match *operation {
        "CreateTopic" | "DeleteTopic" | "AlterTopic" => Some("topic"),
        "DeleteGroup" | "ResetOffsets" => Some("group"),
        "AlterConfigs" => Some("entity-name"),
        "ReassignPartitions" | "VerifyReassignment" => Some("reassignment-json-file"),
        _ => None,
    };
    match needs.filter(|option| !given.has(option)) {
        Some(option) => Err(format!("Missing required argument \"[{option}]\"")),
        None => Ok(operation),
    }
}

/// All partitions, or one.
fn election(given: &Given) -> Result<&'static str, String> {
    let kind = given.text("election-type").unwrap_or_default().to_ascii_lowercase();
    if !matches!(kind.as_str(), "preferred" | "unclean") {
        return Err("Missing required argument \"[election-type]\"".to_owned());
    }
    match (given.has("all-topic-partitions"), given.has("topic"), given.has("partition")) {
        (true, false, false) | (false, true, true) => Ok("ElectLeaders"),
        _ => Err("One and only one of the following options is required: all-topic-partitions, topic with partition, \
                  path-to-json-file"
            .to_owned()),
    }
}

fn call(operation: &str, given: Given) -> Parsed {
    let mut args = given.options;
    args.retain(|name, _| !name.starts_with('_'));
    let host = args.get("bootstrap-server").and_then(Value::as_str).unwrap_or_default().to_owned();
    let named =
        ["topic", "entity-name", "group"].iter().find_map(|name| args.get(*name).and_then(Value::as_str));
    let target = named.unwrap_or(&host).to_owned();
    Parsed::Call(Call::new(Service::Brokers, operation, &target, args), Render::Text { tool: "Error" })
}

fn misused(misuse: Misuse) -> Parsed {
    match misuse {
        Misuse::Unsimulated(option) => {
            answer(Reply::failed(1, format!("{option} is not simulated here\n")), true)
        }
        Misuse::Unknown(option) => answer(
            Reply::failed(1, format!("{} is not a recognized option\n", option.trim_start_matches('-'))),
            false,
        ),
        Misuse::NeedsValue(option) => {
            answer(Reply::failed(1, format!("Option {option} requires an argument\n")), false)
        }
    }
}
