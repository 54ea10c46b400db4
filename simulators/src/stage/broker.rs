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
    /// Its topics.
    #[serde(default)]
    pub topic: Vec<Topic>,
    /// Those who read.
    #[serde(default)]
    pub group: Vec<Group>,
}

/// A topic.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: u32,
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
