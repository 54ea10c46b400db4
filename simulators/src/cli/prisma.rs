//! `npx prisma`: the migration tool's commands.

use serde_json::{Value, json};

use super::options::{Misuse, read};
use super::shell::answer;
use super::{Parsed, Render, Reply};
use crate::World;
use crate::call::{Call, Service};
use crate::service::migrations;

/// Commands with their operations and options.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("migrate status", "MigrateStatus", "schema! ~config!"),
    ("migrate deploy", "MigrateDeploy", "schema! ~config!"),
    ("migrate reset", "MigrateReset", "f:force schema! skip-seed=_ skip-generate=_ ~config!"),
    ("migrate resolve", "MigrateResolve", "applied! rolled-back! schema! ~config!"),
    (
        "migrate diff",
        "MigrateDiff",
        "from-url! from-schema-datasource! to-schema-datamodel! script exit-code schema! ~from-empty ~from-migrations! \
         ~from-schema-datamodel! ~to-empty ~to-url! ~to-migrations! ~to-schema-datasource! ~shadow-database-url! ~output! ~config!",
    ),
    ("db push", "DbPush", "accept-data-loss force-reset skip-generate=_ schema! ~config!"),
    ("db execute", "DbExecute", "file! schema! url! ~stdin ~config!"),
];

/// What the real tool has besides.
const BEYOND: &[&str] = &[
    "init",
    "generate",
    "studio",
    "format",
    "validate",
    "debug",
    "db pull",
    "db seed",
    "migrate dev",
    "platform",
    "dev",
    "mcp",
    "version",
];

const HELP: &str = "Prisma is a modern DB toolkit to query, migrate and model your database\n\nUsage\n\n  $ prisma [command]\n\nCommands\n\n  \
      migrate status   Check the status of the migrations in a database\n  migrate deploy   Apply pending migrations\n  \
      migrate reset    Drop the database and apply all migrations\n  migrate resolve  Record how a failed migration was resolved\n  \
      migrate diff     Compare a database with a schema\n  db push          Push the schema to the database\n  \
      db execute       Execute native commands on the database\n";

/// Understands the words behind `npx prisma`; `url` is a `DATABASE_URL` that stood before them.
pub(super) fn parse(world: &World, words: &[String], url: Option<&str>) -> Parsed {
    let name: Vec<&str> =
        words.iter().map(String::as_str).take_while(|word| !word.starts_with('-')).take(2).collect();
    let name = name.join(" ");
    if words.is_empty() || words.iter().any(|word| word == "--help" || word == "-h") {
        return answer(Reply::ok(HELP), false);
    }
    if matches!(words.first().map(String::as_str), Some("--version" | "-v")) {
        return answer(Reply::ok("prisma                  : 6.19.0\n"), false);
    }
    let Some((_, operation, table)) = COMMANDS.iter().find(|(known, ..)| *known == name) else {
        return unknown(&name);
    };
    let given = match read(words.get(2..).unwrap_or_default(), table) {
        Ok(given) => given,
        Err(misuse) => return misused(misuse),
    };
    let missing = match *operation {
        "MigrateResolve" if given.has("applied") == given.has("rolled-back") => Some(
            "--applied or --rolled-back must be part of the command like:\nprisma migrate resolve --applied 20201231000000_example",
        ),
        "MigrateDiff" if !given.has("from-url") && !given.has("from-schema-datasource") => {
            Some("`--from-...` is required.")
        }
        "MigrateDiff" if !given.has("to-schema-datamodel") => Some("`--to-...` is required."),
        "DbExecute" if !given.has("file") => {
            Some("Either --stdin or --file must be provided.\nSee `prisma db execute -h`")
        }
        _ => None,
    };
    if let Some(missing) = missing {
        return answer(Reply::failed(1, format!("\n! {missing}\n")), false);
    }
    let mut args = given.options;
    let named = ["from-url", "url"].iter().find_map(|name| args.get(*name).and_then(Value::as_str));
    let url = named.or(url).map(str::to_owned);
    let meant = url.clone().or_else(|| migrations::from_env(world));
    let target = migrations::instance(meant.as_deref());
    if let Some(schema) = args.remove("to-schema-datamodel") {
        args.insert("schema".to_owned(), schema);
    }
    args.extend(url.map(|url| ("url".to_owned(), json!(url))));
    Parsed::Call(Call::new(Service::Migrations, operation, &target, args), Render::Text { tool: "Error" })
}

fn unknown(name: &str) -> Parsed {
    let first = name.split(' ').next().unwrap_or_default();
    if BEYOND.contains(&name) || BEYOND.contains(&first) {
        return answer(Reply::failed(1, format!("prisma {name} is not simulated here\n")), true);
    }
    answer(Reply::failed(1, format!("\n! Unknown command \"{name}\"\n\n{HELP}")), false)
}

fn misused(misuse: Misuse) -> Parsed {
    match misuse {
        Misuse::Unsimulated(option) => {
            answer(Reply::failed(1, format!("prisma {option} is not simulated here\n")), true)
        }
        Misuse::Unknown(option) => {
            answer(Reply::failed(1, format!("\n! unknown or unexpected option: {option}\n")), false)
        }
        Misuse::NeedsValue(option) => {
            answer(Reply::failed(1, format!("\n! option requires argument: {option}\n")), false)
        }
    }
}
