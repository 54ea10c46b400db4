//! What controllers do by themselves after each change: pods for workloads, the end of what is being deleted, claims and
//! volumes. Run until nothing changes any more.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cluster::{self, Due};
use super::cluster_store::{self as store, Cluster, Key, Object, set};
use super::{cluster_volumes as volumes, databases};
use crate::World;
use crate::world::Due as WorldDue;

/// Rounds after which controllers rest; no chain of owners is that long.
const ROUNDS_MAX: usize = 24;
/// Pods of one workload at the most: the nodes hold no more.
const PODS_MAX: i64 = 100;
/// An emptied namespace is gone after this long.
const ENDS_S: i64 = 6;

/// Lets the controllers of a cluster work until nothing is left to do.
pub(super) fn sync(world: &mut World, context: &str) {
    for _ in 0..ROUNDS_MAX {
        let swept = sweep(world, context);
        let ran = run(world, context);
        if !(volumes::sync(world, context) || swept || ran) {
            break;
        }
    }
    volumes::serve(world, context);
}

/// Has an object end, with all in it if it is a namespace. What finalizers hold goes later.
pub(super) fn end(world: &mut World, context: &str, key: &Key) {
    let now = world.now().to_string();
    let Some(found) = world.cluster.clusters.get(context) else { return };
    if found.objects.get(key).is_none_or(Object::is_ending) {
        return;
    }
    let inside: Vec<Key> = match key.kind.kind {
        "Namespace" => found.objects.keys().filter(|k| k.namespace == key.name).cloned().collect(),
        _ => Vec::new(),
    };
    store::change(world, context, key, |json| {
        set(json, &["metadata", "deletionTimestamp"], now);
        if key.kind.kind == "Namespace" {
            set(json, &["status", "phase"], "Terminating");
        }
    });
    inside.iter().for_each(|key| end(world, context, key));
}

/// What keeps an object that is to go.
pub(super) fn holds<'c>(found: &'c Cluster, key: &'c Key, object: &'c Object) -> Vec<&'c str> {
    let in_use = |name: &str| {
        let mut pods = found.of("pods", Some(&key.namespace));
        name != "kubernetes.io/pvc-protection"
            || pods.any(|(_, pod)| cluster::claims_of(pod).any(|claim| claim == key.name))
    };
    object.finalizers().into_iter().filter(|name| in_use(name)).collect()
}

/// Takes away what has ended and what has lost its owner. True if there was any.
fn sweep(world: &mut World, context: &str) -> bool {
    let Some(found) = world.cluster.clusters.get(context) else { return false };
    let orphaned = |(key, object): &(&Key, &Object)| {
        let owner = object.owner().filter(|_| key.kind.derived);
        let stands = |(kind, name)| found.find(kind, &key.namespace, name).is_some_and(|o| !o.is_ending());
        !object.is_ending() && owner.is_some_and(|owner| !stands(owner))
    };
    let lost: Vec<Key> = found.objects.iter().filter(orphaned).map(|(key, _)| key.clone()).collect();
    let over = |(key, object): &(&Key, &Object)| {
        let own = matches!(key.kind.kind, "Namespace" | "PersistentVolume");
        object.is_ending() && !own && holds(found, key, object).is_empty()
    };
    let over: Vec<Key> = found.objects.iter().filter(over).map(|(key, _)| key.clone()).collect();
    let empty: Vec<Key> = found
        .of("namespaces", None)
        .filter(|(key, o)| is_empty(found, key, o))
        .map(|(k, _)| k.clone())
        .collect();
    lost.iter().for_each(|key| end(world, context, key));
    for key in &over {
        store::take(world, context, key);
        if key.kind.kind == "VolumeSnapshot" {
            databases::drop_snapshot(world, &key.name);
        }
    }
    for key in empty {
        store::change(world, context, &key, |json| set(json, &["spec", "finalizers"], json!([])));
        let due = Due::Ended { context: context.to_owned(), namespace: key.name };
        world.schedule(ENDS_S, WorldDue::Cluster(due));
    }
    !(lost.is_empty() && over.is_empty())
}

/// A namespace that ends and has nothing in it any more, and of which that was not yet noticed.
fn is_empty(found: &Cluster, key: &Key, object: &Object) -> bool {
    let noticed = object.json.pointer("/spec/finalizers/0").is_none();
    let held = noticed || !object.finalizers().is_empty();
    object.is_ending() && !held && !found.objects.keys().any(|other| other.namespace == key.name)
}

/// Gives workloads their pods. True if anything changed.
fn run(world: &mut World, context: &str) -> bool {
    let Some(found) = world.cluster.clusters.get(context) else { return false };
    let live = |(key, object): &(&Key, &Object)| {
        key.kind.is_workload() && !object.is_ending() && found.takes(&key.namespace)
    };
    let workloads: Vec<Key> = found.objects.iter().filter(live).map(|(key, _)| key.clone()).collect();
    let mut changed = false;
    for key in workloads {
        changed |= one(world, context, &key);
    }
    changed
}

