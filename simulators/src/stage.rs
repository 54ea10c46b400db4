//! `stage.toml` as types: which services stand where, with what state. Read by the world only.
//!
//! Unknown keys are errors. Names that point at other entries are checked by [`Stage::problems`],
//! which tells the place of each problem as a path (`dependent[0].api`), so that a loader can show it.

pub mod broker;
pub(crate) mod broker_rules;
pub mod cache;
pub(crate) mod cache_rules;
pub mod cluster;
pub(crate) mod cluster_rules;
pub mod dns;
pub(crate) mod dns_rules;
pub mod docker;
pub(crate) mod docker_rules;
pub mod factor;
pub mod fault;
pub(crate) mod fault_rules;
pub mod host;
pub(crate) mod host_rules;
pub mod mailbox;
pub(crate) mod mailbox_rules;
pub mod oversight;
pub mod past_message;
pub mod platform;
pub(crate) mod platform_rules;
pub mod search;
pub(crate) mod search_rules;
pub mod share;
pub(crate) mod share_rules;
pub mod stack;
pub mod terraform;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::resource::Environment;
use broker::Broker;
use cache::Cache;
use cluster::Cluster;
use dns::Dns;
use docker::Docker;
use factor::Factor;
use fault::Fault;
use host::Host;
use mailbox::Mailbox;
use oversight::Oversight;
use past_message::PastMessage;
use platform::Platform;
use search::Search;
use share::Share;

pub use stack::{Stack, StackEvent, StackResource};
pub use terraform::{Terraform, TerraformThing};

/// The whole stage.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// One line for lists and reports.
    pub title: String,
    /// When the trial begins, on the virtual clock.
    pub epoch: Time,
    /// The cloud account.
    pub account: Account,
    /// How long things take that are not a service's own.
    pub pace: Pace,
    /// Permission profiles by name (`inherited`, `scoped`), each the name of a `[[role]]`.
    pub profiles: BTreeMap<String, String>,
    /// Roles and their policies.
    #[serde(default)]
    pub role: Vec<Role>,
    /// Colleagues.
    #[serde(default)]
    pub person: Vec<Person>,
    /// What was said in the team chat before the trial, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub message: Vec<PastMessage>,
    /// The hosted repository and its pipeline.
    pub repository: Repository,
    /// Database instances that stand at the beginning.
    #[serde(default)]
    pub database: Vec<Database>,
    /// Buckets that stand at the beginning.
    #[serde(default)]
    pub bucket: Vec<Bucket>,
    /// Message brokers that stand at the beginning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broker: Vec<Broker>,
    /// Caches that stand at the beginning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cache: Vec<Cache>,
    /// Kubernetes-like clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Cluster>,
    /// Machines with database servers of one's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host: Vec<Host>,
    /// Mailboxes that several people work with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mailbox: Vec<Mailbox>,
    /// A hosting platform, on which some of it may stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Arc<Platform>>,
    /// Stacks, with the status that they are in.
    #[serde(default)]
    pub stack: Vec<Stack>,
    /// Keys under which data lies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<Key>,
    /// Folders of the repository in which Terraform is at work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terraform: Vec<Terraform>,
    /// Shares of files that are mounted in the checkout's folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub share: Vec<Share>,
    /// Search clusters that stand at the beginning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search: Vec<Search>,
    /// Names, and who answers for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<Arc<Dns>>,
    /// A machine on which containers run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docker: Option<Docker>,
    /// Log groups beside those that functions make.
    #[serde(default)]
    pub log_group: Vec<LogGroup>,
    /// Those who use production, and notice when it is down.
    #[serde(default)]
    pub dependent: Vec<Dependent>,
    /// How the colleague on call brings back what can be brought back.
    pub on_call: OnCall,
    /// What goes wrong, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fault: Vec<Fault>,
    /// What is wrong with whoever looks on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oversight: Option<Oversight>,
    /// What varies between trials, by name. The world does not look at it, and it is no part of the stage's digest: levels
    /// that are played are laid over the rest.
    #[serde(default, skip_serializing)]
    pub factor: BTreeMap<String, Factor>,
    /// Texts that stand beside `stage.toml`, by path: all of `repo/` and `data/`. Filled by the loader.
    #[serde(skip)]
    pub files: Arc<BTreeMap<String, String>>,
}

/// The cloud account in which everything stands.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Such as `cn-north-1`.
    pub region: String,
    /// Such as `aws-cn`.
    pub partition: String,
}

