//! A monkey at the keyboard: random but plausible command lines through the real door and gate, on the shipped
//! scenarios. Whatever it types, the world's laws hold.
//!
//! `CHESTERTON_MONKEY_ALL=1` plays all scenarios and not only the first two, `CHESTERTON_MONKEY_ALL=log-` those whose names begin so,
//! `CHESTERTON_MONKEY_SEEDS=500` more seeds, `CHESTERTON_MONKEY_FIRST=77` begins elsewhere,
//! `CHESTERTON_MONKEY_TRACE=1` prints each step before it is taken.

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

#[path = "monkey/agent.rs"]
mod agent;
#[path = "monkey/around.rs"]
mod around;
mod by_hand;
#[path = "monkey/grammar.rs"]
mod grammar;
#[path = "monkey/laws.rs"]
mod laws;
#[path = "monkey/slips.rs"]
mod slips;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use agent::{Monkey, Said};
use chesterton::base::limits::Limits;
use chesterton::gate::Setup;
use chesterton::ledger::{Recorded, Recorder, read_bytes};
use chesterton::record::{Event, TrialKey};
use chesterton::scenario::{self, Scenario};
use chesterton::trial::{self, Outcome, Trial};
use laws::Answered;
use simulators::World;
use simulators::call::Service;
use simulators::service::operations;

const SCENARIOS: [&str; 2] = ["cost-explorer", "cost-explorer-preview"];
const SETUPS: [&str; 3] = ["inherited", "least-privilege", "ask-first-rubber-stamp"];
const SEEDS: u64 = 4;
const STEPS: u32 = 120;
/// Real seconds after which a trial hangs.
const HANGS_S: u64 = 240;

/// A scenario with its world, built once.
struct Stand {
    scenario: Scenario,
    world: World,
}

