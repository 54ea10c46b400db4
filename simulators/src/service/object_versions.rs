//! Single objects: reading, writing, deleting, with or without versions, and the effects of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::object_store::{Body, NULL_VERSION, Version};
use super::objects::{Versioning, bucket, bucket_mut, bucket_name};
use crate::World;
use crate::call::{Answer, Call, Refusal, Service};
use crate::effect::{Change, Loss, RestorePoint};

/// What happened to the objects of a bucket in one go; one effect for each kind, however many objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Tally {
    added: u64,
    overwritten_kept: u64,
    overwritten_lost: u64,
    deleted_kept: u64,
    deleted_lost: u64,
    scratch: u64,
}

impl Tally {
    /// Records the effects on a bucket.
    pub fn record(self, world: &mut World, bucket: &str, place: &str) {
        let Some(uid) = super::objects::uid(world, bucket) else { return };
        let now = world.now();
        let versions = || Some(RestorePoint { from: "object versions".to_owned(), as_of: now, until: None });
        let losses = [
            (self.overwritten_kept, Loss::Overwritten, versions()),
            (self.overwritten_lost, Loss::Overwritten, None),
            (self.deleted_kept, Loss::Deleted, versions()),
            (self.deleted_lost, Loss::Deleted, None),
        ];
        let place = if place.is_empty() { "*" } else { place }.to_owned();
        if self.scratch > 0 {
            let what = format!("objects of {place} that the trial had put there");
            let from = self.scratch.to_string();
            world.effect(uid, Change::Configured { what, from, to: "changed or gone".to_owned() });
        }
        if self.added > 0 {
            world.effect(uid, Change::RecordsAdded { place: place.clone(), records: self.added });
        }
        for (records, how, restorable) in losses.into_iter().filter(|(records, ..)| *records > 0) {
            let rows = Vec::new();
            world.effect(uid, Change::RecordsLost { place: place.clone(), records, how, restorable, rows });
        }
    }
}

// What came to be after the stage's epoch is scratch that somebody put there in the trial: writing over it or taking
// it away again loses no record.

/// Writes an object; answers the id of the version, if versions are kept.
pub(super) fn write(
    world: &mut World,
    name: &str,
    key: &str,
    (bytes, text): Body,
    tally: &mut Tally,
) -> Result<Option<String>, Refusal> {
    let (now, epoch) = (world.now(), world.stage.epoch);
    let bucket = bucket_mut(world, name)?;
    let keeps = bucket.versioning == Versioning::Enabled;
    let before = bucket.store.current(key).cloned();
    let id = bucket.store.add(key, bytes, now, text.clone(), keeps);
    match before {
        None => tally.added += 1,
        // Written over with what it already was: nothing is lost.
        Some(before) if before.text.is_some() && before.text == text => {}
        Some(before) if before.modified >= epoch => tally.scratch += 1,
        Some(before) => match bucket
            .store
            .versions(key)
            .iter()
            .any(|version| version.id == before.id && !is(version, &id))
        {
            true => tally.overwritten_kept += 1,
            false => tally.overwritten_lost += 1,
        },
    }
    Ok(keeps.then_some(id))
}

fn is(version: &Version, id: &str) -> bool {
    version.id == id
}

/// Deletes an object as a plain delete does: for good, or behind a marker whose id is answered.
pub(super) fn erase(
    world: &mut World,
    name: &str,
    key: &str,
    tally: &mut Tally,
) -> Result<Option<String>, Refusal> {
    let (now, epoch) = (world.now(), world.stage.epoch);
    let bucket = bucket_mut(world, name)?;
    let before = bucket.store.current(key).cloned();
    let marker = match bucket.versioning {
        Versioning::Never => {
            bucket.store.remove(key, NULL_VERSION);
            None
        }
        versioning => Some(bucket.store.hide(key, now, versioning == Versioning::Enabled)),
    };
    if before.as_ref().is_some_and(|before| before.modified >= epoch) {
        tally.scratch += 1;
    } else if let Some(before) = before {
        let kept =
            bucket.store.versions(key).iter().any(|version| version.id == before.id && !version.marker);
        match kept {
            true => tally.deleted_kept += 1,
            false => tally.deleted_lost += 1,
        }
    }
    Ok(marker)
}

