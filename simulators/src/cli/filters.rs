//! What stands behind `|` in a command line: filters of the output, as data.

use super::options::{Given, Misuse, read};
use super::{Joint, Reply};
use crate::service::search::pattern;

/// The filters that may stand behind `|`.
const FILTERS: &[(&str, &str)] = &[
    ("head", "n:lines! c:bytes!"),
    ("tail", "n:lines! c:bytes!"),
    ("grep", "i:ignore-case v:invert-match n:line-number E:extended-regexp F:fixed-strings c:count q:quiet"),
    ("wc", "l:lines w:words c:bytes"),
    ("sort", "r:reverse n:numeric-sort u:unique"),
    ("uniq", "c:count"),
    ("cat", ""),
];

/// Whether a filter is one of these, with options that it knows.
pub(super) fn known_filter(words: &[String]) -> Result<(), String> {
    let tool = words.first().map(String::as_str).unwrap_or_default();
    let rest = words.get(1..).unwrap_or_default();
    let table = FILTERS.iter().find(|(name, _)| *name == tool);
    let Some((_, table)) = table else {
        let names: Vec<&str> = FILTERS.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "this shell runs simple commands only: `| {tool}` is not simulated; behind `|` it knows {}",
            names.join(", ")
        ));
    };
    match read(&numbered(rest), table) {
        Ok(_) => Ok(()),
        Err(Misuse::Unknown(option) | Misuse::Unsimulated(option) | Misuse::NeedsValue(option)) => {
            Err(format!("this shell runs simple commands only: `| {tool} {option}` is not simulated"))
        }
    }
}

/// `head -5` is `head -n 5`.
pub(super) fn numbered(words: &[String]) -> Vec<String> {
    let is_number = |word: &&String| {
        word.strip_prefix('-').is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
    };
    let long = |word: &String| match Some(word).filter(is_number) {
        Some(word) => format!("-n{}", word.trim_start_matches('-')),
        None => word.clone(),
    };
    words.iter().map(long).collect()
}

/// What a filter behind `|` makes of a command's reply.
pub fn filter(joint: Joint, words: &[String], mut reply: Reply) -> Reply {
    match joint {
        Joint::ErrorsToOutput => reply.stdout.push_str(&std::mem::take(&mut reply.stderr)),
        Joint::ErrorsAway => reply.stderr.clear(),
        Joint::OutputAway => reply.stdout.clear(),
        Joint::Pipe => {
            let (stdout, code) = piped(words, &reply.stdout);
            (reply.stdout, reply.code) = (stdout, code);
        }
        Joint::First | Joint::And | Joint::Or | Joint::Then => {}
    }
    reply
}

fn piped(words: &[String], text: &str) -> (String, i32) {
    let tool = words.first().map(String::as_str).unwrap_or_default();
    let table = FILTERS.iter().find(|(name, _)| *name == tool).map_or("", |(_, table)| *table);
    let given = read(&numbered(words.get(1..).unwrap_or_default()), table).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let count = given.text("lines").and_then(|n| n.trim_start_matches('-').parse().ok()).unwrap_or(10);
    let bytes = given.text("bytes").and_then(|n| n.parse::<usize>().ok());
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    match (tool, bytes) {
        ("head", Some(bytes)) => (text.chars().take(bytes).collect(), 0),
        ("head", None) => (joined(lines.get(..count.min(lines.len())).unwrap_or_default()), 0),
        ("tail", Some(bytes)) => (text.chars().skip(text.chars().count().saturating_sub(bytes)).collect(), 0),
        ("tail", None) => (joined(lines.get(lines.len().saturating_sub(count)..).unwrap_or_default()), 0),
        ("grep", _) => grepped(&given, &lines),
        ("wc", _) => (counted(&given, text), 0),
        ("sort", _) => {
            let mut lines = lines;
            lines.sort_unstable();
            if given.has("numeric-sort") {
                lines.sort_by_key(|line| line.split_whitespace().next().and_then(|n| n.parse::<i64>().ok()));
            }
            if given.has("unique") {
                lines.dedup();
            }
            if given.has("reverse") {
                lines.reverse();
            }
            (joined(&lines), 0)
        }
        ("uniq", _) => {
            let groups = lines.chunk_by(|a, b| a == b);
            let line = |group: &[&str]| match (group.first(), given.has("count")) {
                (Some(line), true) => format!("{:>7} {line}\n", group.len()),
                (line, _) => format!("{}\n", line.copied().unwrap_or_default()),
            };
            (groups.map(line).collect(), 0)
        }
        _ => (text.to_owned(), 0),
    }
}

fn grepped(given: &Given, lines: &[&str]) -> (String, i32) {
    let source = given.args.first().map(String::as_str).unwrap_or_default();
    let (extended, fixed) = (given.has("extended-regexp"), given.has("fixed-strings"));
    let Ok(regex) = pattern(source, extended, fixed, given.has("ignore-case")) else {
        return (String::new(), 2);
    };
    let fits = |line: &str| regex.is_match(line) != given.has("invert-match");
    let hits: Vec<(usize, &&str)> = lines.iter().enumerate().filter(|(_, line)| fits(line)).collect();
    let code = i32::from(hits.is_empty());
    if given.has("quiet") {
        return (String::new(), code);
    }
    if given.has("count") {
        return (format!("{}\n", hits.len()), code);
    }
    let line = |(at, line): &(usize, &&str)| match given.has("line-number") {
        true => format!("{}:{line}\n", at.saturating_add(1)),
        false => format!("{line}\n"),
    };
    (hits.iter().map(line).collect(), code)
}

fn counted(given: &Given, text: &str) -> String {
    let counts = [
        ("lines", text.matches('\n').count()),
        ("words", text.split_whitespace().count()),
        ("bytes", text.len()),
    ];
    let all = given.options.is_empty();
    let chosen: Vec<String> = counts
        .iter()
        .filter(|(name, _)| all || given.has(name))
        .map(|(_, n)| if all { format!("{n:>7}") } else { n.to_string() })
        .collect();
    chosen.join(" ") + "\n"
}
