//! State files: what Terraform takes for the world. Version 4 of the format, as the tool writes it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::object_versions::Tally;
use super::terraform::{Folder, failed};
use super::terraform_config::Backend;
use super::{identity, keys, limits, object_versions, objects, terraform_resources as resources};
use crate::World;
use crate::call::{Call, Refusal, Service};

/// The version that the tool says it has.
pub(crate) const VERSION: &str = "1.11.4";
const PROVIDER: &str = "provider[\"registry.terraform.io/hashicorp/aws\"]";

/// A thing that a state holds.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Thing {
    pub attributes: Map<String, Value>,
    /// Addresses that it was made after.
    pub after: Vec<String>,
}

impl Thing {
    /// The id under which the provider knows it.
    pub fn id(&self) -> &str {
        self.attributes.get("id").and_then(Value::as_str).unwrap_or_default()
    }
}

/// A state.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Tracked {
    pub serial: u64,
    pub lineage: String,
    pub outputs: Map<String, Value>,
    /// By address, such as `aws_db_instance.main`.
    pub things: BTreeMap<String, Thing>,
}

impl Tracked {
    /// Reads a state file.
    ///
    /// # Errors
    /// It is none.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let whole: Value = serde_json::from_str(text).map_err(|_| {
            failed("Unsupported state file format", "The state file could not be parsed as JSON.")
        })?;
        if whole.get("version").and_then(Value::as_u64) != Some(4) {
            let text = "The state file does not have a version that is known here, which is 4.";
            return Err(failed("Unsupported state file format", text));
        }
        let mut state = Self {
            serial: whole.get("serial").and_then(Value::as_u64).unwrap_or(0),
            lineage: text_of(&whole, "lineage"),
            outputs: whole.get("outputs").and_then(Value::as_object).cloned().unwrap_or_default(),
            things: BTreeMap::new(),
        };
        for resource in whole.get("resources").and_then(Value::as_array).into_iter().flatten() {
            let instance = resource.pointer("/instances/0").cloned().unwrap_or_default();
            let after = instance.get("dependencies").and_then(Value::as_array).into_iter().flatten();
            let thing = Thing {
                attributes: instance
                    .get("attributes")
                    .and_then(Value::as_object)
                    .cloned()
                    .unwrap_or_default(),
                after: after.filter_map(Value::as_str).map(str::to_owned).collect(),
            };
            let address = format!("{}.{}", text_of(resource, "type"), text_of(resource, "name"));
            state.things.insert(address, thing);
        }
        Ok(state)
    }

    /// The attributes of all things, by address.
    pub fn known(&self) -> BTreeMap<String, Map<String, Value>> {
        self.things.iter().map(|(address, thing)| (address.clone(), thing.attributes.clone())).collect()
    }

    /// As a state file.
    pub fn written(&self) -> String {
        let resource = |(address, thing): (&String, &Thing)| {
            let (kind, name) = address.split_once('.').unwrap_or((address, ""));
            json!({
                "mode": "managed", "type": kind, "name": name, "provider": PROVIDER,
                "instances": [{
                    "schema_version": 0, "attributes": thing.attributes, "dependencies": thing.after,
                }],
            })
        };
        let whole = json!({
            "version": 4, "terraform_version": VERSION, "serial": self.serial, "lineage": self.lineage,
            "outputs": self.outputs, "resources": self.things.iter().map(resource).collect::<Vec<_>>(),
            "check_results": null,
        });
        serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
    }
}

fn text_of(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Where a state lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// A file of the checkout.
    File(String),
    /// An object in a bucket.
    Object { bucket: String, key: String },
}

