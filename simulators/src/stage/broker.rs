//! A message broker of the stage: topics, what they hold and since when, and who reads them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::resource::Environment;

/// A Kafka-like cluster.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Broker {
    /// Its name, which is also the first label of its address.
    pub id: String,
    /// Where it stands.
    pub environment: Environment,
    /// Since when.
    pub created: Time,
    /// Tags, which its topics have as well.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Its machines; none: nobody sees them, and every partition is whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub node: Vec<Node>,
    /// An empty machine fetches so many MiB each second.
    #[serde(default = "fifty")]
    pub fill_mib_per_s: u64,
    /// Where a machine is terminated, another stands after so long.
    #[serde(default = "five_minutes")]
    pub starts_s: i64,
    /// Its topics.
    #[serde(default)]
    pub topic: Vec<Topic>,
    /// Those who read.
    #[serde(default)]
    pub group: Vec<Group>,
}

const fn fifty() -> u64 {
    50
}

const fn five_minutes() -> i64 {
    5 * crate::clock::MINUTE_S
}

const fn three() -> u32 {
    3
}

/// A machine of a broker.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The broker's number.
    pub id: u32,
    /// The machine's name, such as `i-0a1b2c3d4e5f60718`.
    pub instance: String,
    /// Where it stands, such as `eu-central-2a`.
    pub zone: String,
    /// It came back then with an empty disk, and is being filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_since: Option<Time>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A topic.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: u32,
    /// On so many machines each of them lies, if there are machines.
    #[serde(default = "three")]
    pub replicas: u32,
    /// Messages that it holds, spread evenly over its partitions and over the time from `oldest` to `newest`.
    pub messages: u64,
    /// Messages that it held before and does not any more.
    #[serde(default)]
    pub gone: u64,
    /// When the first of them was written.
    pub oldest: Time,
    /// When the last of them was written.
    pub newest: Time,
    /// Bytes of one message.
    pub bytes: u64,
    /// One message, with `{n}` for its number.
    #[serde(default)]
    pub text: String,
    /// All of it can be made again from elsewhere.
    #[serde(default)]
    pub derived: bool,
    /// Settings of its own, such as `retention.ms`.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
}

/// A consumer group.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The topic that it reads.
    pub topic: String,
    /// Messages that it has not read yet.
    pub lag: u64,
    /// Those of it that are connected, by their address; empty: nobody is, at the moment.
    #[serde(default)]
    pub members: Vec<String>,
}