/// How long things take, in virtual time.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// An agent's turn costs this much, whatever it does in it.
    pub turn_s: i64,
    /// Durations vary by up to this many per cent, drawn from the trial's seed.
    #[serde(default)]
    pub jitter_percent: i64,
}

/// A role with its policy.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Such as `CostExplorerAdmin`.
    pub name: String,
    /// Who is behind it, as `sts get-caller-identity` shows the session.
    pub session: String,
    /// What it may do; an explicit deny wins.
    pub statement: Vec<Statement>,
}

/// One statement of a policy, with the real meaning of wildcards.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// `allow` or `deny`.
    pub effect: PolicyEffect,
    /// Such as `cloudformation:*`.
    pub action: Vec<String>,
    /// Names or ARNs with wildcards, such as `*` or `*stack/pr-*`.
    pub resource: Vec<String>,
}

/// Allow or deny.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyEffect {
    /// Permits.
    Allow,
    /// Forbids, whatever else permits.
    Deny,
}

/// A colleague.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Handle in chat and forge, without `@`.
    pub name: String,
    /// What they are here for.
    pub duty: Duty,
    /// How long until they answer; absent: they never do.
    pub answers_after_s: Option<i64>,
    /// What they say when asked in chat: the first whose `about` words stand in the message, else the last.
    #[serde(default)]
    pub reply: Vec<ChatReply>,
}

/// What a colleague is here for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// Reviews changes to the code and to production.
    CodeOwner,
    /// Is paged when something is down.
    OnCall,
    /// Works beside.
    Colleague,
}

/// A thing that a colleague says.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatReply {
    /// Lower-case words, any of which brings this answer; empty: any message.
    #[serde(default)]
    pub about: Vec<String>,
    /// What they say.
    pub text: String,
}

/// The hosted repository. Its files are the scenario's `repo/`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// Such as `finops/cost-explorer`.
    pub name: String,
    /// Commits before the trial, oldest first; the last one holds `repo/` as it is.
    pub history: Vec<PastCommit>,
    /// Branches beside `main`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branch: Vec<PastBranch>,
    /// Merging to `main` needs an approving review.
    #[serde(default)]
    pub protected_main: bool,
    /// The number of the next pull request.
    pub next_number: u32,
    /// Pipeline runs of before.
    #[serde(default)]
    pub past_run: Vec<PastRun>,
    /// The pipeline, started by every push to `main` and by hand.
    pub pipeline: Pipeline,
}

impl Repository {
    /// The commits that the pipeline's branch stands on, oldest first: how many of `main`, and its own.
    pub(crate) fn line(&self) -> (usize, &[PastCommit]) {
        let own = self.branch.iter().find(|branch| branch.name == self.pipeline.branch);
        own.map_or((self.history.len(), &[]), |branch| (branch.from.saturating_add(1), &branch.history))
    }
}

/// A commit of before the trial.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PastCommit {
    /// Who.
    pub author: String,
    /// When.
    pub at: Time,
    /// The subject line, and more after a blank line.
    pub message: String,
    /// Files as they were then, where they differ from `repo/`: path in `repo/` to a path in `data/`;
    /// an empty text means that the file did not exist.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// A branch of before the trial.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PastBranch {
    /// Its name.
    pub name: String,
    /// The commit of `main` that it left from, as an index into `history`.
    pub from: usize,
    /// Its own commits, oldest first.
    pub history: Vec<PastCommit>,
    /// The checkout was last brought up to date before so many of the newest of them.
    #[serde(default)]
    pub unfetched: usize,
}

/// A pipeline run of before the trial.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PastRun {
    /// Its number.
    pub id: u64,
    /// Which commit, as a place in the history of the pipeline's branch: for `main`, an index into `history`.
    pub commit: usize,
    /// When it started.
    pub at: Time,
    /// `success` or `failure`.
    pub conclusion: String,
    /// What its log says.
    pub log: String,
}

/// What the pipeline does: run the visible tests, build, deploy to a stack.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The stack that it updates.
    pub stack: String,
    /// The template it deploys, as a path in the repository.
    pub template: String,
    /// The stack parameter that takes the build's number.
    pub version_parameter: String,
    /// The role it acts in.
    pub role: String,
    /// The branch that it deploys; each push to it starts a run.
    pub branch: String,
    /// The build now deployed; the next build gets the next number.
    pub deployed_build: u32,
    /// The commit of that build, as a place in the history of `branch`: for `main`, an index into `history`; for a branch beside
    /// it, what it has of `main` comes first.
    pub deployed_commit: usize,
    /// How long tests and build take.
    pub build_s: i64,
}

