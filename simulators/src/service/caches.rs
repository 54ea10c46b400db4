//! Redis-like servers: what they hold, what they would hold after a restart, and who asks them.
//!
//! The commands on keys are in [`crate::keys`], those on the server itself in [`super::cache_server`], and what becomes of
//! records in [`super::cache_records`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;

use super::{cache_records as records, cache_server as server};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::clock::Time;
use crate::effect::{Change, RestorePoint};
use crate::keys::{self, Keyspaces, Reply};
use crate::resource::{NewResource, Uid};
use crate::stage::Problem;
use crate::stage::cache::{Cache, CacheBackup, CacheClient};
use crate::world::Due as WorldDue;

/// The type of a server.
pub(crate) const KIND: &str = "Redis::Server";
/// Writing the content to disk in the background takes this long.
const SAVE_S: i64 = 3;
/// The port that servers listen on.
const PORT: i64 = 6379;

/// What this service knows how to do: a server's own commands, under the permissions of its access lists.
pub const OPERATIONS: &[Operation] = &[
    Operation::read("ACL WHOAMI", "redis:@read"),
    Operation::read("CLIENT LIST", "redis:@read"),
    Operation::read("CLIENT GETNAME", "redis:@read"),
    Operation::read("CONFIG GET", "redis:@read"),
    Operation::read("DBSIZE", "redis:@read"),
    Operation::read("ECHO", "redis:@read"),
    Operation::read("EXISTS", "redis:@read"),
    Operation::read("GET", "redis:@read"),
    Operation::read("GETRANGE", "redis:@read"),
    Operation::read("HEXISTS", "redis:@read"),
    Operation::read("HGET", "redis:@read"),
    Operation::read("HGETALL", "redis:@read"),
    Operation::read("HKEYS", "redis:@read"),
    Operation::read("HLEN", "redis:@read"),
    Operation::read("HMGET", "redis:@read"),
    Operation::read("HVALS", "redis:@read"),
    Operation::read("INFO", "redis:@read"),
    Operation::read("KEYS", "redis:@read"),
    Operation::read("LASTSAVE", "redis:@read"),
    Operation::read("LINDEX", "redis:@read"),
    Operation::read("LLEN", "redis:@read"),
    Operation::read("LRANGE", "redis:@read"),
    Operation::read("MEMORY USAGE", "redis:@read"),
    Operation::read("MGET", "redis:@read"),
    Operation::read("OBJECT ENCODING", "redis:@read"),
    Operation::read("PING", "redis:@read"),
    Operation::read("PTTL", "redis:@read"),
    Operation::read("ROLE", "redis:@read"),
    Operation::read("SCAN", "redis:@read"),
    Operation::read("SCARD", "redis:@read"),
    Operation::read("SISMEMBER", "redis:@read"),
    Operation::read("SLOWLOG GET", "redis:@read"),
    Operation::read("SMEMBERS", "redis:@read"),
    Operation::read("STRLEN", "redis:@read"),
    Operation::read("TIME", "redis:@read"),
    Operation::read("TTL", "redis:@read"),
    Operation::read("TYPE", "redis:@read"),
    Operation::read("ZCARD", "redis:@read"),
    Operation::read("ZRANGE", "redis:@read"),
    Operation::read("ZSCORE", "redis:@read"),
    Operation::write("APPEND", "redis:@write"),
    Operation::write("BGSAVE", "redis:@admin"),
    Operation::write("CONFIG REWRITE", "redis:@admin"),
    Operation::write("CONFIG SET", "redis:@admin"),
    Operation::write("COPY", "redis:@write"),
    Operation::write("DECR", "redis:@write"),
    Operation::write("DEL", "redis:@write"),
    Operation::write("EXPIRE", "redis:@write"),
    Operation::write("FLUSHALL", "redis:@dangerous"),
    Operation::write("FLUSHDB", "redis:@dangerous"),
    Operation::write("GETDEL", "redis:@write"),
    Operation::write("HDEL", "redis:@write"),
    Operation::write("HSET", "redis:@write"),
    Operation::write("INCR", "redis:@write"),
    Operation::write("INCRBY", "redis:@write"),
    Operation::write("LMOVE", "redis:@write"),
    Operation::write("LPOP", "redis:@write"),
    Operation::write("LPUSH", "redis:@write"),
    Operation::write("LREM", "redis:@write"),
    Operation::write("LSET", "redis:@write"),
    Operation::write("LTRIM", "redis:@write"),
    Operation::write("MOVE", "redis:@write"),
    Operation::write("MSET", "redis:@write"),
    Operation::write("PERSIST", "redis:@write"),
    Operation::write("RENAME", "redis:@write"),
    Operation::write("RENAMENX", "redis:@write"),
    Operation::write("RPOP", "redis:@write"),
    Operation::write("RPOPLPUSH", "redis:@write"),
    Operation::write("RPUSH", "redis:@write"),
    Operation::write("SADD", "redis:@write"),
    Operation::write("SAVE", "redis:@admin"),
    Operation::write("SET", "redis:@write"),
    Operation::write("SETEX", "redis:@write"),
    Operation::write("SETNX", "redis:@write"),
    Operation::write("SHUTDOWN", "redis:@dangerous"),
    Operation::write("SREM", "redis:@write"),
    Operation::write("SWAPDB", "redis:@dangerous"),
    Operation::write("UNLINK", "redis:@write"),
    Operation::write("ZADD", "redis:@write"),
    Operation::write("ZREM", "redis:@write"),
];

