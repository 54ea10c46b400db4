//! Faults at work: which of them a call meets, and what they make of it.
//!
//! A call meets faults where it is applied and nowhere else, so that a preview, which is an application to a clone, meets the
//! same. A refused call has changed nothing, with one exception that is told apart in [`Came::TimedOutAfterEffect`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::World;
use crate::call::{Answer, Call, CallId, Refusal, Service};
use crate::chance::Chance;
use crate::clock::Time;
use crate::stage::fault::{Came, Fault, Garble, Struck, Verb};
use crate::world::Due;
use crate::world::fault_words::{Outage, refusal};

/// States of before that stale answers are given from, at the most.
const PAST_MAX: usize = 64;

/// What faults remember.
#[derive(Clone, Default)]
pub(crate) struct State {
    /// How many calls each fault was about.
    counts: BTreeMap<usize, u64>,
    /// Faults that were ended.
    healed: BTreeSet<usize>,
    /// Wedges, and the calls whose work they hold.
    caught: BTreeMap<usize, Caught>,
    /// Nothing goes wrong any more: a rehearsal of what is meant.
    are_off: bool,
    /// Work that stands still until its wedge is healed.
    held: Vec<(usize, CallId, Due)>,
    /// How much later what the present call sets going comes due, and whether it set anything going.
    slow: Option<(i64, bool)>,
    /// The world after each change, for answers that are old.
    past: Vec<(Time, Arc<World>)>,
    struck: Vec<Struck>,
    garble: Garble,
    /// The answer is not printed: a wire format carries it, and nothing garbles that.
    is_unprinted: bool,
}

#[derive(Clone, Default, Debug)]
struct Caught {
    calls: BTreeMap<CallId, Option<Time>>,
    steps: u64,
    is_told: bool,
}

impl State {
    /// What tells two worlds apart.
    pub(crate) fn text(&self) -> String {
        format!("{:?} {:?} {:?} {:?}", self.counts, self.healed, self.caught, self.held)
    }

    /// Work is scheduled: how much later it comes due.
    pub(crate) fn slowed_by(&mut self) -> i64 {
        let Some((by, used)) = &mut self.slow else { return 0 };
        *used = true;
        *by
    }
}

impl World {
    /// What faults have done since this was last asked, in order.
    pub fn take_struck(&mut self) -> Vec<Struck> {
        std::mem::take(&mut self.faults.struck)
    }

    /// What is to be made of the last answer after it is printed.
    pub fn take_garble(&mut self) -> Garble {
        std::mem::take(&mut self.faults.garble)
    }

    /// Whether answers are printed. Those that are not are neither cut short nor followed by a warning, and so such a fault does
    /// not strike.
    pub fn prints(&mut self, prints: bool) {
        self.faults.is_unprinted = !prints;
    }

    /// The same world with nothing going wrong any more.
    pub(crate) fn without_faults(&self) -> Self {
        let mut world = self.clone();
        world.faults.are_off = true;
        world
    }

    /// Whether anything can go wrong in it.
    pub(crate) fn has_faults(&self) -> bool {
        !self.faults.are_off && !self.stage.fault.is_empty()
    }

    fn strike(&mut self, call: CallId, fault: &Fault, came: Came) {
        let struck = Struck { at: self.now(), call, fault: fault.name.clone(), came };
        self.faults.struck.push(struck);
    }
}

/// Does a call with whatever faults it meets.
pub(crate) fn applied(world: &mut World, call: &Call) -> Answer {
    world.faults.garble = Garble::default();
    remember(world);
    let met = met(world, call);
    for (n, fault) in &met {
        match fault.verb {
            Verb::Heal => heal(world, call.id, fault),
            Verb::Wedge => wedge(world, call.id, *n, fault),
            _ => {}
        }
    }
    let first = |wanted: fn(&Fault) -> bool| met.iter().map(|(_, f)| f).find(|f| wanted(f));
    let stops = |f: &Fault| f.verb == Verb::Throttle || (f.verb == Verb::Crash && !f.took_effect);
    if let Some(fault) = first(stops) {
        let (came, outage) = match fault.verb {
            Verb::Throttle => (Came::Throttled, Outage::Throttled),
            _ => (Came::Failed, Outage::Failed),
        };
        world.strike(call.id, fault, came);
        return Err(refusal(call, outage, &world.stage.account));
    }
    let mut answer = answered(world, call, &met);
    if let Some(fault) = first(|f| f.verb == Verb::Crash) {
        let came = if answer.is_ok() { Came::TimedOutAfterEffect } else { Came::Failed };
        world.strike(call.id, fault, came);
        answer = Err(refusal(call, Outage::TimedOut, &world.stage.account));
    }
    for (_, fault) in &met {
        answer = told(world, call.id, fault, answer);
    }
    remember(world);
    answer
}

