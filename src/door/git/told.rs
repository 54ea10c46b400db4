//! What a real git tells of the checkout, read and held against what is known of it. All of it may be made up: an object is what its
//! content says it is.

use std::collections::{BTreeMap, BTreeSet};

use simulators::World;
use simulators::service::git_objects::{self, Kind, Written};
use simulators::service::git_state::{self, Aside, BRANCH, Changed, Made, Objects, Standing, TakenOver};

/// Commits that are taken over at once.
const COMMITS_MAX: usize = 2_000;
/// Files of one tree.
const FILES_MAX: usize = 10_000;
/// Folders in folders.
const DEPTH_MAX: usize = 24;
const REMOTE: &str = "refs/remotes/origin/";
const FILE: &str = "100644";
const FOLDER: &str = "40000";

/// How a checkout stands, in git's own words.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stands {
    /// Branches and the like: a name, a commit, and what it follows.
    pub refs: Vec<u8>,
    /// The file `HEAD`.
    pub head: Vec<u8>,
    /// How the index differs from the commit checked out (`git diff-index --cached --raw -z`).
    pub staged: Vec<u8>,
    /// The log of work put aside.
    pub put_aside: Vec<u8>,
    /// Objects that are not known, as `git cat-file --batch` prints them.
    pub objects: Vec<u8>,
}

/// A path, and the content that is staged for it; none: it goes.
type Staged = BTreeMap<String, Option<String>>;

/// What has become of the checkout, if anything has.
///
/// # Errors
/// It holds what no checkout of this place does.
pub(super) fn taken(world: &World, stands: &Stands, files: Changed) -> Result<Option<TakenOver>, String> {
    let refs = String::from_utf8_lossy(&stands.refs);
    let head = String::from_utf8_lossy(&stands.head).trim().to_owned();
    // Without one there is no repository any more: nothing is known of it.
    if head.is_empty() || refs.is_empty() {
        return Ok((!files.is_empty()).then(|| TakenOver { files, ..TakenOver::default() }));
    }
    let (mut standing, has_aside) = standing(&refs, head.strip_prefix("ref: ").unwrap_or(&head));
    let staged = staged(&String::from_utf8_lossy(&stands.staged))?;
    let aside = String::from_utf8_lossy(&stands.put_aside).into_owned();
    let aside: Vec<&str> = aside.lines().filter(|_| has_aside).collect();
    let was = git_state::standing(world);
    let is_as_it_was =
        standing == Standing { staged: Changed::new(), ..was.clone() } && staged == named(&was.staged);
    let is_put_aside = aside.len() != git_state::put_aside(world);
    if is_as_it_was && !is_put_aside && files.is_empty() {
        return Ok(None);
    }
    let all = Known::new(world, &stands.objects);
    for (path, id) in staged {
        let text = id.map(|id| all.text(&id)).transpose()?;
        standing.staged.insert(path, text);
    }
    let head = Some(&standing.head).filter(|head| !head.starts_with(BRANCH));
    let tips: Vec<&String> =
        standing.branches.values().chain(standing.tracking.values()).chain(head).collect();
    let commits = all.made(tips.into_iter().cloned().collect())?;
    let stash = match is_put_aside {
        true => Some(aside.into_iter().rev().map(|line| all.aside(line)).collect::<Result<_, _>>()?),
        false => None,
    };
    Ok(Some(TakenOver { commits, standing: (!is_as_it_was).then_some(standing), stash, files }))
}

/// The commits that somebody pushes and that nobody knows yet.
pub(super) fn pushed(world: &World, commit: &str, objects: &[u8]) -> Result<Option<TakenOver>, String> {
    let commits = Known::new(world, objects).made(vec![commit.to_owned()])?;
    Ok((!commits.is_empty()).then(|| TakenOver { commits, ..TakenOver::default() }))
}

fn standing(refs: &str, head: &str) -> (Standing, bool) {
    let mut standing = Standing { head: head.to_owned(), ..Standing::default() };
    let mut has_aside = false;
    for line in refs.lines() {
        let mut parts = line.split(' ');
        let mut next = || parts.next().unwrap_or_default();
        let (name, id, follows) = (next(), next().to_owned(), next());
        has_aside |= name == "refs/stash";
        if let Some(branch) = name.strip_prefix(BRANCH) {
            standing.branches.insert(branch.to_owned(), id);
            if let Some(follows) = follows.strip_prefix(REMOTE) {
                standing.upstream.insert(branch.to_owned(), follows.to_owned());
            }
        } else if let Some(branch) = name.strip_prefix(REMOTE).filter(|branch| *branch != "HEAD") {
            standing.tracking.insert(branch.to_owned(), id);
        }
    }
    (standing, has_aside)
}

/// What is staged: `:100644 100644 OLD NEW M`, a zero, the path, a zero.
fn staged(text: &str) -> Result<Staged, String> {
    let mut staged = Staged::new();
    let mut parts = text.split('\0');
    while let (Some(row), Some(path)) = (parts.next(), parts.next()) {
        let words: Vec<&str> = row.split(' ').collect();
        match words.as_slice() {
            [_, FILE, _, id, "A" | "M"] => drop(staged.insert(path.to_owned(), Some((*id).to_owned()))),
            [.., "D"] => drop(staged.insert(path.to_owned(), None)),
            // In conflict: it stands as it stood.
            [.., "U"] => {}
            _ => return Err(unfit(path)),
        }
    }
    Ok(staged)
}

fn unfit(path: &str) -> String {
    format!("{path} is no plain file of text: this place keeps no others")
}

