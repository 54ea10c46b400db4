//! One member's step: what a stack does when it starts, and what it says when it ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::stack_operations::{Act, Outcome, Step};
use super::stack_plan;
use super::stack_policy::{self, Update};
use super::stack_resources::{self, Owner};
use super::stack_settings;
use super::stack_template::{Declared, Policy};
use super::stack_types::{Recreation, ResourceType};
use super::stack_values::same;
use super::stacks::{self, Key, Member};
use crate::World;
use crate::call::Refusal;
use crate::chance::Chance;
use crate::resource::Uid;

const SNAPSHOT_SUFFIX_DIGITS: usize = 12;

/// How a step started.
pub(super) enum Started {
    /// There was nothing to do.
    Nothing,
    /// It will be done after so many seconds.
    Lasts(i64),
    /// It will fail.
    Refused,
    /// The service is busy with the resource.
    Busy,
}

/// Starts a step and sets its outcome.
pub(super) fn start(world: &mut World, key: Key, logical: &str, step: &mut Step) -> Started {
    let (status, begun) = match step.act.clone() {
        Act::Fit => match fit(world, key, logical) {
            Ok(None) => return Started::Nothing,
            Ok(Some((status, seconds))) => (status, Ok(seconds)),
            Err(refusal) => ("", Err(refusal)),
        },
        Act::Leave => match leave(world, key, logical) {
            Ok(()) => return Started::Nothing,
            Err(refusal) => ("", Err(refusal)),
        },
        Act::Revert => match revert(world, key, logical) {
            Ok(None) => return Started::Nothing,
            Ok(Some(seconds)) => ("UPDATE_COMPLETE", Ok(seconds)),
            Err(refusal) => ("", Err(refusal)),
        },
        Act::Remove { member, policy } => {
            let skips = matches!(policy, Policy::Retain | Policy::RetainExceptOnCreate);
            if skips {
                tell_removal(world, key, &member, "DELETE_SKIPPED", "");
                return Started::Nothing;
            }
            if step.tries == 0 {
                tell_removal(world, key, &member, "DELETE_IN_PROGRESS", "");
            }
            ("DELETE_COMPLETE", remove(world, key, &member, policy))
        }
    };
    let (outcome, started) = match begun {
        Ok(seconds) => (Outcome::Done(status), Started::Lasts(seconds)),
        Err(refusal) if stack_resources::is_passing(&refusal) => (Outcome::Again, Started::Busy),
        Err(refusal) => (Outcome::Failed(stack_resources::reason(&refusal)), Started::Refused),
    };
    step.outcome = outcome;
    started
}

/// What a step's member is called after it failed.
pub(super) fn failed_status(world: &World, key: Key, logical: &str, step: &Step) -> &'static str {
    if let Act::Remove { .. } = step.act {
        return "DELETE_FAILED";
    }
    let status = stacks::get(world, key).and_then(|s| s.members.get(logical)).map_or("", |m| m.status);
    if status.starts_with("CREATE") { "CREATE_FAILED" } else { "UPDATE_FAILED" }
}

/// Tells how a step ended.
pub(super) fn end(
    world: &mut World,
    key: Key,
    logical: &str,
    step: &Step,
    status: &'static str,
    reason: &str,
) {
    if let Act::Remove { member, .. } = &step.act {
        tell_removal(world, key, member, status, reason);
        return;
    }
    let now = world.now();
    if let Some(stack) = stacks::get_mut(world, key) {
        stack.turn_member(now, logical, status, reason);
    }
}

/// A removal is told of the member if the stack still holds it, else of the physical resource that it had.
fn tell_removal(world: &mut World, key: Key, member: &Member, status: &'static str, reason: &str) {
    let now = world.now();
    let Some(stack) = stacks::get_mut(world, key) else { return };
    let held = stack.members.get(&member.logical).is_some_and(|m| m.physical == member.physical);
    if held {
        stack.turn_member(now, &member.logical, status, reason);
    } else {
        let mut gone = member.clone();
        gone.turn(now, status, reason);
        stack.tell(gone.event());
    }
}

fn remove(world: &mut World, key: Key, member: &Member, policy: Policy) -> Result<i64, Refusal> {
    let owner = stacks::get(world, key).map(|stack| (stack.name.clone(), stack.id.clone()));
    let (name, id) = owner.unwrap_or_default();
    let snapshot = (policy == Policy::Snapshot).then(|| {
        let mut chance = Chance::stream(world.seed, &format!("stacks/snapshot {id} {}", member.physical));
        let suffix = chance.hex(SNAPSHOT_SUFFIX_DIGITS);
        format!("{name}-snapshot-{}-{suffix}", member.logical).to_lowercase()
    });
    stack_resources::remove(world, member, snapshot.as_deref())
}

