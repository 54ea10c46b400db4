//! What every other module stands on: digests, exit codes, limits, text that is not trusted.

pub mod digest;
pub mod exit;
pub mod limits;
pub mod text;
