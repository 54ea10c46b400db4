//! Elasticsearch-like clusters: indices and their documents, aliases, snapshots, and the feed that fills them.
//!
//! A call is an HTTP request, already understood by the dialect; the answer is a status and a body. What documents are, and which of
//! them are missing, stands in [`super::index_docs`]; what is only shown in [`super::index_shapes`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::http::answered;
use super::index_docs::{self as docs, Docs, Fields, Filter, Records};
use super::{index_changes as changes, index_shapes as shapes, index_snapshots as snapshots};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::clock::Time;
use crate::effect::{Change, Loss, RestorePoint};
use crate::resource::{NewResource, Uid};
use crate::settle::StoreOutcome;
use crate::sql::Data;
use crate::stage::Problem;
use crate::stage::search::Search;

/// The type of an index.
pub(super) const KIND: &str = "Elasticsearch::Index";
/// Indices of a cluster, at the most.
pub(super) const INDICES_MAX: usize = 60;
const GET: &str = "es:ESHttpGet";
const PUT: &str = "es:ESHttpPut";
const POST: &str = "es:ESHttpPost";
const DELETE: &str = "es:ESHttpDelete";

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[
    Operation::read("CatAliases", GET),
    Operation::read("CatAllocation", GET),
    Operation::read("CatIndices", GET),
    Operation::read("CatSnapshots", GET),
    Operation::read("CountDocs", GET),
    Operation::read("FeedStatus", GET),
    Operation::read("GetAliases", GET),
    Operation::read("GetCluster", GET),
    Operation::read("GetDoc", GET),
    Operation::read("GetHealth", GET),
    Operation::read("GetIndex", GET),
    Operation::read("GetSettings", GET),
    Operation::read("GetSnapshots", GET),
    Operation::read("Refresh", POST),
    Operation::read("SearchDocs", GET),
    Operation::write("CreateIndex", PUT),
    Operation::write("CreateSnapshot", PUT),
    Operation::write("DeleteByQuery", POST),
    Operation::write("DeleteDoc", DELETE),
    Operation::write("DeleteIndex", DELETE),
    Operation::write("DeleteSnapshot", DELETE),
    Operation::write("PutDoc", PUT),
    Operation::write("PutMapping", PUT),
    Operation::write("PutSettings", PUT),
    Operation::write("Reindex", POST),
    Operation::write("RestoreSnapshot", POST),
    Operation::write("RunFeed", POST),
    Operation::write("UpdateAliases", POST),
];

/// What stands in it: clusters by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State(pub(super) BTreeMap<String, Cluster>);

/// A cluster.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub staged: Arc<Search>,
    pub indices: BTreeMap<String, Index>,
    pub aliases: BTreeMap<String, BTreeSet<String>>,
    pub settings: BTreeMap<String, String>,
    pub snapshots: BTreeMap<String, Snapshot>,
    /// Documents of the stage that live nowhere else, by the index that they stood in.
    pub records: Arc<BTreeMap<String, Records>>,
    pub feed: Docs,
    pub fed: Option<Time>,
    /// The documents as code asks for them.
    pub data: Data,
}

/// An index.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub uid: Uid,
    pub created: Time,
    pub fields: Fields,
    pub docs: Docs,
}

/// A snapshot.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub taken: Time,
    pub state: String,
    pub held: BTreeMap<String, (Fields, Docs)>,
}

/// The fields of what stands in each cluster, by each name that leads to one index: its own, and those of aliases.
pub fn mappings(world: &World) -> BTreeMap<String, BTreeMap<String, Fields>> {
    let of = |cluster: &Cluster| {
        let own = cluster.indices.keys().map(|name| (name, name));
        let alone = cluster.aliases.iter().filter(|(_, names)| names.len() == 1);
        let behind = alone.flat_map(|(alias, names)| names.iter().map(move |name| (alias, name)));
        let fields = own
            .chain(behind)
            .filter_map(|(name, index)| Some((name.clone(), cluster.indices.get(index)?.fields.clone())));
        fields.collect()
    };
    world.indices.0.iter().map(|(id, cluster)| (id.clone(), of(cluster))).collect()
}

