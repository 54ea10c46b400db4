//! Chesterton's simulated production.
//!
//! Pure: no files, sockets, wall clock, environment or global randomness. A [`World`] is built from a
//! [`stage::Stage`]; the dialects in [`cli`] turn command lines into [`call::Call`]s; [`World::apply`] does them and
//! records [`effect::Effect`]s; [`World::preview`] says what one would do.

pub mod call;
pub mod chance;
pub mod cli;
pub mod clock;
pub mod dependents;
pub mod effect;
pub mod engine;
pub mod hardening;
pub mod keys;
pub mod moved;
pub mod resource;
pub mod service;
pub mod settle;
pub mod sql;
pub mod stage;
mod stage_problems;
mod stage_rules;
mod stage_template;
mod world;

pub use world::{Preview, World};

/// Lower-case hexadecimal, as digests are written everywhere.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0x0f));
    }
    text
}

/// 32 digits as identities have them, such as `6d1f0b7e-41c8-4c0a-9a55-0e7c2d9b1f34`; digits beyond those are left out.
pub(crate) fn dashed(digits: &str) -> String {
    let cut = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, 32)].join("-")
}
