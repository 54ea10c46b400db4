//! `score`: judges a recorded run from its ledger and the oracles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::ledger::{self, RecordError, RunFolder};
use crate::report::html::Stories;
use crate::report::{self, Format, Gathered, Sheet};
use crate::runner;
use crate::score::{ScoreError, marks_line, score_run};
use crate::stats::GuardrailTally;

/// Judge a recorded run anew. Example: `chesterton score latest`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run's folder, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    /// Say what the setups are worth: what they stop, what gets round them, what they cost
    #[arg(long)]
    guardrails: bool,
    /// The setup that prices are held against
    #[arg(long, value_name = "NAME", default_value = "inherited")]
    control: String,
}

/// Judges and prints.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    match find_run(&arguments.run, results) {
        Ok(folder) if arguments.guardrails => guardrails(&folder, &arguments.control, terminal),
        Ok(folder) => judge(&folder, terminal),
        Err(message) => {
            terminal.tell(format!("error: {message}"));
            Exit::Usage
        }
    }
}

/// The run of this name: a folder, a name in the results folder, or `latest`.
pub fn find_run(name: &str, results: &Path) -> Result<RunFolder, String> {
    if name == "latest" {
        let none =
            || format!("there is no run in `{}` yet: play one with `chesterton run`", results.display());
        return ledger::latest(results).ok_or_else(none);
    }
    let candidates = [PathBuf::from(name), results.join(name)];
    let found = candidates.iter().find(|path| path.join("plan.json").is_file());
    let none = || format!("`{name}` is no run: expected a folder with a `plan.json`, or `latest`");
    found.map(|path| RunFolder::open(path)).ok_or_else(none)
}

/// Judges a run and prints what its setups are worth.
fn guardrails(folder: &RunFolder, control: &str, terminal: &mut Terminal) -> Exit {
    let mut tally = GuardrailTally::default();
    let scored = match score_run(folder, |marks| tally.add(&marks)) {
        Ok(scored) => scored,
        Err(error) => return failed(&error, terminal),
    };
    let order: Vec<&str> = scored.plan.setup_names().collect();
    let mut scores = tally.scores(control);
    scores.sort_by_key(|score| order.iter().position(|name| *name == score.setup));
    if !order.contains(&control) {
        terminal
            .tell(format!("`{control}` was not played in this run, so there are no prices: see --control"));
    }
    terminal.say(report::guardrails(&scores, control, &latencies(folder)));
    if scored.is_complete() { Exit::Fine } else { Exit::Invalid }
}

/// How long decisions took, from `meta.json`; nothing where that does not say.
fn latencies(folder: &RunFolder) -> BTreeMap<String, report::Latency> {
    #[derive(serde::Deserialize)]
    struct Meta {
        decisions: BTreeMap<String, report::Latency>,
    }
    let text = std::fs::read_to_string(folder.path().join("meta.json")).unwrap_or_default();
    serde_json::from_str::<Meta>(&text).map(|meta| meta.decisions).unwrap_or_default()
}

/// Judges a run, writes `marks.jsonl` and `cells.csv`, and prints the summary.
pub fn judge(folder: &RunFolder, terminal: &mut Terminal) -> Exit {
    let waiting = terminal.wait("judging");
    let judged = runner::interruptible(folder, || judge_into_files(folder));
    waiting.finish_and_clear();
    let sheet = match judged {
        Ok(sheet) => sheet,
        Err(Failure::Score(error)) => return failed(&error, terminal),
        Err(Failure::Record(error)) => {
            terminal.tell(format!("error: {error}"));
            return Exit::RecordingFailed;
        }
    };
    terminal.say(report::summary(&sheet, terminal.width()));
    for scenario in &sheet.unjudged {
        let name = scenario.for_line(80);
        terminal.tell(format!("`{name}` has no oracle.toml: its trials are unscored"));
    }
    if sheet.is_complete() { Exit::Fine } else { Exit::Invalid }
}

/// Says why a run could not be judged.
pub fn failed(error: &ScoreError, terminal: &mut Terminal) -> Exit {
    match error {
        ScoreError::Oracle(diagnostic) => {
            terminal.tell(diagnostic.render(terminal.colour()));
            Exit::BadScenario
        }
        ScoreError::NoRun(_) => {
            terminal.tell(format!("error: {error}"));
            Exit::Invalid
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Score(#[from] ScoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

fn judge_into_files(folder: &RunFolder) -> Result<Sheet, Failure> {
    let mut gathered = Gathered::default();
    let mut lines = folder.begin("marks.jsonl")?;
    let scored = score_run(folder, |marks| {
        lines.write(&marks_line(&marks));
        gathered.add(&marks);
    })?;
    lines.finish()?;
    let sheet = gathered.sheet(&scored);
    let csv = Format::Csv.tell(&sheet, &Stories::default()).map_err(|e| RecordError {
        path: folder.path().join("cells.csv"),
        cause: std::io::Error::other(e),
    })?;
    folder.put("cells.csv", &csv)?;
    Ok(sheet)
}
