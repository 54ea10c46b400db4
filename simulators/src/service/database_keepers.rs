//! Who keeps a database, and what is done to those that the provider's managed service does not own: in a container, in a cluster, on
//! a hosting platform, on machines of one's own.
//!
//! Their rows and what becomes of them are as everywhere; who makes, stops and takes them away is another service.

use super::database_backups::{self as backups, SNAPSHOT_KIND, best_point, no_snapshot};
use super::database_bin as bin;
use super::database_restores::heir;
use super::database_shapes::resource_id;
use super::databases::{self, Instance, Made, identifier, not_found};
use super::docker;
use crate::World;
use crate::call::{Call, Refusal};
use crate::effect::{Change, Loss};
use crate::resource::Environment;
use crate::sql::Data;
use crate::stage::{Database, Stage};

/// Who keeps a database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keeper {
    /// The provider's managed service.
    Provider,
    /// A container: the files are in a volume, and nobody looks after it.
    Container,
    /// A cluster runs the server, and the rows lie on its volumes.
    Cluster,
    /// A server on the volumes of a platform, or on a machine of one's own.
    Server,
}

impl Keeper {
    /// Who keeps the database of that id.
    pub fn of(stage: &Stage, id: &str) -> Self {
        let projects = stage.platform.iter().flat_map(|platform| &platform.project);
        let mut instances =
            projects.flat_map(|project| &project.service).flat_map(|service| &service.instance);
        match stage.database.iter().find(|database| database.id == id) {
            Some(staged) if staged.hosted => Self::Cluster,
            Some(staged) if staged.volume.is_some() => Self::Container,
            _ if stage.host.iter().any(|host| host.name == id) => Self::Server,
            _ if instances.any(|instance| instance.database.as_deref() == Some(id)) => Self::Server,
            _ => Self::Provider,
        }
    }

    /// The type of its databases.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Provider => databases::KIND,
            Self::Container => docker::VOLUME,
            Self::Cluster => "PostgreSQL::Database",
            Self::Server => "Postgres::Server",
        }
    }

    /// The type of a backup of one.
    pub fn backup_kind(self) -> &'static str {
        if self == Self::Server { "Postgres::Backup" } else { SNAPSHOT_KIND }
    }
}

fn is_others(world: &World, id: &str) -> bool {
    Keeper::of(&world.stage, id) != Keeper::Provider
}

/// What the managed service says when asked about a database that is not its own: that there is none.
pub(super) fn hidden(world: &World, call: &Call) -> Option<Refusal> {
    let snapshot = identifier(call, "DBSnapshotIdentifier");
    let of = world.databases.snapshots.get(snapshot).filter(|s| is_others(world, &s.instance));
    if of.is_some() {
        return Some(no_snapshot(snapshot));
    }
    let names =
        ["DBInstanceIdentifier", "SourceDBInstanceIdentifier", "TargetDBInstanceIdentifier", "ResourceName"];
    let asked = names.iter().map(|name| identifier(call, name)).filter(|id| !id.is_empty());
    let resource = call.text("SourceDbiResourceId");
    let by_resource =
        world.databases.instances.iter().filter(|(_, i)| resource.is_some_and(|r| r == resource_id(i.uid)));
    let mut asked = asked.chain(by_resource.map(|(id, _)| id.as_str()));
    asked.find(|id| is_others(world, id)).map(not_found)
}

fn taken(world: &mut World, id: &str) -> Option<Instance> {
    let now = world.now();
    let instance = world.databases.instances.remove(id)?;
    world.databases.lost.insert(id.to_owned(), now);
    Some(instance)
}

/// A database is gone at once with its rows, and nobody keeps anything.
pub(crate) fn vanish(world: &mut World, id: &str) {
    if let Some(instance) = taken(world, id) {
        databases::end(world, id, &instance);
    }
}

