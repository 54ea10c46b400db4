//! KMS-like keys: whoever loses the key loses what lies under it, however well that was kept.
//!
//! Deleting a key takes a window of seven to thirty days, in which it can be had back. Throughout it nothing under the key can be
//! read, so what is scheduled counts as lost in place, restorable until the day; on the day it is lost for good. What a key
//! encrypts is said by the stage: buckets, by name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{arn, objects, trail};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::clock::{DAY_S, Time};
use crate::effect::{Change, Loss, RestorePoint};
use crate::resource::{Environment, NewResource, Uid};
use crate::stage::Problem;
use crate::world::Due as WorldDue;

type Doing = fn(&mut World, &Call) -> Answer;

/// The type of a key.
const KIND: &str = "AWS::KMS::Key";
const WINDOW_DAYS: (i64, i64) = (7, 30);
const WINDOW_DEFAULT: i64 = 30;

const VERBS: &[(Operation, Doing)] = &[
    (Operation::read("ListKeys", "kms:ListKeys"), list),
    (Operation::read("ListAliases", "kms:ListAliases"), aliases),
    (Operation::read("DescribeKey", "kms:DescribeKey"), describe),
    (Operation::read("ListResourceTags", "kms:ListResourceTags"), tags),
    (Operation::read("ListGrants", "kms:ListGrants"), grants),
    (Operation::read("GetKeyRotationStatus", "kms:GetKeyRotationStatus"), rotation),
    (Operation::write("CreateKey", "kms:CreateKey"), create),
    (Operation::write("CreateAlias", "kms:CreateAlias"), create_alias),
    (Operation::write("DeleteAlias", "kms:DeleteAlias"), delete_alias),
    (Operation::write("EnableKey", "kms:EnableKey"), |w, c| switch(w, c, Condition::Enabled)),
    (Operation::write("DisableKey", "kms:DisableKey"), |w, c| switch(w, c, Condition::Disabled)),
    (Operation::write("ScheduleKeyDeletion", "kms:ScheduleKeyDeletion"), schedule),
    (Operation::write("CancelKeyDeletion", "kms:CancelKeyDeletion"), cancel),
];

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &Operation::of_table::<_, { VERBS.len() }>(VERBS);

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// By id; those that are gone are not here.
    keys: BTreeMap<String, Key>,
    /// Buckets whose key is gone for good.
    sealed: BTreeSet<String>,
}

impl State {
    /// Nothing stands in it, and nothing ever did.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.sealed.is_empty()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }
}

#[derive(Clone, Debug)]
struct Key {
    uid: Uid,
    description: String,
    created: Time,
    rotates: bool,
    state: Condition,
    /// The day on which it goes.
    deletion: Option<Time>,
    aliases: BTreeSet<String>,
    /// The buckets whose objects lie under it.
    buckets: BTreeSet<String>,
}

/// What a key is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Condition {
    Enabled,
    Disabled,
    PendingDeletion,
}

impl Condition {
    const fn word(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion => "PendingDeletion",
        }
    }
}

/// Work that comes due.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// The window of a key is over, if it is still the one that was opened then.
    Gone { id: String, at: Time },
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    for (i, staged) in world.stage.clone().key.iter().enumerate() {
        for (j, bucket) in staged.buckets.iter().enumerate() {
            if objects::uid(world, bucket).is_none() {
                return Err(Problem {
                    path: format!("key[{i}].buckets[{j}]"),
                    found: bucket.clone(),
                    expected: "the name of a bucket".to_owned(),
                    candidates: world.stage.bucket.iter().map(|b| b.name.clone()).collect(),
                });
            }
        }
        let uid = world.create_since(
            NewResource {
                kind: KIND.to_owned(),
                name: staged.id.clone(),
                role: format!("key/{}", staged.id),
                environment: staged.environment,
                tags: staged.tags.clone(),
                stateful: !staged.buckets.is_empty(),
                serving: false,
                replaces: None,
            },
            staged.created,
        );
        let key = Key {
            uid,
            description: staged.description.clone(),
            created: staged.created,
            rotates: staged.rotates,
            state: Condition::Enabled,
            deletion: None,
            aliases: staged.alias.iter().cloned().collect(),
            buckets: staged.buckets.iter().cloned().collect(),
        };
        world.keys.keys.insert(staged.id.clone(), key);
    }
    Ok(())
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    match VERBS.iter().find(|(operation, _)| operation.name == call.operation) {
        Some((_, doing)) => doing(world, call),
        None => Err(Refusal::new("InvalidAction", call.operation.clone())),
    }
}