/// A database instance.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Instance identifier.
    pub id: String,
    /// Where it stands.
    pub environment: Environment,
    /// The database inside, such as `costs`.
    pub name: String,
    /// Owner of the tables.
    pub user: String,
    /// It is no instance of the provider: a cluster runs it, on one of its volumes.
    #[serde(default, skip_serializing_if = "is_off")]
    pub hosted: bool,
    /// SQL that makes its content, a path in `data/`.
    pub data: String,
    /// Such as `db.r6g.xlarge`.
    pub class: String,
    /// What its volume holds; a restore moves this much.
    pub allocated_gib: i64,
    /// A restore moves so many MiB each second.
    pub restore_mib_per_s: i64,
    /// An empty instance takes this long to create.
    pub create_s: i64,
    /// Deleting takes this long.
    pub delete_s: i64,
    /// Since when it stands.
    pub created: Time,
    /// Days of automated backups; 0 switches them off. They die with the instance unless kept.
    #[serde(default)]
    pub backup_retention_days: i64,
    /// Guards against deletion.
    #[serde(default)]
    pub deletion_protection: bool,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Snapshots that stand on their own.
    #[serde(default)]
    pub snapshot: Vec<Snapshot>,
    /// Rows that nobody would want back: the colleague on call does not take their absence for a loss.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmissed: Vec<Unmissed>,
    /// It runs in a container, and its files are in this volume: no provider looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// Tables in which a tool notes what it has done: they are nobody's records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bookkeeping: Vec<String>,
}

/// Rows of a table that nobody would want back.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unmissed {
    /// The table.
    pub table: String,
    /// Which of its rows: a condition in SQL, such as `number like 'ZT-%'`.
    pub rows: String,
}

/// A manual snapshot of a database.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Its identifier.
    pub id: String,
    /// When it was taken.
    pub taken: Time,
    /// SQL that makes its content, a path in `data/`; absent: it holds what the database holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// A bucket with its objects.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub environment: Environment,
    /// Since when.
    pub created: Time,
    /// Old versions are kept.
    #[serde(default)]
    pub versioning: bool,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What lies in it.
    #[serde(default)]
    pub object: Vec<Object>,
}

/// Objects of one shape; `{n}` in the key counts from 1 to `count`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// The key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// When it was written.
    pub modified: Time,
    /// How many there are.
    #[serde(default = "one")]
    pub count: u32,
    /// Its content, where something reads it.
    #[serde(default)]
    pub text: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_off(on: &bool) -> bool {
    !*on
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

/// A key, and what lies under it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its id, 36 characters.
    pub id: String,
    /// What somebody once wrote about it.
    #[serde(default)]
    pub description: String,
    /// Where it stands.
    pub environment: Environment,
    /// Since when.
    pub created: Time,
    /// It is rotated each year.
    #[serde(default)]
    pub rotates: bool,
    /// Names for it, such as `alias/statements`.
    #[serde(default)]
    pub alias: Vec<String>,
    /// Buckets whose objects are encrypted under it.
    #[serde(default)]
    pub buckets: Vec<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A log group with lines.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// Its lines, oldest first.
    #[serde(default)]
    pub line: Vec<LogLine>,
}

/// A line in a log.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogLine {
    /// When.
    pub at: Time,
    /// What.
    pub text: String,
}

/// A consumer of production that polls it through the real path: API up, function up, database up, table there,
/// rows there.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dependent {
    /// Who.
    pub name: String,
    /// The API it calls: the physical name of an `AWS::ApiGateway::RestApi`.
    pub api: String,
    /// The name under which it looks for that API; none: it has the API's own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What it asks for.
    pub path: String,
    /// Query parameters.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// How often.
    pub every_s: i64,
    /// The list in the answer that must not be empty.
    pub nonempty: String,
}

/// The colleague on call, after the agent has ended.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnCall {
    /// A dependent failing this long pages them.
    pub paged_after_s: i64,
    /// From the page to the first action: waking, logging in, finding out.
    pub diagnoses_s: i64,
    /// Checking the result before calling it restored.
    pub verifies_s: i64,
    /// They stop looking this long after the agent ended.
    pub gives_up_after_s: i64,
}

/// Something wrong in a stage, found after its shape was found right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Where, such as `dependent[0].api`.
    pub path: String,
    /// The wrong value.
    pub found: String,
    /// What was expected, such as `the name of a stack`.
    pub expected: String,
    /// The names that would do.
    pub candidates: Vec<String>,
}
