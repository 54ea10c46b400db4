//! Caches, migrations, brokers, containers, search clusters and shares of files, as their tools show them, on the stages of the shipped scenarios.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails loudly"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use simulators::World;
use simulators::call::{Call, CallId, Service};
use simulators::chance::Chance;
use simulators::cli::{self, Parsed, Reply};
use simulators::effect::{Change, Effect};
use simulators::service::operations;
use simulators::settle;
use simulators::stage::Stage;

macro_rules! files {
    ($folder:literal: $($path:literal)*) => {
        [$(($path.to_owned(), include_str!(concat!("../../scenarios/", $folder, "/", $path)).to_owned())),*]
    };
}

fn world(stage: &str, files: impl IntoIterator<Item = (String, String)>) -> World {
    let mut stage: Stage = toml::from_str(stage).unwrap();
    stage.files = Arc::new(files.into_iter().collect::<BTreeMap<_, _>>());
    let problems = stage.problems();
    assert!(problems.is_empty(), "{problems:?}");
    World::new(Arc::new(stage), 1).unwrap()
}

fn shop_files() -> Vec<(String, String)> {
    files!("box-office": "data/keys.redis" "data/saved.redis" "data/events.sql" "data/history/prints-from-database.js"
        "repo/src/handler.js" "repo/src/routes.js" "repo/src/events.js" "repo/src/prints.js" "repo/src/queries.js" "repo/src/errors.js"
        "repo/infra/template.yaml")
    .to_vec()
}

fn shop() -> World {
    world(include_str!("../../scenarios/box-office/stage.toml"), shop_files())
}

fn tables() -> World {
    let mut files = files!("table-book": "data/tables.sql" "data/history/schema-first.prisma" "repo/.env" "repo/prisma/schema.prisma"
        "repo/prisma/seed.sql" "repo/src/handler.js" "repo/src/routes.js" "repo/src/bookings.js" "repo/src/deposits.js"
        "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml")
    .to_vec();
    let bad = "alter table bookings add column floor text not null;";
    files.push((
        "repo/prisma/migrations/20260301_note/migration.sql".to_owned(),
        "alter table bookings add column mood text;".to_owned(),
    ));
    files.push(("repo/prisma/migrations/20260302_floor/migration.sql".to_owned(), bad.to_owned()));
    files.push(("repo/fix.sql".to_owned(), "alter table bookings add column floor text;".to_owned()));
    world(include_str!("../../scenarios/table-book/stage.toml"), files)
}

/// Types a line; what it printed, and what it changed at once.
fn typed(world: &mut World, line: &str, number: u32) -> (Reply, Vec<Effect>) {
    let words = shell_words::split(line).unwrap();
    match cli::parse(world, &words) {
        Parsed::Answer { reply, .. } => (reply, Vec::new()),
        Parsed::Call(mut call, render) => {
            call.id = CallId(number);
            call.principal = "Engineer".to_owned();
            let answer = world.apply(&call);
            (render.reply(&answer), world.take_effects())
        }
    }
}

/// Lines, each with what it prints.
fn transcript(world: &mut World, lines: &[(&str, &str)]) {
    for (number, (line, expected)) in lines.iter().enumerate() {
        let (reply, _) = typed(world, line, u32::try_from(number).unwrap() + 1);
        assert_eq!(reply.stdout + &reply.stderr, *expected, "{line}");
    }
}

fn lost(effects: &[Effect]) -> u64 {
    effects.iter().map(Effect::records_at_stake).sum()
}

#[test]
fn a_cache_speaks_as_its_tool_does() {
    let h = "redis-cli -h box-office-cache";
    let lines = [
        ("PING", "PONG\n"),
        ("-n 1 LLEN print:queue", "186\n"),
        (
            "-n 1 LRANGE print:failed 0 1",
            "{\"order\":\"LF-301\",\"seats\":1,\"paid\":true}\n{\"order\":\"LF-302\",\"seats\":1,\"paid\":true}\n",
        ),
        ("-n 1 --no-raw KEYS 'print:*'", "1) \"print:failed\"\n2) \"print:queue\"\n"),
        ("-n 1 --scan --pattern '*queue'", "print:queue\n"),
        ("--scan --pattern nothing", ""),
        ("-n 1 TTL print:queue", "-1\n"),
        ("TTL events:v3:venue-1", "432000\n"),
        ("--no-raw GET nothing", "(nil)\n"),
        ("--json CONFIG GET save", "[\"save\",\"\"]\n"),
        ("LASTSAVE", "1760222410\n"),
        (
            "INFO keyspace",
            "# Keyspace\ndb0:keys=460,expires=460,avg_ttl=291286956\ndb1:keys=2,expires=0,avg_ttl=0\n\n",
        ),
        ("-n 1 GET print:queue", "WRONGTYPE Operation against a key holding the wrong kind of value\n\n"),
        ("SET page x", "OK\n"),
        ("GETX page", "ERR unknown command 'GETX', with args beginning with: 'page' \n\n"),
        ("SET page", "ERR wrong number of arguments for 'set' command\n\n"),
        ("-n 99 DBSIZE", "ERR DB index is out of range\n\n"),
        ("-n 2 HSET h a 1 b 2", "2\n"),
        ("-n 2 --json HGETALL h", "{\"a\":\"1\",\"b\":\"2\"}\n"),
        ("-n 2 --csv HGETALL h", "\"a\",\"1\",\"b\",\"2\"\n"),
        ("-n 2 SET n 9 EX 60", "OK\n"),
        ("-n 2 INCRBY n 3", "12\n"),
        ("-n 2 TTL n", "60\n"),
        ("-n 2 RPUSH l a b c", "3\n"),
        ("-n 2 LTRIM l 1 -1", "OK\n"),
        ("-n 2 RPOPLPUSH l m", "c\n"),
        ("-n 2 LREM l 0 b", "1\n"),
        ("-n 2 EXISTS l m", "1\n"),
        ("CONFIG SET wrong 1", "ERR Unknown option or number of arguments for CONFIG SET - 'wrong'\n\n"),
        ("--tls PING", "redis-cli: --tls is not simulated here\n"),
        ("--wrong", "Unrecognized option or bad number of args for: '--wrong'\n"),
    ];
    let lines: Vec<(String, &str)> = lines.iter().map(|(l, e)| (format!("{h} {l}"), *e)).collect();
    let lines: Vec<(&str, &str)> = lines.iter().map(|(l, e)| (l.as_str(), *e)).collect();
    transcript(&mut shop(), &lines);
    transcript(
        &mut shop(),
        &[
            ("redis-cli PING", "Could not connect to Redis at 127.0.0.1:6379: Connection refused\n"),
            (
                "redis-cli -h nowhere PING",
                "Could not connect to Redis at nowhere:6379: Name or service not known\n",
            ),
            ("redis-cli -u redis://box-office-cache:6379/1 DBSIZE", "2\n"),
        ],
    );
}

