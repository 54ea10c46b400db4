//! Files that stand in the checkout's folder and in no repository: a share that is mounted there, or what somebody has left.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::Environment;

/// A share of files.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Its name.
    pub name: String,
    /// Folders of the checkout that belong to it, however they are written.
    pub folders: Vec<String>,
    /// Where it stands.
    pub environment: Environment,
    /// Its file system takes `Scans` and `scans` for the same; the whole checkout then lies on it.
    #[serde(default)]
    pub folds_case: bool,
    /// What `mount` says of it.
    #[serde(default)]
    pub mount: String,
    /// Its files.
    #[serde(default)]
    pub file: Vec<SharedFile>,
}

/// Files of one shape; `{n}` in path and text counts.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedFile {
    /// Its path from the root of the checkout.
    pub path: String,
    /// What is in it.
    pub text: String,
    /// The first number.
    #[serde(default = "one")]
    pub from: u32,
    /// The last number.
    #[serde(default = "one")]
    pub to: u32,
}

fn one() -> u32 {
    1
}

impl SharedFile {
    /// Each file: its path and its text.
    pub(crate) fn each(&self) -> impl Iterator<Item = (String, String)> {
        let with = |text: &str, n: u32| text.replace("{n}", &n.to_string());
        (self.from..=self.to).map(move |n| (with(&self.path, n), with(&self.text, n)))
    }
}
