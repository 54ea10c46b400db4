//! What an agent may make the world hold.
//!
//! A world is cloned for every preview, hashed into digests and kept in memory by the hundred, so nothing in it may grow
//! as far as an agent likes. Where the real service has a quota, its number or its words are used. What one run of
//! code or one statement may take stands with the engines (`engine::sandbox`, `sql::engine`); what stands here is what
//! would stay.

use crate::World;
use crate::call::{Call, Refusal, Service};
use crate::engine::Sources;

/// Bytes of the target and the arguments of one call.
const CALL_BYTES_MAX: usize = 1 << 20;
/// Files of the checkout.
const FILES_MAX: usize = 5_000;
/// Bytes of all files of the checkout.
const CHECKOUT_BYTES_MAX: usize = 8 << 20;
/// Bytes of one path, as on Linux.
const PATH_BYTES_MAX: usize = 4_095;
/// Bytes of one name in a path or of a branch, as on Linux.
const NAME_BYTES_MAX: usize = 255;
/// Bytes of the trees of all commits of the checkout.
const HISTORY_BYTES_MAX: usize = 512 << 20;
/// Branches and stashes of the checkout.
const REFERENCES_MAX: usize = 500;
/// Pull requests and issues, and each one's comments, of the hosted repository.
const THREADS_MAX: usize = 500;
/// Runs of the pipeline.
const RUNS_MAX: usize = 500;
/// Messages in the chat, answers included.
const MESSAGES_MAX: usize = 2_000;
/// Characters of one message, as in the real chat.
const MESSAGE_CHARS_MAX: usize = 40_000;
/// Stacks that ever stood.
const STACKS_MAX: usize = 200;
/// Change sets of one stack.
const CHANGE_SETS_MAX: usize = 100;
/// Instances, as in the real service.
const INSTANCES_MAX: usize = 40;
/// Snapshots, as in the real service.
const SNAPSHOTS_MAX: usize = 100;
/// Buckets, as in the real service.
const BUCKETS_MAX: usize = 100;
/// Versions of objects that were ever written.
const OBJECT_VERSIONS_MAX: u64 = 100_000;
/// Bytes that a cache without a limit of its own holds.
pub(super) const CACHE_BYTES_MAX: u64 = 32 << 20;
/// Objects in all clusters.
const CLUSTER_OBJECTS_MAX: usize = 2_000;
/// Keys of a customer.
const KEYS_MAX: usize = 200;
/// Dashboards.
const DASHBOARDS_MAX: usize = 500;

/// Refuses a call that would make the world hold more than it may.
///
/// # Errors
/// The service's own refusal where it has such a quota, else one in its style.
pub(crate) fn check(world: &World, call: &Call) -> Result<(), Refusal> {
    let bytes = call.args.values().map(weight).sum::<usize>().saturating_add(call.target.len());
    if bytes > CALL_BYTES_MAX {
        return Err(Refusal::new(
            "RequestTooLarge",
            format!("a request holds at most {CALL_BYTES_MAX} bytes"),
        ));
    }
    if call.is_read() {
        return Ok(());
    }
    match call.service {
        Service::Stacks => stacks(world, call),
        Service::Databases => databases(world, call),
        Service::Objects => objects(world, call),
        Service::Observability => observability(world, call),
        Service::Forge => forge(world, call),
        Service::Workspace => workspace(world, call),
        Service::People => people(world, call),
        Service::Keys => {
            let is_full = call.operation == "CreateKey" && world.keys.len() >= KEYS_MAX;
            full(is_full, "LimitExceededException", "The quota of keys is exceeded.")
        }
        Service::Cluster => {
            let full_up = super::cluster_objects::count(world) >= CLUSTER_OBJECTS_MAX;
            let grows = matches!(call.operation.as_str(), "Apply" | "Create" | "Scale" | "Replace");
            let text = "Error from server: etcdserver: mvcc: database space exceeded";
            full(full_up && grows, "SpaceExceeded", text)
        }
        // A cache refuses by itself what it has no memory for.
        Service::Brokers
        | Service::Caches
        | Service::Migrations
        | Service::Hosts
        | Service::Identity
        | Service::Functions
        | Service::Clock
        | Service::Mailboxes
        | Service::Platform
        | Service::Terraform
        | Service::Dns
        | Service::Docker
        | Service::Indices => Ok(()),
    }
}

/// Bytes of the texts in a value; a number or a switch counts as eight.
fn weight(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len().saturating_add(weight(value))).sum(),
        _ => 8,
    }
}

fn full(is_full: bool, code: &str, text: &str) -> Result<(), Refusal> {
    if is_full { Err(Refusal::new(code, text)) } else { Ok(()) }
}

fn stacks(world: &World, call: &Call) -> Result<(), Refusal> {
    let stacks = &world.stacks.stacks;
    match call.operation.as_str() {
        "CreateStack" => {
            let text = format!("Limit for stack has been exceeded ({STACKS_MAX})");
            full(stacks.len() >= STACKS_MAX, "LimitExceededException", &text)
        }
        "CreateChangeSet" => {
            let is_full = stacks.len() >= STACKS_MAX
                || stacks.iter().any(|stack| stack.change_sets.len() >= CHANGE_SETS_MAX);
            full(is_full, "LimitExceededException", "ChangeSet limit exceeded")
        }
        _ => Ok(()),
    }
}

