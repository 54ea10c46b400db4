//! Playing what is left of a plan into its folder, with progress, and judging it: what `run` and `resume` share.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::asking::{Asking, Asks};
use super::cast::CastError;
use super::score;
use super::terminal::{Terminal, left};
use crate::agent::Halted;
use crate::base::clock::Stopwatch;
use crate::base::exit::Exit;
use crate::base::limits::Limits;
use crate::base::text::Untrusted;
use crate::cell::Demand;
use crate::ledger::{FolderError, Index, Lock, RecordError, RunFolder};
use crate::model::Prices;
use crate::record::plan::Plan;
use crate::runner::{self, Decisions, Meta, Options, Progress, Ran, RunError, Spend, Wish};

/// As many threads as asked for, or as there are cores.
pub fn jobs(asked: Option<u32>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.and_then(|j| usize::try_from(j).ok()).unwrap_or_else(cores)
}

/// How a run is played.
#[derive(Clone, Debug, Args)]
pub struct Manner {
    /// Threads; as many as there are cores if not given
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
    /// Trials under way at once; 64 where models are asked, else as many as there are threads
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    in_flight: Option<u32>,
    /// Seconds that trials in flight have to end after the first Ctrl-C or TERM; schedulers kill some 30 s after a TERM
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u64).range(..=86_400))]
    grace: u64,
    /// The cell around agents that are processes: `require` plays nothing where the machine grants none, `docker[:IMAGE]` or `podman[:IMAGE]` is a container, `best-effort` takes what there is, `none` is for agents of your own
    #[arg(long, value_name = "HOW", default_value = "require")]
    cell: Demand,
    /// Record only; judge later with `score`
    #[arg(long)]
    pub no_score: bool,
    #[command(flatten, next_help_heading = "Models")]
    pub asking: Asking,
}

/// Trials under way at once where models are asked: enough to keep two cores busy and few enough for most accounts.
const IN_FLIGHT: usize = 64;
/// The same of agents that are processes, for each thread: they wait for their models too, and take half a gigabyte each meanwhile.
const PROCESSES: usize = 2;

impl Manner {
    /// On as many threads as asked for, or as there are cores.
    pub fn options(&self, wish: &Wish) -> Options {
        let jobs = jobs(self.jobs);
        let usual = match (wish.asks(), wish.has_processes()) {
            (true, false) => IN_FLIGHT.max(jobs),
            (true, true) => jobs.saturating_mul(PROCESSES),
            (false, _) => jobs,
        };
        let in_flight = self.in_flight.and_then(|n| usize::try_from(n).ok()).unwrap_or(usual);
        Options {
            jobs,
            in_flight,
            limits: Limits::default(),
            grace: Duration::from_secs(self.grace),
            cell: self.cell,
        }
    }
}

/// What stands between this machine and agents that are processes, if there are any among those of a wish.
pub fn cell(wish: &Wish, options: &Options) -> Result<Option<String>, CastError> {
    if !wish.has_processes() {
        return Ok(None);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CastError::Name(format!("no cell can be made: {error}")))?;
    runtime.block_on(async {
        let mut told = BTreeSet::new();
        for image in wish.images() {
            let fence = options.cell.fence(image).await.map_err(CastError::Name)?;
            told.insert(fence.told().await);
        }
        Ok(Some(told.into_iter().collect::<Vec<_>>().join("; ")))
    })
}

/// The exit for a folder that is not to be had.
pub fn exit_of(error: &FolderError) -> Exit {
    if matches!(error, FolderError::Record(_)) { Exit::RecordingFailed } else { Exit::Usage }
}

/// A run about to be played.
pub struct Session {
    folder: RunFolder,
    lock: Lock,
    plan: Plan,
    wish: Wish,
    /// What was sealed before.
    pub done: Index,
    options: Options,
    watch: Stopwatch,
    judged: bool,
    asks: Option<Asks>,
    /// What stands between the machine and agents that are processes.
    cell: Option<String>,
}

