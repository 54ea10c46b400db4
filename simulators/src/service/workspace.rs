//! The agent's checkout: files, index, commits.
//!
//! Each git verb is one operation. Its arguments are the verb's options by their long names (`{"staged": true,
//! "message": ["…"]}`), `args` for what stands before `--` and `paths` for what stands behind it. The answer is the
//! text that git prints, or `{"text", "stderr", "code"}`. Refusals carry the code `fatal`, `error` or `plain`, which
//! the dialect turns into git's prefixes and exit codes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::commits::{Draft, Store, clean, short};
use super::git_objects::Signed;
use super::{
    checkout, files, forge, git_state, history, index, merges, remotes, search, shares, stash, status,
};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::clock::Time;
use crate::effect::{Change, Loss};
use crate::engine::{self, Sources};
use crate::resource::{Environment, NewResource, Uid};
use crate::stage::Problem;

type Doing = fn(&mut World, &Call) -> Answer;

const VERBS: &[(Operation, Doing)] = &[
    (Operation::read("ReadFile", ""), files::read),
    (Operation::read("ListFiles", ""), files::list),
    (Operation::read("SearchFiles", ""), search::search),
    (Operation::read("FindFiles", ""), search::find),
    (Operation::read("CountLines", ""), search::count),
    (Operation::read("StatFile", ""), files::stat),
    (Operation::write("WriteFile", ""), files::write),
    (Operation::write("EditFile", ""), files::edit),
    (Operation::write("DeleteFile", ""), files::delete),
    (Operation::write("MoveFile", ""), files::rename),
    (Operation::write("CopyFile", ""), files::copy),
    (Operation::write("MakeDirectory", ""), files::make_directory),
    (Operation::write("TouchFile", ""), files::touch),
    (Operation::read("GitStatus", ""), status::status),
    (Operation::write("GitAdd", ""), index::add),
    (Operation::write("GitCommit", ""), index::commit),
    (Operation::write("GitRestore", ""), index::restore),
    (Operation::write("GitReset", ""), index::reset),
    (Operation::write("GitRm", ""), index::remove),
    (Operation::write("GitMv", ""), index::rename),
    (Operation::write("GitClean", ""), checkout::clean_up),
    (Operation::write("GitStash", ""), stash::stash),
    (Operation::write("GitBranch", ""), checkout::branch),
    (Operation::write("GitSwitch", ""), checkout::switch),
    (Operation::read("GitDiff", ""), history::diff),
    (Operation::read("GitLog", ""), history::log),
    (Operation::read("GitShow", ""), history::show),
    (Operation::read("GitBlame", ""), history::blame),
    (Operation::read("GitRevParse", ""), history::rev_parse),
    (Operation::read("GitLsFiles", ""), history::ls_files),
    (Operation::read("GitRemote", ""), remotes::remote),
    (Operation::write("GitFetch", ""), remotes::fetch),
    (Operation::write("GitPull", ""), remotes::pull),
    (Operation::write("GitPush", ""), remotes::push),
    (Operation::write("GitMerge", ""), merges::merge),
    (Operation::write("GitRevert", ""), merges::revert),
    (Operation::write("GitCherryPick", ""), merges::cherry_pick),
    (Operation::write("GitTakeOver", ""), git_state::take_over),
    (Operation::read("RunTests", ""), search::run_tests),
];

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &Operation::of_table::<_, { VERBS.len() }>(VERBS);

/// Where the checkout stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Head {
    Branch(String),
    Commit(String),
}

impl Default for Head {
    fn default() -> Self {
        Self::Branch(String::new())
    }
}

/// Work put aside.
#[derive(Clone, Debug)]
pub(crate) struct Stashed {
    pub message: String,
    pub base: String,
    pub index: Sources,
    pub files: Sources,
    pub untracked: Sources,
}

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    uid: Option<Uid>,
    pub(super) store: Store,
    pub(super) branches: BTreeMap<String, String>,
    /// The remote's branches as last fetched.
    pub(super) tracking: BTreeMap<String, String>,
    /// Local branch to branch of the remote.
    pub(super) upstream: BTreeMap<String, String>,
    pub(super) head: Head,
    pub(super) index: Sources,
    pub(super) files: Sources,
    /// Folders made by hand; those that files imply are not listed.
    pub(super) folders: BTreeSet<String>,
    pub(super) stash: Vec<Stashed>,
}

impl State {
    /// The commit checked out.
    pub(super) fn tip(&self) -> String {
        match &self.head {
            Head::Branch(name) => self.branches.get(name).cloned().unwrap_or_default(),
            Head::Commit(id) => id.clone(),
        }
    }

    /// The branch checked out.
    pub(super) fn branch(&self) -> Option<&str> {
        match &self.head {
            Head::Branch(name) => Some(name),
            Head::Commit(_) => None,
        }
    }

    /// The tree of the commit checked out.
    pub(super) fn head_tree(&self) -> Sources {
        self.store.tree(&self.tip())
    }

