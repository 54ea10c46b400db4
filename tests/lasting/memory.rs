//! Runs larger than memory: what judging, telling, uniting, resuming and examining hold of a run is some thirty bytes a
//! trial.
//!
//! `CHESTERTON_MEMORY=100000` compares with so many trials, and plays as many.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use chesterton::ledger::{Pen, Recorder, RunFolder, read};
use chesterton::record::Event;

use crate::places::{chesterton, command, how_many, place};

/// A trial in the index, with room for the allocator and for pages of files.
const BYTES_PER_TRIAL_MAX: usize = 64;
/// A page grows by some 2,300 KiB until the trials that it tells in full are as many as it tells at the most; the rest is the
/// allocator's, on a machine that does other things too.
const NOISE_KIB: usize = 5 * 1024;

const ONE: [&str; 10] =
    ["run", "small", "--agent", "idle", "--setup", "inherited", "--no-score", "--jobs", "2", "--trials"];

/// A finished run of so many trials, made from the lines of one that was played.
fn synthetic(folder: &Path, name: &str, trials: usize) {
    let mut one = ONE.to_vec();
    one.extend(["1", "--name", name]);
    assert!(chesterton(folder, &one).status.success());
    let run = folder.join("results").join(name);
    let events = read(&run.join("ledger")).unwrap().next().unwrap().unwrap().events;
    fs::remove_dir_all(run.join("ledger")).unwrap();
    fs::create_dir(run.join("ledger")).unwrap();
    let text = fs::read_to_string(run.join("plan.json")).unwrap();
    fs::write(
        run.join("plan.json"),
        text.replace("\"trials_per_cell\": 1", &format!("\"trials_per_cell\": {trials}")),
    )
    .unwrap();
    let plan = RunFolder::open(&run).plan().unwrap();
    let mut recorder = Recorder::create(&run.join("ledger"), "slot-0000-0000", Pen::default()).unwrap();
    for key in plan.keys() {
        recorder.begin(&key.id());
        for event in &events {
            recorder
                .append(match event {
                    Event::Opened { at, .. } => Event::Opened { trial: key.clone(), at: *at },
                    other => other.clone(),
                })
                .unwrap();
        }
        recorder.seal().unwrap();
    }
}

/// The most memory that a command ever had resident, in KiB.
fn peak_kib(folder: &Path, verb: &[&str]) -> usize {
    let mut child = command(folder, verb).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let found = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = found.unwrap_or(0).max(peak);
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{verb:?}: {}", String::from_utf8_lossy(&output.stderr));
    peak
}

#[test]
fn memory_does_not_grow_with_a_run() {
    if !Path::new("/proc/self/status").exists() {
        println!("skipped: this system does not say how much memory a process has");
        return;
    }
    let many = how_many("CHESTERTON_MEMORY", 2_000);
    let few = (many / 4).min(1_000);
    let folder = place();
    let mut peaks = Vec::new();
    for trials in [few, many] {
        let name = |what: &str| format!("{what}-{trials}");
        synthetic(folder.path(), &name("run"), trials);
        let (run, whole, count) = (name("run"), name("whole"), trials.to_string());
        let played = name("played");
        let mut play = ONE.to_vec();
        play.extend([&count, "--name", &played]);
        let verbs: [&[&str]; 11] = [
            &["score", &run],
            &["report", &run, "--format", "csv"],
            &["report", &run, "--format", "jsonl"],
            &["report", &run, "--format", "md"],
            &["report", &run, "--format", "json"],
            &["report", &run, "--format", "junit"],
            &["report", &run, "--format", "html"],
            &["merge", &run, "--name", &whole, "--no-score"],
            &["doctor", &whole],
            &["resume", &whole, "--no-score"],
            &play,
        ];
        let name = |verb: &[&str]| match verb {
            ["report", _, _, format] => format!("report as {format}"),
            verb => verb[0].to_owned(),
        };
        peaks.push(verbs.map(|verb| (name(verb), peak_kib(folder.path(), verb))));
        for used in [&run, &whole, &played] {
            fs::remove_dir_all(folder.path().join("results").join(used)).unwrap();
        }
    }
    for ((verb, small), (_, large)) in peaks[0].iter().zip(&peaks[1]) {
        println!("{verb}: {small} KiB resident with {few} trials, {large} KiB with {many}");
        let most = small + (many - few) * BYTES_PER_TRIAL_MAX / 1024 + NOISE_KIB;
        assert!(*large <= most, "{verb}: {large} KiB with {many} trials, {small} KiB with {few}");
    }
}
