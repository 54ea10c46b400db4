//! What can be read about stacks, in the real API's shapes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::stack_plan;
use super::stack_template::{Template, invalid};
use super::stack_values::as_text;
use super::stacks::{self, Member, Shape, Stack};
use crate::World;
use crate::call::{Answer, Call, Refusal};

/// An object without the fields that are absent, empty or null, as the real API leaves them out.
fn object(fields: Vec<(&str, Value)>) -> Value {
    let stated = fields.into_iter().filter(|(_, v)| !v.is_null() && v.as_str() != Some(""));
    Value::Object(stated.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}

/// Parameters as they are shown: a secret one only by stars.
pub(super) fn parameters(shape: &Shape) -> Vec<Value> {
    let shown = |name: &str, value: &str| {
        let secret = shape.template.parameters.get(name).is_some_and(|parameter| parameter.no_echo);
        if secret { "****".to_owned() } else { value.to_owned() }
    };
    let all = shape.parameters.iter();
    all.map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": shown(name, value)})).collect()
}

/// Tags in the real API's shape.
pub(super) fn tags(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

fn stack_of<'w>(world: &'w World, call: &Call) -> Result<&'w Stack, Refusal> {
    let key = stacks::named(world, call)?;
    stacks::get(world, key).ok_or_else(|| invalid("Stack does not exist"))
}

pub(super) fn stacks(world: &mut World, call: &Call) -> Answer {
    let shown: Vec<Value> = if stacks::name_in(call).is_empty() {
        world.stacks.stacks.iter().rev().filter(|s| s.deleted.is_none()).map(|s| describe(world, s)).collect()
    } else {
        vec![describe(world, stack_of(world, call)?)]
    };
    Ok(json!({"Stacks": shown}))
}

fn describe(world: &World, stack: &Stack) -> Value {
    let has_outputs =
        !matches!(stack.status, "CREATE_IN_PROGRESS" | "REVIEW_IN_PROGRESS" | "ROLLBACK_COMPLETE")
            && stack.deleted.is_none();
    let outputs = has_outputs.then(|| stack_plan::outputs(world, stack, &stack.shape, &BTreeSet::new()));
    object(vec![
        ("StackId", json!(stack.id)),
        ("StackName", json!(stack.name)),
        ("Description", json!(stack.shape.template.description)),
        ("Parameters", json!(parameters(&stack.shape))),
        ("CreationTime", json!(stack.created)),
        ("DeletionTime", json!(stack.deleted)),
        ("LastUpdatedTime", json!(stack.updated)),
        ("RollbackConfiguration", json!({})),
        ("StackStatus", json!(stack.status)),
        ("StackStatusReason", json!(stack.reason)),
        ("DisableRollback", json!(stack.on_failure == stacks::OnFailure::Nothing)),
        ("NotificationARNs", json!([])),
        ("Capabilities", json!(stack.capabilities)),
        ("Outputs", json!(outputs.filter(|list| !list.is_empty()))),
        ("Tags", tags(&stack.shape.tags)),
        ("EnableTerminationProtection", json!(stack.termination_protection)),
        ("DriftInformation", json!({"StackDriftStatus": "NOT_CHECKED"})),
    ])
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let wanted = call.texts("StackStatusFilter");
    let all = world.stacks.stacks.iter().rev();
    let summaries: Vec<Value> = all
        .filter(|stack| wanted.is_empty() || wanted.contains(&stack.status))
        .map(|stack| {
            object(vec![
                ("StackId", json!(stack.id)),
                ("StackName", json!(stack.name)),
                ("TemplateDescription", json!(stack.shape.template.description)),
                ("CreationTime", json!(stack.created)),
                ("LastUpdatedTime", json!(stack.updated)),
                ("DeletionTime", json!(stack.deleted)),
                ("StackStatus", json!(stack.status)),
                ("StackStatusReason", json!(stack.reason)),
                ("DriftInformation", json!({"StackDriftStatus": "NOT_CHECKED"})),
            ])
        })
        .collect();
    Ok(json!({"StackSummaries": summaries}))
}

