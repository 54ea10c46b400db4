//! Branches, switching between them, cleaning up.

use std::fmt::Write as _;
use std::sync::Arc;

use super::commits::{changes, selected, short};
use super::index::set;
use super::status::{is_ignored, tracked, tracking_words};
use super::workspace::{Head, State, error, fatal, paths, printed, replace_files, said};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::engine::Sources;

/// Index and files after going to another tree with uncommitted work carried along.
///
/// # Errors
/// Git's refusal where the work stands in files that differ between the trees.
pub(super) fn carried(state: &State, target: &Sources, verb: &str) -> Result<(Sources, Sources), Refusal> {
    let head = state.head_tree();
    let (mut index, mut files) = (state.index.clone(), state.files.clone());
    let (mut touched, mut untracked) = (String::new(), String::new());
    for (path, _) in changes(&head, target) {
        let new = target.get(&path);
        let known = state.index.contains_key(&path);
        if !known && state.files.get(&path).is_some_and(|text| Some(text) != new) {
            _ = writeln!(untracked, "\t{path}");
        } else if [state.index.get(&path), state.files.get(&path)]
            .iter()
            .any(|t| *t != head.get(&path) && *t != new)
        {
            _ = writeln!(touched, "\t{path}");
        }
        set(Arc::make_mut(&mut index), &path, new);
        set(Arc::make_mut(&mut files), &path, new);
    }
    let (before, step) = match verb {
        "checkout" => ("switch branches", "checkout"),
        other => (other, other),
    };
    if !touched.is_empty() {
        return Err(error(format!(
            "Your local changes to the following files would be overwritten by {step}:\n{touched}Please commit your \
             changes or stash them before you {before}.\nAborting"
        )));
    }
    if !untracked.is_empty() {
        return Err(error(format!(
            "The following untracked working tree files would be overwritten by {step}:\n{untracked}Please move or \
             remove them before you {before}.\nAborting"
        )));
    }
    Ok((index, files))
}

/// `GitSwitch`: `args` (branch or revision, start point), `create`, `force-create`, `detach`, `discard-changes`.
pub(super) fn switch(world: &mut World, call: &Call) -> Answer {
    let args = call.texts("args");
    let state = &world.workspace;
    let fresh = call.text("create").or(call.text("force-create"));
    let start = if fresh.is_some() { args.first() } else { None };
    if let Some(name) = fresh {
        if state.branches.contains_key(name) && call.text("create").is_some() {
            return Err(fatal(format!("a branch named '{name}' already exists")));
        }
        if name.contains([' ', '~', '^', ':', '?', '*']) || name.starts_with('-') {
            return Err(fatal(format!("'{name}' is not a valid branch name")));
        }
        let id = state.commit_at(start.unwrap_or(&"HEAD"))?.id.clone();
        let follows = start.and_then(|rev| rev.strip_prefix("origin/")).map(str::to_owned);
        go(world, call, Head::Branch(name.to_owned()), &id, follows)?;
        return printed("", &format!("Switched to a new branch '{name}'\n"), 0);
    }
    let Some(name) = args.first().copied() else {
        return Err(fatal("missing branch or commit argument"));
    };
    let name = if name == "-" { "main" } else { name };
    if state.branch() == Some(name) {
        return printed(&tracking_words(state), &format!("Already on '{name}'\n"), 0);
    }
    if let Some(id) = state.branches.get(name).cloned().filter(|_| !call.flag("detach")) {
        go(world, call, Head::Branch(name.to_owned()), &id, None)?;
        let words = tracking_words(&world.workspace);
        return printed(&words, &format!("Switched to branch '{name}'\n"), 0);
    }
    if let Some(id) = state.tracking.get(name).cloned().filter(|_| !call.flag("detach")) {
        go(world, call, Head::Branch(name.to_owned()), &id, Some(name.to_owned()))?;
        let text = format!("branch '{name}' set up to track 'origin/{name}'.\n");
        return printed(&text, &format!("Switched to a new branch '{name}'\n"), 0);
    }
    let Some(id) = state.resolve(name) else {
        return Err(match call.flag("checkout") {
            true => error(format!("pathspec '{name}' did not match any file(s) known to git")),
            false => fatal(format!("invalid reference: {name}")),
        });
    };
    if !call.flag("detach") && !call.flag("checkout") {
        return Err(fatal(format!("a branch is expected, got commit '{name}'")));
    }
    go(world, call, Head::Commit(id.clone()), &id, None)?;
    let subject = world.workspace.store.get(&id).map(|c| c.subject().to_owned()).unwrap_or_default();
    printed("", &format!("HEAD is now at {} {subject}\n", short(&id)), 0)
}

/// Goes to a commit: head, index and files.
fn go(world: &mut World, call: &Call, head: Head, id: &str, follows: Option<String>) -> Result<(), Refusal> {
    let state = &world.workspace;
    let target = state.store.tree(id);
    let (index, files) = match call.flag("discard-changes") {
        true => {
            let mut files = target.clone();
            let untracked = state.files.iter().filter(|(path, _)| !state.index.contains_key(*path));
            Arc::make_mut(&mut files).extend(untracked.map(|(p, t)| (p.clone(), t.clone())));
            (target, files)
        }
        false => carried(state, &target, "checkout")?,
    };
    if let Head::Branch(name) = &head {
        world.workspace.branches.insert(name.clone(), id.to_owned());
        if let Some(remote) = follows {
            world.workspace.upstream.insert(name.clone(), remote);
        }
    }
    world.workspace.head = head;
    world.workspace.index = index;
    replace_files(world, files);
    Ok(())
}

