//! What a provider says when it does not answer: by status, by header and in its own words.

use std::time::Duration;

use serde_json::Value;

use super::{at, list_at, text_at};
use crate::model::failure::Failure;
use crate::model::fault::Refusal;

/// Characters of a provider's own words that are told.
const TOLD_CHARS_MAX: usize = 600;

/// Words in a provider's refusal that say that the conversation is too long for the model.
const TOO_LONG: [&str; 11] = [
    "context_length_exceeded",
    "maximum context length",
    "context window",
    "context length",
    "context size",
    "prompt is too long",
    "input is too long",
    "too many input tokens",
    "exceeds the maximum number of tokens",
    "reduce the length of the messages",
    "request_too_large",
];

/// Words that say that the account has nothing left: to ask again does not help.
const NOTHING_LEFT: [&str; 5] = [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "credit balance is too low",
    "insufficient balance",
    "insufficient credits",
];

/// What a status that is no success comes to. `body` is as it came: what is told of it is stripped of keys by whoever tells it.
pub(in crate::model) fn refusal(status: u16, after: Option<Duration>, body: &str) -> Failure {
    let said: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let words = words(&said, body);
    let lower = body.to_ascii_lowercase();
    let told = match words.as_str() {
        "" => format!("the provider answered {status} and gave no reason"),
        words => format!("the provider answered {status}: {words}"),
    };
    let has = |list: &[&str]| list.iter().any(|word| lower.contains(word));
    match status {
        400..=499 if has(&NOTHING_LEFT) => Failure::refused(Refusal::Key, told),
        429 => {
            let failure = Failure::busy(told);
            Failure { after: after.or_else(|| retry_delay(&said)), ..failure }
        }
        503 | 529 => Failure { after, ..Failure::busy(told) },
        408 | 409 | 425 | 500.. => Failure { after, ..Failure::broken(told) },
        402 => Failure::refused(Refusal::Key, told),
        400 if has(&["api_key_invalid", "api key not valid"]) => Failure::refused(Refusal::Key, told),
        413 => Failure::refused(Refusal::ContextTooLong, told),
        400 | 422 if has(&TOO_LONG) => Failure::refused(Refusal::ContextTooLong, told),
        401 | 403 | 407 => Failure::refused(Refusal::Key, told),
        404 | 410 => Failure::refused(Refusal::NoSuchModel, told),
        400..=499 => Failure::refused(Refusal::Request, told),
        300..=399 => {
            Failure::hopeless(format!("{told}; redirects are not followed, so that a key goes nowhere else"))
        }
        _ => Failure::broken(told),
    }
}

/// Google says in the body how long to wait: `"retryDelay": "34s"`.
fn retry_delay(said: &Value) -> Option<Duration> {
    let details = list_at(said, "/error/details").iter().chain(list_at(said, "/0/error/details"));
    let text = details.filter_map(|detail| text_at(detail, "/retryDelay")).next()?;
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// An answer whose pieces hold an error instead.
pub(in crate::model) fn in_stream(data: &Value) -> Option<Failure> {
    let is_error = text_at(data, "/type") == Some("error");
    let error = data.get("error").or_else(|| at(data, "/0/error")).filter(|error| !error.is_null());
    match error {
        Some(error) => Some(failed(error)),
        None if is_error => Some(failed(data)),
        None => None,
    }
}

/// An error that came where an answer was promised: with no status, but a type or a code.
pub(super) fn failed(error: &Value) -> Failure {
    let text = error.to_string();
    let status = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let kind = ["/type", "/code", "/status"]
        .iter()
        .filter_map(|at| text_at(error, at))
        .collect::<Vec<_>>()
        .join(" ");
    let has = |word: &str| kind.to_ascii_lowercase().contains(word);
    let status = match status {
        Some(status) if (400..600).contains(&status) => status,
        _ if has("overloaded") || has("unavailable") => 529,
        _ if has("rate_limit") || has("exhausted") || has("quota") => 429,
        _ if has("authentication") || has("permission") => 401,
        _ if has("not_found") => 404,
        _ if has("invalid") || has("context_length") => 400,
        _ => 500,
    };
    refusal(status, None, &text).may_cost()
}

/// The provider's own words, wherever it puts them, on one line.
fn words(said: &Value, body: &str) -> String {
    let places = ["/error/message", "/0/error/message", "/message", "/detail", "/error", "/error/type"];
    let words = places.iter().filter_map(|at| text_at(said, at)).find(|text| !text.trim().is_empty());
    let words = words.unwrap_or(body).split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(TOLD_CHARS_MAX) {
        // A key has no blank: cut at one, nothing is left of a key that is cut in two and that nobody finds any more.
        Some((end, _)) => {
            let cut = words.get(..end).unwrap_or_default();
            format!("{}…", cut.rsplit_once(' ').map_or("", |(whole, _)| whole))
        }
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half a key would be found by nobody who looks for keys.
    #[test]
    fn what_is_told_is_not_cut_inside_a_key() {
        let key = format!("sk-{}", "k".repeat(60));
        for before in [TOLD_CHARS_MAX - 70, TOLD_CHARS_MAX - 30, TOLD_CHARS_MAX - 2, TOLD_CHARS_MAX + 5] {
            let said = format!("{} {key} {}", "x".repeat(before.saturating_sub(1)), "y ".repeat(400));
            let text = refusal(400, None, &said).text;
            assert!(text.contains(&key) || !text.contains("sk"), "{before}: {text}");
            assert!(text.contains('…'), "{before}: {text}");
        }
    }
}