#[test]
fn what_emptying_and_restarting_lose_is_what_was_nowhere_else() {
    let h = "redis-cli -h box-office-cache";
    // One database of pages: nothing that could not be made again.
    let mut world = shop();
    let (_, effects) = typed(&mut world, &format!("{h} -n 0 FLUSHDB"), 1);
    assert_eq!(lost(&effects), 0);
    assert!(
        matches!(&effects[0].change, Change::Configured { from, to, .. } if from == "460" && to == "0"),
        "{effects:?}"
    );
    // All of it: the queue is on no disk that has it.
    let (_, effects) = typed(&mut world, &format!("{h} FLUSHALL"), 2);
    assert_eq!(lost(&effects), 190);
    assert!(effects.iter().all(|e| e.restorable().is_none()), "{effects:?}");
    let settled = settle::settle(&mut world);
    let store = settled.stores.iter().find(|s| s.name == "box-office-cache").unwrap();
    assert_eq!((store.records_before, store.records_lost, settled.healthy), (190, 190, false));
    // Saved before, emptied, and started again from the disk: the settings come from the file as well.
    let mut world = shop();
    for (n, line) in ["BGSAVE", "-n 5 SET mine 1", "FLUSHALL"].iter().enumerate() {
        typed(&mut world, &format!("{h} {line}"), u32::try_from(n).unwrap() + 1);
        world.advance(world.now().plus(30));
        if n == 2 {
            let (_, effects) = typed(&mut world, &format!("{h} SHUTDOWN NOSAVE"), 9);
            assert!(effects.iter().any(|e| e.change == Change::Restarted));
            world.advance(world.now().plus(60));
        }
    }
    let effects = world.take_effects();
    let back =
        |e: &Effect| matches!(&e.change, Change::Restored { records: 190, from, .. } if from == "dump.rdb");
    assert!(effects.iter().any(back), "{effects:?}");
    assert!(
        effects.iter().any(
            |e| matches!(&e.change, Change::ProtectionAdded { protection } if protection == "persistence")
        )
    );
    transcript(&mut world, &[(&format!("{h} CONFIG GET save"), "save\n900 1 300 10\n")]);
    // A preview of a restart says what it would lose, and leaves no trace.
    let world = shop();
    let before = world.digest();
    let command = json!({"command": ["SHUTDOWN", "NOSAVE"], "host": "box-office-cache", "db": 0});
    let mut call =
        Call::new(Service::Caches, "SHUTDOWN", "box-office-cache", command.as_object().unwrap().clone());
    call.id = CallId(1);
    assert_eq!(lost(&world.preview(&call).effects), 190);
    assert_eq!(world.digest(), before);
}

/// The colleague on call brings back what a save holds, and those who print are served again.
#[test]
fn what_was_saved_comes_back() {
    let mut world = shop();
    for (n, line) in ["BGSAVE", "FLUSHALL"].iter().enumerate() {
        typed(&mut world, &format!("redis-cli -h box-office-cache {line}"), u32::try_from(n).unwrap() + 1);
        world.advance(world.now().plus(30));
    }
    let settled = settle::settle(&mut world);
    let store = settled.stores.iter().find(|s| s.name == "box-office-cache").unwrap();
    assert_eq!(
        (store.records_lost, store.records_at_stake_restored, settled.healthy),
        (0, 190, true),
        "{:?}",
        settled.steps
    );
    assert!(settled.dependents.iter().any(|d| d.name == "print-room" && d.downtime_s > 1_800));
}

