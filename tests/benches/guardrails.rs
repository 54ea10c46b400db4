//! How fast guardrails decide, and recordings are replayed, beside something done in the same run: reading the ledger
//! that holds the recorded calls, its chain checked, which every replay has to do anyway.
//!
//! `cargo bench --bench guardrails`; the README's developer section quotes the figures.

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

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use chesterton::base::limits::Limits;
use chesterton::gate::Setup;
use chesterton::ledger::read_bytes;
use chesterton::record::Event;
use chesterton::replay::{Replay, Scene};
use chesterton::runner::{Cast, Session, Wish};
use chesterton::scenario::{self, Scenario};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/cost-explorer")
}

fn setup(name: &str) -> Arc<Setup> {
    Arc::new(Setup::built_in(name).unwrap().unwrap())
}

/// A ledger of all reference agents under `inherited`.
fn ledger(scenario: &Arc<Scenario>) -> Vec<u8> {
    let casts = scenario::scripts(&folder()).unwrap().into_iter().map(Cast::scripted).collect();
    let scenarios = vec![(Arc::clone(scenario), casts)];
    let wish = Wish { scenarios, setups: vec![setup("inherited")], trials: 1, seed: 1, shard: None };
    Session::new(&wish).unwrap().play_in_memory().unwrap()
}

fn trials(ledger: &[u8]) -> Vec<Vec<Event>> {
    read_bytes(ledger.to_vec()).map(|trial| trial.unwrap().events).collect()
}

fn replays(criterion: &mut Criterion) {
    let scenario = Arc::new(scenario::load(&folder()).unwrap());
    let ledger = ledger(&scenario);
    let recorded = trials(&ledger);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut group = criterion.benchmark_group("replay");
    group.sample_size(20);
    for name in ["inherited", "peer-review", "least-privilege"] {
        let scenes = [(scenario.name.clone(), Scene::new(&scenario).unwrap())].into();
        let replay = Replay {
            scenes,
            beginnings: [(setup("inherited").digest.clone(), String::new())].into(),
            setups: vec![setup(name)],
            limits: Limits::default(),
        };
        let ask = |trials: &[Vec<Event>]| -> u64 {
            let asked = trials.iter().flat_map(|events| runtime.block_on(replay.trial(events)));
            asked.map(|replayed| u64::from(replayed.asked)).sum()
        };
        let calls = ask(&recorded);
        group.throughput(Throughput::Elements(calls));
        group.bench_function(format!("yardstick: reads the ledger of the {calls} calls"), |b| {
            b.iter(|| trials(black_box(&ledger)));
        });
        group.bench_function(format!("asks `{name}` about {calls} calls"), |b| {
            b.iter(|| ask(black_box(&recorded)));
        });
        group.bench_function(format!("reads, and asks `{name}` about {calls} calls"), |b| {
            b.iter(|| ask(&trials(black_box(&ledger))));
        });
    }
    group.finish();
}

criterion_group!(benches, replays);
criterion_main!(benches);