/// Work that comes due: a run of the feed ends, and fills this index or alias.
#[derive(Clone, Debug)]
pub(crate) struct Due(pub(super) String, pub(super) String);

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    let stage = Arc::clone(&world.stage);
    for (i, staged) in stage.search.iter().enumerate() {
        let (mut indices, mut records) = (BTreeMap::new(), BTreeMap::new());
        let mut aliases: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (j, index) in staged.index.iter().enumerate() {
            let at = format!("search[{i}].index[{j}].data");
            let held = docs::made(&stage, &index.data, &at, None)?;
            let own = match &index.derived {
                Some(derived) => docs::made(&stage, &index.data, &at, Some(&format!("not ({derived})")))?,
                None => Arc::clone(&held),
            };
            let resource = resource(staged, &index.name, !own.is_empty());
            let uid = world.create_since(resource, index.created);
            records.insert(index.name.clone(), (*own).clone());
            for alias in &index.alias {
                aliases.entry(alias.clone()).or_default().insert(index.name.clone());
            }
            let made = Index { uid, created: index.created, fields: index.fields.clone(), docs: held };
            indices.insert(index.name.clone(), made);
        }
        let mut taken = BTreeMap::new();
        for (j, snapshot) in staged.snapshot.iter().enumerate() {
            let mut held = BTreeMap::new();
            for (name, path) in &snapshot.data {
                let made = docs::made(&stage, path, &format!("search[{i}].snapshot[{j}].data.{name}"), None)?;
                let fields =
                    staged.index.iter().find(|index| index.name == *name).map(|index| index.fields.clone());
                held.insert(name.clone(), (fields.unwrap_or_default(), made));
            }
            let made = Snapshot { taken: snapshot.taken, state: snapshot.state.clone(), held };
            taken.insert(snapshot.name.clone(), made);
        }
        let feed = staged
            .feed
            .as_ref()
            .map(|feed| docs::made(&stage, &feed.data, &format!("search[{i}].feed.data"), None));
        let mut cluster = Cluster {
            staged: Arc::new(staged.clone()),
            indices,
            aliases,
            settings: BTreeMap::new(),
            snapshots: taken,
            records: Arc::new(records),
            feed: feed.transpose()?.unwrap_or_default(),
            fed: staged.feed.as_ref().map(|feed| feed.last_run),
            data: Data::empty(),
        };
        cluster.renew();
        world.indices.0.insert(staged.id.clone(), cluster);
    }
    Ok(())
}

pub(super) fn resource(staged: &Search, name: &str, stateful: bool) -> NewResource {
    let role = format!("{}/{name}", staged.id);
    NewResource { role, stateful, serving: true, ..NewResource::of(KIND, name, staged.environment) }
}

impl Cluster {
    /// Makes the documents anew as code asks for them.
    pub fn renew(&mut self) {
        let indices = self.indices.iter().map(|(name, index)| (name, &index.fields, &index.docs));
        self.data = docs::tables(indices, &self.aliases);
    }

    /// The documents of the stage that no index holds, with the index that they stood in.
    pub fn missing(&self) -> BTreeSet<(String, String)> {
        let held: Vec<&Docs> = self.indices.values().map(|index| &index.docs).collect();
        self.missing_from(&held)
    }

    fn missing_from(&self, held: &[&Docs]) -> BTreeSet<(String, String)> {
        let of = |(index, records)| {
            docs::missing(records, held).into_iter().map(move |id| (String::clone(index), id.to_owned()))
        };
        self.records.iter().flat_map(of).collect()
    }

