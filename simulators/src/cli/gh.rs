//! The `gh` dialect: commands on the hosted repository as a table, their output in [`super::gh_text`].

use serde_json::{Map, Value};

use super::gh_commands::{COMMANDS, Command, UNSIMULATED};
use super::gh_text::{self, View};
use super::jq::{self, Step};
use super::options::{Given, Misuse, listed, read};
use super::{Parsed, Render, Reply};
use crate::World;
use crate::call::{Answer, Call, Service};
use crate::service::{forge, workspace};

/// How an answer is printed.
#[derive(Clone, Debug)]
pub struct Output {
    view: View,
    options: Map<String, Value>,
    fields: Option<Vec<String>>,
    filter: Option<Vec<Step>>,
}

impl Output {
    pub(super) fn reply(&self, answer: &Answer) -> Reply {
        match answer {
            Err(refusal) => Reply::failed(1, format!("{}\n", refusal.message)),
            Ok(value) => match &self.fields {
                Some(fields) => json_reply(value, fields, self.filter.as_deref()),
                None => gh_text::reply(self.view, &self.options, value),
            },
        }
    }
}

fn json_reply(value: &Value, fields: &[String], filter: Option<&[Step]>) -> Reply {
    let known = value.as_array().map_or(Some(value), |list| list.first()).and_then(Value::as_object);
    if let (Some(known), Some(wrong)) =
        (known, fields.iter().find(|f| known.is_some_and(|k| !k.contains_key(*f))))
    {
        let mut names: Vec<&str> = known.keys().map(String::as_str).filter(|name| *name != "now").collect();
        names.sort_unstable();
        let text = format!("Unknown JSON field: \"{wrong}\"\nAvailable fields:\n  {}\n", names.join("\n  "));
        return Reply::failed(1, text);
    }
    let pick = |value: &Value| -> Value {
        let mut fields: Vec<&String> = fields.iter().collect();
        fields.sort();
        let pairs = fields.into_iter().filter_map(|f| Some((f.clone(), value.get(f)?.clone())));
        Value::Object(pairs.collect())
    };
    let picked = match value.as_array() {
        Some(list) => list.iter().map(pick).collect(),
        None => pick(value),
    };
    match filter {
        None => Reply::ok(format!("{picked}\n")),
        Some(steps) => match jq::run(steps, &picked) {
            Ok(values) => Reply::ok(values.iter().map(jq::line).collect::<String>()),
            Err(why) => Reply::failed(1, format!("{why}\n")),
        },
    }
}

pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    let word = |n: usize| words.get(n).map(String::as_str).unwrap_or_default();
    match (word(1), word(2)) {
        ("" | "help" | "--help" | "-h", _) => return answer(Reply::ok(overview()), false),
        ("--version" | "version", _) => return answer(Reply::ok("gh version 2.63.0 (2024-11-27)\n"), false),
        ("auth", "status") => return auth_status(world),
        _ => {}
    }
    let (group, name) = (word(1), word(2));
    let Some(command) = COMMANDS.iter().find(|c| c.group == group && c.name == name) else {
        return unknown(group, name);
    };
    let rest = words.get(3..).unwrap_or_default();
    if rest.iter().any(|w| w == "--help" || w == "-h") {
        return answer(Reply::ok(usage(command)), false);
    }
    let table = format!("R:repo! {}", command.options);
    match read(rest, &table) {
        Ok(given) => called(world, command, given),
        Err(Misuse::Unknown(option)) => {
            let kind = if option.starts_with("--") { "flag: " } else { "shorthand flag: " };
            let option = match option.strip_prefix("--") {
                Some(_) => option.clone(),
                None => format!("'{}' in {option}", option.trim_start_matches('-')),
            };
            answer(Reply::failed(1, format!("unknown {kind}{option}\n\n{}", usage(command))), false)
        }
        Err(Misuse::NeedsValue(option)) => {
            answer(Reply::failed(1, format!("flag needs an argument: {option}\n\n{}", usage(command))), false)
        }
        Err(Misuse::Unsimulated(option)) => {
            answer(Reply::failed(1, format!("gh {group} {name} {option} is not simulated here\n")), true)
        }
    }
}

fn answer(reply: Reply, unsimulated: bool) -> Parsed {
    Parsed::Answer { reply, unsimulated }
}

fn failed(text: impl Into<String>) -> Box<Parsed> {
    Box::new(answer(Reply::failed(1, format!("{}\n", text.into())), false))
}

