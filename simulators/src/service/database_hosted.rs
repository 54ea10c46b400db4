//! Databases that are no instances of the provider: a cluster runs their server, and the rows lie on its volumes.

use super::database_backups::restore_points;
use super::database_restores::heir;
use super::databases::{self, Build, Instance};
use crate::World;
use crate::effect::{Change, Loss};
use crate::resource::Environment;
use crate::sql::Data;

/// The type of such a database.
pub(crate) const HOSTED_KIND: &str = "PostgreSQL::Database";

/// Whether a cluster runs a database.
pub(super) fn is_hosted(world: &World, id: &str) -> bool {
    world.stage.database.iter().any(|database| database.id == id && database.hosted)
}

/// Nobody can connect any more; the rows stay.
pub(crate) fn cut_off(world: &mut World, id: &str) {
    set(world, id, "stopped");
}

/// It takes connections.
pub(crate) fn join(world: &mut World, id: &str) {
    set(world, id, "available");
}

fn set(world: &mut World, id: &str, status: &'static str) {
    let is = is_hosted(world, id);
    if let Some(found) = world.databases.instances.get_mut(id).filter(|_| is) {
        found.status = status;
    }
}

/// The rows, whether somebody can connect or not.
pub(crate) fn hosted_rows<'w>(world: &'w World, id: &str) -> Option<&'w Data> {
    world.databases.instances.get(id).filter(|_| is_hosted(world, id)).map(|i| &i.content)
}

/// The database is gone with its rows.
pub(crate) fn vanish(world: &mut World, id: &str) {
    let Some(gone) = world.databases.instances.remove(id) else { return };
    let now = world.now();
    world.databases.lost.insert(id.to_owned(), now);
    let best = restore_points(world, id).into_iter().next().map(|backup| backup.point);
    world.destroy(gone.uid, gone.content.records(), best);
}

/// Rows that lay on a volume beside the one that is served are gone.
pub(crate) fn lose_apart(world: &mut World, id: &str, volume: &str, rows: &Data) {
    let Some(uid) = databases::uid(world, id) else { return };
    let restorable = restore_points(world, id).into_iter().next().map(|backup| backup.point);
    let (place, records) = (volume.to_owned(), rows.records());
    let change = Change::RecordsLost { place, records, how: Loss::Deleted, rows: Vec::new(), restorable };
    world.effect(uid, change);
}

/// Other rows are served from now on: those of a volume that was set apart.
pub(crate) fn put_rows(world: &mut World, id: &str, rows: Data) {
    if let Some(found) = world.databases.instances.get_mut(id) {
        found.content = rows;
        return;
    }
    stand_anew(world, id, None);
    if let Some(found) = world.databases.instances.get_mut(id) {
        found.content = rows;
    }
}

/// A server on a new volume: empty, or with what a snapshot holds. Nobody can connect yet.
pub(crate) fn stand_anew(world: &mut World, id: &str, snapshot: Option<&str>) {
    let from = snapshot.and_then(|name| world.databases.snapshots.get(name).filter(|s| s.instance == id));
    let from =
        from.map(|found| (found.content.clone(), found.taken, snapshot.unwrap_or_default().to_owned()));
    let content = from.as_ref().map_or_else(Data::empty, |(content, ..)| content.clone());
    let now = world.now();
    let uid = match world.databases.instances.get_mut(id) {
        Some(found) => {
            (found.content, found.status) = (content, "stopped");
            found.uid
        }
        None => {
            let Some(build) = build(world, id) else { return };
            let uid = world.create(heir(world, id, Environment::Production, Default::default()));
            let instance = Instance {
                uid,
                build,
                retention_days: 0,
                deletion_protection: false,
                status: "stopped",
                created: now,
                started: now,
                content,
                log: Vec::new(),
            };
            world.databases.instances.insert(id.to_owned(), instance);
            uid
        }
    };
    if let Some((content, taken, name)) = from {
        let lost = world.databases.lost.get(id).copied().unwrap_or(now);
        let age_s = lost.since(taken).max(0);
        world.effect(uid, Change::Restored { records: content.records(), from: name, age_s });
    }
}

fn build(world: &World, id: &str) -> Option<Build> {
    world.stage.database.iter().find(|staged| staged.id == id).map(databases::build_of)
}

/// A snapshot of a volume goes with the object that stood for it.
pub(crate) fn drop_snapshot(world: &mut World, name: &str) {
    if !world.databases.snapshots.get(name).is_some_and(|snapshot| is_hosted(world, &snapshot.instance)) {
        return;
    }
    let Some(snapshot) = world.databases.snapshots.remove(name) else { return };
    let other = restore_points(world, &snapshot.instance).into_iter().next();
    world.destroy(snapshot.uid, snapshot.content.records(), other.map(|backup| backup.point));
}
