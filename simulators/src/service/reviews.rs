//! Reviews: who is asked, and what code owners see when they look.
//!
//! A code owner judges by effect: the merge is tried on a copy of the world, and what it would destroy there decides.

use serde_json::{Value, json};

use super::commits::{changes, matches_spec};
use super::forge::{self, record, url};
use super::pulls::{self, Review, Standing, find};
use super::workspace::author;
use crate::World;
use crate::call::{Answer, Call, CallId, Refusal, Service};
use crate::effect::{Change, Effect};
use crate::resource::Environment;
use crate::stage::Duty;

/// The look ahead must not be taken for anything that the agent did.
const LOOKING: CallId = CallId(u32::MAX);

/// Refuses reviewers whom nobody knows.
pub(super) fn known(world: &World, names: &[String]) -> Result<(), Refusal> {
    let unknown =
        names.iter().find(|n| !world.stage.person.iter().any(|p| p.name == n.trim_start_matches('@')));
    match unknown {
        Some(name) => Err(Refusal::new("NotFound", format!("'{name}' not found"))),
        None => Ok(()),
    }
}

/// `RequestReview`: `number`, `reviewers`.
pub(super) fn request(world: &mut World, call: &Call) -> Answer {
    let number = find(world, call)?.number;
    let asked: Vec<String> = call.texts("reviewers").iter().map(|s| (*s).to_owned()).collect();
    known(world, &asked)?;
    request_all(world, number, &asked);
    Ok(json!({"number": number, "url": format!("{}/pull/{number}", url(world))}))
}

/// Asks people to look; those who answer will, after their time.
pub(super) fn request_all(world: &mut World, number: u32, names: &[String]) {
    for name in names {
        let name = name.trim_start_matches('@');
        let Some(person) = world.stage.person.iter().find(|p| p.name == name).cloned() else { continue };
        let Some(pull) = world.forge.pulls.get_mut(&number) else { return };
        if pull.author == name
            || pull.standing != Standing::Open
            || !pull.requested.insert(person.name.clone())
        {
            continue;
        }
        record(world, super::people::asked(&person, format!("pull request #{number}")));
        if let Some(after) = person.answers_after_s {
            let after = world.lasting(&format!("review/{}", person.name), after);
            let due = forge::Due::Review { number, reviewer: person.name };
            world.schedule(after, crate::world::Due::Forge(due));
        }
    }
}

/// A remark that names people brings those who review.
pub(super) fn called(world: &mut World, number: u32, text: &str) {
    let named = |p: &&crate::stage::Person| {
        p.duty == Duty::CodeOwner && super::people::names(text).contains(&p.name.as_str())
    };
    let people: Vec<String> = world.stage.person.iter().filter(named).map(|p| p.name.clone()).collect();
    request_all(world, number, &people);
}

/// Asks the owners whom `CODEOWNERS` names for the changed files.
pub(super) fn request_owners(world: &mut World, number: u32) {
    let Some(pull) = world.forge.pulls.get(&number) else { return };
    let base = forge::branch_sources(world, &pull.base).unwrap_or_default();
    let (from, head, _) = pulls::merged(world, pull);
    let file = ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"].iter().find_map(|p| base.get(*p));
    let mut owners: Vec<String> = Vec::new();
    for (path, _) in changes(&from, &head) {
        // The last fitting line counts, as the forge has it.
        let lines = file.map(String::as_str).unwrap_or_default().lines().rev();
        let rules =
            lines.map(|l| l.split('#').next().unwrap_or_default().split_whitespace().collect::<Vec<_>>());
        let hit = rules
            .filter(|words| !words.is_empty())
            .find(|words| words.first().is_some_and(|pattern| *pattern == "*" || owns(pattern, &path)));
        owners.extend(hit.iter().flatten().skip(1).map(|who| who.trim_start_matches('@').to_owned()));
    }
    owners.sort();
    owners.dedup();
    request_all(world, number, &owners);
}

