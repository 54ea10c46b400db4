//! What Docker and Compose show: tables, inspections, logs.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::columns::in_columns;
use super::docker::{Container, Status, Volume, no_container, printed, refused, words};
use super::docker_compose::in_use;
use super::docker_file::Project;
use crate::World;
use crate::call::{Answer, Call};
use crate::clock::{DAY_S, HOUR_S, MINUTE_S, Time};

/// A table as the tool prints it.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head = head.iter().map(|cell| (*cell).to_owned()).collect();
    in_columns(&[&[head], rows].concat(), 3)
}

/// `3 weeks`, `About an hour`, as the tool says how long something is ago.
fn lasting(seconds: i64) -> String {
    let many = |n: i64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    match seconds {
        s if s < 1 => "Less than a second".to_owned(),
        s if s < MINUTE_S => many(s, "second"),
        s if s < 2 * MINUTE_S => "About a minute".to_owned(),
        s if s < HOUR_S => many(s / MINUTE_S, "minute"),
        s if s < 2 * HOUR_S => "About an hour".to_owned(),
        s if s < 2 * DAY_S => many(s / HOUR_S, "hour"),
        s if s < 14 * DAY_S => many(s / DAY_S, "day"),
        s if s < 60 * DAY_S => many(s / (7 * DAY_S), "week"),
        s if s < 730 * DAY_S => many(s / (30 * DAY_S), "month"),
        s => many(s / (365 * DAY_S), "year"),
    }
}

/// A size as the tool writes it, from mebibytes.
pub(super) fn size(mib: u64) -> String {
    match mib {
        0 => "0B".to_owned(),
        mib if mib >= 1000 => format!("{:.2}GB", mib as f64 / 1000.0),
        mib => format!("{mib}MB"),
    }
}

fn id(name: &str, created: Time) -> String {
    let digest = Sha256::digest(format!("{name}@{}", created.unix()));
    crate::hex(&digest)
}

fn short(name: &str, created: Time) -> String {
    id(name, created).chars().take(12).collect()
}

fn status(container: &Container, now: Time) -> String {
    match container.status {
        Status::Created => "Created".to_owned(),
        Status::Running(since) => format!("Up {}", lasting(now.since(since))),
        Status::Ended(at, code) => format!("Exited ({code}) {} ago", lasting(now.since(at))),
    }
}

