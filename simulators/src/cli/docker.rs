//! `docker`: containers, volumes, images, and what takes them away. `docker compose` is in [`super::docker_compose`].

use serde_json::{Map, Value, json};

use super::options::{Given, Misuse, leading, read};
use super::shell::answer;
use super::{Parsed, Render, Reply, docker_compose};
use crate::World;
use crate::call::{Call, Service};

/// Commands with their operations and options; a `~` is the real tool's alone.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("ps", "ContainerList", CONTAINER_LS),
    ("container ls", "ContainerList", CONTAINER_LS),
    ("container prune", "ContainerPrune", "f:force ~filter!"),
    ("container rm", "ContainerRemove", "f:force v:volumes ~l:link"),
    ("rm", "ContainerRemove", "f:force v:volumes ~l:link"),
    ("start", "ContainerStart", "~a:attach ~i:interactive"),
    ("stop", "ContainerStop", "t:timeout=_! time=_! ~s:signal!"),
    ("restart", "ContainerRestart", "t:timeout=_! time=_! ~s:signal!"),
    ("logs", "ContainerLogs", "n:tail! t:timestamps ~f:follow ~since! ~until! ~details"),
    ("inspect", "Inspect", "type=_! ~f:format! ~s:size"),
    ("container inspect", "Inspect", "~f:format! ~s:size"),
    ("volume ls", "VolumeList", "f:filter+ q:quiet ~format! ~cluster"),
    ("volume inspect", "VolumeInspect", "~f:format!"),
    ("volume create", "VolumeCreate", "label=_+ d:driver=_! ~o:opt+"),
    ("volume rm", "VolumeRemove", "f:force"),
    ("volume prune", "VolumePrune", "a:all f:force ~filter+"),
    ("images", "ImageList", "a:all=_ ~q:quiet ~f:filter! ~format! ~digests"),
    ("image ls", "ImageList", "a:all=_ ~q:quiet ~f:filter! ~format! ~digests"),
    ("image prune", "ImagePrune", "a:all f:force ~filter+"),
    ("builder prune", "BuilderPrune", "a:all f:force filter=_+ ~keep-storage!"),
    ("buildx prune", "BuilderPrune", "a:all f:force filter=_+ ~verbose"),
    ("system df", "SystemDf", "v:verbose ~format!"),
    ("system prune", "SystemPrune", "a:all f:force volumes ~filter+"),
];
const CONTAINER_LS: &str = "a:all q:quiet f:filter+ no-trunc=_ ~format! ~n:last! ~l:latest ~s:size";
const RUN: &str = "rm=_ i:interactive=_ t:tty=_ v:volume+ w:workdir! e:env=_+ network=_! u:user=_! ~d:detach ~name! ~p:publish+ \
    ~entrypoint! ~mount+ ~env-file! ~platform! ~restart!";
const EXEC: &str = "i:interactive=_ t:tty=_ e:env=_+ u:user=_! w:workdir=_! ~d:detach ~privileged";

/// What the real tool has besides.
const BEYOND: &str = "attach build buildx commit config cp create diff events export history image import kill load login logout manifest \
    network node pause plugin port pull push rename save scout search secret service stack stats swarm tag top trust unpause update \
    wait container volume system builder context checkpoint";

const HELP: &str = "Usage:  docker [OPTIONS] COMMAND\n\nA self-sufficient runtime for containers\n\nCommon Commands:\n  \
    run         Create and run a new container from an image\n  exec        Execute a command in a running container\n  \
    ps          List containers\n  logs        Fetch the logs of a container\n  inspect     Return low-level information\n\n\
    Management Commands:\n  builder     Manage builds\n  compose     Docker Compose\n  container   Manage containers\n  \
    image       Manage images\n  system      Manage Docker\n  volume      Manage volumes\n";

/// Understands the words behind `docker`.
pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    let plain: Vec<&str> = words.iter().map(String::as_str).take(2).collect();
    match plain.as_slice() {
        [] | ["help" | "--help" | "-h", ..] => return answer(Reply::ok(HELP), false),
        ["compose", ..] => return docker_compose::parse(world, words.get(1..).unwrap_or_default()),
        ["version" | "--version" | "-v" | "info", ..] => return about(world),
        ["context", "show"] => return answer(Reply::ok("default\n"), false),
        ["run", ..] => return run(words.get(1..).unwrap_or_default()),
        ["container", "run"] => return run(words.get(2..).unwrap_or_default()),
        ["exec", ..] => return exec(world, words.get(1..).unwrap_or_default()),
        ["container", "exec"] => return exec(world, words.get(2..).unwrap_or_default()),
        _ => {}
    }
    let two = plain.join(" ");
    let found = COMMANDS.iter().find(|(name, ..)| *name == two).map(|found| (2, found));
    let found = found.or_else(|| {
        let first = plain.first()?;
        COMMANDS.iter().find(|(name, ..)| name == first).map(|found| (1, found))
    });
    let Some((used, (name, operation, table))) = found else { return unknown(&plain) };
    let given = match read(words.get(used..).unwrap_or_default(), table) {
        Ok(given) => given,
        Err(misuse) => return misused(&format!("docker {name}"), misuse),
    };
    let needs = matches!(
        *operation,
        "ContainerRemove"
            | "ContainerStart"
            | "ContainerStop"
            | "ContainerRestart"
            | "ContainerLogs"
            | "Inspect"
            | "VolumeInspect"
            | "VolumeCreate"
            | "VolumeRemove"
    );
    if needs && given.args.is_empty() {
        let text =
            format!("docker: 'docker {name}' requires at least 1 argument\n\nSee 'docker {name} --help'.\n");
        return answer(Reply::failed(1, text), false);
    }
    let target = given.args.first().cloned().unwrap_or_default();
    call(operation, &target, given)
}

