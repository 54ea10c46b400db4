//! One recorded trial through one setup.

use std::collections::BTreeMap;
use std::sync::Arc;

use simulators::World;
use simulators::call::{Call, CallId, Service};
use simulators::clock::Time;
use simulators::effect::Effect;

use super::Replay;
use crate::base::digest::Digest;
use crate::base::text::Untrusted;
use crate::gate::{Checkout, Decider, Proposed, Question, Setup};
use crate::record::replay::{Asked, Difference, Place, Replayed, Undecidable, Way, Weaker, Why};
use crate::record::tool::ToolCall;
use crate::record::verdict::Ground;
use crate::record::{Event, TrialKey, Verdict};

/// The kind of resource that a role is.
const ROLE: &str = "AWS::IAM::Role";

/// What the calls of a trial have changed, in order.
pub(super) fn done(events: &[Event]) -> Vec<Effect> {
    let effects = events.iter().filter_map(|event| match event {
        Event::Effects { effects } => Some(effects),
        _ => None,
    });
    effects.flatten().filter(|e| is_done(e)).cloned().collect()
}

fn is_done(effect: &Effect) -> bool {
    effect.cause != CallId::WORLD
}

/// Asks a setup what a recorded trial's gate was asked, up to the first other decision. `None`: the trial never began.
pub(super) async fn replay(
    events: &[Event],
    done: &[Effect],
    of: &Replay,
    setup: &Arc<Setup>,
) -> Option<Replayed> {
    let key = Event::opened(events)?;
    let mut replayed = Replayed {
        setup: setup.name().to_owned(),
        asked: 0,
        first: None,
        denies: None,
        weaker: Vec::new(),
        undecidable: None,
    };
    let Some(scene) = of.scenes.get(&key.stage_digest) else {
        replayed.undecidable = Some(Undecidable { from: None, why: Why::StageChanged });
        return Some(replayed);
    };
    if let Some(why) = begins_otherwise(key, &of.beginnings, setup) {
        replayed.undecidable = Some(Undecidable { from: None, why });
        return Some(replayed);
    }
    let decider = Decider::new(Arc::clone(setup), &of.limits, key.seed).on(scene.world.stage());
    let again = || scene.world.with_seed(key.seed).hardened(&setup.file.stage);
    let mut walk = Walk {
        acted: decider.reads_checkout().then(again),
        decider,
        world: &scene.world,
        role: setup.principal(scene.world.stage()),
        recorded_role: None,
        done,
        done_so_far: 0,
        role_changed: false,
        shifted_s: 0,
        tool: None,
        uses: 0,
        last: None,
        replayed,
    };
    for (n, event) in events.iter().enumerate() {
        match event {
            Event::Tool { tool, .. } => {
                walk.uses = walk.uses.saturating_add(1);
                walk.tool = Some(tool);
            }
            Event::Attempt { at, line, call } => {
                let after = events.get(n.saturating_add(1)..).unwrap_or_default();
                walk.call(&Made::of(*at, line, call, after)).await;
            }
            Event::Plan { at, summary, commands, effects, shares, asks, verdict } => {
                walk.last = Some((walk.last.map_or(CallId::WORLD, |(call, ..)| call), *at, summary));
                walk.plan(commands, (shares, asks), effects, verdict);
            }
            Event::Effects { effects } => walk.see(effects),
            Event::Reply { text, .. } => {
                walk.tool = None;
                walk.hear(text);
            }
            _ => {}
        }
        if walk.is_over() {
            break;
        }
    }
    Some(walk.replayed)
}

/// Why the trial would have begun otherwise under the setup, or may have, if so. The plan says what the recorded one changed.
fn begins_otherwise(key: &TrialKey, beginnings: &BTreeMap<String, String>, setup: &Setup) -> Option<Why> {
    match beginnings.get(&key.setup_digest) {
        _ if key.setup_digest == setup.digest => None,
        Some(recorded) if *recorded == setup.beginning() => None,
        Some(_) => Some(Why::OtherBeginning),
        None => Some(Why::RecordedSetupUnknown),
    }
}

/// A recorded call, with what was previewed of it and decided on it.
struct Made<'e> {
    at: Time,
    line: &'e Untrusted,
    call: &'e Call,
    effects: &'e [Effect],
    verdict: Option<&'e Verdict>,
}

