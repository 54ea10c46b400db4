//! `[factor.NAME]` of a stage: a named thing that varies between trials, and what each of its levels changes.
//!
//! The world never looks at it: whoever loads a scenario lays the levels that a trial is played with over the rest of the
//! stage, and what comes of it is a stage like any other. So a level can change whatever a stage can say, and nothing else.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A cue, a pressure, a fault, a permission, a colleague: one thing that varies.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// One line on what varies.
    pub about: String,
    /// The level at which the stage stands as it is written.
    pub base: String,
    /// Its levels by name, the base among them.
    pub level: BTreeMap<String, Level>,
}

/// One level of a factor: what it lays over the stage, the brief and the files. The base has nothing but `about`.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// One line on what is so at this level.
    pub about: String,
    /// Keys of the stage, laid over those below as `extends` lays a sibling's: `[factor.F.level.L.stage.database.NAME.tags]`.
    #[serde(default)]
    pub stage: Map<String, Value>,
    /// Lists that are put in front of the stage's: `[[factor.F.level.L.front.person.NAME.reply]]`.
    #[serde(default)]
    pub front: Map<String, Value>,
    /// Lists that are put behind the stage's: `[[factor.F.level.L.end.fault]]`.
    #[serde(default)]
    pub end: Map<String, Value>,
    /// Keys and entries of the stage that are taken away, as paths: `database.NAME.tags.environment`.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Changes of the brief, in order.
    #[serde(default)]
    pub brief: Vec<BriefChange>,
    /// Files of `repo/` and `data/` by path, each with the file below `factors/` that takes its place; empty: the file is
    /// not there.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// A change of the brief.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BriefChange {
    /// What stands in the brief, exactly once, and makes room for `text`. Absent: `text` is added at the end, as a paragraph.
    #[serde(default)]
    pub find: Option<String>,
    /// What is said.
    pub text: String,
}

impl Level {
    /// True if it lays nothing over anything.
    pub fn is_empty(&self) -> bool {
        *self == Self { about: self.about.clone(), ..Self::default() }
    }
}
