//! `aws rds wait`: time passes until an instance or a snapshot is where the waiter wants it.

use super::waits::{self, Seen};
use crate::World;
use crate::call::{Answer, Call, Refusal};

/// The real waiters look every 30 seconds, 60 times: half an hour, which a restore of any size outlasts.
const EVERY_S: i64 = 30;
const ATTEMPTS_MAX: u32 = 60;

/// States from which nothing becomes available any more.
const DOOMED: [&str; 5] =
    ["deleted", "deleting", "failed", "incompatible-restore", "incompatible-parameters"];

pub(super) fn wait(world: &mut World, call: &Call) -> Answer {
    let instance = call.text("DBInstanceIdentifier").unwrap_or(&call.target).to_owned();
    let snapshot = call.text("DBSnapshotIdentifier").unwrap_or_default().to_owned();
    match call.text("Waiter").unwrap_or_default() {
        "db-instance-available" => waits::wait(world, EVERY_S, ATTEMPTS_MAX, |w| {
            available(
                super::databases::status(w, &instance),
                "DBInstances[].DBInstanceStatus",
                "DBInstanceNotFound",
            )
        }),
        "db-instance-deleted" => {
            waits::wait(world, EVERY_S, ATTEMPTS_MAX, |w| deleted(super::databases::status(w, &instance)))
        }
        "db-snapshot-available" => waits::wait(world, EVERY_S, ATTEMPTS_MAX, |w| {
            available(of_snapshot(w, &snapshot), "DBSnapshots[].Status", "DBSnapshotNotFound")
        }),
        "db-snapshot-deleted" => {
            waits::wait(world, EVERY_S, ATTEMPTS_MAX, |w| deleted(of_snapshot(w, &snapshot)))
        }
        other => Err(Refusal::new("InvalidParameterValue", format!("there is no waiter {other}"))),
    }
}

fn of_snapshot<'w>(world: &'w World, id: &str) -> Option<&'w str> {
    world.databases.snapshots.get(id).map(|snapshot| snapshot.status)
}

fn available(status: Option<&str>, place: &str, missing: &str) -> Seen {
    match status {
        Some("available") => Seen::Good,
        Some(status) if DOOMED.contains(&status) => Seen::Bad(format!(
            "For expression \"{place}\" we matched expected path: \"{status}\" at least once"
        )),
        Some(_) => Seen::NotYet,
        None => Seen::Bad(format!("An error occurred ({missing}): what was waited for does not exist")),
    }
}

fn deleted(status: Option<&str>) -> Seen {
    match status {
        None => Seen::Good,
        Some("creating" | "modifying" | "rebooting") => Seen::Bad("it is not being deleted".to_owned()),
        Some(_) => Seen::NotYet,
    }
}
