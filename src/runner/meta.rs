//! `meta.json`: everything about a run that is not deterministic.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::base::clock::Stopwatch;

/// How long decisions at the gate took, by setup.
#[derive(Debug, Default)]
pub struct Decisions(BTreeMap<String, Histogram<u64>>);

/// How long the decisions of one setup took, in nanoseconds of the wall clock.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    /// How many there were.
    pub decisions: u64,
    /// Half of them at the most so long.
    pub p50_ns: u64,
    /// 99 of 100.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

impl Decisions {
    /// Adds those of one trial.
    pub fn add(&mut self, setup: &str, took: &[Duration]) {
        if !self.0.contains_key(setup)
            && let Ok(empty) = Histogram::new_with_max(HISTOGRAM_NS_MAX, 3)
        {
            self.0.insert(setup.to_owned(), empty);
        }
        let Some(histogram) = self.0.get_mut(setup) else { return };
        for one in took {
            histogram.saturating_record(u64::try_from(one.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    fn latencies(&self) -> BTreeMap<String, Latency> {
        let of = |h: &Histogram<u64>| Latency {
            decisions: h.len(),
            p50_ns: h.value_at_quantile(0.5),
            p99_ns: h.value_at_quantile(0.99),
            max_ns: h.max(),
        };
        self.0.iter().map(|(setup, histogram)| (setup.clone(), of(histogram))).collect()
    }
}

/// No guardrail is waited for longer.
const HISTOGRAM_NS_MAX: u64 = 600_000_000_000;

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
    /// How long decisions took, by setup.
    pub decisions: BTreeMap<String, Latency>,
}

impl Meta {
    /// Of a run that `watch` has measured.
    pub fn of(watch: &Stopwatch, jobs: usize, decisions: &Decisions) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            began: watch.began_at().to_string(),
            elapsed_ms: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
            jobs,
            host: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            decisions: decisions.latencies(),
        }
    }
}
