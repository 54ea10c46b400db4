//! A request on its way to the provider, and the answer on its way back.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::{Stream, StreamExt, stream};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use super::pass::Entry;
use super::routes;
use crate::base::clock::Stopwatch;
use crate::model::answer::Usage;
use crate::model::budget::Cost;
use crate::model::exchange::{Reserved, came_of, tried};
use crate::model::failure::{self, Failure};
use crate::model::fault::Fault;
use crate::model::pace::{Came as Pacing, Slot};
use crate::model::tape::{Asked, Outcome, Told};
use crate::model::wire::{self, Came};

/// What an agent asks.
pub(super) struct Question {
    /// Path and query, as they are recorded.
    pub address: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    pub value: Value,
}

/// A request that has been sent. However it ends, it is recorded and paid for: also when the agent hangs up.
struct Sent {
    entry: Arc<Entry>,
    asked: Option<Asked>,
    url: String,
    body: Bytes,
    model: String,
    worst: Cost,
    reserved: Option<Reserved>,
    slot: Option<Slot>,
    watch: Stopwatch,
    came: Came,
    // The last to go: who waits for it then finds everything recorded.
    _under_way: watch::Receiver<()>,
}

/// Passes a question on, and its answer back as it comes.
pub(super) async fn pass(entry: Arc<Entry>, asked: Asked, question: Question) -> Result<Response, Fault> {
    let model = entry.model.clone();
    let patience = model.endpoint().spec.patience;
    let name = name_of(&question);
    let worst = worst(&entry, &question, &name).inspect_err(|fault| entry.stop(fault))?;
    let reserved = Reserved::of(&entry.account, model.run_account(), worst).await;
    let reserved = reserved.map_err(Fault::Budget).inspect_err(|fault| entry.stop(fault))?;
    let slot = model.pace().slot(patience.turn()).await.map_err(|held| {
        let text = "the provider fails or is busy, and is left alone for";
        let fault = Fault::Provider(format!("{text} {} ms", held.as_millis()));
        entry.came(Some(&fault));
        fault
    })?;
    let url = model.passed_url(&question.path, &question.query);
    let request = model.passed(url.clone(), question.headers, question.bytes.clone());
    let mut sent = Sent {
        _under_way: entry.under_way.subscribe(),
        entry,
        asked: Some(asked),
        url: url.to_string(),
        body: question.bytes,
        model: name,
        worst,
        reserved: Some(reserved),
        slot: Some(slot),
        watch: Stopwatch::start(),
        came: Came::default(),
    };
    if let Some(reserved) = &mut sent.reserved {
        reserved.sent();
    }
    let is_stream = model.endpoint().dialect.is_stream(&question.path, &question.value);
    let first_byte = patience.first_byte(is_stream);
    match timeout(first_byte, request.send()).await {
        Ok(Ok(response)) => Ok(sent.back(response, is_stream).await),
        Ok(Err(error)) => Err(sent.failed_by_provider(Failure::broken(failure::told(error)).may_cost())),
        Err(_) => {
            let text = format!("no answer began within {} ms", first_byte.as_millis());
            Err(sent.failed_by_provider(Failure::broken(text).may_cost()))
        }
    }
}

/// The model that the agent asks for: that of its endpoint, or a smaller one for its small work.
pub(super) fn name_of(question: &Question) -> String {
    let in_path = || question.path.split("/models/").nth(1)?.split(':').next();
    question.value.get("model").and_then(Value::as_str).or_else(in_path).unwrap_or_default().to_owned()
}

/// What the answer may come to.
fn worst(entry: &Entry, question: &Question, name: &str) -> Result<Cost, Fault> {
    let count = |pointer: &str| question.value.pointer(pointer).and_then(Value::as_u64);
    let said =
        ["/max_tokens", "/max_completion_tokens", "/max_output_tokens", "/generationConfig/maxOutputTokens"];
    let written = said.into_iter().find_map(count).unwrap_or(entry.model.endpoint().spec.output_tokens_max);
    let read = u64::try_from(question.bytes.len()).unwrap_or(u64::MAX);
    let tokens = read.saturating_add(written);
    match entry.model.price_of(name) {
        Some(price) => Ok(Cost { usd: price.worst(read, written), tokens }),
        None if entry.model.is_in_dollars() => Err(Fault::Refused {
            refusal: crate::model::fault::Refusal::Request,
            text: format!("there is a budget in dollars, and no price for the model `{name}`"),
        }),
        None => Ok(Cost { tokens, ..Cost::default() }),
    }
}

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;

