//! Requests to a search cluster: method and path become an operation.

use serde_json::{Map, Value, json};

use crate::World;
use crate::call::{Call, Service};
use crate::service::http::Address;
use crate::service::index_docs::Filter;
use crate::service::{indices, workspace};

/// What a request comes to.
pub(super) enum Asked {
    /// A call.
    Call(Call),
    /// The server would know this and the simulation does not.
    Beyond(String),
}

/// Understands a request, if a cluster or the feed beside one is at that address.
pub(super) fn request(world: &World, method: &str, url: &str, data: Option<&str>) -> Option<Asked> {
    let Address { host, path, query } = Address::of(url);
    let (cluster, is_feed) = indices::cluster_at(world, host)?;
    let mut args = Map::new();
    args.insert("cluster".to_owned(), json!(cluster));
    for (key, value) in query {
        let is_switch = matches!(key.as_str(), "pretty" | "v") && value != "false";
        args.insert(key, if is_switch { json!(true) } else { json!(value) });
    }
    if let Some(body) = data.map(|data| body(world, data)) {
        args.insert("body".to_owned(), body);
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let found = if is_feed { feed(method, &parts) } else { operation(method, &parts) };
    let Some((operation, named)) = found else {
        return Some(Asked::Beyond(format!("{method} /{path}")));
    };
    for (key, value) in named {
        args.insert(key.to_owned(), json!(value));
    }
    if let Some(beyond) = unread(&args) {
        return Some(Asked::Beyond(beyond));
    }
    if let Some(alias) = args.get("alias").cloned().filter(|_| operation == "UpdateAliases") {
        let word = if method == "DELETE" { "remove" } else { "add" };
        let action = json!({"actions": [{word: {"index": args.get("name"), "alias": alias}}]});
        args.insert("body".to_owned(), action);
    }
    let target = args.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).unwrap_or(&cluster);
    let target = target.to_owned();
    Some(Asked::Call(Call::new(Service::Indices, operation, &target, args)))
}

/// `@file` is what is in the file; what is no JSON is a text, and empty.
fn body(world: &World, data: &str) -> Value {
    let text = match data.strip_prefix('@') {
        Some(path) => workspace::read_file(world, path).unwrap_or_default(),
        None => data.to_owned(),
    };
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// What of the questions in a call is not simulated.
fn unread(args: &Map<String, Value>) -> Option<String> {
    if let Some(q) = args.get("q").and_then(Value::as_str).filter(|q| Filter::line(q).is_none()) {
        return Some(format!("the query {q}"));
    }
    let body = args.get("body")?;
    let queries = [body.get("query"), body.pointer("/source/query")];
    let hard = queries.into_iter().flatten().find(|query| Filter::read(query).is_none());
    if let Some(query) = hard {
        return Some(format!("the query {query}"));
    }
    let groups = body.get("aggs").or_else(|| body.get("aggregations")).and_then(Value::as_object);
    let hard = groups.into_iter().flatten().find(|(_, group)| group.get("terms").is_none());
    hard.map(|(name, _)| format!("the aggregation {name}"))
}

type Named<'p> = Vec<(&'static str, &'p str)>;

fn feed<'p>(method: &str, parts: &[&'p str]) -> Option<(&'static str, Named<'p>)> {
    match (method, parts) {
        ("GET", ["status"]) => Some(("FeedStatus", Vec::new())),
        ("POST", ["run"]) => Some(("RunFeed", Vec::new())),
        _ => None,
    }
}