    /// Lets the branch (or the detached head) point at another commit.
    pub(super) fn move_head(&mut self, id: String) {
        match &self.head {
            Head::Branch(name) => drop(self.branches.insert(name.clone(), id)),
            Head::Commit(_) => self.head = Head::Commit(id),
        }
    }

    /// True if this content of a file can be had back from a commit, the index or the stash.
    pub(super) fn is_kept(&self, path: &str, text: &str) -> bool {
        let has = |tree: &Sources| tree.get(path).is_some_and(|t| t == text);
        has(&self.index)
            || self.stash.iter().any(|s| has(&s.files) || has(&s.untracked))
            || self.store.all().any(|commit| has(&commit.tree))
    }
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    let repository = &world.stage.repository;
    let (name, branch) = (repository.name.clone(), forge::MAIN.to_owned());
    let uid = world.create(NewResource {
        kind: "Workspace".to_owned(),
        role: format!("workspace/{name}"),
        name,
        environment: Environment::Workspace,
        tags: BTreeMap::new(),
        stateful: false,
        serving: false,
        replaces: None,
    });
    let (store, tracking) = forge::fetched(world);
    let tip = tracking.get(&branch).cloned().unwrap_or_default();
    let files = store.tree(&tip);
    world.workspace = State {
        uid: Some(uid),
        store,
        branches: BTreeMap::from([(branch.clone(), tip)]),
        tracking,
        upstream: BTreeMap::from([(branch.clone(), branch.clone())]),
        head: Head::Branch(branch),
        index: files.clone(),
        files,
        ..State::default()
    };
    Ok(())
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    match VERBS.iter().find(|(operation, _)| operation.name == call.operation) {
        Some((_, doing)) if call.flag("quiet") => {
            let answer = doing(world, call)?;
            match answer.get("code").and_then(Value::as_i64) {
                Some(code) if code != 0 => Ok(answer),
                _ => said(""),
            }
        }
        Some((_, doing)) => doing(world, call),
        None => Err(Refusal::new("InvalidAction", call.operation.clone())),
    }
}

/// The text of a file of the checkout, by its path from the root (or below [`root`]), or of one that the command brings along.
pub fn read_file(world: &World, path: &str) -> Option<String> {
    if let Some(text) = world.carried.get(path) {
        return Some(text.clone());
    }
    world.workspace.files.get(&inside(world, path)).cloned()
}

/// The branch checked out, if any.
pub fn current_branch(world: &World) -> Option<&str> {
    world.workspace.branch()
}

/// The files of the checkout as they are, committed or not.
pub fn sources(world: &World) -> engine::Sources {
    world.workspace.files.clone()
}

/// How many files differ from the commit checked out, untracked ones included.
pub fn uncommitted(world: &World) -> usize {
    let state = &world.workspace;
    let changed = super::commits::changes(&state.head_tree(), &state.files);
    changed.iter().filter(|(path, _)| !status::is_ignored(&state.files, path)).count()
}

/// Where the checkout stands in the agent's file system.
pub fn root(world: &World) -> String {
    let name = &world.stage.repository.name;
    format!("/workspace/{}", name.rsplit('/').next().unwrap_or(name))
}

/// A path as the checkout has it: absolute ones lose the root.
pub(super) fn inside(world: &World, path: &str) -> String {
    let root = root(world);
    let below = path.strip_prefix(&root).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    shares::written(world, &clean(below.unwrap_or(path)))
}

/// Puts files into the folder that stood there before the trial.
pub(super) fn lay_down(world: &mut World, files: impl IntoIterator<Item = (String, String)>) {
    Arc::make_mut(&mut world.workspace.files).extend(files);
}

/// Whether a text stands in a file or in a commit.
pub(super) fn holds(world: &World, text: &str) -> bool {
    let state = &world.workspace;
    let has = |tree: &Sources| tree.values().any(|kept| kept == text);
    has(&state.files) || has(&state.index) || state.store.all().any(|commit| has(&commit.tree))
}

/// Writes a file that a tool makes in the checkout.
pub(super) fn put_file(world: &mut World, path: &str, text: String) -> Result<(), Refusal> {
    files::put(world, path.to_owned(), text)
}

/// Records a change of the checkout.
pub(super) fn record(world: &mut World, change: Change) {
    if let Some(uid) = world.workspace.uid {
        world.effect(uid, change);
    }
}

/// Lets the working files be these. What could not be had back from anywhere is recorded as lost.
pub(super) fn replace_files(world: &mut World, new: Sources) {
    let old = std::mem::replace(&mut world.workspace.files, new.clone());
    for (path, _) in super::commits::changes(&old, &new) {
        let lost = old
            .get(&path)
            .filter(|text| !world.workspace.is_kept(&path, text) && !new.values().any(|kept| kept == *text));
        let how = if new.contains_key(&path) { Loss::Overwritten } else { Loss::Deleted };
        let change = match lost {
            Some(_) => Change::lost(path.as_str(), 1, how, None),
            None => Change::Written { path: path.clone() },
        };
        shares::record(world, &path, lost.map(String::as_str), change);
    }
}

