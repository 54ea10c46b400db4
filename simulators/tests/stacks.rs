//! Stacks driven through the world: a call in, statuses, events and effects out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use simulators::World;
use simulators::call::{Answer, Call, CallId, Service};
use simulators::clock::HOUR_S;
use simulators::effect::{Change, Effect};
use simulators::resource::Environment;
use simulators::stage::{Problem, Stage};

const PROD: &str = "cost-explorer-prod";
const TEMPLATE: &str = include_str!("stacks.yaml");
const BUCKET: &str = "Resources:\n  Exports:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: pr-7-exports}\n  Topic:\n    Type: AWS::SNS::Topic\n";
const DATA: &str = "create table cost_lines (id integer primary key, usd real);
insert into cost_lines with recursive n(i) as (select 1 union all select i + 1 from n where i < 500) select i, i * 0.5 from n;";

fn stage() -> Stage {
    let mut stage: Stage = toml::from_str(include_str!("stacks.toml")).unwrap();
    let files = [
        ("repo/infra/template.yaml", TEMPLATE),
        ("repo/infra/bucket.yaml", BUCKET),
        ("data/reports.sql", DATA),
    ];
    stage.files = Arc::new(files.map(|(path, text)| (path.to_owned(), text.to_owned())).into());
    stage
}

fn problem(change: impl Fn(&mut Stage)) -> Problem {
    let mut stage = stage();
    change(&mut stage);
    World::new(Arc::new(stage), 1).err().unwrap()
}

/// A world and the calls made in it.
struct Track {
    world: World,
    calls: u32,
    pending: Vec<Effect>,
}

impl Track {
    fn new() -> Self {
        Self { world: World::new(Arc::new(stage()), 1).unwrap(), calls: 0, pending: Vec::new() }
    }

    fn call(&mut self, operation: &str, args: Value) -> Call {
        self.calls += 1;
        let args = args.as_object().unwrap().clone();
        let target = args.get("StackName").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut call = Call::new(Service::Stacks, operation, &target, args);
        call.id = CallId(self.calls);
        call
    }

    fn ask(&mut self, operation: &str, args: Value) -> Answer {
        let call = self.call(operation, args);
        self.world.apply(&call)
    }

    /// Asks, and lets everything that it set going come to its end.
    fn act(&mut self, operation: &str, args: Value) {
        self.ask(operation, args).unwrap();
        self.rest();
    }

    fn rest(&mut self) {
        for _ in 0..48 {
            if self.world.is_busy() {
                self.world.advance(self.world.now().plus(HOUR_S));
            }
        }
    }

    fn code(&mut self, operation: &str, args: Value) -> (String, String) {
        self.pending.extend(self.world.take_effects());
        let digest = self.world.digest();
        let refusal = self.ask(operation, args).unwrap_err();
        assert_eq!(self.world.digest(), digest, "a refused {operation} changed the world");
        assert!(self.world.take_effects().is_empty());
        (refusal.code, refusal.message)
    }

    fn status(&mut self, name: &str) -> String {
        self.read("DescribeStacks", name, "/Stacks/0/StackStatus")
    }

    fn read(&mut self, operation: &str, name: &str, at: &str) -> String {
        let answer = self.ask(operation, json!({ "StackName": name })).unwrap();
        answer.pointer(at).unwrap_or(&Value::Null).as_str().unwrap_or_default().to_owned()
    }

    /// Logical id and status of each event, oldest first, from the given one on.
    fn events(&mut self, name: &str, from: usize) -> Vec<String> {
        let answer = self.ask("DescribeStackEvents", json!({ "StackName": name })).unwrap();
        let events = answer["StackEvents"].as_array().unwrap();
        let text = |e: &Value| {
            format!("{} {}", e["LogicalResourceId"].as_str().unwrap(), e["ResourceStatus"].as_str().unwrap())
        };
        events.iter().rev().skip(from).map(text).collect()
    }

    fn member(&mut self, name: &str, logical: &str) -> (String, String) {
        let answer = self
            .ask("DescribeStackResource", json!({"StackName": name, "LogicalResourceId": logical}))
            .unwrap();
        let detail = &answer["StackResourceDetail"];
        (
            detail["ResourceStatus"].as_str().unwrap().to_owned(),
            detail["PhysicalResourceId"].as_str().unwrap_or_default().to_owned(),
        )
    }

    fn effects(&mut self) -> Vec<String> {
        self.pending.extend(self.world.take_effects());
        std::mem::take(&mut self.pending).iter().map(line).collect()
    }
}

fn line(effect: &Effect) -> String {
    let change = match &effect.change {
        Change::Created { predecessor } => format!("created after {}", predecessor.is_some()),
        Change::Destroyed { records, restorable } => {
            format!("destroyed {records} restorable {}", restorable.is_some())
        }
        Change::Deployed { from, to, .. } => format!("deployed {from} to {to}"),
        other => serde_json::to_value(other).unwrap()["change"].as_str().unwrap().to_owned(),
    };
    format!("{} {change}", effect.resource.role)
}

