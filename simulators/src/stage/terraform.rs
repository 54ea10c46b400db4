//! Folders of the stage in which Terraform is at work, and what it has made.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::yes;
use crate::clock::Time;
use crate::resource::Environment;

/// A folder of Terraform, and what it has made that no other part of the stage keeps.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terraform {
    /// The folder with the `.tf` files, in the repository. Its state is a file beside them or an object in a bucket, as its
    /// backend says.
    pub folder: String,
    /// `terraform init` was run in it.
    #[serde(default = "yes")]
    pub initialised: bool,
    /// Things of the provider that hold no records, such as a VPC.
    #[serde(default)]
    pub thing: Vec<TerraformThing>,
}

/// Something that stands and is known by its id alone.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerraformThing {
    /// Its type, such as `aws_vpc`.
    pub kind: String,
    /// Such as `vpc-0a1b2c3d`.
    pub id: String,
    /// Where it stands.
    pub environment: Environment,
    /// Since when.
    pub created: Time,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}
