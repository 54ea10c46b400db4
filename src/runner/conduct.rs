//! Plays a plan on all cores: workers that keep some trials in flight each, and whoever listens to them and to signals.
//! Each worker has a segment of its own, which its trials share.
//!
//! Trials compute on threads of their own (`threads.rs`), so that neither the clock nor a signal waits for one.

use std::fs::File;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Sleep, interval, sleep, timeout};

use super::plan::Wish;
use super::pool::{Options, Progress, Ran, RunError, Shared};
use super::segments::{FORCE_AFTER, Segments};
use super::signals::{Signal, Signals};
use super::threads;
use crate::agent::Halted;
use crate::base::sabotage::{self, Sabotage};
use crate::ledger::{Index, Pen, RecordError, Recorder, RunFolder};
use crate::record::TrialKey;
use crate::record::plan::Plan;
use crate::trial::{Outcome, Played};

/// News that workers have for whoever listens, at the most; a worker with more waits.
const NEWS_MAX: usize = 1_024;
/// How often whoever listens hears that the run goes on.
const GOING_EVERY: Duration = Duration::from_secs(30);
/// Threads that hear clocks, signals and workers.
const LISTENERS: usize = 2;
/// Open files that a run needs besides one for each worker, and one for each trial that may wait for a model.
const HANDLES: usize = 24;

/// Plays a plan into a folder. The first INT or TERM ends it after the trials in flight, within a bound, the second at once;
/// `told` hears of each sealed trial. Those that are `done` are not played again.
///
/// # Errors
/// The record could not be written, or a world could not be built.
pub fn run(
    folder: &RunFolder,
    plan: Plan,
    wish: &Wish,
    done: Index,
    options: Options,
    told: impl FnMut(Progress),
) -> Result<Ran, RunError> {
    let planned = plan.trials();
    let before = done.len();
    let in_flight = options.in_flight.clamp(1, planned.saturating_sub(before).max(1));
    let jobs = options.jobs.clamp(1, in_flight);
    spare_handles(folder, in_flight.saturating_add(HANDLES))?;
    let shared = Arc::new(Shared::new(plan, wish, done, options)?);
    let runtime = Builder::new_multi_thread()
        .worker_threads(LISTENERS)
        // Trials that compute, a forcing of each worker's segment, what guardrails compute, and trials that could not be stopped.
        .max_blocking_threads(in_flight.saturating_add(jobs).saturating_mul(2))
        .enable_all()
        .build()
        .map_err(|cause| RecordError { path: folder.path().to_owned(), cause })?;
    let pen = Pen::default();
    let share = |slot: usize| in_flight / jobs + usize::from(slot < in_flight % jobs);
    let segments = (0..jobs).map(|slot| (Segments::new(folder.ledger(), slot, pen.clone()), share(slot)));
    let heard = runtime.block_on(conduct(&shared, folder, segments.collect(), told));
    // What is still in flight may compute on until the process ends, and records nothing.
    pen.take_away();
    runtime.shutdown_background();
    match heard.error {
        Some(error) => Err(error.into()),
        None => {
            let Heard { sealed, broken, given_up, signal, halted, .. } = heard;
            Ok(Ran { sealed: sealed.saturating_add(before), broken, given_up, planned, signal, halted })
        }
    }
}

/// Whether so many files can be opened: to find out now is better than with trials in flight.
fn spare_handles(folder: &RunFolder, handles: usize) -> Result<(), RecordError> {
    let open = |_| File::open(folder.path());
    let opened = (0..handles).map(open).collect::<Result<Vec<_>, _>>();
    opened.map(drop).map_err(|cause| RecordError { path: folder.path().to_owned(), cause })
}

/// What a worker tells.
enum News {
    Sealed(Box<TrialKey>, Played),
    Broken,
    Halted(Halted),
    Unrecorded(RecordError),
}

/// What was heard from all workers, and from outside.
#[derive(Default)]
struct Heard {
    sealed: usize,
    broken: usize,
    given_up: usize,
    halted: Option<Halted>,
    error: Option<RecordError>,
    signal: Option<Signal>,
}

impl Heard {
    fn take(&mut self, news: News, told: &mut impl FnMut(Progress)) {
        match news {
            News::Sealed(key, played) => {
                self.sealed = self.sealed.saturating_add(1);
                told(Progress::Sealed(key, played));
            }
            News::Broken => self.broken = self.broken.saturating_add(1),
            News::Halted(halted) => self.halted = self.halted.take().or(Some(halted)),
            News::Unrecorded(error) => self.error = self.error.take().or(Some(error)),
        }
    }
}

