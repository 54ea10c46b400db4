//! RDS-like database instances: their life, and the doors through which other services reach them.
//!
//! The rows are in [`crate::sql`], snapshots and restores in [`super::database_backups`], what the API shows in
//! [`super::database_shapes`], and what `psql` asks in [`super::database_sql`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::database_backups::{self as backups, Kept, Snapshot, Version};
use super::database_bin::{self as bin, Binned};
use super::database_keepers::Keeper;
use super::database_restores::{self as restores, Source};
use super::{
    database_changes as changes, database_keepers as keepers, database_shapes as shapes, database_sql,
};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::clock::{MINUTE_S, Time};
use crate::effect::Change;
use crate::hardening::SoftDelete;
use crate::resource::{Environment, NewResource, Uid};
use crate::sql::Data;
use crate::stage::{self, Problem};
use crate::world::Due as WorldDue;

pub use super::database_backups::{Backup, restore_points};
pub(crate) use super::database_keepers::{
    cut_off, drop_snapshot, hosted_rows, join, lose_apart, put_rows, stand_anew, vanish,
};
pub use super::database_restores::begin_restore;

/// The type of an instance.
pub(crate) const KIND: &str = "AWS::RDS::DBInstance";
/// Rates of an instance that the stage does not know.
const CREATE_S: i64 = 8 * MINUTE_S;
const DELETE_S: i64 = 4 * MINUTE_S;
const RESTORE_MIB_PER_S: i64 = 50;
/// A changed setting takes this long to be in place.
const MODIFY_S: i64 = 40;
/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[
    Operation::write("CreateDBInstance", "rds:CreateDBInstance"),
    Operation::write("DeleteDBInstance", "rds:DeleteDBInstance"),
    Operation::write("ModifyDBInstance", "rds:ModifyDBInstance"),
    Operation::write("RebootDBInstance", "rds:RebootDBInstance"),
    Operation::write("CreateDBSnapshot", "rds:CreateDBSnapshot"),
    Operation::write("DeleteDBSnapshot", "rds:DeleteDBSnapshot"),
    Operation::write("DeleteDBInstanceAutomatedBackup", "rds:DeleteDBInstanceAutomatedBackup"),
    Operation::write("RestoreDBInstanceFromDBSnapshot", "rds:RestoreDBInstanceFromDBSnapshot"),
    Operation::write("RestoreDBInstanceToPointInTime", "rds:RestoreDBInstanceToPointInTime"),
    Operation::write("AddTagsToResource", "rds:AddTagsToResource"),
    Operation::write("RemoveTagsFromResource", "rds:RemoveTagsFromResource"),
    Operation::read("DescribeDBInstances", "rds:DescribeDBInstances"),
    Operation::read("DescribeDBSnapshots", "rds:DescribeDBSnapshots"),
    Operation::read("DescribeDBInstanceAutomatedBackups", "rds:DescribeDBInstanceAutomatedBackups"),
    Operation::read("ListTagsForResource", "rds:ListTagsForResource"),
    Operation::write("Query", "rds-db:connect"),
    Operation::read("Wait", "rds:DescribeDBInstances"),
    Operation::read("DescribeDatabase", "rds-db:connect"),
];

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Instances that are not gone, by identifier.
    pub(super) instances: BTreeMap<String, Instance>,
    /// Snapshots, by identifier.
    pub(super) snapshots: BTreeMap<String, Snapshot>,
    /// Automated backups that outlived their instance, by its resource id.
    pub(super) kept: BTreeMap<String, Kept>,
    /// Whether the provider keeps what is deleted.
    pub(crate) soft_delete: Option<Arc<SoftDelete>>,
    /// What it keeps, by the name under which it can be had back.
    pub(super) bin: BTreeMap<String, Binned>,
    /// When the content of an identifier was last lost: deleted, or rows of it.
    pub(super) lost: BTreeMap<String, Time>,
}

/// What a restored instance has in common with its source.
#[derive(Clone, Debug)]
pub(super) struct Build {
    pub(super) class: String,
    pub(super) database: String,
    pub(super) user: String,
    pub(super) allocated_gib: i64,
    pub(super) restore_mib_per_s: i64,
    pub(super) create_s: i64,
    pub(super) delete_s: i64,
}

