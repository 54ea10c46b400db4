//! What a machine shows to whoever is on it.

use serde_json::json;

use super::hosts::{Host, MAIN, failed, is_standby};
use super::{database_shapes, databases};
use crate::World;
use crate::call::{Answer, Call};
use crate::clock::{DAY_S, Time};
use crate::service::history::dated;
use crate::sql::{Replication, Standby};

/// What lies in a data directory that is whole.
const FILES: &[&str] = &[
    "PG_VERSION",
    "base",
    "global",
    "pg_commit_ts",
    "pg_logical",
    "pg_multixact",
    "pg_replslot",
    "pg_stat",
    "pg_tblspc",
    "pg_wal",
    "pg_xact",
    "postgresql.auto.conf",
];
/// The machine's disk, in GiB.
const DISK_GIB: i64 = 400;
/// Where a server's log lies.
const LOG: &str = "/var/log/postgresql/postgresql-15-main.log";

pub(super) fn shown(world: &mut World, name: &str, call: &Call) -> Answer {
    let Some(host) = world.hosts.0.get(name) else { return failed("no such machine") };
    let path =
        call.texts("paths").first().map(|path| path.trim_end_matches('/').to_owned()).unwrap_or_default();
    let text = match call.operation.as_str() {
        "hostname" => format!("{name}\n"),
        "whoami" => format!("{}\n", call.text("as").unwrap_or("ops")),
        "uptime" => uptime(world, host),
        "df" => df(host),
        "pg_lsclusters" => clusters(world, name),
        "ps" => processes(world, name, host),
        "systemctl status" => return status(world, name, host),
        "journalctl" => log(world, host),
        "du" => match used(host, &path) {
            Some(gib) => format!("{gib}G\t{path}\n"),
            None => return failed(format!("du: cannot access '{path}': No such file or directory")),
        },
        "ls" => match list(world, name, host, &path) {
            Some(names) => names.into_iter().map(|name| name + "\n").collect(),
            None => {
                return Ok(
                    json!({"stderr": format!("ls: cannot access '{path}': No such file or directory\n"), "code": 2}),
                );
            }
        },
        _ => return read(world, name, host, &path, call),
    };
    Ok(json!(text))
}

fn is_up(world: &World, name: &str) -> bool {
    databases::status(world, name) == Some("available")
}

fn uptime(world: &World, host: &Host) -> String {
    let days = world.now().since(host.staged.created) / DAY_S;
    format!(
        " {} up {days} days,  3:12,  1 user,  load average: 0.41, 0.38, 0.35\n",
        dated(world.now(), "%H:%M:%S")
    )
}

/// What lies on the disk: the data in its place, and each directory beside it.
fn held(host: &Host) -> i64 {
    let copies = i64::try_from(host.aside.len()).unwrap_or(0).saturating_add(i64::from(host.has_main));
    host.staged.used_gib.saturating_mul(copies)
}

fn df(host: &Host) -> String {
    let used = held(host).saturating_add(6);
    let percent = used.saturating_mul(100) / DISK_GIB;
    format!(
        "Filesystem      Size  Used Avail Use% Mounted on\n/dev/nvme1n1    {DISK_GIB}G  {used:>3}G  {:>3}G  {percent:>2}% /var/lib/postgresql\n",
        DISK_GIB.saturating_sub(used)
    )
}

fn clusters(world: &World, name: &str) -> String {
    let mut state = if is_up(world, name) { "online" } else { "down" }.to_owned();
    if is_standby(world, name) {
        state.push_str(",recovery");
    }
    format!(
        "Ver Cluster Port Status          Owner    Data directory              Log file\n15  main    5432 {state:<15} postgres {MAIN} {LOG}\n"
    )
}

fn processes(world: &World, name: &str, host: &Host) -> String {
    let mut lines = vec!["    PID COMMAND".to_owned(), "      1 /sbin/init".to_owned()];
    if is_up(world, name) {
        lines.push(format!("    812 /usr/lib/postgresql/15/bin/postgres -D {MAIN}"));
        lines.push(match (&host.follows, host.streams) {
            (Some(_), true) => "    844 postgres: 15/main: walreceiver streaming".to_owned(),
            (Some(_), false) => "    830 postgres: 15/main: startup waiting for WAL".to_owned(),
            (None, _) => "    839 postgres: 15/main: walwriter".to_owned(),
        });
        if host.follows.is_none() {
            lines.extend(
                standbys(world, name)
                    .into_iter()
                    .map(|s| format!("    902 postgres: 15/main: walsender replicator {} streaming", s.name)),
            );
        }
    }
    lines.join("\n") + "\n"
}

