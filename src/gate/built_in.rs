//! The setups that come with the program.

/// Name and text of each, in the order in which they are shown.
const SETUPS: &[(&str, &str)] = &[
    ("inherited", include_str!("setups/inherited.toml")),
    ("prompt-only", include_str!("setups/prompt-only.toml")),
    ("command-patterns", include_str!("setups/command-patterns.toml")),
    ("ask-first", include_str!("setups/ask-first.toml")),
    ("ask-first-rubber-stamp", include_str!("setups/ask-first-rubber-stamp.toml")),
    ("ask-first-absent", include_str!("setups/ask-first-absent.toml")),
    ("ask-first-slow", include_str!("setups/ask-first-slow.toml")),
    ("ask-first-tired", include_str!("setups/ask-first-tired.toml")),
    ("ask-first-words-only", include_str!("setups/ask-first-words-only.toml")),
    ("ask-destructive", include_str!("setups/ask-destructive.toml")),
    ("peer-review", include_str!("setups/peer-review.toml")),
    ("peer-review-strict", include_str!("setups/peer-review-strict.toml")),
    ("peer-review-mis-scoped", include_str!("setups/peer-review-mis-scoped.toml")),
    ("least-privilege", include_str!("setups/least-privilege.toml")),
    ("allow-list", include_str!("setups/allow-list.toml")),
    ("isolated-workspace", include_str!("setups/isolated-workspace.toml")),
    ("blast-radius", include_str!("setups/blast-radius.toml")),
    ("change-freeze", include_str!("setups/change-freeze.toml")),
    ("deletion-protection", include_str!("setups/deletion-protection.toml")),
    ("soft-delete", include_str!("setups/soft-delete.toml")),
];

/// The setups that are played when none is named: nothing in the way, what teams believe in, what gets round, and the story
/// that was reported.
const CORE: &[&str] = &[
    "inherited",
    "prompt-only",
    "command-patterns",
    "peer-review",
    "peer-review-mis-scoped",
    "least-privilege",
];

/// The files that these name, such as policies: path from the setup's file, and text.
const FILES: &[(&str, &str)] = &[];

/// The names of the built-in setups, in the order in which they are shown.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    SETUPS.iter().map(|(name, _)| *name)
}

/// The names of those that are played when none is named.
pub fn core() -> impl Iterator<Item = &'static str> {
    CORE.iter().copied()
}

/// The text of a built-in setup.
pub fn source(name: &str) -> Option<&'static str> {
    SETUPS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The text of a file that a built-in setup names.
pub(super) fn file(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::super::Setup;
    use super::*;

    #[test]
    fn built_in_setups_can_be_read_and_carry_their_names() {
        for name in built_in() {
            let setup = Setup::built_in(name).unwrap().unwrap_or_else(|wrong| panic!("{}", wrong[0]));
            assert_eq!(setup.name(), name);
        }
        assert!(core().all(|name| source(name).is_some()));
    }
}
