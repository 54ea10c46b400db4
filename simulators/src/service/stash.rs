//! Work put aside and taken back.

use std::fmt::Write as _;
use std::sync::Arc;

use super::commits::{changes, short};
use super::index::set;
use super::status::Standing;
use super::workspace::{Stashed, State, error, fatal, record, replace_files, said};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::effect::{Change, Loss};
use crate::engine::Sources;

/// `GitStash`: `args` begins with the verb (`push` if none); `include-untracked`, `message`.
pub(super) fn stash(world: &mut World, call: &Call) -> Answer {
    let args = call.texts("args");
    let number = args.get(1).map(|n| n.trim_start_matches("stash@").trim_matches(['{', '}']));
    let at = number.and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
    match args.first().copied().unwrap_or("push") {
        "push" | "save" => stash_push(world, call),
        "list" => said(stash_list(&world.workspace)),
        "pop" => stash_apply(world, at, true),
        "apply" => stash_apply(world, at, false),
        "drop" => stash_drop(world, at),
        "clear" => {
            while !world.workspace.stash.is_empty() {
                stash_drop(world, 0)?;
            }
            said("")
        }
        "show" => {
            let stashed = stashed(&world.workspace, at)?;
            let base = world.workspace.store.tree(&stashed.base);
            let shape =
                if call.flag("patch") { super::diffs::Shape::Patch } else { super::diffs::Shape::Stat };
            said(super::diffs::print(&base, &stashed.files, &[], shape))
        }
        other => Err(fatal(format!(
            "subcommand wasn't specified; 'push' can't be assumed due to unexpected token '{other}'"
        ))),
    }
}

fn stashed(state: &State, at: usize) -> Result<&Stashed, Refusal> {
    let missing = || match state.stash.is_empty() {
        true => Refusal::new("plain", "No stash entries found."),
        false => error(format!("stash@{{{at}}} is not a valid reference")),
    };
    state.stash.get(at).ok_or_else(missing)
}

fn stash_list(state: &State) -> String {
    let rows = state.stash.iter().enumerate();
    rows.map(|(at, s)| format!("stash@{{{at}}}: {}\n", s.message)).collect()
}

fn stash_push(world: &mut World, call: &Call) -> Answer {
    let state = &world.workspace;
    let standing = Standing::of(state);
    let with_untracked = call.flag("include-untracked") && !standing.untracked.is_empty();
    if standing.is_clean() && !with_untracked {
        return said("No local changes to save\n");
    }
    let (base, head) = (state.tip(), state.head_tree());
    let of_untracked = |path: &String| with_untracked && standing.untracked.contains(path);
    let pick = |keep: &dyn Fn(&String) -> bool| -> Sources {
        Arc::new(state.files.iter().filter(|(p, _)| keep(p)).map(|(p, t)| (p.clone(), t.clone())).collect())
    };
    let untracked = pick(&of_untracked);
    let files = pick(&|path| state.index.contains_key(path));
    let mut left = head.clone();
    let others = pick(&|path| !state.index.contains_key(path) && !of_untracked(path));
    Arc::make_mut(&mut left).extend(others.iter().map(|(p, t)| (p.clone(), t.clone())));
    let branch = state.branch().unwrap_or("(no branch)");
    let commit = state.store.get(&base);
    let title = match call.texts("message").first() {
        Some(message) => format!("On {branch}: {message}"),
        None => {
            format!("WIP on {branch}: {} {}", short(&base), commit.map(|c| c.subject()).unwrap_or_default())
        }
    };
    let index = state.index.clone();
    world.workspace.stash.insert(0, Stashed { message: title.clone(), base, index, files, untracked });
    world.workspace.index = head;
    replace_files(world, left);
    said(format!("Saved working directory and index state {title}\n"))
}

fn stash_apply(world: &mut World, at: usize, drop_it: bool) -> Answer {
    let state = &world.workspace;
    let entry = stashed(state, at)?.clone();
    let base = state.store.tree(&entry.base);
    let mut files = state.files.clone();
    for (path, _) in changes(&base, &entry.files) {
        if state.files.get(&path) != base.get(&path) {
            return Err(error(format!(
                "Your local changes to the following files would be overwritten by merge:\n\t{path}\nPlease commit \
                 your changes or stash them before you merge.\nAborting"
            )));
        }
        set(Arc::make_mut(&mut files), &path, entry.files.get(&path));
    }
    if let Some(path) = entry.untracked.keys().find(|path| state.files.contains_key(*path)) {
        return Err(error(format!(
            "{path} already exists, no checkout\ncould not restore untracked files from stash"
        )));
    }
    let new: Vec<String> = changes(&base, &entry.index).into_iter().map(|(path, _)| path).collect();
    for path in new.iter().filter(|path| !base.contains_key(*path)) {
        set(Arc::make_mut(&mut world.workspace.index), path, entry.files.get(path));
    }
    Arc::make_mut(&mut files).extend(entry.untracked.iter().map(|(p, t)| (p.clone(), t.clone())));
    replace_files(world, files);
    let mut out = super::status::long(&world.workspace);
    if drop_it {
        world.workspace.stash.remove(at);
        _ = writeln!(out, "Dropped stash@{{{at}}} ({})", short(&entry.base));
    }
    said(out)
}

fn stash_drop(world: &mut World, at: usize) -> Answer {
    let entry = stashed(&world.workspace, at)?.clone();
    world.workspace.stash.remove(at);
    let base = world.workspace.store.tree(&entry.base);
    let lost = changes(&base, &entry.files).len().saturating_add(entry.untracked.len());
    let records = u64::try_from(lost).unwrap_or(u64::MAX);
    let place = format!("stash@{{{at}}}");
    let text = format!("Dropped {place}\n");
    record(
        world,
        Change::RecordsLost { place, records, how: Loss::Deleted, restorable: None, rows: Vec::new() },
    );
    said(text)
}