fn wrong(text: impl Into<String>) -> Refusal {
    Refusal::new("InvalidRequest", text)
}

/// Makes, changes or replaces a member, or does nothing where nothing differs.
fn fit(world: &mut World, key: Key, logical: &str) -> Result<Option<(&'static str, i64)>, Refusal> {
    let Some(stack) = stacks::get(world, key) else { return Ok(None) };
    let Some(declared) = stack.shape.template.resources.get(logical).cloned() else { return Ok(None) };
    let wanted = stack_plan::properties(world, stack, &stack.shape, logical, &BTreeSet::new());
    let held = stack.members.get(logical).filter(|member| member.is_held()).cloned();
    let Some(old) = held else {
        announce(world, key, logical, &declared);
        return make(world, key, logical, &declared, wanted?, None).map(|s| Some(("CREATE_COMPLETE", s)));
    };
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(refusal) => return refuse(world, key, logical, refusal),
    };
    if !std::ptr::eq(old.kind, declared.kind) {
        return refuse(world, key, logical, wrong("Update of resource type is not permitted."));
    }
    let changed = stack_settings::differing(&old.properties, &wanted);
    if changed.is_empty() {
        let metadata = !same(&old.metadata, &declared.metadata);
        note(world, key, logical, &declared, &wanted);
        if metadata {
            say(world, key, logical, "UPDATE_IN_PROGRESS", "");
        }
        return Ok(metadata.then_some(("UPDATE_COMPLETE", 1)));
    }
    if changed.iter().any(|name| old.kind.recreation(name) == Recreation::Always) {
        return replace(world, key, &old, &declared, wanted);
    }
    if let Err(refusal) = stack_policy::check(world, key, logical, Update::Modify) {
        return refuse(world, key, logical, refusal);
    }
    note(world, key, logical, &declared, &wanted);
    say(world, key, logical, "UPDATE_IN_PROGRESS", "");
    match stack_settings::change(world, &old, &old.properties, &wanted) {
        Ok(seconds) => Ok(Some(("UPDATE_COMPLETE", seconds))),
        Err(refusal) => {
            put_back_to_try_again(world, key, &old, &refusal);
            Err(refusal)
        }
    }
}

/// A step that will be tried again must find the same difference once more, or it would end without having done it.
fn put_back_to_try_again(world: &mut World, key: Key, member: &Member, refusal: &Refusal) {
    if !stack_resources::is_passing(refusal) {
        return;
    }
    if let Some(stack) = stacks::get_mut(world, key) {
        stack.members.insert(member.logical.clone(), member.clone());
    }
}

/// A refusal before anything was asked of the service: the member's update began and fails.
fn refuse<T>(world: &mut World, key: Key, logical: &str, refusal: Refusal) -> Result<T, Refusal> {
    say(world, key, logical, "UPDATE_IN_PROGRESS", "");
    Err(refusal)
}

fn say(world: &mut World, key: Key, logical: &str, status: &'static str, reason: &str) {
    let now = world.now();
    if let Some(stack) = stacks::get_mut(world, key) {
        stack.turn_member(now, logical, status, reason);
    }
}

/// What becomes of a member that is let go of: what the template says, unless the account keeps what holds records.
fn kept(retains: bool, kind: &ResourceType, policy: Policy) -> Policy {
    if retains && kind.stateful() { Policy::Retain } else { policy }
}

/// Writes down what is now asked of a member's service.
fn note(world: &mut World, key: Key, logical: &str, declared: &Declared, wanted: &Value) {
    let Some(stack) = stacks::get_mut(world, key) else { return };
    let retains = stack.retains;
    let Some(member) = stack.members.get_mut(logical) else { return };
    member.properties = Arc::new(wanted.clone());
    member.metadata = Arc::new(declared.metadata.clone());
    member.needs = declared.needs.clone();
    member.on_delete = kept(retains, declared.kind, declared.on_delete);
    member.on_replace = kept(retains, declared.kind, declared.on_replace);
    let member = member.clone();
    stack_resources::guard(world, &member);
}

/// Puts a member that does not stand yet into the stack.
fn announce(world: &mut World, key: Key, logical: &str, declared: &Declared) {
    let now = world.now();
    let Some(stack) = stacks::get_mut(world, key) else { return };
    stack.members.insert(logical.to_owned(), blank(logical, declared, now));
    stack.turn_member(now, logical, "CREATE_IN_PROGRESS", "");
}

