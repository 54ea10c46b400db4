//! The commands of `gh` as data.

use super::gh_text::View;

/// One command.
pub(super) struct Command {
    pub group: &'static str,
    pub name: &'static str,
    pub operation: &'static str,
    pub options: &'static str,
    pub usage: &'static str,
    pub view: View,
}

const fn command(
    group: &'static str,
    name: &'static str,
    operation: &'static str,
    view: View,
    usage: &'static str,
    options: &'static str,
) -> Command {
    Command { group, name, operation, options, usage, view }
}

const SELECTOR: &str = "[<number> | <url> | <branch>] [flags]";

/// All that this one knows.
pub(super) const COMMANDS: &[Command] = &[
    command(
        "pr",
        "create",
        "CreatePullRequest",
        View::Link,
        "[flags]",
        "t:title! b:body! F:body-file! B:base! H:head! r:reviewer=reviewers+ f:fill fill-first=fill fill-verbose=fill \
         d:draft a:assignee=_+ l:label=_+ no-maintainer-edit=_ ~w:web ~p:project! ~m:milestone! ~T:template! ~dry-run ~e:editor",
    ),
    command(
        "pr",
        "list",
        "ListPullRequests",
        View::PullList,
        "[flags]",
        "s:state! H:head! B:base! A:author! L:limit! json! q:jq! ~w:web ~l:label! ~S:search! ~d:draft ~t:template! ~a:assignee!",
    ),
    command("pr", "status", "ListPullRequests", View::PullList, "[flags]", "json! q:jq! ~c:conflict-status"),
    command(
        "pr",
        "view",
        "ViewPullRequest",
        View::Pull,
        SELECTOR,
        "c:comments json! q:jq! ~w:web ~t:template!",
    ),
    command(
        "pr",
        "diff",
        "PullRequestDiff",
        View::Plain,
        SELECTOR,
        "name-only=name_only color=_! patch=_ ~w:web",
    ),
    command(
        "pr",
        "checks",
        "PullRequestChecks",
        View::Checks,
        SELECTOR,
        "watch fail-fast=_ i:interval=_! required=_ json! q:jq! ~w:web",
    ),
    command(
        "pr",
        "merge",
        "MergePullRequest",
        View::Merged,
        SELECTOR,
        "s:squash m:merge r:rebase admin auto d:delete-branch=delete_branch t:subject! b:body=_! \
         match-head-commit=_! ~disable-auto ~F:body-file! ~A:author-email!",
    ),
    command(
        "pr",
        "review",
        "ReviewPullRequest",
        View::Quiet,
        SELECTOR,
        "a:approve r:request-changes=request c:comment b:body! F:body-file!",
    ),
    command(
        "pr",
        "edit",
        "EditPullRequest",
        View::Link,
        SELECTOR,
        "t:title! b:body! F:body-file! B:base! add-reviewer=reviewers+ add-label=_+ add-assignee=_+ ~remove-reviewer! \
         ~remove-label! ~milestone!",
    ),
    command(
        "pr",
        "close",
        "ClosePullRequest",
        View::Closed,
        SELECTOR,
        "c:comment! d:delete-branch=delete_branch",
    ),
    command("pr", "ready", "ReadyPullRequest", View::Quiet, SELECTOR, "undo"),
    command(
        "pr",
        "comment",
        "CommentPullRequest",
        View::Link,
        SELECTOR,
        "b:body! F:body-file! ~w:web ~e:editor ~edit-last",
    ),
    command(
        "run",
        "list",
        "ListRuns",
        View::RunList,
        "[flags]",
        "b:branch! L:limit! s:status! c:commit! w:workflow=_! e:event=_! u:user=_! a:all=_ json! q:jq! ~t:template! ~created!",
    ),
    command(
        "run",
        "view",
        "ViewRun",
        View::Run,
        "[<run-id>] [flags]",
        "log log-failed=failed v:verbose=_ exit-status a:attempt=_! j:job=_! json! q:jq! ~w:web ~t:template!",
    ),
    command("run", "watch", "WatchRun", View::Run, "<run-id> [flags]", "exit-status i:interval=_! compact=_"),
    command("run", "rerun", "RerunRun", View::Rerun, "[<run-id>] [flags]", "failed d:debug=_ ~j:job!"),
    command(
        "workflow",
        "run",
        "RunWorkflow",
        View::Dispatched,
        "[<workflow-id> | <workflow-name>] [flags]",
        "r:ref! ~f:raw-field+ ~F:field+ ~json",
    ),
    command(
        "workflow",
        "list",
        "ListWorkflows",
        View::WorkflowList,
        "[flags]",
        "a:all=_ L:limit=_! json! q:jq!",
    ),
    command(
        "repo",
        "view",
        "RepositoryView",
        View::Repository,
        "[<repository>] [flags]",
        "b:branch=_! json! q:jq! ~w:web ~t:template!",
    ),
    command(
        "issue",
        "create",
        "CreateIssue",
        View::Link,
        "[flags]",
        "t:title! b:body! F:body-file! a:assignee=_+ l:label=_+ ~w:web ~m:milestone!",
    ),
    command(
        "issue",
        "list",
        "ListIssues",
        View::IssueList,
        "[flags]",
        "s:state! L:limit=_! json! q:jq! ~S:search! ~l:label! ~A:author! ~w:web",
    ),
    command(
        "issue",
        "view",
        "ViewIssue",
        View::Issue,
        "{<number> | <url>} [flags]",
        "c:comments json! q:jq! ~w:web",
    ),
    command(
        "issue",
        "comment",
        "CommentIssue",
        View::Link,
        "{<number> | <url>} [flags]",
        "b:body! F:body-file! ~w:web",
    ),
    command(
        "issue",
        "close",
        "CloseIssue",
        View::IssueClosed,
        "{<number> | <url>} [flags]",
        "r:reason=_! c:comment=_!",
    ),
];

/// Groups and commands that the real tool knows and this one lacks.
pub(super) const UNSIMULATED: &str = "api alias browse cache codespace config extension gist gpg-key label org project release \
    ruleset search secret ssh-key variable attestation completion pr:checkout pr:reopen pr:lock pr:update-branch \
    run:cancel run:download run:delete workflow:view workflow:enable workflow:disable repo:clone repo:list repo:create \
    repo:fork repo:edit repo:delete issue:edit issue:reopen issue:status issue:delete auth:login auth:token auth:logout";