/// Starts a worker for each segment, with its share of trials in flight, and listens until all are done, or the bound after a signal is over.
async fn conduct(
    shared: &Arc<Shared>,
    folder: &RunFolder,
    segments: Vec<(Segments, usize)>,
    mut told: impl FnMut(Progress),
) -> Heard {
    let mut signals = Signals::listen();
    let (send, mut receive) = mpsc::channel(NEWS_MAX);
    for (segments, share) in segments {
        tokio::spawn(work(Arc::clone(shared), segments, share, send.clone()));
    }
    drop(send);
    let mut heard = Heard::default();
    let mut bound: Option<Pin<Box<Sleep>>> = None;
    let mut going = interval(GOING_EVERY);
    going.tick().await;
    loop {
        tokio::select! {
            news = receive.recv() => match news {
                Some(news) => heard.take(news, &mut told),
                None => return heard,
            },
            signal = signals.next() => {
                if heard.signal.is_some() {
                    folder.leave();
                    signal.end_process();
                }
                heard.signal = Some(signal);
                shared.stop();
                told(Progress::Stopping);
                bound = Some(Box::pin(sleep(shared.options.grace)));
            }
            _ = going.tick() => told(Progress::Going),
            () = over(bound.as_mut()) => {
                heard.given_up = shared.in_flight.load(Ordering::SeqCst);
                return heard;
            }
        }
    }
}

async fn over(bound: Option<&mut Pin<Box<Sleep>>>) {
    match bound {
        Some(bound) if !sabotage::is_on(Sabotage::SkipBound) => bound.await,
        _ => std::future::pending().await,
    }
}

/// Keeps its share of trials in flight until none is left, somebody stops the run, or the record fails.
async fn work(shared: Arc<Shared>, mut segments: Segments, share: usize, tell: mpsc::Sender<News>) {
    if let Err(error) = play_all(&shared, &mut segments, share, &tell).await {
        shared.stop();
        let _ = tell.send(News::Unrecorded(error)).await;
    }
}

async fn play_all(
    shared: &Arc<Shared>,
    segments: &mut Segments,
    share: usize,
    tell: &mpsc::Sender<News>,
) -> Result<(), RecordError> {
    let mut playing = JoinSet::new();
    loop {
        while playing.len() < share
            && let Some(key) = shared.next_key()
        {
            playing.spawn(played(Arc::clone(shared), key, segments.recorder()?));
        }
        // What was sealed before is not kept from the disk by a long trial.
        let ended = match timeout(FORCE_AFTER, playing.join_next()).await {
            Ok(Some(ended)) => ended.ok().flatten(),
            Ok(None) => break,
            Err(_) => {
                segments.tick().await?;
                continue;
            }
        };
        let news = match ended {
            Some((key, recorder, Some(Outcome::Sealed(played)))) => {
                segments.sealed(recorder).await?;
                News::Sealed(Box::new(key), played)
            }
            Some((_, _, Some(Outcome::Halted(halted)))) => {
                // At once, as in `work`: until the news is heard, more trials would begin in vain.
                shared.stop();
                News::Halted(halted)
            }
            Some((_, _, Some(Outcome::Unrecorded(error)))) => return Err(error),
            Some((_, _, None)) | None => {
                segments.leave().await?;
                News::Broken
            }
        };
        segments.tick().await?;
        if tell.send(news).await.is_err() {
            break;
        }
    }
    segments.finish().await
}

type Ended = (TrialKey, Recorder, Option<Outcome>);

/// Plays one trial on threads of its own: a crash ends it and nothing else. `None`: it crashed, or its limit was over long
/// ago and nothing stopped it.
async fn played(shared: Arc<Shared>, key: TrialKey, recorder: Recorder) -> Option<Ended> {
    let Options { limits, grace, .. } = shared.options;
    let longest = Duration::from_secs(limits.wall_s_max).saturating_add(grace);
    shared.in_flight.fetch_add(1, Ordering::SeqCst);
    let playing = Arc::clone(&shared);
    let trial = async move {
        let (recorder, outcome) = playing.play(&key, recorder).await;
        (key, recorder, outcome)
    };
    let ended = timeout(longest, threads::compute(trial, &shared.computing)).await;
    shared.in_flight.fetch_sub(1, Ordering::SeqCst);
    ended.ok()?
}
