//! Kubernetes-like clusters: contexts, namespaces, what runs in them, and the volumes below.
//!
//! Each context is a cluster of its own. Objects are kept as the API holds them; what controllers make of them is in
//! [`super::cluster_sync`] and [`super::cluster_volumes`]. The rows on a volume are a database of the stage that is `hosted`, so
//! that SQL, dependents and restores are the same as anywhere. Deleting a namespace deletes all that is in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::cluster_store::{self as store, Cluster, Key, Object, set};
use super::cluster_volumes::{self as volumes, Volume};
use super::{
    cluster_changes as changes, cluster_deletes as deletes, cluster_reads as reads,
    cluster_rollouts as rollouts, cluster_sync as sync, databases, stack_template,
};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::sql::Data;
use crate::stage::Problem;

type Doing = fn(&mut World, &Call) -> Answer;

const VERBS: &[(Operation, Doing)] = &[
    (Operation::read("Get", "k8s:Get"), |w, c| reads::get(w, c)),
    (Operation::read("Describe", "k8s:Get"), |w, c| reads::describe(w, c)),
    (Operation::read("Logs", "k8s:Get"), |w, c| reads::logs(w, c)),
    (Operation::read("RolloutStatus", "k8s:Get"), |w, c| rollouts::status(w, c)),
    (Operation::read("RolloutHistory", "k8s:Get"), |w, c| rollouts::history(w, c)),
    (Operation::read("Diff", "k8s:Get"), |w, c| changes::diff(w, c)),
    (Operation::read("CanI", ""), |w, c| reads::can_i(w, c)),
    (Operation::read("Wait", "k8s:Get"), deletes::wait),
    (Operation::read("GetContexts", ""), |w, c| reads::contexts(w, c)),
    (Operation::write("UseContext", ""), changes::use_context),
    (Operation::write("Apply", "k8s:Patch"), changes::apply),
    (Operation::write("Create", "k8s:Create"), changes::create),
    (Operation::write("Replace", "k8s:Delete"), changes::replace),
    (Operation::write("Patch", "k8s:Patch"), changes::patch),
    (Operation::write("Mark", "k8s:Patch"), changes::mark),
    (Operation::write("SetImage", "k8s:Patch"), changes::set_image),
    (Operation::write("Scale", "k8s:Patch"), changes::scale),
    (Operation::write("RolloutRestart", "k8s:Patch"), rollouts::restart),
    (Operation::write("RolloutUndo", "k8s:Patch"), rollouts::undo),
    (Operation::write("Delete", "k8s:Delete"), deletes::delete),
];

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &Operation::of_table::<_, { VERBS.len() }>(VERBS);

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// The context that commands use unless they name one.
    pub(super) current: String,
    /// The namespace that commands use, by context, where somebody has set one.
    pub(super) namespaces: BTreeMap<String, String>,
    /// By context.
    pub(super) clusters: BTreeMap<String, Arc<Cluster>>,
    /// What is put up now has stood for long.
    pub(super) staging: bool,
}

/// Work that comes due.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// A namespace that was emptied is gone.
    Ended { context: String, namespace: String },
    /// The server of a database takes connections, if it is still the same pod that runs it.
    Serving { context: String, database: String, pod: String },
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    let stage = Arc::clone(&world.stage);
    let Some(staged) = &stage.cluster else { return Ok(()) };
    world.cluster.current.clone_from(&staged.current);
    world.cluster.staging = true;
    for (i, context) in staged.context.iter().enumerate() {
        let at = format!("cluster.context[{i}].objects");
        let manifests = manifests(world, context, &at)?;
        let found = Cluster {
            staged: Arc::new(context.clone()),
            objects: BTreeMap::new(),
            volumes: context
                .volume
                .iter()
                .map(|v| (v.name.clone(), Volume { database: v.database.clone(), apart: None }))
                .collect(),
            homes: BTreeMap::new(),
            serving: BTreeMap::new(),
            runners: BTreeMap::new(),
            made: 0,
        };
        world.cluster.clusters.insert(context.name.clone(), Arc::new(found));
        for (key, json) in manifests {
            store::put(world, &context.name, key, json);
        }
        bind(world, &context.name);
        sync::sync(world, &context.name);
        open(world, &context.name);
    }
    world.cluster.staging = false;
    Ok(())
}

