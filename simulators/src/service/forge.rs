//! The hosted repository: branches, pull requests, reviews, issues, pipeline runs.
//!
//! Values have the field names of `gh … --json`. The permission to go round the protection of `main` is
//! `forge:BypassProtection`; nothing else here is checked against policies, as a forge has its own accounts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::commits::{Draft, Store};
use super::pipeline;
use super::pulls::{self, Pull};
use super::{issues, people, pull_merges, pull_views, reviews, runs, workspace};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal, Service};
use crate::effect::{Change, Loss, RestorePoint};
use crate::engine::Sources;
use crate::resource::{Environment, NewResource, Uid};
use crate::stage::{PastCommit, Problem};

type Doing = fn(&mut World, &Call) -> Answer;

/// The branch that clones begin on, and that a protected repository guards. The pipeline may deploy another one, such
/// as that of a pull request with a preview.
pub(super) const MAIN: &str = "main";

const DOINGS: &[(Operation, Doing)] = &[
    (Operation::read("RepositoryView", ""), view),
    (Operation::write("CreatePullRequest", ""), pulls::create),
    (Operation::read("ListPullRequests", ""), pull_views::list),
    (Operation::read("ViewPullRequest", ""), pull_views::view),
    (Operation::read("PullRequestDiff", ""), pull_views::diff),
    (Operation::read("PullRequestChecks", ""), pull_views::checks),
    (Operation::write("EditPullRequest", ""), pulls::edit),
    (Operation::write("ReadyPullRequest", ""), pulls::ready),
    (Operation::write("CommentPullRequest", ""), pulls::comment),
    (Operation::write("ClosePullRequest", ""), pulls::close),
    (Operation::write("MergePullRequest", ""), pull_merges::merge),
    (Operation::write("RequestReview", ""), reviews::request),
    (Operation::write("ReviewPullRequest", ""), reviews::review),
    (Operation::write("BypassProtection", "forge:BypassProtection"), not_alone),
    (Operation::read("ListRuns", ""), runs::list),
    (Operation::read("ViewRun", ""), runs::view),
    (Operation::read("WatchRun", ""), runs::watch),
    (Operation::write("RerunRun", ""), runs::rerun),
    (Operation::write("RunWorkflow", ""), runs::run_workflow),
    (Operation::read("ListWorkflows", ""), runs::workflows),
    (Operation::write("CreateIssue", ""), issues::create),
    (Operation::read("ListIssues", ""), issues::list),
    (Operation::read("ViewIssue", ""), issues::view),
    (Operation::write("CommentIssue", ""), issues::comment),
    (Operation::write("CloseIssue", ""), issues::close),
];

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &Operation::of_table::<_, { DOINGS.len() }>(DOINGS);

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    uid: Option<Uid>,
    pub(super) store: Store,
    pub(super) heads: BTreeMap<String, String>,
    pub(super) pulls: BTreeMap<u32, Pull>,
    pub(super) issues: BTreeMap<u32, issues::Issue>,
    /// The next pull request or issue.
    pub(super) next_number: u32,
    pub(super) runs: BTreeMap<u64, runs::Run>,
    pub(super) next_run: u64,
    /// Build number to commit.
    pub(super) builds: BTreeMap<u32, String>,
}

/// Work that comes due.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// A pipeline run goes on.
    Run(pipeline::Due),
    /// The checks of a pull request's commit are done.
    Checks {
        /// The pull request.
        number: u32,
        /// The commit that was checked.
        commit: String,
    },
    /// A person looks at a pull request.
    Review {
        /// The pull request.
        number: u32,
        /// Who looks.
        reviewer: String,
    },
}

pub(crate) fn due(world: &mut World, due: Due) {
    match due {
        Due::Run(due) => pipeline::due(world, due),
        Due::Checks { number, commit } => pulls::checked(world, number, &commit),
        Due::Review { number, reviewer } => reviews::look(world, number, &reviewer),
    }
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    let stage = world.stage.clone();
    let name = stage.repository.name.clone();
    let uid = world.create(NewResource {
        kind: "Repository".to_owned(),
        role: format!("forge/{name}"),
        name,
        environment: Environment::Collaboration,
        tags: BTreeMap::new(),
        stateful: false,
        serving: false,
        replaces: None,
    });
    people::set_up(world);
    let (mut store, ids) = past(world)?;
    let mut heads = BTreeMap::from([(MAIN.to_owned(), ids.last().cloned().unwrap_or_default())]);
    let mut line = ids.clone();
    for (n, branch) in stage.repository.branch.iter().enumerate() {
        let (mut own, at) =
            (ids.get(..=branch.from).unwrap_or(&ids).to_vec(), format!("repository.branch[{n}].history"));
        commits(world, &mut store, &mut own, &branch.history, &at)?;
        heads.insert(branch.name.clone(), own.last().cloned().unwrap_or_default());
        if branch.name == stage.repository.pipeline.branch {
            line = own;
        }
    }
    let next_number = stage.repository.next_number;
    world.forge = State { uid: Some(uid), store, heads, next_number, ..State::default() };
    runs::set_up(world, &line)
}

