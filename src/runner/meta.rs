//! `meta.json`: everything about a run that is not deterministic.

use serde::Serialize;

use crate::base::clock::Stopwatch;

/// What `meta.json` holds.
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

impl Meta {
    /// Of a run that `watch` has measured.
    pub fn of(watch: &Stopwatch, jobs: usize) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            began: watch.began_at().to_string(),
            elapsed_ms: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
            jobs,
            host: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}
