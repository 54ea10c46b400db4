//! What the gateway does with a request: whose it is, whether it may pass, and what comes of it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::Passes;
use super::pass::Entry;
use super::passing::{self, Question};
use crate::model::endpoint::Dialect;
use crate::model::fault::Fault;
use crate::model::tape::{Line, Outcome};
use crate::model::wire::EVENTS;

/// Bytes that a request may have.
const REQUEST_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Headers that are the connection's, not the request's, and those that carry a key.
const NOT_PASSED: [&str; 16] = [
    "host",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "accept-encoding",
    "authorization",
    "x-api-key",
    "x-goog-api-key",
    "api-key",
    "cookie",
];

pub(super) fn router(passes: Arc<Passes>) -> Router {
    Router::new().fallback(serve).with_state(passes)
}

async fn serve(State(passes): State<Arc<Passes>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some((entry, path)) = whose(&passes, &parts) else {
        let told =
            "this gateway knows no such token; an agent is given its own in its base URL, and as its key";
        return error(None, StatusCode::UNAUTHORIZED, "authentication_error", told);
    };
    let dialect = entry.model.endpoint().dialect;
    // Some agents look first whether anybody is there.
    if matches!(parts.method, Method::HEAD | Method::GET) && matches!(path.as_str(), "" | "/") {
        return Response::new(Body::empty());
    }
    if parts.method != Method::POST || Dialect::of_path(&path) != Some(dialect) {
        let told = format!("this gateway passes nothing but `{}` on, and this is `{path}`", steps(dialect));
        return error(Some(dialect), StatusCode::NOT_FOUND, "not_found_error", &told);
    }
    let Ok(bytes) = to_bytes(body, REQUEST_BYTES_MAX).await else {
        let told = format!("a request has at most {REQUEST_BYTES_MAX} bytes");
        return error(Some(dialect), StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", &told);
    };
    let Ok(value) = serde_json::from_slice::<Value>(&bytes) else {
        return error(
            Some(dialect),
            StatusCode::BAD_REQUEST,
            "invalid_request_error",
            "the request is no JSON",
        );
    };
    let query = parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.starts_with("key="));
    let query = query.collect::<Vec<_>>().join("&");
    let address = format!("{path}?{query}");
    let question = Question { address, path, query, headers: passed(&parts.headers), bytes, value };
    answer(entry, question).await
}

/// From the tape, or from the provider.
async fn answer(entry: Arc<Entry>, question: Question) -> Response {
    let dialect = entry.model.endpoint().dialect;
    if let Some(fault) = entry.stopped() {
        return refused(dialect, &fault);
    }
    let body = String::from_utf8_lossy(&question.bytes).into_owned();
    let asked = entry.asked(&question.address, &entry.model.strip(&body));
    let name = passing::name_of(&question);
    let replayed = entry.model.deck().filter(|deck| deck.is_replay());
    match replayed.map(|deck| deck.recall(&asked, &body)) {
        Some(Ok(Some(line))) => recalled(&entry, &name, line),
        Some(Ok(None)) => refused(dialect, &Fault::Tape("the tape holds nothing".to_owned())),
        Some(Err(fault)) => {
            entry.stop(&fault);
            refused(dialect, &fault)
        }
        None => match passing::pass(Arc::clone(&entry), asked, question).await {
            Ok(response) => response,
            Err(fault) => refused(dialect, &fault),
        },
    }
}

/// An answer that is on the tape, or the provider's refusal.
fn recalled(entry: &Entry, name: &str, line: Line) -> Response {
    let dialect = entry.model.endpoint().dialect;
    let of = |status: u16, kind: &str, body: String| {
        let response = Response::builder().status(status).header("content-type", kind).body(Body::from(body));
        response.unwrap_or_else(|_| Response::new(Body::empty()))
    };
    entry.came(if let Outcome::Failed(fault) = &line.outcome { Some(fault) } else { None });
    if let Outcome::Failed(_) = line.outcome {
        entry.account.wasted(u64::try_from(line.tries.len()).unwrap_or(u64::MAX), line.lost);
    }
    match (line.outcome, line.tries.into_iter().next_back()) {
        (Outcome::Answered { status, events, body, .. }, _) => {
            entry.recalled(name, &body, events, line.lost);
            of(status, if events { EVENTS } else { "application/json" }, body)
        }
        (Outcome::Failed(_), Some(last)) if last.status >= 400 => {
            of(last.status, "application/json", last.body)
        }
        (Outcome::Failed(fault), _) => refused(dialect, &fault),
    }
}

/// The agent that asks, and what it asks for: its token stands before the path, or is its key.
fn whose(passes: &Passes, parts: &Parts) -> Option<(Arc<Entry>, String)> {
    let path = parts.uri.path();
    if let Some(rest) = path.strip_prefix("/t/") {
        let (token, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        return passes.of(token).map(|entry| (entry, rest.to_owned()));
    }
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let keys = [
        text("authorization").and_then(|value| value.strip_prefix("Bearer ")),
        text("x-api-key"),
        text("x-goog-api-key"),
    ];
    let entry = keys.into_iter().flatten().find_map(|token| passes.of(token))?;
    Some((entry, path.to_owned()))
}

const fn steps(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenaiChat => "/v1/chat/completions",
        Dialect::OpenaiResponses => "/v1/responses",
        Dialect::AnthropicMessages => "/v1/messages",
        Dialect::Gemini => "/v1beta/models/…:generateContent",
    }
}

fn passed(headers: &HeaderMap) -> HeaderMap {
    let is_passed = |name: &HeaderName| !NOT_PASSED.contains(&name.as_str());
    let kept = headers.iter().filter(|(name, _)| is_passed(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Why nothing was passed on: with a status that agents do not try again at, where that is of no use.
fn refused(dialect: Dialect, fault: &Fault) -> Response {
    let (status, kind) = match fault {
        Fault::Budget(_) => (StatusCode::FORBIDDEN, "budget_reached"),
        Fault::Tape(_) => (StatusCode::FORBIDDEN, "not_on_the_tape"),
        Fault::Unrecorded { .. } => (StatusCode::FORBIDDEN, "not_recorded"),
        Fault::Refused { .. } => (StatusCode::BAD_REQUEST, "invalid_request_error"),
        Fault::Provider(_) => (StatusCode::BAD_GATEWAY, "api_error"),
    };
    error(Some(dialect), status, kind, &fault.to_string())
}

/// An error in the words of a dialect.
fn error(dialect: Option<Dialect>, status: StatusCode, kind: &str, message: &str) -> Response {
    let body = match dialect {
        Some(Dialect::AnthropicMessages) => {
            json!({"type": "error", "error": {"type": kind, "message": message}})
        }
        Some(Dialect::Gemini) => {
            json!({"error": {"code": status.as_u16(), "message": message, "status": kind.to_uppercase()}})
        }
        _ => json!({"error": {"message": message, "type": kind, "param": null, "code": kind}}),
    };
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Body::from(body.to_string())).unwrap_or_else(|_| Response::new(Body::empty()))
}

/// A body of bytes that came whole.
pub(super) fn whole(status: u16, headers: &HeaderMap, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = answered(headers);
    response
}

/// Headers of an answer that are the agent's business.
pub(super) fn answered(headers: &HeaderMap) -> HeaderMap {
    let dropped = |name: &HeaderName| NOT_PASSED.contains(&name.as_str()) || name.as_str() == "set-cookie";
    let kept = headers.iter().filter(|(name, _)| !dropped(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}