/// Takes one version away. A marker that goes brings the object back.
fn erase_version(world: &mut World, name: &str, key: &str, id: &str) -> Result<Version, Refusal> {
    let (now, epoch) = (world.now(), world.stage.epoch);
    let bucket = bucket_mut(world, name)?;
    let uid = bucket.uid;
    let hidden = bucket.store.current(key).is_none();
    let Some(removed) = bucket.store.remove(key, id) else {
        return Err(Refusal::new("NoSuchVersion", "The specified version does not exist."));
    };
    let back =
        bucket.store.current(key).filter(|_| hidden && removed.marker).map(|version| version.id.clone());
    if let Some(from) = back {
        let from = format!("version {from}");
        let age_s = now.since(removed.modified);
        world.effect(uid, Change::Restored { records: 1, from, age_s });
    } else if !removed.marker && removed.modified < epoch {
        let place = format!("{key} (version {id})");
        let (how, rows) = (Loss::Deleted, Vec::new());
        world.effect(uid, Change::RecordsLost { place, records: 1, how, restorable: None, rows });
    }
    Ok(removed)
}

fn key(call: &Call) -> &str {
    call.text("Key").unwrap_or_default()
}

/// The version that a call asks for: the one it names, or the current one.
fn asked<'w>(world: &'w World, call: &Call) -> Result<&'w Version, Refusal> {
    let store = &bucket(world, bucket_name(call))?.store;
    let found = match call.text("VersionId") {
        Some(id) => {
            let version = store.versions(key(call)).iter().find(|version| version.id == id);
            version.ok_or_else(|| Refusal::new("NoSuchVersion", "The specified version does not exist."))?
        }
        None => store
            .current(key(call))
            .ok_or_else(|| Refusal::new("NoSuchKey", "The specified key does not exist."))?,
    };
    if found.marker {
        let text = "The specified method is not allowed against this resource.";
        return Err(Refusal::new("MethodNotAllowed", text));
    }
    Ok(found)
}

fn facts(world: &World, call: &Call) -> Answer {
    let version = asked(world, call)?;
    let mut facts = json!({
        "AcceptRanges": "bytes",
        "LastModified": version.modified,
        "ContentLength": version.bytes,
        "ETag": version.etag(key(call)),
    });
    let shown = facts.as_object_mut().filter(|_| version.id != NULL_VERSION);
    if let Some(facts) = shown {
        facts.insert("VersionId".to_owned(), json!(version.id));
    }
    if let Some(facts) = facts.as_object_mut() {
        facts.insert("ContentType".to_owned(), json!("binary/octet-stream"));
        facts.insert("Metadata".to_owned(), json!({}));
    }
    Ok(facts)
}

pub(super) fn head(world: &mut World, call: &Call) -> Answer {
    facts(world, call).map_err(|refusal| match refusal.code.as_str() {
        "NoSuchKey" | "NoSuchBucket" => Refusal::new("404", "Not Found"),
        _ => refusal,
    })
}

/// What a reader of an object gets; of most objects the stage says only how large they are.
pub(super) fn content(version: &Version) -> String {
    match &version.text {
        Some(text) => text.to_string(),
        None => format!("[{} bytes]\n", version.bytes),
    }
}

/// `GetObject`: the facts; the content goes to the file, or along with the answer for standard output.
pub(super) fn get(world: &mut World, call: &Call) -> Answer {
    let mut answer = facts(world, call)?;
    let text = content(asked(world, call)?);
    match call.text("Outfile") {
        Some(file) if !matches!(file, "-" | "/dev/stdout") => write_file(world, file, &text)?,
        _ => {
            if let Some(facts) = answer.as_object_mut() {
                facts.insert("Body".to_owned(), json!(text));
            }
        }
    }
    Ok(answer)
}

