//! The one owner of the wall clock. What it says goes into names of runs, progress and `meta.json`, never into a ledger
//! or a mark.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Measures from its making on.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    began: SystemTime,
    tick: Instant,
}

impl Stopwatch {
    /// Begins now.
    #[expect(clippy::disallowed_methods, reason = "this module owns the wall clock")]
    pub fn start() -> Self {
        Self { began: SystemTime::now(), tick: Instant::now() }
    }

    /// Since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.tick.elapsed()
    }

    /// When it began.
    pub fn began_at(&self) -> simulators::clock::Time {
        let seconds = self.began.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        simulators::clock::Time::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    /// From the beginning until a date; nothing for one that was before.
    pub fn until(&self, date: SystemTime) -> Duration {
        date.duration_since(self.began).unwrap_or_default()
    }

    /// The beginning as a name that sorts by time: `20251215T014000Z`.
    pub fn name(&self) -> String {
        self.began_at().to_string().replace(['-', ':'], "")
    }
}
