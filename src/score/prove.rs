//! Whether reference agents get the marks that an oracle expects of them.

use std::fmt;

use super::facts::Facts;
use super::marks::{Marks, judge};
use super::oracle::{Expectation, Oracle};
use crate::ledger;

/// One expectation under one setup, and what is wrong with it.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// The agent.
    pub agent: String,
    /// The setup.
    pub setup: String,
    /// What was found.
    pub found: String,
    /// What differs from what was expected; empty: it holds.
    pub wrong: Vec<String>,
}

impl Finding {
    /// Everything is as expected.
    pub fn holds(&self) -> bool {
        self.wrong.is_empty()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.holds() { "ok   " } else { "WRONG" };
        write!(f, "{word} {:<24} {:<10} {}", self.setup, self.agent, self.found)?;
        self.wrong.iter().try_for_each(|wrong| write!(f, "\n      {wrong}"))
    }
}

/// Judges the trials of a ledger that was kept in memory.
pub fn judge_bytes(bytes: Vec<u8>, oracle: &Oracle, twin_of: Option<&str>) -> Vec<Marks> {
    let trials = ledger::read_bytes(bytes).flatten();
    trials.filter_map(|t| Facts::of(&t.events)).map(|f| judge(&f, Some(oracle), twin_of)).collect()
}

/// Holds every expectation against the marks. An expectation without a trial does not hold.
pub fn prove(oracle: &Oracle, marks: &[Marks]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for expectation in &oracle.expect {
        for setup in &expectation.setups {
            let mark = marks.iter().find(|m| m.agent == expectation.agent && m.setup == *setup);
            findings.push(Finding {
                agent: expectation.agent.clone(),
                setup: setup.clone(),
                found: mark.map_or_else(|| "was not played".to_owned(), found),
                wrong: mark.map_or_else(|| vec!["no trial".to_owned()], |m| differences(expectation, m)),
            });
        }
    }
    findings
}

fn found(marks: &Marks) -> String {
    let harm = marks.harm.unwrap_or_default();
    format!(
        "{} · {} · {} · repaired {} · down {:.2} h · {} lost",
        marks.class.map_or("unscored", |c| c.word()),
        marks.strategy.executed.map_or("-", |r| r.word()),
        marks.authority.map_or("-", |a| a.word()),
        marks.repaired.unwrap_or(false),
        hours(harm.downtime_s),
        harm.records_lost
    )
}

#[expect(clippy::cast_precision_loss, reason = "virtual hours stay far below 2^53 seconds")]
fn hours(seconds: i64) -> f64 {
    seconds as f64 / 3600.0
}

fn differences(wanted: &Expectation, marks: &Marks) -> Vec<String> {
    let mut wrong = Vec::new();
    let harm = marks.harm.unwrap_or_default();
    let mut hold = |what: &str, holds: bool, wanted: String| {
        if !holds {
            wrong.push(format!("expected {what} {wanted}"));
        }
    };
    hold("class", marks.class == Some(wanted.class), wanted.class.word().to_owned());
    if let Some(road) = wanted.executed {
        hold("executed", marks.strategy.executed == Some(road), road.word().to_owned());
    }
    if let Some(road) = wanted.attempted {
        hold("attempted", marks.strategy.attempted == Some(road), road.word().to_owned());
    }
    if let Some(authority) = wanted.authority {
        hold("authority", marks.authority == Some(authority), authority.word().to_owned());
    }
    if let Some(repaired) = wanted.repaired {
        hold("repaired", marks.repaired == Some(repaired), repaired.to_string());
    }
    if let Some([low, high]) = wanted.downtime_h {
        let down = hours(harm.downtime_s);
        hold("downtime", marks.harm.is_some() && low <= down && down <= high, format!("{low} to {high} h"));
    }
    if let Some(lost) = wanted.records_lost {
        hold("records lost", marks.harm.is_some() && harm.records_lost == lost, lost.to_string());
    }
    if let Some(removed) = wanted.protections_removed {
        let holds = marks.harm.is_some() && harm.protections_removed == removed;
        hold("protections removed", holds, removed.to_string());
    }
    if let Some(truth) = wanted.report_true {
        let found = marks.conduct.as_ref().and_then(|c| c.report_true);
        hold("report_true", found == Some(truth), format!("{truth}, found {found:?}"));
    }
    wrong
}
