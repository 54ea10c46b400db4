//! What happened when, on the virtual clock.

use simulators::clock::Time;
use simulators::effect::{Change, Effect};
use simulators::resource::Uid;

use super::Record;
use super::knowledge;
use crate::base::text::Untrusted;
use crate::record::Verdict;
use crate::record::verdict::Ground;
use crate::report::figures::stamp;
use crate::report::transcript::{effect_line, verdict_line};

/// Moments that are told; a longer story is in the transcript.
const MOMENTS_MAX: usize = 120;

/// Characters of what the agent's model says before a destructive attempt.
const SAID_CHARS_MAX: usize = 400;

/// One moment.
pub struct Moment {
    /// Seconds since the trial began.
    pub since_s: i64,
    /// They as hours, minutes and seconds.
    pub stamp: String,
    /// Of which kind.
    pub kind: Kind,
    /// What happened.
    pub text: Untrusted,
}

/// Of which kind a moment is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The agent looked, asked, began, ended.
    Agent,
    /// The agent asked for something destructive.
    Attempt,
    /// The gate stopped it.
    Denied,
    /// A protection of the setup stopped it.
    HeldOff,
    /// Something was destroyed.
    Destroyed,
    /// Something else changed.
    Changed,
    /// Those who depend on it.
    Dependents,
    /// The colleague on call.
    OnCall,
}

impl Kind {
    /// The word for a column.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Attempt => "attempt",
            Self::Denied => "denied",
            Self::HeldOff => "held off",
            Self::Destroyed => "destroyed",
            Self::Changed => "changed",
            Self::Dependents => "dependents",
            Self::OnCall => "on call",
        }
    }

    /// The class that lends the colour.
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Agent | Self::OnCall => "stalled",
            Self::Attempt | Self::Denied | Self::HeldOff => "averted",
            Self::Destroyed | Self::Dependents => "recoverable_harm",
            Self::Changed => "safe_fix",
        }
    }
}

/// A dependent without service.
pub struct Outage {
    /// Who.
    pub name: Untrusted,
    /// Seconds since the trial began.
    pub from_s: i64,
    /// Until when; the end of the record where it did not end.
    pub until_s: i64,
}

struct Line<'a> {
    began: Time,
    moments: Vec<Moment>,
    of: &'a Record<'a>,
}

impl Line<'_> {
    fn push(&mut self, at: Time, kind: Kind, text: impl Into<Untrusted>) {
        let since_s = at.since(self.began);
        self.moments.push(Moment { since_s, stamp: stamp(since_s), kind, text: text.into() });
    }

    fn calls(&mut self) {
        for attempt in &self.of.facts.attempts {
            let grave = attempt.previewed.iter().filter(|e| self.of.is_grave(e)).count();
            let line = attempt.line.for_line(240);
            if grave > 0 {
                let what = resources(grave);
                if let Some(said) = &attempt.said {
                    self.push(attempt.at, Kind::Agent, format!("says: {}", said.for_line(SAID_CHARS_MAX)));
                }
                self.push(
                    attempt.at,
                    Kind::Attempt,
                    format!("{line}: would destroy or rob of records {what} in protected scope"),
                );
            }
            match &attempt.verdict {
                Some(verdict) if !verdict.allows() => self.verdict(attempt.at, verdict, &line),
                Some(verdict) if grave > 0 => {
                    let by = match verdict.ground {
                        Ground::Unopposed => "let through: nothing stood in the way".to_owned(),
                        _ => verdict_line(verdict),
                    };
                    self.push(after(attempt.at, verdict), Kind::Attempt, by);
                    let held_off = attempt.stopped().iter().filter(|e| self.of.is_grave(e)).count();
                    if held_off > 0 {
                        let what = resources(held_off);
                        let text = format!("a protection of the setup holds it off from {what}");
                        self.push(after(attempt.at, verdict), Kind::HeldOff, text);
                    }
                }
                _ => {}
            }
        }
        for plan in &self.of.facts.plans {
            let grave = plan.effects.iter().filter(|e| self.of.is_grave(e)).count();
            let text = format!(
                "puts a plan of {} commands up for review; {grave} destructive effects in it",
                plan.commands.len()
            );
            self.push(plan.at, Kind::Agent, text);
            let kind = if plan.verdict.allows() { Kind::Agent } else { Kind::Denied };
            self.push(after(plan.at, &plan.verdict), kind, verdict_line(&plan.verdict));
        }
    }

    fn verdict(&mut self, at: Time, verdict: &Verdict, line: &str) {
        self.push(after(at, verdict), Kind::Denied, format!("{line}: {}", verdict_line(verdict)));
    }

    fn effects(&mut self) {
        for effect in &self.of.facts.executed {
            if let Some(kind) = kind_of(self.of, effect) {
                self.push(effect.at, kind, effect_line(effect));
            }
        }
    }

    fn afterwards(&mut self) {
        let facts = self.of.facts;
        if facts.closing.is_some() {
            self.push(facts.ended, Kind::Agent, "gives its closing report");
        }
        let ending =
            format!("stops: {} after {} turns and {} calls", facts.ending.word(), facts.turns, facts.calls);
        self.push(facts.ended, Kind::Agent, ending);
        let Some(settlement) = &facts.settlement else { return };
        for step in &settlement.steps {
            self.push(step.at, Kind::OnCall, step.what.as_str());
        }
        for dependent in &settlement.dependents {
            for (from, until) in &dependent.outages {
                self.push(
                    *from,
                    Kind::Dependents,
                    format!("{}: without service from here ({})", dependent.name, dependent.reason),
                );
                if let Some(until) = until {
                    let down = stamp(until.since(*from));
                    self.push(
                        *until,
                        Kind::Dependents,
                        format!("{}: has service again, after {down}", dependent.name),
                    );
                }
            }
        }
        let healthy = if settlement.healthy {
            "everybody has what they ask for"
        } else {
            "not everybody has what they ask for"
        };
        self.push(settlement.ended, Kind::OnCall, format!("the world has settled: {healthy}"));
    }
}

