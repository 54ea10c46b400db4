//! What a model answers, in words of no dialect.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::money::Usd;
use super::request::Echo;
use crate::record::Spent;

/// A whole answer: nothing of one that was cut off on its way is ever handed up.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// What it says, without its reasoning.
    pub text: String,
    /// The tools that it uses, in order.
    pub uses: Vec<ToolUse>,
    /// The answer as it is to be sent back, in [`super::Turn::Assistant`].
    pub echo: Echo,
    /// What it took; `None` where the provider does not say.
    pub usage: Option<Usage>,
    /// Why it ended there.
    pub stop: Stop,
}

/// The model uses a tool.
#[derive(Clone, PartialEq, Debug)]
pub struct ToolUse {
    /// What its result is sent back under; unique in the answer.
    pub id: String,
    /// The tool's name, as the model wrote it.
    pub name: String,
    /// Its arguments.
    pub arguments: Arguments,
}

/// Arguments of a tool, as the model wrote them.
#[derive(Clone, PartialEq, Debug)]
pub enum Arguments {
    /// A JSON object.
    Parsed(Value),
    /// Something else, or something that ends in the middle: not to be played, and told to the model.
    Malformed {
        /// As it was written.
        text: String,
        /// What is wrong with it, for the model and for people.
        problem: String,
    },
}

/// Why an answer ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It was said.
    Finished,
    /// The model waits for its tools.
    Tools,
    /// The most tokens that an answer may have. All tools of such an answer are [`Arguments::Malformed`].
    OutputLimit,
    /// The conversation has filled what the model can read.
    ContextFull,
    /// The provider or the model declined; in its word.
    Declined(String),
    /// The provider could not read the tool use that its model wrote; in its word.
    Garbled(String),
    /// Something else; in the provider's word.
    Other(String),
}

/// Tokens, each counted once. Providers count in two ways; here what was read from a cache is not part of `input`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Read at the full price.
    pub input: u64,
    /// Read from the provider's cache.
    pub cached: u64,
    /// Read and written to the provider's cache.
    pub cache_writes: u64,
    /// Written, reasoning included.
    pub output: u64,
    /// Part of `output` that was reasoning, where the provider says so.
    pub reasoning: u64,
}

impl Usage {
    /// All that was read.
    pub const fn read(&self) -> u64 {
        self.input.saturating_add(self.cached).saturating_add(self.cache_writes)
    }

    /// As it is recorded, with what it cost.
    pub fn spent(&self, usd: Option<Usd>) -> Spent {
        let (tokens_in, tokens_cached, tokens_out) = (self.read(), self.cached, self.output);
        Spent { tokens_in, tokens_cached, tokens_out, pico_usd: usd.map(Usd::pico) }
    }

    /// All that was read or written.
    pub const fn tokens(&self) -> u64 {
        self.read().saturating_add(self.output)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.cached = self.cached.saturating_add(other.cached);
        self.cache_writes = self.cache_writes.saturating_add(other.cache_writes);
        self.output = self.output.saturating_add(other.output);
        self.reasoning = self.reasoning.saturating_add(other.reasoning);
    }
}
