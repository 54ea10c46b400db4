//! What was said before the trial.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;

/// A message of before the trial.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PastMessage {
    /// Where it stands: `#general`, or any other channel, which is there for it then.
    pub channel: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Time,
    /// What they say.
    pub text: String,
}