impl Sent {
    /// An answer's way back.
    async fn back(mut self, response: reqwest::Response, is_stream: bool) -> Response {
        wire::note(&response, &mut self.came);
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            let failure =
                wire::refused(response, &self.entry.model.endpoint().spec.patience, &mut self.came).await;
            // What a provider says of a key is not for the agent.
            let told = self.entry.model.strip(&String::from_utf8_lossy(&self.came.body)).into_owned();
            self.failed_by_provider(failure);
            return routes::whole(status.as_u16(), &headers, Bytes::from(told));
        }
        let patience = self.entry.model.endpoint().spec.patience;
        let chunks: Chunks = Box::pin(wire::guarded(response, patience, is_stream));
        let body = stream::unfold(Some((self, chunks)), |passing| async move {
            let (mut sent, mut chunks) = passing?;
            let patience = sent.entry.model.endpoint().spec.patience;
            let left = patience.turn().saturating_sub(sent.watch.elapsed());
            let failure = match timeout(left, chunks.next()).await {
                Ok(Some(Ok(chunk))) => {
                    sent.came.body.extend_from_slice(&chunk);
                    return Some((Ok(chunk), Some((sent, chunks))));
                }
                Ok(None) => {
                    let took = sent.took().unwrap_or_default();
                    sent.over(took);
                    return None;
                }
                Ok(Some(Err(failure))) => failure,
                Err(_) => Failure::broken(format!("the answer was not whole within {} ms", patience.turn_ms))
                    .may_cost(),
            };
            let fault = sent.failed_by_provider(failure);
            Some((Err(std::io::Error::other(fault.to_string())), None))
        });
        let mut response = Response::new(Body::from_stream(body));
        *response.status_mut() = status;
        *response.headers_mut() = routes::answered(&headers);
        response
    }

    fn is_in_events(&self) -> bool {
        self.came.content_type == wire::EVENTS
    }

    /// What the answer took that has come, if it is one, with all that its dialect ends one with.
    fn took(&self) -> Result<Option<Usage>, Failure> {
        let (body, dialect) = (Bytes::copy_from_slice(&self.came.body), self.entry.model.endpoint().dialect);
        wire::usage(body, self.is_in_events(), dialect)
    }

    /// The answer has come to its end. One that this program cannot read may be of use to the agent all the same.
    fn over(&mut self, took: Option<Usage>) {
        self.entry.came(None);
        if let Some(slot) = self.slot.take() {
            slot.came(Pacing::Well);
        }
        let price = self.entry.model.price_of(&self.model);
        let usd = price.map(|price| took.map_or(self.worst.usd, |usage| price.of(&usage)));
        if let Some(reserved) = self.reserved.take() {
            reserved.answered(took.as_ref(), usd);
        }
        let lost = if took.is_none() { self.worst } else { Cost::default() };
        let text = self.entry.model.strip(&String::from_utf8_lossy(&self.came.body)).into_owned();
        let outcome = Outcome::Answered {
            status: self.came.status,
            events: self.is_in_events(),
            request_id: self.entry.model.strip(&self.came.request_id).into_owned(),
            body: text,
        };
        self.record(Told { tries: Vec::new(), outcome, lost });
    }

    /// It came to nothing, or to a refusal, and not because the agent has hung up.
    fn failed_by_provider(&mut self, failure: Failure) -> Fault {
        let fault = self.failed(failure);
        self.entry.came(Some(&fault));
        fault
    }

    /// It came to nothing, or to a refusal.
    fn failed(&mut self, failure: Failure) -> Fault {
        if let Some(slot) = self.slot.take() {
            slot.came(came_of(&failure));
        }
        if let Some(reserved) = self.reserved.take() {
            drop(reserved.failed(failure.may_cost));
        }
        let tried = tried(&self.entry.model, &failure, &self.came, &self.watch);
        let lost = if failure.may_cost { self.worst } else { Cost::default() };
        let fault = failure.fault(tried.failure.clone());
        self.record(Told { tries: vec![tried], outcome: Outcome::Failed(fault.clone()), lost });
        fault
    }

    fn record(&mut self, told: Told) {
        let Some(asked) = self.asked.take() else { return };
        if let Some(deck) = self.entry.model.deck() {
            self.entry.record(deck, asked, &self.url, &self.body, told, &self.watch);
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if self.asked.is_none() {
            return;
        }
        // Many agents hang up with an answer's last event, and do not wait until the connection says that it is over.
        match self.took() {
            Ok(took) => self.over(took),
            Err(_) => {
                drop(self.failed(Failure::broken("the agent hung up before the answer was whole").may_cost()))
            }
        }
    }
}
