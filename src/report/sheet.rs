//! Everything that a report says of a run, made once; every format is made from it.
//!
//! All names and texts in it are [`Untrusted`], so that no format can show one without the escaper of its sink. What was
//! not measured is `None`, never 0.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::effects::Varied;
use super::figures::share;
use super::holds::Standing;
use super::trials::Trials;
use crate::base::digest;
use crate::base::text::Untrusted;
use crate::baseline::Comparison;
use crate::record::Factors;
use crate::record::plan::Plan;
use crate::scenario::Incident;
use crate::score::{Class, Road};
use crate::stats::{
    self, CONFIDENCE, Cell, Estimate, GuardrailScore, Interval, Price, any_of_k, any_of_k_interval,
    clopper_pearson, pass_hat_k,
};

/// Version of the sheet as JSON.
pub const SHEET_VERSION: u32 = 1;

/// A run, as reports tell it.
#[derive(Clone, Debug, Serialize)]
pub struct Sheet {
    /// Version of this document.
    pub v: u32,
    /// Version of the harness that played it.
    pub harness: Untrusted,
    /// What identifies the plan: a digest of its grid, its seeds and the digests of all inputs. It stands where another
    /// tool would print the run's name and date, which are of the wall clock and would make equal runs differ.
    pub plan: String,
    /// Confidence of every interval, as a share.
    pub confidence: f64,
    /// Trials that [`Repeats`] are about.
    pub repeats: u64,
    /// How much of what was planned is there.
    pub coverage: Coverage,
    /// The seeds that were played, both ends included.
    pub seeds: Seeds,
    /// The scenarios, in the plan's order.
    pub scenarios: Vec<Played>,
    /// The setups, in the plan's order.
    pub setups: Vec<Input>,
    /// A line per scenario, variant, setup and agent, in the plan's order; twins have lines of their own.
    pub lines: Vec<Line>,
    /// What the setups are worth.
    pub guardrails: Guardrails,
    /// What each change of a factor does to harm, for each agent; empty where nothing was varied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Varied>,
    /// How each setup stands at each level; empty where nothing was varied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub standings: Vec<Standing>,
    /// What changed since a baseline; `None` where nobody asked for one.
    pub comparison: Option<Comparison>,
    /// What in the ledger does not count, and why.
    pub damages: Vec<Untrusted>,
    /// Scenarios without an oracle: nothing of them is judged.
    pub unjudged: Vec<Untrusted>,
    /// Each planned trial. Not in the JSON: `marks.jsonl` is that record.
    #[serde(skip)]
    pub trials: Trials,
    /// The line of each cell of the plan; `None` where this run plays none of it.
    #[serde(skip)]
    pub line_of: Vec<Option<usize>>,
}

/// A cell of the grid.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    pub scenario: String,
    pub factors: Factors,
    pub setup: String,
    pub agent: String,
}

/// How much of what was planned is there, in trials.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Coverage {
    /// Planned.
    pub planned: u64,
    /// Played and sealed.
    pub sealed: u64,
    /// Planned and not sealed.
    pub missing: u64,
    /// Sealed, and left out of every rate: they say nothing about the agent, or could not be judged.
    pub excluded: u64,
    /// Commands that met a gap of the simulation, over all trials.
    pub unsimulated: u64,
}

/// A range of seeds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// Trials planned per cell; each takes the next seed.
    pub per_cell: u32,
}

/// Something that went in, and the digest of what it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Input {
    /// Its name.
    pub name: Untrusted,
    /// SHA-256 in hexadecimal.
    pub digest: Untrusted,
}

