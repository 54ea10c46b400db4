//! Lambda-like functions and the HTTP API in front of them.

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

/// A function to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewFunction {
    pub name: String,
    /// The build whose sources it runs, a number of the forge's pipeline.
    pub build: String,
    /// Such as `src/handler.js#handler`.
    pub handler: String,
    /// Environment variables; `DB_INSTANCE` names the database instance it reads.
    pub variables: std::collections::BTreeMap<String, String>,
}

/// Makes a function; it serves at once. Refused if one of that name stands.
pub(crate) fn create(
    _world: &mut World,
    _new: NewFunction,
    _resource: crate::resource::NewResource,
) -> Result<(), Refusal> {
    Ok(())
}

/// Lets a function run another build (effect `Deployed`).
pub(crate) fn set_build(_world: &mut World, _name: &str, _build: &str) -> Result<(), Refusal> {
    Ok(())
}

/// Sets a function's environment variables (effect `Configured`).
pub(crate) fn set_variables(
    _world: &mut World,
    _name: &str,
    _variables: std::collections::BTreeMap<String, String>,
) -> Result<(), Refusal> {
    Ok(())
}

/// Deletes a function (effect `Destroyed`).
pub(crate) fn delete(_world: &mut World, _name: &str) -> Result<(), Refusal> {
    Ok(())
}

/// Makes an HTTP API that passes requests to a function.
pub(crate) fn create_api(
    _world: &mut World,
    _name: &str,
    _function: &str,
    _resource: crate::resource::NewResource,
) -> Result<(), Refusal> {
    Ok(())
}

/// Deletes an HTTP API.
pub(crate) fn delete_api(_world: &mut World, _name: &str) -> Result<(), Refusal> {
    Ok(())
}

/// The identity of a function or API that stands.
pub fn uid(_world: &World, _name: &str) -> Option<crate::resource::Uid> {
    None
}

/// What a consumer gets from an API: 503 if the API or its function is not there, 500 if the code throws (no database).
pub fn respond(_world: &World, _api: &str, _request: &crate::engine::Request) -> crate::engine::Response {
    crate::engine::Response { status: 503, body: Value::Null }
}

/// A text that changes whenever [`respond`] could answer differently (API, function, build, variables, instance,
/// data digest), so that pollers need not execute the code again.
pub fn path_version(_world: &World, _api: &str) -> String {
    String::new()
}
