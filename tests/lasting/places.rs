//! Folders to play in, and what an undisturbed run leaves there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;

/// 2 setups × 2 agents × 10 trials: small, and of uneven length.
pub const PLAN: [&str; 12] = [
    "small",
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
/// Small enough to be played a few hundred times.
pub const SMALL: [&str; 13] = [
    "run",
    "small",
    "--agent",
    "idle",
    "--setup",
    "inherited",
    "--trials",
    "3",
    "--no-score",
    "--name",
    "run",
    "--jobs",
    "1",
];

pub const TRIALS: usize = 40;

/// Files by their path in a run, with their bytes.
pub type Tree = BTreeMap<String, Vec<u8>>;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn command(folder: &Path, verb: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chesterton"));
    command.current_dir(folder).args(verb).stdin(Stdio::null()).env("NO_COLOR", "1");
    command
}

pub fn chesterton(folder: &Path, verb: &[&str]) -> Output {
    command(folder, verb).output().unwrap()
}

pub fn planned(more: &[&str]) -> Vec<String> {
    ["run"].iter().chain(&PLAN).chain(more).map(|s| (*s).to_owned()).collect()
}

pub fn play(folder: &Path, more: &[&str]) -> Output {
    let arguments = planned(more);
    chesterton(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

pub fn start(folder: &Path, arguments: &[&str]) -> Child {
    command(folder, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A folder of its own, with a scenario in reach that is played in no time and records little.
pub fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scenarios")).unwrap();
    let small = folder.path().join("scenarios/small");
    std::os::unix::fs::symlink(root().join("tests/lasting/small"), small).unwrap();
    folder
}

/// Everything of a run that is deterministic: all files but `meta.json`.
pub fn tree(run: &Path) -> Tree {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(run).unwrap().map(|e| e.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if entry.is_dir() {
            files.extend(tree(&entry).into_iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else if name == "plan.json" {
            // Where the scenario stands differs from test to test.
            let text = fs::read_to_string(&entry).unwrap();
            let is_place = |line: &&str| !line.trim_start().starts_with("\"folder\"");
            files.insert(name, text.lines().filter(is_place).collect::<String>().into_bytes());
        } else if name != "meta.json" {
            files.insert(name, fs::read(&entry).unwrap());
        }
    }
    files
}

/// The tree of a run that nobody disturbed.
pub static UNDISTURBED: LazyLock<Tree> = LazyLock::new(|| {
    let folder = place();
    assert!(play(folder.path(), &["--name", "run", "--jobs", "1"]).status.success());
    tree(&folder.path().join("results/run"))
});

pub fn same_as_undisturbed(run: &Path, how: &str) {
    let found = tree(run);
    let names: Vec<&String> = found.keys().collect();
    assert_eq!(names, UNDISTURBED.keys().collect::<Vec<_>>(), "{how}");
    for (name, bytes) in &found {
        assert!(UNDISTURBED[name] == *bytes, "{how}: {name} differs");
    }
}

pub fn how_many(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|v| v.parse().ok()).unwrap_or(usual)
}

pub fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// The program as a library, in this process: many times faster, where a run takes a moment.
pub fn quietly(
    folder: &Path,
    arguments: &[&str],
) -> (chesterton::base::exit::Exit, chesterton::cli::Printed) {
    let mut all: Vec<std::ffi::OsString> =
        vec!["chesterton".into(), "--scenarios".into(), root().join("tests/lasting").into()];
    all.extend(["--out".into(), folder.join("results").into()]);
    all.extend(arguments.iter().map(std::ffi::OsString::from));
    chesterton::cli::run_quietly(all)
}
