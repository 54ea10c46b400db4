//! `npx drizzle-kit`: a schema written in code, pushed or migrated.

use serde_json::json;

use super::options::{Misuse, read};
use super::shell::answer;
use super::{Parsed, Render, Reply};
use crate::World;
use crate::call::{Call, Service};
use crate::service::drizzle;

/// Commands with their operations and options; a `~` is the real tool's alone.
const COMMANDS: &[(&str, &str, &str)] = &[
    (
        "push",
        "DrizzlePush",
        "config! force strict verbose ~dialect! ~casing! ~schema! ~tablesFilter! ~schemaFilters! ~extensionsFilters! ~url! ~host! \
         ~port! ~user! ~password! ~database! ~ssl! ~auth-token! ~tlsSecurity! ~driver!",
    ),
    (
        "generate",
        "DrizzleGenerate",
        "config! name! custom breakpoints=_ ~dialect! ~driver! ~casing! ~schema! ~out! ~prefix!",
    ),
    ("migrate", "DrizzleMigrate", "config!"),
    ("check", "DrizzleCheck", "config! ~dialect! ~out!"),
];

/// What the real tool has besides.
const BEYOND: &[&str] = &["introspect", "pull", "studio", "up", "drop", "export"];

const HELP: &str = "\nUsage:\n  drizzle-kit [command]\n\nAvailable Commands:\n  generate     \n  migrate      \n  introspect   \n  push         \n  \
    studio       \n  up           \n  check        \n  drop         \n  export       Generate diff between current state and empty state in \
    specified formats: sql\n\nFlags:\n  -h, --help      help for drizzle-kit\n  -v, --version   version for drizzle-kit\n\n";

const PUSH_HELP: &str = "\nUsage:\n  drizzle-kit push [flags]\n\nFlags:\n  --config string   Path to drizzle config file\n  \
    --verbose         Print all statements for each push (default: false)\n  --strict          Always ask for confirmation (default: false)\n  \
    --force           Auto-approve all data loss statements. Note: Data loss statements may truncate your tables and data (default: false)\n\n\
    Global flags:\n  -h, --help      help for push\n  -v, --version   version for drizzle-kit\n\n";

/// Understands the words behind `npx drizzle-kit`; `url` is a `DATABASE_URL` that stood before them.
pub(super) fn parse(world: &World, words: &[String], url: Option<&str>) -> Parsed {
    let Some((name, rest)) = words.split_first() else { return answer(Reply::ok(HELP), false) };
    if matches!(name.as_str(), "--version" | "-v") {
        return answer(Reply::ok("drizzle-kit: v0.31.11\ndrizzle-orm: v0.44.7\n"), false);
    }
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return answer(Reply::ok(if name == "push" { PUSH_HELP } else { HELP }), false);
    }
    let Some((_, operation, table)) = COMMANDS.iter().find(|(known, ..)| known == name) else {
        return match BEYOND.contains(&name.as_str()) {
            true => beyond(name),
            false => {
                let text = format!("Unknown command: '{name}'.\nType '--help' to get help on the cli.\n");
                answer(Reply::failed(1, text), false)
            }
        };
    };
    let given = match read(rest, table) {
        Ok(given) => given,
        Err(misuse) => return misused(name, misuse),
    };
    if let Some(word) = drizzle::beyond(world, given.text("config")) {
        return beyond(&format!("with `{word}` in a schema"));
    }
    let target = match *operation {
        "DrizzleGenerate" => String::new(),
        _ => drizzle::instance(world, given.text("config"), url),
    };
    let mut args = given.options;
    args.extend(url.map(|url| ("url".to_owned(), json!(url))));
    Parsed::Call(Call::new(Service::Migrations, operation, &target, args), Render::Text { tool: "Error" })
}

fn beyond(what: &str) -> Parsed {
    answer(Reply::failed(1, format!("drizzle-kit {what} is not simulated here\n")), true)
}

fn misused(command: &str, misuse: Misuse) -> Parsed {
    match misuse {
        Misuse::Unsimulated(option) => beyond(&format!("{command} {option}")),
        Misuse::Unknown(option) => answer(
            Reply::failed(1, format!("Unrecognized options for command '{command}': {option}\n")),
            false,
        ),
        Misuse::NeedsValue(option) => {
            answer(Reply::failed(1, format!("Invalid syntax: option {option} needs a value\n")), false)
        }
    }
}
