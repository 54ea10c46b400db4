//! What changes a search cluster: indices made and deleted, aliases, mappings, documents.

use std::sync::Arc;

use serde_json::{Value, json};

use super::index_docs::{self as docs, Doc, Docs, Fields, Filter};
use super::indices::{
    Cluster, INDICES_MAX, Index, KIND, body, change, failed, filter, http, name, no_index, resource,
};
use crate::World;
use crate::call::{Answer, Call};
use crate::effect::Change;
use crate::resource::{NewResource, Uid};
use crate::stage::search::Search;

/// Fields and types of a body's mappings.
fn fields(body: &Value) -> Fields {
    let properties = body.get("mappings").unwrap_or(body).get("properties").and_then(Value::as_object);
    let kind = |field: &Value| field.get("type").and_then(Value::as_str).unwrap_or("object").to_owned();
    properties.into_iter().flatten().map(|(name, field)| (name.clone(), kind(field))).collect()
}

pub(super) fn create(world: &mut World, id: &str, call: &Call) -> Answer {
    let name = name(call).to_owned();
    let Some(cluster) = world.indices.0.get(id) else { return Ok(Value::Null) };
    if cluster.indices.contains_key(&name) || cluster.aliases.contains_key(&name) {
        let text = format!("index [{name}] already exists");
        return failed(400, "resource_already_exists_exception", &text, call);
    }
    let is_valid = !name.is_empty()
        && name == name.to_lowercase()
        && !name.starts_with(['_', '-', '+'])
        && !name.contains([' ', '*', ',', '#', '/']);
    if !is_valid || cluster.indices.len() >= INDICES_MAX {
        return failed(400, "invalid_index_name_exception", &format!("Invalid index name [{name}]"), call);
    }
    let staged = Arc::clone(&cluster.staged);
    let body = body(call);
    make(world, id, &staged, &name, fields(&body));
    let aliases = body.get("aliases").and_then(Value::as_object);
    for alias in aliases.into_iter().flat_map(|all| all.keys()) {
        point(world, id, alias, &name, true);
    }
    http(200, &json!({"acknowledged": true, "shards_acknowledged": true, "index": name}), call)
}

/// Makes an empty index.
pub(super) fn make(world: &mut World, id: &str, staged: &Search, name: &str, fields: Fields) {
    let gone = world.resources().filter(|r| r.kind == KIND && r.destroyed.is_some());
    let gone = gone.filter(|r| r.role.split('/').next() == Some(&staged.id)).last().map(|r| r.uid);
    let (uid, created) =
        (world.create(NewResource { replaces: gone, ..resource(staged, name, true) }), world.now());
    if let Some(cluster) = world.indices.0.get_mut(id) {
        cluster.indices.insert(name.to_owned(), Index { uid, created, fields, docs: Docs::default() });
        cluster.renew();
    }
}

/// Lets an alias lead to an index, or no longer.
fn point(world: &mut World, id: &str, alias: &str, name: &str, on: bool) {
    let Some(cluster) = world.indices.0.get_mut(id) else { return };
    let names = cluster.aliases.entry(alias.to_owned()).or_default();
    let changed = if on { names.insert(name.to_owned()) } else { names.remove(name) };
    if names.is_empty() {
        cluster.aliases.remove(alias);
    }
    cluster.renew();
    let uid = cluster.indices.get(name).map(|index| index.uid);
    if let (Some(uid), true) = (uid, changed) {
        stands(world, uid, &format!("alias {alias}"), on);
    }
}

/// Records that something is there now, or no longer.
pub(super) fn stands(world: &mut World, uid: Uid, what: &str, on: bool) {
    let word = |on: bool| if on { "there" } else { "not there" };
    world.configured(uid, what, word(!on), word(on));
}

pub(super) fn delete(world: &mut World, id: &str, call: &Call) -> Answer {
    let name = name(call);
    let Some(cluster) = world.indices.0.get(id) else { return Ok(Value::Null) };
    let free = cluster.settings.get("action.destructive_requires_name").is_some_and(|on| on == "false");
    if (name.contains('*') || name == "_all") && !free {
        return failed(
            400,
            "illegal_argument_exception",
            "Wildcard expressions or all indices are not allowed",
            call,
        );
    }
    if cluster.aliases.contains_key(name) {
        let text = format!(
            "The provided expression [{name}] matches an alias, specify the corresponding concrete indices instead."
        );
        return failed(400, "illegal_argument_exception", &text, call);
    }
    let names = cluster.named(name);
    if names.is_empty() {
        return no_index(name, call);
    }
    for name in names {
        take_away(world, id, &name);
    }
    http(200, &json!({"acknowledged": true}), call)
}

/// Deletes an index at once, with what only it held.
fn take_away(world: &mut World, id: &str, name: &str) {
    let Some(cluster) = world.indices.0.get_mut(id) else { return };
    let was = cluster.missing();
    let Some(index) = cluster.indices.remove(name) else { return };
    for names in cluster.aliases.values_mut() {
        names.remove(name);
    }
    cluster.aliases.retain(|_, names| !names.is_empty());
    cluster.renew();
    let is = cluster.missing();
    let lost = is.difference(&was).count() as u64;
    let best = if lost > 0 { cluster.best(&is) } else { None };
    world.destroy(index.uid, lost, best);
}

