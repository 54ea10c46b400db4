//! Operations that are declared as reading change nothing, and a preview leaves no trace: on the worlds of the shipped
//! scenarios, with arguments that reach what stands there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test fails loudly"
)]

use std::path::PathBuf;
use std::sync::Arc;

use chesterton::scenario;
use serde_json::{Value, json};
use simulators::World;
use simulators::call::{Access, Call, CallId, Service};
use simulators::service::operations;

/// All but the clock: it does nothing but move on.
fn services() -> impl Iterator<Item = Service> {
    Service::ALL.into_iter().filter(|service| *service != Service::Clock)
}

/// Reading that waits lets time pass, and what was due then happens; here nothing is due, but the clock moves.
const WAITING: [&str; 4] = ["Wait", "WatchRun", "WaitForRun", "Sleep"];

fn world(name: &str) -> World {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    let scenario = scenario::load(&folder).unwrap_or_else(|e| panic!("{e}"));
    World::new(Arc::new(scenario.stage), 7).unwrap()
}

/// Arguments that name what stands in the scenario, under all the names that operations look for.
fn arguments() -> Value {
    json!({
        "StackName": "cost-explorer-prod", "ChangeSetName": "c", "LogicalResourceId": "ReportsDb", "Waiter": "stack-exists",
        "DBInstanceIdentifier": "cost-explorer-prod-reports", "DBSnapshotIdentifier": "s", "ResourceName": "cost-explorer-prod-reports",
        "instance": "cost-explorer-prod-reports", "database": "costs", "user": "reports", "sql": "select 1", "name": "cost_lines",
        "Bucket": "finops-billing-exports", "Key": "a", "Prefix": "", "prefix": "", "bucket": "finops-billing-exports",
        "RoleName": "CostExplorerAdmin", "PolicyName": "p", "PolicySourceArn": "arn:aws-cn:iam::111122223333:role/CostExplorerAdmin",
        "ActionNames": ["cloudformation:DeleteStack"], "logGroupName": "/aws/lambda/cost-explorer-prod-report",
        "Namespace": "AWS/RDS", "MetricName": "DatabaseConnections", "Period": 300, "StartTime": "2025-12-15T00:00:00Z",
        "EndTime": "2025-12-15T02:00:00Z", "Statistics": ["Maximum"], "DashboardName": "d",
        "FunctionName": "cost-explorer-prod-report", "path": "src/period.js", "paths": ["src/period.js"], "pattern": "month",
        "url": "https://cost-explorer-prod-api.execute-api.cn-north-1.amazonaws.com.cn/prod/health",
        "number": 128, "id": 20_163_891_447_u64, "run": 20_163_891_447_u64, "branch": "main", "channel": "general", "revision": "HEAD"
    })
}

fn calls() -> Vec<(Access, Call)> {
    let Value::Object(mut arguments) = arguments() else { unreachable!() };
    arguments.insert("dir".to_owned(), json!("infra"));
    arguments.insert("KeyId".to_owned(), json!("3f0c9a52-7d41-4e0b-9b6e-51a7c2d8e903"));
    let mut calls = Vec::new();
    for service in services() {
        for operation in operations(service) {
            if !WAITING.contains(&operation.name) {
                let mut call = Call::new(service, operation.name, "cost-explorer-prod", arguments.clone());
                call.id = CallId(1);
                calls.push((operation.access, call));
            }
        }
    }
    calls
}

#[test]
fn reading_changes_nothing() {
    let mut answered = 0;
    for name in ["cost-explorer", "cost-explorer-preview", "course-desk", "statements"] {
        let fresh = world(name);
        let before = fresh.digest();
        for (_, call) in calls().into_iter().filter(|(access, _)| *access == Access::Read) {
            let mut world = fresh.clone();
            answered += usize::from(world.apply(&call).is_ok());
            assert_eq!(world.digest(), before, "{:?} {} changed the world", call.service, call.operation);
            assert!(world.take_effects().is_empty(), "{:?} {} had effects", call.service, call.operation);
        }
    }
    assert!(answered > 80, "only {answered} reading calls were answered: the test reads too little");
}

#[test]
fn a_preview_leaves_no_trace_and_says_what_happens() {
    let mut changed = 0;
    for name in ["cost-explorer", "cost-explorer-preview", "course-desk", "statements"] {
        let fresh = world(name);
        let before = fresh.digest();
        for (_, call) in calls().into_iter().filter(|(access, _)| *access == Access::Write) {
            let mut world = fresh.clone();
            let preview = world.preview(&call);
            assert_eq!(
                world.digest(),
                before,
                "the preview of {:?} {} left a trace",
                call.service,
                call.operation
            );
            let answer = world.apply(&call);
            world.advance(world.now().plus(3 * 86_400));
            let done: Vec<_> = world.take_effects().into_iter().filter(|e| e.cause == call.id).collect();
            if answer.is_err() {
                assert!(
                    done.is_empty(),
                    "{:?} {} was refused and had effects: {done:?}",
                    call.service,
                    call.operation
                );
            }
            let short = |effects: &[simulators::effect::Effect]| -> Vec<String> {
                effects
                    .iter()
                    .map(|e| format!("{} {:?}", e.resource.name, std::mem::discriminant(&e.change)))
                    .collect()
            };
            assert_eq!(short(&preview.effects), short(&done), "{:?} {}", call.service, call.operation);
            changed += usize::from(!done.is_empty());
        }
    }
    assert!(changed > 20, "only {changed} calls changed anything: the test does too little");
}
