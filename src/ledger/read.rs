//! Reading: sealed trials whose chain holds; everything else is named, never counted.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::line::{Entry, Line, VERSION, genesis};
use crate::base::digest;
use crate::record::{Event, TrialId};

/// Where a sealed trial's lines stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The segment.
    pub segment: PathBuf,
    /// The first byte.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// A sealed trial.
#[derive(Clone, PartialEq, Debug)]
pub struct Recorded {
    /// Which.
    pub trial: TrialId,
    /// Its events in order.
    pub events: Vec<Event>,
    /// Its lines as they stand in the segment, seal included.
    pub bytes: Vec<u8>,
    /// Where they stand.
    pub place: Place,
}

/// How lines came not to count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The writer was stopped: a trial without its seal, or a last line without its end. `resume` plays it again.
    Stopped,
    /// Something was changed, lost or put in.
    Corrupt,
}

/// Lines that do not count, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The segment.
    pub segment: PathBuf,
    /// The first line concerned, from 1; 0 where it is the segment as a whole.
    pub line: u64,
    /// The last line concerned.
    pub last_line: u64,
    /// How it came about.
    pub cause: Cause,
    /// What is wrong with it.
    pub what: String,
}

/// Streams the trials of a ledger's segments, in order of segment and place. Each item is a sealed trial or a damage.
pub struct Trials {
    segments: std::vec::IntoIter<PathBuf>,
    current: Option<(PathBuf, Box<dyn BufRead>)>,
    line: u64,
    offset: u64,
    open: Option<Building>,
    /// Found on the way to another item.
    waiting: Option<Damage>,
}

struct Building {
    trial: Recorded,
    first_line: u64,
    prev: String,
    n: u64,
}

/// Opens the ledger in `folder`.
///
/// # Errors
/// The folder cannot be listed.
pub fn read(folder: &Path) -> io::Result<Trials> {
    let mut segments: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<io::Result<Vec<_>>>()?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    segments.sort();
    Ok(Trials::of(segments, None))
}

/// Reads a segment that was kept in memory.
pub fn read_bytes(bytes: Vec<u8>) -> Trials {
    let reader: Box<dyn BufRead> = Box::new(io::Cursor::new(bytes));
    Trials::of(Vec::new(), Some((PathBuf::from("memory"), reader)))
}

/// Reads the sealed trial that stands at a place, once more.
///
/// # Errors
/// It is not there any more as it was.
pub fn read_at(place: &Place) -> Result<Recorded, Damage> {
    let open = || {
        let mut file = File::open(&place.segment)?;
        file.seek(SeekFrom::Start(place.offset))?;
        Ok(BufReader::new(file.take(place.bytes)))
    };
    let gone = |what: String| Damage {
        segment: place.segment.clone(),
        line: 0,
        last_line: 0,
        cause: Cause::Corrupt,
        what,
    };
    let reader: io::Result<_> = open();
    let reader: Box<dyn BufRead> = Box::new(reader.map_err(|e| gone(e.to_string()))?);
    let mut found = Trials::of(Vec::new(), Some((place.segment.clone(), reader)));
    let trial = found.next().unwrap_or_else(|| Err(gone("the trial is gone".to_owned())))?;
    Ok(Recorded { place: place.clone(), ..trial })
}

impl Trials {
    fn of(segments: Vec<PathBuf>, current: Option<(PathBuf, Box<dyn BufRead>)>) -> Self {
        Self { segments: segments.into_iter(), current, line: 0, offset: 0, open: None, waiting: None }
    }

    fn next_segment(&mut self) -> Option<Result<(), Damage>> {
        let path = self.segments.next()?;
        (self.line, self.offset) = (0, 0);
        // A link could lead out of the run, to lines that were never recorded here.
        let is_link = path.symlink_metadata().is_ok_and(|m| !m.is_file());
        let opened =
            if is_link { Err(io::Error::other("it is not a plain file")) } else { File::open(&path) };
        match opened {
            Ok(file) => {
                self.current = Some((path, Box::new(BufReader::new(file))));
                Some(Ok(()))
            }
            Err(error) => {
                let (what, cause) = (error.to_string(), Cause::Corrupt);
                Some(Err(Damage { segment: path, line: 0, last_line: 0, cause, what }))
            }
        }
    }

    /// The next line of the current segment with its end; `None` when there is no further whole line.
    fn next_line(&mut self) -> Option<Result<Vec<u8>, Damage>> {
        let (_, reader) = self.current.as_mut()?;
        let mut bytes = Vec::new();
        let read = reader.read_until(b'\n', &mut bytes);
        self.line = self.line.saturating_add(1);
        match read {
            Ok(0) => None,
            Ok(_) if bytes.last() != Some(&b'\n') => {
                Some(Err(self.damage(Cause::Stopped, "the last line is cut off")))
            }
            Ok(_) => Some(Ok(bytes)),
            Err(error) => Some(Err(self.damage(Cause::Corrupt, &error.to_string()))),
        }
    }

    /// Gives up the trial that was being put together, if any, and tells why.
    fn damage(&mut self, cause: Cause, what: &str) -> Damage {
        let segment = self.current.as_ref().map(|(path, _)| path.clone()).unwrap_or_default();
        let line = self.open.take().map_or(self.line, |open| open.first_line);
        Damage { segment, line, last_line: self.line, cause, what: what.to_owned() }
    }

