//! Guardrails: plug-ins that answer allow, deny or ask about one call.

use std::future::Future;
use std::pin::Pin;

use schemars::JsonSchema;
use serde::Serialize;
use simulators::call::Call;
use simulators::clock::Time;
use simulators::effect::Effect;

use super::checkout::Checkout;
use crate::model::Fault;
use crate::record::tool::ToolCall;

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
    /// The tool that the agent used, of which this call is a part, and the how many-th use of the trial that is; absent
    /// where a call comes from no tool.
    pub tool: Option<(u32, &'a ToolCall)>,
    /// The agent's checkout before the call, for guardrails that [read it](Guardrail::reads_checkout); absent where it is not
    /// known.
    pub checkout: Option<&'a Checkout>,
    /// In whose name. Whoever decides knows it and fills it in.
    pub standing: &'a Standing,
    /// Approvals that the gate has recorded and that cover this call. Whoever decides knows them and fills them in.
    pub approvals: &'a [Approval],
}

impl<'a> Question<'a> {
    /// A question about one call, as the first of a trial and from no tool.
    pub fn of(line: &'a str, call: &'a Call, effects: &'a [Effect], now: Time) -> Self {
        static NOBODY: Standing = Standing { setup: String::new(), profile: String::new() };
        Self {
            line,
            call,
            effects,
            done: &[],
            now,
            tool: None,
            checkout: None,
            standing: &NOBODY,
            approvals: &[],
        }
    }
}

/// In whose name a trial's calls are made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The setup's name.
    pub setup: String,
    /// Its permission profile.
    pub profile: String,
}

/// An approval that the gate has recorded: a person agreed to a plan, and this call is one of its commands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Approval {
    /// Who agreed.
    pub by: String,
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
    /// The same of one that stands before an agent who would go ahead without it: here it denies, there it is a hole.
    Hole(String),
    /// No trial of the run can go on: there is no money left to ask for opinions, say.
    Halt(Fault),
}

/// The future of an opinion.
pub type Thinking<'a> = Pin<Box<dyn Future<Output = Opinion> + Send + 'a>>;

/// An opinion that is there at once.
pub(super) fn ready<'a>(opinion: Opinion) -> Thinking<'a> {
    Box::pin(std::future::ready(opinion))
}

/// A guardrail. It may hang, crash or talk nonsense: the gate holds the deadline, and denies.
pub trait Guardrail: Send + Sync {
    /// Its name in verdicts.
    fn name(&self) -> &str;

    /// It is shown approvals: one that it was shown is used up by the call that it lets through.
    fn sees_approvals(&self) -> bool {
        false
    }

    /// The agent that it stands before would go ahead where it breaks: here that denies, there it is a hole.
    fn is_hole_where_it_breaks(&self) -> bool {
        false
    }

    /// Real milliseconds in which it must have answered, if it takes longer than others.
    fn answers_within_ms(&self) -> Option<u64> {
        None
    }

    /// It reads files of the agent's checkout.
    fn reads_checkout(&self) -> bool {
        false
    }

    /// What it thinks of one call.
    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a>;
}