/// The object that holds a revision of a workload, and its number.
pub(super) fn revisions(found: &Cluster, key: &Key) -> Vec<(i64, Key)> {
    let kind = if key.kind.kind == "Deployment" { "replicasets" } else { "controllerrevisions" };
    let of = |object: &Object| object.owner() == Some((key.kind.kind, key.name.as_str()));
    let each = found.of(kind, Some(&key.namespace)).filter(|(_, object)| of(object) && !object.is_ending());
    let mut all: Vec<(i64, Key)> = each.map(|(key, object)| (number(object), key.clone())).collect();
    all.sort();
    all
}

fn number(revision: &Object) -> i64 {
    let noted = revision.text("/metadata/annotations/deployment.kubernetes.io~1revision").parse();
    noted.unwrap_or_else(|_| revision.number("/revision", 0))
}

/// The template of a revision, or of a workload.
pub(super) fn template(object: &Object) -> Value {
    let at = ["/spec/template", "/data/spec/template"];
    at.iter().find_map(|at| object.json.pointer(at)).cloned().unwrap_or_else(|| json!({}))
}

fn one(world: &mut World, context: &str, key: &Key) -> bool {
    let Some(found) = world.cluster.clusters.get(context) else { return false };
    let Some(workload) = found.objects.get(key).cloned() else { return false };
    let revision = revise(world, context, key, &workload);
    let Some(found) = world.cluster.clusters.get(context) else { return false };
    let wanted = match key.kind.kind {
        "DaemonSet" => i64::try_from(found.of("nodes", None).count()).unwrap_or(1).max(1),
        _ => workload.number("/spec/replicas", 1).clamp(0, PODS_MAX),
    };
    let owner = if key.kind.kind == "Deployment" {
        ("ReplicaSet", revision.as_str())
    } else {
        (key.kind.kind, key.name.as_str())
    };
    let holders: Vec<String> = revisions(found, key).into_iter().map(|(_, key)| key.name).collect();
    let of = |pod: &Object| match pod.owner() {
        Some(("ReplicaSet", name)) => holders.iter().any(|holder| holder == name),
        other => other == Some(owner),
    };
    let hash = hash_of(&revision);
    let standing = found.of("pods", Some(&key.namespace)).filter(|(_, pod)| of(pod) && !pod.is_ending());
    let (fresh, old): (Vec<_>, Vec<_>) =
        standing.partition(|(_, pod)| pod.text("/metadata/labels/pod-template-hash") == hash);
    let keys =
        |pods: Vec<(&Key, &Object)>| -> Vec<Key> { pods.into_iter().map(|(key, _)| key.clone()).collect() };
    let (fresh, mut ends) = (keys(fresh), keys(old));
    let names = names(key, &revision, &fresh, wanted, found.made);
    ends.extend(fresh.iter().filter(|pod| !names.contains(&pod.name)).cloned());
    let taken: BTreeSet<&str> =
        found.of("pods", Some(&key.namespace)).map(|(key, _)| key.name.as_str()).collect();
    let missing: Vec<String> = names.iter().filter(|name| !taken.contains(name.as_str())).cloned().collect();
    let changed = !(ends.is_empty() && missing.is_empty());
    let adopted: Vec<Key> = found
        .of("pods", Some(&key.namespace))
        .filter(|(pod, o)| names.contains(&pod.name) && o.owner().is_none())
        .map(|(key, _)| key.clone())
        .collect();
    for pod in adopted {
        store::change(world, context, &pod, |json| {
            set(json, &["metadata", "ownerReferences"], owned_by(owner))
        });
    }
    ends.iter().for_each(|key| end(world, context, key));
    for (n, name) in missing.iter().enumerate() {
        claim(world, context, key, &workload, ordinal(name).unwrap_or(n));
        pod(world, context, key, &workload, (name, owner, hash));
    }
    changed
}

/// Notes the template of a workload as its newest revision, if it is another; the name of what holds it.
fn revise(world: &mut World, context: &str, key: &Key, workload: &Object) -> String {
    let template = template(workload);
    let name = format!("{}-{}", key.name, store::suffix(&template.to_string(), 10));
    let Some(found) = world.cluster.clusters.get(context) else { return name };
    let all = revisions(found, key);
    let newest = all.last().map_or(0, |(number, _)| *number);
    let is_deployment = key.kind.kind == "Deployment";
    let wanted = if is_deployment { workload.number("/spec/replicas", 1) } else { 0 };
    let current = all.last().filter(|(_, key)| key.name == name);
    let kind = if is_deployment { "replicasets" } else { "controllerrevisions" };
    let Some(holder) = Key::new(kind, &key.namespace, &name) else { return name };
    let number = if current.is_some() { newest } else { newest.saturating_add(1) };
    if current.is_none() {
        let meta = json!({
            "ownerReferences": owned_by((key.kind.kind, &key.name)), "annotations": {"deployment.kubernetes.io/revision": number.to_string()},
            "labels": template.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({})),
        });
        let json = match is_deployment {
            true => json!({"metadata": meta, "spec": {"template": template, "replicas": wanted}}),
            false => json!({"metadata": meta, "revision": number, "data": {"spec": {"template": template}}}),
        };
        let since = workload.json.pointer("/metadata/creationTimestamp").filter(|_| number == 1).cloned();
        store::put(world, context, holder.clone(), json);
        if let Some(since) = since {
            store::change(world, context, &holder, |json| {
                set(json, &["metadata", "creationTimestamp"], since)
            });
        }
    }
    if is_deployment {
        for (_, other) in all {
            let replicas = if other == holder { wanted } else { 0 };
            store::change(world, context, &other, |json| set(json, &["spec", "replicas"], replicas));
        }
        store::change(world, context, key, |json| {
            set(json, &["metadata", "annotations", "deployment.kubernetes.io/revision"], number.to_string());
        });
    }
    name
}

