//! The dialects against the real tools: what scenarios type is held against the parsers of the tools that are installed here, and
//! what our servers answer against real servers on loopback. A tool that is missing is skipped with a word.
//!
//! Of lines with the same options one is held; with `CHESTERTON_FIDELITY=1` all are, those of a tool that is slow to start and those
//! that change rows among them. `fidelity/known.txt` lists the differences that are meant, each with its reason; every other one fails.

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

#[path = "fidelity/caches.rs"]
mod caches;
#[path = "fidelity/databases.rs"]
mod databases;
#[path = "fidelity/lines.rs"]
mod lines;
#[path = "fidelity/tools.rs"]
mod tools;

use std::collections::BTreeSet;

use lines::{LINES, Line};
use tools::{Place, TOOLS, Taken};

/// Programs whose lines nobody holds here, and why.
const NOBODYS: &[(&str, &str)] = &[
    ("chat tram", "made up"),
    ("dig", "it asks the machine's own resolver"),
    ("drizzle-kit", "it is not fetched here"),
    ("gam", "it asks for an account before it reads its words"),
    (
        "kafka-configs kafka-console-consumer kafka-consumer-groups kafka-leader-election kafka-log-dirs kafka-topics",
        "no registry has them",
    ),
    ("npm", "it runs the checkout's own script"),
    ("redis-cli", "held below, against a real server"),
    ("sleep", "its time is virtual"),
    ("cp mkdir mount mv pg_ctlcluster rm systemctl", "not run: they change files or machines"),
];

/// A difference that is meant: how the line begins, and why it is so.
pub(crate) fn known() -> Vec<(&'static str, &'static str)> {
    let lines = include_str!("fidelity/known.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(" ## ").unwrap_or_else(|| panic!("`{line}` gives no reason"))).collect()
}

/// Whether every line is held, and not one of each shape.
fn is_deep() -> bool {
    std::env::var("CHESTERTON_FIDELITY").is_ok()
}

#[test]
fn the_real_tools_take_what_scenarios_type() {
    let (place, known) = (Place::new(), known());
    let mut unmeant = Vec::new();
    println!("{:<18} {:>5} {:>6} {:>6}", "tool", "lines", "taken", "meant");
    let is_deep = is_deep();
    for tool in TOOLS.iter().filter(|tool| is_deep || tool.name != "prisma") {
        let mut shapes = BTreeSet::new();
        let mut own = tool.own(&LINES);
        own.retain(|line| is_deep || shapes.insert(line.shape()));
        let canary = tool.canary();
        let asked: Vec<&Line> = own.iter().copied().chain([&canary]).collect();
        let Some(mut taken) = tool.takes(&asked, &place) else {
            println!("{:<18} {:>5} skipped: it is not installed", tool.title(), own.len());
            continue;
        };
        let bird = taken.pop();
        if !matches!(bird, Some(Taken::No(_))) {
            unmeant.push(format!("{} takes `{}`", tool.title(), canary.shown()));
        }
        let differ = own.iter().zip(&taken).filter_map(|(line, taken)| match taken {
            Taken::Yes => None,
            Taken::No(why) => Some((line, why)),
        });
        let (meant, rest): (Vec<_>, Vec<_>) =
            differ.partition(|(line, _)| known.iter().any(|(begins, _)| line.shown().starts_with(begins)));
        let count = own.len() - meant.len() - rest.len();
        println!("{:<18} {:>5} {count:>6} {:>6}", tool.title(), own.len(), meant.len());
        unmeant
            .extend(rest.iter().map(|(line, why)| format!("{}: {}\n    {why}", line.scenario, line.shown())));
    }
    println!();
    known.iter().for_each(|(begins, why)| println!("meant: {begins}: {why}"));
    NOBODYS.iter().for_each(|(names, why)| println!("not held: {names}: {why}"));
    assert!(unmeant.is_empty(), "{} lines are not taken:\n{}", unmeant.len(), unmeant.join("\n"));
}

#[test]
fn who_holds_no_lines_is_listed() {
    let held: BTreeSet<&str> = TOOLS.iter().map(|tool| tool.name).collect();
    let others: BTreeSet<&str> =
        LINES.iter().map(|line| line.program()).filter(|program| !held.contains(program)).collect();
    let expected = NOBODYS.iter().flat_map(|(names, _)| names.split(' ')).collect();
    assert_eq!(others, expected);
}
