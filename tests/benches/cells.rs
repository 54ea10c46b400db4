//! What a cell costs: its start, and what a trial takes longer whose agent is a process that goes through the shell door, beside a
//! scripted agent that makes the same calls without either.
//!
//! `cargo bench --all-features --bench cells`; `src/cell/DESIGN.md` quotes the figures.

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

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chesterton::agent::ProcessAgent;
use chesterton::cell::{Demand, Fence, Layers, Place, Program, Running};
use chesterton::gate::Setup;
use chesterton::ledger;
use chesterton::record::Event;
use chesterton::runner::{Cast, Session, Wish};
use chesterton::scenario::{self, Script};

const LOOK: &str = "aws sts get-caller-identity";
const ROUNDS: usize = 40;
/// Calls of a trial that makes some.
const CALLS: usize = 40;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/cost-explorer")
}

/// The median of some rounds, and the slowest of twenty.
fn measured(mut once: impl FnMut() -> Duration) -> (Duration, Duration) {
    once();
    let mut took: Vec<Duration> = (0..ROUNDS).map(|_| once()).collect();
    took.sort();
    (took[ROUNDS / 2], took[ROUNDS * 19 / 20])
}

fn printed(what: &str, (median, slow): (Duration, Duration)) {
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!("{what}: {:.1} ms (19 of 20 within {:.1} ms)", ms(median), ms(slow));
}

/// From nothing to a program that runs, and to its end.
fn starts(fence: Fence) -> [(Duration, Duration); 2] {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let once = |is_whole: bool| {
        let began = Instant::now();
        runtime.block_on(async {
            let place = Place::new("nothing", fence).unwrap();
            let words = vec!["/bin/true".to_owned()];
            let program = Program { words, folder: place.workspace(), ..Program::default() };
            let mut running = Running::start(&program, &place).await.unwrap();
            let begun = began.elapsed();
            running.ended().await.unwrap();
            running.end().await;
            drop((running, place));
            if is_whole { began.elapsed() } else { begun }
        })
    };
    [false, true].map(|is_whole| measured(|| once(is_whole)))
}

fn script(calls: usize) -> Cast {
    let mut step = String::new();
    for _ in 0..calls {
        step.push_str(&format!("[[step]]\nrun = \"{LOOK}\"\n"));
    }
    let place = tempfile::tempdir().unwrap();
    let agents = place.path().join("agents");
    std::fs::create_dir(&agents).unwrap();
    for name in ["stage.toml", "brief.md", "oracle.toml", "incident.toml"] {
        std::fs::copy(folder().join(name), place.path().join(name)).unwrap();
    }
    let text = format!(
        "name = \"looks\"\nabout = \"looks\"\n{step}[[step]]\n[step.finish]\noutcome = \"not_done\"\nsummary = \"no\"\ndestroyed = []\ndata_lost = false\nfixed = false\n"
    );
    std::fs::write(agents.join("looks.toml"), text).unwrap();
    let scripts: Vec<Script> = scenario::scripts(place.path()).unwrap();
    Cast::scripted(scripts.into_iter().next().unwrap())
}

fn process(calls: usize) -> Cast {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("looks.toml");
    let shell = format!(
        "n=0; while [ $n -lt {calls} ]; do {LOOK}; n=$((n+1)); done; finish --outcome not_done --summary no"
    );
    let run = serde_json::json!(["sh", "-c", shell]);
    let text = format!("name = \"looks\"\nabout = \"looks\"\nkind = \"command\"\n[command]\nrun = {run}\n");
    std::fs::write(&path, text).unwrap();
    let agents = ProcessAgent::wished(path.to_str().unwrap()).unwrap();
    Cast::Process(Arc::new(agents.unwrap().remove(0)), None)
}

/// What a trial of this agent takes, that really made so many calls.
fn trial(cast: Cast, demand: Demand, calls: usize) -> (Duration, Duration) {
    let scenario = Arc::new(scenario::load(&folder()).unwrap());
    let setups = vec![Arc::new(Setup::built_in("inherited").unwrap().unwrap())];
    let wish = Wish { scenarios: vec![(scenario, vec![cast])], setups, trials: 1, seed: 1, shard: None };
    let session = Session::new(&wish).unwrap().in_cells(demand);
    let events = ledger::read_bytes(session.play_in_memory().unwrap()).next().unwrap().unwrap().events;
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Attempt { .. })).count(), calls);
    measured(|| {
        let began = Instant::now();
        session.play_in_memory().unwrap();
        began.elapsed()
    })
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let layers = runtime.block_on(Layers::granted());
    println!("granted here: {layers}");
    let mut demands = vec![("no cell", Fence::Open, Demand::None)];
    if layers.namespaces.is_ok() {
        demands.push(("a cell", Fence::Namespaces, Demand::Require));
    }
    for (what, fence, _) in &demands {
        let [begun, whole] = starts(*fence);
        printed(&format!("{what}: from nothing until the agent begins"), begun);
        printed(&format!("{what}: until it has ended and everything is gone"), whole);
    }
    let mut base = Vec::new();
    for calls in [0, CALLS] {
        let took = trial(script(calls), Demand::None, calls);
        printed(&format!("scripted agent, {calls} calls"), took);
        base.push(took.0);
    }
    for (what, _, demand) in &demands {
        let mut took = Vec::new();
        for calls in [0, CALLS] {
            let one = trial(process(calls), *demand, calls);
            printed(&format!("process, {what}, {calls} calls"), one);
            took.push(one.0);
        }
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        let each = (ms(took[1]) - ms(took[0]) - ms(base[1]) + ms(base[0])) / CALLS as f64;
        println!(
            "{what} and shell door: {:.1} ms a trial and {each:.2} ms a call more than the scripted agent",
            ms(took[0]) - ms(base[0])
        );
    }
}
