//! What is changed in a cluster: manifests applied, fields patched, labels, images, replicas; and which cluster commands go to.
//! What becomes of the fields of one object is in [`super::cluster_patches`].

use serde_json::{Map, Value, json};

use super::cluster;
use super::cluster_deletes::{dry, told};
use super::cluster_patches::{self as patches, Lists, plain};
use super::cluster_reads::{self as reads, Chosen};
use super::cluster_store::{self as store, Key, Object, set, unset};
use super::cluster_sync as sync;
use super::stack_values::as_text;
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::effect::Change;
use crate::resource::Uid;

/// What guards the rows on a volume: it outlives its claim.
pub(super) const RETAIN: &str = "reclaim_policy_retain";
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

/// What the tool says of an object that it did something to.
fn said(call: &Call, key: &Key, what: &str) -> String {
    format!("{} {what}{}\n", key.shown(), dry(call).unwrap_or_default())
}

pub(super) fn apply(world: &mut World, call: &Call) -> Answer {
    let (context, all) = objects(world, call)?;
    let mut after = Vec::new();
    for (key, json) in all {
        let before = store::object(world, &context, &key).map(|object| &object.json);
        let merged = patches::applied(before, json);
        if let Some(before) = before {
            patches::fixed(&key, before, &merged)?;
        }
        let what = match before {
            None => "created",
            Some(before) if plain(before) == plain(&merged) => "unchanged",
            Some(_) => "configured",
        };
        after.push((key, merged, what));
    }
    let mut lines = Vec::new();
    for (key, merged, what) in after {
        lines.push(said(call, &key, what));
        if dry(call).is_none() && what != "unchanged" {
            write(world, &context, key, merged);
        }
    }
    sync::sync(world, &context);
    told(lines, Vec::new())
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let (context, all) = objects(world, call)?;
    if let Some((key, _)) = all.iter().find(|(key, _)| stands(world, &context, key)) {
        let text =
            format!("Error from server (AlreadyExists): {} \"{}\" already exists", key.kind.full(), key.name);
        return Err(Refusal::new("AlreadyExists", text));
    }
    let mut lines = Vec::new();
    for (key, json) in all {
        lines.push(said(call, &key, "created"));
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
    if let Some((key, _)) = all.iter().find(|(key, _)| !force && !stands(world, &context, key)) {
        return Err(Refusal::new("NotFound", reads::missing(key)));
    }
    let mut lines = Vec::new();
    for (key, json) in all {
        if force && dry(call).is_none() {
            if stands(world, &context, &key) {
                lines.push(format!("{} deleted\n", key.quoted()));
            }
            sync::end(world, &context, &key);
            sync::sync(world, &context);
        }
        lines.push(said(call, &key, "replaced"));
        if dry(call).is_none() {
            write(world, &context, key, json);
        }
    }
    sync::sync(world, &context);
    told(lines, Vec::new())
}

fn stands(world: &World, context: &str, key: &Key) -> bool {
    store::object(world, context, key).is_some()
}

/// What an apply would change, as `diff -u` shows it; the code is 1 if there is any.
pub(super) fn diff(world: &World, call: &Call) -> Answer {
    let (context, all) = objects(world, call)?;
    let mut text = String::new();
    for (key, json) in all {
        let before = store::object(world, &context, &key).map(|object| &object.json);
        let after = patches::applied(before, json);
        let lines = |json: &Value| serde_json::to_string_pretty(&plain(json)).unwrap_or_default() + "\n";
        let (old, new) = (before.map(lines).unwrap_or_default(), lines(&after));
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

/// Writes an object, and tells what changed.
fn write(world: &mut World, context: &str, key: Key, mut json: Value) {
    let before = store::object(world, context, &key).map(|object| object.json.clone());
    if key.kind.kind == "PersistentVolumeClaim" && before.is_none() {
        unset(&mut json, &["status"]);
        set(&mut json, &["metadata", "finalizers"], json!(["kubernetes.io/pvc-protection"]));
    }
    store::put(world, context, key.clone(), json);
    let Some(after) = store::object(world, context, &key).cloned() else { return };
    if let Some(uid) = after.uid {
        guard(world, uid, &key, &after.json);
        if let Some(before) = &before {
            tell(world, uid, before, &after.json);
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
    told.push((path.to_owned(), as_text(before), as_text(after)));
}

/// Changes what a call names, one after another, with what the tool says of each.
fn each(
    world: &mut World,
    call: &Call,
    what: &str,
    doing: impl Fn(&Key, &mut Value) -> Result<(), Refusal>,
) -> Answer {
    let Chosen { context, keys, missing } = reads::chosen(world, call)?;
    let mut after = Vec::new();
    for key in keys {
        let Some(Object { json: before, .. }) = store::object(world, &context, &key) else { continue };
        let mut json = before.clone();
        doing(&key, &mut json)?;
        patches::fixed(&key, before, &json)?;
        let changed = json != *before;
        after.push((key, changed, json));
    }
    let mut lines = Vec::new();
    for (key, changed, json) in after {
        let nothing = if what == "patched" && !changed { " (no change)" } else { "" };
        lines.push(said(call, &key, &format!("{what}{nothing}")));
        if dry(call).is_none() && changed {
            write(world, &context, key, json);
        }
    }
    sync::sync(world, &context);
    told(lines, missing)
}

pub(super) fn patch(world: &mut World, call: &Call) -> Answer {
    let patch = call.args.get("patch").cloned().unwrap_or_default();
    let lists = if call.text("type") == Some("merge") { Lists::Whole } else { Lists::ByName };
    each(world, call, "patched", |key, json| {
        let Some(operations) = patch.as_array() else {
            patches::merge(json, &patch, lists);
            return Ok(());
        };
        let done = operations.iter().try_for_each(|operation| patches::operate(json, operation));
        done.ok_or_else(|| {
            let text =
                "The request is invalid: the server rejected our request due to an error in our request";
            Refusal::new("Invalid", format!("{text} ({})", key.shown()))
        })
    })
}

/// `kubectl label` and `kubectl annotate`.
pub(super) fn mark(world: &mut World, call: &Call) -> Answer {
    let on = call.text("on").unwrap_or("labels").to_owned();
    let marks: Map<String, Value> =
        call.args.get("marks").and_then(Value::as_object).cloned().unwrap_or_default();
    let overwrite = call.flag("overwrite");
    let what = match (on.as_str(), marks.values().all(Value::is_null)) {
        ("labels", true) => "unlabeled",
        ("labels", false) => "labeled",
        _ => "annotated",
    };
    each(world, call, what, |_, json| {
        for (name, value) in &marks {
            let old = json.pointer(&format!("/metadata/{on}")).and_then(|all| all.get(name)?.as_str());
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
