//! What a template and its parameters would mean for a stack: which members to add, change, replace or let go.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::stack_template::{Policy, order};
use super::stack_types::{Recreation, ResourceType};
use super::stack_values::{self, KNOWN_AFTER_APPLY, Scope, same};
use super::stacks::{Shape, Stack};
use super::{stack_resources, stack_settings};
use crate::World;
use crate::call::Refusal;

/// What becomes of a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Add,
    Same,
    Modify,
    /// Whether a new physical resource is needed shows only once others have been replaced.
    Maybe,
    Replace,
    Remove,
}

/// A property that differs.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    /// Empty for the metadata of the resource.
    pub property: String,
    pub recreation: Recreation,
    /// Its value depends on a resource that is yet to be made: that resource's logical id.
    pub awaits: Option<String>,
    /// The template says the same as before; this parameter differs.
    pub parameter: Option<String>,
}

/// A member, and what becomes of it.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub logical: String,
    pub kind: &'static ResourceType,
    pub physical: String,
    pub fate: Fate,
    pub differences: Vec<Difference>,
    /// What becomes of the physical resource that goes, if one goes.
    pub policy: Option<Policy>,
}

/// `AWS::Region` and its kin.
fn pseudo(world: &World, stack: &Stack) -> BTreeMap<&'static str, String> {
    let account = &world.stage.account;
    BTreeMap::from([
        ("AWS::AccountId", account.id.clone()),
        ("AWS::Partition", account.partition.clone()),
        ("AWS::Region", account.region.clone()),
        ("AWS::StackId", stack.id.clone()),
        ("AWS::StackName", stack.name.clone()),
        ("AWS::URLSuffix", stack_resources::suffix(world).to_owned()),
    ])
}

/// Runs `use_it` with a scope in which `unknown` members answer that they are known only later.
fn within<T>(
    world: &World,
    stack: &Stack,
    shape: &Shape,
    unknown: &BTreeSet<String>,
    use_it: impl FnOnce(&Scope<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let pseudo = pseudo(world, stack);
    let resource = |name: &str, attribute: Option<&str>| {
        if unknown.contains(name) {
            return Some(json!(KNOWN_AFTER_APPLY));
        }
        let member = stack.members.get(name).filter(|member| !member.physical.is_empty())?;
        Some(stack_resources::answers(world, member.kind, &member.physical, attribute))
    };
    let scope = Scope {
        template: &shape.template,
        parameters: &shape.parameters,
        pseudo: &pseudo,
        resource: &resource,
        work: std::cell::Cell::new(0),
    };
    use_it(&scope)
}

/// The logical ids that the template really makes: those without a condition, or whose condition holds.
///
/// # Errors
/// `ValidationError` where a condition cannot be told.
pub(super) fn active(world: &World, stack: &Stack, shape: &Shape) -> Result<BTreeSet<String>, Refusal> {
    within(world, stack, shape, &BTreeSet::new(), |scope| {
        let mut names = BTreeSet::new();
        for (logical, declared) in &shape.template.resources {
            if declared.condition.as_deref().map_or(Ok(true), |condition| scope.holds(condition))? {
                names.insert(logical.clone());
            }
        }
        Ok(names)
    })
}

/// A member's properties, resolved as far as they can be.
///
/// # Errors
/// `ValidationError` where a function is used wrongly or names what does not stand.
pub(super) fn properties(
    world: &World,
    stack: &Stack,
    shape: &Shape,
    logical: &str,
    unknown: &BTreeSet<String>,
) -> Result<Value, Refusal> {
    let declared =
        shape.template.resources.get(logical).map_or(&Value::Null, |declared| &declared.properties);
    within(world, stack, shape, unknown, |scope| scope.resolve(declared))
}

/// The stack's outputs in the real API's shape.
pub(super) fn outputs(world: &World, stack: &Stack, shape: &Shape, unknown: &BTreeSet<String>) -> Vec<Value> {
    let one = |scope: &Scope<'_>, key: &str, entry: &Value| -> Result<Option<Value>, Refusal> {
        let condition = entry.get("Condition").and_then(Value::as_str);
        if !condition.map_or(Ok(true), |condition| scope.holds(condition))? {
            return Ok(None);
        }
        let value = scope.resolve(entry.get("Value").unwrap_or(&Value::Null))?;
        let mut output = json!({"OutputKey": key, "OutputValue": stack_values::as_text(&value)});
        if let Some(map) = output.as_object_mut() {
            let description = entry.get("Description").map(|text| ("Description".to_owned(), text.clone()));
            map.extend(description);
            if let Some(name) = entry.pointer("/Export/Name") {
                map.insert("ExportName".to_owned(), json!(stack_values::as_text(&scope.resolve(name)?)));
            }
        }
        Ok(Some(output))
    };
    let entries = shape.template.section("Outputs");
    let resolved = entries.filter_map(|(key, entry)| {
        within(world, stack, shape, unknown, |scope| one(scope, key, entry)).ok().flatten()
    });
    resolved.collect()
}