/// The answer, old or late as the faults have it.
fn answered(world: &mut World, call: &Call, met: &[(usize, Fault)]) -> Answer {
    let waits = matches!(call.operation.as_str(), "Wait" | "WatchRun" | "Sleep");
    let stale = met.iter().find_map(|(_, f)| f.stale_s.filter(|_| call.is_read() && !waits).map(|s| (f, s)));
    let slow: Vec<&Fault> = met.iter().map(|(_, f)| f).filter(|f| f.verb == Verb::Stall).collect();
    let by: i64 = slow.iter().filter_map(|f| f.for_s).fold(0, i64::saturating_add);
    for fault in &slow {
        world.strike(call.id, fault, Came::Slowed(fault.for_s.unwrap_or(0)));
    }
    if call.is_read() && by > 0 {
        world.advance(world.now().plus(by));
    }
    if let Some((fault, stale_s)) = stale
        && let Some(mut then) = before(world, stale_s)
    {
        world.strike(call.id, fault, Came::Stale(stale_s));
        return then.carried_out(call);
    }
    if call.is_read() || by == 0 {
        return world.carried_out(call);
    }
    world.faults.slow = Some((by, false));
    let answer = world.carried_out(call);
    if world.faults.slow.take().is_some_and(|(_, used)| !used) {
        world.advance(world.now().plus(by));
    }
    answer
}

/// What a lie or a clock that is off makes of an answer.
fn told(world: &mut World, call: CallId, fault: &Fault, answer: Answer) -> Answer {
    let mut answer = answer;
    if let Some(says) = fault.says.as_ref().filter(|_| answer.is_err() || !world.faults.is_unprinted) {
        world.strike(call, fault, Came::Misled);
        match answer {
            Err(refused) => answer = Err(Refusal { message: says.clone(), ..refused }),
            Ok(_) => world.faults.garble.says = Some(says.clone()),
        }
    }
    if let Some(bytes) = fault.keeps_bytes.filter(|_| !world.faults.is_unprinted) {
        world.strike(call, fault, Came::Cut(bytes));
        world.faults.garble.keeps_bytes = Some(bytes);
    }
    if let (Some(by), Ok(value)) = (fault.by_s, &mut answer)
        && skew(value, by)
    {
        world.strike(call, fault, Came::Skewed(by));
    }
    answer
}

/// Moves every time in a value; true if there was one.
fn skew(value: &mut Value, by: i64) -> bool {
    match value {
        Value::String(text) => match Time::parse(text) {
            Some(time) => {
                *text = time.plus(by).to_string();
                true
            }
            None => false,
        },
        Value::Array(items) => items.iter_mut().fold(false, |any, item| skew(item, by) | any),
        Value::Object(map) => map.values_mut().fold(false, |any, item| skew(item, by) | any),
        _ => false,
    }
}

/// The faults that strike a call, in the stage's order; each is drawn for whether it strikes or not.
fn met(world: &mut World, call: &Call) -> Vec<(usize, Fault)> {
    let stage = Arc::clone(&world.stage);
    let mut met = Vec::new();
    for (n, fault) in stage.fault.iter().enumerate() {
        if !fault.is_of_calls() || !fault.is_about(call) || !is_on(world, n, fault, world.now()) {
            continue;
        }
        let count = world.faults.counts.entry(n).or_default();
        *count = count.saturating_add(1);
        let count = *count;
        let drawn = || Chance::stream(world.seed, &format!("fault/{}/{count}", fault.name)).between(1, 100);
        let is_nth = fault.nth.is_empty() || fault.nth.contains(&count);
        if is_nth && fault.percent.is_none_or(|percent| drawn() <= percent) {
            met.push((n, fault.clone()));
        }
    }
    met
}

impl Fault {
    /// It strikes calls. A wedge or a healing with times alone is about work in progress.
    fn is_of_calls(&self) -> bool {
        !matches!(self.verb, Verb::Wedge | Verb::Heal) || self.names_calls()
    }

    fn names_calls(&self) -> bool {
        !self.operation.is_empty()
            || !self.target.is_empty()
            || !self.nth.is_empty()
            || self.percent.is_some()
    }

    fn is_about(&self, call: &Call) -> bool {
        let own = matches!(call.service, Service::Workspace | Service::Clock);
        let service = match self.service {
            Some(service) => service == call.service,
            None => !own,
        };
        service
            && (self.operation.is_empty() || self.operation.contains(&call.operation))
            && (self.target.is_empty() || self.target == call.target)
    }
}

