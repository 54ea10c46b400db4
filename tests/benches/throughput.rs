//! How fast the track is, beside something public measured in the same run: SQLite executing the scenario's own
//! `data/reports.sql` in memory, which is what building one database of the stage costs without our template.
//!
//! `cargo bench --bench throughput`; the README's developer section quotes the ratios.

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
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chesterton::base::limits::Limits;
use chesterton::cell::Demand;
use chesterton::gate::Setup;
use chesterton::ledger::{Draft, Index};
use chesterton::runner::{self, Cast, Options, Session, Wish};
use chesterton::scenario;
use criterion::{Criterion, criterion_group, criterion_main};
use simulators::World;
use simulators::sql::Data;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/cost-explorer")
}

/// Durable sealing may cost this much of the throughput of recording to memory.
const DURABLE_MIN: f64 = 0.8;
/// The median of so many rounds counts.
const ROUNDS: usize = 7;

fn wish(folder: &Path, agent: &str) -> Wish {
    let scenario = Arc::new(scenario::load(folder).unwrap());
    let scripts = scenario::scripts(folder).unwrap();
    let script = scripts.into_iter().find(|s| s.name == agent).unwrap();
    let setup = Setup::built_in("inherited").unwrap().unwrap();
    let cast = Cast::scripted(script);
    Wish {
        scenarios: vec![(scenario, vec![cast])],
        setups: vec![Arc::new(setup)],
        trials: 1,
        seed: 1,
        shard: None,
    }
}

fn throughput(criterion: &mut Criterion) {
    let sql = std::fs::read_to_string(folder().join("data/reports.sql")).unwrap();
    let stage = Arc::new(scenario::load(&folder()).unwrap().stage);
    let world = World::new(Arc::clone(&stage), 0).unwrap();
    let mut group = criterion.benchmark_group("throughput");
    group.sample_size(20);
    group.bench_function("yardstick: SQLite runs data/reports.sql", |b| {
        b.iter(|| Data::build(black_box(&sql)).unwrap());
    });
    group.bench_function("a world built from its stage", |b| {
        b.iter(|| World::new(Arc::clone(&stage), black_box(1)).unwrap());
    });
    group.bench_function("a world for one more trial", |b| {
        b.iter(|| black_box(&world).with_seed(black_box(1)));
    });
    for agent in ["idle", "fix", "incident"] {
        let session = runner::Session::new(&wish(&folder(), agent)).unwrap();
        group.bench_function(format!("a trial of `{agent}`, recorded in memory"), |b| {
            b.iter(|| session.play_in_memory().unwrap());
        });
    }
    group.finish();
}

/// Seconds for a round of trials recorded to memory.
fn in_memory(wish: &Wish) -> f64 {
    let begun = Instant::now();
    black_box(Session::new(wish).unwrap().play_in_memory().unwrap());
    begun.elapsed().as_secs_f64()
}

/// Seconds for the same trials sealed on a disk, forced there, on one thread as well; and with the ledger rewritten.
fn durably(wish: &Wish, results: &Path) -> (f64, f64) {
    let plan = runner::plan(wish);
    let (folder, _lock) = Draft::new(results, &plan).unwrap().publish(None, "bench").unwrap();
    let options = Options {
        jobs: 1,
        in_flight: 1,
        limits: Limits::default(),
        grace: Duration::from_secs(1),
        cell: Demand::default(),
    };
    let begun = Instant::now();
    let ran = runner::run(&folder, plan.clone(), wish, Index::default(), options, |_| ()).unwrap();
    let sealed = begun.elapsed().as_secs_f64();
    assert_eq!(ran.sealed, ran.planned);
    assert!(runner::conclude(&folder, &plan).unwrap());
    let rewritten = begun.elapsed().as_secs_f64();
    std::fs::remove_dir_all(folder.path()).unwrap();
    (sealed, rewritten)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What it costs that nothing is lost: the same trials, recorded to memory and sealed on the disk of `target/`.
fn durability(_: &mut Criterion) {
    let results = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    println!("\nsealed on the disk, in per cent of the throughput of recording to memory, one thread");
    // The first is as small as a trial can be and of no scenario that anybody plays: it shows the bare cost.
    let small = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lasting/small");
    let rounds =
        [("nothing", small, "idle", 1_000), ("idle", folder(), "idle", 40), ("fix", folder(), "fix", 10)];
    for (name, folder, agent, trials) in rounds {
        let wish = Wish { trials, ..wish(&folder, agent) };
        let (mut ratios, mut with_rewriting, mut rates) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let memory = in_memory(&wish);
            let (sealed, rewritten) = durably(&wish, results.path());
            ratios.push(memory / sealed);
            with_rewriting.push(memory / rewritten);
            rates.push(f64::from(trials) / sealed);
        }
        let (ratio, rewritten) = (median(ratios), median(with_rewriting));
        let rate = median(rates);
        println!(
            "  {name:9} {:5.1} %   with the rewriting at a run's end {:5.1} %   {rate:.0} trials/s",
            ratio * 100.0,
            rewritten * 100.0
        );
        let is_real = folder == self::folder();
        assert!(!is_real || ratio >= DURABLE_MIN, "durable sealing of `{name}` is at {:.1} %", ratio * 100.0);
    }
}

criterion_group!(benches, throughput, durability);
criterion_main!(benches);
