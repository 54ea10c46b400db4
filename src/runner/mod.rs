//! Runs: what is to be played, on how many threads, into which folder. Never sees an oracle.

mod meta;
mod plan;
mod pool;
mod signals;

pub use meta::Stopwatch;
pub use plan::{Cast, Wish, plan};
pub use pool::{Progress, Ran, RunError, Session, run};
pub use signals::Signal;
