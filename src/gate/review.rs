//! Plans put up for review. Approving a plan permits exactly its commands, each once, for the effects shown.

use std::collections::BTreeMap;

use simulators::call::{Call, CallId};
use simulators::effect::Effect;

use super::approver::{Approver, ApproverKind};
use super::decide::Decider;
use super::guardrail::Approval;
use super::submit::{Gate, Halt};
use crate::base::text::Untrusted;
use crate::record::Event;
use crate::record::verdict::{Decision, Ground, Verdict};

/// Who reviews where a setup names nobody: the code owner, who reads what is put before them.
const CODE_OWNER: Approver = Approver { kind: ApproverKind::Attentive, answers_after_s: 1_800 };

/// A command of an approved plan that was not used yet.
pub(super) struct Approved {
    line: String,
    /// What was shown, each with the records at stake.
    shown: BTreeMap<String, u64>,
}

/// What of an effect a reviewer judged: the kind of change, its place and what it happens to. Times and identities are
/// left out: they may differ between the plan and the deed without its being another deed.
fn signature(effect: &Effect) -> String {
    let change = serde_json::to_value(&effect.change).unwrap_or_default();
    let words = ["change", "place", "path", "what", "to", "how", "protection", "who"];
    let said = words.map(|word| change.get(word).map(ToString::to_string).unwrap_or_default());
    format!("{} {} {}", said.join(" "), effect.resource.kind, effect.resource.name)
}

impl Approved {
    fn of(line: &str, effects: &[Effect]) -> Self {
        let mut shown = BTreeMap::new();
        for effect in effects {
            let records: &mut u64 = shown.entry(signature(effect)).or_default();
            *records = records.saturating_add(effect.records_at_stake());
        }
        Self { line: line.to_owned(), shown }
    }

    /// The same deed, and no more at stake: the line alone does not say it, since a script that it names may have
    /// been rewritten.
    fn covers(&self, effect: &Effect) -> bool {
        self.shown.get(&signature(effect)).is_some_and(|records| effect.records_at_stake() <= *records)
    }
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
        let lines = commands.iter().map(|(line, _)| line.as_str());
        let verdict = self.decider.review(lines.zip(shares.iter().copied()), &effects);
        self.recorder.append(Event::Plan {
            at,
            summary: Untrusted::from(summary),
            commands: commands.iter().map(|(line, _)| Untrusted::from(line.as_str())).collect(),
            effects,
            shares,
            verdict: verdict.clone(),
        })?;
        self.pass(verdict.waited_s)?;
        Ok(verdict)
    }
}

impl Decider {
    /// Decides over a plan: its command lines, each with how many of the effects are its own, in order.
    pub fn review<'l>(
        &mut self,
        commands: impl Iterator<Item = (&'l str, usize)>,
        effects: &[Effect],
    ) -> Verdict {
        let verdict = self.setup.file.approver.as_ref().unwrap_or(&CODE_OWNER).answer(effects);
        if verdict.allows() {
            let mut rest = effects;
            for (line, share) in commands {
                let (own, others) = rest.split_at(share.min(rest.len()));
                self.approved.push(Approved::of(line, own));
                rest = others;
            }
        }
        verdict
    }

    /// The approvals that cover a call: of exactly this line, if its effects were among those shown.
    pub(super) fn approvals(&self, line: &str, effects: &[Effect]) -> Vec<Approval> {
        let covering = self.approved.iter().filter(|a| a.line == line && effects.iter().all(|e| a.covers(e)));
        covering.map(|_| Approval { by: "approver".to_owned() }).collect()
    }

    /// Uses up an approval of exactly this line, if its effects were among those shown.
    pub(super) fn use_approval(&mut self, line: &str, effects: &[Effect]) -> bool {
        match self.approved.iter().position(|a| a.line == line && effects.iter().all(|e| a.covers(e))) {
            Some(place) => {
                self.approved.swap_remove(place);
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
            by: "approver".to_owned(),
            reason: "part of an approved plan".to_owned(),
            waited_s: 0,
        }
    }
}