/// What becomes of each member if the stack takes on this shape, in an order that respects what needs what.
///
/// # Errors
/// `ValidationError` where the template cannot be resolved.
pub(super) fn plan(world: &World, stack: &Stack, shape: &Shape) -> Result<Vec<Planned>, Refusal> {
    let active = active(world, stack, shape)?;
    let needs = shape.template.resources.iter().filter(|(logical, _)| active.contains(*logical));
    let needs = needs.map(|(logical, declared)| {
        (logical.clone(), declared.needs.intersection(&active).cloned().collect::<BTreeSet<_>>())
    });
    let mut unknown = BTreeSet::new();
    let mut planned = Vec::new();
    for logical in order(needs.collect()).unwrap_or_default() {
        let one = plan_one(world, stack, shape, &logical, &unknown)?;
        if matches!(one.fate, Fate::Add | Fate::Replace | Fate::Maybe) {
            unknown.insert(logical);
        }
        planned.push(one);
    }
    for member in stack.members.values().filter(|m| m.is_held() && !active.contains(&m.logical)) {
        planned.push(Planned {
            logical: member.logical.clone(),
            kind: member.kind,
            physical: member.physical.clone(),
            fate: Fate::Remove,
            differences: Vec::new(),
            policy: Some(member.on_delete),
        });
    }
    Ok(planned)
}

fn plan_one(
    world: &World,
    stack: &Stack,
    shape: &Shape,
    logical: &str,
    unknown: &BTreeSet<String>,
) -> Result<Planned, Refusal> {
    let wanted = properties(world, stack, shape, logical, unknown)?;
    let declared = shape.template.resources.get(logical);
    let kind = declared.map(|declared| declared.kind);
    let metadata = declared.map_or(&Value::Null, |declared| &declared.metadata);
    let Some((kind, member)) = kind.zip(stack.members.get(logical).filter(|member| member.is_held())) else {
        let kind =
            kind.or_else(|| stack.members.get(logical).map(|m| m.kind)).unwrap_or(&super::stack_types::PLAIN);
        let (logical, physical) = (logical.to_owned(), String::new());
        return Ok(Planned {
            logical,
            kind,
            physical,
            fate: Fate::Add,
            differences: Vec::new(),
            policy: None,
        });
    };
    let mut differences: Vec<Difference> = stack_settings::differing(&member.properties, &wanted)
        .into_iter()
        .map(|property| difference(stack, shape, logical, property, &wanted, kind))
        .collect();
    if !same(&member.metadata, metadata) {
        let property = String::new();
        differences.push(Difference {
            property,
            recreation: Recreation::Never,
            awaits: None,
            parameter: None,
        });
    }
    let fate = fate(&differences);
    Ok(Planned {
        logical: logical.to_owned(),
        kind,
        physical: member.physical.clone(),
        fate,
        differences,
        policy: matches!(fate, Fate::Replace | Fate::Maybe)
            .then(|| declared.map_or(Policy::Delete, |declared| declared.on_replace)),
    })
}

fn fate(differences: &[Difference]) -> Fate {
    let worst = |d: &Difference| match (d.recreation, d.awaits.is_some()) {
        (Recreation::Always, false) => Fate::Replace,
        (Recreation::Always, true) | (Recreation::Conditionally, _) => Fate::Maybe,
        (Recreation::Never, _) => Fate::Modify,
    };
    let all: Vec<Fate> = differences.iter().map(worst).collect();
    [Fate::Replace, Fate::Maybe, Fate::Modify]
        .into_iter()
        .find(|fate| all.contains(fate))
        .unwrap_or(Fate::Same)
}

fn difference(
    stack: &Stack,
    shape: &Shape,
    logical: &str,
    property: String,
    wanted: &Value,
    kind: &ResourceType,
) -> Difference {
    let raw = |shape: &Shape| {
        let declared = shape.template.resources.get(logical);
        declared.and_then(|declared| declared.properties.get(&property)).cloned().unwrap_or(Value::Null)
    };
    let (before, after) = (raw(&stack.shape), raw(shape));
    let references = stack_values::references(&after);
    let is_later = wanted.get(&property).is_some_and(|value| value.to_string().contains(KNOWN_AFTER_APPLY));
    let resource = references.iter().find(|r| shape.template.resources.contains_key(&r.name));
    let differs = |name: &str| shape.parameters.get(name) != stack.shape.parameters.get(name);
    let parameter = references.iter().find(|r| before == after && differs(&r.name));
    Difference {
        recreation: kind.recreation(&property),
        awaits: resource.filter(|_| is_later).map(|reference| reference.name.clone()),
        parameter: parameter.map(|reference| reference.name.clone()),
        property,
    }
}