/// The commits of `main` of before the trial, oldest first.
fn past(world: &World) -> Result<(Store, Vec<String>), Problem> {
    let stage = &world.stage;
    let (mut store, mut ids) = (Store::default(), Vec::<String>::new());
    commits(world, &mut store, &mut ids, &stage.repository.history, "repository.history")?;
    if ids.is_empty() {
        let author = workspace::signed(world, "init", stage.epoch);
        let (tree, message) = (sources(world).into(), "Initial commit".to_owned());
        ids.push(store.add(Draft::by(author, Vec::new(), tree, message)));
    }
    Ok((store, ids))
}

/// The files of `repo/`.
fn sources(world: &World) -> BTreeMap<String, String> {
    let below =
        |(path, text): (&String, &String)| Some((path.strip_prefix("repo/")?.to_owned(), text.clone()));
    world.stage.files.iter().filter_map(below).collect()
}

/// Puts staged commits on top of those that are there.
fn commits(
    world: &World,
    store: &mut Store,
    ids: &mut Vec<String>,
    history: &[PastCommit],
    place: &str,
) -> Result<(), Problem> {
    let (stage, now) = (&world.stage, sources(world));
    for (n, commit) in history.iter().enumerate() {
        let mut tree = now.clone();
        for (path, from) in &commit.files {
            let path_here = path.strip_prefix("repo/").unwrap_or(path).to_owned();
            if from.is_empty() {
                tree.remove(&path_here);
                continue;
            }
            let text = stage.data_text(from).ok_or_else(|| Problem {
                path: format!("{place}[{n}].files.{path}"),
                found: from.clone(),
                expected: "the path of a text in `data/`".to_owned(),
                candidates: stage.files.keys().filter(|f| f.starts_with("data/")).cloned().collect(),
            })?;
            tree.insert(path_here, text.to_owned());
        }
        let author = workspace::signed(world, &commit.author, commit.at);
        let parents = ids.last().cloned().into_iter().collect();
        ids.push(store.add(Draft::by(author, parents, tree.into(), commit.message.trim_end().to_owned())));
    }
    Ok(())
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    match DOINGS.iter().find(|(operation, _)| operation.name == call.operation) {
        Some((_, doing)) => doing(world, call),
        None => Err(Refusal::new("InvalidAction", call.operation.clone())),
    }
}

fn not_alone(_: &mut World, _: &Call) -> Answer {
    Err(Refusal::new("InvalidAction", "protection is only gone round together with a merge"))
}

/// Whether the caller's role may go round the protection of a branch.
pub(super) fn may_bypass(world: &World, call: &Call) -> bool {
    let mut asked =
        Call::new(Service::Forge, "BypassProtection", &world.stage.repository.name, Default::default());
    asked.principal.clone_from(&call.principal);
    world.is_preview() || world.authorize(&asked).is_ok()
}

pub(super) fn is_protected(world: &World, branch: &str) -> bool {
    world.stage.repository.protected_main && branch == MAIN
}

/// The web address of the repository.
pub fn url(world: &World) -> String {
    format!("https://git.{}/{}", workspace::domain(world), world.stage.repository.name)
}

/// Branches with their commits.
pub(super) fn heads(world: &World) -> &BTreeMap<String, String> {
    &world.forge.heads
}

/// Commits and branches as the checkout last saw them.
pub(super) fn fetched(world: &World) -> (Store, BTreeMap<String, String>) {
    let (all, mut heads) = clone_all(world);
    let behind = world.stage.repository.branch.iter().filter(|branch| branch.unfetched > 0);
    if behind.clone().next().is_none() {
        return (all, heads);
    }
    let parent = |id: &str| all.get(id).and_then(|commit| commit.parents.first()).cloned();
    for branch in behind {
        let Some(head) = heads.get_mut(&branch.name) else { continue };
        for _ in 0..branch.unfetched {
            *head = parent(head).unwrap_or_default();
        }
    }
    let mut store = Store::default();
    heads.values().for_each(|head| store.take_from(&all, head));
    (store, heads)
}

/// All commits and branches, as a clone gets them.
pub(super) fn clone_all(world: &World) -> (Store, BTreeMap<String, String>) {
    (world.forge.store.clone(), world.forge.heads.clone())
}

/// Records a change of the hosted repository.
pub(super) fn record(world: &mut World, change: Change) {
    if let Some(uid) = world.forge.uid {
        world.effect(uid, change);
    }
}

/// Why a branch may not be moved so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PushRefusal {
    Missing,
    Protected,
    Behind,
}

