//! One agent's right to ask one model.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use tokio::sync::watch;

use super::Passes;
use crate::base::clock::Stopwatch;
use crate::model::budget::{Account, Allowance, Cost, Tally};
use crate::model::client::{Model, Who};
use crate::model::endpoint::Dialect;
use crate::model::fault::Fault;
use crate::model::tape::{Asked, Body, Deck, Line, Told};
use crate::model::wire;

/// The right of a trial's agent to ask its model; it ends when this is dropped.
pub struct Pass {
    token: String,
    address: SocketAddr,
    entry: Arc<Entry>,
    passes: Arc<Passes>,
}

/// What the gateway knows of an agent.
pub(super) struct Entry {
    pub model: Model,
    pub who: Who,
    pub account: Arc<Account>,
    /// Everything that is under way listens to it.
    pub under_way: watch::Sender<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How often each question was asked. Agents ask several at once, so their order says nothing.
    asked: BTreeMap<String, u32>,
    /// The request that was recorded last, as the tape has it.
    recorded: String,
    /// Why nothing is passed on any more.
    stopped: Option<Fault>,
    /// Why the last exchange came to nothing; none: it was answered.
    failing: Option<Fault>,
}

impl Pass {
    pub(super) fn new(token: String, address: SocketAddr, entry: Arc<Entry>, passes: Arc<Passes>) -> Self {
        Self { token, address, entry, passes }
    }

    /// The variables by which agents find their model: where it is, and a key that is none.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let dialect = self.entry.model.endpoint().dialect;
        let base = dialect.base(&format!("http://{}/t/{}", self.address, self.token));
        let key = self.token.clone();
        match dialect {
            Dialect::OpenaiChat | Dialect::OpenaiResponses => {
                vec![("OPENAI_BASE_URL", base.clone()), ("OPENAI_API_BASE", base), ("OPENAI_API_KEY", key)]
            }
            Dialect::AnthropicMessages => vec![("ANTHROPIC_BASE_URL", base), ("ANTHROPIC_API_KEY", key)],
            Dialect::Gemini => vec![("GOOGLE_GEMINI_BASE_URL", base), ("GEMINI_API_KEY", key)],
        }
    }

    /// What the agent has spent so far.
    pub fn tally(&self) -> Tally {
        self.entry.account.tally()
    }

    /// Why the agent was cut off: its budget, its tape, a record that could not be written.
    pub fn stopped(&self) -> Option<Fault> {
        self.entry.stopped()
    }

    /// Why what the agent asked last was not answered; none: it was, or it has asked nothing.
    pub fn failing(&self) -> Option<Fault> {
        self.entry.state().failing.clone()
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.passes.remove(&self.token);
    }
}

impl Entry {
    pub fn new(model: Model, who: Who) -> Self {
        let account = model.trial_account(Allowance::default());
        Self { model, who, account, under_way: watch::Sender::new(()), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn stopped(&self) -> Option<Fault> {
        self.state().stopped.clone()
    }

    /// Passes nothing on from here on.
    pub fn stop(&self, fault: &Fault) {
        self.state().stopped.get_or_insert_with(|| fault.clone());
    }

    /// Keeps why an exchange came to nothing, or that it was answered.
    pub fn came(&self, to: Option<&Fault>) {
        self.state().failing = to.cloned();
    }

    /// Which question this is: the n-th of its kind counts as turn n.
    pub fn asked(&self, address: &str, body: &str) -> Asked {
        let mut asked = Asked::passed(&self.who.trial, &self.who.part, address, body);
        let mut state = self.state();
        let times = state.asked.entry(asked.digest.clone()).or_default();
        *times = times.saturating_add(1);
        asked.turn = *times;
        asked
    }

    /// Counts an answer of the model of this name that is on the tape.
    pub fn recalled(&self, name: &str, body: &str, events: bool, lost: Cost) {
        let dialect = self.model.endpoint().dialect;
        let usage = wire::usage(Bytes::from(body.to_owned()), events, dialect).unwrap_or_default();
        let price = self.model.price_of(name);
        let usd = price.map(|price| usage.map(|usage| price.of(&usage)).unwrap_or_default());
        self.account.recalled(usage.as_ref(), usd, 1, lost);
    }

    /// Puts an exchange on the tape. One that cannot be recorded is the last.
    pub fn record(&self, deck: &Deck, asked: Asked, url: &str, body: &Bytes, told: Told, watch: &Stopwatch) {
        let text = self.model.strip(&String::from_utf8_lossy(body)).into_owned();
        let mut state = self.state();
        let request = Body::after(&state.recorded, &text);
        let line = Line::of(asked, self.model.endpoint(), url, request, told, watch);
        match deck.record(&line) {
            Ok(()) => state.recorded = text,
            Err(fault) => {
                state.stopped.get_or_insert(fault);
            }
        }
    }
}