/// The day has come: nothing under the key can ever be read again.
pub(crate) fn due(world: &mut World, Due::Gone { id, at }: Due) {
    let is_due = |key: &Key| key.state == Condition::PendingDeletion && key.deletion == Some(at);
    if !world.keys.keys.get(&id).is_some_and(is_due) {
        return;
    }
    let Some(key) = world.keys.keys.remove(&id) else { return };
    let lost = unreadable(world, &key);
    world.destroy(key.uid, lost.iter().map(|(.., records)| records).sum(), None);
    for (uid, place, records) in lost {
        world.effect(
            uid,
            Change::RecordsLost { place, records, how: Loss::Deleted, rows: Vec::new(), restorable: None },
        );
    }
    world.keys.sealed.extend(key.buckets);
}

/// The buckets under a key, with how many objects lie in each.
fn unreadable(world: &World, key: &Key) -> Vec<(Uid, String, u64)> {
    let each = key.buckets.iter().filter_map(|name| {
        let bucket = objects::bucket(world, name).ok()?;
        let records = u64::try_from(bucket.store.readable("").count()).unwrap_or(u64::MAX);
        Some((bucket.uid, name.clone(), records))
    });
    each.filter(|(.., records)| *records > 0).collect()
}

/// The key of a bucket: its full name. None if the provider's own is used.
pub(super) fn of_bucket(world: &World, bucket: &str) -> Option<String> {
    let found = world.keys.keys.iter().find(|(_, key)| key.buckets.contains(bucket));
    found.map(|(id, _)| full_name(world, id))
}

/// Refuses what would need to read or write under a key that cannot be used.
///
/// # Errors
/// As the real service words it.
pub(super) fn usable(world: &World, bucket: &str) -> Result<(), Refusal> {
    let found = world.keys.keys.iter().find(|(_, key)| key.buckets.contains(bucket));
    match found {
        Some((id, key)) if key.state != Condition::Enabled => {
            let how = if key.state == Condition::Disabled { "is disabled" } else { "is pending deletion" };
            Err(Refusal::new("KMS.KMSInvalidStateException", format!("{} {how}.", full_name(world, id))))
        }
        None if world.keys.sealed.contains(bucket) => {
            Err(Refusal::new("KMS.NotFoundException", "The key that this was encrypted with does not exist."))
        }
        _ => Ok(()),
    }
}

fn full_name(world: &World, id: &str) -> String {
    arn::of_target(world, "kms:DescribeKey", id)
}

/// The id of the key that a call means: by id, full name or alias.
fn wanted(world: &World, call: &Call, by_alias: bool) -> Result<String, Refusal> {
    let given = call.text("KeyId").unwrap_or(&call.target);
    let name = given.rsplit_once(":key/").map_or(given, |(_, id)| id);
    let alias = name.split_once("alias/").map(|(_, rest)| format!("alias/{rest}"));
    let found = match &alias {
        Some(alias) if by_alias => {
            world.keys.keys.iter().find(|(_, key)| key.aliases.contains(alias)).map(|(id, _)| id.clone())
        }
        Some(_) => {
            return Err(Refusal::new(
                "ValidationException",
                "A key is named by its id or its full name here.",
            ));
        }
        None => world.keys.keys.contains_key(name).then(|| name.to_owned()),
    };
    found.ok_or_else(|| {
        let what =
            alias.map_or_else(|| format!("Key '{}'", full_name(world, name)), |a| format!("Alias {a}"));
        Refusal::new("NotFoundException", format!("{what} does not exist"))
    })
}

fn key<'w>(world: &'w World, call: &Call) -> Result<(String, &'w Key), Refusal> {
    let id = wanted(world, call, true)?;
    let found = world.keys.keys.get(&id);
    found.map(|key| (id, key)).ok_or_else(|| Refusal::new("NotFoundException", "the key does not exist"))
}

