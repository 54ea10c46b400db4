//! Alarms, metrics, log groups, dashboards.

use serde_json::Value;

use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::stage::Problem;

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[];

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub struct State {}

pub(crate) fn set_up(_world: &mut World) -> Result<(), Problem> {
    Ok(())
}

pub(crate) fn apply(_world: &mut World, call: &Call) -> Answer {
    let _ = Value::Null;
    Err(Refusal::new("InvalidAction", call.operation.clone()))
}

/// What this service keeps for a stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    LogGroup,
    Alarm,
    Dashboard,
}

/// Makes a log group, alarm or dashboard. `settings` are the template's properties.
pub(crate) fn create(
    _world: &mut World,
    _kind: Kind,
    _name: &str,
    _settings: &Value,
    _resource: crate::resource::NewResource,
) -> Result<(), Refusal> {
    Ok(())
}

/// Changes the settings of one that stands (effect `Configured`); refused if it is not there.
pub(crate) fn update(_world: &mut World, _kind: Kind, _name: &str, _settings: &Value) -> Result<(), Refusal> {
    Ok(())
}

/// Deletes one; the lines of a log group go with it.
pub(crate) fn delete(_world: &mut World, _kind: Kind, _name: &str) -> Result<(), Refusal> {
    Ok(())
}

/// The identity of one that stands.
pub(crate) fn uid(_world: &World, _kind: Kind, _name: &str) -> Option<crate::resource::Uid> {
    None
}

/// Adds a line to a log group, which appears if it does not stand yet.
pub(crate) fn log(_world: &mut World, _group: &str, _line: String) {}
