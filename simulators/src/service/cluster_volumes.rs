//! Claims and volumes: what is bound to what, what becomes of a volume whose claim is gone, and which database is served.
//!
//! A volume is claimed once. When its claim goes, the reclaim policy decides: with `Delete` the volume goes, and the rows on
//! it; with `Retain` it stays, released, and the rows on it are out of reach until somebody frees it for another claim.

use serde_json::{Value, json};

use super::cluster::{self, Due};
use super::cluster_store::{self as store, Key, Object, set, unset};
use super::databases;
use crate::World;
use crate::sql::Data;
use crate::world::Due as WorldDue;

/// A server that starts takes this long until it takes connections.
const STARTS_S: i64 = 20;

/// What lies on a volume.
#[derive(Clone, Debug)]
pub(super) struct Volume {
    /// The database whose rows these are.
    pub database: String,
    /// The rows, while another volume is the one that the database is served from.
    pub apart: Option<Data>,
}

/// Binds the claims of a cluster that wait, and lets go of volumes whose claim is gone. True if anything changed.
pub(super) fn sync(world: &mut World, context: &str) -> bool {
    let Some(found) = world.cluster.clusters.get(context) else { return false };
    let waiting = |(_, claim): &(&Key, &Object)| claim.text("/status/phase") != "Bound" && !claim.is_ending();
    let waiting: Vec<Key> =
        found.of("persistentvolumeclaims", None).filter(waiting).map(|(key, _)| key.clone()).collect();
    let volumes: Vec<Key> = found.of("persistentvolumes", None).map(|(key, _)| key.clone()).collect();
    let mut changed = false;
    for key in waiting {
        changed |= bind(world, context, &key);
    }
    for key in volumes {
        changed |= settle(world, context, &key);
    }
    changed
}

/// Whether a volume may be taken by a claim.
fn fits(volume: &Object, claim: &Object, (namespace, name): (&str, &str)) -> bool {
    let holder = (volume.text("/spec/claimRef/namespace"), volume.text("/spec/claimRef/name"));
    let is_free = volume.json.pointer("/spec/claimRef").is_none_or(Value::is_null);
    let is_held_for = holder == (namespace, name)
        && matches!(volume.text("/spec/claimRef/uid"), uid if uid.is_empty() || uid == claim.text("/metadata/uid"));
    let named = claim.text("/spec/volumeName");
    let same_class = volume.text("/spec/storageClassName") == claim.text("/spec/storageClassName");
    !volume.is_ending()
        && (is_free || is_held_for)
        && (named == volume.text("/metadata/name") || named.is_empty() && same_class)
}

fn bind(world: &mut World, context: &str, key: &Key) -> bool {
    let Some(found) = world.cluster.clusters.get(context) else { return false };
    let Some(claim) = found.objects.get(key).cloned() else { return false };
    let at = (key.namespace.as_str(), key.name.as_str());
    let volume = found.of("persistentvolumes", None).find(|(_, volume)| fits(volume, &claim, at));
    let volume = match volume.map(|(key, _)| key.clone()) {
        Some(volume) => volume,
        None if claim.text("/spec/volumeName").is_empty() => match provision(world, context, key, &claim) {
            Some(volume) => volume,
            None => return false,
        },
        None => return false,
    };
    let owner = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": key.namespace, "name": key.name,
        "uid": claim.text("/metadata/uid"),
    });
    store::change(world, context, &volume, |json| {
        set(json, &["spec", "claimRef"], owner);
        set(json, &["status", "phase"], "Bound");
    });
    let capacity = store::object(world, context, &volume).and_then(|v| v.json.pointer("/spec/capacity"));
    let capacity = capacity.cloned().unwrap_or_default();
    store::change(world, context, key, |json| {
        set(json, &["spec", "volumeName"], volume.name.clone());
        set(
            json,
            &["status"],
            json!({"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": capacity}),
        );
    });
    attach(world, context, &volume.name);
    true
}

/// Makes a volume for a claim, as its storage class says; none if there is no such class.
fn provision(world: &mut World, context: &str, key: &Key, claim: &Object) -> Option<Key> {
    let found = world.cluster.clusters.get(context)?;
    let class = claim.text("/spec/storageClassName");
    let policy = found.find("storageclasses", "", class)?.text("/reclaimPolicy").to_owned();
    let policy = if policy.is_empty() { "Delete".to_owned() } else { policy };
    let home = found.homes.get(&(key.namespace.clone(), key.name.clone())).cloned();
    let name = format!("pvc-{}", claim.text("/metadata/uid"));
    let volume = Key::new("persistentvolumes", "", &name)?;
    let size =
        claim.json.pointer("/spec/resources/requests/storage").cloned().unwrap_or_else(|| "1Gi".into());
    let since = store::since(world, claim);
    let json = json!({
        "metadata": {"creationTimestamp": since, "finalizers": ["kubernetes.io/pv-protection"]},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}, "storageClassName": class,
            "persistentVolumeReclaimPolicy": policy,
            "claimRef": {"namespace": key.namespace, "name": key.name},
        },
        "status": {"phase": "Available"},
    });
    store::put(world, context, volume.clone(), json);
    if let Some(database) = home {
        set_apart(world, context, &database);
        let from = claim.text("/spec/dataSource/name");
        databases::stand_anew(world, &database, Some(from).filter(|from| !from.is_empty()));
        if let Some(found) = store::cluster(world, context) {
            found.volumes.insert(name, Volume { database, apart: None });
        }
    }
    Some(volume)
}

