//! Databases that the provider's managed service knows nothing of: on the volumes of a platform, on machines of
//! one's own. Their rows and what becomes of
//! them are as everywhere; who makes, stops and takes them away is another service.

use super::database_backups::restore_points;
use super::database_bin as bin;
use super::database_restores::heir;
use super::databases::{self, Due, NewInstance, by_uid, identifier, not_found};
use crate::World;
use crate::call::{Call, Refusal};
use crate::effect::Change;
use crate::stage::Stage;
use crate::world::Due as WorldDue;

/// The type of such a server.
pub(crate) const KIND: &str = "Postgres::Server";
/// The type of a backup of one.
pub(crate) const BACKUP_KIND: &str = "Postgres::Backup";
/// A server that was stopped is up again after so long.
const RESTART_S: i64 = 20;

/// Whether a database of the stage is one of these.
pub(crate) fn is_elsewhere(stage: &Stage, id: &str) -> bool {
    if stage.host.iter().any(|host| host.name == id) {
        return true;
    }
    let projects = stage.platform.iter().flat_map(|platform| &platform.project);
    let mut instances = projects.flat_map(|project| &project.service).flat_map(|service| &service.instance);
    instances.any(|instance| instance.database.as_deref() == Some(id))
}

/// The type of a database of that id.
pub(crate) fn kind(stage: &Stage, id: &str) -> &'static str {
    if is_elsewhere(stage, id) { KIND } else { databases::KIND }
}

/// What the managed service says when asked about one of these: that there is none.
pub(super) fn hidden(world: &World, call: &Call) -> Option<Refusal> {
    let names =
        ["DBInstanceIdentifier", "SourceDBInstanceIdentifier", "TargetDBInstanceIdentifier", "ResourceName"];
    let asked = names.iter().map(|name| identifier(call, name));
    let instance = asked.filter(|id| !id.is_empty()).find(|id| is_elsewhere(&world.stage, id));
    let snapshot = call.text("DBSnapshotIdentifier").unwrap_or_default();
    let of = world.databases.snapshots.get(snapshot).filter(|s| is_elsewhere(&world.stage, &s.instance));
    match (instance, of) {
        (_, Some(_)) => Some(super::database_backups::no_snapshot(snapshot)),
        (Some(id), None) => Some(not_found(id)),
        (None, None) => None,
    }
}

/// Takes a database away at once, and first the backups that lie where it lies. Where somebody provides it, what is deleted may be
/// kept for a while.
pub(super) fn take_away(world: &mut World, id: &str, backups: &[String], is_kept: bool) {
    for name in backups {
        let Some(snapshot) = world.databases.snapshots.remove(name) else { continue };
        let others = restore_points(world, id).into_iter();
        let best = others.map(|backup| backup.point).find(|point| !backups.contains(&point.from));
        world.destroy(snapshot.uid, snapshot.content.records(), best);
    }
    let now = world.now();
    let Some(instance) = world.databases.instances.remove(id) else { return };
    world.databases.lost.insert(id.to_owned(), now);
    if is_kept {
        bin::keep(world, id, &instance);
    }
    let best = restore_points(world, id).into_iter().next().map(|backup| backup.point);
    world.destroy(instance.uid, instance.content.records(), best);
}

/// Begins to put up an empty database of the stage in the place of one that is gone.
///
/// # Errors
/// There is one already, or the stage knows none of that id.
pub(super) fn stand_empty(world: &mut World, id: &str) -> Result<i64, Refusal> {
    let staged = world.stage.database.iter().find(|d| d.id == id).cloned().ok_or_else(|| not_found(id))?;
    let resource = heir(world, id, staged.environment, staged.tags.clone());
    let new = NewInstance {
        id: staged.id,
        class: staged.class,
        name: staged.name,
        user: staged.user,
        allocated_gib: staged.allocated_gib,
        retention_days: 0,
        deletion_protection: false,
    };
    databases::create_instance(world, new, resource)
}

/// Stops a database and starts it again.
pub(super) fn restart(world: &mut World, id: &str) {
    let Some(uid) = databases::uid(world, id) else { return };
    databases::set_status(world, id, "rebooting");
    world.effect(uid, Change::Restarted);
    let after = world.lasting("databases/restart", RESTART_S);
    if let Some((_, instance)) = by_uid(world, uid) {
        instance.started = instance.started.max(instance.created);
    }
    world.schedule(after, WorldDue::Database(Due::Available(uid)));
}
