//! The things themselves: looking at them, making, changing and removing them, by the services that keep them and in the
//! caller's name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::terraform_plan::{Step, UNKNOWN};
use super::terraform_state::Thing;
use super::terraform_types::{self as types, Keeper, Kind};
use super::{arn, databases, history, identity, limits, objects, observability};
use crate::World;
use crate::call::{Answer, Call, Refusal, Service};
use crate::clock::HOUR_S;
use crate::resource::{Environment, NewResource, Uid};
use crate::stage::TerraformThing;

/// The provider gives up waiting.
const WAITS_S: i64 = HOUR_S;

/// A value as the provider's texts have it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().map_or_else(String::new, |n| n.to_string()),
        other => other.to_string(),
    }
}

fn text<'a>(attributes: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn number(attributes: &Map<String, Value>, name: &str) -> Option<i64> {
    attributes.get(name).and_then(|value| plain(value).parse().ok())
}

fn on(attributes: &Map<String, Value>, name: &str) -> Option<bool> {
    attributes.get(name).map(|value| plain(value) == "true")
}

/// Puts up a thing that no other part of the stage keeps; false if it is none.
pub(super) fn stage(world: &mut World, staged: &TerraformThing) -> bool {
    let Some(kind) = types::find(&staged.kind).filter(|kind| kind.keeper == Keeper::Plain) else {
        return false;
    };
    world.create_since(
        NewResource {
            kind: kind.cloud.to_owned(),
            name: staged.id.clone(),
            role: staged.id.clone(),
            environment: staged.environment,
            tags: staged.tags.clone(),
            stateful: false,
            serving: false,
            replaces: None,
        },
        staged.created,
    );
    true
}

/// The identity of a thing, if it stands.
pub(super) fn standing(world: &World, kind: &Kind, id: &str) -> Option<Uid> {
    match kind.keeper {
        Keeper::Database => {
            databases::status(world, id).filter(|s| *s != "deleting").and(databases::uid(world, id))
        }
        Keeper::Bucket => objects::uid(world, id),
        Keeper::Watched(watched) => observability::uid(world, watched, id),
        Keeper::Plain => world.standing(kind.cloud, id),
    }
}

/// The attributes of a thing as it stands; none if it does not.
pub(super) fn look(world: &World, kind: &Kind, thing: &Thing) -> Option<Map<String, Value>> {
    let id = thing.id();
    standing(world, kind, id)?;
    let mut attributes = thing.attributes.clone();
    if kind.keeper == Keeper::Database {
        for (name, value) in databases::settings(world, id)? {
            if attributes.get(name).is_none_or(|old| plain(old) != plain(&value)) {
                attributes.insert(name.to_owned(), value);
            }
        }
    }
    Some(attributes)
}

/// All attributes of a thing once it is there.
fn filled(world: &World, kind: &Kind, wanted: &Map<String, Value>, id: &str) -> Map<String, Value> {
    let mut filled: Map<String, Value> =
        wanted.iter().filter(|(_, value)| **value != UNKNOWN).map(|(k, v)| (k.clone(), v.clone())).collect();
    filled.insert("id".to_owned(), json!(id));
    if !kind.named_by.is_empty() {
        filled.insert(kind.named_by.to_owned(), json!(id));
    }
    for (name, pattern) in kind.computed {
        filled.insert((*name).to_owned(), json!(arn::filled(world, pattern, id)));
    }
    filled
}

/// Attributes for something that stands already and is brought under the state.
pub(super) fn adopted(world: &World, kind: &Kind, id: &str) -> Map<String, Value> {
    let tags = standing(world, kind, id).and_then(|uid| world.resource(uid)).map(|r| json!(r.tags));
    let wanted = tags.map(|tags| ("tags".to_owned(), tags)).into_iter().collect();
    let attributes = filled(world, kind, &wanted, id);
    look(world, kind, &Thing { attributes: attributes.clone(), after: Vec::new() }).unwrap_or(attributes)
}

/// A name as the provider makes it up: by the time, or out of the air.
fn name(world: &World, kind: &Kind, address: &str, wanted: &Map<String, Value>) -> String {
    let given = text(wanted, kind.named_by).filter(|name| *name != UNKNOWN);
    if let Some(given) = given {
        return given.to_owned();
    }
    if kind.named_by.is_empty() {
        return format!("{}0{}", kind.prefix, super::terraform::made_up(world, address, 16));
    }
    let prefix = text(wanted, &format!("{}_prefix", kind.named_by)).unwrap_or(kind.prefix);
    let code = super::terraform::made_up(world, address, 8);
    format!("{prefix}{}{code}", history::dated(world.now(), "%Y%m%d%H%M%S"))
}

fn tags(wanted: &Map<String, Value>) -> BTreeMap<String, String> {
    let tags = wanted.get("tags").and_then(Value::as_object).into_iter().flatten();
    tags.map(|(key, value)| (key.clone(), plain(value))).collect()
}