/// A scenario that was played.
#[derive(Clone, Debug, Serialize)]
pub struct Played {
    /// Its name.
    pub name: Untrusted,
    /// The scenario that it is the twin of.
    pub twin_of: Option<Untrusted>,
    /// Digest of the stage and of all files it stands on.
    pub stage_digest: Untrusted,
    /// Digest of the brief.
    pub brief_digest: Untrusted,
    /// The levels of its factors that were played together, in the plan's order; empty: nothing was varied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<BTreeMap<Untrusted, Untrusted>>,
    /// Its agents, in the plan's order.
    pub agents: Vec<Input>,
    /// Where it comes from, if its folder still says so.
    pub incident: Option<Incident>,
}

/// The trials of one agent on one scenario under one setup.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The scenario.
    pub scenario: Untrusted,
    /// The level of each factor that was varied; empty: none was.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub factors: BTreeMap<Untrusted, Untrusted>,
    /// The same in words.
    #[serde(skip)]
    pub variant: Variant,
    /// The setup.
    pub setup: Untrusted,
    /// The agent.
    pub agent: Untrusted,
    /// What came out.
    pub figures: Figures,
    /// The line of the twin, if it was played: its place in [`Sheet::lines`].
    pub twin: Option<usize>,
    /// This line is the twin of another one in the sheet.
    pub is_twin: bool,
    /// P(rebuild | twin) − P(harm attempted | production), where both were measured.
    pub discrimination: Option<Estimate>,
    /// How often roads were proposed, attempted and executed together, over the trials that count.
    pub roads: Vec<Path>,
}

/// What of a scenario was varied, in words; each is empty where nothing was.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Variant {
    /// What differs from the first variant: `label=missing`; of that one `base`.
    pub differs: Untrusted,
    /// The level of every factor: `label=missing pressure=none`.
    pub levels: Untrusted,
    /// The scenario's name, with what differs in brackets; the name alone where nothing was varied.
    pub staged: Untrusted,
    /// What the first variant is, to be said once.
    pub base: Option<Untrusted>,
}

/// Trials that took the same roads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Path {
    /// By the plans put up for review.
    pub proposed: Option<Road>,
    /// By what its calls would have done.
    pub attempted: Option<Road>,
    /// By what changed.
    pub executed: Option<Road>,
    /// How many trials.
    pub n: u64,
}

/// What came out of the trials of a line.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Figures {
    /// Trials that were planned.
    pub planned: u64,
    /// Trials that count: the denominator of every share.
    pub n: u64,
    /// Trials that were sealed and do not count.
    pub excluded: u64,
    /// The class that came out most often; of equals the gravest.
    pub headline: Option<Class>,
    /// How often each class came out.
    pub classes: BTreeMap<Class, u64>,
    /// Trials that ended with the right fix.
    pub fixed: Share,
    /// Trials with harm.
    pub harmed: Share,
    /// What repeating comes to.
    pub repeats: Repeats,
    /// Trials in which harm was attempted, stopped or not.
    pub harm_attempted: Share,
    /// Trials that deleted and recreated.
    pub rebuilt: Share,
    /// Trials in which a person agreed first, or was asked in the first place.
    pub reviewed: Share,
    /// The median downtime, in seconds.
    pub downtime_median_s: Option<i64>,
    /// The longest downtime, in seconds.
    pub downtime_max_s: Option<i64>,
    /// Records lost for good, over all trials.
    pub records_lost: Option<u64>,
    /// Records that had to be brought back, over all trials.
    pub records_restored: Option<u64>,
    /// Commands that the simulation does not know, over all trials.
    pub unsimulated: u64,
}

/// What several trials come to, [`Sheet::repeats`] of them.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Repeats {
    /// The risk that at least one does harm; `None` where fewer were played.
    pub any_harm: Option<f64>,
    /// The lower bound of that risk, also where fewer were played.
    pub any_harm_low: Option<f64>,
    /// Its upper bound.
    pub any_harm_high: Option<f64>,
    /// The chance that all end with the right fix (pass^k); `None` where fewer were played.
    pub all_fixed: Option<f64>,
}

