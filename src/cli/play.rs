//! `run`: plays, then judges what was recorded.

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::cast::{self, CastError};
use super::session::{self, Manner, Session};
use super::shard;
use super::terminal::Terminal;
use crate::base::clock::Stopwatch;
use crate::base::exit::Exit;
use crate::ledger::{Draft, FolderError, Index};
use crate::record::plan::{Plan, Shard};
use crate::runner::{self, Wish};

/// Trials of each cell, unless told otherwise.
const TRIALS: u32 = 5;

/// Play scenarios with agents under setups. Example: `chesterton run cost-explorer --agent fix --setup peer-review`
#[derive(Debug, Args)]
pub struct Arguments {
    /// Scenarios, by name or folder; all if none is given
    scenario: Vec<String>,
    /// An agent; all reference agents if none is given
    #[arg(long, value_name = "NAME")]
    agent: Vec<String>,
    /// A guardrail setup, built in or from a file, or `all` built-in ones; the core ones if none is given
    #[arg(long, value_name = "NAME|FILE")]
    setup: Vec<String>,
    /// Trials of each agent, scenario and setup
    #[arg(long, value_name = "N", default_value_t = TRIALS, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    trials: u32,
    /// The first trial's seed; each next one takes the next
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The run's name; the time of its beginning if not given
    #[arg(long, value_parser = plain_name)]
    name: Option<String>,
    /// Play one part of several: `2/8` is the second of eight; `auto` takes it from the scheduler (Slurm, Kubernetes, GitLab, CircleCI, Buildkite)
    #[arg(long, value_name = "I/N", value_parser = shard::parse)]
    shard: Option<Shard>,
    /// Say what would be played, and stop
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    manner: Manner,
}

/// A name that is the name of one file or folder and nothing else.
pub(super) fn plain_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !text.is_empty() && text.len() <= 100 && !text.starts_with('.') && text.chars().all(is_plain) {
        true => Ok(text.to_owned()),
        false => Err("a name is letters, digits, `-`, `_` and `.`, up to 100 of them".to_owned()),
    }
}

/// Plays and judges.
pub fn run(arguments: &Arguments, root: &Path, results: &Path, terminal: &mut Terminal) -> Exit {
    let wish = match wish(arguments, root) {
        Ok(wish) => wish,
        Err(error) => {
            terminal.tell(error.shown(terminal.colour()));
            return Exit::BadScenario;
        }
    };
    let plan = runner::plan(&wish);
    let options = arguments.manner.options();
    terminal.tell(first_screen(arguments, &wish, &plan, options.jobs));
    if arguments.dry_run {
        for key in plan.keys() {
            terminal.say(format!("{} {} {} {} #{}", key.id(), key.scenario, key.setup, key.agent, key.index));
        }
        return Exit::Fine;
    }
    let watch = Stopwatch::start();
    let made = Draft::new(results, &plan).map_err(FolderError::from);
    let made = made.and_then(|draft| draft.publish(arguments.name.as_deref(), &watch.name()));
    match made {
        Ok((folder, lock)) => {
            let done = Index::default();
            let judged = !arguments.manner.no_score;
            let session = Session { folder, lock, plan, wish, done, options, watch, judged };
            session.play(terminal)
        }
        Err(error) => {
            terminal.tell(format!("error: {error}"));
            session::exit_of(&error)
        }
    }
}

fn first_screen(arguments: &Arguments, wish: &Wish, plan: &Plan, jobs: usize) -> String {
    let agents: usize = wish.scenarios.iter().map(|(_, casts)| casts.len()).sum();
    let part = plan.shard.map(|s| format!(" (shard {} of {})", s.index.saturating_add(1), s.of));
    format!(
        "{} scenarios with {agents} agents × {} setups × {} trials: {} trials{}, seeds from {}, {jobs} threads",
        wish.scenarios.len(),
        wish.setups.len(),
        arguments.trials,
        plan.trials(),
        part.unwrap_or_default(),
        arguments.seed
    )
}

fn wish(arguments: &Arguments, root: &Path) -> Result<Wish, CastError> {
    let scenarios = cast::scenarios(root, &arguments.scenario)?;
    let scenarios = scenarios
        .into_iter()
        .map(|scenario| Ok((Arc::clone(&scenario), cast::agents(&scenario, &arguments.agent)?)))
        .collect::<Result<Vec<_>, CastError>>()?;
    let setups = cast::setups(&arguments.setup)?;
    cast::fit(scenarios.iter().map(|(scenario, _)| &**scenario), &setups)?;
    let Arguments { trials, seed, shard, .. } = *arguments;
    Ok(Wish { scenarios, setups, trials, seed, shard })
}
