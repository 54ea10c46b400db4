//! The files of a cell's checkout, read and written from outside, where an agent may have put anything: links that lead out, pipes
//! that never end, files without end. Every step of a path is taken from the folder before, and no link is followed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{
    AtFlags, Dir, FileType, Gid, Mode, OFlags, Uid, fchown, fstat, mkdirat, openat, readlinkat, renameat,
    unlinkat,
};

/// Bytes of one file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Bytes of all files.
const TREE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Files and folders.
const ENTRIES_MAX: usize = 10_000;
/// Folders in folders.
const DEPTH_MAX: usize = 24;
/// Folders that tools fill by themselves: nobody's work.
const SKIPPED: [&str; 6] = [".git", ".venv", "__pycache__", "node_modules", "target", "venv"];

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder of a cell, held open.
#[derive(Debug)]
pub struct Tree {
    root: OwnedFd,
}

/// What stands in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// Texts by path. What is no text is shown as far as it is one; a link is the path that it leads to, as in git.
    pub files: BTreeMap<String, String>,
    /// What stands there and was not read: too large, or no file.
    pub unread: BTreeSet<String>,
    /// Everything was looked at; where there is too much of it, what is not seen need not be gone.
    pub is_whole: bool,
}

impl Tree {
    /// Holds a folder open. It may be moved, or lie in a cell: what is held stays the same folder.
    ///
    /// # Errors
    /// It is not there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { root: rustix::fs::open(path, flags, Mode::empty())? })
    }

    /// What stands in it now.
    pub fn seen(&self) -> Seen {
        let mut reading = Reading { seen: Seen { is_whole: true, ..Seen::default() }, bytes: 0, entries: 0 };
        if reading.folder(&self.root, "", 0).is_err() {
            reading.seen.is_whole = false;
        }
        reading.seen
    }

    /// Puts a file there, whole or not at all, with the folders above it.
    ///
    /// # Errors
    /// Something else stands in its way, or there is no room.
    pub fn put(&self, path: &str, text: &str) -> io::Result<()> {
        let (folder, name) = self.above(path, true)?;
        let temporary = format!("{name}.chesterton-new");
        let _ = unlinkat(&folder, &temporary, AtFlags::empty());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&folder, &temporary, flags, Mode::from_bits_truncate(0o644))?;
        self.given(&file);
        let written = std::fs::File::from(file).write_all(text.as_bytes());
        let named = written.and_then(|()| Ok(renameat(&folder, &temporary, &folder, &name)?));
        if named.is_err() {
            let _ = unlinkat(&folder, &temporary, AtFlags::empty());
        }
        named
    }

    /// Takes a file away.
    ///
    /// # Errors
    /// It is not there, or is no file.
    pub fn remove(&self, path: &str) -> io::Result<()> {
        let (folder, name) = self.above(path, false)?;
        Ok(unlinkat(&folder, &name, AtFlags::empty())?)
    }

    /// Lets what we have made be that user's whose folder it is: another's, where a harness that is root has handed it over.
    fn given(&self, made: &OwnedFd) {
        let (Ok(folder), Ok(own)) = (fstat(&self.root), fstat(made)) else { return };
        if folder.st_uid != own.st_uid {
            let _ = fchown(made, Some(Uid::from_raw(folder.st_uid)), Some(Gid::from_raw(folder.st_gid)));
        }
    }

    /// The folder in which a path ends, and the name there.
    fn above(&self, path: &str, make: bool) -> io::Result<(OwnedFd, String)> {
        let mut steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty() && *step != ".").collect();
        let name = steps.pop().filter(|_| !path.split('/').any(|step| step == ".."));
        let name = name.ok_or_else(|| io::Error::other("no path of the checkout"))?;
        let mut folder = self.root.try_clone()?;
        for step in steps {
            if make {
                let is_new = mkdirat(&folder, step, Mode::from_bits_truncate(0o755)).is_ok();
                folder = openat(&folder, step, FOLDER, Mode::empty())?;
                if is_new {
                    self.given(&folder);
                }
                continue;
            }
            folder = openat(&folder, step, FOLDER, Mode::empty())?;
        }
        Ok((folder, name.to_owned()))
    }
}

