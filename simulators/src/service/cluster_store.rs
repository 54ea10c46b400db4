//! What stands in a cluster: objects as the API holds them, and which of them are things of the world.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::cluster_kinds::{self as kinds, Kind};
use super::cluster_volumes::Volume;
use crate::World;
use crate::clock::Time;
use crate::resource::{Environment, NewResource, Uid};
use crate::stage::cluster::Context;

/// Where an object stands: what sorts by kind, namespace and name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key {
    pub kind: &'static Kind,
    /// Empty for what stands in none.
    pub namespace: String,
    pub name: String,
}

/// An object, and its identity where it is more than a controller's making.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub uid: Option<Uid>,
    pub json: Value,
}

/// One cluster.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub staged: Arc<Context>,
    pub objects: BTreeMap<Key, Object>,
    /// What lies on volumes, by their names.
    pub volumes: BTreeMap<String, Volume>,
    /// Databases by the namespace and name of the claim that they were first on.
    pub homes: BTreeMap<(String, String), String>,
    /// The pod that serves each database, by its identity.
    pub serving: BTreeMap<String, String>,
    /// The workload that serves each database, by its name in the world, as the trial began.
    pub runners: BTreeMap<String, String>,
    /// How many objects were ever made: no identity is used twice.
    pub made: u64,
}

impl Key {
    pub fn new(kind: &str, namespace: &str, name: &str) -> Option<Self> {
        let kind = kinds::find(kind)?;
        let namespace = if kind.namespaced { namespace } else { "" };
        Some(Self { kind, namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// `deployment.apps/gate`.
    pub fn shown(&self) -> String {
        format!("{}/{}", self.kind.shown(), self.name)
    }

    /// `deployment.apps "gate"`.
    pub fn quoted(&self) -> String {
        format!("{} \"{}\"", self.kind.shown(), self.name)
    }
}

impl Object {
    pub fn text(&self, pointer: &str) -> &str {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn number(&self, pointer: &str, otherwise: i64) -> i64 {
        self.json.pointer(pointer).and_then(Value::as_i64).unwrap_or(otherwise)
    }

    /// Its deletion was asked for and is not through.
    pub fn is_ending(&self) -> bool {
        self.json.pointer("/metadata/deletionTimestamp").is_some()
    }

    pub fn finalizers(&self) -> Vec<&str> {
        let list = self.json.pointer("/metadata/finalizers").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    pub fn labels(&self) -> BTreeMap<String, String> {
        texts(self.json.pointer("/metadata/labels"))
    }

    /// Kind and name of whoever made it and watches over it.
    pub fn owner(&self) -> Option<(&str, &str)> {
        let owner = self.json.pointer("/metadata/ownerReferences/0")?;
        Some((owner.get("kind")?.as_str()?, owner.get("name")?.as_str()?))
    }
}

/// A map of texts.
pub(super) fn texts(value: Option<&Value>) -> BTreeMap<String, String> {
    let map = value.and_then(Value::as_object).into_iter().flatten();
    map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

impl Cluster {
    pub fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&Object> {
        self.objects.get(&Key::new(kind, namespace, name)?)
    }

    /// All of a kind, in a namespace or everywhere.
    pub fn of<'c>(
        &'c self,
        kind: &'c str,
        namespace: Option<&'c str>,
    ) -> impl Iterator<Item = (&'c Key, &'c Object)> {
        Key::new(kind, namespace.unwrap_or_default(), "").into_iter().flat_map(move |from| {
            let (kind, here) = (from.kind, namespace.map(|_| from.namespace.clone()));
            let fits = move |key: &Key| key.kind == kind && here.as_ref().is_none_or(|n| key.namespace == *n);
            self.objects.range(from..).take_while(move |(key, _)| fits(key))
        })
    }

    /// A namespace that stands and takes what is new.
    pub fn takes(&self, namespace: &str) -> bool {
        self.find("namespaces", "", namespace).is_some_and(|found| !found.is_ending())
    }

    fn environment(&self, key: &Key, json: &Value) -> Environment {
        let claim = json.pointer("/spec/claimRef/namespace").and_then(Value::as_str);
        let namespace = match key.kind.kind {
            "Namespace" => &key.name,
            "PersistentVolume" => claim.unwrap_or_default(),
            _ => key.namespace.as_str(),
        };
        self.staged.environments.get(namespace).copied().unwrap_or(self.staged.environment)
    }
}

/// Letters as generated names have them.
pub(super) fn suffix(of: &str, letters: usize) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let digest = Sha256::digest(of.as_bytes());
    let letter = |byte: &u8| ALPHABET.get(usize::from(*byte) % ALPHABET.len()).copied().unwrap_or(b'x');
    digest.iter().take(letters).map(|byte| char::from(letter(byte))).collect()
}

/// An identity as objects have it.
fn identity(of: &str) -> String {
    crate::dashed(&crate::hex(&Sha256::digest(of.as_bytes())))
}

/// An object that stands.
pub(super) fn object<'w>(world: &'w World, context: &str, key: &Key) -> Option<&'w Object> {
    world.cluster.clusters.get(context)?.objects.get(key)
}

/// What the stage has standing has stood since what it belongs to was made.
pub(super) fn since(world: &World, of: &Object) -> String {
    let made = of.text("/metadata/creationTimestamp");
    if world.cluster.staging { made.to_owned() } else { world.now().to_string() }
}

/// A cluster, to be changed.
pub(super) fn cluster<'w>(world: &'w mut World, context: &str) -> Option<&'w mut Cluster> {
    world.cluster.clusters.get_mut(context).map(Arc::make_mut)
}