/// What stands in it: servers by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State(pub(super) BTreeMap<String, Server>);

/// A server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub uid: Uid,
    pub staged: Arc<Cache>,
    /// Its records at the beginning.
    pub records: Arc<records::Records>,
    /// Copies of it elsewhere, by name.
    pub copies: Arc<Vec<(String, Disk)>>,
    pub started: Time,
    /// It answers. Between a stop and the next start it does not.
    pub is_up: bool,
    pub content: Keyspaces,
    /// Settings in memory, and in the file that the next start reads.
    pub config: BTreeMap<String, String>,
    pub file: BTreeMap<String, String>,
    /// The last saved state.
    pub disk: Option<Disk>,
    /// The log of changes: what it comes to is what stands, for as long as it is written.
    pub has_log: bool,
    /// A save that the save points ask for is on the agenda.
    pub saves_soon: bool,
    /// Changes since the last save.
    pub changes: u64,
    /// How often its content was put in place.
    pub writes: u64,
}

/// What lies on a server's disk.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub at: Time,
    pub content: Keyspaces,
}

/// Work that comes due.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// A stopped server starts again.
    Started(String),
    /// What stood when it began is on the disk.
    Saved(String, Time, Keyspaces),
    /// The save points say that it is time.
    SavePoint(String),
    /// Records are brought back from this point.
    Restored(String, String),
    /// The time of keys that hold records is over.
    Expired(String),
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    let stage = Arc::clone(&world.stage);
    for (i, staged) in stage.cache.iter().enumerate() {
        let content = records::made(&stage, &staged.data, &format!("cache[{i}].data"))?;
        let saved = staged.saved.as_ref();
        let disk = saved.map(|saved| {
            let content = records::made(&stage, &saved.data, &format!("cache[{i}].saved.data"))?;
            Ok(Disk { at: saved.at, content })
        });
        let disk = disk.transpose()?;
        let copy = |(j, backup): (usize, &CacheBackup)| {
            let content = records::made(&stage, &backup.data, &format!("cache[{i}].backup[{j}].data"))?;
            Ok((backup.id.clone(), Disk { at: backup.taken, content }))
        };
        let copies = staged.backup.iter().enumerate().map(copy).collect::<Result<Vec<_>, _>>()?;
        let config = server::settings(&staged.config);
        let mut file = config.clone();
        file.extend(staged.file.clone());
        let persists = server::persists(&config);
        let resource = NewResource {
            tags: staged.tags.clone(),
            stateful: true,
            serving: true,
            ..NewResource::of(KIND, &staged.id, staged.environment)
        };
        let uid = world.create_since(resource, staged.created);
        if let Some(resource) = world.resource_mut(uid).filter(|_| persists) {
            resource.protections.insert(server::PERSISTENCE.to_owned());
        }
        let has_log = server::is_on(&config, "appendonly");
        let made = Server {
            uid,
            staged: Arc::new(staged.clone()),
            records: Arc::new(records::of_stage(staged, &content)),
            copies: Arc::new(copies),
            started: staged.created,
            is_up: true,
            content,
            config,
            file,
            disk,
            has_log,
            saves_soon: false,
            changes: 0,
            writes: 0,
        };
        let ends = records::ends(&made.staged, &Keyspaces::default(), &made.content, stage.epoch);
        world.caches.0.insert(staged.id.clone(), made);
        goes_at(world, &staged.id, ends);
    }
    Ok(())
}

