//! `show`: one trial as a person reads it; a setup to start from; the schema of a file.

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};

use super::cast;
use super::score::find_run;
use super::terminal::Terminal;
use crate::agent::{self, AgentFile, ProcessFile};
use crate::base::exit::Exit;
use crate::gate::{self, SetupFile};
use crate::ledger::{self, Recorded, RunFolder};
use crate::model::Prices;
use crate::prose::{self, JudgeFile};
use crate::record::{Event, TrialKey};
use crate::report;
use crate::scenario::{SchemaKind, schema, schema_of};
use crate::score::Judge;

/// Show one trial, or a file to start from. Examples: `chesterton show 3f9c`, `chesterton show latest
/// cost-explorer/inherited/incident`, `chesterton show setup peer-review > mine.toml`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    /// The run, if two names are given; the trial, if one is
    #[arg(value_name = "[RUN] TRIAL", required = true, num_args = 1..=2)]
    names: Vec<String>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A built-in setup's file, to start one's own from
    Setup {
        /// Its name, as `list setups` has it
        name: String,
    },
    /// The file of a built-in model agent, to start one's own from
    Agent {
        /// Its name, as `list agents` has it
        name: String,
    },
    /// The file of a built-in judge of prose, to start one's own from
    Judge {
        /// Its name, as `list judges` has it
        name: String,
    },
    /// What tokens cost, as the program has it, to start a table of one's own from
    Prices,
    /// The JSON Schema of a file, for editors that check while one writes
    Schema {
        /// Of which file
        file: FileKind,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FileKind {
    /// A guardrail setup
    Setup,
    /// A scenario's `stage.toml`
    Stage,
    /// A scenario's `incident.toml`
    Incident,
    /// A scripted agent
    Agent,
    /// An agent that asks a model
    ModelAgent,
    /// An agent that is a process
    ProcessAgent,
    /// A judge of prose
    Judge,
    /// What a policy, a webhook or a plain hook sees of a call
    Case,
}

/// Prints what is asked for.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    match &arguments.what {
        None => trial(arguments, results, terminal),
        Some(What::Setup { name }) => setup(name, terminal),
        Some(What::Agent { name }) => {
            let source = agent::MODELS.text(name).or_else(|| agent::PROCESSES.text(name));
            of_model(name, "agent", source, agent::MODELS.names().chain(agent::PROCESSES.names()), terminal)
        }
        Some(What::Judge { name }) => {
            of_model(name, "judge", prose::JUDGES.text(name), prose::JUDGES.names(), terminal)
        }
        Some(What::Prices) => {
            terminal.say(Prices::source().trim_end());
            Exit::Fine
        }
        Some(What::Schema { file }) => {
            let schema = match file {
                FileKind::Setup => schema_of::<SetupFile>(),
                FileKind::Stage => schema(SchemaKind::Stage),
                FileKind::Incident => schema(SchemaKind::Incident),
                FileKind::Agent => schema(SchemaKind::Agent),
                FileKind::ModelAgent => schema_of::<AgentFile>(),
                FileKind::ProcessAgent => schema_of::<ProcessFile>(),
                FileKind::Judge => schema_of::<JudgeFile>(),
                FileKind::Case => gate::case::schema(),
            };
            terminal.say(format!("{schema:#}"));
            Exit::Fine
        }
    }
}

/// Prints the file of what is built in and asks a model.
fn of_model(
    name: &str,
    what: &str,
    source: Option<&str>,
    known: impl Iterator<Item = &'static str>,
    terminal: &mut Terminal,
) -> Exit {
    match source {
        Some(text) => {
            terminal.say(text.trim_end());
            Exit::Fine
        }
        None => {
            let known = known.collect::<Vec<_>>().join(", ");
            terminal.tell(format!("error: `{name}` is no built-in {what}; there are {known}"));
            Exit::Usage
        }
    }
}

fn setup(name: &str, terminal: &mut Terminal) -> Exit {
    match (gate::built_in_source(name), cast::setup(name)) {
        (Some(text), _) => {
            terminal.say(text.trim_end());
            for (file, text) in gate::built_in_files(name) {
                terminal.say(format!("\n# ---- {file}, beside it ----"));
                for line in text.lines() {
                    terminal.say(format!("# {line}").trim_end());
                }
            }
            Exit::Fine
        }
        (None, Err(error)) => {
            terminal.tell(error.shown(terminal.colour()));
            Exit::Usage
        }
        (None, Ok(_)) => {
            terminal.tell(format!("error: `{name}` is a file of your own: look at it with any editor"));
            Exit::Usage
        }
    }
}

/// Finds the trial and prints it.
fn trial(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    let (folder, trial) = match find(&arguments.names, results, terminal) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let judge = folder.plan().ok().and_then(|plan| Judge::of(&plan).ok());
    let marks = judge.and_then(|judge| judge.marks(&trial.events));
    terminal.say(report::transcript(&trial.events, marks.as_ref()));
    Exit::Fine
}

/// The trial of these names, `[RUN] TRIAL`; of several that fit, the first.
///
/// # Errors
/// There is none; that was told.
pub fn find(
    names: &[String],
    results: &Path,
    terminal: &mut Terminal,
) -> Result<(RunFolder, Recorded), Exit> {
    let (run, wanted) = match names {
        [run, trial] => (run.as_str(), trial.as_str()),
        [trial] => ("latest", trial.as_str()),
        _ => return Err(Exit::Usage),
    };
    let folder = find_run(run, results).map_err(|message| {
        terminal.tell(format!("error: {message}"));
        Exit::Usage
    })?;
    let trials = ledger::read(&folder.ledger()).map_err(|error| {
        terminal.tell(format!("error: `{}` cannot be read: {error}", folder.ledger().display()));
        Exit::Invalid
    })?;
    let mut found: Vec<Recorded> = trials.flatten().filter(|t| matches(t, wanted)).collect();
    found.sort_by(|a, b| a.trial.cmp(&b.trial));
    if found.len() > 1 {
        terminal.tell(format!("{} trials fit `{wanted}`; this is the first", found.len()));
    }
    let Some(trial) = found.into_iter().next() else {
        terminal.tell(format!(
            "error: no sealed trial `{wanted}` in {}: give the beginning of its identity, or SCENARIO/SETUP/AGENT[/INDEX]",
            folder.path().display()
        ));
        return Err(Exit::Usage);
    };
    Ok((folder, trial))
}

fn matches(trial: &Recorded, wanted: &str) -> bool {
    let key = Event::opened(&trial.events);
    let path = |k: &TrialKey| format!("{}/{}/{}/{}", k.scenario, k.setup, k.agent, k.index);
    trial.trial.as_str().starts_with(wanted)
        || key.map(path).is_some_and(|path| path == wanted || path.starts_with(&format!("{wanted}/")))
}