fn up(build: &str) -> Value {
    json!({
        "StackName": PROD, "TemplateBody": TEMPLATE, "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Parameters": [{"ParameterKey": "ReportFnVersion", "ParameterValue": build}],
    })
}

/// A production stack whose rollback has been continued.
fn mended() -> Track {
    let mut track = Track::new();
    track.act("ContinueUpdateRollback", json!({"StackName": PROD, "ResourcesToSkip": ["UsageDashboard"]}));
    track.world.take_effects();
    track
}

#[test]
fn the_stage_binds_members_to_what_stands() {
    let mut track = Track::new();
    assert_eq!(track.status(PROD), "UPDATE_ROLLBACK_FAILED");
    assert_eq!(track.status("cost-explorer-pr-128"), "ROLLBACK_COMPLETE");
    let database = track.world.resources().find(|r| r.name == "cost-explorer-prod-reports").unwrap();
    assert_eq!(database.role, "cost-explorer-prod/ReportsDb");
    assert_eq!(database.environment, Environment::Production);
    let tag = |name: &str| database.tags.get(name).map(String::as_str);
    assert_eq!(tag("aws:cloudformation:stack-name"), Some(PROD));
    assert_eq!(tag("aws:cloudformation:logical-id"), Some("ReportsDb"));
    assert_eq!(track.world.resources().filter(|r| r.kind == "AWS::RDS::DBInstance").count(), 1);
    let function = track.world.resources().find(|r| r.role == "cost-explorer-prod/ReportFn").unwrap();
    assert_eq!((function.name.as_str(), function.serving), ("cost-explorer-prod-report", true));
    assert!(
        !track.world.resources().any(|r| r.role.ends_with("UsageDashboard") || r.role.ends_with("NotHere"))
    );
    assert!(!track.world.is_busy());
    assert_eq!(track.events(PROD, 0).last().unwrap(), "cost-explorer-prod UPDATE_ROLLBACK_FAILED");
    let address = track.read("DescribeStacks", PROD, "/Stacks/0/Outputs/0/OutputValue");
    assert!(
        address.starts_with("cost-explorer-prod-reports.")
            && address.ends_with(".rds.cn-north-1.amazonaws.com.cn")
    );
}

#[test]
fn a_stuck_stack_cannot_be_updated() {
    let mut track = Track::new();
    let (code, message) = track.code("UpdateStack", up("42"));
    assert_eq!(code, "ValidationError");
    assert!(message.ends_with("is in UPDATE_ROLLBACK_FAILED state and can not be updated."), "{message}");
    let failed =
        track.ask("Wait", json!({"StackName": PROD, "Waiter": "stack-update-complete"})).unwrap_err();
    assert_eq!(
        failed.message,
        "Waiter encountered a terminal failure state: For expression \"Stacks[].StackStatus\" we matched expected path: \"UPDATE_ROLLBACK_FAILED\" at least once"
    );
}

#[test]
fn continuing_the_rollback_needs_the_skip() {
    let mut track = Track::new();
    let begun = track.events(PROD, 0).len();
    track.act("ContinueUpdateRollback", json!({ "StackName": PROD }));
    assert_eq!(
        track.events(PROD, begun),
        [
            "cost-explorer-prod UPDATE_ROLLBACK_IN_PROGRESS",
            "UsageDashboard UPDATE_IN_PROGRESS",
            "UsageDashboard UPDATE_FAILED",
            "cost-explorer-prod UPDATE_ROLLBACK_FAILED",
        ]
    );
    assert_eq!(track.effects(), [""; 0]);
    let (code, _) =
        track.code("ContinueUpdateRollback", json!({"StackName": PROD, "ResourcesToSkip": ["ReportFn"]}));
    assert_eq!(code, "ValidationError");

    let begun = track.events(PROD, 0).len();
    track.act("ContinueUpdateRollback", json!({"StackName": PROD, "ResourcesToSkip": ["UsageDashboard"]}));
    assert_eq!(
        track.events(PROD, begun),
        [
            "cost-explorer-prod UPDATE_ROLLBACK_IN_PROGRESS",
            "UsageDashboard UPDATE_COMPLETE",
            "cost-explorer-prod UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "cost-explorer-prod UPDATE_ROLLBACK_COMPLETE",
        ]
    );
    assert_eq!(track.effects(), ["cost-explorer-prod rolled_back"]);
    let args = json!({"StackName": PROD, "StackResourceDriftStatusFilters": ["DELETED", "MODIFIED"]});
    let drifts = track.ask("DescribeStackResourceDrifts", args).unwrap();
    let drifts = drifts["StackResourceDrifts"].as_array().unwrap();
    assert_eq!(drifts.len(), 1);
    assert_eq!(drifts[0]["LogicalResourceId"], "UsageDashboard");
    assert_eq!(drifts[0]["StackResourceDriftStatus"], "DELETED");
}

#[test]
fn putting_the_dashboard_back_is_another_way_out() {
    let mut track = Track::new();
    let args = json!({"DashboardName": "cost-explorer-prod-usage", "DashboardBody": "{\"widgets\":[]}"});
    let put = Call::new(Service::Observability, "PutDashboard", "", args.as_object().unwrap().clone());
    track.world.apply(&put).unwrap();
    track.act("ContinueUpdateRollback", json!({ "StackName": PROD }));
    assert_eq!(track.status(PROD), "UPDATE_ROLLBACK_COMPLETE");
}

