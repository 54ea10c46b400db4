//! The agent's checkout, laid out in the private folder of a trial's hook.
//!
//! What an agent calls its files is its own choice, and what a hook leaves in its folder is the hook's: so no path is followed
//! out of the folder, neither by its own parts nor by a link. Only what has changed since the last time is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use miniz_oxide::deflate::compress_to_vec_zlib;

use crate::gate::checkout::Checkout;

/// The one commit of the repository: git asks for one before it names the branch. Its tree is empty.
const COMMIT: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
                      author Chesterton <chesterton@localhost> 0 +0000\n\
                      committer Chesterton <chesterton@localhost> 0 +0000\n\nThe checkout as it is\n";
/// What git calls it: SHA-1 over `commit 170`, a zero byte, and the text.
const COMMIT_ID: (&str, &str) = ("75", "e7e0a5955be019f54d08734d1f40ad435399ad");

/// What is laid out in a folder.
pub(super) struct Tree {
    folder: PathBuf,
    /// Paths that are the setup's: they stand whatever the agent does to its own.
    kept: BTreeSet<String>,
    laid: Option<Checkout>,
}

impl Tree {
    /// Nothing yet.
    pub fn new(folder: PathBuf, kept: impl Iterator<Item = String>) -> Self {
        Self { folder, kept: kept.collect(), laid: None }
    }

    /// Makes the folder show this checkout.
    ///
    /// # Errors
    /// A path that leads out of the folder, or that the machine does not take. Then all is laid out anew the next time.
    pub fn show(&mut self, checkout: &Checkout) -> Result<()> {
        let before = self.laid.take();
        if before
            .as_ref()
            .is_none_or(|laid| (&laid.branch, &laid.origin) != (&checkout.branch, &checkout.origin))
        {
            self.repository(checkout)?;
        }
        let nothing = Arc::new(BTreeMap::new());
        let old = before.as_ref().map_or(&nothing, |laid| &laid.files);
        if !Arc::ptr_eq(old, &checkout.files) {
            for path in old.keys().filter(|path| !checkout.files.contains_key(*path) && !self.is_kept(path)) {
                self.remove(path)?;
            }
            for (path, text) in checkout.files.iter().filter(|(path, _)| !self.is_kept(path)) {
                if old.get(path) != Some(text) {
                    self.put(path, text.as_bytes())?;
                }
            }
        }
        self.laid = Some(checkout.clone());
        Ok(())
    }

    /// Whether a path is the setup's, or in the way of one that is. What an agent writes into any `.git` is not laid out either,
    /// however it is spelt, as file systems may read it: whoever asks git anything there would run what its settings name.
    fn is_kept(&self, path: &str) -> bool {
        let holds = |a: &str, b: &str| a == b || b.strip_prefix(a).is_some_and(|rest| rest.starts_with('/'));
        let is_git = path.split('/').any(|part| part.eq_ignore_ascii_case(".git"));
        is_git || self.kept.iter().any(|kept| holds(path, kept) || holds(kept, path))
    }

    /// A repository that knows its branch and where it comes from, and has no history.
    fn repository(&self, checkout: &Checkout) -> Result<()> {
        let (first, rest) = COMMIT_ID;
        let object = format!("commit {}\0{COMMIT}", COMMIT.len());
        self.put(&format!(".git/objects/{first}/{rest}"), &compress_to_vec_zlib(object.as_bytes(), 6))?;
        let config = format!(
            "[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote \"origin\"]\n\turl = \"{}\"\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
            checkout.origin.replace(['"', '\\', '\n'], "")
        );
        self.put(".git/config", config.as_bytes())?;
        fs::create_dir_all(self.folder.join(".git/refs"))?;
        let (head, refs) = match checkout.branch.as_deref().filter(|branch| is_plain(branch)) {
            Some(branch) => {
                (format!("ref: refs/heads/{branch}\n"), format!("{first}{rest} refs/heads/{branch}\n"))
            }
            None => (format!("{first}{rest}\n"), String::new()),
        };
        self.put(".git/packed-refs", refs.as_bytes())?;
        self.put(".git/HEAD", head.as_bytes())
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let whole = self.inside(path)?;
        let mut folder = self.folder.clone();
        for part in Path::new(path).parent().into_iter().flat_map(Path::components) {
            folder.push(part);
            if !fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir()) {
                clear(&folder)?;
                fs::create_dir(&folder)?;
            }
        }
        clear(&whole)?;
        fs::write(whole, bytes)
    }

    fn remove(&self, path: &str) -> Result<()> {
        let whole = self.inside(path)?;
        let mut folders = Vec::new();
        for folder in whole.ancestors().skip(1).take_while(|folder| *folder != self.folder) {
            folders.push(folder);
        }
        // What a hook has put in the way is not followed.
        if folders.iter().all(|folder| fs::symlink_metadata(folder).is_ok_and(|meta| meta.is_dir())) {
            clear(&whole)?;
            // Folders that hold nothing any more go too; the first that holds something ends it.
            let _ = folders.iter().try_for_each(fs::remove_dir);
        }
        Ok(())
    }

    /// The place of a path in the folder.
    fn inside(&self, path: &str) -> Result<PathBuf> {
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        match !path.is_empty() && Path::new(path).components().all(plain) {
            true => Ok(self.folder.join(path)),
            false => Err(Error::new(ErrorKind::InvalidInput, "it leads out of the checkout")),
        }
    }
}

