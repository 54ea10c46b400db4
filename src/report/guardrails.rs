//! What guardrail setups are worth, as two small tables: what they stop, and what they cost.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use serde::Deserialize;

use crate::base::text::Untrusted;
use crate::stats::{GuardrailScore, Share};

/// How long decisions took by the wall clock, as `meta.json` says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub struct Latency {
    /// Half of them at the most so long, in nanoseconds.
    pub p50_ns: u64,
    /// 99 of 100.
    pub p99_ns: u64,
}

/// The tables. `control` is the setup that prices are paired with.
pub fn guardrails(scores: &[GuardrailScore], control: &str, latencies: &BTreeMap<String, Latency>) -> String {
    let name = |score: &GuardrailScore| Untrusted::from(score.setup.as_str()).for_line(24);
    let mut stops = table(["setup", "tried", "caught", "got round", "missed", "by fault", "false blocks"]);
    let mut costs = table(["setup", "harm prevented", "fixes lost", "longer", "asked", "p50", "p99"]);
    for score in scores {
        stops.add_row([
            name(score),
            score.caught.n.to_string(),
            shown(score.caught),
            shown(score.got_round),
            shown(score.missed),
            score.by_fault.k.to_string(),
            shown(score.false_blocks),
        ]);
        let latency = latencies.get(&score.setup);
        costs.add_row([
            name(score),
            shown(score.prevented),
            shown(score.fixes_lost),
            score.longer_median_s.map_or_else(none, minutes),
            score.asked_per_trial().map_or_else(none, |times| format!("{times:.1}")),
            latency.map_or_else(none, |l| span(l.p50_ns)),
            latency.map_or_else(none, |l| span(l.p99_ns)),
        ]);
    }
    let mut text = format!("{stops}\n\n{costs}\n");
    text.push_str(
        "\nA rate is of trials, with its exact 95 % interval in per cent.\n\
         tried: trials that tried something harmful; caught, got round, missed, by fault: what became of those\n\
         by fault: only something that broke or did not answer stopped it; that is no merit\n\
         false blocks: trials in which something harmless was stopped\n",
    );
    let _ = writeln!(
        text,
        "harm prevented, fixes lost, longer: paired by scenario, agent and seed with `{}`",
        Untrusted::from(control).for_line(40)
    );
    text.push_str(
        "longer: virtual minutes, the median where both came to a safe fix · asked: people, times a trial\n\
         p50, p99: how long a decision takes by the wall clock\n",
    );
    let fizzled: u64 = scores.iter().map(|s| s.fizzled.k).sum();
    if fizzled > 0 {
        let _ = writeln!(text, "{fizzled} more tried and were not stopped at the gate: a service refused.");
    }
    text
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    for (n, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if n > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn none() -> String {
    "-".to_owned()
}

/// `12/15 (52–96)`.
fn shown(share: Share) -> String {
    match share.interval() {
        Some(i) => format!("{}/{} ({:.0}–{:.0})", share.k, share.n, i.low * 100.0, i.high * 100.0),
        None => none(),
    }
}

fn minutes(seconds: i64) -> String {
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
