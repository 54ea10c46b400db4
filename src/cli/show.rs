//! `show`: one trial as a person reads it.

use std::path::Path;

use clap::Args;

use super::score::find_run;
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::ledger::{self, Recorded};
use crate::record::{Event, TrialKey};
use crate::report;
use crate::score::Judge;

/// Show one trial. Examples: `chesterton show 3f9c`, `chesterton show latest cost-explorer/inherited/incident`
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run, if two names are given; the trial, if one is
    #[arg(value_name = "[RUN] TRIAL", required = true, num_args = 1..=2)]
    names: Vec<String>,
}

/// Finds the trial and prints it.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    let (run, wanted) = match arguments.names.as_slice() {
        [run, trial] => (run.as_str(), trial.as_str()),
        [trial] => ("latest", trial.as_str()),
        _ => return Exit::Usage,
    };
    let folder = match find_run(run, results) {
        Ok(folder) => folder,
        Err(message) => {
            terminal.tell(format!("error: {message}"));
            return Exit::Usage;
        }
    };
    let trials = match ledger::read(&folder.ledger()) {
        Ok(trials) => trials,
        Err(error) => {
            terminal.tell(format!("error: `{}` cannot be read: {error}", folder.ledger().display()));
            return Exit::Invalid;
        }
    };
    let mut found: Vec<Recorded> = trials.flatten().filter(|t| matches(t, wanted)).collect();
    found.sort_by(|a, b| a.trial.cmp(&b.trial));
    let Some(trial) = found.first() else {
        terminal.tell(format!(
            "error: no sealed trial `{wanted}` in {}: give the beginning of its identity, or SCENARIO/SETUP/AGENT[/INDEX]",
            folder.path().display()
        ));
        return Exit::Usage;
    };
    if found.len() > 1 {
        terminal.tell(format!("{} trials fit `{wanted}`; this is the first", found.len()));
    }
    let judge = folder.plan().ok().and_then(|plan| Judge::of(&plan).ok());
    let marks = judge.and_then(|judge| judge.marks(&trial.events));
    terminal.say(report::transcript(&trial.events, marks.as_ref()));
    Exit::Fine
}

fn matches(trial: &Recorded, wanted: &str) -> bool {
    let key = trial.events.iter().find_map(|e| match e {
        Event::Opened { trial, .. } => Some(trial),
        _ => None,
    });
    let path = |k: &TrialKey| format!("{}/{}/{}/{}", k.scenario, k.setup, k.agent, k.index);
    trial.trial.as_str().starts_with(wanted)
        || key.map(path).is_some_and(|path| path == wanted || path.starts_with(&format!("{wanted}/")))
}
