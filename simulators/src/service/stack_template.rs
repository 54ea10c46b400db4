//! Stack templates: YAML or JSON text, checked the way the real service checks it before it does anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use saphyr::{LoadableYamlNode, Scalar, ScanError, Yaml};
use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::stack_parameters::{self, Parameter};
use super::stack_types::{self, Capability, ResourceType};
use super::stack_values;
use crate::call::Refusal;

/// The real service takes no larger template in a request.
const BODY_BYTES_MAX: usize = 51_200;
/// Levels of lists and maps in a template. Everything that walks one calls itself for each.
const LEVELS_MAX: usize = 64;

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

const RESOURCE_ATTRIBUTES: &[&str] = &[
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// What becomes of a physical resource that the stack lets go of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Policy {
    Delete,
    Retain,
    RetainExceptOnCreate,
    Snapshot,
}

const POLICIES: &[(&str, Policy)] = &[
    ("Delete", Policy::Delete),
    ("Retain", Policy::Retain),
    ("RetainExceptOnCreate", Policy::RetainExceptOnCreate),
    ("Snapshot", Policy::Snapshot),
];

impl Policy {
    /// As change sets name it.
    pub fn name(self) -> &'static str {
        POLICIES.iter().find(|(_, policy)| *policy == self).map_or("Delete", |(name, _)| name)
    }
}

/// A resource as a template declares it.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub kind: &'static ResourceType,
    /// With its functions unresolved.
    pub properties: Value,
    pub metadata: Value,
    /// Logical ids that must stand first: `DependsOn`, `Ref`, `Fn::GetAtt`, `Fn::Sub`.
    pub needs: BTreeSet<String>,
    pub condition: Option<String>,
    pub on_delete: Policy,
    pub on_replace: Policy,
}

/// A template, understood. Functions stand in their long form, whichever way they were written.
#[derive(Clone)]
pub(crate) struct Template {
    pub body: String,
    pub document: Value,
    pub description: String,
    pub parameters: BTreeMap<String, Parameter>,
    pub resources: BTreeMap<String, Declared>,
}

/// A template stands in the digest of a world as its own digest: its text is long and never changes.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({})", crate::hex(&Sha256::digest(self.body.as_bytes())))
    }
}

/// A `ValidationError` with this text.
pub(crate) fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", text)
}

fn format_error(text: impl fmt::Display) -> Refusal {
    invalid(format!("Template format error: {text}"))
}

impl Template {
    /// Reads and checks a template.
    ///
    /// # Errors
    /// `ValidationError`, as the real service would find it.
    pub fn parse(body: &str) -> Result<Self, Refusal> {
        if body.trim().is_empty() || body.len() > BODY_BYTES_MAX {
            let limit = format!("Member must have length between 1 and {BODY_BYTES_MAX}");
            return Err(invalid(format!(
                "1 validation error detected: Value at 'templateBody' is wrong: {limit}"
            )));
        }
        let document = read(body)?;
        let top = document.as_object().ok_or_else(|| format_error("unsupported structure."))?;
        let unknown: Vec<&str> =
            top.keys().map(String::as_str).filter(|key| !SECTIONS.contains(key)).collect();
        if !unknown.is_empty() {
            return Err(invalid(format!("Invalid template property or properties [{}]", unknown.join(", "))));
        }
        let resources = top.get("Resources").and_then(Value::as_object).filter(|r| !r.is_empty());
        let resources =
            resources.ok_or_else(|| format_error("At least one Resources member must be defined."))?;
        let parameters = stack_parameters::declared(top.get("Parameters"))?;
        let mut template = Self {
            body: body.to_owned(),
            description: text(top.get("Description")),
            parameters,
            resources: BTreeMap::new(),
            document: Value::Null,
        };
        template.resources = declare(resources, &template.parameters)?;
        template.document = document;
        template.check()?;
        Ok(template)
    }

    /// A section's entries.
    pub fn section(&self, name: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.document.get(name).and_then(Value::as_object).into_iter().flatten()
    }

    fn check(&self) -> Result<(), Refusal> {
        self.check_references()?;
        let conditions: BTreeSet<&str> = self.section("Conditions").map(|(name, _)| name.as_str()).collect();
        for declared in self.resources.values() {
            if let Some(name) = declared.condition.as_deref().filter(|name| !conditions.contains(name)) {
                let what =
                    format!("Unresolved condition dependency {name} in the Resources block of the template");
                return Err(format_error(what));
            }
        }
        let order = order(self.resources.iter().map(|(name, d)| (name.clone(), d.needs.clone())).collect());
        order.map(drop).map_err(|circle| {
            invalid(format!("Circular dependency between resources: [{}]", circle.join(", ")))
        })
    }