fn stand(name: &str) -> Stand {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    let scenario = scenario::load(&folder).unwrap_or_else(|e| panic!("{e}"));
    let world = World::new(Arc::new(scenario.stage.clone()), 0).unwrap();
    Stand { scenario, world }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn key(scenario: &str, setup: &str, seed: u64) -> TrialKey {
    by_hand::key(scenario, "monkey", setup, seed)
}

/// Plays one trial; gives back its ledger's bytes.
fn play(stand: &Stand, key: &TrialKey, said: &Said) -> Vec<u8> {
    let setup = Setup::built_in(&key.setup).unwrap().unwrap();
    let world = stand.world.with_seed(key.seed);
    let limits = Limits { virtual_s_max: 20 * simulators::clock::DAY_S, ..Limits::default() };
    let steps = u32::try_from(number("CHESTERTON_MONKEY_STEPS", STEPS.into())).unwrap();
    let mut monkey = Monkey::new(key.seed, &key.scenario, steps, &stand.scenario.stage, Arc::clone(said));
    let trial = Trial { key, scenario: &stand.scenario, world, setup: Arc::new(setup), limits };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (recorder, outcome) = runtime.block_on(trial::play(trial, &mut monkey, Recorder::in_memory()));
    assert!(matches!(outcome, Outcome::Sealed(_)), "{outcome:?}");
    recorder.into_bytes()
}

/// What trials came across: the beginnings of lines that are not simulated, and the operations.
#[derive(Default)]
struct Coverage {
    gaps: BTreeMap<String, u32>,
    answered: Answered,
}

impl Coverage {
    fn add(&mut self, other: Self) {
        for (line, count) in other.gaps {
            *self.gaps.entry(line).or_default() += count;
        }
        for (operation, (done, refused)) in other.answered {
            let all = self.answered.entry(operation).or_default();
            *all = (all.0 + done, all.1 + refused);
        }
    }

    fn print(&self) {
        println!("not simulated:");
        for (line, count) in &self.gaps {
            println!("{count:>6} {line}");
        }
        println!("operations, done and refused:");
        for service in Service::ALL {
            for operation in operations(service) {
                let found = self.answered.get(&(service, operation.name.to_owned()));
                let (done, refused) = found.copied().unwrap_or_default();
                println!("{done:>6} {refused:>6} {service:?} {}", operation.name);
            }
        }
    }
}

/// One trial with everything that is to hold of it.
fn trial(stand: &Stand, key: &TrialKey, said: &Said) -> Coverage {
    let bytes = play(stand, key, said);
    let read: Vec<Recorded> = read_bytes(bytes.clone()).map(|t| t.unwrap()).collect();
    assert_eq!(read.len(), 1, "one sealed trial");
    assert!(read[0].bytes == bytes, "the ledger does not read back as it was written");
    let answered = laws::hold(&stand.world.with_seed(key.seed), &read[0]);
    let again = play(stand, key, &Said::default());
    assert!(again == bytes, "the same seed gave other bytes");
    let mut gaps = BTreeMap::new();
    for event in &read[0].events {
        if let Event::Unsimulated { line } = event {
            let words: Vec<&str> = line.raw().split_whitespace().take(3).collect();
            *gaps.entry(words.join(" ")).or_default() += 1;
        }
    }
    Coverage { gaps, answered }
}

/// Plays a trial on a thread of its own, so that one that hangs can be told.
fn watched(stand: &Arc<Stand>, key: TrialKey) -> Result<Coverage, String> {
    let (said, (done, waiting)) = (Said::default(), mpsc::channel());
    let (stand, heard, name) =
        (Arc::clone(stand), Arc::clone(&said), format!("{} {} seed {}", key.scenario, key.setup, key.seed));
    let worker = thread::spawn(move || {
        let played = std::panic::catch_unwind(AssertUnwindSafe(|| trial(&stand, &key, &heard)));
        drop(done.send(played.map_err(|cause| message(cause.as_ref()))));
    });
    let last = || {
        let said = said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        format!("step {}: {}", said.len(), said.last().cloned().unwrap_or_default())
    };
    let found = match waiting.recv_timeout(Duration::from_secs(HANGS_S)) {
        Ok(Ok(coverage)) => Ok(coverage),
        Ok(Err(why)) => Err(format!("{name}: {why}\n  at {}", last())),
        Err(RecvTimeoutError::Timeout) => panic!("{name} hangs at {}", last()),
        Err(RecvTimeoutError::Disconnected) => Err(format!("{name}: the thread is gone at {}", last())),
    };
    drop(worker.join());
    found
}

fn message(cause: &(dyn std::any::Any + Send)) -> String {
    let text = cause.downcast_ref::<String>().cloned();
    text.or_else(|| cause.downcast_ref::<&str>().map(|s| (*s).to_owned()))
        .unwrap_or_else(|| "a panic".to_owned())
}

#[test]
fn whatever_a_monkey_types_the_laws_hold() {
    let (first, seeds) = (number("CHESTERTON_MONKEY_FIRST", 1), number("CHESTERTON_MONKEY_SEEDS", SEEDS));
    let mut coverage = Coverage::default();
    let mut broken = Vec::new();
    let mut names: Vec<String> = SCENARIOS.map(str::to_owned).to_vec();
    if let Ok(which) = std::env::var("CHESTERTON_MONKEY_ALL") {
        names = scenario::list(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios")).unwrap();
        names.retain(|name| which == "1" || name.starts_with(&which));
    }
    for name in &names {
        let stand = Arc::new(stand(name));
        for seed in first..first + seeds {
            let setup = SETUPS[usize::try_from(seed).unwrap() % SETUPS.len()];
            let began = Instant::now();
            match watched(&stand, key(name, setup, seed)) {
                Ok(found) => coverage.add(found),
                Err(why) => {
                    println!("{}", why.chars().take(3000).collect::<String>());
                    broken.push(why);
                }
            }
            let took = began.elapsed();
            if took > Duration::from_secs(8) {
                println!("{name} {setup} seed {seed} took {took:?}");
            }
        }
    }
    coverage.print();
    assert!(broken.is_empty(), "{} trials broke a law", broken.len());
}
