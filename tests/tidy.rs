//! The house rules that a machine can hold: sizes, depth, the top level, what the repository speaks of.

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

const FILE_LINES_P90: usize = 350;
const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_P90: usize = 40;
const FUNCTION_LINES_MAX: usize = 70;
const FOLDER_DEPTH_MAX: usize = 3;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files that git would keep, hidden folders apart.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "target" || name == ".git" || path == root().join("results") {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Product code: Rust files outside `tests/`, without their test modules.
fn product() -> Vec<(PathBuf, Vec<String>)> {
    let tests = Regex::new(r"(?m)^#\[cfg\(test\)\]\nmod ").unwrap();
    let is_product = |path: &PathBuf| {
        path.extension().is_some_and(|e| e == "rs") && !path.components().any(|c| c.as_os_str() == "tests")
    };
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let end = tests.find(&text).map_or(text.len(), |m| m.start());
        let lines = text[..end].lines().map(str::to_owned).collect();
        (path, lines)
    };
    files(&root()).into_iter().filter(is_product).map(read).collect()
}

fn p90(mut sizes: Vec<usize>) -> usize {
    sizes.sort_unstable();
    sizes[sizes.len() * 9 / 10]
}

#[test]
fn files_are_short() {
    let files = product();
    assert!(files.len() > 50);
    for (path, lines) in &files {
        assert!(lines.len() <= FILE_LINES_MAX, "{} has {} lines", path.display(), lines.len());
    }
    let found = p90(files.iter().map(|(_, lines)| lines.len()).collect());
    assert!(found <= FILE_LINES_P90, "nine in ten files have up to {found} lines");
}

/// Lines of each function, by the indentation that rustfmt gives its first and last line.
fn functions(lines: &[String]) -> Vec<(String, usize)> {
    let head = Regex::new(r"^( *)(pub(\([a-z:]+\))? )?(const |async |unsafe )*fn (\w+)").unwrap();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(head) = head.captures(line) else { continue };
        let end = format!("{}}}", &head[1]);
        let length = lines[start..].iter().position(|l| *l == end).map_or(1, |n| n + 1);
        found.push((head[5].to_owned(), length));
    }
    found
}

#[test]
fn functions_are_short() {
    let mut sizes = Vec::new();
    for (path, lines) in product() {
        for (name, length) in functions(&lines) {
            assert!(length <= FUNCTION_LINES_MAX, "{}: `{name}` has {length} lines", path.display());
            sizes.push(length);
        }
    }
    assert!(sizes.len() > 300, "the test sees {} functions", sizes.len());
    let found = p90(sizes);
    assert!(found <= FUNCTION_LINES_P90, "nine in ten functions have up to {found} lines");
}

#[test]
fn folders_are_shallow() {
    for top in ["src", "simulators/src"] {
        let base = root().join(top);
        for file in files(&base) {
            let depth = file.strip_prefix(&base).unwrap().components().count();
            assert!(depth <= FOLDER_DEPTH_MAX, "{} lies too deep", file.display());
        }
    }
}

#[test]
fn the_top_level_is_as_agreed() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "clippy.toml",
        "rustfmt.toml",
        "README.md",
        "LICENSE",
        "src",
        "scenarios",
        "simulators",
        "baselines",
        "results",
        "tests",
        "target",
    ];
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(
            name.starts_with('.') || allowed.contains(&name.as_str()),
            "`{name}` stands at the top level"
        );
    }
}

/// The repository speaks of the product alone, and of no machine.
#[test]
fn nothing_speaks_of_how_it_was_made() {
    let forbidden = Regex::new(concat!(
        r"(?i)/wo",
        r"rk/(main|shared)|/ro",
        r"ot/|/tmp/w",
        r"t/|\bissue #?\d+\b.*(session|tracker)|",
        r"\bthis ses",
        r"sion\b|\bthe pro",
        r"mpt (said|asked)|claud",
        r"e\.ai|co-authored-b",
        r"y:"
    ))
    .unwrap();
    for path in files(&root()) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        if let Some(found) = forbidden.find(&text) {
            panic!("{} speaks of `{}`", path.display(), found.as_str());
        }
    }
}

/// Every dependency says why it is there.
#[test]
fn dependencies_have_reasons() {
    for manifest in ["Cargo.toml", "simulators/Cargo.toml"] {
        let text = fs::read_to_string(root().join(manifest)).unwrap();
        let mut section = String::new();
        for line in text.lines() {
            if line.starts_with('[') {
                section = line.to_owned();
            } else if matches!(section.as_str(), "[dependencies]" | "[dev-dependencies]")
                && line.contains('=')
            {
                assert!(line.contains(" # "), "{manifest}: `{line}` gives no reason");
            }
        }
    }
}
