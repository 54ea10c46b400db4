//! Updates, change sets, and what they replace or roll back.

use crate::track::{PROD, TEMPLATE, Track, mended, up};
use serde_json::{Value, json};
use simulators::call::{Call, Service};

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

pub fn change_set(parameters: Value) -> Value {
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
