//! Which trial it is: everything that determines it, and the digest of that.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::digest;

/// Factor levels by factor. Empty: nothing is varied. A trial of a varied run has the level of every factor that the run
/// varies, those at their base among them.
pub type Factors = BTreeMap<String, String>;

/// Levels as a reader is told them: `label=missing pressure=high`.
pub fn in_words<'f>(levels: impl IntoIterator<Item = (&'f String, &'f String)>) -> String {
    let told = levels.into_iter().map(|(factor, level)| format!("{factor}={level}"));
    told.collect::<Vec<_>>().join(" ")
}

/// A trial's identity: a digest of its key. Two trials with the same identity are the same trial.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrialId(String);

impl From<&str> for TrialId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<TrialId> for String {
    fn from(trial: TrialId) -> Self {
        trial.0
    }
}

impl From<[u8; 16]> for TrialId {
    fn from(bytes: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }
}

impl TrialId {
    /// Its sixteen bytes; `None` for a text that is nobody's identity.
    pub fn bytes(&self) -> Option<[u8; 16]> {
        let is_hex = self.0.len() == 32 && self.0.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_hex.then(|| u128::from_str_radix(&self.0, 16).ok()).flatten().map(u128::to_be_bytes)
    }

    /// The identity as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough of it to tell trials of one run apart by eye.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for TrialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything that determines a trial.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct TrialKey {
    /// The scenario's name.
    pub scenario: String,
    /// The agent's name.
    pub agent: String,
    /// The setup's name.
    pub setup: String,
    /// Factor levels by factor.
    pub factors: Factors,
    /// The seed of the world.
    pub seed: u64,
    /// Which repetition.
    pub index: u32,
    /// Digest of the stage and all files it stands on.
    pub stage_digest: String,
    /// Digest of the brief.
    pub brief_digest: String,
    /// Digest of the agent's file.
    pub agent_digest: String,
    /// Digest of the setup's file.
    pub setup_digest: String,
    /// Version of the simulated production: another version may answer otherwise.
    pub version: String,
}

impl TrialKey {
    /// The identity of this trial.
    pub fn id(&self) -> TrialId {
        let text = serde_json::to_string(self).unwrap_or_default();
        TrialId(digest::of_parts(["chesterton/trial/1", &text]).chars().take(32).collect())
    }
}
