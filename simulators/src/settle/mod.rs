//! After the agent has ended: the colleague on call brings back what can be brought back.
//!
//! They are paged by dependents that fail, look for the first broken link on the path those use, mend it at the real
//! rate, and look again. They act through the same operations as everybody else. Harm is measured on what they leave.

mod act;
mod diagnose;
mod stores;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::World;
use crate::clock::Time;
use crate::dependents::{self, Experience};
use diagnose::Broken;
pub use stores::StoreOutcome;

/// Mending steps after which the colleague calls for others; no real path has that many links.
const MENDED_MAX: usize = 40;

/// How the world stood when it had come to rest.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Settlement {
    /// When it had come to rest.
    pub ended: Time,
    /// Every dependent got what it asks for.
    pub healthy: bool,
    /// What the colleague on call did.
    pub steps: Vec<Step>,
    /// What each dependent has experienced, from the beginning of the trial.
    pub dependents: Vec<Experience>,
    /// What became of the records of each database and cache of the stage.
    pub stores: Vec<StoreOutcome>,
}

/// One thing that the colleague on call did or found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Time,
    /// In words.
    pub what: String,
}

/// Lets the world come to rest after the agent has ended, with the colleague on call at work where it is needed.
pub fn settle(world: &mut World) -> Settlement {
    let mut colleague = Colleague::new(world);
    if colleague.is_needed(world) {
        colleague.mend(world);
    }
    Settlement {
        ended: world.now(),
        healthy: diagnose::failing(world).is_empty(),
        steps: colleague.steps,
        dependents: dependents::experience(world),
        stores: stores::outcomes(world),
    }
}

/// The colleague on call, from the end of the agent on.
struct Colleague {
    began: Time,
    deadline: Time,
    /// Each dependent has asked at least once after this time.
    asked_by: Time,
    steps: Vec<Step>,
    /// What was tried, by its wording, so that nothing is tried twice in vain.
    tried: BTreeSet<String>,
}

impl Colleague {
    fn new(world: &World) -> Self {
        let stage = world.stage();
        let slowest_s = stage.dependent.iter().map(|d| d.every_s).max().unwrap_or(0);
        let began = world.now();
        Self {
            began,
            deadline: began.plus(stage.on_call.gives_up_after_s),
            asked_by: began.plus(slowest_s),
            steps: Vec::new(),
            tried: BTreeSet::new(),
        }
    }

    fn note(&mut self, world: &World, what: impl Into<String>) {
        self.steps.push(Step { at: world.now(), what: what.into() });
    }

    /// Lets time pass until someone has been paged and has found their way in (true), or all is quiet and fine.
    fn is_needed(&mut self, world: &mut World) -> bool {
        let on_call = world.stage().on_call.clone();
        while world.now() < self.deadline {
            if let Some((name, since)) = first_failing(world) {
                let paged = since.plus(on_call.paged_after_s);
                if paged > world.now() {
                    world.advance(paged.min(self.deadline));
                    continue;
                }
                self.steps
                    .push(Step { at: paged, what: format!("paged: {name} has been failing since {since}") });
                world.advance(paged.plus(on_call.diagnoses_s).min(self.deadline));
                return true;
            }
            let next = world.next_due().filter(|due| *due <= self.deadline);
            match next {
                Some(due) => world.advance(due.max(world.now())),
                None if world.now() < self.asked_by => world.advance(self.asked_by),
                None => break,
            }
        }
        let what = match diagnose::first_broken(world, &self.tried) {
            Some(Broken::RowsLost { instance, rows, .. }) => {
                format!("told that {rows} rows of {instance} are gone or changed")
            }
            Some(Broken::KeysGone { cache, records, .. }) => {
                format!("told that {records} records of {cache} are gone")
            }
            Some(Broken::NamesGone { zone }) => format!("told that records of {zone} are gone"),
            _ => return false,
        };
        let noticed = self.began.plus(on_call.paged_after_s);
        self.steps.push(Step { at: noticed.max(world.now()), what });
        world.advance(noticed.max(world.now()).plus(on_call.diagnoses_s));
        true
    }

    /// Mends the first broken link, again and again.
    fn mend(&mut self, world: &mut World) {
        for _ in 0..MENDED_MAX {
            if world.now() >= self.deadline {
                self.note(world, "gave up: out of time");
                return;
            }
            let Some(broken) = diagnose::first_broken(world, &self.tried) else {
                if self.verify(world) {
                    return;
                }
                continue;
            };
            match broken {
                Broken::Busy { what } => self.wait(world, &what),
                Broken::NoRoad { reason } => {
                    self.note(world, format!("nothing more can be done: {reason}"));
                    // Those who go without still do, however soon that was found out.
                    world.advance(self.deadline);
                    return;
                }
                broken => self.act(world, &broken),
            }
        }
    }

    /// Watches what was mended for a while; true if it held.
    fn verify(&mut self, world: &mut World) -> bool {
        let slowest_s = self.asked_by.since(self.began);
        let watch_s = world.stage().on_call.verifies_s.max(slowest_s);
        world.advance(world.now().plus(watch_s));
        let held = diagnose::first_broken(world, &self.tried).is_none();
        if held {
            self.note(world, "checked that everything answers");
        }
        held
    }

    /// Waits for the next thing that is due; what is under way and has nothing due will never end.
    fn wait(&mut self, world: &mut World, what: &str) {
        match world.next_due() {
            Some(due) if due <= self.deadline => {
                let waiting = format!("waiting: {what}");
                if self.steps.last().is_none_or(|step| step.what != waiting) {
                    self.note(world, waiting);
                }
                while diagnose::is_busy(world, &self.tried) && world.now() < self.deadline {
                    let Some(due) = world.next_due() else { break };
                    world.advance(due.max(world.now()).min(self.deadline));
                }
            }
            _ => {
                self.note(world, format!("{what} and will not end by itself"));
                world.advance(self.deadline);
            }
        }
    }
}

/// The dependent that has been failing for longest, by its own polls.
fn first_failing(world: &World) -> Option<(String, Time)> {
    let names = world.stage().dependent.iter().map(|d| &d.name);
    let failing = names.filter_map(|name| Some((dependents::failing_since(world, name)?, name)));
    failing.min().map(|(since, name)| (name.clone(), since))
}
