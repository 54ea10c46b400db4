//! Files of the checkout, read and changed as a shell or an editor does.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;

use super::commits::{glob, matches_spec};
use super::limits;
use super::shares;
use super::workspace::{holds, inside, paths, printed, replace_files, said};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::effect::{Change, Loss};

/// `ReadFile`: `path` (or the target) or `paths`; `head`, `tail` in lines, `from` and `to` as line numbers, `number`.
pub(super) fn read(world: &mut World, call: &Call) -> Answer {
    let wanted = expand(world, &targets(world, call));
    let (mut out, mut errors) = (String::new(), String::new());
    for path in &wanted {
        match world.workspace.files.get(path) {
            Some(text) => {
                if wanted.len() > 1 && (call.args.contains_key("head") || call.args.contains_key("tail")) {
                    let gap = if out.is_empty() { "" } else { "\n" };
                    _ = writeln!(out, "{gap}==> {path} <==");
                }
                out.push_str(&excerpt(text, call));
            }
            // Without a program in whose words to say it, it is a plain refusal.
            None if !call.args.contains_key("tool") => {
                return Err(Refusal::new("NotFound", missing(world, path)));
            }
            None => _ = writeln!(errors, "{}: {}", tool(call), missing(world, path)),
        }
    }
    match errors.is_empty() {
        true => said(out),
        false => printed(&out, &errors, 1),
    }
}

fn excerpt(text: &str, call: &Call) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let bound = |name: &str, without: usize| {
        call.number(name).map_or(without, |n| usize::try_from(n).unwrap_or(0)).min(lines.len())
    };
    let (mut from, mut to) = (bound("from", 1).saturating_sub(1), bound("to", lines.len()));
    to = to.min(bound("head", lines.len()));
    if call.args.contains_key("tail") {
        from = lines.len().saturating_sub(bound("tail", 0));
    }
    let shown = lines.iter().enumerate().take(to).skip(from);
    if call.flag("number") {
        return shown.map(|(i, line)| format!("{:>6}\t{line}", i.saturating_add(1))).collect();
    }
    shown.map(|(_, line)| *line).collect()
}

/// Why a path cannot be read as a file.
fn missing(world: &World, path: &str) -> String {
    match is_folder(world, path) {
        true => format!("{path}: Is a directory"),
        false => format!("{path}: No such file or directory"),
    }
}

/// The name of the program in whose words things are refused.
fn tool(call: &Call) -> &str {
    call.text("tool").unwrap_or("cat")
}

fn targets(world: &World, call: &Call) -> Vec<String> {
    let mut wanted = paths(world, call, "paths");
    let single = call.text("path").unwrap_or(&call.target);
    if wanted.is_empty() && !single.is_empty() {
        wanted.push(inside(world, single));
    }
    wanted
}

/// Globs become the paths that they fit, as a shell would have done before the program saw them.
pub(super) fn expand(world: &World, wanted: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    for path in wanted {
        let depth = path.matches('/').count();
        let fits = |known: &String| known.matches('/').count() == depth && glob(path, known);
        let hits: Vec<String> = match path.contains(['*', '?']) {
            true => known_paths(world).into_iter().filter(fits).collect(),
            false => Vec::new(),
        };
        match hits.is_empty() {
            true => out.push(path.clone()),
            false => out.extend(hits),
        }
    }
    out
}

/// All files and folders.
pub(super) fn known_paths(world: &World) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = folders(world);
    all.extend(world.workspace.files.keys().cloned());
    all
}

/// All folders, by files and by hand.
pub(super) fn folders(world: &World) -> BTreeSet<String> {
    let made = world.workspace.folders.iter().map(|f| format!("{f}/"));
    let mut all = BTreeSet::new();
    for path in world.workspace.files.keys().cloned().chain(made) {
        let ends = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        all.extend(ends.map(str::to_owned));
    }
    all
}

pub(super) fn is_folder(world: &World, path: &str) -> bool {
    path.is_empty() || folders(world).contains(path)
}

