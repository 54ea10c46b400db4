//! `docker compose`: a project and its services.

use serde_json::json;

use super::docker::{call, misused};
use super::options::{leading, read};
use super::shell::answer;
use super::{Parsed, Reply, psql};
use crate::World;
use crate::service::docker::{self, Inside};
use crate::service::docker_compose::database_of;
use crate::service::docker_file::Project;
use crate::service::docker_migrate;

/// Options before the command.
const COMMON: &str =
    "f:file! p:project-name! project-directory=_! ansi=_! progress=_! ~profile+ ~env-file+ ~dry-run";

/// Commands with their operations and options; a `~` is the real tool's alone.
const COMMANDS: &[(&str, &str, &str)] = &[
    (
        "config",
        "ComposeConfig",
        "q:quiet volumes services images ~format! ~o:output! ~profiles ~hash! ~no-interpolate",
    ),
    ("down", "ComposeDown", "v:volumes remove-orphans t:timeout=_! rmi=_!"),
    ("logs", "ComposeLogs", "n:tail! t:timestamps no-color=_ no-log-prefix=_ ~f:follow ~since! ~until!"),
    ("ls", "ComposeLs", "a:all=_ ~q:quiet ~format! ~filter!"),
    ("ps", "ComposePs", "a:all q:quiet services ~format! ~filter! ~status+ no-trunc=_"),
    ("restart", "ComposeRestart", "t:timeout=_! no-deps=_"),
    ("rm", "ComposeRm", "f:force=_ s:stop v:volumes"),
    ("start", "ComposeStart", ""),
    ("stop", "ComposeStop", "t:timeout=_!"),
    (
        "up",
        "ComposeUp",
        "d:detach=_ no-deps force-recreate build=_ wait=_ remove-orphans=_ quiet-pull=_ t:timeout=_! V:renew-anon-volumes=_ pull=_! \
         no-build=_ no-recreate=_ ~scale! ~abort-on-container-exit ~exit-code-from! ~attach+ ~no-start ~w:watch",
    ),
];
const RUN: &str = "rm=_ T:no-TTY=_ no-deps i:interactive=_ e:env=_+ u:user=_! w:workdir=_! quiet-pull=_ ~d:detach ~entrypoint! ~v:volume+ \
    ~name! ~p:publish+ ~service-ports ~build";
const EXEC: &str =
    "T:no-TTY=_ i:interactive=_ e:env=_+ u:user=_! w:workdir=_! index=_! ~d:detach ~privileged";

/// What the real tool has besides.
const BEYOND: &str = "attach bridge build commit convert cp create events exec export images kill pause port publish pull push run scale \
    stats top unpause version volumes wait watch";

const HELP: &str = "Usage:  docker compose [OPTIONS] COMMAND\n\nDefine and run multi-container applications with Docker\n\nCommands:\n  \
    config      Parse, resolve and render compose file in canonical format\n  down        Stop and remove containers, networks\n  \
    exec        Execute a command in a running container\n  logs        View output from containers\n  \
    ls          List running compose projects\n  ps          List containers\n  restart     Restart service containers\n  \
    rm          Removes stopped service containers\n  run         Run a one-off command on a service\n  \
    start       Start services\n  stop        Stop services\n  up          Create and start containers\n";

/// Understands the words behind `docker compose`.
pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    let (common, rest) = match leading(words, COMMON) {
        Ok(found) => found,
        Err(misuse) => return misused("docker compose", misuse),
    };
    let Some((name, behind)) = rest.split_first().filter(|(name, _)| *name != "help") else {
        return answer(Reply::ok(HELP), false);
    };
    if behind.iter().any(|word| word == "--help") {
        return answer(Reply::ok(HELP), false);
    }
    let project = Project::named(world, common.text("file"), common.text("project-name"));
    match (name.as_str(), project) {
        ("version", _) => answer(Reply::ok("Docker Compose version v2.36.2\n"), false),
        ("exec", Ok(project)) => exec(world, &project, behind),
        ("run", Ok(project)) => run(&project, behind, common),
        ("exec" | "run", Err(refusal)) => answer(Reply::failed(1, refusal.message + "\n"), false),
        (_, project) => {
            let Some((_, operation, table)) = COMMANDS.iter().find(|(known, ..)| known == name) else {
                return unknown(name);
            };
            match read(behind, table) {
                Ok(mut given) => {
                    given.options.extend(common.options);
                    let target = project.map(|project| project.name).unwrap_or_default();
                    call(operation, &target, given)
                }
                Err(misuse) => misused(&format!("docker compose {name}"), misuse),
            }
        }
    }
}

fn unknown(name: &str) -> Parsed {
    if BEYOND.split_whitespace().any(|known| known == name) {
        return answer(
            Reply::failed(1, format!("docker compose {name}: this is not simulated here\n")),
            true,
        );
    }
    answer(Reply::failed(16, format!("unknown docker command: \"compose {name}\"\n")), false)
}

/// `docker compose run SERVICE …`: a migration tool is simulated, and nothing else that an image may hold.
fn run(project: &Project, words: &[String], common: super::options::Given) -> Parsed {
    let (mut given, rest) = match leading(words, RUN) {
        Ok(found) => found,
        Err(misuse) => return misused("docker compose run", misuse),
    };
    let Some((service, command)) = rest.split_first() else {
        return answer(Reply::failed(1, "requires at least 1 arg(s), only received 0\n"), false);
    };
    let Some(known) = project.service(service) else {
        return answer(Reply::failed(1, format!("no such service: {service}\n")), false);
    };
    if !docker_migrate::is_tool(known) {
        let text =
            format!("docker compose run {service}: what is in {} is not simulated here\n", known.image);
        return answer(Reply::failed(1, text), true);
    }
    given.options.extend(common.options);
    given.options.insert("service".to_owned(), json!(service));
    given.options.insert("command".to_owned(), json!(command));
    call("ComposeRun", &project.name, given)
}

/// `docker compose exec SERVICE …`.
fn exec(world: &World, project: &Project, words: &[String]) -> Parsed {
    let rest = match leading(words, EXEC) {
        Ok((_, rest)) => rest,
        Err(misuse) => return misused("docker compose exec", misuse),
    };
    let Some((service, command)) = rest.split_first().filter(|(_, command)| !command.is_empty()) else {
        return answer(Reply::failed(1, "requires at least 2 arg(s)\n"), false);
    };
    if project.service(service).is_none() {
        return answer(Reply::failed(1, format!("service \"{service}\" is not known\n")), false);
    }
    let found = match docker::runs(world, &project.container(service)) {
        false => Inside::Stopped,
        true => database_of(world, project, service).map_or(Inside::Other, Inside::Database),
    };
    inside(world, found, service, command)
}

/// A command in a container: what asks a database is that database's, all else is not simulated.
pub(super) fn inside(world: &World, found: Inside, name: &str, command: &[String]) -> Parsed {
    let tool = command.first().map(String::as_str).unwrap_or_default();
    match (found, tool) {
        (Inside::Stopped, _) => {
            answer(Reply::failed(1, format!("service \"{name}\" is not running\n")), false)
        }
        (Inside::Database(id), "psql") => {
            let words: Vec<String> = ["psql".to_owned(), "-h".to_owned(), id]
                .into_iter()
                .chain(command.iter().skip(1).cloned())
                .collect();
            psql::parse(world, &words)
        }
        (Inside::Database(_), "pg_isready") => {
            answer(Reply::ok("/var/run/postgresql:5432 - accepting connections\n"), false)
        }
        _ => answer(Reply::failed(126, format!("{tool} inside {name} is not simulated here\n")), true),
    }
}
