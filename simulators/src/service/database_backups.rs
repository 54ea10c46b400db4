//! Snapshots, automated backups, and what can be brought back from them.
//!
//! Content of any past second is not stored. What an instance held since when is: each change adds a version, and a
//! restore to a point in time takes the version of that time. So a restore brings back exactly the rows of then.

use super::database_bin as bin;
use super::database_container as container;
use super::database_keepers::Keeper;
use super::database_shapes as shapes;
use super::databases::{Build, Due, Instance, KIND, available, identifier, set_status, standing};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::clock::{DAY_S, MINUTE_S, Time};
use crate::effect::RestorePoint;
use crate::resource::{Environment, NewResource, Uid};
use crate::sql::Data;
use crate::stage;
use crate::world::Due as WorldDue;

/// The type of a snapshot.
pub(crate) const SNAPSHOT_KIND: &str = "AWS::RDS::DBSnapshot";
/// Logs are shipped so often: a restore can reach until then.
const LOG_EVERY_S: i64 = 5 * MINUTE_S;
/// A snapshot takes this long, most of it waiting.
const SNAPSHOT_S: i64 = 6 * MINUTE_S;
/// Versions kept of one instance; of more, the oldest but one goes.
const VERSIONS_MAX: usize = 48;
/// Bytes of all versions kept of one instance; of more, the oldest but one goes too.
const VERSIONS_BYTES_MAX: usize = 512 << 20;
/// What stands before the name of an automated backup in a restore point.
pub(super) const AUTOMATED: &str = "automated:";

/// What an instance held since when.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) at: Time,
    pub(super) content: Data,
}

/// A snapshot that stands on its own.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) uid: Uid,
    pub(super) instance: String,
    pub(super) taken: Time,
    pub(super) status: &'static str,
    pub(super) content: Data,
    pub(super) build: Build,
    pub(super) environment: Environment,
}

/// Automated backups whose instance is gone.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) instance: String,
    pub(super) log: Vec<Version>,
    pub(super) build: Build,
    pub(super) environment: Environment,
    pub(super) from: Time,
    pub(super) to: Time,
    pub(super) until: Time,
    pub(super) retention_days: i64,
    pub(super) created: Time,
}

/// Something from which the content of an instance can be brought back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backup {
    /// Its name for [`begin_restore`], the time of its content, and how long it stays.
    pub point: RestorePoint,
    /// Rows that it holds.
    pub records: u64,
}

/// Adds a version behind a change of the content.
pub(super) fn remember(instance: &mut Instance, now: Time) {
    if instance.retention_days == 0 {
        return;
    }
    instance.log.push(Version { at: now, content: instance.content.clone() });
    forget(&mut instance.log, VERSIONS_BYTES_MAX);
}

/// The first version stays: what an instance held to begin with is what people ask for.
fn forget(log: &mut Vec<Version>, bytes_max: usize) {
    let bytes = |log: &[Version]| log.iter().map(|version| version.content.bytes()).sum::<usize>();
    while log.len() > 2 && (log.len() > VERSIONS_MAX || bytes(log) > bytes_max) {
        log.remove(1);
    }
}

pub(super) fn content_at(log: &[Version], at: Time) -> Option<&Data> {
    log.iter().rev().find(|v| v.at <= at).or_else(|| log.first()).map(|v| &v.content)
}

/// From when on a live instance can be restored to a point in time.
pub(super) fn earliest_restorable(instance: &Instance, now: Time) -> Option<Time> {
    let first = instance.log.first()?.at;
    Some(first.max(now.plus(-instance.retention_days.saturating_mul(DAY_S))))
}

/// Until when an instance can be restored to a point in time: at most five minutes ago. `None` without backups.
pub(crate) fn latest_restorable(world: &World, id: &str) -> Option<Time> {
    let instance = world.databases.instances.get(id)?;
    let now = world.now();
    let shipped = now.plus(-now.unix().rem_euclid(LOG_EVERY_S));
    Some(shipped.max(instance.log.first()?.at))
}

