//! One exchange with a provider: a few tries, within one deadline.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::Value;
use simulators::chance::Chance;
use tokio::time::timeout;

use super::answer::{Answer, Usage};
use super::budget::{Account, Cost, Limit, Reservation};
use super::client::Model;
use super::failure::{Failure, What};
use super::fault::Fault;
use super::money::Usd;
use super::pace::{self, Slot};
use super::retry;
use super::tape::{Outcome, Try};
use super::wire::{self, Came};
use crate::base::clock::Stopwatch;

/// Characters of what came of a failed try that are recorded.
const FAILED_CHARS_MAX: usize = 64 * 1024;

/// What is to be exchanged.
pub(super) struct Exchange {
    pub model: Model,
    pub account: Arc<Account>,
    pub body: Bytes,
    /// What one try may come to.
    pub worst: Cost,
    /// The seed and the stream that waits are drawn from.
    pub chance: (u64, String),
}

/// How it went, for the tape.
#[derive(Default)]
pub(super) struct Story {
    pub tries: Vec<Try>,
    pub lost: Cost,
    came: Came,
    /// The answer as it is to be kept, where keys were put together from several of its pieces.
    stripped: Option<Value>,
}

/// What is set aside for a try, on both accounts.
pub(super) struct Reserved {
    trial: Reservation,
    run: Reservation,
}

impl Exchange {
    /// Tries until there is an answer, or a reason to stop. The clock begins with the first try: to wait for one's turn, or for
    /// others to say what they spent, is nobody's failure.
    pub async fn run(&self, story: &mut Story) -> Result<Answer, Fault> {
        let patience = self.model.endpoint().spec.patience;
        let mut reserved = Some(self.reserve().await.map_err(Fault::Budget)?);
        let mut slot = Some(self.slot(patience.turn()).await?);
        let clock = Stopwatch::start();
        let left = || patience.turn().saturating_sub(clock.elapsed());
        let mut chance = Chance::stream(self.chance.0, &self.chance.1);
        let mut tries: u32 = 0;
        let mut last: Option<Failure> = None;
        loop {
            let ready = self.ready(slot.take(), reserved.take(), left());
            let (taken, trying) = match timeout(left(), ready).await {
                Ok(ready) => ready?,
                Err(_) => return Err(self.out_of_time(last.as_ref(), tries)),
            };
            tries = tries.saturating_add(1);
            let failure = match self.attempt(story, taken, trying, left()).await {
                Ok(answer) => return Ok(answer),
                Err((failure, kept)) => {
                    reserved = kept;
                    failure
                }
            };
            if !failure.is_worth_a_try() || tries >= patience.tries_max {
                return Err(failure.fault(self.told(&failure, tries)));
            }
            let base = Duration::from_millis(patience.backoff_ms);
            let wait = retry::wait(base, tries, failure.after, &mut chance);
            if wait >= left() {
                return Err(self.out_of_time(Some(&failure), tries));
            }
            last = Some(failure);
            tokio::time::sleep(wait).await;
        }
    }

    async fn slot(&self, alone_max: Duration) -> Result<Slot, Fault> {
        self.model.pace().slot(alone_max).await.map_err(|held| {
            let held = held.as_millis();
            Fault::Provider(format!(
                "the provider fails or is busy, and is left alone for {held} ms: longer than there is time"
            ))
        })
    }

    /// A slot and a reservation for the next try: those that are there, or new ones.
    async fn ready(
        &self,
        slot: Option<Slot>,
        reserved: Option<Reserved>,
        left: Duration,
    ) -> Result<(Slot, Reserved), Fault> {
        let reserved = match reserved {
            Some(reserved) => reserved,
            None => self.reserve().await.map_err(Fault::Budget)?,
        };
        let slot = match slot {
            Some(slot) => slot,
            None => self.slot(left).await?,
        };
        Ok((slot, reserved))
    }