impl Session {
    /// A run that asks no model and starts no process.
    pub fn new(folder: RunFolder, lock: Lock, plan: Plan, wish: Wish, done: Index, manner: &Manner) -> Self {
        let options = manner.options(&wish);
        let (watch, judged) = (Stopwatch::start(), !manner.no_score);
        Self { folder, lock, plan, wish, done, options, watch, judged, asks: None, cell: None }
    }

    /// As it is; with its models ready, if it has any, and what its processes are played in.
    pub fn asking(
        mut self,
        asking: &Asking,
        replayed: Option<PathBuf>,
        prices: Prices,
    ) -> Result<Self, CastError> {
        self.cell = cell(&self.wish, &self.options)?;
        if self.wish.asks() {
            let prices_of = prices.as_of().to_owned();
            let client = asking.client(&self.folder, replayed, prices);
            let client = client.map_err(|error| CastError::Name(error.to_string()))?;
            let models = self.wish.ready(&client)?;
            self.asks = Some(Asks { client, models, prices_of });
        }
        Ok(self)
    }

    /// How many trials are planned.
    pub fn planned(&self) -> usize {
        self.plan.trials()
    }

    /// What is to be said of answers that were lost when their writer was killed, if there are any.
    pub fn torn_tapes(&self) -> Option<String> {
        let torn = self.asks.as_ref().map_or(0, |asks| asks.client.torn_tapes());
        (torn > 0).then(|| format!("exchanges that were cut off by a kill, and are asked again: {torn}"))
    }

    /// Plays, concludes, judges.
    pub fn play(mut self, terminal: &mut Terminal) -> Exit {
        let ran = self.played(terminal);
        drop(self.lock);
        let ran = match ran {
            Ok(ran) => ran,
            Err(error) => return failed(&error, &self.folder, terminal),
        };
        // Whoever stops a run wants it to end, and can have it judged as far as it came.
        let shown = match self.judged && ran.signal.is_none() {
            true => score::judge(&self.folder, terminal),
            false => Exit::Fine,
        };
        terminal.tell(last_screen(&ran, &self.folder, &self.watch));
        if let Some(asks) = &self.asks {
            terminal.tell(asks.cost());
        }
        let halted = ran.halted.as_ref().map(|halted| told(halted, terminal));
        ran.signal.map(runner::Signal::exit).or(halted).unwrap_or(shown)
    }

    /// Plays and concludes, and neither judges nor shows: what is left to be said is told where it stopped before its end.
    pub fn record(mut self, terminal: &mut Terminal) -> Result<(), Exit> {
        let ran = self.played(terminal);
        drop(self.lock);
        let ran = ran.map_err(|error| failed(&error, &self.folder, terminal))?;
        let halted = ran.halted.as_ref().map(|halted| told(halted, terminal));
        ran.signal.map(runner::Signal::exit).or(halted).map_or(Ok(()), Err)
    }

    /// Plays with progress and puts the ledger in order if it is whole.
    fn played(&mut self, terminal: &mut Terminal) -> Result<Ran, RunError> {
        let before = Spend::of(&self.folder);
        let (ran, decisions) = self.play_with_progress(terminal)?;
        let meta = Meta::of(&self.watch, &self.options, &decisions);
        let spend = self.asks.as_ref().map(|asks| before.and(&asks.client.tally()));
        let cell = self.cell.clone();
        // Who was told to stop starts no program any more.
        let agents = match ran.signal {
            Some(_) => BTreeMap::new(),
            None => runner::versions(&self.wish, self.options.cell),
        };
        self.folder.put_json("meta.json", &Meta { spend, cell, agents, ..meta })?;
        if ran.sealed >= ran.planned {
            let waiting = terminal.wait("putting the ledger in order");
            runner::interruptible(&self.folder, || runner::conclude(&self.folder, &self.plan))?;
            waiting.finish_and_clear();
        }
        Ok(ran)
    }

