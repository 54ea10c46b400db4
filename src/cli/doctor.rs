//! `doctor`: what is wrong with a run's ledger, and what can be saved of it.

use std::path::Path;

use clap::Args;

use super::score::find_run;
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::ledger::{Cause, Index, RunFolder};
use crate::record::plan::Plan;
use crate::runner;

/// Say what is wrong with a run's ledger, and save what can be saved. Example: `chesterton doctor latest --save`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run's folder or name, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    /// Keep the sound trials alone, so that `resume` can play the others again; what is damaged is put aside
    #[arg(long)]
    save: bool,
}

/// Examines and, if asked, saves.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    match examine(arguments, results, terminal) {
        Ok(exit) => exit,
        Err((exit, message)) => {
            terminal.tell(format!("error: {message}"));
            exit
        }
    }
}

fn examine(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Result<Exit, (Exit, String)> {
    let folder = find_run(&arguments.run, results).map_err(|m| (Exit::Usage, m))?;
    let plan = folder.plan().map_err(|e| (Exit::Invalid, e.to_string()))?;
    let recording = |e: crate::ledger::RecordError| (Exit::RecordingFailed, e.to_string());
    let index = runner::index(&folder, &plan).map_err(recording)?;
    tell(&folder, &plan, &index, terminal);
    if !index.is_corrupt() {
        return Ok(if index.len() == plan.trials() { Exit::Fine } else { Exit::Invalid });
    }
    if !arguments.save {
        terminal.say(format!("save what is sound: chesterton doctor {} --save", folder.name()));
        return Ok(Exit::Invalid);
    }
    let _lock = folder.lock().map_err(|e| (Exit::Usage, e.to_string()))?;
    let aside = index.save(&folder).map_err(recording)?;
    terminal.say(format!("saved {} trials; the damaged ledger is kept in {}", index.len(), aside.display()));
    terminal.say(format!("play the others again: chesterton resume {}", folder.name()));
    Ok(Exit::Invalid)
}

fn tell(folder: &RunFolder, plan: &Plan, index: &Index, terminal: &mut Terminal) {
    terminal.say(format!(
        "{}: {} of {} trials are sealed and sound",
        folder.path().display(),
        index.len(),
        plan.trials()
    ));
    for damage in &index.damages {
        let word = match damage.cause {
            Cause::Stopped => "stopped",
            Cause::Corrupt => "damaged",
        };
        let (place, from, to) = (damage.segment.display(), damage.line, damage.last_line);
        terminal.say(format!("{word}: {place}, lines {from} to {to}: {}", damage.what));
    }
    if index.len() < plan.trials() && !index.is_corrupt() {
        terminal.say(format!("play the others: chesterton resume {}", folder.name()));
    }
}