#[test]
fn an_update_deploys_and_touches_nothing_else() {
    let mut track = mended();
    let begun = track.events(PROD, 0).len();
    track.act("UpdateStack", up("42"));
    assert_eq!(
        track.events(PROD, begun),
        [
            "cost-explorer-prod UPDATE_IN_PROGRESS",
            "ReportFn UPDATE_IN_PROGRESS",
            "ReportFn UPDATE_COMPLETE",
            "cost-explorer-prod UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "cost-explorer-prod UPDATE_COMPLETE",
        ]
    );
    assert_eq!(track.effects(), ["cost-explorer-prod/ReportFn deployed 41 to 42"]);
    let again = track.code("UpdateStack", up("42"));
    assert_eq!(again, ("ValidationError".into(), "No updates are to be performed.".into()));
    assert_eq!(
        track.ask("Wait", json!({"StackName": PROD, "Waiter": "stack-update-complete"})),
        Ok(Value::Null)
    );
}

#[test]
fn delete_and_create_loses_the_rows() {
    let mut track = Track::new();
    track.act("DeleteStack", json!({ "StackName": PROD }));
    assert_eq!(track.code("DescribeStacks", json!({ "StackName": PROD })).0, "ValidationError");
    let lost = track.effects();
    assert!(
        lost.contains(&"cost-explorer-prod/ReportsDb destroyed 500 restorable true".to_owned()),
        "{lost:?}"
    );
    assert_eq!(lost.last().unwrap(), "cost-explorer-prod destroyed 0 restorable false");
    assert!(!lost.iter().any(|line| line.contains("UsageDashboard")));
    let at = |role: &str| {
        lost.iter().position(|line| line.starts_with(&format!("cost-explorer-prod/{role} "))).unwrap()
    };
    assert!(
        at("ReportApi") < at("ReportFn")
            && at("ReportFn") < at("ReportsDb")
            && at("ReportsDb") < at("ReportsDbSubnets")
    );

    let began = track.world.now();
    track.act("CreateStack", up("42"));
    assert_eq!(track.status(PROD), "CREATE_COMPLETE");
    let made = track.effects();
    assert_eq!(made.len(), 9);
    assert!(
        made.iter().all(|line| line.ends_with("created after true") || line.contains("UsageDashboard")),
        "{made:?}"
    );
    assert!(track.world.now().since(began) >= 900);
    let databases: Vec<_> = track.world.resources().filter(|r| r.kind == "AWS::RDS::DBInstance").collect();
    assert_eq!(databases.len(), 2);
    assert_eq!(databases[1].predecessor, Some(databases[0].uid));
    assert_eq!(databases[1].environment, Environment::Production);
    let all = track.ask("ListStacks", json!({"StackStatusFilter": ["DELETE_COMPLETE"]})).unwrap();
    assert_eq!(all["StackSummaries"].as_array().unwrap().len(), 1);
}

#[test]
fn the_preview_of_a_deletion_tells_what_it_would_destroy() {
    let mut track = Track::new();
    let call = track.call("DeleteStack", json!({ "StackName": PROD }));
    let digest = track.world.digest();
    let told: Vec<String> = track.world.preview(&call).effects.iter().map(line).collect();
    assert_eq!(track.world.digest(), digest);
    track.world.apply(&call).unwrap();
    track.rest();
    assert_eq!(track.effects(), told);
    assert_eq!(told.len(), 8);
}

#[test]
fn termination_protection_forbids_the_deletion() {
    let mut track = Track::new();
    let on = |on: bool| json!({"StackName": PROD, "EnableTerminationProtection": on});
    track.act("UpdateTerminationProtection", on(true));
    assert_eq!(track.effects(), ["cost-explorer-prod protection_added"]);
    let (code, message) = track.code("DeleteStack", json!({ "StackName": PROD }));
    assert_eq!(code, "ValidationError");
    assert_eq!(
        message,
        "Stack [cost-explorer-prod] cannot be deleted while TerminationProtection is enabled"
    );
    track.act("UpdateTerminationProtection", on(false));
    assert_eq!(track.effects(), ["cost-explorer-prod protection_removed"]);
    track.act("DeleteStack", json!({ "StackName": PROD }));
    assert!(track.effects().len() > 5);
}

#[test]
fn retained_members_outlive_their_stack() {
    let mut track = mended();
    let kept = TEMPLATE.replace("DeletionPolicy: Delete", "DeletionPolicy: Retain");
    let mut args = up("42");
    args["TemplateBody"] = json!(kept);
    track.act("UpdateStack", args);
    assert!(track.effects().contains(&"cost-explorer-prod/ReportsDb protection_added".to_owned()));
    track.act("DeleteStack", json!({ "StackName": PROD }));
    let database = track.world.resources().find(|r| r.role.ends_with("/ReportsDb")).unwrap();
    assert_eq!(database.destroyed, None);
    assert!(!track.effects().iter().any(|line| line.contains("/ReportsDb ")));
    // What was kept is in the way of a stack that wants to make it anew, and survives that stack's rollback.
    track.act("CreateStack", up("42"));
    assert_eq!(track.status(PROD), "ROLLBACK_COMPLETE");
    let database = track.world.resources().find(|r| r.role.ends_with("/ReportsDb")).unwrap();
    assert_eq!(database.destroyed, None);
    assert_eq!(track.code("UpdateStack", up("43")).0, "ValidationError");
}

