//! Files, folders and commits as git stores and names them: SHA-1 over a kind, a length and the content (Git's documentation,
//! *Git Internals - Git Objects*). So a commit has here the name that it has anywhere else.

use std::collections::BTreeMap;
use std::fmt;

use sha1::{Digest, Sha1};

use crate::clock::Time;

/// Bytes of a name.
const NAME_BYTES: usize = 20;
/// A name as git's own files hold it.
pub type Name = [u8; NAME_BYTES];

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
    crate::hex(&blob_bytes(text))
}

/// The name of a file's content, as git's own files hold it.
pub(super) fn blob_bytes(text: &str) -> Name {
    named(Kind::Blob, text.as_bytes(), &mut |_, _, _| ())
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

/// A commit as it is written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// The name of its files.
    pub tree: String,
    /// Its parents.
    pub parents: Vec<String>,
    /// Who made it: name, mail, time.
    pub author: (String, String, Time),
    /// Who committed it: name, mail, time.
    pub committer: (String, String, Time),
    /// Its message, without the last end of a line.
    pub message: String,
}

/// Reads a commit; none: it holds something that commits here have not, such as another zone of time or a signature.
pub fn read_commit(content: &[u8]) -> Option<Written> {
    let (head, message) = std::str::from_utf8(content).ok()?.split_once("\n\n")?;
    let mut lines = head.lines().peekable();
    let tree = lines.next()?.strip_prefix("tree ")?.to_owned();
    let mut parents = Vec::new();
    while let Some(parent) = lines.next_if(|line| line.starts_with("parent ")) {
        parents.push(parent.strip_prefix("parent ")?.to_owned());
    }
    let author = read_signed(lines.next()?.strip_prefix("author ")?)?;
    let committer = read_signed(lines.next()?.strip_prefix("committer ")?)?;
    let message = message.strip_suffix('\n')?.to_owned();
    lines.next().is_none().then_some(Written { tree, parents, author, committer, message })
}

fn read_signed(line: &str) -> Option<(String, String, Time)> {
    let (who, at) = line.strip_suffix(" +0000")?.rsplit_once("> ")?;
    let (name, mail) = who.split_once(" <")?;
    Some((name.to_owned(), mail.to_owned(), Time::from_unix(at.parse().ok()?)))
}

/// Reads a folder: the mode, the name and the object of each entry; none: it is not whole.
pub fn read_tree(mut content: &[u8]) -> Option<Vec<(String, String, String)>> {
    let mut entries = Vec::new();
    while !content.is_empty() {
        let end = content.iter().position(|byte| *byte == 0)?;
        let (mode, name) = std::str::from_utf8(content.get(..end)?).ok()?.split_once(' ')?;
        let rest = content.get(end.saturating_add(1)..)?;
        let (id, rest) = rest.split_at_checked(NAME_BYTES)?;
        entries.push((mode.to_owned(), name.to_owned(), crate::hex(id)));
        content = rest;
    }
    Some(entries)
}

/// SHA-1 of some bytes, as it stands at the end of git's files.
pub fn sha1(bytes: &[u8]) -> Name {
    Sha1::digest(bytes).into()
}
