//! Looks at a cluster: objects as they are asked for, with what controllers say of them, logs, contexts, permissions.

use serde_json::{Value, json};

use super::cluster_kinds as kinds;
use super::cluster_store::{Cluster, Key, Object, set};
use super::{cluster, cluster_sync as sync, identity};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::clock::Time;

/// A container is made and started in this time.
const CREATES_S: i64 = 8;
/// Lines of a log at the most.
const LINES_MAX: usize = 1_000;

/// The context that a call is about, and its cluster.
///
/// # Errors
/// There is none of that name.
pub(super) fn cluster_of<'w>(world: &'w World, call: &Call) -> Result<(String, &'w Cluster), Refusal> {
    let name = call.text("context").unwrap_or(&world.cluster.current).to_owned();
    match world.cluster.clusters.get(&name) {
        Some(found) => Ok((name, found)),
        None if world.cluster.clusters.is_empty() => {
            let text = "The connection to the server localhost:8080 was refused - did you specify the right host or port?";
            Err(Refusal::new("ECONNREFUSED", text))
        }
        None => Err(Refusal::new("error", format!("error: context \"{name}\" does not exist"))),
    }
}

/// The namespace that a call is about; none: all of them.
pub(super) fn namespace_of(world: &World, call: &Call) -> Option<String> {
    if call.flag("all-namespaces") {
        return None;
    }
    let context = call.text("context").unwrap_or(&world.cluster.current);
    let set = world.cluster.namespaces.get(context).map(String::as_str);
    Some(call.text("namespace").or(set).unwrap_or("default").to_owned())
}

/// What a call names: objects that stand, and what it says of those that do not.
pub(super) struct Chosen {
    pub context: String,
    pub keys: Vec<Key>,
    pub missing: Vec<String>,
}

impl Chosen {
    fn add(&mut self, found: &Cluster, key: Key) {
        match found.objects.contains_key(&key) {
            true => self.keys.push(key),
            false => self.missing.push(missing(&key)),
        }
    }

    /// Refuses where something that was named is not there.
    pub fn all(self) -> Result<(String, Vec<Key>), Refusal> {
        match self.missing.first() {
            Some(missing) => Err(Refusal::new("NotFound", missing.clone())),
            None => Ok((self.context, self.keys)),
        }
    }
}

/// `NotFound`, as the server says it.
pub(super) fn missing(key: &Key) -> String {
    format!("Error from server (NotFound): {} \"{}\" not found", key.kind.full(), key.name)
}

/// What a call names.
///
/// # Errors
/// There is no such context.
pub(super) fn chosen(world: &World, call: &Call) -> Result<Chosen, Refusal> {
    let (context, found) = cluster_of(world, call)?;
    let namespace = namespace_of(world, call);
    let home = namespace.as_deref().unwrap_or("default");
    let mut chosen = Chosen { context, keys: Vec::new(), missing: Vec::new() };
    let list = |name: &str| call.args.get(name).and_then(Value::as_array).into_iter().flatten();
    for one in list("resources") {
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, name) = (text("kind"), text("name"));
        if name.is_empty() {
            let all = found.of(kind, namespace.as_deref()).filter(|(_, object)| selected(object, call));
            chosen.keys.extend(all.map(|(key, _)| key.clone()));
        } else if let Some(key) = Key::new(kind, home, name) {
            chosen.add(found, key);
        }
    }
    for json in list("objects") {
        chosen.add(found, cluster::key_of(json, home)?);
    }
    Ok(chosen)
}

/// Whether labels and fields are those that a call asks for.
fn selected(object: &Object, call: &Call) -> bool {
    let labels = object.labels();
    let by_label = |term: &str| {
        let (term, has) = term.strip_prefix('!').map_or((term, true), |term| (term, false));
        match term.split_once("!=") {
            Some((key, value)) => labels.get(key.trim()).is_none_or(|found| found != value.trim()),
            None => match term.replace("==", "=").split_once('=') {
                Some((key, value)) => labels.get(key.trim()).is_some_and(|found| found == value.trim()),
                None => labels.contains_key(term.trim()) == has,
            },
        }
    };
    let by_field = |term: &str| {
        let (path, value, is) = match term.split_once("!=") {
            Some((path, value)) => (path, value, false),
            None => term.split_once('=').map_or((term, "", true), |(path, value)| (path, value, true)),
        };
        (object.text(&format!("/{}", path.replace('.', "/"))) == value.trim_start_matches('=')) == is
    };
    let all = |name: &str, fits: &dyn Fn(&str) -> bool| {
        call.text(name).is_none_or(|terms| terms.split(',').filter(|term| !term.is_empty()).all(fits))
    };
    all("selector", &by_label) && all("field-selector", &by_field)
}

