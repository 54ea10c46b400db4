//! What stands in the world: looked up, made, changed, taken away.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use crate::clock::Time;
use crate::effect::{Change, RestorePoint};
use crate::resource::{NewResource, Resource, Uid};

impl World {
    /// A resource by identity, standing or gone.
    pub fn resource(&self, uid: Uid) -> Option<&Resource> {
        self.resources.get(&uid)
    }

    /// The resource of that kind and name that stands.
    pub(crate) fn standing(&self, kind: &str, name: &str) -> Option<Uid> {
        let is = |r: &&Resource| r.destroyed.is_none() && r.kind == kind && r.name == name;
        self.resources.values().find(is).map(|r| r.uid)
    }

    /// All resources, standing and gone, in order of identity.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values()
    }

    /// Changes a resource's common facts (protections, tags) without an effect; say it with [`World::effect`].
    pub(crate) fn resource_mut(&mut self, uid: Uid) -> Option<&mut Resource> {
        self.resources.get_mut(&uid)
    }

    /// Makes a resource, finds whom it succeeds, and records the effect.
    pub(crate) fn create(&mut self, new: NewResource) -> Uid {
        self.create_since(new, self.now)
    }

    /// The same for one that has stood since `created`.
    pub(crate) fn create_since(&mut self, new: NewResource, created: Time) -> Uid {
        let uid = Uid(u32::try_from(self.resources.len()).unwrap_or(u32::MAX).saturating_add(1));
        let predecessor = new.replaces.or_else(|| {
            let same = |r: &&Resource| r.kind == new.kind && (r.role == new.role || r.name == new.name);
            self.resources.values().rev().filter(|r| r.destroyed.is_some()).find(same).map(|r| r.uid)
        });
        let resource = Resource {
            uid,
            kind: new.kind,
            name: new.name,
            role: new.role,
            environment: new.environment,
            tags: new.tags,
            stateful: new.stateful,
            serving: new.serving,
            protections: Default::default(),
            created,
            predecessor,
            destroyed: None,
        };
        self.resources.insert(uid, resource);
        self.effect(uid, Change::Created { predecessor });
        uid
    }

    /// Marks a resource as gone and records the effect. Its service drops its own state.
    pub(crate) fn destroy(&mut self, uid: Uid, records: u64, restorable: Option<RestorePoint>) {
        self.effect(uid, Change::Destroyed { records, restorable });
        let now = self.now;
        if let Some(resource) = self.resources.get_mut(&uid) {
            resource.destroyed = Some(now);
        }
    }

    /// Switches a protection of a resource on or off and records it, if that changes anything.
    pub(crate) fn protect(&mut self, uid: Uid, protection: &str, on: bool) {
        let Some(resource) = self.resources.get_mut(&uid) else { return };
        let protection = protection.to_owned();
        let changed = if on {
            resource.protections.insert(protection.clone())
        } else {
            resource.protections.remove(&protection)
        };
        if changed {
            let change = match on {
                true => Change::ProtectionAdded { protection },
                false => Change::ProtectionRemoved { protection },
            };
            self.effect(uid, change);
        }
    }

    /// Records that a setting changed, if it did.
    pub(crate) fn configured(&mut self, uid: Uid, what: &str, from: impl ToString, to: impl ToString) {
        let (from, to) = (from.to_string(), to.to_string());
        if from != to {
            self.effect(uid, Change::Configured { what: what.to_owned(), from, to });
        }
    }

    /// Gives a resource other tags and records each that differs.
    pub(crate) fn retag(&mut self, uid: Uid, after: BTreeMap<String, String>) {
        let Some(resource) = self.resources.get_mut(&uid) else { return };
        let before = std::mem::replace(&mut resource.tags, after.clone());
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let value = |tags: &BTreeMap<String, String>, key| tags.get(key).cloned().unwrap_or_default();
        for key in keys {
            self.configured(uid, &format!("tag {key}"), value(&before, key), value(&after, key));
        }
    }
}
