//! Trials that are played again because their provider failed: killed on the way, nothing is lost and nothing doubled.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chesterton::ledger::{self, RunFolder};
use chesterton::record::{Ending, Event, TrialId};
use simulators::chance::Chance;

use crate::standin::{Dialect, Fault, Said};
use crate::{agent, ending, lasting, root, serve, tree, wanderer};

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

fn start(place: &Path, verb: &[&str]) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_chesterton"));
    program
        .current_dir(root())
        .args(verb)
        .args(["--no-score", "--in-flight", "6", "--scenarios"])
        .arg(lasting());
    program.arg("--out").arg(place).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    program.spawn().unwrap()
}

#[test]
fn a_retry_that_is_killed_anywhere_loses_nothing_and_doubles_nothing() {
    let failures = Arc::new(AtomicUsize::new(0));
    let left = Arc::clone(&failures);
    let served = serve(move |asked| {
        let fails = asked.turn() == 2
            && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        if fails {
            Said::default().fault(Fault::Status(500))
        } else {
            wanderer(asked).after(Duration::from_millis(10))
        }
    });
    let place = tempfile::tempdir().unwrap();
    let agent = agent(place.path(), "model", &served, Dialect::Responses, "");
    let plan = ["run", "small", "--agent", &agent, "--setup", "inherited", "--trials", "40", "--name"];
    let play =
        |name: &str| start(place.path(), &plan.into_iter().chain([name]).collect::<Vec<_>>()).wait().unwrap();
    assert!(play("calm").success());
    let (calm, whole) = (tree(&place.path().join("calm")), served.standin.count());
    // A trial that fails does so in both of its tries.
    failures.store(24, Ordering::SeqCst);
    assert!(play("run").success());
    let run = place.path().join("run");
    let (all, failed) = sealed(&run);
    assert!(all.len() == 40 && (3..30).contains(&failed.len()), "{} of {} failed", failed.len(), all.len());
    let good: BTreeSet<TrialId> = all.iter().filter(|trial| !failed.contains(trial)).cloned().collect();
    let before = served.standin.count();
    let mut chance = Chance::stream(5, "retries");
    let (mut kills, mut inside) = (0, 0);
    let retry = ["resume", "run", "--retry", "provider-fault"];
    // From before the ledger is written anew, over that, to when trials are played.
    loop {
        let mut child = start(place.path(), &retry);
        std::thread::sleep(Duration::from_micros(u64::try_from(chance.between(2_000, 250_000)).unwrap()));
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
        inside += usize::from(still.is_empty() && now.len() < 40);
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
    let most = whole * failed.len() / 40 * 2 + 6 * kills;
    assert!(asked <= most, "{asked} answers, and {most} would be many");
}
