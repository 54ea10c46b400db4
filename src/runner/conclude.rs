//! What a run comes to: a finished one gets its canonical form.

use crate::ledger::{Index, RecordError, RunFolder};
use crate::record::plan::Plan;

/// What stands in a run's ledger.
///
/// # Errors
/// The ledger cannot be read.
pub fn index(folder: &RunFolder, plan: &Plan) -> Result<Index, RecordError> {
    let mut index = Index::default();
    index.add(&folder.ledger(), |key| plan.holds(key))?;
    Ok(index)
}

/// If every trial of the plan is sealed and nothing is corrupt, rewrites the ledger in canonical order: the same bytes
/// however the run was played, interrupted and resumed. Otherwise leaves it as it is, for `resume` or `doctor`.
///
/// # Errors
/// The ledger cannot be read or written.
pub fn conclude(folder: &RunFolder, plan: &Plan) -> Result<bool, RecordError> {
    let index = index(folder, plan)?;
    let is_whole = !index.is_corrupt() && plan.keys().all(|key| index.has(&key.id()));
    if is_whole {
        index.write(folder)?;
    }
    Ok(is_whole)
}
