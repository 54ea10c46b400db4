//! Restores: from a snapshot, to a point in time, and by the colleague on call.

use std::collections::BTreeMap;

use super::database_backups::{
    AUTOMATED, content_at, earliest_restorable, latest_restorable, no_snapshot, remember,
};
use super::database_bin as bin;
use super::database_keepers::Keeper;
use super::database_shapes as shapes;
use super::databases::{
    Build, Due, Made, Restoring, available, by_uid, identifier, not_found, stand, standing,
};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::clock::Time;
use crate::effect::Change;
use crate::resource::{Environment, NewResource};
use crate::sql::Data;
use crate::world::Due as WorldDue;

/// Where a restore takes its content from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    name: String,
    instance: String,
    as_of: Time,
    content: Data,
    build: Build,
    environment: Environment,
}

/// Finds what a name means: a snapshot, a daily one, or an automated backup with its time.
fn source(world: &World, from: &str) -> Result<Source, Refusal> {
    if let Some(snapshot) = world.databases.snapshots.get(from) {
        if snapshot.status != "available" {
            let text = format!("The snapshot {from} is not in the available state.");
            return Err(Refusal::new("InvalidDBSnapshotState", text));
        }
        return Ok(Source {
            name: from.to_owned(),
            instance: snapshot.instance.clone(),
            as_of: snapshot.taken,
            content: snapshot.content.clone(),
            build: snapshot.build.clone(),
            environment: snapshot.environment,
        });
    }
    if let Some(binned) = bin::get(world, from) {
        return Ok(Source {
            name: from.to_owned(),
            instance: binned.instance.clone(),
            as_of: binned.deleted,
            content: binned.content.clone(),
            build: binned.undelete(),
            environment: binned.environment,
        });
    }
    if let Some((id, at)) = from.strip_prefix(AUTOMATED).and_then(|rest| rest.split_once('@'))
        && let Some(at) = Time::parse(at)
    {
        return at_time(world, id, Some(at));
    }
    let daily = shapes::daily_snapshots(world).into_iter().find(|daily| daily.name == from);
    let daily = daily.ok_or_else(|| no_snapshot(from))?;
    Ok(Source { name: from.to_owned(), ..at_time(world, &daily.instance, Some(daily.taken))? })
}

/// The content of an instance at a time, or at the latest that can be had.
fn at_time(world: &World, id: &str, at: Option<Time>) -> Result<Source, Refusal> {
    let live = world.databases.instances.get(id).filter(|i| i.status != "deleting" && !i.log.is_empty());
    let kept = world
        .databases
        .kept
        .values()
        .filter(|k| k.instance == id && k.until > world.now())
        .max_by_key(|k| k.to);
    let (log, build, environment, from, to) =
        if let (Some(i), Some(to)) = (live, latest_restorable(world, id)) {
            let environment = world.resource(i.uid).map_or(Environment::Production, |r| r.environment);
            (&i.log, &i.build, environment, earliest_restorable(i, world.now()).unwrap_or(to), to)
        } else if let Some(k) = kept {
            (&k.log, &k.build, k.environment, k.from, k.to)
        } else if world.databases.instances.contains_key(id) {
            let text =
                format!("Point in time restore is not possible: automated backups are not enabled for {id}.");
            return Err(Refusal::new("PointInTimeRestoreNotEnabled", text));
        } else {
            return Err(not_found(id));
        };
    let at = at.unwrap_or(to);
    if at < from || at > to {
        let text = format!("The specified restore time {at} is not between {from} and {to}.");
        return Err(Refusal::new("InvalidRestoreFault", text));
    }
    let content = content_at(log, at).cloned().ok_or_else(|| not_found(id))?;
    let name = format!("{AUTOMATED}{id}@{at}");
    Ok(Source { name, instance: id.to_owned(), as_of: at, content, build: build.clone(), environment })
}

pub(super) fn restore_from_snapshot(world: &mut World, call: &Call) -> Answer {
    let name = call.text("DBSnapshotIdentifier").unwrap_or_default();
    let name = name.rsplit_once(":snapshot:").map_or(name, |(_, id)| id).to_owned();
    let into = identifier(call, "DBInstanceIdentifier").to_owned();
    let source = source(world, &name)?;
    restore_beside(world, source, &into, call)
}

pub(super) fn restore_to_time(world: &mut World, call: &Call) -> Answer {
    let into = call.text("TargetDBInstanceIdentifier").unwrap_or(&call.target).to_owned();
    let id = match call.text("SourceDbiResourceId") {
        Some(resource) => {
            let live = world.databases.instances.iter().find(|(_, i)| shapes::resource_id(i.uid) == resource);
            let kept = world.databases.kept.get(resource).map(|k| k.instance.clone());
            live.map(|(id, _)| id.clone()).or(kept).ok_or_else(|| not_found(resource))?
        }
        None => identifier(call, "SourceDBInstanceIdentifier").to_owned(),
    };
    let at = match (call.text("RestoreTime"), call.flag("UseLatestRestorableTime")) {
        (Some(_), true) | (None, false) => {
            let text = "Exactly one of RestoreTime and UseLatestRestorableTime must be given.";
            return Err(Refusal::new("InvalidParameterCombination", text));
        }
        (Some(time), false) => Some(Time::parse(time).ok_or_else(|| {
            Refusal::new("InvalidParameterValue", format!("{time} is not a time like 2025-12-15T01:40:00Z"))
        })?),
        (None, true) => None,
    };
    let source = at_time(world, &id, at)?;
    restore_beside(world, source, &into, call)
}

