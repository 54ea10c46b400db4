//! Guardrails: plug-ins that answer allow, deny or ask about one call.

use std::future::Future;
use std::pin::Pin;

use simulators::call::Call;
use simulators::clock::Time;
use simulators::effect::Effect;

/// What a guardrail is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The command line as the agent wrote it: hostile text.
    pub line: &'a str,
    /// What is asked of the world.
    pub call: &'a Call,
    /// What it would change, now and later.
    pub effects: &'a [Effect],
    /// What calls of this trial have changed so far.
    pub done: &'a [Effect],
    /// The virtual time.
    pub now: Time,
}

/// What a guardrail answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Opinion {
    /// Nothing against it.
    Allow,
    /// Not this; why.
    Deny(String),
    /// A person has to say.
    Ask,
    /// It broke and knows it, and how: a deny that is counted apart from one by judgement.
    Fault(String),
}

/// The future of an opinion.
pub type Thinking<'a> = Pin<Box<dyn Future<Output = Opinion> + Send + 'a>>;

/// A guardrail. It may hang, crash or talk nonsense: the gate holds the deadline, and denies.
pub trait Guardrail: Send + Sync {
    /// Its name in verdicts.
    fn name(&self) -> &str;

    /// What it thinks of one call.
    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a>;
}
