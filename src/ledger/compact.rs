//! Rewriting ledgers into one, in canonical order: how a finished run comes to have the same bytes however it was
//! played, and how shards become one run. A trial's lines are copied as they are.
//!
//! The new ledger is made beside the old one, forced to the disk, and put in its place by two renames. Between
//! them the old one stands under `ledger.old`, which readers know; so there is no moment at which a sealed trial is
//! in neither.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::chain::Place;
use super::disk::{self, Output, RecordError};
use super::folder::RunFolder;
use super::index::{Index, Reader};
use crate::base::sabotage::{self, Sabotage};

/// A part of a rewritten ledger is closed when it has grown beyond this.
const PART_BYTES_MAX: u64 = 256 * 1024 * 1024;
const PIECE_BYTES: usize = 128 * 1024;

impl Index {
    /// Writes all its trials, sorted by identity, as the ledger of a run's folder, in the place of what is there.
    ///
    /// # Errors
    /// Something could not be read or written; the old ledger is as it was then.
    pub fn write(&self, folder: &RunFolder) -> Result<(), RecordError> {
        self.replace(folder)?;
        disk::remove_folder(&folder.path().join("ledger.old"))?;
        disk::sync_folder(folder.path())
    }

    /// As [`Index::write`], and keeps the ledger that was there, damage and all, under another name. Gives back which.
    ///
    /// # Errors
    /// As [`Index::write`].
    pub fn save(&self, folder: &RunFolder) -> Result<PathBuf, RecordError> {
        let name = |n: u32| folder.path().join(format!("damaged-{n}"));
        let aside = (1..u32::MAX).map(name).find(|path| path.symlink_metadata().is_err());
        let aside = aside.unwrap_or_else(|| name(0));
        self.replace(folder)?;
        let old = folder.path().join("ledger.old");
        if old.symlink_metadata().is_ok() {
            disk::rename(&old, &aside)?;
            disk::sync_folder(folder.path())?;
        }
        Ok(aside)
    }

    /// Puts the new ledger in the old one's place, which is `ledger.old` afterwards.
    fn replace(&self, folder: &RunFolder) -> Result<(), RecordError> {
        let path = |name: &str| folder.path().join(name);
        let (now, new, old) = (path("ledger"), path("ledger.new"), path("ledger.old"));
        disk::remove_folder(&new)?;
        disk::create_folder(&new)?;
        self.write_parts(&new)?;
        disk::sync_folder(&new)?;
        if now.symlink_metadata().is_ok() {
            disk::remove_folder(&old)?;
            match sabotage::is_on(Sabotage::RewriteInPlace) {
                true => disk::remove_folder(&now)?,
                false => disk::rename(&now, &old)?,
            }
        }
        disk::rename(&new, &now)?;
        disk::sync_folder(folder.path())
    }

    fn write_parts(&self, folder: &Path) -> Result<(), RecordError> {
        let mut part: Option<Part> = None;
        let mut parts = 0_u32;
        let mut source = Reader::default();
        for place in self.places() {
            let fits = |part: &Part| part.bytes.saturating_add(place.bytes) <= PART_BYTES_MAX;
            if !part.as_ref().is_some_and(fits) {
                part.take().map_or(Ok(()), Part::close)?;
                part = Some(Part::create(folder, parts)?);
                parts = parts.saturating_add(1);
            }
            if let Some(part) = &mut part {
                part.copy(source.file(&place.segment).map_err(RecordError::at(&place.segment))?, &place)?;
            }
        }
        part.map_or(Ok(()), Part::close)
    }
}

/// One file of a rewritten ledger.
struct Part {
    file: Output,
    piece: Vec<u8>,
    bytes: u64,
}

impl Part {
    fn create(folder: &Path, number: u32) -> Result<Self, RecordError> {
        let file = Output::create(folder.join(format!("part-{number:05}.jsonl")))?;
        Ok(Self { file, piece: Vec::new(), bytes: 0 })
    }

    fn copy(&mut self, mut from: &File, place: &Place) -> Result<(), RecordError> {
        let unread = RecordError::at(&place.segment);
        let sought = from.seek(SeekFrom::Start(place.offset));
        let mut from = from.take(place.bytes);
        if let Err(cause) = sought {
            return Err(unread(cause));
        }
        let mut copied = 0_u64;
        loop {
            let room = u64::try_from(PIECE_BYTES.saturating_sub(self.piece.len())).unwrap_or(u64::MAX);
            let read = from.by_ref().take(room).read_to_end(&mut self.piece);
            let read = read.map_err(RecordError::at(&place.segment))?;
            if self.piece.len() >= PIECE_BYTES {
                self.flush()?;
            }
            if read == 0 {
                break;
            }
            copied = copied.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        }
        self.bytes = self.bytes.saturating_add(copied);
        match copied == place.bytes {
            true => Ok(()),
            false => Err(unread(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    fn flush(&mut self) -> Result<(), RecordError> {
        let written = self.file.write(&self.piece);
        self.piece.clear();
        written
    }

    fn close(mut self) -> Result<(), RecordError> {
        if !self.piece.is_empty() {
            self.flush()?;
        }
        self.file.sync()
    }
}