fn named(changed: &Changed) -> Staged {
    let name = |text: &String| git_objects::name(Kind::Blob, text.as_bytes());
    changed.iter().map(|(path, text)| (path.clone(), text.as_ref().map(name))).collect()
}

/// Objects that are known here, and those that were told.
struct Known {
    objects: Objects,
    commits: BTreeSet<String>,
}

impl Known {
    fn new(world: &World, told: &[u8]) -> Self {
        let mut objects = git_state::objects(world);
        objects.extend(git_state::hosted_objects(world, &BTreeSet::new()));
        objects.extend(read(told));
        Self { objects, commits: git_state::known(world) }
    }

    fn text(&self, id: &str) -> Result<String, String> {
        match self.objects.get(id) {
            Some((Kind::Blob, content)) => String::from_utf8(content.clone())
                .map_err(|_| format!("object {id} is no text: this place keeps no others")),
            _ => Err(format!("object {id} is not here")),
        }
    }

    fn commit(&self, id: &str) -> Result<Written, String> {
        match self.objects.get(id) {
            Some((Kind::Commit, content)) => git_objects::read_commit(content)
                .ok_or_else(|| format!("commit {id} holds what commits of this place do not")),
            _ => Err(format!("commit {id} is not here")),
        }
    }

    /// The files of a commit.
    fn files(&self, commit: &str) -> Result<BTreeMap<String, String>, String> {
        let mut files = BTreeMap::new();
        self.folder(&self.commit(commit)?.tree, "", 0, &mut files)?;
        Ok(files)
    }

    fn folder(
        &self,
        id: &str,
        below: &str,
        depth: usize,
        files: &mut BTreeMap<String, String>,
    ) -> Result<(), String> {
        let content = match self.objects.get(id) {
            Some((Kind::Tree, content)) if depth <= DEPTH_MAX => content,
            _ => return Err(format!("folder {id} is not here, or too deep")),
        };
        let entries = git_objects::read_tree(content).ok_or_else(|| format!("folder {id} is not whole"))?;
        for (mode, name, id) in entries {
            let path = if below.is_empty() { name } else { format!("{below}/{name}") };
            match mode.as_str() {
                FOLDER => self.folder(&id, &path, depth.saturating_add(1), files)?,
                FILE => drop(files.insert(path, self.text(&id)?)),
                _ => return Err(unfit(&path)),
            }
            if files.len() > FILES_MAX {
                return Err("there are too many files".to_owned());
            }
        }
        Ok(())
    }

    /// The commits that these stand on and nobody knows, parents first.
    fn made(&self, mut open: Vec<String>) -> Result<Vec<Made>, String> {
        let (mut done, mut seen) = (Vec::new(), self.commits.clone());
        while let Some(id) = open.last().cloned() {
            if seen.contains(&id) {
                open.pop();
                continue;
            }
            let commit = self.commit(&id)?;
            let missing: Vec<String> =
                commit.parents.iter().filter(|p| !seen.contains(*p)).cloned().collect();
            if !missing.is_empty() {
                open.extend(missing);
                continue;
            }
            let below =
                commit.parents.first().map(|parent| self.files(parent)).transpose()?.unwrap_or_default();
            let files = git_state::difference(&below, &self.files(&id)?);
            let Written { parents, author, committer, message, .. } = commit;
            done.push(Made { id: id.clone(), parents, author, committer, message, files });
            seen.insert(id);
            if done.len() > COMMITS_MAX {
                return Err("there are too many commits".to_owned());
            }
        }
        Ok(done)
    }

    /// Work put aside, by its line in the log: `OLD NEW WHO TIME ZONE`, a tab, what it is called.
    fn aside(&self, line: &str) -> Result<Aside, String> {
        let (names, message) = line.split_once('\t').unwrap_or((line, ""));
        let id = names.split(' ').nth(1).unwrap_or_default();
        let parents = self.commit(id)?.parents;
        let [base, index, untracked @ ..] = parents.as_slice() else {
            return Err(format!("{id} is no work put aside"));
        };
        let below = self.files(base)?;
        let of = |commit: &String| Ok::<_, String>(git_state::difference(&below, &self.files(commit)?));
        let untracked = untracked.first().map(|commit| self.files(commit)).transpose()?.unwrap_or_default();
        let untracked = untracked.into_iter().map(|(path, text)| (path, Some(text))).collect();
        let (index, files) = (of(index)?, of(&id.to_owned())?);
        Ok(Aside { message: message.to_owned(), base: base.clone(), index, files, untracked })
    }
}

/// Objects as `git cat-file --batch` prints them: a name, a kind and a size; so many bytes; the end of a line. Each goes by the name
/// that its content has.
fn read(mut told: &[u8]) -> Objects {
    let mut objects = Objects::new();
    while let Some(end) = told.iter().position(|byte| *byte == b'\n') {
        let (line, rest) = told.split_at_checked(end).unwrap_or_default();
        let rest = rest.get(1..).unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let mut words = line.split(' ').skip(1);
        let kind = match words.next() {
            Some("blob") => Kind::Blob,
            Some("tree") => Kind::Tree,
            Some("commit") => Kind::Commit,
            _ => {
                told = rest;
                continue;
            }
        };
        let size = words.next().and_then(|size| size.parse::<usize>().ok());
        let Some((content, rest)) = size.and_then(|size| rest.split_at_checked(size)) else { break };
        objects.insert(git_objects::name(kind, content), (kind, content.to_vec()));
        told = rest.get(1..).unwrap_or_default();
    }
    objects
}