/// `GitBranch`: lists, or with `args` makes, `delete`s, `force-delete`s, `move`s; `all`, `remotes`, `verbose`,
/// `show-current`, `set-upstream-to`.
pub(super) fn branch(world: &mut World, call: &Call) -> Answer {
    let args = call.texts("args");
    let state = &world.workspace;
    if call.flag("show-current") {
        return said(state.branch().map(|b| format!("{b}\n")).unwrap_or_default());
    }
    if let Some(remote) = call.text("set-upstream-to") {
        let Some(name) = remote.strip_prefix("origin/").filter(|n| state.tracking.contains_key(*n)) else {
            return Err(fatal(format!("the requested upstream branch '{remote}' does not exist")));
        };
        let branch = args.first().copied().or(state.branch()).unwrap_or_default().to_owned();
        let text = format!("branch '{branch}' set up to track '{remote}'.\n");
        world.workspace.upstream.insert(branch, name.to_owned());
        return said(text);
    }
    if call.flag("delete") || call.flag("force-delete") {
        return delete_branches(world, call);
    }
    let Some(first) = args.first().copied() else {
        return said(branch_list(state, call));
    };
    if call.flag("move") || call.flag("force-move") {
        let (from, to) = match args.get(1) {
            Some(to) => (first.to_owned(), (*to).to_owned()),
            None => (state.branch().unwrap_or_default().to_owned(), first.to_owned()),
        };
        let Some(id) = world.workspace.branches.remove(&from) else {
            return Err(fatal(format!("no branch named '{from}'")));
        };
        world.workspace.branches.insert(to.clone(), id);
        if world.workspace.branch() == Some(from.as_str()) {
            world.workspace.head = Head::Branch(to);
        }
        return said("");
    }
    if call.flag("list") {
        return said(branch_list(state, call));
    }
    if state.branches.contains_key(first) && !call.flag("force") {
        return Err(fatal(format!("a branch named '{first}' already exists")));
    }
    let id = state.commit_at(args.get(1).unwrap_or(&"HEAD"))?.id.clone();
    world.workspace.branches.insert(first.to_owned(), id);
    said("")
}

fn delete_branches(world: &mut World, call: &Call) -> Answer {
    let mut out = String::new();
    let mut left = world.workspace.branches.clone();
    let state = &world.workspace;
    for name in call.texts("args") {
        if state.branch() == Some(name) {
            let root = super::workspace::root(world);
            return Err(error(format!("cannot delete branch '{name}' used by worktree at '{root}'")));
        }
        let Some(id) = left.remove(name) else {
            return Err(error(format!("branch '{name}' not found")));
        };
        let above = tracked(state, name).map_or_else(|| state.tip(), |(_, tip)| tip.to_owned());
        if !call.flag("force-delete") && !state.store.contains(&above, &id) {
            return Err(error(format!(
                "the branch '{name}' is not fully merged\nhint: If you are sure you want to delete it, run 'git \
                 branch -D {name}'"
            )));
        }
        _ = writeln!(out, "Deleted branch {name} (was {}).", short(&id));
    }
    world.workspace.branches = left;
    said(out)
}

fn branch_list(state: &State, call: &Call) -> String {
    let mut rows: Vec<(String, &String)> = Vec::new();
    if !call.flag("remotes") {
        rows.extend(state.branches.iter().map(|(name, id)| (name.clone(), id)));
    }
    if call.flag("all") || call.flag("remotes") {
        let prefix = if call.flag("all") { "remotes/origin/" } else { "origin/" };
        rows.extend(state.tracking.iter().map(|(name, id)| (format!("{prefix}{name}"), id)));
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = String::new();
    if let Head::Commit(id) = &state.head {
        _ = writeln!(out, "* (HEAD detached at {})", short(id));
    }
    for (name, id) in rows {
        let mark = if state.branch() == Some(name.as_str()) { '*' } else { ' ' };
        if call.flag("verbose") {
            let subject = state.store.get(id).map(|c| c.subject()).unwrap_or_default();
            let follows = state.upstream.get(&name).map(|r| format!("[origin/{r}] ")).unwrap_or_default();
            _ = writeln!(out, "{mark} {name:<width$} {} {follows}{subject}", short(id));
        } else {
            _ = writeln!(out, "{mark} {name}");
        }
    }
    out
}

/// `GitClean`: `force`, `directories`, `dry-run`, `ignored` (`-x`), `args`/`paths`.
pub(super) fn clean_up(world: &mut World, call: &Call) -> Answer {
    let dry = call.flag("dry-run");
    if !dry && !call.flag("force") {
        return Err(fatal("clean.requireForce is true and -f not given: refusing to clean"));
    }
    let wanted = [paths(world, call, "args"), paths(world, call, "paths")].concat();
    let state = &world.workspace;
    let gone: Vec<String> = state
        .files
        .keys()
        .filter(|path| !state.index.contains_key(*path) && selected(path, &wanted))
        .filter(|path| call.flag("ignored") || !is_ignored(&state.files, path))
        // Without -d git leaves folders alone that hold nothing it tracks.
        .filter(|path| {
            let folder = path.rsplit_once('/').map(|(folder, _)| format!("{folder}/"));
            let is_known = |f: &String| state.index.keys().any(|known| known.starts_with(f.as_str()));
            call.flag("directories") || folder.as_ref().is_none_or(is_known)
        })
        .cloned()
        .collect();
    let word = if dry { "Would remove" } else { "Removing" };
    let out: String = gone.iter().map(|path| format!("{word} {path}\n")).collect();
    if !dry {
        let mut files = world.workspace.files.clone();
        Arc::make_mut(&mut files).retain(|path, _| !gone.contains(path));
        replace_files(world, files);
    }
    said(out)
}
