//! What a search cluster shows: indices, documents, aliases, snapshots, itself.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::columns::in_columns;
use super::index_docs::{Doc, Fields};
use super::indices::{Cluster, Index, Snapshot, body, failed, filter, http, name, no_index};
use crate::World;
use crate::call::{Answer, Call};

pub(super) fn shown(world: &World, cluster: &Cluster, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CatAliases" => cat(call, &["alias", "index", "filter", "is_write_index"], alias_rows(cluster)),
        "CatAllocation" => allocation(cluster, call),
        "CatIndices" => indices(cluster, call),
        "CatSnapshots" => cat_snapshots(cluster, call),
        "CountDocs" => count(cluster, call),
        "FeedStatus" => feed(cluster, call),
        "GetAliases" => aliases(cluster, call),
        "GetCluster" => http(200, &about(cluster), call),
        "GetDoc" => doc(cluster, call),
        "GetHealth" => http(200, &health(cluster), call),
        "GetIndex" => index(cluster, call),
        "GetSettings" => settings(cluster, call),
        "GetSnapshots" => snapshots(cluster, call),
        "SearchDocs" => search(cluster, call),
        _ => http(
            200,
            &json!({"_shards": {"total": 2, "successful": 1, "failed": 0}, "at": world.now().to_string()}),
            call,
        ),
    }
}

fn about(cluster: &Cluster) -> Value {
    json!({
        "name": format!("{}-0", cluster.staged.id),
        "cluster_name": cluster.staged.id,
        "version": {"number": cluster.staged.version, "build_flavor": "default"},
        "tagline": "You Know, for Search",
    })
}

fn health(cluster: &Cluster) -> Value {
    json!({
        "cluster_name": cluster.staged.id,
        "status": if cluster.filled() > 90 { "yellow" } else { "green" },
        "number_of_nodes": 1,
        "active_primary_shards": cluster.indices.len(),
        "unassigned_shards": 0,
    })
}

/// A `_cat` table: columns by their names, chosen by `h`, with a head by `v`, or as JSON.
fn cat(call: &Call, columns: &[&str], rows: Vec<Vec<String>>) -> Answer {
    let wanted: Vec<&str> = match call.text("h") {
        Some(wanted) => wanted.split(',').collect(),
        None => columns.to_vec(),
    };
    let places: Vec<(&str, Option<usize>)> =
        wanted.iter().map(|name| (*name, columns.iter().position(|known| known == name))).collect();
    let cell =
        |row: &[String], place: Option<usize>| place.and_then(|n| row.get(n)).cloned().unwrap_or_default();
    if call.text("format") == Some("json") {
        let object = |row: &Vec<String>| {
            let pairs = places.iter().map(|(name, at)| ((*name).to_owned(), Value::from(cell(row, *at))));
            Value::Object(pairs.collect::<Map<_, _>>())
        };
        return http(200, &rows.iter().map(object).collect::<Value>(), call);
    }
    let mut lines: Vec<Vec<String>> =
        rows.iter().map(|row| places.iter().map(|(_, at)| cell(row, *at)).collect()).collect();
    if call.flag("v") {
        lines.insert(0, wanted.iter().map(|name| (*name).to_owned()).collect());
    }
    http(200, &Value::from(in_columns(&lines, 1)), call)
}

fn indices(cluster: &Cluster, call: &Call) -> Answer {
    let names = cluster.named(name(call));
    if names.is_empty() && !name(call).is_empty() && !name(call).contains('*') {
        return no_index(name(call), call);
    }
    let row = |name: &String| {
        let index = cluster.indices.get(name)?;
        let docs = index.docs.len();
        let size = format!("{}kb", docs.saturating_mul(2).max(1));
        Some(vec![
            "green".to_owned(),
            "open".to_owned(),
            name.clone(),
            format!("u{:0>21}", index.uid.0),
            "1".to_owned(),
            "0".to_owned(),
            docs.to_string(),
            "0".to_owned(),
            size.clone(),
            size,
            index.created.to_string(),
        ])
    };
    let columns = [
        "health",
        "status",
        "index",
        "uuid",
        "pri",
        "rep",
        "docs.count",
        "docs.deleted",
        "store.size",
        "pri.store.size",
        "creation.date.string",
    ];
    let shown = if call.text("h").is_some() { columns.len() } else { columns.len() - 1 };
    cat(call, columns.get(..shown).unwrap_or(&columns), names.iter().filter_map(row).collect())
}

