//! Caches: what they say, what they lose, what comes back.

use serde_json::{Value, json};
use simulators::World;
use simulators::call::{Call, CallId, Service};
use simulators::chance::Chance;
use simulators::cli::{self, Parsed};
use simulators::effect::{Change, Effect};
use simulators::service::operations;
use simulators::settle;

use crate::shipped::{lost, transcript, typed, world};

fn shop_files() -> Vec<(String, String)> {
    files!("box-office": "data/keys.redis" "data/saved.redis" "data/events.sql" "data/history/prints-from-database.js"
        "repo/src/handler.js" "repo/src/routes.js" "repo/src/events.js" "repo/src/prints.js" "repo/src/queries.js" "repo/src/errors.js"
        "repo/infra/template.yaml")
    .to_vec()
}

pub fn shop() -> World {
    world(stage!("box-office"), shop_files())
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
        // The tool says that it could not choose the database, and goes on in the first.
        ("-n 99 DBSIZE", "461\nSELECT 99 failed: ERR DB index is out of range\n"),
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

/// A second cache is mended as well, and not only the first by name.
#[test]
fn each_cache_is_mended() {
    let stage = stage!("box-office");
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