fn list(world: &mut World, _: &Call) -> Answer {
    let each = world.keys.keys.keys().map(|id| json!({"KeyId": id, "KeyArn": full_name(world, id)}));
    Ok(json!({"Keys": each.collect::<Vec<_>>()}))
}

fn aliases(world: &mut World, call: &Call) -> Answer {
    let world: &World = world;
    let only = call.text("KeyId").map(|_| wanted(world, call, false)).transpose()?;
    let shown = world.keys.keys.iter().filter(|(id, _)| only.as_ref().is_none_or(|only| only == *id));
    let each = shown.flat_map(|(id, key)| {
        key.aliases.iter().map(move |alias| {
            let full = full_name(world, id).replace(&format!("key/{id}"), alias);
            json!({"AliasName": alias, "AliasArn": full, "TargetKeyId": id})
        })
    });
    Ok(json!({"Aliases": each.collect::<Vec<_>>()}))
}

fn shape(world: &World, id: &str, key: &Key) -> Value {
    let mut shape = json!({
        "AWSAccountId": world.stage.account.id,
        "KeyId": id,
        "Arn": full_name(world, id),
        "CreationDate": key.created.to_string(),
        "Enabled": key.state == Condition::Enabled,
        "Description": key.description,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": key.state.word(),
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": false,
    });
    if let (Some(day), Some(fields)) = (key.deletion, shape.as_object_mut()) {
        fields.insert("DeletionDate".to_owned(), json!(day.to_string()));
    }
    shape
}

fn describe(world: &mut World, call: &Call) -> Answer {
    let (id, key) = key(world, call)?;
    Ok(json!({"KeyMetadata": shape(world, &id, key)}))
}

fn tags(world: &mut World, call: &Call) -> Answer {
    let (_, key) = key(world, call)?;
    let tags = world.resource(key.uid).map(|r| trail::tag_list(&r.tags)).unwrap_or_default();
    let renamed = tags.as_array().into_iter().flatten();
    let renamed = renamed.map(|tag| json!({"TagKey": tag["Key"], "TagValue": tag["Value"]}));
    Ok(json!({"Tags": renamed.collect::<Vec<_>>(), "Truncated": false}))
}

fn grants(world: &mut World, call: &Call) -> Answer {
    key(world, call)?;
    Ok(json!({"Grants": [], "Truncated": false}))
}

fn rotation(world: &mut World, call: &Call) -> Answer {
    let (_, key) = key(world, call)?;
    Ok(json!({"KeyRotationEnabled": key.rotates}))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let digits = super::terraform::made_up(world, &format!("key {}", world.keys.keys.len()), 32);
    let id = crate::dashed(&digits);
    let uid = world.create(NewResource {
        kind: KIND.to_owned(),
        name: id.clone(),
        role: format!("key/{id}"),
        environment: Environment::Production,
        tags: BTreeMap::new(),
        stateful: false,
        serving: false,
        replaces: None,
    });
    let key = Key {
        uid,
        description: call.text("Description").unwrap_or_default().to_owned(),
        created: world.now(),
        rotates: false,
        state: Condition::Enabled,
        deletion: None,
        aliases: BTreeSet::new(),
        buckets: BTreeSet::new(),
    };
    let shape = shape(world, &id, &key);
    world.keys.keys.insert(id, key);
    Ok(json!({"KeyMetadata": shape}))
}

fn create_alias(world: &mut World, call: &Call) -> Answer {
    let alias = call.text("AliasName").unwrap_or_default().to_owned();
    if !alias.starts_with("alias/") || alias.starts_with("alias/aws/") || alias.len() > 256 {
        return Err(Refusal::new("ValidationException", format!("{alias} is no name for an alias")));
    }
    if world.keys.keys.values().any(|key| key.aliases.contains(&alias)) {
        return Err(Refusal::new(
            "AlreadyExistsException",
            format!("An alias with the name {alias} already exists"),
        ));
    }
    let named = Call::new(
        call.service,
        "CreateAlias",
        call.text("TargetKeyId").unwrap_or_default(),
        Default::default(),
    );
    let id = wanted(world, &named, false)?;
    let Some(key) = world.keys.keys.get_mut(&id) else { return Ok(Value::Null) };
    key.aliases.insert(alias.clone());
    let uid = key.uid;
    world.effect(uid, Change::Configured { what: "alias".to_owned(), from: String::new(), to: alias });
    Ok(Value::Null)
}

