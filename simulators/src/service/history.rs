//! Looking at commits: diff, log, show, blame, rev-parse, ls-files.

use std::fmt::Write as _;

use jiff::Timestamp;
use similar::{DiffTag, TextDiff};

use super::commits::{Commit, selected, short};
use super::diffs::{self, Shape};
use super::git_objects::blob;
use super::workspace::{State, fatal, inside, paths, said};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::clock::Time;
use crate::engine::Sources;

/// A time in a `strftime` format, UTC.
pub(crate) fn dated(at: Time, format: &str) -> String {
    Timestamp::from_second(at.unix()).map(|t| t.strftime(format).to_string()).unwrap_or_default()
}

/// As git shows dates.
const GIT_DATE: &str = "%a %b %-d %H:%M:%S %Y +0000";

fn shape(call: &Call, default: Shape) -> Shape {
    let asked = [
        ("stat", Shape::Stat),
        ("name-only", Shape::NameOnly),
        ("name-status", Shape::NameStatus),
        ("numstat", Shape::NumStat),
        ("patch", Shape::Patch),
    ];
    asked.iter().find(|(name, _)| call.flag(name)).map_or(default, |(_, shape)| *shape)
}

/// Splits `args` into revisions and, from the first word that is no revision, paths.
fn revisions<'c>(world: &World, call: &'c Call) -> Result<(Vec<&'c str>, Vec<String>), Refusal> {
    let state = &world.workspace;
    let (mut revs, mut found) = (Vec::new(), Vec::new());
    for arg in call.texts("args") {
        let ends = arg.split("..").map(|end| end.trim_matches(['.', '^'])).filter(|end| !end.is_empty());
        let is_rev = arg.contains("..") || state.resolve(arg.trim_start_matches('^')).is_some();
        if is_rev && found.is_empty() {
            for end in ends {
                state.commit_at(end)?;
            }
            revs.push(arg);
            continue;
        }
        let path = inside(world, arg);
        let known =
            state.files.keys().chain(state.index.keys()).any(|p| super::commits::matches_spec(p, &path));
        if !known {
            state.commit_at(arg)?;
        }
        found.push(path);
    }
    found.extend(paths(world, call, "paths"));
    Ok((revs, found))
}

/// `GitDiff`: `args` (revisions, ranges, paths), `staged`, and the shapes `stat`, `name-only`, `name-status`, `numstat`.
pub(super) fn diff(world: &mut World, call: &Call) -> Answer {
    let (revs, paths) = revisions(world, call)?;
    let state = &world.workspace;
    let tree = |rev: &str| -> Result<Sources, Refusal> {
        Ok(state.commit_at(if rev.is_empty() { "HEAD" } else { rev })?.tree.clone())
    };
    let staged = call.flag("staged") || call.flag("cached");
    let (old, new) = match revs.as_slice() {
        [] if staged => (state.head_tree(), state.index.clone()),
        [] => (state.index.clone(), tracked_files(state, &state.index)),
        [one] => {
            match one.split_once("...").map(|pair| (pair, true)).or(one.split_once("..").map(|p| (p, false)))
            {
                Some(((a, b), true)) => {
                    let ids = (state.commit_at(or_head(a))?, state.commit_at(or_head(b))?);
                    let base = state.store.merge_base(&ids.0.id, &ids.1.id);
                    (base.map(|c| c.tree.clone()).unwrap_or_default(), ids.1.tree.clone())
                }
                Some(((a, b), false)) => (tree(a)?, tree(b)?),
                None if staged => (tree(one)?, state.index.clone()),
                None => (tree(one)?, tracked_files(state, &tree(one)?)),
            }
        }
        [a, b, ..] => (tree(a)?, tree(b)?),
    };
    said(diffs::print(&old, &new, &paths, shape(call, Shape::Patch)))
}

fn or_head(rev: &str) -> &str {
    if rev.is_empty() { "HEAD" } else { rev }
}

/// The working files that git knows.
fn tracked_files(state: &State, other: &Sources) -> Sources {
    let known = |path: &&String| state.index.contains_key(*path) || other.contains_key(*path);
    let files = state.files.iter().filter(|(path, _)| known(path));
    std::sync::Arc::new(files.map(|(p, t)| (p.clone(), t.clone())).collect())
}