/// The same where somebody provides it: what is deleted may be kept for a while. The backups that lie beside it go first.
pub(super) fn delete(world: &mut World, id: &str, beside: &[String]) {
    beside.iter().for_each(|name| backups::drop_snapshot(world, name, beside));
    if let Some(instance) = taken(world, id) {
        bin::keep(world, id, &instance);
        databases::end(world, id, &instance);
    }
}

/// Begins to put up an empty database of the stage in the place of one that is gone. False if the stage knows none of that id.
pub(super) fn stand_empty(world: &mut World, id: &str) -> bool {
    let Some(staged) = staged(world, id).cloned() else { return false };
    let resource = heir(world, id, staged.environment, staged.tags.clone());
    let after = world.lasting("databases/create", staged.create_s);
    databases::stand(world, staged.id.clone(), resource, Made::of(&staged), after);
    true
}

fn staged<'w>(world: &'w World, id: &str) -> Option<&'w Database> {
    world.stage.database.iter().find(|database| database.id == id)
}

fn is_hosted(world: &World, id: &str) -> bool {
    Keeper::of(&world.stage, id) == Keeper::Cluster
}

/// Nobody can connect to a cluster's database any more; the rows stay.
pub(crate) fn cut_off(world: &mut World, id: &str) {
    set(world, id, "stopped");
}

/// A cluster's database takes connections.
pub(crate) fn join(world: &mut World, id: &str) {
    set(world, id, "available");
}

fn set(world: &mut World, id: &str, status: &'static str) {
    if is_hosted(world, id) {
        databases::set_status(world, id, status);
    }
}

/// The rows of a cluster's database, whether somebody can connect or not.
pub(crate) fn hosted_rows<'w>(world: &'w World, id: &str) -> Option<&'w Data> {
    world.databases.instances.get(id).filter(|_| is_hosted(world, id)).map(|i| &i.content)
}

/// Rows that lay on a volume beside the one that is served are gone.
pub(crate) fn lose_apart(world: &mut World, id: &str, volume: &str, rows: &Data) {
    let Some(uid) = databases::uid(world, id) else { return };
    let best = best_point(world, id);
    world.effect(uid, Change::lost(volume, rows.records(), Loss::Deleted, best));
}

/// Other rows are served from now on: those of a volume that was set apart.
pub(crate) fn put_rows(world: &mut World, id: &str, rows: Data) {
    if !world.databases.instances.contains_key(id) {
        stand_anew(world, id, None);
    }
    databases::put(world, id, rows);
}

/// A server on a new volume: empty, or with what a snapshot holds. Nobody can connect yet.
pub(crate) fn stand_anew(world: &mut World, id: &str, snapshot: Option<&str>) {
    let from = snapshot.and_then(|name| Some((name, world.databases.snapshots.get(name)?)));
    let from = from.filter(|(_, snapshot)| snapshot.instance == id);
    let from = from.map(|(name, snapshot)| (name.to_owned(), snapshot.content.clone(), snapshot.taken));
    let now = world.now();
    let uid = match databases::uid(world, id) {
        Some(uid) => {
            databases::set_status(world, id, "stopped");
            uid
        }
        None => {
            let Some(made) = staged(world, id).map(Made::of) else { return };
            let resource = heir(world, id, Environment::Production, Default::default());
            databases::put_up(world, id.to_owned(), resource, made, ("stopped", now))
        }
    };
    databases::put(world, id, from.as_ref().map_or_else(Data::empty, |(_, content, _)| content.clone()));
    if let Some((from, content, taken)) = from {
        let lost = world.databases.lost.get(id).copied().unwrap_or(now);
        let age_s = lost.since(taken).max(0);
        world.effect(uid, Change::Restored { records: content.records(), from, age_s });
    }
}

/// A snapshot of a cluster's volume goes with the object that stood for it.
pub(crate) fn drop_snapshot(world: &mut World, name: &str) {
    if world.databases.snapshots.get(name).is_some_and(|snapshot| is_hosted(world, &snapshot.instance)) {
        backups::drop_snapshot(world, name, &[]);
    }
}