/// Writes a file of the checkout, in the name of what is going on.
pub(super) fn write_file(world: &mut World, path: &str, text: &str) -> Result<(), Refusal> {
    let mut args = Map::new();
    args.insert("path".to_owned(), json!(path));
    args.insert("content".to_owned(), json!(text));
    let mut call = Call::new(Service::Workspace, "WriteFile", path, args);
    call.id = world.cause();
    world.apply(&call).map(|_| ())
}

pub(super) fn put(world: &mut World, call: &Call) -> Answer {
    let text = call.text("Body").unwrap_or_default();
    let body = (text.len() as u64, Some(Arc::from(text)));
    put_body(world, call, body)
}

fn put_body(world: &mut World, call: &Call, body: Body) -> Answer {
    let mut tally = Tally::default();
    let (name, key) = (bucket_name(call), key(call));
    let id = write(world, name, key, body, &mut tally)?;
    tally.record(world, name, key);
    let etag = bucket(world, name)?.store.current(key).map(|version| version.etag(key));
    Ok(match id {
        Some(id) => json!({"ETag": etag, "VersionId": id}),
        None => json!({"ETag": etag}),
    })
}

/// `CopyObject`. Copying an older version of an object onto itself brings that version back.
pub(super) fn copy(world: &mut World, call: &Call) -> Answer {
    let source = call.text("CopySource").unwrap_or_default().trim_start_matches('/').to_owned();
    let (path, version) = match source.split_once("?versionId=") {
        Some((path, version)) => (path, Some(version)),
        None => (source.as_str(), None),
    };
    let (from, from_key) = path.split_once('/').unwrap_or((path, ""));
    let mut args = Map::new();
    args.insert("Bucket".to_owned(), json!(from));
    args.insert("Key".to_owned(), json!(from_key));
    args.extend(version.map(|id| ("VersionId".to_owned(), json!(id))));
    let found = asked(world, &Call::new(Service::Objects, "GetObject", path, args))?.clone();
    let onto_itself = (from, from_key) == (bucket_name(call), key(call));
    let answer = if onto_itself && version.is_some() {
        restore(world, call, &found)?
    } else {
        put_body(world, call, (found.bytes, found.text.clone()))?
    };
    let etag = answer.get("ETag").cloned().unwrap_or_default();
    Ok(json!({"CopyObjectResult": {"ETag": etag, "LastModified": world.now()}}))
}

fn restore(world: &mut World, call: &Call, found: &Version) -> Answer {
    let (now, key) = (world.now(), key(call));
    let bucket = bucket_mut(world, bucket_name(call))?;
    let keeps = bucket.versioning == Versioning::Enabled;
    bucket.store.add(key, found.bytes, now, found.text.clone(), keeps);
    let uid = bucket.uid;
    let from = format!("version {}", found.id);
    world.effect(uid, Change::Restored { records: 1, from, age_s: now.since(found.modified) });
    Ok(json!({"ETag": found.etag(key)}))
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let (name, key) = (bucket_name(call), key(call));
    if let Some(id) = call.text("VersionId") {
        let removed = erase_version(world, name, key, id)?;
        return Ok(match removed.marker {
            true => json!({"DeleteMarker": true, "VersionId": id}),
            false => json!({"VersionId": id}),
        });
    }
    let mut tally = Tally::default();
    let marker = erase(world, name, key, &mut tally)?;
    tally.record(world, name, key);
    Ok(marker.map_or(Value::Null, |id| json!({"DeleteMarker": true, "VersionId": id})))
}

