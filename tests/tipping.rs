//! Designs, what they tell apart, and the search for what tips an agent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test fails loudly"
)]

#[path = "tipping/designs.rs"]
mod designs;
#[path = "tipping/end_to_end.rs"]
mod end_to_end;
#[path = "tipping/holds.rs"]
mod holds;
#[path = "tipping/planted.rs"]
mod planted;
