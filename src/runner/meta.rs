//! `meta.json`: everything about a run that is not deterministic.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::pool::Options;
use crate::base::clock::Stopwatch;
use crate::ledger::RunFolder;
use crate::model::{self, Tally, Usage, Usd};

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

/// What models took, as their providers count it. More than the ledger says, where trials were stopped and played again.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Spend {
    /// Answers that came whole.
    pub answers: u64,
    /// Tries, those that came to nothing included.
    pub tries: u64,
    /// Tokens.
    pub tokens: Usage,
    /// Dollars; `null` where a price is not known.
    pub usd: Option<f64>,
    /// Tokens counted at their worst, because answers were lost on their way.
    pub unmeasured_tokens: u64,
}

impl Spend {
    /// What stands in a run's `meta.json`; nothing, if there is none yet.
    pub fn of(folder: &RunFolder) -> Self {
        let read = || -> Option<Self> {
            let bytes = std::fs::read(folder.path().join("meta.json")).ok()?;
            let mut meta: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
            serde_json::from_value(meta.get_mut("spend")?.take()).ok()
        };
        read().unwrap_or_else(Self::none)
    }

    /// What the runs that are united spent together; nothing, if none of them asked a model.
    pub fn of_parts<'f>(parts: impl IntoIterator<Item = &'f RunFolder>) -> Option<Self> {
        let spent = parts.into_iter().map(Self::of).filter(|spend| spend.tries > 0);
        spent.reduce(|all, one| all.with(&one))
    }

    /// Nothing was spent.
    pub fn none() -> Self {
        Self { usd: Some(0.0), ..Self::default() }
    }

    /// This and that.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.tokens += other.tokens;
        Self {
            answers: self.answers.saturating_add(other.answers),
            tries: self.tries.saturating_add(other.tries),
            tokens: self.tokens,
            usd: self.usd.zip(other.usd).map(|(one, another)| one + another),
            unmeasured_tokens: self.unmeasured_tokens.saturating_add(other.unmeasured_tokens),
        }
    }

    /// In words: answers, tries, and what they cost.
    pub fn told(&self) -> String {
        let usd = model::money(self.usd.map(Usd::of_dollars));
        format!("{} answers in {} tries · {usd}", self.answers, self.tries)
    }

    /// With what was spent now.
    #[must_use]
    pub fn and(self, tally: &Tally) -> Self {
        self.with(&Self {
            answers: tally.answers,
            tries: tally.tries,
            tokens: tally.usage,
            usd: tally.usd.map(Usd::dollars),
            unmeasured_tokens: tally.unmeasured_tokens,
        })
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
    /// Trials that were under way at once, at the most.
    pub in_flight: usize,
    /// What models took, of all times that the run was begun and resumed; absent: none was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spend: Option<Spend>,
    /// Operating system and architecture.
    pub host: String,
    /// What stood between this machine and agents that are processes; absent: there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// What the programs of agents that are processes say of their versions, by the agents' names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<String, String>,
    /// How long decisions took, by setup.
    pub decisions: BTreeMap<String, Latency>,
}

/// What `meta.json` of a united run holds: nothing was played for it, but its parts were paid for.
#[derive(Clone, Debug, Serialize)]
pub struct United {
    /// Version of the harness that united them.
    pub version: &'static str,
    /// The parts, by name, each once.
    pub parts: Vec<String>,
    /// What models took in all parts, trials included that stand in several and are kept once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spend: Option<Spend>,
}

impl United {
    /// Of the parts, each named once.
    pub fn of(parts: &[&RunFolder]) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            parts: parts.iter().map(|part| part.name()).collect(),
            spend: Spend::of_parts(parts.iter().copied()),
        }
    }
}

impl Meta {
    /// Of a run that `watch` has measured.
    pub fn of(watch: &Stopwatch, options: &Options, decisions: &Decisions) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            began: watch.began_at().to_string(),
            elapsed_ms: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
            jobs: options.jobs,
            in_flight: options.in_flight,
            spend: None,
            host: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cell: None,
            agents: BTreeMap::new(),
            decisions: decisions.latencies(),
        }
    }
}