pub(super) fn call(operation: &str, target: &str, given: Given) -> Parsed {
    let args = given.into_args();
    Parsed::Call(Call::new(Service::Docker, operation, target, args), Render::Text { tool: "docker" })
}

fn about(world: &World) -> Parsed {
    match &world.stage().docker {
        Some(docker) => {
            let text = format!("Docker version {}, build 45873be\nName: {}\n", docker.engine, docker.host);
            answer(Reply::ok(text), false)
        }
        None => answer(
            Reply::failed(
                1,
                "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n",
            ),
            false,
        ),
    }
}

fn unknown(words: &[&str]) -> Parsed {
    let first = words.first().copied().unwrap_or_default();
    if BEYOND.split_whitespace().any(|known| known == first) {
        let text = format!("docker {}: this is not simulated here\n", words.join(" "));
        return answer(Reply::failed(1, text), true);
    }
    let text =
        format!("docker: unknown command: docker {first}\n\nRun 'docker --help' for more information\n");
    answer(Reply::failed(1, text), false)
}

pub(super) fn misused(tool: &str, misuse: Misuse) -> Parsed {
    match misuse {
        Misuse::Unsimulated(option) => {
            answer(Reply::failed(1, format!("{tool} {option} is not simulated here\n")), true)
        }
        Misuse::Unknown(option) if option.starts_with("--") => {
            answer(Reply::failed(1, format!("unknown flag: {option}\n\nSee '{tool} --help'.\n")), false)
        }
        Misuse::Unknown(option) => answer(
            Reply::failed(
                1,
                format!("unknown shorthand flag: '{}' in {option}\n", option.trim_start_matches('-')),
            ),
            false,
        ),
        Misuse::NeedsValue(option) => {
            answer(Reply::failed(1, format!("flag needs an argument: {option}\n")), false)
        }
    }
}

/// `docker run`: for a moment, with a volume mounted. Anything else that it can do is not simulated.
fn run(words: &[String]) -> Parsed {
    let (given, rest) = match leading(words, RUN) {
        Ok(found) => found,
        Err(misuse) => return misused("docker run", misuse),
    };
    let Some((image, command)) = rest.split_first() else {
        return answer(Reply::failed(1, "docker: 'docker run' requires at least 1 argument\n"), false);
    };
    // `sh -c 'tar …'` is the command that stands in it.
    let command = match command {
        [shell, flag, line] if flag == "-c" && matches!(shell.as_str(), "sh" | "bash" | "ash") => {
            shell_words::split(line).unwrap_or_default()
        }
        command => command.to_vec(),
    };
    let known = matches!(command.first().map(String::as_str), Some("tar" | "cp" | "ls" | "du"))
        && command.iter().all(|word| !["&&", ";", "|"].contains(&word.as_str()))
        && given.has("volume");
    if !known {
        return answer(
            Reply::failed(125, "docker run: only tar, cp, ls and du with a volume are simulated here\n"),
            true,
        );
    }
    let mut args: Map<String, Value> = given.options;
    args.insert("image".to_owned(), json!(image));
    args.insert("command".to_owned(), json!(command));
    let first = args.get("volume").and_then(|v| v.get(0)).and_then(Value::as_str).unwrap_or_default();
    let target = first.split(':').next().unwrap_or_default().to_owned();
    Parsed::Call(Call::new(Service::Docker, "ContainerRun", &target, args), Render::Text { tool: "docker" })
}

/// `docker exec CONTAINER COMMAND`.
fn exec(world: &World, words: &[String]) -> Parsed {
    let rest = match leading(words, EXEC) {
        Ok((_, rest)) => rest,
        Err(misuse) => return misused("docker exec", misuse),
    };
    match rest.split_first() {
        Some((name, command)) if !command.is_empty() => {
            docker_compose::inside(world, crate::service::docker::database_in(world, name), name, command)
        }
        _ => answer(Reply::failed(1, "docker: 'docker exec' requires at least 2 arguments\n"), false),
    }
}
