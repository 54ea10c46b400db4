//! How working files, index and commit differ, as `git status` tells it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::commits::{Kind, changes, glob, matches_spec, selected, short};
use super::workspace::{State, paths, said};
use crate::World;
use crate::call::{Answer, Call};
use crate::engine::Sources;

/// How the three trees differ.
pub(super) struct Standing {
    pub staged: Vec<(String, Kind)>,
    pub unstaged: Vec<(String, Kind)>,
    pub untracked: Vec<String>,
}

impl Standing {
    pub fn of(state: &State) -> Self {
        let staged = changes(&state.head_tree(), &state.index);
        let (new, unstaged): (Vec<_>, Vec<_>) =
            changes(&state.index, &state.files).into_iter().partition(|(_, kind)| *kind == Kind::Added);
        let untracked = new.into_iter().map(|(path, _)| path);
        let untracked = untracked.filter(|path| !is_ignored(&state.files, path)).collect();
        Self { staged, unstaged, untracked }
    }

    /// Nothing that a commit could hold.
    pub fn is_clean(&self) -> bool {
        self.staged.is_empty() && self.unstaged.is_empty()
    }
}

/// Whether `.gitignore` at the root hides a path. Folder, name and glob patterns; the last match wins.
pub(super) fn is_ignored(files: &Sources, path: &str) -> bool {
    let rules = files.get(".gitignore").map(String::as_str).unwrap_or_default();
    let mut ignored = false;
    for rule in rules.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (rule, hides) = rule.strip_prefix('!').map_or((rule, true), |rule| (rule, false));
        let (folder_only, pattern) = (rule.ends_with('/'), rule.trim_matches('/'));
        let parts: Vec<&str> = path.split('/').collect();
        let reach = parts.len().saturating_sub(usize::from(folder_only));
        let hit = match rule.trim_end_matches('/').contains('/') {
            true => matches_spec(path, pattern),
            false => parts.iter().take(reach).any(|part| glob(pattern, part)),
        };
        if hit {
            ignored = hides;
        }
    }
    ignored
}

/// Untracked paths with whole untracked folders as one line, as git lists them.
fn folded(state: &State, untracked: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for path in untracked {
        let mut folders = path.match_indices('/').filter_map(|(at, _)| path.get(..=at));
        let whole = folders.find(|folder| !state.index.keys().any(|known| known.starts_with(folder)));
        let shown = whole.unwrap_or(path).to_owned();
        if out.last() != Some(&shown) {
            out.push(shown);
        }
    }
    out
}

/// `GitStatus`: `short`, `porcelain`, `branch`, `untracked-files`, `ignored`, `paths`.
pub(super) fn status(world: &mut World, call: &Call) -> Answer {
    let state = &world.workspace;
    let mut standing = Standing::of(state);
    let wanted = [paths(world, call, "args"), paths(world, call, "paths")].concat();
    standing.staged.retain(|(path, _)| selected(path, &wanted));
    standing.unstaged.retain(|(path, _)| selected(path, &wanted));
    standing.untracked.retain(|path| selected(path, &wanted));
    match call.text("untracked-files") {
        Some("no") => standing.untracked.clear(),
        Some("all") => {}
        _ => standing.untracked = folded(state, &standing.untracked),
    }
    if call.flag("short") || call.args.contains_key("porcelain") {
        said(short_status(state, &standing, call))
    } else {
        said(long_status(state, &standing))
    }
}

/// The whole status, as a commit of nothing prints it.
pub(super) fn long(state: &State) -> String {
    let standing = Standing::of(state);
    let untracked = folded(state, &standing.untracked);
    long_status(state, &Standing { untracked, ..standing })
}

fn short_status(state: &State, standing: &Standing, call: &Call) -> String {
    let mut out = String::new();
    if call.flag("branch") {
        _ = writeln!(out, "## {}", branch_line(state));
    }
    let mut rows: BTreeMap<&str, (char, char)> = Default::default();
    for (path, kind) in &standing.staged {
        rows.entry(path).or_insert((' ', ' ')).0 = kind.letter();
    }
    for (path, kind) in &standing.unstaged {
        rows.entry(path).or_insert((' ', ' ')).1 = kind.letter();
    }
    for (path, (staged, unstaged)) in rows {
        _ = writeln!(out, "{staged}{unstaged} {path}");
    }
    for path in &standing.untracked {
        _ = writeln!(out, "?? {path}");
    }
    if call.flag("ignored") {
        for path in
            state.files.keys().filter(|p| !state.index.contains_key(*p) && is_ignored(&state.files, p))
        {
            _ = writeln!(out, "!! {path}");
        }
    }
    out
}