/// Everything from which the content of an instance of that name can be brought back, the instance gone or not:
/// snapshots and automated backups, newest content first.
pub fn restore_points(world: &World, id: &str) -> Vec<Backup> {
    let mut found = Vec::new();
    for (name, snapshot) in &world.databases.snapshots {
        let is_there = container::is_there(world, name);
        if snapshot.instance == id && snapshot.status == "available" && is_there {
            let point = RestorePoint { from: name.clone(), as_of: snapshot.taken, until: None };
            found.push(Backup { point, records: snapshot.content.records() });
        }
    }
    if let (Some(instance), Some(latest)) = (world.databases.instances.get(id), latest_restorable(world, id))
        && instance.status != "deleting"
    {
        let from = earliest_restorable(instance, world.now()).unwrap_or(latest);
        found.extend(versions(id, &instance.log, from, latest, None));
    }
    for kept in world.databases.kept.values().filter(|k| k.instance == id && k.until > world.now()) {
        found.extend(versions(id, &kept.log, kept.from, kept.to, Some(kept.until)));
    }
    found.extend(bin::points(world, id));
    found.sort_by_key(|backup| std::cmp::Reverse(backup.point.as_of));
    found
}

/// The restore point with the newest content, if there is any.
pub(super) fn best_point(world: &World, id: &str) -> Option<RestorePoint> {
    restore_points(world, id).into_iter().next().map(|backup| backup.point)
}

/// Each version at its last second.
fn versions(id: &str, log: &[Version], from: Time, to: Time, until: Option<Time>) -> Vec<Backup> {
    let ends = log.iter().skip(1).map(|next| next.at.plus(-1)).chain([to]);
    log.iter()
        .zip(ends)
        .map(|(version, end)| (version, end.min(to)))
        .filter(|(version, end)| *end >= from && *end >= version.at)
        .map(|(version, end)| Backup {
            point: RestorePoint { from: format!("{AUTOMATED}{id}@{end}"), as_of: end, until },
            records: version.content.records(),
        })
        .collect()
}

/// Takes a snapshot of the present content; it is there after a while.
pub(super) fn begin_snapshot(world: &mut World, id: &str, name: &str) -> Result<i64, Refusal> {
    standing(world, id)?;
    if world.databases.snapshots.contains_key(name) {
        let text = format!(
            "Cannot create the snapshot because a snapshot with the identifier {name} already exists."
        );
        return Err(Refusal::new("DBSnapshotAlreadyExists", text));
    }
    let environment = environment_of(world, standing(world, id)?);
    let uid = world.create(snapshot_resource(world, id, name, environment));
    let snapshot = snapshot_of(world, id, standing(world, id)?, (uid, "creating"));
    world.databases.snapshots.insert(name.to_owned(), snapshot);
    let after = world.lasting("databases/snapshot", SNAPSHOT_S);
    world.schedule(after, WorldDue::Database(Due::SnapshotTaken(name.to_owned())));
    Ok(after)
}

fn environment_of(world: &World, instance: &Instance) -> Environment {
    world.resource(instance.uid).map_or(Environment::Production, |r| r.environment)
}

