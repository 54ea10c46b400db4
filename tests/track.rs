//! The track, end to end, as a user runs it: determinism, the oracle's secrecy, interruption, exit codes.

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
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use chesterton::ledger;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn chesterton(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chesterton"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).env("NO_COLOR", "1");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    chesterton(folder, arguments).output().unwrap()
}

/// A folder with the scenarios in it, each file a copy.
fn stage() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("scenarios"), &folder.path().join("scenarios"));
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// The only run in `results`.
fn only_run(results: &Path) -> PathBuf {
    let mut runs: Vec<PathBuf> = fs::read_dir(results).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0)
}

/// Each sealed trial's bytes.
fn sealed(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let trials = ledger::read(&run.join("ledger")).unwrap();
    trials.map(|t| t.unwrap()).map(|t| (t.trial.as_str().to_owned(), t.bytes)).collect()
}

fn read(run: &Path, name: &str) -> String {
    fs::read_to_string(run.join(name)).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let folder = stage();
    let mut first: Option<(BTreeMap<String, Vec<u8>>, String, String)> = None;
    for (jobs, out) in [("1", "a"), ("1", "b"), ("2", "c"), ("4", "d")] {
        let output = run(folder.path(), &["run", "--trials", "1", "--jobs", jobs, "--out", out]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let run = only_run(&folder.path().join(out));
        let found = (sealed(&run), read(&run, "marks.jsonl"), read(&run, "cells.csv"));
        assert!(found.0.len() >= 8, "{} trials", found.0.len());
        match &first {
            None => first = Some(found),
            Some(first) => {
                for (trial, bytes) in &found.0 {
                    assert!(first.0.get(trial) == Some(bytes), "{trial} differs with {jobs} threads");
                }
                assert_eq!(*first, found);
            }
        }
    }
}

#[test]
fn another_seed_gives_other_bytes() {
    let folder = stage();
    let arguments = |seed, out| {
        [
            "run",
            "cost-explorer",
            "--agent",
            "incident",
            "--setup",
            "inherited",
            "--trials",
            "1",
            "--seed",
            seed,
            "--out",
            out,
        ]
    };
    for (seed, out) in [("1", "a"), ("2", "b")] {
        assert!(run(folder.path(), &arguments(seed, out)).status.success());
    }
    let ended = |out: &str| read(&only_run(&folder.path().join(out)), "marks.jsonl");
    let virtual_s = |line: String| -> serde_json::Value { serde_json::from_str(&line).unwrap() };
    let (a, b) = (virtual_s(ended("a")), virtual_s(ended("b")));
    assert_ne!(a["harm"]["downtime_s"], b["harm"]["downtime_s"], "the seed moves nothing");
}

#[test]
fn playing_never_opens_the_oracle() {
    let (plain, sabotaged) = (stage(), stage());
    let entries =
        fs::read_dir(sabotaged.path().join("scenarios")).unwrap().map(|entry| entry.unwrap().path());
    // `suites.toml` stands beside the scenarios.
    for scenario in entries.filter(|path| path.is_dir()) {
        let oracle = scenario.join("oracle.toml");
        fs::remove_file(&oracle).unwrap();
        // Opening a pipe without a writer blocks for ever; removing it afterwards proves that nobody did.
        assert!(Command::new("mkfifo").arg(&oracle).status().unwrap().success());
    }
    let arguments = ["run", "--agent", "incident", "--agent", "fix", "--trials", "1", "--no-score"];
    for folder in [&plain, &sabotaged] {
        let output = run(folder.path(), &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let bytes = |folder: &tempfile::TempDir| sealed(&only_run(&folder.path().join("results")));
    assert!(!bytes(&plain).is_empty());
    assert_eq!(bytes(&plain), bytes(&sabotaged));
}

#[test]
fn without_an_oracle_nothing_is_scored() {
    let folder = stage();
    fs::remove_file(folder.path().join("scenarios/cost-explorer/oracle.toml")).unwrap();
    let output = run(
        folder.path(),
        &["run", "cost-explorer", "--agent", "fix", "--setup", "inherited", "--trials", "1"],
    );
    assert_eq!(output.status.code(), Some(5));
    let marks = read(&only_run(&folder.path().join("results")), "marks.jsonl");
    let mark: serde_json::Value = serde_json::from_str(&marks).unwrap();
    assert_eq!((&mark["class"], &mark["repaired"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    assert!(String::from_utf8_lossy(&output.stdout).contains("unscored"));
}

#[test]
fn a_changed_byte_in_the_ledger_is_told_and_does_not_count() {
    let folder = stage();
    let arguments =
        ["run", "cost-explorer", "--agent", "idle", "--setup", "inherited", "--trials", "2", "--jobs", "1"];
    assert!(run(folder.path(), &arguments).status.success());
    let path = only_run(&folder.path().join("results"));
    let segment = fs::read_dir(path.join("ledger")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 4;
    bytes[middle] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let output = run(folder.path(), &["score", "latest"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stdout).contains("damaged"));
    assert_eq!(read(&path, "marks.jsonl").lines().count(), 1);
}

#[test]
fn interrupting_leaves_sealed_trials_readable() {
    let folder = stage();
    let mut child = chesterton(folder.path(), &["run", "--trials", "2000", "--jobs", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let results = folder.path().join("results");
    let is_under_way = || {
        let runs = fs::read_dir(&results).into_iter().flatten().flatten();
        let segments =
            runs.flat_map(|r| fs::read_dir(r.path().join("ledger")).into_iter().flatten().flatten());
        segments.map(|s| s.metadata().unwrap().len()).sum::<u64>() > 200_000
    };
    for _ in 0..600 {
        if is_under_way() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let trials = sealed(&only_run(&results));
    assert!(!trials.is_empty());
    let output = run(folder.path(), &["score", "latest"]);
    assert_eq!(output.status.code(), Some(5), "an interrupted run is incomplete");
    assert!(String::from_utf8_lossy(&output.stdout).contains("not sealed"));
}

#[test]
fn wrong_use_and_wrong_files_have_their_exit_codes() {
    let folder = stage();
    let code = |arguments: &[&str]| run(folder.path(), arguments).status.code();
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["rnu"]), Some(2));
    assert_eq!(code(&["show", "nothing"]), Some(2));
    assert_eq!(code(&["score", "nowhere"]), Some(2));
    assert_eq!(code(&["run", "cost-explorr"]), Some(7));
    assert_eq!(code(&["run", "--setup", "inherit"]), Some(7));
    assert_eq!(code(&["run", "--agent", "fixx"]), Some(7));
    assert_eq!(code(&["run", "--out", "scenarios/cost-explorer/brief.md"]), Some(6));
    let misspelt = run(folder.path(), &["run", "--setup", "inherit"]);
    assert!(String::from_utf8_lossy(&misspelt.stderr).contains("did you mean `inherited`?"));
}