    /// One try. A failure that costs nothing gives its reservation back for the next.
    async fn attempt(
        &self,
        story: &mut Story,
        slot: Slot,
        mut reserved: Reserved,
        left: Duration,
    ) -> Result<Answer, (Failure, Option<Reserved>)> {
        let endpoint = self.model.endpoint();
        let spec = &endpoint.spec;
        let watch = Stopwatch::start();
        let mut came = Came::default();
        reserved.sent();
        let request = self.model.request(self.body.clone());
        let exchange = wire::exchange(request, endpoint.dialect, spec.stream, &spec.patience, &mut came);
        let whole = timeout(left, exchange).await.unwrap_or_else(|_| {
            let text = format!("the answer was not whole within {} ms", spec.patience.turn_ms);
            Err(Failure::broken(text).may_cost())
        });
        let answer = whole.and_then(|mut whole| {
            let had_keys = self.model.strip_value(&mut whole);
            let answer = endpoint.dialect.read(&whole)?;
            story.stripped = had_keys.then_some(whole);
            Ok(answer)
        });
        match answer {
            Ok(answer) => {
                slot.came(pace::Came::Well);
                story.came = came;
                self.settle(story, reserved, answer.usage.as_ref());
                Ok(answer)
            }
            Err(failure) => {
                slot.came(came_of(&failure));
                self.note(story, &came, &failure, &watch);
                let kept = reserved.failed(failure.may_cost);
                Err((failure, kept))
            }
        }
    }

    /// The answer's price; the worst, where the provider does not say what it took.
    fn settle(&self, story: &mut Story, reserved: Reserved, usage: Option<&Usage>) {
        let price = self.model.price();
        let usd = price.map(|price| usage.map_or(self.worst.usd, |usage| price.of(usage)));
        if usage.is_none() {
            story.lose(self.worst);
        }
        reserved.answered(usage, usd);
    }

    fn note(&self, story: &mut Story, came: &Came, failure: &Failure, watch: &Stopwatch) {
        if failure.may_cost {
            story.lose(self.worst);
        }
        if self.model.deck().is_none() {
            return;
        }
        story.tries.push(tried(&self.model, failure, came, watch));
    }

    async fn reserve(&self) -> Result<Reserved, Limit> {
        Reserved::of(&self.account, self.model.run_account(), self.worst).await
    }

    fn told(&self, failure: &Failure, tries: u32) -> String {
        let text = self.model.strip(&failure.text);
        match tries {
            1 => text.into_owned(),
            tries => format!("{text} (the last of {tries} tries)"),
        }
    }

    fn out_of_time(&self, last: Option<&Failure>, tries: u32) -> Fault {
        let ms = self.model.endpoint().spec.patience.turn_ms;
        let text = match last {
            None => format!("no answer within {ms} ms"),
            Some(last) => format!("no answer within {ms} ms: {}", self.told(last, tries)),
        };
        Fault::Provider(text)
    }
}

/// A try that failed, as the tape tells it.
pub(super) fn tried(model: &Model, failure: &Failure, came: &Came, watch: &Stopwatch) -> Try {
    let body = String::from_utf8_lossy(&came.body);
    Try {
        failure: model.strip(&failure.text).into_owned(),
        status: came.status,
        request_id: model.strip(&came.request_id).into_owned(),
        body: model.strip(&body).chars().take(FAILED_CHARS_MAX).collect(),
        ms: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

impl Story {
    fn lose(&mut self, worst: Cost) {
        self.lost = self.lost.plus(worst);
    }

    /// The answer, as it came, which is not in the story any more.
    pub fn answered(&mut self, model: &Model) -> Outcome {
        let Came { status, content_type, request_id, body } = std::mem::take(&mut self.came);
        let (events, body) = match &self.stripped {
            Some(whole) => (false, whole.to_string()),
            None => (content_type == wire::EVENTS, model.stripped(text(body))),
        };
        Outcome::Answered { status, events, request_id: model.stripped(request_id), body }
    }
}

/// Bytes as the text that they mostly are.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// What a failure means for the pace.
pub(super) const fn came_of(failure: &Failure) -> pace::Came {
    match failure.what {
        What::Busy => pace::Came::Busy(failure.after),
        What::Broken => pace::Came::Broken,
        What::Hopeless | What::Refused(_) => pace::Came::Well,
    }
}

impl Reserved {
    /// Sets the worst aside: first of the trial, then of the run.
    pub async fn of(trial: &Arc<Account>, run: &Arc<Account>, worst: Cost) -> Result<Self, Limit> {
        let trial = trial.reserve(worst).await?;
        Ok(Self { trial, run: run.reserve(worst).await? })
    }

    /// From here on the provider may bill it.
    pub fn sent(&mut self) {
        self.trial.sent();
        self.run.sent();
    }

    /// The answer came, and took this.
    pub fn answered(self, usage: Option<&Usage>, usd: Option<Usd>) {
        self.trial.answered(usage, usd);
        self.run.answered(usage, usd);
    }

    /// Keeps what is set aside for the next try, unless the provider may bill this one.
    pub fn failed(mut self, may_cost: bool) -> Option<Self> {
        if may_cost {
            return None;
        }
        self.trial.unsent();
        self.run.unsent();
        Some(self)
    }
}
