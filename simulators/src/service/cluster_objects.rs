//! What the command dialect asks of clusters before it makes a call: where commands go, and how manifests are read.

use serde_json::Value;

use super::cluster_store::Key;
use super::{cluster, stack_template};
use crate::World;

/// The context that commands use.
pub(crate) fn current(world: &World) -> String {
    world.cluster.current.clone()
}

/// The namespace that commands use in a context.
pub(crate) fn namespace(world: &World, context: &str) -> String {
    world.cluster.namespaces.get(context).cloned().unwrap_or_else(|| "default".to_owned())
}

/// The documents of a YAML or JSON text.
///
/// # Errors
/// It is none; where.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, String> {
    stack_template::documents(text).map_err(|refusal| refusal.message)
}

/// Whether a pod of that name stands.
pub(crate) fn has_pod(world: &World, (context, namespace, name): (&str, &str, &str)) -> bool {
    let found = world.cluster.clusters.get(context);
    found.is_some_and(|found| found.find("pods", namespace, name).is_some())
}

/// The database that a pod serves.
pub(crate) fn database_of(world: &World, (context, namespace, name): (&str, &str, &str)) -> Option<String> {
    let found = world.cluster.clusters.get(context)?;
    let pod = found.objects.get(&Key::new("pods", namespace, name)?)?;
    let claims: Vec<&str> = cluster::claims_of(pod).collect();
    let mut volumes =
        claims.iter().filter_map(|claim| found.find("persistentvolumeclaims", namespace, claim));
    volumes.find_map(|claim| {
        found.volumes.get(claim.text("/spec/volumeName")).map(|volume| volume.database.clone())
    })
}

/// Objects in all clusters.
pub(crate) fn count(world: &World) -> usize {
    world.cluster.clusters.values().map(|found| found.objects.len()).sum()
}
