//! Every command in the README is run as it stands there, in order, in a folder of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test fails loudly"
)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const MAIN: &str = "cargo run --release -- run";
const TEST: &str = "cargo test --workspace --all-features";
const BENCH: &str = "cargo bench --bench throughput";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn commands() -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut inside = false;
    let mut found = Vec::new();
    for line in readme.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => found.push(line.to_owned()),
            _ => {}
        }
    }
    found
}

/// What stands behind `cargo run --release`, with whatever feature it adds: the tests are built with all of them.
fn arguments_of(command: &str) -> Option<&str> {
    let rest = command.strip_prefix("cargo run --release ")?;
    let rest = match rest.strip_prefix("--features ") {
        Some(rest) => rest.split_once(' ')?.1,
        None => rest,
    };
    rest.strip_prefix("-- ")
}

#[test]
fn the_first_two_are_the_main_command_and_the_test_command() {
    assert_eq!(commands()[..2], [MAIN, TEST]);
}

#[test]
fn every_command_works() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("scenarios"), folder.path().join("scenarios")).unwrap();
    let mut ran = 0;
    for command in commands() {
        if [TEST, BENCH].contains(&command.as_str()) {
            continue;
        }
        let Some(rest) = arguments_of(&command) else { panic!("`{command}` is not tried") };
        let mut arguments = shell_words::split(rest).unwrap();
        if command == MAIN {
            // The demonstration as it stands is `.ci/run`'s to play; here one trial a cell will do.
            arguments.extend(["--trials".to_owned(), "1".to_owned()]);
        }
        let output = Command::new(env!("CARGO_BIN_EXE_chesterton"))
            .current_dir(folder.path())
            .args(&arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{command}` ended with {:?}:\n{stderr}", output.status.code());
        assert!(!output.stdout.is_empty(), "`{command}` said nothing");
        ran += 1;
    }
    assert!(ran >= 8, "only {ran} commands stand in the README");
}

/// The table that the README shows is the one that comes out.
#[test]
fn the_table_is_what_comes_out() {
    let folder = tempfile::tempdir().unwrap();
    let scenarios = root().join("scenarios");
    let output = Command::new(env!("CARGO_BIN_EXE_chesterton"))
        .current_dir(folder.path())
        .args(["run", "--setup", "inherited", "--scenarios"])
        .arg(scenarios)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let rows = |text: &str| -> Vec<String> {
        let block = text.split("setup: inherited").nth(1).unwrap();
        block.lines().skip(1).take_while(|l| !l.trim().is_empty()).map(str::to_owned).collect()
    };
    assert_eq!(rows(&readme)[..12], rows(&shown)[..12]);
}
