//! Calls that make, change and delete database instances.

use serde_json::{Value, json};

use super::database_backups::{Version, no_snapshot};
use super::database_restores as restores;
use super::database_shapes as shapes;
use super::databases::{
    self, KIND, NewInstance, available, create_instance, delete_instance, identifier, instance, not_found,
    settle_change,
};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::clock::MINUTE_S;
use crate::effect::Change;
use crate::resource::{Environment, Uid};

/// A restart takes this long.
const REBOOT_S: i64 = 2 * MINUTE_S;

/// `CreateDBInstance`.
pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let id = identifier(call, "DBInstanceIdentifier").to_owned();
    for required in ["DBInstanceClass", "Engine"] {
        if call.text(required).is_none() {
            let text = format!("The parameter {required} must be provided.");
            return Err(Refusal::new("MissingParameter", text));
        }
    }
    if call.text("Engine") != Some("postgres") {
        let text = "Invalid DB engine: only postgres can be created in this region.";
        return Err(Refusal::new("InvalidParameterValue", text));
    }
    let text = |name: &str, other: &str| call.text(name).unwrap_or(other).to_owned();
    let new = NewInstance {
        id: id.clone(),
        class: text("DBInstanceClass", ""),
        name: text("DBName", "postgres"),
        user: text("MasterUsername", "postgres"),
        allocated_gib: call.number("AllocatedStorage").unwrap_or(20),
        retention_days: call.number("BackupRetentionPeriod").unwrap_or(1),
        deletion_protection: call.flag("DeletionProtection"),
    };
    let tags = shapes::tags_of(call);
    let environment = Environment::of_tags(&tags);
    let resource = restores::heir(world, &id, environment, tags);
    create_instance(world, new, resource)?;
    shapes::one_instance(world, &id)
}

/// `DeleteDBInstance`.
pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let id = identifier(call, "DBInstanceIdentifier").to_owned();
    let final_snapshot = call.text("FinalDBSnapshotIdentifier");
    match (call.flag("SkipFinalSnapshot"), final_snapshot) {
        (true, Some(_)) => {
            let text = "FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot.";
            return Err(Refusal::new("InvalidParameterCombination", text));
        }
        (false, None) => {
            instance(world, &id)?;
            let text = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.";
            return Err(Refusal::new("InvalidParameterCombination", text));
        }
        _ => {}
    }
    let delete_backups = call.args.get("DeleteAutomatedBackups").and_then(Value::as_bool).unwrap_or(true);
    delete_instance(world, &id, final_snapshot, !delete_backups)?;
    shapes::one_instance(world, &id)
}

/// `RebootDBInstance`.
pub(super) fn reboot(world: &mut World, call: &Call) -> Answer {
    let id = identifier(call, "DBInstanceIdentifier").to_owned();
    available(world, &id)?;
    databases::reboot(world, &id, ("databases/reboot", REBOOT_S));
    shapes::one_instance(world, &id)
}

/// `ModifyDBInstance`.
pub(super) fn modify(world: &mut World, call: &Call) -> Answer {
    let id = identifier(call, "DBInstanceIdentifier").to_owned();
    let uid = available(world, &id)?.uid;
    if let Some(days) = call.number("BackupRetentionPeriod")
        && !(0..=35).contains(&days)
    {
        let text =
            format!("Invalid backup retention period: {days}. Retention period must be between 0 and 35.");
        return Err(Refusal::new("InvalidParameterValue", text));
    }
    let renamed = call.text("NewDBInstanceIdentifier").map(str::to_owned);
    if renamed.as_deref().is_some_and(|name| world.databases.instances.contains_key(name)) {
        return Err(Refusal::new("DBInstanceAlreadyExists", "DB instance already exists"));
    }
    let shrinks = call.number("AllocatedStorage").is_some_and(|gib| gib < allocated(world, &id));
    if shrinks {
        let text = "Requested storage size is smaller than the allocated storage.";
        return Err(Refusal::new("InvalidParameterCombination", text));
    }
    if let Some(on) = call.args.get("DeletionProtection").and_then(Value::as_bool) {
        if let Some(instance) = world.databases.instances.get_mut(&id) {
            instance.deletion_protection = on;
        }
        world.protect(uid, "deletion_protection", on);
    }
    if let Some(days) = call.number("BackupRetentionPeriod") {
        keep_for(world, &id, uid, days);
    }
    let at_once = call.flag("ApplyImmediately");
    resize(world, call, &id, uid, at_once);
    if call.text("MasterUserPassword").is_some() {
        world.effect(uid, Change::AccessChanged { what: "the master password was changed".to_owned() });
    }
    settle_change(world, &id);
    match renamed.filter(|_| at_once) {
        Some(name) => {
            rename(world, &id, &name, uid);
            shapes::one_instance(world, &name)
        }
        None => shapes::one_instance(world, &id),
    }
}

