//! Deciding, apart from the world: what a setup's guardrails, its approver and the plans that it approved make of a call.
//! The gate asks about calls as they come; a replay asks about recorded ones, and gets the same answers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use simulators::effect::Effect;
use simulators::stage::Stage;

use super::approver::{Approver, Asked};
use super::guardrail::{Guardrail, Opinion, Question, Standing, Thinking};
use super::kinds::Seat;
use super::oversight::Lapses;
use super::review::Approved;
use super::setup::Setup;
use crate::base::limits::Limits;
use crate::model::Fault;
use crate::record::verdict::{Ground, Verdict};

/// Decides for one trial: it remembers what was approved.
pub struct Decider {
    pub(super) setup: Arc<Setup>,
    pub(super) approved: Vec<Approved>,
    standing: Arc<Standing>,
    guardrails: Vec<Box<dyn Guardrail>>,
    guardrail_ms_max: u64,
    seed: u64,
    asked: u32,
    lapses: Lapses,
    /// Why nothing more can be decided.
    pub(super) halted: Option<Fault>,
}

impl Decider {
    /// With the guardrails of a setup, for the trial of this seed.
    pub fn new(setup: Arc<Setup>, limits: &Limits, seed: u64) -> Self {
        let guardrails = setup.guardrails(&Seat { trial: None, seed });
        Self::with_guardrails(setup, guardrails, limits, seed)
    }

    /// With guardrails of one's own in the place of the setup's.
    pub fn with_guardrails(
        setup: Arc<Setup>,
        guardrails: Vec<Box<dyn Guardrail>>,
        limits: &Limits,
        seed: u64,
    ) -> Self {
        let standing = Standing { setup: setup.name().to_owned(), profile: setup.file.profile.clone() };
        let (standing, guardrail_ms_max) = (Arc::new(standing), limits.guardrail_ms_max);
        Self {
            setup,
            approved: Vec::new(),
            standing,
            guardrails,
            guardrail_ms_max,
            seed,
            asked: 0,
            lapses: Lapses::default(),
            halted: None,
        }
    }

    /// As whoever looks on is in a trial on this stage.
    #[must_use]
    pub fn on(self, stage: &Stage) -> Self {
        let lapses = Lapses::new(stage.oversight.as_ref(), self.seed);
        Self { lapses, ..self }
    }

    /// Some guardrail of it reads files of the agent's checkout.
    pub fn reads_checkout(&self) -> bool {
        self.guardrails.iter().any(|guardrail| guardrail.reads_checkout())
    }

    /// Asks an approver, and remembers that they were asked.
    pub(super) fn ask(
        &mut self,
        approver: &Approver,
        lines: &[&str],
        effects: &[Effect],
        is_plan: bool,
    ) -> Verdict {
        let asked = Asked { lines, effects, is_plan, before: self.asked, seed: self.seed };
        self.asked = self.asked.saturating_add(1);
        self.lapses.approver(approver.clone()).answer(asked)
    }

    /// Asks the guardrails in order; the first that denies, denies. The role's permissions are the world's to know, and
    /// come before this.
    pub async fn decide(&mut self, question: Question<'_>) -> Verdict {
        let verdict = self.decide_now(question).await;
        let waited_s = verdict.waited_s.saturating_add(self.lapses.late_s());
        Verdict { waited_s, ..verdict }
    }

    async fn decide_now(&mut self, question: Question<'_>) -> Verdict {
        let approvals = self.approvals(&question);
        let standing = Arc::clone(&self.standing);
        let question = Question { standing: &standing, approvals: &approvals, ..question };
        let mut asked_by = None;
        for guardrail in &self.guardrails {
            let ms_max = guardrail.answers_within_ms().unwrap_or(self.guardrail_ms_max);
            let answered = match self.lapses.next(ms_max) {
                Ok(()) => consult(guardrail.as_ref(), question, ms_max).await,
                Err(lapse) => Err(lapse),
            };
            match answered {
                Ok(Opinion::Allow) => {}
                Ok(Opinion::Deny(reason)) => {
                    return Verdict::deny(Ground::Judgement, guardrail.name(), reason);
                }
                Ok(Opinion::Ask) => asked_by = Some(guardrail.name().to_owned()),
                Ok(Opinion::Fault(fault)) => {
                    return Verdict::deny(Ground::Fault, guardrail.name(), fault);
                }
                Err(fault) => {
                    let verdict = Verdict::deny(Ground::Fault, guardrail.name(), fault);
                    return Verdict { is_hole: guardrail.is_hole_where_it_breaks(), ..verdict };
                }
                Ok(Opinion::Halt(fault)) => {
                    let denied = Verdict::deny(Ground::Fault, guardrail.name(), fault.to_string());
                    self.halted = Some(fault);
                    return denied;
                }
                Ok(Opinion::Hole(fault)) => {
                    let verdict = Verdict::deny(Ground::Fault, guardrail.name(), fault);
                    return Verdict { is_hole: true, ..verdict };
                }
            }
        }
        match asked_by {
            None if self.let_through_by_approval(&question) => Self::by_plan(),
            None => Verdict::unopposed(),
            Some(_) if self.use_approval(&question) => Self::by_plan(),
            Some(name) => match self.setup.file.approver.clone() {
                Some(approver) => self.ask(&approver, &[question.line], question.effects, false),
                None => Verdict::deny(Ground::Fault, &name, "there is nobody to ask"),
            },
        }
    }

    /// A policy that saw an approval may have let the call through because of it: then it is used up.
    fn let_through_by_approval(&mut self, question: &Question<'_>) -> bool {
        let seen = !question.approvals.is_empty() && self.guardrails.iter().any(|g| g.sees_approvals());
        seen && self.use_approval(question)
    }
}

impl Setup {
    /// The role that an agent acts in under this setup: the one that the stage names for the profile. A stage without
    /// that profile gives it none, and so no permissions at all.
    pub fn principal(&self, stage: &Stage) -> String {
        let no_role = || format!("no-role-for-profile-{}", self.file.profile);
        stage.profiles.get(&self.file.profile).cloned().unwrap_or_else(no_role)
    }
}

/// One guardrail's opinion within the deadline; a panic or a late answer is a fault.
async fn consult(guardrail: &dyn Guardrail, question: Question<'_>, ms_max: u64) -> Result<Opinion, String> {
    let started = std::panic::catch_unwind(AssertUnwindSafe(|| guardrail.consider(question)));
    let Ok(thinking) = started else { return Err("it crashed".to_owned()) };
    let thinking = CatchPanic(thinking);
    match tokio::time::timeout(Duration::from_millis(ms_max), thinking).await {
        Ok(Ok(opinion)) => Ok(opinion),
        Ok(Err(())) => Err("it crashed".to_owned()),
        Err(_) => Err(format!("it did not answer within {ms_max} ms")),
    }
}

/// Turns a panic while polling into an error.
struct CatchPanic<'a>(Thinking<'a>);

impl Future for CatchPanic<'_> {
    type Output = Result<Opinion, ()>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        let inner = self.0.as_mut();
        match std::panic::catch_unwind(AssertUnwindSafe(|| inner.poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => std::task::Poll::Ready(Err(())),
        }
    }
}