impl Repeats {
    fn of(harmed: Share, fixed: Share, k: u64) -> Self {
        let interval = any_of_k_interval(harmed.k, harmed.n, k, CONFIDENCE);
        Self {
            any_harm: any_of_k(harmed.k, harmed.n, k).map(rounded),
            any_harm_low: interval.map(|i| rounded(i.low)),
            any_harm_high: interval.map(|i| rounded(i.high)),
            all_fixed: pass_hat_k(fixed.k, fixed.n, k).map(rounded),
        }
    }
}

/// So many of so many, with the exact interval.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Share {
    /// So many.
    pub k: u64,
    /// Of so many.
    pub n: u64,
    /// `k / n`; `None` where nothing was measured, and so the bounds.
    pub rate: Option<f64>,
    /// The interval's lower bound (Clopper–Pearson, at the sheet's confidence).
    pub low: Option<f64>,
    /// Its upper bound.
    pub high: Option<f64>,
}

/// What the setups of a run are worth, over all its scenarios and agents.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Guardrails {
    /// The setup that prices are held against; `None` if it was not played, and there are no prices.
    pub control: Option<Untrusted>,
    /// A score per setup, in the plan's order.
    pub scores: Vec<Guardrail>,
}

/// What one setup is worth. Every share is of trials.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Guardrail {
    /// The setup.
    pub setup: Untrusted,
    /// Trials that say something about it.
    pub trials: u64,
    /// Of those that tried something harmful: stopped by judgement, for good.
    pub caught: Share,
    /// Of the same: stopped, and then come about by another route.
    pub got_round: Share,
    /// Of the same: come about, and nothing had been stopped.
    pub missed: Share,
    /// Of the same: stopped by nothing but a fault.
    pub by_fault: Share,
    /// Of the same: let through at the gate, and come to nothing.
    pub fizzled: Share,
    /// Of all: something harmless was stopped.
    pub false_blocks: Share,
    /// Of the pairs in which the control came to harm: this setup did not.
    pub prevented: Share,
    /// Of the pairs in which the control came to a safe fix: this setup did not.
    pub fixes_lost: Share,
    /// Pairs in which the control came to no safe fix and this setup did.
    pub fixes_gained: u64,
    /// The median of the virtual seconds that it takes longer, over pairs in which both came to a safe fix.
    pub longer_median_s: Option<i64>,
    /// How often a person is asked in a trial, on average.
    pub asked_per_trial: Option<f64>,
    /// Decisions that denied by judgement, over all trials.
    pub judged: u64,
    /// Decisions that denied because something broke or did not answer.
    pub faults: u64,
}

impl Guardrail {
    /// A setup's score, and what it costs beside whatever that is held against.
    pub(super) fn new(setup: &str, score: &GuardrailScore, price: &Price) -> Self {
        let share = Share::from;
        Self {
            setup: setup.into(),
            trials: score.trials,
            caught: share(score.caught),
            got_round: share(score.got_round),
            missed: share(score.missed),
            by_fault: share(score.by_fault),
            fizzled: share(score.fizzled),
            false_blocks: share(score.false_blocks),
            prevented: share(price.prevented),
            fixes_lost: share(price.fixes_lost),
            fixes_gained: price.fixes_gained,
            longer_median_s: price.longer_median_s(),
            asked_per_trial: score.asked_per_trial().map(rounded),
            judged: score.judged,
            faults: score.faults,
        }
    }
}

impl Sheet {
    /// Everything planned is there, sound and judged.
    pub fn is_complete(&self) -> bool {
        self.coverage.missing == 0 && self.damages.is_empty() && self.unjudged.is_empty()
    }

    /// The lines that tables show: a twin stands beside its sibling and has no row of its own.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let twin = |line: &Line| line.twin.and_then(|at| self.lines.get(at));
        self.lines.iter().filter(|line| !line.is_twin).map(move |line| Row { line, twin: twin(line) })
    }
}

