//! Reading files of a scenario, with limits, and never through a link out of its folder.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Diagnostic;

/// A TOML file of a scenario.
pub const TOML_BYTES_MAX: u64 = 1024 * 1024;
/// A ticket; more than this is not a ticket.
pub const BRIEF_BYTES_MAX: u64 = 64 * 1024;
/// One file of `repo/`, `data/` or `agents/`.
pub const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// All files of `repo/` and `data/` together: every world holds them.
pub const FILES_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Files of `repo/` and `data/` together.
pub const FILES_MAX: usize = 2_000;
/// Folders inside folders.
const FOLDERS_DEEP_MAX: usize = 16;

/// The text of a file that must be there, below `root` and of at most `bytes_max` bytes.
pub(super) fn read_text(root: &Path, path: &Path, bytes_max: u64) -> Result<String, Diagnostic> {
    let refuse = |title: String| Diagnostic::of_file(path, title);
    let meta = fs::metadata(path).map_err(|e| match fs::symlink_metadata(path) {
        Ok(_) if e.kind() == io::ErrorKind::NotFound => refuse("this link points at nothing".into()),
        _ => missing_or(path, &e),
    })?;
    if meta.is_dir() {
        return Err(refuse("expected a file, found a folder".into()));
    }
    if !meta.is_file() {
        return Err(refuse("expected a plain file, found a pipe, socket or device".into()));
    }
    inside(root, path)?;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| missing_or(path, &e))?;
    // The size is measured on what is read, not asked beforehand: the file may grow in between.
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| missing_or(path, &e))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        let title = format!("this file is larger than {}", size(bytes_max));
        let help = match path.file_name().is_some_and(|name| name == "brief.md") {
            true => "an agent gets the brief whole: keep it as short as a ticket is",
            false => "let SQL in `data/` make the rows, or leave out what the scenario does not need",
        };
        return Err(refuse(title).help(help));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(good).filter(|b| **b == b'\n').count();
        let line = before.saturating_add(1);
        refuse(format!("this file is not UTF-8 text: line {line} holds a byte that no character has"))
            .help("save it as UTF-8; pictures, archives and other binary files do not belong in a scenario")
    })
}

/// As [`read_text`], or nothing if there is no such file.
pub(super) fn read_text_if_there(
    root: &Path,
    path: &Path,
    bytes_max: u64,
) -> Result<Option<String>, Diagnostic> {
    // A link that points nowhere is there, and wrong.
    if fs::symlink_metadata(path).is_err_and(|e| e.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    read_text(root, path, bytes_max).map(Some)
}

/// All texts below the folders `names` of `root`, by their path from `root`, in order of path.
pub(super) fn read_folders(root: &Path, names: &[&str]) -> Result<BTreeMap<String, String>, Diagnostic> {
    let mut texts = BTreeMap::new();
    let mut bytes = 0_u64;
    for name in names {
        if fs::symlink_metadata(root.join(name)).is_err() {
            continue;
        }
        for path in entries(root, Path::new(name), 0)? {
            let text = read_text(root, &root.join(&path), FILE_BYTES_MAX)?;
            bytes = bytes.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
            texts.insert(path.to_string_lossy().replace('\\', "/"), text);
            if texts.len() > FILES_MAX || bytes > FILES_BYTES_MAX {
                let limit = format!("at most {FILES_MAX} files and {}", size(FILES_BYTES_MAX));
                return Err(Diagnostic::of_file(root, format!("too many files: expected {limit}"))
                    .help("look for something generated, such as `node_modules`, and remove it"));
            }
        }
    }
    Ok(texts)
}

/// The files below a folder, as paths from `root`, in order of name.
fn entries(root: &Path, folder: &Path, depth: usize) -> Result<Vec<PathBuf>, Diagnostic> {
    let full = root.join(folder);
    if depth > FOLDERS_DEEP_MAX {
        let title = format!("expected at most {FOLDERS_DEEP_MAX} folders inside each other");
        return Err(Diagnostic::of_file(full, title));
    }
    inside(root, &full)?;
    let mut files = Vec::new();
    for name in names(&full)? {
        let path = folder.join(&name);
        if root.join(&path).is_dir() {
            files.extend(entries(root, &path, depth.saturating_add(1))?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

/// The names in a folder, in order. A name that is not UTF-8 is shown with its bad bytes replaced, and is then not
/// found when it is read.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, Diagnostic> {
    let list = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let list = list.map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Diagnostic::of_file(folder, "expected a folder here, found none"),
        _ => missing_or(folder, &e),
    })?;
    let mut names: Vec<String> =
        list.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// What a link points at must lie below `root`: a scenario is one folder, which can be copied and digested.
fn inside(root: &Path, path: &Path) -> Result<(), Diagnostic> {
    let real = |p: &Path| p.canonicalize().map_err(|e| missing_or(p, &e));
    if real(path)?.starts_with(real(root)?) {
        return Ok(());
    }
    Err(Diagnostic::of_file(path, "this link leads out of the scenario's folder")
        .help("put a copy of the file here in place of the link"))
}

fn missing_or(path: &Path, error: &io::Error) -> Diagnostic {
    let title = match error.kind() {
        io::ErrorKind::NotFound => "expected a file here, found none".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission to read this".to_owned(),
        io::ErrorKind::NotADirectory => "expected a folder on the way to this file, found a file".to_owned(),
        _ => format!("cannot read this: {error}"),
    };
    let diagnostic = Diagnostic::of_file(path, title);
    match error.kind() {
        io::ErrorKind::NotFound => diagnostic.help(similar(path)).help(purpose(path)),
        io::ErrorKind::PermissionDenied => diagnostic.help("make it readable, or run as its owner"),
        _ => diagnostic,
    }
}

/// What belongs into a file that every scenario has.
fn purpose(path: &Path) -> &'static str {
    match path.file_name().and_then(std::ffi::OsStr::to_str) {
        Some("stage.toml") => {
            "it says what stands in production; `chesterton new scenario` makes one that works"
        }
        Some("brief.md") => "it holds the ticket as the agent gets it",
        Some("incident.toml") => "it says where the case comes from; reports show it",
        _ => "",
    }
}

/// A file beside the missing one whose name is nearly the same.
fn similar(path: &Path) -> String {
    let Some((folder, name)) = path.parent().zip(path.file_name()) else { return String::new() };
    let beside = names(folder).unwrap_or_default();
    match super::nearest::nearest(&name.to_string_lossy(), &beside) {
        Some(name) => format!("there is a `{name}`: did you mean that?"),
        None => String::new(),
    }
}

fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    if bytes >= MIB { format!("{} MiB", bytes / MIB) } else { format!("{} KiB", bytes / KIB) }
}