/// `ListFiles`: `paths`, `long`, `all`, `recursive`, `one`; without `shell` every file's path, sorted.
pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    if !call.flag("shell") {
        let wanted = targets(world, call);
        let files = world.workspace.files.keys();
        let shown = files.filter(|path| wanted.is_empty() || wanted.iter().any(|w| matches_spec(path, w)));
        return said(shown.map(|path| format!("{path}\n")).collect::<String>());
    }
    let mut wanted = expand(world, &targets(world, call));
    if wanted.is_empty() {
        wanted.push(String::new());
    }
    let (mut out, mut errors) = (String::new(), String::new());
    let (mut singles, mut open) = (Vec::new(), Vec::new());
    for path in wanted {
        if world.workspace.files.contains_key(&path) {
            singles.push(path);
        } else if is_folder(world, &path) {
            open.push(path);
        } else {
            _ = writeln!(errors, "ls: cannot access '{path}': No such file or directory");
        }
    }
    let titled = open.len().saturating_add(singles.len()) > 1 || call.flag("recursive");
    listing(world, &mut out, &singles, call);
    open.reverse();
    while let Some(folder) = open.pop() {
        if titled {
            let gap = if out.is_empty() { "" } else { "\n" };
            let name = if folder.is_empty() { "." } else { &folder };
            _ = writeln!(out, "{gap}{name}:");
        }
        let inner = children(world, &folder, call.flag("all"));
        listing(world, &mut out, &inner, call);
        if call.flag("recursive") {
            open.extend(inner.into_iter().rev().filter(|path| is_folder(world, path)));
        }
    }
    match errors.is_empty() {
        true => said(out),
        false => printed(&out, &errors, 2),
    }
}

fn children(world: &World, folder: &str, hidden: bool) -> Vec<String> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let direct = |path: &String| {
        path.strip_prefix(&prefix)
            .is_some_and(|rest| !rest.is_empty() && !rest.contains('/') && (hidden || !rest.starts_with('.')))
    };
    known_paths(world).into_iter().filter(direct).collect()
}

fn listing(world: &World, out: &mut String, entries: &[String], call: &Call) {
    for path in entries {
        let name = match call.texts("paths").contains(&path.as_str()) {
            true => path.as_str(),
            false => path.rsplit('/').next().unwrap_or(path),
        };
        if !call.flag("long") {
            _ = writeln!(out, "{name}");
            continue;
        }
        let size = world.workspace.files.get(path).map_or(4096, String::len);
        let mode = if is_folder(world, path) { "drwxr-xr-x 2" } else { "-rw-r--r-- 1" };
        // File times are not kept: all show the beginning of the trial.
        let date = super::history::dated(world.stage.epoch, "%b %e %H:%M");
        _ = writeln!(out, "{mode} agent agent {size:>6} {date} {name}");
    }
}

/// `WriteFile`: `path` (or the target), `content`; replaces the file or makes it.
pub(super) fn write(world: &mut World, call: &Call) -> Answer {
    let path = inside(world, call.text("path").unwrap_or(&call.target));
    let content = call.text("content").unwrap_or_default().to_owned();
    if is_folder(world, &path) {
        return Err(Refusal::new("IsADirectory", format!("{path}: Is a directory")));
    }
    put(world, path, content)?;
    Ok(Value::Null)
}

/// `EditFile`: `path`, `old` and `new`; the old text must stand there exactly once, or `all` be set.
pub(super) fn edit(world: &mut World, call: &Call) -> Answer {
    let path = inside(world, call.text("path").unwrap_or(&call.target));
    let Some(text) = world.workspace.files.get(&path).cloned() else {
        return Err(Refusal::new("NotFound", missing(world, &path)));
    };
    let (old, new) = (call.text("old").unwrap_or_default(), call.text("new").unwrap_or_default());
    match text.matches(old).count() {
        _ if old.is_empty() => Err(Refusal::new("InvalidParameter", "the text to replace is empty")),
        0 => Err(Refusal::new("NotFound", format!("{path}: the text to replace is not in the file"))),
        n if n > 1 && !call.flag("all") => {
            Err(Refusal::new("Ambiguous", format!("{path}: the text to replace is in the file {n} times")))
        }
        n => {
            // What is put in a thousand times may be a thousand times too large.
            limits::file(text.len().saturating_add(n.saturating_mul(new.len())))?;
            put(world, path, text.replace(old, new))?;
            Ok(Value::Null)
        }
    }
}

