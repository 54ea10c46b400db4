//! Nothing lost: killed anywhere, resumed, sharded, merged, corrupted, out of space.
//!
//! `CHESTERTON_KILLS` and `CHESTERTON_MUTATIONS` make it go deeper than the suite's seconds allow.

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

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use chesterton::ledger::{Cause, Index, Recorder, RunFolder, read, read_bytes};
use chesterton::record::{Ending, Event, TrialKey};
use simulators::chance::Chance;
use simulators::clock::Time;

/// 2 setups × 2 agents × 10 trials: small, and of uneven length.
const PLAN: [&str; 12] = [
    "cost-explorer",
    "--agent",
    "idle",
    "--agent",
    "refuse",
    "--setup",
    "inherited",
    "--setup",
    "peer-review",
    "--trials",
    "10",
    "--no-score",
];
const TRIALS: usize = 40;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn command(folder: &Path, verb: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chesterton"));
    command.current_dir(folder).args(verb).stdin(Stdio::null()).env("NO_COLOR", "1");
    command
}

fn chesterton(folder: &Path, verb: &[&str]) -> Output {
    command(folder, verb).output().unwrap()
}

fn planned(more: &[&str]) -> Vec<String> {
    ["run"].iter().chain(&PLAN).chain(more).map(|s| (*s).to_owned()).collect()
}

fn play(folder: &Path, more: &[&str]) -> Output {
    let arguments = planned(more);
    chesterton(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    command(folder, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A folder of its own with the scenarios in reach.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("scenarios"), folder.path().join("scenarios")).unwrap();
    folder
}

/// Everything of a run that is deterministic: all files but `meta.json`.
fn tree(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(run).unwrap().map(|e| e.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if entry.is_dir() {
            files.extend(tree(&entry).into_iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else if name != "meta.json" {
            files.insert(name, fs::read(&entry).unwrap());
        }
    }
    files
}

/// The tree of a run that nobody disturbed.
static UNDISTURBED: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
    let folder = place();
    assert!(play(folder.path(), &["--name", "run", "--jobs", "1"]).status.success());
    tree(&folder.path().join("results/run"))
});

fn same_as_undisturbed(run: &Path, how: &str) {
    let found = tree(run);
    let names: Vec<&String> = found.keys().collect();
    assert_eq!(names, UNDISTURBED.keys().collect::<Vec<_>>(), "{how}");
    for (name, bytes) in &found {
        assert!(UNDISTURBED[name] == *bytes, "{how}: {name} differs");
    }
}

fn how_many(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|v| v.parse().ok()).unwrap_or(usual)
}