/// What an instance holds now, as a snapshot of that identity.
pub(super) fn snapshot_of(
    world: &World,
    id: &str,
    instance: &Instance,
    (uid, status): (Uid, &'static str),
) -> Snapshot {
    Snapshot {
        uid,
        instance: id.to_owned(),
        taken: world.now(),
        status,
        content: instance.content.clone(),
        build: instance.build.clone(),
        environment: environment_of(world, instance),
    }
}

fn snapshot_resource(world: &World, of: &str, name: &str, environment: Environment) -> NewResource {
    let kind = Keeper::of(&world.stage, of).backup_kind();
    NewResource { stateful: true, ..NewResource::of(kind, name, environment) }
}

pub(super) fn stage_snapshot(
    world: &mut World,
    database: &stage::Database,
    staged: &stage::Snapshot,
    (own, source): (Option<Data>, &Instance),
) {
    let resource = snapshot_resource(world, &database.id, &staged.id, database.environment);
    let uid = world.create_since(resource, staged.taken);
    let snapshot = Snapshot {
        uid,
        instance: database.id.clone(),
        taken: staged.taken,
        status: "available",
        content: own.unwrap_or_else(|| source.content.clone()),
        build: source.build.clone(),
        environment: database.environment,
    };
    world.databases.snapshots.insert(staged.id.clone(), snapshot);
}

/// A snapshot is there; its instance, if it waited for that, is available again.
pub(super) fn taken(world: &mut World, name: &str) {
    let Some(snapshot) = world.databases.snapshots.get_mut(name) else { return };
    snapshot.status = "available";
    let id = snapshot.instance.clone();
    if world.databases.instances.get(&id).is_some_and(|i| i.status == "backing-up") {
        set_status(world, &id, "available");
    }
}

pub(super) fn create_snapshot(world: &mut World, call: &Call) -> Answer {
    let id = identifier(call, "DBInstanceIdentifier").to_owned();
    let name = call.text("DBSnapshotIdentifier").unwrap_or_default().to_owned();
    if name.is_empty() || name.starts_with("rds:") {
        let text = "The parameter DBSnapshotIdentifier is not a valid identifier.";
        return Err(Refusal::new("InvalidParameterValue", text));
    }
    available(world, &id)?;
    begin_snapshot(world, &id, &name)?;
    set_status(world, &id, "backing-up");
    shapes::one_snapshot(world, &name)
}

pub(super) fn delete_snapshot(world: &mut World, call: &Call) -> Answer {
    let name = call.text("DBSnapshotIdentifier").unwrap_or(&call.target).to_owned();
    let name = name.rsplit_once(":snapshot:").map_or(name.as_str(), |(_, id)| id).to_owned();
    let Some(snapshot) = world.databases.snapshots.get(&name) else { return Err(no_snapshot(&name)) };
    if snapshot.status != "available" {
        let text = format!("The snapshot {name} is not in the available state.");
        return Err(Refusal::new("InvalidDBSnapshotState", text));
    }
    let shown = shapes::one_snapshot(world, &name);
    drop_snapshot(world, &name, &[]);
    shown
}

/// Takes a snapshot away. What goes beside it brings nothing back.
pub(super) fn drop_snapshot(world: &mut World, name: &str, beside: &[String]) {
    let Some(snapshot) = world.databases.snapshots.remove(name) else { return };
    let others = restore_points(world, &snapshot.instance).into_iter();
    let best = others.map(|backup| backup.point).find(|point| !beside.contains(&point.from));
    world.destroy(snapshot.uid, snapshot.content.records(), best);
}

pub(super) fn no_snapshot(name: &str) -> Refusal {
    Refusal::new("DBSnapshotNotFound", format!("DBSnapshot {name} not found."))
}

/// Keeps the automated backups of an instance that goes.
pub(super) fn keep(world: &mut World, id: &str, instance: &Instance) {
    let now = world.now();
    let to = world.databases.lost.get(id).copied().unwrap_or(now);
    let Some(from) = earliest_restorable(instance, now) else { return };
    let kept = Kept {
        instance: id.to_owned(),
        log: instance.log.clone(),
        build: instance.build.clone(),
        environment: environment_of(world, instance),
        from,
        to,
        until: now.plus(instance.retention_days.saturating_mul(DAY_S)),
        retention_days: instance.retention_days,
        created: instance.created,
    };
    world.databases.kept.insert(shapes::resource_id(instance.uid), kept);
}

pub(super) fn delete_kept(world: &mut World, call: &Call) -> Answer {
    let given = call.text("DbiResourceId").unwrap_or(&call.target).to_owned();
    if world.databases.kept.remove(&given).is_none() {
        let text = format!("No retained automated backup with the resource id {given} was found.");
        return Err(Refusal::new("DBInstanceAutomatedBackupNotFound", text));
    }
    let owner =
        world.resources().find(|r| r.kind == KIND && shapes::resource_id(r.uid) == given).map(|r| r.uid);
    if let Some(uid) = owner {
        world.protect(uid, "automated_backups", false);
    }
    Ok(serde_json::json!({"DBInstanceAutomatedBackup": {"DbiResourceId": given, "Status": "deleting"}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_versions_but_one_go_when_there_are_too_many_or_too_large_ones() {
        let version = |n: i64| {
            let content = Data::build(&format!("CREATE TABLE t (a); INSERT INTO t VALUES ({n});")).unwrap();
            Version { at: Time::from_unix(n), content }
        };
        let times = |log: &[Version]| log.iter().map(|v| v.at.unix()).collect::<Vec<_>>();
        let mut log: Vec<Version> = (0..6).map(version).collect();
        let one = version(0).content.bytes();
        forget(&mut log, 100 * one);
        assert_eq!(times(&log), [0, 1, 2, 3, 4, 5]);
        forget(&mut log, 3 * one);
        assert_eq!(times(&log), [0, 4, 5]);
        forget(&mut log, 0);
        assert_eq!(times(&log), [0, 5]);
    }
}
