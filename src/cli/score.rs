//! `score`: judges a recorded run from its ledger and the oracles.

use std::path::{Path, PathBuf};

use clap::Args;

use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::ledger::{self, RunFolder};
use crate::score::{ScoreError, Scored, marks_jsonl, score_run};
use crate::{report, stats};

/// Judge a recorded run anew. Example: `chesterton score latest`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run's folder, or `latest`
    #[arg(default_value = "latest")]
    run: String,
}

/// How much is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// The summary table.
    Summary,
}

/// Judges and prints.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    match find_run(&arguments.run, results) {
        Ok(folder) => judge(&folder, Shown::Summary, terminal),
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

/// Judges a run, writes `marks.jsonl` and `cells.csv`, and prints the summary.
pub fn judge(folder: &RunFolder, shown: Shown, terminal: &mut Terminal) -> Exit {
    let scored = match score_run(folder) {
        Ok(scored) => scored,
        Err(ScoreError::Oracle(diagnostic)) => {
            terminal.tell(diagnostic.render(terminal.colour()));
            return Exit::BadScenario;
        }
        Err(error @ ScoreError::NoRun(_)) => {
            terminal.tell(format!("error: {error}"));
            return Exit::Invalid;
        }
    };
    if let Err(error) = write(folder, &scored) {
        terminal.tell(format!("error: {error}"));
        return Exit::RecordingFailed;
    }
    match shown {
        Shown::Summary => terminal.say(report::summary(&scored, terminal.width())),
    }
    for scenario in &scored.unjudged {
        terminal.tell(format!("`{scenario}` has no oracle.toml: its trials are unscored"));
    }
    if scored.is_complete() { Exit::Fine } else { Exit::Invalid }
}

fn write(folder: &RunFolder, scored: &Scored) -> Result<(), ledger::RecordError> {
    folder.put("marks.jsonl", &marks_jsonl(&scored.marks))?;
    let csv = report::cells_csv(&stats::cells(&scored.marks)).map_err(|e| ledger::RecordError {
        path: folder.path().join("cells.csv"),
        cause: std::io::Error::other(e),
    })?;
    folder.put("cells.csv", &csv)
}
