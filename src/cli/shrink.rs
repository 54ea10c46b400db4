//! `shrink`: reduces a combination that tips an agent to the fewest nudges that still do, and saves it as a scenario.

use std::path::{Path, PathBuf};

use clap::Args;

use super::judged::{Failed, ended, unrecorded};
use super::keep::keep;
use super::play::plain_name;
use super::rounds::{Rounds, Searched};
use super::session::Manner;
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::ledger::RunFolder;
use crate::stats::effects::Nudge;
use crate::stats::search::{self, FINDING_VERSION, Finding, Proof, Question, Shrinking, Shrunk};

/// Reduce what a hunt found to the fewest nudges that still tip the agent. Example: `chesterton shrink hunt-cost-explorer-mine-inherited-1`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A hunt's folder or name, or its `finding.json`
    finding: String,
    /// Trials that may be played
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(4..=100_000))]
    budget_trials: u32,
    /// The name of the scenario that is saved; the scenario's with `-tipped` if not given
    #[arg(long, value_parser = plain_name)]
    name: Option<String>,
    /// The folder of scenarios to save it in; `scenarios` in the hunt's folder if not given
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    #[command(flatten)]
    manner: Manner,
}

/// Shrinks.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    let shrunk = shrink(arguments, results, terminal);
    ended(shrunk, terminal)
}

fn shrink(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Result<Exit, Failed> {
    let (folder, finding) = finding(&arguments.finding, results)?;
    let Some(tipping) = &finding.tips else {
        let text = format!(
            "error: the hunt in `{}` found nothing that tips: there is nothing to shrink",
            folder.display()
        );
        return Err((Exit::Usage, text));
    };
    let searched = Searched {
        scenario: Path::new(&finding.scenario),
        agent: &finding.agent,
        setup: &finding.setup,
        seed: finding.seed,
    };
    let rounds = Rounds::new(&folder.join("shrink"), &searched, &arguments.manner);
    let mut rounds = rounds.map_err(|error| (Exit::BadScenario, error.shown(false)))?;
    let question = Question::new(finding.rate, finding.confidence);
    let budget = arguments.budget_trials;
    let play = &mut |ask: &search::Ask| rounds.play(ask, terminal);
    let shrunk = search::shrink(&finding.base, tipping, &question, budget, play)?;
    let Shrinking { came_to, spent } = shrunk;
    let (nudges, proofs) = match came_to {
        Shrunk::Smallest(nudges, proofs) => (nudges, proofs),
        Shrunk::NotTipping(tally) => {
            let text = format!(
                "in fresh trials it does not tip: {} of {} did harm ({spent} trials)",
                tally.harmed, tally.n
            );
            terminal.say(text);
            return Ok(Exit::Underpowered);
        }
        Shrunk::OutOfBudget(fewest) => {
            terminal.say(format!(
                "the budget is spent ({spent} of {budget} trials) before it was proved; the fewest that tipped so far:\n{}",
                lines(&fewest)
            ));
            return Ok(Exit::OutOfBudget);
        }
    };
    let is_proved = proofs.iter().all(|proof| proof.tips == Some(proof.without.is_none()));
    let levels = search::with(&finding.base, &nudges);
    let to = arguments.to.clone().unwrap_or_else(|| folder.join("scenarios"));
    let name = arguments.name.clone().unwrap_or_else(|| format!("{}-tipped", rounds.scenario.name));
    let said = format!(
        "`{}` with {}: tips `{}` under `{}` (seeds from {})",
        rounds.scenario.name,
        nudges.iter().map(Nudge::to_string).collect::<Vec<_>>().join(" "),
        finding.agent,
        finding.setup,
        finding.seed
    );
    let saved = keep(&rounds.scenario, &levels, &said, &to.join(name))?;
    let document = Smallest { v: FINDING_VERSION, nudges: &nudges, proofs: &proofs, spent, is_proved };
    RunFolder::open(&folder).put_json("smallest.json", &document).map_err(unrecorded)?;
    terminal.say(last_screen(&finding, &nudges, &proofs, spent));
    terminal.say(format!(
        "saved as a scenario: chesterton run {} --agent {} --setup {}",
        saved.display(),
        finding.agent,
        finding.setup
    ));
    Ok(if is_proved { Exit::Fine } else { Exit::Underpowered })
}

/// `smallest.json`.
#[derive(serde::Serialize)]
struct Smallest<'s> {
    v: u32,
    nudges: &'s [Nudge],
    proofs: &'s [Proof],
    spent: u32,
    is_proved: bool,
}

/// The finding of this name, and the folder that it stands in.
fn finding(name: &str, results: &Path) -> Result<(PathBuf, Finding), Failed> {
    let candidates = [
        PathBuf::from(name),
        PathBuf::from(name).join("finding.json"),
        results.join(name).join("finding.json"),
    ];
    let usage = |text: String| (Exit::Usage, format!("error: {text}"));
    let Some(path) = candidates.into_iter().find(|path| path.is_file()) else {
        return Err(usage(format!(
            "`{name}` is no finding: expected what `hunt` made, a folder with a `finding.json`"
        )));
    };
    let text = std::fs::read(&path).map_err(|e| usage(format!("`{}`: {e}", path.display())))?;
    let finding: Finding = serde_json::from_slice(&text)
        .map_err(|e| (Exit::Invalid, format!("error: `{}`: {e}", path.display())))?;
    if finding.v != FINDING_VERSION {
        let text = format!(
            "`{}` is of version {}, and this program reads {FINDING_VERSION}",
            path.display(),
            finding.v
        );
        return Err((Exit::Invalid, format!("error: {text}")));
    }
    Ok((path.parent().map(Path::to_owned).unwrap_or_default(), finding))
}

pub(super) fn lines(nudges: &[Nudge]) -> String {
    nudges.iter().map(|nudge| format!("  {nudge}\n")).collect()
}

fn last_screen(finding: &Finding, nudges: &[Nudge], proofs: &[Proof], spent: u32) -> String {
    let mut text = match nudges.is_empty() {
        true => "it needs no nudge: the base does it\n".to_owned(),
        false => format!(
            "the fewest nudges that tip `{}` under `{}`:\n{}",
            finding.agent,
            finding.setup,
            lines(nudges)
        ),
    };
    text.push_str(&format!(
        "shown with fresh trials, all of it at {} % confidence:\n",
        finding.confidence * 100.0
    ));
    for Proof { without, tally, tips } in proofs {
        let what = match without {
            None => "with all of them".to_owned(),
            Some(nudge) => format!("without {nudge}"),
        };
        let word = match tips {
            Some(true) => "tips",
            Some(false) => "does not tip",
            None => "cannot be told: too few trials",
        };
        text.push_str(&format!("  {what}: {} of {} harmed, {word}\n", tally.harmed, tally.n));
    }
    text.push_str(&format!("{spent} trials"));
    text
}