    fn check_references(&self) -> Result<(), Refusal> {
        for block in ["Resources", "Outputs"] {
            let mut unresolved = BTreeSet::new();
            for (_, value) in self.section(block) {
                for reference in stack_values::references(value) {
                    if self.knows(&reference.name) {
                        continue;
                    }
                    if reference.attribute {
                        let what = format!("references undefined resource {}", reference.name);
                        return Err(invalid(format!("Template error: instance of Fn::GetAtt {what}")));
                    }
                    unresolved.insert(reference.name);
                }
            }
            if !unresolved.is_empty() {
                let names = unresolved.into_iter().collect::<Vec<_>>().join(", ");
                let what = format!(
                    "Unresolved resource dependencies [{names}] in the {block} block of the template"
                );
                return Err(format_error(what));
            }
        }
        let needed = self.resources.values().flat_map(|declared| &declared.needs);
        match needed.into_iter().find(|name| !self.resources.contains_key(*name)) {
            None => Ok(()),
            Some(name) => Err(format_error(format!(
                "Unresolved resource dependencies [{name}] in the Resources block of the template"
            ))),
        }
    }

    fn knows(&self, name: &str) -> bool {
        self.resources.contains_key(name) || self.parameters.contains_key(name) || name.starts_with("AWS::")
    }

    /// The capabilities that a caller must acknowledge, and the resources that ask for them.
    pub fn capabilities(&self) -> Option<(&'static str, Vec<&str>)> {
        let asking = |wanted: Capability| {
            let found = self.resources.iter().filter(|(_, d)| d.kind.capability(&d.properties) == wanted);
            found.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
        };
        let (named, plain) = (asking(Capability::NamedIam), asking(Capability::Iam));
        match (named.is_empty(), plain.is_empty()) {
            (true, true) => None,
            (true, false) => Some(("CAPABILITY_IAM", plain)),
            _ => Some(("CAPABILITY_NAMED_IAM", [named, plain].concat())),
        }
    }
}

/// An order in which each name comes after what it needs, or the names that stand in a circle.
pub(crate) fn order(mut waiting: BTreeMap<String, BTreeSet<String>>) -> Result<Vec<String>, Vec<String>> {
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let ready: Vec<String> = waiting
            .iter()
            .filter(|(_, needs)| !needs.iter().any(|need| waiting.contains_key(need)))
            .map(|(name, _)| name.clone())
            .collect();
        if ready.is_empty() {
            return Err(waiting.into_keys().collect());
        }
        waiting.retain(|name, _| !ready.contains(name));
        ordered.extend(ready);
    }
    Ok(ordered)
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn declare(
    resources: &Map<String, Value>,
    parameters: &BTreeMap<String, Parameter>,
) -> Result<BTreeMap<String, Declared>, Refusal> {
    let mut unknown = Vec::new();
    let mut declared = BTreeMap::new();
    for (logical, value) in resources {
        if logical.is_empty() || !logical.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(format_error(format!("Resource name {logical} is non alphanumeric.")));
        }
        let at = format!("[/Resources/{logical}]");
        let entry = value
            .as_object()
            .ok_or_else(|| format_error(format!("{at} resource definition is malformed")))?;
        if let Some(key) = entry.keys().find(|key| !RESOURCE_ATTRIBUTES.contains(&key.as_str())) {
            return Err(invalid(format!("Invalid template resource property '{key}'")));
        }
        let Some(name) = entry.get("Type").and_then(Value::as_str) else {
            return Err(format_error(format!("{at} Every Resources object must contain a Type member.")));
        };
        match stack_types::find(name) {
            None => unknown.push(name),
            Some(kind) => {
                let mut one = declare_one(kind, entry)?;
                one.needs.retain(|name| !parameters.contains_key(name));
                declared.insert(logical.clone(), one);
            }
        }
    }
    if unknown.is_empty() {
        return Ok(declared);
    }
    unknown.sort_unstable();
    unknown.dedup();
    Err(format_error(format!("Unrecognized resource types: [{}]", unknown.join(", "))))
}

fn declare_one(kind: &'static ResourceType, entry: &Map<String, Value>) -> Result<Declared, Refusal> {
    let properties = entry.get("Properties").cloned().unwrap_or_else(|| json!({}));
    let explicit: BTreeSet<String> = match entry.get("DependsOn") {
        Some(Value::String(name)) => BTreeSet::from([name.clone()]),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    };
    let implied = stack_values::references(&properties).into_iter().map(|reference| reference.name);
    let mut needs = explicit;
    needs.extend(implied.filter(|name| !name.starts_with("AWS::")));
    Ok(Declared {
        kind,
        properties,
        metadata: entry.get("Metadata").cloned().unwrap_or(Value::Null),
        needs,
        condition: entry.get("Condition").and_then(Value::as_str).map(str::to_owned),
        on_delete: policy(kind, entry, "DeletionPolicy")?.unwrap_or(kind.on_delete),
        // Unlike the deletion policy it is Delete by default for databases too, which has cost people their data.
        on_replace: policy(kind, entry, "UpdateReplacePolicy")?.unwrap_or(Policy::Delete),
    })
}

