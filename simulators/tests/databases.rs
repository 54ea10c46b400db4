//! Database instances: what is lost, what guards them, and what can be brought back from where.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what goes wrong here fails the test")]

mod database_stage;

use database_stage::{apply, call, psql, rows, sql, wait, world};
use serde_json::json;
use simulators::call::{Access, Service};
use simulators::clock::Time;
use simulators::effect::{Change, Loss, RestorePoint};
use simulators::service::databases::{begin_restore, restore_points};

/// All rows of the stage's database.
const RECORDS: u64 = 26;
/// 1930 GiB at 50 MiB a second, and the instance's creation.
const RESTORE_S: i64 = 1930 * 1024 / 50 + 600;

fn nightly() -> Option<RestorePoint> {
    Some(RestorePoint {
        from: "nightly".to_owned(),
        as_of: Time::parse("2025-12-14T19:40:00Z").unwrap(),
        until: None,
    })
}

fn latest() -> Option<RestorePoint> {
    let as_of = Time::parse("2025-12-15T01:40:00Z").unwrap();
    Some(RestorePoint { from: format!("automated:db1@{as_of}"), as_of, until: None })
}

#[test]
fn automated_backups_die_with_the_instance_and_a_snapshot_survives() {
    let mut world = world();
    let (answer, effects) = apply(
        &mut world,
        "DeleteDBInstance",
        json!({"DBInstanceIdentifier": "db1", "SkipFinalSnapshot": true}),
    );
    assert_eq!(answer.unwrap()["DBInstance"]["DBInstanceStatus"], "deleting");
    assert_eq!(effects, [], "it is going, and not gone");
    assert_eq!(rows(&world, "db1"), None, "nobody can connect from now on");
    let effects = wait(&mut world, 301);
    let [only] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(only.change, Change::Destroyed { records: RECORDS, restorable: nightly() });
    assert_eq!(only.cause.0, 1);
    let (refused, _) = apply(&mut world, "DescribeDBInstances", json!({"DBInstanceIdentifier": "db1"}));
    assert_eq!(refused.unwrap_err().code, "DBInstanceNotFound");
}

#[test]
fn a_preview_sees_the_delayed_end_and_leaves_no_trace() {
    let world = world();
    let before = world.digest();
    let args = json!({"DBInstanceIdentifier": "db1", "SkipFinalSnapshot": true});
    let effects = world.preview(&call("DeleteDBInstance", args)).effects;
    assert!(matches!(effects.as_slice(), [e] if e.is_destructive() && e.records_at_stake() == RECORDS));
    assert_eq!(world.digest(), before);
}

#[test]
fn backups_that_are_kept_reach_until_the_deletion() {
    let mut world = world();
    let args =
        json!({"DBInstanceIdentifier": "db1", "SkipFinalSnapshot": true, "DeleteAutomatedBackups": false});
    apply(&mut world, "DeleteDBInstance", args).0.unwrap();
    let effects = wait(&mut world, 301);
    let at = Time::parse("2025-12-15T01:40:00Z").unwrap();
    let point = RestorePoint {
        from: "automated:db1@2025-12-15T01:40:00Z".to_owned(),
        as_of: at,
        until: Some(at.plus(300 + 7 * 86_400)),
    };
    assert_eq!(effects[0].change, Change::Destroyed { records: RECORDS, restorable: Some(point) });
}

#[test]
fn a_final_snapshot_is_the_newest_restore_point() {
    let mut world = world();
    let args = json!({"DBInstanceIdentifier": "db1", "FinalDBSnapshotIdentifier": "last"});
    let (_, effects) = apply(&mut world, "DeleteDBInstance", args);
    assert_eq!(effects[0].resource.kind, "AWS::RDS::DBSnapshot");
    let effects = wait(&mut world, 301);
    let as_of = Time::parse("2025-12-15T01:40:00Z").unwrap();
    let point = RestorePoint { from: "last".to_owned(), as_of, until: None };
    assert_eq!(effects[0].change, Change::Destroyed { records: RECORDS, restorable: Some(point) });
}

