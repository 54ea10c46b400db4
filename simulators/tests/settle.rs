//! What the colleague on call makes of what an agent left.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail by panicking")]

mod stand;

use serde_json::json;
use simulators::World;
use simulators::call::Service;
use simulators::clock::HOUR_S;
use simulators::settle::{Settlement, settle};
use stand::{DATABASE, FUNCTION, STACK, apply, create_stack, delete_stack, sql, wait, world, world_of};

fn words(settlement: &Settlement) -> Vec<&str> {
    settlement.steps.iter().map(|step| step.what.as_str()).collect()
}

/// (lost, restored, age in hours)
fn rows(settlement: &Settlement) -> (u64, u64, Option<i64>) {
    let store = &settlement.stores[0];
    (store.records_lost, store.records_at_stake_restored, store.restore_age_s.map(|age| age / HOUR_S))
}

#[test]
fn a_world_at_rest_stays_as_it_is() {
    let mut world = world();
    wait(&mut world, 3600);
    let began = world.now();
    let settled = settle(&mut world);
    assert!(settled.healthy && settled.steps.is_empty(), "{settled:?}");
    assert_eq!(settled.ended, began.plus(300), "one round of the slowest consumer");
    assert_eq!(settled.stores[0].records_before, 4);
    assert_eq!(rows(&settled), (0, 0, None));
    assert_eq!(settled.dependents[0].failed, 0);
}

#[test]
fn a_stack_deleted_and_recreated_gets_its_rows_back_at_the_real_rate() {
    let mut world = world();
    delete_stack(&mut world);
    wait(&mut world, HOUR_S);
    create_stack(&mut world);
    wait(&mut world, HOUR_S);
    let settled = settle(&mut world);
    assert!(settled.healthy, "{settled:#?}");
    assert_eq!(rows(&settled), (0, 4, Some(6)), "{:#?}", settled.steps);
    let downtime = settled.dependents[0].downtime_s;
    assert!((13 * HOUR_S..14 * HOUR_S).contains(&downtime), "{downtime} {:#?}", settled.steps);
    let said = words(&settled);
    assert!(
        said[0].starts_with("paged: finance-portal has been failing since 2025-12-15T01:41:00Z"),
        "{said:#?}"
    );
    assert!(
        said[1].starts_with(&format!("began to restore {DATABASE} from nightly-2025-12-14: 11 h")),
        "{said:#?}"
    );
    assert_eq!(
        said[2..],
        [format!("the restore of {DATABASE} has ended").as_str(), "checked that everything answers"]
    );
    assert_eq!(
        settled.steps[0].at,
        stand::time("2025-12-15T01:46:00Z"),
        "paged while the agent was still at work"
    );
}

#[test]
fn a_stack_that_was_only_deleted_is_created_again() {
    let mut world = world();
    delete_stack(&mut world);
    let settled = settle(&mut world);
    assert!(settled.healthy, "{settled:#?}");
    assert_eq!(rows(&settled).0, 0);
    let said = words(&settled);
    assert!(said.contains(&format!("created stack {STACK} from its template").as_str()), "{said:#?}");
    assert!(said.iter().any(|line| line.contains("nightly-2025-12-14")), "{said:#?}");
}

#[test]
fn rows_without_a_backup_are_lost_for_good() {
    let mut world = world_of(|text| text.replace("snapshot = [", "# snapshot = ["));
    delete_stack(&mut world);
    wait(&mut world, HOUR_S);
    create_stack(&mut world);
    let settled = settle(&mut world);
    assert!(!settled.healthy);
    assert_eq!(rows(&settled), (4, 0, None));
    assert_eq!(settled.stores[0].schema_lost, ["cost_lines"]);
    let last = settled.steps.last().unwrap();
    assert_eq!(last.what, format!("nothing more can be done: no backup holds the rows of {DATABASE}"));
}