/// Puts an object up; what stands under its name is replaced by it and keeps its identity.
pub(super) fn put(world: &mut World, context: &str, key: Key, mut json: Value) {
    let now = world.now();
    let Some(found) = cluster(world, context) else { return };
    found.made = found.made.saturating_add(1);
    let old = found.objects.get(&key).cloned();
    let environment = found.environment(&key, &json);
    let id = identity(&format!("{context} {} {}", key.shown(), found.made));
    let version = found.made.saturating_add(48_210).to_string();
    set(&mut json, &["apiVersion"], key.kind.api_version());
    set(&mut json, &["kind"], key.kind.kind);
    set(&mut json, &["metadata", "name"], key.name.clone());
    if key.kind.namespaced {
        set(&mut json, &["metadata", "namespace"], key.namespace.clone());
    }
    set(&mut json, &["metadata", "resourceVersion"], version);
    for (name, made) in [("uid", id), ("creationTimestamp", now.to_string())] {
        let pointer = format!("/metadata/{name}");
        let kept = old.as_ref().and_then(|old| old.json.pointer(&pointer).cloned());
        let given = json.pointer(&pointer).cloned().filter(|_| name != "uid");
        set(&mut json, &["metadata", name], kept.or(given).unwrap_or_else(|| made.into()));
    }
    if key.kind.kind == "Namespace" && json.get("status").is_none() {
        set(&mut json, &["status"], json!({"phase": "Active"}));
        set(&mut json, &["spec"], json!({"finalizers": ["kubernetes"]}));
    }
    let uid = match old {
        Some(old) => old.uid,
        None if key.kind.derived => None,
        None => Some(thing(world, context, &key, environment, &json)),
    };
    if let Some(found) = cluster(world, context) {
        found.objects.insert(key, Object { uid, json });
    }
}

/// The thing of the world that an object is.
fn thing(world: &mut World, context: &str, key: &Key, environment: Environment, json: &Value) -> Uid {
    let created = json.pointer("/metadata/creationTimestamp").and_then(Value::as_str).and_then(Time::parse);
    let created = created.map_or(world.now(), |since| since.min(world.now()));
    let place =
        if key.namespace.is_empty() { context.to_owned() } else { format!("{context}/{}", key.namespace) };
    let new = NewResource {
        kind: format!("Kubernetes::{}", key.kind.kind),
        name: format!("{place}/{}", key.name),
        role: format!("{}@{context}/{}", key.namespace, key.name),
        environment,
        tags: texts(json.pointer("/metadata/labels")),
        stateful: false,
        serving: key.kind.is_workload() || key.kind.kind == "Service",
        replaces: None,
    };
    world.create_since(new, created)
}

/// Takes an object away for good.
pub(super) fn take(world: &mut World, context: &str, key: &Key) {
    let gone = cluster(world, context).and_then(|found| found.objects.remove(key));
    if let Some(uid) = gone.and_then(|gone| gone.uid) {
        world.destroy(uid, 0, None);
    }
}

/// Changes an object where it stands.
pub(super) fn change(world: &mut World, context: &str, key: &Key, doing: impl FnOnce(&mut Value)) {
    if let Some(object) = cluster(world, context).and_then(|found| found.objects.get_mut(key)) {
        doing(&mut object.json);
    }
}

/// Sets what stands at a path, with the maps on the way to it.
pub(super) fn set(json: &mut Value, path: &[&str], value: impl Into<Value>) {
    let Some((first, rest)) = path.split_first() else {
        *json = value.into();
        return;
    };
    if !json.is_object() {
        *json = Value::Object(Map::new());
    }
    if let Value::Object(map) = json {
        set(map.entry((*first).to_owned()).or_insert(Value::Null), rest, value.into());
    }
}

/// Takes away what stands at a path.
pub(super) fn unset(json: &mut Value, path: &[&str]) {
    let Some((last, before)) = path.split_last() else { return };
    let parent = before.iter().try_fold(json, |at, key| at.get_mut(*key));
    if let Some(map) = parent.and_then(Value::as_object_mut) {
        map.remove(*last);
    }
}
