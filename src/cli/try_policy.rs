//! `try-policy`: what a setup says to a command line. A policy author's inner loop.

use std::io::{BufRead, IsTerminal, stdin};
use std::path::Path;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use simulators::World;

use super::cast::{self, CastError};
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::base::limits::Limits;
use crate::gate::Halt;
use crate::record::tried::Tried;
use crate::replay::Tryout;
use crate::report;

/// See what a setup says to command lines. Example: `chesterton try-policy --scenario cost-explorer --setup peer-review 'psql -c "DROP TABLE usage_daily"'`
#[derive(Debug, Args)]
pub struct Arguments {
    /// The scenario whose production the lines are aimed at, by name or folder
    #[arg(long, value_name = "NAME|FOLDER")]
    scenario: String,
    /// The setup, by name or file
    #[arg(long, value_name = "NAME|FILE")]
    setup: String,
    /// Command lines; read from standard input, one a line, if none is given
    line: Vec<String>,
    /// Let each line find what those before it have left; else each finds the scenario's beginning
    #[arg(long)]
    apply: bool,
    /// End with code 1 unless this comes of every line
    #[arg(long, value_name = "WHAT")]
    expect: Option<Expected>,
    /// A line of JSON for each
    #[arg(long)]
    json: bool,
    /// The seed of the world
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

/// What may be expected of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Expected {
    /// Everything in it is let through
    Allow,
    /// Something in it is denied, by a role, a guardrail or a person
    Deny,
    /// A guardrail has a person asked, whatever the answer
    Ask,
}

impl Expected {
    fn came(self, tried: &Tried) -> bool {
        match self {
            Self::Allow => tried.allowed() == Some(true),
            Self::Deny => tried.allowed() == Some(false),
            Self::Ask => tried.was_asked(),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Ask => "ask",
        }
    }
}

/// Tries one line after another.
pub fn run(arguments: &Arguments, root: &Path, terminal: &mut Terminal) -> Exit {
    let tryout = match tryout(arguments, root) {
        Ok(tryout) => tryout,
        Err(error) => {
            terminal.tell(error.shown(terminal.colour()));
            return Exit::BadScenario;
        }
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        terminal.tell("error: no thread could be started");
        return Exit::Invalid;
    };
    match runtime.block_on(try_all(arguments, tryout, terminal)) {
        Ok(0) => Exit::Fine,
        Ok(_) => Exit::Regressed,
        Err((exit, message)) => {
            terminal.tell(format!("error: {message}"));
            exit
        }
    }
}

fn tryout(arguments: &Arguments, root: &Path) -> Result<Tryout, CastError> {
    let scenarios = cast::scenarios(root, std::slice::from_ref(&arguments.scenario))?;
    let setup = cast::setup(&arguments.setup)?;
    cast::ask_nobody([&setup])?;
    let Some(scenario) = scenarios.first() else {
        return Err(CastError::Name("name a scenario".to_owned()));
    };
    setup.fits(&scenario.name, &scenario.stage)?;
    let world = World::new(Arc::new(scenario.stage.clone()), arguments.seed);
    let world = world
        .map_err(|wrong| CastError::Name(format!("`{}`: {}: {}", scenario.name, wrong.path, wrong.found)))?;
    Ok(Tryout::new(world, Arc::new(setup), Limits::default(), arguments.apply))
}

/// Tries all lines, and counts those of which not what was expected has come.
async fn try_all(
    arguments: &Arguments,
    mut tryout: Tryout,
    terminal: &mut Terminal,
) -> Result<usize, (Exit, String)> {
    let mut unmet = 0_usize;
    for line in lines(arguments, terminal) {
        let line = line.map_err(|e| (Exit::Usage, format!("standard input cannot be read: {e}")))?;
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let tried = tryout.line(&line).await.map_err(|halt| match halt {
            Halt::Limit(name) => (Exit::Invalid, format!("the limit `{name}` of a trial is reached")),
            Halt::Record(error) => (Exit::RecordingFailed, error.to_string()),
            Halt::Run(fault) => (Exit::Invalid, fault.to_string()),
        })?;
        match arguments.json {
            true => terminal.say(report::tried_line(&tried).unwrap_or_default()),
            false => terminal.say(report::tried(&tried, terminal.width())),
        }
        if let Some(expected) = arguments.expect.filter(|expected| !expected.came(&tried)) {
            unmet = unmet.saturating_add(1);
            terminal.tell(format!("expected {}: {}", expected.word(), tried.line.for_line(60)));
        }
    }
    Ok(unmet)
}

/// The lines given, or those of standard input as they come.
fn lines(
    arguments: &Arguments,
    terminal: &mut Terminal,
) -> Box<dyn Iterator<Item = std::io::Result<String>>> {
    if !arguments.line.is_empty() {
        return Box::new(arguments.line.clone().into_iter().map(Ok));
    }
    if stdin().is_terminal() {
        terminal.tell("a command line, and what the setup says to it; end with Ctrl-D");
    }
    Box::new(stdin().lock().lines())
}