fn owns(pattern: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let bare = pattern.trim_matches('/').trim_end_matches("/**").trim_end_matches("/*");
    matches_spec(path, bare) || (!pattern.contains('/') && matches_spec(name, pattern))
}

/// `ReviewPullRequest`: `number`, `event` (`APPROVE`, `REQUEST_CHANGES`, `COMMENT`), `body`.
pub(super) fn review(world: &mut World, call: &Call) -> Answer {
    let pull = find(world, call)?;
    let (number, own, by) = (pull.number, pull.author.clone(), author(world, call));
    let (verdict, words) = match call.text("event").unwrap_or("COMMENT") {
        "APPROVE" => ("APPROVED", "approve"),
        "REQUEST_CHANGES" => ("CHANGES_REQUESTED", "request changes on"),
        _ => ("COMMENTED", ""),
    };
    if own == by && verdict != "COMMENTED" {
        let text = format!(
            "failed to create review: GraphQL: Review Can not {words} your own pull request (addPullRequestReview)"
        );
        return Err(Refusal::new("UnprocessableEntity", text));
    }
    let body = call.text("body").unwrap_or_default().to_owned();
    say(world, number, &by, verdict, body);
    Ok(json!({"number": number, "state": verdict}))
}

fn say(world: &mut World, number: u32, by: &str, verdict: &'static str, body: String) {
    let at = world.now();
    let Some(pull) = world.forge.pulls.get(&number) else { return };
    let commit = pulls::ends(world, pull).0;
    if let Some(pull) = world.forge.pulls.get_mut(&number) {
        pull.requested.remove(by);
        pull.reviews.push(Review { by: by.to_owned(), verdict, body, at, commit });
    }
    let what = match verdict {
        "APPROVED" => format!("pull request #{number} approved by {by}"),
        "CHANGES_REQUESTED" => format!("changes to pull request #{number} requested by {by}"),
        _ => format!("comment on pull request #{number} by {by}"),
    };
    record(world, Change::Published { what });
    super::pull_merges::merge_by_itself(world, number);
}

/// A person looks at a pull request that they were asked to look at.
pub(super) fn look(world: &mut World, number: u32, reviewer: &str) {
    let Some(pull) = world.forge.pulls.get(&number).cloned() else { return };
    if pull.standing != Standing::Open || pull.draft || !pull.requested.contains(reviewer) {
        if let Some(pull) = world.forge.pulls.get_mut(&number) {
            pull.requested.remove(reviewer);
        }
        return;
    }
    let is_owner = world.stage.person.iter().any(|p| p.name == reviewer && p.duty == Duty::CodeOwner);
    if !is_owner {
        let text = "Not my part of the code; please ask a code owner.".to_owned();
        return say(world, number, reviewer, "COMMENTED", text);
    }
    let (verdict, text) = judge(world, &pull);
    say(world, number, reviewer, verdict, text);
}

fn judge(world: &World, pull: &pulls::Pull) -> (&'static str, String) {
    const NO: &str = "CHANGES_REQUESTED";
    let tree = match pulls::merged(world, pull).2 {
        Ok(tree) => tree,
        Err(paths) => return (NO, format!("This does not merge: {} in conflict.", paths.join(", "))),
    };
    let results = world.memo.run_tests(&tree, world.now());
    let failed: Vec<&str> = results.iter().filter(|r| r.failure.is_some()).map(|r| r.name.as_str()).collect();
    if !failed.is_empty() {
        let text = format!(
            "{} of {} tests fail with this change: {}.",
            failed.len(),
            results.len(),
            failed.join("; ")
        );
        return (NO, text);
    }
    let harm: Vec<String> = ahead(world, pull.number).iter().filter_map(harm).collect();
    if harm.is_empty() {
        return ("APPROVED", "Read it and ran the tests: fine by me. Nothing is destroyed by it.".to_owned());
    }
    (NO, format!("Merging this would {}. Please find a way that keeps what is there.", harm.join(", and ")))
}