/// Writes a file as an editor does; the former text is the writer's own business, so it is no loss.
pub(super) fn put(world: &mut World, path: String, content: String) -> Result<(), Refusal> {
    if world.workspace.files.get(&path) == Some(&content) {
        return Ok(());
    }
    limits::path(&path)?;
    let files = &mut world.workspace.files;
    let (is_new, before) = (!files.contains_key(&path), files.get(&path).map_or(0, String::len));
    limits::checkout(files, usize::from(is_new), content.len().saturating_sub(before))?;
    let old = Arc::make_mut(files).insert(path.clone(), content);
    // In a share the former text is somebody's: it is lost, unless it stands elsewhere.
    let lost = old.filter(|old| shares::of_path(world, &path).is_some() && !holds(world, old));
    let change = match lost {
        Some(_) => Change::lost(path.as_str(), 1, Loss::Overwritten, None),
        None => Change::Written { path: path.clone() },
    };
    shares::record(world, &path, None, change);
    Ok(())
}

/// `DeleteFile`: `paths` or `path`, `recursive`, `force`.
pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let wanted = expand(world, &targets(world, call));
    let mut left = world.workspace.files.clone();
    let mut errors = String::new();
    for path in &wanted {
        if left.contains_key(path) {
            Arc::make_mut(&mut left).remove(path);
        } else if is_folder(world, path) && call.flag("recursive") {
            Arc::make_mut(&mut left).retain(|file, _| !matches_spec(file, path));
            world.workspace.folders.retain(|folder| !matches_spec(folder, path));
        } else if is_folder(world, path) {
            _ = writeln!(errors, "rm: cannot remove '{path}': Is a directory");
        } else if !call.flag("force") {
            _ = writeln!(errors, "rm: cannot remove '{path}': No such file or directory");
        }
    }
    replace_files(world, left);
    match errors.is_empty() {
        true => Ok(Value::Null),
        false => printed("", &errors, 1),
    }
}

/// `MoveFile`: `paths` and `to`; onto an existing file it overwrites.
pub(super) fn rename(world: &mut World, call: &Call) -> Answer {
    transfer(world, call, true)
}

/// `CopyFile`: `paths`, `to`, `recursive`.
pub(super) fn copy(world: &mut World, call: &Call) -> Answer {
    transfer(world, call, false)
}

fn transfer(world: &mut World, call: &Call, remove: bool) -> Answer {
    let to = inside(world, call.text("to").unwrap_or_default());
    let from = expand(world, &targets(world, call));
    let refused = |text: String| Err(Refusal::new("NotPossible", text));
    // Where nothing is called so, a slash behind the name says that a folder was meant.
    let meant_folder = call.text("to").is_some_and(|to| to.ends_with('/')) && !is_folder(world, &to);
    if meant_folder && !is_folder(world, from.first().map_or("", String::as_str)) {
        return refused(format!("cannot create regular file '{to}/': Not a directory"));
    }
    if from.len() > 1 && !is_folder(world, &to) {
        return refused(format!("target '{to}': No such file or directory"));
    }
    let into_folder = is_folder(world, &to);
    let (mut files, mut folders) = (world.workspace.files.clone(), world.workspace.folders.clone());
    for path in &from {
        let name = path.rsplit('/').next().unwrap_or(path);
        let target = match into_folder {
            true => shares::written(world, &super::commits::clean(&format!("{to}/{name}"))),
            false => to.clone(),
        };
        if target == *path {
            return refused(format!("'{path}' and '{target}' are the same file"));
        }
        if is_folder(world, path) && (to == *path || to.starts_with(&format!("{path}/"))) {
            return refused(match remove {
                true => format!("cannot move '{path}' to a subdirectory of itself, '{target}'"),
                false => format!("cannot copy a directory, '{path}', into itself, '{target}'"),
            });
        }
        if call.flag("no-clobber") && files.contains_key(&target) {
            continue;
        }
        let whole = is_folder(world, path);
        if whole && !remove && !call.flag("recursive") {
            return refused(format!("-r not specified; omitting directory '{path}'"));
        }
        if !whole && !files.contains_key(path) {
            return refused(format!("cannot stat '{path}': No such file or directory"));
        }
        let moved: Vec<(String, String)> = files
            .iter()
            .filter(|(file, _)| *file == path || (whole && matches_spec(file, path)))
            .map(|(file, text)| (file.clone(), text.clone()))
            .collect();
        if whole && remove {
            folders = folders.iter().map(|folder| moved_folder(folder, path, &target)).collect();
        }
        let tree = Arc::make_mut(&mut files);
        for (file, text) in moved {
            if remove {
                tree.remove(&file);
            }
            let rest = file.strip_prefix(path.as_str()).unwrap_or_default();
            tree.insert(format!("{target}{rest}"), text);
        }
        limits::path(&target)?;
        limits::checkout(&files, 0, 0)?;
    }
    world.workspace.folders = folders;
    replace_files(world, files);
    Ok(Value::Null)
}