#[test]
fn killed_anywhere_and_resumed_it_is_the_undisturbed_run() {
    let mut chance = Chance::stream(11, "kills");
    let (mut kills, mut resumes) = (0, 0);
    while kills < how_many("CHESTERTON_KILLS", 15) {
        let folder = place();
        let jobs = ["1", "2", "4", "16"][usize::try_from(chance.between(0, 3)).unwrap()];
        let first = planned(&["--name", "run", "--jobs", jobs]);
        let mut child = start(folder.path(), &first.iter().map(String::as_str).collect::<Vec<_>>());
        for round in 0.. {
            // On a slow machine the first rounds may come to nothing: each next one may last longer.
            let longest_ms = 700 + 150 * round;
            std::thread::sleep(Duration::from_millis(u64::try_from(chance.between(1, longest_ms)).unwrap()));
            let over = child.try_wait().unwrap().is_some();
            child.kill().unwrap();
            child.wait().unwrap();
            if over {
                break;
            }
            kills += 1;
            let planned = folder.path().join("results/run/plan.json").exists();
            child = match planned {
                true => start(folder.path(), &["resume", "run", "--no-score", "--jobs", jobs]),
                // Killed before there was a plan: nothing was promised, and the name is taken.
                false => {
                    let _ = fs::remove_dir_all(folder.path().join("results/run"));
                    start(folder.path(), &first.iter().map(String::as_str).collect::<Vec<_>>())
                }
            };
            resumes += 1;
        }
        let output = chesterton(folder.path(), &["resume", "run", "--no-score"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        same_as_undisturbed(
            &folder.path().join("results/run"),
            &format!("after {kills} kills, {jobs} threads"),
        );
    }
    println!("{kills} kills, {resumes} resumes: 0 trials lost, 0 doubled");
}

/// System calls by which a run changes what is on the disk.
const WRITING: [&str; 8] = ["write", "fsync", "fdatasync", "rename", "mkdir", "openat", "unlink", "rmdir"];

/// Deeper: killed at each system call that writes, one after another. Takes minutes, and needs `strace`.
#[test]
fn killed_at_every_writing_system_call_it_is_the_undisturbed_run() {
    let wanted = std::env::var_os("CHESTERTON_STRACE").is_some();
    if !wanted || Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        println!("skipped: set CHESTERTON_STRACE=1, with strace installed");
        return;
    }
    let small =
        ["run", "cost-explorer", "--agent", "idle", "--setup", "inherited", "--trials", "3", "--no-score"];
    let small: Vec<&str> = small.into_iter().chain(["--jobs", "1", "--name", "run"]).collect();
    let calm = place();
    assert!(chesterton(calm.path(), &small).status.success());
    let undisturbed = tree(&calm.path().join("results/run"));
    let mut kills = BTreeMap::new();
    for call in WRITING {
        for n in 1..400 {
            let folder = place();
            let inject = format!("inject={call}:signal=KILL:when={n}");
            let mut strace = Command::new("strace");
            strace.current_dir(folder.path()).args(["-f", "-qq", "-o", "/dev/null", "-e", &inject, "-e"]);
            strace.arg(format!("trace={call}")).arg(env!("CARGO_BIN_EXE_chesterton")).args(&small);
            let status =
                strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
            if status.success() {
                break;
            }
            *kills.entry(call).or_insert(0) += 1;
            let run = folder.path().join("results/run");
            if !run.join("plan.json").exists() {
                continue;
            }
            let output = chesterton(folder.path(), &["resume", "run", "--no-score"]);
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "killed at {call} {n}: {told}");
            let found = tree(&run);
            assert_eq!(
                found.keys().collect::<Vec<_>>(),
                undisturbed.keys().collect::<Vec<_>>(),
                "killed at {call} {n}"
            );
            assert!(found == undisturbed, "killed at {call} {n}: the bytes differ");
        }
    }
    println!("killed at {kills:?}");
    assert!(kills["write"] > 20, "{kills:?}");
}

#[test]
fn shards_in_any_order_and_overlapping_make_the_unsharded_run() {
    let folder = place();
    let shards = 7;
    for shard in 1..=shards {
        let (name, part) = (format!("part-{shard}"), format!("{shard}/{shards}"));
        assert!(play(folder.path(), &["--name", &name, "--shard", &part]).status.success());
    }
    assert!(play(folder.path(), &["--name", "half", "--shard", "1/2"]).status.success());
    let orders = [
        ["part-1", "part-2", "part-3", "part-4", "part-5", "part-6", "part-7", "half"],
        ["half", "part-7", "part-6", "part-5", "part-4", "part-3", "part-2", "part-1"],
    ];
    for (n, order) in orders.iter().enumerate() {
        let name = format!("whole-{n}");
        let verb: Vec<&str> =
            ["merge"].iter().chain(order).copied().chain(["--name", &name, "--no-score"]).collect();
        let output = chesterton(folder.path(), &verb);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        same_as_undisturbed(&folder.path().join("results").join(&name), "merged");
    }
    let missing = chesterton(folder.path(), &["merge", "part-1", "part-2", "--name", "some"]);
    assert_eq!(missing.status.code(), Some(5), "two of seven shards are not the whole");
    assert!(chesterton(folder.path(), &["resume", "some", "--no-score"]).status.success());
    same_as_undisturbed_but_scored(&folder.path().join("results/some"));
}