/// Whether a fault's times hold and nobody has ended it.
fn is_on(world: &World, n: usize, fault: &Fault, at: Time) -> bool {
    let since = at.since(world.stage.epoch);
    fault.from_s.is_none_or(|from| since >= from)
        && ends_s(world, fault).is_none_or(|until| since < until)
        && !world.faults.healed.contains(&n)
}

/// When a fault ends by the clock: by itself, or by a healing that is set for a time.
fn ends_s(world: &World, fault: &Fault) -> Option<i64> {
    let healing = |h: &&Fault| h.verb == Verb::Heal && !h.names_calls() && h.heals.contains(&fault.name);
    let healed = world.stage.fault.iter().filter(healing).filter_map(|h| h.from_s);
    healed.chain(fault.until_s).min()
}

fn wedge(world: &mut World, call: CallId, n: usize, fault: &Fault) {
    let until = fault.for_s.map(|s| world.now().plus(s));
    world.faults.caught.entry(n).or_default().calls.insert(call, until);
}

fn heal(world: &mut World, call: CallId, fault: &Fault) {
    let stage = Arc::clone(&world.stage);
    let named = |n: &usize| stage.fault.get(*n).is_some_and(|f| fault.heals.contains(&f.name));
    let ended: BTreeSet<usize> = (0..stage.fault.len()).filter(named).collect();
    world.faults.healed.extend(&ended);
    let (free, held): (Vec<_>, Vec<_>) =
        std::mem::take(&mut world.faults.held).into_iter().partition(|(n, ..)| ended.contains(n));
    world.faults.held = held;
    for (_, cause, due) in free {
        world.schedule_for(cause, world.now(), due);
    }
    world.strike(call, fault, Came::Healed);
}

/// What comes due, unless a wedge holds it: then it goes on when that is over.
pub(crate) fn let_through(world: &mut World, at: Time, cause: CallId, due: Due) -> Option<Due> {
    if !world.has_faults() {
        return Some(due);
    }
    let stage = Arc::clone(&world.stage);
    for (n, fault) in stage.fault.iter().enumerate().filter(|(_, f)| f.verb == Verb::Wedge) {
        let Some(until) = holds(world, n, fault, at, cause, &due) else { continue };
        let caught = world.faults.caught.entry(n).or_default();
        if caught.steps < fault.after_steps.unwrap_or(0) {
            caught.steps = caught.steps.saturating_add(1);
            continue;
        }
        if !std::mem::replace(&mut caught.is_told, true) {
            world.strike(cause, fault, Came::StoodStill);
        }
        match until {
            Some(until) => world.schedule_for(cause, until, due),
            None => world.faults.held.push((n, cause, due)),
        }
        return None;
    }
    Some(due)
}

/// Until when a wedge holds this work: `None` if it does not, `Some(None)` if nobody knows.
fn holds(world: &World, n: usize, fault: &Fault, at: Time, cause: CallId, due: &Due) -> Option<Option<Time>> {
    let is_of = fault.service.is_none_or(|service| service == due.service());
    if !is_of || cause == CallId::WORLD || world.faults.healed.contains(&n) {
        return None;
    }
    let by_clock = ends_s(world, fault).map(|s| world.stage.epoch.plus(s));
    if !fault.is_of_calls() {
        return is_on(world, n, fault, at).then_some(by_clock);
    }
    let until = *world.faults.caught.get(&n)?.calls.get(&cause)?;
    let until = until.into_iter().chain(by_clock).min();
    until.is_none_or(|until| at < until).then_some(until)
}

/// Keeps the world as it stands for answers that are old, if any ever are.
fn remember(world: &mut World) {
    if !world.stage.fault.iter().any(|f| f.stale_s.is_some()) {
        return;
    }
    let mut now = world.clone();
    now.faults = State { past: Vec::new(), struck: Vec::new(), slow: None, ..now.faults };
    now.looked_at();
    world.faults.past.push((world.now(), Arc::new(now)));
    if world.faults.past.len() > PAST_MAX {
        world.faults.past.remove(0);
    }
}

/// The world as it stood so many seconds ago, at the earliest as the trial's first call found it.
fn before(world: &World, seconds: i64) -> Option<World> {
    let then = world.now().plus(seconds.saturating_neg());
    let past = &world.faults.past;
    let (_, known) = past.iter().rev().find(|(at, _)| *at <= then).or(past.first())?;
    let mut found = World::clone(known);
    found.advance(then);
    Some(found)
}