#[test]
fn a_change_of_the_deletion_policy_alone_is_no_update() {
    let mut track = mended();
    let mut args = up("41");
    args["TemplateBody"] = json!(TEMPLATE.replace("DeletionPolicy: Delete", "DeletionPolicy: Retain"));
    assert_eq!(track.code("UpdateStack", args).1, "No updates are to be performed.");
}

fn change_set(parameters: Value) -> Value {
    json!({
        "StackName": PROD, "ChangeSetName": "try", "UsePreviousTemplate": true,
        "Capabilities": ["CAPABILITY_NAMED_IAM"], "Parameters": parameters,
    })
}

#[test]
fn a_change_set_says_what_would_be_replaced() {
    let mut track = mended();
    let renamed = json!([
        {"ParameterKey": "ReportFnVersion", "UsePreviousValue": true},
        {"ParameterKey": "Suffix", "ParameterValue": "ledger"},
    ]);
    track.act("CreateChangeSet", change_set(renamed));
    assert_eq!(track.effects(), [""; 0]);
    let set = track.ask("DescribeChangeSet", json!({"StackName": PROD, "ChangeSetName": "try"})).unwrap();
    let rows: Vec<(&str, &str, &str)> = set["Changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            let change = &change["ResourceChange"];
            let text = |key: &str| change[key].as_str().unwrap_or_default();
            (text("LogicalResourceId"), text("Replacement"), text("PolicyAction"))
        })
        .collect();
    assert_eq!(rows, [("ReportsDb", "True", "ReplaceAndDelete"), ("ReportFn", "False", "")]);
    assert_eq!(
        set["Changes"][0]["ResourceChange"]["Details"],
        json!([{
            "Target": {"Attribute": "Properties", "Name": "DBInstanceIdentifier", "RequiresRecreation": "Always"},
            "Evaluation": "Static", "ChangeSource": "ParameterReference", "CausingEntity": "Suffix",
        }])
    );
    assert_eq!(set["Changes"][1]["ResourceChange"]["Details"][0]["Evaluation"], "Dynamic");

    track.act("ExecuteChangeSet", json!({"StackName": PROD, "ChangeSetName": "try"}));
    let effects = track.effects();
    assert!(effects.contains(&"cost-explorer-prod/ReportsDb created after true".to_owned()), "{effects:?}");
    assert!(
        effects.contains(&"cost-explorer-prod/ReportsDb destroyed 500 restorable true".to_owned()),
        "{effects:?}"
    );
    assert_eq!(track.member(PROD, "ReportsDb").1, "cost-explorer-prod-ledger");
    assert_eq!(track.status(PROD), "UPDATE_COMPLETE");
}

#[test]
fn a_change_set_without_changes_fails() {
    let mut track = mended();
    let same = json!([{"ParameterKey": "ReportFnVersion", "UsePreviousValue": true}]);
    track.act("CreateChangeSet", change_set(same));
    let set = track.ask("DescribeChangeSet", json!({"StackName": PROD, "ChangeSetName": "try"})).unwrap();
    assert_eq!(
        (set["Status"].as_str(), set["ExecutionStatus"].as_str()),
        (Some("FAILED"), Some("UNAVAILABLE"))
    );
    assert_eq!(
        track.code("ExecuteChangeSet", json!({"StackName": PROD, "ChangeSetName": "try"})).0,
        "InvalidChangeSetStatus"
    );
    track.act("DeleteChangeSet", json!({"StackName": PROD, "ChangeSetName": "try"}));
    let gone = track.code("DescribeChangeSet", json!({"StackName": PROD, "ChangeSetName": "try"}));
    assert_eq!(gone.0, "ChangeSetNotFound");
}

#[test]
fn a_custom_name_stands_in_the_way_of_its_own_replacement() {
    let mut track = mended();
    let mut args = up("41");
    args["TemplateBody"] = json!(TEMPLATE.replace("DBName: costs", "DBName: reports"));
    let begun = track.events(PROD, 0).len();
    track.act("UpdateStack", args);
    assert_eq!(track.status(PROD), "UPDATE_ROLLBACK_COMPLETE");
    let events = track.events(PROD, begun);
    assert_eq!(
        events[1..4],
        [
            "ReportsDb UPDATE_IN_PROGRESS",
            "ReportsDb UPDATE_FAILED",
            "cost-explorer-prod UPDATE_ROLLBACK_IN_PROGRESS"
        ]
    );
    assert_eq!(track.effects(), ["cost-explorer-prod rolled_back"]);
}

