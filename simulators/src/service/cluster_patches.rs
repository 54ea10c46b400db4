//! What becomes of the fields of an object: a manifest applied over it, patches, and what may not change.

use serde_json::{Map, Value};

use super::cluster_store::{self as store, Key, set, unset};
use crate::call::Refusal;

/// Where the tool keeps what was applied last.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object without what only the server sets.
pub(super) fn plain(json: &Value) -> Value {
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
pub(super) fn applied(before: Option<&Value>, mut json: Value) -> Value {
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
    merge(&mut after, &json, Lists::ByName);
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

/// What a patch makes of lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lists {
    /// Things with names are merged by them.
    ByName,
    /// The new list stands in place of the old.
    Whole,
}

/// Merges `patch` into `at`: maps by key, and `null` takes away.
pub(super) fn merge(at: &mut Value, patch: &Value, lists: Lists) {
    match (at, patch) {
        (Value::Object(at), Value::Object(patch)) => {
            for (key, value) in patch {
                match value.is_null() {
                    true => drop(at.remove(key)),
                    false => merge(at.entry(key.clone()).or_insert(Value::Null), value, lists),
                }
            }
        }
        (Value::Array(at), Value::Array(patch))
            if lists == Lists::ByName
                && !patch.is_empty()
                && patch.iter().all(|item| item.get("name").is_some()) =>
        {
            for item in patch {
                match at.iter_mut().find(|old| old.get("name") == item.get("name")) {
                    Some(old) => merge(old, item, lists),
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

/// Does one operation of a JSON patch (RFC 6902). `None` where it does not fit.
pub(super) fn operate(json: &mut Value, operation: &Value) -> Option<()> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
    let Some((_, path)) = text("path").split_once('/') else { return Some(()) };
    let (parent, last) = path
        .rsplit_once('/')
        .map_or_else(|| (String::new(), path), |(parent, last)| (format!("/{parent}"), last));
    let last = last.replace("~1", "/").replace("~0", "~");
    let value = operation.get("value").cloned().unwrap_or_default();
    match (json.pointer_mut(&parent)?, text("op")) {
        (Value::Object(map), "remove") => map.remove(&last).map(drop),
        (Value::Object(map), "add" | "replace") => {
            map.insert(last, value);
            Some(())
        }
        (Value::Array(items), "add") if last == "-" => {
            items.push(value);
            Some(())
        }
        (Value::Array(items), "add") => {
            let at = last.parse::<usize>().ok().filter(|at| *at <= items.len())?;
            items.insert(at, value);
            Some(())
        }
        (Value::Array(items), how) => {
            let at = last.parse::<usize>().ok()?;
            let slot = items.get_mut(at)?;
            match how {
                "replace" => *slot = value,
                "remove" => drop(items.remove(at)),
                _ => return None,
            }
            Some(())
        }
        _ => None,
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
pub(super) fn fixed(key: &Key, before: &Value, after: &Value) -> Result<(), Refusal> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patches_take_lists_by_name_or_whole() {
        let at = json!({"a": {"b": 1, "c": 2}, "l": [{"name": "x", "v": 1}, {"name": "y"}]});
        let patch = json!({"a": {"b": null, "d": {"e": null}}, "l": [{"name": "x", "v": 2}, {"name": "z"}]});
        let merged = |lists: Lists| {
            let mut at = at.clone();
            merge(&mut at, &patch, lists);
            at
        };
        let by_name = json!([{"name": "x", "v": 2}, {"name": "y"}, {"name": "z"}]);
        assert_eq!(merged(Lists::ByName), json!({"a": {"c": 2, "d": {}}, "l": by_name}));
        assert_eq!(merged(Lists::Whole), json!({"a": {"c": 2, "d": {}}, "l": patch["l"]}));
    }

    #[test]
    fn operations_of_a_json_patch() {
        let at = json!({"a/b": {"l": [1, 2]}});
        for (operation, expected) in [
            (
                json!({"op": "add", "path": "/a~1b/x", "value": 3}),
                Some(json!({"a/b": {"l": [1, 2], "x": 3}})),
            ),
            (json!({"op": "add", "path": "/a~1b/l/-", "value": 3}), Some(json!({"a/b": {"l": [1, 2, 3]}}))),
            (json!({"op": "add", "path": "/a~1b/l/0", "value": 3}), Some(json!({"a/b": {"l": [3, 1, 2]}}))),
            (json!({"op": "add", "path": "/a~1b/l/2", "value": 3}), Some(json!({"a/b": {"l": [1, 2, 3]}}))),
            (json!({"op": "add", "path": "/a~1b/l/3", "value": 3}), None),
            (json!({"op": "replace", "path": "/a~1b/l/1", "value": 3}), Some(json!({"a/b": {"l": [1, 3]}}))),
            (json!({"op": "remove", "path": "/a~1b/l/0"}), Some(json!({"a/b": {"l": [2]}}))),
            (json!({"op": "remove", "path": "/a~1b"}), Some(json!({}))),
            (json!({"op": "remove", "path": "/a~1b/l/2"}), None),
            (json!({"op": "remove", "path": "/a~1b/x"}), None),
            (json!({"op": "add", "path": "/x/y", "value": 3}), None),
            (json!({"op": "dance", "path": "/a~1b"}), None),
        ] {
            let mut json = at.clone();
            let done = operate(&mut json, &operation);
            assert_eq!(done.map(|()| json), expected, "{operation}");
        }
    }
}
