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
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chesterton::base::limits::Limits;
use chesterton::gate::{Decider, Question, Setup};
use chesterton::ledger::read_bytes;
use chesterton::record::Event;
use chesterton::replay::{Replay, Scene};
use chesterton::runner::{Cast, Session, Wish};
use chesterton::scenario::{self, Scenario};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use simulators::call::Call;
use simulators::clock::Time;
use simulators::effect::Effect;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/cost-explorer")
}

fn setup(name: &str) -> Arc<Setup> {
    Arc::new(Setup::built_in(name).unwrap().unwrap())
}

/// A ledger of all reference agents under a setup.
fn ledger(scenario: &Arc<Scenario>, name: &str) -> Vec<u8> {
    let casts = scenario::scripts(&folder()).unwrap().into_iter().map(Cast::scripted).collect();
    let scenarios = vec![(Arc::clone(scenario), casts)];
    let wish = Wish { scenarios, setups: vec![setup(name)], trials: 1, seed: 1, shard: None };
    Session::new(&wish).unwrap().play_in_memory().unwrap()
}

fn trials(ledger: &[u8]) -> Vec<Vec<Event>> {
    read_bytes(ledger.to_vec()).map(|trial| trial.unwrap().events).collect()
}

/// Whether a group is to be measured: all are, unless the command line names some.
fn is_wanted(group: &str) -> bool {
    let mut filters = std::env::args().skip(1).filter(|word| !word.starts_with("--")).peekable();
    filters.peek().is_none() || filters.any(|word| word.contains(group))
}

/// What all threads of this process have computed so far.
fn computed() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    // User's and system's time, in hundredths of a second.
    let ticks: u64 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Calls a second of one core, whatever else the machine does and on however many threads this runs.
fn print_per_core(what: &str, calls: u64, mut once: impl FnMut()) {
    let (began, mut rounds) = (computed(), 0);
    while computed() - began < Duration::from_secs(3) {
        once();
        rounds += 1;
    }
    let rate = (calls * rounds) as f64 / (computed() - began).as_secs_f64();
    println!("{what}: {rate:.0} recorded calls a second of one core");
}

fn is_call(event: &&Event) -> bool {
    matches!(event, Event::Attempt { .. })
}

fn replays(criterion: &mut Criterion) {
    if !is_wanted("replay") {
        return;
    }
    let scenario = Arc::new(scenario::load(&folder()).unwrap());
    let recorded_here = ledger(&scenario, "inherited");
    let recorded = trials(&recorded_here);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut group = criterion.benchmark_group("replay");
    group.sample_size(20);
    for name in ["inherited", "peer-review", "least-privilege", "cedar-effects", "rego-effects"] {
        let scenes = [(scenario.digests.stage.clone(), Scene::new(&scenario).unwrap())].into();
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
        print_per_core(&format!("asking `{name}`"), calls, || {
            black_box(ask(black_box(&recorded)));
        });
        print_per_core(&format!("reading, and asking `{name}`"), calls, || {
            black_box(ask(&trials(black_box(&recorded_here))));
        });
        // Under the setup that they were recorded under, all calls are asked about, to the end.
        let own = ledger(&scenario, name);
        let of_own = ask(&trials(&own));
        print_per_core(
            &format!("reading, and asking `{name}` about all {of_own} of its own"),
            of_own,
            || {
                black_box(ask(&trials(black_box(&own))));
            },
        );
        let all: usize = recorded.iter().map(|events| events.iter().filter(is_call).count()).sum();
        println!("`{name}` is asked about {calls} of the {all} calls that are read");
        group.throughput(Throughput::Elements(calls));
        group.bench_function(
            format!("yardstick: reads the ledger of the {calls} calls under `{name}`"),
            |b| {
                b.iter(|| trials(black_box(&recorded_here)));
            },
        );
        group.bench_function(format!("asks `{name}` about {calls} calls"), |b| {
            b.iter(|| ask(black_box(&recorded)));
        });
        group.bench_function(format!("reads, and asks `{name}` about {calls} calls"), |b| {
            b.iter(|| ask(&trials(black_box(&recorded_here))));
        });
    }
    group.finish();
}

