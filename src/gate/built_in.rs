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

/// A setup to begin one's own with. It is played when it is named: it starts processes, or needs a part that not every
/// build has.
struct Example {
    name: &'static str,
    text: &'static str,
    /// The files that it names: path from the setup's file, and text.
    files: &'static [(&'static str, &'static str)],
}

const EXAMPLES: &[Example] = &[
    Example {
        name: "command-hook",
        text: include_str!("setups/command-hook.toml"),
        files: &[("command-hook.sh", include_str!("setups/command-hook.sh"))],
    },
    Example { name: "model-monitor", text: include_str!("setups/model-monitor.toml"), files: &[] },
    Example {
        name: "cedar-effects",
        text: include_str!("setups/cedar-effects.toml"),
        files: &[("effects.cedar", include_str!("setups/effects.cedar"))],
    },
    Example {
        name: "rego-effects",
        text: include_str!("setups/rego-effects.toml"),
        files: &[("effects.rego", include_str!("setups/effects.rego"))],
    },
];

/// The names of the built-in setups, in the order in which they are shown.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    SETUPS.iter().map(|(name, _)| *name)
}

/// The names of those that are played when none is named.
pub fn core() -> impl Iterator<Item = &'static str> {
    CORE.iter().copied()
}

/// The names of the setups to begin one's own with, which are built in as well and played when they are named.
pub fn examples() -> impl Iterator<Item = &'static str> {
    EXAMPLES.iter().map(|example| example.name)
}

/// The text of a built-in setup, examples among them.
pub fn source(name: &str) -> Option<&'static str> {
    let examples = EXAMPLES.iter().map(|example| (example.name, example.text));
    SETUPS.iter().copied().chain(examples).find(|(known, _)| *known == name).map(|(_, text)| text)
}

/// The files that a built-in setup names, such as policies: path from the setup's file, and text.
pub fn files(name: &str) -> &'static [(&'static str, &'static str)] {
    EXAMPLES.iter().find(|example| example.name == name).map_or(&[], |example| example.files)
}

/// The text of a file that some built-in setup names.
pub(super) fn file(name: &str) -> Option<&'static str> {
    let mut files = EXAMPLES.iter().flat_map(|example| example.files);
    files.find(|(known, _)| *known == name).map(|(_, text)| *text)
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

    #[test]
    fn examples_carry_their_names_and_work_where_their_part_is_there() {
        for name in examples() {
            assert!(source(name).unwrap().contains(&format!("name = \"{name}\"\n")), "{name}");
            match Setup::built_in(name).unwrap() {
                Ok(setup) => assert_eq!(setup.name(), name),
                Err(wrong) => assert!(wrong[0].helps()[0].contains("--features policy-"), "{}", wrong[0]),
            }
        }
    }
}
