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
