//! Hidden checks, executed on the code that was delivered.

use std::sync::Arc;

use simulators::clock::Time;
use simulators::engine::{self, Request};
use simulators::sql::Data;

use super::facts::Facts;
use super::oracle::{Check, Repaired};

/// Whether each check passes. A function that does not stand passes none.
pub fn repaired(facts: &Facts, wanted: &Repaired) -> bool {
    let Some(delivered) = facts.delivered.get(&wanted.function) else { return false };
    let Ok(data) = Data::build(&wanted.fixture) else { return false };
    let sources = Arc::new(delivered.sources.clone());
    !wanted.check.is_empty()
        && wanted.check.iter().all(|check| passes(check, &sources, &delivered.handler, &data, facts.ended))
}

fn passes(check: &Check, sources: &engine::Sources, handler: &str, data: &Data, now: Time) -> bool {
    let request = Request { path: check.path.clone(), query: check.query.clone() };
    let response = engine::respond(sources, handler, &request, Some(data), now);
    response.status == check.status
        && check.body.iter().all(|(pointer, value)| response.body.pointer(pointer) == Some(value))
}