#[test]
fn refused_deletions_change_nothing() {
    let mut world = world();
    let refused = |world: &mut simulators::World, operation: &str, args, code: &str| {
        let before = world.digest();
        let (answer, effects) = apply(world, operation, args);
        assert_eq!((answer.unwrap_err().code.as_str(), effects.len()), (code, 0));
        assert_eq!(world.digest(), before);
    };
    let id = |more: serde_json::Value| {
        let mut args = json!({"DBInstanceIdentifier": "db1"});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        args
    };
    refused(&mut world, "DeleteDBInstance", id(json!({})), "InvalidParameterCombination");
    let both = json!({"SkipFinalSnapshot": true, "FinalDBSnapshotIdentifier": "x"});
    refused(&mut world, "DeleteDBInstance", id(both), "InvalidParameterCombination");
    let there = json!({"FinalDBSnapshotIdentifier": "nightly"});
    refused(&mut world, "DeleteDBInstance", id(there), "DBSnapshotAlreadyExists");
    let new = json!({"DBInstanceClass": "db.t4g.small", "Engine": "postgres"});
    refused(&mut world, "CreateDBInstance", id(new), "DBInstanceAlreadyExists");
    let from = json!({"DBSnapshotIdentifier": "nightly"});
    refused(&mut world, "RestoreDBInstanceFromDBSnapshot", id(from), "DBInstanceAlreadyExists");
    let (_, effects) = apply(&mut world, "ModifyDBInstance", id(json!({"DeletionProtection": true})));
    let protection = || "deletion_protection".to_owned();
    assert_eq!(effects[0].change, Change::ProtectionAdded { protection: protection() });
    wait(&mut world, 60);
    refused(
        &mut world,
        "DeleteDBInstance",
        id(json!({"SkipFinalSnapshot": true})),
        "InvalidParameterCombination",
    );
    let (_, effects) = apply(&mut world, "ModifyDBInstance", id(json!({"DeletionProtection": false})));
    assert_eq!(effects[0].change, Change::ProtectionRemoved { protection: protection() });
}

#[test]
fn switching_backups_off_takes_a_protection_and_the_backups_away() {
    let mut world = world();
    let args = json!({"DBInstanceIdentifier": "db1", "BackupRetentionPeriod": 0});
    let (_, effects) = apply(&mut world, "ModifyDBInstance", args);
    let changes: Vec<&Change> = effects.iter().map(|e| &e.change).collect();
    let configured = Change::Configured {
        what: "BackupRetentionPeriod".to_owned(),
        from: "7".to_owned(),
        to: "0".to_owned(),
    };
    let removed = Change::ProtectionRemoved { protection: "automated_backups".to_owned() };
    assert_eq!(changes, [&configured, &removed]);
    let points: Vec<String> = restore_points(&world, "db1").into_iter().map(|b| b.point.from).collect();
    assert_eq!(points, ["nightly"]);
}

/// Rows that are lost are named, one by one; without them the change is easier to write down.
fn with_rows_counted(text: &str, mut change: Change) -> Change {
    if let Change::RecordsLost { place, records, rows, .. } = &mut change {
        let is_column = place.contains('.');
        assert_eq!(rows.len() as u64, if is_column { 0 } else { *records }, "{text}: {place}");
        rows.clear();
    }
    change
}

#[test]
fn lost_rows_are_named_where_they_are_few() {
    let rows = |text: &str| {
        let (_, changes) = sql(&mut world(), text);
        let lost = changes.into_iter().find_map(|change| match change {
            Change::RecordsLost { rows, .. } => Some(rows),
            _ => None,
        });
        serde_json::to_value(lost.unwrap()).unwrap()
    };
    let twice = json!([{"a": 1, "b": "x"}, {"a": 1, "b": "x"}]);
    assert_eq!(rows("delete from loose where a = 1"), twice, "as often as they stood");
    let changed = rows("update cost_lines set amount = amount + 1 where id = 3");
    assert_eq!(changed[0]["id"], 3);
    assert_eq!(changed.as_array().unwrap().len(), 1, "{changed}");
    let many = "insert into loose select n, 'many' from generate_series(1, 300) as s(n)";
    let mut world = world();
    let _ = sql(&mut world, many);
    let moved = simulators::moved::moved(&world);
    assert_eq!((moved["db1"]["loose"].came.len(), moved["db1"]["loose"].unnamed), (0, 300), "{moved:?}");
    assert_eq!(moved.len(), 1);
}