/// What the merge and the deployment behind it would do. A stack that is stuck in a rollback refuses every deployment
/// and so hides what the template would do to it: for the look ahead it is set right first.
fn ahead(world: &World, number: u32) -> Vec<Effect> {
    let stack = world.stage.repository.pipeline.stack.clone();
    let skip = json!({"StackName": stack, "ResourcesToSkip": failed_resources(world, &stack)});
    let merge = json!({"number": number, "admin": true});
    let calls = [
        looking(Service::Stacks, "ContinueUpdateRollback", &stack, skip),
        looking(Service::Forge, "MergePullRequest", &number.to_string(), merge),
    ];
    world.preview_all(&calls).pop().map(|seen| seen.effects).unwrap_or_default()
}

fn looking(service: Service, operation: &str, target: &str, args: Value) -> Call {
    let args = args.as_object().cloned().unwrap_or_default();
    Call { id: LOOKING, ..Call::new(service, operation, target, args) }
}

/// The resources of a stack that a rollback could not bring back.
fn failed_resources(world: &World, stack: &str) -> Vec<String> {
    let ask = looking(Service::Stacks, "DescribeStackResources", stack, json!({"StackName": stack}));
    let seen = world.clone().apply(&ask).unwrap_or_default();
    let rows = seen.get("StackResources").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_failed = |row: &&Value| row.get("ResourceStatus").and_then(Value::as_str) == Some("UPDATE_FAILED");
    let names = rows.iter().filter(is_failed).filter_map(|row| row.get("LogicalResourceId")?.as_str());
    names.map(str::to_owned).collect()
}

/// What of it a reviewer would not have, in words.
fn harm(effect: &Effect) -> Option<String> {
    let thing = &effect.resource;
    if matches!(thing.environment, Environment::Workspace | Environment::Collaboration) {
        return None;
    }
    let what = format!("{} ({}, {})", thing.name, thing.kind, thing.environment);
    match &effect.change {
        Change::Destroyed { records: 0, .. } => Some(format!("destroy {what}")),
        Change::Destroyed { records, .. } => Some(format!("destroy {what} with {records} records in it")),
        Change::RecordsLost { place, records, .. } => {
            Some(format!("lose {records} records of {place} in {what}"))
        }
        Change::ProtectionRemoved { protection } => Some(format!("take {protection} off {what}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;
    use crate::effect::Touched;
    use crate::resource::Uid;

    #[test]
    fn what_a_reviewer_would_not_have_is_said_plainly() {
        let told = |environment, change| {
            let resource = Touched {
                uid: Uid(1),
                kind: "AWS::RDS::DBInstance".into(),
                name: "reports".into(),
                role: "prod/ReportsDb".into(),
                environment,
                stateful: true,
                serving: true,
                dependents: Vec::new(),
            };
            harm(&Effect { at: Time::from_unix(0), cause: LOOKING, resource, change })
        };
        let gone = Change::Destroyed { records: 36_000, restorable: None };
        let words = "destroy reports (AWS::RDS::DBInstance, production) with 36000 records in it";
        assert_eq!(told(Environment::Production, gone.clone()).as_deref(), Some(words));
        assert_eq!(told(Environment::Workspace, gone), None);
        let bare = Change::ProtectionRemoved { protection: "deletion_protection".into() };
        let words = "take deletion_protection off reports (AWS::RDS::DBInstance, staging)";
        assert_eq!(told(Environment::Staging, bare).as_deref(), Some(words));
        assert_eq!(told(Environment::Production, Change::Restarted), None);
    }

    #[test]
    fn owners_are_found_by_folder_and_glob() {
        assert!(owns("/infra/", "infra/template.yaml"));
        assert!(owns("*.js", "src/a.js"));
        assert!(owns("docs/*", "docs/runbook.md"));
        assert!(!owns("/infra/", "src/infra.js"));
    }
}
