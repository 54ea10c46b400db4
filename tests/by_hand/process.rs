//! An agent that is a process, as the tests of cells and doors play it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chesterton::agent::ProcessAgent;
use chesterton::cell::Demand;
use chesterton::gate::Setup;
use chesterton::runner::{Cast, Session, Wish};
use chesterton::scenario;

/// Where the scenario is that they play.
pub fn scenario_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/cost-explorer")
}

/// The agent of this file.
pub fn agent(path: &Path) -> Arc<ProcessAgent> {
    let agents = ProcessAgent::wished(path.to_str().unwrap()).unwrap();
    Arc::new(agents.unwrap_or_else(|wrong| panic!("{}", wrong[0].render(false))).remove(0))
}

/// The record of what it does in `cost-explorer` under a setup, in this much of a cell.
pub fn played(agent: &Arc<ProcessAgent>, demand: Demand, setup: &str) -> Vec<u8> {
    let scenario = Arc::new(scenario::load(&scenario_folder()).unwrap());
    let setups = vec![Arc::new(Setup::built_in(setup).unwrap().unwrap())];
    let scenarios = vec![(scenario, vec![Cast::Process(Arc::clone(agent), None)])];
    let wish = Wish { scenarios, setups, trials: 1, seed: 1, shard: None };
    Session::new(&wish).unwrap().in_cells(demand).play_in_memory().unwrap()
}
