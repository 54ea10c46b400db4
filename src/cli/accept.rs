//! `accept`: makes what a run found the baseline that later runs are compared with.

use std::path::{Path, PathBuf};

use clap::Args;

use super::compare::as_baseline;
use super::judged::{ended, unrecorded};
use super::play::plain_name;
use super::score::find_run;
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::baseline::{self, Baseline, Policy};
use crate::report;

/// Accept a run as a baseline. Example: `chesterton accept latest --as main --note "first model, no guardrails"`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run's folder, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    /// The baseline's name
    #[arg(long = "as", value_name = "NAME", default_value = "main", value_parser = plain_name)]
    name: String,
    /// What is to be remembered of it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Replace a baseline of this name; without it what would change is shown, and nothing is written
    #[arg(long)]
    yes: bool,
    /// The folder that holds the baselines
    #[arg(long, value_name = "DIR", default_value = "baselines")]
    baselines: PathBuf,
}

/// Shows what changes, and writes it if there was nothing before or `--yes` says so.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    let came_to = accept(arguments, results, terminal);
    ended(came_to, terminal)
}

fn accept(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Result<Exit, (Exit, String)> {
    let Arguments { name, baselines, .. } = arguments;
    let folder = find_run(&arguments.run, results).map_err(|e| (Exit::Usage, format!("error: {e}")))?;
    let (mut new, scored) = as_baseline(&folder, terminal)?;
    if !scored.is_complete() {
        let name = folder.name();
        return Err((
            Exit::Invalid,
            format!(
                "error: `{name}` is incomplete ({} trials are missing), and no baseline\nfirst: chesterton resume {name}",
                scored.missing()
            ),
        ));
    }
    let path = baseline::file(baselines, name);
    let old = match path.exists() {
        true => {
            let old = Baseline::read(baselines, name);
            Some(old.map_err(|e| (Exit::Invalid, format!("error: {e}")))?)
        }
        false => None,
    };
    new.note = arguments.note.clone().or_else(|| old.as_ref()?.note.clone());
    if let Some(old) = &old {
        if *old == new {
            terminal.say(format!("`{name}` says the same already: {}", path.display()));
            return Ok(Exit::Fine);
        }
        let found = baseline::compare(old, &new, &Policy::default());
        terminal.say(report::comparison(&found, false, terminal.width()));
        if !arguments.yes {
            let run = &arguments.run;
            terminal.tell(format!(
                "nothing was written; if this is what later runs are to be compared with:\nchesterton accept {run} --as {name} --yes"
            ));
            return Ok(Exit::Usage);
        }
    }
    new.write(baselines, name).map_err(unrecorded)?;
    let trials: u64 = new.cells.values().map(baseline::Trials::planned).sum();
    terminal.say(format!(
        "accepted as `{name}`: cells {}, trials {trials}, in {}",
        new.cells.len(),
        path.display()
    ));
    Ok(Exit::Fine)
}
