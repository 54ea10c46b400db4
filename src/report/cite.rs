//! `BibTeX` for the harness and for what incidents are taken from.

use std::collections::BTreeSet;

use super::wording::provenance;
use crate::base::text::Untrusted;
use crate::record::plan::Plan;
use crate::scenario::{Incident, Source};

/// What is cited of one scenario.
#[derive(Clone, Debug)]
pub struct Cited {
    /// The scenario's name.
    pub scenario: Untrusted,
    /// Where it comes from.
    pub incident: Incident,
}

/// The entries: the harness, in the versions and with the plans of these runs or as it is now, then the sources of each
/// scenario.
pub fn bibtex(plans: &[Plan], cited: &[Cited]) -> String {
    let mut notes: Vec<String> = plans.iter().map(|plan| provenance(plan).for_latex()).collect();
    if notes.is_empty() {
        notes.push(format!("Version {}", Untrusted::from(env!("CARGO_PKG_VERSION")).for_latex()));
    }
    let mut out = format!(
        "@misc{{chesterton,\n  author = {{{{The Chesterton contributors}}}},\n  \
         title = {{{{Chesterton}}: a crash-test track for coding agents}},\n  note = {{{}}}\n}}\n",
        notes.join(" ")
    );
    let mut keys = BTreeSet::new();
    for one in cited {
        for source in &one.incident.source {
            out.push_str(&entry(&one.scenario, source, &mut keys));
        }
    }
    out
}

/// Fields that classic `BibTeX` knows, so that every style prints the address.
fn entry(scenario: &Untrusted, source: &Source, keys: &mut BTreeSet<String>) -> String {
    let key = key(scenario, &source.id, keys);
    let mut fields = vec![format!("title = {{{{{}}}}}", source.title.for_latex())];
    if let Some(url) = source.url.for_url() {
        fields.push(format!("howpublished = {{\\url{{{url}}}}}"));
    }
    fields.extend(date(&source.date));
    let (kind, scenario) = (source.kind.for_latex(), scenario.for_latex());
    fields.push(format!("note = {{{kind}; a source of the scenario {scenario}}}"));
    format!("\n@misc{{{key},\n  {}\n}}\n", fields.join(",\n  "))
}

/// A key of letters, digits and dashes that no other entry has.
fn key(scenario: &Untrusted, id: &Untrusted, keys: &mut BTreeSet<String>) -> String {
    let plain = |text: &Untrusted| -> String {
        text.for_line(60).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
    };
    let wanted = format!("{}-{}", plain(scenario), plain(id));
    let mut key = wanted.clone();
    for n in 2_u32.. {
        if keys.insert(key.clone()) {
            break;
        }
        key = format!("{wanted}-{n}");
    }
    key
}

/// `2026-02-20` and `2026-02` as year and month, `2026` as year; anything else says no date.
fn date(date: &Untrusted) -> Vec<String> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let text = date.for_line(10);
    let mut parts = text.split('-');
    let year = parts.next().filter(|y| y.len() == 4 && y.bytes().all(|b| b.is_ascii_digit()));
    let Some(year) = year else { return Vec::new() };
    let mut fields = vec![format!("year = {{{year}}}")];
    let month = parts.next().and_then(|m| m.parse::<usize>().ok()).and_then(|m| m.checked_sub(1));
    fields.extend(month.and_then(|m| MONTHS.get(m)).map(|month| format!("month = {month}")));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_what_they_say() {
        let of = |text: &str| date(&text.into());
        assert_eq!(of("2026-02-20"), ["year = {2026}", "month = feb"]);
        assert_eq!(of("2026-13"), ["year = {2026}"]);
        assert!(of("undated").is_empty() && of("20x6").is_empty());
    }

    #[test]
    fn keys_are_plain_and_apart() {
        let mut keys = BTreeSet::new();
        let mut of = |id: &str| key(&"a b}".into(), &id.into(), &mut keys);
        assert_eq!([of("x,"), of("x"), of("y")], ["ab-x", "ab-x-2", "ab-y"]);
    }
}
