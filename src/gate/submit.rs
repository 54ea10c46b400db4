//! Submitting calls: the gate's order of work.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use simulators::World;
use simulators::call::{Answer, Call, CallId};
use simulators::cli::Reply;
use simulators::effect::Effect;

use super::checkout::Checkout;
use super::decide::Decider;
use super::guardrail::{Guardrail, Question};
use super::kinds::Seat;
use super::permit::Permit;
use super::setup::Setup;
use super::shown::Shown;
use crate::base::clock::Stopwatch;
use crate::base::digest::{self, Digest};
use crate::base::limits::Limits;
use crate::base::text::Untrusted;
use crate::ledger::{RecordError, Recorder};
use crate::model::Fault;
use crate::record::tool::{ToolCall, ToolReply, ToolStatus};
use crate::record::verdict::{Ground, Verdict};
use crate::record::{Event, Spent, TrialId};

/// Characters that are recorded of the name of a tool that an agent makes up.
const TOOL_NAME_CHARS_MAX: usize = 200;

/// Why the gate takes no further calls.
#[derive(Debug)]
pub enum Halt {
    /// A limit of the trial was reached; its name.
    Limit(&'static str),
    /// The record could not be written.
    Record(RecordError),
    /// No trial of the run can go on, because a guardrail cannot be asked.
    Run(Fault),
}

impl From<RecordError> for Halt {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

/// What became of a call.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// It was not let through.
    Denied(Verdict),
    /// The role does not permit it: the service's own refusal, for the dialect to print.
    Forbidden(Answer),
    /// It was let through, and this is the service's answer.
    Answered(Answer),
}

/// Owns a trial's world, asks its guardrails, keeps its record.
pub struct Gate {
    pub(super) world: World,
    pub(super) recorder: Recorder,
    pub(super) decider: Decider,
    limits: Limits,
    done: Vec<Effect>,
    /// The tool in use: none between two uses, where wire formats ask.
    tool: Option<ToolCall>,
    uses: u32,
    decided_in: Vec<Duration>,
    principal: String,
    calls: u32,
    turns: u32,
    last_verdict: Option<Verdict>,
    watch: Stopwatch,
}

impl Gate {
    /// A gate for one trial. The agent acts in the setup's role on this stage.
    pub fn new(world: World, setup: Arc<Setup>, recorder: Recorder, limits: Limits) -> Self {
        let seat = Seat { trial: recorder.trial().cloned(), seed: world.seed() };
        let guardrails = setup.guardrails(&seat);
        Self::with_guardrails(world, setup, guardrails, recorder, limits)
    }

    /// As [`Gate::new`], with guardrails of one's own.
    pub fn with_guardrails(
        world: World,
        setup: Arc<Setup>,
        guardrails: Vec<Box<dyn Guardrail>>,
        recorder: Recorder,
        limits: Limits,
    ) -> Self {
        let principal = setup.principal(world.stage());
        let decider = Decider::with_guardrails(setup, guardrails, &limits, world.seed()).on(world.stage());
        Self {
            world,
            recorder,
            decider,
            limits,
            done: Vec::new(),
            tool: None,
            uses: 0,
            decided_in: Vec::new(),
            principal,
            calls: 0,
            turns: 0,
            last_verdict: None,
            watch: Stopwatch::start(),
        }
    }

    /// The world, to look at.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The limits of the trial.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Which trial it is.
    pub fn trial(&self) -> Option<&TrialId> {
        self.recorder.trial()
    }

    /// The role in which the agent acts.
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// Calls submitted so far.
    pub fn calls(&self) -> u32 {
        self.calls
    }

    /// Turns begun so far.
    pub fn turns(&self) -> u32 {
        self.turns
    }

    /// How long each decision took by the wall clock, in order.
    pub fn decided_in(&self) -> &[Duration] {
        &self.decided_in
    }

    /// The verdict on the last call.
    pub fn last_verdict(&self) -> Option<&Verdict> {
        self.last_verdict.as_ref()
    }

    /// What is left of the trial's real time.
    pub fn wall_left(&self) -> Duration {
        Duration::from_secs(self.limits.wall_s_max).saturating_sub(self.watch.elapsed())
    }

    /// Whether there is time and room for more.
    fn go_on(&self) -> Result<(), Halt> {
        if self.recorder.bytes() > self.limits.record_bytes_max {
            return Err(Halt::Limit("record_bytes_max"));
        }
        if self.wall_left().is_zero() { Err(Halt::Limit("wall_s_max")) } else { Ok(()) }
    }

