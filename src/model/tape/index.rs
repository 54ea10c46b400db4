//! Where each exchange stands on a tape.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::TapeError;
use super::line::{Asked, Line, VERSION};
use crate::record::TrialId;

/// Where every exchange of a tape stands. Of two that answer the same question the later one counts.
#[derive(Debug, Default)]
pub(super) struct Index {
    files: Vec<(PathBuf, File)>,
    places: BTreeMap<Asked, Place>,
    torn: usize,
}

/// Where a line stands: in which of a tape's files, and where in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    pub file: usize,
    pub offset: u64,
    pub bytes: usize,
}

/// As much of a line as tells whose it is.
#[derive(Deserialize)]
pub(super) struct Head {
    v: u32,
    pub trial: TrialId,
    pub part: String,
    turn: u32,
    digest: String,
}

/// The files of a tape with their numbers, in order.
pub(super) fn files(folder: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_tape = path.extension().is_some_and(|extension| extension == "jsonl");
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        files.extend(number.filter(|_| is_tape).map(|number| (number, path)));
    }
    files.sort();
    Ok(files)
}

/// Goes through the whole lines of a tape's file of this number; whether one was cut off behind them.
pub(super) fn walk(
    path: &Path,
    file: &File,
    number: usize,
    mut take: impl FnMut(Head, Place),
) -> Result<bool, TapeError> {
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    let (mut offset, mut lines, mut line) = (0_u64, 0_u64, Vec::new());
    loop {
        line.clear();
        let bytes = reader.read_until(b'\n', &mut line).map_err(TapeError::at(path))?;
        if bytes == 0 {
            return Ok(false);
        }
        lines = lines.saturating_add(1);
        if line.last() != Some(&b'\n') {
            return Ok(true);
        }
        let wrong = |problem: String| TapeError {
            path: path.to_owned(),
            problem: format!("line {lines}: {problem}"),
        };
        let head: Head =
            serde_json::from_slice(&line).map_err(|error| wrong(format!("no exchange: {error}")))?;
        if head.v != VERSION {
            return Err(wrong(format!("it is of version {}, and this program reads {VERSION}", head.v)));
        }
        take(head, Place { file: number, offset, bytes });
        offset = offset.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}

/// The bytes of a line.
pub(super) fn bytes_of(files: &[(PathBuf, File)], place: Place) -> Result<Vec<u8>, TapeError> {
    let Some((path, file)) = files.get(place.file) else {
        return Err(TapeError { path: PathBuf::new(), problem: "a file is missing".to_owned() });
    };
    let mut bytes = vec![0; place.bytes];
    file.read_exact_at(&mut bytes, place.offset).map_err(TapeError::at(path))?;
    Ok(bytes)
}

/// A line.
pub(super) fn load(files: &[(PathBuf, File)], place: Place) -> Result<Line, TapeError> {
    let bytes = bytes_of(files, place)?;
    let path = || files.get(place.file).map(|(path, _)| path.clone()).unwrap_or_default();
    let wrong = |error: serde_json::Error| TapeError { path: path(), problem: error.to_string() };
    serde_json::from_slice(&bytes).map_err(wrong)
}

impl Index {
    /// Reads a tape through.
    pub fn read(folder: &Path) -> Result<Self, TapeError> {
        let mut index = Self::default();
        for (_, path) in files(folder).map_err(TapeError::at(folder))? {
            let file = File::open(&path).map_err(TapeError::at(&path))?;
            index.add(&path, &file)?;
            index.files.push((path, file));
        }
        Ok(index)
    }

    fn add(&mut self, path: &Path, file: &File) -> Result<(), TapeError> {
        let (number, places) = (self.files.len(), &mut self.places);
        let is_torn = walk(path, file, number, |head, place| {
            let Head { trial, part, turn, digest, .. } = head;
            places.insert(Asked { trial, part, turn, digest }, place);
        })?;
        self.torn = self.torn.saturating_add(usize::from(is_torn));
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub const fn torn(&self) -> usize {
        self.torn
    }

    /// The exchange of this question.
    pub fn find(&self, asked: &Asked) -> Result<Option<Line>, TapeError> {
        self.places.get(asked).map(|place| self.load(*place)).transpose()
    }

    fn load(&self, place: Place) -> Result<Line, TapeError> {
        load(&self.files, place)
    }

    /// How far the conversation goes on the tape.
    pub fn turns(&self, trial: &TrialId, part: &str) -> u32 {
        self.of(trial, part).map(|(asked, _)| asked.turn).max().unwrap_or(0)
    }

    /// What was asked in this turn instead, whole.
    pub fn others(&self, asked: &Asked) -> Result<Option<String>, TapeError> {
        let mut places: Vec<_> = self.of(&asked.trial, &asked.part).collect();
        places.sort_by_key(|(_, place)| (place.file, place.offset));
        let (mut before, mut file, mut found) = (String::new(), None, None);
        for (known, place) in places {
            if file != Some(place.file) {
                before.clear();
                file = Some(place.file);
            }
            let line = self.load(*place)?;
            before = line.request.whole(&before).unwrap_or_default();
            if known.turn == asked.turn && !before.is_empty() {
                found = Some(before.clone());
            }
        }
        Ok(found)
    }

    fn of(&self, trial: &TrialId, part: &str) -> impl Iterator<Item = (&Asked, &Place)> {
        let from = Asked { trial: trial.clone(), part: part.to_owned(), turn: 0, digest: String::new() };
        let (trial, part) = (trial.clone(), part.to_owned());
        self.places.range(from..).take_while(move |(asked, _)| asked.trial == trial && asked.part == part)
    }
}
