//! What is changed in a cluster: manifests applied, fields patched, labels, images, replicas; and which cluster commands go to.

use serde_json::{Map, Value, json};

use super::cluster;
use super::cluster_deletes::{dry, told};
use super::cluster_reads::{self as reads, Chosen};
use super::cluster_store::{self as store, Key, set, unset};
use super::cluster_sync as sync;
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::effect::Change;
use crate::resource::Uid;

/// What guards the rows on a volume: it outlives its claim.
pub(super) const RETAIN: &str = "reclaim_policy_retain";
/// Where the tool keeps what was applied last.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Changed fields that are told one by one.
const TOLD_MAX: usize = 24;

pub(super) fn use_context(world: &mut World, call: &Call) -> Answer {
    let name = call.text("context").unwrap_or(&world.cluster.current).to_owned();
    if !world.cluster.clusters.contains_key(&name) {
        return Err(Refusal::new("error", format!("error: no context exists with the name: \"{name}\"")));
    }
    if let Some(namespace) = call.text("namespace") {
        world.cluster.namespaces.insert(name.clone(), namespace.to_owned());
        return Ok(Value::from(format!("Context \"{name}\" modified.\n")));
    }
    world.cluster.current.clone_from(&name);
    Ok(Value::from(format!("Switched to context \"{name}\".\n")))
}

/// The objects of a call, each with the place where it is to stand.
fn objects(world: &World, call: &Call) -> Result<(String, Vec<(Key, Value)>), Refusal> {
    let (context, found) = reads::cluster_of(world, call)?;
    let namespace = reads::namespace_of(world, call).unwrap_or_else(|| "default".to_owned());
    let mut all = Vec::new();
    for json in call.args.get("objects").and_then(Value::as_array).into_iter().flatten() {
        all.push((cluster::key_of(json, &namespace)?, json.clone()));
    }
    let made = |name: &str| {
        all.iter().any(|(key, _): &(Key, Value)| key.kind.kind == "Namespace" && key.name == name)
    };
    for (key, _) in all.iter().filter(|(key, _)| key.kind.namespaced && !found.objects.contains_key(key)) {
        let namespace = found.find("namespaces", "", &key.namespace);
        let is_open = found.takes(&key.namespace) || namespace.is_none() && made(&key.namespace);
        if !is_open {
            return Err(closed(namespace.is_some(), key));
        }
    }
    Ok((context, all))
}

/// Nothing new comes into a namespace that is not there, or ends.
fn closed(is_there: bool, key: &Key) -> Refusal {
    let Key { kind, namespace, name } = key;
    match is_there {
        true => Refusal::new(
            "Forbidden",
            format!(
                "Error from server (Forbidden): {} \"{name}\" is forbidden: unable to create new content in namespace {namespace} because it is being terminated",
                kind.full()
            ),
        ),
        false => Refusal::new(
            "NotFound",
            format!("Error from server (NotFound): namespaces \"{namespace}\" not found"),
        ),
    }
}

pub(super) fn apply(world: &mut World, call: &Call) -> Answer {
    let (context, all) = objects(world, call)?;
    let mut after = Vec::new();
    for (key, json) in all {
        let before =
            world.cluster.clusters.get(&context).and_then(|c| c.objects.get(&key)).map(|o| o.json.clone());
        let merged = applied(before.as_ref(), json);
        if let Some(before) = &before {
            fixed(&key, before, &merged)?;
        }
        after.push((key, before, merged));
    }
    let mut lines = Vec::new();
    for (key, before, merged) in after {
        let what = match &before {
            None => "created",
            Some(before) if plain(before) == plain(&merged) => "unchanged",
            Some(_) => "configured",
        };
        lines.push(format!("{} {what}{}\n", key.shown(), dry(call).unwrap_or_default()));
        if dry(call).is_none() && what != "unchanged" {
            write(world, &context, key, merged);
        }
    }
    sync::sync(world, &context);
    told(lines, Vec::new())
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let (context, all) = objects(world, call)?;
    let stands =
        |key: &Key| world.cluster.clusters.get(&context).is_some_and(|c| c.objects.contains_key(key));
    if let Some((key, _)) = all.iter().find(|(key, _)| stands(key)) {
        let text =
            format!("Error from server (AlreadyExists): {} \"{}\" already exists", key.kind.full(), key.name);
        return Err(Refusal::new("AlreadyExists", text));
    }
    let mut lines = Vec::new();
    for (key, json) in all {
        lines.push(format!("{} created{}\n", key.shown(), dry(call).unwrap_or_default()));
        if dry(call).is_none() {
            write(world, &context, key, json);
        }
    }
    sync::sync(world, &context);
    told(lines, Vec::new())
}