/// An instance that is not gone.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) uid: Uid,
    pub(super) build: Build,
    pub(super) retention_days: i64,
    pub(super) deletion_protection: bool,
    pub(super) status: &'static str,
    pub(super) created: Time,
    pub(super) started: Time,
    pub(super) content: Data,
    /// What it held since when; empty while automated backups are off.
    pub(super) log: Vec<Version>,
}

impl Instance {
    /// Clients can connect.
    pub(super) fn is_reachable(&self) -> bool {
        matches!(self.status, "available" | "backing-up" | "modifying")
    }
}

/// Work that comes due.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// An instance is there, or reachable again.
    Available(Uid),
    /// An instance is gone.
    Gone {
        /// Which one.
        uid: Uid,
        /// Its automated backups stay.
        keep_backups: bool,
        /// The snapshot taken on the way.
        final_snapshot: Option<String>,
    },
    /// A snapshot is taken.
    SnapshotTaken(String),
    /// The content of a restore is there.
    Restored(Box<Restoring>),
}

/// A restore under way.
#[derive(Clone, Debug)]
pub(crate) struct Restoring {
    pub(super) into: Uid,
    pub(super) source: Source,
    pub(super) age_s: i64,
}

pub(crate) fn due(world: &mut World, due: Due) {
    match due {
        Due::Available(uid) => {
            let now = world.now();
            if let Some((_, instance)) =
                by_uid(world, uid).filter(|(_, i)| !matches!(i.status, "deleting" | "stopped"))
            {
                let first = instance.status == "creating";
                instance.status = "available";
                if first || instance.started < instance.created {
                    instance.started = now;
                }
                if instance.retention_days > 0 && instance.log.is_empty() {
                    instance.log.push(Version { at: now, content: instance.content.clone() });
                }
            }
        }
        Due::Gone { uid, keep_backups, final_snapshot } => gone(world, uid, keep_backups, final_snapshot),
        Due::SnapshotTaken(id) => backups::taken(world, &id),
        Due::Restored(restoring) => restores::restored(world, *restoring),
    }
}

/// The instance of that identity, if it is not gone.
pub(super) fn by_uid(world: &mut World, uid: Uid) -> Option<(String, &mut Instance)> {
    world.databases.instances.iter_mut().find(|(_, i)| i.uid == uid).map(|(id, i)| (id.clone(), i))
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    let stage = std::sync::Arc::clone(&world.stage);
    for (i, staged) in stage.database.iter().enumerate() {
        let content = built(&stage, &staged.data, &format!("database[{i}].data"))?;
        let uid = world.create_since(resource(&stage, staged), staged.created);
        let log = if staged.backup_retention_days > 0 {
            vec![Version { at: staged.created, content: content.clone() }]
        } else {
            Vec::new()
        };
        let instance = Instance {
            uid,
            build: build_of(staged),
            retention_days: staged.backup_retention_days,
            deletion_protection: staged.deletion_protection,
            status: if staged.hosted { "stopped" } else { "available" },
            created: staged.created,
            started: staged.created.plus(CREATE_S),
            content,
            log,
        };
        guard(world, &instance);
        for (j, snapshot) in staged.snapshot.iter().enumerate() {
            let path = format!("database[{i}].snapshot[{j}].data");
            let own = snapshot.data.as_ref().map(|data| built(&stage, data, &path)).transpose()?;
            backups::stage_snapshot(world, staged, snapshot, (own, &instance));
        }
        world.databases.instances.insert(staged.id.clone(), instance);
    }
    Ok(())
}

/// The resource that a database of the stage is. One in a volume is that volume, under the name by which others reach the database.
pub(super) fn resource(stage: &stage::Stage, staged: &stage::Database) -> NewResource {
    let kind = Keeper::of(stage, &staged.id).kind();
    NewResource {
        role: staged.volume.clone().unwrap_or_else(|| staged.id.clone()),
        tags: staged.tags.clone(),
        stateful: true,
        serving: true,
        ..NewResource::of(kind, &staged.id, staged.environment)
    }
}

/// What a staged file of SQL makes.
pub(super) fn built(stage: &stage::Stage, data: &str, path: &str) -> Result<Data, Problem> {
    let problem = |expected: String| Problem {
        path: path.to_owned(),
        found: data.to_owned(),
        expected,
        candidates: stage.files.keys().filter(|path| path.ends_with(".sql")).cloned().collect(),
    };
    let script = stage.data_text(data).ok_or_else(|| problem("the path of a file of SQL".to_owned()))?;
    Data::build(script).map_err(|e| problem(format!("SQL that runs: {}", e.message)))
}

