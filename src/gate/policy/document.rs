//! The document's schema, to follow paths in.

use std::sync::LazyLock;

use serde_json::Value;

use crate::gate::case;

static SCHEMA: LazyLock<Value> = LazyLock::new(case::schema);

/// What may stand at one place of the document: the schemas of it. None: it is not known what stands there.
#[derive(Clone)]
pub(super) struct Part(Vec<&'static Value>);

impl Part {
    /// The whole document.
    pub fn document() -> Self {
        Self(variants(&SCHEMA))
    }

    /// A place of which nothing is known.
    pub fn anything() -> Self {
        Self(Vec::new())
    }

    /// What the lists hold that may stand here.
    pub fn items(&self) -> Self {
        Self(self.0.iter().filter_map(|schema| schema.get("items")).flat_map(variants).collect())
    }

    /// The keys of the objects that may stand here, in order of name.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<&str> = self.properties().map(|(key, _)| key).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What stands under a key.
    pub fn named(&self, name: &str) -> Self {
        let under = self.properties().filter(|(key, _)| *key == name);
        Self(under.flat_map(|(_, schema)| variants(schema)).collect())
    }

    /// The only words that may stand here, if there are only words.
    pub fn words(&self) -> Vec<&'static str> {
        let mut words = Vec::new();
        for schema in &self.0 {
            let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
            let own: Vec<&str> = listed.chain(schema.get("const")).filter_map(Value::as_str).collect();
            let is_open = own.is_empty() && schema.get("type").is_some_and(|kind| *kind != "null");
            if is_open {
                return Vec::new();
            }
            words.extend(own);
        }
        words
    }

    /// Whether a text may stand here, or a list of texts; so it is where nothing is known.
    pub fn takes_text(&self) -> bool {
        let is = |schema: &&Value, kind: &str| match schema.get("type") {
            Some(Value::String(one)) => one == kind,
            Some(Value::Array(kinds)) => kinds.iter().any(|one| one == kind),
            _ => schema.get("const").is_some_and(Value::is_string) || schema.get("enum").is_some(),
        };
        let known = self.0.iter().any(|schema| schema.get("type").is_some());
        !known || self.0.iter().any(|schema| is(schema, "string") || is(schema, "array"))
    }

    fn properties(&self) -> impl Iterator<Item = (&'static str, &'static Value)> {
        let of = |schema: &&'static Value| schema.get("properties").and_then(Value::as_object);
        self.0.iter().filter_map(of).flatten().map(|(key, schema)| (key.as_str(), schema))
    }
}

/// The schemas that a value may be of.
fn variants(schema: &'static Value) -> Vec<&'static Value> {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
    let schema = target.and_then(|pointer| SCHEMA.pointer(pointer)).unwrap_or(schema);
    let of = |key: &str| schema.get(key).and_then(Value::as_array).into_iter().flatten();
    std::iter::once(schema).chain(of("oneOf").chain(of("anyOf")).flat_map(variants)).collect()
}
