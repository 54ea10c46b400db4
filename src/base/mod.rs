//! What every other module stands on: digests, exit codes, limits, text that is not trusted.

pub mod clock;
pub mod digest;
pub mod exit;
pub mod group;
pub mod limits;
pub mod sabotage;
pub mod serving;
pub mod shelf;
pub mod text;
pub mod token;
