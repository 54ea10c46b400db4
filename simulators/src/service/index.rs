//! Between working files and commits: add, commit, restore, reset, rm, mv.

use std::fmt::Write as _;
use std::sync::Arc;

use super::commits::{self, Kind, changes, matches_spec, selected, short};
use super::diffs;
use super::status::{Standing, is_ignored};
use super::workspace::{State, commit_tree, error, fatal, inside, paths, printed, replace_files, said};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::engine::Sources;

/// `GitAdd`: `args`/`paths`, `all`, `update`, `force`.
pub(super) fn add(world: &mut World, call: &Call) -> Answer {
    let wanted = [paths(world, call, "args"), paths(world, call, "paths")].concat();
    if wanted.is_empty() && !call.flag("all") && !call.flag("update") {
        let hint = "Nothing specified, nothing added.\nhint: Maybe you wanted to say 'git add .'?\n";
        return printed("", hint, 0);
    }
    let state = &world.workspace;
    for spec in wanted.iter().filter(|spec| !spec.is_empty()) {
        let known = state.files.keys().chain(state.index.keys()).any(|path| matches_spec(path, spec));
        if !known {
            return Err(fatal(format!("pathspec '{spec}' did not match any files")));
        }
        if state.files.contains_key(spec) && is_ignored(&state.files, spec) && !call.flag("force") {
            let text = "The following paths are ignored by one of your .gitignore files:";
            let hint = "hint: Use -f if you really want to add them.";
            return Err(Refusal::new("plain", format!("{text}\n{spec}\n{hint}")));
        }
    }
    let files = state.files.clone();
    for (path, kind) in changes(&state.index.clone(), &files) {
        let skipped = kind == Kind::Added
            && (call.flag("update") || (is_ignored(&files, &path) && !call.flag("force")));
        if selected(&path, &wanted) && !skipped {
            set(Arc::make_mut(&mut world.workspace.index), &path, files.get(&path));
        }
    }
    said("")
}

/// Lets a tree have this content (or no file) at a path.
pub(super) fn set(tree: &mut std::collections::BTreeMap<String, String>, path: &str, text: Option<&String>) {
    match text {
        Some(text) => drop(tree.insert(path.to_owned(), text.clone())),
        None => drop(tree.remove(path)),
    }
}

/// `GitCommit`: `message` (paragraphs), `all`, `amend`, `no-edit`, `allow-empty`, `paths`.
pub(super) fn commit(world: &mut World, call: &Call) -> Answer {
    let wanted = [paths(world, call, "args"), paths(world, call, "paths")].concat();
    let state = &world.workspace;
    let (tip, old) = (state.tip(), state.head_tree());
    let mut tree = state.index.clone();
    for (path, kind) in changes(&state.index, &state.files) {
        let tracked = kind != Kind::Added;
        if (call.flag("all") && tracked) || (!wanted.is_empty() && tracked && selected(&path, &wanted)) {
            set(Arc::make_mut(&mut tree), &path, state.files.get(&path));
        }
    }
    let amend = call.flag("amend");
    let last = state.store.get(&tip);
    if tree == old && !amend && !call.flag("allow-empty") {
        return printed(&super::status::long(state), "", 1);
    }
    let mut message = call.texts("message").join("\n\n");
    if message.is_empty() && amend {
        message = last.map(|c| c.message.clone()).unwrap_or_default();
    }
    if message.trim().is_empty() {
        return Err(Refusal::new("plain", "Aborting commit due to empty commit message."));
    }
    let message = message.trim_end().to_owned();
    let parents = match last {
        Some(last) if amend => last.parents.clone(),
        _ => vec![tip],
    };
    let base = parents.first().map(|p| state.store.tree(p)).unwrap_or_default();
    let author = last.filter(|_| amend).map(|last| last.author.clone());
    world.workspace.index = tree.clone();
    let id = commit_tree(world, call, parents, tree.clone(), message.clone(), author);
    if call.flag("quiet") {
        return said("");
    }
    said(announce(world, &id, &message) + &diffs::commit_summary(&base, &tree))
}

/// The first line that git prints about a new commit.
pub(super) fn announce(world: &World, id: &str, message: &str) -> String {
    let place = world.workspace.branch().unwrap_or("detached HEAD");
    format!("[{place} {}] {}\n", short(id), message.lines().next().unwrap_or_default())
}

/// `GitRestore` (and `checkout -- paths`): `args`/`paths`, `staged`, `worktree`, `source`.
pub(super) fn restore(world: &mut World, call: &Call) -> Answer {
    let wanted = [paths(world, call, "args"), paths(world, call, "paths")].concat();
    if wanted.is_empty() {
        return Err(fatal("you must specify path(s) to restore"));
    }
    let state = &world.workspace;
    let staged = call.flag("staged");
    let source = match call.text("source") {
        Some(rev) => {
            let wrong = || fatal(format!("could not resolve {rev}"));
            state.resolve(rev).map(|id| state.store.tree(&id)).ok_or_else(wrong)?
        }
        None if staged => state.head_tree(),
        None => state.index.clone(),
    };
    for spec in &wanted {
        let known = source.keys().chain(state.index.keys()).any(|path| matches_spec(path, spec));
        if !known {
            return Err(error(format!("pathspec '{spec}' did not match any file(s) known to git")));
        }
    }
    let overlay = |tree: &mut Sources| {
        let before = tree.clone();
        for (path, _) in changes(&before, &source).iter().filter(|(path, _)| selected(path, &wanted)) {
            // Files that git does not know are none of restore's business.
            if source.contains_key(path) || state.index.contains_key(path) {
                set(Arc::make_mut(tree), path, source.get(path));
            }
        }
    };
    let (mut index, mut files) = (state.index.clone(), state.files.clone());
    if staged || call.flag("both") {
        overlay(&mut index);
    }
    if !staged || call.flag("worktree") {
        overlay(&mut files);
    }
    // The index goes first, so that what it alone held does not pass for kept while the files are compared.
    world.workspace.index = index;
    replace_files(world, files);
    said("")
}

