//! `tram`, the tool of the hosting platform, and requests to the platform's API.

use serde_json::{Map, Value, json};

use super::options::{Misuse, read};
use super::shell::answer;
use super::{Parsed, Render, Reply};
use crate::World;
use crate::call::{Call, Service};
use crate::service::graphql::Unread;
use crate::service::platform_shapes as shapes;

/// Commands with their operations and options.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("whoami", "me", ""),
    ("list", "projects", "~json"),
    ("status", "project", "~json"),
    (
        "variables",
        "variables",
        "s:service=serviceId! e:environment=environmentId! k:kv=_ json set+ skip-deploys=skipDeploys",
    ),
    (
        "variable",
        "variables",
        "s:service=serviceId! e:environment=environmentId! k:kv=_ json set+ skip-deploys=skipDeploys",
    ),
    (
        "logs",
        "environmentLogs",
        "s:service=serviceId! e:environment=environmentId! d:deployment=_ ~b:build ~json ~n:lines! ~f:filter!",
    ),
    ("redeploy", "serviceInstanceRedeploy", "s:service=serviceId! e:environment=environmentId! y:yes"),
    ("restart", "serviceInstanceRedeploy", "s:service=serviceId! e:environment=environmentId! y:yes"),
    ("volume list", "volumeInstance", "s:service=serviceId! e:environment=environmentId! ~json"),
    (
        "volume delete",
        "volumeDelete",
        "v:volume=volumeId! s:service=serviceId! e:environment=environmentId! y:yes",
    ),
    (
        "volume add",
        "volumeCreate",
        "m:mount-path=mountPath! s:service=serviceId! e:environment=environmentId!",
    ),
];

/// What the real tool has besides.
const BEYOND: &[&str] = &[
    "add",
    "completion",
    "connect",
    "delete",
    "deploy",
    "dev",
    "docs",
    "domain",
    "down",
    "environment",
    "functions",
    "init",
    "link",
    "login",
    "logout",
    "open",
    "run",
    "scale",
    "service",
    "shell",
    "ssh",
    "unlink",
    "up",
    "upgrade",
    "volume attach",
    "volume detach",
    "volume update",
];

const HELP: &str = "Interact with Tramway via CLI\n\nUsage: tram <COMMAND>\n\nCommands:\n  list       List all projects\n  logs       View the logs of an environment's services\n  \
redeploy   Redeploy a service\n  status     Show the linked project and environment\n  variables  Show or set variables of a service\n  \
volume     Manage volumes: list, add, delete\n  whoami     Get the current logged in user\n\n\
With TRAM_TOKEN=<token> in front, another token than that of this machine is used.\nThe API is GraphQL, at https://backend.tramway.example/graphql/v2\n";

/// The variables from which the tool takes a token.
pub(super) const SETTINGS: [&str; 2] = ["TRAM_TOKEN=", "TRAM_API_TOKEN="];

fn says(text: impl Into<String>) -> Parsed {
    answer(Reply::failed(1, text), false)
}

fn beyond(what: &str) -> Parsed {
    answer(Reply::failed(1, format!("tram: {what} is not simulated here\n")), true)
}

/// The name of a token by what it is; none for what opens nothing.
fn token_name(world: &World, value: &str) -> String {
    let tokens = world.stage().platform.iter().flat_map(|platform| &platform.token);
    let found = tokens.into_iter().find(|token| token.value == value);
    found.map_or_else(|| "of nobody".to_owned(), |token| token.name.clone())
}

