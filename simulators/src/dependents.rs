//! Consumers of production, polling through the real path.
//!
//! Between calls and agenda items nothing changes, so a stretch of polls is judged once and its instants are counted
//! arithmetically: thirteen hours of polling cost one execution of the service's code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::World;
use crate::clock::Time;
use crate::engine::{Request, Response};
use crate::keys::Keyspaces;
use crate::resource::Resource;
use crate::service::{caches, dns_lookup, functions, observability};
use crate::sql::{Data, Session};
use crate::stage::{Database, Dependent, Problem};

/// What each dependent has experienced, in the order of the stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pollers: Vec<Poller>,
    /// The rows of each staged database as the trial begins. Shared, so keeping them is free; harm is measured
    /// against them.
    pub(crate) staged: BTreeMap<String, Data>,
    /// What each staged cache holds as the trial begins.
    pub(crate) staged_caches: BTreeMap<String, Keyspaces>,
}

/// One dependent's memory.
#[derive(Clone, Debug)]
struct Poller {
    dependent: Dependent,
    /// When it polls next.
    next: Time,
    stretches: Vec<Stretch>,
    outages: Vec<Outage>,
    /// The last judgement and the path that it holds for.
    judged: Option<(String, Result<(), String>)>,
}

/// Polls in a row, `every_s` apart, with the same result.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    first: Time,
    polls: u64,
    ok: bool,
}

/// From the first failing poll to the next good one.
#[derive(Clone, Debug)]
struct Outage {
    from: Time,
    to: Option<Time>,
    reason: String,
}

/// What a dependent has experienced so far.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Experience {
    /// Who.
    pub name: String,
    /// How often it asked.
    pub polls: u64,
    /// How often it got no usable answer.
    pub failed: u64,
    /// Seconds in all outages; one that lasts counts until now.
    pub downtime_s: i64,
    /// From the first failing poll to the next good one, if there was one.
    pub outages: Vec<(Time, Option<Time>)>,
    /// What the last failing poll got; empty if none failed.
    pub reason: String,
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    let stage = world.stage.clone();
    for (index, dependent) in stage.dependent.iter().enumerate() {
        if dependent.every_s < 1 {
            return Err(Problem {
                path: format!("dependent[{index}].every_s"),
                found: dependent.every_s.to_string(),
                expected: "at least one second".to_owned(),
                candidates: Vec::new(),
            });
        }
    }
    let poller = |dependent: &Dependent| Poller {
        next: stage.epoch.plus(dependent.every_s),
        dependent: dependent.clone(),
        stretches: Vec::new(),
        outages: Vec::new(),
        judged: None,
    };
    let staged = stage.database.iter().filter_map(|d| Some((d.id.clone(), records(world, d)?))).collect();
    let content = |id: &String| caches::content(world, id).map(|content| (id.clone(), content.clone()));
    let staged_caches = stage.cache.iter().filter_map(|c| content(&c.id)).collect();
    world.dependents = State { pollers: stage.dependent.iter().map(poller).collect(), staged, staged_caches };
    Ok(())
}

/// What a database of the stage holds, without what tools note in it for themselves.
fn records(world: &World, database: &Database) -> Option<Data> {
    let data = world.data(&database.id)?;
    let drop: String =
        database.bookkeeping.iter().map(|table| format!("drop table if exists {table};")).collect();
    if drop.is_empty() {
        return Some(data.clone());
    }
    let without = data.run(&drop, &Session::of_world(world.now()));
    Some(without.map_or_else(|_| data.clone(), |(without, _)| without))
}

/// Those whose requests lead through a resource, by name, in the order of the stage. The way is the one that stands, or that
/// last stood: what is taken down piece by piece is missed piece by piece.
pub(crate) fn through(world: &World, resource: &Resource) -> Vec<String> {
    if !resource.serving {
        return Vec::new();
    }
    let leads = |dependent: &&Dependent| {
        functions::way(world, &dependent.api).contains(&resource.name)
            || dns_lookup::is_way(world, dependent, resource)
    };
    world.stage().dependent.iter().filter(leads).map(|dependent| dependent.name.clone()).collect()
}

