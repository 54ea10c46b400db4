//! What a stack asks of the services that keep its members: make, change, remove, and whether they stand.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::stack_template::Policy;
use super::stack_types::{Keeper, ResourceType};
use super::stack_values::as_text;
use super::stacks::{Member, Stack};
use super::{arn, databases, functions, identity, objects, observability};
use crate::World;
use crate::call::{Answer, Call, Refusal, Service};
use crate::chance::Chance;
use crate::resource::{Environment, NewResource, Uid};

/// The protection that a deletion policy other than `Delete` is.
pub(super) const DELETION_POLICY: &str = "deletion_policy";

const SUFFIX_DIGITS: usize = 12;
/// Instance identifiers and bucket names are no longer than this.
const NAME_CHARS_MAX: usize = 63;

/// What the members of a stack carry of it.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub name: String,
    pub id: String,
    pub environment: Environment,
    pub tags: BTreeMap<String, String>,
}

impl Owner {
    pub fn of(stack: &Stack) -> Self {
        Self {
            name: stack.name.clone(),
            id: stack.id.clone(),
            environment: stack.environment,
            tags: stack.shape.tags.clone(),
        }
    }

    /// The stack's tags, and those that tell where a resource belongs.
    pub fn tags_of(&self, logical: &str) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        tags.insert("aws:cloudformation:logical-id".to_owned(), logical.to_owned());
        tags.insert("aws:cloudformation:stack-id".to_owned(), self.id.clone());
        tags.insert("aws:cloudformation:stack-name".to_owned(), self.name.clone());
        tags
    }

    fn resource(&self, member: &Member, replaces: Option<Uid>) -> NewResource {
        NewResource {
            kind: member.kind.name.to_owned(),
            name: member.physical.clone(),
            role: format!("{}/{}", self.name, member.logical),
            environment: self.environment,
            tags: self.tags_of(&member.logical),
            stateful: member.kind.stateful(),
            serving: member.kind.serving(),
            replaces,
        }
    }
}

/// The identity of a member, if it really stands.
pub(super) fn standing(world: &World, member: &Member) -> Option<Uid> {
    let name = member.physical.as_str();
    match member.kind.keeper {
        Keeper::Database => databases::uid(world, name),
        Keeper::Bucket => objects::uid(world, name),
        Keeper::Function | Keeper::Api => functions::uid(world, name),
        Keeper::Role => identity::uid(world, name),
        Keeper::Watched(kind) => observability::uid(world, kind, name),
        Keeper::Stacks => {
            member.own.filter(|uid| world.resource(*uid).is_some_and(|r| r.destroyed.is_none()))
        }
    }
}

/// The name that the template gives the physical resource, if it gives one.
pub(super) fn explicit_name(kind: &ResourceType, properties: &Value) -> Option<String> {
    // A REST API is no custom-named resource (its id is made up anew), but here its name is its identity.
    let property = if kind.keeper == Keeper::Api { "Name" } else { kind.named_by };
    properties.get(property).map(as_text).filter(|name| !name.is_empty())
}

/// A name of the real shape, `<stack>-<logical>-<12 letters and digits>`, the same for the same stack and turn.
pub(super) fn made_up_name(world: &World, owner: &Owner, logical: &str, kind: &ResourceType) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let stream = format!("stacks/name {} {logical} {}", owner.id, world.now());
    let mut chance = Chance::stream(world.seed, &stream);
    let mut digit = || usize::try_from(chance.between(0, 35)).ok().and_then(|at| DIGITS.get(at)).copied();
    let suffix: String = (0..SUFFIX_DIGITS).filter_map(|_| digit()).map(char::from).collect();
    let room = NAME_CHARS_MAX.saturating_sub(SUFFIX_DIGITS.saturating_add(1));
    let stem: String = format!("{}-{logical}", owner.name).chars().take(room).collect();
    let name = format!("{stem}-{suffix}");
    if kind.lower_case() { name.to_lowercase() } else { name }
}

/// What `Ref` (no attribute) or `Fn::GetAtt` gives for a member.
pub(super) fn answers(world: &World, kind: &ResourceType, physical: &str, attribute: Option<&str>) -> Value {
    let Some(attribute) = attribute else { return json!(physical) };
    let pattern =
        kind.attributes.iter().find(|(name, _)| *name == attribute).map_or("", |(_, pattern)| pattern);
    json!(arn::filled(world, pattern, physical).replace("{suffix}", suffix(world)))
}

/// What addresses of the partition end in.
pub(super) fn suffix(world: &World) -> &'static str {
    match world.stage.account.partition.as_str() {
        "aws-cn" => "amazonaws.com.cn",
        _ => "amazonaws.com",
    }
}

/// Begins to make a member under its physical name. Returns how long it takes.
pub(super) fn make(
    world: &mut World,
    owner: &Owner,
    member: &mut Member,
    replaces: Option<Uid>,
) -> Result<i64, Refusal> {
    let resource = owner.resource(member, replaces);
    let name = member.physical.clone();
    let properties = member.properties.clone();
    let lasting = world.lasting(member.kind.name, member.kind.create_s);
    let seconds = match member.kind.keeper {
        Keeper::Database => databases::create_instance(world, instance(&name, &properties), resource)?,
        Keeper::Bucket => {
            objects::create_bucket(world, &name, versioning(&properties), resource).map(|()| lasting)?
        }
        Keeper::Function => {
            functions::create(world, function(&name, &properties), resource).map(|()| lasting)?
        }
        Keeper::Api => {
            functions::create_api(world, &name, &backend(&properties), resource).map(|()| lasting)?
        }
        Keeper::Role => identity::create_role(world, &name, resource).map(|()| lasting)?,
        Keeper::Watched(kind) => {
            observability::create(world, kind, &name, &properties, resource).map(|()| lasting)?
        }
        Keeper::Stacks => {
            if world.standing(&resource.kind, &resource.name).is_some() {
                return Err(Refusal::new("AlreadyExists", format!("{name} already exists")));
            }
            member.own = Some(world.create(resource));
            lasting
        }
    };
    guard(world, member);
    Ok(seconds)
}

