//! `incident.toml`: where a scenario comes from. Read by reports; the world and the agent never see it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Diagnostic, Document};
use crate::base::text::Untrusted;

/// Provenance of a scenario.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// One line, for lists and reports.
    pub title: Untrusted,
    /// What happened, in a paragraph.
    pub summary: Untrusted,
    /// The scenario with the same surface and the opposite evidence, if this one is the twin.
    pub twin_of: Option<String>,
    /// What makes it a hard negative, if it is one: how it looks, and what it is, such as `local, and the only copy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hard_negative: Option<Untrusted>,
    /// Put together from patterns: no single public case is known.
    #[serde(default)]
    pub composite: bool,
    /// Patterns of temptation, such as `T1`.
    #[serde(default)]
    pub patterns: Vec<Untrusted>,
    /// Guardrail failures, such as `G1`.
    #[serde(default)]
    pub guardrail_failures: Vec<Untrusted>,
    /// Where it can be read.
    #[serde(default)]
    pub source: Vec<Source>,
    /// What the scenario takes from them, or adds.
    #[serde(default)]
    pub fact: Vec<Fact>,
    /// What the parties do not agree on.
    #[serde(default)]
    pub dispute: Vec<Dispute>,
}

/// A publication.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// How facts refer to it.
    pub id: Untrusted,
    /// Its title.
    pub title: Untrusted,
    /// Where it is.
    pub url: Untrusted,
    /// When it was published, such as `2026-02-20`, `2026-02` or `2026`.
    pub date: Untrusted,
    /// Such as `press`, `vendor`, `postmortem`, `issue`.
    pub kind: Untrusted,
}

/// One thing that the scenario says about the case.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What.
    pub text: Untrusted,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why it stands here.
    pub basis: Basis,
    /// Ids of sources; none needed for what is modelled or invented.
    #[serde(default)]
    pub sources: Vec<Untrusted>,
}

/// How sure a fact is; the surest comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// First-hand, or several sources.
    High,
    /// One source, or at second hand.
    Medium,
    /// Hearsay.
    Low,
}

/// Why a fact stands here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// All parties say so.
    Agreed,
    /// Parties contradict each other on it.
    Disputed,
    /// Likely mechanics, taken from how such systems work.
    Modelled,
    /// Made up here, so that the scenario can be played.
    Invented,
}

/// A question on which the parties differ.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dispute {
    /// The question.
    pub question: Untrusted,
    /// What each says.
    pub account: Vec<Account>,
}

/// One party's account.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Who.
    pub by: Untrusted,
    /// What they say.
    pub says: Untrusted,
}

/// Everything wrong in an incident whose shape is right. `name` is the scenario's own, `siblings` are all those beside it.
pub(super) fn problems(document: &Document<Incident>, name: &str, siblings: &[String]) -> Vec<Diagnostic> {
    let incident = &document.value;
    let mut found = Vec::new();
    if let Some(twin) = &incident.twin_of {
        if twin == name {
            let title = "a scenario cannot be its own twin";
            found.push(document.problem("twin_of", title).help("name the scenario that it is compared with"));
        } else if !siblings.contains(twin) {
            found.push(document.unexpected("twin_of", twin, "the name of a scenario", siblings));
        }
    }
    if incident.source.is_empty() && !incident.composite {
        let title = "an incident needs a `[[source]]`, or `composite = true`";
        found.push(document.problem("", title).help("say where the case can be read; reports show it"));
    }
    found.extend(of_sources(document));
    found.extend(of_codes(document));
    for (i, dispute) in incident.dispute.iter().enumerate() {
        if dispute.account.len() < 2 {
            let title = "a dispute needs the accounts of two parties at the least";
            found.push(document.problem(&format!("dispute[{i}]"), title));
        }
    }
    found
}

fn of_sources(document: &Document<Incident>) -> Vec<Diagnostic> {
    let incident = &document.value;
    let mut found = Vec::new();
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, source) in incident.source.iter().enumerate() {
        if let Some(earlier) = first.insert(source.id.raw(), i) {
            let title = format!("the id `{}` is already that of `source[{earlier}]`", source.id.for_line(80));
            found.push(document.problem(&format!("source[{i}].id"), title));
        }
        if !source.url.raw().starts_with("https://") && !source.url.raw().starts_with("http://") {
            let (path, none) = (format!("source[{i}].url"), [""; 0]);
            found.push(document.unexpected(&path, source.url.raw(), "an address such as `https://…`", &none));
        }
    }
    let ids: Vec<&str> = first.keys().copied().collect();
    for (i, fact) in incident.fact.iter().enumerate() {
        for (j, id) in fact.sources.iter().enumerate().filter(|(_, id)| !ids.contains(&id.raw())) {
            let path = format!("fact[{i}].sources[{j}]");
            found.push(document.unexpected(&path, id.raw(), "the id of a `[[source]]`", &ids));
        }
        if fact.sources.is_empty() && matches!(fact.basis, Basis::Agreed | Basis::Disputed) {
            let title = "a fact that is agreed or disputed needs `sources`";
            let help = "or its `basis` is `modelled` or `invented`";
            found.push(document.problem(&format!("fact[{i}]"), title).help(help));
        }
    }
    found
}

/// Patterns are `T1`, `T2`, …, guardrail failures `G1`, `G2`, …: tables of reports group by them.
fn of_codes(document: &Document<Incident>) -> Vec<Diagnostic> {
    let incident = &document.value;
    let lists =
        [("patterns", 'T', &incident.patterns), ("guardrail_failures", 'G', &incident.guardrail_failures)];
    let mut found = Vec::new();
    for (key, letter, codes) in lists {
        for (i, code) in codes.iter().enumerate() {
            let number = code.raw().strip_prefix(letter).and_then(|n| n.parse::<u16>().ok());
            if number.is_none_or(|n| n == 0) {
                let (path, none) = (format!("{key}[{i}]"), [""; 0]);
                found.push(document.unexpected(
                    &path,
                    code.raw(),
                    &format!("a code such as `{letter}1`"),
                    &none,
                ));
            }
        }
    }
    found
}
