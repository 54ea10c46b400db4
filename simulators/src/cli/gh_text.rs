//! What `gh` prints where no terminal is attached: tabs between columns, no colours.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::Reply;
use crate::clock::Time;
use crate::service::runs::ago;

/// Which text an answer becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum View {
    Link,
    Plain,
    Quiet,
    PullList,
    Pull,
    Checks,
    Merged,
    Closed,
    RunList,
    Run,
    Rerun,
    Dispatched,
    WorkflowList,
    Repository,
    IssueList,
    Issue,
    IssueClosed,
}

type Options = Map<String, Value>;

pub(super) fn reply(view: View, options: &Options, value: &Value) -> Reply {
    let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let table = |columns: &[&str]| rows.iter().map(|row| tabbed(row, columns)).collect::<String>();
    let number = text(value, "number");
    match view {
        View::Link => Reply {
            stdout: format!("{}\n", text(value, "url")),
            stderr: options.get("warning").and_then(Value::as_str).unwrap_or_default().to_owned(),
            code: 0,
        },
        View::Plain => Reply::ok(value.as_str().unwrap_or_default()),
        View::Quiet => Reply::default(),
        View::PullList if rows.is_empty() => told("no pull requests match your search\n"),
        View::PullList => Reply::ok(table(&["number", "title", "headRefName", "state", "createdAt"])),
        View::Pull => Reply::ok(pull(value, options.contains_key("comments"))),
        View::Checks => checks(rows),
        View::Merged => merged(value),
        View::Closed => told(&format!("✓ Closed pull request #{number} ({})\n", text(value, "title"))),
        View::RunList if rows.is_empty() => told("no runs found\n"),
        View::RunList => Reply::ok(rows.iter().map(run_line).collect::<String>()),
        View::Run => run(value, options),
        View::Rerun => {
            let what = if value.get("failed") == Some(&Value::Bool(true)) { " (failed jobs)" } else { "" };
            Reply::ok(format!("✓ Requested rerun{what} of run {}\n", text(value, "databaseId")))
        }
        View::Dispatched => {
            let (file, branch) = (text(value, "workflow"), text(value, "ref"));
            let hint = format!("To see runs for this workflow, try: gh run list --workflow={file}");
            Reply::ok(format!("✓ Created workflow_dispatch event for {file} at {branch}\n\n{hint}\n"))
        }
        View::WorkflowList => Reply::ok(table(&["name", "state", "id"])),
        View::Repository => {
            let (name, description) = (text(value, "nameWithOwner"), text(value, "description"));
            Reply::ok(format!("name:\t{name}\ndescription:\t{description}\n--\n{}", text(value, "readme")))
        }
        View::IssueList if rows.is_empty() => told("no issues match your search\n"),
        View::IssueList => Reply::ok(table(&["number", "state", "title", "", "createdAt"])),
        View::Issue => Reply::ok(issue(value, options.contains_key("comments"))),
        View::IssueClosed => told(&format!("✓ Closed issue #{number} ({})\n", text(value, "title"))),
    }
}

/// Told on standard error, with success.
fn told(text: &str) -> Reply {
    Reply { stderr: text.to_owned(), ..Reply::default() }
}

fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn tabbed(row: &Value, columns: &[&str]) -> String {
    columns.iter().map(|name| text(row, name)).collect::<Vec<_>>().join("\t") + "\n"
}

fn logins(value: &Value, list: &str) -> Vec<String> {
    let rows = value.get(list).and_then(Value::as_array);
    rows.into_iter().flatten().map(|row| text(row, "login")).collect()
}