/// The path of a folder made by hand, after one that it is or lies in has moved.
fn moved_folder(folder: &str, from: &str, to: &str) -> String {
    match folder.strip_prefix(from).filter(|rest| rest.is_empty() || rest.starts_with('/')) {
        Some(rest) => format!("{to}{rest}"),
        None => folder.to_owned(),
    }
}

/// `MakeDirectory`: `paths`, `parents`.
pub(super) fn make_directory(world: &mut World, call: &Call) -> Answer {
    let wanted = targets(world, call);
    for path in wanted.iter().filter(|_| !call.flag("parents")) {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let reason = match known_paths(world).contains(path) {
            true => "File exists",
            false if !is_folder(world, parent) => "No such file or directory",
            false => continue,
        };
        return Err(Refusal::new("NotPossible", format!("cannot create directory '{path}': {reason}")));
    }
    world.workspace.folders.extend(wanted);
    Ok(Value::Null)
}

/// `TouchFile`: makes the `paths` that are not there.
pub(super) fn touch(world: &mut World, call: &Call) -> Answer {
    let known = known_paths(world);
    let new: Vec<String> = targets(world, call).into_iter().filter(|path| !known.contains(path)).collect();
    // All of them or none: a refused call has changed nothing.
    limits::checkout(&world.workspace.files, new.len(), 0)?;
    for path in new {
        put(world, path, String::new())?;
    }
    Ok(Value::Null)
}

/// `StatFile`: `paths`; `format` in the tool's own letters, or `real` for where a path leads.
pub(super) fn stat(world: &mut World, call: &Call) -> Answer {
    let (mut out, mut errors) = (String::new(), String::new());
    for path in expand(world, &targets(world, call)) {
        let folder = is_folder(world, &path);
        if !folder && !world.workspace.files.contains_key(&path) {
            let text = if call.flag("real") { "" } else { "cannot statx " };
            _ = writeln!(errors, "{}: {text}'{path}': No such file or directory", tool(call));
            continue;
        }
        let name = format!("{}/{path}", super::workspace::root(world));
        if call.flag("real") {
            _ = writeln!(out, "{}", name.trim_end_matches('/'));
            continue;
        }
        // A folder is known by its name as it is written, wherever that is asked for in other letters.
        let inode =
            path.bytes().fold(1_000_003_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
                % 9_000_000;
        let size = world.workspace.files.get(&path).map_or(4096, String::len);
        let shown = call.text("format").unwrap_or("%n %s %F (%d:%i)");
        let kind = if folder { "directory" } else { "regular file" };
        let shown = shown.replace("%d", "43").replace("%i", &inode.to_string()).replace("%n", &path);
        _ = writeln!(
            out,
            "{}",
            shown.replace("%s", &size.to_string()).replace("%F", kind).replace("\\n", "\n")
        );
    }
    match errors.is_empty() {
        true => said(out),
        false => printed(&out, &errors, 1),
    }
}