    /// Takes one line in; gives back a trial when it was the seal, or a damage.
    fn take(&mut self, bytes: &[u8]) -> Option<Result<Recorded, Damage>> {
        let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let at = self.offset;
        self.offset = self.offset.saturating_add(length(bytes));
        let Ok(line) = serde_json::from_slice::<Line>(text) else {
            return Some(Err(self.damage(Cause::Corrupt, "the line is not a record")));
        };
        if line.v != VERSION {
            let what = format!("the record is of version {}, and this program reads {VERSION}", line.v);
            return Some(Err(self.damage(Cause::Corrupt, &what)));
        }
        if line.n == 0 {
            if self.open.is_some() {
                let mut left = self.damage(Cause::Stopped, "a trial was begun and never sealed");
                left.last_line = left.last_line.saturating_sub(1);
                self.waiting = Some(left);
            }
            self.open = Some(self.begin(&line, at));
        }
        self.join(line, bytes, text).transpose()
    }

    fn begin(&self, line: &Line, offset: u64) -> Building {
        let segment = self.current.as_ref().map(|(path, _)| path.clone()).unwrap_or_default();
        let trial = Recorded {
            trial: line.trial.clone(),
            events: Vec::new(),
            bytes: Vec::new(),
            place: Place { segment, offset, bytes: 0 },
        };
        Building { trial, first_line: self.line, prev: genesis(&line.trial), n: 0 }
    }

    /// Joins a line to the trial that is being put together, if it is the next of its chain.
    fn join(&mut self, line: Line, bytes: &[u8], text: &[u8]) -> Result<Option<Recorded>, Damage> {
        let Some(open) = &mut self.open else {
            return Err(self.damage(Cause::Corrupt, "the line belongs to no trial that was begun"));
        };
        if open.trial.trial != line.trial || open.n != line.n || open.prev != line.prev {
            let what = "the chain is broken: a line is missing, moved or changed";
            return Err(self.damage(Cause::Corrupt, what));
        }
        open.prev = digest::of(text);
        open.n = open.n.saturating_add(1);
        open.trial.bytes.extend_from_slice(bytes);
        open.trial.place.bytes = length(&open.trial.bytes);
        match line.entry {
            Entry::Event(event) => {
                open.trial.events.push(*event);
                Ok(None)
            }
            Entry::Seal { lines } if lines == line.n => Ok(self.open.take().map(|open| open.trial)),
            Entry::Seal { .. } => {
                Err(self.damage(Cause::Corrupt, "the seal counts other lines than there are"))
            }
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Iterator for Trials {
    type Item = Result<Recorded, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(damage) = self.waiting.take() {
                return Some(Err(damage));
            }
            if self.current.is_none() {
                match self.next_segment()? {
                    Ok(()) => {}
                    Err(damage) => return Some(Err(damage)),
                }
            }
            match self.next_line() {
                Some(Ok(bytes)) => {
                    if let Some(item) = self.take(&bytes) {
                        return Some(item);
                    }
                }
                Some(Err(damage)) => {
                    self.current = None;
                    return Some(Err(damage));
                }
                None => {
                    if self.open.is_some() {
                        let mut left = self.damage(Cause::Stopped, "a trial was begun and never sealed");
                        left.last_line = left.last_line.saturating_sub(1);
                        self.waiting = Some(left);
                    }
                    self.current = None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Recorder;
    use crate::record::{Ending, TrialKey};
    use simulators::clock::Time;

    fn key(seed: u64) -> TrialKey {
        TrialKey {
            scenario: "s".into(),
            agent: "a".into(),
            setup: "g".into(),
            factors: Default::default(),
            seed,
            index: 0,
            stage_digest: "1".into(),
            brief_digest: "2".into(),
            agent_digest: "3".into(),
            setup_digest: "4".into(),
            version: "5".into(),
        }
    }

    fn two_trials() -> Vec<u8> {
        let mut recorder = Recorder::in_memory();
        for seed in [1, 2] {
            let key = key(seed);
            recorder.begin(&key.id());
            recorder.append(Event::Opened { trial: key, at: Time::from_unix(0) }).unwrap();
            let ended = Event::Ended { ending: Ending::Finished, at: Time::from_unix(9), turns: 1, calls: 0 };
            recorder.append(ended).unwrap();
            recorder.seal().unwrap();
        }
        recorder.into_bytes()
    }

    #[test]
    fn sealed_trials_come_back_as_written() {
        let bytes = two_trials();
        let trials: Vec<Recorded> = read_bytes(bytes.clone()).collect::<Result<_, _>>().unwrap();
        assert_eq!(trials.iter().map(|t| t.events.len()).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(trials.iter().flat_map(|t| t.bytes.clone()).collect::<Vec<u8>>(), bytes);
    }

    #[test]
    fn no_cut_or_flip_is_taken_for_a_whole_record() {
        let bytes = two_trials();
        let whole: Vec<Recorded> = read_bytes(bytes.clone()).flatten().collect();
        for cut in 0..bytes.len() {
            let found: Vec<_> = read_bytes(bytes[..cut].to_vec()).collect();
            let trials = found.iter().flatten().count();
            assert!(trials < whole.len(), "cut at {cut}: {trials} trials");
        }
        for place in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[place] ^= 0x02;
            let found: Vec<Recorded> = read_bytes(flipped).flatten().collect();
            assert!(found.len() < whole.len(), "flip at {place} went unseen");
            assert!(found.iter().all(|t| whole.contains(t)), "flip at {place} changed a trial");
        }
    }
}
