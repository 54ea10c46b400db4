//! What it takes to judge a run and to tell it in every format, beside what a public peer takes to summarise a log of
//! its own of the same size: `inspect_ai`, its samples as long as our trials, its metrics and its data frame
//! (`tests/benches/peer.py`).
//!
//! `CHESTERTON_PEER_PYTHON=venv/bin/python cargo bench --bench reports`, with `inspect_ai` and `pandas<3` installed there;
//! without it only our own figures are printed. `CHESTERTON_BENCH_TRIALS=5` plays fewer trials in each of the 96 cells.

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

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

/// Trials of each cell: 96 cells make ten thousand and a few.
const TRIALS: &str = "105";

fn chesterton(folder: &Path, arguments: &[&str]) {
    let scenarios = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let output = Command::new(env!("CARGO_BIN_EXE_chesterton"))
        .current_dir(folder)
        .args(arguments)
        .arg("--scenarios")
        .arg(scenarios)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn timed(folder: &Path, arguments: &[&str]) -> f64 {
    let begun = Instant::now();
    chesterton(folder, arguments);
    let seconds = begun.elapsed().as_secs_f64();
    println!("  {seconds:8.2} s  chesterton {}", arguments.join(" "));
    seconds
}

/// What the run holds: trials, turns of each, bytes of each reply.
fn size(run: &Path) -> (u64, u64, u64) {
    let (mut trials, mut turns, mut replies, mut bytes) = (0, 0, 0, 0);
    for trial in chesterton::ledger::read(&run.join("ledger")).unwrap() {
        trials += 1;
        for event in trial.unwrap().events {
            match event {
                chesterton::record::Event::Ended { turns: used, .. } => turns += u64::from(used),
                chesterton::record::Event::Reply { bytes: long, .. } => {
                    replies += 1;
                    bytes += long;
                }
                _ => {}
            }
        }
    }
    (trials, turns / trials, bytes / replies)
}

fn peer(python: &str, folder: &Path, (trials, turns, bytes): (u64, u64, u64)) -> Value {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/benches/peer.py");
    let numbers = [trials, turns, bytes].map(|n| n.to_string());
    let output = Command::new(python).arg(script).args(numbers).arg(folder).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let last = stdout.lines().last().map(serde_json::from_str);
    let Some(Ok(figures)) = last else {
        panic!("the peer says no figures: {}", String::from_utf8_lossy(&output.stderr))
    };
    figures
}

fn main() {
    // `cargo test --all-targets` starts benchmarks too, and means none of it.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let trials = std::env::var("CHESTERTON_BENCH_TRIALS").unwrap_or_else(|_| TRIALS.to_owned());
    println!("\njudging and telling a run");
    timed(folder.path(), &["run", "--trials", &trials, "--no-score", "--name", "many"]);
    let size = size(&folder.path().join("results/many"));
    println!("  {} trials of {} turns, {} bytes a reply", size.0, size.1, size.2);
    let formats = ["html", "md", "latex", "csv", "json", "jsonl", "junit"];
    let wanted: Vec<String> = formats.iter().map(|f| format!("{f}=report.{f}")).collect();
    let mut all = vec!["report", "many"];
    wanted.iter().for_each(|w| all.extend(["--format", w]));
    let ours = timed(folder.path(), &["score", "many"]) + timed(folder.path(), &all);
    println!("  {ours:8.2} s  judged and told in {} formats", formats.len());
    let Ok(python) = std::env::var("CHESTERTON_PEER_PYTHON") else {
        println!("  no peer beside it: CHESTERTON_PEER_PYTHON names no Python with `inspect_ai`");
        return;
    };
    let figures = peer(&python, folder.path(), size);
    let theirs = figures["all_s"].as_f64().unwrap();
    println!("  {theirs:8.2} s  the peer summarises {figures}");
    println!("  ratio   {:.2} (ours / the peer's)", ours / theirs);
}
