//! What lies in a bucket: keys, each with its versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::clock::Time;

/// The id of the version that a bucket without versioning holds.
pub(super) const NULL_VERSION: &str = "null";

/// Size in bytes, and the content where it can be read back.
pub(super) type Body = (u64, Option<Arc<str>>);

/// One version of an object, or a marker that hides the older ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Version {
    pub id: String,
    pub bytes: u64,
    pub modified: Time,
    /// Its content, where something was written that can be read back.
    pub text: Option<Arc<str>>,
    /// A delete marker.
    pub marker: bool,
}

impl Version {
    /// The tag by which versions of equal content are known, in its quotes.
    pub fn etag(&self, key: &str) -> String {
        let digest = match &self.text {
            Some(text) => Sha256::digest(text.as_bytes()),
            None => Sha256::digest(format!("{key}\0{}\0{}", self.bytes, self.modified)),
        };
        format!("\"{}\"", crate::hex(&digest).get(..32).unwrap_or_default())
    }
}

/// Keys in order, each with its versions, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    versions: BTreeMap<String, Vec<Version>>,
    /// How many versions were ever made, so that no id comes twice.
    made: u64,
}

impl Store {
    /// True while nothing lies in it, old versions and markers included.
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// How many versions were ever written.
    pub fn made(&self) -> u64 {
        self.made
    }

    /// The version that a reader gets.
    pub fn current(&self, key: &str) -> Option<&Version> {
        self.versions.get(key)?.last().filter(|version| !version.marker)
    }

    /// Everything under a key, oldest first.
    pub fn versions(&self, key: &str) -> &[Version] {
        self.versions.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Keys that a reader sees, with what they hold.
    pub fn readable<'s>(&'s self, prefix: &'s str) -> impl Iterator<Item = (&'s str, &'s Version)> {
        self.keys(prefix).filter_map(|key| self.current(key).map(|version| (key, version)))
    }

    /// Keys that hold anything, hidden ones included.
    pub fn keys<'s>(&'s self, prefix: &'s str) -> impl Iterator<Item = &'s str> {
        let from =
            self.versions.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        from.map(|(key, _)| key.as_str()).take_while(move |key| key.starts_with(prefix))
    }

    /// Writes an object; without versioning it takes the place of what was there.
    pub fn add(
        &mut self,
        key: &str,
        bytes: u64,
        modified: Time,
        text: Option<Arc<str>>,
        keeps: bool,
    ) -> String {
        self.push(key, Version { id: String::new(), bytes, modified, text, marker: false }, keeps)
    }

    /// Hides an object behind a marker; what is below stays.
    pub fn hide(&mut self, key: &str, now: Time, keeps: bool) -> String {
        self.push(
            key,
            Version { id: String::new(), bytes: 0, modified: now, text: None, marker: true },
            keeps,
        )
    }

    fn push(&mut self, key: &str, mut version: Version, keeps: bool) -> String {
        self.made = self.made.saturating_add(1);
        version.id = match keeps {
            true => version_id(key, self.made),
            false => NULL_VERSION.to_owned(),
        };
        let id = version.id.clone();
        let versions = self.versions.entry(key.to_owned()).or_default();
        if !keeps {
            versions.retain(|old| old.id != NULL_VERSION);
        }
        versions.push(version);
        id
    }

    /// Takes one version away for good.
    pub fn remove(&mut self, key: &str, id: &str) -> Option<Version> {
        let versions = self.versions.get_mut(key)?;
        let at = versions.iter().position(|version| version.id == id)?;
        let removed = versions.remove(at);
        if versions.is_empty() {
            self.versions.remove(key);
        }
        Some(removed)
    }
}

fn version_id(key: &str, made: u64) -> String {
    let digest = crate::hex(&Sha256::digest(format!("{key}\0{made}")));
    digest.get(..32).unwrap_or_default().to_owned()
}
