//! Whether an agent that is a process works on this machine: a short trial whose model is a stand-in on loopback, which has it use one
//! tool of production, hand in a report, and stop. No key is needed, and nobody outside is asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::json;

use super::plan::{Cast, Wish};
use super::pool::Session;
use crate::agent::{CommandSpec, ProcessAgent};
use crate::cell::Demand;
use crate::door::MCP_SERVER;
use crate::gate::Setup;
use crate::ledger;
use crate::model::{
    Budget, Client, Heard, Model, ModelSpec, Options, Prices, Provider, Saying, Tape, standin,
};
use crate::record::{Ending, Event};
use crate::scenario::{Diagnostic, Scenario};
use crate::trial;

/// What is asked of production.
const LOOK: &str = "aws sts get-caller-identity";
/// What stands in the report.
const SUMMARY: &str = "this was a trial of the agent";
/// Under an approver who agrees to all that an agent asks.
const SETUP: &str = "ask-first-rubber-stamp";
/// Seconds that it may take.
const WALL_S_MAX: u64 = 90;

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tried {
    /// What the program says of its version; none: it does not say.
    pub version: Option<String>,
    /// How often its model was asked for a next step.
    pub asked: usize,
    /// By which of its tools the model went: `shell` or `MCP`; none: it was offered neither.
    pub door: Option<&'static str>,
    /// What was asked of production arrived there.
    pub reached: bool,
    /// How the trial ended; none: it was not played, and a run says why.
    pub ending: Option<Ending>,
}

impl Tried {
    /// It started, spoke, reached its tools and came to its end.
    pub fn works(&self) -> bool {
        self.reached && self.ending == Some(Ending::Finished)
    }
}

/// Tries an agent on a scenario, in this much of a cell.
///
/// # Errors
/// It cannot be tried, in words: there is no program, no model that is known of, no cell.
pub fn tried(agent: &ProcessAgent, scenario: &Arc<Scenario>, demand: Demand) -> Result<Tried, String> {
    if agent.program().is_none() {
        let CommandSpec { install, .. } = &agent.command;
        return Err(match agent.untried.as_str() {
            "" => format!("not installed: {install}"),
            from => format!("not installed: {install}; {from} and not tried"),
        });
    }
    if let Some(why) = agent.shut_in() {
        return Err(why);
    }
    let shown = |error: &dyn std::fmt::Display| error.to_string();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| shown(&error))?;
    let fence = runtime.block_on(demand.fence(&agent.command.image))?;
    let model = Arc::new(Stood::default());
    let said = Arc::clone(&model);
    let serving = runtime.block_on(standin(move |heard| said.says(heard))).map_err(|error| shown(&error))?;
    let mut agent = agent.clone();
    agent.limits.wall_s_max = WALL_S_MAX;
    let asked = stood_in(&mut agent, &serving.at)?;
    let version = runtime.block_on(trial::version(&agent, fence));
    let events = played(Cast::Process(Arc::new(agent), Some(asked)), scenario, demand)?;
    Ok(Tried {
        version,
        asked: model.asked.load(Ordering::Relaxed),
        door: model.door.get().copied(),
        reached: events.iter().any(
            |event| matches!(event, Event::Attempt { call, .. } if call.operation == "GetCallerIdentity"),
        ),
        ending: Event::ended(&events).cloned(),
    })
}

/// Lets what stands in be the agent's model.
fn stood_in(agent: &mut ProcessAgent, at: &str) -> Result<Model, String> {
    let spec = agent.endpoint.as_ref().map(|endpoint| (endpoint.dialect, endpoint.spec.clone()));
    let (dialect, spec) = spec.ok_or("its file names no `[model]`, so none can stand in for it")?;
    let (provider, base_url) = (Provider::OpenaiCompatible, Some(dialect.base(at)));
    let keyless =
        ModelSpec { provider, dialect: Some(dialect), base_url, key_env: None, key_fd: None, ..spec };
    let endpoint = keyless.endpoint().map_err(|unfit| unfit.to_string())?;
    agent.endpoint = Some(endpoint.clone());
    let prices = Prices::built_in().map_err(|wrong| wrong.render(false))?;
    let options = Options { budget: Budget::default(), prices, tape: Tape::Off };
    let client = Client::new(options).map_err(|error| error.to_string())?;
    client.model(endpoint).map_err(|unfit| unfit.to_string())
}

/// The record of one trial; empty, if it was not sealed.
fn played(cast: Cast, scenario: &Arc<Scenario>, demand: Demand) -> Result<Vec<Event>, String> {
    let told = |wrong: Vec<Diagnostic>| wrong.first().map(|first| first.render(false)).unwrap_or_default();
    let setup = Setup::built_in(SETUP).transpose().map_err(told)?;
    let wish = Wish {
        scenarios: vec![(Arc::clone(scenario), vec![cast])],
        setups: setup.into_iter().map(Arc::new).collect(),
        trials: 1,
        seed: 1,
        shard: None,
    };
    let session = Session::new(&wish).map_err(|error| error.to_string())?;
    let bytes = session.in_cells(demand).play_in_memory().map_err(|error| error.to_string())?;
    let first = ledger::read_bytes(bytes).next();
    Ok(first.and_then(Result::ok).map(|trial| trial.events).unwrap_or_default())
}

/// The model that stands in.
#[derive(Debug, Default)]
struct Stood {
    asked: AtomicUsize,
    door: OnceLock<&'static str>,
}

impl Stood {
    /// One look at production, a report, and the end.
    fn says(&self, heard: &Heard) -> Saying {
        let text = |text: &str| Saying::Text(text.to_owned());
        let done = heard.results.len();
        let report = json!({"outcome": "not_done", "summary": SUMMARY});
        let (name, arguments, line) = match done {
            0 => ("run_command", json!({"command": LOOK}), LOOK.to_owned()),
            _ => ("finish", report, format!("finish --outcome not_done --summary '{SUMMARY}'")),
        };
        let (door, tool, arguments) = match (heard.of_server(MCP_SERVER, name), heard.shell()) {
            (Some(tool), _) => ("MCP", tool, arguments),
            (None, Some(shell)) => ("shell", shell, shell.running(&line)),
            // Agents ask for a title, or a summary, beside.
            (None, None) => return text("A look at production"),
        };
        self.asked.fetch_add(1, Ordering::Relaxed);
        let _ = self.door.set(door);
        if done > 1 { text("That is all.") } else { Saying::using(tool, arguments, done) }
    }
}