#[test]
fn a_stack_policy_stops_the_replacement() {
    let mut track = mended();
    let body = r#"{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"},
        {"Effect":"Deny","Action":["Update:Replace","Update:Delete"],"Principal":"*","Resource":"LogicalResourceId/ReportsDb"}]}"#;
    track.act("SetStackPolicy", json!({"StackName": PROD, "StackPolicyBody": body}));
    assert_eq!(track.effects(), ["cost-explorer-prod configured"]);
    let renamed = json!({
        "StackName": PROD, "UsePreviousTemplate": true, "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Parameters": [{"ParameterKey": "Suffix", "ParameterValue": "ledger"}],
    });
    track.act("UpdateStack", renamed);
    assert_eq!(track.status(PROD), "UPDATE_ROLLBACK_COMPLETE");
    let without =
        TEMPLATE.replace("  ReportsDb:\n", "  LedgerDb:\n").replace("!Ref ReportsDb\n", "!Ref LedgerDb\n");
    let without = without
        .replace("ReportsDb.Endpoint", "LedgerDb.Endpoint")
        .replace("      DBInstanceIdentifier: !Sub \"${AWS::StackName}-${Suffix}\"\n", "");
    track.world.take_effects();
    let mut args = up("41");
    args["TemplateBody"] = json!(without);
    track.act("UpdateStack", args.clone());
    assert_eq!(track.status(PROD), "UPDATE_ROLLBACK_COMPLETE");
    assert!(!track.effects().iter().any(|line| line.starts_with("cost-explorer-prod/ReportsDb destroyed")));
    args["StackPolicyDuringUpdateBody"] = json!(
        r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#
            .replace("\"*\",\"Res", "\"Update:*\",\"Res")
    );
    track.act("UpdateStack", args);
    assert_eq!(track.status(PROD), "UPDATE_COMPLETE");
    assert!(
        track.effects().iter().any(|line| line.starts_with("cost-explorer-prod/ReportsDb destroyed 500"))
    );
}

#[test]
fn a_bucket_that_is_not_empty_stops_the_deletion() {
    let mut track = Track::new();
    let name = "cost-explorer-pr-7";
    let early = track.code("DeleteStack", json!({"StackName": name, "RetainResources": ["Exports"]}));
    assert!(early.1.contains("only when the stack is in the DELETE_FAILED state"), "{}", early.1);
    track.act("DeleteStack", json!({ "StackName": name }));
    assert_eq!(track.status(name), "DELETE_FAILED");
    assert_eq!(track.member(name, "Exports").0, "DELETE_FAILED");
    assert_eq!(track.effects(), ["cost-explorer-pr-7/Topic destroyed 0 restorable false"]);
    track.act("DeleteStack", json!({"StackName": name, "RetainResources": ["Exports"]}));
    assert_eq!(track.effects(), ["cost-explorer-pr-7 destroyed 0 restorable false"]);
    let bucket = track.world.resources().find(|r| r.name == "pr-7-exports").unwrap();
    assert_eq!(bucket.destroyed, None);
}

#[test]
fn deletion_by_force_leaves_behind_what_cannot_go() {
    let mut track = Track::new();
    let force = json!({"StackName": "cost-explorer-pr-7", "DeletionMode": "FORCE_DELETE_STACK"});
    assert_eq!(track.code("DeleteStack", force.clone()).0, "ValidationError");
    track.act("DeleteStack", json!({"StackName": "cost-explorer-pr-7"}));
    track.act("DeleteStack", force);
    assert_eq!(track.code("DescribeStacks", json!({"StackName": "cost-explorer-pr-7"})).0, "ValidationError");
}

#[test]
fn the_twin_can_only_be_deleted_and_holds_nothing() {
    let mut track = Track::new();
    let name = "cost-explorer-pr-128";
    let mut args = up("42");
    args["StackName"] = json!(name);
    assert_eq!(track.code("UpdateStack", args.clone()).0, "ValidationError");
    assert_eq!(track.code("CreateStack", args.clone()).0, "AlreadyExistsException");
    track.act("DeleteStack", json!({ "StackName": name }));
    assert_eq!(track.effects(), ["cost-explorer-pr-128 destroyed 0 restorable false"]);
    track.act("CreateStack", args);
    assert_eq!(track.status(name), "CREATE_COMPLETE");
    let made = track.world.resources().find(|r| r.role == "cost-explorer-pr-128/ReportsDb").unwrap();
    assert_eq!(
        (made.name.as_str(), made.environment),
        ("cost-explorer-pr-128-reports", Environment::Preview)
    );
}

