//! What becomes of a cache's records: those of the stage that can not be made again from elsewhere.
//!
//! Keys that are derived are no records: emptying them costs a moment, and is told as a change of a setting.

use std::collections::{BTreeMap, BTreeSet};

use super::cache_server as server;
use super::caches::{Disk, Due, Server};
use crate::World;
use crate::clock::Time;
use crate::effect::{Change, Loss, RestorePoint};
use crate::keys::{Entry, Keyspaces, fits};
use crate::settle::StoreOutcome;
use crate::stage::cache::Cache;
use crate::stage::{Problem, Stage};
use crate::world::Due as WorldDue;

/// What a script of commands in `data/` makes.
pub(super) fn made(stage: &Stage, path: &str, at: &str) -> Result<Keyspaces, Problem> {
    let problem = |expected: String| Problem {
        path: at.to_owned(),
        found: path.to_owned(),
        expected,
        candidates: stage.names_in("data/", path),
    };
    let script = stage.data_text(path).ok_or_else(|| problem("the path of a file of commands".to_owned()))?;
    Keyspaces::build(script, stage.epoch).map_err(|e| problem(format!("commands that a server takes: {e}")))
}

/// Whether a key can be made again from elsewhere.
fn is_derived(staged: &Cache, database: u32, key: &str) -> bool {
    staged
        .derived
        .iter()
        .filter_map(|rule| rule.split_once(' '))
        .any(|(number, pattern)| number.parse() == Ok(database) && fits(pattern.trim(), key))
}

/// The records of the stage, by database and key, with how often each stands there.
pub(super) type Records = BTreeMap<(u32, String), BTreeMap<String, u64>>;

pub(super) fn of_stage(cache: &Cache, content: &Keyspaces) -> Records {
    let kept = content.entries().filter(|(database, key, _)| !is_derived(cache, *database, key));
    kept.map(|(database, key, entry)| ((database, key.to_owned()), entry.value.records())).collect()
}

/// What of a multiset another one has not.
fn without(wanted: &BTreeMap<String, u64>, found: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let left = |(record, count): (&String, &u64)| {
        let left = count.saturating_sub(found.get(record).copied().unwrap_or(0));
        (left > 0).then(|| (record.clone(), left))
    };
    wanted.iter().filter_map(left).collect()
}

/// How many records of each key of the stage are missing. What stands under another name, in another database or in another list has
/// moved and is not missing; what can be made again from elsewhere stands for nothing.
fn missing_by_key(server: &Server, content: &Keyspaces, now: Time) -> BTreeMap<(u32, String), u64> {
    let mut missing: BTreeMap<&(u32, String), BTreeMap<String, u64>> = BTreeMap::new();
    for (at, wanted) in server.records.iter() {
        let found = content.get(at.0, &at.1, now).map(|entry| entry.value.records()).unwrap_or_default();
        let left = without(wanted, &found);
        if !left.is_empty() {
            missing.insert(at, left);
        }
    }
    if missing.is_empty() {
        return BTreeMap::new();
    }
    let mut moved: BTreeMap<String, u64> = BTreeMap::new();
    for database in content.databases(now) {
        for (key, entry) in content.live(database, now) {
            if is_derived(&server.staged, database, key) {
                continue;
            }
            let own = server.records.get(&(database, key.to_owned()));
            let more = without(&entry.value.records(), own.unwrap_or(&BTreeMap::new()));
            more.into_iter().for_each(|(record, n)| *moved.entry(record).or_default() += n);
        }
    }
    let mut left = |wanted: BTreeMap<String, u64>| -> u64 {
        let one = |(record, count): (String, u64)| {
            let spare = moved.entry(record).or_default();
            let found = count.min(*spare);
            *spare = spare.saturating_sub(found);
            count.saturating_sub(found)
        };
        wanted.into_iter().map(one).sum()
    };
    missing.into_iter().map(|(at, wanted)| (at.clone(), left(wanted))).filter(|(_, n)| *n > 0).collect()
}

/// How many records of the stage are missing in all.
fn missing_in(server: &Server, content: &Keyspaces, now: Time) -> u64 {
    missing_by_key(server, content, now).values().sum()
}

fn count(records: &Records) -> u64 {
    records.values().flat_map(|wanted| wanted.values()).sum()
}

