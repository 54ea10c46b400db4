//! A search cluster of the stage: indices, what of them can be made again, snapshots, and the feed that fills them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::resource::Environment;

/// An Elasticsearch-like cluster.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Its name, which is also the first label of its address.
    pub id: String,
    /// Where it stands.
    pub environment: Environment,
    /// Such as `8.13.4`.
    pub version: String,
    /// Documents that its disk has room for; absent: as many as anybody puts there.
    pub docs_max: Option<u64>,
    /// What is in it.
    #[serde(default)]
    pub index: Vec<Index>,
    /// The repository that snapshots are written to; empty: none.
    #[serde(default)]
    pub repository: String,
    /// Why it takes no new snapshot; empty: it takes them.
    #[serde(default)]
    pub broken: String,
    /// Snapshots in it.
    #[serde(default)]
    pub snapshot: Vec<IndexSnapshot>,
    /// What fills an index from elsewhere.
    pub feed: Option<Feed>,
}

/// An index.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Since when.
    pub created: Time,
    /// Names that lead to it.
    #[serde(default)]
    pub alias: Vec<String>,
    /// Fields and their types, such as `keyword` or `double`.
    pub fields: BTreeMap<String, String>,
    /// SQL that makes a table `docs` with a column `_id` and one for each field, a path in `data/`.
    pub data: String,
    /// Which documents can be made again from elsewhere: a condition in SQL. Absent: none.
    pub derived: Option<String>,
}

/// A snapshot.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexSnapshot {
    /// Its name.
    pub name: String,
    /// When it was begun.
    pub taken: Time,
    /// `SUCCESS`, `PARTIAL` or `FAILED`; only the first can be restored.
    pub state: String,
    /// What each index held then: its name, and SQL as an index has it.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
}

/// A program beside it that fills an index with what its source has.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// The first label of its address.
    pub host: String,
    /// SQL that makes a table `docs`, a path in `data/`.
    pub data: String,
    /// The index or alias that it fills where nothing else is said.
    pub into: String,
    /// A run takes this long.
    pub run_s: i64,
    /// When it last ran to its end.
    pub last_run: Time,
}
