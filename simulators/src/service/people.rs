//! Colleagues in the team chat.

use serde_json::Value;

use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};

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

pub(crate) fn apply(_world: &mut World, call: &Call) -> Answer {
    let _ = Value::Null;
    Err(Refusal::new("InvalidAction", call.operation.clone()))
}