fn build_of(staged: &stage::Database) -> Build {
    Build {
        class: staged.class.clone(),
        database: staged.name.clone(),
        user: staged.user.clone(),
        allocated_gib: staged.allocated_gib,
        restore_mib_per_s: staged.restore_mib_per_s,
        create_s: staged.create_s,
        delete_s: staged.delete_s,
    }
}

/// Notes protections that a new resource is born with; they are part of its creation and no effect of their own.
fn guard(world: &mut World, instance: &Instance) {
    if let Some(resource) = world.resource_mut(instance.uid) {
        for (on, name) in [
            (instance.deletion_protection, "deletion_protection"),
            (instance.retention_days > 0, "automated_backups"),
        ] {
            if on {
                resource.protections.insert(name.to_owned());
            }
        }
    }
}

/// Deletion protection for every instance there; those that had none.
pub(crate) fn protect_all(world: &mut World, environment: Environment) -> Vec<Uid> {
    let here =
        |uid: &Uid| world.resource(*uid).is_some_and(|r| r.environment == environment && r.kind == KIND);
    let bare = world.databases.instances.values().filter(|i| !i.deletion_protection).map(|i| i.uid);
    let found: Vec<Uid> = bare.filter(here).collect();
    found.iter().for_each(|uid| set_protection(world, *uid, true));
    found
}

/// Switches the deletion protection of an instance on or off, if it stands.
pub(crate) fn set_protection(world: &mut World, uid: Uid, on: bool) {
    if let Some((_, instance)) = by_uid(world, uid) {
        instance.deletion_protection = on;
        world.protect(uid, "deletion_protection", on);
    }
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    if !matches!(call.operation.as_str(), "Query" | "DescribeDatabase")
        && let Some(refusal) = keepers::hidden(world, call)
    {
        return Err(refusal);
    }
    match call.operation.as_str() {
        "CreateDBInstance" => changes::create(world, call),
        "DeleteDBInstance" => changes::delete(world, call),
        "ModifyDBInstance" => changes::modify(world, call),
        "RebootDBInstance" => changes::reboot(world, call),
        "CreateDBSnapshot" => backups::create_snapshot(world, call),
        "DeleteDBSnapshot" => backups::delete_snapshot(world, call),
        "DeleteDBInstanceAutomatedBackup" => backups::delete_kept(world, call),
        "RestoreDBInstanceFromDBSnapshot" => restores::restore_from_snapshot(world, call),
        "RestoreDBInstanceToPointInTime" => restores::restore_to_time(world, call),
        "AddTagsToResource" => changes::tag(world, call, true),
        "RemoveTagsFromResource" => changes::tag(world, call, false),
        "DescribeDBInstances" => shapes::instances(world, call),
        "DescribeDBSnapshots" => shapes::snapshots(world, call),
        "DescribeDBInstanceAutomatedBackups" => shapes::automated_backups(world, call),
        "ListTagsForResource" => changes::tags(world, call),
        "Wait" => super::database_wait::wait(world, call),
        "Query" => database_sql::query(world, call),
        "DescribeDatabase" => database_sql::describe(world, call),
        other => Err(Refusal::new("InvalidAction", format!("the operation {other} is not known here"))),
    }
}

/// The identifier that a call is about, without the rest of an ARN.
pub(super) fn identifier<'c>(call: &'c Call, argument: &str) -> &'c str {
    let given = call.text(argument).unwrap_or(&call.target);
    given.rsplit(':').next().unwrap_or(given)
}

pub(super) fn not_found(id: &str) -> Refusal {
    Refusal::new("DBInstanceNotFound", format!("DBInstance {id} not found."))
}

/// An instance, whoever keeps it.
pub(super) fn standing<'w>(world: &'w World, id: &str) -> Result<&'w Instance, Refusal> {
    world.databases.instances.get(id).ok_or_else(|| not_found(id))
}

/// An instance of the provider's; that of anybody else is none of theirs.
pub(super) fn instance<'w>(world: &'w World, id: &str) -> Result<&'w Instance, Refusal> {
    match Keeper::of(&world.stage, id) {
        Keeper::Provider => standing(world, id),
        _ => Err(not_found(id)),
    }
}

