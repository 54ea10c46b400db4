//! Pull requests as they are listed and looked at.

use serde_json::{Map, Value, json};

use super::commits::changes;
use super::diffs::{self, Shape};
use super::forge::{is_protected, url};
use super::pull_merges::obstacle;
use super::pulls::{Comment, Pull, Review, Standing, ends, find, merged};
use crate::World;
use crate::call::{Answer, Call, Refusal};

/// `ListPullRequests`: `state` (`open`, `closed`, `merged`, `all`), `head`, `base`, `author`, `limit`.
pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let fits = |p: &&Pull| {
        let wanted = match call.text("state").unwrap_or("open") {
            "all" => true,
            "merged" => p.standing == Standing::Merged,
            "closed" => p.standing != Standing::Open,
            _ => p.standing == Standing::Open,
        };
        let is = |name: &str, value: &str| call.text(name).is_none_or(|v| v == value);
        wanted
            && is("head", &p.head)
            && is("base", &p.base)
            && (is("author", &p.author) || is("author", "@me"))
    };
    let limit = call.number("limit").and_then(|n| usize::try_from(n).ok()).unwrap_or(30);
    let pulls = world.forge.pulls.values().rev().filter(fits).take(limit);
    Ok(pulls.map(|p| value(world, p)).collect())
}

/// `ViewPullRequest`: `number`.
pub(super) fn view(world: &mut World, call: &Call) -> Answer {
    let pull = find(world, call)?;
    Ok(value(world, pull))
}

/// `PullRequestDiff`: `number`, `name_only`.
pub(super) fn diff(world: &mut World, call: &Call) -> Answer {
    let pull = find(world, call)?;
    let (from, head, _) = merged(world, pull);
    let shape = if call.flag("name_only") { Shape::NameOnly } else { Shape::Patch };
    Ok(Value::String(diffs::print(&from, &head, &[], shape)))
}

/// `PullRequestChecks`: `number`, `watch` (lets time pass until they are done).
pub(super) fn checks(world: &mut World, call: &Call) -> Answer {
    let number = find(world, call)?.number;
    let running = |world: &World| {
        let checks = world.forge.pulls.get(&number).and_then(|p| p.checks.as_ref());
        checks.is_some_and(|c| c.ended.is_none())
    };
    while call.flag("watch") && running(world) {
        let Some(next) = world.next_due() else { break };
        world.advance(next);
    }
    let pull = find(world, call)?;
    if pull.checks.is_none() {
        return Err(Refusal::new("NotFound", format!("no checks reported on the '{}' branch", pull.head)));
    }
    Ok(value(world, pull).get("statusCheckRollup").cloned().unwrap_or_default())
}

/// A pull request with the fields of `gh pr view --json`.
pub(super) fn value(world: &World, pull: &Pull) -> Value {
    let (from, head_tree, result) = merged(world, pull);
    let (head, base) = ends(world, pull);
    let (additions, deletions) = diffs::totals(&from, &head_tree);
    let files = changes(&from, &head_tree);
    let verdicts = pull.verdicts(&head);
    let decision = match () {
        () if verdicts.values().any(|v| *v == "CHANGES_REQUESTED") => "CHANGES_REQUESTED",
        () if verdicts.values().any(|v| *v == "APPROVED") => "APPROVED",
        () if is_protected(world, &pull.base) => "REVIEW_REQUIRED",
        () => "",
    };
    let review = |r: &Review| json!({"author": {"login": r.by}, "state": r.verdict, "body": r.body, "submittedAt": r.at});
    let commit = |c: &super::commits::Commit| json!({"oid": c.id, "messageHeadline": c.subject()});
    let commits = world.forge.store.log(&[&head], &[&base]);
    let open = pull.standing == Standing::Open;
    let state = match (&result, obstacle(world, pull, false)) {
        (Err(_), _) => "DIRTY",
        (_, None) => "CLEAN",
        _ => "BLOCKED",
    };
    let pairs = [
        ("number", json!(pull.number)),
        ("title", json!(pull.title)),
        ("body", json!(pull.body)),
        ("state", json!(pull.standing.name())),
        ("author", json!({"login": pull.author})),
        ("headRefName", json!(pull.head)),
        ("headRefOid", json!(head)),
        ("baseRefName", json!(pull.base)),
        ("baseRefOid", json!(base)),
        ("isDraft", json!(pull.draft)),
        ("closed", json!(!open)),
        ("createdAt", json!(pull.created)),
        ("mergedAt", json!(pull.ended.filter(|_| pull.standing == Standing::Merged))),
        ("closedAt", json!(pull.ended)),
        ("mergeCommit", pull.merge_commit.as_ref().map_or(Value::Null, |id| json!({"oid": id}))),
        ("mergeable", json!(if result.is_ok() { "MERGEABLE" } else { "CONFLICTING" })),
        ("mergeStateStatus", json!(if open { state } else { "UNKNOWN" })),
        ("reviewDecision", json!(decision)),
        ("reviewRequests", pull.requested.iter().map(|who| json!({"login": who})).collect()),
        ("reviews", pull.reviews.iter().map(review).collect()),
        ("latestReviews", pull.reviews.iter().map(review).collect()),
        ("comments", pull.comments.iter().map(Comment::value).collect()),
        ("labels", json!([])),
        ("assignees", json!([])),
        ("additions", json!(additions)),
        ("deletions", json!(deletions)),
        ("changedFiles", json!(files.len())),
        ("files", files.iter().map(|(path, _)| json!({"path": path})).collect()),
        ("commits", commits.into_iter().rev().map(commit).collect()),
        ("statusCheckRollup", checks_value(world, pull)),
        (
            "autoMergeRequest",
            pull.auto.as_ref().map_or(
                Value::Null,
                |(method, by)| json!({"mergeMethod": method.to_uppercase(), "enabledBy": {"login": by}}),
            ),
        ),
        ("url", json!(format!("{}/pull/{}", url(world), pull.number))),
    ];
    Value::Object(pairs.into_iter().map(|(name, v)| (name.to_owned(), v)).collect::<Map<_, _>>())
}

/// The tests of the head, as the list that the forge keeps.
fn checks_value(world: &World, pull: &Pull) -> Value {
    let link = format!("{}/pull/{}/checks", url(world), pull.number);
    let row = |c: &super::pulls::Checks| {
        let conclusion = match (c.ended, c.passed) {
            (None, _) => "",
            (_, true) => "SUCCESS",
            _ => "FAILURE",
        };
        let status = if c.ended.is_some() { "COMPLETED" } else { "IN_PROGRESS" };
        json!({"name": "test", "status": status, "conclusion": conclusion, "startedAt": c.started,
            "completedAt": c.ended, "detailsUrl": link})
    };
    pull.checks.iter().map(row).collect()
}