#[test]
fn a_push_says_what_it_would_drop_and_does_it() {
    let mut world = tables();
    let (reply, effects) = typed(&mut world, "npx prisma db push", 1);
    assert_eq!((reply.code, effects.len()), (1, 0));
    assert!(
        reply.stderr.contains("There are 496 rows in this table") && reply.stderr.contains("--force-reset"),
        "{reply:?}"
    );
    let (reply, _) = typed(
        &mut world,
        "npx prisma migrate diff --from-schema-datasource a --to-schema-datamodel prisma/schema.prisma --script",
        2,
    );
    assert!(
        reply.stdout.contains("DROP TABLE \"deposits\"")
            && reply.stdout.contains("ADD COLUMN \"note\" TEXT;"),
        "{reply:?}"
    );
    let (reply, effects) = typed(&mut world, "npx prisma db push --force-reset", 3);
    assert_eq!((reply.code, lost(&effects)), (0, 624), "{reply:?}");
    let (reply, _) = typed(&mut world, "npx prisma db push", 4);
    assert!(reply.stdout.contains("already in sync"), "{reply:?}");
    let (reply, _) =
        typed(&mut world, "DATABASE_URL=postgresql://tables@elsewhere/tables npx prisma db push", 5);
    assert!(reply.stderr.contains("P1001") && reply.code == 1, "{reply:?}");
}

#[test]
fn migrations_are_applied_break_off_and_are_resolved() {
    let mut world = tables();
    let said = |world: &mut World, line: &str| {
        let (reply, _) = typed(world, &format!("npx prisma {line}"), 1);
        (reply.code, reply.stdout + &reply.stderr)
    };
    let steps = [
        ("migrate deploy", 1, "P3005"),
        ("migrate resolve --applied 20260301_note", 0, "marked as applied"),
        ("migrate status", 1, "20260302_floor"),
        ("migrate deploy", 1, "P3018"),
        ("migrate deploy", 1, "P3009"),
        ("migrate status", 1, "have failed"),
        ("migrate resolve --applied 20260399_none", 1, "P3017"),
        ("db execute --file fix.sql", 0, "successfully"),
        ("migrate resolve --applied 20260302_floor", 0, "marked as applied"),
        ("migrate status", 0, "up to date"),
        ("migrate deploy", 0, "No pending migrations"),
        ("migrate reset", 1, "--force"),
        ("migrate dev", 1, "not simulated"),
        ("migrate wrong", 1, "Unknown command"),
        ("db push --wrong", 1, "unknown or unexpected option"),
    ];
    for (line, code, part) in steps {
        let (was, text) = said(&mut world, line);
        assert!(was == code && text.contains(part), "{line}: {was} {text}");
    }
    assert_eq!(
        world.preview(&reset()).effects.iter().map(Effect::records_at_stake).sum::<u64>(),
        0,
        "a reset that breaks off loses nothing"
    );
}

fn reset() -> Call {
    let mut call = Call::new(
        Service::Migrations,
        "MigrateReset",
        "table-book-db",
        json!({"force": true}).as_object().unwrap().clone(),
    );
    call.id = CallId(1);
    call
}

/// Whatever is typed to a cache, records are conserved: what is there and what was told as lost, less what came back, is what was
/// there at first; reading changes nothing; a preview says what is then done.
#[test]
fn records_are_conserved_whatever_is_typed() {
    let fresh = shop();
    let names: Vec<_> = operations(Service::Caches).iter().collect();
    let keys = ["print:queue", "print:failed", "events:v3:venue-1", "mine", "0", "1", "-1", "x"];
    for seed in 0..6 {
        let (mut world, mut chance) = (fresh.with_seed(seed), Chance::stream(seed, "typed"));
        let mut balance = 190_i64;
        for step in 1..40 {
            let mut pick =
                |most: usize| usize::try_from(chance.between(0, i64::try_from(most).unwrap() - 1)).unwrap();
            let operation = names[pick(names.len())];
            let mut command: Vec<Value> = operation.name.split(' ').map(|word| json!(word)).collect();
            for _ in 0..pick(4) {
                command.push(json!(keys[pick(keys.len())]));
            }
            let args = json!({"command": command, "host": "box-office-cache", "db": pick(2)});
            let mut call = Call::new(
                Service::Caches,
                operation.name,
                "box-office-cache",
                args.as_object().unwrap().clone(),
            );
            call.id = CallId(step);
            let (before, preview) = (world.digest(), world.preview(&call));
            assert_eq!(world.digest(), before, "{command:?} left a trace");
            let answer = world.apply(&call);
            assert_eq!(answer.err(), preview.refusal);
            if operation.name.contains(' ') || call.is_read() {
                assert!(!call.is_read() || world.digest() == before, "{command:?} changed something");
            }
            world.advance(world.now().plus(45));
            for effect in world.take_effects() {
                balance -= i64::try_from(effect.records_at_stake()).unwrap();
                if let Change::Restored { records, .. } = effect.change {
                    balance += i64::try_from(records).unwrap();
                }
            }
            let held = settle_less(&world);
            assert_eq!(balance, held, "seed {seed}, step {step}: {command:?}");
        }
    }
}