impl Place {
    /// Where a folder's state of a workspace lies.
    pub fn of(folder: &Folder, backend: &Backend, workspace: &str) -> Self {
        match (backend, workspace) {
            (Backend::Local, "default") => Self::File(folder.path("terraform.tfstate")),
            (Backend::Local, other) => {
                Self::File(folder.path(&format!("terraform.tfstate.d/{other}/terraform.tfstate")))
            }
            (Backend::S3 { bucket, key }, "default") => {
                Self::Object { bucket: bucket.clone(), key: key.clone() }
            }
            (Backend::S3 { bucket, key }, other) => {
                Self::Object { bucket: bucket.clone(), key: format!("env:/{other}/{key}") }
            }
        }
    }

    /// The text that lies there, if there is one.
    ///
    /// # Errors
    /// The bucket is not there, or the caller may not read it.
    pub fn text(&self, world: &World, principal: &str) -> Result<Option<String>, Refusal> {
        match self {
            Self::File(path) => Ok(world.workspace.files.get(path).cloned()),
            Self::Object { bucket, key } => {
                let place = format!("{bucket}/{key}");
                identity::permits(world, principal, "s3:GetObject", &place).map_err(|r| unread(&r))?;
                let found = objects::bucket(world, bucket).map_err(|r| unread(&r))?;
                keys::usable(world, bucket).map_err(|r| unread(&r))?;
                let text = found.store.current(key).and_then(|version| version.text.clone());
                Ok(text.map(|text| text.to_string()))
            }
        }
    }

    /// The state that lies there; an empty one where nothing does.
    ///
    /// # Errors
    /// As [`Self::text`], or what lies there is no state.
    pub fn load(&self, world: &World, principal: &str) -> Result<Tracked, Refusal> {
        self.text(world, principal)?.map_or_else(|| Ok(Tracked::default()), |text| Tracked::read(&text))
    }

    /// Puts a state there. Its serial goes up by one, and one without lineage is given one.
    ///
    /// # Errors
    /// The caller may not write there.
    pub fn save(&self, world: &mut World, call: &Call, state: &mut Tracked) -> Result<(), Refusal> {
        let before = state.serial;
        state.serial = before.saturating_add(1);
        if state.lineage.is_empty() {
            state.lineage = super::terraform::made_up(world, &format!("lineage {self:?}"), 32);
        }
        let text = state.written();
        match self {
            Self::File(path) => object_versions::write_file(world, path, &text),
            Self::Object { bucket, key } => {
                let place = format!("{bucket}/{key}");
                identity::permits(world, &call.principal, "s3:PutObject", &place).map_err(|r| unread(&r))?;
                let asked = Call::new(Service::Objects, "PutObject", &place, Map::new());
                limits::check(world, &asked).map_err(|r| unread(&r))?;
                keys::usable(world, bucket).map_err(|r| unread(&r))?;
                let body = (u64::try_from(text.len()).unwrap_or(u64::MAX), Some(text.into()));
                // Keeping its own books is no loss of records, whatever stood there before.
                object_versions::write(world, bucket, key, body, &mut Tally::default())?;
                if let Some(uid) = objects::uid(world, bucket) {
                    world.configured(uid, &format!("state {key}"), before, state.serial);
                }
                Ok(())
            }
        }
    }
}

impl Place {
    /// Takes the state away.
    ///
    /// # Errors
    /// The caller may not.
    pub fn clear(&self, world: &mut World, call: &Call) -> Result<(), Refusal> {
        let asked = match self {
            Self::File(path) => {
                let args = Map::from_iter([("paths".to_owned(), json!([path]))]);
                Call::new(Service::Workspace, "DeleteFile", path, args)
            }
            Self::Object { bucket, key } => {
                let args =
                    Map::from_iter([("Bucket".to_owned(), json!(bucket)), ("Key".to_owned(), json!(key))]);
                Call::new(Service::Objects, "DeleteObject", &format!("{bucket}/{key}"), args)
            }
        };
        resources::own(world, call, asked).map(|_| ()).map_err(|r| unread(&r))
    }
}

fn unread(refusal: &Refusal) -> Refusal {
    failed("Error loading state", &format!("operation error S3, {}: {}", refusal.code, refusal.message))
}