/// `GitReset`: `hard`, `soft`, `mixed`; `args` is a revision or paths.
pub(super) fn reset(world: &mut World, call: &Call) -> Answer {
    let args = call.texts("args");
    let state = &world.workspace;
    let rev = args.first().filter(|rev| state.resolve(rev).is_some()).copied();
    let rest = args.iter().skip(usize::from(rev.is_some())).map(|path| inside(world, path));
    let wanted: Vec<String> = rest.chain(paths(world, call, "paths")).collect();
    let target = match (rev, args.first()) {
        (Some(rev), _) => state.commit_at(rev)?,
        (None, Some(path)) if state.index.contains_key(&inside(world, path)) => state.commit_at("HEAD")?,
        (None, Some(word)) => state.commit_at(word)?,
        (None, None) => state.commit_at("HEAD")?,
    };
    let (id, tree, subject) = (target.id.clone(), target.tree.clone(), target.subject().to_owned());
    if !wanted.is_empty() {
        if call.flag("hard") || call.flag("soft") {
            let mode = if call.flag("hard") { "hard" } else { "soft" };
            return Err(fatal(format!("Cannot do {mode} reset with paths.")));
        }
        for (path, _) in changes(&state.index.clone(), &tree).iter().filter(|(p, _)| selected(p, &wanted)) {
            set(Arc::make_mut(&mut world.workspace.index), path, tree.get(path));
        }
        return said(left_unstaged(&world.workspace));
    }
    if call.flag("hard") {
        let state = &world.workspace;
        let mut files = tree.clone();
        let untracked =
            state.files.iter().filter(|(p, _)| !state.index.contains_key(*p) && !tree.contains_key(*p));
        Arc::make_mut(&mut files).extend(untracked.map(|(p, t)| (p.clone(), t.clone())));
        world.workspace.index = tree;
        replace_files(world, files);
        world.workspace.move_head(id.clone());
        return said(format!("HEAD is now at {} {subject}\n", short(&id)));
    }
    world.workspace.move_head(id);
    if call.flag("soft") {
        return said("");
    }
    world.workspace.index = tree;
    said(left_unstaged(&world.workspace))
}

fn left_unstaged(state: &State) -> String {
    let unstaged = Standing::of(state).unstaged;
    if unstaged.is_empty() {
        return String::new();
    }
    let rows: String = unstaged.iter().map(|(path, kind)| format!("{}\t{path}\n", kind.letter())).collect();
    format!("Unstaged changes after reset:\n{rows}")
}

/// `GitRm`: `args`/`paths`, `cached`, `recursive`, `force`.
pub(super) fn remove(world: &mut World, call: &Call) -> Answer {
    let wanted = [paths(world, call, "args"), paths(world, call, "paths")].concat();
    let state = &world.workspace;
    let (head, mut index, mut files) = (state.head_tree(), state.index.clone(), state.files.clone());
    let mut out = String::new();
    for spec in &wanted {
        let hits: Vec<String> = index.keys().filter(|path| matches_spec(path, spec)).cloned().collect();
        if hits.is_empty() {
            return Err(fatal(format!("pathspec '{spec}' did not match any files")));
        }
        if !hits.contains(spec) && !call.flag("recursive") && !spec.contains('*') {
            return Err(fatal(format!("not removing '{spec}' recursively without -r")));
        }
        for path in hits {
            let touched = head.get(&path) != files.get(&path) && files.contains_key(&path);
            if touched && !call.flag("force") && !call.flag("cached") {
                return Err(error(format!(
                    "the following file has local modifications:\n    {path}\n(use --cached to keep the file, or -f \
                     to force removal)"
                )));
            }
            Arc::make_mut(&mut index).remove(&path);
            if !call.flag("cached") {
                Arc::make_mut(&mut files).remove(&path);
            }
            _ = writeln!(out, "rm '{path}'");
        }
    }
    world.workspace.index = index;
    replace_files(world, files);
    said(out)
}

/// `GitMv`: `args` are the sources and the target.
pub(super) fn rename(world: &mut World, call: &Call) -> Answer {
    let args = paths(world, call, "args");
    let [from, to] = args.as_slice() else {
        return Err(fatal("this simulation moves one file at a time: git mv <source> <destination>"));
    };
    let state = &world.workspace;
    let to = match super::files::is_folder(world, to) {
        true => commits::clean(&format!("{to}/{}", from.rsplit('/').next().unwrap_or(from))),
        false => to.clone(),
    };
    let Some(text) = state.files.get(from).filter(|_| state.index.contains_key(from)).cloned() else {
        return Err(fatal(format!("bad source, source={from}, destination={to}")));
    };
    if state.files.contains_key(&to) && !call.flag("force") {
        return Err(fatal(format!("destination exists, source={from}, destination={to}")));
    }
    let (mut index, mut files) = (state.index.clone(), state.files.clone());
    for tree in [&mut index, &mut files] {
        let tree = Arc::make_mut(tree);
        tree.remove(from);
        tree.insert(to.clone(), text.clone());
    }
    world.workspace.index = index;
    replace_files(world, files);
    said("")
}