/// Keeps the protection that the deletion policy is in step with it, for what holds records.
pub(super) fn guard(world: &mut World, member: &Member) {
    if !member.kind.stateful() {
        return;
    }
    if let Some(uid) = standing(world, member) {
        world.protect(uid, DELETION_POLICY, member.on_delete != Policy::Delete);
    }
}

fn instance(id: &str, properties: &Value) -> databases::NewInstance {
    let text = |key: &str, otherwise: &str| properties.get(key).map_or(otherwise.to_owned(), as_text);
    let number = |key: &str, otherwise: i64| text(key, "").parse().unwrap_or(otherwise);
    databases::NewInstance {
        id: id.to_owned(),
        class: text("DBInstanceClass", "db.m5.large"),
        name: text("DBName", "postgres"),
        user: text("MasterUsername", "postgres"),
        allocated_gib: number("AllocatedStorage", 20),
        retention_days: number("BackupRetentionPeriod", 1),
        deletion_protection: text("DeletionProtection", "false") == "true",
    }
}

pub(super) fn versioning(properties: &Value) -> bool {
    properties.pointer("/VersioningConfiguration/Status").is_some_and(|status| as_text(status) == "Enabled")
}

fn function(name: &str, properties: &Value) -> functions::NewFunction {
    functions::NewFunction {
        name: name.to_owned(),
        build: build(properties),
        handler: properties.get("Handler").map(as_text).unwrap_or_default(),
        variables: variables(properties),
    }
}

/// The build's number: the digits at the end of the package's name (`builds/42.zip`, `report-42.zip`), else the name.
pub(super) fn build(properties: &Value) -> String {
    let key = properties.pointer("/Code/S3Key").map(as_text).unwrap_or_default();
    let file = key.rsplit('/').next().unwrap_or_default();
    let stem = file.strip_suffix(".zip").unwrap_or(file);
    let word = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    stem.strip_prefix(word).filter(|digits| !digits.is_empty()).unwrap_or(stem).to_owned()
}

pub(super) fn variables(properties: &Value) -> BTreeMap<String, String> {
    let given = properties.pointer("/Environment/Variables").and_then(Value::as_object);
    given.into_iter().flatten().map(|(key, value)| (key.clone(), as_text(value))).collect()
}

/// The function behind an API, which a template states under `Parameters`.
pub(super) fn backend(properties: &Value) -> String {
    properties.pointer("/Parameters/backend").map(as_text).unwrap_or_default()
}

/// Asks a service for something by its own API, in the name of what is going on.
pub(super) fn ask(world: &mut World, service: Service, operation: &str, target: &str, args: Value) -> Answer {
    let args = match args {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    let mut call = Call::new(service, operation, target, args);
    call.id = world.cause();
    world.apply(&call)
}

/// Begins to remove a member, with a last snapshot if one is wanted. Returns how long it takes.
///
/// One that is not there any more is removed already: only an update needs it to be there.
pub(super) fn remove(world: &mut World, member: &Member, snapshot: Option<&str>) -> Result<i64, Refusal> {
    let name = member.physical.as_str();
    let lasting = world.lasting(member.kind.name, member.kind.delete_s);
    let removed = match member.kind.keeper {
        Keeper::Database => {
            let setting = member.properties.get("DeleteAutomatedBackups").map(as_text);
            let keep = setting.is_some_and(|on| on == "false");
            databases::delete_instance(world, name, snapshot, keep)
        }
        Keeper::Bucket => objects::delete_bucket(world, name).map(|()| lasting),
        Keeper::Function => functions::delete(world, name).map(|()| lasting),
        Keeper::Api => functions::delete_api(world, name).map(|()| lasting),
        Keeper::Role => identity::delete_role(world, name).map(|()| lasting),
        Keeper::Watched(kind) => observability::delete(world, kind, name).map(|()| lasting),
        Keeper::Stacks => {
            if let Some(uid) = standing(world, member) {
                world.destroy(uid, 0, None);
            }
            Ok(lasting)
        }
    };
    match removed {
        Err(refusal) if handler_code(&refusal) == "NotFound" => Ok(lasting),
        other => other,
    }
}

/// Parts of the services' error codes, and what the stack's events call them.
const HANDLER_CODES: &[(&str, &str)] = &[
    ("NotFound", "NotFound"),
    ("NoSuch", "NotFound"),
    ("AlreadyExists", "AlreadyExists"),
    ("AlreadyOwned", "AlreadyExists"),
    ("Conflict", "AlreadyExists"),
    ("InvalidDBInstanceState", "ResourceConflict"),
    ("AccessDenied", "AccessDenied"),
    ("Exceeded", "ServiceLimitExceeded"),
];

/// What the stack's events call a refusal.
pub(super) fn handler_code(refusal: &Refusal) -> &'static str {
    let known = HANDLER_CODES.iter().find(|(part, _)| refusal.code.contains(part));
    known.map_or("InvalidRequest", |(_, code)| code)
}

/// The service is busy with the resource; the stack waits and asks again.
pub(super) fn is_passing(refusal: &Refusal) -> bool {
    handler_code(refusal) == "ResourceConflict"
}

/// A refusal as the reason of an event.
pub(super) fn reason(refusal: &Refusal) -> String {
    format!("{} (HandlerErrorCode: {})", refusal.message, handler_code(refusal))
}
