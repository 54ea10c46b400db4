//! Change sets: what an update would do, told before it is done.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::stack_operations::Goal;
use super::stack_plan::{self, Difference, Fate, Planned};
use super::stack_template::{Policy, invalid};
use super::stack_types::Recreation;
use super::stacks::{self, Key, OnFailure, Shape, Stack};
use super::{stack_requests, stack_shapes};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::clock::Time;

/// A change set of a stack.
#[derive(Clone, Debug)]
pub(crate) struct ChangeSet {
    pub(super) name: String,
    id: String,
    kind: &'static str,
    description: String,
    created: Time,
    pub(super) shape: Shape,
    capabilities: Vec<String>,
    changes: Arc<Value>,
    pub(super) status: &'static str,
    pub(super) reason: String,
    execution: &'static str,
}

impl ChangeSet {
    /// The stack has moved on; what the change set tells is no longer true.
    pub(super) fn outdate(&mut self) {
        if self.execution == "AVAILABLE" {
            self.execution = "OBSOLETE";
        }
    }
}

const NOTHING_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let kind = match call.text("ChangeSetType").unwrap_or("UPDATE") {
        "CREATE" => "CREATE",
        "UPDATE" => "UPDATE",
        other => {
            return Err(invalid(format!("'{other}' is no type of change set known here: CREATE, UPDATE")));
        }
    };
    let name = call.text("ChangeSetName").unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(invalid("ChangeSetName must be given"));
    }
    let stack_name = stacks::name_in(call);
    let found = stacks::find(world, stack_name);
    let stack = found.and_then(|key| stacks::get(world, key));
    let in_review = stack.is_some_and(|stack| stack.status == "REVIEW_IN_PROGRESS");
    if stack.is_some_and(|stack| stack.change_sets.contains_key(&name)) {
        let text = format!(
            "ChangeSet {name} cannot be created due to a mismatch with existing attribute or because it exists"
        );
        return Err(Refusal::new("AlreadyExistsException", text));
    }
    let (key, shape) = match (kind, found, stack) {
        ("CREATE", Some(key), Some(_)) if in_review => (key, stack_shapes::shape(call, None)?),
        ("CREATE", None, _) => {
            let shape = stack_shapes::shape(call, None)?;
            (stack_shapes::add(world, stack_name, shape.clone(), "REVIEW_IN_PROGRESS")?, shape)
        }
        ("CREATE", ..) => {
            return Err(invalid(format!(
                "Stack [{stack_name}] already exists and cannot be created again with the changeSet [{name}]."
            )));
        }
        (_, Some(key), Some(stack)) => {
            let shape = stack_shapes::shape(call, Some(stack))?;
            stack_requests::check_updatable(stack)?;
            (key, shape)
        }
        _ => return Err(invalid(format!("Stack [{stack_name}] does not exist"))),
    };
    let set = build(world, key, call, kind, name, shape)?;
    let Some(stack) = stacks::get_mut(world, key) else { return Ok(Value::Null) };
    let answer = json!({"Id": set.id, "StackId": stack.id});
    stack.change_sets.insert(set.name.clone(), set);
    Ok(answer)
}

fn build(
    world: &World,
    key: Key,
    call: &Call,
    kind: &'static str,
    name: String,
    shape: Shape,
) -> Result<ChangeSet, Refusal> {
    let missing = || invalid("Stack does not exist");
    let stack = stacks::get(world, key).ok_or_else(missing)?;
    let plan = stack_plan::plan(world, stack, &shape)?;
    let changes: Vec<Value> = plan.iter().filter_map(|planned| change(planned, &plan)).collect();
    let changed = kind == "CREATE" || stack_requests::changes_anything(world, stack, &shape)?;
    let (status, reason, execution) = match changed {
        true => ("CREATE_COMPLETE", "", "AVAILABLE"),
        false => ("FAILED", NOTHING_CHANGES, "UNAVAILABLE"),
    };
    let account = &world.stage.account;
    let uuid = stacks::uuid(world.seed, &format!("stacks/change set {} {name} {}", stack.id, world.now()));
    Ok(ChangeSet {
        id: format!(
            "arn:{}:cloudformation:{}:{}:changeSet/{name}/{uuid}",
            account.partition, account.region, account.id
        ),
        name,
        kind,
        description: call.text("Description").unwrap_or_default().to_owned(),
        created: world.now(),
        shape,
        capabilities: call.texts("Capabilities").into_iter().map(str::to_owned).collect(),
        changes: Arc::new(Value::Array(changes)),
        status,
        reason: reason.to_owned(),
        execution,
    })
}

