//! Trying command lines against a setup: each is played through the real door and the real gate, on a world that is
//! thrown away. What is shown is what the gate recorded.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use simulators::World;
use simulators::call::CallId;

use crate::base::limits::Limits;
use crate::base::text::Untrusted;
use crate::door::FunctionDoor;
use crate::gate::case::Case;
use crate::gate::{Gate, Guardrail, Halt, Opinion, Question, Seat, Setup, Thinking};
use crate::ledger::Recorder;
use crate::record::tool::{ToolCall, ToolReply, ToolStatus};
use crate::record::tried::{Said, Says, Tried, TriedCall};
use crate::record::{Event, Verdict};

/// A setup on a scenario's world, to try lines against.
pub struct Tryout {
    world: World,
    setup: Arc<Setup>,
    limits: Limits,
    /// The gate that goes on from line to line, where lines are applied.
    going_on: Option<(Gate, Overheard)>,
    applies: bool,
}

impl Tryout {
    /// Lines are tried on this world; with `applies`, each on what those before it have left, else each on the
    /// beginning.
    pub fn new(world: World, setup: Arc<Setup>, limits: Limits, applies: bool) -> Self {
        let world = world.hardened(&setup.file.stage);
        Self { world, setup, limits, going_on: None, applies }
    }

    /// Tries a command line.
    ///
    /// # Errors
    /// A limit of the trial was reached: the gate takes no more.
    pub async fn line(&mut self, line: &str) -> Result<Tried, Halt> {
        let tool = ToolCall { name: "run_command".to_owned(), arguments: json!({"command": line}) };
        self.tool(line, &tool).await
    }

    /// Tries any use of a tool; `shown` stands for it.
    ///
    /// # Errors
    /// As [`Tryout::line`].
    pub async fn tool(&mut self, shown: &str, tool: &ToolCall) -> Result<Tried, Halt> {
        let (mut gate, overheard) = self.going_on.take().unwrap_or_else(|| self.gate());
        gate.turn()?;
        let reply = FunctionDoor::play(&mut gate, tool).await?;
        let tried = overheard.tried(shown, reply);
        self.going_on = self.applies.then_some((gate, overheard));
        Ok(tried)
    }

    fn gate(&self) -> (Gate, Overheard) {
        let overheard = Overheard::default();
        let events = Arc::clone(&overheard.events);
        let recorder = Recorder::to_listener(move |event| {
            events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        });
        let listen = |guardrail| -> Box<dyn Guardrail> {
            Box::new(Listening { guardrail, overheard: overheard.clone() })
        };
        let mut guardrails: Vec<Box<dyn Guardrail>> = vec![Box::new(Onlooker(overheard.clone()))];
        guardrails.extend(self.setup.guardrails(&Seat::default()).into_iter().map(listen));
        let (world, setup) = (self.world.clone(), Arc::clone(&self.setup));
        let gate = Gate::with_guardrails(world, setup, guardrails, recorder, self.limits);
        (gate, overheard)
    }
}

/// What a gate recorded and its guardrails said, as it happened.
#[derive(Clone, Default)]
struct Overheard {
    events: Arc<Mutex<Vec<Event>>>,
    said: Arc<Mutex<Vec<(CallId, Said)>>>,
    /// What policies are shown of each call.
    cases: Arc<Mutex<Vec<(CallId, Value)>>>,
}

impl Overheard {
    fn note(&self, call: CallId, guardrail: &str, says: Says, why: &str) {
        let said = Said { guardrail: guardrail.to_owned(), says, why: Untrusted::from(why) };
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push((call, said));
    }

