//! Databases that run in a container: their files are in a volume, and no provider looks after them.
//!
//! Copies of a volume, in a file of the checkout or in another volume, are kept with the snapshots, under names that no snapshot of a
//! provider has; each counts for as long as what it is in is there.

use super::database_backups::Snapshot;
use super::database_restores as restores;
use super::database_sql::replace_content;
use super::databases::{Instance, build_of, restore_points};
use super::{docker, workspace};
use crate::World;
use crate::effect::Change;
use crate::resource::{Environment, NewResource};
use crate::sql::Data;
use crate::stage;

/// What stands before the name of a copy: in a file, or in a volume.
const FILE: &str = "file:";
const COPY: &str = "volume:";

/// The database of the stage that a volume holds.
pub(crate) fn of_volume<'w>(world: &'w World, volume: &str) -> Option<&'w stage::Database> {
    world.stage.database.iter().find(|database| database.volume.as_deref() == Some(volume))
}

/// Whether a database runs in a container, of a machine or of a cluster.
pub(super) fn is_contained(world: &World, id: &str) -> bool {
    world.stage.database.iter().any(|d| d.id == id && (d.volume.is_some() || d.hosted))
}

/// The resource that such a database is: its volume, under the name by which others reach the database.
pub(super) fn resource(staged: &stage::Database, volume: &str) -> NewResource {
    NewResource {
        kind: docker::VOLUME.to_owned(),
        name: staged.id.clone(),
        role: volume.to_owned(),
        environment: staged.environment,
        tags: staged.tags.clone(),
        stateful: true,
        serving: true,
        replaces: None,
    }
}

/// Lets it answer or not, as its container does.
pub(super) fn switch(world: &mut World, id: &str, on: bool) {
    let now = world.now();
    let Some(instance) = world.databases.instances.get_mut(id) else { return };
    let status = if on { "available" } else { "stopped" };
    if instance.status != status && on {
        instance.started = now;
    }
    instance.status = status;
}

/// Takes it away with its volume.
pub(super) fn remove(world: &mut World, id: &str) {
    let Some(instance) = world.databases.instances.remove(id) else { return };
    let now = world.now();
    world.databases.lost.insert(id.to_owned(), now);
    let noted = world.stage.database.iter().filter(|d| d.id == id).flat_map(|d| &d.bookkeeping);
    let counts = instance.content.counts();
    let noted: u64 = noted.filter_map(|table| counts.get(table)).sum();
    let best = restore_points(world, id).into_iter().next().map(|backup| backup.point);
    world.destroy(instance.uid, instance.content.records().saturating_sub(noted), best);
}

/// Makes it anew, empty: what a first start does on a volume that has nothing in it.
pub(super) fn make(world: &mut World, volume: &str) {
    let Some(staged) = of_volume(world, volume).cloned() else { return };
    if world.databases.instances.contains_key(&staged.id) {
        return;
    }
    let (uid, now) = (world.create(resource(&staged, volume)), world.now());
    let instance = Instance {
        uid,
        build: build_of(&staged),
        retention_days: 0,
        deletion_protection: false,
        status: "stopped",
        created: now,
        started: now,
        content: Data::empty(),
        log: Vec::new(),
    };
    world.databases.instances.insert(staged.id, instance);
}

/// The name of a copy in a file of the checkout.
pub(super) fn in_file(path: &str) -> String {
    format!("{FILE}{path}")
}

/// The name of a copy in another volume.
pub(super) fn in_volume(name: &str) -> String {
    format!("{COPY}{name}")
}

/// Whether a name is that of a copy of a volume.
pub(super) fn is_copy(name: &str) -> bool {
    name.starts_with(FILE) || name.starts_with(COPY)
}

/// Whether what a copy is in is still there; what is no copy always is.
pub(super) fn is_there(world: &World, name: &str) -> bool {
    match (name.strip_prefix(FILE), name.strip_prefix(COPY)) {
        (Some(path), _) => workspace::read_file(world, path).is_some(),
        (_, Some(volume)) => world.docker.volumes.contains_key(volume),
        _ => true,
    }
}

/// Keeps a copy of what a volume holds now.
pub(super) fn copy(world: &mut World, volume: &str, name: String) {
    let Some(id) = of_volume(world, volume).map(|d| d.id.clone()) else { return };
    let Some(instance) = world.databases.instances.get(&id) else { return };
    let (uid, content, build) = (instance.uid, instance.content.clone(), instance.build.clone());
    let environment = world.resource(uid).map_or(Environment::Production, |r| r.environment);
    let taken = world.now();
    let snapshot = Snapshot { uid, instance: id, taken, status: "available", content, build, environment };
    world.databases.snapshots.insert(name, snapshot);
}

/// Puts a copy in the place of what a volume holds. False if there is none of that name.
pub(super) fn unpack(world: &mut World, name: &str, volume: &str) -> bool {
    let Some(id) = of_volume(world, volume).map(|d| d.id.clone()) else { return false };
    let Some(snapshot) = world.databases.snapshots.get(name).filter(|_| is_there(world, name)) else {
        return false;
    };
    let (content, taken) = (snapshot.content.clone(), snapshot.taken);
    let Some(instance) = world.databases.instances.get(&id) else { return false };
    let uid = instance.uid;
    let records: u64 = content.diff(&instance.content).into_values().map(|diff| diff.lost()).sum();
    let age_s = restores::age_of(world, &id, taken);
    replace_content(world, &id, content);
    if records > 0 {
        world.effect(uid, Change::Restored { records, from: name.to_owned(), age_s });
    }
    true
}
