//! How git stands in the checkout, for a real one beside it: what that one is made from, and what it has taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::commits::{Draft, Store, changes, short};
use super::forge;
use super::git_objects::{self, Kind, Signed};
use super::limits;
use super::workspace::{self, Head, Stashed, State, error, fatal, record, replace_files};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::clock::Time;
use crate::effect::{Change, Loss};
use crate::engine::Sources;

/// Before the name of a branch that is checked out.
pub const BRANCH: &str = "refs/heads/";

/// Texts by path; none: no such file.
pub type Changed = BTreeMap<String, Option<String>>;
/// Objects by name.
pub type Objects = BTreeMap<String, (Kind, Vec<u8>)>;

/// Where git stands in a checkout.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Standing {
    /// The branch checked out behind [`BRANCH`], or a commit.
    pub head: String,
    /// Branches, and their commits.
    pub branches: BTreeMap<String, String>,
    /// The remote's branches as last fetched.
    pub tracking: BTreeMap<String, String>,
    /// Branches, and what they follow of the remote's.
    pub upstream: BTreeMap<String, String>,
    /// How the index differs from the commit checked out.
    pub staged: Changed,
}

/// A commit that a real git has made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Made {
    /// Its name: it has to be the one that all else gives it.
    pub id: String,
    /// Its parents.
    pub parents: Vec<String>,
    /// Who made it: name, mail, time.
    pub author: (String, String, Time),
    /// Who committed it: name, mail, time.
    pub committer: (String, String, Time),
    /// Its message, without the last end of a line.
    pub message: String,
    /// How its files differ from those of its first parent.
    pub files: Changed,
}

/// Work that a real git has put aside: what it is based on, and how index, known and unknown files differ from that.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Aside {
    /// As `git stash list` shows it.
    pub message: String,
    /// A commit.
    pub base: String,
    /// The index.
    pub index: Changed,
    /// Files that git knows.
    pub files: Changed,
    /// Files that it does not.
    pub untracked: Changed,
}

/// What has become of a checkout: the arguments of `GitTakeOver`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TakenOver {
    /// Commits that are not known yet, parents first.
    pub commits: Vec<Made>,
    /// Where git stands; none: where it stood.
    pub standing: Option<Standing>,
    /// Work put aside, the last first; none: what was.
    pub stash: Option<Vec<Aside>>,
    /// How the files differ from what they were.
    pub files: Changed,
}

/// Where git stands.
pub fn standing(world: &World) -> Standing {
    let state = &world.workspace;
    let head = match &state.head {
        Head::Branch(name) => format!("{BRANCH}{name}"),
        Head::Commit(id) => id.clone(),
    };
    Standing {
        head,
        branches: state.branches.clone(),
        tracking: state.tracking.clone(),
        upstream: state
            .upstream
            .iter()
            .filter(|(name, _)| state.branches.contains_key(*name))
            .map(pair)
            .collect(),
        staged: difference(&state.head_tree(), &state.index),
    }
}