fn hash_of(revision: &str) -> &str {
    revision.rsplit('-').next().unwrap_or(revision)
}

fn ordinal(name: &str) -> Option<usize> {
    name.rsplit('-').next()?.parse().ok()
}

/// The names that a workload's pods are to have: those that stand, and new ones.
fn names(key: &Key, revision: &str, standing: &[Key], wanted: i64, made: u64) -> BTreeSet<String> {
    let wanted = usize::try_from(wanted).unwrap_or(0);
    match key.kind.kind {
        "StatefulSet" => (0..wanted).map(|n| format!("{}-{n}", key.name)).collect(),
        _ => {
            let before = if key.kind.kind == "Deployment" { revision } else { key.name.as_str() };
            let fresh = (0_usize..)
                .map(|n| format!("{before}-{}", store::suffix(&format!("{before} {made} {n}"), 5)));
            let kept = standing.iter().map(|key| key.name.clone());
            kept.chain(fresh).take(wanted).collect()
        }
    }
}

/// Makes the claims of a stateful set's pod, where they do not stand.
fn claim(world: &mut World, context: &str, key: &Key, workload: &Object, ordinal: usize) {
    let templates = workload.json.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array).cloned();
    for template in templates.into_iter().flatten() {
        let base = template.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let name = format!("{base}-{}-{ordinal}", key.name);
        let Some(claim) = Key::new("persistentvolumeclaims", &key.namespace, &name) else { continue };
        if store::object(world, context, &claim).is_none() {
            let spec = template.get("spec").cloned().unwrap_or_default();
            let labels =
                workload.json.pointer("/spec/selector/matchLabels").cloned().unwrap_or_else(|| json!({}));
            let since = store::since(world, workload);
            let json = json!({
                "metadata": {"creationTimestamp": since, "labels": labels, "finalizers": ["kubernetes.io/pvc-protection"]},
                "spec": spec, "status": {"phase": "Pending"},
            });
            store::put(world, context, claim, json);
        }
    }
}

/// How an object says whose it is.
fn owned_by((kind, name): (&str, &str)) -> Value {
    json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "controller": true}])
}

fn pod(
    world: &mut World,
    context: &str,
    key: &Key,
    workload: &Object,
    (name, owner, hash): (&str, (&str, &str), &str),
) {
    let template = template(workload);
    let since = store::since(world, workload);
    let mut spec = template.get("spec").cloned().unwrap_or_else(|| json!({}));
    let templates = workload.json.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
    let claims =
        templates.into_iter().flatten().filter_map(|t| t.pointer("/metadata/name").and_then(Value::as_str));
    let mut mounted: Vec<Value> = spec.get("volumes").and_then(Value::as_array).cloned().unwrap_or_default();
    let ordinal = ordinal(name).unwrap_or(0);
    mounted.extend(claims.map(|base| {
        json!({
            "name": base, "persistentVolumeClaim": {"claimName": format!("{base}-{}-{ordinal}", key.name)},
        })
    }));
    if !mounted.is_empty() {
        set(&mut spec, &["volumes"], mounted);
    }
    let mut labels = template.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    set(&mut labels, &["pod-template-hash"], hash);
    let made = world.cluster.clusters.get(context).map_or(0, |found| found.made);
    set(&mut spec, &["nodeName"], node(world, context, made));
    let mut meta = json!({
        "labels": labels, "creationTimestamp": since, "ownerReferences": owned_by(owner),
    });
    if let Some(finalizers) = template.pointer("/metadata/finalizers") {
        set(&mut meta, &["finalizers"], finalizers.clone());
    }
    let address = format!("10.244.{}.{}", made / 250 % 250, made % 250 + 2);
    let json = json!({
        "metadata": meta, "spec": spec, "status": {"phase": "Running", "podIP": address, "startTime": since},
    });
    if let Some(key) = Key::new("pods", &key.namespace, name) {
        store::put(world, context, key, json);
    }
}

/// The node that a pod runs on.
fn node(world: &World, context: &str, n: u64) -> String {
    let found = world.cluster.clusters.get(context);
    let nodes: Vec<&str> =
        found.into_iter().flat_map(|c| c.of("nodes", None)).map(|(key, _)| key.name.as_str()).collect();
    let at = usize::try_from(n).unwrap_or(0).checked_rem(nodes.len()).unwrap_or(0);
    nodes.get(at).copied().unwrap_or("node-1").to_owned()
}