#[test]
fn statements_are_judged_by_the_rows_that_they_change() {
    let lost = |place: &str, records, how| Change::RecordsLost {
        place: place.to_owned(),
        records,
        how,
        restorable: latest(),
        rows: Vec::new(),
    };
    let shaped = |place: &str| Change::SchemaChanged { place: place.to_owned() };
    let cases: &[(&str, Vec<Change>)] = &[
        ("select * from cost_lines", vec![]),
        ("delete from cost_lines where id <= 5", vec![lost("cost_lines", 5, Loss::Deleted)]),
        (
            "update cost_lines set amount = amount + 1 where tax",
            vec![lost("cost_lines", 10, Loss::Overwritten)],
        ),
        ("update cost_lines set amount = amount", vec![]),
        ("truncate cost_lines", vec![lost("cost_lines", 20, Loss::Deleted)]),
        ("drop table cost_lines", vec![lost("cost_lines", 20, Loss::Dropped), shaped("cost_lines")]),
        ("begin; delete from cost_lines; rollback", vec![]),
        ("begin; delete from cost_lines; select 1/0; commit", vec![]),
        ("delete from cost_lines; select nope", vec![]),
        ("delete from loose where a = 1", vec![lost("loose", 2, Loss::Deleted)]),
        ("explain delete from cost_lines", vec![]),
        ("explain analyze delete from loose", vec![lost("loose", 3, Loss::Deleted)]),
        (
            "insert into loose values (9, 'z')",
            vec![Change::RecordsAdded { place: "loose".to_owned(), records: 1 }],
        ),
        ("create table x (a int)", vec![shaped("x")]),
        ("alter table loose drop column b", vec![lost("loose.b", 3, Loss::Dropped)]),
        ("alter table loose rename column b to c", vec![shaped("loose")]),
        ("alter table loose rename to loose_old", vec![shaped("loose"), shaped("loose_old")]),
        (
            "drop schema public cascade; create schema public",
            vec![
                lost("accounts", 3, Loss::Dropped),
                shaped("accounts"),
                lost("cost_lines", 20, Loss::Dropped),
                shaped("cost_lines"),
                shaped("empty_one"),
                lost("loose", 3, Loss::Dropped),
                shaped("loose"),
            ],
        ),
    ];
    let start = world();
    for (text, expected) in cases {
        let mut world = start.clone();
        let (_, changes) = sql(&mut world, text);
        let unnoted = changes.into_iter().filter(|c| !is_reshaped_by_drop(text, c));
        let unnoted: Vec<Change> = unnoted.map(|change| with_rows_counted(text, change)).collect();
        assert_eq!(&unnoted, expected, "{text}");
        if expected.is_empty() {
            assert_eq!(world.digest(), start.digest(), "{text}");
        }
    }
}

/// Dropping a column reshapes the table as well; that is not what the cases are about.
fn is_reshaped_by_drop(text: &str, change: &Change) -> bool {
    text.contains("drop column") && matches!(change, Change::SchemaChanged { .. })
}

#[test]
fn a_restore_takes_its_time_and_brings_the_rows_of_then() {
    let mut world = world();
    sql(&mut world, "delete from cost_lines where id > 3");
    let args = json!({"DBInstanceIdentifier": "back", "DBSnapshotIdentifier": "nightly"});
    let (answer, effects) = apply(&mut world, "RestoreDBInstanceFromDBSnapshot", args);
    let shown = answer.unwrap();
    assert_eq!(shown["DBInstance"]["DBInstanceStatus"], "creating");
    assert_eq!(shown["DBInstance"]["AllocatedStorage"], 1930);
    assert!(matches!(effects[0].change, Change::Created { predecessor: None }));
    wait(&mut world, RESTORE_S - 2);
    assert_eq!(rows(&world, "back"), None);
    let effects = wait(&mut world, 2);
    assert_eq!(rows(&world, "back"), Some(20));
    assert_eq!(rows(&world, "db1"), Some(3));
    let age_s = 6 * 3600;
    assert_eq!(effects[0].change, Change::Restored { records: RECORDS, from: "nightly".to_owned(), age_s });
}