/// `kubectl replace`: with `--force` what stands is deleted and made anew, with a new identity.
pub(super) fn replace(world: &mut World, call: &Call) -> Answer {
    let (context, all) = objects(world, call)?;
    let force = call.flag("force");
    let stands =
        |key: &Key| world.cluster.clusters.get(&context).is_some_and(|c| c.objects.contains_key(key));
    if let Some((key, _)) = all.iter().find(|(key, _)| !force && !stands(key)) {
        return Err(Refusal::new("NotFound", reads::missing(key)));
    }
    let mut lines = Vec::new();
    for (key, json) in all {
        if dry(call).is_some() {
            lines.push(format!("{} replaced{}\n", key.shown(), dry(call).unwrap_or_default()));
            continue;
        }
        if force {
            if stands_now(world, &context, &key) {
                lines.push(format!("{} deleted\n", key.quoted()));
            }
            sync::end(world, &context, &key);
            sync::sync(world, &context);
        }
        lines.push(format!("{} replaced\n", key.shown()));
        write(world, &context, key, json);
    }
    sync::sync(world, &context);
    told(lines, Vec::new())
}

fn stands_now(world: &World, context: &str, key: &Key) -> bool {
    world.cluster.clusters.get(context).is_some_and(|found| found.objects.contains_key(key))
}

/// What an apply would change, as `diff -u` shows it; the code is 1 if there is any.
pub(super) fn diff(world: &World, call: &Call) -> Answer {
    let (context, all) = objects(world, call)?;
    let mut text = String::new();
    for (key, json) in all {
        let before =
            world.cluster.clusters.get(&context).and_then(|c| c.objects.get(&key)).map(|o| o.json.clone());
        let after = applied(before.as_ref(), json);
        let lines = |json: &Value| serde_json::to_string_pretty(&plain(json)).unwrap_or_default() + "\n";
        let (old, new) = (before.as_ref().map(lines).unwrap_or_default(), lines(&after));
        if old != new {
            let name = format!("{}.{}.{}", key.kind.full(), key.namespace, key.name);
            let diff = similar::TextDiff::from_lines(&old, &new);
            text +=
                &diff.unified_diff().header(&format!("LIVE/{name}"), &format!("MERGED/{name}")).to_string();
        }
    }
    let code = i32::from(!text.is_empty());
    Ok(json!({"text": text, "stderr": "", "code": code}))
}

/// An object without what only the server sets.
fn plain(json: &Value) -> Value {
    let mut json = json.clone();
    for path in
        [&["status"][..], &["metadata", "resourceVersion"], &["metadata", "annotations", LAST_APPLIED]]
    {
        unset(&mut json, path);
    }
    let bare = json.pointer("/metadata/annotations").and_then(Value::as_object).is_some_and(Map::is_empty);
    if bare {
        unset(&mut json, &["metadata", "annotations"]);
    }
    json
}

/// What an apply makes of an object: what the manifest says, without what an earlier one said and this one does not.
fn applied(before: Option<&Value>, mut json: Value) -> Value {
    let text = json.to_string();
    if let Some(fields) = json.as_object_mut() {
        fields.remove("status");
    }
    set(&mut json, &["metadata", "annotations", LAST_APPLIED], text);
    let Some(before) = before else { return json };
    let mut after = before.clone();
    let last = store::texts(before.pointer("/metadata/annotations")).remove(LAST_APPLIED);
    if let Some(last) = last.and_then(|text| serde_json::from_str(&text).ok()) {
        prune(&mut after, &last, &json);
    }
    merge(&mut after, &json);
    after
}

