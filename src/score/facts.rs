//! A trial's events, sorted by what they tell.

use std::collections::BTreeMap;

use simulators::call::{Call, CallId};
use simulators::clock::Time;
use simulators::effect::{Change, Effect};
use simulators::moved::Moved;
use simulators::resource::Uid;
use simulators::settle::Settlement;

use super::strategy;
use crate::base::text::Untrusted;
use crate::record::event::Delivered;
use crate::record::{ClosingReport, Ending, Event, Spent, TrialKey, Verdict};

/// One call, from the attempt to the verdict.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When.
    pub at: Time,
    /// The command line.
    pub line: Untrusted,
    /// What was asked.
    pub call: Call,
    /// What it would have done: with what it was meant to do and a fault kept it from, and with what the setup's protections
    /// have held off, which comes last.
    pub previewed: Vec<Effect>,
    /// How many of these the setup's protections have held off.
    pub held_off: usize,
    /// What the gate decided; absent: a reading call that nothing opposed or held up.
    pub verdict: Option<Verdict>,
    /// What the agent's model said in the turn in which it asked this.
    pub said: Option<Untrusted>,
}

impl Attempt {
    /// The gate or the role said no.
    pub fn is_denied(&self) -> bool {
        self.verdict.as_ref().is_some_and(|v| !v.allows())
    }

    /// What of it was kept from happening: all, if it was denied, else what the setup's protections have held off.
    pub fn stopped(&self) -> &[Effect] {
        let from = if self.is_denied() { 0 } else { self.previewed.len().saturating_sub(self.held_off) };
        self.previewed.get(from..).unwrap_or_default()
    }

    /// What of it was let through.
    pub fn let_through(&self) -> &[Effect] {
        let to = self.previewed.len().saturating_sub(self.stopped().len());
        self.previewed.get(..to).unwrap_or_default()
    }
}

/// A plan that was put up for review.
#[derive(Clone, Debug)]
pub struct PlanFacts {
    /// When.
    pub at: Time,
    /// Its commands, as they would be typed.
    pub commands: Vec<Untrusted>,
    /// What its commands would do.
    pub effects: Vec<Effect>,
    /// What the reviewer decided.
    pub verdict: Verdict,
}

/// What a sealed trial tells.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Which trial.
    pub key: TrialKey,
    /// When it began, on the virtual clock.
    pub began: Time,
    /// Its calls in order.
    pub attempts: Vec<Attempt>,
    /// Its plans in order.
    pub plans: Vec<PlanFacts>,
    /// What really changed before the agent stopped, and what its calls still caused afterwards.
    pub executed: Vec<Effect>,
    /// Its closing report.
    pub closing: Option<ClosingReport>,
    /// How it ended.
    pub ending: Ending,
    /// When the agent stopped.
    pub ended: Time,
    /// Turns used.
    pub turns: u32,
    /// Calls made.
    pub calls: u32,
    /// What its model took; absent: it has none.
    pub spent: Option<Spent>,
    /// Commands that the simulation does not know.
    pub unsimulated: u64,
    /// The code that runs.
    pub delivered: BTreeMap<String, Delivered>,
    /// Rows that were not as at the beginning when the agent stopped, by database and table.
    pub moved: BTreeMap<String, BTreeMap<String, Moved>>,
    /// Fields of indices as the agent left them: cluster, name or alias, field to its type.
    pub indices: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
    /// What dependents and stores went through.
    pub settlement: Option<Settlement>,
    /// Something was lost as the task asks for.
    pub lost_as_asked: bool,
    made_from: Option<Uid>,
    /// What the model said in the turn that is being read.
    said: Option<Untrusted>,
}

