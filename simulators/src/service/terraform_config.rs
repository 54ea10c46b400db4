//! Configurations: what the `.tf` files of a folder say, and what their expressions come to.
//!
//! What a configuration may use beyond resources, variables, locals, outputs, backends, `moved` and `removed` is not
//! simulated, and is said so.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::terraform::{failed, unsimulated};
use super::terraform_language::{self as language, Block, Body, Expression};
use super::terraform_types as types;
use crate::call::Refusal;

/// Bytes of all files together.
const BYTES_MAX: usize = 256 << 10;
/// Times that locals are gone over, since one may need another.
const PASSES_MAX: usize = 20;

/// Where states lie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Backend {
    Local,
    S3 { bucket: String, key: String },
}

/// A `resource` block.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub kind: &'static types::Kind,
    body: Body,
    pub prevent_destroy: bool,
    pub create_first: bool,
    pub ignored: Vec<String>,
    /// Addresses that it names.
    pub after: BTreeSet<String>,
}

/// What a folder says.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub backend: Backend,
    pub resources: BTreeMap<String, Resource>,
    /// From an address to another.
    pub moved: Vec<(String, String)>,
    /// Addresses that are forgotten, and whether they are destroyed as well.
    pub removed: Vec<(String, bool)>,
    /// Where each block stands: file and line.
    pub places: BTreeMap<String, (String, usize)>,
    outputs: BTreeMap<String, Expression>,
    variables: BTreeMap<String, Option<Expression>>,
    locals: BTreeMap<String, Expression>,
}

impl Config {
    /// Reads the files of a folder, by name.
    ///
    /// # Errors
    /// As the tool says what is wrong; what it would take and this does not is marked as such.
    pub fn read(files: &BTreeMap<String, String>) -> Result<Self, Refusal> {
        let mut config = Self {
            backend: Backend::Local,
            resources: BTreeMap::new(),
            moved: Vec::new(),
            removed: Vec::new(),
            places: BTreeMap::new(),
            outputs: BTreeMap::new(),
            variables: BTreeMap::new(),
            locals: BTreeMap::new(),
        };
        if files.values().map(String::len).sum::<usize>() > BYTES_MAX {
            return Err(failed("Configuration too large", "The files of this folder are too large."));
        }
        for (file, text) in files {
            for block in &language::read(file, text)?.blocks {
                config.take(file, block)?;
            }
        }
        Ok(config)
    }

    fn take(&mut self, file: &str, block: &Block) -> Result<(), Refusal> {
        let labels: Vec<&str> = block.labels.iter().map(String::as_str).collect();
        let body = &block.body;
        let address = |name: &str| body.get(name).map(Expression::written).unwrap_or_default();
        match (block.name.as_str(), labels.as_slice()) {
            ("resource", [kind, name]) => {
                let address = format!("{kind}.{name}");
                let place = (file.to_owned(), block.line);
                if let Some((earlier, line)) = self.places.insert(address.clone(), place) {
                    let text = format!(
                        "A {kind} resource named \"{name}\" was already declared at {earlier}:{line}."
                    );
                    return Err(failed(&format!("Duplicate resource \"{kind}\" configuration"), &text));
                }
                let resource = resource(kind, &address, body)?;
                self.resources.insert(address, resource);
            }
            ("variable", [name]) => {
                drop(self.variables.insert((*name).to_owned(), body.get("default").cloned()))
            }
            ("output", [name]) => {
                self.outputs.extend(body.get("value").map(|value| ((*name).to_owned(), value.clone())));
            }
            ("locals", []) => self.locals.extend(body.attributes.iter().cloned()),
            ("terraform", []) => self.backend = backend(body)?.unwrap_or_else(|| self.backend.clone()),
            ("provider", [_]) => {}
            ("moved", []) => self.moved.push((address("from"), address("to"))),
            ("removed", []) => {
                let keeps = body.block("lifecycle").and_then(|b| b.get("destroy")).map(Expression::written);
                self.removed.push((address("from"), keeps.as_deref() != Some("false")));
            }
            ("data" | "module" | "import" | "check" | "ephemeral", _) => {
                return Err(unsimulated(&format!("blocks of the type `{}`", block.name)));
            }
            (other, _) => {
                let text = format!(
                    "  on {file} line {}:\n\nBlocks of type \"{other}\" are not expected here.",
                    block.line
                );
                return Err(failed("Unsupported block type", &text));
            }
        }
        Ok(())
    }

    /// The values of variables: what was given, else their defaults.
    ///
    /// # Errors
    /// One has neither, or one was given that is not declared.
    pub fn variables(&self, given: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
        if let Some(name) = given.keys().find(|name| !self.variables.contains_key(*name)) {
            let text = format!(
                "A variable named \"{name}\" was assigned on the command line, but the root module does not declare it."
            );
            return Err(failed("Value for undeclared variable", &text));
        }
        let mut values = Map::new();
        for (name, default) in &self.variables {
            let value = match (given.get(name), default) {
                (Some(value), _) => value.clone(),
                (None, Some(default)) => default.value(&Map::new())?,
                (None, None) => {
                    let text = format!(
                        "The root module input variable \"{name}\" is not set, and has no default value."
                    );
                    return Err(failed("No value for required variable", &text));
                }
            };
            values.insert(name.clone(), value);
        }
        Ok(values)
    }