pub(crate) fn poll_until(world: &mut World, to: Time) {
    for index in 0..world.dependents.pollers.len() {
        let Some(poller) = world.dependents.pollers.get(index) else { continue };
        if poller.next > to {
            continue;
        }
        let verdict = judge(world, poller);
        let broke = world.dependents.pollers.get_mut(index).is_some_and(|poller| poller.count(to, verdict));
        if broke {
            log_failure(world, index);
        }
    }
}

/// What the poller gets as things stand, and the path's version that it holds for.
fn judge(world: &World, poller: &Poller) -> (String, Result<(), String>) {
    if let Err(reason) = dns_lookup::reach(world, &poller.dependent) {
        return (reason.clone(), Err(reason));
    }
    let version = functions::path_version(world, &poller.dependent.api);
    match &poller.judged {
        Some(judged) if judged.0 == version => judged.clone(),
        _ => {
            let request = request(&poller.dependent);
            let response = functions::respond(world, &poller.dependent.api, &request);
            (version, satisfies(&poller.dependent, &response))
        }
    }
}

/// What a dependent asks for.
pub(crate) fn request(dependent: &Dependent) -> Request {
    Request { path: dependent.path.clone(), query: dependent.query.clone() }
}

/// Whether an answer is of use to a dependent: status 200, and rows in the list that it reads.
pub(crate) fn satisfies(dependent: &Dependent, response: &Response) -> Result<(), String> {
    if response.status != 200 {
        let message = response.body.get("message").and_then(Value::as_str).unwrap_or_default();
        return Err(format!("HTTP {} {message}", response.status).trim_end().to_owned());
    }
    let list = response.body.get(&dependent.nonempty).and_then(Value::as_array);
    match list {
        Some(list) if !list.is_empty() => Ok(()),
        Some(_) => Err(format!("HTTP 200 with nothing in `{}`", dependent.nonempty)),
        None => Err(format!("HTTP 200 without the list `{}`", dependent.nonempty)),
    }
}

impl Poller {
    /// Counts all polls up to and including `to` under one verdict. True if an outage began with them.
    fn count(&mut self, to: Time, judged: (String, Result<(), String>)) -> bool {
        let every_s = self.dependent.every_s;
        let (first, span) = (self.next, to.since(self.next));
        let polls = u64::try_from(span / every_s).unwrap_or(0).saturating_add(1);
        self.next = first.plus(i64::try_from(polls).unwrap_or(i64::MAX).saturating_mul(every_s));
        let ok = judged.1.is_ok();
        match self.stretches.last_mut() {
            Some(last) if last.ok == ok => last.polls = last.polls.saturating_add(polls),
            _ => self.stretches.push(Stretch { first, polls, ok }),
        }
        let open = self.outages.last_mut().filter(|outage| outage.to.is_none());
        let broke = match (&judged.1, open) {
            (Ok(()), None) => false,
            (Ok(()), Some(outage)) => {
                outage.to = Some(first);
                false
            }
            (Err(reason), Some(outage)) => {
                outage.reason.clone_from(reason);
                false
            }
            (Err(reason), None) => {
                self.outages.push(Outage { from: first, to: None, reason: reason.clone() });
                true
            }
        };
        self.judged = Some(judged);
        broke
    }

    fn experience(&self, now: Time) -> Experience {
        let polls = |only: fn(&&Stretch) -> bool| self.stretches.iter().filter(only).map(|s| s.polls).sum();
        Experience {
            name: self.dependent.name.clone(),
            polls: polls(|_| true),
            failed: polls(|s| !s.ok),
            downtime_s: self.outages.iter().map(|o| o.to.unwrap_or(now).since(o.from)).sum(),
            outages: self.outages.iter().map(|o| (o.from, o.to)).collect(),
            reason: self.outages.last().map(|o| o.reason.clone()).unwrap_or_default(),
        }
    }
}

