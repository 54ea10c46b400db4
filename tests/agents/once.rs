//! However a provider fails on the way, what a model does is done once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;

use chesterton::base::exit::Exit;
use chesterton::ledger;
use chesterton::record::{Ending, Event};
use serde_json::json;

use crate::standin::{Dialect, Fault, Said};
use crate::{agent, chesterton, command, ending, lasting, serve};

/// Faults that pass: the first try of each turn meets another one.
const FAULTS: [Fault; 18] = [
    Fault::CutAfterTool,
    Fault::CutMidFrame,
    Fault::EndsEarly,
    Fault::Reset,
    Fault::Closed,
    Fault::BusySeconds(0),
    Fault::BusyMs(20),
    Fault::BusyBody(20),
    Fault::Busy,
    Fault::Status(500),
    Fault::Status(502),
    Fault::Status(529),
    Fault::Malformed,
    Fault::WrongShape,
    Fault::Empty,
    Fault::Html,
    Fault::Gzip,
    Fault::ErrorInside,
];

/// The first try of each turn breaks, mostly with the use of the tool already on its way, and the next one says the same again.
#[test]
fn no_tool_is_played_twice_however_an_answer_breaks() {
    let met = Mutex::new(BTreeSet::new());
    let served = serve(move |asked| {
        let turn = asked.turn();
        let Some(fault) = FAULTS.get(turn) else {
            return crate::report();
        };
        let is_first = met.lock().unwrap().insert((format!("{:?}", asked.dialect), asked.stream, turn));
        let said = Said::text("One more.")
            .and_tool("run_command", &command(&format!("echo line {turn}.")).to_string());
        if is_first { said.fault(*fault) } else { said }
    });
    let place = tempfile::tempdir().unwrap();
    let mut verb = ["run", "small", "--setup", "inherited", "--trials", "1", "--name", "run", "--no-score"]
        .map(str::to_owned)
        .to_vec();
    for dialect in Dialect::ALL {
        for stream in [false, true] {
            let path = agent(place.path(), &format!("{dialect:?}-{stream}"), &served, dialect, "");
            let text = fs::read_to_string(&path).unwrap();
            let text = text.replace("\nprice =", &format!("\nstream = {stream}\nprice ="));
            let patience = "patience = { turn_ms = 20000, silence_ms = 400, backoff_ms = 1, ";
            fs::write(
                &path,
                text.replace(
                    "patience = { turn_ms = 20000, backoff_ms = 1, tries_max = 2",
                    &format!("{patience}tries_max = 5"),
                ),
            )
            .unwrap();
            verb.extend(["--agent".to_owned(), path]);
        }
    }
    let verb: Vec<&str> = verb.iter().map(String::as_str).collect();
    let (exit, printed) = chesterton(&lasting(), place.path(), &verb);
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    let mut played = BTreeMap::new();
    for trial in ledger::read(&place.path().join("run/ledger")).unwrap().map(Result::unwrap) {
        let Some(Event::Opened { trial: key, .. }) = trial.events.first() else {
            panic!("a trial begins otherwise")
        };
        assert_eq!(ending(&trial.events), Ending::Finished, "{}", key.agent);
        let used: Vec<String> = trial
            .events
            .iter()
            .filter_map(|event| {
                if let Event::Tool { tool, .. } = event { Some(tool.arguments.to_string()) } else { None }
            })
            .collect();
        let each = (0..FAULTS.len()).map(|turn| command(&format!("echo line {turn}.")).to_string());
        assert_eq!(used[..FAULTS.len()], each.collect::<Vec<_>>(), "{}", key.agent);
        played.insert(key.agent.clone(), used.len());
    }
    assert_eq!(played.len(), 8);
    assert!(played.values().all(|used| *used == FAULTS.len() + 1), "{played:?}");
    let requests = served.standin.count();
    assert!(requests >= 8 * (2 * FAULTS.len() + 1), "{requests} requests: a fault was not met");
    println!(
        "{requests} requests, {} faults for each of {} agents: each tool played once; {}",
        FAULTS.len(),
        played.len(),
        json!(played)
    );
}
