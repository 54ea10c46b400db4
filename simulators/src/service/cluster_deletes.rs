//! Deletions in a cluster, and waiting for them.

use serde_json::{Value, json};

use super::cluster_reads::{self as reads, Chosen};
use super::cluster_store::{self as store, Key, Object};
use super::cluster_sync as sync;
use crate::World;
use crate::call::{Answer, Call, Refusal};

/// Namespaces that the server does not let go of.
const IMMORTAL: [&str; 3] = ["default", "kube-public", "kube-system"];
/// Whoever waits without a limit of their own gives up after this long: the real tool would wait on.
const WAITS_S: i64 = 600;
/// A wait looks so often.
const LOOKS_EVERY_S: i64 = 2;

/// `(dry run)`, as the tool says it behind what it would have done.
pub(super) fn dry(call: &Call) -> Option<&'static str> {
    match call.text("dry-run").unwrap_or("none") {
        "none" => None,
        "server" => Some(" (server dry run)"),
        _ => Some(" (dry run)"),
    }
}

/// Lines of what was done, and what went wrong beside.
pub(super) fn told(lines: Vec<String>, errors: Vec<String>) -> Answer {
    let code = i32::from(!errors.is_empty());
    let stderr: String = errors.into_iter().map(|line| line + "\n").collect();
    Ok(json!({"text": lines.concat(), "stderr": stderr, "code": code}))
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let Chosen { context, keys, mut missing } = reads::chosen(world, call)?;
    if call.flag("ignore-not-found") {
        missing.clear();
    }
    let (mut lines, mut gone) = (Vec::new(), Vec::new());
    let force = call.flag("force") && call.text("grace-period") == Some("0");
    let how = if force { "force deleted" } else { "deleted" };
    for key in keys {
        if key.kind.kind == "Namespace" && IMMORTAL.contains(&key.name.as_str()) {
            missing.push(format!(
                "Error from server (Forbidden): namespaces \"{}\" is forbidden: this namespace may not be deleted",
                key.name
            ));
            continue;
        }
        let shown =
            if call.text("output") == Some("name") { key.shown() } else { format!("{} {how}", key.quoted()) };
        lines.push(format!("{shown}{}\n", dry(call).unwrap_or_default()));
        if dry(call).is_none() {
            if call.text("cascade") == Some("orphan") {
                orphan(world, &context, &key);
            }
            sync::end(world, &context, &key);
            gone.push(key);
        }
    }
    if lines.is_empty() && missing.is_empty() {
        lines.push("No resources found\n".to_owned());
    }
    if dry(call).is_none() {
        sync::sync(world, &context);
        if call.text("wait") != Some("false") {
            missing.extend(until_gone(world, &context, &gone, call));
        }
    }
    told(lines, missing)
}

/// What a workload has made stays without it.
fn orphan(world: &mut World, context: &str, key: &Key) {
    let Some(found) = world.cluster.clusters.get(context) else { return };
    let owned = |object: &Object| object.owner() == Some((key.kind.kind, key.name.as_str()));
    let made = found.objects.iter().filter(|(k, object)| k.namespace == key.namespace && owned(object));
    let made: Vec<Key> = made.map(|(key, _)| key.clone()).collect();
    for key in made {
        store::change(world, context, &key, |json| store::unset(json, &["metadata", "ownerReferences"]));
    }
}

/// Lets time pass until none of these stands any more; says which still do.
fn until_gone(world: &mut World, context: &str, keys: &[Key], call: &Call) -> Vec<String> {
    let limit = call.text("timeout").and_then(seconds).filter(|s| *s > 0).unwrap_or(WAITS_S);
    let end = world.now().plus(limit);
    loop {
        let found = world.cluster.clusters.get(context);
        let left: Vec<&Key> =
            keys.iter().filter(|key| found.is_some_and(|found| found.objects.contains_key(key))).collect();
        if left.is_empty() {
            return Vec::new();
        }
        if world.now() >= end {
            let each = left.iter().map(|key| {
                format!("error: timed out waiting for the condition on {}/{}", key.kind.full(), key.name)
            });
            return each.collect();
        }
        world.advance(world.now().plus(LOOKS_EVERY_S).min(end));
    }
}

/// `90s`, `5m`, `1h30m`; a bare number is seconds.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    let mut digits = String::new();
    for c in text.chars() {
        let unit = match c {
            '0'..='9' => {
                digits.push(c);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            _ => return None,
        };
        total = total.saturating_add(digits.parse::<i64>().ok()?.saturating_mul(unit));
        digits.clear();
    }
    match digits.is_empty() {
        true => Some(total),
        false => digits.parse::<i64>().ok().map(|rest| total.saturating_add(rest)),
    }
}

/// `kubectl wait`: for a deletion, or for pods and workloads to be ready.
pub(super) fn wait(world: &mut World, call: &Call) -> Answer {
    let Chosen { context, keys, missing } = reads::chosen(world, call)?;
    let waits_for = call.text("for").unwrap_or_default();
    if waits_for == "delete" {
        let mut timed = call.clone();
        timed.args.entry("timeout").or_insert_with(|| Value::from("30s"));
        let left = until_gone(world, &context, &keys, &timed);
        let met =
            keys.iter().filter(|_| left.is_empty()).map(|key| format!("{} condition met\n", key.shown()));
        return told(met.collect(), left);
    }
    if let Some(missing) = missing.into_iter().next() {
        return Err(Refusal::new("NotFound", missing));
    }
    // Whatever starts has started after half a minute.
    world.advance(world.now().plus(30));
    told(keys.iter().map(|key| format!("{} condition met\n", key.shown())).collect(), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, expected) in [
            ("90s", Some(90)),
            ("5m", Some(300)),
            ("1h30m", Some(5_400)),
            ("7", Some(7)),
            ("x", None),
            ("", Some(0)),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