fn called(world: &World, command: &Command, mut given: Given) -> Parsed {
    if let Err(parsed) = complete(world, command, &mut given) {
        return *parsed;
    }
    let fields = match given.options.remove("json") {
        Some(Value::String(fields)) => Some(fields.split(',').map(|f| f.trim().to_owned()).collect()),
        _ => None,
    };
    let filter = match given.text("jq").map(jq::parse) {
        None => None,
        Some(_) if fields.is_none() => return *failed("cannot use `--jq` without specifying `--json`"),
        Some(Some(steps)) => Some(steps),
        Some(None) => {
            let text = "this --jq expression is not simulated here; simple paths like `.[].number` are\n";
            return answer(Reply::failed(1, text), true);
        }
    };
    let target = given.args.first().or(given.paths.first()).cloned().unwrap_or_default();
    let mut args = given.options.clone();
    args.retain(|name, _| name != "jq" && name != "repo");
    let named = match command.group {
        "run" => "run",
        "workflow" => "workflow",
        _ => "number",
    };
    if !target.is_empty() && command.name != "create" {
        args.insert(named.to_owned(), Value::from(target.clone()));
    }
    let output = Output { view: command.view, options: given.options, fields, filter };
    Parsed::Call(Call::new(Service::Forge, command.operation, &target, args), Render::Gh(Box::new(output)))
}

/// What the tool works out by itself before it asks the forge: bodies from files, titles from commits, defaults.
fn complete(world: &World, command: &Command, given: &mut Given) -> Result<(), Box<Parsed>> {
    let repository = &world.stage().repository.name;
    if let Some(other) =
        given.text("repo").filter(|r| r.rsplit(".internal/").next() != Some(repository.as_str()))
    {
        let text =
            format!("GraphQL: Could not resolve to a Repository with the name '{other}'. (repository)");
        return Err(failed(text));
    }
    if let Some(file) = given.text("body-file").map(str::to_owned) {
        let Some(text) = workspace::read_file(world, &file) else {
            return Err(failed(format!("open {file}: no such file or directory")));
        };
        given.options.insert("body".to_owned(), text.into());
    }
    if let Some(limit) = given.text("limit").map(str::to_owned) {
        let Some(limit) = limit.parse::<u32>().ok().filter(|n| *n > 0) else {
            return Err(failed(format!("invalid value for --limit: {limit}")));
        };
        given.options.insert("limit".to_owned(), limit.into());
    }
    let asked = given.texts("reviewers").into_iter().flat_map(|s| s.split(','));
    let asked: Vec<Value> = asked.map(|s| Value::from(s.trim())).collect();
    if !asked.is_empty() {
        given.options.insert("reviewers".to_owned(), asked.into());
    }
    match (command.group, command.name) {
        ("pr", "create") => complete_create(world, given),
        ("pr", "merge") => complete_merge(given),
        ("pr", "review") => complete_review(given),
        ("pr" | "issue", "comment") if !given.has("body") => {
            Err(failed("flags required when not running interactively: --body or --body-file"))
        }
        ("issue", "create") if !given.has("title") || !given.has("body") => {
            Err(failed("must provide `--title` and `--body` when not running interactively"))
        }
        ("issue", "view" | "close" | "comment") if given.args.is_empty() => {
            Err(failed("accepts 1 arg(s), received 0"))
        }
        ("run", "view") if given.has("failed") => {
            given.options.insert("log".to_owned(), true.into());
            Ok(())
        }
        ("run", "watch" | "rerun") if given.args.is_empty() => {
            Err(failed("run ID required when not running interactively"))
        }
        ("workflow", "run") if given.args.is_empty() => {
            Err(failed("workflow ID, name, or filename required when not running interactively"))
        }
        _ => Ok(()),
    }
}

fn complete_merge(given: &mut Given) -> Result<(), Box<Parsed>> {
    let methods = ["merge", "squash", "rebase"];
    let chosen: Vec<&str> = methods.into_iter().filter(|m| given.has(m)).collect();
    match chosen.as_slice() {
        [one] => drop(given.options.insert("method".to_owned(), (*one).into())),
        [] if given.has("auto") => drop(given.options.insert("method".to_owned(), "merge".into())),
        [] => {
            return Err(failed("--merge, --rebase, or --squash required when not running interactively"));
        }
        _ => return Err(failed("only one of --merge, --rebase, or --squash can be enabled")),
    }
    Ok(())
}

fn complete_review(given: &mut Given) -> Result<(), Box<Parsed>> {
    let kinds = [("approve", "APPROVE"), ("request", "REQUEST_CHANGES"), ("comment", "COMMENT")];
    let chosen: Vec<&str> = kinds.iter().filter(|(name, _)| given.has(name)).map(|(_, e)| *e).collect();
    let [event] = chosen.as_slice() else {
        let why = "--approve, --request-changes, or --comment required when not running interactively";
        return Err(failed(why));
    };
    if *event != "APPROVE" && given.text("body").is_none_or(str::is_empty) {
        let kind = if *event == "COMMENT" { "comment" } else { "request-changes" };
        return Err(failed(format!("body cannot be blank for {kind} review")));
    }
    given.options.insert("event".to_owned(), (*event).into());
    Ok(())
}

