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
use std::path::PathBuf;
use std::sync::Arc;

use chesterton::gate::Setup;
use chesterton::runner::{self, Cast, Wish};
use chesterton::scenario;
use criterion::{Criterion, criterion_group, criterion_main};
use simulators::World;
use simulators::sql::Data;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/cost-explorer")
}

fn wish(agent: &str) -> Wish {
    let scenario = Arc::new(scenario::load(&folder()).unwrap());
    let scripts = scenario::scripts(&folder()).unwrap();
    let script = scripts.into_iter().find(|s| s.name == agent).unwrap();
    let setup = Setup::built_in("inherited").unwrap().unwrap();
    let cast = Cast { digest: script.digest(), script: Arc::new(script) };
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
        let session = runner::Session::new(&wish(agent)).unwrap();
        group.bench_function(format!("a trial of `{agent}`, recorded in memory"), |b| {
            b.iter(|| session.play_in_memory().unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, throughput);
criterion_main!(benches);
