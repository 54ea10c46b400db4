//! The `terraform` dialect.

use serde_json::{Map, Value};

use super::{Parsed, Render, Reply};
use crate::World;
use crate::call::{Call, Service};
use crate::service::terraform;

/// How a command takes an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Takes {
    Nothing,
    One,
    Many,
    /// The real tool takes it, and what it does has no counterpart here.
    Ignored,
    IgnoredOne,
}

/// A command: the words that name it, its operation, its options, and how many arguments it takes.
struct Command {
    words: &'static [&'static str],
    operation: &'static str,
    options: &'static [(&'static str, Takes)],
    args: (usize, usize),
}

use Takes::{Ignored, IgnoredOne, Many, Nothing, One};

const PLANS: &[(&str, Takes)] = &[
    ("destroy", Nothing),
    ("refresh-only", Nothing),
    ("refresh", One),
    ("target", Many),
    ("replace", Many),
    ("var", Many),
    ("var-file", Many),
    ("detailed-exitcode", Nothing),
    ("out", One),
    ("auto-approve", Nothing),
    ("input", IgnoredOne),
    ("lock", IgnoredOne),
    ("lock-timeout", IgnoredOne),
    ("parallelism", IgnoredOne),
    ("no-color", Ignored),
    ("compact-warnings", Ignored),
];
const PLAIN: &[(&str, Takes)] = &[("no-color", Ignored), ("lock", IgnoredOne), ("lock-timeout", IgnoredOne)];

const fn plain(words: &'static [&'static str], operation: &'static str, args: (usize, usize)) -> Command {
    Command { words, operation, options: PLAIN, args }
}

const COMMANDS: &[Command] = &[
    Command {
        words: &["init"],
        operation: "Init",
        options: &[
            ("migrate-state", Nothing),
            ("reconfigure", Nothing),
            ("force-copy", Nothing),
            ("upgrade", Ignored),
            ("input", IgnoredOne),
            ("backend", IgnoredOne),
            ("no-color", Ignored),
            ("lock", IgnoredOne),
        ],
        args: (0, 0),
    },
    Command {
        words: &["validate"],
        operation: "Validate",
        options: &[("no-color", Ignored), ("var", Many), ("var-file", Many)],
        args: (0, 0),
    },
    Command { words: &["plan"], operation: "Plan", options: PLANS, args: (0, 0) },
    Command { words: &["apply"], operation: "Apply", options: PLANS, args: (0, 1) },
    Command { words: &["destroy"], operation: "Destroy", options: PLANS, args: (0, 0) },
    Command {
        words: &["show"],
        operation: "Show",
        options: &[("json", Nothing), ("no-color", Ignored)],
        args: (0, 1),
    },
    Command {
        words: &["output"],
        operation: "Output",
        options: &[("json", Nothing), ("raw", Nothing), ("no-color", Ignored)],
        args: (0, 1),
    },
    Command {
        words: &["import"],
        operation: "Import",
        options: &[
            ("var", Many),
            ("var-file", Many),
            ("no-color", Ignored),
            ("input", IgnoredOne),
            ("lock", IgnoredOne),
        ],
        args: (2, 2),
    },
    Command { words: &["state", "list"], operation: "StateList", options: &[("id", One)], args: (0, 99) },
    plain(&["state", "show"], "StateShow", (1, 1)),
    plain(&["state", "pull"], "StatePull", (0, 0)),
    Command {
        words: &["state", "push"],
        operation: "StatePush",
        options: &[("force", Nothing), ("lock", IgnoredOne)],
        args: (1, 1),
    },
    Command {
        words: &["state", "mv"],
        operation: "StateMv",
        options: &[("dry-run", Nothing), ("lock", IgnoredOne)],
        args: (2, 2),
    },
    Command {
        words: &["state", "rm"],
        operation: "StateRm",
        options: &[("dry-run", Nothing), ("lock", IgnoredOne)],
        args: (1, 99),
    },
    plain(&["workspace", "show"], "WorkspaceShow", (0, 0)),
    plain(&["workspace", "list"], "WorkspaceList", (0, 0)),
    plain(&["workspace", "new"], "WorkspaceNew", (1, 1)),
    Command {
        words: &["workspace", "select"],
        operation: "WorkspaceSelect",
        options: &[("or-create", Nothing)],
        args: (1, 1),
    },
    Command {
        words: &["workspace", "delete"],
        operation: "WorkspaceDelete",
        options: &[("force", Nothing), ("lock", IgnoredOne)],
        args: (1, 1),
    },
];

/// What the real tool has besides.
const UNSIMULATED: &[&str] = &[
    "console",
    "fmt",
    "force-unlock",
    "get",
    "graph",
    "login",
    "logout",
    "metadata",
    "modules",
    "providers",
    "refresh",
    "stacks",
    "taint",
    "test",
    "untaint",
    "replace-provider",
    "identities",
];

const USAGE: &str = "Usage: terraform [global options] <subcommand> [args]

Main commands:
  init          Prepare your working directory for other commands
  validate      Check whether the configuration is valid
  plan          Show changes required by the current configuration
  apply         Create or update infrastructure
  destroy       Destroy previously-created infrastructure

All other commands:
  import        Associate existing infrastructure with a Terraform resource
  output        Show output values from your root module
  show          Show the current state or a saved plan
  state         Advanced state management: list, mv, pull, push, rm, show
  workspace     Workspace management: delete, list, new, select, show