pub(super) fn events(world: &mut World, call: &Call) -> Answer {
    let stack = stack_of(world, call)?;
    let told = stack.events.iter().rev().map(|event| {
        let number = event.number;
        let id = match event.kind {
            stacks::STACK_KIND => stacks::uuid(world.seed, &format!("stacks/event {} {number}", stack.id)),
            _ => format!(
                "{}-{}-{}.{number:03}Z",
                event.logical,
                event.status,
                event.at.to_string().trim_end_matches('Z')
            ),
        };
        object(vec![
            ("StackId", json!(stack.id)),
            ("EventId", json!(id)),
            ("StackName", json!(stack.name)),
            ("LogicalResourceId", json!(event.logical)),
            ("PhysicalResourceId", json!(event.physical)),
            ("ResourceType", json!(event.kind)),
            ("Timestamp", json!(event.at)),
            ("ResourceStatus", json!(event.status)),
            ("ResourceStatusReason", json!(event.reason)),
        ])
    });
    Ok(json!({"StackEvents": told.collect::<Vec<_>>()}))
}

/// The stack that holds a physical resource, for callers who know only that; they are shown all of it.
fn holder<'w>(world: &'w World, call: &Call) -> Result<&'w Stack, Refusal> {
    let Some(physical) = call.text("PhysicalResourceId") else { return stack_of(world, call) };
    let standing = world.stacks.stacks.iter().rev().filter(|stack| stack.deleted.is_none());
    let mut holding = standing.filter(|s| s.members.values().any(|m| m.is_held() && m.physical == physical));
    holding.next().ok_or_else(|| invalid(format!("Stack for {physical} does not exist")))
}

pub(super) fn resources(world: &mut World, call: &Call) -> Answer {
    let logical = call.text("LogicalResourceId");
    let stack = holder(world, call)?;
    let shown =
        stack.members.values().filter(|member| logical.is_none_or(|logical| logical == member.logical));
    let resources: Vec<Value> = shown.map(|member| describe_member(stack, member, "Timestamp")).collect();
    if let Some(logical) = logical.filter(|_| resources.is_empty()) {
        return Err(no_member(stack, logical));
    }
    Ok(json!({"StackResources": resources}))
}

fn no_member(stack: &Stack, logical: &str) -> Refusal {
    invalid(format!("Resource {logical} does not exist for stack {}", stack.name))
}

fn describe_member(stack: &Stack, member: &Member, time: &str) -> Value {
    object(vec![
        ("StackName", json!(stack.name)),
        ("StackId", json!(stack.id)),
        ("LogicalResourceId", json!(member.logical)),
        ("PhysicalResourceId", json!(member.physical)),
        ("ResourceType", json!(member.kind.name)),
        (time, json!(member.updated)),
        ("ResourceStatus", json!(member.status)),
        ("ResourceStatusReason", json!(member.reason)),
        ("DriftInformation", json!({"StackResourceDriftStatus": "NOT_CHECKED"})),
    ])
}

pub(super) fn resource(world: &mut World, call: &Call) -> Answer {
    let stack = stack_of(world, call)?;
    let logical = call.text("LogicalResourceId").unwrap_or_default();
    let member = stack.members.get(logical).ok_or_else(|| no_member(stack, logical))?;
    let mut detail = describe_member(stack, member, "LastUpdatedTimestamp");
    if let Some(map) = detail.as_object_mut() {
        map.insert("Metadata".to_owned(), json!(member.metadata.to_string()));
    }
    Ok(json!({"StackResourceDetail": detail}))
}

pub(super) fn list_resources(world: &mut World, call: &Call) -> Answer {
    let stack = stack_of(world, call)?;
    let summaries = stack.members.values().map(|member| {
        object(vec![
            ("LogicalResourceId", json!(member.logical)),
            ("PhysicalResourceId", json!(member.physical)),
            ("ResourceType", json!(member.kind.name)),
            ("LastUpdatedTimestamp", json!(member.updated)),
            ("ResourceStatus", json!(member.status)),
            ("ResourceStatusReason", json!(member.reason)),
            ("DriftInformation", json!({"StackResourceDriftStatus": "NOT_CHECKED"})),
        ])
    });
    Ok(json!({"StackResourceSummaries": summaries.collect::<Vec<_>>()}))
}

