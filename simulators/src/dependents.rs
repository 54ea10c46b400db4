//! Consumers of production, polling through the real path.

use crate::World;
use crate::clock::Time;
use crate::stage::Problem;

/// What each dependent has experienced.
#[derive(Clone, Debug, Default)]
pub struct State {}

pub(crate) fn set_up(_world: &mut World) -> Result<(), Problem> {
    Ok(())
}

pub(crate) fn poll_until(_world: &mut World, _to: Time) {}