/// A recorded call with what was previewed of it.
struct Recorded {
    line: String,
    call: Call,
    effects: Vec<Effect>,
    at: Time,
}

fn recorded_calls(trials: &[Vec<Event>]) -> Vec<Recorded> {
    let mut calls: Vec<Recorded> = Vec::new();
    for event in trials.iter().flatten() {
        match event {
            Event::Attempt { at, line, call } => {
                calls.push(Recorded {
                    line: line.raw().to_owned(),
                    call: call.clone(),
                    effects: Vec::new(),
                    at: *at,
                });
            }
            Event::Preview { effects, .. } => effects.clone_into(&mut calls.last_mut().unwrap().effects),
            _ => {}
        }
    }
    calls
}

/// One decision after another, as a gate asks for them: per second, and how long the slowest of a hundred take.
fn decisions(criterion: &mut Criterion) {
    if !is_wanted("decisions") {
        return;
    }
    let scenario = Arc::new(scenario::load(&folder()).unwrap());
    let calls = recorded_calls(&trials(&ledger(&scenario, "inherited")));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut group = criterion.benchmark_group("decisions");
    group.sample_size(20);
    group.throughput(Throughput::Elements(1));
    let folder = tempfile::tempdir().unwrap();
    for (kind, name) in [
        ("native", "peer-review"),
        ("Cedar", "cedar-effects"),
        ("Rego", "rego-effects"),
        ("webhook", ""),
        ("hook process", "command-hook"),
    ] {
        let setup = if name.is_empty() { Ok(webhook(folder.path())) } else { Setup::built_in(name).unwrap() };
        let setup = match setup {
            Ok(setup) => Arc::new(setup),
            Err(wrong) => {
                println!("{kind}: left out, since {}", wrong[0].title());
                continue;
            }
        };
        let mut decider = Decider::new(setup, &Limits::default(), 1);
        let mut decide = |made: &Recorded| {
            let question = Question::of(&made.line, &made.call, &made.effects, made.at);
            runtime.block_on(decider.decide(question))
        };
        percentiles(kind, &calls, &mut decide);
        let mut turn = calls.iter().cycle();
        group.bench_function(kind, |b| b.iter(|| decide(black_box(turn.next().unwrap()))));
    }
    group.finish();
}

/// A setup with a webhook on this machine that allows everything, in the least that HTTP takes.
fn webhook(folder: &std::path::Path) -> Setup {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut part = [0; 1 << 20];
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"}") {
                let n = stream.read(&mut part).unwrap();
                asked.extend_from_slice(&part[..n]);
            }
            let answer = r#"{"decision": "allow"}"#;
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        }
    });
    let file = folder.join("setup.toml");
    let head = "name = \"webhook\"\nabout = \"a webhook\"\nprofile = \"inherited\"\n";
    std::fs::write(&file, format!("{head}[[guardrail]]\nkind = \"webhook\"\nurl = \"{url}\"\n")).unwrap();
    Setup::read(&file).unwrap()
}

fn percentiles<T>(kind: &str, calls: &[Recorded], decide: &mut impl FnMut(&Recorded) -> T) {
    let rounds = if kind == "hook process" { 2 } else { 100 };
    let mut took: Vec<Duration> = Vec::new();
    for made in calls.iter().cycle().take(calls.len() * rounds) {
        let began = Instant::now();
        black_box(decide(made));
        took.push(began.elapsed());
    }
    let all: Duration = took.iter().sum();
    took.sort_unstable();
    let at = |share: f64| took[((took.len() as f64 * share) as usize).min(took.len() - 1)];
    println!(
        "{kind}: {:.0} decisions/s, p50 {:?}, p99 {:?}, of {}",
        took.len() as f64 / all.as_secs_f64(),
        at(0.5),
        at(0.99),
        took.len()
    );
}

criterion_group!(benches, decisions, replays);
criterion_main!(benches);
