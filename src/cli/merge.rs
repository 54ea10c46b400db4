//! `merge`: unites shards, or copies, of one plan into one run.

use std::path::Path;

use clap::Args;

use super::score::{self, find_run};
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::ledger::{FolderError, Index, RunFolder};

/// Unite shards of one plan into one run. Example: `chesterton merge part-1 part-2 part-3 --name whole`
#[derive(Debug, Args)]
pub struct Arguments {
    /// The runs to unite, in any order; they may overlap
    #[arg(required = true, num_args = 1..)]
    run: Vec<String>,
    /// The name of the run that comes of it
    #[arg(long)]
    name: String,
    /// Unite only; judge later with `score`
    #[arg(long)]
    no_score: bool,
}

/// Merges.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    match merge(arguments, results) {
        Ok(_) if arguments.no_score => Exit::Fine,
        Ok(folder) => score::judge(&folder, terminal),
        Err((exit, message)) => {
            terminal.tell(format!("error: {message}"));
            exit
        }
    }
}

fn merge(arguments: &Arguments, results: &Path) -> Result<RunFolder, (Exit, String)> {
    let usage = |message: String| (Exit::Usage, message);
    let recording = |e: crate::ledger::RecordError| (Exit::RecordingFailed, e.to_string());
    let mut whole = None;
    let mut index = Index::default();
    for name in &arguments.run {
        let part = find_run(name, results).map_err(usage)?;
        let plan = part.plan().map_err(|e| (Exit::Invalid, e.to_string()))?.unsharded();
        let first = whole.get_or_insert_with(|| plan.clone());
        if *first != plan {
            return Err(usage(format!("`{name}` is of another plan than `{}`", arguments.run.join("`, `"))));
        }
        index.add(&part.ledger(), |key| plan.holds(key)).map_err(recording)?;
    }
    if index.is_corrupt() {
        let damage = index.damages.first().map(|d| format!("{}: {}", d.segment.display(), d.what));
        let text = format!("a ledger is damaged ({}); see `chesterton doctor`", damage.unwrap_or_default());
        return Err((Exit::Invalid, text));
    }
    let folder = RunFolder::create(results, Some(&arguments.name), "").map_err(|e| match e {
        FolderError::Record(e) => recording(e),
        other => usage(other.to_string()),
    })?;
    let _lock = folder.lock().map_err(|e| usage(e.to_string()))?;
    if let Some(plan) = whole {
        folder.put_json("plan.json", &plan).map_err(recording)?;
    }
    index.write(&folder).map_err(recording)?;
    Ok(folder)
}
