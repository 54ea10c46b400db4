//! What callers ask of stacks: create, update, delete, continue or start a rollback, protect. Each request is checked
//! whole before anything changes, then set going on the agenda.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::stack_operations::{self, Act, Goal, Step};
use super::stack_plan::{self, Fate};
use super::stack_template::invalid;
use super::stacks::{self, Before, Key, OnFailure, Shape, Stack};
use super::{stack_phases, stack_policy, stack_shapes};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::effect::Change;

/// A stack in one of these states can be updated.
const UPDATABLE: &[&str] =
    &["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE"];

/// The protection that termination protection is.
pub(super) const TERMINATION_PROTECTION: &str = "termination_protection";

fn stack_policy_in(call: &Call, key: &str) -> Result<Option<Arc<Value>>, Refusal> {
    call.text(key).map(|body| stack_policy::parse(body).map(Arc::new)).transpose()
}

fn on_failure(call: &Call) -> Result<OnFailure, Refusal> {
    let disabled = call.flag("DisableRollback");
    match call.text("OnFailure").or(call.text("OnStackFailure")) {
        Some(_) if disabled => {
            Err(invalid("You can specify either DisableRollback or OnFailure, but not both."))
        }
        None if disabled => Ok(OnFailure::Nothing),
        None | Some("ROLLBACK") => Ok(OnFailure::Rollback),
        Some("DO_NOTHING") => Ok(OnFailure::Nothing),
        Some("DELETE") => Ok(OnFailure::Delete),
        Some(other) => Err(invalid(format!(
            "1 validation error detected: Value '{other}' at 'onFailure' failed to satisfy constraint: \
             Member must satisfy enum value set: [ROLLBACK, DELETE, DO_NOTHING]"
        ))),
    }
}

fn set_capabilities(stack: &mut Stack, call: &Call) {
    stack.capabilities = call.texts("Capabilities").into_iter().map(str::to_owned).collect();
}

fn id_of(world: &World, key: Key) -> Value {
    json!({"StackId": stacks::get(world, key).map(|stack| stack.id.as_str())})
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let shape = stack_shapes::shape(call, None)?;
    let on_failure = on_failure(call)?;
    let policy = stack_policy_in(call, "StackPolicyBody")?;
    let key = stack_shapes::add(world, stacks::name_in(call), shape, "CREATE_IN_PROGRESS")?;
    if let Some(stack) = stacks::get_mut(world, key) {
        stack.on_failure = on_failure;
        stack.policy = policy;
        set_capabilities(stack, call);
    }
    if call.flag("EnableTerminationProtection") {
        set_protection(world, key, true);
    }
    begin(world, key, Goal::Create)?;
    Ok(id_of(world, key))
}

/// Sets going what brings the stack to its shape.
///
/// # Errors
/// `ValidationError` where a condition cannot be told.
pub(super) fn begin(world: &mut World, key: Key, goal: Goal) -> Result<(), Refusal> {
    let Some(stack) = stacks::get(world, key) else { return Ok(()) };
    let active = stack_plan::active(world, stack, &stack.shape)?;
    let declared = stack.shape.template.resources.iter().filter(|(logical, _)| active.contains(*logical));
    let mut steps: BTreeMap<String, Step> = declared
        .map(|(logical, declared)| {
            let needs = declared.needs.intersection(&active).cloned().collect();
            (logical.clone(), Step::new(Act::Fit, needs))
        })
        .collect();
    for logical in stack.members.keys().filter(|logical| !active.contains(*logical)) {
        steps.insert(logical.clone(), Step::new(Act::Leave, BTreeSet::new()));
    }
    stack_operations::start(world, key, goal, steps);
    Ok(())
}

/// Whether the stack may be updated now.
///
/// # Errors
/// `ValidationError` with the state that forbids it.
pub(super) fn check_updatable(stack: &Stack) -> Result<(), Refusal> {
    match UPDATABLE.contains(&stack.status) {
        true => Ok(()),
        false => {
            Err(invalid(format!("Stack:{} is in {} state and can not be updated.", stack.id, stack.status)))
        }
    }
}

/// Whether this shape would change anything: members, tags or outputs.
///
/// # Errors
/// `ValidationError` where the template cannot be resolved.
pub(super) fn changes_anything(world: &World, stack: &Stack, shape: &Shape) -> Result<bool, Refusal> {
    let plan = stack_plan::plan(world, stack, shape)?;
    let nothing = BTreeSet::new();
    let outputs = |shape: &Shape| stack_plan::outputs(world, stack, shape, &nothing);
    Ok(plan.iter().any(|one| one.fate != Fate::Same)
        || stack.shape.tags != shape.tags
        || outputs(&stack.shape) != outputs(shape))
}

