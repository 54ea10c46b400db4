//! The embedded JavaScript engine: service code and its tests are executed, with limits and no clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::clock::Time;
use crate::sql::Data;

/// Source files by path from the root of the repository.
pub type Sources = Arc<BTreeMap<String, String>>;

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

/// Runs `handler` (`src/handler.js#handler`) on a request. `db.query(sql, params)` reads `data`; without data it throws.
pub fn respond(
    _sources: &Sources,
    _handler: &str,
    _request: &Request,
    _data: Option<&Data>,
    _now: Time,
) -> Response {
    Response { status: 500, body: Value::Null }
}

/// Runs the repository's own tests (`tests/*.test.js`, importing `node:test` and `node:assert/strict`).
pub fn run_tests(_sources: &Sources, _now: Time) -> Vec<TestResult> {
    Vec::new()
}