    /// What was heard since the last time.
    fn tried(&self, line: &str, reply: Option<ToolReply>) -> Tried {
        let events = std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner));
        let said = std::mem::take(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner));
        let reply = reply.unwrap_or_else(|| ToolReply {
            status: ToolStatus::Ok,
            text: Untrusted::from("the work is over"),
        });
        let mut tried = Tried {
            line: Untrusted::from(line),
            asked: Vec::new(),
            status: reply.status,
            heard: reply.text,
            unsimulated: false,
        };
        for event in events {
            take(&mut tried, event, &said);
        }
        for (of, case) in std::mem::take(&mut *self.cases.lock().unwrap_or_else(PoisonError::into_inner)) {
            let mut asked = tried.asked.iter_mut();
            if let Some(asked) = asked.find(|asked| asked.call.as_ref().is_some_and(|call| call.id == of)) {
                asked.case = Some(case);
            }
        }
        tried
    }
}

fn take(tried: &mut Tried, event: Event, said: &[(CallId, Said)]) {
    match event {
        Event::Attempt { line, call, .. } => {
            let own = |(of, _): &&(CallId, Said)| *of == call.id;
            let said = said.iter().filter(own).map(|(_, said)| said.clone()).collect();
            tried.asked.push(TriedCall {
                line,
                call: Some(call),
                effects: Vec::new(),
                refusal: None,
                case: None,
                said,
                verdict: Verdict::unopposed(),
            });
        }
        Event::Preview { effects, refusal, .. } => {
            if let Some(last) = tried.asked.last_mut() {
                (last.effects, last.refusal) = (effects, refusal);
            }
        }
        Event::Verdict { verdict, .. } => {
            if let Some(last) = tried.asked.last_mut() {
                last.verdict = verdict;
            }
        }
        Event::Plan { summary, effects, verdict, .. } => tried.asked.push(TriedCall {
            line: summary,
            call: None,
            effects,
            refusal: None,
            case: None,
            said: Vec::new(),
            verdict,
        }),
        Event::Unsimulated { .. } => tried.unsimulated = true,
        _ => {}
    }
}

/// Stands before all guardrails, has nothing against anything, and keeps what they are shown.
struct Onlooker(Overheard);

impl Guardrail for Onlooker {
    fn name(&self) -> &'static str {
        "onlooker"
    }

    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a> {
        if let Ok(case) = serde_json::to_value(Case::of(&question)) {
            let mut cases = self.0.cases.lock().unwrap_or_else(PoisonError::into_inner);
            cases.push((question.call.id, case));
        }
        Box::pin(std::future::ready(Opinion::Allow))
    }
}

/// A guardrail whose answers are overheard.
struct Listening {
    guardrail: Box<dyn Guardrail>,
    overheard: Overheard,
}

impl Guardrail for Listening {
    fn name(&self) -> &str {
        self.guardrail.name()
    }

    fn sees_approvals(&self) -> bool {
        self.guardrail.sees_approvals()
    }

    fn is_hole_where_it_breaks(&self) -> bool {
        self.guardrail.is_hole_where_it_breaks()
    }

    fn answers_within_ms(&self) -> Option<u64> {
        self.guardrail.answers_within_ms()
    }

    fn reads_checkout(&self) -> bool {
        self.guardrail.reads_checkout()
    }

    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a> {
        let asked = Asked { of: self, call: question.call.id, is_answered: false };
        let thinking = self.guardrail.consider(question);
        Box::pin(async move {
            let mut asked = asked;
            let opinion = thinking.await;
            asked.answer(&opinion);
            opinion
        })
    }
}

/// A question that waits for its answer. Dropped without one (the guardrail crashed, or the gate gave up waiting), it
/// says so.
struct Asked<'g> {
    of: &'g Listening,
    call: CallId,
    is_answered: bool,
}

impl Asked<'_> {
    fn answer(&mut self, opinion: &Opinion) {
        self.is_answered = true;
        let (says, why) = match opinion {
            Opinion::Allow => (Says::Allow, ""),
            Opinion::Ask => (Says::Ask, ""),
            Opinion::Deny(why) => (Says::Deny, why.as_str()),
            Opinion::Fault(why) | Opinion::Hole(why) => (Says::Nothing, why.as_str()),
            Opinion::Halt(_) => (Says::Nothing, "nobody can be asked"),
        };
        self.of.overheard.note(self.call, self.of.name(), says, why);
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.of.overheard.note(self.call, self.of.name(), Says::Nothing, "");
        }
    }
}
