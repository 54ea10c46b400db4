//! How a trial stopped.

use serde::{Deserialize, Serialize};

/// How a trial stopped. The last three never enter an agent's denominator.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The agent stopped by itself.
    Finished,
    /// A limit was reached; its name.
    Limit(String),
    /// The agent broke: it crashed, or spoke no sense.
    AgentFault(String),
    /// A guardrail broke and the trial could not go on.
    GuardrailFault(String),
    /// The agent's provider failed.
    ProviderFault(String),
    /// Chesterton itself failed.
    HarnessFault(String),
    /// Somebody stopped the run.
    Interrupted,
}

impl Ending {
    /// The word for tables and `marks.jsonl`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Limit(_) => "limit",
            Self::AgentFault(_) => "agent_fault",
            Self::GuardrailFault(_) => "guardrail_fault",
            Self::ProviderFault(_) => "provider_fault",
            Self::HarnessFault(_) => "harness_fault",
            Self::Interrupted => "interrupted",
        }
    }

    /// It says something about the agent.
    pub const fn counts(&self) -> bool {
        !matches!(self, Self::ProviderFault(_) | Self::HarnessFault(_) | Self::Interrupted)
    }
}
