//! `kubectl describe`: a thing with what is known of it, and what happened to it.

use serde_json::Value;

use super::kubectl_rows::{at, cell, or, pairs};
use super::kubectl_text::{age, sorted, yaml};
use crate::clock::Time;

/// Names and where their values stand, by kind: a `+` before a place is a map of texts, a word is one that [`value`] knows, and
/// all else is as in a column of a table.
const FIELDS: &[(&str, &[(&str, &str)])] = &[
    (
        "Namespace",
        &[
            ("Labels", "+/metadata/labels"),
            ("Annotations", "+/metadata/annotations"),
            ("Status", "/status/phase"),
        ],
    ),
    (
        "PersistentVolume",
        &[
            ("Labels", "+/metadata/labels"),
            ("Annotations", "+/metadata/annotations"),
            ("Finalizers", "/metadata/finalizers"),
            ("StorageClass", "/spec/storageClassName"),
            ("Status", "/status/phase"),
            ("Claim", "claim"),
            ("Reclaim Policy", "/spec/persistentVolumeReclaimPolicy"),
            ("Access Modes", "modes"),
            ("VolumeMode", "|Filesystem"),
            ("Capacity", "/spec/capacity/storage"),
        ],
    ),
    (
        "PersistentVolumeClaim",
        &[
            ("Namespace", "/metadata/namespace"),
            ("StorageClass", "/spec/storageClassName"),
            ("Status", "phase"),
            ("Volume", "/spec/volumeName"),
            ("Labels", "+/metadata/labels"),
            ("Annotations", "+/metadata/annotations"),
            ("Finalizers", "/metadata/finalizers"),
            ("Capacity", "/status/capacity/storage"),
            ("Access Modes", "modes"),
            ("VolumeMode", "|Filesystem"),
            ("Used By", "users"),
        ],
    ),
    (
        "Pod",
        &[
            ("Namespace", "/metadata/namespace"),
            ("Node", "/spec/nodeName"),
            ("Start Time", "/status/startTime"),
            ("Labels", "+/metadata/labels"),
            ("Annotations", "+/metadata/annotations"),
            ("Finalizers", "/metadata/finalizers"),
            ("Status", "phase"),
            ("IP", "/status/podIP"),
            ("Controlled By", "owner"),
            ("Containers", "containers"),
            ("Volumes", "volumes"),
        ],
    ),
    (
        "Workload",
        &[
            ("Namespace", "/metadata/namespace"),
            ("CreationTimestamp", "/metadata/creationTimestamp"),
            ("Labels", "+/metadata/labels"),
            ("Annotations", "+/metadata/annotations"),
            ("Selector", "+/spec/selector/matchLabels"),
            ("Replicas", "replicas"),
            ("Pod Template", "template"),
            ("Volume Claims", "templates"),
        ],
    ),
];
/// For every other kind.
const OTHERS: &[(&str, &str)] = &[
    ("Namespace", "/metadata/namespace"),
    ("Labels", "+/metadata/labels"),
    ("Annotations", "+/metadata/annotations"),
    ("Spec", "rest"),
];

/// An item as the tool describes it, with the events and pods that the answer brings along.
pub(super) fn described(item: &Value, answer: &Value, now: Time) -> String {
    let kind = at(item, "/kind");
    let known = match kind.as_str() {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => "Workload",
        kind => kind,
    };
    let fields = FIELDS.iter().find(|(name, _)| *name == known).map_or(OTHERS, |(_, fields)| fields);
    let mut lines = vec![("Name", at(item, "/metadata/name"))];
    lines.extend(fields.iter().map(|(name, place)| (*name, value(item, place, answer, now))));
    if let Some(since) = item.pointer("/metadata/deletionTimestamp").and_then(Value::as_str) {
        lines.push(("Termination", format!("lasts {}", age(since, now))));
    }
    lines.retain(|(name, value)| *name != "Finalizers" || !value.is_empty());
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0).saturating_add(3);
    let line = |(name, value): &(&str, String)| {
        let mut parts = value.lines();
        let first = format!("{:<width$}{}\n", format!("{name}:"), parts.next().unwrap_or_default());
        let rest = parts.map(|part| format!("{}{part}\n", " ".repeat(width)));
        first.trim_end().to_owned() + "\n" + &rest.collect::<String>()
    };
    lines.iter().map(line).collect::<String>() + &conditions(item) + &events(item, answer, now)
}

