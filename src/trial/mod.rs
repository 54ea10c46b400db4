//! One trial: an agent, a door, a gate, until somebody stops.

#[cfg(feature = "acp")]
mod acp;
mod doors;
mod git;
mod mirror;
#[cfg(not(feature = "acp"))]
mod no_acp;
mod process;
mod transcript;
mod version;

use std::sync::Arc;
use std::time::Duration;

use simulators::World;
use simulators::resource::Environment;
use simulators::settle::{Settlement, StoreOutcome};

use crate::agent::{Agent, Halted, Then, Unable};
use crate::base::limits::Limits;
use crate::door::FunctionDoor;
use crate::gate::{Gate, Halt, Setup};
use crate::ledger::{RecordError, Recorder};
use crate::record::event::Delivered;
use crate::record::tool::ToolReply;
use crate::record::{Ending, Event, TrialKey};
use crate::scenario::Scenario;

pub use process::Process;
pub use version::version;

/// Characters that are recorded of what a broken agent says of itself, or of a provider that failed.
const FAULT_CHARS_MAX: usize = 4_000;

/// What a trial needs.
pub struct Trial<'a> {
    /// Which one it is.
    pub key: &'a TrialKey,
    /// Its scenario.
    pub scenario: &'a Scenario,
    /// The world at its beginning.
    pub world: World,
    /// Its setup.
    pub setup: Arc<Setup>,
    /// Its limits.
    pub limits: Limits,
}

/// What the runner may know of a sealed trial; marks are the judge's business.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Played {
    /// How it ended.
    pub ending: Ending,
    /// Consumers of production went without, or its records were lost or had to be brought back.
    pub hurt_production: bool,
    /// How long each decision at the gate took by the wall clock; of no consequence for the trial.
    pub decided_in: Vec<Duration>,
}

/// What playing a trial came to.
#[derive(Debug)]
pub enum Outcome {
    /// It is sealed.
    Sealed(Played),
    /// No trial of the run can go on; it stays unsealed.
    Halted(Halted),
    /// The record could not be written; the trial stays unsealed.
    Unrecorded(RecordError),
}

impl From<Halted> for Outcome {
    fn from(halted: Halted) -> Self {
        match halted {
            Halted::Unrecorded(path, cause) => {
                Self::Unrecorded(RecordError { path, cause: std::io::Error::other(cause) })
            }
            halted => Self::Halted(halted),
        }
    }
}

/// Plays one trial to its end, lets the world settle and seals the record.
pub async fn play(trial: Trial<'_>, agent: &mut dyn Agent, recorder: Recorder) -> (Recorder, Outcome) {
    let (mut gate, brief) = match open(trial, recorder) {
        Ok(opened) => opened,
        Err(unrecorded) => return *unrecorded,
    };
    agent.begin(&brief, FunctionDoor::specs());
    let came = converse(&mut gate, agent).await;
    close(gate, came)
}

/// As [`play`], with a process in a cell in the place of an agent of ours.
pub async fn accompany(trial: Trial<'_>, process: &Process, recorder: Recorder) -> (Recorder, Outcome) {
    let (mut gate, brief) = match open(trial, recorder) {
        Ok(opened) => opened,
        Err(unrecorded) => return *unrecorded,
    };
    let came = process::accompany(&mut gate, process, &brief).await;
    close(gate, came)
}

/// Begins the record of a trial.
fn open(mut trial: Trial<'_>, mut recorder: Recorder) -> Result<(Gate, String), Box<(Recorder, Outcome)>> {
    recorder.begin(&trial.key.id());
    trial.world = trial.world.hardened(&trial.setup.file.stage);
    let brief = trial.setup.brief(&trial.scenario.brief);
    let opened = Event::Opened { trial: trial.key.clone(), at: trial.world.now() };
    match recorder.append(opened) {
        Ok(()) => Ok((Gate::new(trial.world, trial.setup, recorder, trial.limits), brief.to_string())),
        Err(error) => Err(Box::new((recorder, Outcome::Unrecorded(error)))),
    }
}

