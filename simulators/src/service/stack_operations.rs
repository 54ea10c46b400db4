//! The status machine of stacks, on the agenda.
//!
//! A work is one phase of an operation: steps, each for one member, that start as soon as what they need is done, side
//! by side like in the real service. When no step can go on, the phase ends and the next one follows from the table in
//! [`finish`]: an update is followed by its cleanup, a failed one by its rollback, and so on.

use std::collections::{BTreeMap, BTreeSet};

use super::stack_phases;
use super::stack_steps::{self, Started};
use super::stack_template::Policy;
use super::stacks::{self, Key, Member};
use crate::World;
use crate::world::Due;

/// Between a status of the stack and the first event of a member.
const BEGIN_S: i64 = 3;
/// A service says no this fast.
const REFUSAL_S: i64 = 2;
/// A stack asks a busy service again after so long, so many times.
const RETRY_S: i64 = 30;
const TRIES_MAX: u32 = 60;

/// A phase of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Goal {
    Create,
    RollbackCreate,
    Update,
    CleanUpdate,
    RollbackUpdate,
    CleanRollback,
    Delete,
}

/// What is being done for a stack.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(super) number: u32,
    pub(super) goal: Goal,
    pub(super) waiting: BTreeMap<String, Step>,
    pub(super) running: BTreeMap<String, Step>,
    pub(super) failed: BTreeSet<String>,
    /// What cannot be removed is left behind instead of failing the deletion.
    pub(super) force: bool,
    /// A person asked for the rollback.
    pub(super) cancelled: bool,
}

/// One member's part in a work.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub act: Act,
    pub needs: BTreeSet<String>,
    pub outcome: Outcome,
    pub tries: u32,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Bring the member to what the stack's template says: make it, change it, replace it, or nothing.
    Fit,
    /// Let a member go that the template no longer has; the cleanup removes it.
    Leave,
    /// Bring the member back to what it was before the update.
    Revert,
    /// Remove a physical resource.
    Remove { member: Box<Member>, policy: Policy },
}

/// How a running step will end when it comes due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    Done(&'static str),
    Failed(String),
    Again,
}

impl Step {
    pub fn new(act: Act, needs: BTreeSet<String>) -> Self {
        Self { act, needs, outcome: Outcome::Again, tries: 0 }
    }
}

/// Sets a work going.
pub(super) fn start(world: &mut World, key: Key, goal: Goal, steps: BTreeMap<String, Step>) {
    let Some(stack) = stacks::get_mut(world, key) else { return };
    stack.works = stack.works.saturating_add(1);
    let number = stack.works;
    stack.work = Some(Work {
        number,
        goal,
        waiting: steps,
        running: BTreeMap::new(),
        failed: BTreeSet::new(),
        force: false,
        cancelled: false,
    });
    world.schedule(BEGIN_S, Due::Stack(stacks::Due::Begin { stack: key, work: number }));
}

/// The work of that number, if it is still the one under way.
fn work(world: &mut World, key: Key, number: u32) -> Option<&mut Work> {
    stacks::get_mut(world, key)?.work.as_mut().filter(|work| work.number == number)
}

/// The steps of a work begin.
pub(super) fn begin(world: &mut World, key: Key, number: u32) {
    if work(world, key, number).is_some() {
        pump(world, key, number);
    }
}

/// Starts every step that can start; ends the phase when nothing runs any more.
fn pump(world: &mut World, key: Key, number: u32) {
    while let Some((logical, mut step)) = work(world, key, number).and_then(take_ready) {
        let started = stack_steps::start(world, key, &logical, &mut step);
        let seconds = match started {
            Started::Nothing => continue,
            Started::Lasts(seconds) => seconds,
            Started::Refused => REFUSAL_S,
            Started::Busy => RETRY_S,
        };
        if let Some(work) = work(world, key, number) {
            work.running.insert(logical.clone(), step);
            world.schedule(seconds, Due::Stack(stacks::Due::Step { stack: key, work: number, logical }));
        }
    }
    if work(world, key, number).is_some_and(|work| work.running.is_empty()) {
        stack_phases::finish(world, key);
    }
}

/// Takes out a step whose needs are met. After a failure nothing new is made.
fn take_ready(work: &mut Work) -> Option<(String, Step)> {
    if !work.failed.is_empty() && matches!(work.goal, Goal::Create | Goal::Update) {
        return None;
    }
    let open = |need: &String| {
        work.waiting.contains_key(need) || work.running.contains_key(need) || work.failed.contains(need)
    };
    let ready = work.waiting.iter().find(|(_, step)| !step.needs.iter().any(open));
    let logical = ready.map(|(logical, _)| logical.clone())?;
    work.waiting.remove_entry(&logical)
}

/// A step is done, refused, or tried again.
pub(super) fn step_due(world: &mut World, key: Key, number: u32, logical: &str) {
    let Some(mut step) = work(world, key, number).and_then(|work| work.running.remove(logical)) else {
        return;
    };
    if step.outcome == Outcome::Again {
        step.tries = step.tries.saturating_add(1);
        if step.tries > TRIES_MAX {
            step.outcome = Outcome::Failed(
                "The resource did not stabilize in time. (HandlerErrorCode: NotStabilized)".into(),
            );
        }
    }
    match &step.outcome {
        Outcome::Again => {
            if let Some(work) = work(world, key, number) {
                work.waiting.insert(logical.to_owned(), step);
            }
        }
        Outcome::Done(status) => {
            stack_steps::end(world, key, logical, &step, status, "");
        }
        Outcome::Failed(reason) => {
            let force = work(world, key, number).is_some_and(|work| work.force);
            if force && matches!(step.act, Act::Remove { .. }) {
                stack_steps::end(world, key, logical, &step, "DELETE_SKIPPED", reason);
            } else {
                let status = stack_steps::failed_status(world, key, logical, &step);
                stack_steps::end(world, key, logical, &step, status, reason);
                fail(world, key, number, logical);
            }
        }
    }
    pump(world, key, number);
}

/// Marks a step as failed. A creation or an update stops there: what runs is cancelled.
fn fail(world: &mut World, key: Key, number: u32, logical: &str) {
    let Some(work) = work(world, key, number) else { return };
    work.failed.insert(logical.to_owned());
    if matches!(work.goal, Goal::Create | Goal::Update) {
        let running = std::mem::take(&mut work.running);
        cancel(world, key, running);
    }
}

/// Breaks an update off; what it did is rolled back.
pub(super) fn cancel_update(world: &mut World, key: Key) {
    let Some(work) = stacks::get_mut(world, key).and_then(|stack| stack.work.as_mut()) else { return };
    work.cancelled = true;
    work.waiting.clear();
    let running = std::mem::take(&mut work.running);
    cancel(world, key, running);
    stack_phases::finish(world, key);
}

fn cancel(world: &mut World, key: Key, running: BTreeMap<String, Step>) {
    for (logical, step) in running {
        let status = stack_steps::failed_status(world, key, &logical, &step);
        let verb = if status == "CREATE_FAILED" { "creation" } else { "update" };
        stack_steps::end(world, key, &logical, &step, status, &format!("Resource {verb} cancelled"));
    }
}
