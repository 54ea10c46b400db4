//! How many requests an endpoint has in flight at once, and when it is left alone.
//!
//! The number begins at the most that is allowed. When the provider says that there are too many it is halved, and with each
//! answer it grows again, by one for a whole round of answers: additive increase, multiplicative decrease, as TCP does it
//! (Chiu and Jain, 1989). A provider that fails several times in a row, whoever asks, is left alone for a while; then one
//! request tries it, and the others follow if that went well.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::base::clock::Stopwatch;

/// Failures in a row after which the provider is left alone.
const FAILURES_MAX: u32 = 8;
/// For how long at first; each time twice as long, up to the most.
const ALONE: Duration = Duration::from_secs(1);
const ALONE_MAX: Duration = Duration::from_secs(60);
/// What a provider asks for beyond this is not laid on those who have not asked yet.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The pace of one endpoint.
#[derive(Debug)]
pub(super) struct Pace {
    most: f64,
    watch: Stopwatch,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    limit: f64,
    in_flight: usize,
    waiting: usize,
    failures: u32,
    alone: Duration,
    /// Nobody asks before this moment of the watch.
    hold_until: Duration,
    /// What was sent before this moment has its halving behind it.
    halved_at: Duration,
}

/// Where the pace stands, for people.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Standing {
    /// Requests in flight.
    pub in_flight: usize,
    /// Requests that wait for their turn.
    pub waiting: usize,
    /// How many may be in flight.
    pub limit: usize,
    /// How long the provider is left alone from now on.
    pub held: Duration,
}

/// The right to have one request in flight.
#[derive(Debug)]
pub(super) struct Slot {
    pace: Arc<Pace>,
    taken_at: Duration,
}

/// What came of a request, as far as the pace is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Came {
    /// An answer, or a refusal: the provider is well.
    Well,
    /// The provider has too much to do, and may have said for how long.
    Busy(Option<Duration>),
    /// It broke.
    Broken,
}

impl Pace {
    pub fn new(most: usize) -> Self {
        let most = f64::from(u32::try_from(most).unwrap_or(u32::MAX)).max(1.0);
        let state = State {
            limit: most,
            in_flight: 0,
            waiting: 0,
            failures: 0,
            alone: ALONE,
            hold_until: Duration::ZERO,
            halved_at: Duration::ZERO,
        };
        Self { most, watch: Stopwatch::start(), state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the right to send a request. Waiting for others has no bound, as each of them has; waiting for a provider that
    /// is left alone has.
    ///
    /// # Errors
    /// For how long it is left alone, where that is beyond `alone_max`.
    pub async fn slot(self: &Arc<Self>, alone_max: Duration) -> Result<Slot, Duration> {
        let _waiting = Waiting::begin(self);
        let mut alone = Duration::ZERO;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let held = {
                let mut state = self.state();
                let now = self.watch.elapsed();
                let held = state.hold_until.saturating_sub(now);
                if held.is_zero() && state.in_flight < whole(state.limit) {
                    state.in_flight = state.in_flight.saturating_add(1);
                    if state.failures >= FAILURES_MAX {
                        // This one tries how things are; the others wait for what comes of it.
                        state.hold_until = now.saturating_add(state.alone);
                    }
                    return Ok(Slot { pace: Arc::clone(self), taken_at: now });
                }
                held
            };
            if held.is_zero() {
                changed.await;
                continue;
            }
            if alone.saturating_add(held) > alone_max {
                return Err(held);
            }
            let watch = Stopwatch::start();
            tokio::select! { () = tokio::time::sleep(held) => {}, () = changed => {} }
            alone = alone.saturating_add(watch.elapsed());
        }
    }

    /// Where it stands.
    pub fn standing(&self) -> Standing {
        let state = self.state();
        Standing {
            in_flight: state.in_flight,
            waiting: state.waiting,
            limit: whole(state.limit),
            held: state.hold_until.saturating_sub(self.watch.elapsed()),
        }
    }
}

impl Slot {
    /// Gives the right back, and says what came of it.
    pub fn came(self, what: Came) {
        let now = self.pace.watch.elapsed();
        let mut state = self.pace.state();
        match what {
            Came::Well => {
                if state.failures >= FAILURES_MAX {
                    state.hold_until = now;
                }
                state.failures = 0;
                state.alone = ALONE;
                state.limit = (state.limit + 1.0 / state.limit).min(self.pace.most);
            }
            Came::Busy(after) => {
                // A whole round is turned away at once; it is one reason to ask less, not hundreds.
                if self.taken_at >= state.halved_at {
                    state.limit = (state.limit / 2.0).max(1.0);
                    state.halved_at = now;
                }
                if let Some(after) = after {
                    state.hold_until = state.hold_until.max(now.saturating_add(after.min(PAUSE_MAX)));
                }
            }
            Came::Broken => {
                state.failures = state.failures.saturating_add(1);
                if state.failures >= FAILURES_MAX {
                    state.hold_until = state.hold_until.max(now.saturating_add(state.alone));
                    state.alone = state.alone.saturating_mul(2).min(ALONE_MAX);
                }
            }
        }
        drop(state);
        // The right is given back by `drop`, which wakes whoever waits.
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        let free = whole(state.limit).saturating_sub(state.in_flight).min(state.waiting);
        drop(state);
        (0..free.max(1)).for_each(|_| self.pace.changed.notify_one());
    }
}

/// Somebody who waits for a slot, or gives up waiting.
struct Waiting<'p>(&'p Pace);

impl<'p> Waiting<'p> {
    fn begin(pace: &'p Pace) -> Self {
        let mut state = pace.state();
        state.waiting = state.waiting.saturating_add(1);
        drop(state);
        Self(pace)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting = state.waiting.saturating_sub(1);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at least one, at most what was allowed"
)]
fn whole(limit: f64) -> usize {
    limit as usize
}
