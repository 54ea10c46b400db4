//! A model's run from its first question to a replay without anybody: recorded, killed, resumed, replayed, one ledger.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use chesterton::score::Marks;

use crate::standin::Dialect;
use crate::{agent, marks_of, serve, start, tree, wanderer};

/// The run is killed so often, each time when as many more answers were asked for.
const KILLS: usize = 4;

fn marks(run: &Path) -> BTreeMap<String, Marks> {
    marks_of(run).into_iter().map(|marks| (marks.trial.clone(), marks)).collect()
}

#[test]
fn what_was_recorded_killed_resumed_and_replayed_is_one_ledger() {
    let served = serve(|asked| wanderer(asked).after(Duration::from_millis(15)));
    let place = tempfile::tempdir().unwrap();
    let agent = agent(place.path(), "model", &served, Dialect::Messages, "");
    let plan = [
        "run",
        "small",
        "--agent",
        &agent,
        "--setup",
        "inherited",
        "--trials",
        "20",
        "--no-score",
        "--in-flight",
    ];
    let play = |more: &[&str]| start(place.path(), &[&plan, more].concat());
    assert!(play(&["5", "--name", "calm"]).wait().unwrap().success());
    let whole = served.standin.count();
    let mut child = play(&["3", "--name", "run"]);
    for kill in 1..=KILLS {
        let far = whole + whole * kill / (KILLS + 2);
        let begun = Instant::now();
        while served.standin.count() < far {
            assert!(begun.elapsed() < Duration::from_secs(60), "kill {kill}: no answer is asked for");
            assert!(child.try_wait().unwrap().is_none(), "kill {kill}: the run is at its end");
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        child = start(place.path(), &["resume", "run", "--no-score", "--in-flight", "3"]);
    }
    assert!(child.wait().unwrap().success());
    let asked = served.standin.count() - whole;
    // What was in flight when it was killed is asked again, and nothing that was answered.
    assert!((whole..=whole + 2 * 3 * KILLS).contains(&asked), "{asked} answers for {whole}");
    drop(served);
    let replay = ["run", "--replay-tape", "run", "--no-score", "--name", "again"];
    assert!(start(place.path(), &replay).wait().unwrap().success());
    let at = |name: &str| place.path().join(name);
    assert!(tree(&at("run")) == tree(&at("calm")), "killed and resumed, it is another ledger");
    assert!(tree(&at("again")) == tree(&at("calm")), "replayed, it is another ledger");
    assert_eq!(marks(&at("again")), marks(&at("calm")));
    println!("{whole} answers, {KILLS} kills, {asked} asked for; replayed to the same bytes");
}
