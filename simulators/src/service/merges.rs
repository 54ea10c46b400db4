//! Joining histories in the checkout: merge, revert, cherry-pick.

use super::checkout::carried;
use super::commits::{merge_trees, short};
use super::diffs;
use super::git_objects::Signed;
use super::index::announce;
use super::workspace::{commit_tree, error, fatal, replace_files, said};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::engine::Sources;

/// A merge that would need a hand. This checkout keeps no half-merged state, so nothing is changed by it.
pub(super) fn conflict(paths: &[String]) -> Refusal {
    let lines: String =
        paths.iter().map(|p| format!("CONFLICT (content): Merge conflict in {p}\n")).collect();
    Refusal::new("plain", format!("{lines}Automatic merge failed; nothing was changed in this checkout."))
}

/// `GitMerge`: `args` (one revision), `ff-only`, `no-ff`, `squash`, `message`, `abort`.
pub(super) fn merge(world: &mut World, call: &Call) -> Answer {
    if call.flag("abort") {
        return Err(fatal("There is no merge to abort (MERGE_HEAD missing)."));
    }
    let Some(rev) = call.texts("args").first().copied().map(str::to_owned) else {
        return Err(fatal("No remote for the current branch."));
    };
    let state = &world.workspace;
    let Some(id) = state.resolve(&rev) else {
        return Err(Refusal::new("plain", format!("merge: {rev} - not something we can merge")));
    };
    join(world, call, &id, &format!("Merge branch '{rev}'"))
}

/// Brings a commit into the branch checked out: fast-forward where that is enough.
pub(super) fn join(world: &mut World, call: &Call, id: &str, message: &str) -> Answer {
    let state = &world.workspace;
    let tip = state.tip();
    if state.store.contains(&tip, id) {
        return said("Already up to date.\n");
    }
    let (old, theirs) = (state.head_tree(), state.store.tree(id));
    if state.store.contains(id, &tip) && !call.flag("no-ff") && !call.flag("squash") {
        let (index, files) = carried(state, &theirs, "merge")?;
        world.workspace.move_head(id.to_owned());
        world.workspace.index = index;
        replace_files(world, files);
        let stat = diffs::print(&old, &theirs, &[], diffs::Shape::Stat);
        return said(format!("Updating {}..{}\nFast-forward\n{stat}", short(&tip), short(id)));
    }
    if call.flag("ff-only") {
        return Err(fatal("Not possible to fast-forward, aborting."));
    }
    let base = state.store.merge_base(&tip, id).map(|c| c.tree.clone()).unwrap_or_default();
    let merged = merge_trees(&base, &old, &theirs).map_err(|paths| conflict(&paths))?;
    let (index, files) = carried(state, &merged, "merge")?;
    world.workspace.index = index;
    replace_files(world, files);
    if call.flag("squash") {
        return said("Squash commit -- not updating HEAD\n");
    }
    let message = call.texts("message").first().map_or(message, |m| m).to_owned();
    commit_tree(world, call, vec![tip, id.to_owned()], merged.clone(), message, None);
    let stat = diffs::print(&old, &merged, &[], diffs::Shape::Stat);
    said(format!("Merge made by the 'ort' strategy.\n{stat}"))
}

/// `GitRevert`: `args` (revisions), `no-commit`, `mainline`.
pub(super) fn revert(world: &mut World, call: &Call) -> Answer {
    replay(world, call, true)
}

/// `GitCherryPick`: `args` (revisions), `no-commit`.
pub(super) fn cherry_pick(world: &mut World, call: &Call) -> Answer {
    replay(world, call, false)
}

/// The subject of the commit that undoes one: what was undone once is applied again.
fn undone(subject: &str) -> String {
    match subject.strip_prefix("Revert \"").filter(|first| !first.starts_with("Revert \"")) {
        Some(first) => format!("Reapply \"{first}"),
        None => format!("Revert \"{subject}\""),
    }
}

/// Does (or undoes) what commits did, each as a commit of its own. All of them or none.
fn replay(world: &mut World, call: &Call, undo: bool) -> Answer {
    let verb = if undo { "revert" } else { "cherry-pick" };
    let mut steps: Vec<(Sources, Sources, String, Option<Signed>)> = Vec::new();
    for rev in call.texts("args") {
        let state = &world.workspace;
        let Some(commit) = state.resolve(rev).and_then(|id| state.store.get(&id)) else {
            return Err(fatal(format!("bad revision '{rev}'")));
        };
        if commit.parents.len() > 1 && call.text("mainline") != Some("1") {
            let text = format!("commit {} is a merge but no -m option was given.\n", commit.id);
            return Err(error(format!("{text}fatal: {verb} failed")));
        }
        let parent = commit.parents.first().map(|p| state.store.tree(p)).unwrap_or_default();
        let message = match undo {
            true => format!("{}\n\nThis reverts commit {}.", undone(commit.subject()), commit.id),
            false => commit.message.clone(),
        };
        let tree = commit.tree.clone();
        steps.push(match undo {
            true => (tree, parent, message, None),
            // Who made it stays its author.
            false => (parent, tree, message, Some(commit.author.clone())),
        });
    }
    if steps.is_empty() {
        return Err(fatal("empty commit set passed"));
    }
    let (mut trees, mut tree) = (Vec::new(), world.workspace.head_tree());
    for (from, to, message, author) in steps {
        let next = merge_trees(&from, &tree, &to).map_err(|paths| {
            let text = conflict(&paths).message;
            error(format!("could not {verb} {}\n{text}", message.lines().next().unwrap_or_default()))
        })?;
        trees.push((tree, next.clone(), message, author));
        tree = next;
    }
    let (index, files) = carried(&world.workspace, &tree, verb)?;
    replace_files(world, files);
    world.workspace.index = index;
    let mut out = String::new();
    if call.flag("no-commit") {
        return said(out);
    }
    for (before, after, message, author) in trees {
        let tip = world.workspace.tip();
        let id = commit_tree(world, call, vec![tip], after.clone(), message.clone(), author);
        out += &announce(world, &id, &message);
        out += &diffs::commit_summary(&before, &after);
    }
    said(out)
}
