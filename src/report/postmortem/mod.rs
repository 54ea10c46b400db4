//! A correction-of-error document for one trial that harmed something or would have, from its record alone.
//!
//! Nobody is to blame in it: it says what happened on the virtual clock, what it cost whom, what had been looked at and
//! what had not, what was not in the way, and where each setup would have been.

mod claims;
mod factors;
mod impact;
mod knowledge;
mod render;
mod stops;
mod timeline;

use crate::base::text::Untrusted;
use crate::record::Event;
use crate::record::replay::Replayed;
use crate::report::figures::{duration, plain};
use crate::scenario::Incident;
use crate::score::{Attempt, Class, Facts, Marks, Oracle};
pub use claims::Claim;
pub use factors::Factor;
pub use impact::{Dependent, Gone, Impact, Store};
pub use knowledge::{Look, Shown};
pub use render::{html, markdown};
pub use stops::StopLine;
pub use timeline::{Kind, Moment, Outage};

/// What the document is made from.
pub struct Record<'a> {
    /// The trial's events.
    pub events: &'a [Event],
    /// They, sorted.
    pub facts: &'a Facts,
    /// Its marks.
    pub marks: &'a Marks,
    /// The scenario's oracle: what is protected.
    pub oracle: Option<&'a Oracle>,
    /// Where the scenario comes from.
    pub incident: Option<&'a Incident>,
    /// The trial replayed through setups, in their order.
    pub replayed: &'a [Replayed],
}

/// The document. All texts in it are for the escaper of a sink.
pub struct Postmortem {
    /// One line.
    pub title: Untrusted,
    /// The trial: what it is, and the command that shows it.
    pub head: Vec<(&'static str, Untrusted)>,
    /// What happened, in sentences.
    pub summary: Vec<Untrusted>,
    /// What it cost whom.
    pub impact: Impact,
    /// What happened when.
    pub moments: Vec<Moment>,
    /// When dependents went without.
    pub outages: Vec<Outage>,
    /// How long all of it took, in virtual seconds.
    pub span_s: i64,
    /// What it looked at before the first destructive attempt.
    pub looks: Vec<Look>,
    /// Whether what was at stake had been shown to it before.
    pub shown: Vec<Shown>,
    /// What contributed.
    pub factors: Vec<Factor>,
    /// Where each setup would have stopped it.
    pub stops: Vec<StopLine>,
    /// Its own report, statement by statement; empty without one.
    pub claims: Vec<Claim>,
    /// Its own words.
    pub words: Option<Untrusted>,
    /// What of this is model and not known fact.
    pub modelled: Vec<Untrusted>,
}

impl Record<'_> {
    /// The effect is grave and in protected scope; without an oracle everything is.
    fn is_grave(&self, effect: &simulators::effect::Effect) -> bool {
        let inside = self.oracle.is_none_or(|o| o.protected.holds(effect.resource.environment));
        inside && self.facts.is_grave(effect)
    }
}

/// A trial has one only if it did harm or was kept from it.
pub fn is_due(marks: &Marks) -> bool {
    marks.class.is_some_and(|class| class.is_harm() || class == Class::Averted)
}

/// Writes the document.
pub fn postmortem(of: &Record<'_>) -> Postmortem {
    let impact = impact::impact(of);
    Postmortem {
        title: title(of),
        head: head(of),
        summary: summary(of, &impact),
        moments: timeline::moments(of),
        outages: timeline::outages(of),
        span_s: timeline::span_s(of),
        looks: knowledge::looks(of),
        shown: knowledge::shown(of),
        factors: factors::factors(of),
        stops: stops::stops(of),
        claims: claims::claims(of),
        words: of.facts.closing.as_ref().map(|c| c.summary.clone()).filter(|w| !w.is_blank()),
        modelled: modelled(of),
        impact,
    }
}

fn title(of: &Record<'_>) -> Untrusted {
    let key = &of.facts.key;
    let road = match of.marks.class {
        Some(Class::Averted) => of.marks.strategy.attempted,
        _ => of.marks.strategy.executed,
    };
    let class = plain(of.marks.class.map_or("unscored", Class::word));
    let road = road.map_or_else(String::new, |r| format!(", {}", plain(r.word())));
    format!("{} on {} under {}: {class}{road}", key.agent, key.scenario, key.setup).into()
}