fn complete_create(world: &World, given: &mut Given) -> Result<(), Box<Parsed>> {
    let here = workspace::current_branch(world).unwrap_or_default().to_owned();
    let head = given.text("head").map_or(here.clone(), |h| h.rsplit(':').next().unwrap_or(h).to_owned());
    let base = given.text("base").map_or("main".to_owned(), str::to_owned);
    if head == base {
        return Err(failed(format!(
            "head branch \"{head}\" is the same as base branch \"{base}\", cannot create a pull request"
        )));
    }
    if !given.has("head") && forge::branch_sources(world, &head).is_none() {
        return Err(failed(
            "aborted: you must first push the current branch to a remote, or use the --head flag",
        ));
    }
    if given.has("fill") {
        let (title, body) = workspace::summary(world, &base);
        given.options.entry("title").or_insert(title.into());
        given.options.entry("body").or_insert(body.into());
    }
    if !given.has("title") || !given.has("body") {
        let why = "must provide `--title` and `--body` (or `--fill` or `fill-first` or `--fillverbose`) when not \
                   running interactively";
        return Err(failed(why));
    }
    let known = |name: &str| world.stage().person.iter().any(|p| p.name == name.trim_start_matches('@'));
    if let Some(name) = given.texts("reviewers").into_iter().find(|name| !known(name)) {
        return Err(failed(format!("could not request reviewer: '{name}' not found")));
    }
    given.options.insert("head".to_owned(), head.into());
    given.options.insert("base".to_owned(), base.into());
    let dirty = workspace::uncommitted(world);
    if dirty > 0 {
        let s = if dirty == 1 { "" } else { "s" };
        given
            .options
            .insert("warning".to_owned(), format!("Warning: {dirty} uncommitted change{s}\n").into());
    }
    Ok(())
}

fn usage(command: &Command) -> String {
    let flags = listed(command.options);
    format!("Usage:  gh {} {} {}\n\nFlags:\n{flags}", command.group, command.name, command.usage)
}

fn groups() -> Vec<&'static str> {
    let mut names: Vec<&str> = COMMANDS.iter().map(|c| c.group).collect();
    names.dedup();
    names
}

fn overview() -> String {
    let line = |group: &&'static str| {
        let names = COMMANDS.iter().filter(|c| c.group == *group).map(|c| c.name);
        format!("  {group:<10} {}\n", names.collect::<Vec<_>>().join(", "))
    };
    let commands: String = groups().iter().map(line).collect();
    format!(
        "Work with the hosted repository from the command line.\n\nUSAGE\n  gh <command> <subcommand> [flags]\n\n\
         COMMANDS\n{commands}\nLEARN MORE\n  Use `gh <command> <subcommand> --help` for more information.\n"
    )
}

fn unknown(group: &str, name: &str) -> Parsed {
    let pair = format!("{group}:{name}");
    if UNSIMULATED.split_whitespace().any(|known| known == group || known == pair) {
        return answer(Reply::failed(1, format!("gh {group} {name} is not simulated here\n")), true);
    }
    if !groups().contains(&group) {
        let text =
            format!("unknown command \"{group}\" for \"gh\"\n\nUsage:  gh <command> <subcommand> [flags]\n");
        let names: String = groups().iter().map(|g| format!("  {g}\n")).collect();
        return answer(Reply::failed(1, format!("{text}\nAvailable commands:\n{names}")), false);
    }
    let names = COMMANDS.iter().filter(|c| c.group == group).map(|c| format!("  {}\n", c.name));
    let help =
        format!("Usage:  gh {group} <command> [flags]\n\nAvailable commands:\n{}", names.collect::<String>());
    match name {
        "" | "--help" | "-h" => answer(Reply::ok(help), false),
        _ => answer(
            Reply::failed(1, format!("unknown command \"{name}\" for \"gh {group}\"\n\n{help}")),
            false,
        ),
    }
}

fn auth_status(world: &World) -> Parsed {
    let host = format!("git.{}", workspace::domain(world));
    let text = format!(
        "{host}\n  ✓ Logged in to {host} account {} (keyring)\n  - Active account: true\n  - Git operations \
         protocol: https\n",
        workspace::owner(world)
    );
    answer(Reply::ok(text), false)
}
