//! Databases that run in a container: their files are in a volume, and no provider looks after them.
//!
//! Copies of a volume, in a file of the checkout or in another volume, are kept with the snapshots, under names that no snapshot of a
//! provider has; each counts for as long as what it is in is there.

use super::database_backups::snapshot_of;
use super::database_restores as restores;
use super::database_sql::replace_content;
use super::databases::{self, Made};
use super::workspace;
use crate::World;
use crate::effect::Change;
use crate::stage;

/// What stands before the name of a copy: in a file, or in a volume.
const FILE: &str = "file:";
const COPY: &str = "volume:";

/// The database of the stage that a volume holds.
pub(crate) fn of_volume<'w>(world: &'w World, volume: &str) -> Option<&'w stage::Database> {
    world.stage.database.iter().find(|database| database.volume.as_deref() == Some(volume))
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

/// Makes it anew, empty: what a first start does on a volume that has nothing in it.
pub(super) fn make(world: &mut World, volume: &str) {
    let Some(staged) = of_volume(world, volume).cloned() else { return };
    if databases::uid(world, &staged.id).is_none() {
        let (resource, now) = (databases::resource(&world.stage, &staged), world.now());
        databases::put_up(world, staged.id.clone(), resource, Made::of(&staged), ("stopped", now));
    }
}

/// The name of a copy in a file of the checkout.
pub(super) fn in_file(path: &str) -> String {
    format!("{FILE}{path}")
}

/// The name of a copy in another volume.
pub(super) fn in_volume(name: &str) -> String {
    format!("{COPY}{name}")
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
    let snapshot = snapshot_of(world, &id, instance, (instance.uid, "available"));
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
