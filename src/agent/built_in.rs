//! The model agents that come with the program: one for each provider, to be played as they are or to start from.

const AGENTS: &[(&str, &str)] = &[
    ("claude", include_str!("agents/claude.toml")),
    ("gpt", include_str!("agents/gpt.toml")),
    ("gemini", include_str!("agents/gemini.toml")),
    ("local", include_str!("agents/local.toml")),
    ("gateway", include_str!("agents/gateway.toml")),
];

/// Their names, in the order in which they are shown.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    AGENTS.iter().map(|(name, _)| *name)
}

/// The text of one.
pub fn source(name: &str) -> Option<&'static str> {
    AGENTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Agents that are processes: coding agents as they are installed, with what has to be switched off.
const PROCESSES: &[(&str, &str)] = &[
    ("claude-code", include_str!("agents/claude-code.toml")),
    ("codex", include_str!("agents/codex.toml")),
    ("opencode", include_str!("agents/opencode.toml")),
    ("gemini-cli", include_str!("agents/gemini-cli.toml")),
    ("mini-swe-agent", include_str!("agents/mini-swe-agent.toml")),
];

/// The names of the processes that there are recipes for.
pub fn processes() -> impl Iterator<Item = &'static str> {
    PROCESSES.iter().map(|(name, _)| *name)
}

/// The text of a process's recipe.
pub fn process_source(name: &str) -> Option<&'static str> {
    PROCESSES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
