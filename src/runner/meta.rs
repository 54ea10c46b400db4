//! The one owner of the wall clock: run names, elapsed time and `meta.json`, none of which is deterministic.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// Everything about a run that is not deterministic.
#[derive(Clone, Debug, Serialize)]
pub struct Meta {
    /// Version of the harness.
    pub version: &'static str,
    /// When it began, RFC 3339.
    pub began: String,
    /// How long it took.
    pub elapsed_ms: u64,
    /// Threads that played.
    pub jobs: usize,
    /// Operating system and architecture.
    pub host: String,
}

/// Measures a run.
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

    fn began_at(&self) -> simulators::clock::Time {
        let seconds = self.began.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        simulators::clock::Time::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    /// The beginning as a name that sorts by time: `20251215T014000Z`.
    pub fn name(&self) -> String {
        self.began_at().to_string().replace(['-', ':'], "")
    }

    /// What `meta.json` holds.
    pub fn meta(&self, jobs: usize) -> Meta {
        Meta {
            version: env!("CARGO_PKG_VERSION"),
            began: self.began_at().to_string(),
            elapsed_ms: u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX),
            jobs,
            host: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}
