//! Runs: what is to be played, on how many threads, into which folder. Never sees an oracle.

mod conclude;
mod meta;
mod plan;
mod pool;
mod signals;

pub use conclude::{conclude, index};
pub use meta::Meta;
pub use plan::{Cast, Wish, plan};
pub use pool::{Progress, Ran, RunError, Session, run};
pub use signals::Signal;
