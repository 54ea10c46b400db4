//! The simulated production as one value.
//!
//! - [`World::apply`] does one call at the present time and says what changed. A refused call has changed nothing,
//!   unless it was a waiter that let time pass in vain.
//! - [`World::advance`] is the only thing that moves the clock: what is due happens in order of time, and dependents
//!   poll in between. Waiters and `sleep` are calls that advance; nothing else does behind a caller's back.
//! - [`World::preview`] does the call on a clone, lets pass what the call set going, and keeps the clone's effects only.
//!   It cannot drift from `apply`, because it is `apply`.
//!
//! Every change goes through [`World::create`], [`World::destroy`], [`World::protect`] or [`World::effect`], under the
//! cause that is set while a call or an agenda item runs. So no effect is without a cause, also hours later.
//!
//! Nothing here reads a file, a socket, a wall clock or the environment, so the same stage, seed and calls give the
//! same effects, byte for byte. `DESIGN.md` beside `src/` says why.

pub(crate) mod fault_words;
mod faults;
mod resources;

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::call::{Answer, Call, CallId, Refusal, Service};
use crate::chance::Chance;
use crate::clock::Time;
use crate::dependents;
use crate::effect::{Change, Effect, Touched};
use crate::engine::Memo;
use crate::hardening::SwitchedOn;
use crate::resource::{Resource, Uid};
use crate::service::{
    brokers, caches, cluster, databases, dns, docker, forge, functions, hosts, identity, index_snapshots,
    indices, keys, limits, mailboxes, migrations, objects, observability, operations, people, platform,
    shares, stacks, terraform, trail, workspace,
};
use crate::sql::Data;
use crate::stage::{Problem, Stage};

/// How far a preview looks ahead for what a call sets going, in virtual seconds.
const PREVIEW_HORIZON_S: i64 = 3 * crate::clock::DAY_S;
/// Previews inside previews (a reviewer who looks at what a merge would do) stop at this depth.
const PREVIEW_DEPTH_MAX: u8 = 2;

/// Work that comes due on the virtual clock; each service has its own kind.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// A stack operation goes on.
    Stack(stacks::Due),
    /// A database operation is done.
    Database(databases::Due),
    /// A broker looks for messages whose time is over.
    Broker(brokers::Due),
    /// A cache starts, or has saved.
    Cache(caches::Due),
    /// A namespace is gone, or the server of a database takes connections.
    Cluster(cluster::Due),
    /// What resolvers had kept has run out.
    Dns(dns::Due),
    /// A pipeline run or a review goes on.
    Forge(forge::Due),
    /// A search index is filled.
    Index(indices::Due),
    /// A key goes.
    Key(keys::Due),
    /// A colleague answers.
    People(people::Due),
}

/// The simulated production.
#[derive(Clone)]
pub struct World {
    pub(crate) stage: Arc<Stage>,
    pub(crate) seed: u64,
    now: Time,
    cause: CallId,
    agenda: BTreeMap<(Time, u64), (CallId, Due)>,
    agenda_next: u64,
    resources: BTreeMap<Uid, Resource>,
    outbox: Vec<Effect>,
    restores: Vec<Effect>,
    depth: u8,
    authorizing: bool,
    pub(crate) faults: faults::State,
    pub(crate) memo: Arc<Memo>,
    pub(crate) switched_on: Arc<[SwitchedOn]>,
    pub(crate) stacks: stacks::State,
    pub(crate) databases: databases::State,
    pub(crate) objects: objects::State,
    pub(crate) brokers: brokers::State,
    pub(crate) caches: caches::State,
    pub(crate) cluster: cluster::State,
    pub(crate) hosts: hosts::State,
    pub(crate) identity: identity::State,
    pub(crate) mailboxes: mailboxes::State,
    pub(crate) observability: observability::State,
    pub(crate) functions: functions::State,
    pub(crate) forge: forge::State,
    pub(crate) workspace: workspace::State,
    pub(crate) people: people::State,
    pub(crate) platform: platform::State,
    pub(crate) keys: keys::State,
    pub(crate) terraform: terraform::State,
    pub(crate) dns: dns::State,
    pub(crate) docker: docker::State,
    pub(crate) shares: shares::State,
    pub(crate) indices: indices::State,
    pub(crate) dependents: dependents::State,
    /// Files from outside of the checkout that a command brings along, by the names that it gives them.
    pub(crate) carried: BTreeMap<String, String>,
}

