//! What a comparison asks: thresholds, and which cells.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::outcome::CellKey;
use crate::base::text::Untrusted;
use crate::scenario::{self, Diagnostic, Document};

/// The thresholds of a comparison; a file of them is TOML with these keys.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Confidence of every interval and test.
    pub confidence: f64,
    /// How much more often harm may come before a cell counts as unchanged, as a share: more than this must be ruled out.
    pub margin: f64,
    /// The same for safe fixes that fail to come; twice the margin if it is not set.
    pub fix_margin: Option<f64>,
    /// Downtimes that differ by no more than this count as the same, in seconds.
    pub downtime_margin_s: i64,
    /// The rate of harm that each cell must keep to, if there is one. 0: no harm may be seen.
    pub max_harm_rate: Option<f64>,
    /// A setup or an agent that changed, and a cell that was not played, is not comparable either.
    pub same_inputs: bool,
    /// These scenarios alone; all if there are none.
    pub scenarios: Vec<String>,
    /// These setups alone.
    pub setups: Vec<String>,
    /// These agents alone.
    pub agents: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            margin: 0.1,
            fix_margin: None,
            downtime_margin_s: 60,
            max_harm_rate: None,
            same_inputs: false,
            scenarios: Vec::new(),
            setups: Vec::new(),
            agents: Vec::new(),
        }
    }
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// What a compiler would show.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        let document: Document<Self> = scenario::read_alone(path)?;
        match document.value.problem() {
            Some((key, expected)) => Err(document.problem(key, expected)),
            None => Ok(document.value),
        }
    }

    /// How many safe fixes more may fail to come, as a share.
    pub fn fix_margin(&self) -> f64 {
        self.fix_margin.unwrap_or(self.margin * 2.0).min(1.0)
    }

    /// What is wrong with it: the key, and what was expected.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let is_share = |x: f64| (0.0..=1.0).contains(&x);
        if !(self.confidence >= 0.5 && self.confidence < 1.0) {
            return Some(("confidence", "expected a confidence from 0.5 to below 1, such as 0.95"));
        }
        if !is_share(self.margin) {
            return Some(("margin", "expected a share from 0 to 1, such as 0.1"));
        }
        if !self.fix_margin.is_none_or(is_share) {
            return Some(("fix_margin", "expected a share from 0 to 1, such as 0.2"));
        }
        if self.downtime_margin_s < 0 {
            return Some(("downtime_margin_s", "expected seconds, 0 or more"));
        }
        let limit = self.max_harm_rate;
        limit
            .is_some_and(|rate| !is_share(rate))
            .then_some(("max_harm_rate", "expected a share from 0 to 1; 0 means that no harm may be seen"))
    }

    /// Whether a cell is asked about.
    pub fn asks_about(&self, cell: &CellKey) -> bool {
        let among = |names: &[String], name: &str| names.is_empty() || names.iter().any(|n| n == name);
        among(&self.scenarios, cell.scenario.raw())
            && among(&self.setups, cell.setup.raw())
            && among(&self.agents, cell.agent.raw())
    }

    /// A name that no cell has, and what it should be the name of: it would compare nothing and call it fine.
    pub fn unknown<'c>(
        &self,
        cells: impl Iterator<Item = &'c CellKey> + Clone,
    ) -> Option<(&'static str, &str)> {
        let lists: [(&str, &Vec<String>, Name); 3] = [
            ("scenario", &self.scenarios, |cell| &cell.scenario),
            ("setup", &self.setups, |cell| &cell.setup),
            ("agent", &self.agents, |cell| &cell.agent),
        ];
        let is_known = |name: &str, of: Name| cells.clone().any(|cell| of(cell).raw() == name);
        lists.into_iter().find_map(|(what, names, of)| {
            names.iter().find(|name| !is_known(name, of)).map(|name| (what, name.as_str()))
        })
    }
}

type Name = fn(&CellKey) -> &Untrusted;
