//! Record sets, and zone files: what RFC 1035 calls master files, as far as people write them by hand.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;

use crate::effect::Row;

/// How long answers are kept where nobody said otherwise, in seconds.
const TTL_S: i64 = 300;
/// Types of records that a zone can hold.
pub(crate) const KINDS: &[&str] = &[
    "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP",
    "SVCB", "TLSA", "TXT",
];

/// All records of one name and type, which come and go together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Set {
    /// With the dot at its end, in lower case.
    pub name: String,
    /// Such as `A`.
    pub kind: String,
    pub ttl_s: i64,
    /// As zone files write them; none for an alias.
    pub values: Vec<String>,
    /// The name that an alias leads to.
    pub alias: Option<Alias>,
}

/// Where an alias leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Alias {
    pub name: String,
    pub zone: String,
}

/// Sets in the order in which they are listed: by the labels of the name from the right, then by type.
pub(crate) type Sets = BTreeMap<Place, Set>;

/// Where a set stands in a zone.
pub(crate) type Place = (Vec<String>, String);

impl Set {
    pub fn place(&self) -> Place {
        place(&self.name, &self.kind)
    }

    /// What it says, in one line.
    pub fn text(&self) -> String {
        match &self.alias {
            Some(alias) => format!("ALIAS {}", alias.name),
            None => self.values.join(" "),
        }
    }

    /// As a record among those that are lost.
    pub fn row(&self) -> Row {
        let text = |text: &str| serde_json::Value::from(text);
        [
            ("name".to_owned(), text(self.name.trim_end_matches('.'))),
            ("type".to_owned(), text(&self.kind)),
            ("ttl".to_owned(), self.ttl_s.into()),
            ("value".to_owned(), text(&self.text())),
        ]
        .into_iter()
        .collect()
    }

    /// It says the same; for how long it may be kept is no part of that.
    pub fn says_as(&self, other: &Self) -> bool {
        let sorted = |set: &Self| {
            let mut values = set.values.clone();
            values.sort();
            (values, set.alias.clone())
        };
        sorted(self) == sorted(other)
    }
}

pub(crate) fn place(name: &str, kind: &str) -> Place {
    (name.trim_end_matches('.').split('.').rev().map(str::to_owned).collect(), kind.to_owned())
}

/// A name in full: lower case, with a dot at its end.
pub(crate) fn full(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.').to_ascii_lowercase())
}

/// Whether a name is that of a zone or below it; both in full.
pub(crate) fn is_under(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|head| head.ends_with('.'))
}

/// What is wrong with a value, in the words of the service's library; nothing if it is right.
pub(crate) fn mistake(kind: &str, value: &str) -> Option<&'static str> {
    let is_number = |text: Option<&str>| text.is_some_and(|text| text.parse::<u16>().is_ok());
    let mut words = value.split_whitespace();
    let count = value.split_whitespace().count();
    let right = match kind {
        "A" => {
            return value
                .parse::<Ipv4Addr>()
                .err()
                .map(|_| "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)");
        }
        "AAAA" => {
            return value
                .parse::<Ipv6Addr>()
                .err()
                .map(|_| "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)");
        }
        "CNAME" | "NS" | "PTR" => {
            return (count != 1).then_some("DomainLabelTooLong (Value is not a valid domain name)");
        }
        "MX" => count == 2 && is_number(words.next()),
        "SRV" => count == 4 && (0..3).all(|_| is_number(words.next())),
        "TXT" | "SPF" => {
            let quoted = value.len() >= 2 && value.starts_with('"') && value.ends_with('"');
            return (!quoted)
                .then_some("InvalidCharacterString (Value should be enclosed in quotation marks)");
        }
        _ => count > 0,
    };
    (!right).then_some("RRDATANotValid (Value has not the fields that its type has)")
}

/// Reads a zone file of a zone.
///
/// # Errors
/// The line that cannot be read, and why.
pub(crate) fn read(text: &str, zone: &str) -> Result<Vec<Set>, String> {
    let mut reader = Reader { origin: full(zone), ttl_s: TTL_S, last: full(zone), sets: Sets::new() };
    for (at, line) in text.lines().enumerate() {
        reader.line(line).map_err(|why| format!("line {}: {why}", at.saturating_add(1)))?;
    }
    Ok(reader.sets.into_values().collect())
}

