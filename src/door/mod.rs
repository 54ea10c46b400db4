//! Doors: ways for an agent to reach the world, always through the gate.

mod asked;
mod function;
mod shell;
mod specs;
mod spoken;

pub use asked::{Ask, Asked, Told, ask, play};
pub use function::FunctionDoor;
pub use shell::ShellDoor;
