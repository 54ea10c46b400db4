//! Which rows are not what they were at the beginning of the trial, by name where they are few.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::World;
use crate::effect::{ROWS_NAMED_MAX, Row};
use crate::service::{broker_nodes, dns_mend};
use crate::sql::{Data, RowsLost, TableDiff};

/// What of one table is not as it was.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Moved {
    /// Rows of before that are gone, or stand with other values, as they stood.
    pub gone: Vec<Row>,
    /// Rows that were not there, or stood with other values, as they stand.
    pub came: Vec<Row>,
    /// Rows of either kind that are too many to be named; then none is.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unnamed: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// The rows behind a table's difference; none where they are too many, or columns are gone.
pub(crate) fn named(before: &Data, after: &Data, table: &str, diff: &TableDiff) -> RowsLost {
    match diff.gone.saturating_add(diff.changed) {
        1..=ROWS_NAMED_MAX if diff.columns_dropped.is_empty() => before.rows_lost(after, table),
        _ => RowsLost::default(),
    }
}

/// What has moved in each staged database that stands, by instance and table, and in
/// each staged zone (`records`) and broker (`partitions`); those in which nothing has are left out.
pub fn moved(world: &World) -> BTreeMap<String, BTreeMap<String, Moved>> {
    let staged = world.dependents.staged.iter();
    let standing = staged.filter_map(|(id, before)| Some((id, before, world.data(id)?)));
    let moved = standing.map(|(id, before, now)| (id.clone(), between(before, now)));
    moved
        .filter(|(_, tables)| !tables.is_empty())
        .chain(dns_mend::moved(world))
        .chain(broker_nodes::moved(world))
        .collect()
}

fn between(before: &Data, now: &Data) -> BTreeMap<String, Moved> {
    let (there, back) = (before.diff(now), now.diff(before));
    let mut tables: BTreeMap<String, Moved> = BTreeMap::new();
    for (from, to, diffs, is_back) in [(before, now, &there, false), (now, before, &back, true)] {
        for (table, diff) in diffs.iter().filter(|(_, diff)| diff.lost() > 0) {
            let RowsLost { gone, changed } = named(from, to, table, diff);
            let rows: Vec<Row> = gone.into_iter().chain(changed).collect();
            let entry = tables.entry(table.clone()).or_default();
            let named = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            entry.unnamed = entry.unnamed.saturating_add(diff.lost().saturating_sub(named));
            if is_back { entry.came = rows } else { entry.gone = rows }
        }
    }
    tables
}
