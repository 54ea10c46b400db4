//! The commands on a server itself: its settings, its disk, who is connected, and what it says about itself.

use std::collections::BTreeMap;

use super::caches::{self, Server};
use crate::World;
use crate::clock::Time;
use crate::effect::Change;
use crate::keys::{Reply, fits};

/// What guards a server's records: they are on disk, sooner or later.
pub(super) const PERSISTENCE: &str = "persistence";

/// Settings as the tool has them where nobody set them.
const DEFAULTS: &[(&str, &str)] = &[
    ("appendfsync", "everysec"),
    ("appendonly", "no"),
    ("databases", "16"),
    ("dbfilename", "dump.rdb"),
    ("dir", "/data"),
    ("maxclients", "10000"),
    ("maxmemory", "0"),
    ("maxmemory-policy", "noeviction"),
    ("port", "6379"),
    ("requirepass", ""),
    ("save", "3600 1 300 100 60 10000"),
    ("slowlog-log-slower-than", "10000"),
    ("stop-writes-on-bgsave-error", "yes"),
    ("timeout", "0"),
];
/// Settings that only a start can change.
const FIXED: &[&str] = &["databases", "port"];

/// All settings, with those that somebody set.
pub(super) fn settings(set: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let defaults = DEFAULTS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut all: BTreeMap<String, String> = defaults.collect();
    all.extend(set.clone());
    all
}

pub(super) fn setting<'c>(config: &'c BTreeMap<String, String>, name: &str) -> &'c str {
    config.get(name).map(String::as_str).unwrap_or_default()
}

pub(super) fn is_on(config: &BTreeMap<String, String>, name: &str) -> bool {
    setting(config, name) == "yes"
}

/// After how many seconds a change is saved at the latest, if save points are set.
pub(super) fn save_points(config: &BTreeMap<String, String>) -> Option<i64> {
    setting(config, "save").split_whitespace().step_by(2).filter_map(|seconds| seconds.parse().ok()).max()
}

/// Whether what it holds gets to its disk by itself.
pub(super) fn persists(config: &BTreeMap<String, String>) -> bool {
    save_points(config).is_some() || is_on(config, "appendonly")
}

/// The file that the content is saved in.
pub(super) fn dump_name(config: &BTreeMap<String, String>) -> String {
    setting(config, "dbfilename").to_owned()
}

/// No memory is left, and nothing makes room.
pub(super) fn is_full(server: &Server, now: Time) -> bool {
    let most = bytes(setting(&server.config, "maxmemory")).unwrap_or(0);
    let most = if most == 0 { super::limits::CACHE_BYTES_MAX } else { most };
    let evicts = !matches!(setting(&server.config, "maxmemory-policy"), "noeviction" | "");
    server.content.bytes(now) >= most && (!evicts || most == super::limits::CACHE_BYTES_MAX)
}

/// `64mb` and `64M`, as settings have sizes.
fn bytes(text: &str) -> Option<u64> {
    let text = text.to_lowercase();
    let unit = |end: &str, factor: u64| {
        text.strip_suffix(end).and_then(|n| n.parse::<u64>().ok()).map(|n| n.saturating_mul(factor))
    };
    let plain = text.parse::<u64>().ok();
    plain
        .or(unit("kb", 1 << 10))
        .or(unit("mb", 1 << 20))
        .or(unit("gb", 1 << 30))
        .or(unit("k", 1_000))
        .or(unit("m", 1_000_000))
}

pub(super) fn command(world: &mut World, id: &str, name: &str, words: &[String]) -> Reply {
    let given = words.get(name.split(' ').count()..).unwrap_or_default();
    let now = world.now();
    let Some(server) = world.caches.0.get(id) else { return Reply::Nil };
    match (name, given) {
        ("PING", []) => Reply::Status("PONG".to_owned()),
        ("PING" | "ECHO", [text]) => Reply::Bulk(text.clone()),
        ("TIME", []) => Reply::bulks([now.unix().to_string(), "0".to_owned()]),
        ("ACL WHOAMI", []) => Reply::Bulk("default".to_owned()),
        ("CLIENT GETNAME", []) => Reply::Nil,
        ("SLOWLOG GET", _) => Reply::Array(Vec::new()),
        ("ROLE", []) => Reply::Array(vec![
            Reply::Bulk("master".to_owned()),
            Reply::Integer(now.since(server.staged.created).saturating_mul(31)),
            Reply::Array(Vec::new()),
        ]),
        ("CLIENT LIST", _) => Reply::Bulk(clients(server, now.since(world.stage().epoch))),
        ("LASTSAVE", []) => Reply::Integer(server.disk.as_ref().map_or(server.started, |d| d.at).unix()),
        ("INFO", sections) => Reply::Bulk(super::cache_info::info(server, sections, now)),
        ("CONFIG GET", [_, ..]) => {
            let hit =
                server.config.iter().filter(|(name, _)| given.iter().any(|p| fits(&p.to_lowercase(), name)));
            Reply::bulks(hit.flat_map(|(name, value)| [name.clone(), value.clone()]))
        }
        ("CONFIG SET", [_, _, ..]) if given.len().is_multiple_of(2) => set(world, id, given),
        ("CONFIG REWRITE", []) => rewrite(world, id),
        ("SAVE", []) => {
            let content = server.content.clone();
            caches::saved(world, id, now, content);
            Reply::ok()
        }
        ("BGSAVE", [] | [_]) => {
            caches::save_in_background(world, id);
            Reply::Status("Background saving started".to_owned())
        }
        ("SHUTDOWN", how) => shutdown(world, id, how),
        _ => {
            let name = name.to_lowercase().replace(' ', "|");
            Reply::error(format!("ERR wrong number of arguments for '{name}' command"))
        }
    }
}