/// `GitLog`: `args`, `paths`, `max-count`, `oneline`, `stat`, `patch`, `all`, `format`, `author`, `grep`, `reverse`,
/// `no-merges`.
pub(super) fn log(world: &mut World, call: &Call) -> Answer {
    let (revs, paths) = revisions(world, call)?;
    let state = &world.workspace;
    let (mut tips, mut hidden) = (Vec::new(), Vec::new());
    for rev in revs {
        match (rev.split_once(".."), rev.strip_prefix('^')) {
            (Some((a, b)), _) => {
                hidden.push(state.commit_at(or_head(a))?.id.as_str());
                tips.push(state.commit_at(or_head(b.trim_start_matches('.')))?.id.as_str());
            }
            (None, Some(not)) => hidden.push(state.commit_at(not)?.id.as_str()),
            (None, None) => tips.push(state.commit_at(rev)?.id.as_str()),
        }
    }
    if call.flag("all") {
        tips.extend(state.branches.values().chain(state.tracking.values()).map(String::as_str));
    } else if tips.is_empty() {
        tips.push(state.commit_at("HEAD")?.id.as_str());
    }
    let has = |text: Option<&str>, whole: &str| text.is_none_or(|part| whole.contains(part));
    let mut commits = state.store.log(&tips, &hidden);
    commits.retain(|c| has(call.text("author"), &c.author.to_string()) && has(call.text("grep"), &c.message));
    commits.retain(|c| !(call.flag("no-merges") && c.parents.len() > 1));
    commits.retain(|c| paths.is_empty() || touches(state, c, &paths));
    let most = call.text("max-count").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    commits.truncate(most);
    if call.flag("reverse") {
        commits.reverse();
    }
    let mut out = String::new();
    for commit in commits {
        if !out.is_empty() && !call.flag("oneline") && !call.args.contains_key("format") {
            out.push('\n');
        }
        out.push_str(&headed(world, commit, call));
        out.push_str(&body(state, commit, call, &paths, Shape::Patch, false));
    }
    said(out)
}

fn parent_tree(state: &State, commit: &Commit) -> Sources {
    commit.parents.first().map(|id| state.store.tree(id)).unwrap_or_default()
}

fn touches(state: &State, commit: &Commit, paths: &[String]) -> bool {
    let changed = super::commits::changes(&parent_tree(state, commit), &commit.tree);
    changed.iter().any(|(path, _)| selected(path, paths))
}

/// The difference that a commit made, if it was asked for.
fn body(
    state: &State,
    commit: &Commit,
    call: &Call,
    paths: &[String],
    shape_: Shape,
    always: bool,
) -> String {
    let asked = ["stat", "patch", "name-only", "name-status", "numstat"].iter().any(|name| call.flag(name));
    if !asked && !always {
        return String::new();
    }
    let text = diffs::print(&parent_tree(state, commit), &commit.tree, paths, shape(call, shape_));
    if call.flag("oneline") { text } else { format!("\n{text}") }
}

