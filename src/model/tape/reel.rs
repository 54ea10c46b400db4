//! Tapes of runs as files: what one holds, whether it is sound, and several of them made one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use super::TapeError;
use super::index::{self, Place};
use super::line::Outcome;
use crate::base::digest;
use crate::ledger::{RecordError, RunFolder};
use crate::record::TrialId;

/// A tape that nobody records to.
#[derive(Debug)]
pub struct Reel {
    files: Vec<(PathBuf, File)>,
    /// Every line, by conversation and in the order in which it was written.
    lines: Vec<Spot>,
    /// Files whose last line was cut off when their writer was killed.
    pub torn: Vec<PathBuf>,
}

/// Whose a line is, and where it stands.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Spot {
    trial: TrialId,
    part: String,
    place: Place,
}

impl Reel {
    /// Reads a tape through; `None` if there is none.
    ///
    /// # Errors
    /// A line of it is no exchange.
    pub fn open(folder: &Path) -> Result<Option<Self>, TapeError> {
        if !folder.is_dir() {
            return Ok(None);
        }
        let mut reel = Self { files: Vec::new(), lines: Vec::new(), torn: Vec::new() };
        for (_, path) in index::files(folder).map_err(TapeError::at(folder))? {
            let file = File::open(&path).map_err(TapeError::at(&path))?;
            let is_torn = index::walk(&path, &file, reel.files.len(), |head, place| {
                reel.lines.push(Spot { trial: head.trial, part: head.part, place });
            })?;
            reel.torn.extend(is_torn.then(|| path.clone()));
            reel.files.push((path, file));
        }
        reel.lines.sort();
        Ok(Some(reel))
    }

    /// How many exchanges of each trial it holds.
    pub fn exchanges(&self) -> BTreeMap<TrialId, usize> {
        let mut found: BTreeMap<TrialId, usize> = BTreeMap::new();
        for line in &self.lines {
            let n = found.entry(line.trial.clone()).or_default();
            *n = n.saturating_add(1);
        }
        found
    }

    /// The trials in which somebody played this part: `agent`, or a guardrail that asks a model.
    pub fn trials_of(&self, part: &str) -> BTreeSet<TrialId> {
        self.lines.iter().filter(|line| line.part == part).map(|line| line.trial.clone()).collect()
    }

    /// Puts every question together and holds it against its digest. Gives back a digest of what each trial was answered.
    ///
    /// # Errors
    /// A question is not the one that its digest is of: something was changed, or is missing before it.
    pub fn verify(&self) -> Result<BTreeMap<TrialId, String>, TapeError> {
        let trials = self.lines.chunk_by(|a, b| a.trial == b.trial);
        let trials = trials.filter_map(|lines| Some((lines.first()?.trial.clone(), self.answers(lines))));
        trials.map(|(trial, answers)| Ok((trial, answers?))).collect()
    }

    /// Digest of what the questions of one trial were answered; of two answers to one question the later counts.
    fn answers(&self, lines: &[Spot]) -> Result<String, TapeError> {
        let mut answers = BTreeMap::new();
        let same_writer = |a: &Spot, b: &Spot| a.part == b.part && a.place.file == b.place.file;
        for conversation in lines.chunk_by(same_writer) {
            let mut before = String::new();
            for Spot { part, place, .. } in conversation {
                let line = index::load(&self.files, *place)?;
                before = line
                    .request
                    .whole(&before)
                    .filter(|body| line.is_of(body))
                    .ok_or_else(|| self.changed(*place))?;
                if let Outcome::Answered { body, .. } = line.outcome {
                    answers.insert((part, line.turn, line.digest), body);
                }
            }
        }
        Ok(digest::of_parts(answers.values().map(String::as_str)))
    }

    fn changed(&self, place: Place) -> TapeError {
        let path = self.files.get(place.file).map(|(path, _)| path.clone()).unwrap_or_default();
        let problem = format!("the question at byte {} is not the one that its digest is of", place.offset);
        TapeError { path, problem }
    }
}

/// Writes several tapes as one, in which each trial's lines are those of one of them, byte for byte: `of` says which.
///
/// # Errors
/// One cannot be read, or the new one not be written.
pub fn unite(reels: &[Reel], of: &BTreeMap<TrialId, usize>, into: &Path) -> Result<(), RecordError> {
    let unread =
        |error: TapeError| RecordError { path: error.path.clone(), cause: std::io::Error::other(error) };
    std::fs::create_dir_all(into).map_err(RecordError::at(into))?;
    let folder = RunFolder::open(into);
    let mut number = 0_u32;
    for (n, reel) in reels.iter().enumerate() {
        let own = reel.lines.iter().filter(|line| of.get(&line.trial) == Some(&n));
        let mut places: Vec<Place> = own.map(|line| line.place).collect();
        places.sort();
        for file in places.chunk_by(|a, b| a.file == b.file) {
            number = number.saturating_add(1);
            let mut written = folder.begin(&format!("{number:04}.jsonl"))?;
            for place in file {
                written.write(&index::bytes_of(&reel.files, *place).map_err(unread)?);
            }
            written.finish()?;
        }
    }
    Ok(())
}