fn allocated(world: &World, id: &str) -> i64 {
    instance(world, id).map_or(0, |i| i.build.allocated_gib)
}

/// Switching automated backups off takes those that there are away at once.
fn keep_for(world: &mut World, id: &str, uid: Uid, days: i64) {
    let now = world.now();
    let Some(instance) = world.databases.instances.get_mut(id) else { return };
    let before = std::mem::replace(&mut instance.retention_days, days);
    if days == 0 {
        instance.log.clear();
    } else if instance.log.is_empty() {
        instance.log.push(Version { at: now, content: instance.content.clone() });
    }
    world.configured(uid, "BackupRetentionPeriod", before, days);
    world.protect(uid, "automated_backups", days > 0);
}

/// Class and storage change at once only if asked to; else in the next maintenance window, after the trial.
fn resize(world: &mut World, call: &Call, id: &str, uid: Uid, at_once: bool) {
    let Some(instance) = world.databases.instances.get_mut(id).filter(|_| at_once) else { return };
    let (class, gib) = (instance.build.class.clone(), instance.build.allocated_gib);
    let new_class = call.text("DBInstanceClass").unwrap_or(&class).to_owned();
    let new_gib = call.number("AllocatedStorage").unwrap_or(gib);
    instance.build.class.clone_from(&new_class);
    instance.build.allocated_gib = new_gib;
    world.configured(uid, "DBInstanceClass", class, new_class);
    world.configured(uid, "AllocatedStorage", gib, new_gib);
}

/// Under the name of one that is gone, an instance takes over what that one was for.
fn rename(world: &mut World, id: &str, name: &str, uid: Uid) {
    let Some(instance) = world.databases.instances.remove(id) else { return };
    world.databases.instances.insert(name.to_owned(), instance);
    let gone = world.resources().filter(|r| r.kind == KIND && r.name == name && r.destroyed.is_some()).last();
    let role = gone.map(|r| r.role.clone());
    if let Some(resource) = world.resource_mut(uid) {
        name.clone_into(&mut resource.name);
        if let Some(role) = role {
            resource.role = role;
            resource.serving = true;
        }
    }
    world.configured(uid, "DBInstanceIdentifier", id, name);
}

/// The resource that an ARN means: an instance or a snapshot.
fn tagged(world: &World, call: &Call) -> Result<Uid, Refusal> {
    let arn = call.text("ResourceName").unwrap_or(&call.target);
    let id = arn.rsplit(':').next().unwrap_or(arn);
    if let Some((_, name)) = arn.split_once(":snapshot:") {
        return world.databases.snapshots.get(name).map(|s| s.uid).ok_or_else(|| no_snapshot(name));
    }
    world.databases.instances.get(id).map(|i| i.uid).ok_or_else(|| not_found(id))
}

/// `ListTagsForResource`.
pub(super) fn tags(world: &World, call: &Call) -> Answer {
    let uid = tagged(world, call)?;
    Ok(json!({"TagList": shapes::tag_list(world, uid)}))
}

/// `AddTagsToResource` and `RemoveTagsFromResource`.
pub(super) fn tag(world: &mut World, call: &Call, add: bool) -> Answer {
    let uid = tagged(world, call)?;
    let mut tags = world.resource(uid).map(|r| r.tags.clone()).unwrap_or_default();
    if add {
        tags.extend(shapes::tags_of(call));
    } else {
        for key in call.texts("TagKeys") {
            tags.remove(key);
        }
    }
    world.retag(uid, tags);
    Ok(Value::Null)
}
