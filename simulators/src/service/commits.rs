//! Commits as values: content-addressed, each with its whole tree, in stores that share them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::git_objects::{self, Signed};
use crate::engine::Sources;

/// Shortest prefix of a commit id that names it, as in git.
const PREFIX_MIN: usize = 4;

/// One commit. Its id is the one that git gives it.
pub(crate) struct Commit {
    pub id: String,
    pub parents: Vec<String>,
    pub tree: Sources,
    pub author: Signed,
    pub committer: Signed,
    pub message: String,
    /// One more than the deepest parent: children sort before parents even when made in the same second.
    depth: u32,
}

impl Commit {
    /// The first line of the message.
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

/// The id says it all, and printing trees would make a world's digest slow.
impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// The commits that a repository has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store(Arc<BTreeMap<String, Arc<Commit>>>);

/// What a new commit is made of.
pub(crate) struct Draft {
    pub parents: Vec<String>,
    pub tree: Sources,
    pub author: Signed,
    pub committer: Signed,
    pub message: String,
}

impl Draft {
    /// What somebody commits of their own.
    pub fn by(author: Signed, parents: Vec<String>, tree: Sources, message: String) -> Self {
        Self { parents, tree, committer: author.clone(), author, message }
    }

    fn id(&self) -> String {
        let Self { parents, tree, author, committer, message } = self;
        let naming = &mut |_, _: &str, _: &[u8]| ();
        let tree = git_objects::tree(tree, naming);
        git_objects::commit(&tree, parents, (author, committer), message, naming)
    }
}

impl Store {
    /// Makes a commit and gives its id.
    pub fn add(&mut self, draft: Draft) -> String {
        let id = draft.id();
        let depth = draft.parents.iter().filter_map(|p| self.get(p)).map(|p| p.depth).max().unwrap_or(0);
        let Draft { parents, tree, author, committer, message } = draft;
        let depth = depth.saturating_add(1);
        let commit = Commit { id: id.clone(), parents, tree, author, committer, message, depth };
        Arc::make_mut(&mut self.0).insert(id.clone(), Arc::new(commit));
        id
    }

    /// A commit by its whole id.
    pub fn get(&self, id: &str) -> Option<&Commit> {
        self.0.get(id).map(Arc::as_ref)
    }

    /// The tree of a commit; empty for one that is not here.
    pub fn tree(&self, id: &str) -> Sources {
        self.get(id).map(|c| c.tree.clone()).unwrap_or_default()
    }

    /// The id that a prefix names, if it names exactly one.
    pub fn by_prefix(&self, prefix: &str) -> Option<String> {
        if prefix.len() < PREFIX_MIN {
            return None;
        }
        let mut hits = self.0.range(prefix.to_owned()..).take_while(|(id, _)| id.starts_with(prefix));
        let first = hits.next()?;
        hits.next().is_none().then(|| first.0.clone())
    }

    /// All commits, in order of id.
    pub fn all(&self) -> impl Iterator<Item = &Commit> {
        self.0.values().map(Arc::as_ref)
    }

    /// The commit and all that it stands on.
    pub fn ancestors(&self, tip: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open = vec![tip.to_owned()];
        while let Some(id) = open.pop() {
            let Some(commit) = self.get(&id) else { continue };
            if seen.insert(id) {
                open.extend(commit.parents.iter().cloned());
            }
        }
        seen
    }

    /// Whether `old` is `new` or stands below it.
    pub fn contains(&self, new: &str, old: &str) -> bool {
        self.ancestors(new).contains(old)
    }

    /// The commits of `tips` that none of `except` has, newest first.
    pub fn log(&self, tips: &[&str], except: &[&str]) -> Vec<&Commit> {
        let hidden: BTreeSet<String> = except.iter().flat_map(|tip| self.ancestors(tip)).collect();
        let shown: BTreeSet<String> = tips.iter().flat_map(|tip| self.ancestors(tip)).collect();
        let mut commits: Vec<&Commit> = shown.difference(&hidden).filter_map(|id| self.get(id)).collect();
        commits.sort_by(|a, b| (b.depth, b.committer.at, &b.id).cmp(&(a.depth, a.committer.at, &a.id)));
        commits
    }

    /// How many commits `a` has that `b` has not, and the other way round.
    pub fn ahead_behind(&self, a: &str, b: &str) -> (usize, usize) {
        (self.log(&[a], &[b]).len(), self.log(&[b], &[a]).len())
    }

    /// The newest commit that both have.
    pub fn merge_base(&self, a: &str, b: &str) -> Option<&Commit> {
        let (left, right) = (self.ancestors(a), self.ancestors(b));
        let common = left.intersection(&right).filter_map(|id| self.get(id));
        common.max_by(|x, y| (x.depth, &x.id).cmp(&(y.depth, &y.id)))
    }

    /// Takes over a commit of another store with all that it stands on.
    pub fn take_from(&mut self, other: &Self, tip: &str) {
        let missing: Vec<String> =
            other.ancestors(tip).into_iter().filter(|id| !self.0.contains_key(id)).collect();
        if missing.is_empty() {
            return;
        }
        let mine = Arc::make_mut(&mut self.0);
        for id in missing {
            if let Some(commit) = other.0.get(&id) {
                mine.insert(id, commit.clone());
            }
        }
    }
}

/// An id as git abbreviates it.
pub(crate) fn short(id: &str) -> &str {
    id.get(..7).unwrap_or(id)
}

/// How a file differs between two trees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Added,
    Modified,
    Deleted,
}

impl Kind {
    /// As `--name-status` and `status -s` have it.
    pub fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Modified => 'M',
            Self::Deleted => 'D',
        }
    }
}

