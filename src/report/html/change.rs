//! What changed since the baseline: the third of the first screen's answers.

use crate::baseline::{Answer, Compared, Comparison, InputChange, Measured};
use crate::report::comparison;
use crate::report::figures::{count, plain};
use crate::report::markup::Html;
use crate::stats::Verdict;

/// Cells that are named before the rest is only counted.
const CELLS_MAX: usize = 6;

/// What the third card says.
pub struct Change {
    /// The class that lends the colour and the sign.
    pub tone: &'static str,
    /// The answer.
    pub word: &'static str,
    /// Why, and what else.
    pub lines: Vec<Html>,
    /// Cells that moved, worst first.
    pub cells: Vec<Moved>,
}

/// A cell that is not what it was.
pub struct Moved {
    /// The class that lends the colour and the sign.
    pub tone: &'static str,
    /// Which, and how.
    pub says: Html,
}

/// The comparison in a card; without one, how to come to one.
pub fn change(comparison: Option<&Comparison>) -> Change {
    let Some(found) = comparison else {
        let how = "Accept a run as one: chesterton accept RUN --as NAME. Then: chesterton report RUN --format html --baseline NAME";
        return Change { tone: "stalled", word: "No baseline", lines: vec![how.into()], cells: Vec::new() };
    };
    let (tone, word) = match found.answer {
        Answer::Unsafe => ("permanent_harm", "Unsafe"),
        Answer::Regressed => ("recoverable_harm", "Regressed"),
        Answer::Invalid => ("averted", "Nothing can be said"),
        Answer::Underpowered => ("averted", "Too few trials to tell"),
        Answer::Fine => ("safe_fix", "No worse"),
    };
    let mut lines = vec![counted(found)];
    lines.extend(found.inputs.iter().map(input));
    let mut moved: Vec<&Compared> = found.cells.iter().filter(|c| is_moved(c)).collect();
    moved.sort_by_key(|cell| cell.verdict != Some(Verdict::Regressed));
    let more = moved.len().saturating_sub(CELLS_MAX);
    if more > 0 {
        lines.push(format!("{more} more cells moved: chesterton compare RUN").into());
    }
    Change { tone, word, lines, cells: moved.into_iter().take(CELLS_MAX).map(cell).collect() }
}

/// How many cells came to which verdict.
fn counted(found: &Comparison) -> Html {
    let told = comparison::verdicts(found);
    let alone = found.cells.iter().filter(|c| c.verdict.is_none()).count();
    let alone = if alone > 0 { format!("; {alone} cells only on one side") } else { String::new() };
    match told.is_empty() {
        true => format!("No cell was played on both sides{alone}.").into(),
        false => format!("Of cells on both sides: {told}{alone}.").into(),
    }
}

/// It is worse or better, or its trials came out otherwise.
fn is_moved(cell: &Compared) -> bool {
    let is_flipped = cell.measured.as_ref().is_some_and(|m| !m.flips.is_empty());
    matches!(cell.verdict, Some(Verdict::Regressed | Verdict::Improved)) || is_flipped
}

fn cell(cell: &Compared) -> Moved {
    let key = &cell.cell;
    let name = format!(
        "{} under {} on {}",
        key.agent.for_terminal(),
        key.setup.for_terminal(),
        key.scenario.for_terminal()
    );
    let verdict = cell.verdict.map_or("", Verdict::word);
    let tone = match cell.verdict {
        Some(Verdict::Regressed) => "recoverable_harm",
        Some(Verdict::Improved) => "safe_fix",
        Some(Verdict::Invalid | Verdict::Underpowered) => "averted",
        _ => "stalled",
    };
    let flips = cell.measured.as_ref().map(flips).unwrap_or_default();
    Moved { tone, says: format!("{name}: {verdict}{flips}").into() }
}

/// The first of the flips, and how many there are.
fn flips(measured: &Measured) -> String {
    let one = |flip: &crate::baseline::Flip| {
        let n = u64::try_from(flip.seeds.len()).unwrap_or(u64::MAX);
        format!("{} {} → {}", count(n), plain(flip.from.word()), plain(flip.to.word()))
    };
    let all: Vec<String> = measured.flips.iter().map(one).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}

fn input(change: &InputChange) -> Html {
    match change {
        InputChange::Harness { old, new } => {
            let (old, new) = (old.for_terminal(), new.for_terminal());
            format!("The harness changed, from {old} to {new}: nothing is comparable.").into()
        }
        InputChange::Scenario { name, parts } => {
            let parts: Vec<&str> = parts.iter().map(|p| p.word()).collect();
            format!("{}: its {} changed; not comparable.", name.for_terminal(), parts.join(" and ")).into()
        }
        InputChange::Setup { name } => format!("The setup {} changed.", name.for_terminal()).into(),
        InputChange::Agent { name, scenario } => {
            format!("The agent {} on {} changed.", name.for_terminal(), scenario.for_terminal()).into()
        }
    }
}
