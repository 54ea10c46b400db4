//! The cell: the containment around an agent that is a process. Its folders, its start, what it prints, its end.

mod place;
mod running;

pub use place::Place;
pub use running::{Ended, Program, Running, Written};
