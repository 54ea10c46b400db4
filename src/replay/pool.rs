//! Many trials on several threads, told in the order in which they stand.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::Replay;
use crate::ledger::{Damage, Place, Recorded, read_at};
use crate::record::replay::Replayed;

/// Trials that are read and replayed ahead of the one that is told next, for each thread.
const AHEAD: usize = 4;

/// What is told of one trial: what was worked out beside it, and what each setup decides; or why it cannot be read.
pub type Told<T> = Result<(T, Vec<Replayed>), Damage>;

/// Why trials could not be replayed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No threads could be started.
    #[error("no threads could be started: {0}")]
    Threads(#[from] std::io::Error),
    /// Something crashed that is not a guardrail: those deny.
    #[error("the replay of a trial crashed")]
    Crash,
}

/// Replays the trials at these places on `jobs` threads. `beside` is worked out on the thread that has the trial; `told`
/// hears of one trial after another, in order of the places. No more than a few trials are in memory at a time.
///
/// # Errors
/// Threads could not be started, or crashed. A trial that cannot be read is told as damage.
pub fn run<T: Send + 'static>(
    replay: &Arc<Replay>,
    places: impl Iterator<Item = Place>,
    jobs: usize,
    beside: impl Fn(&Recorded) -> T + Send + Sync + 'static,
    mut told: impl FnMut(Told<T>),
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(jobs).enable_all().build()?;
    let beside = Arc::new(beside);
    runtime.block_on(async {
        let mut ahead: VecDeque<JoinHandle<Told<T>>> = VecDeque::new();
        for place in places {
            if ahead.len() >= jobs.saturating_mul(AHEAD)
                && let Some(first) = ahead.pop_front()
            {
                told(first.await.map_err(|_| Failure::Crash)?);
            }
            let (replay, beside) = (Arc::clone(replay), Arc::clone(&beside));
            ahead.push_back(tokio::spawn(async move {
                let recorded = read_at(&place)?;
                let replayed = replay.trial(&recorded.events).await;
                Ok((beside(&recorded), replayed))
            }));
        }
        for rest in ahead {
            told(rest.await.map_err(|_| Failure::Crash)?);
        }
        Ok(())
    })
}
