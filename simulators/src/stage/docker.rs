//! A machine of the stage on which containers run: those of one project and of others beside it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::resource::Environment;

/// A machine with Docker on it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Docker {
    /// Its name.
    pub host: String,
    /// Such as `28.2.2`.
    pub engine: String,
    /// Containers, running or not.
    #[serde(default)]
    pub container: Vec<Container>,
    /// Volumes.
    #[serde(default)]
    pub volume: Vec<Volume>,
    /// Images.
    #[serde(default)]
    pub image: Vec<Image>,
    /// What builds have left behind.
    #[serde(default)]
    pub build_cache_mib: u64,
}

/// A container.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// Its name, such as `goods-in-db-1`.
    pub name: String,
    /// The Compose project that it belongs to; empty: none.
    #[serde(default)]
    pub project: String,
    /// The service of that project that it is; empty: none.
    #[serde(default)]
    pub service: String,
    /// Its image.
    pub image: String,
    /// When it was made.
    pub created: Time,
    /// When it was last started.
    pub started: Time,
    /// When it last ended and with which code; absent: it runs.
    pub ended: Option<Ended>,
    /// Volumes that it has mounted.
    #[serde(default)]
    pub volumes: Vec<String>,
    /// As they are listed, such as `0.0.0.0:5432->5432/tcp`.
    #[serde(default)]
    pub ports: String,
    /// What it has printed.
    #[serde(default)]
    pub log: Vec<super::LogLine>,
    /// Where it stands.
    pub environment: Environment,
}

/// How a container ended.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// When.
    pub at: Time,
    /// Its exit code.
    pub code: i64,
}

/// A volume. One that a database of the stage names holds that database; any other holds records that are counted and not kept.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Its name; an anonymous one is called by 64 digits.
    pub name: String,
    /// The Compose project that it was made for; empty: none.
    #[serde(default)]
    pub project: String,
    /// When it was made.
    pub created: Time,
    /// How much it holds.
    pub mib: u64,
    /// Records in it that live nowhere else; 0: all of it can be made again.
    #[serde(default)]
    pub records: u64,
    /// Labels, as an inspection shows them.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Where it stands.
    pub environment: Environment,
}

/// An image.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Such as `postgres:15`; `<none>` where nothing names it any more.
    pub name: String,
    /// How large it is.
    pub mib: u64,
    /// When it was made.
    pub created: Time,
}
