//! Stacks driven through the world: a call in, statuses, events and effects out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail by panicking")]

#[path = "stacks/changes.rs"]
mod changes;
#[path = "stacks/deletion.rs"]
mod deletion;
#[path = "stacks/track.rs"]
mod track;

use changes::change_set;
use serde_json::{Value, json};
use simulators::call::{Call, Service};
use simulators::resource::Environment;
use simulators::stage::Stage;
use std::collections::BTreeMap;
use track::{PROD, TEMPLATE, Track, mended, problem, up};

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
