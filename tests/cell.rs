//! Agents that are processes: what they do is played, what they say is recorded, and they hurt nobody.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test fails loudly"
)]

mod cell {
    pub mod cheats;
    pub mod roads;
}

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chesterton::agent::ProcessAgent;
use chesterton::cell::{Demand, Layers};
use chesterton::gate::Setup;
use chesterton::ledger;
use chesterton::record::{Ending, Event};
use chesterton::runner::{Cast, Session, Wish};
use chesterton::scenario;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The file of an agent of this shell script, as a user writes it, with so many seconds.
fn put(folder: &Path, name: &str, script: &str, wall_s_max: u64) -> PathBuf {
    let path = folder.join(format!("{name}.toml"));
    let script = serde_json::to_string(script).unwrap();
    let text = format!(
        "name = \"{name}\"\nabout = \"a script\"\nkind = \"command\"\n\n[command]\nrun = [\"sh\", \"-c\", {script}]\n\n\
         [limits]\nturns_max = 400\nwall_s_max = {wall_s_max}\n",
    );
    fs::write(&path, text).unwrap();
    path
}

/// An agent of this shell script.
fn agent(script: &str, wall_s_max: u64) -> Arc<ProcessAgent> {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "shell", script, wall_s_max);
    let agents = ProcessAgent::wished(path.to_str().unwrap()).unwrap();
    Arc::new(agents.unwrap_or_else(|wrong| panic!("{}", wrong[0].render(false))).remove(0))
}

/// The record of what it does in `cost-explorer` under a setup.
fn played_under(agent: &Arc<ProcessAgent>, demand: Demand, setup: &str) -> Vec<u8> {
    let scenario = Arc::new(scenario::load(&root().join("scenarios/cost-explorer")).unwrap());
    let setups = vec![Arc::new(Setup::built_in(setup).unwrap().unwrap())];
    let scenarios = vec![(scenario, vec![Cast::Process(Arc::clone(agent), None)])];
    let wish = Wish { scenarios, setups, trials: 1, seed: 1, shard: None };
    Session::new(&wish).unwrap().in_cells(demand).play_in_memory().unwrap()
}

fn played_by(agent: &Arc<ProcessAgent>, demand: Demand) -> Vec<u8> {
    played_under(agent, demand, "inherited")
}

fn events(bytes: Vec<u8>) -> Vec<Event> {
    let mut trials: Vec<_> = ledger::read_bytes(bytes).collect::<Result<_, _>>().unwrap();
    assert_eq!(trials.len(), 1, "it was not sealed");
    trials.remove(0).events
}

fn played(script: &str) -> Vec<Event> {
    events(played_by(&agent(script, 60), Demand::BestEffort))
}

/// Whether this machine grants namespaces.
fn cells_are_granted() -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let layers = runtime.block_on(Layers::granted());
    println!("{layers}");
    if let Err(why) = &layers.namespaces {
        println!("no namespaces: {why}");
    }
    layers.namespaces.is_ok()
}

fn ending(events: &[Event]) -> &Ending {
    Event::ended(events).unwrap()
}

fn said(events: &[Event]) -> String {
    let said = |event: &Event| match event {
        Event::Said { text, .. } => text.raw().to_owned(),
        _ => String::new(),
    };
    events.iter().map(said).collect()
}

#[test]
fn a_process_gets_the_brief_and_what_it_says_and_how_it_ends_is_recorded() {
    let events = played("head -c 11; echo; ls; env | cut -d= -f1 | sort | tr '\\n' ' '; echo oh >&2");
    let said = said(&events);
    assert!(said.starts_with("You work in\n"), "{said}");
    assert!(said.contains("CODEOWNERS"), "{said}");
    assert!(said.contains("AWS_ACCESS_KEY_ID ") && said.contains("AWS_ENDPOINT_URL "), "{said}");
    assert!(said.ends_with("HOME LANG PATH PWD TERM TMPDIR USER "), "{said}");
    let wrote = events.iter().any(|e| matches!(e, Event::Wrote { text, .. } if text.raw() == "oh\n"));
    assert!(wrote);
    assert_eq!(ending(&events), &Ending::Finished);
    assert_eq!(
        ending(&played("echo no more >&2; exit 3")),
        &Ending::AgentFault("it ended with code 3: no more".to_owned())
    );
}

#[test]
fn recipes_are_whole_and_switch_off_what_calls_home() {
    let names: Vec<&str> = chesterton::agent::PROCESSES.names().collect();
    assert_eq!(names, ["claude-code", "codex", "opencode", "gemini-cli", "mini-swe-agent"]);
    for name in names {
        let wished = ProcessAgent::wished(&format!("{name}:all")).unwrap();
        let agents = wished.unwrap_or_else(|wrong| panic!("{}", wrong[0].render(false)));
        for agent in agents {
            assert!(agent.endpoint.is_some() && !agent.command.install.is_empty(), "{}", agent.name);
            assert!(!agent.told("the ticket").contains("careful"), "{}", agent.name);
            let text = format!("{:?}", agent.command).to_lowercase();
            let off = ["telemetry", "analytics", "disable_share", "startup"];
            assert!(off.iter().any(|word| text.contains(word)), "{}", agent.name);
        }
    }
}