/// What changes for records and for the rest when a server's content is replaced, by what comes from a point of before or by a command.
pub(super) fn changes(
    world: &World,
    server: &Server,
    after: &Keyspaces,
    from: Option<&RestorePoint>,
) -> Vec<Change> {
    let now = world.now();
    let (was, is) = (missing_by_key(server, &server.content, now), missing_by_key(server, after, now));
    let mut changes = lost(server, after, (&was, &is), now);
    let of = |all: &BTreeMap<(u32, String), u64>, at: &(u32, String)| all.get(at).copied().unwrap_or(0);
    let back: u64 = was.iter().map(|(at, n)| n.saturating_sub(of(&is, at))).sum();
    if back > 0 {
        let age_s = from.map_or(0, |point| now.since(point.as_of));
        let from = from.map_or("another place", |point| &point.from).to_owned();
        changes.push(Change::Restored { records: back, from, age_s });
    }
    changes.extend(others(&server.records, &server.content, after, now));
    changes
}

type Missing<'m> = &'m BTreeMap<(u32, String), u64>;

/// Losses by database, and by whether something else stands under the key.
fn lost(server: &Server, after: &Keyspaces, (was, is): (Missing<'_>, Missing<'_>), now: Time) -> Vec<Change> {
    let mut lost: BTreeMap<(u32, bool), (u64, Vec<&str>)> = BTreeMap::new();
    for (at, missing) in is {
        let more = missing.saturating_sub(was.get(at).copied().unwrap_or(0));
        if more > 0 {
            let stays = after.get(at.0, &at.1, now).is_some_and(|entry| entry.value.kind() == "string");
            let entry = lost.entry((at.0, stays)).or_default();
            entry.0 = entry.0.saturating_add(more);
            entry.1.push(&at.1);
        }
    }
    let restorable = Some(()).filter(|()| !lost.is_empty()).and_then(|()| best(server, after, now));
    let told = |((database, stays), (count, keys)): ((u32, bool), (u64, Vec<&str>))| {
        let how = if stays { Loss::Overwritten } else { Loss::Deleted };
        Change::lost(place(database, &keys), count, how, restorable.clone())
    };
    lost.into_iter().map(told).collect()
}

/// When keys that hold records go by themselves, where that was set just now.
pub(super) fn ends(staged: &Cache, before: &Keyspaces, after: &Keyspaces, now: Time) -> BTreeSet<Time> {
    let at = |(database, key, entry): (u32, &str, &Entry)| {
        let was = before.entry(database, key).and_then(|entry| entry.expires);
        entry.expires.filter(|at| *at > now && was != Some(*at) && !is_derived(staged, database, key))
    };
    after.entries().filter_map(at).collect()
}

/// Keys whose time is over have gone: what they held is lost now.
pub(super) fn expired(world: &mut World, id: &str) {
    let now = world.now();
    let Some(server) = world.caches.0.get(id).filter(|server| server.is_up) else { return };
    let before = missing_by_key(server, &server.content, now.plus(-1));
    let after = missing_by_key(server, &server.content, now);
    let (uid, told) = (server.uid, lost(server, &server.content, (&before, &after), now));
    told.into_iter().for_each(|change| world.effect(uid, change));
}

fn place(database: u32, keys: &[&str]) -> String {
    match keys {
        [key] => format!("db{database} {key}"),
        keys => format!("db{database}, {} keys", keys.len()),
    }
}

/// Keys that are no records of the stage: more of them, fewer, or others.
fn others(records: &Records, before: &Keyspaces, after: &Keyspaces, now: Time) -> Vec<Change> {
    let of = |content: &Keyspaces, database: u32| -> BTreeMap<String, String> {
        let live = content.live(database, now);
        let rest = live.filter(|(key, _)| !records.contains_key(&(database, (*key).to_owned())));
        rest.map(|(key, entry)| (key.to_owned(), format!("{:?} {:?}", entry.value, entry.expires))).collect()
    };
    let numbers: BTreeSet<u32> = before.databases(now).chain(after.databases(now)).collect();
    let told = numbers.into_iter().filter_map(|database| {
        let (was, is) = (of(before, database), of(after, database));
        if was == is {
            return None;
        }
        let more = is.len().saturating_sub(was.len());
        Some(match more {
            0 => Change::Configured {
                what: format!("keys of db{database} that can be made again"),
                from: was.len().to_string(),
                to: is.len().to_string(),
            },
            more => Change::RecordsAdded { place: format!("db{database}"), records: more as u64 },
        })
    });
    told.collect()
}

