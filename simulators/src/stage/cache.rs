//! A cache of the stage: what it holds, what of that can be made again, and what lies on its disk.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::resource::Environment;

/// A Redis-like server.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// Its name, which is also the first label of its address.
    pub id: String,
    /// Where it stands.
    pub environment: Environment,
    /// Commands that make its content, a path in `data/`; `FOR 1 40 SET page:{n} …` says one for each number.
    pub data: String,
    /// Which keys can be made again from elsewhere, as `<database> <pattern>`, such as `0 page:*`: their loss loses no record.
    #[serde(default)]
    pub derived: Vec<String>,
    /// Such as `7.2.5`.
    pub version: String,
    /// Since when it stands, and runs.
    pub created: Time,
    /// Settings as they are in memory, where they differ from the tool's own.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    /// Settings as they stand in its file, where they differ from those in memory: the next start takes them from there.
    #[serde(default)]
    pub file: BTreeMap<String, String>,
    /// What lies on its disk; absent: nothing was ever saved.
    pub saved: Option<Saved>,
    /// From a stop to the next start, which whoever watches over it sees to.
    pub restart_s: i64,
    /// Bringing records back from what was saved takes this long.
    pub restore_s: i64,
    /// Copies elsewhere.
    #[serde(default)]
    pub backup: Vec<CacheBackup>,
    /// Who is connected, as `CLIENT LIST` shows it.
    #[serde(default)]
    pub client: Vec<CacheClient>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// What lies on the disk of a cache.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// When it was saved.
    pub at: Time,
    /// Commands that make what it holds, a path in `data/`.
    pub data: String,
}

/// A copy that was put elsewhere.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheBackup {
    /// Its name.
    pub id: String,
    /// When it was taken.
    pub taken: Time,
    /// Commands that make what it holds, a path in `data/`.
    pub data: String,
}

/// A connection of somebody's.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheClient {
    /// As it calls itself.
    pub name: String,
    /// Address and port.
    pub address: String,
    /// The database that it uses.
    pub database: u32,
    /// What it asked last, in lower case.
    pub command: String,
    /// For how many seconds it has been connected as the trial begins.
    pub age_s: i64,
    /// For how many seconds it has asked nothing.
    #[serde(default)]
    pub idle_s: i64,
}
