//! Names of the stage: domains as the registry has them, hosted zones, and what resolvers are asked for.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::resource::Environment;

/// Domains, and the zones that answer for them.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// Domains that are registered: to which name servers the registry sends whoever asks.
    #[serde(default)]
    pub domain: Vec<Domain>,
    /// Reusable delegation sets.
    #[serde(default)]
    pub delegation_set: Vec<DelegationSet>,
    /// Hosted zones.
    pub zone: Vec<Zone>,
}

/// A registered domain.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Its name, such as `alder.example`.
    pub name: String,
    /// Where it stands.
    pub environment: Environment,
    /// Since when it is registered.
    pub created: Time,
    /// The name servers that the registry names.
    pub name_servers: Vec<String>,
    /// Resolvers keep what the registry says for so long, in seconds; two days is usual.
    #[serde(default = "two_days")]
    pub ttl_s: i64,
}

fn two_days() -> i64 {
    2 * crate::clock::DAY_S
}

/// Name servers that several zones are given.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegationSet {
    /// Its id, such as `N1PA6795SAMPLE`.
    pub id: String,
    /// Its four name servers.
    pub name_servers: Vec<String>,
}

/// A hosted zone. Several may have the same name; which of them counts is a matter of the delegation.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Its id, such as `Z0483221ALDER7`.
    pub id: String,
    /// The domain that it answers for, such as `alder.example`.
    pub name: String,
    /// Where it stands.
    pub environment: Environment,
    /// Since when.
    pub created: Time,
    /// Its four name servers; none if it has those of `delegation_set`.
    #[serde(default)]
    pub name_servers: Vec<String>,
    /// The id of the reusable delegation set whose name servers it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation_set: Option<String>,
    /// What somebody once wrote about it.
    #[serde(default)]
    pub comment: String,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Its records beside those that each zone has (`NS` and `SOA` at its top), as a zone file has them: a path in `data/`.
    /// `ALIAS` leads to another name as the provider's alias records do.
    pub records: String,
    /// A zone file in the repository, from which somebody could bring back what it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Names that nobody asks for, so that no resolver has their answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unasked: Vec<String>,
}
