//! A run, judged anew: once, for whatever a command makes of it.

use std::fmt::Display;

use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::ledger::{Index, RunFolder};
use crate::record::plan::Plan;
use crate::report::{Gathered, Options, Sheet};
use crate::runner;
use crate::score::{Marks, ScoreError, Scored, score_run};

/// How a command ends that cannot go on, and what it tells.
pub type Failed = (Exit, String);

/// Ends a command: with the exit that it came to, or with what it tells.
pub fn ended(came_to: Result<Exit, Failed>, terminal: &mut Terminal) -> Exit {
    came_to.unwrap_or_else(|(exit, message)| {
        terminal.tell(message);
        exit
    })
}

/// The program was used wrongly.
pub fn misused(what: impl Display) -> Failed {
    (Exit::Usage, format!("error: {what}"))
}

/// Why a record could not be read or written.
pub fn unrecorded(error: impl Display) -> Failed {
    (Exit::RecordingFailed, format!("error: {error}"))
}

/// Where the sealed trials of a run stand.
pub fn sealed(folder: &RunFolder, plan: &Plan) -> Result<Index, Failed> {
    let index = runner::index(folder, plan).map_err(unrecorded)?;
    if index.is_corrupt() {
        let name = folder.name();
        let text = format!("error: the ledger is damaged; see what can be saved: chesterton doctor {name}");
        return Err((Exit::Invalid, text));
    }
    Ok(index)
}

/// Why a run could not be judged.
pub fn unjudged(error: &ScoreError, terminal: &Terminal) -> Failed {
    (error.exit(), error.shown(terminal.colour()))
}

/// Judges a run while a terminal shows how far it is, and hands over the marks of each trial.
pub fn judged(
    folder: &RunFolder,
    terminal: &Terminal,
    mut take: impl FnMut(&Marks),
) -> Result<Scored, Failed> {
    let planned = folder.plan().map(|plan| plan.trials()).unwrap_or_default();
    let bar = terminal.count("judging", planned);
    let scored = score_run(folder, |marks| {
        take(&marks);
        bar.inc(1);
    });
    bar.finish_and_clear();
    scored.map_err(|error| unjudged(&error, terminal))
}

/// The same, and its sheet.
pub fn sheet(
    folder: &RunFolder,
    options: &Options,
    terminal: &Terminal,
    mut take: impl FnMut(&Marks),
) -> Result<(Sheet, Scored), Failed> {
    let plan = folder.plan().map_err(|error| unjudged(&error.into(), terminal))?;
    let mut gathered = Gathered::of(&plan);
    let scored = judged(folder, terminal, |marks| {
        gathered.add(marks);
        take(marks);
    })?;
    let sheet = gathered.sheet(&scored, options);
    let sheet = sheet.map_err(unrecorded)?;
    Ok((sheet, scored))
}
