//! What came of trying a command line against a setup.

use serde::Serialize;
use serde_json::Value;
use simulators::call::{Call, Refusal};
use simulators::effect::Effect;

use super::Verdict;
use super::tool::ToolStatus;
use crate::base::text::Untrusted;

/// A command line, or another use of a tool, that was tried.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Tried {
    /// As it was given.
    pub line: Untrusted,
    /// What it asked of the world, in order. Empty: nothing, so nothing was decided.
    pub asked: Vec<TriedCall>,
    /// How it went.
    pub status: ToolStatus,
    /// What an agent would have heard.
    pub heard: Untrusted,
    /// The real tool knows it and the simulation does not.
    pub unsimulated: bool,
}

/// One call, or one plan put up for review, and what was decided on it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TriedCall {
    /// The simple command; for a plan, its summary.
    pub line: Untrusted,
    /// The parsed call; `None`: a plan.
    pub call: Option<Call>,
    /// What it would change.
    pub effects: Vec<Effect>,
    /// The refusal that it would meet, permissions and guardrails apart.
    pub refusal: Option<Refusal>,
    /// The document that policies are shown of it, as `show schema case` describes it; `None`: no guardrail was to be asked.
    pub case: Option<Value>,
    /// What each guardrail said, in the order in which they were asked.
    pub said: Vec<Said>,
    /// What came of it.
    pub verdict: Verdict,
}

/// What a guardrail said of a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Said {
    /// Which.
    pub guardrail: String,
    /// Its answer.
    pub says: Says,
    /// Its reason, where it gave one.
    pub why: Untrusted,
}

/// The answer of a guardrail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// Nothing against it.
    Allow,
    /// Not this.
    Deny,
    /// A person has to say.
    Ask,
    /// It broke, or did not answer.
    Nothing,
}

impl Says {
    /// The word for terminals.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Ask => "ask",
            Self::Nothing => "no answer",
        }
    }
}

impl Tried {
    /// Everything that it asked was let through; `None`: it asked nothing.
    pub fn allowed(&self) -> Option<bool> {
        (!self.asked.is_empty()).then(|| self.asked.iter().all(|call| call.verdict.allows()))
    }

    /// Some guardrail wanted a person to say.
    pub fn was_asked(&self) -> bool {
        self.asked.iter().flat_map(|call| &call.said).any(|said| said.says == Says::Ask)
    }
}