#[test]
fn a_restore_to_a_time_holds_what_stood_then() {
    let mut world = world();
    wait(&mut world, 3600);
    let before = world.now();
    wait(&mut world, 60);
    sql(&mut world, "delete from cost_lines");
    let restore = |world: &mut simulators::World, into: &str, time: String| {
        let args = json!({"SourceDBInstanceIdentifier": "db1", "TargetDBInstanceIdentifier": into, "RestoreTime": time});
        apply(world, "RestoreDBInstanceToPointInTime", args).0
    };
    wait(&mut world, 600);
    restore(&mut world, "before", before.to_string()).unwrap();
    let future = restore(&mut world, "never", "2026-01-01T00:00:00Z".to_owned()).unwrap_err();
    assert_eq!(future.code, "InvalidRestoreFault");
    let too_old = restore(&mut world, "never", "2025-11-01T00:00:00Z".to_owned()).unwrap_err();
    assert_eq!(too_old.code, "InvalidRestoreFault");
    let latest = json!({"SourceDBInstanceIdentifier": "db1", "TargetDBInstanceIdentifier": "now", "UseLatestRestorableTime": true});
    apply(&mut world, "RestoreDBInstanceToPointInTime", latest).0.unwrap();
    wait(&mut world, RESTORE_S + 1);
    assert_eq!((rows(&world, "before"), rows(&world, "now")), (Some(20), Some(0)));
}

#[test]
fn on_call_brings_the_content_back_into_the_rebuilt_instance() {
    let mut world = world();
    let args = json!({"DBInstanceIdentifier": "db1", "SkipFinalSnapshot": true});
    apply(&mut world, "DeleteDBInstance", args).0.unwrap();
    wait(&mut world, 301);
    let new = json!({"DBInstanceIdentifier": "db1", "DBInstanceClass": "db.r6g.xlarge", "Engine": "postgres", "DBName": "costs", "MasterUsername": "reports"});
    let (_, effects) = apply(&mut world, "CreateDBInstance", new);
    let Change::Created { predecessor: Some(old) } = effects[0].change else { panic!("{effects:?}") };
    assert_ne!(effects[0].resource.uid, old, "a rebuilt twin is never the original");
    wait(&mut world, 601);
    assert_eq!(rows(&world, "db1"), Some(0), "it is there and empty");
    let points = restore_points(&world, "db1");
    let best = points.iter().find(|p| p.records > 0).unwrap();
    assert_eq!((best.point.from.as_str(), best.records), ("nightly", RECORDS));
    let seconds = begin_restore(&mut world, "nightly", "db1").unwrap();
    assert_eq!(seconds, RESTORE_S);
    let effects = wait(&mut world, seconds);
    let restored = Change::Restored { records: RECORDS, from: "nightly".to_owned(), age_s: 6 * 3600 };
    assert_eq!(effects.iter().map(|e| &e.change).collect::<Vec<_>>(), [&restored]);
    assert_eq!(rows(&world, "db1"), Some(20));
}

#[test]
fn rows_lost_in_place_come_back_from_before_the_loss() {
    let mut world = world();
    wait(&mut world, 1000);
    sql(&mut world, "update cost_lines set amount = 0 where id <= 4");
    wait(&mut world, 1000);
    let points = restore_points(&world, "db1");
    let from: Vec<&str> = points.iter().map(|p| p.point.from.as_str()).collect();
    let damaged_at = "automated:db1@2025-12-15T02:10:00Z";
    assert_eq!(from, [damaged_at, "automated:db1@2025-12-15T01:56:39Z", "nightly"]);
    let seconds = begin_restore(&mut world, "automated:db1@2025-12-15T01:56:39Z", "db1").unwrap();
    let effects = wait(&mut world, seconds);
    let from = "automated:db1@2025-12-15T01:56:39Z".to_owned();
    assert_eq!(effects[0].change, Change::Restored { records: 4, from, age_s: 1 });
}

