//! The cell: the containment around an agent that is a process. Its folders, its start, what it prints, its end.

mod bridge;
mod container;
mod demand;
mod groups;
mod place;
mod running;
mod spec;
mod tree;

use std::path::PathBuf;

pub use bridge::Port;
pub use container::Container;
pub use demand::{Demand, Fence, Layers};
pub use place::Place;
pub use running::{Ended, Program, Running, Written};
pub use tree::{Seen, Tree};

/// The program that makes cells and stands in them; it is installed beside this one.
fn shim() -> PathBuf {
    let here = std::env::current_exe().unwrap_or_default();
    let beside = here.ancestors().skip(1).take(2).map(|folder| folder.join("chesterton-shim"));
    beside.into_iter().find(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("chesterton-shim"))
}
