//! A run beside a baseline, as a terminal shows it: what changed in the inputs, the cells, what moved, the answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::change;
use super::wrap::wrapped;
use crate::base::text::Untrusted;
use crate::baseline::{
    Answer, CellKey, Compared, Comparison, Flip, InputChange, Measure, Measured, Pairing, Policy, Shift,
    Suite,
};
use crate::stats::{Interval, Safety, Share, Verdict};

/// As wide as a terminal that does not say how wide it is.
const WIDTH: u16 = 80;
/// Names and seeds beyond these are only counted.
const NAMES_MAX: usize = 6;
const SEEDS_MAX: usize = 8;

/// The whole comparison. Cells that are unchanged are only counted, unless `all` are wanted.
pub fn comparison(found: &Comparison, all: bool, width: Option<u16>) -> String {
    let mut text = inputs(&found.inputs);
    let mut scenarios: BTreeMap<&Untrusted, Vec<&Compared>> = BTreeMap::new();
    for cell in found.cells.iter().filter(|c| c.old.is_some() && c.new.is_some()) {
        scenarios.entry(&cell.cell.scenario).or_default().push(cell);
    }
    for (scenario, cells) in scenarios {
        scenario_block(&mut text, scenario, &cells, all, width.unwrap_or(WIDTH));
    }
    for suite in found.suites.iter().filter(|s| s.interval.is_some()) {
        let _ = writeln!(text, "{}", suite_line(suite));
    }
    if let Some(why) = change::why_no_suite(found) {
        text.push_str(&wrapped(&why.into(), 0, usize::from(width.unwrap_or(WIDTH))));
        text.push('\n');
    }
    one_sided(&mut text, "only in this run, nothing to compare with", found, |c| c.old.is_none());
    one_sided(&mut text, "only in the baseline, not played here", found, |c| c.new.is_none());
    text.push_str(&footer(found));
    text
}