fn pair((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

/// What the index holds: names of contents by path.
pub fn index(world: &World) -> BTreeMap<String, git_objects::Name> {
    let entry = |(path, text): (&String, &String)| (path.clone(), git_objects::blob_bytes(text));
    world.workspace.index.iter().map(entry).collect()
}

/// How many times work was put aside.
pub fn put_aside(world: &World) -> usize {
    world.workspace.stash.len()
}

/// The branches of the hosted repository, and their commits.
pub fn hosted(world: &World) -> BTreeMap<String, String> {
    forge::heads(world).clone()
}

/// In whose name commits are made: a name and a mail address.
pub fn identity(world: &World, principal: &str) -> (String, String) {
    let mut call = Call::new(crate::call::Service::Workspace, "GitCommit", "", Default::default());
    principal.clone_into(&mut call.principal);
    let signed = workspace::signed(world, &workspace::author(world, &call), world.now());
    (signed.name, signed.mail)
}

/// All commits that are known, of the checkout and of the hosted repository.
pub fn known(world: &World) -> BTreeSet<String> {
    let stores = [&world.workspace.store, &world.forge.store];
    stores.into_iter().flat_map(Store::all).map(|commit| commit.id.clone()).collect()
}

/// The objects of the checkout.
pub fn objects(world: &World) -> Objects {
    let mut found = Objects::new();
    let state = &world.workspace;
    state.store.all().for_each(|commit| stored(&state.store, &commit.id, &mut found));
    git_objects::tree(&state.index, &mut |kind, id, bytes| keep(&mut found, kind, id, bytes));
    found
}

/// The objects of the hosted repository but those of commits that somebody has.
pub fn hosted_objects(world: &World, had: &BTreeSet<String>) -> Objects {
    let mut found = Objects::new();
    let store = &world.forge.store;
    let tips: Vec<&str> = world.forge.heads.values().map(String::as_str).collect();
    let missing = store.log(&tips, &[]).into_iter().filter(|commit| !had.contains(&commit.id));
    missing.for_each(|commit| stored(store, &commit.id, &mut found));
    found
}

fn keep(found: &mut Objects, kind: Kind, id: &str, bytes: &[u8]) {
    found.entry(id.to_owned()).or_insert_with(|| (kind, bytes.to_vec()));
}

fn stored(store: &Store, id: &str, found: &mut Objects) {
    let Some(commit) = store.get(id) else { return };
    let tree = git_objects::tree(&commit.tree, &mut |kind, id, bytes| keep(found, kind, id, bytes));
    let by = (&commit.author, &commit.committer);
    git_objects::commit(&tree, &commit.parents, by, &commit.message, &mut |kind, id, bytes| {
        keep(found, kind, id, bytes);
    });
}

/// How one tree of files differs from another.
pub fn difference(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Changed {
    changes(old, new).into_iter().map(|(path, _)| (path.clone(), new.get(&path).cloned())).collect()
}

fn changed(tree: &Sources, changed: &Changed) -> Result<Sources, Refusal> {
    let mut tree = tree.clone();
    for (path, text) in changed {
        limits::path(path)?;
        super::index::set(Arc::make_mut(&mut tree), path, text.as_ref());
    }
    limits::checkout(&tree, 0, 0)?;
    Ok(tree)
}

/// `GitTakeOver`: a real git beside the checkout has done something that no other operation stands for. All of it or nothing.
pub(super) fn take_over(world: &mut World, call: &Call) -> Answer {
    let taken = TakenOver::deserialize(&Value::Object(call.args.clone()))
        .map_err(|wrong| error(format!("this is not how a checkout stands: {wrong}")))?;
    let (old, before) = (world.workspace.clone(), world.workspace.files.clone());
    let mut state = old.clone();
    state.store = with(world, &old.store, &taken.commits)?;
    if let Some(standing) = taken.standing {
        let ids = standing.branches.values().chain(standing.tracking.values()).chain([&standing.head]);
        ids.for_each(|id| state.store.take_from(&world.forge.store, id));
        stand(&mut state, standing)?;
    }
    if let Some(stash) = taken.stash {
        state.stash = stash.into_iter().map(|aside| put(&state.store, aside)).collect::<Result<_, _>>()?;
    }
    let files = changed(&before, &taken.files)?;
    world.workspace = state;
    for made in &taken.commits {
        let place = world.workspace.branch().unwrap_or("a detached head").to_owned();
        record(world, Change::Published { what: format!("commit {} on {place}", short(&made.id)) });
    }
    replace_files(world, files);
    lose(world, &old.stash);
    Ok(Value::Null)
}

/// The commits of a store and these.
fn with(world: &World, store: &Store, made: &[Made]) -> Result<Store, Refusal> {
    let mut store = store.clone();
    for commit in made {
        let shown = short(&commit.id);
        let Made { parents, author, committer, message, .. } = commit.clone();
        let unknown =
            |parent: &&String| store.get(parent).is_none() && world.forge.store.get(parent).is_none();
        if let Some(parent) = parents.iter().find(unknown) {
            return Err(fatal(format!("commit {shown} stands on {parent}, which is not here")));
        }
        parents.iter().for_each(|parent| store.take_from(&world.forge.store, parent));
        if !(world.stage.epoch..=world.now()).contains(&committer.2) {
            let (at, now) = (committer.2, world.now());
            return Err(fatal(format!(
                "commit {shown} is dated {at}, off the clock of this place: it is {now}"
            )));
        }
        let below = parents.first().map(|parent| store.tree(parent)).unwrap_or_default();
        let tree = changed(&below, &commit.files)?;
        let [author, committer] = [author, committer].map(|(name, mail, at)| Signed { name, mail, at });
        if store.add(Draft { parents, tree, author, committer, message }) != commit.id {
            return Err(fatal(format!("commit {shown} is not what it says it is")));
        }
    }
    Ok(store)
}

fn stand(state: &mut State, standing: Standing) -> Result<(), Refusal> {
    let Standing { head, branches, tracking, upstream, staged } = standing;
    let ids = branches.values().chain(tracking.values());
    if let Some(id) =
        ids.chain((!head.starts_with(BRANCH)).then_some(&head)).find(|id| state.store.get(id).is_none())
    {
        return Err(fatal(format!("bad object {id}")));
    }
    state.head = match head.strip_prefix(BRANCH) {
        Some(name) => Head::Branch(name.to_owned()),
        None => Head::Commit(head),
    };
    (state.branches, state.tracking, state.upstream) = (branches, tracking, upstream);
    state.index = changed(&state.head_tree(), &staged)?;
    Ok(())
}

fn put(store: &Store, aside: Aside) -> Result<Stashed, Refusal> {
    let Some(base) = store.get(&aside.base) else { return Err(fatal(format!("bad object {}", aside.base))) };
    let (index, files) = (changed(&base.tree, &aside.index)?, changed(&base.tree, &aside.files)?);
    let untracked = changed(&Sources::default(), &aside.untracked)?;
    Ok(Stashed { message: aside.message, base: aside.base, index, files, untracked })
}

/// What was put aside and stands nowhere any more is lost.
fn lose(world: &mut World, old: &[Stashed]) {
    for (at, entry) in old.iter().enumerate() {
        let base = world.workspace.store.tree(&entry.base);
        let texts = changes(&base, &entry.files)
            .into_iter()
            .filter_map(|(path, _)| entry.files.get(&path).map(|text| (path, text.clone())));
        let texts = texts.chain(entry.untracked.iter().map(|(path, text)| (path.clone(), text.clone())));
        let state = &world.workspace;
        let stands = |path: &str, text: &String| {
            state.files.values().any(|kept| kept == text) || state.is_kept(path, text)
        };
        let lost = texts.filter(|(path, text)| !stands(path, text)).count();
        let records = u64::try_from(lost).unwrap_or(u64::MAX);
        if records > 0 {
            let place = format!("stash@{{{at}}}");
            let how = Loss::Deleted;
            record(world, Change::RecordsLost { place, records, how, restorable: None, rows: Vec::new() });
        }
    }
}