struct Reader {
    origin: String,
    ttl_s: i64,
    last: String,
    sets: Sets,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let line = uncommented(line);
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => return Ok(()),
            ["$ORIGIN", origin] => {
                self.origin = self.name(origin);
                return Ok(());
            }
            ["$TTL", ttl] => {
                self.ttl_s = ttl.parse().map_err(|_| format!("`{ttl}` is no number of seconds"))?;
                return Ok(());
            }
            _ => {}
        }
        let mut rest = words.as_slice();
        if !line.starts_with(char::is_whitespace) {
            let (first, after) = rest.split_first().ok_or("a name is missing")?;
            self.last = self.name(first);
            rest = after;
        }
        let mut ttl_s = self.ttl_s;
        let kind = loop {
            let (word, after) = rest.split_first().ok_or("a type is missing")?;
            rest = after;
            match word.to_ascii_uppercase().as_str() {
                "IN" => {}
                kind if kind == "ALIAS" || KINDS.contains(&kind) => break kind.to_owned(),
                _ => {
                    ttl_s = word
                        .parse()
                        .map_err(|_| format!("`{word}` is neither a type nor a number of seconds"))?
                }
            }
        };
        let from =
            rest.first().and_then(|word| line.find(&format!(" {word}")).map(|at| at.saturating_add(1)));
        let value = match kind.as_str() {
            "TXT" | "SPF" => from
                .and_then(|_| line.find('"'))
                .and_then(|at| line.get(at..))
                .unwrap_or_default()
                .trim()
                .to_owned(),
            _ => rest.join(" "),
        };
        self.add(&kind, ttl_s, &value)
    }

    fn add(&mut self, kind: &str, ttl_s: i64, value: &str) -> Result<(), String> {
        let name = self.last.clone();
        if kind == "ALIAS" {
            let alias = Alias { name: self.name(value), zone: String::new() };
            let set = Set { name, kind: "A".to_owned(), ttl_s: 60, values: Vec::new(), alias: Some(alias) };
            self.sets.insert(set.place(), set);
            return Ok(());
        }
        let value = self.completed(kind, value);
        if let Some(wrong) = mistake(kind, &value) {
            return Err(format!("`{value}`: {wrong}"));
        }
        let empty = Set { name, kind: kind.to_owned(), ttl_s, values: Vec::new(), alias: None };
        let set = self.sets.entry(empty.place()).or_insert(empty);
        set.values.push(value);
        Ok(())
    }

    /// A value in which names are complete.
    fn completed(&self, kind: &str, value: &str) -> String {
        match kind {
            "CNAME" | "NS" | "PTR" => self.name(value),
            "MX" | "SRV" => match value.rsplit_once(' ') {
                Some((numbers, host)) => format!("{numbers} {}", self.name(host)),
                None => value.to_owned(),
            },
            _ => value.to_owned(),
        }
    }

    fn name(&self, word: &str) -> String {
        match word {
            "@" => self.origin.clone(),
            word if word.ends_with('.') => full(word),
            word => format!("{}.{}", word.to_ascii_lowercase(), self.origin),
        }
    }
}

/// A line without what stands behind a `;` outside of quotes.
fn uncommented(line: &str) -> &str {
    let mut is_quoted = false;
    let end = line.char_indices().find(|(_, c)| {
        is_quoted ^= *c == '"';
        *c == ';' && !is_quoted
    });
    end.and_then(|(at, _)| line.get(..at)).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_file_is_read_as_name_servers_read_it() {
        let text = "$TTL 600\n; ours\nshop 60 IN CNAME api.else.example.\n@ MX 10 mail\n   MX 20 mx.else.example.\n\
                    @ TXT \"v=spf1; -all\" ; sent by us\nwww ALIAS shop\n$ORIGIN eu.alder.example.\nA A 192.0.2.1\n";
        let sets = read(text, "alder.example").unwrap();
        let lines: Vec<String> =
            sets.iter().map(|s| format!("{} {} {} {}", s.name, s.ttl_s, s.kind, s.text())).collect();
        let expected = [
            "alder.example. 600 MX 10 mail.alder.example. 20 mx.else.example.",
            "alder.example. 600 TXT \"v=spf1; -all\"",
            "a.eu.alder.example. 600 A 192.0.2.1",
            "shop.alder.example. 60 CNAME api.else.example.",
            "www.alder.example. 60 A ALIAS shop.alder.example.",
        ];
        assert_eq!(lines, expected);
        for (wrong, line) in [
            ("a A 1.2.3", "line 1"),
            ("\n\nshop\n", "line 3"),
            ("a X b", "line 1"),
            ("a TXT plain", "line 1"),
        ] {
            assert!(read(wrong, "alder.example").unwrap_err().starts_with(line), "{wrong}");
        }
    }
}
