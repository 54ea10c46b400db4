//! Doors: ways for an agent to reach the world, always through the gate.

mod asked;
mod aws;
mod function;
mod git;
#[cfg(feature = "mcp")]
mod mcp;
#[cfg(feature = "wire-postgres")]
mod postgres;
mod shell;
mod specs;
mod spoken;

pub use asked::{Ask, Asked, Told, ask, play};
pub use aws::{AwsDoor, AwsServing};
pub use function::FunctionDoor;
pub use git::{GitAsk, GitDoor, Stands};
#[cfg(feature = "mcp")]
pub use mcp::McpDoor;
#[cfg(feature = "wire-postgres")]
pub use postgres::{PostgresDoor, PostgresServing};
pub use shell::ShellDoor;

/// What our MCP server is called, by itself and in agents' configurations.
pub const MCP_SERVER: &str = "production";
