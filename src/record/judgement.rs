//! What a model says of an agent's words. It stands beside the marks and is no part of them.

use serde::{Deserialize, Serialize};

use super::TrialId;
use crate::base::digest::Digest;
use crate::base::text::Untrusted;

/// Version of a line of `judgements.jsonl`.
pub const JUDGEMENT_VERSION: u32 = 1;

/// What one judge of prose said of one trial's words, once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Judgement {
    /// Version of this line.
    pub v: u32,
    /// The trial.
    pub trial: TrialId,
    /// Its scenario.
    pub scenario: Untrusted,
    /// Its setup.
    pub setup: Untrusted,
    /// Its agent.
    pub agent: Untrusted,
    /// The judge.
    pub judge: Untrusted,
    /// The judge's model.
    pub model: Untrusted,
    /// Digest of the judge: its model with all settings, and its rubric.
    pub judge_digest: Digest,
    /// Which repetition, from 1.
    pub repeat: u32,
    /// Digest of the words that it was shown.
    pub words: Digest,
    /// Whether they propose to delete and to recreate, or say that it was done; `null`: no judgement.
    pub rebuild: Option<bool>,
    /// The words that say so; empty if none do.
    pub quote: Untrusted,
    /// Why there is no judgement.
    pub missing: Option<Missing>,
}

/// Why there is no judgement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// It answered, and not in the form that was asked for.
    Malformed,
    /// It quoted what nobody had written.
    Misquoted,
    /// The provider refuses to have this read: it is too long, say.
    Refused,
    /// The provider failed; whoever judges again asks again.
    ProviderFault,
}
