//! Snapshots of a search cluster, and the feed that fills it from elsewhere.

use std::sync::Arc;

use serde_json::{Value, json};

use super::index_changes::{is_full, make, put, stands, target};
use super::index_docs::{self as docs, Doc, Fields};
use super::index_shapes as shapes;
use super::indices::{Due, Snapshot, body, change, failed, http, name};
use crate::World;
use crate::call::{Answer, Call};
use crate::effect::RestorePoint;
use crate::world::Due as WorldDue;

pub(super) fn create_snapshot(world: &mut World, id: &str, call: &Call) -> Answer {
    let (repository, name) = (name(call), call.text("snapshot").unwrap_or_default().to_owned());
    let now = world.now();
    let Some(cluster) = world.indices.0.get_mut(id) else { return Ok(Value::Null) };
    if repository != cluster.staged.repository || repository.is_empty() {
        return failed(404, "repository_missing_exception", &format!("[{repository}] missing"), call);
    }
    if cluster.snapshots.contains_key(&name) {
        let text = format!("[{repository}:{name}] snapshot with the same name already exists");
        return failed(400, "invalid_snapshot_name_exception", &text, call);
    }
    if !cluster.staged.broken.is_empty() {
        let text = format!("[{repository}] {}", cluster.staged.broken);
        return failed(500, "repository_verification_exception", &text, call);
    }
    let wanted = body(call).get("indices").and_then(Value::as_str).unwrap_or("_all").to_owned();
    let names = cluster.named(&wanted);
    let held = names.iter().filter_map(|name| {
        let index = cluster.indices.get(name)?;
        Some((name.clone(), (index.fields.clone(), Arc::clone(&index.docs))))
    });
    let made = Snapshot { taken: now, state: "SUCCESS".to_owned(), held: held.collect() };
    let uid = names.first().and_then(|name| cluster.indices.get(name)).map(|index| index.uid);
    let shown = json!({"snapshot": shapes::snapshot(&name, &made)});
    cluster.snapshots.insert(name.clone(), made);
    if let Some(uid) = uid {
        stands(world, uid, &format!("snapshot {name}"), true);
    }
    http(200, &shown, call)
}

fn no_snapshot(repository: &str, name: &str, call: &Call) -> Answer {
    failed(404, "snapshot_missing_exception", &format!("[{repository}:{name}] is missing"), call)
}

pub(super) fn delete_snapshot(world: &mut World, id: &str, call: &Call) -> Answer {
    let taken = call.text("snapshot").unwrap_or_default();
    let Some(cluster) = world.indices.0.get_mut(id) else { return Ok(Value::Null) };
    if cluster.snapshots.remove(taken).is_none() {
        return no_snapshot(name(call), taken, call);
    }
    let uid = cluster.indices.values().next().map(|index| index.uid);
    if let Some(uid) = uid {
        stands(world, uid, &format!("snapshot {taken}"), false);
    }
    http(200, &json!({"acknowledged": true}), call)
}

/// Brings indices back under their own names; one that stands is in the way.
pub(super) fn restore(world: &mut World, id: &str, call: &Call) -> Answer {
    let taken = call.text("snapshot").unwrap_or_default().to_owned();
    let Some(cluster) = world.indices.0.get(id) else { return Ok(Value::Null) };
    let Some(snapshot) = cluster.snapshots.get(&taken).filter(|s| s.state == "SUCCESS").cloned() else {
        return no_snapshot(name(call), &taken, call);
    };
    let wanted = body(call).get("indices").and_then(Value::as_str).unwrap_or("*").to_owned();
    let chosen = |index: &String| wanted.split(',').any(|pattern| crate::keys::fits(pattern, index));
    let held: Vec<_> = snapshot.held.into_iter().filter(|(index, _)| chosen(index)).collect();
    if let Some((index, _)) = held.iter().find(|(index, _)| cluster.indices.contains_key(index)) {
        let text = format!(
            "[{}:{taken}] cannot restore index [{index}] because an open index with same name already exists in the cluster.",
            name(call)
        );
        return failed(500, "snapshot_restore_exception", &text, call);
    }
    let staged = Arc::clone(&cluster.staged);
    let point = RestorePoint { from: taken, as_of: snapshot.taken, until: None };
    for (index, (fields, held)) in held {
        make(world, id, &staged, &index, fields);
        let uid = world.indices.0.get(id).and_then(|c| c.indices.get(&index)).map(|index| index.uid);
        if let Some(uid) = uid {
            let from = Some(point.clone());
            change(world, id, (uid, &index), from, |cluster| put(cluster, &index, (*held).clone()));
        }
    }
    http(200, &json!({"accepted": true}), call)
}

/// Starts the feed; it has filled its index after a while.
pub(super) fn run_feed(world: &mut World, id: &str, call: &Call) -> Answer {
    let Some((into, _)) = start(world, id, call.text("into")) else { return Ok(Value::Null) };
    http(202, &json!({"started": true, "into": into}), call)
}

/// Starts the feed as the colleague on call does; how many seconds it takes. `None` if there is none.
pub(crate) fn feed_again(world: &mut World, id: &str) -> Option<i64> {
    start(world, id, None).map(|(_, after_s)| after_s)
}

/// What it fills, and after how many seconds.
fn start(world: &mut World, id: &str, into: Option<&str>) -> Option<(String, i64)> {
    let feed = world.indices.0.get(id)?.staged.feed.clone()?;
    let into = into.map_or(feed.into, str::to_owned);
    let after_s = world.lasting("indices/feed", feed.run_s);
    world.schedule(after_s, WorldDue::Index(Due(id.to_owned(), into.clone())));
    Some((into, after_s))
}

pub(crate) fn due(world: &mut World, Due(id, into): Due) {
    let now = world.now();
    let Some(cluster) = world.indices.0.get_mut(&id) else { return };
    cluster.fed = Some(now);
    let new = Arc::clone(&cluster.feed);
    let there = cluster
        .named(&into)
        .first()
        .and_then(|name| cluster.indices.get(name))
        .map(|index| new.keys().filter(|key| !index.docs.contains_key(*key)).count() as u64);
    if is_full(world, &id, there.unwrap_or(new.len() as u64)) {
        return;
    }
    let Some((index, uid, fields)) = target(world, &id, &into, &Fields::new()) else { return };
    let typed: Vec<(String, Doc)> =
        new.iter().filter_map(|(id, doc)| Some((id.clone(), docs::typed(&fields, doc).ok()?))).collect();
    change(world, &id, (uid, &index), None, |cluster| put(cluster, &index, typed));
}