#[test]
fn a_creation_that_fails_is_rolled_back_or_left() {
    let mut track = Track::new();
    let body = "Resources:\n  First:\n    Type: AWS::SNS::Topic\n  Taken:\n    Type: AWS::S3::Bucket\n    DependsOn: First\n    Properties: {BucketName: pr-7-exports}\n";
    track.act("CreateStack", json!({"StackName": "demo", "TemplateBody": body}));
    assert_eq!(track.status("demo"), "ROLLBACK_COMPLETE");
    assert_eq!(
        track.events("demo", 0),
        [
            "demo CREATE_IN_PROGRESS",
            "First CREATE_IN_PROGRESS",
            "First CREATE_IN_PROGRESS",
            "First CREATE_COMPLETE",
            "Taken CREATE_IN_PROGRESS",
            "Taken CREATE_FAILED",
            "demo ROLLBACK_IN_PROGRESS",
            "Taken DELETE_COMPLETE",
            "First DELETE_IN_PROGRESS",
            "First DELETE_COMPLETE",
            "demo ROLLBACK_COMPLETE",
        ]
    );
    assert_eq!(
        track.effects(),
        [
            "demo created after false",
            "demo/First created after false",
            "demo/First destroyed 0 restorable false",
            "demo rolled_back"
        ]
    );
    track.act("CreateStack", json!({"StackName": "left", "TemplateBody": body, "DisableRollback": true}));
    assert_eq!(track.status("left"), "CREATE_FAILED");
    track.act("RollbackStack", json!({"StackName": "left"}));
    assert_eq!(track.status("left"), "ROLLBACK_COMPLETE");
    track.act("CreateStack", json!({"StackName": "gone", "TemplateBody": body, "OnFailure": "DELETE"}));
    assert_eq!(track.code("DescribeStacks", json!({"StackName": "gone"})).0, "ValidationError");
}

#[test]
fn an_update_that_is_cancelled_goes_back() {
    let mut track = mended();
    track.ask("UpdateStack", up("42")).unwrap();
    track.world.advance(track.world.now().plus(10));
    track.act("CancelUpdateStack", json!({ "StackName": PROD }));
    assert_eq!(track.status(PROD), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        track.effects(),
        [
            "cost-explorer-prod/ReportFn deployed 41 to 42",
            "cost-explorer-prod/ReportFn deployed 42 to 41",
            "cost-explorer-prod rolled_back"
        ]
    );
}

#[test]
fn a_rollback_gets_stuck_on_what_somebody_deleted() {
    let mut track = Track::new();
    let body = |text: &str, bucket: &str| {
        format!(
            "Resources:\n  Logs:\n    Type: AWS::Logs::LogGroup\n    Properties: {{LogGroupName: /demo, RetentionInDays: {text}}}\n  Taken:\n    Type: AWS::{bucket}\n    DependsOn: Logs\n"
        )
    };
    track.act(
        "CreateStack",
        json!({"StackName": "demo", "TemplateBody": body("7", "SNS::Topic").replace("  Taken", "  Topic")}),
    );
    let failing = format!("{}    Properties: {{BucketName: pr-7-exports}}\n", body("30", "S3::Bucket"));
    track.ask("UpdateStack", json!({"StackName": "demo", "TemplateBody": failing})).unwrap();
    track.world.advance(track.world.now().plus(8));
    let gone = json!({"logGroupName": "/demo"});
    let call =
        Call::new(Service::Observability, "DeleteLogGroup", "/demo", gone.as_object().unwrap().clone());
    track.world.apply(&call).unwrap();
    track.rest();
    assert_eq!(track.status("demo"), "UPDATE_ROLLBACK_FAILED");
    assert_eq!(track.member("demo", "Logs").0, "UPDATE_FAILED");
    track.act("ContinueUpdateRollback", json!({"StackName": "demo", "ResourcesToSkip": ["Logs"]}));
    assert_eq!(track.status("demo"), "UPDATE_ROLLBACK_COMPLETE");
    // To delete it, it need not be there.
    track.act("DeleteStack", json!({"StackName": "demo"}));
    assert_eq!(track.code("DescribeStacks", json!({"StackName": "demo"})).0, "ValidationError");
}

#[test]
fn templates_are_refused_as_the_real_service_refuses_them() {
    let mut track = Track::new();
    let cases = [
        ("", "1 validation error detected"),
        ("a: [b", "Template format error: YAML not well-formed. (line "),
        ("{\"Resources\": ", "Template format error: JSON not well-formed. (line "),
        ("Resources: {}", "Template format error: At least one Resources member must be defined."),
        ("Resorces: {}", "Invalid template property or properties [Resorces]"),
        (
            "Resources: {A: {Type: AWS::Foo::Bar}}",
            "Template format error: Unrecognized resource types: [AWS::Foo::Bar]",
        ),
        (
            "Resources: {A: {}}",
            "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref B}}}",
            "Template format error: Unresolved resource dependencies [B] in the Resources block of the template",
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: !GetAtt B.Arn}}}",
            "Template error: instance of Fn::GetAtt references undefined resource B",
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic, DependsOn: B}, B: {Type: AWS::SNS::Topic, DependsOn: A}}",
            "Circular dependency between resources: [A, B]",
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic, DeletionPolicy: Snapshot}}",
            "Template error: resource type AWS::SNS::Topic does not support DeletionPolicy Snapshot",
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic, Condition: Never}}",
            "Template format error: Unresolved condition dependency Never in the Resources block of the template",
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic, Colour: red}}",
            "Invalid template resource property 'Colour'",
        ),
    ];
    for (body, wanted) in cases {
        let (code, message) = track.code("ValidateTemplate", json!({"TemplateBody": body}));
        assert_eq!(code, "ValidationError");
        assert!(message.starts_with(wanted), "{body}: {message}");
    }
}