/// Understands the words behind `tram`; `secret` is a token that stood before them.
pub(super) fn parse(world: &World, words: &[String], secret: Option<&str>) -> Parsed {
    let Some(platform) = &world.stage().platform else {
        return answer(Reply::failed(127, "bash: tram: command not found\n"), true);
    };
    let first = words.first().map(String::as_str).unwrap_or("--help");
    if words.iter().any(|word| word == "--help" || word == "-h") || first == "help" || words.is_empty() {
        return answer(Reply::ok(HELP), false);
    }
    if first == "--version" || first == "-V" {
        return answer(Reply::ok("tram 4.10.0\n"), false);
    }
    let (name, rest) = match words {
        [first, second, rest @ ..] if first == "volume" && !second.starts_with('-') => {
            (format!("volume {second}"), rest)
        }
        [first, rest @ ..] => (first.clone(), rest),
        [] => (String::new(), words),
    };
    let Some((_, operation, table)) = COMMANDS.iter().find(|(known, ..)| *known == name) else {
        return match BEYOND.contains(&name.as_str()) {
            true => beyond(&name),
            false => says(format!("error: unrecognized subcommand '{name}'\n\nUsage: tram <COMMAND>\n")),
        };
    };
    let given = match read(rest, table) {
        Ok(given) => given,
        Err(Misuse::Unsimulated(option)) => return beyond(&format!("{name} {option}")),
        Err(Misuse::Unknown(option)) => {
            return says(format!("error: unexpected argument '{option}' found\n"));
        }
        Err(Misuse::NeedsValue(option)) => {
            return says(format!("error: a value is required for '{option}' but none was supplied\n"));
        }
    };
    let mut args = given.options;
    let operation = if args.contains_key("set") { "variableUpsert" } else { operation };
    let needs = match operation {
        "volumeDelete" => Some(("volumeId", "--volume <VOLUME>")),
        "volumeCreate" => Some(("mountPath", "--mount-path <MOUNT_PATH>")),
        _ => None,
    };
    if let Some((_, option)) = needs.filter(|(name, _)| !args.contains_key(*name)) {
        return says(format!("error: the following required arguments were not provided:\n  {option}\n"));
    }
    let asks = matches!(operation, "volumeDelete" | "serviceInstanceRedeploy");
    if asks && args.remove("yes").is_none() {
        return says(
            "Cannot prompt for confirmation in non-interactive mode. Use --yes to skip confirmation.\n",
        );
    }
    let token = secret.map_or_else(|| platform.signed_in.clone(), |secret| token_name(world, secret));
    args.insert("token".to_owned(), json!(token));
    let named = ["volumeId", "serviceId"].iter().find_map(|name| args.get(*name).and_then(Value::as_str));
    let target = named.unwrap_or_default().to_owned();
    Parsed::Call(Call::new(Service::Platform, operation, &target, args), Render::Text { tool: "Error" })
}

/// A request to the platform's API: what it says at once, or the call and the name under which its answer stands.
pub(super) fn request(
    world: &World,
    headers: &[&str],
    body: Option<&str>,
) -> Result<(Call, String), Box<Parsed>> {
    let told =
        |errors: Value| Box::new(answer(Reply::ok(format!("{}\n", json!({"errors": [errors]}))), false));
    let header = |name: &str| {
        let is = |(found, _): &(&str, &str)| found.trim().eq_ignore_ascii_case(name);
        headers.iter().filter_map(|h| h.split_once(':')).find(is).map(|(_, value)| value.trim())
    };
    let bearer =
        header("authorization").and_then(|v| v.strip_prefix("Bearer ").or_else(|| v.strip_prefix("bearer ")));
    let secret = bearer.or_else(|| header("project-access-token")).unwrap_or_default();
    let Ok(Value::Object(body)) = serde_json::from_str::<Value>(body.unwrap_or_default()) else {
        return Err(told(
            json!({"message": "POST body missing, invalid Content-Type, or JSON object has no keys."}),
        ));
    };
    let text = body.get("query").and_then(Value::as_str).unwrap_or_default();
    let variables = body.get("variables").and_then(Value::as_object).cloned().unwrap_or_default();
    let document = shapes::checked(text, &variables).map_err(|unread| match unread {
        Unread::Wrong(message) => {
            told(json!({"message": message, "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}))
        }
        Unread::Beyond(what) => {
            let message = format!("{what} is not simulated here");
            Box::new(answer(Reply::ok(format!("{}\n", json!({"errors": [{"message": message}]}))), true))
        }
    })?;
    let Some(field) = document.fields.first() else {
        return Err(told(json!({"message": "Problem processing request"})));
    };
    let mut args = Map::new();
    if document.is_mutation {
        args.extend(field.args.clone());
        if let Some(Value::Object(input)) = args.remove("input") {
            args.extend(input);
        }
    }
    args.insert("document".to_owned(), json!(text));
    args.insert("variables".to_owned(), Value::Object(variables));
    args.insert("token".to_owned(), json!(token_name(world, secret)));
    let named = ["volumeId", "volumeInstanceId", "serviceId", "id"]
        .iter()
        .find_map(|name| field.args.get(*name).and_then(Value::as_str));
    let target = named.unwrap_or_default().to_owned();
    Ok((Call::new(Service::Platform, &field.name, &target, args), field.key.clone()))
}
