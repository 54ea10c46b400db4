//! The `kubectl` dialect: words become a call that names a cluster, kinds and names.

use serde_json::Value;

use super::kubectl_line::Line;
use super::kubectl_print::Form;
use super::kubectl_usage::{BEYOND, COMMANDS, COMMON, Command, GROUPS};
use super::options::{Misuse, listed, read};
use super::{Parsed, Reply};
use crate::World;
use crate::service::{cluster_objects, workspace};

pub(super) fn says(reply: Reply, unsimulated: bool) -> Box<Parsed> {
    Box::new(Parsed::Answer { reply, unsimulated })
}

pub(super) fn wrong(text: impl Into<String>) -> Box<Parsed> {
    says(Reply::failed(1, text.into() + "\n"), false)
}

pub(super) fn gap(what: &str) -> Box<Parsed> {
    says(Reply::failed(1, format!("error: {what} is not simulated here\n")), true)
}

/// Understands the words behind `kubectl`.
pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    understood(world, words).unwrap_or_else(|parsed| *parsed)
}

fn understood(world: &World, words: &[String]) -> Result<Parsed, Box<Parsed>> {
    // Options of all commands may stand before the command.
    let (before, rest) = split_command(words);
    let asks_help =
        words.iter().take_while(|word| *word != "--").any(|word| word == "--help" || word == "-h");
    let found = command_of(rest);
    if rest.first().is_none_or(|word| word == "help") || (asks_help && found.is_none()) {
        return Err(says(Reply::ok(help()), false));
    }
    let Some((command, skip)) = found else { return Err(unknown(rest)) };
    let table = format!("{COMMON} {}", command.options);
    if asks_help {
        let text = format!(
            "{}.\n\nOptions:\n{}\nUsage:\n  kubectl {} [options]\n",
            command.about,
            listed(&table),
            command.words
        );
        return Err(says(Reply::ok(text), false));
    }
    let all: Vec<String> = before.iter().chain(rest.iter().skip(skip)).cloned().collect();
    let given = read(&all, &table).map_err(misused)?;
    Line { world, command, given }.call()
}

/// The words before the command, and those from it on.
fn split_command(words: &[String]) -> (&[String], &[String]) {
    let takes = ["-n", "--namespace", "--context", "--cluster", "--kubeconfig", "--request-timeout", "-v"];
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.starts_with('-')) {
        at = at.saturating_add(if takes.contains(&word.as_str()) { 2 } else { 1 });
    }
    words.split_at(at.min(words.len()))
}

/// The command, and how many words name it.
fn command_of(words: &[String]) -> Option<(&'static Command, usize)> {
    let fits = |command: &&Command| {
        let names: Vec<&str> = command.words.split(' ').collect();
        // `create ns x` is short for `create namespace x`.
        let word = |n: usize| {
            words
                .get(n)
                .map(|w| if command.words == "create namespace" && w == "ns" { "namespace" } else { w })
        };
        (0..names.len()).all(|n| word(n) == names.get(n).copied())
    };
    let command = COMMANDS.iter().find(fits)?;
    Some((command, command.words.split(' ').count()))
}

fn unknown(words: &[String]) -> Box<Parsed> {
    let (first, second) = (words.first().map_or("", |w| w), words.get(1).map_or("", |w| w));
    if let Some((group, more)) = GROUPS.iter().find(|(group, _)| *group == first) {
        if more.contains(&second) {
            return gap(&format!("kubectl {first} {second}"));
        }
        return wrong(format!(
            "error: unknown command \"{second}\"\nSee 'kubectl {group} -h' for help and examples"
        ));
    }
    if BEYOND.contains(&first) {
        return gap(&format!("kubectl {first}"));
    }
    wrong(format!("error: unknown command \"{first}\" for \"kubectl\""))
}

fn misused(misuse: Misuse) -> Box<Parsed> {
    match misuse {
        Misuse::Unsimulated(option) => gap(&option),
        Misuse::Unknown(option) if option.starts_with("--") => {
            wrong(format!("error: unknown flag: {option}\nSee 'kubectl --help' for usage."))
        }
        Misuse::Unknown(option) => {
            let letter = option.trim_start_matches('-');
            wrong(format!(
                "error: unknown shorthand flag: '{letter}' in {option}\nSee 'kubectl --help' for usage."
            ))
        }
        Misuse::NeedsValue(option) => {
            wrong(format!("error: flag needs an argument: {option}\nSee 'kubectl --help' for usage."))
        }
    }
}

fn help() -> String {
    let each = COMMANDS.iter().map(|command| format!("  {:<22} {}\n", command.words, command.about));
    format!(
        "kubectl controls the Kubernetes cluster manager.\n\nCommands:\n{}\nUsage:\n  kubectl [flags] [options]\n",
        each.collect::<String>()
    )
}

/// How an answer is to be shown.
pub(super) fn form(output: Option<&str>) -> Result<Form, Box<Parsed>> {
    let Some(output) = output else { return Ok(Form::Table) };
    let (name, rest) = output.split_once('=').map_or((output, None), |(name, rest)| (name, Some(rest)));
    match (name, rest) {
        ("wide", None) => Ok(Form::Wide),
        ("json", None) => Ok(Form::Json),
        ("yaml", None) => Ok(Form::Yaml),
        ("name", None) => Ok(Form::Names),
        ("jsonpath", Some(template)) => Ok(Form::Path(template.to_owned())),
        ("custom-columns", Some(columns)) => Ok(Form::Columns(columns.to_owned())),
        (
            "jsonpath-as-json" | "jsonpath-file" | "go-template" | "go-template-file" | "custom-columns-file",
            _,
        ) => Err(gap(&format!("-o {name}"))),
        _ => Err(wrong(format!(
            "error: unable to match a printer suitable for the output format \"{output}\", allowed formats are: custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,wide,yaml"
        ))),
    }
}

/// The documents of a file, or of all manifests of a folder.
pub(super) fn read_manifests(world: &World, name: &str) -> Result<Vec<Value>, Box<Parsed>> {
    let folder = name.trim_end_matches('/');
    let names: Vec<String> = match workspace::read_file(world, name) {
        Some(_) => vec![name.to_owned()],
        None => workspace::sources(world)
            .keys()
            .filter(|path| path.strip_prefix(&format!("{folder}/")).is_some_and(|rest| !rest.contains('/')))
            .filter(|path| [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end)))
            .cloned()
            .collect(),
    };
    if names.is_empty() {
        return Err(wrong(format!("error: the path \"{name}\" does not exist")));
    }
    let mut all = Vec::new();
    for name in names {
        let text = workspace::read_file(world, &name).unwrap_or_default();
        let documents = cluster_objects::documents(&text).map_err(|why| {
            wrong(format!("error: error parsing {name}: error converting YAML to JSON: {why}"))
        })?;
        if documents.iter().any(|json| !json.is_null() && json.get("kind").is_none()) {
            return Err(wrong(format!(
                "error: error validating \"{name}\": error validating data: kind not set"
            )));
        }
        all.extend(documents.into_iter().filter(|json| !json.is_null()));
    }
    Ok(all)
}
