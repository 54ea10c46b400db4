//! `merge`: unites shards, or copies, of one plan into one run.

use std::path::Path;

use clap::Args;

use super::score::{self, find_run};
use super::session;
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::ledger::{Cause, Draft, FolderError, Index, RecordError, RunFolder};
use crate::record::plan::Plan;

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
    let recording = |e: RecordError| (Exit::RecordingFailed, e.to_string());
    let folder_failed = |e: FolderError| (session::exit_of(&e), e.to_string());
    RunFolder::is_free(results, &arguments.name).map_err(folder_failed)?;
    let parts = arguments.run.iter().map(|name| part(name, results)).collect::<Result<Vec<_>, _>>()?;
    let Some((_, whole)) = parts.first() else {
        return Err((Exit::Usage, "there is nothing to unite".to_owned()));
    };
    let mut index = Index::default();
    for ((folder, plan), name) in parts.iter().zip(&arguments.run) {
        if !plan.is_same(whole) {
            let all = arguments.run.join("`, `");
            return Err((Exit::Usage, format!("`{name}` is of another plan than `{all}`")));
        }
        index.add(&folder.ledger(), |key| whole.holds(key)).map_err(recording)?;
    }
    if index.is_corrupt() {
        let damage = index
            .damages
            .iter()
            .find(|d| d.cause == Cause::Corrupt)
            .map(|d| format!("{}: {}", d.segment.display(), d.what));
        let text = format!("a ledger is damaged ({}); see `chesterton doctor`", damage.unwrap_or_default());
        return Err((Exit::Invalid, text));
    }
    let draft = Draft::new(results, whole).map_err(recording)?;
    index.write(draft.folder()).map_err(recording)?;
    let (folder, _lock) = draft.publish(Some(&arguments.name), "").map_err(folder_failed)?;
    Ok(folder)
}

/// A run, and the plan that it is a part of.
fn part(name: &str, results: &Path) -> Result<(RunFolder, Plan), (Exit, String)> {
    let folder = find_run(name, results).map_err(|message| (Exit::Usage, message))?;
    let plan = folder.plan().map_err(|e| (Exit::Invalid, e.to_string()))?;
    Ok((folder, plan.unsharded()))
}
