//! The floors: an import may only go down. There is no list of exceptions.

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

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

/// Modules by floor. A module may use those on lower floors, and none on its own.
const LIVE_WING: &[&[&str]] = &[
    &["base"],
    &["record"],
    &["scenario", "ledger"],
    &["model"],
    &["gate", "prose"],
    &["door", "cell"],
    &["agent"],
    &["trial", "replay"],
    &["runner"],
];

/// The judge's floors stand on the first three of the live wing, and on nothing else of it.
const JUDGE_WING: &[&[&str]] = &[&["score"], &["stats"], &["baseline"], &["report"]];

const SHARED_FLOORS: usize = 3;

/// What agents must not see, although it lies below them: they get the brief and the tools.
const AGENT_NEVER: &[&str] = &["gate", "door", "cell", "ledger"];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Code without its comment lines.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    text.lines().filter(is_code).collect::<Vec<_>>().join("\n")
}

/// The modules that this one may name, or `None` if it stands on no floor.
fn allowed(module: &str) -> Option<Vec<&'static str>> {
    let below = |wing: &[&[&'static str]], floor: usize| -> Vec<&'static str> {
        wing.iter().take(floor).flat_map(|f| f.iter().copied()).collect()
    };
    let floor_in = |wing: &[&[&str]]| wing.iter().position(|f| f.contains(&module));
    if let Some(floor) = floor_in(LIVE_WING) {
        let mut modules = below(LIVE_WING, floor);
        if module == "agent" {
            modules.retain(|m| !AGENT_NEVER.contains(m));
        }
        return Some(modules);
    }
    let floor = floor_in(JUDGE_WING)?;
    let mut modules = below(LIVE_WING, SHARED_FLOORS);
    modules.extend(below(JUDGE_WING, floor));
    Some(modules)
}

#[test]
fn imports_only_go_down() {
    let import = Regex::new(r"\bcrate::(\w+|\{)").unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for module in modules() {
        if module == "cli" {
            continue;
        }
        let allowed = allowed(&module).unwrap_or_else(|| panic!("`{module}` stands on no floor"));
        for file in rust_files(&root().join("src").join(&module)) {
            let text = code(&file);
            // From a file of the module, one step up is the module itself; from its `mod.rs`, it is the crate.
            let climbs = if file.ends_with("mod.rs") { "super::" } else { "super::super::" };
            let own = text.split("#[cfg(test)]").next().unwrap();
            assert!(!own.contains(climbs), "{} climbs out of its module", file.display());
            for found in import.captures_iter(&text) {
                seen += 1;
                let name = &found[1];
                if name != module && !allowed.contains(&name) {
                    wrong.push(format!("{}: crate::{name}", file.display()));
                }
            }
        }
    }
    assert!(seen > 50, "the test looks at nothing: {seen} imports");
    assert!(wrong.is_empty(), "imports that do not go down:\n{}", wrong.join("\n"));
}

fn modules() -> Vec<String> {
    let entries = fs::read_dir(root().join("src")).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Fails for any file under `folder` that names one of these.
fn never(folder: &str, forbidden: &[&str]) {
    let files = rust_files(&root().join(folder));
    assert!(!files.is_empty(), "{folder} is empty");
    for file in files {
        let text = code(&file);
        for name in forbidden {
            assert!(!text.contains(name), "{} names `{name}`", file.display());
        }
    }
}

#[test]
fn the_world_is_pure() {
    never(
        "simulators/src",
        &[
            "std::fs",
            "std::net",
            "std::env::",
            "std::process",
            "SystemTime",
            "Instant::now",
            "std::thread",
            "HashMap",
            "HashSet",
            "thread_rng",
            "rand::rng()",
            "tokio",
            "chesterton::",
        ],
    );
}

#[test]
fn the_judge_starts_nothing_and_reads_no_clock() {
    for module in ["score", "stats", "baseline", "report"] {
        never(
            &format!("src/{module}"),
            &["std::process", "std::net", "tokio", "SystemTime", "Instant", "std::env::var", "World::new"],
        );
    }
}

/// Only the judge knows the oracle's file.
#[test]
fn the_live_wing_does_not_name_the_oracle() {
    for module in ["base", "record", "ledger", "model", "gate", "door", "agent", "trial", "replay", "runner"]
    {
        never(&format!("src/{module}"), &["oracle.toml", "load_oracle"]);
    }
}

#[test]
fn nobody_hands_out_the_world() {
    let mutable = Regex::new(r"pub(\([a-z]+\))? fn [^{;]*-> [^{;]*&(\'\w+ )?mut World").unwrap();
    for file in rust_files(&root().join("src")) {
        assert!(!mutable.is_match(&code(&file)), "{} hands out the world", file.display());
    }
}

/// What shows an agent's text takes it through the escaper of its sink.
#[test]
fn nothing_that_shows_text_takes_it_raw() {
    let folders = ["src/report", "src/cli"];
    for file in folders.iter().flat_map(|folder| rust_files(&root().join(folder))) {
        let text = code(&file);
        let own = text.split("#[cfg(test)]").next().unwrap();
        assert!(!own.contains(".raw()"), "{} takes text raw", file.display());
    }
}
