//! Rollouts: how a workload stands, what it ran before, starting it anew, and going back.

use serde_json::{Value, json};

use super::cluster_reads as reads;
use super::cluster_store::{self as store, Cluster, Key, Object, set};
use super::cluster_sync as sync;
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::effect::Change;

/// Where an object says why it is as it is.
const CAUSE: &str = "/metadata/annotations/kubernetes.io~1change-cause";

/// The workloads that a call names.
fn workloads(world: &World, call: &Call) -> Result<(String, Vec<(Key, Object)>), Refusal> {
    let (context, keys) = reads::chosen(world, call)?.all()?;
    let (_, found) = reads::cluster_of(world, call)?;
    if let Some(other) = keys.iter().find(|key| !key.kind.is_workload()) {
        let text =
            format!("error: {} \"{}\" is not a workload that rolls out", other.kind.full(), other.name);
        return Err(Refusal::new("error", text));
    }
    let each =
        keys.into_iter().filter_map(|key| found.objects.get(&key).cloned().map(|object| (key, object)));
    Ok((context, each.collect()))
}

pub(super) fn status(world: &World, call: &Call) -> Answer {
    let (_, all) = workloads(world, call)?;
    let (_, found) = reads::cluster_of(world, call)?;
    let line = |(key, object): &(Key, Object)| {
        let wanted = object.number("/spec/replicas", 1);
        match key.kind.kind {
            "StatefulSet" => {
                let revision = sync::revisions(found, key).pop().map(|(_, key)| key.name).unwrap_or_default();
                format!("statefulset rolling update complete {wanted} pods at revision {revision}...\n")
            }
            "DaemonSet" => format!("daemon set \"{}\" successfully rolled out\n", key.name),
            _ => format!("deployment \"{}\" successfully rolled out\n", key.name),
        }
    };
    Ok(Value::from(all.iter().map(line).collect::<String>()))
}

pub(super) fn history(world: &World, call: &Call) -> Answer {
    let (_, all) = workloads(world, call)?;
    let (_, found) = reads::cluster_of(world, call)?;
    let mut text = String::new();
    for (key, _) in &all {
        if let Some(wanted) = call.text("revision").filter(|n| *n != "0") {
            let templates = templates(found, key).into_iter();
            let Some((_, template)) = templates.into_iter().find(|(n, _)| n.to_string() == wanted) else {
                return Err(Refusal::new("error", "error: unable to find the specified revision"));
            };
            text += &format!("{} with revision #{wanted}\n{}\n", key.shown(), shape(&template));
            continue;
        }
        text += &format!("{} \nREVISION  CHANGE-CAUSE\n", key.shown());
        for (number, revision) in sync::revisions(found, key) {
            let cause = found.objects.get(&revision).map(|object| object.text(CAUSE)).unwrap_or_default();
            let cause = if cause.is_empty() { "<none>" } else { cause };
            text += &format!("{number:<9} {cause}\n");
        }
        text += "\n";
    }
    Ok(Value::from(text))
}

/// The templates of a workload's revisions, oldest first, with their numbers.
fn templates(found: &Cluster, key: &Key) -> Vec<(i64, Value)> {
    let each = sync::revisions(found, key).into_iter();
    each.filter_map(|(number, key)| Some((number, sync::template(found.objects.get(&key)?)))).collect()
}

fn shape(template: &Value) -> String {
    let images = reads::images(&json!({"spec": {"template": template}}));
    let each = images.iter().map(|(name, image)| format!("   {name}:\n    Image:\t{image}\n"));
    format!("Pod Template:\n  Containers:\n{}", each.collect::<String>())
}

pub(super) fn restart(world: &mut World, call: &Call) -> Answer {
    let (context, all) = workloads(world, call)?;
    let now = world.now().to_string();
    let mut text = String::new();
    for (key, object) in &all {
        let at = ["spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"];
        store::change(world, &context, key, |json| set(json, &at, now.clone()));
        if let Some(uid) = object.uid {
            world.effect(uid, Change::Restarted);
        }
        text += &format!("{} restarted\n", key.shown());
    }
    sync::sync(world, &context);
    Ok(Value::from(text))
}

pub(super) fn undo(world: &mut World, call: &Call) -> Answer {
    let (context, all) = workloads(world, call)?;
    let wanted = call.text("to-revision").filter(|n| *n != "0");
    let (_, found) = reads::cluster_of(world, call)?;
    let mut back = Vec::new();
    for (key, object) in all {
        let mut templates = templates(found, &key);
        let chosen = match wanted {
            Some(n) => templates.into_iter().find(|(number, _)| number.to_string() == n),
            None => {
                templates.pop();
                templates.pop()
            }
        };
        let Some((_, template)) = chosen else {
            let text = match wanted {
                Some(n) => format!("error: unable to find specified revision {n} in history"),
                None => "error: no rollout history found for it to go back to".to_owned(),
            };
            return Err(Refusal::new("error", text));
        };
        back.push((key, object, template));
    }
    let mut text = String::new();
    for (key, object, template) in back {
        let before = object.json;
        let mut after = before.clone();
        set(&mut after, &["spec", "template"], template);
        if before == after {
            text += &format!("{} skipped rollback (current template already matches)\n", key.shown());
            continue;
        }
        text += &format!("{} rolled back\n", key.shown());
        let (old, new) = (reads::images(&before), reads::images(&after));
        store::change(world, &context, &key, |json| *json = after);
        if let Some(uid) = object.uid {
            for ((_, from), (_, to)) in old.iter().zip(&new).filter(|(a, b)| a != b) {
                world.effect(uid, Change::Deployed { from: from.clone(), to: to.clone(), older: true });
            }
            world.effect(uid, Change::RolledBack);
        }
    }
    sync::sync(world, &context);
    Ok(Value::from(text))
}