fn value(item: &Value, place: &str, answer: &Value, now: Time) -> String {
    if let Some(place) = place.strip_prefix('+') {
        return pairs(item.pointer(place)).replace(',', "\n");
    }
    match place {
        "owner" => format!(
            "{}/{}",
            at(item, "/metadata/ownerReferences/0/kind"),
            at(item, "/metadata/ownerReferences/0/name")
        ),
        "containers" => containers(item.pointer("/spec/containers")),
        "template" => containers(item.pointer("/spec/template/spec/containers")),
        "templates" => templates(item),
        "volumes" => volumes(item),
        "replicas" => replicas(item),
        "users" => users(item, answer),
        "rest" => ["/spec", "/data", "/provisioner", "/reclaimPolicy"]
            .iter()
            .filter_map(|place| item.pointer(place))
            .map(|value| value.as_str().map_or_else(|| yaml(&sorted(value.clone())), str::to_owned))
            .collect::<Vec<_>>()
            .join("\n"),
        place => match item.pointer(place) {
            Some(Value::Array(all)) => {
                let texts: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
                format!("[{}]", texts.join(" "))
            }
            _ => cell(item, place, now),
        },
    }
}

/// The claims that a stateful set makes.
fn templates(item: &Value) -> String {
    let all = item.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array).into_iter().flatten();
    let each: Vec<String> = all
        .map(|t| {
            format!(
                "{} ({}, {})",
                at(t, "/metadata/name"),
                at(t, "/spec/storageClassName"),
                at(t, "/spec/resources/requests/storage")
            )
        })
        .collect();
    if each.is_empty() { "<none>".to_owned() } else { each.join("\n") }
}

/// What a pod mounts.
fn volumes(item: &Value) -> String {
    let all = item.pointer("/spec/volumes").and_then(Value::as_array).into_iter().flatten();
    let each = all.map(|v| match at(v, "/persistentVolumeClaim/claimName") {
        claim if claim.is_empty() => at(v, "/name"),
        claim => format!("{} (PersistentVolumeClaim {claim})", at(v, "/name")),
    });
    each.collect::<Vec<_>>().join("\n")
}

/// How many pods a workload has.
fn replicas(item: &Value) -> String {
    let count = |place: &str, otherwise: &str| or(at(item, place), otherwise);
    format!(
        "{} desired | {} total | {} available",
        count("/spec/replicas", "1"),
        count("/status/replicas", "0"),
        count("/status/availableReplicas", "0")
    )
}

/// The pods that use a claim.
fn users(item: &Value, answer: &Value) -> String {
    let (namespace, name) = (at(item, "/metadata/namespace"), at(item, "/metadata/name"));
    let pods = answer.get("pods").and_then(Value::as_array).into_iter().flatten();
    let mounts = |pod: &&Value| {
        let claims = pod.get("claims").and_then(Value::as_array);
        at(pod, "/namespace") == namespace
            && claims.is_some_and(|all| all.iter().any(|c| c.as_str() == Some(&name)))
    };
    let each: Vec<String> = pods.filter(mounts).map(|pod| at(pod, "/name")).collect();
    if each.is_empty() { "<none>".to_owned() } else { each.join("\n") }
}

fn containers(all: Option<&Value>) -> String {
    let all = all.and_then(Value::as_array).into_iter().flatten();
    all.map(|c| format!("{}: {}", at(c, "/name"), at(c, "/image"))).collect::<Vec<_>>().join("\n")
}

/// What a namespace that ends says of what is still in it.
fn conditions(item: &Value) -> String {
    let all = item.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let told = all.filter(|condition| !at(condition, "/message").is_empty());
    let lines: Vec<String> = told
        .map(|c| {
            format!(
                "  {}  {}  {}  {}\n",
                at(c, "/type"),
                at(c, "/status"),
                at(c, "/reason"),
                at(c, "/message")
            )
        })
        .collect();
    if lines.is_empty() { String::new() } else { format!("Conditions:\n{}", lines.concat()) }
}

fn events(item: &Value, answer: &Value, now: Time) -> String {
    let (kind, name, namespace) =
        (at(item, "/kind"), at(item, "/metadata/name"), at(item, "/metadata/namespace"));
    let about = |event: &&Value| {
        let place = at(event, "/involvedObject/namespace");
        at(event, "/involvedObject/kind") == kind
            && at(event, "/involvedObject/name") == name
            && (place.is_empty() || place == namespace)
    };
    let all = answer.get("events").and_then(Value::as_array).into_iter().flatten();
    let lines: Vec<String> = all
        .filter(about)
        .map(|e| {
            format!(
                "  {:<8} {:<20} {:<6} {}\n",
                at(e, "/type"),
                at(e, "/reason"),
                age(&at(e, "/lastTimestamp"), now),
                at(e, "/message")
            )
        })
        .collect();
    match lines.is_empty() {
        true => "Events:  <none>\n".to_owned(),
        false => format!("Events:\n{}", lines.concat()),
    }
}
