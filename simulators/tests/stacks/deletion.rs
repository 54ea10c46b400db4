//! What goes with a stack, and what stands in the way.

use crate::track::{PROD, TEMPLATE, Track, line, mended, up};
use serde_json::json;
use simulators::resource::Environment;

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
