//! Why there is no answer.

use super::budget::Limit;

/// Why there is no answer. Texts hold no key, may hold what a provider wrote, and are for
/// [`crate::base::text::Untrusted`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The provider failed, for as long as was waited. It says nothing about the agent, and may go well another time.
    #[error("{0}")]
    Provider(String),
    /// The provider refuses this request, and would refuse it again.
    #[error("{text}")]
    Refused {
        /// What for.
        refusal: Refusal,
        /// In whole.
        text: String,
    },
    /// What may be spent is spent. Nothing was asked.
    #[error("{0}")]
    Budget(Limit),
    /// The tape that is replayed has no answer to this, or another question.
    #[error("{0}")]
    Tape(String),
    /// The exchange could not be recorded: the record is the product, so this stops the run.
    #[error("could not record to `{path}`: {cause}")]
    Unrecorded {
        /// The tape.
        path: String,
        /// In the words of the operating system.
        cause: String,
    },
}

/// What a provider refuses a request for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The conversation is longer than the model can read: a limit of the agent.
    ContextTooLong,
    /// The key is wrong, or may not do this, or nothing is left on its account.
    Key,
    /// There is no such model, or no such address.
    NoSuchModel,
    /// Anything else about the request: a setting that this model does not know.
    Request,
}
