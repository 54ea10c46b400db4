//! Trials that are played again because their provider failed: killed on the way, nothing is lost and nothing doubled.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chesterton::ledger::{self, RunFolder};
use chesterton::record::{Ending, Event, TrialId};
use simulators::chance::Chance;

use crate::standin::{Dialect, Fault, Said};
use crate::{agent, ending, serve, start, tree, wanderer};

/// After so many the run may come to its end.
const KILLS_MAX: usize = 14;

/// Sealed trials, each as often as it is there, and those of them whose provider failed.
fn sealed(run: &Path) -> (Vec<TrialId>, BTreeSet<TrialId>) {
    let (mut all, mut failed) = (Vec::new(), BTreeSet::new());
    for trial in ledger::read(&RunFolder::open(run).ledger()).unwrap().flatten() {
        let Some(Event::Opened { trial: key, .. }) = trial.events.first() else {
            panic!("a trial begins otherwise")
        };
        if matches!(ending(&trial.events), Ending::ProviderFault(_)) {
            failed.insert(key.id());
        }
        all.push(key.id());
    }
    (all, failed)
}

#[test]
fn a_retry_that_is_killed_anywhere_loses_nothing_and_doubles_nothing() {
    let breaks = Arc::new(AtomicBool::new(false));
    let broken = Arc::clone(&breaks);
    // Of four requests for a third turn two fail: both tries of one trial of three, while they are played one after another.
    let third_turns = AtomicUsize::new(0);
    let served = serve(move |asked| {
        let is_third = broken.load(Ordering::SeqCst) && asked.turn() == 2;
        match is_third && third_turns.fetch_add(1, Ordering::SeqCst) % 4 < 2 {
            true => Said::default().fault(Fault::Status(500)),
            false => wanderer(asked).after(Duration::from_millis(20)),
        }
    });
    let place = tempfile::tempdir().unwrap();
    let agent = agent(place.path(), "model", &served, Dialect::Responses, "");
    let plan = ["run", "small", "--agent", &agent, "--setup", "inherited", "--trials", "24", "--name"];
    let play = |name: &str, in_flight: &str| {
        let more = [name, "--no-score", "--in-flight", in_flight];
        start(place.path(), &plan.into_iter().chain(more).collect::<Vec<_>>()).wait().unwrap()
    };
    assert!(play("calm", "6").success());
    let (calm, whole) = (tree(&place.path().join("calm")), served.standin.count());
    breaks.store(true, Ordering::SeqCst);
    assert!(play("run", "1").success());
    breaks.store(false, Ordering::SeqCst);
    let run = place.path().join("run");
    let (all, failed) = sealed(&run);
    assert!(all.len() == 24 && (3..20).contains(&failed.len()), "{} of {} failed", failed.len(), all.len());
    let good: BTreeSet<TrialId> = all.iter().filter(|trial| !failed.contains(trial)).cloned().collect();
    let before = served.standin.count();
    let mut chance = Chance::stream(5, "retries");
    let (mut kills, mut inside) = (0, 0);
    let retry = ["resume", "run", "--no-score", "--in-flight", "2", "--retry", "provider-fault"];
    // From before the ledger is written anew, over that, to when trials are played: a look at the run takes about as long as
    // it takes to get there, on whatever machine.
    let begun = Instant::now();
    assert!(start(place.path(), &["doctor", "run"]).wait().unwrap().success());
    let longest_us = i64::try_from(begun.elapsed().as_micros()).unwrap() * 2;
    loop {
        let mut child = start(place.path(), &retry);
        std::thread::sleep(Duration::from_micros(u64::try_from(chance.between(1_000, longest_us)).unwrap()));
        child.kill().unwrap();
        if child.wait().unwrap().success() || kills == KILLS_MAX {
            break;
        }
        kills += 1;
        let (now, still) = sealed(&run);
        let distinct: BTreeSet<&TrialId> = now.iter().collect();
        assert_eq!(distinct.len(), now.len(), "after {kills} kills a trial is there twice");
        assert!(
            good.iter().all(|trial| distinct.contains(trial)),
            "after {kills} kills a sealed trial is lost"
        );
        inside += usize::from(still.is_empty() && now.len() < 24);
    }
    assert!(start(place.path(), &retry).wait().unwrap().success());
    assert!(tree(&run) == calm, "another run than the one without faults");
    let asked = served.standin.count() - before;
    println!(
        "{kills} kills, {inside} of them between dropping and sealing; {asked} answers for {} trials",
        failed.len()
    );
    assert!(kills >= 3 && inside >= 1, "{kills} kills, {inside} on the way");
    // The failed trials' answers, and what was in flight at each kill: no trial that was sealed is played again.
    let most = whole * failed.len() / 24 * 2 + 2 * kills;
    assert!(asked <= most, "{asked} answers, and {most} would be many");
}
