//! Nothing lost: killed anywhere, resumed, sharded, merged, corrupted, out of space.
//!
//! It goes deeper than the suite's seconds allow with `CHESTERTON_KILLS=2000`, `CHESTERTON_MUTATIONS=1000000`,
//! `CHESTERTON_MEMORY=100000` (trials) and `CHESTERTON_STRACE=1` (each system call fails, or kills).

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

#[cfg(feature = "sabotage")]
mod by_hand;
#[path = "lasting/canaries.rs"]
mod canaries;
#[cfg(feature = "sabotage")]
#[path = "lasting/disks.rs"]
mod disks;
#[path = "lasting/kills.rs"]
mod kills;
#[path = "lasting/ledgers.rs"]
mod ledgers;
#[path = "lasting/limits.rs"]
mod limits;
#[path = "lasting/memory.rs"]
mod memory;
#[path = "lasting/places.rs"]
mod places;
#[path = "lasting/rooms.rs"]
mod rooms;
#[path = "lasting/runs.rs"]
mod runs;