/// Keeps the rows that a database is served from with their volume, so that another can take its place.
fn set_apart(world: &mut World, context: &str, database: &str) {
    let Some(rows) = databases::hosted_rows(world, database).cloned() else { return };
    let held = store::cluster(world, context).into_iter().flat_map(|found| found.volumes.values_mut());
    if let Some(volume) = held.filter(|v| v.database == database).find(|v| v.apart.is_none()) {
        volume.apart = Some(rows);
    }
}

/// What lies on a volume that is bound is what its database is served from.
fn attach(world: &mut World, context: &str, name: &str) {
    let volume = store::cluster(world, context).and_then(|found| found.volumes.get(name).cloned());
    let Some(Volume { database, apart: Some(rows) }) = volume else { return };
    set_apart(world, context, &database);
    if let Some(volume) = store::cluster(world, context).and_then(|found| found.volumes.get_mut(name)) {
        volume.apart = None;
    }
    databases::put_rows(world, &database, rows);
}

/// A volume whose claim is gone goes or is released, by its policy.
fn settle(world: &mut World, context: &str, key: &Key) -> bool {
    let Some(found) = world.cluster.clusters.get(context) else { return false };
    let Some(volume) = found.objects.get(key) else { return false };
    let at = (volume.text("/spec/claimRef/namespace"), volume.text("/spec/claimRef/name"));
    let claim = found.find("persistentvolumeclaims", at.0, at.1);
    let uid = volume.text("/spec/claimRef/uid");
    let is_held = claim.is_some_and(|claim| claim.text("/metadata/uid") == uid);
    let phase = match (uid.is_empty(), is_held, volume.text("/spec/persistentVolumeReclaimPolicy")) {
        (true, ..) => "Available",
        (_, true, _) => "Bound",
        (_, _, "Retain") => "Released",
        _ => "",
    };
    let is_ending = volume.is_ending();
    if phase.is_empty() || is_ending && phase != "Bound" {
        let keeps = !phase.is_empty() && volume.text("/spec/persistentVolumeReclaimPolicy") == "Retain";
        store::take(world, context, key);
        if !keeps {
            lose(world, context, &key.name);
        }
        return true;
    }
    let changed = volume.text("/status/phase") != phase;
    if changed {
        store::change(world, context, key, |json| set(json, &["status", "phase"], phase));
    }
    changed
}

/// The rows on a volume are gone.
fn lose(world: &mut World, context: &str, name: &str) {
    let gone = store::cluster(world, context).and_then(|found| found.volumes.remove(name));
    let Some(Volume { database, apart }) = gone else { return };
    match apart {
        Some(rows) => databases::lose_apart(world, &database, name, &rows),
        None => databases::vanish(world, &database),
    }
}

/// Starts and stops the servers of databases, by whether a pod runs on their volume. What was started anew is away meanwhile.
pub(super) fn serve(world: &mut World, context: &str) {
    let Some(found) = world.cluster.clusters.get(context) else { return };
    let live = found.volumes.iter().filter(|(_, volume)| volume.apart.is_none());
    let served: Vec<(String, Option<String>)> =
        live.map(|(name, volume)| (volume.database.clone(), pod_on(found, name))).collect();
    let gone: Vec<String> =
        found.serving.keys().filter(|id| !served.iter().any(|(served, _)| served == *id)).cloned().collect();
    let changed: Vec<_> =
        served.into_iter().filter(|(id, pod)| found.serving.get(id) != pod.as_ref()).collect();
    for (id, pod) in changed {
        databases::cut_off(world, &id);
        let Some(found) = store::cluster(world, context) else { return };
        match &pod {
            Some(pod) => found.serving.insert(id.clone(), pod.clone()),
            None => found.serving.remove(&id),
        };
        if let Some(pod) = pod {
            let due = Due::Serving { context: context.to_owned(), database: id, pod };
            let after = world.lasting("cluster/starts", STARTS_S);
            world.schedule(after, WorldDue::Cluster(due));
        }
    }
    if let Some(found) = store::cluster(world, context) {
        found.serving.retain(|id, _| !gone.contains(id));
    }
}

/// The pod that runs on a volume, by its identity.
pub(super) fn pod_on(found: &store::Cluster, volume: &str) -> Option<String> {
    let holder = found.find("persistentvolumes", "", volume)?;
    let (namespace, claim) = (holder.text("/spec/claimRef/namespace"), holder.text("/spec/claimRef/name"));
    let bound = found.find("persistentvolumeclaims", namespace, claim)?;
    if bound.text("/spec/volumeName") != volume {
        return None;
    }
    let mut pods = found.of("pods", Some(namespace)).filter(|(_, pod)| !pod.is_ending());
    let pod = pods.find(|(_, pod)| cluster::claims_of(pod).any(|name| name == claim));
    pod.map(|(_, pod)| pod.text("/metadata/uid").to_owned())
}

/// Frees what a database's rows lie on for its claim to take again.
pub(super) fn free(world: &mut World, context: &str, database: &str) {
    let Some(found) = world.cluster.clusters.get(context) else { return };
    let held = found.volumes.iter().filter(|(_, volume)| volume.database == database);
    let full = held.max_by_key(|(_, volume)| volume.apart.as_ref().map_or(0, Data::records));
    let Some(name) = full.map(|(name, _)| name.clone()) else { return };
    if let Some(key) = Key::new("persistentvolumes", "", &name) {
        store::change(world, context, &key, |json| {
            if json.pointer("/status/phase").and_then(Value::as_str) == Some("Released") {
                unset(json, &["spec", "claimRef"]);
            }
        });
    }
}