/// The identity of a server.
pub fn uid(world: &World, id: &str) -> Option<Uid> {
    world.caches.0.get(id).map(|server| server.uid)
}

/// What a server holds, while it answers.
pub fn content<'w>(world: &'w World, id: &str) -> Option<&'w Keyspaces> {
    world.caches.0.get(id).filter(|server| server.is_up).map(|server| &server.content)
}

/// What changes whenever a reader of a server could find something else there: how often it was written to, and how many keys have not
/// gone by themselves. A digest of all keys for each poll would cost more than all else.
pub(crate) fn version(world: &World, id: &str) -> Option<(u64, u64)> {
    let server = world.caches.0.get(id).filter(|server| server.is_up)?;
    Some((server.writes, server.content.keys(world.now())))
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    let id = connect(world, call)?;
    let words: Vec<String> = call.texts("command").into_iter().map(str::to_owned).collect();
    // A tool that is refused the database that it asked for says so, and goes on in the first one.
    let asked = call.number("db").and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let database = if asked < keys::DATABASES { asked } else { 0 };
    let reply = match keys::is_known(&call.operation) {
        true => on_keys(world, &id, database, &words),
        false => server::command(world, &id, &call.operation, &words),
    };
    let mut answer = json!({"reply": reply.to_json()});
    if asked != database
        && let Some(answer) = answer.as_object_mut()
    {
        answer.insert("unselected".to_owned(), json!(asked));
    }
    Ok(answer)
}

/// The server addressed, if it answers there.
fn connect(world: &World, call: &Call) -> Result<String, Refusal> {
    let host = call.text("host").unwrap_or(&call.target);
    let port = call.number("port").unwrap_or(PORT);
    let id = host.split('.').next().unwrap_or(host);
    let failed = |code: &str, why: &str| {
        Refusal::new(code, format!("Could not connect to Redis at {host}:{port}: {why}"))
    };
    match world.caches.0.get(id) {
        None if host == "127.0.0.1" || host == "localhost" => {
            Err(failed("ECONNREFUSED", "Connection refused"))
        }
        None => Err(failed("ENOTFOUND", "Name or service not known")),
        Some(server) if !server.is_up || port != PORT => Err(failed("ECONNREFUSED", "Connection refused")),
        Some(_) => Ok(id.to_owned()),
    }
}

fn on_keys(world: &mut World, id: &str, database: u32, words: &[String]) -> Reply {
    let now = world.now();
    let Some(server) = world.caches.0.get_mut(id) else { return Reply::Nil };
    let name = words.first().map(|word| word.to_uppercase()).unwrap_or_default();
    if GROWS.contains(&name.as_str()) && server::is_full(server, now) {
        return Reply::error("OOM command not allowed when used memory > 'maxmemory'.");
    }
    let mut content = server.content.clone();
    let reply = content.run(database, words, now);
    // Emptying everything writes the emptiness to disk at once, where save points are set, and whatever was there is written over.
    let empties = name == "FLUSHALL" && !matches!(reply, Reply::Error(_));
    if empties && server::save_points(&server.config).is_some() {
        saved(world, id, now, content.clone());
    }
    if world.caches.0.get(id).is_some_and(|server| content != server.content) {
        replace(world, id, content, None, u64::from(!empties));
    }
    reply
}

/// What needs memory, and is refused when there is none left.
const GROWS: &[&str] = &[
    "APPEND", "COPY", "HSET", "INCR", "INCRBY", "DECR", "LPUSH", "LSET", "MSET", "RPUSH", "SADD", "SET",
    "SETEX", "SETNX", "ZADD",
];

/// Puts other content in place, which came from a point of before or from a command; records what became of the old one, and lets
/// the save points and the clock know.
pub(super) fn replace(
    world: &mut World,
    id: &str,
    content: Keyspaces,
    from: Option<RestorePoint>,
    changed: u64,
) {
    let now = world.now();
    let Some(server) = world.caches.0.get(id) else { return };
    let (uid, changes) = (server.uid, records::changes(world, server, &content, from.as_ref()));
    let ends = records::ends(&server.staged, &server.content, &content, now);
    let Some(server) = world.caches.0.get_mut(id) else { return };
    server.content = content;
    server.writes = server.writes.saturating_add(1);
    server.changes = server.changes.saturating_add(changed);
    let points = server::save_points(&server.config).filter(|_| server.changes > 0);
    let soon = points.filter(|_| !std::mem::replace(&mut server.saves_soon, points.is_some()));
    changes.into_iter().for_each(|change| world.effect(uid, change));
    if let Some(after_s) = soon {
        world.schedule(after_s, WorldDue::Cache(Due::SavePoint(id.to_owned())));
    }
    goes_at(world, id, ends);
}