fn databases(world: &World, call: &Call) -> Result<(), Refusal> {
    let (instances, snapshots) = (world.databases.instances.len(), world.databases.snapshots.len());
    match call.operation.as_str() {
        "CreateDBInstance" | "RestoreDBInstanceFromDBSnapshot" | "RestoreDBInstanceToPointInTime" => {
            full(instances >= INSTANCES_MAX, "InstanceQuotaExceeded", "Instance quota exceeded.")
        }
        "CreateDBSnapshot" => full(
            snapshots >= SNAPSHOTS_MAX,
            "SnapshotQuotaExceeded",
            "Cannot create more than 100 manual snapshots",
        ),
        _ => Ok(()),
    }
}

fn objects(world: &World, call: &Call) -> Result<(), Refusal> {
    let buckets = &world.objects.buckets;
    if matches!(call.operation.as_str(), "CreateBucket" | "MakeBucket") {
        let text = "You have attempted to create more buckets than allowed";
        return full(buckets.len() >= BUCKETS_MAX, "TooManyBuckets", text);
    }
    let writes = matches!(call.operation.as_str(), "PutObject" | "CopyObject" | "Copy" | "Move" | "Sync");
    let made: u64 = buckets.values().map(|bucket| bucket.store.made()).sum();
    full(writes && made >= OBJECT_VERSIONS_MAX, "SlowDown", "Please reduce your request rate.")
}

fn observability(world: &World, call: &Call) -> Result<(), Refusal> {
    let is_full = world.observability.dashboards.len() >= DASHBOARDS_MAX;
    full(is_full && call.operation == "PutDashboard", "LimitExceeded", "The dashboard quota is exceeded")
}

fn forge(world: &World, call: &Call) -> Result<(), Refusal> {
    let state = &world.forge;
    let comments = state.pulls.values().map(|pull| pull.comments.len().max(pull.reviews.len()));
    let most = comments.chain(state.issues.values().map(|issue| issue.comments.len())).max().unwrap_or(0);
    let threads = state.pulls.len().saturating_add(state.issues.len());
    let is_full = match call.operation.as_str() {
        "CreatePullRequest" | "CreateIssue" => threads >= THREADS_MAX,
        "RunWorkflow" => state.runs.len() >= RUNS_MAX,
        "CommentPullRequest" | "CommentIssue" | "ReviewPullRequest" => most >= THREADS_MAX,
        _ => false,
    };
    full(is_full, "Forbidden", "HTTP 403: You have exceeded a secondary rate limit")
}

fn people(world: &World, call: &Call) -> Result<(), Refusal> {
    let long = call.text("text").is_some_and(|text| text.chars().count() > MESSAGE_CHARS_MAX);
    full(long, "msg_too_long", &format!("a message has at most {MESSAGE_CHARS_MAX} characters"))?;
    let messages = world.people.messages();
    full(messages >= MESSAGES_MAX, "ratelimited", "too many messages were posted; nothing more is taken")
}

fn workspace(world: &World, call: &Call) -> Result<(), Refusal> {
    let state = &world.workspace;
    let git = call.operation.strip_prefix("Git");
    for path in [call.texts("paths"), call.text("path").into_iter().collect()].concat() {
        self::path(path)?;
    }
    let named = ["create", "force-create"].iter().filter_map(|name| call.text(name));
    let branches = if git == Some("Branch") { call.texts("args") } else { Vec::new() };
    for name in named.chain(branches) {
        full(name.len() > NAME_BYTES_MAX, "fatal", "the branch name is too long")?;
    }
    let is_full = match git {
        Some("Branch" | "Switch") => state.branches.len() >= REFERENCES_MAX,
        Some("Stash") => state.stash.len() >= REFERENCES_MAX,
        Some("Commit" | "Merge" | "Revert" | "CherryPick" | "Pull") => {
            state.store.all().map(|commit| bytes(&commit.tree)).sum::<usize>() >= HISTORY_BYTES_MAX
        }
        _ => false,
    };
    full(is_full, "fatal", "unable to write new index file: No space left on device")?;
    let is_full = call.operation == "MakeDirectory" && state.folders.len() >= FILES_MAX;
    full(is_full, "NotPossible", "cannot create directory: No space left on device")
}

fn bytes(files: &Sources) -> usize {
    files.iter().map(|(path, text)| path.len().saturating_add(text.len())).sum()
}

/// Whether the checkout may hold these files and so much more.
///
/// # Errors
/// As the file system says it.
pub(super) fn checkout(files: &Sources, more_files: usize, more_bytes: usize) -> Result<(), Refusal> {
    let is_full = files.len().saturating_add(more_files) > FILES_MAX
        || bytes(files).saturating_add(more_bytes) > CHECKOUT_BYTES_MAX;
    full(is_full, "NotPossible", "No space left on device")
}

/// Whether a text of so many bytes may become a file of the checkout at all.
///
/// # Errors
/// As the file system says it.
pub(super) fn file(bytes: usize) -> Result<(), Refusal> {
    full(bytes > CHECKOUT_BYTES_MAX, "NotPossible", "File too large")
}

/// Whether a path is one that the file system takes.
///
/// # Errors
/// As the file system says it.
pub(super) fn path(path: &str) -> Result<(), Refusal> {
    let long = path.len() > PATH_BYTES_MAX || path.split('/').any(|name| name.len() > NAME_BYTES_MAX);
    let shown: String = path.chars().take(60).collect();
    full(long, "NotPossible", &format!("{shown}…: File name too long"))
}