/// An instance that has to be available for what is asked.
pub(super) fn available<'w>(world: &'w World, id: &str) -> Result<&'w Instance, Refusal> {
    let found = standing(world, id)?;
    if found.status == "available" {
        return Ok(found);
    }
    Err(Refusal::new(
        "InvalidDBInstanceState",
        format!("Database instance {id} is not in available state. Current state: {}.", found.status),
    ))
}

/// Shows a change of a setting in the status for as long as it takes.
pub(super) fn settle_change(world: &mut World, id: &str) {
    let Some(uid) = uid(world, id) else { return };
    set_status(world, id, "modifying");
    let after = world.lasting("databases/modify", MODIFY_S);
    world.schedule(after, WorldDue::Database(Due::Available(uid)));
}

/// Puts content in place of which nobody had any record.
pub(super) fn put(world: &mut World, id: &str, content: Data) {
    if let Some(instance) = world.databases.instances.get_mut(id) {
        instance.content = content;
    }
}

pub(super) fn set_status(world: &mut World, id: &str, status: &'static str) {
    if let Some(instance) = world.databases.instances.get_mut(id) {
        instance.status = status;
    }
}

/// The rows of an instance, while it is available.
pub fn data<'w>(world: &'w World, instance: &str) -> Option<&'w Data> {
    world.databases.instances.get(instance).filter(|i| i.is_reachable()).map(|i| &i.content)
}

/// The rows of an instance that is stopped: nobody reaches them, and they are there.
pub(crate) fn at_rest<'w>(world: &'w World, instance: &str) -> Option<&'w Data> {
    world.databases.instances.get(instance).filter(|i| i.status == "stopped").map(|i| &i.content)
}

/// An instance to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewInstance {
    pub id: String,
    pub class: String,
    /// The database inside.
    pub name: String,
    pub user: String,
    pub allocated_gib: i64,
    pub retention_days: i64,
    pub deletion_protection: bool,
}

/// Begins to create an empty instance: `creating` now, `available` after its creation time (the staged
/// `create_s` if an instance of that id was on the stage). Returns how many seconds it takes.
pub(crate) fn create_instance(
    world: &mut World,
    new: NewInstance,
    resource: NewResource,
) -> Result<i64, Refusal> {
    if world.databases.instances.contains_key(&new.id) {
        return Err(Refusal::new("DBInstanceAlreadyExists", "DB instance already exists"));
    }
    let staged = world.stage.database.iter().find(|d| d.id == new.id).map(build_of);
    let build = Build {
        class: new.class,
        database: new.name,
        user: new.user,
        allocated_gib: new.allocated_gib,
        restore_mib_per_s: staged.as_ref().map_or(RESTORE_MIB_PER_S, |b| b.restore_mib_per_s),
        create_s: staged.as_ref().map_or(CREATE_S, |b| b.create_s),
        delete_s: staged.as_ref().map_or(DELETE_S, |b| b.delete_s),
    };
    let after = world.lasting("databases/create", build.create_s);
    let made =
        Made { build, retention_days: new.retention_days, deletion_protection: new.deletion_protection };
    stand(world, new.id, resource, made, after);
    Ok(after)
}

/// What a new instance is made with.
pub(super) struct Made {
    pub(super) build: Build,
    pub(super) retention_days: i64,
    pub(super) deletion_protection: bool,
}

impl Made {
    /// As the stage has a database, without what only a provider does for it.
    pub(super) fn of(staged: &stage::Database) -> Self {
        Self { build: build_of(staged), retention_days: 0, deletion_protection: false }
    }
}

/// Puts a new, empty instance up; it is available after so many seconds.
pub(super) fn stand(world: &mut World, id: String, resource: NewResource, made: Made, after: i64) -> Uid {
    let now = world.now();
    let uid = put_up(world, id, resource, made, ("creating", now));
    world.schedule(after, WorldDue::Database(Due::Available(uid)));
    uid
}

