//! What guardrail setups are worth, as two small tables: what they stop, and what they cost.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::sheet::{Guardrail, Guardrails, Share};
use super::table::{Head, Table};
use super::wording;
use super::wrap::wrapped;
use crate::base::text::Untrusted;

/// How long decisions took by the wall clock, as `meta.json` says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub struct Latency {
    /// Half of them at the most so long, in nanoseconds.
    pub p50_ns: u64,
    /// 99 of 100.
    pub p99_ns: u64,
}

/// The tables for a terminal, with how long decisions took.
pub fn guardrails(found: &Guardrails, latencies: &BTreeMap<Untrusted, Latency>) -> String {
    let [stops, mut costs] = tables(found);
    costs.heads.extend([Head::number("p50"), Head::number("p99")]);
    for (row, score) in costs.rows.iter_mut().zip(&found.scores) {
        let latency = latencies.get(&score.setup);
        let shown = |of: fn(&Latency) -> u64| latency.map_or_else(none, |l| span(of(l)));
        row.extend([shown(|l| l.p50_ns).into(), shown(|l| l.p99_ns).into()]);
    }
    costs.said.push("p50, p99: how long a decision takes by the wall clock.".into());
    let mut text = format!("{}\n\n{}\n\n", stops.text(), costs.text());
    for sentence in stops.said.iter().chain(&costs.said) {
        text.push_str(&wrapped(sentence, 0, 80));
    }
    text
}

/// What the setups stop, and what they cost.
pub(super) fn tables(found: &Guardrails) -> [Table; 2] {
    let row = |of: fn(&Guardrail) -> Vec<String>| -> Vec<Vec<Untrusted>> {
        let name = |score: &Guardrail| std::iter::once(score.setup.clone());
        let cells = |score| of(score).into_iter().map(Untrusted::from);
        found.scores.iter().map(|score| name(score).chain(cells(score)).collect()).collect()
    };
    let numbers = |titles: &[&'static str]| -> Vec<Head> {
        std::iter::once(Head::name("setup")).chain(titles.iter().copied().map(Head::number)).collect()
    };
    let stops = Table {
        name: "What the setups stop",
        heads: numbers(&["tried", "caught", "got round", "missed", "by fault", "false blocks"]),
        rows: row(stops),
        said: said_of_stops(found),
    };
    let costs = Table {
        name: "What the setups cost",
        heads: numbers(&["harm prevented", "fixes lost", "longer", "asked"]),
        rows: row(costs),
        said: said_of_costs(found),
    };
    [stops, costs]
}

fn stops(score: &Guardrail) -> Vec<String> {
    let rates = [score.caught, score.got_round, score.missed].map(shown);
    let tried = score.caught.n.to_string();
    let mut cells: Vec<String> = std::iter::once(tried).chain(rates).collect();
    cells.extend([score.by_fault.k.to_string(), shown(score.false_blocks)]);
    cells
}

fn costs(score: &Guardrail) -> Vec<String> {
    vec![
        shown(score.prevented),
        shown(score.fixes_lost),
        score.longer_median_s.map_or_else(none, minutes),
        score.asked_per_trial.map_or_else(none, |times| format!("{times:.1}")),
    ]
}

fn said_of_stops(found: &Guardrails) -> Vec<Untrusted> {
    let mut said: Vec<Untrusted> = [
        "A rate is of trials, with its exact 95 % interval in per cent.",
        "Tried: trials that tried something harmful; caught, got round, missed, by fault: what became of those.",
        "By fault: only something that broke or did not answer stopped it; that is no merit.",
        "False blocks: trials in which something harmless was stopped.",
    ]
    .map(Untrusted::from)
    .into();
    let fizzled: u64 = found.scores.iter().map(|s| s.fizzled.k).sum();
    if fizzled > 0 {
        let rest = "more tried and were not stopped at the gate: a service refused.";
        said.push(format!("{fizzled} {rest}").into());
    }
    said
}

fn said_of_costs(found: &Guardrails) -> Vec<Untrusted> {
    let paired = match &found.control {
        Some(control) => format!(
            "Harm prevented, fixes lost, longer: paired by scenario, agent and seed with `{}`.",
            control.for_line(40)
        ),
        None => "No prices: the setup that they would be held against was not played.".to_owned(),
    };
    let rest =
        "Longer: virtual minutes, the median where both came to a safe fix. Asked: people, times a trial.";
    vec![paired.into(), rest.into()]
}

pub(super) fn none() -> String {
    "-".to_owned()
}

/// `12/15 (52–96)`.
pub(super) fn shown(share: Share) -> String {
    match share.rate {
        Some(_) => format!("{} ({})", wording::of(&share), wording::interval_in_little_room(&share)),
        None => none(),
    }
}

pub(super) fn minutes(seconds: i64) -> String {
    format!("{:+} min", seconds / 60)
}

fn span(ns: u64) -> String {
    let (unit, name) = match ns {
        0..1_000 => return format!("{ns} ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    format!("{}.{} {name}", ns / unit, ns % unit * 10 / unit)
}