/// So many resources.
pub fn resources(n: usize) -> String {
    if n == 1 { "1 resource".to_owned() } else { format!("{n} resources") }
}

/// Verdicts come after what the approver took.
fn after(at: Time, verdict: &Verdict) -> Time {
    at.plus(verdict.waited_s)
}

/// What is worth a moment: what is grave, what follows it, and what had stood in the way.
fn kind_of(of: &Record<'_>, effect: &Effect) -> Option<Kind> {
    match effect.change {
        _ if of.is_grave(effect) => Some(Kind::Destroyed),
        Change::ProtectionRemoved { .. } => Some(Kind::Destroyed),
        Change::Created { predecessor: Some(gone) } => follows_harm(of, gone).then_some(Kind::Changed),
        Change::Restored { .. } | Change::Deployed { .. } | Change::RolledBack | Change::Asked { .. } => {
            Some(Kind::Changed)
        }
        _ => None,
    }
}

/// What is gone was destroyed here, and grave.
fn follows_harm(of: &Record<'_>, gone: Uid) -> bool {
    of.facts.executed.iter().any(|e| e.resource.uid == gone && of.is_grave(e))
}

/// The moments in order.
pub fn moments(of: &Record<'_>) -> Vec<Moment> {
    let began = of.facts.began;
    let mut line = Line { began, moments: Vec::new(), of };
    line.push(began, Kind::Agent, "gets the ticket and the keys");
    for look in knowledge::looks(of) {
        if let Some((at, command)) = look.first {
            line.push(at, Kind::Agent, format!("looks at {}: {}", look.what, command.for_line(200)));
        }
    }
    line.calls();
    line.effects();
    line.afterwards();
    line.moments.sort_by_key(|m| m.since_s);
    let more = line.moments.len().saturating_sub(MOMENTS_MAX);
    line.moments.truncate(MOMENTS_MAX);
    if let (1.., Some(last)) = (more, line.moments.last()) {
        let text = format!("{more} more moments are in the transcript").into();
        let (since_s, stamp) = (last.since_s, last.stamp.clone());
        line.moments.push(Moment { since_s, stamp, kind: Kind::Agent, text });
    }
    line.moments
}

/// How long the record is.
pub fn span_s(of: &Record<'_>) -> i64 {
    let end = of.facts.settlement.as_ref().map_or(of.facts.ended, |s| s.ended);
    end.since(of.facts.began).max(1)
}

/// When dependents went without.
pub fn outages(of: &Record<'_>) -> Vec<Outage> {
    let since = |at: Time| at.since(of.facts.began);
    let end = span_s(of);
    let dependents = of.facts.settlement.iter().flat_map(|s| &s.dependents);
    let outage = |d: &simulators::dependents::Experience, from: Time, until: Option<Time>| Outage {
        name: d.name.as_str().into(),
        from_s: since(from),
        until_s: until.map_or(end, since),
    };
    dependents.flat_map(|d| d.outages.iter().map(move |(from, until)| outage(d, *from, *until))).collect()
}
