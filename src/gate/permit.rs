//! The only way to change the world.

use simulators::World;
use simulators::call::{Answer, Call};

use crate::record::Verdict;

/// Permission to apply one call, made by a verdict that allows it and used up by applying.
pub(super) struct Permit<'v>(&'v Verdict);

impl<'v> Permit<'v> {
    /// A permit, if the verdict allows.
    pub fn of(verdict: &'v Verdict) -> Option<Self> {
        verdict.allows().then_some(Self(verdict))
    }

    /// Applies the call.
    pub fn apply(self, world: &mut World, call: &Call) -> Answer {
        debug_assert!(self.0.allows());
        world.apply(call)
    }
}