fn inputs(changes: &[InputChange]) -> String {
    let mut text = String::new();
    for change in changes {
        let _ = writeln!(text, "changed: {}", input(change));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn name(text: &Untrusted) -> String {
    text.for_line(30)
}

pub(super) fn input(change: &InputChange) -> String {
    match change {
        InputChange::Harness { old, new } => {
            format!("the harness, from {} to {}: no cell is comparable", name(old), name(new))
        }
        InputChange::Scenario { name: scenario, parts } => {
            let parts: Vec<&str> = parts.iter().map(|p| p.word()).collect();
            format!("the {} of {}: its cells are not comparable", parts.join(" and "), name(scenario))
        }
        InputChange::Setup { name: setup } => format!("the setup {}", name(setup)),
        InputChange::Agent { name: agent, scenario } => {
            format!("the agent {} of {}", name(agent), name(scenario))
        }
    }
}

fn scenario_block(text: &mut String, scenario: &Untrusted, cells: &[&Compared], all: bool, width: u16) {
    let _ = writeln!(text, "{}", name(scenario));
    let shown: Vec<&&Compared> = cells.iter().filter(|c| all || is_notable(c)).collect();
    if !shown.is_empty() {
        // The table fills its last column up with spaces, and begins lines in the middle of long names.
        let rows = table(&shown, width).to_string();
        for row in rows.lines() {
            let _ = writeln!(text, "{}", Untrusted::from(row.trim_end()).for_terminal());
        }
    }
    match cells.len().saturating_sub(shown.len()) {
        0 => {}
        n if n == cells.len() => _ = writeln!(text, "all unchanged: {}", counted(n)),
        n => _ = writeln!(text, "and unchanged: {}", counted(n)),
    }
    for cell in cells {
        text.push_str(&details(cell));
    }
    text.push('\n');
}

fn is_notable(cell: &Compared) -> bool {
    cell.verdict != Some(Verdict::Unchanged) || cell.safety.is_some_and(|s| s != Safety::Safe)
}

fn table(cells: &[&&Compared], width: u16) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(["setup", "agent", "harmed", "change", "verdict"]);
    for cell in cells {
        let found = cell.measured.as_ref().and_then(|m| m.harm.found.as_ref());
        table.add_row([
            cell.cell.setup.for_line(22),
            cell.cell.agent.for_line(14),
            format!("{} → {}", harmed(cell.old.as_ref()), harmed(cell.new.as_ref())),
            found.map_or_else(|| "-".to_owned(), |e| points(e.change, Some(e.interval))),
            verdict(cell),
        ]);
    }
    for (n, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if n == 2 || n == 3 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

pub(super) fn verdict(cell: &Compared) -> String {
    let word = cell.verdict.map_or("-", Verdict::word);
    match cell.safety {
        Some(safety @ Safety::Unsafe) => format!("{word}, {}", safety.word()),
        Some(safety) if safety != Safety::Safe && Some(safety.word()) != cell.verdict.map(Verdict::word) => {
            format!("{word}, safety {}", safety.word())
        }
        _ => word.to_owned(),
    }
}

pub(super) fn harmed(count: Option<&crate::baseline::Count>) -> String {
    count.map_or_else(|| "-".to_owned(), |c| share(c.harmed))
}

pub(super) fn share(share: Share) -> String {
    format!("{}/{}", share.k, share.n)
}

/// A change of a rate in points of a hundred, with its interval.
pub(super) fn points(change: f64, interval: Option<Interval>) -> String {
    let signed = |x: f64| match (x * 100.0).round() {
        0.0 => "0".to_owned(),
        x => format!("{x:+}"),
    };
    match interval {
        Some(Interval { low, high }) => format!("{} ({} … {})", signed(change), signed(low), signed(high)),
        None => signed(change),
    }
}

/// What is to be said of a cell beyond its row.
fn details(cell: &Compared) -> String {
    let mut lines: Vec<String> = Vec::new();
    if cell.verdict == Some(Verdict::Invalid) {
        lines.push(why_invalid(cell));
    }
    if let Some(measured) = &cell.measured {
        lines.extend(measured_lines(measured));
        lines.extend(measured.flips.iter().map(flip));
    }
    if lines.is_empty() {
        return String::new();
    }
    let CellKey { setup, agent, .. } = &cell.cell;
    format!("  {}, {}:\n    {}\n", name(setup), name(agent), lines.join("\n    "))
}

fn why_invalid(cell: &Compared) -> String {
    if !cell.spoilt_by.is_empty() {
        let what: Vec<String> = cell.spoilt_by.iter().map(input).collect();
        return format!("not comparable: {}", what.join("; "));
    }
    let sides = [("then", &cell.old), ("now", &cell.new)];
    let silent = sides.iter().filter_map(|(when, count)| {
        let count = count.as_ref().filter(|c| !c.left_out.is_empty())?;
        let reasons: Vec<String> = count
            .left_out
            .iter()
            .map(|(why, n)| format!("{n} {}", Untrusted::from(why.as_str()).for_line(20)))
            .collect();
        Some(format!("{when} {} of {}", reasons.join(", "), count.planned))
    });
    let silent: Vec<String> = silent.collect();
    format!("trials that say nothing could decide: {}", silent.join("; "))
}

fn measured_lines(measured: &Measured) -> Vec<String> {
    let how = match measured.pairing {
        Pairing::Pairs => "pairs",
        Pairing::Samples => "two samples",
    };
    let mut lines = Vec::new();
    for (what, measure) in [("harm", &measured.harm), ("no safe fix", &measured.unfixed)] {
        if matches!(measure.verdict, Verdict::Regressed | Verdict::Improved) {
            lines.push(measure_line(what, measure, how));
        } else if measure.verdict == Verdict::Underpowered && what != "harm" {
            lines.push(format!("{}: underpowered", measure_line(what, measure, how)));
        }
    }
    for (what, shift) in [("downtime", &measured.downtime), ("records lost", &measured.records_lost)] {
        lines.extend(shift.as_ref().and_then(|shift| shift_line(what, shift)));
    }
    lines
}

fn measure_line(what: &str, measure: &Measure, how: &str) -> String {
    let (old, new) = (share(measure.old), share(measure.new));
    match &measure.found {
        Some(e) => {
            format!("{what} {old} → {new}, {}, p = {} ({how})", points(e.change, Some(e.interval)), p(e.p))
        }
        None => format!("{what} {old} → {new}"),
    }
}

fn shift_line(what: &str, shift: &Shift) -> Option<String> {
    let word = match shift.verdict {
        Verdict::Regressed => "rose",
        Verdict::Improved => "fell",
        _ => return None,
    };
    Some(format!("{what} {word}: it differs in {} pairs, p = {}", shift.differing, p(shift.p)))
}

fn p(p: f64) -> String {
    if p < 0.0001 { "0.0001 or less".to_owned() } else { format!("{p:.4}") }
}

fn flip(flip: &Flip) -> String {
    let seeds: Vec<String> = flip.seeds.iter().take(SEEDS_MAX).map(u64::to_string).collect();
    let more = if flip.seeds.len() > SEEDS_MAX { ", …" } else { "" };
    let (from, to, n) = (flip.from.word(), flip.to.word(), flip.seeds.len());
    let of = if n == 1 { "seed" } else { "seeds" };
    format!("{from} → {to} in {n} ({of} {}{more})", seeds.join(", "))
}

fn suite_line(suite: &Suite) -> String {
    format!(
        "over {} incidents, {}, {}: harmed {} → {}, {}",
        suite.incidents,
        name(&suite.setup),
        name(&suite.agent),
        share(suite.old),
        share(suite.new),
        points(suite.change, suite.interval)
    )
}

fn one_sided(text: &mut String, what: &str, found: &Comparison, is_one: fn(&Compared) -> bool) {
    let cells: Vec<&CellKey> = found.cells.iter().filter(|c| is_one(c)).map(|c| &c.cell).collect();
    if cells.is_empty() {
        return;
    }
    let _ = writeln!(text, "{what}: {}", counted(cells.len()));
    for cell in cells.iter().take(NAMES_MAX) {
        let _ = writeln!(text, "  {}, {}, {}", name(&cell.scenario), name(&cell.setup), name(&cell.agent));
    }
    if cells.len() > NAMES_MAX {
        text.push_str("  …\n");
    }
    text.push('\n');
}

fn footer(found: &Comparison) -> String {
    let Policy { confidence, margin, max_harm_rate, .. } = &found.policy;
    let percent = |x: f64| (x * 1000.0).round() / 10.0;
    let mut text = format!(
        "harmed: trials with harm, then → now · change: in points, with its {} % interval\n\
         unchanged: more than +{} points of harm, +{} without a safe fix, are ruled out\n\
         p: of no change, adjusted for all cells that are compared\n",
        percent(*confidence),
        percent(*margin),
        percent(found.policy.fix_margin())
    );
    if let Some(limit) = max_harm_rate {
        let highest = found.cells.iter().filter_map(|c| c.new.as_ref()?.harm_at_most).reduce(f64::max);
        let most = highest
            .map_or_else(String::new, |most| format!("; the highest upper bound is {} %", percent(most)));
        let _ = writeln!(text, "limit of harm: {} % of trials{most}", percent(*limit));
    }
    let _ = write!(text, "\n{}", sentence(found));
    text
}

/// How many cells on both sides came to which verdict; empty if there are none.
pub(super) fn verdicts(found: &Comparison) -> String {
    let verdicts = Verdict::ALL.iter().filter_map(|verdict| {
        let n = found.cells.iter().filter(|c| c.verdict == Some(*verdict)).count();
        (n > 0).then(|| format!("{n} {}", verdict.word()))
    });
    verdicts.collect::<Vec<_>>().join(", ")
}

pub(super) fn sentence(found: &Comparison) -> String {
    let not_safe = found.cells.iter().filter(|c| c.safety == Some(Safety::Unsafe)).count();
    let verdicts = verdicts(found);
    let answer = match found.answer {
        Answer::Unsafe => format!("unsafe: {} above the limit of harm", counted(not_safe)),
        Answer::Regressed => "regressed: shown to be worse".to_owned(),
        Answer::Invalid => "invalid: not comparable, or trials that are missing could decide".to_owned(),
        Answer::Underpowered => "underpowered: nothing is shown, and nothing is ruled out\n\
                                 how many trials it takes: chesterton plan"
            .to_owned(),
        Answer::Fine => "fine".to_owned(),
    };
    format!("cells: {verdicts}\n{answer}")
}

fn counted(cells: usize) -> String {
    if cells == 1 { "1 cell".to_owned() } else { format!("{cells} cells") }
}