/// The workload that a pod belongs to; the pod itself, if none.
pub(super) fn workload_of(found: &Cluster, key: &Key, pod: &Object) -> Key {
    let above = |key: &Key, object: &Object| {
        let (kind, name) = object.owner()?;
        Key::new(kind, &key.namespace, name)
    };
    let Some(first) = above(key, pod) else { return key.clone() };
    let second = found.objects.get(&first).and_then(|object| above(&first, object));
    second.unwrap_or(first)
}

/// An object with what controllers say of it.
fn shown(found: &Cluster, key: &Key, object: &Object, now: Time) -> Value {
    let mut json = object.json.clone();
    match key.kind.kind {
        "Pod" => pod_status(found, key, object, now, &mut json),
        "Deployment" | "StatefulSet" | "ReplicaSet" | "DaemonSet" => {
            workload_status(found, key, object, now, &mut json)
        }
        "Namespace" if object.is_ending() => namespace_status(found, key, &mut json),
        _ => {}
    }
    json
}

fn is_ready(found: &Cluster, key: &Key, pod: &Object, now: Time) -> bool {
    let since = Time::parse(pod.text("/metadata/creationTimestamp")).unwrap_or(now);
    let bound = |claim: &str| {
        found
            .find("persistentvolumeclaims", &key.namespace, claim)
            .is_some_and(|c| c.text("/status/phase") == "Bound")
    };
    !pod.is_ending() && now.since(since) >= CREATES_S && cluster::claims_of(pod).all(bound)
}

fn pod_status(found: &Cluster, key: &Key, pod: &Object, now: Time, json: &mut Value) {
    let ready = is_ready(found, key, pod, now);
    let containers =
        pod.json.pointer("/spec/containers").and_then(Value::as_array).cloned().unwrap_or_default();
    let state = match ready {
        true => json!({"running": {"startedAt": pod.text("/status/startTime")}}),
        false => json!({"waiting": {"reason": "ContainerCreating"}}),
    };
    let statuses: Vec<Value> = containers
        .iter()
        .map(|c| json!({"name": c["name"], "image": c["image"], "ready": ready, "restartCount": 0, "started": ready, "state": state}))
        .collect();
    set(json, &["status", "containerStatuses"], statuses);
    if !ready && !pod.is_ending() {
        set(json, &["status", "phase"], "Pending");
    }
    let word = if ready { "True" } else { "False" };
    set(json, &["status", "conditions"], json!([{"type": "Ready", "status": word}]));
}

fn workload_status(found: &Cluster, key: &Key, object: &Object, now: Time, json: &mut Value) {
    let of = |(pod_key, pod): &(&Key, &Object)| match key.kind.kind {
        "ReplicaSet" => pod.owner() == Some(("ReplicaSet", key.name.as_str())),
        _ => workload_of(found, pod_key, pod) == *key,
    };
    let pods: Vec<_> =
        found.of("pods", Some(&key.namespace)).filter(of).filter(|(_, pod)| !pod.is_ending()).collect();
    let ready = pods.iter().filter(|(key, pod)| is_ready(found, key, pod, now)).count();
    let counts: &[&str] = match key.kind.kind {
        "DaemonSet" => &["desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled"],
        "ReplicaSet" => &["replicas"],
        _ => &["replicas", "updatedReplicas"],
    };
    for name in counts {
        set(json, &["status", name], pods.len());
    }
    let ready_names: &[&str] = match key.kind.kind {
        "DaemonSet" => &["numberReady", "numberAvailable"],
        _ => &["readyReplicas", "availableReplicas"],
    };
    for name in ready_names {
        set(json, &["status", name], ready);
    }
    if key.kind.kind == "StatefulSet"
        && let Some((_, newest)) = sync::revisions(found, key).last()
    {
        set(json, &["status", "currentRevision"], newest.name.clone());
        set(json, &["status", "updateRevision"], newest.name.clone());
    }
    set(json, &["status", "observedGeneration"], object.number("/metadata/generation", 1));
}

/// What is still in a namespace that ends, and what holds it.
fn namespace_status(found: &Cluster, key: &Key, json: &mut Value) {
    let inside: Vec<(&Key, &Object)> =
        found.objects.iter().filter(|(k, _)| k.namespace == key.name).collect();
    let count = |names: Vec<String>, what: &str| {
        let mut counted: std::collections::BTreeMap<String, usize> = Default::default();
        names.into_iter().for_each(|name| *counted.entry(name).or_default() += 1);
        let each: Vec<String> =
            counted.into_iter().map(|(name, n)| format!("{name} {what} {n} resource instances")).collect();
        each.join(", ")
    };
    let kinds = count(inside.iter().map(|(key, _)| format!("{}.", key.kind.full())).collect(), "has");
    let holders = inside.iter().flat_map(|(key, object)| sync::holds(found, key, object)).map(str::to_owned);
    let holders = count(holders.collect(), "in");
    let condition = |kind: &str, reason: &str, text: String| {
        let is = if text.is_empty() { "False" } else { "True" };
        json!({"type": kind, "status": is, "reason": reason, "message": text})
    };
    let remaining = if kinds.is_empty() { kinds } else { format!("Some resources are remaining: {kinds}") };
    let held = if holders.is_empty() {
        holders
    } else {
        format!("Some content in the namespace has finalizers remaining: {holders}")
    };
    let conditions = json!([
        condition("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", String::new()),
        condition("NamespaceContentRemaining", "SomeResourcesRemain", remaining),
        condition("NamespaceFinalizersRemaining", "SomeFinalizersRemain", held),
    ]);
    set(json, &["status", "conditions"], conditions);
}