/// The manifests of the stage, namespaces first.
fn manifests(
    world: &World,
    context: &crate::stage::cluster::Context,
    at: &str,
) -> Result<Vec<(Key, Value)>, Problem> {
    let problem = |expected: String| Problem {
        path: at.to_owned(),
        found: context.objects.clone(),
        expected,
        candidates: Vec::new(),
    };
    let text = world.stage.data_text(&context.objects).unwrap_or_default();
    let documents = stack_template::documents(text).map_err(|e| problem(format!("YAML: {}", e.message)))?;
    let each = documents.into_iter().filter(|document| !document.is_null()).map(|document| {
        key_of(&document, "default")
            .map(|key| (key, document))
            .map_err(|e| problem(format!("manifests: {}", e.message)))
    });
    let mut all = each.collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|(key, _)| key.kind.kind != "Namespace");
    Ok(all)
}

/// Where an object of a manifest stands.
///
/// # Errors
/// It has no kind that is known, or no name.
pub(super) fn key_of(json: &Value, namespace: &str) -> Result<Key, Refusal> {
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, name) = (text("/kind"), text("/metadata/name"));
    let namespace = Some(text("/metadata/namespace")).filter(|n| !n.is_empty()).unwrap_or(namespace);
    if name.is_empty() {
        return Err(Refusal::new("error", "error: resource name may not be empty"));
    }
    Key::new(kind, namespace, name).ok_or_else(|| {
        let text = format!("error: no matches for kind \"{kind}\" in version \"{}\"", text("/apiVersion"));
        Refusal::new("error", text)
    })
}

/// Volumes of the stage are held by the claims that they name.
fn bind(world: &mut World, context: &str) {
    let Some(found) = world.cluster.clusters.get(context) else { return };
    let volumes: Vec<Key> = found.of("persistentvolumes", None).map(|(key, _)| key.clone()).collect();
    for key in volumes {
        let Some(found) = world.cluster.clusters.get(context) else { return };
        let Some(volume) = found.objects.get(&key) else { continue };
        let at = (
            volume.text("/spec/claimRef/namespace").to_owned(),
            volume.text("/spec/claimRef/name").to_owned(),
        );
        let claim = found.find("persistentvolumeclaims", &at.0, &at.1);
        let uid = claim.map(|claim| claim.text("/metadata/uid").to_owned());
        let retains = volume.text("/spec/persistentVolumeReclaimPolicy") == "Retain";
        let (thing, database) = (volume.uid, found.volumes.get(&key.name).map(|v| v.database.clone()));
        if let Some(resource) = thing.filter(|_| retains).and_then(|uid| world.resource_mut(uid)) {
            resource.protections.insert(changes::RETAIN.to_owned());
        }
        if let Some(uid) = uid {
            store::change(world, context, &key, |json| set(json, &["spec", "claimRef", "uid"], uid));
        }
        if let (Some(database), Some(found)) = (database, store::cluster(world, context)) {
            found.homes.insert(at, database);
        }
    }
}

/// What the stage has running takes connections from the beginning.
fn open(world: &mut World, context: &str) {
    let Some(found) = world.cluster.clusters.get(context) else { return };
    let mut runners = BTreeMap::new();
    for (id, pod) in &found.serving {
        let is = |(_, object): &(&Key, &Object)| object.text("/metadata/uid") == pod;
        if let Some((key, object)) = found.of("pods", None).find(is) {
            let runner = reads::workload_of(found, key, object);
            runners.insert(id.clone(), format!("{context}/{}/{}", key.namespace, runner.name));
        }
    }
    runners.keys().for_each(|id| databases::join(world, id));
    if let Some(found) = store::cluster(world, context) {
        found.runners = runners;
    }
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    match VERBS.iter().find(|(operation, _)| operation.name == call.operation) {
        Some((_, doing)) => doing(world, call),
        None => Err(Refusal::new("InvalidAction", call.operation.clone())),
    }
}

pub(crate) fn due(world: &mut World, due: Due) {
    match due {
        Due::Ended { context, namespace } => {
            let Some(key) = Key::new("namespaces", "", &namespace) else { return };
            let is_ending = |found: &Arc<Cluster>| found.objects.get(&key).is_some_and(Object::is_ending);
            if world.cluster.clusters.get(&context).is_some_and(is_ending) {
                store::take(world, &context, &key);
            }
        }
        Due::Serving { context, database, pod } => {
            let found = world.cluster.clusters.get(&context);
            if found.is_some_and(|found| found.serving.get(&database) == Some(&pod)) {
                databases::join(world, &database);
            }
        }
    }
}

/// The claims that a pod mounts.
pub(super) fn claims_of(pod: &Object) -> impl Iterator<Item = &str> {
    let volumes = pod.json.pointer("/spec/volumes").and_then(Value::as_array).into_iter().flatten();
    volumes.filter_map(|volume| volume.pointer("/persistentVolumeClaim/claimName").and_then(Value::as_str))
}

