//! One try: a request is sent and an answer comes, whole and in time, or it is said what went wrong.

use std::time::Duration;

use axum::body::Bytes;
use eventsource_stream::Eventsource;
use futures_util::{FutureExt, Stream, StreamExt};
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, LOCATION};
use serde_json::Value;
use tokio::time::timeout;

use super::answer::Usage;
use super::dialect::{self, Collector};
use super::endpoint::Dialect;
use super::failure::{self, Failure};
use super::patience::Patience;
use super::retry;
use crate::base::clock::Stopwatch;

/// Bytes of a refusal that are read.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;
/// Bytes of the address that a redirect leads to, for it to be told.
const LOCATION_BYTES_MAX: usize = 200;
/// Bytes of one line of an answer that comes piece by piece.
const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The content type of an answer that comes piece by piece.
pub(super) const EVENTS: &str = "text/event-stream";
/// Bytes that events are looked for in at once, or a little more: the parser moves all that is left after each line.
const PARSED_BYTES: usize = 8 * 1024;

/// What came, as it came.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Came {
    /// The status; 0: none came.
    pub status: u16,
    /// What the provider says that it is.
    pub content_type: String,
    /// The provider's name for this exchange, for its support.
    pub request_id: String,
    /// The body, as far as it came.
    pub body: Vec<u8>,
}

/// Sends a request and takes the answer. What came is left in `came`, whatever comes of it.
pub(super) async fn exchange(
    request: reqwest::RequestBuilder,
    dialect: Dialect,
    stream: bool,
    patience: &Patience,
    came: &mut Came,
) -> Result<Value, Failure> {
    let accept = if stream { EVENTS } else { "application/json" };
    let sent = request.header(ACCEPT, accept).send();
    let first_byte = patience.first_byte(stream);
    let response = match timeout(first_byte, sent).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) if error.is_connect() => {
            return Err(Failure::broken(format!("no connection: {}", failure::told(error))));
        }
        Ok(Err(error)) => {
            let text = format!("the connection broke before an answer came: {}", failure::told(error));
            return Err(Failure::broken(text).may_cost());
        }
        Err(_) => {
            let text = format!("no answer began within {} ms", first_byte.as_millis());
            return Err(Failure::broken(text).may_cost());
        }
    };
    note(&response, came);
    if came.content_type.is_empty() {
        came.content_type = accept.to_owned();
    }
    if !response.status().is_success() {
        return Err(refused(response, patience, came).await);
    }
    if is_encoded(response.headers()) {
        return Err(Failure::broken("the answer is packed, which nobody asked for").may_cost());
    }
    match came.content_type.as_str() {
        EVENTS => pieces(response, dialect, patience, came).await,
        "application/json" => whole(response, patience, came).await,
        other => {
            Err(Failure::broken(format!("the answer is `{other}`, not an answer of a model")).may_cost())
        }
    }
}

/// What the head of an answer says.
pub(super) fn note(response: &reqwest::Response, came: &mut Came) {
    let text = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().trim().to_owned()
    };
    came.status = response.status().as_u16();
    let kind = text(CONTENT_TYPE.as_str());
    came.content_type = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let ids = ["x-request-id", "request-id", "x-goog-request-id"];
    came.request_id = ids.iter().map(|name| text(name)).find(|id| !id.is_empty()).unwrap_or_default();
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let encoding = headers.get(CONTENT_ENCODING).map(reqwest::header::HeaderValue::as_bytes);
    !matches!(encoding, None | Some(b"identity" | b""))
}

/// A status that is no success, with as much of its reason as comes.
pub(super) async fn refused(response: reqwest::Response, patience: &Patience, came: &mut Came) -> Failure {
    let after = retry::after(response.headers());
    let never_again = response.headers().get("x-should-retry").is_some_and(|value| value == "false");
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut chunks = Box::pin(guarded(response, *patience, false));
    while let Some(Ok(chunk)) = chunks.next().await {
        came.body.extend_from_slice(&chunk);
        if came.body.len() > REFUSAL_BYTES_MAX {
            came.body.truncate(REFUSAL_BYTES_MAX);
            break;
        }
    }
    let mut failure = dialect::refusal(came.status, after, &String::from_utf8_lossy(&came.body));
    // A long one is left out and not cut: half a key would be found by nobody.
    if let (300..400, Some(location)) = (came.status, location.filter(|to| to.len() <= LOCATION_BYTES_MAX)) {
        failure.text = format!("{} (to `{location}`)", failure.text);
    }
    if never_again && failure.is_worth_a_try() {
        failure = Failure::hopeless(format!("{}, and says that it is of no use to ask again", failure.text));
    }
    failure
}

