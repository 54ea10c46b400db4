//! The transcripts that a page carries: chosen, read from the ledger, packed, and kept on the disk until it is written.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use super::packed::script;
use super::story::story;
use super::trials::worth_reading;
use crate::ledger::{Index, RecordError, read_at};
use crate::record::{Event, TrialId};
use crate::report::Sheet;

/// Packed transcripts that one page carries, together.
const BYTES_MAX: u64 = 6 * 1024 * 1024;

/// A transcript as a page carries it: an element under the trial's identity, with packed rows of text in it.
pub fn story_element(trial: &TrialId, events: &[Event]) -> Vec<u8> {
    let mut element = Vec::new();
    // Memory takes whatever it is given.
    let _ = script(&mut element, &format!("t-{}", trial.short()), &story(events));
    element
}

/// The transcripts of a page; none of them where nobody asked.
#[derive(Debug, Default)]
pub struct Stories {
    packed: Option<File>,
    /// How many there are.
    pub(super) carried: u64,
}

impl Stories {
    /// Reads and packs those that are worth carrying, the most worth reading first, until the page is full. What of the
    /// ledger cannot be read is not there; the sheet says why.
    ///
    /// # Errors
    /// What is kept on the disk cannot be written or read.
    pub fn read(index: &Index, sheet: &Sheet) -> Result<Self, RecordError> {
        Self::pack(index, sheet).map_err(|cause| RecordError { path: std::env::temp_dir(), cause })
    }

    fn pack(index: &Index, sheet: &Sheet) -> io::Result<Self> {
        let mut packed = tempfile::tempfile()?;
        let (mut carried, mut bytes) = (0_u64, 0_u64);
        let places = worth_reading(sheet)?.into_iter().filter_map(|id| index.place_of(&id));
        for trial in places.flat_map(|place| read_at(&place)) {
            let piece = story_element(&trial.trial, &trial.events);
            bytes = bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if bytes > BYTES_MAX {
                break;
            }
            packed.write_all(&piece)?;
            carried = carried.saturating_add(1);
        }
        Ok(Self { packed: Some(packed), carried })
    }

    /// Writes them.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(mut packed) = self.packed.as_ref() else { return Ok(()) };
        packed.seek(SeekFrom::Start(0))?;
        io::copy(&mut packed, out).map(|_| ())
    }
}
