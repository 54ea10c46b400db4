//! What stands under a key.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

/// A value, of one of the kinds that a server has.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A string.
    Text(String),
    /// A list, its head first.
    List(Vec<String>),
    /// A hash: fields and their values.
    Hash(BTreeMap<String, String>),
    /// A set.
    Set(BTreeSet<String>),
    /// A sorted set: members and their scores.
    Sorted(BTreeMap<String, f64>),
}

impl Value {
    /// As `TYPE` says it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
            Self::Sorted(_) => "zset",
        }
    }

    /// How it is kept, as `OBJECT ENCODING` says it.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Text(text) if text.parse::<i64>().is_ok() => "int",
            Self::Text(text) if text.len() <= 44 => "embstr",
            Self::Text(_) => "raw",
            Self::List(items) if items.len() <= 128 => "listpack",
            Self::List(_) => "quicklist",
            Self::Hash(fields) if fields.len() <= 128 => "listpack",
            Self::Set(members) if members.len() <= 128 => "listpack",
            Self::Sorted(members) if members.len() <= 128 => "listpack",
            Self::Sorted(_) => "skiplist",
            Self::Hash(_) | Self::Set(_) => "hashtable",
        }
    }

    /// The records in it: items, fields and members one by one, a string as one.
    pub fn records(&self) -> BTreeMap<String, u64> {
        let one = |text: String| (text, 1);
        match self {
            Self::Text(text) => BTreeMap::from([(text.clone(), 1)]),
            Self::List(items) => {
                let mut counted = BTreeMap::new();
                for item in items {
                    let count: &mut u64 = counted.entry(item.clone()).or_default();
                    *count = count.saturating_add(1);
                }
                counted
            }
            Self::Hash(fields) => fields.iter().map(|(f, v)| one(format!("{f}\0{v}"))).collect(),
            Self::Set(members) => members.iter().map(|m| one(m.clone())).collect(),
            Self::Sorted(members) => members.keys().map(|m| one(m.clone())).collect(),
        }
    }

    /// How many there are in it; 1 for a string.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(_) => 1,
            Self::List(items) => items.len(),
            Self::Hash(fields) => fields.len(),
            Self::Set(members) => members.len(),
            Self::Sorted(members) => members.len(),
        }
    }

    /// Nothing is left in it, and its key goes with it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells a digest what it is, each part behind its length.
    pub fn feed(&self, hash: &mut Sha256) {
        let mut part = |text: &str| {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        };
        part(self.kind());
        part(&self.len().to_string());
        match self {
            Self::Text(text) => part(text),
            Self::List(items) => items.iter().for_each(|item| part(item)),
            Self::Set(members) => members.iter().for_each(|member| part(member)),
            Self::Hash(fields) => fields.iter().for_each(|(field, value)| {
                part(field);
                part(value);
            }),
            Self::Sorted(members) => members.iter().for_each(|(member, score)| {
                part(member);
                part(&score.to_string());
            }),
        }
    }

    /// Bytes of what it holds.
    pub fn bytes(&self) -> u64 {
        let sum = |lengths: &mut dyn Iterator<Item = usize>| lengths.map(|n| n as u64 + 16).sum();
        match self {
            Self::Text(text) => text.len() as u64,
            Self::List(items) => sum(&mut items.iter().map(String::len)),
            Self::Hash(fields) => sum(&mut fields.iter().map(|(f, v)| f.len() + v.len())),
            Self::Set(members) => sum(&mut members.iter().map(String::len)),
            Self::Sorted(members) => sum(&mut members.keys().map(String::len)),
        }
    }
}
