//! Runs: what is to be played, on how many threads, into which folder. Never sees an oracle.

mod conclude;
mod conduct;
mod covering;
mod design;
mod estimate;
mod fraction;
mod meta;
mod plan;
mod pool;
mod segments;
mod signals;
mod threads;
mod tried;
mod versions;

pub use conclude::{conclude, index};
pub use conduct::run;
pub use design::{ASSIGNMENTS_MAX, Design, DesignError, Leveled, screen};
pub use estimate::{Estimate, estimate};
pub use meta::{Decisions, Latency, Meta, Spend, United};
pub use plan::{Cast, Staged, Wish, plan};
pub use pool::{Options, Progress, Ran, RunError, Session};
pub use signals::{Signal, interruptible};
pub use tried::{Tried, tried};
pub use versions::versions;