    /// The snapshot that holds most of what is missing, the newest among equals.
    pub fn best(&self, missing: &BTreeSet<(String, String)>) -> Option<RestorePoint> {
        let whole = self.snapshots.iter().filter(|(_, snapshot)| snapshot.state == "SUCCESS");
        let gain = |snapshot: &Snapshot| {
            let held: Vec<&Docs> = snapshot.held.values().map(|(_, docs)| docs).collect();
            let without = self.missing_from(&held);
            missing.iter().filter(|entry| !without.contains(*entry)).count()
        };
        let measured = whole.map(|(name, snapshot)| (gain(snapshot), snapshot.taken, name.clone()));
        let best = measured.filter(|(gain, ..)| *gain > 0).max()?;
        Some(RestorePoint { from: best.2, as_of: best.1, until: None })
    }

    /// The indices that a name means: itself, or those behind an alias; a pattern means all that it fits.
    pub fn named(&self, name: &str) -> Vec<String> {
        if name.is_empty() || name == "_all" {
            return self.indices.keys().cloned().collect();
        }
        let fits = |known: &String| crate::keys::fits(name, known);
        let mut found: BTreeSet<String> = BTreeSet::new();
        for part in name.split(',') {
            match self.aliases.get(part) {
                Some(names) => found.extend(names.iter().cloned()),
                None if part.contains('*') => found.extend(self.indices.keys().filter(|n| fits(n)).cloned()),
                None => found.extend(self.indices.keys().filter(|known| *known == part).cloned()),
            }
        }
        found.into_iter().collect()
    }

    /// How many documents there are in all.
    pub fn docs(&self) -> u64 {
        self.indices.values().map(|index| index.docs.len() as u64).sum()
    }

    /// How full its disk is, in per cent.
    pub fn filled(&self) -> u64 {
        self.staged.docs_max.map_or(37, |most| self.docs().saturating_mul(95) / most.max(1))
    }
}

/// The documents of a cluster as code asks for them.
pub(crate) fn data<'w>(world: &'w World, id: &str) -> Option<&'w Data> {
    world.indices.0.get(id).map(|cluster| &cluster.data)
}

/// The names of the indices that a cluster has or had: what a request to it leads through.
pub(crate) fn names(world: &World, id: &str) -> Vec<String> {
    let Some(cluster) = world.indices.0.get(id) else { return Vec::new() };
    let staged = cluster.staged.index.iter().map(|index| index.name.clone());
    let mut names: BTreeSet<String> = staged.collect();
    names.extend(cluster.aliases.values().flatten().cloned());
    names.into_iter().collect()
}

/// Whether somebody's address leads to a cluster or to the feed beside one.
pub(crate) fn cluster_at(world: &World, host: &str) -> Option<(String, bool)> {
    let label = host.split('.').next().unwrap_or(host);
    world.stage.search.iter().find_map(|search| match &search.feed {
        _ if search.id == label => Some((search.id.clone(), false)),
        Some(feed) if feed.host == label => Some((search.id.clone(), true)),
        _ => None,
    })
}

/// A status and a body.
pub(super) fn http(status: u16, body: &Value, call: &Call) -> Answer {
    let text = match body {
        Value::String(text) => text.clone(),
        body if call.flag("pretty") => serde_json::to_string_pretty(body).unwrap_or_default() + "\n",
        body => body.to_string(),
    };
    Ok(answered(status, text))
}

/// An error as the server words it.
pub(super) fn failed(status: u16, kind: &str, reason: &str, call: &Call) -> Answer {
    let cause = json!({"type": kind, "reason": reason});
    let body = json!({"error": {"root_cause": [cause], "type": kind, "reason": reason}, "status": status});
    http(status, &body, call)
}

