//! How long is waited for a model, how often it is asked again, and for how many answers at once.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::endpoint::Unfit;

/// Limits on waiting. All of them together hold: nothing goes on after `turn_ms`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Patience {
    /// Milliseconds for one answer: all tries, and all waiting between them.
    pub turn_ms: u64,
    /// Milliseconds for the connection to be made.
    pub connect_ms: u64,
    /// Milliseconds without anything new, in an answer that comes piece by piece. One that comes whole may be silent for half
    /// of `turn_ms`.
    pub silence_ms: u64,
    /// Bytes per second that an answer must at least come with, over each `silence_ms`, unless whole lines come.
    pub bytes_per_s_min: u64,
    /// Bytes that an answer may have.
    pub answer_bytes_max: usize,
    /// Tries for one answer, 1 to 5.
    pub tries_max: u32,
    /// Milliseconds before the second try; each further one waits twice as long, up to half a minute, give or take.
    pub backoff_ms: u64,
    /// Requests in flight at once, at the most; fewer while the provider says that there are too many.
    pub in_flight_max: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            turn_ms: 600_000,
            connect_ms: 15_000,
            silence_ms: 120_000,
            bytes_per_s_min: 20,
            answer_bytes_max: 64 * 1024 * 1024,
            tries_max: TRIES_MAX,
            backoff_ms: 500,
            in_flight_max: 512,
        }
    }
}

/// Nothing is asked more often.
const TRIES_MAX: u32 = 5;
/// A week.
const MS_MAX: u64 = 7 * 24 * 3_600 * 1_000;

impl Patience {
    pub(super) fn check(&self) -> Result<(), Unfit> {
        let unfit = |key: &str, problem: String| Err(Unfit::new(&format!("patience.{key}"), problem));
        let waits = [
            ("turn_ms", self.turn_ms),
            ("connect_ms", self.connect_ms),
            ("silence_ms", self.silence_ms),
            ("backoff_ms", self.backoff_ms),
        ];
        if let Some((key, ms)) = waits.into_iter().find(|(_, ms)| !(1..=MS_MAX).contains(ms)) {
            return unfit(key, format!("expected 1 to {MS_MAX} milliseconds, found `{ms}`"));
        }
        if !(1..=TRIES_MAX).contains(&self.tries_max) {
            return unfit("tries_max", format!("expected 1 to {TRIES_MAX}, found `{}`", self.tries_max));
        }
        if self.in_flight_max == 0 {
            return unfit("in_flight_max", "expected at least 1".to_owned());
        }
        if self.answer_bytes_max == 0 {
            return unfit("answer_bytes_max", "expected at least 1".to_owned());
        }
        Ok(())
    }

    /// For one answer.
    pub(super) const fn turn(&self) -> Duration {
        Duration::from_millis(self.turn_ms)
    }

    /// Without anything new.
    pub(super) const fn silence(&self) -> Duration {
        Duration::from_millis(self.silence_ms)
    }

    /// Until an answer begins.
    pub(super) fn first_byte(&self, stream: bool) -> Duration {
        let half = self.turn() / 2;
        if stream { self.silence().min(half) } else { half }
    }
}