    /// What expressions may name: variables, locals, and what stands or is to stand.
    pub fn scope(
        &self,
        variables: &Map<String, Value>,
        workspace: &str,
        known: &BTreeMap<String, Map<String, Value>>,
    ) -> Map<String, Value> {
        let mut scope = Map::new();
        for (address, attributes) in known {
            let (kind, name) = address.split_once('.').unwrap_or((address, ""));
            let things = scope.entry(kind.to_owned()).or_insert_with(|| json!({}));
            if let Some(things) = things.as_object_mut() {
                things.insert(name.to_owned(), Value::Object(attributes.clone()));
            }
        }
        scope.insert("var".to_owned(), Value::Object(variables.clone()));
        scope.insert("terraform".to_owned(), json!({"workspace": workspace}));
        scope.insert("path".to_owned(), json!({"module": ".", "root": ".", "cwd": "."}));
        let mut locals = Map::new();
        for _ in 0..PASSES_MAX {
            let open = self.locals.iter().filter(|(name, _)| !locals.contains_key(*name));
            let found: Vec<(String, Value)> =
                open.filter_map(|(name, e)| Some((name.clone(), e.value(&scope).ok()?))).collect();
            if found.is_empty() {
                break;
            }
            locals.extend(found);
            scope.insert("local".to_owned(), Value::Object(locals.clone()));
        }
        scope
    }

    /// What each output comes to; one that names what is not there yet is left out.
    pub fn outputs(&self, scope: &Map<String, Value>) -> Map<String, Value> {
        let value = |(name, e): (&String, &Expression)| {
            let value = e.value(scope).ok()?;
            let kind = if value.is_number() {
                "number"
            } else if value.is_boolean() {
                "bool"
            } else {
                "string"
            };
            Some((name.clone(), json!({"value": value, "type": kind})))
        };
        self.outputs.iter().filter_map(value).collect()
    }
}

impl Resource {
    /// What its block asks for.
    ///
    /// # Errors
    /// An expression names what is not there, or uses a function that is not simulated.
    pub fn wanted(&self, scope: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
        object(&self.body, scope)
    }
}

fn resource(kind: &str, address: &str, body: &Body) -> Result<Resource, Refusal> {
    let Some(found) = types::find(kind) else {
        return Err(unsimulated(&format!("the resource type `{kind}`")));
    };
    if let Some(name) = ["count", "for_each"].into_iter().find(|name| body.get(name).is_some()) {
        return Err(unsimulated(&format!("`{name}`")));
    }
    if body.blocks.iter().any(|block| matches!(block.name.as_str(), "dynamic" | "provisioner")) {
        return Err(unsimulated("dynamic blocks and provisioners"));
    }
    let lifecycle = body.block("lifecycle");
    let of = |name: &str| lifecycle.and_then(|block| block.get(name));
    let set = |name: &str| of(name).is_some_and(|e| e.written() == "true");
    let ignored = match of("ignore_changes") {
        Some(Expression::List(items)) => items.iter().map(Expression::written).collect(),
        Some(other) => vec![other.written()],
        None => Vec::new(),
    };
    let mut after = BTreeSet::new();
    body.named(&mut after);
    after.remove(address);
    Ok(Resource {
        kind: found,
        body: body.clone(),
        prevent_destroy: set("prevent_destroy"),
        create_first: set("create_before_destroy"),
        ignored,
        after,
    })
}

fn backend(body: &Body) -> Result<Option<Backend>, Refusal> {
    let Some(found) = body.blocks.iter().find(|block| block.name == "backend") else { return Ok(None) };
    let text = |name: &str| match found.body.get(name) {
        Some(Expression::Literal(Value::String(text))) => Ok(text.clone()),
        _ => Err(failed(
            "Missing Required Value",
            &format!("The attribute \"{name}\" is required by the backend."),
        )),
    };
    match found.labels.first().map(String::as_str) {
        Some("local") => Ok(Some(Backend::Local)),
        Some("s3") => Ok(Some(Backend::S3 { bucket: text("bucket")?, key: text("key")? })),
        other => Err(unsimulated(&format!("the backend `{}`", other.unwrap_or_default()))),
    }
}

/// A body as an object: attributes by name, blocks as lists. What only the tool itself reads is left out.
fn object(body: &Body, scope: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let mut found = Map::new();
    for (name, expression) in
        body.attributes.iter().filter(|(name, _)| !matches!(name.as_str(), "provider" | "depends_on"))
    {
        let value = expression.value(scope)?;
        if !value.is_null() {
            found.insert(name.clone(), value);
        }
    }
    for block in body.blocks.iter().filter(|b| !matches!(b.name.as_str(), "lifecycle" | "timeouts")) {
        let inner = Value::Object(object(&block.body, scope)?);
        let list = found.entry(block.name.clone()).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(inner);
        }
    }
    Ok(found)
}
