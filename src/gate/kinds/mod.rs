//! The kinds of guardrails: one file each, and a row in [`KINDS`].
//!
//! A kind is read from its table in a setup's file, made ready once a run (patterns compiled, policies parsed), and put up
//! anew at the gate of each trial. Whatever cannot work is told when the setup is read, at its place in the file.

mod allow_list;
mod ask;
mod blast_radius;
mod command_patterns;
mod freeze;
mod glob;
mod monitor;

use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::gate::beside::Beside;
use crate::gate::guardrail::Guardrail;
use crate::gate::hook::HookFile;
use crate::gate::http::{OpaFile, WebhookFile};
use crate::gate::policy::{CedarFile, RegoFile};
use crate::gate::setup::SetupFile;
use crate::model::Model;
use crate::record::TrialId;
use crate::scenario::{Diagnostic, Document};
use monitor::Watching;
pub(super) use monitor::unfit_of;
pub use monitor::{Monitor, NAME as MONITOR};

/// A guardrail's kind with its settings, as its table in a setup's file states them.
pub trait Kind {
    /// The files beside the setup that it takes: the key that names each, and its path. They count in the setup's digest.
    fn files(&self) -> Vec<(&'static str, &str)> {
        Vec::new()
    }

    /// It may ask the approver, so that a setup without one cannot work.
    fn asks(&self) -> bool {
        false
    }

    /// What makes it at the gate of each trial.
    ///
    /// # Errors
    /// It cannot work: a pattern that is none, a policy that does not parse, a part that this build lacks.
    fn prepare(self: Box<Self>, beside: &Beside) -> Result<Blueprint, Unfit>;
}

/// Makes a guardrail for one trial.
#[derive(Clone)]
pub enum Blueprint {
    /// Of its settings alone.
    Plain(Arc<dyn Fn() -> Box<dyn Guardrail> + Send + Sync>),
    /// One that asks a model.
    Monitor(Arc<Monitor>, Option<Model>),
}

impl Blueprint {
    /// Of a guardrail that each trial gets a copy of.
    pub fn of<G: Guardrail + Clone + 'static>(guardrail: G) -> Self {
        Self::Plain(Arc::new(move || Box::new(guardrail.clone())))
    }

    /// The guardrail for one trial.
    pub fn make(&self, seat: &Seat) -> Box<dyn Guardrail> {
        match self {
            Self::Plain(make) => make(),
            Self::Monitor(monitor, model) => {
                Box::new(Watching::new(Arc::clone(monitor), model.as_ref(), seat))
            }
        }
    }
}

/// The trial at whose gate a guardrail stands.
#[derive(Clone, Debug, Default)]
pub struct Seat {
    /// Which; absent outside of a run.
    pub trial: Option<TrialId>,
    /// Its seed.
    pub seed: u64,
}

impl fmt::Debug for Blueprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.make(&Seat::default()).name())
    }
}

/// Why a guardrail cannot work, and what to do about it.
#[derive(Clone, Debug)]
pub struct Unfit {
    /// The key whose value is wrong, such as `pattern[2]`; empty: the guardrail as a whole.
    pub key: String,
    /// What is wrong, as a fragment.
    pub title: String,
    /// The next step.
    pub help: Option<String>,
    /// What is wrong in a file that the setup names, at its place there; then this is told and nothing else.
    pub elsewhere: Option<Box<Diagnostic>>,
    /// What was found, and the names that would have done.
    near: Option<Box<(String, Vec<String>)>>,
}

impl Unfit {
    /// The guardrail as a whole cannot work.
    pub fn new(title: impl Into<String>) -> Self {
        Self { key: String::new(), title: title.into(), help: None, elsewhere: None, near: None }
    }

    /// Something in a file that the setup names is what is wrong.
    pub fn elsewhere(found: Diagnostic) -> Self {
        Self { elsewhere: Some(Box::new(found)), ..Self::new("") }
    }