fn operation<'p>(method: &str, parts: &[&'p str]) -> Option<(&'static str, Named<'p>)> {
    let reads = method == "GET" || method == "HEAD";
    let plain = |operation| Some((operation, Vec::new()));
    let of = |operation, name: &'p str| Some((operation, vec![("name", name)]));
    match parts {
        [] if reads => plain("GetCluster"),
        ["_cluster", "health"] if reads => plain("GetHealth"),
        ["_cluster", "settings"] if reads => plain("GetSettings"),
        ["_cluster", "settings"] if method == "PUT" => plain("PutSettings"),
        ["_cat", rest @ ..] if reads => cat(rest),
        ["_snapshot", rest @ ..] => snapshots(method, rest),
        ["_aliases"] if method == "POST" => plain("UpdateAliases"),
        ["_reindex"] if method == "POST" => plain("Reindex"),
        ["_alias" | "_aliases"] if reads => plain("GetAliases"),
        ["_alias", alias] if reads => Some(("GetAliases", vec![("alias", alias)])),
        ["_search" | "_count" | "_refresh" | "_mapping" | "_settings", ..] | ["_all"] => whole(method, parts),
        [name] if method == "PUT" => of("CreateIndex", name),
        [name] if method == "DELETE" => of("DeleteIndex", name),
        [name] if reads && !name.starts_with('_') => of("GetIndex", name),
        [name, rest @ ..] if !name.starts_with('_') || *name == "_all" => inside(method, name, rest),
        _ => None,
    }
}

/// Without an index in front all are meant.
fn whole<'p>(method: &str, parts: &[&'p str]) -> Option<(&'static str, Named<'p>)> {
    match (method, parts) {
        ("DELETE", ["_all"]) => Some(("DeleteIndex", vec![("name", "_all")])),
        ("GET", ["_all"]) => Some(("GetIndex", Vec::new())),
        (_, [first, ..]) if *first != "_all" => inside(method, "", parts),
        _ => None,
    }
}

fn cat<'p>(parts: &[&'p str]) -> Option<(&'static str, Named<'p>)> {
    match parts {
        ["indices"] => Some(("CatIndices", Vec::new())),
        ["indices", name] => Some(("CatIndices", vec![("name", name)])),
        ["aliases", ..] => Some(("CatAliases", Vec::new())),
        ["allocation", ..] => Some(("CatAllocation", Vec::new())),
        ["snapshots", name] => Some(("CatSnapshots", vec![("name", name)])),
        _ => None,
    }
}

fn snapshots<'p>(method: &str, parts: &[&'p str]) -> Option<(&'static str, Named<'p>)> {
    let both = |operation, name: &'p str, snapshot: &'p str| {
        Some((operation, vec![("name", name), ("snapshot", snapshot)]))
    };
    match (method, parts) {
        ("GET", [] | ["_all"]) => Some(("GetSnapshots", Vec::new())),
        ("GET", [name, snapshot]) => both("GetSnapshots", name, snapshot),
        ("PUT" | "POST", [name, snapshot]) => both("CreateSnapshot", name, snapshot),
        ("DELETE", [name, snapshot]) => both("DeleteSnapshot", name, snapshot),
        ("POST", [name, snapshot, "_restore"]) => both("RestoreSnapshot", name, snapshot),
        _ => None,
    }
}

fn inside<'p>(method: &str, name: &'p str, parts: &[&'p str]) -> Option<(&'static str, Named<'p>)> {
    let of = |operation| Some((operation, vec![("name", name)]));
    let reads = method == "GET" || method == "HEAD";
    match (method, parts) {
        (_, ["_count"]) if reads || method == "POST" => of("CountDocs"),
        (_, ["_search"]) if reads || method == "POST" => of("SearchDocs"),
        (_, ["_refresh"]) => of("Refresh"),
        ("PUT" | "POST", ["_mapping"]) => of("PutMapping"),
        (_, ["_mapping"]) if reads => Some(("GetIndex", vec![("name", name), ("part", "mapping")])),
        (_, ["_settings"]) if reads => Some(("GetIndex", vec![("name", name), ("part", "settings")])),
        (_, ["_alias"]) if reads => of("GetAliases"),
        ("PUT" | "POST" | "DELETE", ["_alias" | "_aliases", alias]) => {
            Some(("UpdateAliases", vec![("name", name), ("alias", alias)]))
        }
        ("POST", ["_delete_by_query"]) => of("DeleteByQuery"),
        (_, ["_doc", doc]) if reads => Some(("GetDoc", vec![("name", name), ("doc", doc)])),
        ("PUT" | "POST", ["_doc" | "_create", doc]) => Some(("PutDoc", vec![("name", name), ("doc", doc)])),
        ("DELETE", ["_doc", doc]) => Some(("DeleteDoc", vec![("name", name), ("doc", doc)])),
        _ => None,
    }
}
