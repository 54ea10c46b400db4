//! Where the scenarios come from: what is agreed, what is disputed and by whom, what is modelled, what is invented.

use crate::base::text::Untrusted;
use crate::report::markup::Html;
use crate::report::patterns;
use crate::scenario::{Basis, Confidence, Incident, Source};

/// The provenance of one scenario.
pub struct Origin {
    /// The scenario.
    pub scenario: Html,
    /// The incident's title.
    pub title: Html,
    /// What happened.
    pub summary: Html,
    /// No single public case is known.
    pub composite: bool,
    /// Its facts by basis, in the order of [`BASES`].
    pub groups: Vec<Group>,
    /// Questions on which parties differ.
    pub disputes: Vec<Question>,
    /// Temptations and guardrail failures, by code, with what they mean.
    pub patterns: Vec<(Html, &'static str)>,
    /// Where it can be read.
    pub sources: Vec<Link>,
}

/// Facts of one basis.
pub struct Group {
    /// Such as `Disputed`.
    pub head: &'static str,
    /// What that means.
    pub about: &'static str,
    /// The facts.
    pub facts: Vec<Told>,
}

/// One fact.
pub struct Told {
    /// What.
    pub text: Html,
    /// How sure it is.
    pub confidence: &'static str,
    /// By which sources.
    pub by: Vec<Link>,
}

/// A source; the address is there only if it is one of the web.
#[derive(Clone)]
pub struct Link {
    /// Its title.
    pub title: Html,
    /// Kind and date.
    pub about: Html,
    /// Its address.
    pub url: Option<Html>,
}

/// A question with the accounts of the parties.
pub struct Question {
    /// The question.
    pub question: Html,
    /// By whom, and what they say.
    pub accounts: Vec<(Html, Html)>,
}

const BASES: [(Basis, &str, &str); 4] = [
    (Basis::Agreed, "Agreed", "all parties say so"),
    (Basis::Disputed, "Disputed", "parties contradict each other on it"),
    (Basis::Modelled, "Modelled here", "likely mechanics, taken from how such systems work"),
    (Basis::Invented, "Invented here", "made up so that the scenario can be played"),
];

/// The provenance of a scenario from its incident.
pub fn origin(scenario: &Untrusted, incident: &Incident) -> Origin {
    let group = |(basis, head, about): (Basis, &'static str, &'static str)| {
        let facts = incident.fact.iter().filter(|f| f.basis == basis).map(|f| Told {
            text: Html::from(&f.text),
            confidence: confidence(f.confidence),
            by: incident.source.iter().filter(|s| f.sources.contains(&s.id)).map(link).collect(),
        });
        Group { head, about, facts: facts.collect() }
    };
    let question = |dispute: &crate::scenario::Dispute| Question {
        question: Html::from(&dispute.question),
        accounts: dispute.account.iter().map(|a| (Html::from(&a.by), Html::from(&a.says))).collect(),
    };
    let codes = incident.patterns.iter().chain(&incident.guardrail_failures);
    Origin {
        scenario: scenario.into(),
        title: Html::from(&incident.title),
        summary: Html::from(&incident.summary),
        composite: incident.composite,
        groups: BASES.into_iter().map(group).filter(|g| !g.facts.is_empty()).collect(),
        disputes: incident.dispute.iter().map(question).collect(),
        patterns: codes.map(|code| (Html::from(code), patterns::meaning(code))).collect(),
        sources: incident.source.iter().map(link).collect(),
    }
}

const fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high confidence",
        Confidence::Medium => "medium confidence",
        Confidence::Low => "low confidence",
    }
}

fn link(source: &Source) -> Link {
    Link {
        title: Html::from(&source.title),
        about: Html::from(format!("{}, {}", source.kind.for_terminal(), source.date.for_terminal())),
        url: Html::link(&source.url),
    }
}
