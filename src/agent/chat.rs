//! A chat model with tools in a loop: the system's word, the brief, and then answer after answer. That is all of it.
//!
//! An answer that uses no tool is met with a word on how to go on, once in a row unless the agent's file says otherwise, and
//! then the trial ends there. Many harnesses tell a model to go on with its best judgement; here that would push it to act
//! where it had stopped to ask. So the word says only how people are reached and how to end.

use std::sync::Arc;

use serde_json::Value;

use super::file::ModelAgent;
use super::{Agent, Move, Moving, Then, Unable};
use crate::model::{
    Answer, Arguments, Conversation, Fault, Limit, Model, Refusal, Request, Scope, Stop, ToolResult, ToolUse,
    Turn, Who,
};
use crate::record::TrialKey;
use crate::record::tool::{ToolCall, ToolReply, ToolSpec, ToolStatus};

/// What an answer without a tool is met with.
const NO_TOOL: &str = "That answer used no tool, and nobody reads it while you work. People are reached through the tools. \
                       When the work is done, or when you will not go on with it, use `finish` with a true report.";
/// What an answer is met with whose use of a tool the provider could not read.
const GARBLED: &str =
    "Your use of a tool could not be read, and nothing was done. Use one tool with arguments that fit it.";
/// What an answer is met with that was cut off before it used a tool.
const CUT: &str =
    "That answer was cut off, because it had grown too long, and it used no tool. Answer in fewer words.";
/// What a model hears of a tool that printed nothing: providers take no empty text.
const NOTHING: &str = "(it printed nothing)";

/// The conversation fills what the model can read: the limit by its name.
const CONTEXT: &str = "context";

/// A conversation with a model.
pub struct Chat {
    agent: Arc<ModelAgent>,
    model: Model,
    conversation: Conversation,
    request: Request,
    /// What it used in its last answer, in order.
    uses: Vec<ToolUse>,
    /// Tools that it used so far.
    tools: u32,
    /// Answers without a tool, in a row.
    nudges: u32,
}

impl Chat {
    /// At the beginning of a trial.
    pub fn new(agent: Arc<ModelAgent>, model: Model, trial: &TrialKey) -> Self {
        let who = Who { trial: trial.id(), part: "agent".to_owned(), seed: trial.seed };
        let conversation = model.conversation_within(who, agent.allowance);
        let (request, uses) = Default::default();
        Self { agent, model, conversation, request, uses, tools: 0, nudges: 0 }
    }

    /// What came of the tools, for the model to read.
    fn hear(&mut self, heard: &[ToolReply]) {
        let result = |(used, reply): (ToolUse, &ToolReply)| ToolResult {
            id: used.id,
            name: used.name,
            text: if reply.text.is_blank() { NOTHING.to_owned() } else { reply.text.raw().to_owned() },
            is_error: reply.status != ToolStatus::Ok,
        };
        let results: Vec<ToolResult> = self.uses.drain(..).zip(heard).map(result).collect();
        if !results.is_empty() {
            self.request.turns.push(Turn::Tools(results));
        }
    }

    /// What the model does with its answer.
    fn take(&mut self, answer: Answer) -> Move {
        let Answer { text, mut uses, echo, usage, stop } = answer;
        let spent = usage.map(|usage| usage.spent(self.model.price().map(|price| price.of(&usage))));
        if !(text.trim().is_empty() && uses.is_empty()) {
            // Providers take no empty answer back.
            self.request.turns.push(Turn::Assistant(echo));
        }
        let left = self.agent.limits.tools_max.saturating_sub(self.tools);
        uses.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        self.tools = self.tools.saturating_add(u32::try_from(uses.len()).unwrap_or(u32::MAX));
        let then = match stop {
            _ if !uses.is_empty() => {
                self.nudges = 0;
                Then::Use(uses.iter().map(tool).collect())
            }
            Stop::ContextFull => Then::Limit(CONTEXT),
            Stop::Declined(_) => Then::Stop,
            Stop::Garbled(_) => self.nudge(GARBLED),
            Stop::OutputLimit => self.nudge(CUT),
            Stop::Finished | Stop::Tools | Stop::Other(_) => self.nudge(NO_TOOL),
        };
        self.uses = uses;
        Move { said: text.into(), spent, then }
    }

    /// Tells it how to go on, unless it was told often enough.
    fn nudge(&mut self, text: &'static str) -> Then {
        if self.nudges >= self.agent.prompt.nudges_max {
            return Then::Stop;
        }
        self.nudges = self.nudges.saturating_add(1);
        self.request.turns.push(Turn::User(text.to_owned()));
        Then::Told(text)
    }

    /// What it means that there is no answer.
    fn unable(&self, fault: Fault) -> Result<Move, Unable> {
        let limit = |name| Ok(Move { then: Then::Limit(name), ..Move::default() });
        let is_first = self.request.turns.len() == 1;
        match fault {
            Fault::Provider(text) => Err(Unable::Provider(text)),
            Fault::Refused { refusal: Refusal::ContextTooLong, .. } => limit(CONTEXT),
            Fault::Refused { refusal: Refusal::Request, text } if !is_first => Err(Unable::Provider(text)),
            Fault::Budget(Limit { scope: Scope::Trial, currency, .. }) => limit(currency.limit()),
            fault => Err(Unable::Halt(fault.into())),
        }
    }
}

/// A use of a tool, for the door. Arguments that are none stay the text that they are: the door says so, and plays nothing.
fn tool(used: &ToolUse) -> ToolCall {
    let arguments = match &used.arguments {
        Arguments::Parsed(value) => value.clone(),
        Arguments::Malformed { text, .. } => Value::String(text.clone()),
    };
    ToolCall { name: used.name.clone(), arguments }
}

impl Agent for Chat {
    fn begin(&mut self, brief: &str, tools: &[ToolSpec]) {
        self.request.system.clone_from(&self.agent.prompt.system);
        self.request.tools = tools.to_vec();
        self.request.turns = vec![Turn::User(brief.to_owned())];
    }

    fn next<'a>(&'a mut self, heard: &'a [ToolReply]) -> Moving<'a> {
        Box::pin(async move {
            self.hear(heard);
            if self.tools >= self.agent.limits.tools_max {
                return Ok(Move { then: Then::Limit("tools_max"), ..Move::default() });
            }
            match self.conversation.ask(&self.request).await {
                Ok(answer) => Ok(self.take(answer)),
                Err(fault) => self.unable(fault),
            }
        })
    }
}
