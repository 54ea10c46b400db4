//! Drift: where the real resources are no longer what their stack asked for.
//!
//! It is found by looking, at the moment of the question. The real service keeps the result of the last detection; here
//! a detection stays a pure read, so that looking never counts as changing something.

use serde_json::{Value, json};

use super::stack_resources;
use super::stack_template::invalid;
use super::stack_types::Keeper;
use super::stack_values::{as_text, same};
use super::stacks::{self, Member, Stack};
use crate::World;
use crate::call::{Answer, Call, Service};

/// What is compared: a property, where its service shows it, and how to ask for it.
struct Look {
    keeper: Keeper,
    operation: &'static str,
    service: Service,
    /// The argument that names the resource.
    by: &'static str,
    /// Property of the template, and where the answer has it.
    properties: &'static [(&'static str, &'static str)],
}

const LOOKS: &[Look] = &[
    Look {
        keeper: Keeper::Database,
        service: Service::Databases,
        operation: "DescribeDBInstances",
        by: "DBInstanceIdentifier",
        properties: &[
            ("AllocatedStorage", "/DBInstances/0/AllocatedStorage"),
            ("BackupRetentionPeriod", "/DBInstances/0/BackupRetentionPeriod"),
            ("DBInstanceClass", "/DBInstances/0/DBInstanceClass"),
            ("DBName", "/DBInstances/0/DBName"),
            ("DeletionProtection", "/DBInstances/0/DeletionProtection"),
            ("MasterUsername", "/DBInstances/0/MasterUsername"),
        ],
    },
    Look {
        keeper: Keeper::Function,
        service: Service::Functions,
        operation: "GetFunctionConfiguration",
        by: "FunctionName",
        // Its code is never compared: the service gives no way to read it back.
        properties: &[("Environment", "/Environment")],
    },
];

/// What was found about one member.
struct Finding {
    status: &'static str,
    actual: Value,
    differences: Vec<Value>,
}

fn look(world: &mut World, member: &Member) -> Finding {
    let expected = member.properties.as_ref().clone();
    if stack_resources::standing(world, member).is_none() {
        return Finding { status: "DELETED", actual: Value::Null, differences: Vec::new() };
    }
    let Some(look) = LOOKS.iter().find(|look| look.keeper == member.kind.keeper) else {
        let status = if member.kind.keeper == Keeper::Stacks { "NOT_CHECKED" } else { "IN_SYNC" };
        return Finding { status, actual: expected, differences: Vec::new() };
    };
    let asked = json!({ look.by: member.physical });
    let answer = stack_resources::ask(world, look.service, look.operation, &member.physical, asked);
    let answer = answer.unwrap_or(Value::Null);
    let mut actual = expected.clone();
    let mut differences = Vec::new();
    for (property, at) in look.properties {
        let (Some(wanted), Some(is)) = (expected.get(*property), answer.pointer(at)) else { continue };
        if same(wanted, is) {
            continue;
        }
        differences.push(json!({
            "PropertyPath": format!("/{property}"),
            "ExpectedValue": as_text(wanted),
            "ActualValue": as_text(is),
            "DifferenceType": "NOT_EQUAL",
        }));
        if let Some(map) = actual.as_object_mut() {
            map.insert((*property).to_owned(), is.clone());
        }
    }
    let status = if differences.is_empty() { "IN_SYNC" } else { "MODIFIED" };
    Finding { status, actual, differences }
}

fn findings(world: &mut World, stack: &Stack) -> Vec<(Member, Finding)> {
    let held = stack.members.values().filter(|member| member.is_held());
    held.map(|member| (member.clone(), look(world, member))).collect()
}

/// The first groups of a detection's id tell the stack, the last the time.
fn stack_part(world: &World, stack: &Stack) -> String {
    let whole = stacks::uuid(world.seed, &format!("stacks/drift {}", stack.id));
    whole.rsplit_once('-').map_or(whole.clone(), |(head, _)| head.to_owned())
}

pub(super) fn detect(world: &mut World, call: &Call) -> Answer {
    let key = stacks::named(world, call)?;
    let Some(stack) = stacks::get(world, key) else { return Ok(Value::Null) };
    if stack.is_busy() || stack.deleted.is_some() {
        let text =
            format!("Drift detection cannot be performed on stack [{}] in {} state", stack.id, stack.status);
        return Err(invalid(text));
    }
    Ok(json!({"StackDriftDetectionId": format!("{}-{:012x}", stack_part(world, stack), world.now().unix())}))
}

pub(super) fn detection(world: &mut World, call: &Call) -> Answer {
    let id = call.text("StackDriftDetectionId").unwrap_or(&call.target);
    let mut all = world.stacks.stacks.iter();
    let stack = all.find(|stack| id.starts_with(&stack_part(world, stack))).cloned();
    let stack = stack.ok_or_else(|| invalid(format!("StackDriftDetectionId {id} does not exist")))?;
    let at = id.rsplit('-').next().and_then(|hex| i64::from_str_radix(hex, 16).ok());
    let drifted =
        findings(world, &stack).iter().filter(|(_, f)| matches!(f.status, "DELETED" | "MODIFIED")).count();
    Ok(json!({
        "StackId": stack.id,
        "StackDriftDetectionId": id,
        "StackDriftStatus": if drifted > 0 { "DRIFTED" } else { "IN_SYNC" },
        "DetectionStatus": "DETECTION_COMPLETE",
        "DriftedStackResourceCount": drifted,
        "Timestamp": at.map(crate::clock::Time::from_unix),
    }))
}

pub(super) fn drifts(world: &mut World, call: &Call) -> Answer {
    let key = stacks::named(world, call)?;
    let Some(stack) = stacks::get(world, key).cloned() else { return Ok(Value::Null) };
    let wanted = call.texts("StackResourceDriftStatusFilters");
    let now = world.now();
    let mut drifts = Vec::new();
    for (member, finding) in findings(world, &stack) {
        if !wanted.is_empty() && !wanted.contains(&finding.status) {
            continue;
        }
        let mut drift = json!({
            "StackId": stack.id,
            "LogicalResourceId": member.logical,
            "PhysicalResourceId": member.physical,
            "ResourceType": member.kind.name,
            "ExpectedProperties": member.properties.to_string(),
        });
        if let Some(map) = drift.as_object_mut() {
            if finding.status != "DELETED" {
                map.insert("ActualProperties".to_owned(), json!(finding.actual.to_string()));
            }
            map.insert("PropertyDifferences".to_owned(), json!(finding.differences));
            map.insert("StackResourceDriftStatus".to_owned(), json!(finding.status));
            map.insert("Timestamp".to_owned(), json!(now));
        }
        drifts.push(drift);
    }
    Ok(json!({"StackResourceDrifts": drifts}))
}