pub(super) fn update(world: &mut World, call: &Call) -> Answer {
    let name = stacks::name_in(call);
    let key = stacks::find(world, name).ok_or_else(|| invalid(format!("Stack [{name}] does not exist")))?;
    let Some(stack) = stacks::get(world, key) else { return Ok(Value::Null) };
    let shape = stack_shapes::shape(call, Some(stack))?;
    check_updatable(stack)?;
    if stack.status != "UPDATE_FAILED" && !changes_anything(world, stack, &shape)? {
        return Err(invalid("No updates are to be performed."));
    }
    let policy = stack_policy_in(call, "StackPolicyBody")?;
    let during = stack_policy_in(call, "StackPolicyDuringUpdateBody")?;
    if let Some(stack) = stacks::get_mut(world, key) {
        stack.policy = policy.or(stack.policy.take());
        stack.policy_during_update = during;
        set_capabilities(stack, call);
    }
    begin_update(world, key, shape, call.flag("DisableRollback"))?;
    Ok(id_of(world, key))
}

/// Remembers what the stack was and sets its update going.
///
/// # Errors
/// `ValidationError` where a condition cannot be told.
pub(super) fn begin_update(
    world: &mut World,
    key: Key,
    shape: Shape,
    keep_failure: bool,
) -> Result<(), Refusal> {
    let now = world.now();
    let Some(stack) = stacks::get_mut(world, key) else { return Ok(()) };
    let before = Before { shape: stack.shape.clone(), members: stack.members.clone() };
    stack.before.get_or_insert_with(|| Arc::new(before));
    stack.shape = shape;
    stack.updated = Some(now);
    stack.on_failure = if keep_failure { OnFailure::Nothing } else { OnFailure::Rollback };
    stack.change_sets.values_mut().for_each(|set| set.outdate());
    stack.turn(now, "UPDATE_IN_PROGRESS", "User Initiated");
    begin(world, key, Goal::Update)
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let Some(key) = stacks::find(world, stacks::name_in(call)) else { return Ok(Value::Null) };
    let Some(stack) = stacks::get(world, key) else { return Ok(Value::Null) };
    if matches!(stack.status, "DELETE_COMPLETE" | "DELETE_IN_PROGRESS") {
        return Ok(Value::Null);
    }
    let name = &stack.name;
    if stack.termination_protection {
        return Err(invalid(format!(
            "Stack [{name}] cannot be deleted while TerminationProtection is enabled"
        )));
    }
    if stack.is_busy() && !matches!(stack.status, "CREATE_IN_PROGRESS" | "ROLLBACK_IN_PROGRESS") {
        return Err(invalid(format!("Stack [{name}] cannot be deleted while in status {}", stack.status)));
    }
    let (force, retained) = (by_force(call, stack)?, retained(call, stack)?);
    stack_phases::turn(world, key, "DELETE_IN_PROGRESS", "User Initiated");
    stack_phases::remove_all(world, key, Goal::Delete, &retained);
    if let Some(work) = stacks::get_mut(world, key).and_then(|stack| stack.work.as_mut()) {
        work.force = force;
    }
    Ok(Value::Null)
}

/// Whether what cannot be deleted is to be left behind.
fn by_force(call: &Call, stack: &Stack) -> Result<bool, Refusal> {
    match call.text("DeletionMode") {
        None | Some("STANDARD") => Ok(false),
        Some("FORCE_DELETE_STACK") if stack.status == "DELETE_FAILED" => Ok(true),
        Some("FORCE_DELETE_STACK") => Err(invalid(format!(
            "Invalid operation on stack [{}]. A stack can be deleted by force only when it is in the \
             DELETE_FAILED state.",
            stack.id
        ))),
        Some(other) => Err(invalid(format!(
            "1 validation error detected: Value '{other}' at 'deletionMode' failed to satisfy constraint: \
             Member must satisfy enum value set: [STANDARD, FORCE_DELETE_STACK]"
        ))),
    }
}

/// The members that the caller wants to keep.
fn retained(call: &Call, stack: &Stack) -> Result<BTreeSet<String>, Refusal> {
    let retained: BTreeSet<String> = call.texts("RetainResources").into_iter().map(str::to_owned).collect();
    if !retained.is_empty() && stack.status != "DELETE_FAILED" {
        return Err(invalid(format!(
            "Invalid operation on stack [{}]. When you delete a stack, specify which resources to retain only when \
             the stack is in the DELETE_FAILED state.",
            stack.id
        )));
    }
    match retained.iter().find(|logical| !stack.members.contains_key(*logical)) {
        Some(unknown) => {
            Err(invalid(format!("Resource [{unknown}] does not exist for stack [{}]", stack.name)))
        }
        None => Ok(retained),
    }
}