fn delete_alias(world: &mut World, call: &Call) -> Answer {
    let alias = call.text("AliasName").unwrap_or_default().to_owned();
    let found = world.keys.keys.values_mut().find(|key| key.aliases.contains(&alias));
    let Some(key) = found else {
        return Err(Refusal::new("NotFoundException", format!("Alias {alias} is not found.")));
    };
    key.aliases.remove(&alias);
    let uid = key.uid;
    world.effect(uid, Change::Configured { what: "alias".to_owned(), from: alias, to: String::new() });
    Ok(Value::Null)
}

/// Sets the state of a key and says so.
fn set(world: &mut World, id: &str, state: Condition, deletion: Option<Time>) -> Option<Key> {
    let key = world.keys.keys.get_mut(id)?;
    let before = std::mem::replace(&mut key.state, state);
    key.deletion = deletion;
    let key = key.clone();
    if before != state {
        let (from, to) = (before.word().to_owned(), state.word().to_owned());
        world.effect(key.uid, Change::Configured { what: "KeyState".to_owned(), from, to });
    }
    Some(key)
}

fn switch(world: &mut World, call: &Call, to: Condition) -> Answer {
    let id = wanted(world, call, false)?;
    pending(world, &id, false)?;
    set(world, &id, to, None);
    Ok(Value::Null)
}

/// Whether a key waits for its deletion, as it should or should not.
fn pending(world: &World, id: &str, should: bool) -> Result<(), Refusal> {
    let is = world.keys.keys.get(id).is_some_and(|key| key.state == Condition::PendingDeletion);
    if is == should {
        return Ok(());
    }
    let how = if is { "is pending deletion" } else { "is not pending deletion" };
    Err(Refusal::new("KMSInvalidStateException", format!("{} {how}.", full_name(world, id))))
}

fn schedule(world: &mut World, call: &Call) -> Answer {
    let id = wanted(world, call, false)?;
    pending(world, &id, false)?;
    let days = call.number("PendingWindowInDays").unwrap_or(WINDOW_DEFAULT);
    if !(WINDOW_DAYS.0..=WINDOW_DAYS.1).contains(&days) {
        let text = format!("PendingWindowInDays must be between {} and {}.", WINDOW_DAYS.0, WINDOW_DAYS.1);
        return Err(Refusal::new("ValidationException", text));
    }
    let now = world.now();
    let day = now.plus(days.saturating_mul(DAY_S));
    let Some(key) = set(world, &id, Condition::PendingDeletion, Some(day)) else { return Ok(Value::Null) };
    for (uid, place, records) in unreadable(world, &key) {
        let point = RestorePoint { from: format!("cancel-key-deletion {id}"), as_of: now, until: Some(day) };
        world.effect(
            uid,
            Change::RecordsLost {
                place,
                records,
                how: Loss::Deleted,
                rows: Vec::new(),
                restorable: Some(point),
            },
        );
    }
    world.schedule_for(world.cause(), day, WorldDue::Key(Due::Gone { id: id.clone(), at: day }));
    Ok(json!({
        "KeyId": full_name(world, &id), "DeletionDate": day.to_string(), "KeyState": "PendingDeletion",
        "PendingWindowInDays": days,
    }))
}

/// A key that was had back is disabled, and has to be enabled before anything under it can be read.
fn cancel(world: &mut World, call: &Call) -> Answer {
    let id = wanted(world, call, false)?;
    pending(world, &id, true)?;
    let Some(key) = set(world, &id, Condition::Disabled, None) else { return Ok(Value::Null) };
    for (uid, _, records) in unreadable(world, &key) {
        world.effect(uid, Change::Restored { records, from: format!("cancel-key-deletion {id}"), age_s: 0 });
    }
    Ok(json!({"KeyId": full_name(world, &id)}))
}
