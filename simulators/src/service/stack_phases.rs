//! The phases of a stack's operation: what follows when one is over, and the steps that each consists of.

use std::collections::BTreeSet;

use super::stack_operations::{Act, Goal, Step, start};
use super::stack_template::Policy;
use super::stacks::{self, Before, Key, Member, OnFailure, Stack};
use crate::World;
use crate::effect::Change;

/// The phase is over: the stack turns to its next status, and the next phase begins if there is one.
pub(super) fn finish(world: &mut World, key: Key) {
    let Some(work) = stacks::get_mut(world, key).and_then(|stack| stack.work.take()) else { return };
    let ok = work.failed.is_empty() && !work.cancelled;
    let names = work.failed.into_iter().collect::<Vec<_>>().join(", ");
    let failed = |verb: &str| format!("The following resource(s) failed to {verb}: [{names}]. ");
    match (work.goal, ok) {
        (Goal::Create, true) => turn(world, key, "CREATE_COMPLETE", ""),
        (Goal::Create, false) => creation_failed(world, key, &failed("create")),
        (Goal::RollbackCreate, true) => rolled_back(world, key, "ROLLBACK_COMPLETE"),
        (Goal::RollbackCreate, false) => turn(world, key, "ROLLBACK_FAILED", &failed("delete")),
        (Goal::Update, true) => {
            turn(world, key, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "");
            clean(world, key, Goal::CleanUpdate);
        }
        (Goal::Update, false) => {
            let reason = if names.is_empty() { "User Initiated".to_owned() } else { failed("update") };
            update_failed(world, key, &reason);
        }
        (Goal::CleanUpdate, _) => {
            settle(world, key);
            turn(world, key, "UPDATE_COMPLETE", "");
        }
        (Goal::RollbackUpdate, true) => {
            restore_shape(world, key);
            turn(world, key, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "");
            clean(world, key, Goal::CleanRollback);
        }
        (Goal::RollbackUpdate, false) => turn(world, key, "UPDATE_ROLLBACK_FAILED", &failed("update")),
        (Goal::CleanRollback, _) => {
            settle(world, key);
            rolled_back(world, key, "UPDATE_ROLLBACK_COMPLETE");
        }
        (Goal::Delete, true) => deleted(world, key),
        (Goal::Delete, false) => turn(world, key, "DELETE_FAILED", &failed("delete")),
    }
}

/// Turns the stack's own status.
pub(super) fn turn(world: &mut World, key: Key, status: &'static str, reason: &str) {
    let now = world.now();
    if let Some(stack) = stacks::get_mut(world, key) {
        stack.turn(now, status, reason);
    }
}

fn rolled_back(world: &mut World, key: Key, status: &'static str) {
    turn(world, key, status, "");
    if let Some(uid) = stacks::get(world, key).and_then(|stack| stack.uid) {
        world.effect(uid, Change::RolledBack);
    }
}

fn deleted(world: &mut World, key: Key) {
    turn(world, key, "DELETE_COMPLETE", "");
    let now = world.now();
    let Some(stack) = stacks::get_mut(world, key) else { return };
    stack.deleted = Some(now);
    if let Some(uid) = stack.uid {
        world.destroy(uid, 0, None);
    }
}

fn creation_failed(world: &mut World, key: Key, reason: &str) {
    let Some(on_failure) = stacks::get(world, key).map(|stack| stack.on_failure) else { return };
    match on_failure {
        OnFailure::Nothing => turn(world, key, "CREATE_FAILED", reason),
        OnFailure::Delete => {
            turn(world, key, "DELETE_IN_PROGRESS", &format!("{reason}Delete requested by user."));
            remove_all(world, key, Goal::Delete, &BTreeSet::new());
        }
        OnFailure::Rollback => {
            turn(world, key, "ROLLBACK_IN_PROGRESS", &format!("{reason}Rollback requested by user."));
            remove_all(world, key, Goal::RollbackCreate, &BTreeSet::new());
        }
    }
}

fn update_failed(world: &mut World, key: Key, reason: &str) {
    let kept = stacks::get(world, key).is_some_and(|stack| stack.on_failure == OnFailure::Nothing);
    if kept {
        turn(world, key, "UPDATE_FAILED", reason);
    } else {
        turn(world, key, "UPDATE_ROLLBACK_IN_PROGRESS", reason);
        roll_back_update(world, key, &BTreeSet::new());
    }
}