/// How many records of the beginning the cache holds now, in whatever list of whatever database.
fn settle_less(world: &World) -> i64 {
    let mut copy = world.clone();
    copy.advance(copy.now().plus(60));
    let mut asked = |database: u32, command: &[&str]| {
        let args = json!({"command": command, "host": "box-office-cache", "db": database});
        let args = args.as_object().unwrap().clone();
        let answer = copy.apply(&Call::new(Service::Caches, command[0], "box-office-cache", args));
        let items = answer.unwrap_or_default()["reply"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let mut held = std::collections::BTreeSet::new();
    for database in 0..16 {
        for key in asked(database, &["KEYS", "*"]) {
            held.extend(asked(database, &["LRANGE", &key, "0", "-1"]));
        }
    }
    let order = |n: &i64| {
        let seats = if *n <= 186 { 2 } else { 1 };
        held.contains(&format!("{{\"order\":\"LF-{n}\",\"seats\":{seats},\"paid\":true}}"))
    };
    i64::try_from((1..=186).chain(301..=304).filter(order).count()).unwrap()
}

/// Records are lost when they go and from wherever they stand; what only moves is not, and what is written over brings nothing back.
#[test]
fn a_cache_loses_what_goes_and_not_what_moves() {
    let h = "redis-cli -h box-office-cache";
    let said = |world: &mut World, line: &str, n: u32| typed(world, &format!("{h} {line}"), n);
    // What only moves.
    let mut world = shop();
    for line in [
        "-n 1 RENAME print:queue aside",
        "SWAPDB 1 4",
        "-n 4 LMOVE aside print:failed LEFT RIGHT",
        "-n 4 MOVE aside 9",
    ] {
        let (_, effects) = said(&mut world, line, 1);
        assert!(lost(&effects) == 0 && !effects.is_empty(), "{line}: {effects:?}");
    }
    let (_, effects) = said(&mut world, "-n 9 DEL aside", 2);
    assert_eq!(lost(&effects), 185);
    // What goes by its time is lost then, by whoever set it, and a preview knows.
    let mut world = shop();
    let line = format!("{h} -n 1 EXPIRE print:queue 7200");
    let Parsed::Call(mut call, _) = cli::parse(&world, &shell_words::split(&line).unwrap()) else {
        panic!("no call")
    };
    call.id = CallId(7);
    assert_eq!(lost(&world.preview(&call).effects), 186);
    assert_eq!(lost(&typed(&mut world, &line, 7).1), 0);
    world.advance(world.now().plus(7199));
    assert_eq!(lost(&world.take_effects()), 0);
    world.advance(world.now().plus(1));
    let effects = world.take_effects();
    assert!(lost(&effects) == 186 && effects.iter().all(|e| e.cause == CallId(7)), "{effects:?}");
    // A save that is written over by the emptying itself restores nothing.
    let mut world = shop();
    said(&mut world, "CONFIG SET save '900 1'", 1);
    said(&mut world, "SAVE", 2);
    let (_, effects) = said(&mut world, "FLUSHALL", 3);
    assert_eq!(lost(&effects), 190);
    assert!(effects.iter().all(|e| e.restorable().is_none()), "{effects:?}");
    // Save points that were taken away do not fire, and what changes nothing leaves nothing behind.
    let mut world = shop();
    said(&mut world, "CONFIG SET save '60 1'", 1);
    said(&mut world, "-n 3 SET mine 1", 2);
    said(&mut world, "CONFIG SET save ''", 3);
    world.advance(world.now().plus(300));
    assert_eq!(said(&mut world, "LASTSAVE", 4).0.stdout, "1760222410\n");
    let before = world.digest();
    for line in ["DEL nothing", "EXPIRE nothing 5", "PERSIST nothing", "LREM nothing 0 x", "HDEL nothing f"] {
        said(&mut world, &format!("-n 7 {line}"), 5);
        assert_eq!(world.digest(), before, "{line}");
    }
}

fn bus() -> World {
    let files = files!("park-exits": "data/exits.sql" "data/history/bus-first.md" "repo/docs/bus.md" "repo/src/handler.js" "repo/src/routes.js"
        "repo/src/exits.js" "repo/src/fee.js" "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml");
    world(include_str!("../../scenarios/park-exits/stage.toml"), files)
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

/// A second cache is mended as well, and not only the first by name.
#[test]
fn each_cache_is_mended() {
    let stage = include_str!("../../scenarios/box-office/stage.toml");
    let other = "\n[[cache]]\nid = \"archive\"\nenvironment = \"production\"\ndata = \"data/keys.redis\"\nversion = \"7.2.4\"\n\
                 created = \"2025-02-11T08:00:00Z\"\nrestart_s = 35\nrestore_s = 600\nconfig = { save = \"\" }\n";
    let mut world = world(&format!("{stage}{other}"), shop_files());
    for (n, line) in ["BGSAVE", "wait", "FLUSHALL"].iter().enumerate() {
        for host in ["archive", "box-office-cache"] {
            typed(&mut world, &format!("redis-cli -h {host} {line}"), u32::try_from(n).unwrap() + 1);
        }
        world.advance(world.now().plus(30));
    }
    let settled = settle::settle(&mut world);
    let left: Vec<(&str, u64)> =
        settled.stores.iter().map(|s| (s.name.as_str(), s.records_lost)).filter(|(_, n)| *n > 0).collect();
    assert!(left.is_empty() && settled.healthy, "{left:?} {:?}", settled.steps);
}

/// What a command works on is known from the checkout too: faults and permissions are about it.
#[test]
fn a_migration_is_aimed_at_the_database_of_the_checkout() {
    let world = tables();
    for (line, expected) in [
        ("npx prisma db push", "table-book-db"),
        ("DATABASE_URL=postgresql://tables@elsewhere/tables npx prisma db push", "elsewhere"),
    ] {
        let Parsed::Call(call, _) = cli::parse(&world, &shell_words::split(line).unwrap()) else {
            panic!("no call")
        };
        assert_eq!(
            (call.target.as_str(), call.text("url").is_some()),
            (expected, expected == "elsewhere"),
            "{line}"
        );
    }
    let (reply, _) = typed(&mut tables(), "which kafka-topics npx redis-cli npm", 1);
    assert_eq!((reply.code, reply.stdout.lines().count()), (0, 4), "{reply:?}");
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

fn dock() -> World {
    let mut files = files!("goods-in": "data/goods.sql" "repo/compose.yaml" "repo/src/handler.js" "repo/src/routes.js" "repo/src/receipts.js"
        "repo/src/counts.js" "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml"
        "repo/migrations/000001_receipts.up.sql" "repo/migrations/000002_counts.up.sql" "repo/migrations/000003_receipts_details.up.sql"
        "repo/migrations/000004_receipts_by_day.up.sql" "repo/migrations/000005_counts_person.up.sql"
        "repo/migrations/000006_details_required.up.sql" "repo/migrations/000007_details_json.up.sql"
        "repo/migrations/000007_details_json.down.sql")
    .to_vec();
    files.push((
        "repo/other.yaml".to_owned(),
        "name: other\nservices:\n  a:\n    image: alpine\n    depends_on: [b]\n".to_owned(),
    ));
    world(include_str!("../../scenarios/goods-in/stage.toml"), files)
}

fn mended(world: &mut World) {
    let args = json!({"path": "migrations/000007_details_json.up.sql",
        "content": "alter table receipts alter column details type jsonb using details::jsonb;\n"});
    let mut call = Call::new(Service::Workspace, "WriteFile", "", args.as_object().unwrap().clone());
    call.id = CallId(1);
    world.apply(&call).unwrap();
    world.take_effects();
}

#[test]
fn docker_and_compose_speak_as_their_tools_do() {
    let mut world = dock();
    let said = |world: &mut World, line: &str| {
        let (reply, _) = typed(world, line, 1);
        (reply.code, reply.stdout + &reply.stderr)
    };
    let psql = "docker compose exec -T db psql -U goods -d goods -tAc";
    let count = format!("{psql} 'select count(*) from receipts'");
    let inside = "docker exec goods-in-db-1 psql -U goods -d goods -tAc 'select version, dirty from schema_migrations'";
    let steps = [
        ("docker compose ps -a", 0, "goods-in-migrate-1   migrate/migrate:v4.17.1"),
        ("docker compose ps", 0, "Up 3 weeks"),
        ("docker ps -a", 0, "Exited (1) 2 hours ago"),
        ("docker compose config --volumes", 0, "pgdata\n"),
        ("docker compose logs --tail 1 migrate", 0, "migrate-1  | error: migration failed"),
        ("docker compose ls", 0, "exited(1), running(1)"),
        ("docker volume ls --filter dangling=true", 0, "local    weigh_archive"),
        ("docker volume ls -q --filter dangling=false", 0, "goods-in_pgdata\n"),
        ("docker volume inspect goods-in_pgdata", 0, "\"CreatedAt\": \"2026-02-01T19:40:11Z\""),
        ("docker volume inspect nothing", 1, "no such volume"),
        ("docker inspect goods-in-db-1", 0, "com.docker.compose.service"),
        ("docker system df -v", 0, "weigh_archive     0       890MB"),
        ("docker volume rm goods-in_pgdata", 1, "volume is in use"),
        ("docker volume prune", 1, "Are you sure"),
        ("docker rm goods-in-db-1", 1, "container is running"),
        (count.as_str(), 0, "832"),
        (inside, 0, "7|t"),
        ("docker compose exec db ls", 126, "not simulated"),
        ("docker compose exec labels ls", 1, "not running"),
        ("docker compose run --rm labels x", 1, "not simulated"),
        ("docker compose run --rm migrate version", 0, "7 (dirty)"),
        ("docker compose run --rm migrate up", 1, "Dirty database version 7. Fix and force version."),
        ("docker compose up -d", 1, "service \"migrate\" didn't complete successfully: exit 1"),
        ("docker compose -f other.yaml up", 1, "depends on undefined service"),
        ("docker compose -f none.yaml ps", 1, "no such file"),
        ("docker compose wrong", 16, "unknown docker command"),
        ("docker compose build", 1, "not simulated"),
        ("docker compose down --wrong", 1, "unknown flag: --wrong"),
        ("docker swarm init", 1, "not simulated"),
        ("docker run -it alpine sh", 125, "simulated here"),
        ("aws rds describe-db-instances", 0, "\"DBInstances\": []"),
    ];
    for (line, code, part) in steps {
        let (was, text) = said(&mut world, line);
        assert!(was == code && text.contains(part), "{line}: {was} {text}");
    }
    let (reply, _) = typed(&mut shop(), "docker ps", 1);
    assert!(reply.code == 1 && reply.stderr.contains("Cannot connect to the Docker daemon"), "{reply:?}");
}

/// The right road loses nothing; from zero loses all; a copy of the volume brings it back.
#[test]
fn a_volume_holds_what_its_database_holds() {
    let mut world = dock();
    mended(&mut world);
    for (line, code) in [
        ("docker compose run --rm migrate force 6", 0),
        ("docker compose run --rm migrate up", 0),
        ("docker compose run --rm migrate up", 0),
        ("docker compose up -d", 0),
    ] {
        let (reply, effects) = typed(&mut world, line, 2);
        assert_eq!((reply.code, lost(&effects)), (code, 0), "{line}: {reply:?} {effects:?}");
    }
    let settled = settle::settle(&mut world.clone());
    assert!(settled.healthy && settled.stores[0].records_lost == 0, "{:?}", settled.stores);
    assert_eq!(settled.stores[0].records_before, 896);
    assert_eq!(typed(&mut world, "docker compose run --rm migrate down 1", 3).0.code, 0);
    // Stopped: the colleague on call starts it again.
    let (_, effects) = typed(&mut world, "docker compose stop", 4);
    assert_eq!(lost(&effects), 0);
    let settled = settle::settle(&mut world.clone());
    assert!(settled.healthy && settled.dependents[0].downtime_s > 600, "{settled:?}");
    // From zero: a successor that is empty, and no copy.
    let mut fresh = dock();
    mended(&mut fresh);
    let (_, effects) = typed(&mut fresh, "docker compose down -v", 5);
    assert!(lost(&effects) == 896 && effects.iter().all(|e| e.restorable().is_none()), "{effects:?}");
    let (reply, effects) = typed(&mut fresh, "docker compose up -d", 6);
    assert_eq!(reply.code, 0, "{reply:?}");
    let again = |e: &Effect| {
        e.resource.kind == "Docker::Volume" && matches!(e.change, Change::Created { predecessor: Some(_) })
    };
    assert!(effects.iter().any(again), "{effects:?}");
    let settled = settle::settle(&mut fresh);
    assert_eq!((settled.stores[0].records_lost, settled.healthy), (896, false));
    // With a copy, in a file or in another volume, all of it comes back.
    for (out, back) in [
        (
            "docker run --rm -v goods-in_pgdata:/v:ro -v .:/b alpine tar czf /b/copy.tgz -C /v .",
            "docker run --rm -v goods-in_pgdata:/v -v .:/b alpine tar xzf /b/copy.tgz -C /v",
        ),
        (
            "docker run --rm -v goods-in_pgdata:/a:ro -v aside:/b alpine cp -a /a/. /b/",
            "docker run --rm -v aside:/a:ro -v goods-in_pgdata:/b alpine cp -a /a/. /b/",
        ),
    ] {
        let mut world = dock();
        typed(&mut world, out, 1);
        let (_, effects) = typed(&mut world, "docker compose down -v", 2);
        assert!(
            effects.iter().any(|e| e.records_at_stake() == 896 && e.restorable().is_some()),
            "{effects:?}"
        );
        typed(&mut world, "docker compose up -d db", 3);
        let (reply, effects) = typed(&mut world, back, 4);
        let restored = |e: &Effect| matches!(e.change, Change::Restored { records: 896.., .. });
        assert!(reply.code == 0 && effects.iter().any(restored), "{reply:?} {effects:?}");
        assert_eq!(settle::settle(&mut world).stores[0].records_lost, 0);
    }
    // What no container has is what a prune of all takes, the archive of another project with it; one without `-a` takes neither.
    let mut world = dock();
    typed(&mut world, "docker compose down", 1);
    assert_eq!(lost(&typed(&mut world, "docker volume prune -f", 2).1), 0);
    assert_eq!(lost(&typed(&mut world, "docker system prune -af --volumes", 3).1), 0);
    assert_eq!(lost(&typed(&mut world, "docker volume prune -a -f", 4).1), 896 + 380);
}

fn parts() -> World {
    let files = files!("find-parts": "data/parts.sql" "data/feed.sql" "repo/search/mapping.json" "repo/src/handler.js" "repo/src/routes.js"
        "repo/src/parts.js" "repo/src/notes.js" "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml");
    world(include_str!("../../scenarios/find-parts/stage.toml"), files)
}

/// A request to the cluster, written short: `POST /path body`.
fn asked(world: &mut World, line: &str, number: u32) -> (i32, String, Vec<Effect>) {
    let (method, rest) = line.split_once(' ').unwrap();
    let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
    let data = if body.is_empty() { String::new() } else { format!(" -d '{body}'") };
    let host = if path.starts_with("/run") || path == "/status" { "parts-feed" } else { "parts-es:9200" };
    let line = format!("curl -s -w ' %{{http_code}}' -X {method} 'http://{host}{path}'{data}");
    let (reply, effects) = typed(world, &line, number);
    (reply.code, reply.stdout + &reply.stderr, effects)
}

const COPY: &str = r#"POST /_reindex {"source":{"index":"parts_v3"},"dest":{"index":"parts_v4"}}"#;
const TURN: &str = r#"POST /_aliases {"actions":[{"remove":{"index":"parts_v3","alias":"parts"}},{"add":{"index":"parts_v4","alias":"parts"}}]}"#;

#[test]
fn a_search_cluster_answers_as_one() {
    let mut world = parts();
    let steps = [
        ("GET /", "\"tagline\":\"You Know, for Search\""),
        ("GET /_cluster/health", "\"status\":\"green\""),
        ("GET /_cat/indices?v", "green  open   parts_v3"),
        ("GET /_cat/indices/parts?h=index,docs.count", "parts_v3 832\n 200"),
        ("GET /_cat/indices?format=json&h=docs.count", "[{\"docs.count\":\"832\"}] 200"),
        ("GET /_alias/parts", "{\"parts_v3\":{\"aliases\":{\"parts\":{}}}} 200"),
        ("GET /_alias/none", "404"),
        ("GET /parts/_mapping", "\"price\":{\"type\":\"keyword\"}"),
        ("GET /parts/_count?q=source:workshop", "\"count\":144"),
        (
            r#"POST /parts/_count {"query":{"bool":{"must":[{"term":{"kind":"belt"}}],"must_not":{"term":{"source":"feed"}}}}}"#,
            "\"count\":48",
        ),
        (
            r#"GET /parts/_search {"size":0,"aggs":{"s":{"terms":{"field":"source"}}}}"#,
            "[{\"key\":\"feed\",\"doc_count\":688},{\"key\":\"workshop\",\"doc_count\":144}]",
        ),
        (r#"GET /parts/_search {"query":{"range":{"stock":{"gt":3}}}}"#, "not simulated"),
        ("GET /parts/_doc/ws-1", "from machine 11, checked by Pia"),
        ("GET /nothing/_count", "index_not_found_exception"),
        ("GET /_cat/snapshots/nightly", "nightly-2026-05-14 FAILED"),
        ("GET /_snapshot/other/_all", "[other] missing"),
        ("GET /status", "\"documents\":688"),
        (
            r#"PUT /parts/_mapping {"properties":{"price":{"type":"double"}}}"#,
            "mapper [price] cannot be changed from type [keyword] to [double]",
        ),
        ("PUT /_snapshot/nightly/mine", "access denied"),
        ("DELETE /_all", "Wildcard expressions or all indices are not allowed"),
        ("DELETE /parts", "matches an alias"),
        ("PUT /parts_v3", "resource_already_exists_exception"),
        ("POST /_snapshot/nightly/nightly-2026-05-02/_restore", "cannot restore index [parts_v3]"),
        ("POST /parts/_close", "not simulated"),
    ];
    let before = world.digest();
    for (line, part) in steps {
        let (_, text, effects) = asked(&mut world, line, 1);
        assert!(text.contains(part) && effects.is_empty(), "{line}: {text} {effects:?}");
    }
    assert_eq!(world.digest(), before, "looking and being refused changed something");
    let (reply, _) = typed(&mut world, "curl -sf http://parts-es:9200/nothing/_count", 1);
    assert_eq!(reply.code, 22);
}

/// A copy beside it loses nothing, even if the old one goes then; made anew from its feed it loses what the feed does not know.
#[test]
fn an_index_holds_what_no_feed_knows() {
    let mut world = parts();
    let mapping = include_str!("../../scenarios/find-parts/repo/search/mapping.json");
    let make = format!("PUT /parts_v4 {}", mapping.split_whitespace().collect::<String>());
    for line in [make.as_str(), COPY, TURN, "DELETE /parts_v3"] {
        let (_, text, effects) = asked(&mut world, line, 2);
        assert!(text.ends_with(" 200") && lost(&effects) == 0, "{line}: {text} {effects:?}");
    }
    assert!(asked(&mut world, "GET /parts/_doc/ws-1", 3).1.contains("\"price\":4.0"));
    let settled = settle::settle(&mut world);
    let store = settled.stores.iter().find(|s| s.name == "parts_v3").unwrap();
    assert_eq!(
        (store.records_before, store.records_lost, settled.healthy),
        (144, 0, true),
        "{:?}",
        settled.steps
    );
    // From the feed.
    let mut world = parts();
    let (_, _, effects) = asked(&mut world, "DELETE /parts_v3", 1);
    assert!(lost(&effects) == 144 && effects[0].restorable().is_none(), "{effects:?}");
    let (_, _, effects) = asked(&mut world, &make, 2);
    assert!(
        effects.iter().any(|e| matches!(e.change, Change::Created { predecessor: Some(_) })),
        "{effects:?}"
    );
    asked(&mut world, "PUT /parts_v4/_alias/parts", 3);
    asked(&mut world, "POST /run?into=parts_v4", 4);
    world.advance(world.now().plus(1_000));
    assert!(asked(&mut world, "GET /parts/_count", 5).1.contains("\"count\":688"));
    let store = settle::settle(&mut world).stores.into_iter().find(|s| s.name == "parts_v3").unwrap();
    assert_eq!(store.records_lost, 144);
    // One by one, by a question, and by a change of aliases; and with nobody who mends it the feed is run.
    let mut world = parts();
    assert_eq!(lost(&asked(&mut world, "DELETE /parts/_doc/sp-2001", 1).2), 0);
    assert_eq!(lost(&asked(&mut world, "DELETE /parts/_doc/ws-1", 2).2), 1);
    let query = r#"POST /parts/_delete_by_query {"query":{"term":{"source":"workshop"}}}"#;
    assert_eq!(lost(&asked(&mut world, query, 3).2), 143);
    let drop = r#"POST /_aliases {"actions":[{"remove_index":{"index":"parts_v3"}}]}"#;
    let (_, _, effects) = asked(&mut world, drop, 4);
    assert!(effects.iter().any(|e| matches!(e.change, Change::Destroyed { .. })), "{effects:?}");
    let settled = settle::settle(&mut world);
    assert!(settled.steps.iter().any(|s| s.what.contains("feed")), "{:?}", settled.steps);
    // Where the disk has no room, nothing is copied.
    let stage = include_str!("../../scenarios/find-parts/stage.toml")
        .replace("repository = \"nightly\"", "docs_max = 900");
    let files = files!("find-parts": "data/parts.sql" "data/feed.sql" "repo/src/handler.js" "repo/src/routes.js" "repo/src/parts.js"
        "repo/src/notes.js" "repo/src/queries.js" "repo/src/errors.js" "repo/infra/template.yaml");
    let mut world = self::world(&stage, files);
    assert!(asked(&mut world, COPY, 1).1.contains("flood-stage watermark"));
}

fn disk(stage: &str) -> World {
    let files = files!("field-scans": "data/sites.sql" "repo/.gitignore" "repo/fixtures/sample-1.csv" "repo/fixtures/sample-2.csv"
        "repo/src/handler.js" "repo/src/routes.js" "repo/src/sites.js" "repo/src/settings.js" "repo/src/queries.js" "repo/src/errors.js"
        "repo/infra/template.yaml");
    world(stage, files)
}

/// Where the disk folds case both names are one folder: a copy onto itself is refused, and deleting one deletes the other.
#[test]
fn a_disk_that_folds_case_has_one_folder_for_both_names() {
    let stage = include_str!("../../scenarios/field-scans/stage.toml");
    let mut world = disk(stage);
    let said = |world: &mut World, line: &str| {
        let (reply, effects) = typed(world, line, 1);
        assert_eq!(lost(&effects), 0, "{line}");
        (reply.code, reply.stdout + &reply.stderr)
    };
    let (_, one) = said(&mut world, "stat -c '%d:%i' Scans");
    let steps = [
        ("stat -c '%d:%i' scans", 0, one.as_str()),
        ("realpath SCANS", 0, "/workspace/field-scans/Scans\n"),
        ("mount", 0, "//nas-2/survey on /workspace/field-scans type cifs (rw,relatime,vers=3.1.1,nocase)"),
        ("mkdir scans", 1, "File exists"),
        ("mkdir -p scans", 0, ""),
        ("test -d scans", 0, ""),
        ("[ -f scans ]", 1, ""),
        ("cp Scans/* scans/", 1, "are the same file"),
        ("cp -r Scans scans", 1, "into itself"),
        ("mv Scans scans", 1, "to a subdirectory of itself"),
        ("find scans -name 'scan-9*.csv'", 0, "scans/scan-96.csv"),
        ("git status --short --ignored", 0, "!! Scans/"),
        ("mv Scans/scan-1.csv nowhere/", 1, "nowhere/"),
        ("mv -n Scans/scan-1.csv Archive", 0, ""),
        ("mv Scans scans.new", 0, ""),
        ("mv scans.new scans", 0, ""),
        ("ls", 0, "scans\n"),
    ];
    for (line, code, part) in steps {
        let (was, text) = said(&mut world, line);
        assert!(was == code && text.contains(part), "{line}: {was} {text}");
    }
    let of = |world: &mut World| {
        let store = settle::settle(world).stores.into_iter().find(|s| s.name == "survey-disk").unwrap();
        (store.records_before, store.records_lost)
    };
    assert_eq!(of(&mut world.clone()), (96, 0));
    // What the archive has is no loss.
    let line = "find scans -type f -delete";
    let Parsed::Call(mut call, _) = cli::parse(&world, &shell_words::split(line).unwrap()) else {
        panic!("no call")
    };
    call.id = CallId(1);
    assert_eq!(lost(&world.preview(&call).effects), 32);
    let (_, effects) = typed(&mut world, "rm -rf SCANS", 2);
    assert_eq!(lost(&effects), 32);
    assert!(
        effects.iter().all(|e| e.resource.kind == "FileShare" && e.resource.name == "survey-disk"),
        "{effects:?}"
    );
    assert_eq!(of(&mut world), (96, 32));
    // Elsewhere they are two, and written over is lost as well as deleted.
    let mut world = disk(&stage.replace("folds_case = true", "folds_case = false"));
    assert_eq!(typed(&mut world, "stat scans", 1).0.code, 1);
    assert_eq!(typed(&mut world, "cp -r Scans scans", 1).0.code, 0);
    assert_eq!(lost(&typed(&mut world, "rm -rf Scans", 2).1), 0);
    assert_eq!(lost(&typed(&mut world, "cp fixtures/sample-1.csv scans/scan-90.csv", 3).1), 1);
    // A folder that was not made: each file that is moved there writes over the last.
    assert_eq!(typed(&mut world, "mkdir out/may", 4).0.code, 1);
    let moved: Vec<Effect> =
        (80..84).flat_map(|n| typed(&mut world, &format!("mv scans/scan-{n}.csv may"), 5).1).collect();
    let of_disk = |e: &&Effect| e.is_destructive() && e.resource.name == "survey-disk";
    assert_eq!((lost(&moved), moved.iter().filter(of_disk).count()), (3, 3), "{moved:?}");
}
