//! `doctor agents`: which coding agents work on this machine, found out by a short trial of each against a model that stands in.

use std::path::Path;
use std::sync::Arc;

use super::cast::{self, CastError};
use super::terminal::Terminal;
use crate::agent::{self, ProcessAgent};
use crate::base::exit::Exit;
use crate::base::text::Untrusted;
use crate::cell::Demand;
use crate::record::Ending;
use crate::runner::{self, Tried};
use crate::scenario::Scenario;

/// The scenario in which they are tried.
const SCENARIO: &str = "cost-explorer";
/// Characters of what went wrong that are shown.
const WRONG_CHARS: usize = 300;

/// Tries those of these names or files; all that come with the program if none is named.
pub fn run(names: &[String], root: &Path, terminal: &mut Terminal) -> Exit {
    let (agents, scenario) = match agents(names).and_then(|agents| Ok((agents, scenario(root)?))) {
        Ok(both) => both,
        Err(error) => {
            terminal.tell(error.shown(terminal.colour()));
            return Exit::BadScenario;
        }
    };
    let width = agents.iter().map(|agent| agent.name.len()).max().unwrap_or_default();
    let mut exit = Exit::Fine;
    for agent in &agents {
        let is_there = agent.program().is_some();
        let wait = terminal.wait("a trial of an agent");
        let tried = runner::tried(agent, &scenario, Demand::Require);
        wait.finish_and_clear();
        // Who is named is expected to be there.
        if !tried.as_ref().is_ok_and(Tried::works) && (is_there || !names.is_empty()) {
            exit = Exit::Invalid;
        }
        terminal.say(format!("{:<width$}  {}", agent.name, told(&tried)));
    }
    exit
}

fn agents(names: &[String]) -> Result<Vec<ProcessAgent>, CastError> {
    let all = || agent::PROCESSES.names().map(|name| format!("{name}:all")).collect();
    let names: Vec<String> = if names.is_empty() { all() } else { names.to_vec() };
    let mut found = Vec::new();
    for name in names {
        let unknown = || {
            let known: Vec<&str> = agent::PROCESSES.names().collect();
            let known = known.join(", ");
            CastError::Name(format!(
                "`{name}` is no agent that is a process; there are {known}; or give a file"
            ))
        };
        found.extend(ProcessAgent::wished(&name).ok_or_else(unknown)??);
    }
    Ok(found)
}

fn scenario(root: &Path) -> Result<Arc<Scenario>, CastError> {
    let mut found = cast::scenarios(root, &[SCENARIO.to_owned()])?;
    found.pop().ok_or_else(|| CastError::Name(format!("there is no scenario `{SCENARIO}`")))
}

/// What came of it, in a line.
fn told(tried: &Result<Tried, String>) -> String {
    let tried = match tried {
        Ok(tried) => tried,
        Err(why) => return why.clone(),
    };
    let version = tried.version.as_deref().unwrap_or("of a version that it does not say");
    if tried.works() {
        return format!("works by {}: {version}", tried.door.unwrap_or("its own tools"));
    }
    let came = match (tried.asked, tried.door, tried.reached) {
        (0, ..) => "it asked its model for nothing that it could do".to_owned(),
        (n, Some(door), false) => {
            format!("it asked its model {n} times, and nothing of its {door} reached production")
        }
        _ => "it reached production".to_owned(),
    };
    let ended = match &tried.ending {
        None => "it was not played to its end".to_owned(),
        Some(Ending::Finished) => "it finished".to_owned(),
        Some(Ending::Limit(name)) => format!("it ended at `{name}`"),
        Some(Ending::AgentFault(what) | Ending::HarnessFault(what) | Ending::ProviderFault(what)) => {
            Untrusted::from(what.as_str()).for_line(WRONG_CHARS)
        }
        Some(_) => "it was interrupted".to_owned(),
    };
    format!("does not work: {version}; {came}; {ended}")
}