    /// This build of Chesterton lacks a part.
    pub fn lacking(part: &str, feature: &str) -> Self {
        Self::new(format!("this chesterton was built without {part}"))
            .of("kind")
            .help(format!("build it with: cargo run --release --features {feature} -- …"))
    }

    /// The value of this key is what is wrong.
    #[must_use]
    pub fn of(self, key: impl Into<String>) -> Self {
        Self { key: key.into(), ..self }
    }

    /// The name found is none of these: the nearest is told.
    #[must_use]
    pub fn near<S: AsRef<str>>(self, found: &str, known: &[S]) -> Self {
        let known = known.iter().map(|name| name.as_ref().to_owned()).collect();
        Self { near: Some(Box::new((found.to_owned(), known))), ..self }
    }

    /// As a message at the guardrail's place in its file.
    pub(super) fn told(self, document: &Document<SetupFile>, at: &str) -> Diagnostic {
        if let Some(found) = self.elsewhere {
            return *found;
        }
        let path = if self.key.is_empty() { at.to_owned() } else { format!("{at}.{}", self.key) };
        let told = self.help.into_iter().fold(document.problem(&path, self.title), Diagnostic::help);
        self.near.into_iter().fold(told, |told, near| told.suggest(&near.0, &near.1))
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// A kind, read from the table at a path.
type Read = fn(&Document<SetupFile>, &str) -> Result<Box<dyn Kind>, Diagnostic>;

struct Row {
    name: &'static str,
    read: Read,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

const fn row<K: Kind + DeserializeOwned + JsonSchema + 'static>(name: &'static str) -> Row {
    Row { name, read: |document, at| Ok(Box::new(document.part::<K>(at, "kind")?)), schema: K::json_schema }
}

/// Every kind, by the word that `kind` takes.
const KINDS: &[Row] = &[
    row::<ask::Ask>("ask"),
    row::<allow_list::AllowList>("allow_list"),
    row::<command_patterns::CommandPatterns>("command_patterns"),
    row::<blast_radius::BlastRadius>("blast_radius"),
    row::<freeze::Freeze>("freeze"),
    row::<monitor::MonitorFile>("monitor"),
    row::<HookFile>("hook"),
    row::<CedarFile>("cedar"),
    row::<RegoFile>("rego"),
    row::<WebhookFile>("webhook"),
    row::<OpaFile>("opa"),
];

/// The kind of the guardrail whose table stands at this path.
pub(super) fn read(
    document: &Document<SetupFile>,
    at: &str,
    table: &toml::Table,
) -> Result<Box<dyn Kind>, Diagnostic> {
    let names: Vec<&str> = KINDS.iter().map(|row| row.name).collect();
    let Some(kind) = table.get("kind") else {
        let missing = document.problem(at, "missing key `kind` in `[[guardrail]]`");
        return Err(missing.label("`kind` belongs here").suggest("", &names));
    };
    let found = kind.as_str().map_or_else(|| kind.to_string(), str::to_owned);
    match KINDS.iter().find(|row| row.name == found) {
        Some(row) => (row.read)(document, at),
        None => Err(document.unexpected(&format!("{at}.kind"), &found, "the kind of a guardrail", &names)),
    }
}

/// The schema of `guardrail`: a list of tables, each of one kind.
pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    let of_kind = |row: &Row| -> Value {
        let mut schema = (row.schema)(generator).to_value();
        if let Some(object) = schema.as_object_mut() {
            let properties = object.entry("properties").or_insert_with(|| json!({}));
            if let Some(properties) = properties.as_object_mut() {
                properties.insert("kind".to_owned(), json!({ "const": row.name }));
            }
            let required = object.entry("required").or_insert_with(|| json!([]));
            if let Some(required) = required.as_array_mut() {
                required.insert(0, json!("kind"));
            }
        }
        schema
    };
    let kinds: Vec<Value> = KINDS.iter().map(of_kind).collect();
    let list = json!({ "type": "array", "items": { "oneOf": kinds } });
    Schema::try_from(list).unwrap_or_default()
}