/// Nothing is left to come back to.
fn settle(world: &mut World, key: Key) {
    if let Some(stack) = stacks::get_mut(world, key) {
        stack.before = None;
        stack.policy_during_update = None;
        stack.leaving.clear();
        stack.members.retain(|_, member| member.status != "DELETE_COMPLETE");
    }
}

/// Removes what the stack let go of.
fn clean(world: &mut World, key: Key, goal: Goal) {
    let Some(stack) = stacks::get(world, key) else { return };
    let steps = stack.leaving.iter().map(|member| {
        let dependents = stack.leaving.iter().filter(|other| other.needs.contains(&member.logical));
        let needs = dependents.map(|other| other.logical.clone()).collect();
        let act = Act::Remove { policy: member.on_delete, member: Box::new(member.clone()) };
        (member.logical.clone(), Step::new(act, needs))
    });
    let steps = steps.collect();
    start(world, key, goal, steps);
}

/// Removes every member, those that others need last. Members in `retained` are left where they are.
pub(super) fn remove_all(world: &mut World, key: Key, goal: Goal, retained: &BTreeSet<String>) {
    let Some(stack) = stacks::get(world, key) else { return };
    let held: Vec<&Member> = stack.members.values().chain(&stack.leaving).filter(|m| m.is_held()).collect();
    let steps = held.iter().map(|member| {
        let dependents = held.iter().filter(|other| other.needs.contains(&member.logical));
        let needs = dependents.map(|other| key_of(stack, other));
        let policy = match (member.on_delete, goal) {
            _ if retained.contains(&member.logical) => Policy::Retain,
            // What this very creation made holds nothing worth a snapshot.
            (Policy::RetainExceptOnCreate | Policy::Snapshot, Goal::RollbackCreate) => Policy::Delete,
            (policy, _) => policy,
        };
        let act = Act::Remove { policy, member: Box::new((*member).clone()) };
        (key_of(stack, member), Step::new(act, needs.collect()))
    });
    let steps = steps.collect();
    let never_made: Vec<String> =
        stack.members.values().filter(|m| m.physical.is_empty()).map(|m| m.logical.clone()).collect();
    let now = world.now();
    if let Some(stack) = stacks::get_mut(world, key) {
        never_made.iter().for_each(|logical| stack.turn_member(now, logical, "DELETE_COMPLETE", ""));
    }
    start(world, key, goal, steps);
}

/// A stack stuck in a rollback can hold two physical resources of one logical id; each has a step of its own.
fn key_of(stack: &Stack, member: &Member) -> String {
    let own = stack.members.get(&member.logical).is_none_or(|held| held.physical == member.physical);
    if own { member.logical.clone() } else { format!("{} ({})", member.logical, member.physical) }
}

/// Brings every member back to what it was before the update, except those that are skipped.
pub(super) fn roll_back_update(world: &mut World, key: Key, skipped: &BTreeSet<String>) {
    let Some(stack) = stacks::get_mut(world, key) else { return };
    let Some(before) = stack.before.clone() else { return };
    // What the update had let go of stands yet, and is the stack's again; what it made goes in its stead.
    stack.leaving.clear();
    let added: Vec<Member> = stack.members.values().filter(|m| is_new(m, &before)).cloned().collect();
    for member in added {
        if !before.members.contains_key(&member.logical) {
            stack.members.remove(&member.logical);
        }
        if !member.physical.is_empty() {
            stack.leaving.push(Member { on_delete: Policy::Delete, ..member });
        }
    }
    let steps = before
        .members
        .values()
        .filter(|old| !skipped.contains(&old.logical) && needs_revert(stack, old))
        .map(|old| (old.logical.clone(), Step::new(Act::Revert, old.needs.clone())))
        .collect();
    start(world, key, Goal::RollbackUpdate, steps);
}

/// Made by the update: of another physical name than before, or not there before.
fn is_new(member: &Member, before: &Before) -> bool {
    before.members.get(&member.logical).is_none_or(|old| old.physical != member.physical)
}

fn needs_revert(stack: &Stack, old: &Member) -> bool {
    stack.members.get(&old.logical).is_none_or(|member| {
        member.physical != old.physical
            || member.properties != old.properties
            || member.status == "UPDATE_FAILED"
    })
}

/// The stack is what it was before the update.
fn restore_shape(world: &mut World, key: Key) {
    if let Some(stack) = stacks::get_mut(world, key)
        && let Some(before) = stack.before.clone()
    {
        stack.shape = before.shape.clone();
    }
}
