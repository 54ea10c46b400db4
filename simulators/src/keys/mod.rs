//! The engine inside a cache: numbered databases of keys, each with a value and perhaps a time at which it goes.
//!
//! Commands are executed on real values; what they took away is found by comparing before and after, as with rows. No clock: the
//! time is the caller's.

mod collections;
mod commands;
mod pattern;
mod reply;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::clock::Time;
pub use commands::{Command, is_known, known};
pub use pattern::fits;
pub(crate) use pattern::fits_by;
pub use reply::Reply;
pub use value::Value;

/// Databases that a server has where nothing else is said.
pub const DATABASES: u32 = 16;

/// What stands under a key.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// When it goes by itself, if ever.
    pub expires: Option<Time>,
}

impl Entry {
    fn is_live(&self, now: Time) -> bool {
        self.expires.is_none_or(|at| at > now)
    }
}

/// The keys of one database.
pub type Keyspace = BTreeMap<String, Entry>;

/// All databases of a server; those that hold nothing are left out.
#[derive(Clone, Debug, Default)]
pub struct Keyspaces(BTreeMap<u32, Arc<Keyspace>>);

impl PartialEq for Keyspaces {
    /// Databases that share their keys are not looked through.
    fn eq(&self, other: &Self) -> bool {
        let numbers = self.0.keys().eq(other.0.keys());
        numbers && self.0.values().zip(other.0.values()).all(|(a, b)| Arc::ptr_eq(a, b) || a == b)
    }
}

impl Keyspaces {
    /// Makes what lines of commands make, such as `SET a 1`; a blank line or one that begins with `#` says nothing, `SELECT 1`
    /// goes to another database, and `FOR 1 40 SET page:{n} …` says a command for each number.
    ///
    /// # Errors
    /// The line that a server refuses, with its answer.
    pub fn build(script: &str, now: Time) -> Result<Self, String> {
        let mut made = Self::default();
        let mut database = 0;
        for line in script.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let words = shell_words::split(line).map_err(|_| format!("`{line}`: a quote is not closed"))?;
            if let Some(("SELECT" | "select", number)) =
                words.first().map(String::as_str).zip(words.get(1).map(String::as_str))
            {
                database = number.parse().map_err(|_| format!("`{line}`: no number of a database"))?;
                continue;
            }
            let (numbers, words) = match words.as_slice() {
                [word, from, to, rest @ ..] if word == "FOR" => {
                    match (from.parse::<u32>(), to.parse::<u32>()) {
                        (Ok(from), Ok(to)) => (from..=to, rest),
                        _ => return Err(format!("`{line}`: FOR wants two whole numbers")),
                    }
                }
                words => (1..=1, words),
            };
            for n in numbers {
                let words: Vec<String> =
                    words.iter().map(|word| word.replace("{n}", &n.to_string())).collect();
                if let Reply::Error(error) = made.run(database, &words, now) {
                    return Err(format!("`{line}`: {error}"));
                }
            }
        }
        Ok(made)
    }

    /// Does one command on one database.
    pub fn run(&mut self, database: u32, words: &[String], now: Time) -> Reply {
        commands::run(self, database, words, now)
    }

    /// Keys that a reader sees in a database, in their order.
    pub fn live(&self, database: u32, now: Time) -> impl Iterator<Item = (&str, &Entry)> {
        let keys = self.0.get(&database).into_iter().flat_map(|keys| keys.iter());
        keys.filter(move |(_, entry)| entry.is_live(now)).map(|(key, entry)| (key.as_str(), entry))
    }

    /// What a reader finds under a key.
    pub fn get(&self, database: u32, key: &str, now: Time) -> Option<&Entry> {
        self.0.get(&database)?.get(key).filter(|entry| entry.is_live(now))
    }

    /// What stands under a key, gone or not.
    pub fn entry(&self, database: u32, key: &str) -> Option<&Entry> {
        self.0.get(&database)?.get(key)
    }

    /// Numbers of the databases that hold a live key, in order.
    pub fn databases(&self, now: Time) -> impl Iterator<Item = u32> {
        self.0.keys().copied().filter(move |n| self.live(*n, now).next().is_some())
    }

    /// Live keys in all databases.
    pub fn keys(&self, now: Time) -> u64 {
        self.0.keys().map(|n| self.live(*n, now).count() as u64).sum()
    }

    /// Bytes of keys and values, roughly as a server counts them.
    pub fn bytes(&self, now: Time) -> u64 {
        let of = |(key, entry): (&str, &Entry)| entry.value.bytes().saturating_add(key.len() as u64 + 56);
        self.0.keys().flat_map(|n| self.live(*n, now)).map(of).fold(0, u64::saturating_add)
    }

    /// A digest of all that is live.
    pub fn digest(&self, now: Time) -> String {
        let mut hash = Sha256::new();
        for database in self.0.keys() {
            for (key, entry) in self.live(*database, now) {
                let expires = entry.expires.map_or(i64::MAX, Time::unix);
                hash.update(database.to_le_bytes());
                hash.update(expires.to_le_bytes());
                hash.update(key.len().to_le_bytes());
                hash.update(key);
                entry.value.feed(&mut hash);
            }
        }
        crate::hex(&hash.finalize())
    }

    /// Puts an entry where it stands, whatever stood there.
    pub fn put(&mut self, database: u32, key: &str, entry: Entry) {
        Arc::make_mut(self.0.entry(database).or_default()).insert(key.to_owned(), entry);
    }

    /// Every entry, gone ones included, with its database and key.
    pub fn entries(&self) -> impl Iterator<Item = (u32, &str, &Entry)> {
        self.0.iter().flat_map(|(n, keys)| keys.iter().map(|(key, entry)| (*n, key.as_str(), entry)))
    }

    /// What a reader finds under a key, to be changed. Looking makes no database.
    fn get_mut(&mut self, database: u32, key: &str, now: Time) -> Option<&mut Entry> {
        self.get(database, key, now)?;
        Arc::make_mut(self.0.get_mut(&database)?).get_mut(key)
    }

    /// Takes a live key out; a database whose last key has gone is none any more.
    fn take(&mut self, database: u32, key: &str, now: Time) -> Option<Entry> {
        self.get(database, key, now)?;
        let keys = Arc::make_mut(self.0.get_mut(&database)?);
        let taken = keys.remove(key);
        if keys.is_empty() {
            self.0.remove(&database);
        }
        taken
    }

    fn empty(&mut self, database: u32) {
        self.0.remove(&database);
    }

    fn empty_all(&mut self) {
        self.0.clear();
    }

    fn swap(&mut self, one: u32, other: u32) {
        let (first, second) = (self.0.remove(&one), self.0.remove(&other));
        self.0.extend(first.map(|keys| (other, keys)));
        self.0.extend(second.map(|keys| (one, keys)));
    }
}
