//! `run`: plays, then judges what was recorded.

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::cast::{self, CastError};
use super::resume;
use super::session::{self, Manner, Session};
use super::shard;
use super::terminal::Terminal;
use super::vary::Varying;
use crate::base::clock::Stopwatch;
use crate::base::exit::Exit;
use crate::ledger::{Draft, FolderError, Index, RunFolder};
use crate::model::Prices;
use crate::record::plan::{Plan, Shard};
use crate::runner::{self, Options, Wish};

/// Trials of each cell, unless told otherwise.
const TRIALS: u32 = 5;

/// Play scenarios with agents under setups. Example: `chesterton run cost-explorer --agent fix --setup peer-review`
#[derive(Debug, Args)]
pub struct Arguments {
    /// Scenarios, by name or folder, or suites; the suite `first` if none is given
    scenario: Vec<String>,
    /// A reference agent, or a model: a built-in one or a file, with `:VARIANT` behind it or not; all reference agents if none is given
    #[arg(long, value_name = "NAME|FILE")]
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
    /// Say what would be played, and what asking models may come to, and stop
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    varying: Varying,
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
    match prepare(arguments, root, results, terminal) {
        Ok(Some(session)) => session.play(terminal),
        Ok(None) => Exit::Fine,
        Err((exit, message)) => {
            terminal.tell(message);
            exit
        }
    }
}

/// A run about to be played; `None` if that was only to be said.
fn prepare(
    arguments: &Arguments,
    root: &Path,
    results: &Path,
    terminal: &mut Terminal,
) -> Result<Option<Session>, (Exit, String)> {
    let colour = terminal.colour();
    let bad = |error: CastError| (Exit::BadScenario, error.shown(colour));
    let asking = &arguments.manner.asking;
    let prices = asking.prices().map_err(|wrong| bad(wrong.into()))?;
    let (replayed, of) = asking.replayed(results).map_or((None, None), |(tape, run)| (Some(tape), run));
    let wish = wish(arguments, root, of.as_ref(), &prices).map_err(bad)?;
    let plan = runner::plan(&wish);
    let options = arguments.manner.options(&wish);
    terminal.tell(first_screen(&wish, &plan, &options));
    if let Some(layers) = session::cell(&wish, &options).map_err(bad)? {
        terminal.tell(format!("cell: {layers}"));
    }
    if arguments.dry_run {
        for key in plan.keys() {
            let levels = key.factors.iter().map(|(factor, level)| format!(" {factor}={level}"));
            let levels: String = levels.collect();
            let (id, scenario) = (key.id(), &key.scenario);
            terminal.say(format!("{id} {scenario}{levels} {} {} #{}", key.setup, key.agent, key.index));
        }
        estimate(&wish, &options, &prices).into_iter().for_each(|line| terminal.tell(line));
        return Ok(None);
    }
    if replayed.is_none() {
        asking.check(&wish, &prices).map_err(bad)?;
    }
    let made = Draft::new(results, &plan).map_err(FolderError::from);
    let made = made.and_then(|draft| draft.publish(arguments.name.as_deref(), &Stopwatch::start().name()));
    let (folder, lock) = made.map_err(|error| (session::exit_of(&error), format!("error: {error}")))?;
    let session = Session::new(folder, lock, plan, wish, Index::default(), &arguments.manner);
    session.asking(asking, replayed, prices).map(Some).map_err(bad)
}

/// What asking models may come to.
fn estimate(wish: &Wish, options: &Options, prices: &Prices) -> Vec<String> {
    runner::estimate(wish, options, prices).iter().map(ToString::to_string).collect()
}

fn first_screen(wish: &Wish, plan: &Plan, options: &Options) -> String {
    let agents: usize = plan.scenarios.iter().map(|scenario| scenario.agents.len()).sum();
    let variants: usize = plan.scenarios.iter().map(|scenario| scenario.variants.len()).sum();
    let varied = if variants > 0 { format!(" in {variants} variants") } else { String::new() };
    let part = plan.shard.map(|s| format!(" (shard {} of {})", s.index.saturating_add(1), s.of));
    let in_flight = match options.in_flight > options.jobs {
        true => format!(", {} at once", options.in_flight),
        false => String::new(),
    };
    format!(
        "{} scenarios{varied}, {agents} agents × {} setups × {} trials: {} trials{}\nseeds from {} · {} threads{in_flight}",
        plan.scenarios.len(),
        wish.setups.len(),
        wish.trials,
        plan.trials(),
        part.unwrap_or_default(),
        wish.seed,
        options.jobs
    )
}

/// What is to be played: what the arguments say, or, where they say nothing, what the run whose tape is played again had.
fn wish(
    arguments: &Arguments,
    root: &Path,
    replayed: Option<&RunFolder>,
    prices: &Prices,
) -> Result<Wish, CastError> {
    let Arguments { scenario, agent, setup, trials, seed, shard, .. } = arguments;
    if let Some(run) = replayed
        && arguments.varying.is_nothing()
        && scenario.is_empty()
        && agent.is_empty()
        && setup.is_empty()
    {
        let plan = run.plan().map_err(|error| CastError::Name(error.to_string()))?;
        return resume::wish(&plan, run, prices);
    }
    let scenarios = cast::scenarios_to_play(root, scenario)?;
    let scenarios = scenarios
        .into_iter()
        .map(|scenario| Ok((Arc::clone(&scenario), cast::agents(&scenario, agent, prices)?)))
        .collect::<Result<Vec<_>, CastError>>()?;
    let scenarios = arguments.varying.stage(scenarios, *seed)?;
    let setups = cast::setups(setup)?;
    cast::fit(scenarios.iter().map(|(scenario, _)| &**scenario), &setups)?;
    Ok(Wish { scenarios, setups, trials: *trials, seed: *seed, shard: *shard })
}