/// Takes away whatever stands there; a link itself, and not what it leads to.
fn clear(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

/// A branch's name that git itself would take.
fn is_plain(branch: &str) -> bool {
    let signs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let parts = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.');
    branch.chars().all(signs) && !branch.contains("..") && branch.split('/').all(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout(files: &[(&str, &str)]) -> Checkout {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Checkout {
            files: Arc::new(files),
            branch: Some("fix".to_owned()),
            origin: "https://forge/x.git".to_owned(),
        }
    }

    fn read(folder: &Path, path: &str) -> Option<String> {
        fs::read_to_string(folder.join(path)).ok()
    }

    #[test]
    fn it_shows_what_there_is_and_nothing_that_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mut tree = Tree::new(folder.path().to_owned(), ["guard.sh".to_owned()].into_iter());
        fs::write(folder.path().join("guard.sh"), "the setup's").unwrap();
        let own =
            [("guard.sh", "the agent's"), ("guard.sh/x", "the agent's"), (".git/config", "the agent's")];
        let own = [&own[..], &[(".GIT/hooks/x", "the agent's"), ("sub/.git/config", "the agent's")]].concat();
        tree.show(&checkout(&[&[("a/b.txt", "1"), ("c", "2")], &own[..]].concat())).unwrap();
        let seen = |path| read(folder.path(), path);
        assert_eq!((seen("a/b.txt"), seen("c")), (Some("1".to_owned()), Some("2".to_owned())));
        assert_eq!(seen("guard.sh").as_deref(), Some("the setup's"));
        assert!(seen(".git/config").unwrap().contains("https://forge/x.git"));
        assert_eq!((seen(".GIT/hooks/x"), seen("sub/.git/config")), (None, None));
        // A file where a folder was, and the other way round.
        tree.show(&checkout(&[("a", "3"), ("c/d", "4")])).unwrap();
        assert_eq!((seen("a"), seen("c/d")), (Some("3".to_owned()), Some("4".to_owned())));
        tree.show(&checkout(&[])).unwrap();
        assert!(!folder.path().join("c").exists() && !folder.path().join("a").exists());
        assert_eq!(seen("guard.sh").as_deref(), Some("the setup's"));
    }

    #[test]
    fn nothing_is_written_outside() {
        let outside = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut tree = Tree::new(folder.path().to_owned(), std::iter::empty());
        for path in ["../x", "/x", "a/../../x", "", "a/./b/../../../x"] {
            assert!(tree.show(&checkout(&[(path, "1")])).is_err(), "{path}");
        }
        // A hook has put links where files and folders of the checkout will be.
        let link = |name: &str, to: &Path| std::os::unix::fs::symlink(to, folder.path().join(name)).unwrap();
        fs::write(outside.path().join("precious"), "mine").unwrap();
        link("file", &outside.path().join("precious"));
        link("sub", outside.path());
        tree.show(&checkout(&[("file", "1"), ("sub/precious", "2")])).unwrap();
        assert_eq!(read(outside.path(), "precious").as_deref(), Some("mine"));
        assert_eq!(read(folder.path(), "sub/precious").as_deref(), Some("2"));
        // And again before they go.
        fs::remove_dir_all(folder.path().join("sub")).unwrap();
        link("sub", outside.path());
        tree.show(&checkout(&[("file", "1")])).unwrap();
        assert_eq!(read(outside.path(), "precious").as_deref(), Some("mine"));
    }

    #[test]
    fn a_branch_that_git_would_not_take_is_none() {
        for branch in ["../../x", "a b", "a\nb", ".hidden", "a//b", "", "x.", "ref: y"] {
            assert!(!is_plain(branch), "{branch}");
        }
        assert!(is_plain("fix/month-2025_12.v1"));
    }
}