    /// A turn of the agent begins: its virtual time passes.
    ///
    /// # Errors
    /// A limit on turns, time or the record.
    pub fn turn(&mut self) -> Result<(), Halt> {
        self.go_on()?;
        if self.turns >= self.limits.turns_max {
            return Err(Halt::Limit("turns_max"));
        }
        self.turns = self.turns.saturating_add(1);
        let turn_s = self.world.stage().pace.turn_s;
        self.pass(turn_s)?;
        if self.world.now().since(self.world.stage().epoch) > self.limits.virtual_s_max {
            return Err(Halt::Limit("virtual_s_max"));
        }
        Ok(())
    }

    /// Records what the agent's model said in this turn, cut to the limit of a reply, and what the turn took.
    ///
    /// # Errors
    /// A limit, or the record could not be written.
    pub fn said(&mut self, said: &Untrusted, spent: Option<Spent>) -> Result<(), Halt> {
        let turn = self.turns;
        if let Some(spent) = spent {
            self.recorder.append(Event::Spent { turn, spent })?;
        }
        if !said.is_blank() {
            let (text, bytes, digest) = self.cut(said.raw().to_owned());
            self.recorder.append(Event::Said { turn, text, bytes, digest })?;
        }
        Ok(())
    }

    /// Records what an agent that is a process wrote to standard error, cut to the limit of a reply.
    ///
    /// # Errors
    /// The record could not be written.
    pub fn wrote(&mut self, text: String) -> Result<(), Halt> {
        let turn = self.turns;
        let (text, bytes, digest) = self.cut(text);
        self.note(Event::Wrote { turn, text, bytes, digest })
    }

    /// Records what the agent is told that it did not ask for.
    ///
    /// # Errors
    /// The record could not be written.
    pub fn told(&mut self, text: &str) -> Result<(), Halt> {
        self.note(Event::Told { turn: self.turns, text: text.to_owned() })
    }

    /// Records that the agent uses a tool, and gives back the size of its arguments in bytes. Of arguments beyond the
    /// limit, size and digest are recorded.
    ///
    /// # Errors
    /// A limit, or the record could not be written.
    pub fn tool(&mut self, tool: &ToolCall) -> Result<usize, Halt> {
        self.go_on()?;
        self.uses = self.uses.saturating_add(1);
        self.tool = Some(tool.clone());
        let arguments = tool.arguments.to_string();
        let kept = match arguments.len() > self.limits.argument_bytes_max {
            true => json!({"cut": {"bytes": arguments.len(), "sha256": digest::of(arguments.as_bytes())}}),
            false => tool.arguments.clone(),
        };
        let name = tool.name.chars().take(TOOL_NAME_CHARS_MAX).collect();
        let tool = ToolCall { name, arguments: kept };
        self.recorder.append(Event::Tool { turn: self.turns, at: self.world.now(), tool })?;
        Ok(arguments.len())
    }

    /// Records any other event of the trial.
    ///
    /// # Errors
    /// The record could not be written.
    pub fn note(&mut self, event: Event) -> Result<(), Halt> {
        Ok(self.recorder.append(event)?)
    }

    /// What arrives of a reply to the last call: a fault may have cut it short, or said something more.
    pub fn garbled(&mut self, reply: Reply) -> Reply {
        self.world.take_garble().of(reply)
    }

    /// Files from outside of the checkout that the next command brings along, by the names that it gives them.
    pub fn carry(&mut self, files: BTreeMap<String, String>) {
        self.world.carry(files);
    }

    /// Records what the agent hears, cut to the limit: the use of its tool is over.
    ///
    /// # Errors
    /// The record could not be written.
    pub fn reply(&mut self, status: ToolStatus, text: String) -> Result<ToolReply, Halt> {
        self.tool = None;
        let (text, bytes, digest) = self.cut(text);
        self.recorder.append(Event::Reply { status, text: text.clone(), bytes, digest })?;
        Ok(ToolReply { status, text })
    }

    /// A text cut to the limit of a reply, its full length, and, where it was cut, the digest of the whole.
    fn cut(&self, text: String) -> (Untrusted, u64, Option<Digest>) {
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if text.len() <= self.limits.reply_bytes_max {
            return (text.into(), bytes, None);
        }
        let digest = digest::of(text.as_bytes());
        let end = text.floor_char_boundary(self.limits.reply_bytes_max);
        let kept = text.get(..end).unwrap_or_default();
        (format!("{kept}\n[cut: {bytes} bytes in all, sha256 {digest}]\n").into(), bytes, Some(digest))
    }

