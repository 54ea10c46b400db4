//! Which trials of a plan are sealed, and where: some thirty bytes a trial, so that a run may be larger than memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::chain::{Cause, Chained, Chains, Damage, Place};
use super::disk::RecordError;
use super::line::{Entry, Line};
use super::read::{Recorded, read_in};
use crate::base::sabotage::{self, Sabotage};
use crate::record::{Event, TrialId, TrialKey};

/// Damages that are told; more are only counted.
const DAMAGES_MAX: usize = 1_000;
/// Two recordings of the same trial are compared in pieces of this many bytes.
const PIECE_BYTES: u64 = 64 * 1024;

/// What a ledger holds, by identity; the lines stay where they are.
#[derive(Clone, Debug, Default)]
pub struct Index {
    segments: Vec<Arc<Path>>,
    /// Sorted by identity, each identity once.
    trials: Vec<Found>,
    /// What does not count.
    pub damages: Vec<Damage>,
    /// How many damages more there are.
    pub more_damages: u64,
}

/// A sealed trial. Its order is that of identities, then of where it stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Found {
    trial: [u8; 16],
    segment: u32,
    bytes: u32,
    offset: u64,
}

impl Index {
    /// Adds all sealed trials of a ledger that `wanted` accepts. The same trial twice is one, if its bytes are the same;
    /// other bytes under the same identity are a damage, and the first stay.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn add(&mut self, ledger: &Path, wanted: impl Fn(&TrialKey) -> bool) -> Result<(), RecordError> {
        for item in Chains::of(ledger, false).map_err(RecordError::at(ledger))? {
            match item {
                Ok(chained) => self.take(chained, &wanted),
                Err(damage) => self.tell(damage),
            }
        }
        self.trials.sort_unstable_by_key(|found| (found.trial, found.segment, found.offset));
        if !sabotage::is_on(Sabotage::CountTwice) {
            self.unite();
        }
        Ok(())
    }

    fn take(&mut self, chained: Chained, wanted: &impl Fn(&TrialKey) -> bool) {
        let Chained { trial, place, first, .. } = chained;
        let key = match serde_json::from_slice::<Line>(&first).map(|line| line.entry) {
            Ok(Entry::Event(event)) => match *event {
                Event::Opened { trial, .. } => Some(trial),
                _ => None,
            },
            _ => None,
        };
        let is_wanted = key.is_some_and(|key| key.id() == trial && wanted(&key));
        let (Some(id), Ok(bytes), true) = (trial.bytes(), u32::try_from(place.bytes), is_wanted) else {
            return self.tell(foreign(&place, "is not of this run"));
        };
        if self.segments.last() != Some(&place.segment) {
            self.segments.push(place.segment);
        }
        let segment = u32::try_from(self.segments.len().saturating_sub(1)).unwrap_or(u32::MAX);
        self.trials.push(Found { trial: id, segment, bytes, offset: place.offset });
    }

    /// Keeps one of those that are the same trial.
    fn unite(&mut self) {
        let mut kept = std::mem::take(&mut self.trials);
        let mut other = Vec::new();
        kept.dedup_by(|next, first| {
            let is_same = next.trial == first.trial;
            if is_same && !self.have_same_bytes(first, next) {
                other.push(foreign(&self.place(next), "is there twice, with other bytes"));
            }
            is_same
        });
        self.trials = kept;
        other.into_iter().for_each(|damage| self.tell(damage));
    }

    fn have_same_bytes(&self, a: &Found, b: &Found) -> bool {
        let open = |found: &Found| {
            let place = self.place(found);
            let mut file = File::open(&place.segment)?;
            file.seek(SeekFrom::Start(place.offset))?;
            io::Result::Ok(file.take(place.bytes))
        };
        let compare = || -> io::Result<bool> { Ok(a.bytes == b.bytes && is_same(open(a)?, open(b)?)?) };
        compare().unwrap_or(false)
    }

    fn tell(&mut self, damage: Damage) {
        match self.damages.len() < DAMAGES_MAX {
            true => self.damages.push(damage),
            false => self.more_damages = self.more_damages.saturating_add(1),
        }
    }

    /// Whether this trial is sealed.
    pub fn has(&self, trial: &TrialId) -> bool {
        trial.bytes().is_some_and(|id| self.trials.binary_search_by_key(&id, |found| found.trial).is_ok())
    }

    /// Where a sealed trial stands.
    pub fn place_of(&self, trial: &TrialId) -> Option<Place> {
        let id = trial.bytes()?;
        let at = self.trials.binary_search_by_key(&id, |found| found.trial).ok()?;
        self.trials.get(at).map(|found| self.place(found))
    }

    /// How many trials are sealed.
    pub fn len(&self) -> usize {
        self.trials.len()
    }

    /// Nothing is sealed.
    pub fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }

    /// Something was changed, lost or put in; being stopped is not that.
    pub fn is_corrupt(&self) -> bool {
        self.more_damages > 0 || self.damages.iter().any(|d| d.cause == Cause::Corrupt)
    }

    /// The sealed trials, in order of identity, read one by one.
    pub fn trials(&self) -> impl Iterator<Item = Result<Recorded, Damage>> + '_ {
        let mut open = Reader::default();
        self.places().map(move |place| {
            let file = open.file(&place.segment);
            read_in(file.map_err(|error| Damage::whole(&place.segment, error.to_string()))?, place)
        })
    }

    /// Reads every trial whole, and takes those for damages whose chain holds and whose events nobody can read.
    pub fn drop_unreadable(&mut self) {
        let is_readable: Vec<bool> = {
            let trials = self.trials();
            let mut damages = Vec::new();
            let is_readable =
                trials.map(|trial| trial.map_err(|damage| damages.push(damage)).is_ok()).collect();
            damages.into_iter().for_each(|damage| self.tell(damage));
            is_readable
        };
        self.keep(is_readable);
    }

    /// Keeps the trials of which this holds, and gives back how many it let go. They stand in the ledger until it is written
    /// anew.
    pub fn retain(&mut self, holds: impl Fn(&Recorded) -> bool) -> usize {
        let before = self.trials.len();
        let kept: Vec<bool> = self.trials().map(|trial| trial.as_ref().map_or(true, &holds)).collect();
        self.keep(kept);
        before.saturating_sub(self.trials.len())
    }

    /// Keeps the trials of which this says so, in their order.
    fn keep(&mut self, kept: Vec<bool>) {
        let mut kept = kept.into_iter();
        self.trials.retain(|_| kept.next().unwrap_or(false));
    }

    /// Where the sealed trials stand, in order of identity.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        self.trials.iter().map(|found| self.place(found))
    }

    fn place(&self, found: &Found) -> Place {
        let segment = usize::try_from(found.segment).ok().and_then(|n| self.segments.get(n));
        let segment = segment.map_or_else(|| Arc::from(Path::new("")), Arc::clone);
        Place { segment, offset: found.offset, bytes: u64::from(found.bytes) }
    }
}

fn foreign(place: &Place, what: &str) -> Damage {
    Damage::whole(&place.segment, format!("the trial at byte {} {what}", place.offset))
}

/// Whether two readers give the same bytes.
fn is_same(mut a: impl Read, mut b: impl Read) -> io::Result<bool> {
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    loop {
        of_a.clear();
        of_b.clear();
        a.by_ref().take(PIECE_BYTES).read_to_end(&mut of_a)?;
        b.by_ref().take(PIECE_BYTES).read_to_end(&mut of_b)?;
        if of_a != of_b || of_a.is_empty() {
            return Ok(of_a == of_b);
        }
    }
}

/// The segment that was read last, kept open.
#[derive(Default)]
pub(super) struct Reader {
    open: Option<(Arc<Path>, File)>,
}

impl Reader {
    pub(super) fn file(&mut self, segment: &Arc<Path>) -> io::Result<&File> {
        if self.open.as_ref().is_none_or(|(path, _)| path != segment) {
            self.open = Some((Arc::clone(segment), File::open(segment)?));
        }
        self.open.as_ref().map(|(_, file)| file).ok_or_else(|| io::Error::other("it is not open"))
    }
}