Global options (use these before the subcommand, if any):
  -chdir=DIR    Switch to a different working directory before executing the
                given subcommand.
  -help         Show this help output, or the help for a specified subcommand.
  -version      An alias for the \"version\" subcommand.
";

pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    let mut words = words.get(1..).unwrap_or_default();
    let mut dir = String::new();
    while let Some(first) = words.first() {
        match first.trim_start_matches('-').split_once('=') {
            Some(("chdir", to)) if first.starts_with('-') => to.clone_into(&mut dir),
            _ => break,
        }
        words = words.get(1..).unwrap_or_default();
    }
    match words.first().map(String::as_str) {
        None => return answer(Reply::failed(127, USAGE), false),
        Some("-help" | "--help" | "-h") => return answer(Reply::ok(USAGE), false),
        Some("version" | "-version" | "--version" | "-v") => {
            return answer(Reply::ok(format!("Terraform v{}\non linux_amd64\n", terraform::VERSION)), false);
        }
        Some(name) if UNSIMULATED.contains(&name) => {
            return answer(Reply::failed(1, format!("terraform {name} is not simulated here\n")), true);
        }
        Some(_) => {}
    }
    let named = |command: &&Command| {
        command.words.len() <= words.len()
            && command.words.iter().zip(words).all(|(known, word)| known == word)
    };
    let Some(command) = COMMANDS.iter().find(named) else {
        let line = words.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(" ");
        let known = words.get(1).is_some_and(|word| UNSIMULATED.contains(&word.as_str()));
        let text = format!(
            "Terraform has no command named \"{line}\".\n\nTo see all of Terraform's top-level commands, run:\n  terraform -help\n\n"
        );
        return answer(Reply::failed(1, text), known);
    };
    if let Some(gap) = terraform::gap(world, &dir) {
        return answer(Reply::failed(1, terraform::boxed(&gap)), true);
    }
    let rest = words.get(command.words.len()..).unwrap_or_default();
    match read(command, rest) {
        Ok(args) => call(command, dir, args),
        Err(reply) => answer(reply, false),
    }
}

fn answer(reply: Reply, unsimulated: bool) -> Parsed {
    Parsed::Answer { reply, unsimulated }
}

/// Reads options and arguments. One dash or two, and a value behind `=` or as the next word.
fn read(command: &Command, words: &[String]) -> Result<Map<String, Value>, Reply> {
    let name = command.words.join(" ");
    let usage = |why: String| {
        Reply::failed(
            1,
            format!(
                "{}\nFor more help on using this command, run:\n  terraform {name} -help\n",
                terraform::boxed(&why)
            ),
        )
    };
    let mut found = Map::new();
    let mut args: Vec<Value> = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(option) =
            word.strip_prefix("--").or_else(|| word.strip_prefix('-')).filter(|o| !o.is_empty())
        else {
            args.push(Value::from(word.as_str()));
            continue;
        };
        let (option, value) = option.split_once('=').map_or((option, None), |(o, v)| (o, Some(v.to_owned())));
        if matches!(option, "help" | "h") {
            let options: String = command.options.iter().map(|(known, _)| format!("  -{known}\n")).collect();
            return Err(Reply::ok(format!(
                "Usage: terraform [global options] {name} [options]\n\nOptions:\n\n{options}"
            )));
        }
        let Some((_, takes)) = command.options.iter().find(|(known, _)| *known == option) else {
            return Err(usage(format!(
                "Failed to parse command-line flags\nflag provided but not defined: -{option}"
            )));
        };
        let bare = matches!(takes, Takes::Nothing | Takes::Ignored);
        let value = if bare { value } else { value.or_else(|| words.next().cloned()) };
        match (takes, value) {
            (Takes::Nothing, value) => {
                drop(found.insert(option.to_owned(), Value::from(value.as_deref() != Some("false"))))
            }
            (Takes::Ignored | Takes::IgnoredOne, _) => {}
            (_, None) => {
                return Err(usage(format!(
                    "Failed to parse command-line flags\nflag needs an argument: -{option}"
                )));
            }
            (Takes::One, Some(value)) => drop(found.insert(option.to_owned(), Value::from(value))),
            (Takes::Many, Some(value)) => {
                let list = found.entry(option.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
                if let Some(list) = list.as_array_mut() {
                    list.push(Value::from(value));
                }
            }
        }
    }
    let (least, most) = command.args;
    if args.len() < least || args.len() > most {
        return Err(usage(format!(
            "Wrong number of arguments\nThe {name} command takes {least} to {most} arguments, and got {}.",
            args.len()
        )));
    }
    found.insert("args".to_owned(), Value::Array(args));
    Ok(found)
}

fn call(command: &Command, dir: String, mut args: Map<String, Value>) -> Parsed {
    let first = args.get("args").and_then(|a| a.get(0)).and_then(Value::as_str).map(str::to_owned);
    let operation = match (command.operation, &first) {
        ("Plan", _) if args.contains_key("out") => "SavePlan",
        ("Apply", Some(_)) => "ApplyPlan",
        (other, _) => other,
    };
    if matches!(operation, "ApplyPlan" | "Show") {
        args.extend(first.map(|plan| ("plan".to_owned(), Value::from(plan))));
    }
    let target = if dir.is_empty() { ".".to_owned() } else { dir.clone() };
    args.insert("dir".to_owned(), Value::from(dir));
    Parsed::Call(Call::new(Service::Terraform, operation, &target, args), Render::Text { tool: "terraform" })
}