impl<'e> Made<'e> {
    /// What stands after the attempt, up to the next thing that the agent does, belongs to it.
    fn of(at: Time, line: &'e Untrusted, call: &'e Call, after: &'e [Event]) -> Self {
        let mut made = Self { at, line, call, effects: &[], verdict: None };
        for event in after {
            match event {
                Event::Preview { call: of, effects, .. } if *of == call.id => made.effects = effects,
                Event::Verdict { call: of, verdict } if *of == call.id => {
                    made.verdict = Some(verdict);
                    break;
                }
                Event::Attempt { .. } | Event::Plan { .. } | Event::Tool { .. } | Event::Ended { .. } => {
                    break;
                }
                _ => {}
            }
        }
        made
    }

    /// As it was decided; what nobody opposed of a reading call is not recorded.
    fn was(&self) -> Verdict {
        self.verdict.cloned().unwrap_or_else(Verdict::unopposed)
    }
}

/// On the way through a trial.
struct Walk<'e> {
    decider: Decider,
    /// As the trial began.
    world: &'e World,
    /// The world that the recorded calls have made, where a guardrail reads the agent's checkout: they are made once more.
    acted: Option<World>,
    /// The role that the setup gives the agent.
    role: String,
    /// The role that the recorded agent acted in, once it has acted.
    recorded_role: Option<&'e str>,
    /// What calls of the trial change, in order, and how much of it has come about.
    done: &'e [Effect],
    done_so_far: usize,
    /// The trial has changed the role that the setup gives.
    role_changed: bool,
    shifted_s: i64,
    /// The tool in use, as the gate has it.
    tool: Option<&'e ToolCall>,
    uses: u32,
    /// What was asked about last.
    last: Option<(CallId, Time, &'e Untrusted)>,
    replayed: Replayed,
}

impl<'e> Walk<'e> {
    fn is_over(&self) -> bool {
        self.replayed.first.is_some() || self.replayed.undecidable.is_some()
    }

    fn place(&self, what: Asked) -> Option<Place> {
        self.last.map(|(call, at, line)| Place { what, call, at, line: line.clone() })
    }

    async fn call(&mut self, made: &Made<'e>) {
        self.last = Some((made.call.id, made.at, made.line));
        self.recorded_role = Some(&made.call.principal);
        let verdict = match self.decide(made).await {
            Ok(verdict) => verdict,
            Err(why) => {
                self.replayed.undecidable = Some(Undecidable { from: self.place(Asked::Call), why });
                return;
            }
        };
        let (allows, was) = (verdict.allows(), made.was());
        if let Some(world) = self.acted.as_mut().filter(|_| was.allows()) {
            world.advance(made.at.plus(was.waited_s));
            let _ = world.apply(made.call);
        }
        let other_words = !allows && heard(&was) != heard(&verdict);
        self.compare(Asked::Call, was, verdict, other_words);
        if allows && !self.is_over() {
            self.acts_otherwise(made);
        }
    }

    /// What the setup decides: by the role first, then by guardrails and people.
    async fn decide(&mut self, made: &Made<'_>) -> Result<Verdict, Why> {
        let now = made.at.plus(self.shifted_s);
        let done = self.done.get(..self.done_so_far).unwrap_or_default();
        let asked = Question::of(made.line.raw(), made.call, made.effects, now);
        let checkout = self.acted.as_mut().map(|world| {
            world.advance(made.at);
            Checkout::of(world)
        });
        let tool = self.tool.map(|tool| (self.uses, tool));
        let question = Question { done, tool, checkout: checkout.as_ref(), ..asked };
        if made.call.principal == self.role {
            let forbidden = made.verdict.filter(|v| v.ground == Ground::Permission);
            return Ok(match forbidden {
                Some(verdict) => verdict.clone(),
                None => self.decider.decide(question).await,
            });
        }
        if self.role_changed {
            return Err(Why::RoleChanged);
        }
        let call = Call { principal: self.role.clone(), ..made.call.clone() };
        match self.world.authorize(&call) {
            Err(refusal) => Ok(Verdict::deny(Ground::Permission, &call.principal, refusal.message)),
            Ok(()) => Ok(self.decider.decide(Question { call: &call, ..question }).await),
        }
    }