pub(super) fn get(world: &World, call: &Call) -> Answer {
    let chosen = chosen(world, call)?;
    let (_, found) = cluster_of(world, call)?;
    let now = world.now();
    let items = chosen.keys.iter().filter_map(|key| Some(shown(found, key, found.objects.get(key)?, now)));
    Ok(json!({
        "items": items.collect::<Vec<_>>(), "missing": chosen.missing, "now": now.to_string(),
        "namespace": namespace_of(world, call),
    }))
}

/// The same, each with the events about it.
pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let mut answer = get(world, call)?;
    let (_, found) = cluster_of(world, call)?;
    let events: Vec<Value> = found.of("events", None).map(|(_, event)| event.json.clone()).collect();
    let pods: Vec<Value> = found
        .of("pods", None)
        .map(|(key, pod)| {
            let claims: Vec<&str> = cluster::claims_of(pod).collect();
            json!({"namespace": key.namespace, "name": key.name, "claims": claims})
        })
        .collect();
    set(&mut answer, &["events"], events);
    set(&mut answer, &["pods"], pods);
    Ok(answer)
}

pub(super) fn logs(world: &World, call: &Call) -> Answer {
    let (_, keys) = chosen(world, call)?.all()?;
    let (_, found) = cluster_of(world, call)?;
    let Some(key) = keys.first() else { return Ok(Value::Null) };
    let Some(object) = found.objects.get(key) else { return Ok(Value::Null) };
    let runner = workload_of(found, key, object);
    let name = format!("{}/{}", runner.namespace, runner.name);
    let lines = found.staged.log.iter().filter(|log| log.name == name).flat_map(|log| &log.line);
    let stamped = call.flag("timestamps");
    let lines: Vec<String> = lines
        .map(|line| if stamped { format!("{} {}\n", line.at, line.text) } else { format!("{}\n", line.text) })
        .collect();
    let tail = call.text("tail").and_then(|n| n.parse::<usize>().ok()).unwrap_or(LINES_MAX).min(LINES_MAX);
    let from = lines.len().saturating_sub(tail);
    Ok(Value::from(lines.get(from..).unwrap_or_default().concat()))
}

/// `kubectl auth can-i`: whether the role permits it.
pub(super) fn can_i(world: &World, call: &Call) -> Answer {
    let (context, _) = cluster_of(world, call)?;
    let verb = call.text("verb").unwrap_or_default();
    let action = match verb {
        "get" | "list" | "watch" => "k8s:Get",
        "create" => "k8s:Create",
        "delete" | "deletecollection" => "k8s:Delete",
        "*" => "k8s:*",
        _ => "k8s:Patch",
    };
    let kind = call.text("kind").unwrap_or_default();
    let Some(kind) = kinds::find(kind) else {
        let text = format!("Warning: the server doesn't have a resource type '{kind}'\n\n");
        return Ok(json!({"text": "no\n", "stderr": text, "code": 1}));
    };
    let place =
        if kind.namespaced { namespace_of(world, call).unwrap_or_default() + "/" } else { String::new() };
    let target = format!("{context}/{place}{}/{}", kind.plural, call.text("name").unwrap_or("*"));
    match identity::permits(world, &call.principal, action, &target) {
        Ok(()) => Ok(Value::from("yes\n")),
        Err(_) => Ok(json!({"text": "no\n", "stderr": "", "code": 1})),
    }
}

/// The contexts that there are, and what each is set to.
pub(super) fn contexts(world: &World, _: &Call) -> Answer {
    let each = world.cluster.clusters.iter().map(|(name, found)| {
        json!({
            "name": name, "server": found.staged.server, "current": *name == world.cluster.current,
            "namespace": world.cluster.namespaces.get(name),
        })
    });
    Ok(json!({"contexts": each.collect::<Vec<_>>()}))
}

/// What an object's template runs, by container.
pub(super) fn images(json: &Value) -> Vec<(String, String)> {
    let containers =
        json.pointer("/spec/template/spec/containers").and_then(Value::as_array).into_iter().flatten();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    containers.map(|c| (text(c.get("name")), text(c.get("image")))).collect()
}
