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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};
    use std::sync::Arc;

    use super::super::commits::{Draft, Store};
    use super::*;

    /// What a real git prints, in a folder.
    #[allow(clippy::disallowed_methods, reason = "the real one is what names are compared with")]
    fn git(folder: &std::path::Path, words: &[&str], stdin: &str) -> String {
        let mut child = Command::new("git")
            .args(words)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn commits_have_the_names_that_git_gives_them() {
        let mut store = Store::default();
        let mut stream = String::new();
        let mut ids: Vec<String> = Vec::new();
        let steps: [(&[usize], &str, &[(&str, &str)]); 4] = [
            (&[], "Beginn", &[("README.md", "hallo\n"), ("src/a.js", ""), ("src/deep/b.js", "b")]),
            (&[0], "one\n\nwith a body", &[("src.txt", "stands before src/ for git"), ("src/a.js", "a\n")]),
            (&[0], "zwei – ü", &[("src-x/ü.txt", "ü\n"), ("src/a.js", "")]),
            (&[1, 2], "Merge", &[("src", "a file now\n"), ("z/1/2/3", "\n")]),
        ];
        for (n, (parents, message, files)) in steps.iter().enumerate() {
            let at = |shift: i64| Time::from_unix(1_700_000_000 + shift + i64::try_from(n).unwrap());
            let author = Signed { name: "Mei Lin".into(), mail: "mei@acme.internal".into(), at: at(0) };
            let committer = Signed { name: "bot".into(), mail: "bot@acme.internal".into(), at: at(60) };
            stream += &format!("commit refs/heads/c{n}\nmark :{}\n", n + 1);
            for (role, by) in [("author", &author), ("committer", &committer)] {
                stream += &format!("{role} {by} {} +0000\n", by.at.unix());
            }
            stream += &format!("data {}\n{message}\n\n", message.len() + 1);
            for (at, parent) in parents.iter().enumerate() {
                stream += &format!("{} :{}\n", if at == 0 { "from" } else { "merge" }, parent + 1);
            }
            stream += "deleteall\n";
            for (path, text) in *files {
                stream += &format!("M 100644 inline {path}\ndata {}\n{text}\n", text.len());
            }
            let tree = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
            let parents = parents.iter().map(|n| ids[*n].clone()).collect();
            let message = (*message).to_owned();
            ids.push(store.add(Draft { parents, tree: Arc::new(tree), author, committer, message }));
        }
        let folder = std::env::temp_dir().join(format!("chesterton-names-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        git(&folder, &["init", "--quiet", "--bare", "."], "");
        git(&folder, &["fast-import", "--quiet"], &stream);
        let named: Vec<String> = (0..ids.len())
            .map(|n| git(&folder, &["rev-parse", &format!("c{n}")], "").trim().into())
            .collect();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(ids, named);
        assert_eq!(
            blob("hallo\n"),
            git(&std::env::temp_dir(), &["hash-object", "--stdin"], "hallo\n").trim()
        );
    }
}