/// The context and namespace of the claim that a database was first on.
fn home<'w>(world: &'w World, id: &str) -> Option<(&'w str, &'w str)> {
    world.cluster.clusters.iter().find_map(|(context, found)| {
        let ((namespace, _), _) = found.homes.iter().find(|(_, database)| *database == id)?;
        Some((context.as_str(), namespace.as_str()))
    })
}

/// The name of the workload that a hosted database is served by, as it stood when the trial began.
pub(crate) fn way(world: &World, id: &str) -> Option<String> {
    world.cluster.clusters.values().find_map(|found| found.runners.get(id).cloned())
}

/// Whether a hosted database stands still for want of what runs it.
pub(crate) fn is_down(world: &World, id: &str) -> bool {
    home(world, id).is_some() && databases::status(world, id) != Some("available")
}

/// Whether the server of a hosted database is just starting.
pub(crate) fn is_starting(world: &World, id: &str) -> bool {
    let serves = |found: &Arc<Cluster>| found.serving.contains_key(id);
    is_down(world, id)
        && databases::hosted_rows(world, id).is_some()
        && world.cluster.clusters.values().any(serves)
}

/// Rows of a database on a volume beside the one that is served.
pub(crate) fn apart<'w>(world: &'w World, id: &'w str) -> Option<&'w Data> {
    let volumes = world.cluster.clusters.values().flat_map(|found| found.volumes.values());
    volumes.filter(|volume| volume.database == id).find_map(|volume| volume.apart.as_ref())
}

/// How long the colleague on call needs for [`put_back`].
pub(crate) fn mend_s(world: &World) -> i64 {
    world.stage.cluster.as_ref().map_or(0, |cluster| cluster.mend_s)
}

/// Puts back what belongs to a database, from the manifests: its namespace and all that stood there. A volume that still holds
/// the rows is taken for it again.
///
/// # Errors
/// Nobody knows where it stood.
pub(crate) fn put_back(world: &mut World, id: &str) -> Result<String, Refusal> {
    let unknown = || Refusal::new("NotFound", format!("nobody knows what ran {id}"));
    let (context, namespace) =
        home(world, id).map(|(c, n)| (c.to_owned(), n.to_owned())).ok_or_else(unknown)?;
    let staged =
        world.cluster.clusters.get(&context).map(|found| Arc::clone(&found.staged)).ok_or_else(unknown)?;
    let all = manifests(world, &staged, "").map_err(|_| unknown())?;
    release(world, &context, &namespace);
    volumes::free(world, &context, id);
    for (key, mut json) in all {
        let here = key.namespace == namespace || (key.kind.kind == "Namespace" && key.name == namespace);
        let stands =
            world.cluster.clusters.get(&context).is_some_and(|found| found.objects.contains_key(&key));
        if here && !key.kind.derived && !stands {
            store::unset(&mut json, &["metadata", "creationTimestamp"]);
            if key.kind.kind == "PersistentVolumeClaim" {
                keep_volume(world, &context, &mut json);
            }
            store::put(world, &context, key, json);
        } else if here && stands && key.kind.is_workload() {
            let replicas = json.pointer("/spec/replicas").cloned().unwrap_or_else(|| json!(1));
            store::change(world, &context, &key, |json| set(json, &["spec", "replicas"], replicas));
        }
    }
    sync::sync(world, &context);
    Ok(format!("put {namespace} back in {context} from its manifests"))
}

/// A claim names its volume only while that stands.
fn keep_volume(world: &World, context: &str, json: &mut Value) {
    let named = json.pointer("/spec/volumeName").and_then(Value::as_str).unwrap_or_default();
    let stands =
        world.cluster.clusters.get(context).is_some_and(|c| c.find("persistentvolumes", "", named).is_some());
    if !stands {
        store::unset(json, &["spec", "volumeName"]);
        store::unset(json, &["status"]);
    }
}

/// A namespace that is ending is let go of, with what holds it.
fn release(world: &mut World, context: &str, namespace: &str) {
    let Some(found) = world.cluster.clusters.get(context) else { return };
    if found.takes(namespace) {
        return;
    }
    let inside: Vec<Key> = found.objects.keys().filter(|key| key.namespace == namespace).cloned().collect();
    for key in inside {
        store::change(world, context, &key, |json| store::unset(json, &["metadata", "finalizers"]));
    }
    sync::sync(world, context);
    due(world, Due::Ended { context: context.to_owned(), namespace: namespace.to_owned() });
}