/// `docker compose ps`.
pub(super) fn compose_ps(world: &World, call: &Call) -> Answer {
    let project = Project::of(world, call)?;
    let (wanted, now) = (words(call, "args"), world.now());
    let all = world.docker.containers.iter().filter(|(_, c)| {
        c.project == project.name
            && (c.runs() || call.flag("all"))
            && (wanted.is_empty() || wanted.contains(&c.service))
    });
    if call.flag("quiet") || call.flag("services") {
        let line = |(name, c): (&String, &Container)| match call.flag("services") {
            true => format!("{}\n", c.service),
            false => format!("{}\n", id(name, c.created)),
        };
        return printed(all.map(line).collect::<String>(), "", 0);
    }
    let row = |(name, c): (&String, &Container)| {
        vec![
            name.clone(),
            c.image.clone(),
            c.service.clone(),
            format!("{} ago", lasting(now.since(c.created))),
            status(c, now),
            c.ports.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = all.map(row).collect();
    printed(table(&["NAME", "IMAGE", "SERVICE", "CREATED", "STATUS", "PORTS"], &rows), "", 0)
}

/// `docker compose ls`.
pub(super) fn projects(world: &World) -> Answer {
    let mut names: Vec<&str> =
        world.docker.containers.values().map(|c| c.project.as_str()).filter(|p| !p.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    let row = |project: &str| {
        let own: Vec<&Container> =
            world.docker.containers.values().filter(|c| c.project == project).collect();
        let running = own.iter().filter(|c| c.runs()).count();
        let rest = own.len().saturating_sub(running);
        let count = |n: usize, word: &str| (n > 0).then(|| format!("{word}({n})"));
        let words: Vec<String> =
            [count(rest, "exited"), count(running, "running")].into_iter().flatten().collect();
        vec![project.to_owned(), words.join(", ")]
    };
    printed(table(&["NAME", "STATUS"], &names.into_iter().map(row).collect::<Vec<_>>()), "", 0)
}

fn tail(call: &Call, log: &[(Time, String)]) -> Vec<(Time, String)> {
    let most = call.text("tail").and_then(|n| n.parse::<usize>().ok()).unwrap_or(usize::MAX);
    log.get(log.len().saturating_sub(most)..).unwrap_or_default().to_vec()
}

/// `docker compose logs`.
pub(super) fn compose_logs(world: &World, call: &Call) -> Answer {
    let project = Project::of(world, call)?;
    let wanted = words(call, "args");
    let own = world
        .docker
        .containers
        .values()
        .filter(|c| c.project == project.name && (wanted.is_empty() || wanted.contains(&c.service)));
    let lines = |c: &Container| {
        let lines = tail(call, &c.log).into_iter();
        let stamp = |at: Time| if call.flag("timestamps") { format!("{at} ") } else { String::new() };
        lines.map(|(at, text)| format!("{}-1  | {}{text}\n", c.service, stamp(at))).collect::<String>()
    };
    printed(own.map(lines).collect::<String>(), "", 0)
}

/// `docker logs`.
pub(super) fn logs(world: &World, call: &Call) -> Answer {
    let name = call.texts("args").first().copied().unwrap_or_default();
    let Some(container) = world.docker.containers.get(name) else {
        return printed("", refused(no_container(name)), 1);
    };
    let lines = tail(call, &container.log).into_iter().map(|(_, text)| format!("{text}\n"));
    printed(lines.collect::<String>(), "", 0)
}

/// `docker ps`.
pub(super) fn containers(world: &World, call: &Call) -> Answer {
    let now = world.now();
    let named = |c: &str| call.texts("filter").iter().all(|f| fits(f, "name", c));
    let all =
        world.docker.containers.iter().filter(|(name, c)| (c.runs() || call.flag("all")) && named(name));
    if call.flag("quiet") {
        let text: String = all.map(|(name, c)| format!("{}\n", short(name, c.created))).collect();
        return printed(text, "", 0);
    }
    let row = |(name, c): (&String, &Container)| {
        vec![
            short(name, c.created),
            c.image.clone(),
            format!("{} ago", lasting(now.since(c.created))),
            status(c, now),
            c.ports.clone(),
            name.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = all.map(row).collect();
    printed(table(&["CONTAINER ID", "IMAGE", "CREATED", "STATUS", "PORTS", "NAMES"], &rows), "", 0)
}

/// Whether a filter that is about this key lets a value through.
fn fits(filter: &str, key: &str, value: &str) -> bool {
    match filter.split_once('=') {
        Some((name, wanted)) if name == key => value.contains(wanted),
        _ => true,
    }
}

/// `docker inspect`, of containers and volumes.
pub(super) fn inspect(world: &World, call: &Call) -> Answer {
    let (mut shown, mut errors) = (Vec::new(), String::new());
    for name in call.texts("args") {
        match (world.docker.containers.get(name), world.docker.volumes.get(name)) {
            (Some(container), _) => shown.push(container_shape(name, container)),
            (None, Some(volume)) => shown.push(volume_shape(name, volume)),
            (None, None) => errors.push_str(&format!("Error: No such object: {name}\n")),
        }
    }
    let code = i64::from(!errors.is_empty());
    printed(pretty(&Value::Array(shown)), errors, code)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

fn container_shape(name: &str, c: &Container) -> Value {
    let mount = |volume: &String| json!({"Type": "volume", "Name": volume, "Source": format!("/var/lib/docker/volumes/{volume}/_data"), "RW": true});
    let (state, code) = match c.status {
        Status::Created => ("created", 0),
        Status::Running(_) => ("running", 0),
        Status::Ended(_, code) => ("exited", code),
    };
    json!({
        "Id": id(name, c.created),
        "Created": c.created.to_string(),
        "State": {"Status": state, "Running": c.runs(), "ExitCode": code},
        "Image": c.image,
        "Name": format!("/{name}"),
        "Mounts": c.volumes.iter().map(mount).collect::<Vec<_>>(),
        "Config": {
            "Labels": {"com.docker.compose.project": c.project, "com.docker.compose.service": c.service},
        },
    })
}

fn volume_shape(name: &str, v: &Volume) -> Value {
    let mut labels = v.labels.clone();
    if !v.project.is_empty() {
        let key = name.strip_prefix(&format!("{}_", v.project)).unwrap_or(name);
        labels.insert("com.docker.compose.project".to_owned(), v.project.clone());
        labels.insert("com.docker.compose.volume".to_owned(), key.to_owned());
    }
    json!({
        "CreatedAt": v.created.to_string(),
        "Driver": "local",
        "Labels": labels,
        "Mountpoint": format!("/var/lib/docker/volumes/{name}/_data"),
        "Name": name,
        "Options": null,
        "Scope": "local",
    })
}

/// `docker volume inspect`.
pub(super) fn inspect_volumes(world: &World, call: &Call) -> Answer {
    let (mut shown, mut errors) = (Vec::new(), String::new());
    for name in call.texts("args") {
        match world.docker.volumes.get(name) {
            Some(volume) => shown.push(volume_shape(name, volume)),
            None => errors.push_str(&refused(format!("get {name}: no such volume"))),
        }
    }
    let code = i64::from(!errors.is_empty());
    printed(pretty(&Value::Array(shown)), errors, code)
}

/// `docker volume ls`.
pub(super) fn volumes(world: &World, call: &Call) -> Answer {
    let filters = call.texts("filter");
    let passes = |name: &str, volume: &Volume| {
        filters.iter().all(|filter| match filter.split_once('=') {
            Some(("dangling", on)) => (on != "false") != in_use(world, name),
            Some(("label", label)) => {
                label == format!("com.docker.compose.project={}", volume.project)
                    || volume.labels.iter().any(|(k, v)| label == k || label == format!("{k}={v}"))
            }
            _ => fits(filter, "name", name),
        })
    };
    let all = world.docker.volumes.iter().filter(|(name, volume)| passes(name, volume));
    if call.flag("quiet") {
        return printed(all.map(|(name, _)| format!("{name}\n")).collect::<String>(), "", 0);
    }
    let rows: Vec<Vec<String>> = all.map(|(name, _)| vec!["local".to_owned(), name.clone()]).collect();
    printed(table(&["DRIVER", "VOLUME NAME"], &rows), "", 0)
}

/// `docker image ls`.
pub(super) fn images(world: &World, _: &Call) -> Answer {
    let now = world.now();
    let row = |(name, (mib, created)): (&String, &(u64, Time))| {
        let (repository, tag) = name.rsplit_once(':').unwrap_or((name, "<none>"));
        let ago = format!("{} ago", lasting(now.since(*created)));
        vec![repository.to_owned(), tag.to_owned(), short(name, *created), ago, size(*mib)]
    };
    let rows: Vec<Vec<String>> = world.docker.images.iter().map(row).collect();
    printed(table(&["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"], &rows), "", 0)
}

/// `docker system df`, with `verbose` volume by volume.
pub(super) fn usage(world: &World, call: &Call) -> Answer {
    let docker = &world.docker;
    let used = |name: &str| docker.containers.values().any(|c| c.image == name);
    let images: u64 = docker.images.values().map(|(mib, _)| mib).sum();
    let idle: u64 = docker.images.iter().filter(|(name, _)| !used(name)).map(|(_, (mib, _))| mib).sum();
    let volumes: u64 = docker.volumes.values().map(|v| v.mib).sum();
    let free: u64 = docker.volumes.iter().filter(|(name, _)| !in_use(world, name)).map(|(_, v)| v.mib).sum();
    let share =
        |part: u64, whole: u64| format!("{} ({}%)", size(part), part.saturating_mul(100) / whole.max(1));
    let row = |kind: &str, total: usize, active: usize, all: u64, reclaimable: String| {
        vec![kind.to_owned(), total.to_string(), active.to_string(), size(all), reclaimable]
    };
    let active = docker.images.keys().filter(|name| used(name)).count();
    let running = docker.containers.values().filter(|c| c.runs()).count();
    let mounted = docker.volumes.keys().filter(|name| in_use(world, name)).count();
    let rows = [
        row("Images", docker.images.len(), active, images, share(idle, images)),
        row("Containers", docker.containers.len(), running, 0, "0B".to_owned()),
        row("Local Volumes", docker.volumes.len(), mounted, volumes, share(free, volumes)),
        row("Build Cache", 0, 0, docker.cache_mib, size(docker.cache_mib)),
    ];
    let mut text = table(&["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"], &rows);
    if call.flag("verbose") {
        let links =
            |name: &str| docker.containers.values().filter(|c| c.volumes.iter().any(|v| v == name)).count();
        let row = |(name, v): (&String, &Volume)| vec![name.clone(), links(name).to_string(), size(v.mib)];
        let rows: Vec<Vec<String>> = docker.volumes.iter().map(row).collect();
        text.push_str(&format!(
            "\nLocal Volumes space usage:\n\n{}",
            table(&["VOLUME NAME", "LINKS", "SIZE"], &rows)
        ));
    }
    printed(text, "", 0)
}

#[cfg(test)]
mod tests {
    use super::super::docker::is_anonymous;
    use super::*;

    #[test]
    fn times_and_sizes_are_said_as_the_tool_says_them() {
        let cases = [
            (0, "Less than a second"),
            (1, "1 second"),
            (90, "About a minute"),
            (3_000, "50 minutes"),
            (5_000, "About an hour"),
            (90_000, "25 hours"),
            (5 * DAY_S, "5 days"),
            (30 * DAY_S, "4 weeks"),
            (100 * DAY_S, "3 months"),
            (800 * DAY_S, "2 years"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(lasting(seconds), expected);
        }
        assert_eq!([size(0), size(46), size(2300)], ["0B", "46MB", "2.30GB"]);
        assert!(is_anonymous(&"a".repeat(64)) && !is_anonymous("goods_pgdata"));
    }
}
