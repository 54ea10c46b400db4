//! The transcripts that a page carries: chosen, read from the ledger, packed.

use std::collections::{BTreeMap, BTreeSet};

use super::packed::pack;
use super::story::story;
use super::trials::{short, worth_reading};
use crate::baseline::Comparison;
use crate::ledger::{self, RunFolder};
use crate::report::Sheet;

/// Packed transcripts that one page carries, together.
const BYTES_MAX: usize = 6 * 1024 * 1024;

/// What a page shows beyond the sheet: transcripts, packed, by identity; and what changed since a baseline.
#[derive(Clone, Debug, Default)]
pub struct Stories {
    packed: BTreeMap<String, String>,
    pub(super) comparison: Option<Comparison>,
}

impl Stories {
    /// Reads and packs those that are worth carrying. What of the ledger cannot be read is not there; the sheet says why.
    pub fn read(folder: &RunFolder, sheet: &Sheet) -> Self {
        let mut wanted: BTreeSet<&str> = worth_reading(sheet).into_iter().collect();
        let mut packed = BTreeMap::new();
        let trials = ledger::read(&folder.ledger()).into_iter().flatten().flatten();
        for trial in trials {
            if wanted.remove(trial.trial.as_str()) {
                packed.insert(trial.trial.as_str().to_owned(), pack(&story(&trial.events)));
            }
            if wanted.is_empty() {
                break;
            }
        }
        Self { packed, comparison: None }
    }

    /// With what changed since a baseline.
    #[must_use]
    pub fn beside(self, comparison: Comparison) -> Self {
        Self { comparison: Some(comparison), ..self }
    }

    /// As many as fit into the page, the most worth reading first; sorted by identity.
    pub(super) fn fitting(&self, sheet: &Sheet) -> Vec<(String, &str)> {
        let mut bytes = 0_usize;
        let known = worth_reading(sheet).into_iter().filter_map(|id| self.packed.get_key_value(id));
        let fitting = known.take_while(|(_, text)| {
            bytes = bytes.saturating_add(text.len());
            bytes <= BYTES_MAX
        });
        let mut fitting: Vec<(String, &str)> =
            fitting.map(|(id, text)| (short(id).to_owned(), text.as_str())).collect();
        fitting.sort();
        fitting
    }
}
