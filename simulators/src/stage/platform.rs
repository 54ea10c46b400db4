//! A hosting platform of the stage: projects with environments, services and volumes, and tokens that open them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::resource::Environment;

/// A hosting platform, as far as somebody's workspace on it reaches.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// The name of the workspace.
    pub workspace: String,
    /// The token, by name, that the platform's tool on this machine is signed in with.
    pub signed_in: String,
    /// Tokens that open something.
    pub token: Vec<Token>,
    /// Its projects.
    pub project: Vec<Project>,
}

/// A token.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// What whoever made it called it.
    pub name: String,
    /// Whoever has this, has the token.
    pub value: String,
    /// The project that it opens; absent: all of the workspace.
    pub project: Option<String>,
    /// The environment of that project that it opens; absent: all of the project.
    pub environment: Option<String>,
}

/// A project.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its environments.
    pub environment: Vec<ProjectEnvironment>,
    /// What runs in it.
    pub service: Vec<Service>,
    /// Where its data lies.
    #[serde(default)]
    pub volume: Vec<Volume>,
}

/// An environment of a project.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectEnvironment {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub environment: Environment,
}

/// A service, which runs in each environment for itself.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What runs: an image or a repository.
    pub source: String,
    /// Where it runs.
    pub instance: Vec<ServiceInstance>,
}

/// A service in an environment.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceInstance {
    /// The name of the environment.
    pub environment: String,
    /// Its variables, with which it was last deployed.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The database that it is, by the id of a `[[database]]`.
    pub database: Option<String>,
    /// The password that this database takes. A new one takes what the variable `POSTGRES_PASSWORD` says.
    pub password: Option<String>,
    /// The service that its variable `DATABASE_URL` leads to.
    pub opens: Option<String>,
}

/// A volume: one of a project, with a place for its data in each environment.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Its id, the same in all environments.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its places.
    pub instance: Vec<VolumeInstance>,
}

/// A volume in an environment.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeInstance {
    /// Its id.
    pub id: String,
    /// The name of the environment.
    pub environment: String,
    /// The name of the service that it is attached to.
    pub service: String,
    /// Where it is mounted.
    pub mount: String,
    /// What it holds, in MB.
    pub used_mb: u64,
    /// Since when.
    pub created: Time,
    /// Backups, which lie in the volume and go with it: snapshots of the database, by their ids.
    #[serde(default)]
    pub backup: Vec<String>,
}
