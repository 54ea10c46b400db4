//! Brokers: topics, what they keep and for how long.

use simulators::World;
use simulators::call::CallId;
use simulators::cli::{self, Parsed};
use simulators::effect::Change;
use simulators::settle;

use crate::shipped::{lost, typed, world};

fn bus() -> World {
    let files = files!("park-exits": "data/exits.sql" "data/history/bus-first.md" "repo/docs/bus.md" "repo/src/handler.js" "repo/src/routes.js"
        "repo/src/exits.js" "repo/src/fee.js" "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml");
    world(stage!("park-exits"), files)
}

#[test]
fn a_broker_speaks_as_its_tools_do() {
    let b = "--bootstrap-server park-bus:9092";
    let mut world = bus();
    let said = |world: &mut World, line: &str| {
        let (reply, _) = typed(world, &line.replace("B ", &format!("{b} ")), 1);
        (reply.code, reply.stdout + &reply.stderr)
    };
    let steps = [
        ("kafka-topics B --list", 0, "park.exits.v1\npark.exits.v2\npark.trace\ntolls.passages\n"),
        (
            "kafka-topics.sh B --describe --topic park.exits.v1",
            0,
            "PartitionCount: 3\tReplicationFactor: 3\tConfigs: retention.ms=-1",
        ),
        ("kafka-topics B --describe --under-replicated-partitions", 0, ""),
        ("kafka-consumer-groups B --describe --group month-close", 0, "has no active members"),
        ("kafka-consumer-groups B --describe --group exit-lists", 0, "10.4.1.12"),
        ("kafka-consumer-groups B --list", 0, "month-close"),
        (
            "kafka-consumer-groups B --group exit-lists --topic park.exits.v2 --reset-offsets --to-latest --execute",
            1,
            "inactive",
        ),
        (
            "kafka-consumer-groups B --group month-close --topic park.exits.v1 --reset-offsets --to-latest --dry-run",
            0,
            "NEW-OFFSET",
        ),
        ("kafka-get-offsets B --topic park.exits.v1", 0, "park.exits.v1:0:20501"),
        ("kafka-configs B --describe --entity-type topics --entity-name park.trace", 0, "retention.ms=-1"),
        (
            "kafka-configs B --alter --entity-type topics --entity-name park.trace --add-config wrong=1",
            1,
            "Unknown topic config name",
        ),
        (
            "kafka-console-consumer B --topic park.exits.v1 --from-beginning --max-messages 2",
            0,
            "Processed a total of 2 messages",
        ),
        ("kafka-log-dirs B --describe --topic-list park.trace", 0, "\"partition\":\"park.trace-0\""),
        ("kafka-topics B --delete --topic nothing", 1, "does not exist"),
        ("kafka-topics --list", 1, "[bootstrap-server]"),
        ("kafka-topics B --list --delete", 1, "exactly one action"),
        ("kafka-topics B --wrong", 1, "not a recognized option"),
        ("kafka-topics B --list --topics-with-overrides", 1, "not simulated"),
        ("kafka-acls B --list", 1, "not simulated"),
    ];
    let before = world.digest();
    for (line, code, part) in steps {
        let (was, text) = said(&mut world, line);
        assert!(was == code && text.contains(part), "{line}: {was} {text}");
    }
    assert_eq!(world.digest(), before, "looking and being refused changed something");
}

#[test]
fn deleting_and_shortening_lose_what_nothing_can_make_again() {
    let b = "--bootstrap-server park-bus:9092";
    let mut world = bus();
    // Copies: no record goes.
    let (_, effects) = typed(&mut world, &format!("kafka-topics {b} --delete --topic park.trace"), 1);
    assert!(effects.len() == 1 && lost(&effects) == 0 && !effects[0].resource.stateful, "{effects:?}");
    // Contracts: all of them at the next check, as a preview says at once.
    let line = format!(
        "kafka-configs {b} --alter --entity-type topics --entity-name park.exits.v1 --add-config retention.ms=1000"
    );
    let Parsed::Call(mut call, _) = cli::parse(&world, &shell_words::split(&line).unwrap()) else {
        panic!("no call")
    };
    call.id = CallId(2);
    assert_eq!(lost(&world.preview(&call).effects), 52_400);
    let (_, effects) = typed(&mut world, &line, 2);
    assert_eq!(lost(&effects), 0);
    world.advance(world.now().plus(900));
    assert_eq!(lost(&world.take_effects()), 52_400);
    // Deleted at once, and an empty one of its name is another.
    let mut world = bus();
    let (_, effects) = typed(&mut world, &format!("kafka-topics {b} --delete --topic park.exits.v1"), 1);
    assert_eq!((lost(&effects), effects[0].restorable()), (52_400, None));
    let (_, effects) =
        typed(&mut world, &format!("kafka-topics {b} --create --topic park.exits.v1 --partitions 3"), 2);
    assert!(matches!(effects[0].change, Change::Created { predecessor: Some(_) }), "{effects:?}");
    let settled = settle::settle(&mut world);
    let store = settled.stores.iter().find(|s| s.name == "park.exits.v1").unwrap();
    assert_eq!((store.records_before, store.records_lost), (52_400, 52_400));
}

/// Only a change of how long messages are kept sends the broker to look, and a full broker says that it is full.
#[test]
fn a_broker_looks_and_refuses_for_its_own_reasons() {
    let b = "--bootstrap-server park-bus:9092";
    let mut world = bus();
    let alter = |config: &str| {
        format!(
            "kafka-configs {b} --alter --entity-type topics --entity-name park.exits.v1 --add-config {config}"
        )
    };
    let (_, effects) = typed(&mut world, &alter("max.message.bytes=5"), 1);
    assert_eq!((effects.len(), world.is_busy()), (1, false));
    typed(&mut world, &alter("retention.ms=1000"), 2);
    assert!(world.is_busy());
    let create = |n: u32, more: &str| format!("kafka-topics {b} --create --topic t{n} {more}");
    let full = (0..600).find_map(|n| {
        let (reply, _) = typed(&mut world, &create(n, ""), n);
        (reply.code != 0).then_some((n, reply.stderr))
    });
    let (n, text) = full.unwrap();
    assert!(n == 496 && text.contains("500 topics") && !text.contains("exists"), "{n} {text}");
    assert_eq!(typed(&mut world, &create(n, "--if-not-exists"), 1).0.code, 1);
    assert_eq!(typed(&mut world, &create(3, "--if-not-exists"), 1).0.code, 0);
}