/// Looks at a server's keys again at these times.
fn goes_at(world: &mut World, id: &str, ends: BTreeSet<Time>) {
    let now = world.now();
    for at in ends {
        world.schedule(at.since(now), WorldDue::Cache(Due::Expired(id.to_owned())));
    }
}

pub(crate) fn due(world: &mut World, due: Due) {
    match due {
        Due::Started(id) => started(world, &id),
        Due::Saved(id, at, content) => saved(world, &id, at, content),
        Due::SavePoint(id) => {
            let now = world.now();
            let Some(server) = world.caches.0.get_mut(&id) else { return };
            server.saves_soon = false;
            let content = server.content.clone();
            // Save points may have been taken away in the meantime.
            let saves = server::save_points(&server.config).is_some();
            if server.is_up && server.changes > 0 && saves {
                saved(world, &id, now, content);
            }
        }
        Due::Expired(id) => records::expired(world, &id),
        Due::Restored(id, from) => records::restored(world, &id, &from),
    }
}

/// Writes what stands now to disk in the background.
pub(super) fn save_in_background(world: &mut World, id: &str) {
    let now = world.now();
    let Some(content) = world.caches.0.get(id).map(|server| server.content.clone()) else { return };
    let after_s = world.lasting("caches/save", SAVE_S);
    world.schedule(after_s, WorldDue::Cache(Due::Saved(id.to_owned(), now, content)));
}

/// What was to be saved is on the disk, in the place of what was there.
pub(super) fn saved(world: &mut World, id: &str, at: Time, content: Keyspaces) {
    let Some(server) = world.caches.0.get_mut(id) else { return };
    let from =
        server.disk.replace(Disk { at, content }).map_or_else(|| "nothing".to_owned(), |d| d.at.to_string());
    server.changes = 0;
    let (uid, what) = (server.uid, server::dump_name(&server.config));
    world.effect(uid, Change::Configured { what, from, to: at.to_string() });
}

/// Stops a server; whoever watches over it starts it again.
pub(super) fn stop(world: &mut World, id: &str) {
    let Some(server) = world.caches.0.get_mut(id) else { return };
    server.is_up = false;
    let (uid, restart_s) = (server.uid, server.staged.restart_s);
    world.effect(uid, Change::Restarted);
    let after_s = world.lasting("caches/restart", restart_s);
    world.schedule(after_s, WorldDue::Cache(Due::Started(id.to_owned())));
}

/// A start reads the settings from the file, and the keys from the disk: what was never saved is gone.
fn started(world: &mut World, id: &str) {
    let now = world.now();
    let Some(server) = world.caches.0.get(id) else { return };
    let logged = server.has_log && server::is_on(&server.file, "appendonly");
    let loaded = match (&server.disk, logged) {
        (_, true) => server.content.clone(),
        (Some(disk), false) => disk.content.clone(),
        (None, false) => Keyspaces::default(),
    };
    let from = server.disk.as_ref().map(|disk| records::point(server::dump_name(&server.file), disk));
    let (uid, changes) = (server.uid, records::changes(world, server, &loaded, from.as_ref()));
    let ends = records::ends(&server.staged, &Keyspaces::default(), &loaded, now);
    let (was, is) = (server::persists(&server.config), server::persists(&server.file));
    let Some(server) = world.caches.0.get_mut(id) else { return };
    server.content = loaded;
    server.writes = server.writes.saturating_add(1);
    server.config = server.file.clone();
    server.has_log = server::is_on(&server.config, "appendonly");
    (server.is_up, server.started, server.changes) = (true, now, 0);
    changes.into_iter().for_each(|change| world.effect(uid, change));
    if was != is {
        world.protect(uid, server::PERSISTENCE, is);
    }
    goes_at(world, id, ends);
}

/// A client of the stage, as it would be listed now.
pub(super) fn ages(client: &CacheClient, since_s: i64) -> (i64, i64) {
    (
        client.age_s.saturating_add(since_s),
        client.idle_s.saturating_add(if client.idle_s > 0 { since_s } else { 0 }),
    )
}