/// An answer that comes whole.
async fn whole(response: reqwest::Response, patience: &Patience, came: &mut Came) -> Result<Value, Failure> {
    let mut chunks = Box::pin(guarded(response, *patience, false));
    while let Some(chunk) = chunks.next().await {
        came.body.extend_from_slice(&chunk?);
    }
    read_whole(&came.body)
}

/// The JSON of an answer that came whole.
pub(super) fn read_whole(body: &[u8]) -> Result<Value, Failure> {
    let whole: Value = serde_json::from_slice(body)
        .map_err(|error| Failure::broken(format!("the answer is no JSON: {error}")).may_cost())?;
    // Some servers say 200 and then that they failed.
    match dialect::failed_inside(&whole) {
        Some(failure) => Err(failure),
        None => Ok(whole),
    }
}

/// An answer that comes piece by piece.
async fn pieces(
    response: reqwest::Response,
    dialect: Dialect,
    patience: &Patience,
    came: &mut Came,
) -> Result<Value, Failure> {
    let body = &mut came.body;
    let chunks = guarded(response, *patience, true).inspect(|chunk| {
        if let Ok(chunk) = chunk {
            body.extend_from_slice(chunk);
        }
    });
    collect(chunks, dialect).await
}

/// Puts the events of a body together.
pub(super) async fn collect(
    chunks: impl Stream<Item = Result<Bytes, Failure>>,
    dialect: Dialect,
) -> Result<Value, Failure> {
    let mut collector = Collector::new(dialect);
    let mut pending = Vec::new();
    let lines = chunks.flat_map(move |chunk| {
        let pieces = match chunk {
            Ok(chunk) => whole_lines(&mut pending, &chunk).into_iter().map(Ok).collect(),
            Err(failure) => vec![Err(failure)],
        };
        futures_util::stream::iter(pieces)
    });
    let mut events = Box::pin(lines.eventsource());
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                if collector.take(&event.data).map_err(Failure::may_cost)? {
                    break;
                }
            }
            Err(eventsource_stream::EventStreamError::Transport(failure)) => return Err(failure),
            Err(_) => return Err(Failure::broken("the answer is no text").may_cost()),
        }
    }
    collector.whole().map_err(Failure::may_cost)
}

/// What an answer took that somebody else reads; an error: it is none, or not whole.
pub(super) fn usage(body: Bytes, events: bool, dialect: Dialect) -> Result<Option<Usage>, Failure> {
    reread(body, events, dialect).map(|whole| dialect.usage(&whole))
}

/// An answer that came before, as the dialect reads it.
pub(super) fn reread(body: Bytes, events: bool, dialect: Dialect) -> Result<Value, Failure> {
    if !events {
        return read_whole(&body);
    }
    // All of it is there, so that nothing is waited for.
    let collected = collect(futures_util::stream::iter([Ok(body)]), dialect).now_or_never();
    collected.unwrap_or_else(|| Err(Failure::broken("the answer cannot be read at once")))
}

/// The whole lines of what has come so far, some at a time; the rest stays pending. The parser begins every line anew with each
/// piece that it gets, so a long line in many pieces would cost its length squared.
fn whole_lines(pending: &mut Vec<u8>, chunk: &[u8]) -> Vec<Bytes> {
    let Some(last) = chunk.iter().rposition(|b| *b == b'\n') else {
        pending.extend_from_slice(chunk);
        return Vec::new();
    };
    let (now, later) = chunk.split_at(last.saturating_add(1));
    let mut pieces = Vec::new();
    for line in now.split_inclusive(|b| *b == b'\n') {
        pending.extend_from_slice(line);
        if pending.len() >= PARSED_BYTES {
            pieces.push(Bytes::from(std::mem::take(pending)));
        }
    }
    if !pending.is_empty() {
        pieces.push(Bytes::from(std::mem::take(pending)));
    }
    pending.extend_from_slice(later);
    pieces
}

