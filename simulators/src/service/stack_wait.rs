//! `aws cloudformation wait`: time passes until a stack is where the waiter wants it, or cannot get there any more.

use super::stack_changes;
use super::stack_template::invalid;
use super::stacks;
use super::waits::{self, Seen};
use crate::World;
use crate::call::{Answer, Call};

/// A waiter, as the published models define it.
struct Waiter {
    name: &'static str,
    every_s: i64,
    attempts_max: u32,
    /// It has succeeded in one of these states.
    good: &'static [&'static str],
    /// It can only fail from one of these.
    bad: &'static [&'static str],
    /// A stack that does not exist means success or failure at once; `None`: neither yet.
    missing: Option<bool>,
}

const WAITERS: &[Waiter] = &[
    Waiter {
        name: "stack-create-complete",
        every_s: 30,
        attempts_max: 120,
        good: &[
            "CREATE_COMPLETE",
            "UPDATE_COMPLETE",
            "UPDATE_IN_PROGRESS",
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_FAILED",
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_FAILED",
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE",
        ],
        bad: &["CREATE_FAILED", "DELETE_COMPLETE", "DELETE_FAILED", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE"],
        missing: Some(false),
    },
    Waiter {
        name: "stack-update-complete",
        every_s: 30,
        attempts_max: 120,
        good: &["UPDATE_COMPLETE"],
        bad: &["UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_COMPLETE"],
        missing: Some(false),
    },
    Waiter {
        name: "stack-delete-complete",
        every_s: 30,
        attempts_max: 120,
        good: &["DELETE_COMPLETE"],
        bad: &[
            "DELETE_FAILED",
            "CREATE_FAILED",
            "ROLLBACK_FAILED",
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_FAILED",
            "UPDATE_ROLLBACK_COMPLETE",
            "UPDATE_COMPLETE",
        ],
        missing: Some(true),
    },
    Waiter {
        name: "stack-rollback-complete",
        every_s: 30,
        attempts_max: 120,
        good: &["UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE"],
        bad: &["UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "ROLLBACK_FAILED"],
        missing: Some(false),
    },
    Waiter { name: "stack-exists", every_s: 5, attempts_max: 20, good: &[], bad: &[], missing: None },
    Waiter {
        name: "change-set-create-complete",
        every_s: 30,
        attempts_max: 120,
        good: &["CREATE_COMPLETE"],
        bad: &["FAILED"],
        missing: Some(false),
    },
];

pub(super) fn wait(world: &mut World, call: &Call) -> Answer {
    let name = call.text("Waiter").unwrap_or_default();
    let waiter = WAITERS.iter().find(|waiter| waiter.name == name);
    let waiter = waiter.ok_or_else(|| invalid(format!("there is no waiter {name}")))?;
    // A name means another stack once its stack is gone; the waiter goes on asking by the name, as the real one does.
    waits::wait(world, waiter.every_s, waiter.attempts_max, |world| look(world, call, waiter))
}

fn look(world: &World, call: &Call, waiter: &Waiter) -> Seen {
    let of_set = waiter.name == "change-set-create-complete";
    let (status, place) = if of_set {
        (stack_changes::status(world, call).ok().map(|(status, _)| status), "Status")
    } else {
        let key = stacks::find(world, stacks::name_in(call));
        (key.and_then(|key| stacks::get(world, key)).map(|stack| stack.status), "Stacks[].StackStatus")
    };
    let Some(status) = status else {
        return match waiter.missing {
            Some(true) => Seen::Good,
            Some(false) => {
                let code = if of_set { "ChangeSetNotFound" } else { "ValidationError" };
                Seen::Bad(format!("An error occurred ({code}): what was waited for does not exist"))
            }
            None => Seen::NotYet,
        };
    };
    if waiter.good.contains(&status) || waiter.good.is_empty() {
        return Seen::Good;
    }
    match waiter.bad.contains(&status) {
        true => Seen::Bad(format!(
            "For expression \"{place}\" we matched expected path: \"{status}\" at least once"
        )),
        false => Seen::NotYet,
    }
}
