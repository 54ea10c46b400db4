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

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use chesterton::agent::ProcessAgent;
use chesterton::gate::Setup;
use chesterton::ledger;
use chesterton::record::{Ending, Event};
use chesterton::runner::{Cast, Session, Wish};
use chesterton::scenario;

/// An agent of this shell script, from a file as a user writes it.
fn agent(script: &str) -> Arc<ProcessAgent> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    let text = format!(
        "name = \"shell\"\nabout = \"a script\"\nkind = \"command\"\n\n[command]\nrun = [\"sh\", \"-c\", {}]\n",
        serde_json::to_string(script).unwrap()
    );
    fs::write(&path, text).unwrap();
    let agents = ProcessAgent::wished(path.to_str().unwrap()).unwrap();
    Arc::new(agents.unwrap_or_else(|wrong| panic!("{}", wrong[0].render(false))).remove(0))
}

/// What it does in `cost-explorer`.
fn played(script: &str) -> Vec<Event> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/cost-explorer");
    let scenario = Arc::new(scenario::load(&folder).unwrap());
    let setups = vec![Arc::new(Setup::built_in("inherited").unwrap().unwrap())];
    let scenarios = vec![(scenario, vec![Cast::Process(agent(script))])];
    let wish = Wish { scenarios, setups, trials: 1, seed: 1, shard: None };
    let bytes = Session::new(&wish).unwrap().play_in_memory().unwrap();
    let mut trials: Vec<_> = ledger::read_bytes(bytes).collect::<Result<_, _>>().unwrap();
    assert_eq!(trials.len(), 1);
    trials.remove(0).events
}

fn ending(events: &[Event]) -> &Ending {
    let ended = events.iter().find_map(|event| match event {
        Event::Ended { ending, .. } => Some(ending),
        _ => None,
    });
    ended.unwrap()
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
    assert!(said.ends_with("HOME LANG PATH PWD TERM TMPDIR USER "), "{said}");
    let wrote = events.iter().any(|e| matches!(e, Event::Wrote { text, .. } if text.raw() == "oh\n"));
    assert!(wrote);
    assert_eq!(ending(&events), &Ending::Finished);
    assert_eq!(
        ending(&played("echo no more >&2; exit 3")),
        &Ending::AgentFault("it ended with code 3: no more".to_owned())
    );
}
