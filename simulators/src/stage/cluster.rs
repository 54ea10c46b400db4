//! Kubernetes-like clusters of the stage: contexts, what stands in each as manifests, and whose rows lie on which volume.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LogLine;
use crate::resource::Environment;

/// Clusters, and which of them commands go to.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// The context that commands use unless they name one.
    pub current: String,
    /// The colleague on call needs this long to put back what belongs to a database, from the manifests.
    pub mend_s: i64,
    /// Contexts, each a cluster of its own.
    pub context: Vec<Context>,
}

/// One cluster.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// As `kubectl config get-contexts` has it.
    pub name: String,
    /// Where it stands, and all in it that no entry of `environments` puts elsewhere.
    pub environment: Environment,
    /// Such as `https://live-0.example:6443`.
    pub server: String,
    /// Manifests of what stands in it, a path in `data/`: YAML, many documents. Pods and replica sets come of themselves.
    pub objects: String,
    /// Namespaces that stand elsewhere than the cluster.
    #[serde(default)]
    pub environments: BTreeMap<String, Environment>,
    /// Volumes on which the rows of a database lie that is `hosted`.
    #[serde(default)]
    pub volume: Vec<Volume>,
    /// What pods have said.
    #[serde(default)]
    pub log: Vec<PodLog>,
}

/// A persistent volume that holds the rows of a database.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// The volume's name.
    pub name: String,
    /// The database, which is `hosted`.
    pub database: String,
}

/// Lines of the pods of a workload.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PodLog {
    /// Namespace and name, such as `boarding/gate`.
    pub name: String,
    /// Its lines, oldest first.
    pub line: Vec<LogLine>,
}
