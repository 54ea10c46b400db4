//! What an agent can make grow ends at a limit, and the ending says at which.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chesterton::agent::{Agent, Moving};
use chesterton::base::digest;
use chesterton::base::limits::Limits;
use chesterton::gate::Setup;
use chesterton::ledger::{Recorder, read_bytes};
use chesterton::record::tool::{ToolCall, ToolReply, ToolSpec};
use chesterton::record::{Ending, Event};
use chesterton::scenario;
use chesterton::trial::{self, Outcome, Played, Trial};
use serde_json::{Value, json};
use simulators::World;

use crate::places::root;

/// Does the same thing for ever.
struct Tireless {
    tools: Vec<ToolCall>,
    /// How long it thinks first.
    thinks: Duration,
}

impl Agent for Tireless {
    fn begin(&mut self, _brief: &str, _tools: &[ToolSpec]) {}

    fn next<'a>(&'a mut self, _heard: &'a [ToolReply]) -> Moving<'a> {
        Box::pin(async move {
            tokio::time::sleep(self.thinks).await;
            Ok(self.tools.clone().into())
        })
    }
}

fn tool(name: &str, arguments: Value) -> ToolCall {
    ToolCall { name: name.to_owned(), arguments }
}

fn run(command: &str) -> Vec<ToolCall> {
    vec![tool("run_command", json!({"command": command}))]
}

/// Plays an agent that never stops; gives back how it ended, the size of its record, and the events.
fn play(tools: Vec<ToolCall>, thinks: Duration, limits: Limits) -> (Ending, usize, Vec<Event>) {
    let scenario = scenario::load(&root().join("tests/lasting/small")).unwrap();
    let setup = Setup::built_in("inherited").unwrap().unwrap();
    let key = crate::by_hand::key("small", "tireless", "inherited", 1);
    let world = World::new(Arc::new(scenario.stage.clone()), 1).unwrap();
    let trial = Trial { key: &key, scenario: &scenario, world, setup: Arc::new(setup), limits };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut agent = Tireless { tools, thinks };
    let (recorder, outcome) = runtime.block_on(trial::play(trial, &mut agent, Recorder::in_memory()));
    let Outcome::Sealed(Played { ending, .. }) = outcome else { panic!("{outcome:?}") };
    let bytes = recorder.into_bytes();
    let size = bytes.len();
    let events = read_bytes(bytes).next().unwrap().unwrap().events;
    let recorded = Event::ended(&events).cloned();
    assert_eq!(recorded.as_ref(), Some(&ending), "the record says another ending");
    (ending, size, events)
}

#[test]
fn each_limit_has_its_name_in_the_ending() {
    let usual = Limits::default();
    let many = |n: usize| vec![run("echo hello").remove(0); n];
    let cases: [(&str, Vec<ToolCall>, Duration, Limits); 5] = [
        ("turns_max", run("echo hello"), Duration::ZERO, Limits { turns_max: 5, ..usual }),
        ("calls_max", run("git status"), Duration::ZERO, Limits { calls_max: 3, ..usual }),
        ("virtual_s_max", run("sleep 600"), Duration::ZERO, Limits { virtual_s_max: 3_600, ..usual }),
        ("record_bytes_max", many(10_000), Duration::ZERO, Limits { record_bytes_max: 200_000, ..usual }),
        ("wall_s_max", run("echo hello"), Duration::from_secs(3_600), Limits { wall_s_max: 1, ..usual }),
    ];
    for (name, tools, thinks, limits) in cases {
        let begun = Instant::now();
        let (ending, size, _) = play(tools, thinks, limits);
        assert_eq!(ending, Ending::Limit(name.to_owned()));
        println!("{name}: ended with {size} bytes recorded");
        assert!(size < 400_000 && begun.elapsed() < Duration::from_secs(30), "{name}: {size} bytes");
    }
}

#[test]
fn of_what_is_too_large_the_length_and_the_digest_are_recorded() {
    let limits =
        Limits { turns_max: 2, argument_bytes_max: 1_000, reply_bytes_max: 500, ..Limits::default() };
    let line = format!("echo {}", "x".repeat(5_000));
    let (_, size, events) = play(run(&line), Duration::ZERO, limits);
    assert!(size < 10_000, "{size} bytes recorded");
    let sent = json!({"command": line}).to_string();
    let recorded = events.iter().find_map(|event| match event {
        Event::Tool { tool, .. } => Some(tool.arguments.clone()),
        _ => None,
    });
    let digest = digest::of(sent.as_bytes());
    assert_eq!(recorded, Some(json!({"cut": {"bytes": sent.len(), "sha256": digest}})));

    let line = format!("echo {}", "x".repeat(900));
    let (_, _, events) = play(run(&line), Duration::ZERO, limits);
    let reply = events.iter().find_map(|event| match event {
        Event::Reply { bytes, digest, text, .. } => Some((*bytes, digest.clone(), text.raw().len())),
        _ => None,
    });
    let (bytes, digest, kept) = reply.unwrap();
    let whole = format!("{}\n", "x".repeat(900));
    assert_eq!((bytes, digest), (901, Some(digest::of(whole.as_bytes()))));
    assert!(kept < 700, "{kept} bytes kept");

    let long = vec![tool(&"t".repeat(100_000), json!({}))];
    let (_, size, _) = play(long, Duration::ZERO, limits);
    assert!(size < 10_000, "{size} bytes recorded of a tool with a long name");
}
