//! `replay`: what another setup would have decided on a run's recorded calls.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::cast;
use super::judged::{Failed, ended, unjudged};
use super::score::find_run;
use super::session;
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::base::limits::Limits;
use crate::gate::Setup;
use crate::ledger::{Cause, Damage, Index, Recorded, RunFolder};
use crate::record::plan::Plan;
use crate::replay::{self, Replay, Scene};
use crate::scenario::{self, Scenario};
use crate::score::Judge;
use crate::stats::Through;
use crate::{report, runner};

/// Say what another setup would have decided on recorded calls. Example: `chesterton replay latest --setup peer-review`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run's folder or name, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    /// A setup to ask, by name or file; may be given more than once
    #[arg(long, value_name = "NAME|FILE", required = true)]
    setup: Vec<String>,
    /// Only trials that were recorded under this setup; all if not given
    #[arg(long, value_name = "NAME")]
    recorded_under: Vec<String>,
    /// A line of JSON per trial and setup in the place of tables
    #[arg(long)]
    json: bool,
    /// Threads; as many as there are cores if not given
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
}

/// Replays and prints.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    let came_to = replay(arguments, results, terminal);
    ended(came_to, terminal)
}

fn replay(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Result<Exit, Failed> {
    let error = |exit: Exit, message: String| (exit, format!("error: {message}"));
    let folder = find_run(&arguments.run, results).map_err(|m| error(Exit::Usage, m))?;
    let plan = folder.plan().map_err(|e| error(Exit::Invalid, e.to_string()))?;
    if let Some(unknown) = arguments.recorded_under.iter().find(|s| !plan.setup_names().any(|p| p == **s)) {
        let known: Vec<&str> = plan.setup_names().collect();
        let text = format!("nothing was recorded under `{unknown}`; the run's setups: {}", known.join(", "));
        return Err(error(Exit::Usage, text));
    }
    let setups =
        cast::setups(&arguments.setup).map_err(|e| (Exit::BadScenario, e.shown(terminal.colour())))?;
    cast::ask_nobody(setups.iter().map(|setup| &**setup))
        .map_err(|e| (Exit::Usage, e.shown(terminal.colour())))?;
    let judge = Judge::of(&plan).map_err(|e| unjudged(&e, terminal))?;
    let index = runner::index(&folder, &plan).map_err(|e| error(Exit::RecordingFailed, e.to_string()))?;
    let scenarios = scenarios(&plan, terminal);
    cast::fit(scenarios.iter(), &setups).map_err(|e| (Exit::BadScenario, e.shown(terminal.colour())))?;
    let scenes = Scene::by_stage(&scenarios);
    let replay = Replay { scenes, beginnings: plan.beginnings(), setups, limits: Limits::default() };
    let through = replay.setups.iter().map(|_| Through::default()).collect();
    let setups = replay.setups.clone();
    let mut session = Asking { arguments, terminal, setups, through, damages: Vec::new() };
    session.ask(Arc::new(replay), judge, &index).map_err(|e| error(Exit::Invalid, e.to_string()))?;
    Ok(session.conclude(&folder, &plan, &index))
}

/// The scenarios of a run. One that is not there any more as it was leaves its trials undecided.
fn scenarios(plan: &Plan, terminal: &mut Terminal) -> Vec<Scenario> {
    let mut found = Vec::new();
    for planned in &plan.scenarios {
        let scenario =
            scenario::load(&planned.folder).ok().filter(|s| s.digests.stage == planned.stage_digest);
        let variants = scenario.and_then(|scenario| {
            let levels = planned.levels();
            levels.iter().map(|levels| scenario.with(levels).ok()).collect::<Option<Vec<_>>>()
        });
        match variants {
            Some(variants) => found.extend(variants),
            None => terminal.tell(format!(
                "`{}` is no longer as it was played in {}: nothing can be said of its trials",
                planned.name,
                planned.folder.display()
            )),
        }
    }
    found
}

/// A replay under way.
struct Asking<'a> {
    arguments: &'a Arguments,
    terminal: &'a mut Terminal,
    setups: Vec<Arc<Setup>>,
    /// In the order of the setups.
    through: Vec<Through>,
    damages: Vec<Damage>,
}

impl Asking<'_> {
    fn ask(&mut self, replay: Arc<Replay>, judge: Judge, index: &Index) -> Result<(), replay::Failure> {
        let jobs = session::jobs(self.arguments.jobs);
        let bar = ProgressBar::new(u64::try_from(index.len()).unwrap_or(u64::MAX));
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} trials · {eta} left") {
            bar.set_style(style);
        }
        let wanted = self.arguments.recorded_under.clone();
        let stakes = move |recorded: &Recorded| {
            judge.stakes(&recorded.events).filter(|s| wanted.is_empty() || wanted.contains(&s.key.setup))
        };
        replay::run(&replay, index.places(), jobs, stakes, |told| {
            bar.inc(1);
            match told {
                Err(damage) => self.damages.push(damage),
                Ok((None, _)) => {}
                Ok((Some(stakes), all)) => {
                    for (replayed, through) in all.into_iter().zip(&mut self.through) {
                        let outcome = through.add(&replayed, &stakes);
                        if let (true, Ok(line)) =
                            (self.arguments.json, report::replayed_line(&replayed, &stakes, outcome))
                        {
                            self.terminal.say(line);
                        }
                    }
                }
            }
        })?;
        bar.finish_and_clear();
        Ok(())
    }

    /// Shows the tables, and says what is not in them.
    fn conclude(self, folder: &RunFolder, plan: &Plan, index: &Index) -> Exit {
        let missing = plan.trials().saturating_sub(index.len());
        let mut is_sound = missing == 0;
        if !self.arguments.json {
            for (setup, through) in self.setups.iter().zip(&self.through) {
                self.terminal.say(report::replayed(setup.name(), through, self.terminal.width()));
            }
            self.terminal.say(report::REPLAY_LEGEND);
        }
        for damage in index.damages.iter().chain(&self.damages).filter(|d| d.cause == Cause::Corrupt) {
            is_sound = false;
            self.terminal.tell(format!("damaged: {}: {}", damage.segment.display(), damage.what));
        }
        if missing > 0 {
            let name = folder.name();
            self.terminal.tell(format!(
                "{missing} planned trials are not sealed and not in this: chesterton resume {name}"
            ));
        }
        if is_sound { Exit::Fine } else { Exit::Invalid }
    }
}
