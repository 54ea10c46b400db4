//! Models held against a stand-in that speaks the providers' wire formats and fails as providers do.

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

mod models {
    pub mod dialects;
    pub mod faults;
    pub mod gateway;
    pub mod keys;
    pub mod money;
    pub mod rig;
    pub mod sdks;
    pub mod speed;
    pub mod tapes;
}
mod standin;
