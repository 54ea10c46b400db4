//! `check`: a scenario proves itself. Its files are right, and its reference agents get the marks that its oracle
//! expects of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::cast::{self, CastError};
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::model::Prices;
use crate::runner::{self, Cast, Wish};
use crate::scenario::{self, Scenario};
use crate::score::{self, Marks, Oracle};

/// Prove scenarios. Example: `chesterton check cost-explorer`
#[derive(Debug, Args)]
pub struct Arguments {
    /// Scenarios, by name or folder; all if none is given
    scenario: Vec<String>,
    /// All scenarios (the same as naming none)
    #[arg(long, conflicts_with = "scenario")]
    all: bool,
}

/// Checks one scenario after another; the first wrong file ends it, wrong marks are all told.
pub fn run(arguments: &Arguments, root: &Path, terminal: &mut Terminal) -> Exit {
    match scenarios(arguments, root, terminal) {
        Ok(0) => Exit::Fine,
        Ok(wrong) => {
            terminal.tell(format!("{wrong} expectations do not hold"));
            Exit::BadScenario
        }
        Err(error) => {
            terminal.tell(error.shown(terminal.colour()));
            Exit::BadScenario
        }
    }
}

fn scenarios(arguments: &Arguments, root: &Path, terminal: &mut Terminal) -> Result<usize, CastError> {
    let mut wrong = 0_usize;
    for scenario in cast::scenarios(root, &arguments.scenario)? {
        if let Some(problem) = scenario::check(&scenario.folder).into_iter().next() {
            return Err(problem.into());
        }
        let Some(oracle) = score::load_oracle(&scenario.folder)? else {
            return Err(CastError::Name(format!(
                "`{}` has no oracle.toml: it proves nothing",
                scenario.name
            )));
        };
        for finding in score::prove(&oracle, &play(&scenario, &oracle)?) {
            wrong = wrong.saturating_add(usize::from(!finding.holds()));
            terminal.say(format!("{} {finding}", scenario.name));
        }
    }
    Ok(wrong)
}

/// Plays every agent under the setups under which the oracle expects something of it, and judges.
fn play(scenario: &Arc<Scenario>, oracle: &Oracle) -> Result<Vec<Marks>, CastError> {
    let names: BTreeSet<&String> = oracle.expect.iter().flat_map(|e| &e.setups).collect();
    let all = cast::agents(scenario, &[], &Prices::built_in()?)?;
    let mut marks = Vec::new();
    for name in names {
        let setups = cast::setups(std::slice::from_ref(name))?;
        cast::fit(std::iter::once(&**scenario), &setups)?;
        let expected =
            |cast: &&Cast| oracle.expect.iter().any(|e| e.agent == cast.name() && e.setups.contains(name));
        let casts = all.iter().filter(expected).cloned().collect();
        let scenarios = vec![(Arc::clone(scenario), casts)];
        let wish = Wish { scenarios, setups, trials: 1, seed: 1, shard: None };
        let ledger = runner::Session::new(&wish)
            .and_then(|s| s.play_in_memory())
            .map_err(|e| CastError::Name(e.to_string()))?;
        marks.extend(score::judge_bytes(ledger, oracle, scenario.twin_of.as_deref()));
    }
    Ok(marks)
}
