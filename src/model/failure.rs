//! Why one try came to nothing, and what to do about it.

use std::error::Error;
use std::time::Duration;

use super::fault::{Fault, Refusal};

/// Why one try came to nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    pub what: What,
    /// In whole, for people.
    pub text: String,
    /// How long the provider wants to be left alone.
    pub after: Option<Duration>,
    /// The provider had begun to answer, or may have: it may bill what never came.
    pub may_cost: bool,
}

/// What kind of failure it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// The provider has too much to do: ask less, and later.
    Busy,
    /// Something broke: ask again.
    Broken,
    /// The provider failed, and would fail again.
    Hopeless,
    /// The provider refuses this very request.
    Refused(Refusal),
}

impl Failure {
    fn new(what: What, text: impl Into<String>) -> Self {
        Self { what, text: text.into(), after: None, may_cost: false }
    }

    pub fn busy(text: impl Into<String>) -> Self {
        Self::new(What::Busy, text)
    }

    pub fn broken(text: impl Into<String>) -> Self {
        Self::new(What::Broken, text)
    }

    pub fn hopeless(text: impl Into<String>) -> Self {
        Self::new(What::Hopeless, text)
    }

    pub fn refused(refusal: Refusal, text: impl Into<String>) -> Self {
        Self::new(What::Refused(refusal), text)
    }

    /// The provider may bill it all the same.
    pub fn may_cost(mut self) -> Self {
        self.may_cost = true;
        self
    }

    /// Whether another try may go better.
    pub const fn is_worth_a_try(&self) -> bool {
        matches!(self.what, What::Busy | What::Broken)
    }

    /// What a request that fails like this comes to; `told` is the whole story.
    pub fn fault(&self, told: String) -> Fault {
        match self.what {
            What::Refused(refusal) => Fault::Refused { refusal, text: told },
            What::Busy | What::Broken | What::Hopeless => Fault::Provider(told),
        }
    }
}

/// An error with its causes; without the address, which the reader knows.
pub(super) fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = next.source();
    }
    text
}