/// Takes out of `at` what `last` says and `now` does not.
fn prune(at: &mut Value, last: &Value, now: &Value) {
    let (Some(at), Some(last)) = (at.as_object_mut(), last.as_object()) else { return };
    for (key, old) in last {
        match (now.get(key), at.get_mut(key)) {
            (None, _) => drop(at.remove(key)),
            (Some(new), Some(inner)) => prune(inner, old, new),
            _ => {}
        }
    }
}

/// Merges `patch` into `at`: maps by key, `null` takes away, lists of things with names by their names.
fn merge(at: &mut Value, patch: &Value) {
    match (at, patch) {
        (Value::Object(at), Value::Object(patch)) => {
            for (key, value) in patch {
                if value.is_null() {
                    at.remove(key);
                } else {
                    merge(at.entry(key.clone()).or_insert(Value::Null), value);
                }
            }
        }
        (Value::Array(at), Value::Array(patch))
            if patch.iter().all(|item| item.get("name").is_some()) && !patch.is_empty() =>
        {
            for item in patch {
                match at.iter_mut().find(|old| old.get("name") == item.get("name")) {
                    Some(old) => merge(old, item),
                    None => at.push(item.clone()),
                }
            }
        }
        (at, patch) => *at = without_nulls(patch),
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        other => other.clone(),
    }
}

/// Fields that cannot be changed where they stand, each with what may.
const FIXED: &[(&str, &[&str], &str)] = &[
    (
        "StatefulSet",
        &[
            "replicas",
            "template",
            "updateStrategy",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
            "ordinals",
        ],
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
         'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
    (
        "PersistentVolumeClaim",
        &["resources"],
        "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
    ),
];

/// Refuses a change of what is fixed.
fn fixed(key: &Key, before: &Value, after: &Value) -> Result<(), Refusal> {
    let rule = FIXED.iter().find(|(kind, ..)| *kind == key.kind.kind);
    let rest = |json: &Value, free: &[&str]| {
        let mut spec = json.get("spec").and_then(Value::as_object).cloned().unwrap_or_default();
        free.iter().for_each(|name| drop(spec.remove(*name)));
        spec
    };
    if let Some((_, _, why)) = rule.filter(|(_, free, _)| rest(before, free) != rest(after, free)) {
        let text = format!("The {} \"{}\" is invalid: spec: Forbidden: {why}", key.kind.kind, key.name);
        return Err(Refusal::new("Invalid", text));
    }
    let selector = |json: &Value| json.pointer("/spec/selector").cloned();
    if key.kind.kind == "Deployment" && selector(before) != selector(after) {
        let text = format!(
            "The Deployment \"{}\" is invalid: spec.selector: Invalid value: field is immutable",
            key.name
        );
        return Err(Refusal::new("Invalid", text));
    }
    Ok(())
}

/// Writes an object, and tells what changed.
fn write(world: &mut World, context: &str, key: Key, mut json: Value) {
    let found = world.cluster.clusters.get(context).and_then(|c| c.objects.get(&key));
    let before = found.map(|object| (object.uid, object.json.clone()));
    if key.kind.kind == "PersistentVolumeClaim" && before.is_none() {
        unset(&mut json, &["status"]);
        set(&mut json, &["metadata", "finalizers"], json!(["kubernetes.io/pvc-protection"]));
    }
    store::put(world, context, key.clone(), json);
    let found = world.cluster.clusters.get(context).and_then(|c| c.objects.get(&key));
    let Some(after) = found.map(|object| (object.uid, object.json.clone())) else { return };
    if let Some(uid) = after.0 {
        guard(world, uid, &key, &after.1);
        if let Some((_, before)) = &before {
            tell(world, uid, before, &after.1);
        }
    }
}

/// A volume that is kept is guarded.
fn guard(world: &mut World, uid: Uid, key: &Key, json: &Value) {
    if key.kind.kind == "PersistentVolume" {
        let policy = json.pointer("/spec/persistentVolumeReclaimPolicy").and_then(Value::as_str);
        world.protect(uid, RETAIN, policy == Some("Retain"));
    }
}

/// Tells each field that differs; another image is other code.
pub(super) fn tell(world: &mut World, uid: Uid, before: &Value, after: &Value) {
    let (old, new) = (reads::images(before), reads::images(after));
    let mut fields = Vec::new();
    differ("", &plain(before), &plain(after), &mut fields);
    for (name, to) in &new {
        if let Some((_, from)) = old.iter().find(|(other, from)| other == name && from != to) {
            world.effect(uid, Change::Deployed { from: from.clone(), to: to.clone(), older: false });
        }
    }
    let spoken = |path: &str| path.contains(".containers");
    for (path, from, to) in fields.into_iter().filter(|(path, ..)| !spoken(path)).take(TOLD_MAX) {
        world.configured(uid, &path, from, to);
    }
}

fn differ(path: &str, before: &Value, after: &Value, told: &mut Vec<(String, String, String)>) {
    if before == after {
        return;
    }
    if let (Some(old), Some(new)) = (before.as_object(), after.as_object()) {
        let keys: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let at = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            differ(&at, old.get(key).unwrap_or(&Value::Null), new.get(key).unwrap_or(&Value::Null), told);
        }
        return;
    }
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    told.push((path.to_owned(), text(before), text(after)));
}