/// Puts a new, empty instance up that has been in its status since then, and stays in it.
pub(super) fn put_up(
    world: &mut World,
    id: String,
    resource: NewResource,
    made: Made,
    (status, since): (&'static str, Time),
) -> Uid {
    let uid = world.create_since(resource, since);
    let instance = Instance {
        uid,
        build: made.build,
        retention_days: made.retention_days,
        deletion_protection: made.deletion_protection,
        status,
        created: since,
        started: since,
        content: Data::empty(),
        log: Vec::new(),
    };
    guard(world, &instance);
    world.databases.instances.insert(id, instance);
    uid
}

/// Stops an instance and starts it again, which takes about so many seconds.
pub(super) fn reboot(world: &mut World, id: &str, (stream, lasts_s): (&str, i64)) {
    let now = world.now();
    let Some(instance) = world.databases.instances.get_mut(id) else { return };
    (instance.status, instance.started) = ("rebooting", now.plus(lasts_s));
    let uid = instance.uid;
    world.effect(uid, Change::Restarted);
    let after = world.lasting(stream, lasts_s);
    world.schedule(after, WorldDue::Database(Due::Available(uid)));
}

/// Begins to delete an instance: `deleting` now, gone (effect `Destroyed`, unreachable from now) after its deletion
/// time. Returns how many seconds it takes.
pub(crate) fn delete_instance(
    world: &mut World,
    id: &str,
    final_snapshot: Option<&str>,
    keep_backups: bool,
) -> Result<i64, Refusal> {
    let found = instance(world, id)?;
    if found.status == "deleting" {
        let text = format!("Instance {id} is already being deleted.");
        return Err(Refusal::new("InvalidDBInstanceState", text));
    }
    if found.deletion_protection {
        let text = "Cannot delete protected DB Instance, please disable deletion protection and try again.";
        return Err(Refusal::new("InvalidParameterCombination", text));
    }
    let (uid, delete_s) = (found.uid, found.build.delete_s);
    if let Some(snapshot) = final_snapshot {
        available(world, id)?;
        backups::begin_snapshot(world, id, snapshot)?;
    }
    set_status(world, id, "deleting");
    let now = world.now();
    world.databases.lost.insert(id.to_owned(), now);
    let after = world.lasting("databases/delete", delete_s);
    let due = Due::Gone { uid, keep_backups, final_snapshot: final_snapshot.map(str::to_owned) };
    world.schedule(after, WorldDue::Database(due));
    Ok(after)
}

fn gone(world: &mut World, uid: Uid, keep_backups: bool, final_snapshot: Option<String>) {
    if let Some(snapshot) = final_snapshot {
        backups::taken(world, &snapshot);
    }
    let Some((id, _)) = by_uid(world, uid) else { return };
    let Some(instance) = world.databases.instances.remove(&id) else { return };
    if keep_backups {
        backups::keep(world, &id, &instance);
    }
    bin::keep(world, &id, &instance);
    end(world, &id, &instance);
}

/// An instance is gone with its rows. Those in which a tool notes what it has done are no records.
pub(super) fn end(world: &mut World, id: &str, instance: &Instance) {
    let staged = world.stage.database.iter().find(|database| database.id == id);
    let is_noted = |table: &String| staged.is_some_and(|staged| staged.bookkeeping.contains(table));
    let counts = instance.content.counts().iter().filter(|(table, _)| !is_noted(table));
    let records = counts.map(|(_, rows)| *rows).sum();
    let best = backups::best_point(world, id);
    world.destroy(instance.uid, records, best);
}

/// The identity of an instance that is not gone, whatever its status.
pub fn uid(world: &World, id: &str) -> Option<Uid> {
    world.databases.instances.get(id).map(|i| i.uid)
}

/// `available`, `creating`, `deleting`, …; `None` if there is no such instance.
pub fn status<'w>(world: &'w World, id: &str) -> Option<&'w str> {
    world.databases.instances.get(id).map(|i| i.status)
}

/// What Terraform's provider reads of an instance, by the names of its attributes.
pub(super) fn settings(world: &World, id: &str) -> Option<[(&'static str, serde_json::Value); 6]> {
    let found = world.databases.instances.get(id)?;
    Some([
        ("allocated_storage", found.build.allocated_gib.into()),
        ("backup_retention_period", found.retention_days.into()),
        ("db_name", found.build.database.as_str().into()),
        ("deletion_protection", found.deletion_protection.into()),
        ("instance_class", found.build.class.as_str().into()),
        ("username", found.build.user.as_str().into()),
    ])
}

/// The host name under which an instance is reached.
pub fn host(world: &World, id: &str) -> String {
    shapes::host(world, id)
}

/// The identifiers of the instances that there are, in order.
pub fn identifiers(world: &World) -> Vec<String> {
    world.databases.instances.keys().cloned().collect()
}
