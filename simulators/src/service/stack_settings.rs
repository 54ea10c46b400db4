//! Changing a member in place: which of its properties its service knows how to change, and what of the rest is told.

use serde_json::{Map, Value, json};

use super::stack_resources::{ask, backend, build, guard, standing, variables, versioning};
use super::stack_types::Keeper;
use super::stack_values::{as_text, same};
use super::stacks::Member;
use super::{functions, observability};
use crate::World;
use crate::call::{Refusal, Service};
use crate::effect::Change;

/// Top-level properties that differ.
pub(super) fn differing(from: &Value, to: &Value) -> Vec<String> {
    let empty = Map::new();
    let (from, to) = (from.as_object().unwrap_or(&empty), to.as_object().unwrap_or(&empty));
    let mut names: Vec<&String> =
        from.keys().chain(to.keys().filter(|key| !from.contains_key(*key))).collect();
    names
        .retain(|name| !same(from.get(*name).unwrap_or(&Value::Null), to.get(*name).unwrap_or(&Value::Null)));
    names.sort();
    names.into_iter().cloned().collect()
}

/// Changes a member in place from what was last asked for to what is asked for now. Returns how long it takes.
pub(super) fn change(world: &mut World, member: &Member, from: &Value, to: &Value) -> Result<i64, Refusal> {
    let Some(uid) = standing(world, member) else {
        let what = format!(
            "Resource of type '{}' with identifier '{}' was not found.",
            member.kind.name, member.physical
        );
        return Err(Refusal::new("NotFound", what));
    };
    let changed = differing(from, to);
    let rest: Vec<&String> = match member.kind.keeper {
        Keeper::Database => change_database(world, &member.physical, &changed, to)?,
        Keeper::Function => change_function(world, &member.physical, &changed, to)?,
        Keeper::Api if changed.iter().any(|name| name == "Parameters") => {
            functions::set_backend(world, &member.physical, &backend(to))?;
            changed.iter().filter(|name| *name != "Parameters").collect()
        }
        Keeper::Bucket if changed.iter().any(|name| name == "VersioningConfiguration") => {
            let status = if versioning(to) { "Enabled" } else { "Suspended" };
            let args = json!({"Bucket": member.physical, "VersioningConfiguration": {"Status": status}});
            ask(world, Service::Objects, "PutBucketVersioning", &member.physical, args)?;
            changed.iter().filter(|name| *name != "VersioningConfiguration").collect()
        }
        Keeper::Watched(kind) if !changed.is_empty() => {
            observability::update(world, kind, &member.physical, to)?;
            Vec::new()
        }
        _ => changed.iter().collect(),
    };
    for property in rest {
        let short = |of: &Value| of.get(property.as_str()).map(as_text).unwrap_or_default();
        let change = match member.kind.keeper {
            Keeper::Role => Change::AccessChanged { what: format!("{property} of {}", member.physical) },
            _ => Change::Configured { what: property.clone(), from: short(from), to: short(to) },
        };
        world.effect(uid, change);
    }
    guard(world, member);
    Ok(world.lasting(member.kind.name, member.kind.update_s))
}

/// Settings of an instance that its service knows how to change, with what they are when a template leaves them out.
const INSTANCE_SETTINGS: &[(&str, &str)] = &[
    ("AllocatedStorage", ""),
    ("BackupRetentionPeriod", "1"),
    ("DBInstanceClass", ""),
    ("DeletionProtection", "false"),
];

fn change_database<'c>(
    world: &mut World,
    id: &str,
    changed: &'c [String],
    to: &Value,
) -> Result<Vec<&'c String>, Refusal> {
    let mut args = Map::new();
    for (setting, otherwise) in INSTANCE_SETTINGS.iter().filter(|(s, _)| changed.iter().any(|name| name == s))
    {
        let text = to.get(*setting).map_or((*otherwise).to_owned(), as_text);
        let value = match (text.as_str(), text.parse::<i64>()) {
            ("", _) => continue,
            ("true" | "false", _) => json!(text == "true"),
            (_, Ok(number)) => json!(number),
            _ => json!(text),
        };
        args.insert((*setting).to_owned(), value);
    }
    if !args.is_empty() {
        args.insert("DBInstanceIdentifier".to_owned(), json!(id));
        args.insert("ApplyImmediately".to_owned(), json!(true));
        ask(world, Service::Databases, "ModifyDBInstance", id, Value::Object(args))?;
    }
    Ok(changed.iter().filter(|name| !INSTANCE_SETTINGS.iter().any(|(setting, _)| setting == name)).collect())
}

/// Settings of a function that its service knows how to change.
const FUNCTION_SETTINGS: &[&str] = &["Description", "Handler", "MemorySize", "Timeout"];

fn change_function<'c>(
    world: &mut World,
    name: &str,
    changed: &'c [String],
    to: &Value,
) -> Result<Vec<&'c String>, Refusal> {
    let has = |property: &str| changed.iter().any(|name| name == property);
    let settings: Map<String, Value> = FUNCTION_SETTINGS
        .iter()
        .filter(|setting| has(setting))
        .filter_map(|setting| to.get(*setting).map(|value| ((*setting).to_owned(), value.clone())))
        .collect();
    if !settings.is_empty() {
        let mut args = settings;
        args.insert("FunctionName".to_owned(), json!(name));
        ask(world, Service::Functions, "UpdateFunctionConfiguration", name, Value::Object(args))?;
    }
    if has("Environment") {
        functions::set_variables(world, name, variables(to))?;
    }
    if has("Code") {
        functions::set_build(world, name, &build(to))?;
    }
    let known = |name: &str| FUNCTION_SETTINGS.contains(&name) || name == "Environment" || name == "Code";
    Ok(changed.iter().filter(|name| !known(name)).collect())
}