/// How long a restore of so much takes: making the instance, and moving its volume.
fn restore_s(build: &Build) -> i64 {
    let moving = build.allocated_gib.saturating_mul(1024) / build.restore_mib_per_s.max(1);
    moving.saturating_add(build.create_s)
}

/// Restores into a new instance.
fn restore_beside(world: &mut World, source: Source, into: &str, call: &Call) -> Answer {
    begin_beside(world, source, into, call.flag("DeletionProtection"), shapes::tags_of(call))?;
    shapes::one_instance(world, into)
}

fn begin_beside(
    world: &mut World,
    source: Source,
    into: &str,
    deletion_protection: bool,
    tags: BTreeMap<String, String>,
) -> Result<i64, Refusal> {
    if world.databases.instances.contains_key(into) {
        return Err(Refusal::new("DBInstanceAlreadyExists", "DB instance already exists"));
    }
    let after = world.lasting("databases/restore", restore_s(&source.build)).max(1);
    let resource = heir(world, into, source.environment, tags);
    let made = Made { build: source.build.clone(), retention_days: 1, deletion_protection };
    let age_s = age(world, &source, into);
    // The content is there one step before the instance is seen to be available.
    let uid = stand(world, into.to_owned(), resource, made, after);
    let restoring = Restoring { into: uid, source, age_s };
    world.schedule(after.saturating_sub(1), WorldDue::Database(Due::Restored(Box::new(restoring))));
    Ok(after)
}

/// How old the restored content is: from its time to the loss, or to now where nothing was lost.
fn age(world: &World, source: &Source, into: &str) -> i64 {
    let of = if world.databases.lost.contains_key(&source.instance) { &source.instance } else { into };
    age_of(world, of, source.as_of)
}

/// From a time to the loss of what an instance held, or to now where nothing was lost since.
pub(super) fn age_of(world: &World, id: &str, as_of: Time) -> i64 {
    let lost = world.databases.lost.get(id).copied();
    lost.filter(|lost| *lost >= as_of).unwrap_or_else(|| world.now()).since(as_of)
}

/// The resource of a new instance: it takes over the role of a gone one of the same name.
pub(super) fn heir(
    world: &World,
    id: &str,
    environment: Environment,
    tags: BTreeMap<String, String>,
) -> NewResource {
    let kind = Keeper::of(&world.stage, id).kind();
    let gone = world.resources().filter(|r| r.kind == kind && r.name == id && r.destroyed.is_some()).last();
    let mut resource = NewResource { tags, stateful: true, ..NewResource::of(kind, id, environment) };
    if let Some(gone) = gone {
        (resource.role, resource.environment) = (gone.role.clone(), gone.environment);
        (resource.serving, resource.replaces) = (true, Some(gone.uid));
        if resource.tags.is_empty() {
            resource.tags = gone.tags.clone();
        }
    }
    resource
}

/// Begins to bring content back under the name `into`, as a colleague on call would: a restore, and a rename over what
/// stands there. An instance that stands keeps serving what it has until then. Returns how many seconds it takes.
///
/// # Errors
/// The restore point or the instance is not there, or not in a state for it.
pub fn begin_restore(world: &mut World, from: &str, into: &str) -> Result<i64, Refusal> {
    let source = source(world, from)?;
    if !world.databases.instances.contains_key(into) {
        return begin_beside(world, source, into, false, BTreeMap::new());
    }
    // What a container or a cluster runs can stand still meanwhile.
    let uid = match Keeper::of(&world.stage, into) {
        Keeper::Container | Keeper::Cluster => standing(world, into)?.uid,
        Keeper::Provider | Keeper::Server => available(world, into)?.uid,
    };
    let after = world.lasting("databases/restore", restore_s(&source.build));
    let age_s = age(world, &source, into);
    let restoring = Restoring { into: uid, source, age_s };
    world.schedule(after, WorldDue::Database(Due::Restored(Box::new(restoring))));
    Ok(after)
}

/// The content of a restore is there.
pub(super) fn restored(world: &mut World, restoring: Restoring) {
    let now = world.now();
    let Restoring { into, source, age_s } = restoring;
    let Some((_, instance)) = by_uid(world, into) else { return };
    if instance.status == "deleting" {
        return;
    }
    let back = source.content.diff(&instance.content).into_values();
    let records = back.map(|d| d.lost()).sum();
    instance.content = source.content;
    remember(instance, now);
    world.effect(into, Change::Restored { records, from: source.name, age_s });
}