pub(super) fn continue_rollback(world: &mut World, call: &Call) -> Answer {
    let key = stacks::named(world, call)?;
    let Some(stack) = stacks::get(world, key) else { return Ok(Value::Null) };
    if stack.status != "UPDATE_ROLLBACK_FAILED" {
        return Err(invalid(format!(
            "Stack:{} is in {} state and its rollback can not be continued.",
            stack.id, stack.status
        )));
    }
    let skipped: BTreeSet<String> = call.texts("ResourcesToSkip").into_iter().map(str::to_owned).collect();
    let failed = |logical: &&String| {
        stack.members.get(*logical).is_some_and(|member| member.status == "UPDATE_FAILED")
    };
    let wrong: Vec<&str> = skipped.iter().filter(|logical| !failed(logical)).map(String::as_str).collect();
    if !wrong.is_empty() {
        let names = wrong.join(", ");
        return Err(invalid(format!(
            "Only resources of the stack that are in UPDATE_FAILED state can be skipped: [{names}]"
        )));
    }
    stack_phases::turn(world, key, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated");
    let now = world.now();
    if let Some(stack) = stacks::get_mut(world, key) {
        for logical in &skipped {
            let old = stack.before.as_ref().and_then(|before| before.members.get(logical)).cloned();
            stack.members.extend(old.map(|old| (logical.clone(), old)));
            stack.turn_member(now, logical, "UPDATE_COMPLETE", "Resource skipped during rollback");
        }
    }
    stack_phases::roll_back_update(world, key, &skipped);
    Ok(json!({}))
}

pub(super) fn roll_back(world: &mut World, call: &Call) -> Answer {
    let key = stacks::named(world, call)?;
    let Some(stack) = stacks::get(world, key) else { return Ok(Value::Null) };
    match stack.status {
        "CREATE_FAILED" => {
            stack_phases::turn(world, key, "ROLLBACK_IN_PROGRESS", "User Initiated");
            stack_phases::remove_all(world, key, Goal::RollbackCreate, &BTreeSet::new());
        }
        "UPDATE_FAILED" => {
            stack_phases::turn(world, key, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated");
            stack_phases::roll_back_update(world, key, &BTreeSet::new());
        }
        status => {
            let text = format!("Stack [{}] is in {status} state and can not be rolled back.", stack.name);
            return Err(invalid(text));
        }
    }
    Ok(id_of(world, key))
}

pub(super) fn cancel_update(world: &mut World, call: &Call) -> Answer {
    let key = stacks::named(world, call)?;
    let Some(stack) = stacks::get(world, key) else { return Ok(Value::Null) };
    if stack.status != "UPDATE_IN_PROGRESS" {
        return Err(invalid("CancelUpdateStack cannot be called from current stack status"));
    }
    stack_operations::cancel_update(world, key);
    Ok(Value::Null)
}

pub(super) fn protect(world: &mut World, call: &Call) -> Answer {
    let key = stacks::named(world, call)?;
    let on = call.args.get("EnableTerminationProtection").and_then(Value::as_bool);
    let on = on.ok_or_else(|| invalid("EnableTerminationProtection must be given"))?;
    set_protection(world, key, on);
    Ok(id_of(world, key))
}

/// Switches termination protection on or off.
pub(crate) fn set_protection(world: &mut World, key: Key, on: bool) {
    let Some(stack) = stacks::get_mut(world, key) else { return };
    stack.termination_protection = on;
    if let Some(uid) = stack.uid {
        world.protect(uid, TERMINATION_PROTECTION, on);
    }
}

pub(super) fn set_policy(world: &mut World, call: &Call) -> Answer {
    let key = stacks::named(world, call)?;
    let body = call.text("StackPolicyBody");
    let body = body.ok_or_else(|| invalid("Either a StackPolicyBody or a StackPolicyURL must be given"))?;
    let policy = Arc::new(stack_policy::parse(body)?);
    let Some(stack) = stacks::get_mut(world, key) else { return Ok(Value::Null) };
    let before = stack.policy.replace(policy.clone());
    let from = before.map_or_else(|| "none".to_owned(), |before| before.to_string());
    let to = policy.to_string();
    if let Some(uid) = stack.uid.filter(|_| from != to) {
        world.effect(uid, Change::Configured { what: "stack policy".to_owned(), from, to });
    }
    Ok(Value::Null)
}
