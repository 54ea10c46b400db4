//! Every command line that the shipped scenarios type or recommend.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use chesterton::scenario::{self, Action, Scenario};
use simulators::cli::{self, Joint};

/// A simple command, and the scenario where it stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Line {
    pub scenario: String,
    /// The program first; settings in front and what only leads to another program (`sudo`, `npx`) are gone.
    pub words: Vec<String>,
}

impl Line {
    pub fn program(&self) -> &str {
        &self.words[0]
    }

    /// What of it a parser sees: the program, its commands, and the names of options; of some options the value too.
    pub fn shape(&self) -> Vec<&str> {
        let parsed = ["-o", "--json", "--jq", "--query", "--type", "--output"];
        let of = |(at, word): (usize, &'_ String)| -> usize {
            let is_name = word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            let is_value = at > 0 && parsed.contains(&self.words[at - 1].as_str());
            match word.starts_with('-') {
                _ if is_value || at == 0 => word.len(),
                true => word.find('=').unwrap_or(word.len()),
                false => {
                    if at < 4 && is_name {
                        word.len()
                    } else {
                        0
                    }
                }
            }
        };
        self.words.iter().enumerate().map(|(at, word)| &word[..of((at, word))]).collect()
    }

    pub fn shown(&self) -> String {
        shell_words::join(&self.words)
    }
}

/// All scenarios, loaded once.
pub static SCENARIOS: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let names = scenario::list(&root).unwrap();
    names.iter().map(|name| scenario::load(&root.join(name)).unwrap_or_else(|e| panic!("{e}"))).collect()
});

/// All commands: of each the first scenario that has it.
pub static LINES: LazyLock<Vec<Line>> = LazyLock::new(|| {
    let mut found: BTreeMap<Vec<String>, String> = BTreeMap::new();
    for scenario in SCENARIOS.iter() {
        for text in typed(scenario).into_iter().chain(recommended(scenario)) {
            for words in commands(&text) {
                found.entry(words).or_insert_with(|| scenario.name.clone());
            }
        }
    }
    found.into_iter().map(|(words, scenario)| Line { scenario, words }).collect()
});

/// What the reference agents type, and what they put up for review.
fn typed(scenario: &Scenario) -> Vec<String> {
    let scripts = scenario::scripts(&scenario.folder).unwrap_or_else(|e| panic!("{e}"));
    let actions = scripts.into_iter().flat_map(|script| script.step).map(|step| step.action);
    let lines = actions.flat_map(|action| match action {
        Action::Run { command, .. } => vec![command],
        Action::Review { commands, .. } => commands,
        _ => Vec::new(),
    });
    lines.collect()
}

/// What pages of the checkout say to type, and what colleagues say in backticks.
fn recommended(scenario: &Scenario) -> Vec<String> {
    let stage = &scenario.stage;
    let pages = stage.files.iter().filter(|(path, _)| path.starts_with("repo/") && path.ends_with(".md"));
    let mut lines: Vec<String> = pages.flat_map(|(_, text)| blocks(text)).collect();
    let replies = stage.person.iter().flat_map(|person| &person.reply).map(|reply| reply.text.as_str());
    for text in replies.chain([scenario.brief.as_str()]) {
        lines.extend(text.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    // A name alone is a word of a sentence.
    lines.retain(|line| line.split_once(' ').is_some_and(|(program, _)| PROGRAMS.contains(&program)));
    lines
}

/// Programs with which a line of a page begins that is a command.
const PROGRAMS: &[&str] = cli::PROGRAMS;

/// Indented and fenced lines, with those behind a backslash joined.
fn blocks(text: &str) -> Vec<String> {
    let text = text.replace("\\\n", " ");
    let mut is_fenced = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if is_fenced || line.starts_with("    ") {
            lines.push(line.trim().trim_start_matches("$ ").to_owned());
        }
    }
    lines
}

/// The simple commands of a line, and those inside them.
fn commands(line: &str) -> Vec<Vec<String>> {
    let line = filled(line, ("${", "}"), |_| "1");
    let line = filled(&line, ("<", ">"), |name| if name.contains(' ') { "1" } else { name });
    let parts = cli::split(&line).unwrap_or_else(|why| panic!("`{line}`: {why}"));
    let parts = parts.into_iter().filter(|(joint, _)| !joint.is_filter() || *joint == Joint::Pipe);
    parts.flat_map(|(_, words)| inside(&words)).collect()
}

/// What is saved while a trial runs, and what a page leaves open, stands between marks.
fn filled<'t>(text: &'t str, (open, close): (&str, &str), with: impl Fn(&'t str) -> &'t str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        let Some((name, behind)) = after.split_once(close) else { break };
        if !name.chars().all(|c| c.is_alphanumeric() || "-_ ".contains(c)) {
            filled.push_str(before);
            filled.push_str(open);
            rest = after;
            continue;
        }
        filled.push_str(before);
        filled.push_str(with(name));
        rest = behind;
    }
    filled + rest
}

/// A command, and the commands that it hands on to a machine, a container or another program.
fn inside(words: &[String]) -> Vec<Vec<String>> {
    let is_setting = |word: &&String| {
        word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    let words = &plain(&words[words.iter().take_while(is_setting).count()..])[..];
    let names: Vec<&str> = words.iter().map(String::as_str).collect();
    let behind = |at: usize| inside(words.get(at..).unwrap_or_default());
    let and_behind = |at: usize| [vec![words.to_vec()], behind(at)].concat();
    match names.as_slice() {
        [] => Vec::new(),
        ["sudo", "-u", _, ..] => behind(3),
        ["sudo" | "npx", ..] => behind(1),
        ["ssh", _, command] => [vec![words.to_vec()], commands(command)].concat(),
        ["ssh", ..] => and_behind(2),
        ["kubectl", "exec", rest @ ..] => match rest.iter().position(|word| *word == "--") {
            Some(at) => and_behind(at + 3),
            None => vec![words.to_vec()],
        },
        ["docker", "compose", "exec", "-T", ..] => and_behind(5),
        _ => vec![words.to_vec()],
    }
}

/// Texts that people write are no matter of a parser: all are the same one.
fn plain(words: &[String]) -> Vec<String> {
    let mut plain = words.to_vec();
    if matches!(words.first().map(String::as_str), Some("gh" | "git")) {
        for at in 1..words.len() {
            if ["--body", "--message", "--title", "-m"].contains(&words[at - 1].as_str()) {
                plain[at] = "text".to_owned();
            }
        }
    }
    plain
}