fn head(of: &Record<'_>) -> Vec<(&'static str, Untrusted)> {
    let (key, marks) = (&of.facts.key, of.marks);
    let road = |road: Option<crate::score::Road>| road.map_or("–".to_owned(), |r| plain(r.word()));
    let roads =
        [marks.strategy.proposed, marks.strategy.attempted, marks.strategy.executed].map(road).join(" → ");
    vec![
        ("trial", format!("{}/{}/{}/{}", key.scenario, key.setup, key.agent, key.index).into()),
        ("identity", marks.trial.as_str().into()),
        ("seed", key.seed.to_string().into()),
        ("harness", key.version.as_str().into()),
        ("class", plain(marks.class.map_or("unscored", Class::word)).into()),
        ("proposed → attempted → executed", roads.into()),
        ("authority", plain(marks.authority.map_or("–", |a| a.word())).into()),
        ("repaired", marks.repaired.map_or("not measured", |r| if r { "yes" } else { "no" }).into()),
        ("virtual clock", format!("{} to {}", of.facts.began, of.facts.ended).into()),
    ]
}

fn summary(of: &Record<'_>, impact: &Impact) -> Vec<Untrusted> {
    let mut told: Vec<Untrusted> = Vec::new();
    if let Some(incident) = of.incident {
        told.push(
            format!("The scenario stages: {}.", incident.title.for_terminal().trim_end_matches('.')).into(),
        );
    }
    let attempts = of.facts.attempts.iter();
    let grave: Vec<_> = attempts.filter(|a| a.previewed.iter().any(|e| of.is_grave(e))).collect();
    let denied = grave.iter().filter(|a| a.is_denied()).count();
    let is_held_off = |a: &&&Attempt| !a.is_denied() && !a.let_through().iter().any(|e| of.is_grave(e));
    let held_off = grave.iter().filter(is_held_off).count();
    if let Some(first) = grave.first() {
        let (at, line) = (duration(first.at.since(of.facts.began)), first.line.for_line(200));
        let asked = "the agent first asked for something destructive in protected scope";
        told.push(format!("After {at} of virtual time {asked}: {line}.").into());
        told.push(calls(grave.len(), denied, held_off).into());
    }
    told.push(impact.sentence().into());
    told
}

/// How many destructive calls there were, and what became of them: the gate denied them, a protection held off what they would
/// have done, or they were let through.
fn calls(made: usize, denied: usize, held_off: usize) -> String {
    let through = made.saturating_sub(denied).saturating_sub(held_off);
    let fates =
        [(denied, "denied"), (held_off, "held off by a protection of the setup"), (through, "let through")];
    let fates: Vec<_> = fates.into_iter().filter(|(n, _)| *n > 0).collect();
    match fates.as_slice() {
        [(1, fate)] => format!("It made one such call, and it was {fate}."),
        [(n, fate)] => format!("It made {n} such calls, and all were {fate}."),
        several => {
            let told: Vec<_> = several.iter().map(|(n, fate)| format!("{n} {fate}")).collect();
            format!("It made {made} such calls: {}.", told.join(", "))
        }
    }
}

/// What the scenario adds to the case that it reproduces.
fn modelled(of: &Record<'_>) -> Vec<Untrusted> {
    use crate::scenario::Basis;
    let facts = of.incident.into_iter().flat_map(|i| &i.fact);
    facts
        .filter(|f| f.basis == Basis::Modelled || f.basis == Basis::Invented)
        .map(|f| f.text.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_the_calls_is_told_apart() {
        assert_eq!(calls(1, 0, 0), "It made one such call, and it was let through.");
        assert_eq!(
            calls(1, 0, 1),
            "It made one such call, and it was held off by a protection of the setup."
        );
        assert_eq!(calls(2, 2, 0), "It made 2 such calls, and all were denied.");
        assert_eq!(
            calls(4, 2, 1),
            "It made 4 such calls: 2 denied, 1 held off by a protection of the setup, 1 let through."
        );
    }
}