fn clients(server: &Server, since_s: i64) -> String {
    let line = |(n, client): (usize, &crate::stage::cache::CacheClient)| {
        let (age, idle) = caches::ages(client, since_s);
        let (id, address, name) = (n.saturating_add(3), &client.address, &client.name);
        let blocked = if client.command.starts_with('b') { "b" } else { "N" };
        format!(
            "id={id} addr={address} laddr=10.0.4.9:6379 fd={} name={name} age={age} idle={idle} flags={blocked} db={} sub=0 psub=0 \
             multi=-1 qbuf=0 qbuf-free=0 argv-mem=10 tot-mem=22298 events=r cmd={} user=default resp=2\n",
            id + 5,
            client.database,
            client.command
        )
    };
    server.staged.client.iter().enumerate().map(line).collect()
}

fn set(world: &mut World, id: &str, given: &[String]) -> Reply {
    let pairs: Vec<(String, String)> = given
        .chunks(2)
        .filter_map(|pair| Some((pair.first()?.to_lowercase(), pair.get(1)?.clone())))
        .collect();
    for (name, value) in &pairs {
        if !DEFAULTS.iter().any(|(known, _)| known == name) {
            return Reply::error(format!(
                "ERR Unknown option or number of arguments for CONFIG SET - '{name}'"
            ));
        }
        let is_bad = (FIXED.contains(&name.as_str()).then_some("can't set immutable config"))
            .or_else(|| {
                (name == "appendonly" && !matches!(value.as_str(), "yes" | "no"))
                    .then_some("argument must be 'yes' or 'no'")
            })
            .or_else(|| {
                (name == "maxmemory" && bytes(value).is_none()).then_some("argument must be a memory value")
            })
            .or_else(|| (name == "save" && !are_points(value)).then_some("Invalid save parameters"));
        if let Some(why) = is_bad {
            return Reply::error(format!(
                "ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"
            ));
        }
    }
    let Some(server) = world.caches.0.get_mut(id) else { return Reply::Nil };
    let (uid, was) = (server.uid, persists(&server.config));
    let mut told = Vec::new();
    for (what, to) in pairs {
        let from = server.config.insert(what.clone(), to.clone()).unwrap_or_default();
        if from != to {
            told.push(Change::Configured { what, from, to });
        }
    }
    server.has_log = is_on(&server.config, "appendonly");
    let is = persists(&server.config);
    told.into_iter().for_each(|change| world.effect(uid, change));
    if was != is {
        world.protect(uid, PERSISTENCE, is);
    }
    Reply::ok()
}

/// `900 1 300 10`, or nothing: pairs of whole numbers.
fn are_points(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.len().is_multiple_of(2) && words.iter().all(|word| word.parse::<u32>().is_ok())
}

fn rewrite(world: &mut World, id: &str) -> Reply {
    let Some(server) = world.caches.0.get_mut(id) else { return Reply::Nil };
    let uid = server.uid;
    let before = std::mem::replace(&mut server.file, server.config.clone());
    let told: Vec<Change> = server
        .file
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(name, value)| Change::Configured {
            what: format!("{name} in its file"),
            from: before.get(name).cloned().unwrap_or_default(),
            to: value.clone(),
        })
        .collect();
    told.into_iter().for_each(|change| world.effect(uid, change));
    Reply::ok()
}

/// Stops the server. With save points, or where it is asked for, it saves first.
fn shutdown(world: &mut World, id: &str, how: &[String]) -> Reply {
    let (mut saves, mut refused) = (None, false);
    for word in how {
        match word.to_uppercase().as_str() {
            "SAVE" => saves = Some(true),
            "NOSAVE" => saves = Some(false),
            "NOW" | "FORCE" => {}
            _ => refused = true,
        }
    }
    if refused {
        return Reply::error("ERR syntax error");
    }
    let now = world.now();
    let Some(server) = world.caches.0.get(id) else { return Reply::Nil };
    if saves.unwrap_or_else(|| save_points(&server.config).is_some()) {
        let content = server.content.clone();
        caches::saved(world, id, now, content);
    }
    caches::stop(world, id);
    Reply::Status(String::new())
}