/// A function that answers with an error says so in its log, once for a run of failures: a line per poll would bury
/// everything else. Where no function runs, nobody writes.
fn log_failure(world: &mut World, index: usize) {
    let Some(poller) = world.dependents.pollers.get(index) else { return };
    let Some(reason) = poller.outages.last().map(|o| o.reason.clone()) else { return };
    let api = &poller.dependent.api;
    let Some(function) = functions::function_behind(world, api).map(str::to_owned) else { return };
    if functions::uid(world, api).is_none() || functions::uid(world, &function).is_none() {
        return;
    }
    let line = format!("ERROR\t{} {}", poller.dependent.path, reason);
    observability::log(world, &format!("/aws/lambda/{function}"), line);
}

/// What each dependent has experienced until now, in the order of the stage.
pub fn experience(world: &World) -> Vec<Experience> {
    world.dependents.pollers.iter().map(|poller| poller.experience(world.now())).collect()
}

/// Since when a dependent has been failing, if its last poll failed.
pub fn failing_since(world: &World, name: &str) -> Option<Time> {
    let poller = world.dependents.pollers.iter().find(|poller| poller.dependent.name == name)?;
    poller.outages.last().filter(|outage| outage.to.is_none()).map(|outage| outage.from)
}

/// The consumers' own requests in `[from, to)`, all APIs together: per period its beginning, how many, how many failed.
/// Periods without a request are left out, as metrics do.
pub fn counts(world: &World, from: Time, to: Time, period_s: i64) -> Vec<(Time, u64, u64)> {
    count(world, |_| true, from, to, period_s)
}

/// As [`counts`], for one API.
pub fn counts_of(world: &World, api: &str, from: Time, to: Time, period_s: i64) -> Vec<(Time, u64, u64)> {
    count(world, |dependent| dependent.api == api, from, to, period_s)
}

/// Periods that one question may span; a metric's answer holds no more either.
const PERIODS_MAX: i64 = 1_440;

fn count(
    world: &World,
    only: impl Fn(&Dependent) -> bool,
    from: Time,
    to: Time,
    period_s: i64,
) -> Vec<(Time, u64, u64)> {
    let period_s = period_s.max(1);
    let periods = (to.since(from).max(0).saturating_add(period_s - 1) / period_s).min(PERIODS_MAX);
    let pollers: Vec<&Poller> = world.dependents.pollers.iter().filter(|p| only(&p.dependent)).collect();
    (0..periods)
        .filter_map(|n| {
            let begin = from.plus(n.saturating_mul(period_s));
            let end = begin.plus(period_s).min(to);
            let (mut total, mut failed) = (0_u64, 0_u64);
            for poller in &pollers {
                for stretch in &poller.stretches {
                    let polls = stretch.within(poller.dependent.every_s, begin, end);
                    total = total.saturating_add(polls);
                    failed = failed.saturating_add(if stretch.ok { 0 } else { polls });
                }
            }
            (total > 0).then_some((begin, total, failed))
        })
        .collect()
}

impl Stretch {
    /// How many of its polls lie in `[from, to)`.
    fn within(&self, every_s: i64, from: Time, to: Time) -> u64 {
        let before = |time: Time| {
            let reached = time.since(self.first).saturating_add(every_s - 1).max(0) / every_s;
            u64::try_from(reached).unwrap_or(0).min(self.polls)
        };
        before(to).saturating_sub(before(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_of_a_stretch_are_counted_by_their_instants() {
        let start = Time::from_unix(1_000);
        let stretch = Stretch { first: start.plus(60), polls: 3, ok: true };
        let within = |from: i64, to: i64| stretch.within(60, start.plus(from), start.plus(to));
        let cases =
            [(0, 60, 0), (0, 61, 1), (60, 120, 1), (61, 120, 0), (0, 1_000, 3), (181, 999, 0), (180, 180, 0)];
        for (from, to, expected) in cases {
            assert_eq!(within(from, to), expected, "[{from}, {to})");
        }
    }
}
