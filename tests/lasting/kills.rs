//! Killed anywhere, and resumed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use simulators::chance::Chance;

use crate::places::{
    SMALL, Tree, chesterton, how_many, place, planned, play, same_as_undisturbed, start, tree, words,
};

#[test]
fn killed_anywhere_and_resumed_it_is_the_undisturbed_run() {
    let mut chance = Chance::stream(11, "kills");
    let begun = Instant::now();
    assert!(play(place().path(), &["--name", "run"]).status.success());
    // Kills come at any moment of a run, which lasts longer on a busy machine.
    let longest_us = i64::try_from(begun.elapsed().as_micros()).unwrap();
    let (mut kills, mut late, mut by_threads) = (0, 0, BTreeMap::new());
    while kills < how_many("CHESTERTON_KILLS", 50) {
        let folder = place();
        let jobs = ["1", "4", "16"][by_threads.len() % 3];
        let jobs = if by_threads.len() < 3 {
            jobs
        } else {
            ["1", "4", "16"][usize::try_from(chance.between(0, 2)).unwrap()]
        };
        let first = planned(&["--name", "run", "--jobs", jobs]);
        let mut child = start(folder.path(), &words(&first));
        loop {
            std::thread::sleep(Duration::from_micros(u64::try_from(chance.between(1, longest_us)).unwrap()));
            let over = child.try_wait().unwrap().is_some();
            child.kill().unwrap();
            child.wait().unwrap();
            if over {
                late += 1;
                break;
            }
            kills += 1;
            *by_threads.entry(jobs).or_insert(0) += 1;
            let run = folder.path().join("results/run");
            assert!(!run.exists() || run.join("plan.json").exists(), "a run without a plan");
            child = match run.exists() {
                true => start(folder.path(), &["resume", "run", "--no-score", "--jobs", jobs]),
                false => start(folder.path(), &words(&first)),
            };
        }
        let output = chesterton(folder.path(), &["resume", "run", "--no-score"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let how = format!("after {kills} kills, {jobs} threads");
        same_as_undisturbed(&folder.path().join("results/run"), &how);
    }
    println!("{kills} kills, by threads {by_threads:?}, {late} runs came through: 0 trials lost, 0 doubled");
}

/// System calls by which a run changes what is on the disk.
const WRITING: [&str; 14] = [
    "write",
    "writev",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "mkdir",
    "openat",
    "unlink",
    "rmdir",
];

/// What the thread that plays writes, and what the ledger is rewritten to.
const LEDGERS: [&str; 4] = [
    "results/run/ledger",
    "results/run/ledger.new",
    "results/run/ledger/slot-0000-0000.jsonl",
    "results/run/ledger.new/part-00000.jsonl",
];

fn strace() -> bool {
    let wanted = std::env::var_os("CHESTERTON_STRACE").is_some();
    let is_there = Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok();
    if !wanted || !is_there {
        println!("skipped: set CHESTERTON_STRACE=1, with strace installed");
    }
    wanted && is_there
}

/// The small run, with one system call spoiled; only calls on `paths`, if there are any.
fn injected(folder: &Path, inject: &str, paths: &[&str]) -> Output {
    let call = inject.split(':').next().unwrap();
    let mut strace = Command::new("strace");
    strace.current_dir(folder).args(["-f", "-qq", "-o", "/dev/null", "-e"]).arg(format!("trace={call}"));
    strace.arg("-e").arg(format!("inject={inject}"));
    for path in paths {
        // As it is given to a call, and as the system knows an open file.
        strace.args(["-P", path, "-P"]).arg(folder.canonicalize().unwrap().join(path));
    }
    strace.arg(env!("CARGO_BIN_EXE_chesterton")).args(SMALL).stdin(Stdio::null()).output().unwrap()
}

fn goes_on(folder: &Path, undisturbed: &Tree, how: &str) {
    let run = folder.join("results/run");
    assert!(!run.exists() || run.join("plan.json").exists(), "{how}: a run without a plan");
    let verb: &[&str] = if run.exists() { &["resume", "run", "--no-score"] } else { &SMALL };
    let output = chesterton(folder, verb);
    assert!(output.status.success(), "{how}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(tree(&run) == *undisturbed, "{how}: another tree");
}

/// Deeper: killed at each system call that writes, one after another. Takes minutes, and needs `strace`.
#[test]
fn killed_at_every_writing_system_call_it_is_the_undisturbed_run() {
    if !strace() {
        return;
    }
    let calm = place();
    assert!(chesterton(calm.path(), &SMALL).status.success());
    let undisturbed = tree(&calm.path().join("results/run"));
    let mut kills = BTreeMap::new();
    // Calls are counted by thread, so those of the thread that plays are counted by themselves as well.
    for (call, paths) in WRITING.iter().flat_map(|call| [(call, &[][..]), (call, &LEDGERS[..])]) {
        for n in 1.. {
            let folder = place();
            if injected(folder.path(), &format!("{call}:signal=KILL:when={n}"), paths).status.success() {
                break;
            }
            *kills.entry(*call).or_insert(0) += 1;
            goes_on(folder.path(), &undisturbed, &format!("killed at {call} {n} of {paths:?}"));
        }
    }
    println!("killed at every system call, by kind: {kills:?}: 0 trials lost, 0 doubled");
    assert!(
        kills["write"] > 10 && kills["fdatasync"] > 4 && kills["fsync"] > 3 && kills["rename"] > 3,
        "{kills:?}"
    );
}

/// Deeper: the real system calls fail, with no room and with an error of the device.
#[test]
fn each_system_call_on_the_ledger_may_fail() {
    if !strace() {
        return;
    }
    let calm = place();
    assert!(chesterton(calm.path(), &SMALL).status.success());
    let undisturbed = tree(&calm.path().join("results/run"));
    let mut failed = BTreeMap::new();
    for (error, cause) in [("ENOSPC", "No space left on device"), ("EIO", "Input/output error")] {
        for call in ["write", "fsync", "fdatasync", "rename", "mkdir", "openat"] {
            for n in 1.. {
                let folder = place();
                let output = injected(folder.path(), &format!("{call}:error={error}:when={n}"), &LEDGERS);
                if output.status.success() {
                    break;
                }
                let told = String::from_utf8_lossy(&output.stderr).into_owned();
                let how = format!("{error} at {call} {n}");
                assert_eq!(output.status.code(), Some(6), "{how}: {told}");
                assert!(told.contains(cause) && told.contains("results/run"), "{how}: {told}");
                *failed.entry(format!("{call} {error}")).or_insert(0) += 1;
                goes_on(folder.path(), &undisturbed, &how);
            }
        }
    }
    println!("failed: {failed:?}; each run went on to the undisturbed one");
    assert!(failed.len() >= 8, "{failed:?}");
}
