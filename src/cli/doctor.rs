//! `doctor`: what is wrong with a run's ledger, and what can be saved of it.

use std::path::Path;

use clap::Args;

use super::asking;
use super::doctor_agents;
use super::score::find_run;
use super::session;
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::ledger::{Cause, Damage, Index, RecordError, RunFolder};
use crate::model::Reel;
use crate::record::plan::Plan;
use crate::runner;

/// In the place of a run: what is examined are agents.
const AGENTS: &str = "agents";
/// Missing trials that are named; more are counted.
const MISSING_TOLD_MAX: usize = 10;

/// Say what is wrong with a run's ledger, and save what can be saved; or, with `agents`, which coding agents work here. Examples: `chesterton doctor latest --save`, `chesterton doctor agents`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run's folder or name, or `latest`; or `agents`: try the coding agents that are installed against a model that stands in for theirs
    #[arg(default_value = "latest")]
    run: String,
    /// With `agents`: these alone, by name or file, with `:VARIANT` behind it or not
    agent: Vec<String>,
    /// Keep the sound trials alone, so that `resume` can play the others again; what is damaged is put aside
    #[arg(long)]
    save: bool,
}

/// Examines and, if asked, saves.
pub fn run(arguments: &Arguments, root: &Path, results: &Path, terminal: &mut Terminal) -> Exit {
    if arguments.run == AGENTS {
        return doctor_agents::run(&arguments.agent, root, terminal);
    }
    if let Some(more) = arguments.agent.first() {
        terminal.tell(format!("error: expected one run, found `{more}` behind `{}`", arguments.run));
        return Exit::Usage;
    }
    match examine(arguments, results, terminal) {
        Ok(exit) => exit,
        Err((exit, message)) => {
            terminal.tell(format!("error: {message}"));
            exit
        }
    }
}

fn examine(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Result<Exit, (Exit, String)> {
    let folder = find_run(&arguments.run, results).map_err(|m| (Exit::Usage, m))?;
    let plan = folder.plan().map_err(|e| (Exit::Invalid, e.to_string()))?;
    let recording = |e: RecordError| (Exit::RecordingFailed, e.to_string());
    // Whoever saves must know that nobody writes meanwhile; whoever looks need not.
    let _lock = match arguments.save {
        true => Some(folder.lock().map_err(|e| (session::exit_of(&e), e.to_string()))?),
        false => None,
    };
    if !arguments.save
        && let Some(holder) = folder.busy()
    {
        terminal.say(format!("a process is at work in it, so this is how far it is: {holder}"));
    }
    let mut index = runner::index(&folder, &plan).map_err(recording)?;
    index.drop_unreadable();
    tell(&folder, &plan, &index, terminal);
    let is_tape_sound = tell_of_tape(&folder, terminal);
    if !index.is_corrupt() {
        let is_whole = is_tape_sound && index.len() == plan.trials();
        return Ok(if is_whole { Exit::Fine } else { Exit::Invalid });
    }
    if !arguments.save {
        terminal.say(format!("save what is sound: chesterton doctor {} --save", folder.name()));
        return Ok(Exit::Invalid);
    }
    let aside = index.save(&folder).map_err(recording)?;
    let kept = if aside.exists() {
        format!("; the damaged ledger is kept in {}", aside.display())
    } else {
        String::new()
    };
    terminal.say(format!("saved {} trials{kept}", index.len()));
    terminal.say(format!("play the others again: chesterton resume {}", folder.name()));
    Ok(Exit::Invalid)
}

fn tell(folder: &RunFolder, plan: &Plan, index: &Index, terminal: &mut Terminal) {
    terminal.say(format!(
        "{}: {} of {} trials are sealed and sound",
        folder.path().display(),
        index.len(),
        plan.trials()
    ));
    index.damages.iter().for_each(|damage| terminal.say(told(damage)));
    if index.more_damages > 0 {
        terminal.say(format!("and {} damages more", index.more_damages));
    }
    let missing = plan.trials().saturating_sub(index.len());
    for key in plan.keys().filter(|key| !index.has(&key.id())).take(MISSING_TOLD_MAX) {
        terminal.say(format!("not sealed: {}/{}/{} #{}", key.scenario, key.setup, key.agent, key.index));
    }
    if missing > MISSING_TOLD_MAX {
        terminal.say(format!("and {} more that are not sealed", missing.saturating_sub(MISSING_TOLD_MAX)));
    }
    if missing > 0 && !index.is_corrupt() {
        terminal.say(format!("play the others: chesterton resume {}", folder.name()));
    }
}

/// Says what is on the run's tape, if it has one; whether that is sound.
fn tell_of_tape(folder: &RunFolder, terminal: &mut Terminal) -> bool {
    let read = Reel::open(&asking::tape_of(folder));
    let reel = match read.and_then(|reel| reel.map(|reel| reel.verify().map(|_| reel)).transpose()) {
        Ok(None) => return true,
        Ok(Some(reel)) => reel,
        Err(error) => {
            terminal.say(format!("damaged: {error}"));
            terminal.say("what is sealed stays; with that file moved away, `resume` asks again what it held");
            return false;
        }
    };
    let held = reel.exchanges();
    let exchanges: usize = held.values().sum();
    terminal.say(format!("tape: {exchanges} exchanges with models, of {} trials", held.len()));
    for path in &reel.torn {
        let told = "the last exchange was cut off when its writer was killed, and is asked again";
        terminal.say(format!("stopped: {}: {told}", path.display()));
    }
    true
}

fn told(damage: &Damage) -> String {
    let word = match damage.cause {
        Cause::Stopped => "stopped",
        Cause::Corrupt => "damaged",
    };
    let place = match (damage.line, damage.last_line) {
        (0, _) => String::new(),
        (from, to) if from == to => format!(", line {from}"),
        (from, to) => format!(", lines {from} to {to}"),
    };
    format!("{word}: {}{place}: {}", damage.segment.display(), damage.what)
}