    fn play_with_progress(&mut self, terminal: &mut Terminal) -> Result<(Ran, Decisions), RunError> {
        let bar = self.bar();
        let mut hurt = 0_u64;
        let mut decisions = Decisions::default();
        let (plan, done) = (self.plan.clone(), std::mem::take(&mut self.done));
        let (options, asks, watch) = (self.options, self.asks.as_ref(), self.watch);
        let ran = runner::run(&self.folder, plan, &self.wish, done, options, |progress| match progress {
            Progress::Sealed(key, played) => {
                hurt = hurt.saturating_add(u64::from(played.hurt_production));
                decisions.add(&key.setup, &played.decided_in);
                bar.set_message(format!(" · production hurt in {hurt}"));
                bar.inc(1);
            }
            Progress::Going => {
                if let (true, Some(asks)) = (bar.is_hidden(), asks) {
                    let (at, of) = (bar.position(), bar.length().unwrap_or(0));
                    let going = asks.going(watch.elapsed());
                    terminal.tell(format!("{at}/{of} trials · production hurt in {hurt} · {going}"));
                }
            }
            Progress::Stopping => bar.suspend(|| terminal.tell(stopping(options.grace))),
        });
        bar.finish_and_clear();
        if let Some(asks) = asks {
            let path = self.folder.path().to_owned();
            asks.client.sync().map_err(|cause| RecordError { path, cause })?;
        }
        Ok((ran?, decisions))
    }

    fn bar(&self) -> ProgressBar {
        let bar = match &self.asks {
            Some(asks) => asks.bar(self.plan.trials(), "trials", self.watch),
            None => {
                let bar = ProgressBar::new(u64::try_from(self.plan.trials()).unwrap_or(u64::MAX));
                let template = "{bar:30} {pos}/{len} trials{msg} · {elapsed} gone{left}";
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style.with_key("left", left));
                }
                bar
            }
        };
        bar.enable_steady_tick(Duration::from_millis(200));
        bar.set_message(" · production hurt in 0");
        bar.set_position(u64::try_from(self.done.len()).unwrap_or(u64::MAX));
        bar.reset_eta();
        bar
    }
}

/// Says why no trial could go on; gives back the exit that it leads to.
pub fn told(halted: &Halted, terminal: &mut Terminal) -> Exit {
    let (exit, text) = match halted {
        Halted::OutOfBudget(text) => (Exit::OutOfBudget, text),
        Halted::Refused(text) => (Exit::Invalid, text),
        Halted::Unrecorded(_, text) => (Exit::RecordingFailed, text),
    };
    terminal.tell(format!("error: {}", Untrusted::from(text).for_terminal()));
    exit
}

fn stopping(grace: Duration) -> String {
    let seconds = grace.as_secs();
    format!("stopping: trials in flight have {seconds} s to end; the same signal again stops at once")
}

fn failed(error: &RunError, folder: &RunFolder, terminal: &mut Terminal) -> Exit {
    terminal.tell(format!("error: {error}"));
    match error {
        RunError::Record(_) => {
            let name = folder.name();
            terminal.tell(format!(
                "nothing was played after that; sealed trials stay readable\nwhen it is mended: chesterton resume {name}"
            ));
            Exit::RecordingFailed
        }
        RunError::World { .. } => Exit::BadScenario,
    }
}

fn last_screen(ran: &Ran, folder: &RunFolder, watch: &Stopwatch) -> String {
    let mut text = String::new();
    if ran.broken > 0 {
        text.push_str(&format!(
            "{} trials are left out: Chesterton itself crashed in them, or could not stop them\n",
            ran.broken
        ));
    }
    if ran.given_up > 0 {
        text.push_str(&format!(
            "given up, because they did not end in time: {} trials in flight\n",
            ran.given_up
        ));
    }
    let (seconds, path) = (watch.elapsed().as_secs_f64(), folder.path().display());
    text.push_str(&format!(
        "{} of {} trials sealed in {seconds:.1} s, recorded in {path}\n",
        ran.sealed, ran.planned
    ));
    let name = folder.name();
    text.push_str(&match ran.sealed < ran.planned {
        true => format!("the rest: chesterton resume {name} · what there is: chesterton score {name}"),
        false => format!("again: chesterton score {name} · one trial: chesterton show {name} TRIAL"),
    });
    text
}
