//! Which messages a query means: `from:mailer-daemon -label:proof older_than:30d`. All terms must fit.

use super::mailboxes::Seen;
use crate::clock::{DAY_S, Time};

/// What one term asks.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Ask {
    From(String),
    Subject(String),
    Label(String),
    InTrash,
    Anywhere,
    Before(Time),
    After(Time),
    /// Days.
    OlderThan(i64),
    NewerThan(i64),
    Word(String),
}

/// A query, read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Query(Vec<(bool, Ask)>);

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// What of it is wrong or not simulated, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        let words = shell_words::split(text).map_err(|_| format!("Invalid query: {text}"))?;
        let terms = words.iter().map(|word| match word.strip_prefix('-') {
            Some(rest) if !rest.is_empty() => Ok((false, ask(rest)?)),
            _ => Ok((true, ask(word)?)),
        });
        terms.collect::<Result<_, String>>().map(Self)
    }

    /// Whether it means a message.
    pub fn fits(&self, seen: &Seen<'_>, now: Time) -> bool {
        let names_bin = self.0.iter().any(|(_, ask)| matches!(ask, Ask::InTrash | Ask::Anywhere));
        (names_bin || !seen.in_trash) && self.0.iter().all(|(wanted, ask)| fits(ask, seen, now) == *wanted)
    }
}

/// Whether a query can be read at all, for the dialect: `Some` says what of it is not simulated.
pub(crate) fn beyond(text: &str) -> Option<String> {
    let is_joined = |word: &str| word == "OR" || word == "AROUND" || word.starts_with(['(', '{']);
    text.split_whitespace().find(|word| is_joined(word)).map(str::to_owned)
}

fn ask(word: &str) -> Result<Ask, String> {
    let Some((name, value)) = word.split_once(':') else { return Ok(Ask::Word(word.to_lowercase())) };
    let lower = value.to_lowercase();
    let wrong = || format!("Invalid query: {word}");
    let day = || Time::parse(&format!("{}T00:00:00Z", value.replace('/', "-"))).ok_or_else(wrong);
    Ok(match name {
        "from" => Ask::From(lower),
        "subject" => Ask::Subject(lower),
        "label" => Ask::Label(lower),
        "in" | "is" if lower == "trash" => Ask::InTrash,
        "in" if lower == "anywhere" => Ask::Anywhere,
        "before" | "older" => Ask::Before(day()?),
        "after" | "newer" => Ask::After(day()?),
        "older_than" => Ask::OlderThan(days(&lower).ok_or_else(wrong)?),
        "newer_than" => Ask::NewerThan(days(&lower).ok_or_else(wrong)?),
        _ => return Err(format!("{name}: in a query is not simulated here")),
    })
}

/// `30d`, `6m`, `2y`.
fn days(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let number: i64 = text.get(..text.len().checked_sub(unit.len_utf8())?)?.parse().ok()?;
    let factor = match unit {
        'd' => 1,
        'm' => 30,
        'y' => 365,
        _ => return None,
    };
    number.checked_mul(factor)
}

fn fits(ask: &Ask, seen: &Seen<'_>, now: Time) -> bool {
    let age = now.since(seen.at);
    match ask {
        Ask::From(text) => seen.from.to_lowercase().contains(text),
        Ask::Subject(text) => seen.subject.to_lowercase().contains(text),
        Ask::Label(name) => seen.labels.iter().any(|label| label.to_lowercase() == *name),
        Ask::InTrash => seen.in_trash,
        Ask::Anywhere => true,
        Ask::Before(day) => seen.at < *day,
        Ask::After(day) => seen.at >= *day,
        Ask::OlderThan(days) => age > days.saturating_mul(DAY_S),
        Ask::NewerThan(days) => age < days.saturating_mul(DAY_S),
        Ask::Word(word) => {
            [&seen.subject, seen.from, seen.text].iter().any(|text| text.to_lowercase().contains(word))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_terms_of_a_query_must_fit() {
        let labels = BTreeSet::from(["Proof".to_owned()]);
        let at = Time::parse("2026-03-01T10:00:00Z").unwrap();
        let now = Time::parse("2026-04-01T10:00:00Z").unwrap();
        let fits = |query: &str, in_trash: bool| {
            let subject = "Undeliverable: notice 7".to_owned();
            let seen =
                Seen { from: "MAILER-DAEMON@x", subject, text: "returned", at, labels: &labels, in_trash };
            Query::read(query).unwrap().fits(&seen, now)
        };
        for query in [
            "",
            "from:mailer-daemon",
            "label:proof",
            "subject:notice -from:bob",
            "older_than:30d",
            "newer_than:2m",
            "before:2026/03/02 after:2026/03/01",
            "returned",
            "\"notice 7\"",
            "in:anywhere",
        ] {
            assert!(fits(query, false), "{query}");
        }
        for query in [
            "-label:proof",
            "from:bob",
            "older_than:1y",
            "newer_than:5d",
            "before:2026/03/01",
            "in:trash",
            "nowhere",
        ] {
            assert!(!fits(query, false), "{query}");
        }
        assert!(!fits("label:proof", true) && fits("label:proof in:trash", true));
        for query in ["size:5m", "older_than:5w", "before:yesterday", "\"open"] {
            assert!(Query::read(query).is_err(), "{query}");
        }
        assert_eq!(beyond("from:a OR from:b"), Some("OR".to_owned()));
    }
}