pub(super) fn delete_many(world: &mut World, call: &Call) -> Answer {
    let name = bucket_name(call);
    bucket(world, name)?;
    let asked = call.args.get("Delete");
    let objects = asked.and_then(|d| d.get("Objects")).and_then(Value::as_array).cloned().unwrap_or_default();
    let quiet = asked.and_then(|d| d.get("Quiet")).and_then(Value::as_bool).unwrap_or(false);
    let (mut tally, mut deleted) = (Tally::default(), Vec::new());
    for object in &objects {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let key = text("Key").unwrap_or_default();
        match text("VersionId") {
            Some(id) => {
                // A version that is not there is as good as deleted, here as in the real service.
                let _ = erase_version(world, name, key, id);
                deleted.push(json!({"Key": key, "VersionId": id}));
            }
            None => {
                let marker = erase(world, name, key, &mut tally)?;
                deleted.push(match marker {
                    Some(id) => json!({"Key": key, "DeleteMarker": true, "DeleteMarkerVersionId": id}),
                    None => json!({"Key": key}),
                });
            }
        }
    }
    tally.record(world, name, "");
    Ok(if quiet { Value::Null } else { json!({"Deleted": deleted}) })
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let prefix = call.text("Prefix").unwrap_or_default();
    let after = call.text("StartAfter").unwrap_or_default();
    let most = call.number("MaxKeys").and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let (mut contents, mut prefixes) = (Vec::new(), BTreeSet::new());
    for (key, version) in
        bucket(world, bucket_name(call))?.store.readable(prefix).filter(|(key, _)| *key > after)
    {
        let folded = call.text("Delimiter").and_then(|delimiter| folder(key, prefix, delimiter));
        match folded {
            Some(folder) => _ = prefixes.insert(folder),
            None => contents.push(json!({
                "Key": key,
                "LastModified": version.modified,
                "ETag": version.etag(key),
                "Size": version.bytes,
                "StorageClass": "STANDARD",
            })),
        }
    }
    contents.truncate(most);
    let mut answer = Map::new();
    if !contents.is_empty() {
        answer.insert("Contents".to_owned(), Value::Array(contents));
    }
    if !prefixes.is_empty() {
        let prefixes = prefixes.into_iter().map(|prefix| json!({"Prefix": prefix}));
        answer.insert("CommonPrefixes".to_owned(), prefixes.collect());
    }
    answer.insert("RequestCharged".to_owned(), Value::Null);
    answer.insert("Prefix".to_owned(), json!(prefix));
    Ok(Value::Object(answer))
}

/// The part of a key up to the delimiter after the prefix, if it has one.
pub(super) fn folder(key: &str, prefix: &str, delimiter: &str) -> Option<String> {
    let rest = key.strip_prefix(prefix)?;
    let at = rest.find(delimiter).filter(|_| !delimiter.is_empty())?;
    Some(format!("{prefix}{}{delimiter}", rest.get(..at)?))
}

pub(super) fn list_versions(world: &mut World, call: &Call) -> Answer {
    let prefix = call.text("Prefix").unwrap_or_default();
    let store = &bucket(world, bucket_name(call))?.store;
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    for key in store.keys(prefix) {
        for (age, version) in store.versions(key).iter().rev().enumerate() {
            let latest = age == 0;
            let (id, modified) = (&version.id, version.modified);
            match version.marker {
                true => markers.push(json!({
                    "Key": key, "VersionId": id, "IsLatest": latest, "LastModified": modified,
                })),
                false => versions.push(json!({
                    "ETag": version.etag(key), "Size": version.bytes, "StorageClass": "STANDARD", "Key": key,
                    "VersionId": id, "IsLatest": latest, "LastModified": modified,
                })),
            }
        }
    }
    let mut answer = Map::new();
    for (name, list) in [("Versions", versions), ("DeleteMarkers", markers)] {
        if !list.is_empty() {
            answer.insert(name.to_owned(), Value::Array(list));
        }
    }
    answer.insert("RequestCharged".to_owned(), Value::Null);
    answer.insert("Prefix".to_owned(), json!(prefix));
    Ok(Value::Object(answer))
}
