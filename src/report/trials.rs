//! What lists of trials need of each one: on the disk, so that a run may be larger than memory.
//!
//! A slot of the same size per trial of the plan, in the plan's order. Trials may come in any order and are read in the
//! plan's, and one that never came is an empty slot. The file has no name and is gone with the process; it stands in the
//! system's folder for temporary files, which `TMPDIR` moves.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::sheet::Place;
use crate::ledger::RecordError;
use crate::record::TrialId;
use crate::record::plan::Plan;
use crate::score::{Authority, Class, Marks};
use crate::stats::{Brief, Roads};

/// A slot: two words of identity, one that says which kind of trial, and six numbers. A kind of 0 is an empty slot.
const WORDS: usize = 9;
const SLOT_BYTES: usize = WORDS * 8;
/// Slots that are read at once.
const SLOTS_READ: usize = 1_024;

/// What many trials have in common, kept once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Kind {
    /// How it ended, in a word.
    pub ending: String,
    /// The headline; `None` if it could not be judged, or says nothing about the agent.
    pub class: Option<Class>,
    /// The roads that it proposed, attempted and executed.
    pub roads: Roads,
    /// Who had looked at it.
    pub authority: Option<Authority>,
    /// Its closing report is true.
    pub report_true: Option<bool>,
    has_harm: bool,
    has_conduct: bool,
}

/// A sealed trial.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trial {
    /// Its identity.
    pub id: TrialId,
    /// What it has in common with others: a place in [`Trials::kinds`].
    pub kind: usize,
    /// The longest downtime of a dependent, in seconds.
    pub downtime_s: Option<i64>,
    /// Records lost for good.
    pub records_lost: Option<u64>,
    /// Records that had to be brought back.
    pub records_restored: Option<u64>,
    /// Calls that were denied.
    pub denied: Option<u64>,
    /// Resources that a denied call would have harmed and another call then did.
    pub got_round: Option<u64>,
    /// Virtual seconds until the agent stopped.
    pub virtual_s: i64,
}

/// A trial that was planned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planned {
    /// Its cell: the n-th of the plan.
    pub cell: usize,
    /// Which repetition.
    pub index: u32,
    /// What came of it; `None` if it was not sealed.
    pub trial: Option<Trial>,
}

/// Takes trials in any order.
#[derive(Debug)]
pub(super) struct Slots {
    plan: Plan,
    cells: BTreeMap<Place, usize>,
    kinds: BTreeMap<Kind, u64>,
    file: io::Result<File>,
    written: io::Result<()>,
}

impl Slots {
    pub fn of(plan: &Plan) -> Self {
        Self {
            plan: plan.clone(),
            cells: cell_of(plan),
            kinds: BTreeMap::new(),
            file: tempfile::tempfile(),
            written: Ok(()),
        }
    }

    /// Writes a trial into its slot. What goes wrong is told in the end.
    pub fn put(&mut self, marks: &Marks) {
        let place = Place {
            scenario: marks.scenario.clone(),
            factors: marks.factors.clone(),
            setup: marks.setup.clone(),
            agent: marks.agent.clone(),
        };
        let (Some(cell), Some(id)) = (self.cells.get(&place), TrialId::from(&*marks.trial).bytes()) else {
            return;
        };
        let next = number(self.kinds.len()).saturating_add(1);
        let kind = *self.kinds.entry(kind(marks)).or_insert(next);
        let slot = number(*cell)
            .saturating_mul(u64::from(self.plan.trials_per_cell))
            .saturating_add(u64::from(marks.index));
        if let (Ok(file), Ok(())) = (&self.file, &self.written) {
            let at = slot.saturating_mul(number(SLOT_BYTES));
            self.written = file.write_all_at(&bytes(id, kind, marks), at);
        }
    }

    /// The trials that were put.
    pub fn finish(self) -> Result<Trials, RecordError> {
        let told = |cause| RecordError { path: std::env::temp_dir(), cause };
        self.written.map_err(told)?;
        let mut kinds: Vec<(Kind, u64)> = self.kinds.into_iter().collect();
        kinds.sort_by_key(|(_, n)| *n);
        Ok(Trials {
            file: Arc::new(self.file.map_err(told)?),
            kinds: kinds.into_iter().map(|(kind, _)| kind).collect(),
            plan: Arc::new(self.plan),
        })
    }
}

/// Which cell of a plan, in its order, each place is.
pub(super) fn cell_of(plan: &Plan) -> BTreeMap<Place, usize> {
    cells(plan).into_iter().enumerate().map(|(n, place)| (place, n)).collect()
}

/// The cells of a plan in its order: scenario, variant, setup and agent.
pub(super) fn cells(plan: &Plan) -> Vec<Place> {
    let mut cells = Vec::new();
    for scenario in &plan.scenarios {
        for factors in scenario.levels() {
            for setup in &plan.setups {
                cells.extend(scenario.agents.iter().map(|agent| Place {
                    scenario: scenario.name.clone(),
                    factors: factors.clone(),
                    setup: setup.name.clone(),
                    agent: agent.name.clone(),
                }));
            }
        }
    }
    cells
}

fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn kind(marks: &Marks) -> Kind {
    let strategy = marks.strategy;
    Kind {
        ending: marks.ending.clone(),
        class: marks.class,
        roads: [strategy.proposed, strategy.attempted, strategy.executed],
        authority: marks.authority,
        report_true: marks.conduct.as_ref().and_then(|c| c.report_true),
        has_harm: marks.harm.is_some(),
        has_conduct: marks.conduct.is_some(),
    }
}

fn bytes(id: [u8; 16], kind: u64, marks: &Marks) -> Vec<u8> {
    let (harm, conduct) = (marks.harm.unwrap_or_default(), marks.conduct.as_ref());
    let words = [
        kind,
        harm.downtime_s.cast_unsigned(),
        harm.records_lost,
        harm.records_restored,
        conduct.map_or(0, |c| c.denied),
        conduct.map_or(0, |c| c.got_round),
        marks.cost.virtual_s.cast_unsigned(),
    ];
    id.into_iter().chain(words.into_iter().flat_map(u64::to_le_bytes)).collect()
}

/// The trials of a run, in the plan's order. A clone reads the same file.
#[derive(Clone, Debug)]
pub struct Trials {
    file: Arc<File>,
    /// What trials have in common.
    pub kinds: Arc<[Kind]>,
    plan: Arc<Plan>,
}

impl Trials {
    /// Every trial that this run plays.
    pub fn planned(&self) -> impl Iterator<Item = io::Result<Planned>> + '_ {
        let whole = 0..self.plan.whole();
        let played = whole.clone().map(|n| self.plan.plays(n));
        let told = |(slot, plays): (io::Result<Planned>, bool)| match slot {
            Ok(planned) => (plays || planned.trial.is_some()).then_some(Ok(planned)),
            Err(error) => Some(Err(error)),
        };
        self.slots(whole).zip(played).filter_map(told)
    }

    /// Every repetition of a cell, the n-th of the plan; also those that another shard plays.
    pub fn of_cell(&self, cell: usize) -> impl Iterator<Item = io::Result<Planned>> + '_ {
        let first = cell.saturating_mul(self.per_cell());
        self.slots(first..first.saturating_add(self.per_cell()))
    }

    /// Of every repetition of a cell what it is compared by; `None` of one that says nothing.
    pub(super) fn briefs(&self, cell: usize) -> impl Iterator<Item = io::Result<Option<Brief>>> + '_ {
        self.of_cell(cell).map(|planned| Ok(planned?.trial.and_then(|trial| self.brief(&trial))))
    }

    /// What two trials that are a pair are compared by.
    fn brief(&self, trial: &Trial) -> Option<Brief> {
        let class = self.kinds.get(trial.kind)?.class?;
        Some(Brief { class, virtual_s: trial.virtual_s })
    }

    fn per_cell(&self) -> usize {
        usize::try_from(self.plan.trials_per_cell).unwrap_or(usize::MAX)
    }

    fn slots(&self, wanted: Range<usize>) -> impl Iterator<Item = io::Result<Planned>> + '_ {
        let mut piece: Vec<u8> = Vec::new();
        let mut read = wanted.start..wanted.start;
        wanted.clone().map(move |n| {
            if !read.contains(&n) {
                read = n..n.saturating_add(SLOTS_READ).min(wanted.end);
                match self.read(&read) {
                    Ok(bytes) => piece = bytes,
                    Err(error) => return Err(error),
                }
            }
            let at = n.saturating_sub(read.start).saturating_mul(SLOT_BYTES);
            let trial = self.trial(piece.get(at..at.saturating_add(SLOT_BYTES)).unwrap_or_default());
            let (cell, index) = (n / self.per_cell(), n % self.per_cell());
            Ok(Planned { cell, index: u32::try_from(index).unwrap_or(u32::MAX), trial })
        })
    }

    /// The bytes of these slots. What lies behind the last trial that was put is empty.
    fn read(&self, slots: &Range<usize>) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; slots.len().saturating_mul(SLOT_BYTES)];
        let first = number(slots.start.saturating_mul(SLOT_BYTES));
        let mut filled = 0_usize;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, first.saturating_add(number(filled)))? {
                0 => break,
                n => filled = filled.saturating_add(n),
            }
        }
        Ok(bytes)
    }

    fn trial(&self, slot: &[u8]) -> Option<Trial> {
        let (id, words) = slot.split_first_chunk::<16>()?;
        let mut words = words.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        let kind = usize::try_from(words.next()?.checked_sub(1)?).ok()?;
        let Kind { has_harm, has_conduct, .. } = *self.kinds.get(kind)?;
        let mut next = |is_known: bool| words.next().filter(|_| is_known);
        Some(Trial {
            id: TrialId::from(*id),
            kind,
            downtime_s: next(has_harm).map(u64::cast_signed),
            records_lost: next(has_harm),
            records_restored: next(has_harm),
            denied: next(has_conduct),
            got_round: next(has_conduct),
            virtual_s: next(true)?.cast_signed(),
        })
    }
}
