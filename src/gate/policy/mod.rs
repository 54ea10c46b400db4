//! Policy engines inside the process. Each is behind a cargo feature; a setup that needs a missing one says so.

#[cfg(feature = "policy-cedar")]
mod cedar;
#[cfg(feature = "policy-cedar")]
mod cedar_case;
#[cfg(feature = "policy-rego")]
mod document;
#[cfg(feature = "policy-rego")]
mod rego;
#[cfg(feature = "policy-rego")]
mod rego_quick;
#[cfg(feature = "policy-rego")]
mod rego_text;
#[cfg(feature = "policy-rego")]
mod rego_words;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::beside::Beside;
use crate::gate::kinds::{Blueprint, Kind, Unfit};

/// The Cedar schema of what a policy sees.
pub const CEDAR_SCHEMA: &str = include_str!("chesterton.cedarschema");

/// Policies in Cedar, checked against our schema when the setup is read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    not(feature = "policy-cedar"),
    expect(dead_code, reason = "the engine that takes these is not built in")
)]
pub(super) struct CedarFile {
    /// The files with the policies, beside the setup.
    policies: Vec<String>,
    /// Its name in verdicts.
    #[serde(default = "cedar_name")]
    name: String,
}

/// Policies in Rego.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    not(feature = "policy-rego"),
    expect(dead_code, reason = "the engine that takes these is not built in")
)]
pub(super) struct RegoFile {
    /// The files with the policies, beside the setup.
    policies: Vec<String>,
    /// JSON files with the policies' data, merged into `data`.
    #[serde(default)]
    data: Vec<String>,
    /// The rule that decides.
    #[serde(default = "entrypoint")]
    entrypoint: String,
    /// Its name in verdicts.
    #[serde(default = "rego_name")]
    name: String,
}

fn cedar_name() -> String {
    "cedar".to_owned()
}

fn rego_name() -> String {
    "rego".to_owned()
}

fn entrypoint() -> String {
    "data.chesterton.decision".to_owned()
}

fn named<'a>(key: &'static str, names: &'a [String]) -> impl Iterator<Item = (&'static str, &'a str)> {
    names.iter().map(move |name| (key, name.as_str()))
}

impl Kind for CedarFile {
    fn files(&self) -> Vec<(&'static str, &str)> {
        named("policies", &self.policies).collect()
    }

    #[cfg(feature = "policy-cedar")]
    fn prepare(self: Box<Self>, beside: &Beside) -> Result<Blueprint, Unfit> {
        cedar::prepare(&self.policies, self.name, beside)
    }

    #[cfg(not(feature = "policy-cedar"))]
    fn prepare(self: Box<Self>, _: &Beside) -> Result<Blueprint, Unfit> {
        Err(Unfit::lacking("the Cedar engine", "policy-cedar"))
    }
}

impl Kind for RegoFile {
    fn files(&self) -> Vec<(&'static str, &str)> {
        named("policies", &self.policies).chain(named("data", &self.data)).collect()
    }

    #[cfg(feature = "policy-rego")]
    fn prepare(self: Box<Self>, beside: &Beside) -> Result<Blueprint, Unfit> {
        rego::prepare(&self.policies, &self.data, &self.entrypoint, self.name, beside)
    }

    #[cfg(not(feature = "policy-rego"))]
    fn prepare(self: Box<Self>, _: &Beside) -> Result<Blueprint, Unfit> {
        Err(Unfit::lacking("the Rego engine", "policy-rego"))
    }
}

/// What a build without an engine says of a policy. Run by a test of such a build:
/// `cargo test --no-default-features --lib policy`.
#[cfg(test)]
mod tests {
    #![cfg(not(all(feature = "policy-cedar", feature = "policy-rego")))]

    use super::*;

    fn lacks(kind: Box<dyn Kind>, feature: &str) {
        let wrong = kind.prepare(&Beside::built_in()).expect_err("an engine that is not there");
        assert_eq!(wrong.key, "kind");
        assert!(wrong.title.starts_with("this chesterton was built without"), "{}", wrong.title);
        let help = wrong.help.expect("a next step");
        assert!(help.contains(&format!("cargo run --release --features {feature} ")), "{help}");
    }

    #[test]
    #[cfg(not(feature = "policy-cedar"))]
    fn without_cedar_the_command_that_adds_it_is_told() {
        lacks(Box::new(CedarFile { policies: vec!["p".to_owned()], name: cedar_name() }), "policy-cedar");
    }

    #[test]
    #[cfg(not(feature = "policy-rego"))]
    fn without_rego_the_command_that_adds_it_is_told() {
        let (policies, data, entrypoint, name) =
            (vec!["p".to_owned()], Vec::new(), entrypoint(), rego_name());
        lacks(Box::new(RegoFile { policies, data, entrypoint, name }), "policy-rego");
    }
}
