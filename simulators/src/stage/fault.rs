//! `[[fault]]` of a stage: what goes wrong in the simulated production, when, and what was seen of it.
//!
//! The verbs are those of an incident: throttle, stall, wedge, lie, crash, heal, skew. Faults strike the calls of a trial, never
//! the world's own doings. What is left to chance is drawn from a stream of the fault's name and of how many calls it was about
//! before, so that a preview meets exactly what the call meets, and another fault shifts nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::{CallId, Service};
use crate::clock::Time;

/// One thing that goes wrong. All conditions that are given have to hold; with none it strikes every call.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// Its name: in the ledger, for `heals`, and of its random stream.
    pub name: String,
    /// What it does.
    pub verb: Verb,
    /// The service whose calls, or whose work in progress, it is about; absent: any that is not on the agent's own machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// The operations it is about, such as `DescribeStacks`; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operation: Vec<String>,
    /// The name of the thing acted on; empty: any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// The how many-th of the calls that it is about, from 1; empty: each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nth: Vec<u64>,
    /// The chance that it strikes, per cent; absent: it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<i64>,
    /// From so many virtual seconds after the beginning on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_s: Option<i64>,
    /// Until so many virtual seconds after the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_s: Option<i64>,
    /// `stall`: so much longer; `wedge`: for so long, else until it is healed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_s: Option<i64>,
    /// `wedge`: so many steps of the work are done before it stops half-way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_steps: Option<u64>,
    /// `crash`: the call does its work and the answer is lost: a time-out. Else the service fails before it does anything.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub took_effect: bool,
    /// `lie`: reading calls see what stood so many seconds ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_s: Option<i64>,
    /// `lie`: what a refusal says instead; after any other answer it is printed as a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// `lie`: of what is printed, so many bytes arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keeps_bytes: Option<u32>,
    /// `skew`: times in answers are so many seconds off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_s: Option<i64>,
    /// `heal`: the names of the faults that end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub heals: Vec<String>,
}

/// What a fault does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// The service has had too many requests; nothing is done.
    #[default]
    Throttle,
    /// It takes longer: what a call sets going, or, where it sets nothing going, its answer.
    Stall,
    /// Work in progress stands still: what the calls that it strikes set going, or all of the service if only times are given.
    Wedge,
    /// The answer is not true: old, cut short, or misleading.
    Lie,
    /// The service fails: before the call, or after it took effect.
    Crash,
    /// Other faults end, and what stood still goes on.
    Heal,
    /// Clocks differ: times in answers are off.
    Skew,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Throttle, Self::Stall, Self::Wedge, Self::Lie, Self::Crash, Self::Heal, Self::Skew];
}

/// What came of a fault, once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Struck {
    /// When.
    pub at: Time,
    /// The call that it struck, or that had set going what stands still.
    pub call: CallId,
    /// The fault's name.
    pub fault: String,
    /// What came of it.
    pub came: Came,
}

/// What came of a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// Refused as one too many; the call did nothing.
    Throttled,
    /// It failed before it did anything.
    Failed,
    /// It did its work, and the answer was lost.
    TimedOutAfterEffect,
    /// It takes so many seconds longer.
    Slowed(i64),
    /// Work in progress stands still.
    StoodStill,
    /// What stood still may go on.
    Healed,
    /// The answer is what stood so many seconds ago.
    Stale(i64),
    /// It says something else.
    Misled,
    /// Only so many bytes of it arrived.
    Cut(u32),
    /// Times in it are so many seconds off.
    Skewed(i64),
}

/// What of an answer is changed after it is printed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Garble {
    /// Printed as a warning.
    pub says: Option<String>,
    /// So many bytes arrive.
    pub keeps_bytes: Option<u32>,
}

impl Garble {
    /// What arrives of a reply.
    #[must_use]
    pub fn of(self, mut reply: crate::cli::Reply) -> crate::cli::Reply {
        if let Some(bytes) = self.keeps_bytes {
            let end = reply.stdout.floor_char_boundary(usize::try_from(bytes).unwrap_or(usize::MAX));
            reply.stdout.truncate(end);
        }
        if let Some(says) = self.says {
            reply.stderr.push_str(&says);
            reply.stderr.push('\n');
        }
        reply
    }
}