fn policy(kind: &ResourceType, entry: &Map<String, Value>, key: &str) -> Result<Option<Policy>, Refusal> {
    let Some(value) = entry.get(key) else { return Ok(None) };
    let name = value.as_str().unwrap_or_default();
    let found = POLICIES.iter().find(|(known, _)| *known == name).map(|(_, policy)| *policy);
    match found {
        None => Err(invalid(format!("Template error: Unrecognized {key} {name}"))),
        Some(Policy::Snapshot) if !kind.snapshots => {
            let what = format!("resource type {} does not support {key} Snapshot", kind.name);
            Err(invalid(format!("Template error: {what}")))
        }
        found => Ok(found),
    }
}

/// JSON if it begins like JSON, else YAML.
pub(super) fn read(body: &str) -> Result<Value, Refusal> {
    if body.trim_start().starts_with('{') {
        return json(body);
    }
    yaml(body)?.first().map(plain).unwrap_or_else(|| Err(format_error("unsupported structure.")))
}

/// The documents of a text of YAML, or the one of JSON.
///
/// # Errors
/// The text is neither, or is made to take all memory.
pub(super) fn documents(body: &str) -> Result<Vec<Value>, Refusal> {
    if body.trim_start().starts_with(['{', '[']) {
        return json(body).map(|json| vec![json]);
    }
    yaml(body)?.iter().map(plain).collect()
}

fn json(body: &str) -> Result<Value, Refusal> {
    serde_json::from_str(body).map_err(|e| {
        format_error(format!("JSON not well-formed. (line {}, column {})", e.line(), e.column()))
    })
}

fn yaml(body: &str) -> Result<Vec<Yaml<'_>>, Refusal> {
    check_levels(body)?;
    Yaml::load_from_str(body).map_err(|e| malformed(&e))
}

fn malformed(error: &ScanError) -> Refusal {
    let (line, column) = (error.marker().line(), error.marker().col().saturating_add(1));
    format_error(format!("YAML not well-formed. (line {line}, column {column})"))
}

/// Refuses what would overflow the stack of whoever walks or frees the loaded template, and aliases, which the real
/// service does not take either: a few of them make a template of a few lines larger than any memory.
fn check_levels(body: &str) -> Result<(), Refusal> {
    let mut levels = 0_usize;
    for event in Parser::new_from_str(body) {
        match event.map_err(|e| malformed(&e))?.0 {
            Event::Alias(_) => {
                let what = "YAML aliases are not allowed in CloudFormation templates";
                return Err(invalid(format!("Template error: {what}")));
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => levels = levels.saturating_add(1),
            Event::SequenceEnd | Event::MappingEnd => levels = levels.saturating_sub(1),
            _ => {}
        }
        if levels > LEVELS_MAX {
            return Err(format_error(format!("more than {LEVELS_MAX} levels of nesting")));
        }
    }
    Ok(())
}

fn plain(node: &Yaml<'_>) -> Result<Value, Refusal> {
    Ok(match node {
        Yaml::Value(scalar) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(on) => json!(on),
            Scalar::Integer(number) => json!(number),
            Scalar::FloatingPoint(number) => json!(number.into_inner()),
            Scalar::String(text) => json!(text),
        },
        Yaml::Sequence(items) => Value::Array(items.iter().map(plain).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                map.insert(stack_values::as_text(&plain(key)?), plain(value)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tag, inner) => long_form(&tag.suffix, plain(inner)?)?,
        _ => return Err(format_error("YAML not well-formed.")),
    })
}

/// `!Ref X` is `{"Ref": X}`, `!GetAtt A.B` is `{"Fn::GetAtt": [A, B]}`, `!Sub …` is `{"Fn::Sub": …}`.
fn long_form(tag: &str, value: Value) -> Result<Value, Refusal> {
    let key = match tag {
        "Ref" | "Condition" => tag.to_owned(),
        "GetAtt" => {
            let parts =
                value.as_str().and_then(|text| text.split_once('.')).map(|(name, at)| json!([name, at]));
            return Ok(json!({"Fn::GetAtt": parts.unwrap_or(value)}));
        }
        _ if stack_values::is_function(&format!("Fn::{tag}")) => format!("Fn::{tag}"),
        _ => return Err(format_error(format!("unsupported tag !{tag}"))),
    };
    Ok(json!({ key: value }))
}
