//! What `kubectl` knows: its commands, their options, and what the real tool has besides.

/// Options that every command takes.
pub(super) const COMMON: &str = "context! n:namespace! cluster=_cluster! kubeconfig=_kubeconfig! request-timeout=_timeout! \
    v:v=_v! warnings-as-errors=_w ~server! ~token! ~as! ~user! ~insecure-skip-tls-verify ~certificate-authority!";

/// Options of what marks things.
const MARKS: &str = "all overwrite dry-run? l:selector! o:output! A:all-namespaces f:filename+ ~list ~local ~resource-version! ~field-selector!";

/// A command: the words that name it, and its options. A `~` is the real tool's alone.
pub(super) struct Command {
    pub words: &'static str,
    pub options: &'static str,
    pub about: &'static str,
}

const fn command(words: &'static str, about: &'static str, options: &'static str) -> Command {
    Command { words, options, about }
}

pub(super) const COMMANDS: &[Command] = &[
    command(
        "get",
        "Display one or many resources",
        "o:output! A:all-namespaces l:selector! field-selector! f:filename+ show-labels no-headers ignore-not-found show-kind \
         sort-by! L:label-columns+ chunk-size=_c! R:recursive=_r ~w:watch ~watch-only ~raw! ~template! ~subresource! ~k:kustomize!",
    ),
    command(
        "describe",
        "Show details of a specific resource or group of resources",
        "A:all-namespaces l:selector! f:filename+ show-events! chunk-size=_c! R:recursive=_r ~k:kustomize!",
    ),
    command(
        "logs",
        "Print the logs for a container in a pod",
        "c:container=_c! tail! timestamps all-containers=_a since=_s! since-time=_t! p:previous prefix=_p limit-bytes=_l! \
         ~f:follow ~l:selector! ~max-log-requests!",
    ),
    command(
        "delete",
        "Delete resources by file names, stdin, resources and names, or by resources and label selector",
        "A:all-namespaces l:selector! field-selector! f:filename+ all cascade! dry-run? force grace-period! ignore-not-found now \
         o:output! timeout! wait! R:recursive=_r ~k:kustomize! ~raw! ~i:interactive",
    ),
    command(
        "apply",
        "Apply a configuration to a resource by file name or stdin",
        "f:filename+ dry-run? o:output! server-side=_s force=_f validate=_v! R:recursive=_r wait=_w overwrite=_o field-manager=_m! \
         force-conflicts=_c ~k:kustomize! ~prune ~l:selector! ~all ~prune-allowlist! ~cascade! ~grace-period! ~timeout!",
    ),
    command(
        "create namespace",
        "Create a namespace with the specified name",
        "dry-run? o:output! save-config=_s validate=_v! field-manager=_m!",
    ),
    command(
        "create",
        "Create a resource from a file or from stdin",
        "f:filename+ dry-run? o:output! save-config=_s validate=_v! R:recursive=_r field-manager=_m! ~edit ~k:kustomize! ~raw! ~l:selector!",
    ),
    command(
        "replace",
        "Replace a resource by file name or stdin",
        "f:filename+ force dry-run? cascade=_c! grace-period=_g! timeout=_t! wait=_w o:output! save-config=_s validate=_v! R:recursive=_r \
         ~raw! ~subresource! ~k:kustomize!",
    ),
    command(
        "diff",
        "Diff the live version against a would-be applied version",
        "f:filename+ R:recursive=_r server-side=_s ~k:kustomize! ~prune ~l:selector!",
    ),
    command(
        "patch",
        "Update fields of a resource",
        "p:patch! type! dry-run? o:output! f:filename+ field-manager=_m! local=_l ~patch-file! ~subresource! ~k:kustomize!",
    ),
    command("label", "Update the labels on a resource", MARKS),
    command("annotate", "Update the annotations on a resource", MARKS),
    command(
        "scale",
        "Set a new size for a deployment, replica set, or stateful set",
        "replicas! all dry-run? l:selector! f:filename+ o:output! timeout=_t! ~current-replicas! ~resource-version!",
    ),
    command(
        "set image",
        "Update the image of a pod template",
        "all dry-run? l:selector! f:filename+ o:output! ~local",
    ),
    command(
        "rollout status",
        "Show the status of the rollout",
        "w:watch=_w! timeout=_t! revision=_r! l:selector! f:filename+",
    ),
    command("rollout history", "View rollout history", "revision! l:selector! f:filename+ ~o:output!"),
    command("rollout restart", "Restart a resource", "l:selector! f:filename+ o:output! field-manager=_m!"),
    command(
        "rollout undo",
        "Undo a previous rollout",
        "to-revision! l:selector! f:filename+ o:output! ~dry-run?",
    ),
    command(
        "wait",
        "Wait for a specific condition on one or many resources",
        "for! timeout! all l:selector! A:all-namespaces f:filename+ o:output! ~local ~field-selector!",
    ),
    command("config current-context", "Display the current-context", ""),
    command("config get-contexts", "Describe one or many contexts", "no-headers o:output!"),
    command("config use-context", "Set the current-context in a kubeconfig file", ""),
    command("config set-context", "Set a context entry in kubeconfig", "current"),
    command("config view", "Display merged kubeconfig settings", "minify o:output=_o! raw=_r flatten=_f"),
    command(
        "auth can-i",
        "Check whether an action is allowed",
        "A:all-namespaces q:quiet=_q no-headers=_h ~list ~subresource!",
    ),
    command("events", "List events", "A:all-namespaces o:output! no-headers types=_t! for! ~w:watch"),
    command(
        "exec",
        "Execute a command in a container",
        "i:stdin t:tty c:container=_c! q:quiet=_q pod-running-timeout=_p! ~f:filename+",
    ),
    command(
        "api-resources",
        "Print the supported API resources on the server",
        "namespaced! verbs=_v! o:output! no-headers api-group! cached=_c sort-by=_s! ~categories!",
    ),
    command("cluster-info", "Display cluster information", ""),
    command("version", "Print the client and server version information", "client o:output=_o!"),
];

/// What the real tool has besides.
pub(super) const BEYOND: &[&str] = &[
    "alpha",
    "api-versions",
    "attach",
    "autoscale",
    "certificate",
    "completion",
    "cordon",
    "cp",
    "debug",
    "drain",
    "edit",
    "explain",
    "expose",
    "kustomize",
    "options",
    "plugin",
    "port-forward",
    "proxy",
    "run",
    "taint",
    "top",
    "uncordon",
];

/// Commands in two words, of which the real tool has more.
pub(super) const GROUPS: &[(&str, &[&str])] = &[
    ("auth", &["reconcile", "whoami"]),
    (
        "config",
        &[
            "delete-cluster",
            "delete-context",
            "delete-user",
            "get-clusters",
            "get-users",
            "rename-context",
            "set",
            "set-cluster",
            "set-credentials",
            "unset",
        ],
    ),
    (
        "create",
        &[
            "clusterrole",
            "clusterrolebinding",
            "configmap",
            "cronjob",
            "deployment",
            "ingress",
            "job",
            "poddisruptionbudget",
            "priorityclass",
            "quota",
            "role",
            "rolebinding",
            "secret",
            "service",
            "serviceaccount",
            "token",
        ],
    ),
    ("rollout", &["pause", "resume"]),
    ("set", &["env", "resources", "selector", "serviceaccount", "subject"]),
];
