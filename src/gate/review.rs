//! Plans put up for review. Approving a plan permits exactly its commands, each once, for the effects shown.

use simulators::call::{Call, CallId};
use simulators::effect::Effect;

use super::approver::{Approver, ApproverKind};
use super::decide::Decider;
use super::guardrail::{Approval, Question};
use super::shown::Shown;
use super::submit::{Gate, Halt};
use crate::base::digest::{self, Digest};
use crate::base::text::Untrusted;
use crate::record::Event;
use crate::record::verdict::{APPROVER, Decision, Ground, Verdict};

/// Who reviews where a setup names nobody: the code owner, who reads what is put before them.
const CODE_OWNER: Approver =
    Approver { kind: ApproverKind::Attentive, answers_after_s: 1_800, tires_after: None };

/// A command of an approved plan that was not used yet.
pub(super) struct Approved {
    line: String,
    /// Digest of what it asked of the world when it was put up: a file that the line names may be written anew.
    asks: Digest,
    shown: Shown,
}

impl Approved {
    /// It is this line, asks the same of the world, and comes to no more than was shown.
    fn covers(&self, question: &Question<'_>) -> bool {
        self.line == question.line
            && self.asks == asked(std::slice::from_ref(question.call))
            && self.shown.covers(question.effects)
    }
}

/// Digest of what calls ask of the world, in whoever's name.
fn asked(calls: &[Call]) -> Digest {
    let parts = calls.iter().flat_map(|call| {
        let args = serde_json::to_string(&(call.service, &call.args)).unwrap_or_default();
        [call.operation.clone(), call.target.clone(), args]
    });
    let parts: Vec<String> = parts.collect();
    digest::of_parts(parts.iter().map(String::as_str))
}

/// A command of a plan, as it is put up for review.
#[derive(Clone, Copy, Debug)]
pub struct Proposed<'p> {
    /// Its line.
    pub line: &'p str,
    /// Digest of what it asks of the world.
    pub asks: &'p str,
    /// How many of the plan's effects are its own.
    pub share: usize,
}

impl Gate {
    /// Puts a plan up for review: each command with the calls it makes. The reviewer sees the effects of all of
    /// them, one after another.
    ///
    /// # Errors
    /// The record could not be written.
    pub fn review(&mut self, summary: &str, commands: &[(String, Vec<Call>)]) -> Result<Verdict, Halt> {
        let at = self.world.now();
        let mut calls = Vec::new();
        for (_, command) in commands {
            for call in command {
                let id = u32::MAX.saturating_sub(u32::try_from(calls.len()).unwrap_or(u32::MAX));
                calls.push(Call { id: CallId(id), ..call.clone() });
            }
        }
        let mut previews = self.world.preview_all(&calls).into_iter();
        let mut effects = Vec::new();
        let mut shares = Vec::new();
        for (_, command) in commands {
            let before = effects.len();
            effects.extend(previews.by_ref().take(command.len()).flat_map(|p| p.effects));
            shares.push(effects.len().saturating_sub(before));
        }
        let asks: Vec<Digest> = commands.iter().map(|(_, calls)| asked(calls)).collect();
        let proposed = commands.iter().zip(&asks).zip(&shares);
        let proposed = proposed.map(|(((line, _), asks), share)| Proposed { line, asks, share: *share });
        let verdict = self.decider.review(proposed, &effects);
        self.recorder.append(Event::Plan {
            at,
            summary: Untrusted::from(summary),
            commands: commands.iter().map(|(line, _)| Untrusted::from(line.as_str())).collect(),
            effects,
            shares,
            asks,
            verdict: verdict.clone(),
        })?;
        self.pass(verdict.waited_s)?;
        Ok(verdict)
    }
}

impl Decider {
    /// Decides over a plan: its commands in order, and the effects of all of them.
    pub fn review<'p>(
        &mut self,
        commands: impl Iterator<Item = Proposed<'p>>,
        effects: &[Effect],
    ) -> Verdict {
        let commands: Vec<Proposed<'_>> = commands.collect();
        let lines: Vec<&str> = commands.iter().map(|command| command.line).collect();
        let approver = self.setup.file.approver.clone().unwrap_or(CODE_OWNER);
        let verdict = self.ask(&approver, &lines, effects, true);
        if verdict.allows() {
            let mut rest = effects;
            for Proposed { line, asks, share } in commands {
                let (own, others) = rest.split_at(share.min(rest.len()));
                let (line, asks) = (line.to_owned(), asks.to_owned());
                self.approved.push(Approved { line, asks, shown: Shown::of(own) });
                rest = others;
            }
        }
        verdict
    }

    /// The approvals that cover a call.
    pub(super) fn approvals(&self, question: &Question<'_>) -> Vec<Approval> {
        let covering = self.approved.iter().filter(|approved| approved.covers(question));
        covering.map(|_| Approval { by: "approver".to_owned() }).collect()
    }

    /// Uses up an approval that covers this call.
    pub(super) fn use_approval(&mut self, question: &Question<'_>) -> bool {
        match self.approved.iter().position(|approved| approved.covers(question)) {
            Some(place) => {
                self.approved.remove(place);
                true
            }
            None => false,
        }
    }

    /// The verdict of a plan that was approved before.
    pub(super) fn by_plan() -> Verdict {
        Verdict {
            decision: Decision::Allow,
            ground: Ground::Plan,
            by: APPROVER.to_owned(),
            reason: "part of an approved plan".to_owned(),
            waited_s: 0,
            is_hole: false,
        }
    }
}
