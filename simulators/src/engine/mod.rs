//! The embedded JavaScript engine: service code and its tests are executed, with limits and no clock.
//!
//! Each request and each test file gets a runtime of its own: after running out of memory a runtime is of no more
//! use, and nothing that one request leaves behind may change the next. The limits are counted, never timed, so that
//! the same code stops at the same step on every machine.

mod memo;
mod modules;
mod sandbox;
mod testing;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::clock::Time;
use crate::keys::Keyspaces;
use crate::sql::Data;
use sandbox::{Failure, Sandbox};

pub use memo::Memo;

/// Bytes of an answer that is kept for the next time.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// Source files by path from the root of the repository.
pub type Sources = Arc<BTreeMap<String, String>>;

/// What code finds behind its two doors.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stores<'s> {
    /// The rows of its database, while that can be reached.
    pub data: Option<&'s Data>,
    /// The keys of its cache, while that can be reached.
    pub cache: Option<&'s Keyspaces>,
}

impl<'s> From<Option<&'s Data>> for Stores<'s> {
    fn from(data: Option<&'s Data>) -> Self {
        Self { data, cache: None }
    }
}

/// An HTTP request as the handler gets it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Request {
    /// Such as `/report`.
    pub path: String,
    /// Query parameters.
    pub query: BTreeMap<String, String>,
}

/// What the handler answered.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Response {
    /// HTTP status; 500 with the exception's text if the handler threw, ran out of memory or steps.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Response {
    /// An answer that carries nothing but a message, as errors do.
    pub fn message(status: u16, text: impl Into<String>) -> Self {
        Self { status, body: json!({"message": text.into()}) }
    }
}

/// What one test did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestResult {
    /// Its file.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The failure, if it failed.
    pub failure: Option<String>,
}

/// One execution of a handler, with what only its owner gets to see.
#[derive(Clone, PartialEq, Debug)]
pub struct Execution {
    /// What the caller got.
    pub response: Response,
    /// What the code printed.
    pub console: Vec<String>,
    /// Why it did not answer by itself, with file and line, if it did not.
    pub error: Option<String>,
}

/// For which times an outcome holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Holds {
    /// The code did not look at the clock.
    Always,
    /// It did.
    AtThisTime,
    /// It did not even begin, which says nothing about the code; or it is too large to be kept.
    Once,
}

/// What code came to.
struct Outcome<T> {
    value: T,
    holds: Holds,
}

/// Runs a handler on a request, in a runtime of its own.
fn run(
    sources: &Sources,
    handler: &str,
    request: &Request,
    stores: Stores<'_>,
    now: Time,
) -> Outcome<Execution> {
    let sandbox = match Sandbox::new(sources, stores, now) {
        Ok(sandbox) => sandbox,
        Err(failure) => return Outcome { value: broken(&failure, Vec::new()), holds: Holds::Once },
    };
    let answer = sandbox.handle(handler, request);
    let is_large = answer.as_ref().is_ok_and(|text| text.len() > KEPT_BYTES_MAX);
    let console = sandbox.console();
    let value = match answer.and_then(|text| read_answer(&text)) {
        Ok(response) => Execution { response, console, error: None },
        Err(failure) => broken(&failure, console),
    };
    Outcome { value, holds: if is_large { Holds::Once } else { sandbox.holds() } }
}

fn broken(failure: &Failure, console: Vec<String>) -> Execution {
    let error = failure.to_string();
    Execution { response: Response::message(500, error.clone()), console, error: Some(error) }
}

/// Reads `{statusCode, body}`; a body that is JSON text is taken as JSON, any other text as a text.
fn read_answer(text: &str) -> Result<Response, Failure> {
    let malformed = |what: &str| Failure::new(format!("the handler's answer {what}"));
    let answer: Value = serde_json::from_str(text).map_err(|_| malformed("is nested too deeply"))?;
    let status = answer.get("statusCode").and_then(Value::as_u64);
    let status = status.and_then(|s| u16::try_from(s).ok()).filter(|s| (100..600).contains(s));
    let Some(status) = status else { return Err(malformed("has no `statusCode` between 100 and 599")) };
    let body = match answer.get("body") {
        Some(Value::String(text)) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        }
        Some(body) => body.clone(),
        None => Value::Null,
    };
    Ok(Response { status, body })
}

/// The module and the export that a handler's name means: `src/handler.js#handler`, or as the real service writes it,
/// `src/handler.handler`.
pub fn entry(handler: &str) -> (String, String) {
    if let Some((module, export)) = handler.split_once('#') {
        return (module.to_owned(), export.to_owned());
    }
    match handler.rsplit_once('.') {
        Some((module, export)) => (format!("{module}.js"), export.to_owned()),
        None => (format!("{handler}.js"), "handler".to_owned()),
    }
}
