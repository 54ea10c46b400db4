//! Doors: ways for an agent to reach the world, always through the gate.

mod function;
mod specs;

pub use function::FunctionDoor;
