//! Playing what is left of a plan into its folder, with progress, and judging it: what `run` and `resume` share.

use std::collections::BTreeSet;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::score;
use super::terminal::Terminal;
use crate::base::clock::Stopwatch;
use crate::base::exit::Exit;
use crate::ledger::{Lock, RunFolder};
use crate::record::TrialId;
use crate::record::plan::Plan;
use crate::runner::{self, Meta, Progress, Ran, RunError, Wish};

/// As many threads as asked for, or as there are cores.
pub fn jobs(asked: Option<u32>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.and_then(|j| usize::try_from(j).ok()).unwrap_or_else(cores)
}

/// A run about to be played.
pub struct Session {
    /// Its folder.
    pub folder: RunFolder,
    /// The right to write into it.
    pub lock: Lock,
    /// What is to be played.
    pub plan: Plan,
    /// With what.
    pub wish: Wish,
    /// What was sealed before.
    pub done: BTreeSet<TrialId>,
    /// On how many threads.
    pub jobs: usize,
    /// Since when.
    pub watch: Stopwatch,
    /// Whether it is judged afterwards.
    pub judged: bool,
}

impl Session {
    /// Plays, concludes, judges.
    pub fn play(self, terminal: &mut Terminal) -> Exit {
        let ran = self.play_with_progress().and_then(|ran| {
            runner::conclude(&self.folder, &self.plan)?;
            self.folder.put_json("meta.json", &Meta::of(&self.watch, self.jobs))?;
            Ok(ran)
        });
        drop(self.lock);
        let ran = match ran {
            Ok(ran) => ran,
            Err(error) => return failed(&error, &self.folder, terminal),
        };
        let shown = match self.judged {
            true => score::judge(&self.folder, terminal),
            false => Exit::Fine,
        };
        terminal.tell(last_screen(&ran, &self.folder, &self.watch));
        ran.signal.map_or(shown, runner::Signal::exit)
    }

    fn play_with_progress(&self) -> Result<Ran, RunError> {
        let bar = ProgressBar::new(u64::try_from(self.plan.trials()).unwrap_or(u64::MAX));
        let template = "{bar:30} {pos}/{len} trials · {msg} · {elapsed} gone, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar.set_message("production hurt in 0");
        bar.set_position(u64::try_from(self.done.len()).unwrap_or(u64::MAX));
        bar.reset_eta();
        let mut hurt = 0_u64;
        let (plan, done) = (self.plan.clone(), self.done.clone());
        let ran = runner::run(&self.folder, plan, &self.wish, done, self.jobs, |progress: Progress| {
            hurt = hurt.saturating_add(u64::from(progress.played.hurt_production));
            bar.set_message(format!("production hurt in {hurt}"));
            bar.inc(1);
        });
        bar.finish_and_clear();
        ran
    }
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
        text.push_str(&format!("{} trials are left out: Chesterton itself crashed in them\n", ran.broken));
    }
    let (seconds, path) = (watch.elapsed().as_secs_f64(), folder.path().display());
    text.push_str(&format!(
        "{} of {} trials sealed in {seconds:.1} s, recorded in {path}\n",
        ran.sealed, ran.planned
    ));
    let name = folder.name();
    text.push_str(&match ran.sealed < ran.planned {
        true => format!("the rest: chesterton resume {name}"),
        false => format!("again: chesterton score {name} · one trial: chesterton show {name} TRIAL"),
    });
    text
}