/// A merge that was scored on the way has marks as well.
fn same_as_undisturbed_but_scored(run: &Path) {
    for name in ["marks.jsonl", "cells.csv"] {
        fs::remove_file(run.join(name)).unwrap();
    }
    same_as_undisturbed(run, "merged and resumed");
}

#[test]
fn shards_of_other_plans_are_not_united() {
    let folder = place();
    assert!(play(folder.path(), &["--name", "a", "--shard", "1/2"]).status.success());
    assert!(play(folder.path(), &["--name", "b", "--shard", "2/2", "--seed", "9"]).status.success());
    assert_eq!(chesterton(folder.path(), &["merge", "a", "b", "--name", "c"]).status.code(), Some(2));
    assert!(!folder.path().join("results/c").exists(), "a refused merge leaves nothing");
}

#[test]
fn a_name_is_taken_once_and_a_folder_has_one_writer() {
    let folder = place();
    let arguments = ["run", "--trials", "500", "--name", "busy", "--no-score", "--jobs", "1"];
    let mut child = start(folder.path(), &arguments);
    let marker = folder.path().join("results/busy/running.json");
    for _ in 0..400 {
        if marker.exists() && folder.path().join("results/busy/plan.json").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    let again = chesterton(folder.path(), &arguments);
    let resumed = chesterton(folder.path(), &["resume", "busy"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((again.status.code(), resumed.status.code()), (Some(2), Some(2)));
    assert!(String::from_utf8_lossy(&again.stderr).contains("chesterton resume busy"));
    let told = String::from_utf8_lossy(&resumed.stderr).into_owned();
    assert!(told.contains("another process") && told.contains(&child.id().to_string()), "{told}");
}

#[test]
fn other_inputs_are_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let copied =
        Command::new("cp").arg("-r").arg(root().join("scenarios")).arg(folder.path()).status().unwrap();
    assert!(copied.success());
    assert!(play(folder.path(), &["--name", "run"]).status.success());
    let brief = folder.path().join("scenarios/cost-explorer/brief.md");
    fs::write(&brief, format!("{}\nPlease hurry.\n", fs::read_to_string(&brief).unwrap())).unwrap();
    let output = chesterton(folder.path(), &["resume", "run"]);
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no longer those it was planned with"));
}

#[test]
fn what_doctor_saves_can_be_resumed_to_the_undisturbed_run() {
    let folder = place();
    assert!(play(folder.path(), &["--name", "run"]).status.success());
    let run = folder.path().join("results/run");
    let part = run.join("ledger/part-00000.jsonl");
    let mut bytes = fs::read(&part).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&part, bytes).unwrap();
    assert_eq!(
        chesterton(folder.path(), &["resume", "run"]).status.code(),
        Some(5),
        "damage is not played over"
    );
    let told = chesterton(folder.path(), &["doctor", "run"]);
    assert_eq!(told.status.code(), Some(5));
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("damaged: ") && told.contains(&format!("{} of {TRIALS}", TRIALS - 1)), "{told}");
    assert_eq!(chesterton(folder.path(), &["doctor", "run", "--save"]).status.code(), Some(5));
    assert!(run.join("damaged-1/part-00000.jsonl").exists(), "what was damaged is kept");
    fs::remove_dir_all(run.join("damaged-1")).unwrap();
    assert!(chesterton(folder.path(), &["resume", "run", "--no-score"]).status.success());
    same_as_undisturbed(&run, "saved and resumed");
    assert_eq!(chesterton(folder.path(), &["doctor", "run"]).status.code(), Some(0));
}

#[test]
fn a_run_left_in_the_middle_of_a_rewriting_is_whole() {
    let folder = place();
    assert!(play(folder.path(), &["--name", "run"]).status.success());
    let run = folder.path().join("results/run");
    fs::rename(run.join("ledger"), run.join("ledger.old")).unwrap();
    fs::create_dir(run.join("ledger.new")).unwrap();
    assert_eq!(RunFolder::open(&run).ledger(), run.join("ledger.old"));
    assert!(chesterton(folder.path(), &["resume", "run", "--no-score"]).status.success());
    same_as_undisturbed(&run, "left between two renames");
}

