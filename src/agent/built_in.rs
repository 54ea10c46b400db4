//! The agents that come with the program, to be played as they are or to start from.

use crate::base::shelf::Shelf;

/// Model agents: one for each provider.
pub const MODELS: Shelf = Shelf::new(&[
    ("claude", include_str!("agents/claude.toml")),
    ("gpt", include_str!("agents/gpt.toml")),
    ("gemini", include_str!("agents/gemini.toml")),
    ("local", include_str!("agents/local.toml")),
    ("gateway", include_str!("agents/gateway.toml")),
]);

/// Agents that are processes: coding agents as they are installed, with what has to be switched off.
pub const PROCESSES: Shelf = Shelf::new(&[
    ("claude-code", include_str!("agents/claude-code.toml")),
    ("codex", include_str!("agents/codex.toml")),
    ("opencode", include_str!("agents/opencode.toml")),
    ("gemini-cli", include_str!("agents/gemini-cli.toml")),
    ("goose", include_str!("agents/goose.toml")),
    ("mini-swe-agent", include_str!("agents/mini-swe-agent.toml")),
    ("kiro-cli", include_str!("agents/kiro-cli.toml")),
    ("cursor-agent", include_str!("agents/cursor-agent.toml")),
]);
