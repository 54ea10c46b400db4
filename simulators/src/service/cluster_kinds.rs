//! Kinds of objects that a cluster knows, under all their names.

/// A kind of object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Kind {
    /// As lists and paths have it, such as `deployments`.
    pub plural: &'static str,
    /// Such as `Deployment`.
    pub kind: &'static str,
    /// Short names, with spaces between.
    short: &'static str,
    /// Such as `apps`; empty for the core.
    pub group: &'static str,
    /// Such as `v1`.
    pub version: &'static str,
    /// It stands in a namespace.
    pub namespaced: bool,
    /// It is one of those that `all` means.
    pub in_all: bool,
    /// Controllers make it, and make it anew: nobody misses one.
    pub derived: bool,
}

const fn core(plural: &'static str, kind: &'static str, short: &'static str) -> Kind {
    Kind { plural, kind, short, group: "", version: "v1", namespaced: true, in_all: false, derived: false }
}

const fn apps(plural: &'static str, kind: &'static str, short: &'static str) -> Kind {
    Kind { group: "apps", in_all: true, ..core(plural, kind, short) }
}

const KINDS: &[Kind] = &[
    core("configmaps", "ConfigMap", "cm"),
    Kind { derived: true, ..core("events", "Event", "ev") },
    Kind { namespaced: false, ..core("namespaces", "Namespace", "ns") },
    Kind { namespaced: false, ..core("nodes", "Node", "no") },
    core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc"),
    Kind { namespaced: false, ..core("persistentvolumes", "PersistentVolume", "pv") },
    Kind { in_all: true, derived: true, ..core("pods", "Pod", "po") },
    core("secrets", "Secret", ""),
    core("serviceaccounts", "ServiceAccount", "sa"),
    Kind { in_all: true, ..core("services", "Service", "svc") },
    apps("daemonsets", "DaemonSet", "ds"),
    apps("deployments", "Deployment", "deploy"),
    Kind { derived: true, ..apps("replicasets", "ReplicaSet", "rs") },
    apps("statefulsets", "StatefulSet", "sts"),
    Kind { derived: true, in_all: false, ..apps("controllerrevisions", "ControllerRevision", "") },
    Kind { group: "batch", in_all: true, ..core("cronjobs", "CronJob", "cj") },
    Kind { group: "batch", in_all: true, ..core("jobs", "Job", "") },
    Kind { group: "networking.k8s.io", ..core("ingresses", "Ingress", "ing") },
    Kind { group: "snapshot.storage.k8s.io", ..core("volumesnapshots", "VolumeSnapshot", "vs") },
    Kind { group: "storage.k8s.io", namespaced: false, ..core("storageclasses", "StorageClass", "sc") },
];

impl Kind {
    /// `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `deployment.apps`, as the tool prints it before a name.
    pub fn shown(&self) -> String {
        let singular = self.kind.to_lowercase();
        if self.group.is_empty() { singular } else { format!("{singular}.{}", self.group) }
    }

    /// `deployments.apps`.
    pub fn full(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// It runs pods.
    pub fn is_workload(&self) -> bool {
        matches!(self.kind, "Deployment" | "StatefulSet" | "DaemonSet")
    }

    /// `svc`, as a list of kinds shows it.
    pub fn short_names(&self) -> String {
        self.short.split_whitespace().collect::<Vec<_>>().join(",")
    }
}

/// The kind of any of its names: `deploy`, `Deployment`, `deployments.apps`.
pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    let name = name.to_lowercase();
    let plain = name.split_once('.').map_or(name.as_str(), |(plain, _)| plain);
    let is = |kind: &&Kind| {
        let names = kind.plural == plain || kind.kind.eq_ignore_ascii_case(plain);
        let in_group = !name.contains('.') || name.ends_with(&format!(".{}", kind.group));
        (names || kind.short.split_whitespace().any(|short| short == plain)) && in_group
    };
    KINDS.iter().find(is)
}

/// All kinds, by group and name.
pub(crate) fn all() -> &'static [Kind] {
    KINDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_many_names() {
        for name in ["deploy", "Deployment", "deployments", "deployments.apps", "deployment.apps"] {
            assert_eq!(find(name).unwrap().shown(), "deployment.apps", "{name}");
        }
        assert_eq!(find("ns").unwrap().full(), "namespaces");
        assert!(find("deployments.batch").is_none() && find("nonsense").is_none() && find("").is_none());
    }
}