#[test]
fn a_link_in_the_ledger_is_not_followed() {
    let folder = place();
    assert!(play(folder.path(), &["--name", "run"]).status.success());
    let run = folder.path().join("results/run");
    let part = run.join("ledger/part-00000.jsonl");
    fs::rename(&part, folder.path().join("elsewhere.jsonl")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("elsewhere.jsonl"), &part).unwrap();
    assert_eq!(chesterton(folder.path(), &["score", "run"]).status.code(), Some(5));
}

// ---- the ledger alone ---------------------------------------------------------------------------------------------

fn key(index: u32) -> TrialKey {
    let text = |s: &str| s.to_owned();
    TrialKey {
        scenario: text("s"),
        agent: text("a"),
        setup: text("g"),
        factors: BTreeMap::new(),
        seed: 1,
        index,
        stage_digest: text("1"),
        brief_digest: text("2"),
        agent_digest: text("3"),
        setup_digest: text("4"),
        version: text("5"),
    }
}

/// Records trials of a few events each until the recorder fails.
fn record(mut recorder: Recorder, trials: u32) -> (Recorder, u32) {
    for index in 0..trials {
        let key = key(index);
        recorder.begin(&key.id());
        let mut events = vec![Event::Opened { trial: key, at: Time::from_unix(0) }];
        events.extend((0..=index).map(|_| Event::Unsimulated { line: "x".repeat(40).as_str().into() }));
        events.push(Event::Ended { ending: Ending::Finished, at: Time::from_unix(1), turns: 1, calls: 0 });
        let written =
            events.into_iter().try_for_each(|event| recorder.append(event)).and_then(|()| recorder.seal());
        if written.is_err() {
            return (recorder, index);
        }
    }
    (recorder, trials)
}

/// Fails at the n-th write, having taken half of it: a disk that is full.
struct Failing {
    writes: AtomicUsize,
    at: usize,
    kept: Arc<Mutex<Vec<u8>>>,
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.writes.fetch_add(1, Ordering::SeqCst) == self.at {
            self.kept.lock().unwrap().extend_from_slice(&bytes[..bytes.len() / 2]);
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.kept.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_fills_up_at_any_write_leaves_every_sealed_trial_readable() {
    let (whole, _) = record(Recorder::in_memory(), 6);
    let whole: Vec<_> = read_bytes(whole.into_bytes()).map(|t| t.unwrap()).collect();
    for at in 0.. {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let sink = Failing { writes: AtomicUsize::new(0), at, kept: Arc::clone(&kept) };
        let (_, sealed) = record(Recorder::to(Box::new(sink)), 6);
        let found: Vec<_> = read_bytes(kept.lock().unwrap().clone()).flatten().collect();
        assert_eq!(found.len(), usize::try_from(sealed).unwrap(), "failing at write {at}");
        assert_eq!(found, whole[..found.len()], "failing at write {at}");
        if sealed == 6 {
            assert!(at > 30, "the test stops too early");
            return;
        }
    }
}

#[test]
fn a_full_file_system_ends_the_run_with_its_own_code_and_it_goes_on_when_there_is_room() {
    let folder = place();
    let results = folder.path().join("results");
    fs::create_dir(&results).unwrap();
    let mount = |options: &str| {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&results).stderr(Stdio::null());
        mount.status().is_ok_and(|s| s.success())
    };
    if !mount("size=64k") {
        println!("skipped: this user may not mount a small file system");
        return;
    }
    let full = play(folder.path(), &["--name", "run", "--jobs", "2"]);
    let told = String::from_utf8_lossy(&full.stderr).into_owned();
    let grown = mount("remount,size=64m");
    let doctor = chesterton(folder.path(), &["doctor", "run"]);
    let resumed = chesterton(folder.path(), &["resume", "run", "--no-score"]);
    let outcome = std::panic::catch_unwind(|| same_as_undisturbed(&results.join("run"), "after a full disk"));
    let _ = Command::new("umount").arg(&results).status();
    assert_eq!(full.status.code(), Some(6), "{told}");
    assert!(told.contains("results/run") && told.contains("No space left"), "{told}");
    assert!(told.contains("chesterton resume run"), "{told}");
    assert!(grown);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("sealed and sound"));
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    outcome.unwrap();
}