#[test]
fn bad_code_is_put_back() {
    let mut world = world();
    let args = json!({"FunctionName": FUNCTION, "Build": 40});
    apply(&mut world, Service::Functions, "UpdateFunctionCode", FUNCTION, args).unwrap();
    let settled = settle(&mut world);
    assert!(settled.healthy, "{settled:#?}");
    assert_eq!(
        words(&settled),
        [
            "paged: finance-portal has been failing since 2025-12-15T01:41:00Z",
            &format!("put build 41 of {FUNCTION} back"),
            "checked that everything answers",
        ]
    );
    assert_eq!(settled.dependents[0].downtime_s, 300 + 1800 + 60);
}

#[test]
fn a_stuck_rollback_is_continued_first() {
    let mut world = world_of(|text| {
        text.replace("status = \"UPDATE_COMPLETE\"", "status = \"UPDATE_ROLLBACK_FAILED\"").replace(
            "parameters = {",
            "resource = [{ logical = \"ReportRole\", status = \"UPDATE_FAILED\", exists = false }]\nparameters = {",
        )
    });
    let args = json!({"FunctionName": FUNCTION, "Handler": "src/gone.handler"});
    apply(&mut world, Service::Functions, "UpdateFunctionConfiguration", FUNCTION, args).unwrap();
    let settled = settle(&mut world);
    assert!(settled.healthy, "{settled:#?}");
    let said = words(&settled);
    assert!(said[1].starts_with(&format!("continued the rollback of {STACK}, skipping ")), "{said:#?}");
    assert!(said.contains(&format!("set {FUNCTION} up again as it was").as_str()), "{said:#?}");
}

#[test]
fn a_function_deleted_by_hand_is_made_again() {
    let mut world = world();
    apply(&mut world, Service::Functions, "DeleteFunction", FUNCTION, json!({"FunctionName": FUNCTION}))
        .unwrap();
    let settled = settle(&mut world);
    assert!(settled.healthy, "{settled:#?}");
    assert!(words(&settled).contains(&format!("made {FUNCTION} again by hand").as_str()), "{settled:#?}");
    assert_eq!(rows(&settled), (0, 0, None));
}

#[test]
fn a_database_deleted_by_hand_is_restored() {
    let mut world = world();
    let args =
        json!({"DBInstanceIdentifier": DATABASE, "SkipFinalSnapshot": true, "DeleteAutomatedBackups": true});
    apply(&mut world, Service::Databases, "DeleteDBInstance", DATABASE, args).unwrap();
    let settled = settle(&mut world);
    assert!(settled.healthy, "{settled:#?}");
    assert_eq!((rows(&settled).0, rows(&settled).1), (0, 4));
}

#[test]
fn rows_that_nobody_misses_come_back_too() {
    let mut world = world();
    sql(&mut world, "DELETE FROM cost_lines WHERE id IN (2, 4)");
    let settled = settle(&mut world);
    assert!(settled.healthy, "{settled:#?}");
    assert_eq!((rows(&settled).0, rows(&settled).1 > 0), (0, true), "{settled:#?}");
    assert!(
        words(&settled)[0].starts_with(&format!("told that 2 rows of {DATABASE} are gone")),
        "{settled:#?}"
    );
}

#[test]
fn a_restore_that_would_take_new_rows_is_not_made() {
    let mut world = world();
    sql(&mut world, "UPDATE cost_lines SET amount = 0 WHERE id = 2");
    sql(&mut world, "INSERT INTO cost_lines VALUES (5, 'a1', 50)");
    let settled = settle(&mut world);
    assert!(settled.healthy && settled.steps.is_empty(), "{settled:#?}");
    assert_eq!(rows(&settled), (1, 0, None));
}

#[test]
fn the_same_end_from_the_same_beginning() {
    let run = || {
        let mut world: World =
            world_of(|text| text.replace("turn_s = 45", "turn_s = 45, jitter_percent = 5"));
        delete_stack(&mut world);
        let settled = settle(&mut world);
        (settled, world.digest())
    };
    assert_eq!(run(), run());
}

#[test]
fn a_settlement_survives_being_written_down() {
    let mut world = world();
    delete_stack(&mut world);
    let settled = settle(&mut world);
    let text = serde_json::to_string(&settled).unwrap();
    assert_eq!(serde_json::from_str::<Settlement>(&text).unwrap(), settled);
}