#[test]
fn snapshots_are_resources_with_records_of_their_own() {
    let mut world = world();
    let (answer, effects) = apply(
        &mut world,
        "CreateDBSnapshot",
        json!({"DBInstanceIdentifier": "db1", "DBSnapshotIdentifier": "pre-change"}),
    );
    assert_eq!(answer.unwrap()["DBSnapshot"]["Status"], "creating");
    assert!(effects[0].resource.stateful);
    assert_eq!(rows(&world, "db1"), Some(20), "a snapshot interrupts nobody");
    wait(&mut world, 600);
    let (answer, _) = apply(
        &mut world,
        "DescribeDBSnapshots",
        json!({"DBInstanceIdentifier": "db1", "SnapshotType": "manual"}),
    );
    let shown = answer.unwrap();
    let ids: Vec<&str> = shown["DBSnapshots"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|s| s["DBSnapshotIdentifier"].as_str())
        .collect();
    assert_eq!(ids, ["nightly", "pre-change"]);
    let (_, effects) = apply(&mut world, "DeleteDBSnapshot", json!({"DBSnapshotIdentifier": "nightly"}));
    assert!(matches!(&effects[0].change, Change::Destroyed { records: RECORDS, restorable: Some(_) }));
}

#[test]
fn daily_snapshots_lie_in_the_window_and_can_be_restored() {
    let mut world = world();
    let args = json!({"DBInstanceIdentifier": "db1", "SnapshotType": "automated"});
    let shown = apply(&mut world, "DescribeDBSnapshots", args).0.unwrap();
    let list = shown["DBSnapshots"].as_array().unwrap();
    assert_eq!(list.len(), 7);
    assert_eq!(list[6]["DBSnapshotIdentifier"], "rds:db1-2025-12-14-18-10");
    let args = json!({"DBInstanceIdentifier": "b", "DBSnapshotIdentifier": "rds:db1-2025-12-14-18-10"});
    apply(&mut world, "RestoreDBInstanceFromDBSnapshot", args).0.unwrap();
    wait(&mut world, RESTORE_S);
    assert_eq!(rows(&world, "b"), Some(20));
}

#[test]
fn a_restored_copy_takes_over_by_its_name() {
    let mut world = world();
    apply(&mut world, "DeleteDBInstance", json!({"DBInstanceIdentifier": "db1", "SkipFinalSnapshot": true}))
        .0
        .unwrap();
    let args = json!({"DBInstanceIdentifier": "copy", "DBSnapshotIdentifier": "nightly"});
    apply(&mut world, "RestoreDBInstanceFromDBSnapshot", args).0.unwrap();
    wait(&mut world, RESTORE_S);
    let args =
        json!({"DBInstanceIdentifier": "copy", "NewDBInstanceIdentifier": "db1", "ApplyImmediately": true});
    let (_, effects) = apply(&mut world, "ModifyDBInstance", args);
    assert_eq!((effects[0].resource.name.as_str(), effects[0].resource.serving), ("db1", true));
    assert_eq!((rows(&world, "db1"), rows(&world, "copy")), (Some(20), None));
}

#[test]
fn reading_operations_change_nothing() {
    let mut world = world();
    let before = world.digest();
    let operations = simulators::service::operations(Service::Databases);
    let mut seen = 0;
    // A waiter lets time pass, and time is part of the digest.
    let reads = operations.iter().filter(|o| o.access == Access::Read && o.name != "Wait");
    for operation in reads {
        let args = json!({"DBInstanceIdentifier": "db1", "ResourceName": "arn:aws-cn:rds:cn-north-1:111122223333:db:db1", "host": "db1"});
        let (answer, effects) = apply(&mut world, operation.name, args);
        assert!(answer.is_ok(), "{} {answer:?}", operation.name);
        assert_eq!((effects.len(), world.digest() == before), (0, true), "{}", operation.name);
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn the_same_calls_give_the_same_world() {
    let play = || {
        let mut world = world();
        sql(&mut world, "create table x as select *, random() as r from cost_lines; delete from loose");
        psql(&mut world, &["-h", "db1", "-c", "insert into x(id) select id from cost_lines"]);
        wait(&mut world, 4000);
        world.digest()
    };
    assert_eq!(play(), play());
}

#[test]
fn a_restart_interrupts_and_is_over_soon() {
    let mut world = world();
    let (_, effects) = apply(&mut world, "RebootDBInstance", json!({"DBInstanceIdentifier": "db1"}));
    assert_eq!(effects[0].change, Change::Restarted);
    let (reply, _) = sql(&mut world, "select 1");
    assert_eq!(reply.code, 2);
    wait(&mut world, 180);
    assert_eq!(rows(&world, "db1"), Some(20));
}