fn alias_rows(cluster: &Cluster) -> Vec<Vec<String>> {
    let rows = cluster.aliases.iter().flat_map(|(alias, names)| {
        names.iter().map(move |name| vec![alias.clone(), name.clone(), "-".to_owned(), "-".to_owned()])
    });
    rows.collect()
}

fn allocation(cluster: &Cluster, call: &Call) -> Answer {
    let filled = cluster.filled();
    let row = vec![
        cluster.indices.len().to_string(),
        format!("{}mb", filled * 100),
        format!("{}mb", 10_000_u64.saturating_sub(filled * 100)),
        "10gb".to_owned(),
        filled.to_string(),
        format!("{}-0", cluster.staged.id),
    ];
    cat(call, &["shards", "disk.used", "disk.avail", "disk.total", "disk.percent", "node"], vec![row])
}

fn cat_snapshots(cluster: &Cluster, call: &Call) -> Answer {
    let row = |(name, s): (&String, &Snapshot)| {
        vec![name.clone(), s.state.clone(), s.taken.to_string(), s.held.len().to_string()]
    };
    let mut taken: Vec<_> = cluster.snapshots.iter().collect();
    taken.sort_by_key(|(_, s)| s.taken);
    cat(call, &["id", "status", "start_time", "indices"], taken.into_iter().map(row).collect())
}

pub(super) fn snapshot(name: &str, s: &Snapshot) -> Value {
    let held: Vec<&String> = s.held.keys().collect();
    json!({"snapshot": name, "state": s.state, "start_time": s.taken.to_string(), "indices": held})
}

fn snapshots(cluster: &Cluster, call: &Call) -> Answer {
    let (repository, wanted) = (name(call), call.text("snapshot").unwrap_or_default());
    if repository.is_empty() {
        let settings =
            json!({"type": "s3", "settings": {"bucket": format!("{}-snapshots", cluster.staged.id)}});
        let own = Some(&cluster.staged.repository).filter(|name| !name.is_empty());
        let all: BTreeMap<&String, Value> = own.map(|name| (name, settings)).into_iter().collect();
        return http(200, &json!(all), call);
    }
    if repository != cluster.staged.repository {
        return failed(404, "repository_missing_exception", &format!("[{repository}] missing"), call);
    }
    let fits = |name: &&String| wanted.is_empty() || wanted == "_all" || crate::keys::fits(wanted, name);
    let mut taken: Vec<_> = cluster.snapshots.iter().filter(|(name, _)| fits(name)).collect();
    taken.sort_by_key(|(_, s)| s.taken);
    let all: Vec<Value> = taken.into_iter().map(|(name, s)| snapshot(name, s)).collect();
    http(200, &json!({"snapshots": all, "total": all.len(), "remaining": 0}), call)
}

fn aliases(cluster: &Cluster, call: &Call) -> Answer {
    let wanted = call.text("alias").unwrap_or_default();
    let names = cluster.named(name(call));
    let mut all: BTreeMap<&String, Map<String, Value>> = BTreeMap::new();
    for index in cluster.indices.keys().filter(|index| names.contains(index)) {
        let own = cluster.aliases.iter().filter(|(alias, names)| {
            names.contains(index) && (wanted.is_empty() || crate::keys::fits(wanted, alias))
        });
        let own: Map<String, Value> = own.map(|(alias, _)| (alias.clone(), json!({}))).collect();
        if wanted.is_empty() || !own.is_empty() {
            all.insert(index, own);
        }
    }
    if all.is_empty() && !wanted.is_empty() {
        return http(404, &json!({"error": format!("alias [{wanted}] missing"), "status": 404}), call);
    }
    let shown: Map<String, Value> =
        all.into_iter().map(|(name, own)| (name.clone(), json!({"aliases": own}))).collect();
    http(200, &Value::Object(shown), call)
}

fn mapping(fields: &Fields) -> Value {
    let field = |(name, kind): (&String, &String)| (name.clone(), json!({"type": kind}));
    json!({"properties": fields.iter().map(field).collect::<Map<_, _>>()})
}