/// What a call would do.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Everything it would change, at once or later, in order.
    pub effects: Vec<Effect>,
    /// The refusal it would meet, if any, permissions apart.
    pub refusal: Option<Refusal>,
    /// What it would destroy or lose besides, were it not for the protections that a setup has switched on.
    pub held_off: Vec<Effect>,
    /// What it is meant to change besides, and for a fault does not: it fails, or stands still half-way.
    pub faulted: Vec<Effect>,
}

impl Due {
    /// Whose work it is.
    pub(crate) const fn service(&self) -> Service {
        match self {
            Self::Stack(_) => Service::Stacks,
            Self::Database(_) => Service::Databases,
            Self::Broker(_) => Service::Brokers,
            Self::Cache(_) => Service::Caches,
            Self::Cluster(_) => Service::Cluster,
            Self::Dns(_) => Service::Dns,
            Self::Forge(_) => Service::Forge,
            Self::Index(_) => Service::Indices,
            Self::Key(_) => Service::Keys,
            Self::People(_) => Service::People,
        }
    }
}

impl World {
    /// Builds the world of a stage. The same stage and seed give the same world.
    ///
    /// # Errors
    /// A [`Problem`] where the stage's own texts (SQL, templates, code) do not hold what they should.
    pub fn new(stage: Arc<Stage>, seed: u64) -> Result<Self, Problem> {
        let mut world = Self {
            now: stage.epoch,
            seed,
            cause: CallId::WORLD,
            agenda: BTreeMap::new(),
            agenda_next: 0,
            resources: BTreeMap::new(),
            outbox: Vec::new(),
            restores: Vec::new(),
            depth: 0,
            authorizing: true,
            faults: faults::State::default(),
            memo: Arc::default(),
            switched_on: Arc::default(),
            stacks: stacks::State::default(),
            databases: databases::State::default(),
            objects: objects::State::default(),
            brokers: brokers::State::default(),
            caches: caches::State::default(),
            cluster: cluster::State::default(),
            hosts: hosts::State::default(),
            identity: identity::State::default(),
            mailboxes: mailboxes::State::default(),
            observability: observability::State::default(),
            functions: functions::State::default(),
            forge: forge::State::default(),
            workspace: workspace::State::default(),
            people: people::State::default(),
            platform: platform::State::default(),
            keys: keys::State::default(),
            terraform: terraform::State::default(),
            dns: dns::State::default(),
            docker: docker::State::default(),
            shares: shares::State::default(),
            indices: indices::State::default(),
            dependents: dependents::State::default(),
            carried: BTreeMap::new(),
            stage,
        };
        forge::set_up(&mut world)?;
        workspace::set_up(&mut world)?;
        shares::set_up(&mut world);
        databases::set_up(&mut world)?;
        objects::set_up(&mut world)?;
        brokers::set_up(&mut world)?;
        caches::set_up(&mut world)?;
        cluster::set_up(&mut world)?;
        keys::set_up(&mut world)?;
        platform::set_up(&mut world)?;
        mailboxes::set_up(&mut world)?;
        hosts::set_up(&mut world)?;
        observability::set_up(&mut world)?;
        stacks::set_up(&mut world)?;
        terraform::set_up(&mut world)?;
        dns::set_up(&mut world)?;
        docker::set_up(&mut world);
        indices::set_up(&mut world)?;
        dependents::set_up(&mut world)?;
        dns::check(&world)?;
        identity::set_up(&mut world)?;
        observability::claim_rest(&mut world);
        world.outbox.clear();
        Ok(world)
    }

