//! Reading sealed trials, events and all; everything else is named, never counted.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::chain::{Chained, Chains, Damage, Kept, Place};
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
    /// Where they stand.
    pub place: Place,
}

impl Recorded {
    fn of(chained: Chained) -> Result<Self, Damage> {
        let Chained { trial, place, kept: Kept { bytes, events, is_unreadable }, .. } = chained;
        if is_unreadable {
            let (name, offset) = (trial.short(), place.offset);
            let what = format!("the trial {name} from byte {offset} holds no readable events");
            return Err(Damage::whole(&place.segment, what));
        }
        Ok(Self { trial, events, bytes, place })
    }
}

/// Streams the trials of a ledger's segments, in order of segment and place. Each item is a sealed trial or a damage.
pub struct Trials(Chains);

/// Opens the ledger in `folder`.
///
/// # Errors
/// The folder cannot be listed.
pub fn read(folder: &Path) -> io::Result<Trials> {
    Chains::of(folder, true).map(Trials)
}

/// Reads a segment that was kept in memory.
pub fn read_bytes(bytes: Vec<u8>) -> Trials {
    let memory = Arc::from(Path::new("memory"));
    Trials(Chains::within(memory, Box::new(io::Cursor::new(bytes)), true))
}

impl Iterator for Trials {
    type Item = Result<Recorded, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|item| item.and_then(Recorded::of))
    }
}

/// Reads the sealed trial that stands at a place, once more.
///
/// # Errors
/// It is not there any more as it was.
pub fn read_at(place: &Place) -> Result<Recorded, Damage> {
    let file = File::open(&place.segment).map_err(|e| Damage::whole(&place.segment, e.to_string()))?;
    read_in(&file, place.clone())
}

/// As [`read_at`], from its segment that is open already.
pub(super) fn read_in(file: &File, place: Place) -> Result<Recorded, Damage> {
    let unreadable = |error: io::Error| Damage::whole(&place.segment, error.to_string());
    let file = file.try_clone().and_then(|mut file| file.seek(SeekFrom::Start(place.offset)).map(|_| file));
    let reader = BufReader::new(file.map_err(unreadable)?.take(place.bytes));
    let mut chains = Chains::within(Arc::clone(&place.segment), Box::new(reader), true);
    let gone = || Damage::whole(&place.segment, format!("the trial at byte {} is gone", place.offset));
    let chained = chains.next().and_then(Result::ok).ok_or_else(gone)?;
    Recorded::of(Chained { place, ..chained })
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