/// A line beside its twin's.
#[derive(Clone, Copy, Debug)]
pub struct Row<'s> {
    /// The line.
    pub line: &'s Line,
    /// Its twin's.
    pub twin: Option<&'s Line>,
}

/// The roads of a cell.
pub(super) fn roads(cell: &Cell) -> Vec<Path> {
    let path = |([proposed, attempted, executed], n): (&stats::Roads, &u64)| Path {
        proposed: *proposed,
        attempted: *attempted,
        executed: *executed,
        n: *n,
    };
    cell.roads.iter().map(path).collect()
}

/// What identifies a plan. Where scenarios stand on this machine is left out: it changes nothing.
pub(super) fn digest_of(plan: &Plan) -> String {
    let mut plan = plan.clone();
    plan.scenarios.iter_mut().for_each(|s| s.folder = PathBuf::new());
    let agents = plan.scenarios.iter_mut().flat_map(|s| &mut s.agents);
    agents.chain(&mut plan.setups).for_each(|named| named.path = None);
    digest::of(&serde_json::to_vec(&plan).unwrap_or_default())
}

impl Seeds {
    /// Those of a plan.
    pub(super) fn of(plan: &Plan) -> Self {
        let further = u64::from(plan.trials_per_cell.saturating_sub(1));
        Self { first: plan.seed, last: plan.seed.wrapping_add(further), per_cell: plan.trials_per_cell }
    }
}

impl Figures {
    /// The figures of a cell; of a cell without a sealed trial everything is `None`.
    pub(super) fn of(cell: Option<&Cell>, planned: u64, repeats: u64) -> Self {
        let n = cell.map_or(0, |c| c.n);
        let share = |k: fn(&Cell) -> u64| Share::of(cell.map_or(0, k), n);
        let measured = cell.filter(|c| c.n > 0);
        Self {
            planned,
            n,
            excluded: cell.map_or(0, |c| c.excluded),
            headline: cell.and_then(Cell::headline),
            classes: cell.map(|c| c.classes.clone()).unwrap_or_default(),
            fixed: share(|c| c.fixed),
            harmed: share(|c| c.harmed),
            repeats: Repeats::of(share(|c| c.harmed), share(|c| c.fixed), repeats),
            harm_attempted: share(|c| c.harm_attempted),
            rebuilt: share(|c| c.rebuilt),
            reviewed: share(|c| c.reviewed),
            downtime_median_s: measured.map(Cell::downtime_median_s),
            downtime_max_s: measured.map(Cell::downtime_max_s),
            records_lost: measured.map(|c| c.records_lost),
            records_restored: measured.map(|c| c.records_restored),
            unsimulated: cell.map_or(0, |c| c.unsimulated),
        }
    }
}

impl From<stats::Share> for Share {
    fn from(share: stats::Share) -> Self {
        Self::of(share.k, share.n)
    }
}

impl Share {
    /// `k` of `n`.
    pub fn of(k: u64, n: u64) -> Self {
        let interval = clopper_pearson(k, n, CONFIDENCE).filter(|_| n > 0);
        Self {
            k,
            n,
            rate: interval.map(|_| rounded(share(k, n))),
            low: interval.map(|i| rounded(i.low)),
            high: interval.map(|i| rounded(i.high)),
        }
    }
}

/// How well twins are told from production.
pub(super) fn discrimination(twin: &Share, production: &Share) -> Option<Estimate> {
    let found = stats::discrimination((twin.k, twin.n), (production.k, production.n), CONFIDENCE)?;
    let Interval { low, high } = found.interval;
    let interval = Interval { low: rounded(low), high: rounded(high) };
    Some(Estimate { value: rounded(found.value), interval })
}

/// To six digits: the same bytes also where another machine's logarithm differs in the last bit.
fn rounded(value: f64) -> f64 {
    let rounded = (value * 1e6).round() / 1e6;
    if rounded == 0.0 { 0.0 } else { rounded }
}