/// One random mutation of a ledger's bytes.
fn mutate(bytes: &[u8], chance: &mut Chance) -> (String, Vec<u8>) {
    let place =
        |chance: &mut Chance, below: usize| usize::try_from(chance.between(0, below as i64 - 1)).unwrap();
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    let (at, other) = (place(chance, lines.len()), place(chance, lines.len()));
    let what = chance.between(0, 6);
    let name = ["flip", "cut", "drop", "swap", "repeat", "insert", "splice"][usize::try_from(what).unwrap()];
    let changed = match what {
        0 => {
            let mut flipped = bytes.to_vec();
            let byte = place(chance, flipped.len());
            flipped[byte] ^= 1 << chance.between(0, 7);
            flipped
        }
        1 => bytes[..place(chance, bytes.len())].to_vec(),
        2 => {
            lines.remove(at);
            lines.concat()
        }
        3 => {
            lines.swap(at, other);
            lines.concat()
        }
        4 => {
            let line = lines[at];
            lines.insert(other, line);
            lines.concat()
        }
        5 => {
            lines.insert(at, b"{\"v\":1}\n");
            lines.concat()
        }
        _ => {
            let line = String::from_utf8_lossy(lines[at]).replacen("\"n\":", "\"n\":1", 1).into_bytes();
            let mut all: Vec<Vec<u8>> = lines.iter().map(|l| l.to_vec()).collect();
            all[at] = line;
            all.concat()
        }
    };
    (name.to_owned(), changed)
}

#[test]
fn no_mutation_goes_unseen_or_is_counted() {
    let (recorder, _) = record(Recorder::in_memory(), 8);
    let bytes = recorder.into_bytes();
    let whole: Vec<_> = read_bytes(bytes.clone()).map(|t| t.unwrap()).collect();
    let mut chance = Chance::stream(3, "mutations");
    let mutations = how_many("CHESTERTON_MUTATIONS", 10_000);
    let mut seen = BTreeMap::new();
    for n in 0..mutations {
        let (name, changed) = mutate(&bytes, &mut chance);
        if changed == bytes {
            continue;
        }
        let items: Vec<_> = read_bytes(changed).collect();
        let (trials, damages): (Vec<_>, Vec<_>) = items.into_iter().partition(Result::is_ok);
        let trials: Vec<_> = trials.into_iter().flatten().collect();
        let is_known =
            |t: &chesterton::ledger::Recorded| whole.iter().any(|w| w.trial == t.trial && w.bytes == t.bytes);
        assert!(trials.iter().all(is_known), "mutation {n} ({name}) is counted");
        assert!(trials.len() < whole.len() || !damages.is_empty(), "mutation {n} ({name}) goes unseen");
        *seen.entry(name).or_insert(0) += 1;
    }
    println!("mutations seen: {seen:?}");
    assert_eq!(seen.len(), 7, "{seen:?}");
}

#[test]
fn the_same_trial_with_other_bytes_is_a_damage() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Recorder::create(folder.path(), "a").unwrap();
    let mut second = Recorder::create(folder.path(), "b").unwrap();
    for (recorder, turns) in [(&mut first, 1), (&mut second, 2)] {
        recorder.begin(&key(0).id());
        recorder.append(Event::Opened { trial: key(0), at: Time::from_unix(0) }).unwrap();
        let ended = Event::Ended { ending: Ending::Finished, at: Time::from_unix(1), turns, calls: 0 };
        recorder.append(ended).unwrap();
        recorder.seal().unwrap();
    }
    assert_eq!(read(folder.path()).unwrap().flatten().count(), 2);
    let mut index = Index::default();
    index.add(folder.path(), |_| true).unwrap();
    assert_eq!((index.len(), index.is_corrupt()), (1, true));
    assert!(index.damages.iter().all(|d| d.cause == Cause::Corrupt));
}