struct Reading {
    seen: Seen,
    bytes: u64,
    entries: usize,
}

impl Reading {
    fn folder(&mut self, folder: &OwnedFd, below: &str, depth: usize) -> io::Result<()> {
        if depth > DEPTH_MAX {
            self.seen.is_whole = false;
            return Ok(());
        }
        let mut names = BTreeMap::new();
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().to_str()
                && !matches!(name, "." | "..")
            {
                names.insert(name.to_owned(), entry.file_type());
            }
            if names.len() > ENTRIES_MAX {
                self.seen.is_whole = false;
                break;
            }
        }
        for (name, kind) in names {
            self.entries = self.entries.saturating_add(1);
            if self.entries > ENTRIES_MAX || self.bytes > TREE_BYTES_MAX {
                self.seen.is_whole = false;
                return Ok(());
            }
            self.entry(folder, &name, kind, below, depth);
        }
        Ok(())
    }

    /// One entry. What vanishes while it is looked at was not there.
    fn entry(&mut self, folder: &OwnedFd, name: &str, kind: FileType, below: &str, depth: usize) {
        let path = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
        match kind {
            FileType::Directory if SKIPPED.contains(&name) => {}
            FileType::Directory => {
                let read = openat(folder, name, FOLDER, Mode::empty()).map_err(io::Error::from);
                if read.and_then(|inner| self.folder(&inner, &path, depth.saturating_add(1))).is_err() {
                    self.seen.is_whole = false;
                }
            }
            FileType::Symlink => {
                if let Ok(target) = readlinkat(folder, name, Vec::new()) {
                    self.seen.files.insert(path, target.to_string_lossy().into_owned());
                }
            }
            FileType::RegularFile => match text(folder, name) {
                Ok(Some(text)) => {
                    self.bytes = self.bytes.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
                    self.seen.files.insert(path, text);
                }
                _ => drop(self.seen.unread.insert(path)),
            },
            _ => drop(self.seen.unread.insert(path)),
        }
    }
}

/// The text of a file; none: there is too much of it, or it is none by now.
fn text(folder: &OwnedFd, name: &str) -> io::Result<Option<String>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = std::fs::File::from(openat(folder, name, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes)?;
    let is_small = u64::try_from(bytes.len()).is_ok_and(|n| n <= FILE_BYTES_MAX);
    Ok(is_small.then(|| String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_outside_is_read_or_written() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "canary").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a.txt"), "a").unwrap();
        std::fs::create_dir(at("sub")).unwrap();
        std::fs::write(at("sub/b.txt"), "b").unwrap();
        symlink(outside.path(), at("out")).unwrap();
        symlink(outside.path().join("secret"), at("link")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), FileType::Fifo, Mode::from_bits_truncate(0o600), 0)
            .unwrap();
        std::fs::File::create(at("large")).unwrap().set_len(1 << 40).unwrap();
        let tree = Tree::open(folder.path()).unwrap();
        let seen = tree.seen();
        assert!(seen.is_whole);
        assert_eq!(seen.files["sub/b.txt"], "b");
        assert!(!seen.files.values().any(|text| text.contains("canary")), "{seen:?}");
        assert_eq!(seen.unread, BTreeSet::from(["large".to_owned(), "pipe".to_owned()]));
        assert!(tree.put("out/secret", "x").is_err());
        assert!(tree.put("../secret", "x").is_err());
        assert!(tree.remove("out/secret").is_err());
        tree.put("link", "now a file").unwrap();
        tree.put("new/deep/c.txt", "c").unwrap();
        assert_eq!(std::fs::read_to_string(outside.path().join("secret")).unwrap(), "canary");
        assert_eq!(tree.seen().files["link"], "now a file");
        assert_eq!(tree.seen().files["new/deep/c.txt"], "c");
    }
}
