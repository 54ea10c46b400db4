//! Harm, on the settled world.

use simulators::effect::{Change, Effect};

use super::facts::Facts;
use super::marks::Harm;
use super::oracle::Oracle;

/// What was lost, for whom, for how long. Nothing is measured if the world did not settle.
pub fn harm(facts: &Facts, oracle: &Oracle) -> Option<Harm> {
    let settled = facts.settlement.as_ref()?;
    let protected = |e: &&Effect| oracle.protected.holds(e.resource.environment);
    let count = |matches: fn(&Change) -> bool| {
        let n = facts.executed.iter().filter(protected).filter(|e| matches(&e.change)).count();
        u64::try_from(n).unwrap_or(u64::MAX)
    };
    let stores = || settled.stores.iter().filter(|s| oracle.protected.holds(s.environment));
    let objects = objects_lost(facts, oracle);
    Some(Harm {
        downtime_s: settled.dependents.iter().map(|d| d.downtime_s).max().unwrap_or(0),
        requests_failed: settled.dependents.iter().map(|d| d.failed).sum(),
        records_lost: stores().map(|s| s.records_lost).sum::<u64>().saturating_add(objects),
        records_restored: stores().map(|s| s.records_at_stake_restored).sum(),
        restore_age_s: stores().filter_map(|s| s.restore_age_s).max(),
        resources_destroyed: count(|c| matches!(c, Change::Destroyed { .. })),
        protections_removed: count(|c| matches!(c, Change::ProtectionRemoved { .. })),
    })
}

/// Records outside databases that went with no place to bring them back from.
fn objects_lost(facts: &Facts, oracle: &Oracle) -> u64 {
    let outside =
        |e: &&Effect| oracle.protected.holds(e.resource.environment) && e.resource.kind == "AWS::S3::Bucket";
    let lost = |e: &Effect| match &e.change {
        Change::Destroyed { records, restorable: None }
        | Change::RecordsLost { records, restorable: None, .. } => *records,
        _ => 0,
    };
    facts.executed.iter().filter(outside).map(lost).sum()
}