/// A member as its template declares it, before it is made.
pub(super) fn blank(logical: &str, declared: &Declared, now: crate::clock::Time) -> Member {
    Member {
        logical: logical.to_owned(),
        kind: declared.kind,
        physical: String::new(),
        own: None,
        status: "CREATE_IN_PROGRESS",
        reason: String::new(),
        updated: now,
        properties: Arc::new(Value::Null),
        metadata: Arc::new(declared.metadata.clone()),
        needs: declared.needs.clone(),
        on_delete: declared.on_delete,
        on_replace: declared.on_replace,
    }
}

/// Makes the physical resource of a member. Refused, it stays without one, so that a rollback cannot delete what
/// another stack or a person has made under the same name.
fn make(
    world: &mut World,
    key: Key,
    logical: &str,
    declared: &Declared,
    wanted: Value,
    replaces: Option<Uid>,
) -> Result<i64, Refusal> {
    let Some(stack) = stacks::get(world, key) else { return Ok(0) };
    let owner = Owner::of(stack);
    let status = stack.members.get(logical).map_or("CREATE_IN_PROGRESS", |member| member.status);
    if let Some(missing) = declared.kind.required.iter().find(|name| wanted.get(**name).is_none()) {
        let what = format!(
            "Properties validation failed for resource {logical}: required key [{missing}] not found"
        );
        return Err(wrong(what));
    }
    let mut member = Member { status, ..blank(logical, declared, world.now()) };
    member.physical = stack_resources::explicit_name(declared.kind, &wanted)
        .unwrap_or_else(|| stack_resources::made_up_name(world, &owner, logical, declared.kind));
    member.properties = Arc::new(wanted);
    let seconds = stack_resources::make(world, &owner, &mut member, replaces)?;
    if let Some(stack) = stacks::get_mut(world, key) {
        stack.members.insert(logical.to_owned(), member);
    }
    say(world, key, logical, status, "Resource creation Initiated");
    Ok(seconds)
}

/// Makes a new physical resource in the place of the old one, which the cleanup removes.
fn replace(
    world: &mut World,
    key: Key,
    old: &Member,
    declared: &Declared,
    wanted: Value,
) -> Result<Option<(&'static str, i64)>, Refusal> {
    let logical = old.logical.as_str();
    if let Err(refusal) = stack_policy::check(world, key, logical, Update::Replace) {
        return refuse(world, key, logical, refusal);
    }
    let explicit = stack_resources::explicit_name(declared.kind, &wanted);
    if explicit.as_deref() == Some(old.physical.as_str()) {
        let what = "CloudFormation cannot update a stack when a custom-named resource requires replacing.";
        let advice = format!("Rename {} and update the stack again.", old.physical);
        return refuse(world, key, logical, wrong(format!("{what} {advice}")));
    }
    let why = "Requested update requires the creation of a new physical resource; hence creating one.";
    say(world, key, logical, "UPDATE_IN_PROGRESS", why);
    let seconds = make(world, key, logical, declared, wanted, stack_resources::standing(world, old))?;
    if let Some(stack) = stacks::get_mut(world, key) {
        let on_delete = kept(stack.retains, old.kind, declared.on_replace);
        stack.leaving.push(Member { on_delete, ..old.clone() });
    }
    Ok(Some(("UPDATE_COMPLETE", seconds)))
}

/// Lets go of a member that the template no longer has.
fn leave(world: &mut World, key: Key, logical: &str) -> Result<(), Refusal> {
    if let Err(refusal) = stack_policy::check(world, key, logical, Update::Delete) {
        return refuse(world, key, logical, refusal);
    }
    let Some(stack) = stacks::get_mut(world, key) else { return Ok(()) };
    let left = stack.members.remove(logical).filter(Member::is_held);
    stack.leaving.extend(left);
    Ok(())
}

/// Brings a member back to what it was before the update; `None` where only the stack's memory had changed.
fn revert(world: &mut World, key: Key, logical: &str) -> Result<Option<i64>, Refusal> {
    let Some(stack) = stacks::get_mut(world, key) else { return Ok(None) };
    let Some(old) = stack.before.as_ref().and_then(|before| before.members.get(logical)).cloned() else {
        return Ok(None);
    };
    let present = stack.members.insert(logical.to_owned(), old.clone());
    let Some(present) = present.filter(|present| present.physical == old.physical) else {
        // The old physical resource was never touched. It is the stack's again.
        say(world, key, logical, "UPDATE_COMPLETE", "");
        return Ok(None);
    };
    say(world, key, logical, "UPDATE_IN_PROGRESS", "");
    let begun = stack_settings::change(world, &old, &present.properties, &old.properties);
    if let Err(refusal) = &begun {
        put_back_to_try_again(world, key, &present, refusal);
    }
    begun.map(Some)
}