/// A planned change in the real API's shape; `None` where nothing changes.
fn change(planned: &Planned, all: &[Planned]) -> Option<Value> {
    let (action, replacement) = match planned.fate {
        Fate::Same => return None,
        Fate::Add => ("Add", None),
        Fate::Remove => ("Remove", None),
        Fate::Modify => ("Modify", Some("False")),
        Fate::Maybe => ("Modify", Some("Conditional")),
        Fate::Replace => ("Modify", Some("True")),
    };
    let mut change = Map::new();
    if let Some(policy) = planned.policy {
        let name = policy_action(planned.fate, policy);
        change.insert("PolicyAction".to_owned(), json!(name));
    }
    change.insert("Action".to_owned(), json!(action));
    change.insert("LogicalResourceId".to_owned(), json!(planned.logical));
    if !planned.physical.is_empty() {
        change.insert("PhysicalResourceId".to_owned(), json!(planned.physical));
    }
    change.insert("ResourceType".to_owned(), json!(planned.kind.name));
    if let Some(replacement) = replacement {
        change.insert("Replacement".to_owned(), json!(replacement));
    }
    let scope: BTreeSet<&str> = planned.differences.iter().map(attribute).collect();
    change.insert("Scope".to_owned(), json!(scope.into_iter().rev().collect::<Vec<_>>()));
    let details: Vec<Value> = planned.differences.iter().map(|difference| detail(difference, all)).collect();
    change.insert("Details".to_owned(), json!(details));
    Some(json!({"Type": "Resource", "ResourceChange": change}))
}

fn policy_action(fate: Fate, policy: Policy) -> String {
    let kept = if policy == Policy::RetainExceptOnCreate { Policy::Retain } else { policy };
    match fate {
        Fate::Remove => kept.name().to_owned(),
        _ => format!("ReplaceAnd{}", kept.name()),
    }
}

fn attribute(difference: &Difference) -> &'static str {
    if difference.property.is_empty() { "Metadata" } else { "Properties" }
}

fn detail(difference: &Difference, all: &[Planned]) -> Value {
    let mut target = Map::new();
    target.insert("Attribute".to_owned(), json!(attribute(difference)));
    if !difference.property.is_empty() {
        target.insert("Name".to_owned(), json!(difference.property));
    }
    let recreation = if difference.property.is_empty() { Recreation::Never } else { difference.recreation };
    target.insert("RequiresRecreation".to_owned(), json!(recreation.name()));
    let (evaluation, source, cause) = match (&difference.awaits, &difference.parameter) {
        (Some(resource), _) => {
            let known = all.iter().any(|planned| planned.logical == *resource);
            ("Dynamic", "ResourceReference", known.then_some(resource))
        }
        (None, Some(parameter)) => ("Static", "ParameterReference", Some(parameter)),
        (None, None) => ("Static", "DirectModification", None),
    };
    let mut detail = Map::new();
    detail.insert("Target".to_owned(), Value::Object(target));
    detail.insert("Evaluation".to_owned(), json!(evaluation));
    detail.insert("ChangeSource".to_owned(), json!(source));
    if let Some(cause) = cause {
        detail.insert("CausingEntity".to_owned(), json!(cause));
    }
    Value::Object(detail)
}

/// The change set that a call names: by its name with the stack's, or by its ARN.
fn named(world: &World, call: &Call) -> Result<(Key, String), Refusal> {
    let name = call.text("ChangeSetName").unwrap_or_default();
    let gone = || Refusal::new("ChangeSetNotFound", format!("ChangeSet [{name}] does not exist"));
    if name.starts_with("arn:") {
        let mut all = world.stacks.stacks.iter().enumerate();
        let found = all.find_map(|(key, stack)| {
            stack.change_sets.values().find(|set| set.id == name).map(|set| (key, set.name.clone()))
        });
        return found.ok_or_else(gone);
    }
    if stacks::name_in(call).is_empty() {
        return Err(invalid("StackName must be specified if ChangeSetName is not specified as an ARN."));
    }
    let key = stacks::named(world, call)?;
    let there = stacks::get(world, key).is_some_and(|stack| stack.change_sets.contains_key(name));
    if there { Ok((key, name.to_owned())) } else { Err(gone()) }
}