fn branch_line(state: &State) -> String {
    let Some(branch) = state.branch() else { return "HEAD (no branch)".to_owned() };
    let Some((remote, tip)) = tracked(state, branch) else { return branch.to_owned() };
    let counts = match state.store.ahead_behind(&state.tip(), tip) {
        (0, 0) => String::new(),
        (a, 0) => format!(" [ahead {a}]"),
        (0, b) => format!(" [behind {b}]"),
        (a, b) => format!(" [ahead {a}, behind {b}]"),
    };
    format!("{branch}...origin/{remote}{counts}")
}

/// The remote branch that a branch follows, with its commit.
pub(super) fn tracked<'s>(state: &'s State, branch: &str) -> Option<(&'s str, &'s str)> {
    let remote = state.upstream.get(branch)?;
    Some((remote, state.tracking.get(remote)?))
}

/// How the branch stands to the one it follows, in git's words.
pub(super) fn tracking_words(state: &State) -> String {
    let Some((remote, tip)) = state.branch().and_then(|branch| tracked(state, branch)) else {
        return String::new();
    };
    let s = |n: usize| if n == 1 { "" } else { "s" };
    match state.store.ahead_behind(&state.tip(), tip) {
        (0, 0) => format!("Your branch is up to date with 'origin/{remote}'.\n"),
        (a, 0) => format!(
            "Your branch is ahead of 'origin/{remote}' by {a} commit{}.\n  (use \"git push\" to publish your local \
             commits)\n",
            s(a)
        ),
        (0, b) => format!(
            "Your branch is behind 'origin/{remote}' by {b} commit{}, and can be fast-forwarded.\n  (use \"git pull\" \
             to update your local branch)\n",
            s(b)
        ),
        (a, b) => format!(
            "Your branch and 'origin/{remote}' have diverged,\nand have {a} and {b} different commits each, \
             respectively.\n  (use \"git pull\" if you want to integrate the remote branch with yours)\n"
        ),
    }
}

fn long_status(state: &State, standing: &Standing) -> String {
    let mut out = match state.branch() {
        Some(branch) => format!("On branch {branch}\n"),
        None => format!("HEAD detached at {}\n", short(&state.tip())),
    };
    let words = tracking_words(state);
    if !words.is_empty() {
        out = format!("{out}{words}\n");
    }
    let word = |kind: Kind| match kind {
        Kind::Added => "new file:   ",
        Kind::Modified => "modified:   ",
        Kind::Deleted => "deleted:    ",
    };
    let mut block = |title: &str, hints: &[&str], lines: Vec<String>| {
        if !lines.is_empty() {
            _ = writeln!(out, "{title}");
            hints.iter().for_each(|hint| _ = writeln!(out, "  ({hint})"));
            lines.iter().for_each(|line| _ = writeln!(out, "\t{line}"));
            out.push('\n');
        }
    };
    let rows = |list: &[(String, Kind)]| list.iter().map(|(p, k)| format!("{}{p}", word(*k))).collect();
    let to_discard = "use \"git restore <file>...\" to discard changes in working directory";
    block(
        "Changes to be committed:",
        &["use \"git restore --staged <file>...\" to unstage"],
        rows(&standing.staged),
    );
    block(
        "Changes not staged for commit:",
        &["use \"git add <file>...\" to update what will be committed", to_discard],
        rows(&standing.unstaged),
    );
    block(
        "Untracked files:",
        &["use \"git add <file>...\" to include in what will be committed"],
        standing.untracked.clone(),
    );
    if standing.staged.is_empty() {
        out.push_str(match (standing.unstaged.is_empty(), standing.untracked.is_empty()) {
            (false, _) => "no changes added to commit (use \"git add\" and/or \"git commit -a\")\n",
            (true, false) => {
                "nothing added to commit but untracked files present (use \"git add\" to track)\n"
            }
            (true, true) => "nothing to commit, working tree clean\n",
        });
    }
    out
}