/// What the watching service keeps of a log group.
fn watched(id: &str, attributes: &Map<String, Value>) -> Value {
    let mut settings = json!({"LogGroupName": id});
    // Zero days are no limit.
    let days = number(attributes, "retention_in_days").filter(|days| *days > 0);
    if let (Some(settings), Some(days)) = (settings.as_object_mut(), days) {
        settings.insert("RetentionInDays".to_owned(), json!(days));
    }
    settings
}

/// Makes a thing and waits for it. Answers its attributes.
///
/// # Errors
/// The service's refusal, or the caller's lack of a permission.
pub(super) fn make(
    world: &mut World,
    call: &Call,
    step: &Step,
    wanted: &Map<String, Value>,
    replaces: Option<Uid>,
) -> Result<Map<String, Value>, Refusal> {
    let kind = step.kind;
    let id = name(world, kind, &step.address, wanted);
    let [create, ..] = kind.actions;
    identity::permits(world, &call.principal, create, &id)?;
    let old = replaces.and_then(|uid| world.resource(uid));
    let tags = tags(wanted);
    // A new thing stands with what it replaces.
    let environment = old.map_or_else(|| Environment::of_tags(&tags), |old| old.environment);
    let resource = NewResource {
        kind: kind.cloud.to_owned(),
        name: id.clone(),
        role: old.map_or_else(|| id.clone(), |old| old.role.clone()),
        environment,
        tags,
        stateful: kind.stateful(),
        serving: old.is_some_and(|old| old.serving),
        replaces,
    };
    match kind.keeper {
        Keeper::Database => {
            quota(world, Service::Databases, "CreateDBInstance", &id)?;
            databases::create_instance(world, instance(&id, wanted), resource)?;
            wait(world, |world| databases::status(world, &id) == Some("available"))?;
        }
        Keeper::Watched(kept) => {
            observability::create(world, kept, &id, &watched(&id, wanted), resource)?;
            pause(world, kind.create_s);
        }
        Keeper::Bucket => {
            quota(world, Service::Objects, "CreateBucket", &id)?;
            objects::create_bucket(world, &id, false, resource)?;
            pause(world, kind.create_s);
        }
        Keeper::Plain => {
            if standing(world, kind, &id).is_some() {
                return Err(Refusal::new("AlreadyExists", format!("{id} already exists")));
            }
            world.create(resource);
            pause(world, kind.create_s);
        }
    }
    Ok(filled(world, kind, wanted, &id))
}

/// Asks whether one more may be made, as the service itself asks it of a call.
fn quota(world: &World, service: Service, operation: &str, id: &str) -> Result<(), Refusal> {
    limits::check(world, &Call::new(service, operation, id, Map::new()))
}

fn instance(id: &str, wanted: &Map<String, Value>) -> databases::NewInstance {
    let given = |name: &str, otherwise: &str| text(wanted, name).unwrap_or(otherwise).to_owned();
    databases::NewInstance {
        id: id.to_owned(),
        class: given("instance_class", "db.t4g.small"),
        name: given("db_name", "postgres"),
        user: given("username", "postgres"),
        allocated_gib: number(wanted, "allocated_storage").unwrap_or(20),
        retention_days: number(wanted, "backup_retention_period").unwrap_or(0),
        deletion_protection: on(wanted, "deletion_protection").unwrap_or(false),
    }
}

/// Changes a thing in place and waits for it. Answers its attributes.
///
/// # Errors
/// As [`make`].
pub(super) fn change(
    world: &mut World,
    call: &Call,
    step: &Step,
    after: &Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let (kind, before, id) = (step.kind, &step.before, step.id());
    let [_, update, _] = kind.actions;
    identity::permits(world, &call.principal, update, &id)?;
    let uid = standing(world, kind, &id);
    let attributes = match kind.keeper {
        Keeper::Database => {
            change_database(world, call, before, after, &id).map(|now| filled(world, kind, after, &now))?
        }
        Keeper::Watched(kept) => {
            observability::update(world, kept, &id, &watched(&id, after))?;
            pause(world, kind.create_s);
            after.clone()
        }
        Keeper::Bucket | Keeper::Plain => {
            let names: BTreeSet<&String> =
                before.keys().chain(after.keys()).filter(|name| *name != "tags").collect();
            let shown = |of: &Map<String, Value>, name: &str| of.get(name).map(plain).unwrap_or_default();
            for (uid, name) in uid.iter().flat_map(|uid| names.iter().map(move |name| (*uid, *name))) {
                world.configured(uid, name, shown(before, name), shown(after, name));
            }
            pause(world, kind.create_s);
            after.clone()
        }
    };
    // Tags that the state does not hold stay.
    let others = uid.and_then(|uid| world.resource(uid)).map(|r| r.tags.clone()).unwrap_or_default();
    let (old, new) = (tags(before), tags(after));
    let kept = others.into_iter().filter(|(key, _)| !old.contains_key(key));
    let all = kept.chain(new).collect();
    if let Some(uid) = uid {
        world.retag(uid, all);
    }
    Ok(attributes)
}