/// A place that holds what stood at a time.
pub(super) fn point(from: String, disk: &Disk) -> RestorePoint {
    RestorePoint { from, as_of: disk.at, until: None }
}

/// From where a server's records can be had: its disk, and copies elsewhere.
fn points(server: &Server) -> Vec<(RestorePoint, Keyspaces)> {
    let disk = server.disk.as_ref().map(|disk| (server::dump_name(&server.config), disk));
    let copies = server.copies.iter().map(|(id, copy)| (id.clone(), copy));
    disk.into_iter().chain(copies).map(|(from, disk)| (point(from, disk), disk.content.clone())).collect()
}

/// What stands when what is missing is brought back from a point, key by key; what is there stays.
fn mended(server: &Server, content: &Keyspaces, saved: &Keyspaces, now: Time) -> Keyspaces {
    let mut mended = content.clone();
    for (database, key) in missing_by_key(server, content, now).keys() {
        let there = |content: &Keyspaces| {
            let found =
                content.get(*database, key, now).map(|entry| entry.value.records()).unwrap_or_default();
            server.records.get(&(*database, key.clone())).map_or(0, |wanted| {
                wanted.values().sum::<u64>().saturating_sub(without(wanted, &found).values().sum())
            })
        };
        if there(saved) > there(content)
            && let Some(entry) = saved.get(*database, key, now)
        {
            mended.put(*database, key, entry.clone());
        }
    }
    mended
}

/// The point that holds most of what is missing, the newest among equals; none if none holds any.
fn best(server: &Server, content: &Keyspaces, now: Time) -> Option<RestorePoint> {
    let missing = missing_in(server, content, now);
    let gain = |saved: &Keyspaces| {
        missing.saturating_sub(missing_in(server, &mended(server, content, saved, now), now))
    };
    let measured = points(server).into_iter().map(|(point, saved)| (gain(&saved), point));
    measured
        .filter(|(gain, _)| *gain > 0)
        .max_by_key(|(gain, point)| (*gain, point.as_of))
        .map(|(_, point)| point)
}

/// Servers of production whose records are missing though they could be had: the name, how many are missing, and the point.
pub(crate) fn missing(world: &World) -> impl Iterator<Item = (String, u64, String)> {
    let now = world.now();
    world.caches.0.iter().filter_map(move |(id, server)| {
        let is_production = server.staged.environment == crate::resource::Environment::Production;
        let point = best(server, &server.content, now).filter(|_| is_production && server.is_up)?;
        Some((id.clone(), missing_in(server, &server.content, now), point.from))
    })
}

/// Whether a server that functions read is down and will start by itself.
pub(crate) fn is_starting(world: &World, id: &str) -> bool {
    world.caches.0.get(id).is_some_and(|server| !server.is_up)
}

/// Begins to bring records back; what stands stays. Returns how many seconds it takes.
pub(crate) fn begin_restore(world: &mut World, id: &str, from: &str) -> Option<i64> {
    let restore_s = world.caches.0.get(id)?.staged.restore_s;
    let after_s = world.lasting("caches/restore", restore_s);
    world.schedule(after_s, WorldDue::Cache(Due::Restored(id.to_owned(), from.to_owned())));
    Some(after_s)
}

pub(super) fn restored(world: &mut World, id: &str, from: &str) {
    let now = world.now();
    let Some(server) = world.caches.0.get(id).filter(|server| server.is_up) else { return };
    let Some((point, saved)) = points(server).into_iter().find(|(point, _)| point.from == from) else {
        return;
    };
    let content = mended(server, &server.content, &saved, now);
    super::caches::replace(world, id, content, Some(point), 1);
}

/// What became of the records of each cache of the stage, in its order.
pub(crate) fn outcomes(world: &World) -> Vec<StoreOutcome> {
    let now = world.now();
    let outcome = |cache: &Cache| {
        let server = world.caches.0.get(&cache.id);
        let before = server.map_or(0, |server| count(&server.records));
        let lost = server.map_or(0, |server| missing_in(server, &server.content, now));
        StoreOutcome::new(world, &cache.id, cache.environment, before, lost)
    };
    world.stage().cache.iter().map(outcome).collect()
}
