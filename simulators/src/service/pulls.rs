//! Pull requests: made, checked, edited, closed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::commits::merge_trees;
use super::forge::{self, record, url};
use super::reviews;
use super::workspace::author;
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::clock::Time;
use crate::effect::Change;
use crate::engine::Sources;

/// How a pull request stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    Open,
    Merged,
    Closed,
}

impl Standing {
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Merged => "MERGED",
            Self::Closed => "CLOSED",
        }
    }
}

/// What a reviewer said about one commit.
#[derive(Clone, Debug)]
pub(crate) struct Review {
    pub by: String,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`.
    pub verdict: &'static str,
    pub body: String,
    pub at: Time,
    pub commit: String,
}

/// A remark.
#[derive(Clone, Debug)]
pub(crate) struct Comment {
    pub by: String,
    pub body: String,
    pub at: Time,
}

impl Comment {
    pub fn value(&self) -> Value {
        json!({"author": {"login": self.by}, "body": self.body, "createdAt": self.at})
    }
}

/// The tests of one commit.
#[derive(Clone, Debug)]
pub(crate) struct Checks {
    pub commit: String,
    pub started: Time,
    pub ended: Option<Time>,
    pub passed: bool,
}

/// A pull request.
#[derive(Clone, Debug)]
pub(crate) struct Pull {
    pub number: u32,
    pub title: String,
    pub body: String,
    pub author: String,
    pub head: String,
    pub base: String,
    pub draft: bool,
    pub standing: Standing,
    pub created: Time,
    pub ended: Option<Time>,
    /// Head and base when it was merged or closed.
    pub last: Option<(String, String)>,
    pub merge_commit: Option<String>,
    pub requested: BTreeSet<String>,
    pub reviews: Vec<Review>,
    pub comments: Vec<Comment>,
    pub checks: Option<Checks>,
    /// Merge by itself as soon as nothing stands against it: method and who asked.
    pub auto: Option<(String, String)>,
}

impl Pull {
    /// The commit that it brought in.
    pub fn merged_head(&self) -> Option<&str> {
        self.last.as_ref().filter(|_| self.standing == Standing::Merged).map(|(head, _)| head.as_str())
    }

    /// Each reviewer's last word on this commit; words about former commits do not count.
    pub fn verdicts(&self, commit: &str) -> BTreeMap<&str, &'static str> {
        let telling = self.reviews.iter().filter(|r| r.commit == commit && r.verdict != "COMMENTED");
        telling.map(|r| (r.by.as_str(), r.verdict)).collect()
    }
}

/// Head and base commits of a pull request, now or when it ended.
pub(super) fn ends(world: &World, pull: &Pull) -> (String, String) {
    let head = |branch: &str| world.forge.heads.get(branch).cloned().unwrap_or_default();
    pull.last.clone().unwrap_or_else(|| (head(&pull.head), head(&pull.base)))
}

/// The tree of the common ancestor, of the head, and what merging would give.
pub(super) fn merged(world: &World, pull: &Pull) -> (Sources, Sources, Result<Sources, Vec<String>>) {
    let (head, base) = ends(world, pull);
    let store = &world.forge.store;
    let from = store.merge_base(&head, &base).map(|c| c.tree.clone()).unwrap_or_default();
    let (theirs, ours) = (store.tree(&head), store.tree(&base));
    let result = merge_trees(&from, &ours, &theirs);
    (from, theirs, result)
}

fn missing(wanted: &str) -> Refusal {
    let text = match wanted.parse::<u32>() {
        Ok(_) => format!(
            "GraphQL: Could not resolve to a PullRequest with the number of {wanted}. (repository.pullRequest)"
        ),
        Err(_) => format!("no pull requests found for branch \"{wanted}\""),
    };
    Refusal::new("NotFound", text)
}

/// The pull request that `number` names: its number, its address or its branch.
pub(super) fn find<'w>(world: &'w World, call: &Call) -> Result<&'w Pull, Refusal> {
    let number = call.number("number").map(|n| n.to_string());
    let here = super::workspace::current_branch(world).unwrap_or_default();
    let wanted = number.as_deref().or(call.text("number")).unwrap_or(&call.target);
    let wanted = if wanted.is_empty() { here } else { wanted };
    let tail = wanted.rsplit('/').next().filter(|_| wanted.starts_with("http")).unwrap_or(wanted);
    let by_number = tail.trim_start_matches('#').parse().ok().and_then(|n| world.forge.pulls.get(&n));
    let by_branch = || {
        let all = world.forge.pulls.values().rev().filter(|p| p.head == wanted);
        all.max_by_key(|p| (p.standing == Standing::Open, p.number))
    };
    by_number.or_else(by_branch).ok_or_else(|| missing(wanted))
}

/// `CreatePullRequest`: `title`, `body`, `head`, `base`, `draft`, `reviewers`.
pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let base = call.text("base").unwrap_or(forge::MAIN).to_owned();
    let here = super::workspace::current_branch(world).unwrap_or_default();
    let head = call.text("head").unwrap_or(here).to_owned();
    let failed = |why: String| {
        Err(Refusal::new(
            "UnprocessableEntity",
            format!("pull request create failed: GraphQL: {why} (createPullRequest)"),
        ))
    };
    let heads = &world.forge.heads;
    let (Some(head_id), Some(base_id)) = (heads.get(&head), heads.get(&base)) else {
        let which = if heads.contains_key(&head) { "Base" } else { "Head" };
        return failed(format!("{which} ref must be a branch, {which} sha can't be blank"));
    };
    if world.forge.store.log(&[head_id], &[base_id]).is_empty() {
        return failed(format!("No commits between {base} and {head}"));
    }
    let open = |p: &&Pull| p.standing == Standing::Open && p.head == head && p.base == base;
    if let Some(old) = world.forge.pulls.values().find(open) {
        let text = format!(
            "a pull request for branch \"{head}\" into branch \"{base}\" already exists:\n{}/pull/{}",
            url(world),
            old.number
        );
        return Err(Refusal::new("AlreadyExists", text));
    }
    let number = world.forge.next_number;
    world.forge.next_number = number.saturating_add(1);
    let pull = Pull {
        number,
        title: call.text("title").unwrap_or(&head).to_owned(),
        body: call.text("body").unwrap_or_default().to_owned(),
        author: author(world, call),
        head,
        base,
        draft: call.flag("draft"),
        standing: Standing::Open,
        created: world.now(),
        ended: None,
        last: None,
        merge_commit: None,
        requested: BTreeSet::new(),
        reviews: Vec::new(),
        comments: Vec::new(),
        checks: None,
        auto: None,
    };
    world.forge.pulls.insert(number, pull);
    record(world, Change::Published { what: format!("pull request #{number} opened") });
    start_checks(world, number);
    if !call.flag("draft") {
        reviews::request_owners(world, number);
    }
    let asked: Vec<String> = call.texts("reviewers").iter().map(|s| (*s).to_owned()).collect();
    reviews::request_all(world, number, &asked);
    let Some(pull) = world.forge.pulls.get(&number) else { return Ok(Value::Null) };
    Ok(super::pull_views::value(world, pull))
}

/// The tests of a pull request's head begin.
fn start_checks(world: &mut World, number: u32) {
    let Some(commit) = world.forge.pulls.get(&number).map(|p| ends(world, p).0) else { return };
    let after = world.lasting("pipeline/checks", world.stage.repository.pipeline.build_s / 2);
    let started = world.now();
    let checks = Checks { commit: commit.clone(), started, ended: None, passed: false };
    if let Some(pull) = world.forge.pulls.get_mut(&number) {
        pull.checks = Some(checks);
    }
    world.schedule(after, crate::world::Due::Forge(forge::Due::Checks { number, commit }));
}

/// The tests of a pull request's head are done.
pub(super) fn checked(world: &mut World, number: u32, commit: &str) {
    let results = world.memo.run_tests(&world.forge.store.tree(commit), world.now());
    let (now, good) = (world.now(), results.iter().all(|r| r.failure.is_none()));
    let checks = world.forge.pulls.get_mut(&number).and_then(|p| p.checks.as_mut());
    if let Some(checks) = checks.filter(|c| c.commit == commit) {
        (checks.ended, checks.passed) = (Some(now), good);
    }
    super::pull_merges::merge_by_itself(world, number);
}

/// A branch was pushed: its pull requests are checked again, and those who had looked look again.
pub(super) fn pushed(world: &mut World, branch: &str) {
    let open = |p: &&Pull| p.standing == Standing::Open && p.head == branch;
    let numbers: Vec<u32> = world.forge.pulls.values().filter(open).map(|p| p.number).collect();
    for number in numbers {
        start_checks(world, number);
        let looked = world.forge.pulls.get(&number).map(|p| p.reviews.iter().map(|r| r.by.clone()).collect());
        let looked: BTreeSet<String> = looked.unwrap_or_default();
        reviews::request_all(world, number, &looked.into_iter().collect::<Vec<_>>());
    }
}

/// `ClosePullRequest`: `number`, `comment`, `delete_branch`.
pub(super) fn close(world: &mut World, call: &Call) -> Answer {
    let pull = find(world, call)?.clone();
    let (number, now, by) = (pull.number, world.now(), author(world, call));
    if pull.standing != Standing::Open {
        let state = pull.standing.name().to_lowercase();
        return Err(Refusal::new(
            "NotOpen",
            format!(
                "X Pull request #{number} ({}) can't be closed because it was already {state}",
                pull.title
            ),
        ));
    }
    let last = ends(world, &pull);
    if let Some(open) = world.forge.pulls.get_mut(&number) {
        open.standing = Standing::Closed;
        open.ended = Some(now);
        open.last = Some(last);
        open.comments.extend(call.text("comment").map(|body| Comment { by, body: body.to_owned(), at: now }));
    }
    if call.flag("delete_branch") {
        world.forge.heads.remove(&pull.head);
    }
    record(world, Change::Published { what: format!("pull request #{number} closed") });
    Ok(json!({"number": number, "title": pull.title}))
}

/// `CommentPullRequest`: `number`, `body`.
pub(super) fn comment(world: &mut World, call: &Call) -> Answer {
    let (number, by, at) = (find(world, call)?.number, author(world, call), world.now());
    let body = call.text("body").unwrap_or_default().to_owned();
    super::people::mentioned(world, &body, &format!("pull request #{number}"));
    reviews::called(world, number, &body);
    let Some(pull) = world.forge.pulls.get_mut(&number) else { return Ok(Value::Null) };
    pull.comments.push(Comment { by, body, at });
    let id = pull.comments.len();
    record(world, Change::Published { what: format!("comment on pull request #{number}") });
    Ok(json!({"number": number, "url": format!("{}/pull/{number}#issuecomment-{id}", url(world))}))
}

/// `EditPullRequest`: `number`, `title`, `body`, `base`, `reviewers` (to add).
pub(super) fn edit(world: &mut World, call: &Call) -> Answer {
    let number = find(world, call)?.number;
    if let Some(base) = call.text("base").filter(|base| !world.forge.heads.contains_key(*base)) {
        return Err(Refusal::new("UnprocessableEntity", format!("Base ref {base} does not exist")));
    }
    let asked: Vec<String> = call.texts("reviewers").iter().map(|s| (*s).to_owned()).collect();
    reviews::known(world, &asked)?;
    if let Some(pull) = world.forge.pulls.get_mut(&number) {
        let set = |field: &mut String, name: &str| {
            if let Some(text) = call.text(name) {
                text.clone_into(field);
            }
        };
        set(&mut pull.title, "title");
        set(&mut pull.body, "body");
        set(&mut pull.base, "base");
    }
    if ["title", "body", "base"].iter().any(|name| call.args.contains_key(*name)) {
        record(world, Change::Published { what: format!("pull request #{number} edited") });
    }
    reviews::request_all(world, number, &asked);
    Ok(json!({"number": number, "url": format!("{}/pull/{number}", url(world))}))
}

/// `ReadyPullRequest`: `number`, `undo`. Code owners are asked once it is no draft any more.
pub(super) fn ready(world: &mut World, call: &Call) -> Answer {
    let (number, draft) = (find(world, call)?.number, call.flag("undo"));
    if let Some(pull) = world.forge.pulls.get_mut(&number) {
        pull.draft = draft;
    }
    let state = if draft { "a draft" } else { "ready" };
    record(world, Change::Published { what: format!("pull request #{number} is {state}") });
    if !draft {
        reviews::request_owners(world, number);
    }
    Ok(json!({"number": number}))
}