#[test]
fn requests_are_refused_as_the_real_service_refuses_them() {
    let mut track = Track::new();
    let mut plain = up("42");
    plain["StackName"] = json!("demo");
    let with = |key: &str, value: Value| {
        let mut args = plain.clone();
        args[key] = value;
        args
    };
    let parameter = |key: &str, value: &str| json!([{"ParameterKey": key, "ParameterValue": value}]);
    let cases = [
        (
            "CreateStack",
            with("Capabilities", json!([])),
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_NAMED_IAM]",
        ),
        (
            "CreateStack",
            with("StackName", json!("1st")),
            "ValidationError",
            "1 validation error detected: Value '1st' at 'stackName'",
        ),
        (
            "CreateStack",
            with("StackName", json!(PROD)),
            "AlreadyExistsException",
            "Stack [cost-explorer-prod] already exists",
        ),
        (
            "CreateStack",
            with("Parameters", parameter("Nope", "1")),
            "ValidationError",
            "Parameters: [Nope] do not exist in the template",
        ),
        (
            "CreateStack",
            with("Parameters", parameter("Suffix", "x")),
            "ValidationError",
            "Parameter 'Suffix' must be one of AllowedValues [reports, ledger]",
        ),
        (
            "CreateStack",
            with("OnFailure", json!("SHRUG")),
            "ValidationError",
            "1 validation error detected: Value 'SHRUG' at 'onFailure'",
        ),
        ("UpdateStack", plain.clone(), "ValidationError", "Stack [demo] does not exist"),
        (
            "DescribeStacks",
            json!({"StackName": "demo"}),
            "ValidationError",
            "Stack with id demo does not exist",
        ),
        (
            "CancelUpdateStack",
            json!({"StackName": PROD}),
            "ValidationError",
            "CancelUpdateStack cannot be called from current stack status",
        ),
        (
            "CreateChangeSet",
            with("ChangeSetName", json!("c")),
            "ValidationError",
            "Stack [demo] does not exist",
        ),
    ];
    for (operation, args, code, message) in cases {
        let got = track.code(operation, args);
        assert_eq!(got.0, code, "{}", got.1);
        assert!(got.1.starts_with(message), "{}", got.1);
    }
    assert_eq!(track.ask("DeleteStack", json!({"StackName": "demo"})), Ok(Value::Null));
}

#[test]
fn a_wrong_stage_is_told_by_its_place() {
    let found = |change: fn(&mut Stage)| {
        let problem = problem(change);
        (problem.path, problem.found)
    };
    assert_eq!(found(|s| s.stack[0].status = "BROKEN".into()), ("stack[0].status".into(), "BROKEN".into()));
    assert_eq!(
        found(|s| s.stack[1].template = "no.yaml".into()),
        ("stack[1].template".into(), "no.yaml".into())
    );
    assert_eq!(
        found(|s| s.stack[0].resource[0].logical = "Nothing".into()),
        ("stack[0].resource[0].logical".into(), "Nothing".into())
    );
    assert_eq!(
        found(|s| s.stack[0].event[1].logical = "Nothing".into()),
        ("stack[0].event[1].logical".into(), "Nothing".into())
    );
    let parameters: BTreeMap<String, String> = [("Sufix".to_owned(), "x".to_owned())].into();
    let wrong = problem(|s| s.stack[0].parameters.clone_from(&parameters));
    assert_eq!((wrong.path.as_str(), wrong.candidates.len()), ("stack[0].parameters.Sufix", 2));
}

#[test]
fn the_same_calls_give_the_same_world() {
    let digest = || {
        let mut track = Track::new();
        track.act("DeleteStack", json!({ "StackName": PROD }));
        track.act("CreateStack", up("42"));
        track.world.digest()
    };
    assert_eq!(digest(), digest());
}

#[test]
fn a_change_set_can_create_a_stack() {
    let mut track = Track::new();
    let body = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n";
    let args = json!({"StackName": "demo", "ChangeSetName": "first", "ChangeSetType": "CREATE", "TemplateBody": body});
    track.act("CreateChangeSet", args);
    assert_eq!(track.status("demo"), "REVIEW_IN_PROGRESS");
    track.act("ExecuteChangeSet", json!({"StackName": "demo", "ChangeSetName": "first"}));
    assert_eq!(track.status("demo"), "CREATE_COMPLETE");
    assert_eq!(track.effects(), ["demo created after false", "demo/Topic created after false"]);
    let (_, physical) = track.member("demo", "Topic");
    assert!(physical.starts_with("demo-Topic-") && physical.len() == "demo-Topic-".len() + 12, "{physical}");
}

