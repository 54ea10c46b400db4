//! Reading: sealed trials whose chain holds; everything else is named, never counted.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::line::{Entry, Line, VERSION, genesis};
use crate::base::digest;
use crate::record::{Event, TrialId};

/// A sealed trial.
#[derive(Clone, PartialEq, Debug)]
pub struct Recorded {
    /// Which.
    pub trial: TrialId,
    /// Its events in order.
    pub events: Vec<Event>,
    /// Its lines as they stand in the segment, seal included.
    pub bytes: Vec<u8>,
}

/// Lines that do not count, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The segment.
    pub segment: PathBuf,
    /// The first line concerned, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

/// Streams the trials of a run's segments, in order of segment and place. Each item is a sealed trial or a damage.
pub struct Trials {
    segments: std::vec::IntoIter<PathBuf>,
    current: Option<(PathBuf, Box<dyn BufRead>)>,
    line: u64,
    open: Option<Building>,
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
    Ok(Trials { segments: segments.into_iter(), current: None, line: 0, open: None })
}

/// Reads a segment that was kept in memory.
pub fn read_bytes(bytes: Vec<u8>) -> Trials {
    let reader: Box<dyn BufRead> = Box::new(io::Cursor::new(bytes));
    Trials {
        segments: Vec::new().into_iter(),
        current: Some((PathBuf::from("memory"), reader)),
        line: 0,
        open: None,
    }
}

impl Trials {
    fn next_segment(&mut self) -> Option<Result<(), Damage>> {
        let path = self.segments.next()?;
        self.line = 0;
        match File::open(&path) {
            Ok(file) => {
                self.current = Some((path, Box::new(BufReader::new(file))));
                Some(Ok(()))
            }
            Err(cause) => Some(Err(Damage { segment: path, line: 0, what: cause.to_string() })),
        }
    }

    /// The next line of the current segment without its end; `None` at its end.
    fn next_line(&mut self) -> Option<Result<Vec<u8>, Damage>> {
        let (path, reader) = self.current.as_mut()?;
        let mut bytes = Vec::new();
        self.line = self.line.saturating_add(1);
        let damage =
            |what: String, line: u64, path: &Path| Some(Err(Damage { segment: path.to_owned(), line, what }));
        match reader.read_until(b'\n', &mut bytes) {
            Ok(0) => None,
            Ok(_) if bytes.last() != Some(&b'\n') => {
                let what = "the line is cut off".to_owned();
                let result = damage(what, self.line, path);
                self.open = None;
                result
            }
            Ok(_) => Some(Ok(bytes)),
            Err(cause) => damage(cause.to_string(), self.line, path),
        }
    }

    fn damage(&mut self, what: &str) -> Damage {
        let segment = self.current.as_ref().map(|(path, _)| path.clone()).unwrap_or_default();
        let line = self.open.take().map_or(self.line, |open| open.first_line);
        Damage { segment, line, what: what.to_owned() }
    }

    /// Takes one line in; gives back a trial when it was the seal, or a damage.
    fn take(&mut self, bytes: &[u8]) -> Option<Result<Recorded, Damage>> {
        let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let Ok(line) = serde_json::from_slice::<Line>(text) else {
            return Some(Err(self.damage("the line is not a record")));
        };
        if line.v != VERSION {
            return Some(Err(self.damage(&format!("the record is of version {}, not {VERSION}", line.v))));
        }
        let mut unsealed = None;
        if line.n == 0 {
            if self.open.is_some() {
                unsealed = Some(Err(self.damage("a trial was begun and never sealed")));
            }
            let trial = Recorded { trial: line.trial.clone(), events: Vec::new(), bytes: Vec::new() };
            let prev = genesis(&line.trial);
            self.open = Some(Building { trial, first_line: self.line, prev, n: 0 });
        }
        let Some(open) = &mut self.open else {
            return Some(Err(self.damage("the line belongs to no trial that was begun")));
        };
        if open.trial.trial != line.trial || open.n != line.n || open.prev != line.prev {
            return Some(Err(self.damage("the chain is broken: a line is missing, moved or changed")));
        }
        open.prev = digest::of(text);
        open.n = open.n.saturating_add(1);
        open.trial.bytes.extend_from_slice(bytes);
        match line.entry {
            Entry::Event(event) => {
                open.trial.events.push(*event);
                unsealed
            }
            Entry::Seal { lines } if lines == line.n => self.open.take().map(|open| Ok(open.trial)),
            Entry::Seal { .. } => Some(Err(self.damage("the seal counts other lines than there are"))),
        }
    }
}

impl Iterator for Trials {
    type Item = Result<Recorded, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
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
                    let unsealed =
                        self.open.is_some().then(|| self.damage("a trial was begun and never sealed"));
                    self.current = None;
                    if let Some(damage) = unsealed {
                        return Some(Err(damage));
                    }
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
