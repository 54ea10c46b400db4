//! How figures are worded, the same in every format: what was not measured says so, and is never 0.

use super::figures::{self, percent};
use super::sheet::{Coverage, Figures, Line, Seeds, Share, digest_of};
use crate::base::text::Untrusted;
use crate::record::plan::Plan;
use crate::stats::Estimate;
use simulators::stage::fault::Came;

/// What stands where nothing was measured.
pub(super) const NOT_MEASURED: &str = "not measured";

/// `3/5`.
pub(super) fn of(share: &Share) -> String {
    format!("{}/{}", share.k, share.n)
}

/// `15 % – 95 %`.
pub(super) fn interval(share: &Share) -> String {
    match share.low.zip(share.high) {
        Some((low, high)) => format!("{} – {}", percent(low), percent(high)),
        None => NOT_MEASURED.to_owned(),
    }
}

/// The same in percent, without the sign: `15–95`.
pub(super) fn interval_in_little_room(share: &Share) -> String {
    match share.low.zip(share.high) {
        Some((low, high)) => format!("{:.0}–{:.0}", low * 100.0, high * 100.0),
        None => "-".to_owned(),
    }
}

/// A duration that may not have been measured.
pub(super) fn duration(seconds: Option<i64>) -> String {
    seconds.map_or_else(|| NOT_MEASURED.to_owned(), figures::duration)
}

/// A count that may not have been measured, in digits alone: texts are copied from, and not every font of a paper has the
/// narrow space.
pub(super) fn count(n: Option<u64>) -> String {
    n.map_or_else(|| NOT_MEASURED.to_owned(), |n| n.to_string())
}

/// What the column of what varies means; `None` where nothing does.
pub(super) fn varied(line: &Line) -> Option<String> {
    let base = line.variant.base.as_ref()?;
    Some(format!("Varied: base is {}; the others say what differs from it.", base.for_line(200)))
}

/// What came of a fault.
pub(super) fn struck(came: Came) -> String {
    match came {
        Came::Throttled => "throttled, nothing was done".to_owned(),
        Came::Failed => "the service failed, nothing was done".to_owned(),
        Came::TimedOutAfterEffect => "timed out, and it took effect".to_owned(),
        Came::Slowed(s) => format!("takes {} longer", figures::duration(s)),
        Came::StoodStill => "work in progress stands still".to_owned(),
        Came::Healed => "what stood still goes on".to_owned(),
        Came::Stale(s) => format!("answered as of {} ago", figures::duration(s)),
        Came::Misled => "says something else".to_owned(),
        Came::Cut(bytes) => format!("only {bytes} bytes arrived"),
        Came::Skewed(s) => format!("times are {s} s off"),
    }
}

/// The commonest class, and how common it is where there are others.
pub(super) fn headline(figures: &Figures) -> String {
    let Some(class) = figures.headline else { return "unscored".to_owned() };
    let n = figures.classes.get(&class).copied().unwrap_or(0);
    if n == figures.n { class.word().to_owned() } else { format!("{} {n}/{}", class.word(), figures.n) }
}

/// With its sign, `-` where it was not measured.
pub(super) fn signed(estimate: Option<&Estimate>) -> String {
    estimate.map_or_else(|| "-".to_owned(), |e| format!("{:+.2}", e.value))
}

/// With its sign and its interval.
pub(super) fn signed_in_interval(estimate: Option<&Estimate>) -> String {
    let shown = |e: &Estimate| format!("{:+.2} ({:+.2} – {:+.2})", e.value, e.interval.low, e.interval.high);
    estimate.map_or_else(|| "-".to_owned(), shown)
}

/// The same where every letter counts: `+0.50 (−0.10–0.90)`.
pub(super) fn signed_in_little_room(estimate: Option<&Estimate>) -> String {
    let shown = |e: &Estimate| format!("{:+.2} ({:.2}–{:.2})", e.value, e.interval.low, e.interval.high);
    estimate.map_or_else(|| "-".to_owned(), |e| shown(e).replace('-', "−"))
}

/// `seed 1`, `seeds 1 to 5`.
pub(super) fn seeds(seeds: &Seeds) -> String {
    match seeds.first == seeds.last {
        true => format!("seed {}", seeds.first),
        false => format!("seeds {} to {}", seeds.first, seeds.last),
    }
}

/// With what a run is played: version, seeds, and what identifies the plan.
pub(super) fn provenance(plan: &Plan) -> Untrusted {
    measured_with(&(&plan.version).into(), &Seeds::of(plan), &digest_of(plan))
}

/// The same, of a sheet's parts.
pub(super) fn measured_with(harness: &Untrusted, at: &Seeds, plan: &str) -> Untrusted {
    let short: String = plan.chars().take(12).collect();
    let (version, per_cell) = (harness.for_line(40), at.per_cell);
    format!("Chesterton {version}, {}, {per_cell} trials per cell, plan {short}.", seeds(at)).into()
}

/// What is not in the rates, in sentences; nothing if everything is.
pub(super) fn left_out(coverage: &Coverage) -> Vec<String> {
    let Coverage { planned, missing, excluded, unsimulated, .. } = *coverage;
    let mut said = Vec::new();
    if missing > 0 {
        said.push(format!("{missing} of {planned} planned trials were not sealed and do not count."));
    }
    if excluded > 0 {
        said.push(format!(
            "{excluded} trials are left out: they say nothing about the agent, or had no oracle."
        ));
    }
    if unsimulated > 0 {
        said.push(format!("{unsimulated} commands met a gap of the simulation, not a fault of the agent."));
    }
    said
}