/// Commits a tree on top of `parents` and moves the head there; `author` is somebody else than the caller.
pub(super) fn commit_tree(
    world: &mut World,
    call: &Call,
    parents: Vec<String>,
    tree: Sources,
    message: String,
    author: Option<Signed>,
) -> String {
    let committer = signed(world, &self::author(world, call), world.now());
    let author = author.unwrap_or_else(|| committer.clone());
    let state = &mut world.workspace;
    let id = state.store.add(Draft { parents, tree, author, committer, message });
    state.move_head(id.clone());
    let place = world.workspace.branch().unwrap_or("a detached head").to_owned();
    record(world, Change::Published { what: format!("commit {} on {place}", short(&id)) });
    id
}

/// Who makes the call, as commits, pull requests and chat show them.
pub(crate) fn author(world: &World, call: &Call) -> String {
    let role = world.stage.role.iter().find(|r| r.name == call.principal);
    role.map_or_else(|| owner(world), |r| r.session.clone())
}

/// In whose name the checkout's machine is signed in: the session behind the stage's profiles.
pub(crate) fn owner(world: &World) -> String {
    let profile = world.stage.profiles.values().next();
    let role = world.stage.role.iter().find(|r| Some(&r.name) == profile);
    role.map_or_else(|| "agent".to_owned(), |r| r.session.clone())
}

/// A handle with a mail address and a time, as commits carry it.
pub(super) fn signed(world: &World, author: &str, at: Time) -> Signed {
    let of_handle =
        || (author.to_owned(), format!("{}@{}", author.to_lowercase().replace(' ', "."), domain(world)));
    let whole = author.split_once(" <").and_then(|(name, mail)| Some((name, mail.strip_suffix('>')?)));
    let (name, mail) = whole.map_or_else(of_handle, |(name, mail)| (name.to_owned(), mail.to_owned()));
    Signed { name, mail, at }
}

/// Where the company's people have their mail.
pub(crate) fn domain(world: &World) -> String {
    let name = &world.stage.repository.name;
    format!("{}.internal", name.split('/').next().unwrap_or(name))
}

/// Text arguments of a list, without their `./`; absent is empty.
pub(super) fn paths(world: &World, call: &Call, name: &str) -> Vec<String> {
    call.texts(name).into_iter().map(|path| inside(world, path)).collect()
}

/// An answer that is only text.
pub(super) fn said(text: impl Into<String>) -> Answer {
    Ok(Value::String(text.into()))
}

/// An answer with standard error and an exit code.
pub(super) fn printed(text: &str, stderr: &str, code: i32) -> Answer {
    Ok(json!({"text": text, "stderr": stderr, "code": code}))
}

/// A refusal that git prints behind `fatal:`, with exit code 128.
pub(super) fn fatal(message: impl Into<String>) -> Refusal {
    Refusal::new("fatal", message)
}

/// A refusal that git prints behind `error:`, with exit code 1.
pub(super) fn error(message: impl Into<String>) -> Refusal {
    Refusal::new("error", message)
}

/// Whether a folder is the checkout's root.
pub(crate) fn is_root(world: &World, folder: &str) -> bool {
    inside(world, folder).is_empty()
}

/// Whether a folder or a file of that name is there.
pub(crate) fn stands(world: &World, path: &str, folder: bool, file: bool) -> bool {
    let path = inside(world, path);
    (folder && files::is_folder(world, &path)) || (file && world.workspace.files.contains_key(&path))
}

/// The files in a folder and below, of those whose name fits a pattern.
pub(crate) fn below(world: &World, folder: &str, name: Option<&str>) -> Vec<String> {
    let folder = inside(world, folder);
    let fits = |path: &String| {
        let last = path.rsplit('/').next().unwrap_or(path);
        let named = name.is_none_or(|name| super::commits::glob(name, last));
        named && super::commits::matches_spec(path, &folder)
    };
    world.workspace.files.keys().filter(|path| fits(path)).cloned().collect()
}

/// Whether git knows a file or folder of that name.
pub(crate) fn is_tracked(world: &World, path: &str) -> bool {
    let path = inside(world, path);
    !path.is_empty() && world.workspace.index.keys().any(|known| super::commits::matches_spec(known, &path))
}

/// Whether a word names a commit or a branch of the remote.
pub(crate) fn is_revision(world: &World, word: &str) -> bool {
    let state = &world.workspace;
    state.resolve(word).is_some() || state.tracking.contains_key(word)
}

/// Title and body that a pull request gets from the commits since `base`.
pub(crate) fn summary(world: &World, base: &str) -> (String, String) {
    let state = &world.workspace;
    let base = state.tracking.get(base).map(String::as_str).unwrap_or_default();
    let commits = state.store.log(&[&state.tip()], &[base]);
    match commits.as_slice() {
        [one] => {
            let body = one.message.split_once("\n\n").map(|(_, body)| body).unwrap_or_default();
            (one.subject().to_owned(), body.to_owned())
        }
        many => {
            let title = state.branch().unwrap_or_default().replace(['-', '_'], " ");
            let list: String = many.iter().rev().map(|c| format!("- {}\n", c.subject())).collect();
            (title, list)
        }
    }
}