fn index(cluster: &Cluster, call: &Call) -> Answer {
    let names = cluster.named(name(call));
    if names.is_empty() {
        return no_index(name(call), call);
    }
    let one = |name: &String| {
        let index: &Index = cluster.indices.get(name)?;
        let own = cluster.aliases.iter().filter(|(_, names)| names.contains(name));
        let own: Map<String, Value> = own.map(|(alias, _)| (alias.clone(), json!({}))).collect();
        let settings = json!({"index": {"creation_date": (index.created.unix() * 1000).to_string(), "number_of_shards": "1",
            "number_of_replicas": "0", "provided_name": name}});
        let shown = match call.text("part") {
            Some("mapping") => json!({"mappings": mapping(&index.fields)}),
            Some("settings") => json!({"settings": settings}),
            _ => json!({"aliases": own, "mappings": mapping(&index.fields), "settings": settings}),
        };
        Some((name.clone(), shown))
    };
    http(200, &Value::Object(names.iter().filter_map(one).collect()), call)
}

fn settings(cluster: &Cluster, call: &Call) -> Answer {
    http(200, &json!({"persistent": cluster.settings, "transient": {}}), call)
}

/// Index, id and document of all that a call means.
fn found<'c>(cluster: &'c Cluster, call: &Call) -> Vec<(&'c String, &'c String, &'c Doc)> {
    let filter = filter(call);
    let names = cluster.named(name(call));
    let indices = cluster.indices.iter().filter(|(name, _)| names.contains(name));
    let docs = indices.flat_map(|(name, index)| index.docs.iter().map(move |(id, doc)| (name, id, doc)));
    docs.filter(|(_, _, doc)| filter.fits(doc)).collect()
}

fn count(cluster: &Cluster, call: &Call) -> Answer {
    if cluster.named(name(call)).is_empty() {
        return no_index(name(call), call);
    }
    http(
        200,
        &json!({"count": found(cluster, call).len(), "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0}}),
        call,
    )
}

fn search(cluster: &Cluster, call: &Call) -> Answer {
    if cluster.named(name(call)).is_empty() {
        return no_index(name(call), call);
    }
    let body = body(call);
    let found = found(cluster, call);
    let size =
        call.text("size").and_then(|n| n.parse().ok()).or_else(|| body.get("size")?.as_u64()).unwrap_or(10);
    let hit = |(index, id, doc): &(&String, &String, &Doc)| json!({"_index": index, "_id": id, "_score": 1.0, "_source": doc});
    let hits: Vec<Value> =
        found.iter().take(usize::try_from(size).unwrap_or(10).min(1000)).map(hit).collect();
    let mut shown = json!({
        "took": 4,
        "timed_out": false,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "hits": {"total": {"value": found.len(), "relation": "eq"}, "max_score": 1.0, "hits": hits},
    });
    let groups = body.get("aggs").or_else(|| body.get("aggregations")).and_then(Value::as_object);
    if let (Some(groups), Some(shown)) = (groups, shown.as_object_mut()) {
        let docs: Vec<&Doc> = found.iter().map(|(_, _, doc)| *doc).collect();
        let group = |(name, group): (&String, &Value)| (name.clone(), terms(group, &docs));
        shown.insert("aggregations".to_owned(), Value::Object(groups.iter().map(group).collect()));
    }
    http(200, &shown, call)
}

/// How many documents have which value in a field, the most frequent first.
fn terms(group: &Value, docs: &[&Doc]) -> Value {
    let field = group.pointer("/terms/field").and_then(Value::as_str).unwrap_or_default();
    let field = field.trim_end_matches(".keyword");
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for value in docs.iter().filter_map(|doc| doc.get(field)) {
        let key = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        *counts.entry(key).or_default() += 1;
    }
    let mut buckets: Vec<(String, u64)> = counts.into_iter().collect();
    buckets.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown: Vec<Value> =
        buckets.iter().take(10).map(|(key, n)| json!({"key": key, "doc_count": n})).collect();
    json!({"buckets": shown})
}

fn doc(cluster: &Cluster, call: &Call) -> Answer {
    let id = call.text("doc").unwrap_or_default();
    let names = cluster.named(name(call));
    let Some(index) = names.first() else { return no_index(name(call), call) };
    match cluster.indices.get(index).and_then(|found| found.docs.get(id)) {
        Some(doc) => http(200, &json!({"_index": index, "_id": id, "found": true, "_source": doc}), call),
        None => http(404, &json!({"_index": index, "_id": id, "found": false}), call),
    }
}

fn feed(cluster: &Cluster, call: &Call) -> Answer {
    let Some(feed) = &cluster.staged.feed else { return http(404, &json!({"error": "no feed"}), call) };
    let last = cluster.fed.map(|at| at.to_string());
    http(200, &json!({"last_run": last, "documents": cluster.feed.len(), "into": feed.into}), call)
}