fn author(value: &Value) -> String {
    value.get("author").map(|a| text(a, "login")).unwrap_or_default()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The last word of each reviewer, then who is still asked.
fn reviewers(value: &Value) -> String {
    let mut last: std::collections::BTreeMap<String, &str> = Default::default();
    for review in list(value, "reviews") {
        let word = match text(review, "state").as_str() {
            "APPROVED" => "Approved",
            "CHANGES_REQUESTED" => "Changes requested",
            _ => "Commented",
        };
        last.insert(author(review), word);
    }
    last.extend(logins(value, "reviewRequests").into_iter().map(|who| (who, "Requested")));
    last.into_iter().map(|(who, word)| format!("{who} ({word})")).collect::<Vec<_>>().join(", ")
}

fn pull(value: &Value, with_comments: bool) -> String {
    if with_comments {
        return comments(value);
    }
    let state = match (text(value, "state").as_str(), value.get("isDraft")) {
        ("OPEN", Some(Value::Bool(true))) => "DRAFT".to_owned(),
        (state, _) => state.to_owned(),
    };
    let auto = match value.get("autoMergeRequest") {
        Some(Value::Object(auto)) => {
            let by = auto.get("enabledBy").map(|by| text(by, "login")).unwrap_or_default();
            format!("enabled\t{by}\t{}", auto.get("mergeMethod").and_then(Value::as_str).unwrap_or_default())
        }
        _ => "disabled".to_owned(),
    };
    let fields = [
        ("title", text(value, "title")),
        ("state", state),
        ("author", author(value)),
        ("labels", String::new()),
        ("assignees", String::new()),
        ("reviewers", reviewers(value)),
        ("projects", String::new()),
        ("milestone", String::new()),
        ("number", text(value, "number")),
        ("url", text(value, "url")),
        ("additions", text(value, "additions")),
        ("deletions", text(value, "deletions")),
        ("auto-merge", auto),
    ];
    let mut out: String = fields.iter().map(|(name, value)| format!("{name}:\t{value}\n")).collect();
    _ = writeln!(out, "--\n{}", text(value, "body"));
    out
}

/// Remarks and reviews, oldest first, as `--comments` shows them.
fn comments(value: &Value) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    for (name, at) in [("comments", "createdAt"), ("reviews", "submittedAt")] {
        for row in list(value, name) {
            let state = match text(row, "state").to_lowercase().replace('_', " ") {
                none if none.is_empty() => "none".to_owned(),
                state => state,
            };
            let head = format!(
                "author:\t{}\nassociation:\tmember\nedited:\tfalse\nstatus:\t{state}\n--\n",
                author(row)
            );
            rows.push((text(row, at), format!("{head}{}\n--\n", text(row, "body"))));
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn seconds(row: &Value, from: &str, to: &str) -> Option<i64> {
    let at = |name: &str| row.get(name).and_then(Value::as_str).and_then(Time::parse);
    Some(at(to)?.since(at(from)?))
}

fn lasted(seconds: Option<i64>) -> String {
    match seconds {
        Some(s) if s >= 60 => format!("{}m{}s", s / 60, s % 60),
        Some(s) => format!("{s}s"),
        None => "0".to_owned(),
    }
}

fn checks(rows: &[Value]) -> Reply {
    let (mut out, mut code) = (String::new(), 0);
    for row in rows {
        let state = match text(row, "conclusion").as_str() {
            "SUCCESS" => "pass",
            "" => {
                code = 8;
                "pending"
            }
            _ => {
                code = 1;
                "fail"
            }
        };
        let time = lasted(seconds(row, "startedAt", "completedAt"));
        _ = writeln!(out, "{}\t{state}\t{time}\t{}\t", text(row, "name"), text(row, "detailsUrl"));
    }
    Reply { stdout: out, code, ..Reply::default() }
}

fn merged(value: &Value) -> Reply {
    let name = text(value, "name").replacen("Pull request", "pull request", 1);
    if value.get("auto") == Some(&Value::Bool(true)) {
        return told(&format!(
            "✓ {} will be automatically merged when all requirements are met\n",
            text(value, "name")
        ));
    }
    let verb = match text(value, "method").as_str() {
        "squash" => "Squashed and merged",
        "rebase" => "Rebased and merged",
        _ => "Merged",
    };
    let mut out = format!("✓ {verb} {name} ({})\n", text(value, "title"));
    if let Some(branch) = value.get("deleted").and_then(Value::as_str) {
        _ = writeln!(out, "✓ Deleted remote branch {branch}");
    }
    told(&out)
}

fn run_line(run: &Value) -> String {
    let columns =
        ["status", "conclusion", "displayTitle", "workflowName", "headBranch", "event", "databaseId"];
    let time = lasted(seconds(run, "startedAt", "updatedAt"));
    let start = columns.map(|name| text(run, name)).join("\t");
    format!("{start}\t{time}\t{}\n", text(run, "createdAt"))
}

fn mark(row: &Value) -> char {
    match (text(row, "status").as_str(), text(row, "conclusion").as_str()) {
        (_, "success") => '✓',
        (_, "failure") => 'X',
        (_, "skipped") => '-',
        _ => '*',
    }
}

fn run(value: &Value, options: &Options) -> Reply {
    let code = i32::from(options.contains_key("exit-status") && text(value, "conclusion") == "failure");
    if options.contains_key("log") {
        return log(value, options.contains_key("failed"));
    }
    let (id, branch, name) =
        (text(value, "databaseId"), text(value, "headBranch"), text(value, "workflowName"));
    let age = seconds(value, "createdAt", "now").map(ago).unwrap_or_default();
    let mut out = format!("\n{} {branch} {name} · {id}\n", mark(value));
    _ = writeln!(out, "Triggered via {} about {age}\n\nJOBS", text(value, "event"));
    for job in list(value, "jobs") {
        let time = match seconds(job, "startedAt", "completedAt") {
            Some(s) => format!(" in {}", lasted(Some(s))),
            None => String::new(),
        };
        _ = writeln!(out, "{} {}{time} (ID {})", mark(job), text(job, "name"), text(job, "databaseId"));
    }
    if text(value, "conclusion") == "failure" {
        _ = writeln!(out, "\nTo see what failed, try: gh run view {id} --log-failed");
    } else if text(value, "status") == "completed" {
        _ = writeln!(out, "\nFor more information about a job, try: gh run view --job=<job-id>");
    }
    _ = writeln!(out, "View this run on GitHub: {}", text(value, "url"));
    Reply { stdout: out, code, ..Reply::default() }
}

fn log(value: &Value, failed: bool) -> Reply {
    let id = text(value, "databaseId");
    if text(value, "status") != "completed" {
        return Reply::failed(
            1,
            format!("run {id} is still in progress; logs will be available when it is complete\n"),
        );
    }
    let lines =
        list(value, "log").iter().filter(|line| !failed || line.get("failed") == Some(&Value::Bool(true)));
    let shown: String = lines
        .map(|line| {
            let job = text(line, "job");
            format!("{job}\tRun {job}\t{} {}\n", text(line, "at"), text(line, "text"))
        })
        .collect();
    Reply::ok(shown)
}

fn issue(value: &Value, with_comments: bool) -> String {
    if with_comments {
        return comments(value);
    }
    let fields = [
        ("title", text(value, "title")),
        ("state", text(value, "state")),
        ("author", author(value)),
        ("labels", String::new()),
        ("comments", list(value, "comments").len().to_string()),
        ("assignees", String::new()),
        ("projects", String::new()),
        ("milestone", String::new()),
        ("number", text(value, "number")),
    ];
    let head: String = fields.iter().map(|(name, value)| format!("{name}:\t{value}\n")).collect();
    format!("{head}--\n{}\n", text(value, "body"))
}