    /// Submits one call. `line` is what the agent wrote.
    ///
    /// # Errors
    /// A limit, or the record could not be written.
    pub async fn submit(&mut self, line: &str, mut call: Call) -> Result<Outcome, Halt> {
        self.go_on()?;
        if self.calls >= self.limits.calls_max {
            return Err(Halt::Limit("calls_max"));
        }
        self.calls = self.calls.saturating_add(1);
        call.id = CallId(self.calls);
        call.principal.clone_from(&self.principal);
        let attempt =
            Event::Attempt { at: self.world.now(), line: Untrusted::from(line), call: call.clone() };
        self.recorder.append(attempt)?;
        let effects = self.preview(&call)?;
        if let Err(refusal) = self.world.authorize(&call) {
            let verdict = Verdict::deny(Ground::Permission, &call.principal, refusal.message.clone());
            self.recorder.append(Event::Verdict { call: call.id, verdict })?;
            return Ok(Outcome::Forbidden(Err(refusal)));
        }
        let checkout = self.decider.reads_checkout().then(|| Checkout::of(&self.world));
        let question = Question {
            done: &self.done,
            checkout: checkout.as_ref(),
            tool: self.tool.as_ref().map(|tool| (self.uses, tool)),
            ..Question::of(line, &call, &effects, self.world.now())
        };
        let watch = Stopwatch::start();
        let verdict = self.decider.decide(question).await;
        self.decided_in.push(watch.elapsed());
        if let Some(fault) = self.decider.halted.take() {
            return Err(Halt::Run(fault));
        }
        self.pass(verdict.waited_s)?;
        let verdict = self.still(verdict, &call, &effects);
        self.last_verdict = Some(verdict.clone());
        // What was only read, at once and unopposed, needs no line of its own.
        if !(call.is_read() && verdict.ground == Ground::Unopposed && verdict.waited_s == 0) {
            self.recorder.append(Event::Verdict { call: call.id, verdict: verdict.clone() })?;
        }
        let Some(permit) = Permit::of(&verdict) else { return Ok(Outcome::Denied(verdict)) };
        let answer = permit.apply(&mut self.world, &call);
        self.drain()?;
        Ok(Outcome::Answered(answer))
    }

    /// As [`Gate::submit`], of a call that a wire format made: its answer is not printed.
    ///
    /// # Errors
    /// A limit, or the record could not be written.
    pub async fn submit_by_wire(&mut self, line: &str, call: Call) -> Result<Outcome, Halt> {
        self.world.prints(false);
        let outcome = self.submit(line, call).await;
        self.world.prints(true);
        outcome
    }

    /// A person agreed to what they were shown, or a guardrail that answered late had nothing against it. If by the time of
    /// the answer the call would destroy or lose something else, or more, nobody has agreed to that.
    fn still(&self, verdict: Verdict, call: &Call, shown: &[Effect]) -> Verdict {
        if !(verdict.allows() && verdict.waited_s > 0) {
            return verdict;
        }
        let now = self.world.preview(call);
        if Shown::of(shown).covers_what_weighs([now.effects, now.faulted].concat()) {
            return verdict;
        }
        let reason = "by the time of the answer it would do more harm than was shown: ask again";
        Verdict { waited_s: verdict.waited_s, ..Verdict::deny(Ground::Fault, "gate", reason) }
    }

    /// What the call would do; recorded unless the operation can change nothing.
    fn preview(&mut self, call: &Call) -> Result<Vec<Effect>, Halt> {
        if call.is_read() {
            return Ok(Vec::new());
        }
        let preview = self.world.preview(call);
        // What is asked for is judged, and not whether the service happens to be up.
        let effects = preview.effects.iter().chain(&preview.faulted).cloned().collect();
        self.recorder.append(Event::Preview {
            call: call.id,
            effects: preview.effects,
            refusal: preview.refusal,
            held_off: preview.held_off,
            faulted: preview.faulted,
        })?;
        Ok(effects)
    }

    /// Lets virtual time pass and records what happened in it.
    ///
    /// # Errors
    /// The record could not be written.
    pub fn pass(&mut self, seconds: i64) -> Result<(), Halt> {
        if seconds > 0 {
            let to = self.world.now().plus(seconds);
            self.world.advance(to);
        }
        self.drain()
    }

    /// Records what has changed since the last time.
    pub(super) fn drain(&mut self) -> Result<(), Halt> {
        for struck in self.world.take_struck() {
            self.recorder.append(Event::Fault { struck })?;
        }
        let effects = self.world.take_effects();
        if !effects.is_empty() {
            self.done.extend(effects.iter().filter(|e| e.cause != CallId::WORLD).cloned());
            self.recorder.append(Event::Effects { effects })?;
        }
        Ok(())
    }

    /// Takes the gate apart at the trial's end: nobody submits any more.
    pub fn close(self) -> (World, Recorder) {
        (self.world, self.recorder)
    }
}
