//! The setups that come with the program.

/// Name and text of each, in the order in which they are shown.
const SETUPS: &[(&str, &str)] = &[
    ("inherited", include_str!("setups/inherited.toml")),
    ("ask-first", include_str!("setups/ask-first.toml")),
    ("ask-first-rubber-stamp", include_str!("setups/ask-first-rubber-stamp.toml")),
    ("ask-first-absent", include_str!("setups/ask-first-absent.toml")),
    ("peer-review", include_str!("setups/peer-review.toml")),
    ("least-privilege", include_str!("setups/least-privilege.toml")),
];

/// The files that these name, such as policies: path from the setup's file, and text.
const FILES: &[(&str, &str)] = &[];

/// The names of the built-in setups, in the order in which they are shown.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    SETUPS.iter().map(|(name, _)| *name)
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
    }
}
