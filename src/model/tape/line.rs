//! One line of a tape: one exchange, with every try.

use serde::{Deserialize, Serialize};

use crate::base::clock::Stopwatch;
use crate::base::digest;
use crate::model::budget::Cost;
use crate::model::endpoint::{Dialect, Endpoint};
use crate::model::fault::Fault;
use crate::record::TrialId;

/// Version of the line format.
pub(super) const VERSION: u32 = 1;

/// Whose question it is, and which.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::model) struct Asked {
    pub trial: TrialId,
    pub part: String,
    pub turn: u32,
    /// SHA-256 of what was asked, and of which model.
    pub digest: String,
}

/// An exchange. Everything that depends on the wall clock is in `at`, `ms` and in the tries.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(in crate::model) struct Line {
    pub v: u32,
    pub trial: TrialId,
    pub part: String,
    pub turn: u32,
    /// SHA-256 of what was asked, and of which model.
    pub digest: String,
    pub dialect: Dialect,
    /// Where the question went.
    pub url: String,
    pub model: String,
    pub request: Body,
    /// Tries that failed, in order.
    pub tries: Vec<Try>,
    pub outcome: Outcome,
    /// What answers that were lost on their way may have cost.
    #[serde(default)]
    pub lost: Cost,
    /// When it was over, RFC 3339.
    pub at: String,
    /// How long it took, waits included.
    pub ms: u64,
}

/// How an exchange went.
pub(in crate::model) struct Told {
    pub tries: Vec<Try>,
    pub outcome: Outcome,
    pub lost: Cost,
}

/// A request's body. Conversations grow at their end, so what was asked just before is not written again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::model) struct Body {
    /// Bytes at its beginning that are those of the request of the exchange before, in the same file, of this trial and part.
    pub same_bytes: usize,
    /// What comes after them.
    pub rest: String,
}

/// A try that failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::model) struct Try {
    /// What went wrong.
    pub failure: String,
    /// The status; 0: none came.
    pub status: u16,
    /// The provider's name for the exchange.
    pub request_id: String,
    /// What came, cut to a limit.
    pub body: String,
    /// How long it took.
    pub ms: u64,
}

/// How it ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::model) enum Outcome {
    /// With an answer.
    Answered {
        status: u16,
        /// The body is a stream of events.
        events: bool,
        request_id: String,
        body: String,
    },
    /// Without one.
    Failed(Fault),
}

impl Asked {
    pub fn new(trial: &TrialId, part: &str, turn: u32, endpoint: &Endpoint, body: &str) -> Self {
        let digest = digest_of(endpoint.dialect, &endpoint.spec.name, endpoint.spec.stream, body);
        Self { trial: trial.clone(), part: part.to_owned(), turn, digest }
    }
}

/// What a turn of a conversation is found by: what was asked, of which model, and whether it was to come in pieces.
fn digest_of(dialect: Dialect, model: &str, stream: bool, body: &str) -> String {
    let dialect = serde_json::to_string(&dialect).unwrap_or_default();
    let stream = if stream { "stream" } else { "whole" };
    digest::of_parts(["chesterton/tape/1", &dialect, model, stream, body])
}

impl Asked {
    /// What an agent asks at an address; its turn is for whoever counts.
    pub fn passed(trial: &TrialId, part: &str, address: &str, body: &str) -> Self {
        let digest = digest::of_parts(["chesterton/tape/1", "passed", address, body]);
        Self { trial: trial.clone(), part: part.to_owned(), turn: 0, digest }
    }
}

impl Line {
    /// Whether this whole body is what its digest is of.
    pub fn is_of(&self, body: &str) -> bool {
        [true, false].iter().any(|stream| digest_of(self.dialect, &self.model, *stream, body) == self.digest)
    }

    /// About how many bytes it is written in: JSON in JSON has a quarter more, and beside it stand digests, names and times.
    pub fn bytes(&self) -> usize {
        let answer = match &self.outcome {
            Outcome::Answered { body, .. } => body.len(),
            Outcome::Failed(_) => 0,
        };
        let inside = self.request.rest.len().saturating_add(answer);
        inside.saturating_add(inside / 4).saturating_add(1_024)
    }

    /// An exchange that is over now, and began with the watch.
    pub fn of(asked: Asked, to: &Endpoint, url: &str, request: Body, told: Told, watch: &Stopwatch) -> Self {
        let Asked { trial, part, turn, digest } = asked;
        let Told { tries, outcome, lost } = told;
        Self {
            v: VERSION,
            trial,
            part,
            turn,
            digest,
            dialect: to.dialect,
            url: url.to_owned(),
            model: to.spec.name.clone(),
            request,
            tries,
            outcome,
            lost,
            at: Stopwatch::start().began_at().to_string(),
            ms: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// How many bytes two begin with that are the same: by blocks, for both may be long and mostly are the same.
fn same_bytes(a: &[u8], b: &[u8]) -> usize {
    const BLOCK: usize = 1_024;
    let blocks = a.chunks(BLOCK).zip(b.chunks(BLOCK)).take_while(|(a, b)| a == b && a.len() == BLOCK).count();
    let whole = blocks.saturating_mul(BLOCK);
    let (a, b) = (a.get(whole..).unwrap_or_default(), b.get(whole..).unwrap_or_default());
    whole.saturating_add(a.iter().zip(b).take_while(|(a, b)| a == b).count())
}

impl Body {
    /// A body after another one.
    pub fn after(before: &str, body: &str) -> Self {
        let mut same = same_bytes(before.as_bytes(), body.as_bytes());
        while !body.is_char_boundary(same) {
            same = same.saturating_sub(1);
        }
        Self { same_bytes: same, rest: body.get(same..).unwrap_or_default().to_owned() }
    }

    /// The whole body; `None` if the one before is not that which it came after.
    pub fn whole(&self, before: &str) -> Option<String> {
        before.get(..self.same_bytes).map(|same| format!("{same}{}", self.rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_what_was_before_and_what_is_new() {
        let long = "é".repeat(2_000);
        for (before, body) in [
            ("", "abc"),
            ("abc", "abcd"),
            ("abcd", "abc"),
            ("abc", "abc"),
            ("aé", "aè"),
            (long.as_str(), &format!("{long}x")),
            (&format!("{long}x"), &format!("{long}yx")),
        ] {
            let after = Body::after(before, body);
            assert_eq!(after.whole(before).unwrap(), body);
            assert!(after.rest.len() <= body.len());
        }
        assert_eq!(Body::after(&long, &format!("{long}x")).rest, "x");
        assert_eq!(Body::after("abc", "abd").whole("x"), None);
    }
}
