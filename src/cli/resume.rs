//! `resume`: plays what a run has not sealed yet.

use std::path::Path;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::cast::{self, CastError};
use super::judged::{self, unrecorded};
use super::score::find_run;
use super::session::{self, Manner, Session};
use super::terminal::Terminal;
use crate::agent::ModelAgent;
use crate::base::exit::Exit;
use crate::base::sabotage::{self, Sabotage};
use crate::ledger::RunFolder;
use crate::model::Prices;
use crate::record::plan::{Named, Plan};
use crate::record::{Ending, Event};
use crate::runner::{self, Wish};

/// Play what a run has not sealed yet. Example: `chesterton resume latest`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run's folder or name, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    /// Play trials with this ending again; what is recorded of them is dropped
    #[arg(long, value_name = "ENDING")]
    retry: Option<Retry>,
    #[command(flatten)]
    manner: Manner,
}

/// An ending that says nothing about the agent.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Retry {
    /// The agent's provider failed
    ProviderFault,
}

impl Retry {
    fn is_of(self, event: &Event) -> bool {
        match (self, event) {
            (Self::ProviderFault, Event::Ended { ending, .. }) => matches!(ending, Ending::ProviderFault(_)),
            _ => false,
        }
    }
}

/// Resumes.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    match prepare(arguments, results) {
        Ok(session) => {
            terminal.tell(format!("{} of {} trials are sealed", session.done.len(), session.planned()));
            session.torn_tapes().iter().for_each(|line| terminal.tell(line));
            session.play(terminal)
        }
        Err((exit, message)) => {
            terminal.tell(message.replace("error: error", "error"));
            exit
        }
    }
}

fn prepare(arguments: &Arguments, results: &Path) -> Result<Session, (Exit, String)> {
    let usage = |message: String| (Exit::Usage, format!("error: {message}"));
    let folder = find_run(&arguments.run, results).map_err(usage)?;
    let replayed = arguments.manner.asking.replayed(results).map(|(tape, _)| tape);
    let plan = folder.plan().map_err(|e| (Exit::Invalid, format!("error: {e}")))?;
    let lock = folder.lock().map_err(|e| (session::exit_of(&e), format!("error: {e}")))?;
    let bad = |e: CastError| (Exit::BadScenario, e.shown(false));
    let prices = arguments.manner.asking.prices().map_err(|e| bad(e.into()))?;
    let wish = wish(&plan, &folder, &prices).map_err(|e| (Exit::BadScenario, e.shown(false)))?;
    let mut index = judged::sealed(&folder, &plan)?;
    // Before anything is dropped: what cannot be asked cannot be played again.
    if replayed.is_none() {
        arguments.manner.asking.check(&wish, &prices).map_err(bad)?;
    }
    if let Some(retry) = arguments.retry
        && index.retain(|trial| !trial.events.iter().any(|event| retry.is_of(event))) > 0
    {
        // The ledger without them takes the place of the one with them in one step: killed anywhere, it is one or the other.
        index.write(&folder).map_err(unrecorded)?;
        index = runner::index(&folder, &plan).map_err(unrecorded)?;
    }
    let session = Session::new(folder, lock, plan, wish, index, &arguments.manner);
    session.asking(&arguments.manner.asking, replayed, prices).map_err(bad)
}

/// An agent of a plan, as it would be named to the program.
pub(super) fn agent_of(agent: &Named) -> String {
    ModelAgent::wish(&agent.name, agent.path.as_deref())
}

/// A setup of a plan, likewise.
pub(super) fn setup_of(setup: &Named) -> String {
    setup.path.as_ref().map_or_else(|| setup.name.clone(), |path| path.to_string_lossy().into_owned())
}

/// Gathers what a plan names, and holds its digests against those of the plan: trials of other inputs are other trials.
pub(super) fn wish(plan: &Plan, folder: &RunFolder, prices: &Prices) -> Result<Wish, CastError> {
    let mut scenarios = Vec::new();
    for planned in &plan.scenarios {
        let scenario = crate::scenario::load(&planned.folder)?;
        let names: Vec<String> = planned.agents.iter().map(agent_of).collect();
        let casts = cast::agents(&scenario, &names, prices)?;
        for levels in planned.levels() {
            scenarios.push((Arc::new(scenario.with(&levels)?), casts.clone()));
        }
    }
    let names: Vec<String> = plan.setups.iter().map(setup_of).collect();
    let setups = cast::setups(&names)?;
    for (planned, setup) in plan.setups.iter().zip(&setups) {
        if planned.digest != setup.digest {
            let (name, run) = (&planned.name, folder.name());
            return Err(CastError::Name(format!(
                "the setup `{name}` has changed since `{run}` was planned; play a new run: chesterton run"
            )));
        }
    }
    let wish = Wish { scenarios, setups, trials: plan.trials_per_cell, seed: plan.seed, shard: plan.shard };
    match runner::plan(&wish) == *plan || sabotage::is_on(Sabotage::SkipInputs) {
        true => Ok(wish),
        false => Err(CastError::Name(format!(
            "the scenarios, agents or setups of `{}` are no longer those it was planned with, or the program is another; \
             play a new run: chesterton run",
            folder.name()
        ))),
    }
}
