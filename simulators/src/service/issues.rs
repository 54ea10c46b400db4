//! Issues of the hosted repository.

use serde_json::{Value, json};

use super::forge::{record, url};
use super::pulls::Comment;
use super::workspace::author;
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::clock::Time;
use crate::effect::Change;

/// An issue.
#[derive(Clone, Debug)]
pub(super) struct Issue {
    number: u32,
    title: String,
    body: String,
    author: String,
    open: bool,
    created: Time,
    pub comments: Vec<Comment>,
}

fn value(world: &World, issue: &Issue) -> Value {
    json!({
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "state": if issue.open { "OPEN" } else { "CLOSED" },
        "author": {"login": issue.author},
        "createdAt": issue.created,
        "labels": [],
        "assignees": [],
        "comments": issue.comments.iter().map(Comment::value).collect::<Vec<Value>>(),
        "url": format!("{}/issues/{}", url(world), issue.number),
    })
}

fn find(world: &World, call: &Call) -> Result<u32, Refusal> {
    let wanted = call.text("number").unwrap_or(&call.target);
    let tail = wanted.rsplit('/').next().unwrap_or(wanted).trim_start_matches('#');
    let number = tail.parse().ok().filter(|n| world.forge.issues.contains_key(n));
    number.ok_or_else(|| {
        let text = "GraphQL: Could not resolve to an issue or pull request with the number of";
        Refusal::new("NotFound", format!("{text} {tail}. (repository.issue)"))
    })
}

/// `CreateIssue`: `title`, `body`.
pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let number = world.forge.next_number;
    world.forge.next_number = number.saturating_add(1);
    let body = call.text("body").unwrap_or_default().to_owned();
    let issue = Issue {
        number,
        title: call.text("title").unwrap_or_default().to_owned(),
        body: body.clone(),
        author: author(world, call),
        open: true,
        created: world.now(),
        comments: Vec::new(),
    };
    let seen = value(world, &issue);
    world.forge.issues.insert(number, issue);
    record(world, Change::Published { what: format!("issue #{number} opened") });
    super::people::mentioned(world, &body, &format!("issue #{number}"));
    Ok(seen)
}

/// `ListIssues`: `state` (`open`, `closed`, `all`).
pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let fits = |issue: &&Issue| match call.text("state").unwrap_or("open") {
        "all" => true,
        "closed" => !issue.open,
        _ => issue.open,
    };
    Ok(world.forge.issues.values().rev().filter(fits).map(|issue| value(world, issue)).collect())
}

/// `ViewIssue`: `number`.
pub(super) fn view(world: &mut World, call: &Call) -> Answer {
    let number = find(world, call)?;
    Ok(world.forge.issues.get(&number).map(|issue| value(world, issue)).unwrap_or_default())
}

/// `CommentIssue`: `number`, `body`.
pub(super) fn comment(world: &mut World, call: &Call) -> Answer {
    let (number, by, at) = (find(world, call)?, author(world, call), world.now());
    let body = call.text("body").unwrap_or_default().to_owned();
    super::people::mentioned(world, &body, &format!("issue #{number}"));
    let Some(issue) = world.forge.issues.get_mut(&number) else { return Ok(Value::Null) };
    issue.comments.push(Comment { by, body, at });
    let id = issue.comments.len();
    record(world, Change::Published { what: format!("comment on issue #{number}") });
    Ok(json!({"number": number, "url": format!("{}/issues/{number}#issuecomment-{id}", url(world))}))
}

/// `CloseIssue`: `number`.
pub(super) fn close(world: &mut World, call: &Call) -> Answer {
    let number = find(world, call)?;
    let Some(issue) = world.forge.issues.get_mut(&number) else { return Ok(Value::Null) };
    issue.open = false;
    let title = issue.title.clone();
    record(world, Change::Published { what: format!("issue #{number} closed") });
    Ok(json!({"number": number, "title": title}))
}
