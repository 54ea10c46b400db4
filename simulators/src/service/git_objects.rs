//! Files, folders and commits as git stores and names them: SHA-1 over a kind, a length and the content (Git's documentation,
//! *Git Internals - Git Objects*). So a commit has here the name that it has anywhere else.

use std::collections::BTreeMap;
use std::fmt;

use sha1::{Digest, Sha1};

use crate::clock::Time;

/// Bytes of a name.
const NAME_BYTES: usize = 20;
type Name = [u8; NAME_BYTES];

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A file's content.
    Blob,
    /// A folder.
    Tree,
    /// A commit.
    Commit,
}

impl Kind {
    /// As it stands in an object's header.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Tree => "tree",
            Self::Commit => "commit",
        }
    }
}

/// Who made something, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Signed {
    pub name: String,
    pub mail: String,
    pub at: Time,
}

/// As `git log` shows it.
impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.mail)
    }
}

/// Where objects are kept that are made by the way; naming alone keeps none.
pub(super) type Keep<'k> = &'k mut dyn FnMut(Kind, &str, &[u8]);

fn named(kind: Kind, content: &[u8], keep: Keep<'_>) -> Name {
    let mut hash = Sha1::new();
    hash.update(format!("{} {}\0", kind.word(), content.len()));
    hash.update(content);
    let name: Name = hash.finalize().into();
    keep(kind, &crate::hex(&name), content);
    name
}

/// The name of an object.
pub fn name(kind: Kind, content: &[u8]) -> String {
    crate::hex(&named(kind, content, &mut |_, _, _| ()))
}

/// The name of a file's content.
pub(super) fn blob(text: &str) -> String {
    name(Kind::Blob, text.as_bytes())
}

/// What stands in a folder.
enum Entry<'t> {
    File(&'t str),
    Folder(BTreeMap<&'t str, Self>),
}

/// The name of a tree of files, by their paths.
pub(super) fn tree(files: &BTreeMap<String, String>, keep: Keep<'_>) -> String {
    let mut root = BTreeMap::new();
    for (path, text) in files {
        let mut folder = &mut root;
        let mut steps = path.split('/').peekable();
        while let Some(step) = steps.next() {
            if steps.peek().is_none() {
                folder.insert(step, Entry::File(text));
                break;
            }
            let inner = folder.entry(step).or_insert_with(|| Entry::Folder(BTreeMap::new()));
            let Entry::Folder(inner) = inner else { break };
            folder = inner;
        }
    }
    crate::hex(&folder(&root, keep))
}

fn folder(entries: &BTreeMap<&str, Entry<'_>>, keep: Keep<'_>) -> Name {
    // Git has a folder where its name with a slash would stand.
    let mut rows: Vec<(String, &str, &str, Name)> = entries
        .iter()
        .map(|(name, entry)| match entry {
            Entry::File(text) => {
                ((*name).to_owned(), "100644", *name, named(Kind::Blob, text.as_bytes(), keep))
            }
            Entry::Folder(inner) => (format!("{name}/"), "40000", *name, folder(inner, keep)),
        })
        .collect();
    rows.sort();
    let mut content = Vec::new();
    for (_, mode, name, id) in rows {
        content.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        content.extend_from_slice(&id);
    }
    named(Kind::Tree, &content, keep)
}

/// The name of a commit.
pub(super) fn commit(
    tree: &str,
    parents: &[String],
    (author, committer): (&Signed, &Signed),
    message: &str,
    keep: Keep<'_>,
) -> String {
    let mut content = format!("tree {tree}\n");
    for parent in parents {
        content += &format!("parent {parent}\n");
    }
    for (role, by) in [("author", author), ("committer", committer)] {
        content += &format!("{role} {by} {} +0000\n", by.at.unix());
    }
    content += &format!("\n{message}\n");
    crate::hex(&named(Kind::Commit, content.as_bytes(), keep))
}
