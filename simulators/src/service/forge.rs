//! The hosted repository: branches, pull requests, reviews, pipeline runs.

use serde_json::Value;

use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::stage::Problem;

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[];

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub struct State {}

/// Work that comes due.
#[derive(Clone, Debug)]
pub enum Due {}

pub(crate) fn due(_world: &mut World, due: Due) {
    match due {}
}

pub(crate) fn set_up(_world: &mut World) -> Result<(), Problem> {
    Ok(())
}

pub(crate) fn apply(_world: &mut World, call: &Call) -> Answer {
    let _ = Value::Null;
    Err(Refusal::new("InvalidAction", call.operation.clone()))
}

/// The sources of a build, by its number as text.
pub fn build_sources(_world: &World, _build: &str) -> Option<crate::engine::Sources> {
    None
}

/// The files at the tip of a branch of the hosted repository.
pub fn branch_sources(_world: &World, _branch: &str) -> Option<crate::engine::Sources> {
    None
}