/// Changes an instance. Answers its name by then.
fn change_database(
    world: &mut World,
    call: &Call,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    id: &str,
) -> Result<String, Refusal> {
    let changed = |name: &str| after.get(name).filter(|value| before.get(name) != Some(value)).cloned();
    let mut args = Map::new();
    for (name, api) in [("instance_class", "DBInstanceClass"), ("identifier", "NewDBInstanceIdentifier")] {
        args.extend(changed(name).map(|value| (api.to_owned(), value)));
    }
    for (name, api) in
        [("allocated_storage", "AllocatedStorage"), ("backup_retention_period", "BackupRetentionPeriod")]
    {
        if changed(name).is_some() {
            args.extend(number(after, name).map(|value| (api.to_owned(), json!(value))));
        }
    }
    if changed("deletion_protection").is_some() {
        args.insert("DeletionProtection".to_owned(), json!(on(after, "deletion_protection")));
    }
    if args.is_empty() {
        return Ok(id.to_owned());
    }
    args.insert("ApplyImmediately".to_owned(), json!(on(after, "apply_immediately").unwrap_or(false)));
    ask(world, call, "ModifyDBInstance", id, args)?;
    let now = text(after, "identifier").filter(|name| databases::uid(world, name).is_some()).unwrap_or(id);
    wait(world, |world| databases::status(world, now) == Some("available"))?;
    Ok(now.to_owned())
}

/// Removes a thing and waits until it is gone. What governs this (a last snapshot, automated backups) is what the state says.
///
/// # Errors
/// As [`make`].
pub(super) fn remove(world: &mut World, call: &Call, step: &Step) -> Result<(), Refusal> {
    let before = &step.before;
    let id = text(before, "id").unwrap_or_default().to_owned();
    let Some(uid) = standing(world, step.kind, &id) else { return Ok(()) };
    match step.kind.keeper {
        Keeper::Database => {
            let skip = on(before, "skip_final_snapshot").unwrap_or(false);
            let last = text(before, "final_snapshot_identifier");
            let mut args = Map::new();
            match (skip, last) {
                (true, _) => drop(args.insert("SkipFinalSnapshot".to_owned(), json!(true))),
                (false, Some(name)) => drop(args.insert("FinalDBSnapshotIdentifier".to_owned(), json!(name))),
                (false, None) => {
                    let text = "final_snapshot_identifier is required when skip_final_snapshot is false";
                    return Err(Refusal::new("InvalidParameterCombination", text));
                }
            }
            let drops = on(before, "delete_automated_backups").unwrap_or(true);
            args.insert("DeleteAutomatedBackups".to_owned(), json!(drops));
            ask(world, call, "DeleteDBInstance", &id, args)?;
            wait(world, |world| databases::uid(world, &id).is_none())?;
        }
        Keeper::Bucket => {
            let path = json!(format!("s3://{id}"));
            let force = on(before, "force_destroy").unwrap_or(false);
            let args = Map::from_iter([("Path".to_owned(), path), ("Force".to_owned(), json!(force))]);
            let operation = if force { "RemoveBucket" } else { "DeleteBucket" };
            let mut asked = Call::new(Service::Objects, operation, &id, args);
            asked.args.insert("Bucket".to_owned(), json!(id));
            own(world, call, asked)?;
            pause(world, step.kind.delete_s);
        }
        Keeper::Watched(_) | Keeper::Plain => {
            let [.., delete] = step.kind.actions;
            identity::permits(world, &call.principal, delete, &id)?;
            match step.kind.keeper {
                Keeper::Watched(kept) => observability::delete(world, kept, &id)?,
                _ => world.destroy(uid, 0, None),
            }
            pause(world, step.kind.delete_s);
        }
    }
    Ok(())
}

/// Asks the databases for something in the caller's name.
fn ask(world: &mut World, call: &Call, operation: &str, id: &str, mut args: Map<String, Value>) -> Answer {
    args.insert("DBInstanceIdentifier".to_owned(), json!(id));
    own(world, call, Call::new(Service::Databases, operation, id, args))
}

/// Asks a service for something in the caller's name.
pub(super) fn own(world: &mut World, call: &Call, mut asked: Call) -> Answer {
    asked.id = world.cause();
    asked.principal.clone_from(&call.principal);
    world.apply(&asked)
}

fn pause(world: &mut World, seconds: i64) {
    let after = world.lasting("terraform", seconds);
    world.advance(world.now().plus(after));
}

/// Lets time pass until something is so.
///
/// # Errors
/// It takes longer than the provider waits.
fn wait(world: &mut World, is_so: impl Fn(&World) -> bool) -> Result<(), Refusal> {
    let deadline = world.now().plus(WAITS_S);
    while !is_so(world) && world.now() < deadline {
        let next = world.next_due().unwrap_or(deadline).max(world.now().plus(1)).min(deadline);
        world.advance(next);
    }
    match is_so(world) {
        true => Ok(()),
        false => Err(Refusal::new("Timeout", "timeout while waiting for the resource (timeout: 1h0m0s)")),
    }
}
