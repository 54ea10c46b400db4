//! Soft delete: instances that were deleted while the provider keeps what is deleted, for a window.
//!
//! What lies there is out of the reach of whoever deleted it: no call lists or empties it. Having it back is a matter of
//! minutes, since nothing is moved: the volume is attached again.

use super::database_backups::Backup;
use super::databases::{Build, Instance};
use crate::World;
use crate::clock::{MINUTE_S, Time};
use crate::effect::RestorePoint;
use crate::resource::Environment;
use crate::sql::Data;

/// Attaching a volume again takes this long.
const UNDELETE_S: i64 = 10 * MINUTE_S;

/// A deleted instance that is kept.
#[derive(Clone, Debug)]
pub(super) struct Binned {
    pub(super) instance: String,
    pub(super) content: Data,
    pub(super) build: Build,
    pub(super) environment: Environment,
    pub(super) deleted: Time,
    until: Time,
}

impl Binned {
    /// The build to restore it with: nothing is moved.
    pub(super) fn undelete(&self) -> Build {
        Build { create_s: UNDELETE_S, restore_mib_per_s: i64::MAX, ..self.build.clone() }
    }
}

/// Keeps an instance that goes, where the provider does.
pub(super) fn keep(world: &mut World, id: &str, instance: &Instance) {
    let Some(environment) = world.resource(instance.uid).map(|r| r.environment) else { return };
    let Some(soft) = world.databases.soft_delete.clone() else { return };
    if !soft.environments.contains(&environment) {
        return;
    }
    let now = world.now();
    // Nobody could write to it any more from then on.
    let deleted = world.databases.lost.get(id).copied().unwrap_or(now);
    let binned = Binned {
        instance: id.to_owned(),
        content: instance.content.clone(),
        build: instance.build.clone(),
        environment,
        deleted,
        until: now.plus(soft.window_s),
    };
    world.databases.bin.insert(format!("soft-deleted:{id}@{deleted}"), binned);
}

/// What is kept under this name, while it is.
pub(super) fn get<'w>(world: &'w World, name: &str) -> Option<&'w Binned> {
    world.databases.bin.get(name).filter(|binned| binned.until > world.now())
}

/// What is kept of an identifier.
pub(super) fn points(world: &World, id: &str) -> Vec<Backup> {
    let of = |(name, binned): (&String, &Binned)| Backup {
        point: RestorePoint { from: name.clone(), as_of: binned.deleted, until: Some(binned.until) },
        records: binned.content.records(),
    };
    let is_here = |(_, binned): &(&String, &Binned)| binned.instance == id && binned.until > world.now();
    world.databases.bin.iter().filter(is_here).map(of).collect()
}
