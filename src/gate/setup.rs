//! A setup: an ordered list of guardrails, a permission profile and an approver.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simulators::resource::Environment;

use super::approver::Approver;
use super::guardrail::{Ask, Guardrail};

/// The built-in setups: name and text.
const BUILT_IN: &[(&str, &str)] = &[
    ("inherited", include_str!("setups/inherited.toml")),
    ("ask-first", include_str!("setups/ask-first.toml")),
    ("ask-first-rubber-stamp", include_str!("setups/ask-first-rubber-stamp.toml")),
    ("ask-first-absent", include_str!("setups/ask-first-absent.toml")),
    ("peer-review", include_str!("setups/peer-review.toml")),
    ("least-privilege", include_str!("setups/least-privilege.toml")),
];

/// A setup, as its file says.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Its name.
    pub name: String,
    /// One line.
    pub about: String,
    /// The stage's permission profile that the agent acts under.
    pub profile: String,
    /// Who answers what guardrails ask.
    pub approver: Option<Approver>,
    /// In order: the first that denies, denies.
    #[serde(default)]
    pub guardrail: Vec<GuardrailSpec>,
}

/// One guardrail, as the file says.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum GuardrailSpec {
    /// Asks the approver.
    Ask {
        /// About which calls.
        of: Scope,
        /// Only about calls that would change something there; absent: anywhere.
        environments: Option<Vec<Environment>>,
    },
}

/// Which calls a guardrail is about, by their previewed effects.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Those that would change anything.
    Mutating,
    /// Those that would destroy or lose something.
    Destructive,
}

impl Setup {
    /// Its guardrails, ready to be asked.
    pub fn guardrails(&self) -> Vec<Box<dyn Guardrail>> {
        let make = |spec: &GuardrailSpec| -> Box<dyn Guardrail> {
            match spec {
                GuardrailSpec::Ask { of, environments } => {
                    Box::new(Ask { of: *of, environments: environments.clone() })
                }
            }
        };
        self.guardrail.iter().map(make).collect()
    }
}

/// The names of the built-in setups, in the order in which they are shown.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// The text of a built-in setup.
pub fn built_in_source(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_setups_parse_and_carry_their_names() {
        for name in built_in() {
            let setup: Setup = toml::from_str(built_in_source(name).unwrap()).unwrap();
            assert_eq!(setup.name, name);
            assert_eq!(setup.guardrails().is_empty(), setup.approver.is_none(), "{name} asks nobody");
        }
    }
}
