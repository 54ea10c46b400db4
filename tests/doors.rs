//! Doors that agents reach as they reach anything else: MCP, the services' own protocols, PostgreSQL's.

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

mod by_hand;
#[path = "by_hand/process.rs"]
mod process;
mod doors {
    pub mod acp;
    pub mod aws;
    pub mod clients;
    pub mod mcp;
    pub mod postgres;
    pub mod real;
    pub mod room;
    pub mod round;
    pub mod script;
}
