//! S3-like buckets and objects.

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

/// Makes an empty bucket.
pub(crate) fn create_bucket(
    _world: &mut World,
    _name: &str,
    _versioning: bool,
    _resource: crate::resource::NewResource,
) -> Result<(), Refusal> {
    Ok(())
}

/// Deletes a bucket; refused (`BucketNotEmpty`) while anything lies in it, old versions included.
pub(crate) fn delete_bucket(_world: &mut World, _name: &str) -> Result<(), Refusal> {
    Ok(())
}

/// The identity of a bucket that stands.
pub fn uid(_world: &World, _name: &str) -> Option<crate::resource::Uid> {
    None
}
