//! A machine of the stage with a database server of one's own on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::resource::Environment;

/// A machine that is reached over `ssh`, with a PostgreSQL server on it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Its name. A `[[database]]` of that id is what its server holds; without one it follows another host.
    pub name: String,
    /// Where it stands.
    pub environment: Environment,
    /// Since when its server stands.
    pub created: Time,
    /// The host that its server follows, as a standby; absent: it follows none.
    pub follows: Option<String>,
    /// What a standby holds, SQL as a path in `data/`.
    pub data: Option<String>,
    /// The last change that a standby has replayed, where it cannot catch up any more; absent: it is up to date.
    pub behind_since: Option<Time>,
    /// What its data directory holds.
    pub used_gib: i64,
    /// Copying goes at so many MiB each second.
    pub copy_mib_per_s: i64,
    /// Lines of its server's log, oldest first.
    #[serde(default)]
    pub log: Vec<String>,
}