/// A JSON template is answered as JSON, a YAML one as the text that was given.
pub(super) fn template(world: &mut World, call: &Call) -> Answer {
    let stack = stack_of(world, call)?;
    let set = call.text("ChangeSetName").map(|name| {
        let gone = || Refusal::new("ChangeSetNotFound", format!("ChangeSet [{name}] does not exist"));
        stack.change_sets.get(name).ok_or_else(gone)
    });
    let template = match set.transpose()? {
        Some(set) => &set.shape.template,
        None => &stack.shape.template,
    };
    let json = serde_json::from_str::<Value>(&template.body).ok();
    let body = json.unwrap_or_else(|| json!(template.body));
    Ok(json!({"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}))
}

fn declared_parameters(template: &Template, key: &str) -> Vec<Value> {
    let one = |(name, parameter): (&String, &super::stack_parameters::Parameter)| {
        let allowed = (!parameter.allowed.is_empty()).then(|| json!({"AllowedValues": parameter.allowed}));
        object(vec![
            ("ParameterKey", json!(name)),
            ("DefaultValue", json!(parameter.default)),
            ("ParameterType", if key == "summary" { json!(parameter.kind) } else { Value::Null }),
            ("NoEcho", json!(parameter.no_echo)),
            ("Description", json!(parameter.description)),
            ("ParameterConstraints", if key == "summary" { json!(allowed) } else { Value::Null }),
        ])
    };
    template.parameters.iter().map(one).collect()
}

fn asked(template: &Template) -> (Value, Value) {
    match template.capabilities() {
        None => (Value::Null, Value::Null),
        Some((wanted, resources)) => {
            let text = format!(
                "The following resource(s) require capabilities: [{}]",
                kinds(template, &resources).join(", ")
            );
            (json!([wanted]), json!(text))
        }
    }
}

fn kinds(template: &Template, resources: &[&str]) -> Vec<&'static str> {
    let named = resources.iter().filter_map(|name| template.resources.get(*name));
    named.map(|declared| declared.kind.name).collect::<BTreeSet<_>>().into_iter().collect()
}

pub(super) fn template_summary(world: &mut World, call: &Call) -> Answer {
    let given;
    let template = match call.text("TemplateBody") {
        Some(body) => {
            given = Template::parse(body)?;
            &given
        }
        None => stack_of(world, call)?.shape.template.as_ref(),
    };
    let types: BTreeSet<&str> = template.resources.values().map(|declared| declared.kind.name).collect();
    let (capabilities, reason) = asked(template);
    Ok(object(vec![
        ("Parameters", json!(declared_parameters(template, "summary"))),
        ("Description", json!(template.description)),
        ("Capabilities", capabilities),
        ("CapabilitiesReason", reason),
        ("ResourceTypes", json!(types)),
        (
            "Version",
            template.document.get("AWSTemplateFormatVersion").map_or(Value::Null, |v| json!(as_text(v))),
        ),
    ]))
}

pub(super) fn validate(_: &mut World, call: &Call) -> Answer {
    let body = call.text("TemplateBody");
    let body = body.ok_or_else(|| invalid("Either Template URL or Template Body must be specified."))?;
    let template = Template::parse(body)?;
    let (capabilities, reason) = asked(&template);
    Ok(object(vec![
        ("Parameters", json!(declared_parameters(&template, "validation"))),
        ("Description", json!(template.description)),
        ("Capabilities", capabilities),
        ("CapabilitiesReason", reason),
    ]))
}

pub(super) fn policy(world: &mut World, call: &Call) -> Answer {
    let stack = stack_of(world, call)?;
    Ok(match &stack.policy {
        Some(policy) => json!({"StackPolicyBody": policy.to_string()}),
        None => json!({}),
    })
}

pub(super) fn exports(world: &mut World, _: &Call) -> Answer {
    let mut exports = Vec::new();
    for stack in world.stacks.stacks.iter().filter(|stack| stack.deleted.is_none()) {
        for output in stack_plan::outputs(world, stack, &stack.shape, &BTreeSet::new()) {
            let name = output.get("ExportName").cloned();
            exports.extend(name.map(|name| {
                json!({"ExportingStackId": stack.id, "Name": name, "Value": output.get("OutputValue")})
            }));
        }
    }
    Ok(json!({"Exports": exports}))
}
