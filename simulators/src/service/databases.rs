//! RDS-like database instances, their snapshots and backups.

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

/// The rows of an instance, while it is available.
pub fn data<'w>(_world: &'w World, _instance: &str) -> Option<&'w crate::sql::Data> {
    None
}

/// An instance to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewInstance {
    pub id: String,
    pub class: String,
    /// The database inside.
    pub name: String,
    pub user: String,
    pub allocated_gib: i64,
    pub retention_days: i64,
    pub deletion_protection: bool,
}

/// Begins to create an empty instance: `creating` now, `available` after its creation time (the staged
/// `create_s` if an instance of that id was on the stage). Returns how many seconds it takes.
pub(crate) fn create_instance(
    _world: &mut World,
    _new: NewInstance,
    _resource: crate::resource::NewResource,
) -> Result<i64, Refusal> {
    Ok(0)
}

/// Begins to delete an instance: `deleting` now, gone (effect `Destroyed`, unreachable from now) after its deletion
/// time. Returns how many seconds it takes.
pub(crate) fn delete_instance(
    _world: &mut World,
    _id: &str,
    _final_snapshot: Option<&str>,
    _keep_backups: bool,
) -> Result<i64, Refusal> {
    Ok(0)
}

/// The identity of an instance that is not gone, whatever its status.
pub fn uid(_world: &World, _id: &str) -> Option<crate::resource::Uid> {
    None
}

/// `available`, `creating`, `deleting`, …; `None` if there is no such instance.
pub fn status<'w>(_world: &'w World, _id: &str) -> Option<&'w str> {
    None
}
