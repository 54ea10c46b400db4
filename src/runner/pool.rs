//! Plays a plan on all cores. Each worker has a segment of its own, so a trial's lines stand together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use simulators::World;
use tokio::sync::mpsc;

use super::plan::Wish;
use super::signals::{self, Signal};
use crate::agent::Scripted;
use crate::base::limits::Limits;
use crate::gate::Setup;
use crate::ledger::{RecordError, Recorder, RunFolder};
use crate::record::plan::Plan;
use crate::record::{TrialId, TrialKey};
use crate::scenario::{Scenario, Script};
use crate::trial::{self, Played, Trial};

/// A trial was sealed.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Which.
    pub key: TrialKey,
    /// What may be said of it before the judge has seen it.
    pub played: Played,
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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ran {
    /// Sealed trials, those of before included.
    pub sealed: usize,
    /// Trials in which Chesterton itself crashed; they stay unsealed.
    pub broken: usize,
    /// Planned trials.
    pub planned: usize,
    /// Somebody stopped it.
    pub signal: Option<Signal>,
}

/// Everything that workers share.
pub(super) struct Shared {
    plan: Plan,
    worlds: BTreeMap<String, (Arc<Scenario>, World)>,
    scripts: BTreeMap<(String, String), Arc<Script>>,
    setups: BTreeMap<String, Arc<Setup>>,
    done: BTreeSet<TrialId>,
    next: AtomicUsize,
    stop: AtomicBool,
    limits: Limits,
}

impl Shared {
    /// Lets the trials in flight be the last ones.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    fn new(plan: Plan, wish: &Wish, done: BTreeSet<TrialId>) -> Result<Self, RunError> {
        let mut worlds = BTreeMap::new();
        let mut scripts = BTreeMap::new();
        for (scenario, casts) in &wish.scenarios {
            let world = World::new(Arc::new(scenario.stage.clone()), 0).map_err(|problem| {
                RunError::World { scenario: scenario.name.clone(), path: problem.path, found: problem.found }
            })?;
            worlds.insert(scenario.name.clone(), (Arc::clone(scenario), world));
            for cast in casts {
                let name = (scenario.name.clone(), cast.script.name.clone());
                scripts.insert(name, Arc::clone(&cast.script));
            }
        }
        let setups = wish.setups.iter().map(|s| (s.name().to_owned(), Arc::clone(s))).collect();
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        Ok(Self { plan, worlds, scripts, setups, done, next, stop, limits: Limits::default() })
    }

    /// The next trial to be played; `None` when there is none left, or the run is being stopped.
    fn next_key(&self) -> Option<TrialKey> {
        while !self.stop.load(Ordering::SeqCst) {
            let n = self.next.fetch_add(1, Ordering::SeqCst);
            let key = self.plan.at(n)?;
            if self.plan.plays(n) && !self.done.contains(&key.id()) {
                return Some(key);
            }
        }
        None
    }

    /// Plays the trial of this key, if everything it names is there.
    async fn play(
        &self,
        key: &TrialKey,
        recorder: Recorder,
    ) -> (Recorder, Option<Result<Played, RecordError>>) {
        let script = self.scripts.get(&(key.scenario.clone(), key.agent.clone()));
        let parts = (self.worlds.get(&key.scenario), script, self.setups.get(&key.setup));
        let (Some((scenario, world)), Some(script), Some(setup)) = parts else { return (recorder, None) };
        let mut agent = Scripted::new(Arc::clone(script));
        let world = world.with_seed(key.seed);
        let trial = Trial { key, scenario, world, setup: Arc::clone(setup), limits: self.limits };
        let (recorder, played) = trial::play(trial, &mut agent, recorder).await;
        (recorder, Some(played))
    }
}