/// A body under its limits: it goes on coming, it comes fast enough, it does not come for ever.
struct Guarded {
    response: reqwest::Response,
    patience: Patience,
    /// Whole lines are a sign of life.
    by_line: bool,
    bytes: usize,
    line_bytes: usize,
    /// Something other than white space has come: some servers send that while they think.
    begun: bool,
    window: Stopwatch,
    window_bytes: u64,
    window_lines: u64,
}

/// The pieces of a body, under its limits.
pub(super) fn guarded(
    response: reqwest::Response,
    patience: Patience,
    by_line: bool,
) -> impl Stream<Item = Result<Bytes, Failure>> {
    let guarded = Guarded {
        response,
        patience,
        by_line,
        bytes: 0,
        line_bytes: 0,
        begun: false,
        window: Stopwatch::start(),
        window_bytes: 0,
        window_lines: 0,
    };
    futures_util::stream::unfold(Some(guarded), |guarded| async move {
        let mut guarded = guarded?;
        match guarded.next().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some(guarded))),
            Ok(None) => None,
            Err(failure) => Some((Err(failure.may_cost()), None)),
        }
    })
}

impl Guarded {
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let span =
                if self.begun { self.patience.silence() } else { self.patience.first_byte(self.by_line) };
            let left = span.saturating_sub(self.window.elapsed());
            if left.is_zero() {
                self.look_back(span)?;
                continue;
            }
            match timeout(left, self.response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    self.count(&chunk)?;
                    return Ok(Some(chunk));
                }
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(error)) => {
                    let text =
                        format!("the connection broke in the middle of the answer: {}", failure::told(error));
                    return Err(Failure::broken(text));
                }
                Err(_) => {}
            }
        }
    }

    fn count(&mut self, chunk: &Bytes) -> Result<(), Failure> {
        self.bytes = self.bytes.saturating_add(chunk.len());
        if self.bytes > self.patience.answer_bytes_max {
            let text = format!("the answer has more than {} bytes", self.patience.answer_bytes_max);
            return Err(Failure::broken(text));
        }
        if !self.begun && !chunk.iter().all(u8::is_ascii_whitespace) {
            self.begun = true;
            self.window = Stopwatch::start();
        }
        self.window_bytes = self.window_bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if !self.by_line {
            return Ok(());
        }
        match chunk.iter().rposition(|b| matches!(b, b'\n' | b'\r')) {
            Some(end) => {
                self.window_lines = self.window_lines.saturating_add(1);
                self.line_bytes = chunk.len().saturating_sub(end);
            }
            None => self.line_bytes = self.line_bytes.saturating_add(chunk.len()),
        }
        if self.line_bytes > LINE_BYTES_MAX {
            return Err(Failure::broken(format!(
                "the answer has a line of more than {LINE_BYTES_MAX} bytes"
            )));
        }
        Ok(())
    }

    /// Whether enough came since the window began; the next one begins.
    fn look_back(&mut self, span: Duration) -> Result<(), Failure> {
        let (bytes, lines) = (self.window_bytes, self.window_lines);
        let enough = u128::from(self.patience.bytes_per_s_min).saturating_mul(span.as_millis()) / 1_000;
        let came = format!("{bytes} bytes came in {} ms", span.as_millis());
        if bytes == 0 || !self.begun {
            return Err(Failure::broken(format!("the answer stopped coming: {came}")));
        }
        if lines == 0 && u128::from(bytes) < enough {
            return Err(Failure::broken(format!("the answer came too slowly: {came}")));
        }
        self.window = Stopwatch::start();
        self.window_bytes = 0;
        self.window_lines = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let text = "data: a\n\ndata: bb\r\n: note\ndata: ccc\n\ndata: d".repeat(900);
        for size in [1, 2, 3, 7, 1_000, 20_000, text.len()] {
            let mut pending = Vec::new();
            let pieces: Vec<Bytes> =
                text.as_bytes().chunks(size).flat_map(|chunk| whole_lines(&mut pending, chunk)).collect();
            assert!(pieces.iter().all(|piece| piece.ends_with(b"\n") && piece.len() < PARSED_BYTES + 64));
            let whole: Vec<u8> = pieces.iter().flatten().copied().chain(pending).collect();
            assert_eq!(whole, text.as_bytes());
        }
    }
}