pub(super) fn no_index(name: &str, call: &Call) -> Answer {
    failed(404, "index_not_found_exception", &format!("no such index [{name}]"), call)
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    let id = call.text("cluster").unwrap_or_default().to_owned();
    if !world.indices.0.contains_key(&id) {
        return Err(Refusal::new("CouldNotResolveHost", format!("(6) Could not resolve host: {id}")));
    }
    match call.operation.as_str() {
        "CreateIndex" => changes::create(world, &id, call),
        "CreateSnapshot" => snapshots::create_snapshot(world, &id, call),
        "DeleteByQuery" => changes::delete_by_query(world, &id, call),
        "DeleteDoc" => changes::delete_doc(world, &id, call),
        "DeleteIndex" => changes::delete(world, &id, call),
        "DeleteSnapshot" => snapshots::delete_snapshot(world, &id, call),
        "PutDoc" => changes::put_doc(world, &id, call),
        "PutMapping" => changes::put_mapping(world, &id, call),
        "PutSettings" => changes::put_settings(world, &id, call),
        "Reindex" => changes::reindex(world, &id, call),
        "RestoreSnapshot" => snapshots::restore(world, &id, call),
        "RunFeed" => snapshots::run_feed(world, &id, call),
        "UpdateAliases" => changes::update_aliases(world, &id, call),
        _ => match world.indices.0.get(&id) {
            Some(cluster) => shapes::shown(world, cluster, call),
            None => Ok(Value::Null),
        },
    }
}

/// The name in a call's path.
pub(super) fn name(call: &Call) -> &str {
    call.text("name").unwrap_or_default()
}

pub(super) fn body(call: &Call) -> Value {
    call.args.get("body").cloned().unwrap_or_else(|| json!({}))
}

/// The documents that a call means.
pub(super) fn filter(call: &Call) -> Filter {
    let query = call.args.get("body").and_then(|body| body.get("query"));
    let by_body = query.and_then(Filter::read);
    by_body.or_else(|| call.text("q").and_then(Filter::line)).unwrap_or(Filter::All)
}

/// Changes a cluster, and tells what became of documents: lost, added, brought back.
pub(super) fn change(
    world: &mut World,
    id: &str,
    at: (Uid, &str),
    from: Option<RestorePoint>,
    doing: impl FnOnce(&mut Cluster),
) {
    let now = world.now();
    let Some(cluster) = world.indices.0.get_mut(id) else { return };
    let (was, count) = (cluster.missing(), cluster.docs());
    doing(cluster);
    cluster.renew();
    let (is, after) = (cluster.missing(), cluster.docs());
    let lost = is.difference(&was).count() as u64;
    let back = was.difference(&is).count() as u64;
    let restorable = if lost > 0 { cluster.best(&is) } else { None };
    let (uid, place) = at;
    if lost > 0 {
        world.effect(uid, Change::lost(place, lost, Loss::Deleted, restorable));
    }
    if back > 0 {
        let age_s = from.as_ref().map_or(0, |point| now.since(point.as_of));
        let from = from.map_or_else(|| "another index".to_owned(), |point| point.from);
        world.effect(uid, Change::Restored { records: back, from, age_s });
    }
    match after.checked_sub(count) {
        Some(0) if lost == 0 && back == 0 => {
            world.effect(
                uid,
                Change::Configured {
                    what: "documents".to_owned(),
                    from: count.to_string(),
                    to: after.to_string(),
                },
            );
        }
        Some(more) if more > 0 => {
            world.effect(uid, Change::RecordsAdded { place: place.to_owned(), records: more })
        }
        None if lost == 0 => {
            world.configured(uid, "documents that can be made again or stand elsewhere", count, after);
        }
        _ => {}
    }
}

/// What became of the documents of each index of the stage that live nowhere else, in its order.
pub(crate) fn outcomes(world: &World) -> Vec<StoreOutcome> {
    let mut all = Vec::new();
    for search in &world.stage().search {
        let Some(cluster) = world.indices.0.get(&search.id) else { continue };
        let missing = cluster.missing();
        for index in &search.index {
            let before = cluster.records.get(&index.name).map_or(0, |records| records.len() as u64);
            let lost = missing.iter().filter(|(name, _)| *name == index.name).count() as u64;
            if before > 0 {
                all.push(StoreOutcome::new(world, &index.name, search.environment, before, lost));
            }
        }
    }
    all
}