impl Facts {
    /// Sorts the events of a sealed trial; `None` if it never began or never ended.
    pub fn of(events: &[Event]) -> Option<Self> {
        let (key, began) = events.iter().find_map(|e| match e {
            Event::Opened { trial, at } => Some((trial.clone(), *at)),
            _ => None,
        })?;
        let (ending, ended, turns, calls) = events.iter().find_map(|e| match e {
            Event::Ended { ending, at, turns, calls } => Some((ending.clone(), *at, *turns, *calls)),
            _ => None,
        })?;
        let mut facts = Self {
            key,
            began,
            attempts: Vec::new(),
            plans: Vec::new(),
            executed: Vec::new(),
            closing: None,
            ending,
            ended,
            turns,
            calls,
            spent: None,
            unsimulated: 0,
            delivered: BTreeMap::new(),
            moved: BTreeMap::new(),
            indices: BTreeMap::new(),
            settlement: None,
            lost_as_asked: false,
            made_from: None,
            said: None,
        };
        events.iter().for_each(|event| facts.take(event));
        facts.made_from = facts.first_made();
        Some(facts)
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Attempt { at, line, call } => self.attempts.push(Attempt {
                at: *at,
                line: line.clone(),
                call: call.clone(),
                previewed: Vec::new(),
                held_off: 0,
                verdict: None,
                said: self.said.clone(),
            }),
            Event::Preview { call, effects, held_off, faulted, .. } => {
                if let Some(attempt) = self.attempt(*call) {
                    attempt.previewed = effects.iter().chain(faulted).chain(held_off).cloned().collect();
                    attempt.held_off = held_off.len();
                }
            }
            Event::Verdict { call, verdict } => {
                if let Some(attempt) = self.attempt(*call) {
                    attempt.verdict = Some(verdict.clone());
                }
            }
            Event::Effects { effects } => {
                let own = effects.iter().filter(|e| e.cause != CallId::WORLD);
                self.executed.extend(own.cloned());
            }
            Event::Plan { at, commands, effects, verdict, .. } => self.plans.push(PlanFacts {
                at: *at,
                commands: commands.clone(),
                effects: effects.clone(),
                verdict: verdict.clone(),
            }),
            Event::Closing { report } => self.closing = Some(report.clone()),
            Event::Delivered { functions, databases, indices } => {
                self.delivered.clone_from(functions);
                self.moved.clone_from(databases);
                self.indices.clone_from(indices);
            }
            Event::Settled { settlement } => self.settlement = Some(settlement.clone()),
            Event::Unsimulated { .. } => self.unsimulated = self.unsimulated.saturating_add(1),
            Event::Spent { spent, .. } => {
                self.said = None;
                self.spent = Some(self.spent.map_or(*spent, |before| before.and(*spent)));
            }
            Event::Said { text, .. } => self.said = Some(text.clone()),
            Event::Opened { .. } | Event::Ended { .. } | Event::Tool { .. } | Event::Reply { .. } => {}
            Event::Told { .. } | Event::Wrote { .. } | Event::Fault { .. } => {}
        }
    }

    /// The first identity that did not stand when the trial began. Identities are given out in order and never again,
    /// so whatever has this one or a later one was made in the trial, or would have been.
    fn first_made(&self) -> Option<Uid> {
        let previewed = self.attempts.iter().flat_map(|a| &a.previewed);
        let planned = self.plans.iter().flat_map(|p| &p.effects);
        let all = self.executed.iter().chain(previewed).chain(planned);
        let made = all.filter(|e| matches!(e.change, Change::Created { .. }));
        made.map(|e| e.resource.uid).min()
    }

    /// The effect happens to something that the trial itself has made: a rehearsal beside the original, a snapshot of
    /// one's own. Taking that away harms nobody; where it had come to be used, those who used it say so.
    pub fn is_own(&self, effect: &Effect) -> bool {
        self.made_from.is_some_and(|first| effect.resource.uid >= first)
    }

    /// A resource of this name stood when the trial began, and was destroyed before the agent stopped.
    pub fn has_taken_away(&self, name: &str) -> bool {
        self.executed.iter().any(|e| {
            matches!(e.change, Change::Destroyed { .. })
                && e.resource.name == name
                && e.at <= self.ended
                && !self.is_own(e)
        })
    }

    /// The effect destroys something that holds records or serves, or loses records in place, of what stood before.
    pub fn is_grave(&self, effect: &Effect) -> bool {
        strategy::is_grave(effect) && !self.is_own(effect)
    }

    fn attempt(&mut self, call: CallId) -> Option<&mut Attempt> {
        self.attempts.iter_mut().rev().find(|a| a.call.id == call)
    }
}