pub(super) fn put_mapping(world: &mut World, id: &str, call: &Call) -> Answer {
    let Some(cluster) = world.indices.0.get_mut(id) else { return Ok(Value::Null) };
    let names = cluster.named(name(call));
    let wanted = fields(&body(call));
    let Some(name) = names.first().cloned() else { return no_index(name(call), call) };
    let Some(index) = cluster.indices.get_mut(&name) else { return Ok(Value::Null) };
    for (field, kind) in &wanted {
        if let Some(other) = index.fields.get(field).filter(|other| *other != kind) {
            let text = format!("mapper [{field}] cannot be changed from type [{other}] to [{kind}]");
            return failed(400, "illegal_argument_exception", &text, call);
        }
    }
    let uid = index.uid;
    index.fields.extend(wanted);
    cluster.renew();
    world.effect(uid, Change::SchemaChanged { place: name });
    http(200, &json!({"acknowledged": true}), call)
}

pub(super) fn put_settings(world: &mut World, id: &str, call: &Call) -> Answer {
    let body = body(call);
    let groups = ["persistent", "transient"].iter().filter_map(|key| body.get(*key)?.as_object());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let wanted: Vec<(String, String)> =
        groups.flatten().map(|(key, value)| (key.clone(), text(value))).collect();
    let Some(cluster) = world.indices.0.get_mut(id) else { return Ok(Value::Null) };
    let uid = cluster.indices.values().next().map(|index| index.uid);
    let mut told = Vec::new();
    for (what, to) in wanted {
        let from = cluster.settings.insert(what.clone(), to.clone()).unwrap_or_default();
        told.push((what, from, to));
    }
    if let Some(uid) = uid {
        told.into_iter().for_each(|(what, from, to)| world.configured(uid, &what, from, to));
    }
    http(200, &json!({"acknowledged": true}), call)
}

/// All actions are done, or none.
pub(super) fn update_aliases(world: &mut World, id: &str, call: &Call) -> Answer {
    let body = body(call);
    let Some(cluster) = world.indices.0.get(id) else { return Ok(Value::Null) };
    let (mut points, mut gone) = (Vec::new(), Vec::new());
    for action in body.get("actions").and_then(Value::as_array).into_iter().flatten() {
        let Some((word, on)) = action.as_object().and_then(|action| action.iter().next()) else { continue };
        let text = |key: &str| on.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (index, alias) = (text("index"), text("alias"));
        if !cluster.indices.contains_key(&index) {
            return no_index(&index, call);
        }
        match word.as_str() {
            "add" | "remove" => points.push((alias, index, word == "add")),
            "remove_index" => gone.push(index),
            _ => return failed(400, "x_content_parse_exception", &format!("unknown action [{word}]"), call),
        }
    }
    if let Some((alias, ..)) = points
        .iter()
        .find(|(alias, _, on)| *on && cluster.indices.contains_key(alias) && !gone.contains(alias))
    {
        let text = format!("an index or data stream exists with the same name as the alias [{alias}]");
        return failed(400, "invalid_alias_name_exception", &text, call);
    }
    gone.iter().for_each(|name| take_away(world, id, name));
    points.iter().for_each(|(alias, name, on)| point(world, id, alias, name, *on));
    http(200, &json!({"acknowledged": true, "errors": false}), call)
}

/// The index that documents are written to, made if there is none of that name, with its fields.
pub(super) fn target(
    world: &mut World,
    id: &str,
    name: &str,
    like: &Fields,
) -> Option<(String, Uid, Fields)> {
    let cluster = world.indices.0.get(id)?;
    let found = cluster.named(name).into_iter().next();
    let name = match found {
        Some(found) => found,
        None if cluster.indices.len() < INDICES_MAX => {
            let staged = Arc::clone(&cluster.staged);
            make(world, id, &staged, name, like.clone());
            name.to_owned()
        }
        None => return None,
    };
    let index = world.indices.0.get(id)?.indices.get(&name)?;
    let (uid, fields) = (index.uid, index.fields.clone());
    Some((name, uid, fields))
}

/// Whether the disk has room for so many more.
pub(super) fn is_full(world: &World, id: &str, more: u64) -> bool {
    let Some(cluster) = world.indices.0.get(id) else { return true };
    cluster.staged.docs_max.is_some_and(|most| cluster.docs().saturating_add(more) > most)
}

fn docs_in<'w>(world: &'w World, id: &str, index: &str) -> Option<&'w Docs> {
    Some(&world.indices.0.get(id)?.indices.get(index)?.docs)
}

fn full(name: &str, call: &Call) -> Answer {
    let text = format!(
        "index [{name}] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];"
    );
    failed(429, "cluster_block_exception", &text, call)
}

