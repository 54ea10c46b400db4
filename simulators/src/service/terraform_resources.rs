//! The things themselves: looking at them, making, changing and removing them, by the services that keep them and in the
//! caller's name.

use serde_json::{Map, Value, json};

use super::terraform_plan::{Step, UNKNOWN};
use super::terraform_state::Thing;
use super::terraform_types::{self as types, Keeper, Kind};
use super::{databases, history, identity, objects};
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
    let uid = world.create(NewResource {
        kind: kind.cloud.to_owned(),
        name: staged.id.clone(),
        role: staged.id.clone(),
        environment: staged.environment,
        tags: staged.tags.clone(),
        stateful: false,
        serving: false,
        replaces: None,
    });
    if let Some(resource) = world.resource_mut(uid) {
        resource.created = staged.created;
    }
    true
}

/// The identity of a thing, if it stands.
pub(super) fn standing(world: &World, kind: &Kind, id: &str) -> Option<Uid> {
    match kind.keeper {
        Keeper::Database => {
            databases::status(world, id).filter(|s| *s != "deleting").and(databases::uid(world, id))
        }
        Keeper::Bucket => objects::uid(world, id),
        Keeper::Plain => {
            let is = |r: &&crate::resource::Resource| {
                r.destroyed.is_none() && r.kind == kind.cloud && r.name == id
            };
            world.resources().find(is).map(|r| r.uid)
        }
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
    let account = &world.stage.account;
    let mut filled: Map<String, Value> =
        wanted.iter().filter(|(_, value)| **value != UNKNOWN).map(|(k, v)| (k.clone(), v.clone())).collect();
    filled.insert("id".to_owned(), json!(id));
    if !kind.named_by.is_empty() {
        filled.insert(kind.named_by.to_owned(), json!(id));
    }
    for (name, pattern) in kind.computed {
        let value = pattern
            .replace("{host}", &databases::host(world, id))
            .replace("{id}", id)
            .replace("{partition}", &account.partition)
            .replace("{region}", &account.region)
            .replace("{account}", &account.id);
        filled.insert((*name).to_owned(), json!(value));
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

fn tags(wanted: &Map<String, Value>) -> std::collections::BTreeMap<String, String> {
    let tags = wanted.get("tags").and_then(Value::as_object).into_iter().flatten();
    tags.map(|(key, value)| (key.clone(), plain(value))).collect()
}

/// Where a new thing stands: with what it replaces, or where its tags say, else in production.
fn environment(world: &World, wanted: &Map<String, Value>, replaces: Option<Uid>) -> Environment {
    if let Some(old) = replaces.and_then(|uid| world.resource(uid)) {
        return old.environment;
    }
    let tags = tags(wanted);
    match tags.get("environment").or_else(|| tags.get("Environment")).map(String::as_str) {
        Some("staging") => Environment::Staging,
        Some("preview") => Environment::Preview,
        Some("development") => Environment::Development,
        _ => Environment::Production,
    }
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
    let resource = NewResource {
        kind: kind.cloud.to_owned(),
        name: id.clone(),
        role: replaces.and_then(|uid| world.resource(uid)).map_or_else(|| id.clone(), |old| old.role.clone()),
        environment: environment(world, wanted, replaces),
        tags: tags(wanted),
        stateful: kind.stateful(),
        serving: replaces.and_then(|uid| world.resource(uid)).is_some_and(|old| old.serving),
        replaces,
    };
    match kind.keeper {
        Keeper::Database => {
            databases::create_instance(world, instance(&id, wanted), resource)?;
            wait(world, |world| databases::status(world, &id) == Some("available"));
        }
        Keeper::Bucket => {
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
pub(super) fn change(world: &mut World, call: &Call, step: &Step) -> Result<Map<String, Value>, Refusal> {
    let before = &step.before;
    let id = text(before, "id").unwrap_or_default().to_owned();
    let [_, update, _] = step.kind.actions;
    identity::permits(world, &call.principal, update, &id)?;
    if step.kind.keeper == Keeper::Database {
        return change_database(world, call, step, &id);
    }
    pause(world, step.kind.create_s);
    Ok(step.after.clone())
}

fn change_database(
    world: &mut World,
    call: &Call,
    step: &Step,
    id: &str,
) -> Result<Map<String, Value>, Refusal> {
    let (before, after) = (&step.before, &step.after);
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
    let mut now = id.to_owned();
    if !args.is_empty() {
        args.insert("ApplyImmediately".to_owned(), json!(on(after, "apply_immediately").unwrap_or(false)));
        ask(world, call, "ModifyDBInstance", id, args)?;
        now = text(after, "identifier")
            .filter(|name| databases::uid(world, name).is_some())
            .unwrap_or(id)
            .to_owned();
        wait(world, |world| databases::status(world, &now) == Some("available"));
    }
    Ok(filled(world, step.kind, after, &now))
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
            wait(world, |world| databases::uid(world, &id).is_none());
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
        Keeper::Plain => {
            let [.., delete] = step.kind.actions;
            identity::permits(world, &call.principal, delete, &id)?;
            world.destroy(uid, 0, None);
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

fn own(world: &mut World, call: &Call, mut asked: Call) -> Answer {
    asked.id = world.cause();
    asked.principal.clone_from(&call.principal);
    world.apply(&asked)
}

fn pause(world: &mut World, seconds: i64) {
    let after = world.lasting("terraform", seconds);
    world.advance(world.now().plus(after));
}

/// Lets time pass until something is so, or the provider gives up.
fn wait(world: &mut World, is_so: impl Fn(&World) -> bool) {
    let deadline = world.now().plus(WAITS_S);
    while !is_so(world) && world.now() < deadline {
        let next = world.next_due().unwrap_or(deadline).max(world.now().plus(1)).min(deadline);
        world.advance(next);
    }
}
