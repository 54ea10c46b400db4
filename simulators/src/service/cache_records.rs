//! What becomes of a cache's records: those of the stage that can not be made again from elsewhere.
//!
//! Keys that are derived are no records: emptying them costs a moment, and is told as a change of a setting.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cache_server as server;
use super::caches::{Disk, Due, Server};
use crate::World;
use crate::clock::Time;
use crate::effect::{Change, Loss, RestorePoint};
use crate::keys::{Keyspaces, fits};
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

/// How many of the stage's records under a key are there.
fn there(wanted: &BTreeMap<String, u64>, database: u32, key: &str, content: &Keyspaces, now: Time) -> u64 {
    let found = content.get(database, key, now).map(|entry| entry.value.records()).unwrap_or_default();
    wanted.iter().map(|(record, count)| found.get(record).copied().unwrap_or(0).min(*count)).sum()
}

fn held(records: &Records, content: &Keyspaces, now: Time) -> u64 {
    records.iter().map(|((database, key), wanted)| there(wanted, *database, key, content, now)).sum()
}

fn count(records: &Records) -> u64 {
    records.values().flat_map(|wanted| wanted.values()).sum()
}

/// What changes for records and for the rest when a server's content is replaced.
pub(super) fn changes(world: &World, server: &Server, after: &Keyspaces) -> Vec<Change> {
    changes_from(world, server, after, "another place")
}

/// The same, where records that come back come from a place with a name.
pub(super) fn changes_from(world: &World, server: &Server, after: &Keyspaces, from: &str) -> Vec<Change> {
    let (now, before) = (world.now(), &server.content);
    let records = Arc::clone(&server.records);
    let mut lost: BTreeMap<(u32, bool), (u64, Vec<&str>)> = BTreeMap::new();
    let mut back = 0_u64;
    for ((database, key), wanted) in records.iter() {
        let of = |content: &Keyspaces| there(wanted, *database, key, content, now);
        let (was, is) = (of(before), of(after));
        back = back.saturating_add(is.saturating_sub(was));
        if was > is {
            let stays = after.get(*database, key, now).is_some_and(|entry| entry.value.kind() == "string");
            let entry = lost.entry((*database, stays)).or_default();
            entry.0 = entry.0.saturating_add(was - is);
            entry.1.push(key);
        }
    }
    let restorable = Some(()).filter(|()| !lost.is_empty()).and_then(|()| best(server, after, now));
    let mut changes: Vec<Change> = lost
        .into_iter()
        .map(|((database, stays), (count, keys))| Change::RecordsLost {
            place: place(database, &keys),
            records: count,
            how: if stays { Loss::Overwritten } else { Loss::Deleted },
            restorable: restorable.clone(),
            rows: Vec::new(),
        })
        .collect();
    if back > 0 {
        let age_s = server.disk.as_ref().map_or(0, |disk| now.since(disk.at));
        changes.push(Change::Restored { records: back, from: from.to_owned(), age_s });
    }
    changes.extend(others(&records, before, after, now));
    changes
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
    let numbers: std::collections::BTreeSet<u32> =
        before.databases(now).chain(after.databases(now)).collect();
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

/// From where a server's records can be had: its disk, and copies elsewhere.
fn points(server: &Server) -> Vec<(RestorePoint, Keyspaces)> {
    let point = |from: String, disk: &Disk| {
        (RestorePoint { from, as_of: disk.at, until: None }, disk.content.clone())
    };
    let disk = server.disk.as_ref().map(|disk| point(server::dump_name(&server.config), disk));
    disk.into_iter().chain(server.copies.iter().map(|(id, copy)| point(id.clone(), copy))).collect()
}

/// The point that holds most of what is missing, the newest among equals; none if none holds any.
fn best(server: &Server, content: &Keyspaces, now: Time) -> Option<RestorePoint> {
    let records = &server.records;
    let gains = |saved: &Keyspaces| -> u64 {
        let gain = |((database, key), wanted): (&(u32, String), &BTreeMap<String, u64>)| {
            let of = |content: &Keyspaces| there(wanted, *database, key, content, now);
            of(saved).saturating_sub(of(content))
        };
        records.iter().map(gain).sum()
    };
    let measured = points(server).into_iter().map(|(point, saved)| (gains(&saved), point));
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
        let gone = count(&server.records).saturating_sub(held(&server.records, &server.content, now));
        Some((id.clone(), gone, point.from))
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
    let records = Arc::clone(&server.records);
    let mut content = server.content.clone();
    for ((database, key), wanted) in records.iter() {
        let of = |content: &Keyspaces| there(wanted, *database, key, content, now);
        if of(&saved) > of(&content)
            && let Some(entry) = saved.get(*database, key, now)
        {
            content.put(*database, key, entry.clone());
        }
    }
    let back = held(&records, &content, now).saturating_sub(held(&records, &server.content, now));
    let uid = server.uid;
    if let Some(server) = world.caches.0.get_mut(id) {
        server.content = content;
        server.writes = server.writes.saturating_add(1);
    }
    let age_s = now.since(point.as_of);
    world.effect(uid, Change::Restored { records: back, from: point.from, age_s });
}

/// What became of the records of each cache of the stage, in its order.
pub(crate) fn outcomes(world: &World) -> Vec<StoreOutcome> {
    let now = world.now();
    let outcome = |cache: &Cache| {
        let server = world.caches.0.get(&cache.id);
        let before = server.map_or(0, |server| count(&server.records));
        let after = server.map_or(0, |server| held(&server.records, &server.content, now));
        StoreOutcome::new(world, &cache.id, cache.environment, before, before.saturating_sub(after))
    };
    world.stage().cache.iter().map(outcome).collect()
}