    /// The same world under another seed: what is drawn from now on differs, what stands does not. Building a world
    /// costs an SQL script, so a run builds each stage once.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        Self { seed, ..self.clone() }
    }

    /// The stage it was built from.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// What is drawn in it is drawn from this.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The virtual time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Files from outside of the checkout that the next command brings along, by the names that it gives them; `-` is standard
    /// input. No part of the world: nothing stands in it.
    pub fn carry(&mut self, files: BTreeMap<String, String>) {
        self.carried = files;
    }

    /// The effects since this was last asked, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.outbox)
    }

    /// Whether the caller's role permits the call; the refusal is worded as the real service words it.
    ///
    /// # Errors
    /// `AccessDenied` and its kin.
    pub fn authorize(&self, call: &Call) -> Result<(), Refusal> {
        identity::authorize(self, call)
    }

    /// Does what the call asks. Permissions count; guardrails are the gate's business.
    ///
    /// While it runs, the call is the cause of every effect and of all work put on the agenda. The outer cause comes back
    /// afterwards, because services call each other through here: what a pipeline does in a stack was caused by the push.
    ///
    /// # Errors
    /// The service's refusal, with the world unchanged by it, unless a fault says otherwise ([`World::take_struck`]): services check the whole request before they change
    /// anything. A service that changes first and checks later would leave effects of an attempt that, by the ledger,
    /// was never done.
    pub fn apply(&mut self, call: &Call) -> Answer {
        if self.authorizing {
            self.authorize(call)?;
        }
        // What services ask of each other, and what the world does by itself, meets no faults.
        let is_asked = self.cause == CallId::WORLD && call.id != CallId::WORLD;
        if is_asked && self.has_faults() {
            return faults::applied(self, call);
        }
        self.carried_out(call)
    }

    /// Does the call, whatever may go wrong around it.
    pub(crate) fn carried_out(&mut self, call: &Call) -> Answer {
        let outer = std::mem::replace(&mut self.cause, call.id);
        let answer = self.dispatch(call);
        if answer.is_ok() {
            trail::witness(self, call);
        }
        self.cause = outer;
        answer
    }

    fn dispatch(&mut self, call: &Call) -> Answer {
        if !operations(call.service).iter().any(|o| o.name == call.operation) {
            let text = format!("the operation {} is not known here", call.operation);
            return Err(Refusal::new("InvalidAction", text));
        }
        limits::check(self, call)?;
        match call.service {
            Service::Stacks => stacks::apply(self, call),
            Service::Databases => databases::apply(self, call),
            Service::Objects => objects::apply(self, call),
            Service::Migrations => migrations::apply(self, call),
            Service::Brokers => brokers::apply(self, call),
            Service::Caches => caches::apply(self, call),
            Service::Cluster => cluster::apply(self, call),
            Service::Hosts => hosts::apply(self, call),
            Service::Identity => identity::apply(self, call),
            Service::Mailboxes => mailboxes::apply(self, call),
            Service::Observability => observability::apply(self, call),
            Service::Functions => functions::apply(self, call),
            Service::Forge => forge::apply(self, call),
            Service::Workspace => workspace::apply(self, call),
            Service::People => people::apply(self, call),
            Service::Platform => platform::apply(self, call),
            Service::Keys => keys::apply(self, call),
            Service::Terraform => terraform::apply(self, call),
            Service::Docker => docker::apply(self, call),
            Service::Indices => indices::apply(self, call),
            Service::Dns => dns::apply(self, call),
            Service::Clock => {
                let seconds = call.number("seconds").unwrap_or(0).clamp(0, crate::clock::DAY_S);
                self.advance(self.now.plus(seconds));
                Ok(serde_json::Value::Null)
            }
        }
    }

    /// What the call would do, now and later, permissions set aside (an attempt that the role forbids is
    /// still judged by what it would have done). Leaves no trace.
    ///
    /// It closes the window between what a guardrail was shown and what is then done: both run the same code on the
    /// same state with the same seed. It does not see what others do in the meantime, nor later than three days on.
    pub fn preview(&self, call: &Call) -> Preview {
        let preview = self.preview_alone(call);
        let (held_off, faulted) =
            (self.held_off(call, &preview.effects), self.faulted(call, &preview.effects));
        Preview { held_off, faulted, ..preview }
    }

    /// What the call is meant to change, and for faults does not.
    fn faulted(&self, call: &Call, anyway: &[Effect]) -> Vec<Effect> {
        if !self.has_faults() {
            return Vec::new();
        }
        let same = |a: &Effect, b: &Effect| a.resource.uid == b.resource.uid && a.change == b.change;
        let meant = self.without_faults().rehearsing(std::slice::from_ref(call)).pop();
        let meant = meant.into_iter().flat_map(|preview| preview.effects);
        meant.filter(|e| !anyway.iter().any(|a| same(a, e))).collect()
    }

    fn preview_alone(&self, call: &Call) -> Preview {
        let none = Preview { effects: Vec::new(), refusal: None, held_off: Vec::new(), faulted: Vec::new() };
        self.rehearsed(std::slice::from_ref(call)).pop().unwrap_or(none)
    }

    /// What the call would destroy or lose of what stands, if what was switched on were off, beyond what it does anyway.
    fn held_off(&self, call: &Call, anyway: &[Effect]) -> Vec<Effect> {
        let Some(would) = self.bare().and_then(|bare| bare.rehearsing(std::slice::from_ref(call)).pop())
        else {
            return Vec::new();
        };
        let same = |a: &Effect, b: &Effect| {
            a.is_destructive() && b.is_destructive() && a.resource.uid == b.resource.uid
        };
        let held = |e: &Effect| {
            e.is_destructive()
                && self.resource(e.resource.uid).is_some()
                && !anyway.iter().any(|a| same(a, e))
        };
        would.effects.into_iter().filter(held).collect()
    }

    /// What each of these calls would do, were they made one after another and nothing went wrong: whether something does is
    /// drawn when they are made.
    pub fn preview_all(&self, calls: &[Call]) -> Vec<Preview> {
        match self.has_faults() {
            true => self.without_faults().rehearsing(calls),
            false => self.rehearsed(calls),
        }
    }

    fn rehearsed(&self, calls: &[Call]) -> Vec<Preview> {
        match self.depth >= PREVIEW_DEPTH_MAX {
            true => Vec::new(),
            false => self.clone().rehearsing(calls),
        }
    }

    /// The same in a world that is there for nothing else.
    fn rehearsing(mut self, calls: &[Call]) -> Vec<Preview> {
        if self.depth >= PREVIEW_DEPTH_MAX {
            return Vec::new();
        }
        self.depth = self.depth.saturating_add(1);
        self.authorizing = false;
        self.outbox.clear();
        calls.iter().map(|call| self.rehearse(call)).collect()
    }

    /// Applies one call of a preview and lets time pass until nothing that it caused is still due.
    fn rehearse(&mut self, call: &Call) -> Preview {
        let refusal = self.apply(call).err();
        let horizon = self.now.plus(PREVIEW_HORIZON_S);
        while self.agenda.values().any(|(cause, _)| *cause == call.id) {
            let Some(((at, _), _)) = self.agenda.first_key_value() else { break };
            let at = *at;
            if at > horizon {
                break;
            }
            self.advance(at);
        }
        let effects = self.take_effects().into_iter().filter(|e| e.cause == call.id).collect();
        Preview { effects, refusal, held_off: Vec::new(), faulted: Vec::new() }
    }

    /// Lets virtual time pass: everything due until then happens, in order, and dependents poll.
    ///
    /// The clock stops at each item, so that an item sees the world as it was at its own time, and items of one second
    /// come in the order in which they were put on the agenda.
    pub fn advance(&mut self, to: Time) {
        while let Some(entry) = self.agenda.first_entry() {
            let (at, _) = *entry.key();
            if at > to {
                break;
            }
            let (cause, due) = entry.remove();
            self.tick(at);
            let Some(due) = faults::let_through(self, at, cause, due) else { continue };
            let outer = std::mem::replace(&mut self.cause, cause);
            match due {
                Due::Stack(due) => stacks::due(self, due),
                Due::Database(due) => databases::due(self, due),
                Due::Broker(due) => brokers::due(self, due),
                Due::Cache(due) => caches::due(self, due),
                Due::Cluster(due) => cluster::due(self, due),
                Due::Dns(due) => dns::due(self, due),
                Due::Forge(due) => forge::due(self, due),
                Due::Index(due) => index_snapshots::due(self, due),
                Due::Key(due) => keys::due(self, due),
                Due::People(due) => people::due(self, due),
            }
            self.cause = outer;
        }
        self.tick(to);
    }

    /// Moves the clock alone; dependents poll at each of their instants on the way.
    fn tick(&mut self, to: Time) {
        if self.depth == 0 {
            dependents::poll_until(self, to);
        }
        self.now = self.now.max(to);
    }

    /// True while work is due that a call set going.
    pub fn is_busy(&self) -> bool {
        !self.agenda.is_empty()
    }

    /// When the next work is due.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.agenda.first_key_value().map(|((at, _), _)| *at)
    }

    /// Puts work on the agenda, `after_s` from now, caused by what is going on.
    pub(crate) fn schedule(&mut self, after_s: i64, due: Due) {
        let slowed_s = self.faults.slowed_by();
        self.schedule_for(self.cause, self.now.plus(after_s.max(0).saturating_add(slowed_s)), due);
    }

    /// The same for a cause and a time of one's own.
    pub(crate) fn schedule_for(&mut self, cause: CallId, at: Time, due: Due) {
        self.agenda.insert((at, self.agenda_next), (cause, due));
        self.agenda_next = self.agenda_next.saturating_add(1);
    }

    /// A world that is looked at and not lived in: nobody polls it.
    pub(crate) fn looked_at(&mut self) {
        self.depth = self.depth.max(1);
    }

    /// A duration with the stage's jitter, drawn from the stream of that name and the present time.
    pub(crate) fn lasting(&self, name: &str, seconds: i64) -> i64 {
        let stream = format!("{name}@{}", self.now.unix());
        Chance::stream(self.seed, &stream).about(seconds, self.stage.pace.jitter_percent).max(0)
    }

    /// False inside a preview, where permissions are set aside.
    pub(crate) fn is_authorizing(&self) -> bool {
        self.authorizing
    }

    /// What is going on was caused by this call.
    pub(crate) fn cause(&self) -> CallId {
        self.cause
    }

    /// True inside a preview, where nobody polls.
    pub(crate) fn is_preview(&self) -> bool {
        self.depth > 0
    }

    /// Records that something changed.
    pub(crate) fn effect(&mut self, uid: Uid, change: Change) {
        let Some(r) = self.resources.get(&uid) else { return };
        let resource = Touched {
            uid,
            kind: r.kind.clone(),
            name: r.name.clone(),
            role: r.role.clone(),
            environment: r.environment,
            stateful: r.stateful,
            serving: r.serving,
            dependents: dependents::through(self, r),
        };
        let effect = Effect { at: self.now, cause: self.cause, resource, change };
        if matches!(effect.change, Change::Restored { .. }) {
            self.restores.push(effect.clone());
        }
        self.outbox.push(effect);
    }

    /// Everything that was brought back from a restore point so far; unlike the outbox, nobody empties it.
    pub(crate) fn restores(&self) -> &[Effect] {
        &self.restores
    }

    /// SHA-256 over everything that stands: resources, data, stacks, repository, time. Equal digests mean
    /// that no call could tell the worlds apart.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut part = |text: String| {
            hash.update(text.as_bytes());
            hash.update([0]);
        };
        part(self.now.to_string());
        for resource in self.resources.values() {
            part(serde_json::to_string(resource).unwrap_or_default());
        }
        part(format!("{:?}", self.agenda));
        part(format!("{:?}", self.stacks));
        part(format!("{:?}", self.databases));
        part(format!("{:?}", self.objects));
        if !self.stage.broker.is_empty() {
            part(format!("{:?}", self.brokers));
        }
        if !self.stage.cache.is_empty() {
            part(format!("{:?}", self.caches));
        }
        if self.stage.cluster.is_some() {
            part(format!("{:?}", self.cluster));
        }
        part(format!("{:?}", self.identity));
        part(format!("{:?}", self.observability));
        part(format!("{:?}", self.functions));
        part(format!("{:?}", self.forge));
        part(format!("{:?}", self.workspace));
        part(format!("{:?}", self.people));
        if !self.stage.host.is_empty() {
            part(format!("{:?}", self.hosts));
        }
        if !self.stage.mailbox.is_empty() {
            part(format!("{:?}", self.mailboxes));
        }
        if self.stage.platform.is_some() {
            part(format!("{:?}", self.platform));
        }
        if !self.stage.key.is_empty() || !self.keys.is_empty() {
            part(format!("{:?}", self.keys));
        }
        if !self.stage.terraform.is_empty() || !self.terraform.is_empty() {
            part(format!("{:?}", self.terraform));
        }
        if !self.stage.search.is_empty() {
            part(format!("{:?}", self.indices));
        }
        if self.stage.docker.is_some() {
            part(format!("{:?}", self.docker));
        }
        if self.stage.dns.is_some() || !self.dns.is_empty() {
            part(format!("{:?}", self.dns));
        }
        if !self.stage.fault.is_empty() {
            part(self.faults.text());
        }
        crate::hex(&hash.finalize())
    }

    /// The rows inside a database instance, for the parts of the world that read them.
    pub(crate) fn data(&self, instance: &str) -> Option<&Data> {
        databases::data(self, instance)
    }
}