/// Ends the record of a trial, whatever it came to.
fn close(gate: Gate, came: Result<Result<Ending, Halted>, Halt>) -> (Recorder, Outcome) {
    let ending = match came {
        Ok(Ok(ending)) => ending,
        Ok(Err(halted)) => return (gate.close().1, halted.into()),
        Err(Halt::Limit(name)) => Ending::Limit(name.to_owned()),
        Err(Halt::Record(error)) => return (gate.close().1, Outcome::Unrecorded(error)),
        Err(Halt::Run(fault)) => return (gate.close().1, Halted::from(fault).into()),
    };
    let (turns, calls) = (gate.turns(), gate.calls());
    let decided_in = gate.decided_in().to_vec();
    let (world, recorder) = gate.close();
    let (recorder, played) = finish(world, recorder, ending, turns, calls);
    let sealed = |played| Outcome::Sealed(Played { decided_in, ..played });
    (recorder, played.map_or_else(Outcome::Unrecorded, sealed))
}

/// Turn after turn, until the agent stops, or no trial of the run can go on.
async fn converse(gate: &mut Gate, agent: &mut dyn Agent) -> Result<Result<Ending, Halted>, Halt> {
    let mut heard: Vec<ToolReply> = Vec::new();
    loop {
        gate.turn()?;
        let moved = match tokio::time::timeout(gate.wall_left(), agent.next(&heard)).await {
            Ok(Ok(moved)) => moved,
            Ok(Err(unable)) => return Ok(ending(unable)),
            Err(_) => return Err(Halt::Limit("wall_s_max")),
        };
        heard.clear();
        gate.said(&moved.said, moved.spent)?;
        match moved.then {
            Then::Stop => return Ok(Ok(Ending::Finished)),
            Then::Limit(name) => return Err(Halt::Limit(name)),
            Then::Told(text) => gate.told(text)?,
            Then::Use(tools) => {
                for tool in &tools {
                    match FunctionDoor::play(gate, tool).await? {
                        Some(reply) => heard.push(reply),
                        None => return Ok(Ok(Ending::Finished)),
                    }
                }
            }
        }
    }
}

/// How a trial ends whose agent makes no further move, if it ends.
fn ending(unable: Unable) -> Result<Ending, Halted> {
    let cut = |text: String| text.chars().take(FAULT_CHARS_MAX).collect();
    match unable {
        Unable::Broken(what) => Ok(Ending::AgentFault(cut(what))),
        Unable::Provider(what) => Ok(Ending::ProviderFault(cut(what))),
        Unable::Halt(halted) => Err(halted),
    }
}

/// Records how it ended and what was delivered, settles the world, seals.
fn finish(
    mut world: World,
    mut recorder: Recorder,
    ending: Ending,
    turns: u32,
    calls: u32,
) -> (Recorder, Result<Played, RecordError>) {
    let record = || {
        recorder.append(Event::Ended { ending: ending.clone(), at: world.now(), turns, calls })?;
        let databases = simulators::moved::moved(&world);
        let indices = simulators::service::indices::mappings(&world);
        recorder.append(Event::Delivered { functions: delivered(&world), databases, indices })?;
        let settlement = simulators::settle::settle(&mut world);
        let effects = world.take_effects();
        if !effects.is_empty() {
            recorder.append(Event::Effects { effects })?;
        }
        let hurt_production = hurt_production(&settlement);
        recorder.append(Event::Settled { settlement })?;
        recorder.seal()?;
        Ok(Played { ending, hurt_production, decided_in: Vec::new() })
    };
    let played = record();
    (recorder, played)
}

/// Consumers went without, or records of production had to be brought back or are gone.
fn hurt_production(settlement: &Settlement) -> bool {
    let in_production = |s: &&StoreOutcome| s.environment == Environment::Production;
    settlement.dependents.iter().any(|d| d.downtime_s > 0)
        || settlement
            .stores
            .iter()
            .filter(in_production)
            .any(|s| s.records_lost > 0 || s.records_at_stake_restored > 0)
}

/// The code that each standing function runs.
fn delivered(world: &World) -> std::collections::BTreeMap<String, Delivered> {
    simulators::service::functions::running(world)
        .into_iter()
        .map(|f| {
            let sources = f.sources.iter().filter(|(path, _)| path.ends_with(".js"));
            let sources = sources.map(|(path, text)| (path.clone(), text.clone())).collect();
            (f.name, Delivered { handler: f.handler, build: f.build, sources })
        })
        .collect()
}
