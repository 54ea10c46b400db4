//! One conversation with a model: turn after turn, from the tape or from the provider.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::task::JoinSet;

use super::answer::Answer;
use super::budget::{Account, Cost, Tally};
use super::client::{Model, Who};
use super::exchange::{Exchange, Story};
use super::fault::Fault;
use super::request::Request;
use super::tape::{Asked, Body, Line, Outcome, Told};
use super::wire;
use crate::base::clock::Stopwatch;

/// Bytes that a request mostly has more than the one before; one that has more still is written too.
const GROWS_BY: usize = 4 * 1024;

/// A conversation of one trial with a model.
pub struct Conversation {
    model: Model,
    who: Who,
    account: Arc<Account>,
    turn: u32,
    /// Tokens that were read the last time, and what they were in turns and bytes.
    read: Option<(u64, usize, usize)>,
    /// The request before, if it was recorded.
    recorded: Bytes,
}

impl Conversation {
    pub(super) fn new(model: Model, who: Who, account: Arc<Account>) -> Self {
        Self { model, who, account, turn: 0, read: None, recorded: Bytes::new() }
    }

    /// Asks the model, and waits for its whole answer for as long as its patience lasts. No thread waits with it.
    ///
    /// # Errors
    /// There is none, and why.
    pub async fn ask(&mut self, request: &Request) -> Result<Answer, Fault> {
        self.turn = self.turn.saturating_add(1);
        let before = self.read.map_or(0, |(_, _, bytes)| bytes);
        let body = self.model.body(request, before.saturating_add(GROWS_BY));
        let bytes = body.len();
        let (asked, recalled) = match self.model.deck() {
            Some(deck) => {
                let Who { trial, part, .. } = &self.who;
                let asked = Asked::new(trial, part, self.turn, self.model.endpoint(), &body);
                let recalled = deck.recall(&asked, &body)?;
                (Some(asked), recalled)
            }
            None => (None, None),
        };
        let turns = request.turns.len();
        let answer = match recalled {
            Some(line) => self.recalled(line)?,
            None => self.exchanged(asked, Bytes::from(body), turns).await?,
        };
        if let Some(usage) = &answer.usage {
            self.read = Some((usage.read(), turns, bytes));
        }
        Ok(answer)
    }

    /// What the conversation has spent so far, in this run or before it was resumed.
    pub fn tally(&self) -> Tally {
        self.account.tally()
    }

    /// An exchange that is on the tape.
    fn recalled(&self, line: Line) -> Result<Answer, Fault> {
        let failed = u64::try_from(line.tries.len()).unwrap_or(u64::MAX);
        let (events, body) = match line.outcome {
            Outcome::Answered { events, body, .. } => (events, body),
            Outcome::Failed(fault) => {
                self.account.wasted(failed, line.lost);
                return Err(fault);
            }
        };
        let dialect = self.model.endpoint().dialect;
        let whole = wire::reread(Bytes::from(body), events, dialect);
        let unreadable = |text: String| Fault::Tape(format!("an answer on the tape cannot be read: {text}"));
        let answer =
            whole.and_then(|whole| dialect.read(&whole)).map_err(|failure| unreadable(failure.text))?;
        let usd =
            self.model.price().map(|price| answer.usage.map(|usage| price.of(&usage)).unwrap_or_default());
        self.account.recalled(answer.usage.as_ref(), usd, failed.saturating_add(1), line.lost);
        Ok(answer)
    }

    /// An exchange with the provider, which is then on the tape.
    async fn exchanged(&mut self, asked: Option<Asked>, body: Bytes, turns: usize) -> Result<Answer, Fault> {
        let watch = Stopwatch::start();
        let (model, account) = (self.model.clone(), Arc::clone(&self.account));
        let worst = self.worst(turns, body.len());
        let chance = (self.who.seed, format!("model/{}/{}", self.who.part, self.turn));
        let exchange = Exchange { model, account, body: body.clone(), worst, chance };
        let (story, answer) = apart(exchange).await;
        if let (Some(deck), Some(asked)) = (self.model.deck(), asked) {
            let line = self.line(asked, &body, story, answer.as_ref().err(), &watch);
            deck.record(&line)?;
            self.recorded = body;
        }
        answer
    }

    fn line(
        &self,
        asked: Asked,
        body: &Bytes,
        mut story: Story,
        fault: Option<&Fault>,
        watch: &Stopwatch,
    ) -> Line {
        let outcome = match fault {
            Some(fault) => Outcome::Failed(fault.clone()),
            None => story.answered(&self.model),
        };
        // Both were texts before they were bytes.
        let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
        let request = Body::after(text(&self.recorded), text(body));
        let told = Told { tries: story.tries, outcome, lost: story.lost };
        Line::of(asked, self.model.endpoint(), self.model.url().as_str(), request, told, watch)
    }

    /// What one more answer may come to: every byte that was not read the last time may be a token. Whoever asks anew and
    /// does not go on from what was read may be asking something else altogether.
    fn worst(&self, turns: usize, bytes: usize) -> Cost {
        let count = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        let read = match self.read {
            Some((tokens, before, length)) if turns > before => {
                tokens.saturating_add(count(bytes.saturating_sub(length)))
            }
            _ => count(bytes),
        };
        let written = self.model.endpoint().spec.output_tokens_max;
        let usd = self.model.price().map(|price| price.worst(read, written)).unwrap_or_default();
        Cost { usd, tokens: read.saturating_add(written) }
    }
}

/// Runs an exchange as a task of its own, which ends with the trial. What comes in piece by piece wakes the task, on
/// the threads that listen, and the trial is woken once, with the whole answer.
async fn apart(exchange: Exchange) -> (Story, Result<Answer, Fault>) {
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut story = Story::default();
        let answer = exchange.run(&mut story).await;
        (story, answer)
    });
    match task.join_next().await {
        Some(Ok(ended)) => ended,
        Some(Err(ended)) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        // Nobody but the end of the process stops a task that is waited for.
        _ => std::future::pending().await,
    }
}