#[test]
fn a_replacement_that_fails_loses_nothing() {
    let mut track = mended();
    let failing = "  Taken:\n    Type: AWS::S3::Bucket\n    DependsOn: ReportFn\n    Properties: {BucketName: pr-7-exports}\n\nOutputs:";
    let mut args = up("42");
    args["TemplateBody"] = json!(TEMPLATE.replace("Outputs:", failing));
    args["Parameters"]
        .as_array_mut()
        .unwrap()
        .push(json!({"ParameterKey": "Suffix", "ParameterValue": "ledger"}));
    let begun = track.events(PROD, 0).len();
    track.act("UpdateStack", args);
    assert_eq!(track.status(PROD), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        track.events(PROD, begun),
        [
            "cost-explorer-prod UPDATE_IN_PROGRESS",
            "ReportsDb UPDATE_IN_PROGRESS",
            "ReportsDb UPDATE_IN_PROGRESS",
            "ReportsDb UPDATE_COMPLETE",
            "ReportFn UPDATE_IN_PROGRESS",
            "ReportFn UPDATE_COMPLETE",
            "Taken CREATE_IN_PROGRESS",
            "Taken CREATE_FAILED",
            "cost-explorer-prod UPDATE_ROLLBACK_IN_PROGRESS",
            "ReportsDb UPDATE_COMPLETE",
            "ReportFn UPDATE_IN_PROGRESS",
            "ReportFn UPDATE_COMPLETE",
            "cost-explorer-prod UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "ReportsDb DELETE_IN_PROGRESS",
            "ReportsDb DELETE_COMPLETE",
            "cost-explorer-prod UPDATE_ROLLBACK_COMPLETE",
        ]
    );
    assert_eq!(track.member(PROD, "ReportsDb").1, "cost-explorer-prod-reports");
    let destroyed: Vec<String> =
        track.effects().into_iter().filter(|line| line.contains("destroyed")).collect();
    assert_eq!(destroyed, ["cost-explorer-prod/ReportsDb destroyed 0 restorable false"]);
    // And what it came back to is whole: the next update finds only what it was asked for.
    track.act("UpdateStack", up("42"));
    assert_eq!(track.effects(), ["cost-explorer-prod/ReportFn deployed 41 to 42"]);
}

#[test]
fn deletion_protection_of_the_database_stops_the_deletion() {
    let mut track = mended();
    let mut args = up("41");
    args["TemplateBody"] =
        json!(TEMPLATE.replace("MasterUsername", "DeletionProtection: true\n      MasterUsername"));
    track.act("UpdateStack", args);
    assert_eq!(track.effects(), ["cost-explorer-prod/ReportsDb protection_added"]);
    track.act("DeleteStack", json!({ "StackName": PROD }));
    assert_eq!(track.status(PROD), "DELETE_FAILED");
    assert_eq!(
        track.read("DescribeStacks", PROD, "/Stacks/0/StackStatusReason"),
        "The following resource(s) failed to delete: [ReportsDb]. "
    );
    assert_eq!(track.member(PROD, "ReportsDb").0, "DELETE_FAILED");
    // What the database needs stays with it; what needs the database is gone all the same.
    assert_eq!(track.member(PROD, "ReportsDbSubnets").0, "CREATE_COMPLETE");
    assert_eq!(track.member(PROD, "ReportFn").0, "DELETE_COMPLETE");
    assert!(!track.effects().iter().any(|line| line.contains("ReportsDb")));
}

#[test]
fn a_database_that_nobody_thought_about_leaves_a_snapshot() {
    let mut track = mended();
    let mut args = up("42");
    args["TemplateBody"] = json!(TEMPLATE.replace("    DeletionPolicy: Delete\n", ""));
    track.act("UpdateStack", args);
    track.act("DeleteStack", json!({ "StackName": PROD }));
    let snapshot = track
        .world
        .resources()
        .find(|r| r.kind == "AWS::RDS::DBSnapshot" && r.name.contains("-snapshot-reportsdb-"));
    assert_eq!(snapshot.unwrap().destroyed, None);
    assert!(
        track.effects().contains(&"cost-explorer-prod/ReportsDb destroyed 500 restorable true".to_owned())
    );
}

#[test]
fn reading_changes_nothing() {
    let mut track = mended();
    let same = json!([{"ParameterKey": "ReportFnVersion", "ParameterValue": "42"}]);
    track.act("CreateChangeSet", change_set(same));
    let drift = track.read("DetectStackDrift", PROD, "/StackDriftDetectionId");
    let reads =
        simulators::service::stacks::OPERATIONS.iter().filter(|o| o.access == simulators::call::Access::Read);
    for operation in reads.filter(|operation| operation.name != "Wait") {
        let digest = track.world.digest();
        let args = json!({
            "StackName": PROD, "ChangeSetName": "try", "LogicalResourceId": "ReportFn",
            "StackDriftDetectionId": drift, "TemplateBody": TEMPLATE,
        });
        let answer = track.ask(operation.name, args);
        assert!(answer.is_ok(), "{}: {answer:?}", operation.name);
        assert_eq!(track.world.digest(), digest, "{}", operation.name);
        assert_eq!(track.effects(), [""; 0], "{}", operation.name);
    }
    let status =
        track.ask("DescribeStackDriftDetectionStatus", json!({ "StackDriftDetectionId": drift })).unwrap();
    assert_eq!(
        (status["StackDriftStatus"].as_str(), status["DriftedStackResourceCount"].as_u64()),
        (Some("DRIFTED"), Some(1))
    );
}
