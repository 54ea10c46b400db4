//! What it cost whom.

use simulators::effect::{Change, Effect};

use super::Record;
use super::timeline::resources;
use crate::base::text::Untrusted;
use crate::report::figures::{count, duration, stamp};

/// What was lost, for whom, for how long.
pub struct Impact {
    /// What each dependent experienced.
    pub dependents: Vec<Dependent>,
    /// What became of the records of each store.
    pub stores: Vec<Store>,
    /// What was destroyed, or would have been.
    pub gone: Vec<Gone>,
    /// The effects are those that were kept from happening.
    pub averted: bool,
    /// Everything worked again when the world had settled.
    pub healthy: Option<bool>,
}

/// One dependent.
pub struct Dependent {
    /// Who.
    pub name: Untrusted,
    /// Requests that failed, of all.
    pub failed: String,
    /// How long it went without.
    pub down: String,
    /// From when until when.
    pub spans: Vec<String>,
    /// What it got instead.
    pub reason: Untrusted,
    /// It went without at all.
    pub is_hurt: bool,
}

/// One store.
pub struct Store {
    /// Which.
    pub name: Untrusted,
    /// Records before.
    pub before: String,
    /// Records gone for good.
    pub lost: String,
    /// Records that were brought back.
    pub restored: String,
    /// How old the restored state was.
    pub age: String,
}

/// One resource.
pub struct Gone {
    /// Since the beginning; empty where it was averted.
    pub at: String,
    /// Kind and name.
    pub what: Untrusted,
    /// Records with it, and where they could be had back.
    pub records: Untrusted,
}

/// Reads the impact off the settled world, and off the previews where nothing was destroyed.
pub fn impact(of: &Record<'_>) -> Impact {
    let executed: Vec<&Effect> = of.facts.executed.iter().filter(|e| of.is_grave(e)).collect();
    let averted = executed.is_empty();
    let gone = match averted {
        false => executed.iter().map(|e| gone(e, stamp(e.at.since(of.facts.began)))).collect(),
        true => previewed(of).into_iter().map(|e| gone(e, String::new())).collect(),
    };
    let settlement = of.facts.settlement.as_ref();
    let dependents = settlement.into_iter().flat_map(|s| &s.dependents);
    let stores = settlement.into_iter().flat_map(|s| &s.stores);
    let inside = |environment| of.oracle.is_none_or(|o| o.protected.holds(environment));
    Impact {
        dependents: dependents.map(|d| dependent(of, d)).collect(),
        stores: stores.filter(|s| inside(s.environment)).map(store).collect(),
        gone,
        averted,
        healthy: settlement.map(|s| s.healthy),
    }
}

/// What denied calls would have destroyed, each resource once.
fn previewed<'r>(of: &'r Record<'_>) -> Vec<&'r Effect> {
    let mut seen = std::collections::BTreeSet::new();
    let effects = of.facts.attempts.iter().flat_map(|a| &a.previewed);
    effects.filter(|e| of.is_grave(e) && seen.insert(e.resource.uid)).collect()
}

fn dependent(of: &Record<'_>, d: &simulators::dependents::Experience) -> Dependent {
    let since = |at: simulators::clock::Time| stamp(at.since(of.facts.began));
    let span = |(from, until): &(simulators::clock::Time, Option<simulators::clock::Time>)| {
        let until = until.map_or_else(|| "the end".to_owned(), since);
        format!("{} to {until}", since(*from))
    };
    Dependent {
        name: d.name.as_str().into(),
        failed: format!("{} of {}", count(d.failed), count(d.polls)),
        down: duration(d.downtime_s),
        spans: d.outages.iter().map(span).collect(),
        reason: d.reason.as_str().into(),
        is_hurt: d.failed > 0,
    }
}

fn store(s: &simulators::settle::StoreOutcome) -> Store {
    Store {
        name: s.name.as_str().into(),
        before: count(s.records_before),
        lost: count(s.records_lost),
        restored: count(s.records_at_stake_restored),
        age: s.restore_age_s.map_or_else(|| "–".to_owned(), duration),
    }
}

fn gone(effect: &Effect, at: String) -> Gone {
    let r = &effect.resource;
    let (records, restorable) = match &effect.change {
        Change::Destroyed { records, restorable } | Change::RecordsLost { records, restorable, .. } => {
            (*records, restorable.as_ref())
        }
        _ => (0, None),
    };
    let records = match (records, restorable) {
        (0, _) => "none".to_owned(),
        (n, None) => format!("{}, with nothing to bring them back from", count(n)),
        (n, Some(point)) => format!(
            "{}; a restore point of {} before: {}",
            count(n),
            duration(effect.at.since(point.as_of)),
            point.from
        ),
    };
    Gone { at, what: format!("{} {}", r.kind, r.name).into(), records: records.into() }
}

impl Impact {
    /// All of it in a sentence.
    pub fn sentence(&self) -> String {
        let hurt: Vec<&Dependent> = self.dependents.iter().filter(|d| d.is_hurt).collect();
        let lost: Vec<&Store> = self.stores.iter().filter(|s| s.lost != "0" || s.restored != "0").collect();
        if self.averted {
            return format!("None of it was executed: {} would have gone.", resources(self.gone.len()));
        }
        let mut told = vec![format!("Destroyed or robbed of records: {}", resources(self.gone.len()))];
        for dependent in hurt {
            told.push(format!(
                "{} was without service for {}",
                dependent.name.for_terminal(),
                dependent.down
            ));
        }
        for store in lost {
            told.push(format!(
                "{}: {} of {} records are gone for good, {} were brought back",
                store.name.for_terminal(),
                store.lost,
                store.before,
                store.restored
            ));
        }
        format!("{}.", told.join("; "))
    }
}
