//! The columns in which each kind is listed, and what stands in them.

use serde_json::Value;

use super::kubectl_text::age;
use crate::clock::Time;
use crate::service::stack_values::as_text;

/// A column's name, and where its cells come from: a place in the object with what stands for nothing behind a bar, or a word
/// that [`cell`] knows.
type Column = (&'static str, &'static str);

const NAME: Column = ("NAME", "name");
const AGE: Column = ("AGE", "age");
const CONTAINERS: Column = ("CONTAINERS", "containers");
const IMAGES: Column = ("IMAGES", "images");
const SELECTOR: Column = ("SELECTOR", "selector");
const MODES: Column = ("ACCESS MODES", "modes");
const CLASS: Column = ("STORAGECLASS", "/spec/storageClassName");
const ATTRIBUTES: Column = ("VOLUMEATTRIBUTESCLASS", "|<unset>");
const MODE: &[Column] = &[("VOLUMEMODE", "|Filesystem")];

/// The columns of a kind, those of `-o wide` apart.
const COLUMNS: &[(&str, &[Column], &[Column])] = &[
    ("Namespace", &[NAME, ("STATUS", "/status/phase"), AGE], &[]),
    (
        "Pod",
        &[
            NAME,
            ("READY", "pod-ready"),
            ("STATUS", "pod-status"),
            ("RESTARTS", "/status/containerStatuses/0/restartCount|0"),
            AGE,
        ],
        &[
            ("IP", "/status/podIP"),
            ("NODE", "/spec/nodeName"),
            ("NOMINATED NODE", "|<none>"),
            ("READINESS GATES", "|<none>"),
        ],
    ),
    (
        "Deployment",
        &[
            NAME,
            ("READY", "ready"),
            ("UP-TO-DATE", "/status/updatedReplicas|0"),
            ("AVAILABLE", "/status/availableReplicas|0"),
            AGE,
        ],
        &[CONTAINERS, IMAGES, SELECTOR],
    ),
    ("StatefulSet", &[NAME, ("READY", "ready"), AGE], &[CONTAINERS, IMAGES]),
    (
        "DaemonSet",
        &[
            NAME,
            ("DESIRED", "/status/desiredNumberScheduled|0"),
            ("CURRENT", "/status/currentNumberScheduled|0"),
            ("READY", "/status/numberReady|0"),
            ("UP-TO-DATE", "/status/updatedNumberScheduled|0"),
            ("AVAILABLE", "/status/numberAvailable|0"),
            ("NODE SELECTOR", "|<none>"),
            AGE,
        ],
        &[CONTAINERS, IMAGES, SELECTOR],
    ),
    (
        "ReplicaSet",
        &[
            NAME,
            ("DESIRED", "/spec/replicas|0"),
            ("CURRENT", "/status/replicas|0"),
            ("READY", "/status/readyReplicas|0"),
            AGE,
        ],
        &[CONTAINERS, IMAGES, SELECTOR],
    ),
    (
        "PersistentVolumeClaim",
        &[
            NAME,
            ("STATUS", "phase"),
            ("VOLUME", "/spec/volumeName"),
            ("CAPACITY", "/status/capacity/storage"),
            MODES,
            CLASS,
            ATTRIBUTES,
            AGE,
        ],
        MODE,
    ),
    (
        "PersistentVolume",
        &[
            NAME,
            ("CAPACITY", "/spec/capacity/storage"),
            MODES,
            ("RECLAIM POLICY", "/spec/persistentVolumeReclaimPolicy"),
            ("STATUS", "phase"),
            ("CLAIM", "claim"),
            CLASS,
            ATTRIBUTES,
            ("REASON", "|"),
            AGE,
        ],
        MODE,
    ),
    (
        "Service",
        &[
            NAME,
            ("TYPE", "/spec/type|ClusterIP"),
            ("CLUSTER-IP", "/spec/clusterIP|10.96.0.10"),
            ("EXTERNAL-IP", "/status/loadBalancer/ingress/0/ip|<none>"),
            ("PORT(S)", "ports"),
            AGE,
        ],
        &[SELECTOR],
    ),
    (
        "StorageClass",
        &[
            NAME,
            ("PROVISIONER", "/provisioner"),
            ("RECLAIMPOLICY", "/reclaimPolicy|Delete"),
            ("VOLUMEBINDINGMODE", "/volumeBindingMode|Immediate"),
            ("ALLOWVOLUMEEXPANSION", "/allowVolumeExpansion|false"),
            AGE,
        ],
        &[],
    ),
    (
        "Node",
        &[
            NAME,
            ("STATUS", "|Ready"),
            ("ROLES", "|<none>"),
            AGE,
            ("VERSION", "/status/nodeInfo/kubeletVersion|v1.31.4"),
        ],
        &[("INTERNAL-IP", "/status/addresses/0/address"), ("OS-IMAGE", "/status/nodeInfo/osImage")],
    ),
    (
        "Event",
        &[
            ("LAST SEEN", "seen"),
            ("TYPE", "/type"),
            ("REASON", "/reason"),
            ("OBJECT", "about"),
            ("MESSAGE", "/message"),
        ],
        &[],
    ),
    ("ConfigMap", &[NAME, ("DATA", "data"), AGE], &[]),
    ("Secret", &[NAME, ("TYPE", "/type|Opaque"), ("DATA", "data"), AGE], &[]),
    (
        "CronJob",
        &[
            NAME,
            ("SCHEDULE", "/spec/schedule"),
            ("SUSPEND", "suspend"),
            ("ACTIVE", "|0"),
            ("LAST SCHEDULE", "scheduled"),
            AGE,
        ],
        &[],
    ),
    (
        "VolumeSnapshot",
        &[
            NAME,
            ("READYTOUSE", "/status/readyToUse|true"),
            ("SOURCEPVC", "/spec/source/persistentVolumeClaimName"),
            ("SNAPSHOTCLASS", "/spec/volumeSnapshotClassName"),
            ("CREATIONTIME", "taken"),
            AGE,
        ],
        &[],
    ),
];

