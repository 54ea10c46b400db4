//! Looking through the checkout: `grep`, `find`, `wc`, and the repository's own tests.

use std::fmt::Write as _;

use regex_lite::{Regex, RegexBuilder};

use super::commits::{glob, matches_spec};
use super::files::{expand, folders, is_folder};
use super::workspace::{paths, printed};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::engine::TestResult;

/// The pattern of a `grep`, with its switches.
///
/// # Errors
/// The expression as it cannot be read.
pub(crate) fn pattern(text: &str, extended: bool, fixed: bool, ignore_case: bool) -> Result<Regex, String> {
    let source = match (fixed, extended) {
        (true, _) => regex_lite::escape(text),
        (false, true) => text.to_owned(),
        (false, false) => from_basic(text),
    };
    let built = RegexBuilder::new(&source).case_insensitive(ignore_case).build();
    built.map_err(|_| "Invalid regular expression".to_owned())
}

/// In basic expressions `\|`, `\(`, `\+` and their kin are the operators and the bare signs are texts.
fn from_basic(text: &str) -> String {
    let mut out = String::new();
    let mut signs = text.chars();
    while let Some(c) = signs.next() {
        match c {
            '\\' => match signs.next() {
                Some(c @ ('|' | '(' | ')' | '+' | '?' | '{' | '}')) => out.push(c),
                Some(c) => out.extend(['\\', c]),
                None => out.push_str("\\\\"),
            },
            '|' | '(' | ')' | '+' | '?' | '{' | '}' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// `SearchFiles`: `pattern`, `paths`, and grep's switches by name.
pub(super) fn search(world: &mut World, call: &Call) -> Answer {
    let text = call.text("pattern").unwrap_or_default();
    let regex = pattern(text, call.flag("extended"), call.flag("fixed"), call.flag("ignore_case"))
        .map_err(|message| Refusal::new("InvalidPattern", message))?;
    let wanted = expand(world, &paths(world, call, "paths"));
    let recursive = call.flag("recursive");
    let mut errors = String::new();
    for path in &wanted {
        if is_folder(world, path) && !recursive {
            _ = writeln!(errors, "grep: {path}: Is a directory");
        } else if !is_folder(world, path) && !world.workspace.files.contains_key(path) {
            _ = writeln!(errors, "grep: {path}: No such file or directory");
        }
    }
    let include = call.text("include");
    let mut out = String::new();
    for (path, text) in world.workspace.files.iter() {
        let named = wanted.iter().any(|w| if recursive { matches_spec(path, w) } else { path == w });
        let name = path.rsplit('/').next().unwrap_or(path);
        if (named || (recursive && wanted.is_empty())) && include.is_none_or(|glob_| glob(glob_, name)) {
            let titled = (recursive || wanted.len() > 1) && !call.flag("no_name");
            hits(&mut out, call, &regex, if titled { Some(path) } else { None }, (path, text));
        }
    }
    let code = if !errors.is_empty() { 2 } else { i32::from(out.is_empty()) };
    printed(if call.flag("quiet") { "" } else { &out }, &errors, code)
}

fn hits(out: &mut String, call: &Call, regex: &Regex, title: Option<&String>, file: (&str, &str)) {
    let title = title.map(|t| format!("{t}:")).unwrap_or_default();
    let (path, text) = file;
    let fits = |line: &&str| regex.is_match(line) != call.flag("invert");
    let count = text.lines().filter(fits).count();
    if call.flag("count") {
        _ = writeln!(out, "{title}{count}");
    } else if call.flag("files") {
        if count > 0 {
            _ = writeln!(out, "{path}");
        }
    } else {
        for (at, line) in text.lines().enumerate().filter(|(_, line)| fits(line)) {
            match call.flag("number") {
                true => _ = writeln!(out, "{title}{}:{line}", at.saturating_add(1)),
                false => _ = writeln!(out, "{title}{line}"),
            }
        }
    }
}

/// `FindFiles`: `paths`, `name` (a glob), `type` (`f`, `d`), `depth`.
pub(super) fn find(world: &mut World, call: &Call) -> Answer {
    let given: Vec<&str> = match call.texts("paths") {
        none if none.is_empty() => vec!["."],
        some => some,
    };
    let kind = call.text("type").unwrap_or("fd");
    let mut all = if kind.contains('d') { folders(world) } else { Default::default() };
    if kind.contains('f') {
        all.extend(world.workspace.files.keys().cloned());
    }
    let (mut out, mut errors) = (String::new(), String::new());
    for start in given {
        let base = super::workspace::inside(world, start);
        if !is_folder(world, &base) && !world.workspace.files.contains_key(&base) {
            _ = writeln!(errors, "find: ‘{start}’: No such file or directory");
            continue;
        }
        if kind.contains('d') && base.is_empty() && call.text("name").is_none() {
            _ = writeln!(out, "{start}");
        }
        for path in all.iter().filter(|path| matches_spec(path, &base)) {
            let below = path.strip_prefix(base.as_str()).unwrap_or(path).trim_start_matches('/');
            let depth = if below.is_empty() { 0 } else { below.matches('/').count().saturating_add(1) };
            let name = path.rsplit('/').next().unwrap_or(path);
            let deep = call.number("depth").is_some_and(|max| usize::try_from(max).is_ok_and(|m| depth > m));
            if deep || call.text("name").is_some_and(|wanted| !glob(wanted, name)) {
                continue;
            }
            match below.is_empty() {
                true => _ = writeln!(out, "{start}"),
                false => _ = writeln!(out, "{}/{below}", start.trim_end_matches('/')),
            }
        }
    }
    let code = i32::from(!errors.is_empty());
    printed(&out, &errors, code)
}

/// `CountLines`: `paths`; `lines`, `words`, `bytes` choose columns, none means all.
pub(super) fn count(world: &mut World, call: &Call) -> Answer {
    let wanted = expand(world, &paths(world, call, "paths"));
    let (mut out, mut errors) = (String::new(), String::new());
    let mut sums = [0usize; 3];
    for path in &wanted {
        let Some(text) = world.workspace.files.get(path) else {
            _ = writeln!(errors, "wc: {path}: No such file or directory");
            continue;
        };
        let counts = [text.matches('\n').count(), text.split_whitespace().count(), text.len()];
        sums.iter_mut().zip(counts).for_each(|(sum, n)| *sum = sum.saturating_add(n));
        _ = writeln!(out, "{} {path}", columns(call, counts));
    }
    if wanted.len() > 1 {
        _ = writeln!(out, "{} total", columns(call, sums));
    }
    let code = i32::from(!errors.is_empty());
    printed(&out, &errors, code)
}

fn columns(call: &Call, counts: [usize; 3]) -> String {
    let chosen = ["lines", "words", "bytes"].map(|name| call.flag(name));
    let all = !chosen.contains(&true);
    let shown = counts.iter().zip(chosen).filter(|(_, on)| all || *on).map(|(n, _)| n);
    shown.map(|n| if all { format!("{n:>4}") } else { n.to_string() }).collect::<Vec<_>>().join(" ")
}

/// `RunTests`: the repository's own tests on the working files; `npm` prints npm's heading.
pub(super) fn run_tests(world: &mut World, call: &Call) -> Answer {
    let heading = if call.flag("npm") { npm_heading(world)? } else { String::new() };
    let results = world.memo.run_tests(&world.workspace.files, world.now());
    let wanted = paths(world, call, "paths");
    let chosen: Vec<&TestResult> =
        results.iter().filter(|r| super::commits::selected(&r.file, &wanted)).collect();
    let failed = chosen.iter().any(|r| r.failure.is_some());
    printed(&(heading + &test_report(&chosen)), "", i32::from(failed))
}

fn npm_heading(world: &World) -> Result<String, Refusal> {
    let text = world.workspace.files.get("package.json");
    let package: serde_json::Value = match text.map(|t| serde_json::from_str(t)) {
        Some(Ok(value)) => value,
        Some(Err(_)) => return Err(Refusal::new("EJSONPARSE", "Invalid package.json: not valid JSON")),
        None => return Err(Refusal::new("ENOENT", "Could not read package.json: no such file or directory")),
    };
    let of = |name: &str| package.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    match package.get("scripts").and_then(|s| s.get("test")).and_then(serde_json::Value::as_str) {
        Some(script) => Ok(format!("\n> {}@{} test\n> {script}\n\n", of("name"), of("version"))),
        None => Err(Refusal::new("ENOSCRIPT", "Missing script: \"test\"")),
    }
}

/// What `node --test` prints. Durations are left out: the virtual clock does not tick inside a test.
pub(super) fn test_report(results: &[&TestResult]) -> String {
    let mut out = String::new();
    for result in results {
        let mark = if result.failure.is_none() { '✔' } else { '✖' };
        _ = writeln!(out, "{mark} {}", result.name);
    }
    let failed: Vec<_> = results.iter().filter(|r| r.failure.is_some()).collect();
    let passed = results.len().saturating_sub(failed.len());
    _ = writeln!(out, "ℹ tests {}\nℹ suites 0\nℹ pass {passed}\nℹ fail {}", results.len(), failed.len());
    _ = writeln!(out, "ℹ cancelled 0\nℹ skipped 0\nℹ todo 0");
    if !failed.is_empty() {
        out.push_str("\n✖ failing tests:\n");
    }
    for result in failed {
        _ = writeln!(out, "\ntest at {}\n✖ {}", result.file, result.name);
        for line in result.failure.as_deref().unwrap_or_default().lines() {
            _ = writeln!(out, "  {line}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_and_extended_expressions_differ_as_in_grep() {
        let basic = pattern("a\\|b(", false, false, false).unwrap();
        assert!(basic.is_match("xb("));
        assert!(!basic.is_match("b"));
        assert!(pattern("A|B", true, false, true).unwrap().is_match("b"));
        assert!(pattern("a.c", false, true, false).unwrap().is_match("a.c"));
        assert!(!pattern("a.c", false, true, false).unwrap().is_match("abc"));
        assert!(pattern("(", true, false, false).is_err());
    }

    #[test]
    fn a_failing_test_is_told_as_node_tells_it() {
        let good = TestResult { file: "tests/a.test.js".into(), name: "adds".into(), failure: None };
        let bad = TestResult { name: "months".into(), failure: Some("1 !== 2".into()), ..good.clone() };
        assert_eq!(
            test_report(&[&good, &bad]),
            "✔ adds\n✖ months\nℹ tests 2\nℹ suites 0\nℹ pass 1\nℹ fail 1\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\n\n\
             ✖ failing tests:\n\ntest at tests/a.test.js\n✖ months\n  1 !== 2\n"
        );
    }
}
