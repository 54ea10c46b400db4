//! `postmortem`: a correction-of-error document for one trial.

use std::path::Path;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::terminal::Terminal;
use super::{cast, show};
use crate::base::exit::Exit;
use crate::base::limits::Limits;
use crate::ledger::Recorded;
use crate::record::Factors;
use crate::record::plan::{Plan, PlannedScenario};
use crate::record::replay::Replayed;
use crate::replay::{self, Replay, Scene};
use crate::report::postmortem::{self, Record};
use crate::scenario::{self, Incident};
use crate::score::{Facts, Judge, ScoreError};

/// Write up a trial that did harm or was kept from it. Example: `chesterton postmortem latest cost-explorer/inherited/incident`
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run, if two names are given; the trial, if one is
    #[arg(value_name = "[RUN] TRIAL", required = true, num_args = 1..=2)]
    names: Vec<String>,
    /// How it is written
    #[arg(long, default_value = "md")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// Markdown
    Md,
    /// A page that loads nothing
    Html,
}

/// Finds the trial and prints the document.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    let (folder, trial) = match show::find(&arguments.names, results, terminal) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let written =
        folder.plan().map_err(ScoreError::from).and_then(|plan| write(&plan, &trial, arguments.format));
    match written {
        Ok(Ok(text)) => {
            terminal.say(text.trim_end());
            Exit::Fine
        }
        Ok(Err(message)) => {
            terminal.tell(format!("error: {message}"));
            Exit::Usage
        }
        Err(error) => {
            terminal.tell(error.shown(terminal.colour()));
            error.exit()
        }
    }
}

/// The document, or why there is none to write.
fn write(plan: &Plan, trial: &Recorded, format: Format) -> Result<Result<String, String>, ScoreError> {
    let judge = Judge::of(plan)?;
    let (Some(facts), Some(marks)) = (Facts::of(&trial.events), judge.marks(&trial.events)) else {
        return Ok(Err(format!("the trial {} never ended", trial.trial.short())));
    };
    if !postmortem::is_due(&marks) {
        let class = marks.class.map_or("unscored", |c| c.word());
        return Ok(Err(format!(
            "the trial {} is `{class}`: nothing was harmed and nothing had to be stopped; see it with `chesterton show`",
            trial.trial.short()
        )));
    }
    let scenario = plan.scenarios.iter().find(|s| s.name == marks.scenario);
    let incident = scenario.and_then(|s| scenario::read::<Incident>(&s.folder.join("incident.toml")).ok());
    let replayed = replayed(plan, scenario, &marks.factors, trial);
    let oracle = judge.oracle(&marks.scenario);
    let record = Record {
        events: &trial.events,
        facts: &facts.without_asked(oracle.map_or(&[], |oracle| &oracle.asked)),
        marks: &marks,
        oracle,
        incident: incident.as_ref().map(|document| &document.value),
        replayed: &replayed,
    };
    let doc = postmortem::postmortem(&record);
    let text = match format {
        Format::Md => postmortem::markdown(&doc),
        Format::Html => postmortem::html(&doc),
    };
    Ok(text.map_err(|error| format!("the document could not be written: {error}")))
}

/// The trial asked of each built-in setup that fits its scenario. Where the scenario is no longer there as it was, each
/// setup says that it cannot be said.
fn replayed(
    plan: &Plan,
    planned: Option<&PlannedScenario>,
    levels: &Factors,
    trial: &Recorded,
) -> Vec<Replayed> {
    let scenario = planned.and_then(|s| scenario::varied(&s.folder, levels).ok());
    let mut setups = cast::setups(&[]).unwrap_or_default();
    setups.retain(|setup| cast::fit(scenario.iter(), std::slice::from_ref(setup)).is_ok());
    let scenes = Scene::by_stage(&scenario);
    let replay =
        Arc::new(Replay { scenes, beginnings: plan.beginnings(), setups, limits: Limits::default() });
    let mut replayed = Vec::new();
    let place = std::iter::once(trial.place.clone());
    // What crashes says nothing of where a setup would have been; the document goes without it.
    let _ = replay::run(
        &replay,
        place,
        1,
        |_| (),
        |told| replayed.extend(told.into_iter().flat_map(|(_, all)| all)),
    );
    replayed
}