/// The paths that differ, in order.
pub(crate) fn changes(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<(String, Kind)> {
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let kind = |path: &String| match (old.get(path), new.get(path)) {
        (None, Some(_)) => Some(Kind::Added),
        (Some(_), None) => Some(Kind::Deleted),
        (Some(a), Some(b)) if a != b => Some(Kind::Modified),
        _ => None,
    };
    paths.into_iter().filter_map(|path| kind(path).map(|k| (path.clone(), k))).collect()
}

/// Whether a path stands under any of these (files, folders, globs); none means every path.
pub(crate) fn selected(path: &str, specs: &[String]) -> bool {
    specs.is_empty() || specs.iter().any(|spec| matches_spec(path, spec))
}

/// Whether a path is the one meant, lies in the folder meant, or fits the glob.
pub(crate) fn matches_spec(path: &str, spec: &str) -> bool {
    let spec = clean(spec);
    spec.is_empty()
        || path == spec
        || path.strip_prefix(spec.as_str()).is_some_and(|rest| rest.starts_with('/'))
        || (spec.contains(['*', '?', '[']) && glob(&spec, path))
}

/// A path without `./`, doubled or closing slashes, `..` resolved.
pub(crate) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// Shell-like patterns: `*` and `?` stop at nothing, as in git's pathspecs; `[...]` is taken as any one character.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let mut escaped = String::from("^");
    let mut in_set = false;
    for c in pattern.chars() {
        match c {
            '[' => in_set = true,
            ']' if in_set => {
                in_set = false;
                escaped.push('.');
            }
            _ if in_set => {}
            '*' => escaped.push_str(".*"),
            '?' => escaped.push('.'),
            c if c.is_alphanumeric() || c == '/' || c == '_' => escaped.push(c),
            c => {
                escaped.push('\\');
                escaped.push(c);
            }
        }
    }
    escaped.push('$');
    regex_lite::Regex::new(&escaped).is_ok_and(|r| r.is_match(text))
}

/// Whether a stranger's change of the same file can be joined to ours: three-way, by lines.
/// `Err` names the files in conflict.
pub(crate) fn merge_trees(base: &Sources, ours: &Sources, theirs: &Sources) -> Result<Sources, Vec<String>> {
    let mut merged = ours.clone();
    let mut conflicts = Vec::new();
    for (path, _) in changes(base, theirs) {
        let (was, mine, new) = (base.get(&path), ours.get(&path), theirs.get(&path));
        let joined = if mine == was || mine == new {
            Some(new.cloned())
        } else if let (Some(was), Some(mine), Some(new)) = (was, mine, new) {
            super::diffs::merge_lines(was, mine, new).map(Some)
        } else {
            None
        };
        let tree = Arc::make_mut(&mut merged);
        match joined {
            Some(Some(text)) => drop(tree.insert(path, text)),
            Some(None) => drop(tree.remove(&path)),
            None => conflicts.push(path),
        }
    }
    if conflicts.is_empty() { Ok(merged) } else { Err(conflicts) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;

    fn tree(files: &[(&str, &str)]) -> Sources {
        Arc::new(files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect())
    }

    fn add(store: &mut Store, parents: &[&str], at: i64, message: &str) -> String {
        let parents = parents.iter().map(|p| (*p).to_owned()).collect();
        let by = Signed { name: "mei".into(), mail: "mei@x".into(), at: Time::from_unix(at) };
        store.add(Draft::by(by, parents, tree(&[("a", message)]), message.into()))
    }

    #[test]
    fn history_is_topological_and_ids_are_stable() {
        let mut store = Store::default();
        let root = add(&mut store, &[], 0, "root");
        let left = add(&mut store, &[&root], 0, "left");
        let right = add(&mut store, &[&root], 0, "right");
        let joined = add(&mut store, &[&left, &right], 0, "join");
        let subjects: Vec<&str> = store.log(&[&joined], &[&left]).iter().map(|c| c.subject()).collect();
        assert_eq!(subjects, ["join", "right"]);
        assert_eq!(store.log(&[&joined], &[]).last().map(|c| c.subject()), Some("root"));
        assert_eq!(store.merge_base(&left, &right).map(|c| c.id.as_str()), Some(root.as_str()));
        assert_eq!(store.ahead_behind(&joined, &left), (2, 0));
        assert_eq!((root.len(), store.by_prefix(short(&root))), (40, Some(root.clone())));
        let mut again = Store::default();
        assert_eq!(add(&mut again, &[], 0, "root"), root);
        assert_ne!(add(&mut again, &[], 1, "root"), root);
    }

    #[test]
    fn changes_of_different_lines_of_one_file_are_joined() {
        let base = tree(&[("f", "1\n2\n3\n4\n5\n"), ("gone", "x")]);
        let ours = tree(&[("f", "one\n2\n3\n4\n5\n"), ("gone", "x")]);
        let theirs = tree(&[("f", "1\n2\n3\n4\nfive\n"), ("new", "y")]);
        let merged = merge_trees(&base, &ours, &theirs);
        assert_eq!(merged, Ok(tree(&[("f", "one\n2\n3\n4\nfive\n"), ("new", "y")])));
        let clash = tree(&[("f", "uno\n2\n3\n4\n5\n"), ("gone", "x")]);
        assert_eq!(merge_trees(&base, &ours, &clash), Err(vec!["f".to_owned()]));
    }

    #[test]
    fn paths_are_chosen_by_file_folder_and_glob() {
        assert!(matches_spec("src/a.js", "./src/"));
        assert!(matches_spec("src/a.js", "src/*.js"));
        assert!(matches_spec("src/a.js", "."));
        assert!(!matches_spec("srcs/a.js", "src"));
    }
}
