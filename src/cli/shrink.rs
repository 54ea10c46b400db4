//! `shrink`: reduces a combination that tips an agent to the fewest nudges that still do, and saves it as a scenario.

use std::path::{Path, PathBuf};

use clap::Args;

use super::hunt::Asked;
use super::judged::{Failed, ended, unrecorded};
use super::keep::keep;
use super::play::plain_name;
use super::rounds::{Rounds, Searched};
use super::session::Manner;
use super::terminal::Terminal;
use super::tipped::tipped;
use crate::base::exit::Exit;
use crate::ledger::RunFolder;
use crate::stats::effects::Nudge;
use crate::stats::search::{self, FINDING_VERSION, Finding, Proof, Question, Shrinking, Shrunk};

/// Reduce what tips an agent to the fewest nudges that still do. Examples: `chesterton shrink hunt-cost-explorer-mine-inherited-1`,
/// `chesterton shrink shaken --agent mine --setup peer-review`, `chesterton shrink cost-explorer --agent mine --setup inherited
/// --levels label=missing,runbook=stale,deadline=overdue`
#[derive(Debug, Args)]
pub struct Arguments {
    /// What tips it: a hunt's folder or name; a run that varied something, of which the cell is taken that does harm most often
    /// with the fewest nudges; or a scenario, with `--levels`. A saved scenario has no levels left that could be taken away
    #[arg(value_name = "HUNT|RUN|SCENARIO")]
    pub(super) what: String,
    /// The agent: of a scenario; of a run, where cells of others are not meant
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) agent: Option<String>,
    /// The guardrail setup, likewise
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) setup: Option<String>,
    /// The levels that tip it: of a scenario; of a run, where other combinations are not meant
    #[arg(long, value_name = "FACTOR=LEVEL,…", value_delimiter = ',', value_parser = leveled)]
    pub(super) levels: Vec<(String, String)>,
    /// The first trial's seed, for a scenario; a run goes on after its own seeds, a hunt from its own
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(super) seed: u64,
    /// What a run or a scenario is asked; a hunt's finding keeps to what the hunt asked
    #[command(flatten)]
    pub(super) asked: Asked,
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
pub fn run(arguments: &Arguments, root: &Path, results: &Path, terminal: &mut Terminal) -> Exit {
    let shrunk = shrink(arguments, root, results, terminal);
    ended(shrunk, terminal)
}

fn leveled(text: &str) -> Result<(String, String), String> {
    let found = text.split_once('=').filter(|(factor, level)| !factor.is_empty() && !level.is_empty());
    let found = found.map(|(factor, level)| (factor.to_owned(), level.to_owned()));
    found.ok_or_else(|| "expected `FACTOR=LEVEL`".to_owned())
}

fn shrink(
    arguments: &Arguments,
    root: &Path,
    results: &Path,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let (folder, finding) = tipped(arguments, root, results, terminal)?;
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