/// Changes what a call names, one after another, with what the tool says of each.
fn each(
    world: &mut World,
    call: &Call,
    said: &str,
    doing: impl Fn(&Key, &mut Value) -> Result<(), Refusal>,
) -> Answer {
    let Chosen { context, keys, missing } = reads::chosen(world, call)?;
    let mut after = Vec::new();
    for key in keys {
        let found = world.cluster.clusters.get(&context).and_then(|c| c.objects.get(&key));
        let Some(before) = found.map(|object| object.json.clone()) else { continue };
        let mut json = before.clone();
        doing(&key, &mut json)?;
        fixed(&key, &before, &json)?;
        after.push((key, json != before, json));
    }
    let mut lines = Vec::new();
    for (key, changed, json) in after {
        let nothing = if changed { "" } else { " (no change)" };
        let nothing = if said == "patched" { nothing } else { "" };
        lines.push(format!("{} {said}{nothing}{}\n", key.shown(), dry(call).unwrap_or_default()));
        if dry(call).is_none() && changed {
            write(world, &context, key, json);
        }
    }
    if dry(call).is_none() {
        sync::sync(world, &context);
    }
    told(lines, missing)
}

pub(super) fn patch(world: &mut World, call: &Call) -> Answer {
    let patch = call.args.get("patch").cloned().unwrap_or_default();
    let merges = call.text("type") == Some("merge");
    each(world, call, "patched", |key, json| {
        if let Some(operations) = patch.as_array() {
            return operations.iter().try_for_each(|operation| by_pointer(key, json, operation));
        }
        match merges {
            true => merge_whole(json, &patch),
            false => merge(json, &patch),
        }
        Ok(())
    })
}

/// Lists are replaced whole.
fn merge_whole(at: &mut Value, patch: &Value) {
    match (at, patch) {
        (Value::Object(at), Value::Object(patch)) => {
            for (key, value) in patch {
                match value.is_null() {
                    true => drop(at.remove(key)),
                    false => merge_whole(at.entry(key.clone()).or_insert(Value::Null), value),
                }
            }
        }
        (at, patch) => *at = without_nulls(patch),
    }
}