/// Plays a plan into a folder on `jobs` threads. The first INT or TERM ends it after the trials in flight, the second at
/// once; `told` hears of each sealed trial. Those that are `done` are not played again.
///
/// # Errors
/// The record could not be written, or a world could not be built.
pub fn run(
    folder: &RunFolder,
    plan: Plan,
    wish: &Wish,
    done: BTreeSet<TrialId>,
    jobs: usize,
    told: impl FnMut(Progress),
) -> Result<Ran, RunError> {
    let planned = plan.trials();
    let before = done.len();
    let shared = Arc::new(Shared::new(plan, wish, done)?);
    let jobs = jobs.clamp(1, planned.saturating_sub(before).max(1));
    let segments = (0..jobs).map(|slot| Segments { folder: folder.ledger(), slot, next: 0 }).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(jobs)
        .enable_all()
        .build()
        .map_err(|cause| RecordError { path: folder.path().to_owned(), cause })?;
    let heeded = Arc::new(OnceLock::new());
    let heard = runtime.block_on(async {
        tokio::spawn(signals::heed(Arc::clone(&shared), Arc::clone(&heeded)));
        conduct(shared, segments, told).await
    });
    match heard.error {
        Some(error) => Err(error.into()),
        None => {
            let signal = heeded.get().copied();
            Ok(Ran { sealed: heard.sealed.saturating_add(before), broken: heard.broken, planned, signal })
        }
    }
}

/// The segments that one worker writes: one, and another each time a crash took the last one's recorder with it.
struct Segments {
    folder: PathBuf,
    slot: usize,
    next: u32,
}

impl Segments {
    fn open(&mut self) -> Result<Recorder, RecordError> {
        loop {
            let name = format!("slot-{:04}-{:04}", self.slot, self.next);
            self.next = self.next.saturating_add(1);
            match Recorder::create(&self.folder, &name) {
                Err(error) if error.cause.kind() == std::io::ErrorKind::AlreadyExists => {}
                made => return made,
            }
        }
    }
}

/// What a worker tells.
enum News {
    Sealed(Box<Progress>),
    Broken,
    Unrecorded(RecordError),
}

/// What was heard from all workers.
#[derive(Default)]
struct Heard {
    sealed: usize,
    broken: usize,
    error: Option<RecordError>,
}

/// Starts a worker for each row of segments and listens until all are done.
async fn conduct(shared: Arc<Shared>, segments: Vec<Segments>, mut told: impl FnMut(Progress)) -> Heard {
    let (send, mut receive) = mpsc::unbounded_channel();
    for segments in segments {
        tokio::spawn(work(Arc::clone(&shared), segments, send.clone()));
    }
    drop(send);
    let mut heard = Heard::default();
    while let Some(news) = receive.recv().await {
        match news {
            News::Sealed(progress) => {
                heard.sealed = heard.sealed.saturating_add(1);
                told(*progress);
            }
            News::Broken => heard.broken = heard.broken.saturating_add(1),
            News::Unrecorded(error) => {
                shared.stop();
                heard.error = heard.error.or(Some(error));
            }
        }
    }
    heard
}

/// Plays one trial after another until none is left, somebody stops the run, or the record fails.
async fn work(shared: Arc<Shared>, mut segments: Segments, tell: mpsc::UnboundedSender<News>) {
    let mut kept: Option<Recorder> = None;
    while let Some(key) = shared.next_key() {
        let recorder = match kept.take().map_or_else(|| segments.open(), Ok) {
            Ok(recorder) => recorder,
            Err(error) => {
                let _ = tell.send(News::Unrecorded(error));
                return;
            }
        };
        let playing = Arc::clone(&shared);
        // A task of its own: a crash ends this trial and not the worker.
        let trial = tokio::spawn(async move {
            let (recorder, played) = playing.play(&key, recorder).await;
            (key, recorder, played)
        });
        let news = match trial.await {
            Ok((key, recorder, Some(Ok(played)))) => {
                kept = Some(recorder);
                News::Sealed(Box::new(Progress { key, played }))
            }
            Ok((_, _, Some(Err(error)))) => News::Unrecorded(error),
            Ok((_, _, None)) | Err(_) => News::Broken,
        };
        let stop = matches!(news, News::Unrecorded(_));
        if tell.send(news).is_err() || stop {
            return;
        }
    }
    if let Some(Err(error)) = kept.map(|mut recorder| recorder.sync()) {
        let _ = tell.send(News::Unrecorded(error));
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
        Shared::new(super::plan::plan(wish), wish, BTreeSet::new()).map(Self)
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
                let (back, played) = self.0.play(&key, recorder).await;
                recorder = back;
                if let Some(Err(error)) = played {
                    return Err(error.into());
                }
            }
            Ok(recorder.into_bytes())
        })
    }
}
