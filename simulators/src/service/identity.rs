//! Callers, roles and policies.

use serde_json::Value;

use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[];

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub struct State {}

pub(crate) fn apply(_world: &mut World, call: &Call) -> Answer {
    let _ = Value::Null;
    Err(Refusal::new("InvalidAction", call.operation.clone()))
}

/// Whether the call's principal may make it.
///
/// # Errors
/// `AccessDenied`, worded as the real service words it.
pub fn authorize(_world: &World, _call: &Call) -> Result<(), Refusal> {
    Ok(())
}

/// Makes a service role that a stack owns.
pub(crate) fn create_role(
    _world: &mut World,
    _name: &str,
    _resource: crate::resource::NewResource,
) -> Result<(), Refusal> {
    Ok(())
}

/// Deletes a service role.
pub(crate) fn delete_role(_world: &mut World, _name: &str) -> Result<(), Refusal> {
    Ok(())
}

/// The identity of a service role that stands.
pub fn uid(_world: &World, _name: &str) -> Option<crate::resource::Uid> {
    None
}