/// One operation of a JSON patch.
fn by_pointer(key: &Key, json: &mut Value, operation: &Value) -> Result<(), Refusal> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
    let path: Vec<String> =
        text("path").split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    let Some((last, before)) = path.split_last() else { return Ok(()) };
    let invalid = || {
        let text = format!(
            "The request is invalid: the server rejected our request due to an error in our request ({})",
            key.shown()
        );
        Refusal::new("Invalid", text)
    };
    let mut at = &mut *json;
    for part in before {
        at = match at {
            Value::Array(items) => {
                part.parse::<usize>().ok().and_then(|n| items.get_mut(n)).ok_or_else(invalid)?
            }
            other => other.get_mut(part.as_str()).ok_or_else(invalid)?,
        };
    }
    let value = operation.get("value").cloned().unwrap_or_default();
    match (at, text("op")) {
        (Value::Object(map), "remove") => map.remove(last).map(drop).ok_or_else(invalid),
        (Value::Object(map), "add" | "replace") => {
            map.insert(last.clone(), value);
            Ok(())
        }
        (Value::Array(items), "remove") => match last.parse::<usize>().ok().filter(|n| *n < items.len()) {
            Some(n) => {
                items.remove(n);
                Ok(())
            }
            None => Err(invalid()),
        },
        (Value::Array(items), "add") if last == "-" => {
            items.push(value);
            Ok(())
        }
        (Value::Array(items), "replace") => match last.parse::<usize>().ok().and_then(|n| items.get_mut(n)) {
            Some(slot) => {
                *slot = value;
                Ok(())
            }
            None => Err(invalid()),
        },
        _ => Err(invalid()),
    }
}

/// `kubectl label` and `kubectl annotate`.
pub(super) fn mark(world: &mut World, call: &Call) -> Answer {
    let on = call.text("on").unwrap_or("labels").to_owned();
    let marks: Map<String, Value> =
        call.args.get("marks").and_then(Value::as_object).cloned().unwrap_or_default();
    let overwrite = call.flag("overwrite");
    let said = match (on.as_str(), marks.values().all(Value::is_null)) {
        ("labels", true) => "unlabeled",
        ("labels", false) => "labeled",
        _ => "annotated",
    };
    each(world, call, said, |_, json| {
        for (name, value) in &marks {
            let old = json
                .pointer("/metadata")
                .and_then(|m| m.get(&on))
                .and_then(|m| m.get(name))
                .and_then(Value::as_str);
            if let Some(old) =
                old.filter(|old| !overwrite && !value.is_null() && Some(*old) != value.as_str())
            {
                let text = format!("error: '{name}' already has a value ({old}), and --overwrite is false");
                return Err(Refusal::new("error", text));
            }
            match value.is_null() {
                true => unset(json, &["metadata", &on, name]),
                false => set(json, &["metadata", &on, name], value.clone()),
            }
        }
        Ok(())
    })
}

pub(super) fn set_image(world: &mut World, call: &Call) -> Answer {
    let images: Map<String, Value> =
        call.args.get("images").and_then(Value::as_object).cloned().unwrap_or_default();
    each(world, call, "image updated", |_, json| {
        let containers = json.pointer_mut("/spec/template/spec/containers").and_then(Value::as_array_mut);
        let mut left: Vec<&String> = images.keys().filter(|name| *name != "*").collect();
        for container in containers.into_iter().flatten() {
            let name = container.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let Some(image) = images.get(&name).or_else(|| images.get("*")) {
                left.retain(|other| **other != name);
                set(container, &["image"], image.clone());
            }
        }
        match left.first() {
            Some(name) => {
                Err(Refusal::new("error", format!("error: unable to find container named \"{name}\"")))
            }
            None => Ok(()),
        }
    })
}

pub(super) fn scale(world: &mut World, call: &Call) -> Answer {
    let to = call.text("replicas").and_then(|n| n.parse::<i64>().ok()).filter(|n| *n >= 0);
    let Some(to) = to else {
        let text =
            "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0";
        return Err(Refusal::new("error", text));
    };
    each(world, call, "scaled", |key, json| {
        if !matches!(key.kind.kind, "Deployment" | "StatefulSet" | "ReplicaSet") {
            return Err(Refusal::new(
                "error",
                "error: cannot scale: the server could not find the requested resource",
            ));
        }
        set(json, &["spec", "replicas"], to);
        Ok(())
    })
}