fn look(world: &World, call: &Call) -> Result<(Key, ChangeSet), Refusal> {
    let (key, name) = named(world, call)?;
    let set = stacks::get(world, key).and_then(|stack| stack.change_sets.get(&name)).cloned();
    set.map(|set| (key, set)).ok_or_else(|| invalid(format!("ChangeSet [{name}] does not exist")))
}

/// The status of the change set that a call names, and its reason.
///
/// # Errors
/// `ChangeSetNotFound`.
pub(super) fn status(world: &World, call: &Call) -> Result<(&'static str, String), Refusal> {
    look(world, call).map(|(_, set)| (set.status, set.reason))
}

pub(super) fn describe(world: &mut World, call: &Call) -> Answer {
    let (key, set) = look(world, call)?;
    let Some(stack) = stacks::get(world, key) else { return Ok(Value::Null) };
    let mut answer = summary(stack, &set);
    if let Some(map) = answer.as_object_mut() {
        map.insert("Parameters".to_owned(), json!(super::stack_describe::parameters(&set.shape)));
        map.insert("Tags".to_owned(), super::stack_describe::tags(&set.shape.tags));
        map.insert("Capabilities".to_owned(), json!(set.capabilities));
        map.insert("NotificationARNs".to_owned(), json!([]));
        map.insert("RollbackConfiguration".to_owned(), json!({}));
        map.insert("Changes".to_owned(), set.changes.as_ref().clone());
    }
    Ok(answer)
}

fn summary(stack: &Stack, set: &ChangeSet) -> Value {
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("ChangeSetName", json!(set.name));
    put("ChangeSetId", json!(set.id));
    put("StackId", json!(stack.id));
    put("StackName", json!(stack.name));
    if !set.description.is_empty() {
        put("Description", json!(set.description));
    }
    put("CreationTime", json!(set.created));
    put("ExecutionStatus", json!(set.execution));
    put("Status", json!(set.status));
    if !set.reason.is_empty() {
        put("StatusReason", json!(set.reason));
    }
    put("IncludeNestedStacks", json!(false));
    Value::Object(map)
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let key = stacks::named(world, call)?;
    let Some(stack) = stacks::get(world, key) else { return Ok(Value::Null) };
    let sets: Vec<Value> = stack.change_sets.values().map(|set| summary(stack, set)).collect();
    Ok(json!({"Summaries": sets}))
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    // Deleting one that is not there succeeds, as long as its stack can be told.
    if let Ok((key, name)) = named(world, call)
        && let Some(stack) = stacks::get_mut(world, key)
    {
        stack.change_sets.remove(&name);
    }
    Ok(json!({}))
}

pub(super) fn execute(world: &mut World, call: &Call) -> Answer {
    let (key, set) = look(world, call)?;
    let Some(stack) = stacks::get(world, key) else { return Ok(Value::Null) };
    if set.execution != "AVAILABLE" {
        let text = format!(
            "ChangeSet [{}] cannot be executed in its current status of [{}] with execution status of [{}]",
            set.id, set.status, set.execution
        );
        return Err(Refusal::new("InvalidChangeSetStatus", text));
    }
    if set.kind == "UPDATE" {
        stack_requests::check_updatable(stack)?;
    }
    if let Some(stack) = stacks::get_mut(world, key) {
        // The others told of a stack that is no more; the real service drops them too.
        stack.change_sets.retain(|name, _| *name == set.name);
        if let Some(own) = stack.change_sets.get_mut(&set.name) {
            own.execution = "EXECUTE_COMPLETE";
        }
        stack.capabilities.clone_from(&set.capabilities);
    }
    let keep_failure = call.flag("DisableRollback");
    if set.kind == "UPDATE" {
        stack_requests::begin_update(world, key, set.shape, keep_failure)?;
        return Ok(json!({}));
    }
    let now = world.now();
    if let Some(stack) = stacks::get_mut(world, key) {
        stack.shape = set.shape;
        stack.on_failure = if keep_failure { OnFailure::Nothing } else { OnFailure::Rollback };
        stack.turn(now, "CREATE_IN_PROGRESS", "User Initiated");
    }
    stack_requests::begin(world, key, Goal::Create)?;
    Ok(json!({}))
}