/// The columns of a kind: those that are always shown, and those of `-o wide`.
pub(super) fn columns(kind: &str) -> (&'static [Column], &'static [Column]) {
    let found = COLUMNS.iter().find(|(name, ..)| *name == kind);
    found.map_or((&[NAME, AGE], &[]), |(_, narrow, wide)| (narrow, wide))
}

/// A value at a pointer, as a cell has it.
pub(super) fn at(item: &Value, pointer: &str) -> String {
    item.pointer(pointer).map(as_text).unwrap_or_default()
}

/// What stands for nothing in place of an empty text.
pub(super) fn or(text: String, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text }
}

/// What stands in a column.
pub(super) fn cell(item: &Value, source: &str, now: Time) -> String {
    let get = |pointer: &str| at(item, pointer);
    let since = |pointer: &str| age(&or(get(pointer), &get("/metadata/creationTimestamp")), now);
    match source {
        "age" => since("/metadata/creationTimestamp"),
        "seen" => since("/lastTimestamp"),
        "taken" => since("/status/creationTime"),
        "scheduled" if get("/status/lastScheduleTime").is_empty() => "<none>".to_owned(),
        "scheduled" => since("/status/lastScheduleTime"),
        "suspend" if get("/spec/suspend") == "true" => "True".to_owned(),
        "suspend" => "False".to_owned(),
        "ready" => {
            format!("{}/{}", or(get("/status/readyReplicas"), "0"), or(get("/spec/replicas"), "1"))
        }
        "pod-ready" => {
            let statuses = item.pointer("/status/containerStatuses").and_then(Value::as_array);
            let ready = |status: &&Value| status.get("ready") == Some(&Value::Bool(true));
            let count = statuses.into_iter().flatten().filter(ready).count();
            format!("{count}/{}", statuses.map_or(0, Vec::len))
        }
        "pod-status" | "phase" if item.pointer("/metadata/deletionTimestamp").is_some() => {
            "Terminating".to_owned()
        }
        "pod-status" => or(get("/status/containerStatuses/0/state/waiting/reason"), &get("/status/phase")),
        "phase" => get("/status/phase"),
        "claim" if get("/spec/claimRef/name").is_empty() => String::new(),
        "claim" => format!("{}/{}", get("/spec/claimRef/namespace"), get("/spec/claimRef/name")),
        "about" => format!("{}/{}", get("/involvedObject/kind").to_lowercase(), get("/involvedObject/name")),
        "modes" => modes(item),
        "containers" => containers(item, "name"),
        "images" => containers(item, "image"),
        "selector" => selector(item),
        "ports" => ports(item),
        "data" => {
            item.pointer("/data").and_then(Value::as_object).map_or(0, serde_json::Map::len).to_string()
        }
        place => match place.split_once('|') {
            Some(("", otherwise)) => otherwise.to_owned(),
            Some((place, otherwise)) => or(get(place), otherwise),
            None => get(place),
        },
    }
}

/// `RWO` for `ReadWriteOnce`.
fn modes(item: &Value) -> String {
    let all = item
        .pointer("/spec/accessModes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let short = all.map(|mode| match mode {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        other => other,
    });
    short.collect::<Vec<_>>().join(",")
}

fn containers(item: &Value, field: &str) -> String {
    let all = item.pointer("/spec/template/spec/containers").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|c| c.get(field)).filter_map(Value::as_str).collect::<Vec<_>>().join(",")
}

/// `a=b,c=d`.
pub(super) fn pairs(value: Option<&Value>) -> String {
    let each = value.and_then(Value::as_object).into_iter().flatten();
    let each: Vec<String> =
        each.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    if each.is_empty() { "<none>".to_owned() } else { each.join(",") }
}

fn selector(item: &Value) -> String {
    pairs(item.pointer("/spec/selector/matchLabels").or_else(|| item.pointer("/spec/selector")))
}

fn ports(item: &Value) -> String {
    let all = item.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten();
    let each = all.map(|port| format!("{}/{}", at(port, "/port"), or(at(port, "/protocol"), "TCP")));
    let each: Vec<String> = each.collect();
    if each.is_empty() { "<none>".to_owned() } else { each.join(",") }
}
