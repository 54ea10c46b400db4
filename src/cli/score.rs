//! `score`: judges a recorded run from its ledger and the oracles.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::judged::{self, Failed, ended, unrecorded};
use super::output;
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::base::text::Untrusted;
use crate::ledger::{self, RunFolder};
use crate::report::html::Stories;
use crate::report::{self, Format, Options, Sheet};
use crate::runner;
use crate::score::marks_line;

/// Judge a recorded run anew. Example: `chesterton score latest`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run's folder, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    /// Say what the setups are worth: what they stop, what gets round them, what they cost; and, where something was
    /// varied, whether they still hold at each level
    #[arg(long)]
    guardrails: bool,
    /// The setup that prices are held against
    #[arg(long, value_name = "NAME", default_value = "inherited")]
    control: String,
}

/// Judges and prints.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    match find_run(&arguments.run, results) {
        Ok(folder) if arguments.guardrails => {
            let judged = guardrails(&folder, &arguments.control, terminal);
            ended(judged, terminal)
        }
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
fn guardrails(folder: &RunFolder, control: &str, terminal: &mut Terminal) -> Result<Exit, Failed> {
    let options = Options { control: control.to_owned(), ..Options::default() };
    let (sheet, scored) = judged::sheet(folder, &options, terminal, |_| ())?;
    if sheet.guardrails.control.is_none() {
        terminal
            .tell(format!("`{control}` was not played in this run, so there are no prices: see --control"));
    }
    terminal.say(report::guardrails(&sheet.guardrails, &latencies(folder)));
    if !sheet.standings.is_empty() {
        terminal.say(report::standings(&sheet.standings, true));
    }
    Ok(if scored.is_complete() { Exit::Fine } else { Exit::Invalid })
}

/// How long decisions took, from `meta.json`; nothing where that does not say.
fn latencies(folder: &RunFolder) -> BTreeMap<Untrusted, report::Latency> {
    #[derive(serde::Deserialize)]
    struct Meta {
        decisions: BTreeMap<Untrusted, report::Latency>,
    }
    let text = std::fs::read_to_string(folder.path().join("meta.json")).unwrap_or_default();
    serde_json::from_str::<Meta>(&text).map(|meta| meta.decisions).unwrap_or_default()
}

/// Judges a run, writes `marks.jsonl` and `cells.csv`, and prints the summary.
pub fn judge(folder: &RunFolder, terminal: &mut Terminal) -> Exit {
    let judged = runner::interruptible(folder, || judge_into_files(folder, terminal));
    let sheet = match judged {
        Ok(sheet) => sheet,
        Err((exit, message)) => {
            terminal.tell(message);
            return exit;
        }
    };
    terminal.say(report::summary(&sheet, terminal.width()));
    for scenario in &sheet.unjudged {
        let name = scenario.for_line(80);
        terminal.tell(format!("`{name}` has no oracle.toml: its trials are unscored"));
    }
    if sheet.is_complete() { Exit::Fine } else { Exit::Invalid }
}

fn judge_into_files(folder: &RunFolder, terminal: &Terminal) -> Result<Sheet, Failed> {
    let mut lines = folder.begin("marks.jsonl").map_err(unrecorded)?;
    let (sheet, _) = judged::sheet(folder, &Options::default(), terminal, |marks| {
        lines.write(&marks_line(marks));
    })?;
    lines.finish().map_err(unrecorded)?;
    let write = |out: &mut dyn Write| Format::Csv.write(&sheet, &Stories::default(), out);
    output::put_in(folder, "cells.csv", write).map_err(unrecorded)?;
    Ok(sheet)
}