fn decoration(state: &State, id: &str) -> String {
    let mut names = Vec::new();
    let here = |branch: &String| state.branch() == Some(branch);
    for (name, _) in state.branches.iter().filter(|(_, tip)| *tip == id) {
        names.push(if here(name) { format!("HEAD -> {name}") } else { name.clone() });
    }
    names.sort_by_key(|name| !name.starts_with("HEAD"));
    names.extend(
        state.tracking.iter().filter(|(_, tip)| *tip == id).map(|(name, _)| format!("origin/{name}")),
    );
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

fn headed(world: &World, commit: &Commit, call: &Call) -> String {
    let state = &world.workspace;
    let marks = if call.flag("decorate") { decoration(state, &commit.id) } else { String::new() };
    if let Some(format) = call.text("format").filter(|f| f.contains('%')) {
        return formatted(world, commit, format.trim_start_matches("format:").trim_start_matches("tformat:"));
    }
    if call.flag("oneline") || call.text("format") == Some("oneline") {
        return format!("{}{marks} {}\n", short(&commit.id), commit.subject());
    }
    let mut out = format!("commit {}{marks}\n", commit.id);
    if commit.parents.len() > 1 {
        let parents: Vec<&str> = commit.parents.iter().map(|p| short(p)).collect();
        _ = writeln!(out, "Merge: {}", parents.join(" "));
    }
    _ = writeln!(out, "Author: {}", commit.author);
    _ = writeln!(out, "Date:   {}\n", dated(commit.author.at, GIT_DATE));
    for line in commit.message.lines() {
        _ = writeln!(out, "    {line}");
    }
    out
}

/// The placeholders of `--format` that people use.
fn formatted(world: &World, commit: &Commit, format: &str) -> String {
    let (author, committer) = (&commit.author, &commit.committer);
    let age = |at: Time| super::runs::ago(world.now().since(at));
    let rest: Vec<&str> = commit.message.lines().skip(2).collect();
    let parents: Vec<&str> = commit.parents.iter().map(String::as_str).collect();
    let known = [
        ("%n", "\n".to_owned()),
        ("%H", commit.id.clone()),
        ("%h", short(&commit.id).to_owned()),
        ("%P", parents.join(" ")),
        ("%s", commit.subject().to_owned()),
        ("%B", format!("{}\n", commit.message)),
        ("%b", rest.join("\n")),
        ("%an", author.name.clone()),
        ("%ae", author.mail.clone()),
        ("%cn", committer.name.clone()),
        ("%ce", committer.mail.clone()),
        ("%ad", dated(author.at, GIT_DATE)),
        ("%cd", dated(committer.at, GIT_DATE)),
        ("%aI", author.at.to_string()),
        ("%cI", committer.at.to_string()),
        ("%as", dated(author.at, "%Y-%m-%d")),
        ("%ar", age(author.at)),
        ("%cr", age(committer.at)),
        ("%d", decoration(&world.workspace, &commit.id)),
    ];
    known.iter().fold(format.to_owned(), |text, (mark, value)| text.replace(mark, value)) + "\n"
}

/// `GitShow`: `args` (revision, or `revision:path`), the shapes of a diff.
pub(super) fn show(world: &mut World, call: &Call) -> Answer {
    let args = call.texts("args");
    let first = args.first().copied().unwrap_or("HEAD");
    if let Some((rev, path)) = first.split_once(':') {
        let tree = world.workspace.commit_at(or_head(rev))?.tree.clone();
        let inner = inside(world, path);
        return match tree.get(&inner) {
            Some(text) => said(text.clone()),
            None => Err(fatal(format!("path '{path}' does not exist in '{rev}'"))),
        };
    }
    let (revs, paths) = revisions(world, call)?;
    let state = &world.workspace;
    let mut out = String::new();
    for rev in if revs.is_empty() { vec!["HEAD"] } else { revs } {
        let commit = state.commit_at(rev)?;
        out.push_str(&headed(world, commit, call));
        if !call.flag("no-patch") {
            out.push_str(&body(state, commit, call, &paths, Shape::Patch, true));
        }
    }
    said(out)
}

/// `GitBlame`: the file is the last of `args`, a revision may stand before it.
pub(super) fn blame(world: &mut World, call: &Call) -> Answer {
    let args: Vec<&str> = call.texts("args").into_iter().chain(call.texts("paths")).collect();
    let Some((file, revs)) = args.split_last() else { return Err(fatal("no path to blame")) };
    let path = inside(world, file);
    let state = &world.workspace;
    let tip = state.commit_at(revs.first().unwrap_or(&"HEAD"))?;
    if !tip.tree.contains_key(&path) {
        return Err(fatal(format!("no such path '{path}' in HEAD")));
    }
    // Oldest first: each commit keeps the owners of lines that it left as they were.
    let mut owners: Vec<&Commit> = Vec::new();
    let mut before = String::new();
    for commit in state.store.log(&[&tip.id], &[]).into_iter().rev() {
        let text = commit.tree.get(&path).cloned().unwrap_or_default();
        if text == before {
            continue;
        }
        let lines = TextDiff::from_lines(&before, &text);
        let mut next = Vec::new();
        for op in lines.ops() {
            match op.tag() {
                DiffTag::Equal => next.extend(owners.get(op.old_range()).unwrap_or_default()),
                _ => next.extend(op.new_range().map(|_| commit)),
            }
        }
        (owners, before) = (next, text);
    }
    let width = owners.iter().map(|c| c.author.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (at, (line, owner)) in before.lines().zip(&owners).enumerate() {
        let mark = if owner.parents.is_empty() { "^" } else { "" };
        let id: String = format!("{mark}{}", owner.id).chars().take(8).collect();
        let date = dated(owner.author.at, "%Y-%m-%d %H:%M:%S +0000");
        _ = writeln!(out, "{id} ({:<width$} {date} {:>3}) {line}", owner.author.name, at.saturating_add(1));
    }
    said(out)
}

/// `GitRevParse`: `args`, `abbrev-ref`, `short`, `show-toplevel`.
pub(super) fn rev_parse(world: &mut World, call: &Call) -> Answer {
    if call.flag("show-toplevel") {
        return said(super::workspace::root(world) + "\n");
    }
    if call.flag("is-inside-work-tree") {
        return said("true\n");
    }
    if call.flag("git-dir") {
        return said(".git\n");
    }
    let state = &world.workspace;
    let mut out = String::new();
    for rev in call.texts("args") {
        let id = &state.commit_at(rev)?.id;
        match (call.flag("abbrev-ref"), call.flag("short")) {
            (true, _) if rev == "HEAD" => _ = writeln!(out, "{}", state.branch().unwrap_or("HEAD")),
            (true, _) => _ = writeln!(out, "{rev}"),
            (_, true) => _ = writeln!(out, "{}", short(id)),
            _ => _ = writeln!(out, "{id}"),
        }
    }
    said(out)
}

/// `GitLsFiles`: `args`/`paths`, `others`, `modified`, `stage`.
pub(super) fn ls_files(world: &mut World, call: &Call) -> Answer {
    let wanted = [paths(world, call, "args"), paths(world, call, "paths")].concat();
    let state = &world.workspace;
    let standing = super::status::Standing::of(state);
    let listed: Vec<&String> = if call.flag("others") {
        standing.untracked.iter().collect()
    } else if call.flag("modified") {
        standing.unstaged.iter().map(|(path, _)| path).collect()
    } else {
        state.index.keys().collect()
    };
    let mut out = String::new();
    for path in listed.into_iter().filter(|path| selected(path, &wanted)) {
        if call.flag("stage") {
            let text = state.index.get(path).map(String::as_str).unwrap_or_default();
            _ = write!(out, "100644 {} 0\t", blob(text));
        }
        _ = writeln!(out, "{path}");
    }
    said(out)
}