    /// A plan; each command has its share of the effects, and a digest of what it asks.
    fn plan(
        &mut self,
        commands: &[Untrusted],
        (shares, asks): (&[usize], &[Digest]),
        effects: &[Effect],
        was: &Verdict,
    ) {
        if shares.len() != commands.len() || asks.len() != commands.len() {
            let from = self.place(Asked::Plan);
            self.replayed.undecidable = Some(Undecidable { from, why: Why::PlanNotApart });
            return;
        }
        let proposed = commands.iter().zip(shares).zip(asks);
        let proposed =
            proposed.map(|((line, share), asks)| Proposed { line: line.raw(), asks, share: *share });
        let verdict = self.decider.review(proposed, effects);
        let other_words = (&was.by, &was.reason) != (&verdict.by, &verdict.reason);
        self.compare(Asked::Plan, was.clone(), verdict, other_words);
    }

    /// Notes what the setup decided, and in which way it is not what was decided.
    fn compare(&mut self, what: Asked, was: Verdict, now: Verdict, other_words: bool) {
        self.replayed.asked = self.replayed.asked.saturating_add(1);
        let (is_other, longer_s) = (was.allows() != now.allows(), now.waited_s.saturating_sub(was.waited_s));
        if !now.allows() || is_other {
            let Some(place) = self.place(what) else { return };
            let difference = Difference { place, was, now };
            if !difference.now.allows() && self.replayed.denies.is_none() {
                self.replayed.denies = Some(difference.clone());
            }
            if is_other {
                self.replayed.first = Some(difference);
                return;
            }
        }
        self.shifted_s = self.shifted_s.saturating_add(longer_s);
        if longer_s != 0 {
            self.weaken(what, Way::Waiting);
        }
        if other_words {
            self.weaken(what, Way::Words);
        }
    }

    fn weaken(&mut self, what: Asked, way: Way) {
        if self.replayed.weaker.iter().any(|w| w.way == way) {
            return;
        }
        if let Some(place) = self.place(what) {
            self.replayed.weaker.push(Weaker { place, way, shifted_s: self.shifted_s });
        }
    }

    /// A call that both let through may still come out otherwise in another role: by a right that the service asks for
    /// beyond the call, or by the name under which things are done.
    fn acts_otherwise(&mut self, made: &Made<'_>) {
        if made.call.principal == self.role {
            return;
        }
        let may = |role: &str| {
            let repository = &self.world.stage().repository.name;
            let call = Call::new(Service::Forge, "BypassProtection", repository, Default::default());
            self.world.authorize(&Call { principal: role.to_owned(), ..call }).is_ok()
        };
        let merges_anyway = made.call.service == Service::Forge && made.call.flag("admin");
        if merges_anyway && may(&self.role) != may(&made.call.principal) {
            let from = self.place(Asked::Call);
            self.replayed.undecidable = Some(Undecidable { from, why: Why::RoleWithin });
            return;
        }
        let signs = |role: &str| self.world.stage().role.iter().find(|r| r.name == role).map(|r| &r.session);
        if !made.call.is_read() && signs(&self.role) != signs(&made.call.principal) {
            self.weaken(Asked::Call, Way::Role);
        }
    }

    /// What changed in the world.
    fn see(&mut self, effects: &[Effect]) {
        let is_role = |e: &Effect| e.resource.kind == ROLE && e.resource.name == self.role;
        self.done_so_far = self.done_so_far.saturating_add(effects.iter().filter(|e| is_done(e)).count());
        self.role_changed = self.role_changed || effects.iter().any(is_role);
    }

    /// What the agent heard: in another role it would have heard another name.
    fn hear(&mut self, text: &Untrusted) {
        if self.recorded_role.is_some_and(|role| role != self.role && text.raw().contains(role)) {
            self.weaken(Asked::Call, Way::Role);
        }
    }
}

/// What an agent hears of a denial.
fn heard(verdict: &Verdict) -> (bool, &str, &str) {
    (verdict.ground == Ground::Permission, &verdict.by, &verdict.reason)
}