/// Puts documents into an index, each as the index's types take it.
pub(super) fn put(cluster: &mut Cluster, name: &str, new: impl IntoIterator<Item = (String, Doc)>) {
    let Some(index) = cluster.indices.get_mut(name) else { return };
    let held = Arc::make_mut(&mut index.docs);
    for (id, doc) in new {
        for (field, value) in &doc {
            index.fields.entry(field.clone()).or_insert_with(|| docs::guessed(value).to_owned());
        }
        held.insert(id, doc);
    }
}

pub(super) fn put_doc(world: &mut World, id: &str, call: &Call) -> Answer {
    let doc = body(call).as_object().cloned().unwrap_or_default();
    if is_full(world, id, 1) {
        return full(name(call), call);
    }
    let key = call.text("doc").unwrap_or_default().to_owned();
    let Some((index, uid, fields)) = target(world, id, name(call), &Fields::new()) else {
        return full(name(call), call);
    };
    let there = docs_in(world, id, &index).is_some_and(|docs| docs.contains_key(&key));
    let doc = match docs::typed(&fields, &doc) {
        Ok(doc) => doc,
        Err(why) => return failed(400, "document_parsing_exception", &why, call),
    };
    let shown = json!({"_index": index, "_id": key, "result": if there { "updated" } else { "created" }});
    change(world, id, (uid, &index), None, |cluster| put(cluster, &index, [(key, doc)]));
    http(if there { 200 } else { 201 }, &shown, call)
}

pub(super) fn delete_doc(world: &mut World, id: &str, call: &Call) -> Answer {
    let key = call.text("doc").unwrap_or_default().to_owned();
    let Some(cluster) = world.indices.0.get(id) else { return Ok(Value::Null) };
    let Some(index) = cluster.named(name(call)).into_iter().next() else { return no_index(name(call), call) };
    let found =
        cluster.indices.get(&index).filter(|index| index.docs.contains_key(&key)).map(|index| index.uid);
    let Some(uid) = found else {
        return http(404, &json!({"_index": index, "_id": key, "result": "not_found"}), call);
    };
    let shown = json!({"_index": index, "_id": key, "result": "deleted"});
    change(world, id, (uid, &index), None, |cluster| {
        if let Some(index) = cluster.indices.get_mut(&index) {
            Arc::make_mut(&mut index.docs).remove(&key);
        }
    });
    http(200, &shown, call)
}

pub(super) fn delete_by_query(world: &mut World, id: &str, call: &Call) -> Answer {
    let filter = filter(call);
    let Some(cluster) = world.indices.0.get(id) else { return Ok(Value::Null) };
    let names = cluster.named(name(call));
    if names.is_empty() {
        return no_index(name(call), call);
    }
    let mut deleted = 0;
    for index in names {
        let Some(found) = world.indices.0.get(id).and_then(|c| c.indices.get(&index)) else { continue };
        let (uid, count) = (found.uid, found.docs.values().filter(|doc| filter.fits(doc)).count());
        deleted += count;
        if count > 0 {
            change(world, id, (uid, &index), None, |cluster| {
                if let Some(index) = cluster.indices.get_mut(&index) {
                    Arc::make_mut(&mut index.docs).retain(|_, doc| !filter.fits(doc));
                }
            });
        }
    }
    http(
        200,
        &json!({"took": 41, "timed_out": false, "total": deleted, "deleted": deleted, "failures": []}),
        call,
    )
}

/// Copies documents from one index to another; what is there under the same id is written over.
pub(super) fn reindex(world: &mut World, id: &str, call: &Call) -> Answer {
    let body = body(call);
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (from, to) = (text("/source/index"), text("/dest/index"));
    let filter = body.pointer("/source/query").and_then(Filter::read).unwrap_or(Filter::All);
    let Some(cluster) = world.indices.0.get(id) else { return Ok(Value::Null) };
    let names = cluster.named(&from);
    if names.is_empty() || to.is_empty() {
        return no_index(&from, call);
    }
    let sources = names.iter().filter_map(|name| cluster.indices.get(name));
    let like = sources.clone().next().map(|index| index.fields.clone()).unwrap_or_default();
    let found: Vec<(String, Doc)> = sources
        .flat_map(|index| index.docs.iter().filter(|(_, doc)| filter.fits(doc)))
        .map(|(id, doc)| (id.clone(), doc.clone()))
        .collect();
    if is_full(world, id, found.len() as u64) {
        return full(&to, call);
    }
    let Some((index, uid, fields)) = target(world, id, &to, &like) else { return full(&to, call) };
    let count = |world: &World| docs_in(world, id, &index).map_or(0, |docs| docs.len());
    let before = count(world);
    let typed: Result<Vec<(String, Doc)>, String> =
        found.into_iter().map(|(id, doc)| Ok((id, docs::typed(&fields, &doc)?))).collect();
    let typed = match typed {
        Ok(typed) => typed,
        Err(why) => return failed(400, "document_parsing_exception", &why, call),
    };
    let total = typed.len();
    change(world, id, (uid, &index), None, |cluster| put(cluster, &index, typed));
    let created = count(world).saturating_sub(before);
    let shown = json!({"took": 312, "timed_out": false, "total": total, "created": created,
        "updated": total.saturating_sub(created), "deleted": 0, "failures": []});
    http(200, &shown, call)
}
