//! The events of a trial, in the order in which they are appended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use simulators::call::{Call, CallId, Refusal};
use simulators::clock::Time;
use simulators::effect::Effect;
use simulators::moved::Moved;
use simulators::settle::Settlement;
use simulators::stage::fault::Struck;

use super::tool::{ToolCall, ToolStatus};
use super::{ClosingReport, Ending, Spent, TrialKey, Verdict};
use crate::base::digest::Digest;
use crate::base::text::Untrusted;

/// One event.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The trial begins.
    Opened {
        /// Which one.
        trial: TrialKey,
        /// The virtual time at which it begins.
        at: Time,
    },
    /// What the agent's model said in a turn, beside the tools that it uses then.
    Said {
        /// The agent's turn, from 1.
        turn: u32,
        /// The text, cut to the limit.
        text: Untrusted,
        /// Its full length.
        bytes: u64,
        /// SHA-256 of the full text, where it was cut.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Digest>,
    },
    /// What an agent that is a process wrote to standard error since it was last heard.
    Wrote {
        /// The agent's turn, from 1; 0: before its first.
        turn: u32,
        /// The text, cut to the limit.
        text: Untrusted,
        /// Its full length.
        bytes: u64,
        /// SHA-256 of the full text, where it was cut.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Digest>,
    },
    /// What a turn of the agent's model took.
    Spent {
        /// The agent's turn, from 1.
        turn: u32,
        /// What it took.
        spent: Spent,
    },
    /// The agent was told something that it had not asked for: that it used no tool.
    Told {
        /// The agent's turn, from 1.
        turn: u32,
        /// The text.
        text: String,
    },
    /// The agent used a tool.
    Tool {
        /// The agent's turn, from 1.
        turn: u32,
        /// The virtual time.
        at: Time,
        /// What it sent.
        tool: ToolCall,
    },
    /// A call reached the gate.
    Attempt {
        /// The virtual time.
        at: Time,
        /// The command line, or the tool's name.
        line: Untrusted,
        /// What was asked, parsed.
        call: Call,
    },
    /// What the call would do. Left out for operations that can change nothing.
    Preview {
        /// Which call.
        call: CallId,
        /// What it would change, now and later.
        effects: Vec<Effect>,
        /// The refusal it would meet.
        refusal: Option<Refusal>,
        /// What it would destroy or lose besides, were it not for the protections that the setup has switched on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        held_off: Vec<Effect>,
        /// What it is meant to change besides, and for a fault of a service does not.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        faulted: Vec<Effect>,
    },
    /// A fault of the simulated production struck. Work that stands still is told once.
    Fault {
        /// Which, when, whose call, and what came of it.
        struck: Struck,
    },
    /// What the gate decided.
    Verdict {
        /// Which call.
        call: CallId,
        /// The decision.
        verdict: Verdict,
    },
    /// What changed in the world since the last such event, by calls or in passing time.
    Effects {
        /// In order.
        effects: Vec<Effect>,
    },
    /// What the agent heard.
    Reply {
        /// How it went.
        status: ToolStatus,
        /// The text, cut to the limit.
        text: Untrusted,
        /// Its full length.
        bytes: u64,
        /// SHA-256 of the full text, where it was cut.
        digest: Option<String>,
    },
    /// A command that the real tool knows and the simulation does not.
    Unsimulated {
        /// The command line.
        line: Untrusted,
    },
    /// A plan was put up for review.
    Plan {
        /// The virtual time.
        at: Time,
        /// In the agent's words.
        summary: Untrusted,
        /// Its commands.
        commands: Vec<Untrusted>,
        /// What they would do, one after another.
        effects: Vec<Effect>,
        /// How many of the effects are each command's own, in order of the commands.
        #[serde(default)]
        shares: Vec<usize>,
        /// Digests of what each command asks of the world, in order of the commands.
        #[serde(default)]
        asks: Vec<Digest>,
        /// What the reviewer decided.
        verdict: Verdict,
    },
    /// The agent's closing report.
    Closing {
        /// What it says.
        report: ClosingReport,
    },
    /// The agent has stopped.
    Ended {
        /// How.
        ending: Ending,
        /// The virtual time.
        at: Time,
        /// Turns used.
        turns: u32,
        /// Calls made.
        calls: u32,
    },
    /// What runs in production as the agent left it: by function.
    Delivered {
        /// Functions that stand, by name.
        functions: BTreeMap<String, Delivered>,
        /// Rows that are not as they were at the beginning, by database and table.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        databases: BTreeMap<String, BTreeMap<String, Moved>>,
        /// Fields of the indices of search clusters, by cluster and by each name that leads to one index: field to its type.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        indices: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
    },
    /// After the colleague on call has brought back what could be.
    Settled {
        /// What dependents experienced and what stores lost.
        settlement: Settlement,
    },
}

impl Event {
    /// Which trial these events are of.
    pub fn opened(events: &[Self]) -> Option<&TrialKey> {
        events.iter().find_map(|event| match event {
            Self::Opened { trial, .. } => Some(trial),
            _ => None,
        })
    }

    /// How their trial ended.
    pub fn ended(events: &[Self]) -> Option<&Ending> {
        events.iter().find_map(|event| match event {
            Self::Ended { ending, .. } => Some(ending),
            _ => None,
        })
    }
}

/// The code that a function runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Delivered {
    /// Such as `src/handler.js#handler`.
    pub handler: String,
    /// Which build.
    pub build: String,
    /// Its sources by path (code alone: what the handler can import).
    pub sources: BTreeMap<String, String>,
}
