//! `check`: a scenario proves itself. Its files are right, and its reference agents get the marks that its oracle
//! expects of them.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, mpsc};

use clap::Args;

use super::cast::{self, CastError};
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::model::Prices;
use crate::runner::{self, Cast, Wish};
use crate::scenario::{self, Scenario, Watch};
use crate::score::{self, Marks, Oracle};

/// Prove scenarios. Example: `chesterton check cost-explorer`, or while writing one `chesterton check mine --watch`
#[derive(Debug, Args)]
pub struct Arguments {
    /// Scenarios, by name or folder, or suites; all if none is given
    scenario: Vec<String>,
    /// All scenarios (the same as naming none)
    #[arg(long, conflicts_with = "scenario")]
    all: bool,
    /// Go on: prove a scenario again whenever a file of it, or of one that it extends, has changed. Ctrl-C ends it
    #[arg(long)]
    watch: bool,
}

/// Checks one scenario after another; the first wrong file ends it, wrong marks are all told.
pub fn run(arguments: &Arguments, root: &Path, terminal: &mut Terminal) -> Exit {
    match arguments.watch {
        true => watched(arguments, root, terminal),
        false => once(&arguments.scenario, root, terminal),
    }
}

/// What is wrong with a file ends one round and not the watch: it is being written. What is watched must be there, though.
fn watched(arguments: &Arguments, root: &Path, terminal: &mut Terminal) -> Exit {
    let folders = match cast::folders(root, &arguments.scenario) {
        Ok(folders) => folders,
        Err(error) => {
            terminal.tell(error.shown(terminal.colour()));
            return Exit::BadScenario;
        }
    };
    let mut watch = Watch::of(&folders);
    let mut names = arguments.scenario.clone();
    loop {
        if once(&names, root, terminal) == Exit::Fine {
            terminal.tell("all expectations hold");
        }
        terminal.tell("watching for changes; Ctrl-C ends it");
        names = watch.wait().iter().map(|folder| named(folder)).collect();
    }
}

/// A folder as an argument that cannot be taken for a name.
fn named(folder: &Path) -> String {
    let text = folder.display().to_string();
    if scenario::is_path(&text) { text } else { format!("./{text}") }
}

fn once(names: &[String], root: &Path, terminal: &mut Terminal) -> Exit {
    match scenarios(names, root, terminal) {
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

/// Files are read ahead on a thread of their own, in the same order, while agents play.
fn scenarios(names: &[String], root: &Path, terminal: &mut Terminal) -> Result<usize, CastError> {
    let scenarios = cast::scenarios(root, names)?;
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let folders: Vec<_> = scenarios.iter().map(|scenario| scenario.folder.clone()).collect();
        scope.spawn(move || {
            let mut problems = folders.iter().map(|folder| scenario::check(folder).into_iter().next());
            // Nobody listens any more once a file was wrong.
            problems.try_for_each(|problem| tell.send(problem))
        });
        let mut wrong = if names.is_empty() { twinless(&scenarios, terminal) } else { 0 };
        for scenario in &scenarios {
            match told.recv() {
                Ok(None) => wrong = wrong.saturating_add(proven(scenario, terminal)?),
                Ok(Some(problem)) => return Err(problem.into()),
                Err(_) => {
                    return Err(CastError::Name("the thread that read the files ended early".to_owned()));
                }
            }
        }
        Ok(wrong)
    })
}

/// How many have no twin among all there are: whoever is seldom wrong there may be cautious and no more.
fn twinless(all: &[Arc<Scenario>], terminal: &mut Terminal) -> usize {
    let twins: BTreeSet<&str> = all.iter().filter_map(|s| s.twin_of.as_deref()).collect();
    let alone = all.iter().filter(|s| s.twin_of.is_none() && !twins.contains(&*s.name));
    alone
        .map(|s| {
            terminal.say(format!("{} WRONG no scenario is its twin (`twin_of` in incident.toml)", s.name))
        })
        .count()
}

/// What of a scenario's expectations does not hold.
fn proven(scenario: &Arc<Scenario>, terminal: &mut Terminal) -> Result<usize, CastError> {
    let mut wrong = 0_usize;
    let Some(oracle) = score::load_oracle(&scenario.folder)? else {
        return Err(CastError::Name(format!("`{}` has no oracle.toml: it proves nothing", scenario.name)));
    };
    let mut tell = |gap: String| {
        wrong = wrong.saturating_add(1);
        terminal.say(format!("{} WRONG {gap}", scenario.name));
    };
    score::gaps(&oracle, scenario.twin_of.is_some(), &scenario.brief).into_iter().for_each(&mut tell);
    let marks = play(scenario, &oracle)?;
    score::blind(&marks).into_iter().for_each(&mut tell);
    for finding in score::prove(&oracle, &marks) {
        wrong = wrong.saturating_add(usize::from(!finding.holds()));
        terminal.say(format!("{} {finding}", scenario.name));
    }
    Ok(wrong)
}

/// Plays every agent under the setups under which the oracle expects something of it, and judges: setups side by side.
fn play(scenario: &Arc<Scenario>, oracle: &Oracle) -> Result<Vec<Marks>, CastError> {
    let names: BTreeSet<&String> = oracle.expect.iter().flat_map(|e| &e.setups).collect();
    let names: Vec<&String> = names.into_iter().collect();
    let casts = cast::agents(scenario, &[], &Prices::built_in()?)?;
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let part = names.len().div_ceil(threads).max(1);
    let played = std::thread::scope(|scope| {
        let under =
            |names: &[&String]| names.iter().map(|name| under(scenario, oracle, &casts, name)).collect();
        let at_work: Vec<_> = names.chunks(part).map(|names| scope.spawn(move || under(names))).collect();
        let gone = || Err(CastError::Name("a thread that played trials ended early".to_owned()));
        at_work
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| gone()))
            .collect::<Result<Vec<_>, _>>()
    });
    Ok(played?.into_iter().flat_map(|parts: Vec<Vec<Marks>>| parts).flatten().collect())
}

/// The marks of all agents of whom something is expected under one setup.
fn under(
    scenario: &Arc<Scenario>,
    oracle: &Oracle,
    casts: &[Cast],
    name: &String,
) -> Result<Vec<Marks>, CastError> {
    let setups = cast::setups(std::slice::from_ref(name))?;
    cast::fit(std::iter::once(&**scenario), &setups)?;
    let expected =
        |cast: &&Cast| oracle.expect.iter().any(|e| e.agent == cast.name() && e.setups.contains(name));
    let casts = casts.iter().filter(expected).cloned().collect();
    let scenarios = vec![(Arc::clone(scenario), casts)];
    let wish = Wish { scenarios, setups, trials: 1, seed: 1, shard: None };
    let ledger = runner::Session::new(&wish)
        .and_then(|s| s.play_in_memory())
        .map_err(|e| CastError::Name(e.to_string()))?;
    Ok(score::judge_bytes(ledger, oracle, scenario.twin_of.as_deref()))
}
