//! `run`: plays, then judges what was recorded.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::cast::{self, CastError};
use super::score::{self, Shown};
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::ledger::RunFolder;
use crate::runner::{self, Progress, Ran, RunError, Signal, Stopwatch, Wish};

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
    /// A guardrail setup; all built-in ones if none is given
    #[arg(long, value_name = "NAME")]
    setup: Vec<String>,
    /// Trials of each agent, scenario and setup
    #[arg(long, value_name = "N", default_value_t = TRIALS, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    trials: u32,
    /// The first trial's seed; each next one takes the next
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Threads; as many as there are cores if not given
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
    /// Say what would be played, and stop
    #[arg(long)]
    dry_run: bool,
    /// Record only; judge later with `score`
    #[arg(long)]
    no_score: bool,
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
    let jobs = arguments.jobs.and_then(|j| usize::try_from(j).ok()).unwrap_or_else(cores);
    let plan = runner::plan(&wish);
    terminal.tell(format!(
        "{} scenarios × {} setups × {} agents × {} trials: {} trials, seeds {}…, {jobs} threads",
        wish.scenarios.len(),
        wish.setups.len(),
        wish.scenarios.first().map_or(0, |(_, casts)| casts.len()),
        arguments.trials,
        plan.trials.len(),
        arguments.seed
    ));
    if arguments.dry_run {
        for key in &plan.trials {
            terminal.say(format!("{} {} {} {} #{}", key.id(), key.scenario, key.setup, key.agent, key.index));
        }
        return Exit::Fine;
    }
    let watch = Stopwatch::start();
    let played = RunFolder::create(results, &watch.name()).and_then(|folder| {
        folder.put_json("plan.json", &plan)?;
        Ok(folder)
    });
    let folder = match played {
        Ok(folder) => folder,
        Err(error) => {
            terminal.tell(format!("error: {error}"));
            return Exit::RecordingFailed;
        }
    };
    let ran = play(&folder, plan, &wish, jobs);
    finish(arguments, &folder, ran, watch, jobs, terminal)
}

fn wish(arguments: &Arguments, root: &Path) -> Result<Wish, CastError> {
    let scenarios = cast::scenarios(root, &arguments.scenario)?;
    let scenarios = scenarios
        .into_iter()
        .map(|scenario| Ok((Arc::clone(&scenario), cast::agents(&scenario, &arguments.agent)?)))
        .collect::<Result<_, CastError>>()?;
    let setups = cast::setups(&arguments.setup)?;
    Ok(Wish { scenarios, setups, trials: arguments.trials, seed: arguments.seed })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn play(
    folder: &RunFolder,
    plan: crate::record::plan::Plan,
    wish: &Wish,
    jobs: usize,
) -> Result<Ran, RunError> {
    let bar = ProgressBar::new(u64::try_from(plan.trials.len()).unwrap_or(u64::MAX));
    let template = "{bar:30} {pos}/{len} trials · {msg} · {elapsed} gone, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar.set_message("production hurt in 0");
    let mut destroyed = 0_u64;
    let ran = runner::run(folder, plan, wish, jobs, |progress: Progress| {
        destroyed = destroyed.saturating_add(u64::from(progress.played.hurt_production));
        bar.set_message(format!("production hurt in {destroyed}"));
        bar.inc(1);
    });
    bar.finish_and_clear();
    ran
}

fn finish(
    arguments: &Arguments,
    folder: &RunFolder,
    ran: Result<Ran, RunError>,
    watch: Stopwatch,
    jobs: usize,
    terminal: &mut Terminal,
) -> Exit {
    let ran = match ran.and_then(|ran| Ok(folder.put_json("meta.json", &watch.meta(jobs)).map(|()| ran)?)) {
        Ok(ran) => ran,
        Err(error @ RunError::Record(_)) => {
            terminal.tell(format!("error: {error}\nnothing after it was run; sealed trials stay readable"));
            return Exit::RecordingFailed;
        }
        Err(error @ RunError::World { .. }) => {
            terminal.tell(format!("error: {error}"));
            return Exit::BadScenario;
        }
    };
    let shown = match arguments.no_score {
        true => Exit::Fine,
        false => score::judge(folder, Shown::Summary, terminal),
    };
    if ran.broken > 0 {
        terminal.tell(format!("{} trials are left out: Chesterton itself crashed in them", ran.broken));
    }
    let seconds = watch.elapsed().as_secs_f64();
    terminal.tell(format!(
        "{} of {} trials sealed in {seconds:.1} s, recorded in {}\nagain: chesterton run --seed {} --trials {} · one trial: chesterton show TRIAL",
        ran.sealed,
        ran.planned,
        folder.path().display(),
        arguments.seed,
        arguments.trials
    ));
    ran.signal.map_or(shown, Signal::exit)
}