fn status(world: &World, name: &str, host: &Host) -> Answer {
    let (state, code) = if is_up(world, name) { ("active (running)", 0) } else { ("inactive (dead)", 3) };
    let tail: Vec<String> = log(world, host).lines().rev().take(4).map(str::to_owned).collect();
    let tail: String = tail.into_iter().rev().map(|line| line + "\n").collect();
    let text = format!(
        "● postgresql@15-main.service - PostgreSQL Cluster 15-main\n     Loaded: loaded (/lib/systemd/system/postgresql@.service; enabled-runtime)\n     Active: {state}\n\n{tail}"
    );
    Ok(json!({"text": text, "stderr": "", "code": code}))
}

fn used(host: &Host, path: &str) -> Option<i64> {
    if path == MAIN && host.has_main || host.aside.contains_key(path) {
        return Some(host.staged.used_gib);
    }
    let is_above = |below: &str| below.starts_with(&format!("{path}/"));
    (is_above(MAIN) || host.aside.keys().any(|aside| is_above(aside))).then(|| held(host))
}

fn list(world: &World, name: &str, host: &Host, path: &str) -> Option<Vec<String>> {
    if path == MAIN && host.has_main || host.aside.contains_key(path) {
        let mut files: Vec<String> = FILES.iter().map(|file| (*file).to_owned()).collect();
        if path == MAIN && is_up(world, name) {
            files.push("postmaster.pid".to_owned());
        }
        if path == MAIN && host.follows.is_some() {
            files.push("standby.signal".to_owned());
        }
        files.sort();
        return Some(files);
    }
    let start = format!("{path}/");
    let all = host.aside.keys().map(String::as_str).chain(host.has_main.then_some(MAIN)).chain([LOG]);
    let below = all.filter_map(|known| known.strip_prefix(&start)).filter_map(|rest| rest.split('/').next());
    let names: std::collections::BTreeSet<String> = below.map(str::to_owned).collect();
    // The folder of the version is there, whatever is in it.
    let is_folder = MAIN.starts_with(&start) || LOG.starts_with(&start);
    is_folder.then(|| names.into_iter().collect())
}

fn read(world: &World, name: &str, host: &Host, path: &str, call: &Call) -> Answer {
    let inside = path.strip_prefix(MAIN).and_then(|rest| rest.strip_prefix('/')).filter(|_| host.has_main);
    let text = match inside {
        Some("PG_VERSION") => Some("15\n".to_owned()),
        Some("standby.signal") => host.follows.as_ref().map(|_| String::new()),
        Some("postgresql.auto.conf") => Some(match &host.follows {
            Some(from) => format!(
                "# Do not edit this file manually!\nprimary_conninfo = 'user=replicator host={from} port=5432'\n"
            ),
            None => "# Do not edit this file manually!\n".to_owned(),
        }),
        _ if path == LOG => Some(log(world, host)),
        _ if path == "/etc/hostname" => Some(format!("{name}\n")),
        _ => None,
    };
    let Some(text) = text else {
        return failed(format!("cat: {path}: No such file or directory"));
    };
    let lines: Vec<&str> = text.lines().collect();
    let count = call.text("lines").and_then(|n| n.parse::<usize>().ok()).unwrap_or(usize::MAX);
    let tail: String =
        lines.iter().skip(lines.len().saturating_sub(count)).map(|line| format!("{line}\n")).collect();
    Ok(json!(tail))
}

/// The server's log: what the stage says, what it has said since, and what a standby that cannot catch up says all the time.
fn log(world: &World, host: &Host) -> String {
    let stamp = |at: Time| dated(at, "%Y-%m-%d %H:%M:%S UTC");
    let mut lines = host.staged.log.clone();
    lines.extend(host.log.iter().map(|(at, text)| format!("{} [812] {text}", stamp(*at))));
    if host.follows.is_some() && !host.streams && is_up(world, &host.staged.name) {
        let now = world.now();
        let text = "FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment 0000000100000A3F000000C1 has already been removed";
        lines.push(format!("{} [831] {text}", stamp(now.plus(-now.unix().rem_euclid(5)))));
    }
    lines.join("\n") + "\n"
}

/// Who follows a host, and gets what is written there.
fn standbys(world: &World, name: &str) -> Vec<Standby> {
    let follows = |(other, host): (&String, &Host)| {
        let does = host.streams && host.follows.as_deref() == Some(name) && is_up(world, other);
        does.then(|| Standby { name: other.clone(), address: database_shapes::address(other) })
    };
    world.hosts.0.iter().filter_map(follows).collect()
}

/// What a server says of itself and its standbys.
pub(super) fn replication(world: &World, name: &str) -> Replication {
    let Some(host) = world.hosts.0.get(name) else { return Replication::default() };
    let replayed = if host.streams { world.now() } else { host.replayed };
    Replication { replayed: host.follows.as_ref().map(|_| replayed), standbys: standbys(world, name) }
}