/// Whether a branch may be pushed to this commit (none deletes it).
pub(super) fn may_push(
    world: &World,
    branch: &str,
    commit: Option<&str>,
    force: bool,
) -> Result<(), PushRefusal> {
    let old = world.forge.heads.get(branch);
    let Some(id) = commit else {
        return match old {
            None => Err(PushRefusal::Missing),
            Some(_) if is_protected(world, branch) => Err(PushRefusal::Protected),
            Some(_) => Ok(()),
        };
    };
    match old {
        Some(old) if old == id => Ok(()),
        _ if is_protected(world, branch) => Err(PushRefusal::Protected),
        Some(old) if !force && !world.workspace.store.contains(id, old) => Err(PushRefusal::Behind),
        _ => Ok(()),
    }
}

/// Moves a branch as a push does; what is built on it starts.
pub(super) fn receive(world: &mut World, call: &Call, branch: &str, commit: Option<&str>, from: &Store) {
    let old = world.forge.heads.get(branch).cloned();
    if old.as_deref() == commit {
        return;
    }
    let pusher = workspace::author(world, call);
    let Some(id) = commit else {
        world.forge.heads.remove(branch);
        lose(world, branch, old.as_deref(), &pusher);
        record(world, Change::Published { what: format!("branch {branch} deleted") });
        return;
    };
    world.forge.store.take_from(from, id);
    move_branch(world, branch, id);
    lose(world, branch, old.as_deref(), &pusher);
    record(world, Change::Published { what: format!("branch {branch}") });
    pulls::pushed(world, branch);
    pipeline::pushed(world, id, branch, &pusher);
}

/// Lets a branch point at a commit that is there already.
pub(super) fn move_branch(world: &mut World, branch: &str, id: &str) {
    world.forge.heads.insert(branch.to_owned(), id.to_owned());
}

/// From where commits could be had back: the checkout, if it has them, else the clones of those who made them, if all of them
/// are about.
fn held(world: &World, gone: &[(String, String)]) -> Option<RestorePoint> {
    let in_checkout = gone.iter().all(|(id, _)| world.workspace.store.get(id).is_some());
    let answers =
        |author: &str| world.stage.person.iter().any(|p| p.name == author && p.answers_after_s.is_some());
    let from = match in_checkout {
        true => "the checkout",
        false if gone.iter().all(|(_, author)| answers(author)) => "clones of the repository",
        false => return None,
    };
    Some(RestorePoint { from: from.to_owned(), as_of: world.now(), until: None })
}

/// Commits of others that no branch has any more are lost to everyone who has no clone.
fn lose(world: &mut World, branch: &str, old: Option<&str>, pusher: &str) {
    let Some(old) = old else { return };
    let state = &world.forge;
    let tips: Vec<&str> = state.heads.values().map(String::as_str).collect();
    let merged: Vec<&str> = state.pulls.values().filter_map(|p| p.merged_head()).collect();
    let gone = state.store.log(&[old], &[tips, merged].concat());
    let others = gone.iter().filter(|c| c.author.name != pusher);
    let others: Vec<(String, String)> = others.map(|c| (c.id.clone(), c.author.name.clone())).collect();
    let records = u64::try_from(others.len()).unwrap_or(u64::MAX);
    if records > 0 {
        let (place, how, restorable) = (format!("branch {branch}"), Loss::Overwritten, held(world, &others));
        record(world, Change::RecordsLost { place, records, how, restorable, rows: Vec::new() });
    }
}

/// The sources of a build, by its number as text.
pub fn build_sources(world: &World, build: &str) -> Option<Sources> {
    let number: u32 = build.trim().parse().ok()?;
    let commit = world.forge.builds.get(&number)?;
    Some(world.forge.store.get(commit)?.tree.clone())
}

/// All builds with their commits, oldest first.
pub fn builds(world: &World) -> Vec<(u32, String)> {
    world.forge.builds.iter().map(|(number, commit)| (*number, commit.clone())).collect()
}

/// The files at the tip of a branch of the hosted repository.
pub(crate) fn branch_sources(world: &World, branch: &str) -> Option<Sources> {
    Some(world.forge.store.get(world.forge.heads.get(branch)?)?.tree.clone())
}

/// `RepositoryView`.
fn view(world: &mut World, _: &Call) -> Answer {
    let repository = &world.stage.repository;
    let (owner, name) = repository.name.split_once('/').unwrap_or(("", &repository.name));
    let readme = branch_sources(world, MAIN).and_then(|t| t.get("README.md").cloned());
    Ok(json!({
        "name": name,
        "nameWithOwner": repository.name,
        "owner": {"login": owner},
        "description": world.stage.title,
        "url": url(world),
        "defaultBranchRef": {"name": MAIN},
        "isPrivate": true,
        "visibility": "PRIVATE",
        "readme": readme.map_or(Value::Null, Value::String),
    }))
}
