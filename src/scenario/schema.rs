//! JSON Schemas of our TOML files, made from their types, for editors that check while one writes.

use schemars::JsonSchema;
use serde_json::{Value, json};
use simulators::stage::Stage;

use super::incident::Incident;
use super::script_file::ScriptFile;

/// A file that this part of the program knows the type of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SchemaKind {
    /// `stage.toml`.
    Stage,
    /// `incident.toml`.
    Incident,
    /// `agents/<name>.toml`.
    Agent,
}

impl SchemaKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stage, Self::Incident, Self::Agent];

    /// The schema's name, as a command line takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Incident => "incident",
            Self::Agent => "agent",
        }
    }
}

/// The schema of a file.
pub fn schema(kind: SchemaKind) -> Value {
    match kind {
        SchemaKind::Stage => schema_of_overlay::<Stage>(),
        SchemaKind::Incident => schema_of_overlay::<Incident>(),
        SchemaKind::Agent => schema_of::<ScriptFile>(),
    }
}

/// The schema of a file that stands for itself.
pub fn schema_of<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// The schema of a scenario's file. One that `extends` another states differences only, so that nothing in it can be
/// required and a list may be a table of named entries: the loader checks it after it is laid over the other.
pub fn schema_of_overlay<T: JsonSchema>() -> Value {
    let mut whole = schema_of::<T>();
    let Some(object) = whole.as_object_mut() else { return whole };
    let mut outer = serde_json::Map::new();
    for key in ["$schema", "title", "description", "$defs"] {
        if let Some(value) = object.remove(key) {
            outer.insert(key.to_owned(), value);
        }
    }
    outer.insert("if".to_owned(), json!({"required": ["extends"]}));
    outer.insert("then".to_owned(), json!({"properties": {"extends": {"type": "string"}}}));
    outer.insert("else".to_owned(), whole);
    Value::Object(outer)
}
