//! What all workers of a run share: its plan, its worlds, its casts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use simulators::World;
use tokio::sync::Semaphore;

use super::plan::{Cast, Player, Wish};
use super::signals::Signal;
use crate::agent::Halted;
use crate::base::limits::Limits;
use crate::cell::Demand;
use crate::gate::Setup;
use crate::ledger::{Index, RecordError, Recorder};
use crate::record::plan::Plan;
use crate::record::{Factors, TrialKey};
use crate::scenario::Scenario;
use crate::trial::{self, Outcome, Played, Trial};

/// Trials that compute at once, for each thread that is to be busy: some of them wait for the disk, or are long.
const COMPUTING: usize = 4;

/// How far a run has come.
#[derive(Clone, Debug)]
pub enum Progress {
    /// A trial was sealed: which, and what may be said of it before the judge has seen it.
    Sealed(Box<TrialKey>, Played),
    /// Some time has gone.
    Going,
    /// Somebody stops the run; trials in flight have their grace to end.
    Stopping,
}

/// How a plan is played. None of it determines a trial, save that `limits` end one.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Threads that compute.
    pub jobs: usize,
    /// Trials under way at once: more than threads where they wait for models.
    pub in_flight: usize,
    /// Limits of each trial.
    pub limits: Limits,
    /// How long trials in flight may last after the first INT or TERM.
    pub grace: Duration,
    /// How much of a cell agents get that are processes.
    pub cell: Demand,
}

/// Why a run stopped before its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The record could not be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A stage that passed its checks could not be built.
    #[error("the world of `{scenario}` could not be built: {path}: {found}")]
    World {
        /// The scenario.
        scenario: String,
        /// Where in its stage.
        path: String,
        /// What stands there.
        found: String,
    },
}

/// How far a run came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ran {
    /// Sealed trials, those of before included.
    pub sealed: usize,
    /// Trials in which Chesterton itself crashed, or that could not be stopped at their limit; they stay unsealed.
    pub broken: usize,
    /// Trials that were still in flight when the bound after a signal was over; they stay unsealed.
    pub given_up: usize,
    /// Planned trials.
    pub planned: usize,
    /// Somebody stopped it.
    pub signal: Option<Signal>,
    /// No trial could go on; the rest is for whoever resumes it.
    pub halted: Option<Halted>,
}

/// A scenario's name and the levels with which it stands.
type Staging = (String, Factors);

/// Everything that workers share.
pub(super) struct Shared {
    plan: Plan,
    worlds: BTreeMap<Staging, (Arc<Scenario>, World)>,
    casts: BTreeMap<(String, String), Cast>,
    setups: BTreeMap<String, Arc<Setup>>,
    done: Index,
    next: AtomicUsize,
    /// Trials that have begun and not ended.
    pub(super) in_flight: AtomicUsize,
    stop: AtomicBool,
    /// Room for trials that compute.
    pub(super) computing: Semaphore,
    pub(super) options: Options,
}

impl Shared {
    /// Lets the trials in flight be the last ones.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    pub(super) fn new(plan: Plan, wish: &Wish, done: Index, options: Options) -> Result<Self, RunError> {
        let mut worlds = BTreeMap::new();
        let mut cast_as = BTreeMap::new();
        let own = |scenario: &Scenario| (scenario.name.clone(), scenario.levels.clone());
        let left: BTreeSet<Staging> = match done.is_empty() {
            true => wish.scenarios.iter().map(|(scenario, _)| own(scenario)).collect(),
            false => {
                let to_play = plan.keys().filter(|key| !done.has(&key.id()));
                to_play.map(|key| (key.scenario, key.factors)).collect()
            }
        };
        for (scenario, casts) in wish.scenarios.iter().filter(|(scenario, _)| left.contains(&own(scenario))) {
            let world = World::new(Arc::new(scenario.stage.clone()), 0).map_err(|problem| {
                RunError::World { scenario: scenario.name.clone(), path: problem.path, found: problem.found }
            })?;
            worlds.insert(own(scenario), (Arc::clone(scenario), world));
            for cast in casts {
                cast_as.insert((scenario.name.clone(), cast.name().to_owned()), cast.clone());
            }
        }
        let setups = wish.setups.iter().map(|s| (s.name().to_owned(), Arc::clone(s))).collect();
        let (next, in_flight) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let stop = AtomicBool::new(false);
        let computing = Semaphore::new(options.jobs.saturating_mul(COMPUTING).max(1));
        Ok(Self { plan, worlds, casts: cast_as, setups, done, next, in_flight, stop, computing, options })
    }

    /// The next trial to be played; `None` when there is none left, or the run is being stopped.
    pub(super) fn next_key(&self) -> Option<TrialKey> {
        while !self.stop.load(Ordering::SeqCst) {
            let n = self.next.fetch_add(1, Ordering::SeqCst);
            let key = self.plan.at(n)?;
            if self.plan.plays(n) && !self.done.has(&key.id()) {
                return Some(key);
            }
        }
        None
    }

    /// Plays the trial of this key, if everything it names is there.
    pub(super) async fn play(&self, key: &TrialKey, recorder: Recorder) -> (Recorder, Option<Outcome>) {
        let cast = self.casts.get(&(key.scenario.clone(), key.agent.clone()));
        let staging = (key.scenario.clone(), key.factors.clone());
        let parts = (self.worlds.get(&staging), cast, self.setups.get(&key.setup));
        let (Some((scenario, world)), Some(cast), Some(setup)) = parts else { return (recorder, None) };
        let Some(player) = cast.player(key, self.options.cell) else { return (recorder, None) };
        let world = world.with_seed(key.seed);
        let limits = cast.limits(self.options.limits);
        let trial = Trial { key, scenario, world, setup: Arc::clone(setup), limits };
        let (recorder, outcome) = match player {
            Player::Agent(mut agent) => trial::play(trial, agent.as_mut(), recorder).await,
            Player::Process(process) => trial::accompany(trial, &process, recorder).await,
        };
        (recorder, Some(outcome))
    }
}

/// Worlds built and casts gathered once, to play into memory: for `check`, tests and benchmarks.
pub struct Session(Shared);

impl Session {
    /// Builds the worlds of a wish.
    ///
    /// # Errors
    /// A world could not be built.
    pub fn new(wish: &Wish) -> Result<Self, RunError> {
        let options = Options {
            jobs: 1,
            in_flight: 1,
            limits: Limits::default(),
            grace: Duration::ZERO,
            cell: Demand::default(),
        };
        Shared::new(super::plan::plan(wish), wish, Index::default(), options).map(Self)
    }

    /// With so much of a cell for agents that are processes.
    #[must_use]
    pub fn in_cells(mut self, demand: Demand) -> Self {
        self.0.options.cell = demand;
        self
    }

    /// Plays every trial, one after another, and gives back the segment.
    ///
    /// # Errors
    /// The runtime could not be started.
    pub fn play_in_memory(&self) -> Result<Vec<u8>, RunError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|cause| RecordError { path: PathBuf::from("memory"), cause })?;
        runtime.block_on(async {
            let mut recorder = Recorder::in_memory();
            for key in self.0.plan.keys() {
                let (back, outcome) = self.0.play(&key, recorder).await;
                recorder = back;
                if let Some(Outcome::Unrecorded(error)) = outcome {
                    return Err(error.into());
                }
            }
            Ok(recorder.into_bytes())
        })
    }
}
