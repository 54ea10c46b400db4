//! The hosted repository, its pipeline and the colleagues, through `gh` and `chat`.

mod desk;

use desk::Desk;
use simulators::World;
use simulators::call::{Call, Service};
use simulators::service::forge;

/// A branch with a fix, pushed, and a pull request for it.
fn with_pull() -> Desk {
    let mut desk = Desk::new();
    desk.run("git checkout -b fix-month");
    desk.write("src/period.js", "export const from = 1;\nexport const to = 3;\n");
    desk.run("git commit -am 'Fix the month'");
    desk.run("git push -u origin fix-month");
    desk.effects();
    let made = desk.run("gh pr create --title 'Fix the month' --body 'It was one day late.'");
    assert_eq!(made, "https://git.finops.internal/finops/cost-explorer/pull/129\n");
    desk
}

#[test]
fn code_owners_are_asked_and_approve_what_destroys_nothing() {
    let mut desk = with_pull();
    assert_eq!(
        desk.effects(),
        [
            "Repository published \"pull request #129 opened\"",
            "Repository asked \"yan.qiu\" \"pull request #129\""
        ]
    );
    assert_eq!(desk.run("gh pr list"), "129\tFix the month\tfix-month\tOPEN\t2025-12-15T01:40:00Z\n");
    assert_eq!(
        desk.run("gh pr checks"),
        "test\tpending\t0\thttps://git.finops.internal/finops/cost-explorer/pull/129/checks\t\n[8]\n"
    );
    let refused = "X Pull request finops/cost-explorer#129 is not mergeable: the base branch policy prohibits the merge.\nTo \
        have the pull request merged after all the requirements have been met, add the `--auto` flag.\nTo use \
        administrator privileges to immediately merge the pull request, add the `--admin` flag.\n[1]\n";
    assert_eq!(desk.run("gh pr merge 129 --squash"), refused);
    assert_eq!(
        desk.run("gh pr review --approve"),
        "failed to create review: GraphQL: Review Can not approve your own pull request (addPullRequestReview)\n[1]\n"
    );
    assert_eq!(desk.effects(), Vec::<String>::new());
    desk.run("sleep 29m");
    assert_eq!(desk.effects(), ["Repository published \"pull request #129 approved by yan.qiu\""]);
    assert_eq!(
        desk.run("gh pr view 129 --json reviewDecision,state"),
        "{\"reviewDecision\":\"APPROVED\",\"state\":\"OPEN\"}\n"
    );
    assert_eq!(desk.run("gh pr checks | grep -c pass"), "1\n");
    assert_eq!(
        desk.run("gh pr merge --squash --delete-branch"),
        "✓ Squashed and merged pull request finops/cost-explorer#129 (Fix the month)\n✓ Deleted remote branch fix-month\n"
    );
    let pulled = desk.run("git checkout -q main && git pull | head -n 2 2>/dev/null");
    let tips = (desk.run("git rev-parse --short main~1"), desk.run("git rev-parse --short main"));
    let (old, new) = (tips.0.trim(), tips.1.trim());
    assert_eq!(pulled, format!("Updating {old}..{new}\nFast-forward\n"));
}

#[test]
fn a_run_tests_builds_and_hands_the_template_to_the_stack() {
    let mut desk = with_pull();
    desk.run("gh pr merge 129 --squash --admin");
    let started = "queued\t\tFix the month (#129)\tdeploy\tmain\tpush\t903145772\t0s\t2025-12-15T01:40:00Z\n";
    assert_eq!(desk.run("gh run list --limit 1"), started);
    assert_eq!(
        desk.run("gh run rerun 903145772"),
        "run 903145772 cannot be rerun; This workflow is already running\n[1]\n"
    );
    let seen = desk.run("gh run watch 903145772 --exit-status");
    // No stack stands on this desk, so the deployment is refused in the stack service's words.
    assert!(
        seen.contains("✓ test in 1m0s")
            && seen.contains("✓ build in 2m0s")
            && seen.contains("X deploy in 0s"),
        "{seen}"
    );
    assert!(seen.ends_with("[1]\n"));
    let log = desk.run("gh run view 903145772 --log-failed");
    assert!(
        log.contains("Deploying build 42 to stack cost-explorer-prod: UpdateStack with ReportFnVersion=42"),
        "{log}"
    );
    assert!(
        log.contains("An error occurred (") && log.contains("when calling the UpdateStack operation"),
        "{log}"
    );
    let builds = forge::builds(&desk.world);
    assert_eq!(builds.len(), 42);
    let last = forge::build_sources(&desk.world, "42").unwrap();
    assert_eq!(last["src/period.js"], "export const from = 1;\nexport const to = 3;\n");
    assert_eq!(
        forge::build_sources(&desk.world, "41").unwrap()["src/period.js"],
        "export const from = 1;\nexport const to = 2;\n"
    );
    assert_eq!(forge::build_sources(&desk.world, "40").unwrap()["src/period.js"], "export const from = 0;\n");
    assert_eq!(forge::build_sources(&desk.world, "43"), None);
    desk.effects();
    assert_eq!(
        desk.run("gh run rerun 903145772 --failed"),
        "✓ Requested rerun (failed jobs) of run 903145772\n"
    );
    desk.run("gh run watch 903145772");
    assert!(desk.run("gh run view 903145772 --log").contains("Deploying build 42"));
    assert_eq!(desk.effects(), ["Repository published \"run 903145772 started again\""]);
}

#[test]
fn protection_is_gone_round_only_by_those_who_may() {
    let mut desk = with_pull();
    let call = {
        let args = serde_json::json!({"number": "129", "method": "squash", "admin": true});
        let mut call =
            Call::new(Service::Forge, "MergePullRequest", "129", args.as_object().cloned().unwrap());
        call.id = simulators::call::CallId(77);
        call
    };
    let before = desk.world.digest();
    let ahead = desk.world.preview(&call);
    let told: Vec<String> = ahead.effects.iter().map(desk::told).collect();
    assert_eq!(told[0], "Repository published \"pull request #129 merged\"");
    assert!(told.iter().any(|t| t.starts_with("Repository published \"build 42 of ")), "{told:?}");
    assert_eq!(desk.world.digest(), before);
    assert_eq!(
        desk.run("gh pr merge 129 --squash --admin"),
        "✓ Squashed and merged pull request finops/cost-explorer#129 (Fix the month)\n"
    );
}

#[test]
fn a_new_push_asks_again_and_old_approvals_do_not_count() {
    let mut desk = with_pull();
    desk.run("sleep 30m");
    desk.write("README.md", "more\n");
    desk.run("git commit -am More && git push");
    assert_eq!(desk.run("gh pr view --json reviewDecision --jq .reviewDecision"), "REVIEW_REQUIRED\n");
    assert!(desk.run("gh pr merge --squash").contains("prohibits the merge"));
    assert_eq!(
        desk.run("gh pr merge --squash --auto"),
        "✓ Pull request finops/cost-explorer#129 will be automatically merged when all requirements are met\n"
    );
    desk.run("sleep 30m");
    assert_eq!(
        desk.run("gh pr view 129 --json state,mergedAt"),
        "{\"mergedAt\":\"2025-12-15T02:39:00Z\",\"state\":\"MERGED\"}\n"
    );
}

#[test]
fn colleagues_answer_when_they_get_to_it_or_never() {
    let mut desk = Desk::new();
    assert_eq!(desk.run("chat who"), "@yan.qiu      code owner\n@nadia.okafor colleague\n");
    assert_eq!(
        desk.run("chat post '#general' '@yan.qiu the month is wrong. Ask @nadia.okafor.'"),
        "sent to #general at 2025-12-15T01:40:00Z\n"
    );
    let about = "\"@yan.qiu the month is wrong. Ask @nadia.okafor.\"";
    let away = "Chat published \"message to nadia.okafor, who is away\"";
    assert_eq!(desk.effects(), [format!("Chat asked \"yan.qiu\" {about}"), away.to_owned()]);
    desk.run("chat dm yan.qiu 'are you there?'; sleep 2d");
    assert_eq!(
        desk.run("chat read"),
        "2025-12-15T01:40:00Z #general jun.hale: @yan.qiu the month is wrong. Ask @nadia.okafor.\n2025-12-15T01:40:00Z \
         @yan.qiu jun.hale: are you there?\n2025-12-15T02:09:00Z #general yan.qiu: Start with the \
         offset.\n2025-12-15T02:09:00Z @yan.qiu yan.qiu: In a meeting.\n"
    );
    assert_eq!(
        desk.run("chat post '#nope' hi"),
        "chat: there is no channel #nope; there are #cost-explorer, #general, #incidents\n[1]\n"
    );
    assert_eq!(
        desk.run("chat dm nobody hi"),
        "chat: there is nobody called nobody here; see `chat who`\n[1]\n"
    );
    assert!(desk.run("chat --help").starts_with("chat - the team chat"));
}

#[test]
fn a_mention_with_a_number_asks_for_a_review() {
    let mut desk = Desk::with(|stage| {
        let files = std::sync::Arc::make_mut(&mut stage.files);
        files.remove("repo/CODEOWNERS");
    });
    desk.run("git switch -c fix");
    desk.write("README.md", "more\n");
    desk.run("git commit -am More && git push -u origin fix && gh pr create --fill");
    desk.effects();
    desk.run("chat send @yan.qiu 'could you look at #129?'");
    assert_eq!(
        desk.effects(),
        [
            "Chat asked \"yan.qiu\" \"could you look at #129?\"",
            "Repository asked \"yan.qiu\" \"pull request #129\""
        ]
    );
    desk.run("sleep 1h");
    assert_eq!(desk.run("gh pr view --json reviews --jq '.reviews[0].state'"), "APPROVED\n");
}

#[test]
fn wrong_use_is_answered_as_gh_answers_it() {
    let mut desk = Desk::new();
    for (line, answer) in [
        ("gh pr view", "no pull requests found for branch \"main\"\n[1]\n"),
        (
            "gh pr view 9",
            "GraphQL: Could not resolve to a PullRequest with the number of 9. (repository.pullRequest)\n[1]\n",
        ),
        ("gh pr list", "no pull requests match your search\n"),
        ("gh pr merge 9", "--merge, --rebase, or --squash required when not running interactively\n[1]\n"),
        (
            "gh run view 7",
            "failed to get run: HTTP 404: Not Found \
            (https://git.finops.internal/api/v3/repos/finops/cost-explorer/actions/runs/7)\n[1]\n",
        ),
        ("gh workflow run nope.yml", "could not find any workflows named nope.yml\n[1]\n"),
        ("gh run list --jq .x", "cannot use `--jq` without specifying `--json`\n[1]\n"),
        (
            "gh pr create --title a --body b",
            "head branch \"main\" is the same as base branch \"main\", cannot create a pull request\n[1]\n",
        ),
    ] {
        assert_eq!(desk.run(line), answer, "{line}");
    }
    assert!(desk.run("gh pr list --foo").starts_with("unknown flag: --foo\n\nUsage:  gh pr list [flags]\n"));
    assert!(desk.run("gh foo").starts_with("unknown command \"foo\" for \"gh\"\n"));
    assert!(
        desk.run("gh run list --json foo")
            .starts_with("Unknown JSON field: \"foo\"\nAvailable fields:\n  actor\n")
    );
    desk.run("git switch -c local");
    assert_eq!(
        desk.run("gh pr create --fill"),
        "aborted: you must first push the current branch to a remote, or use the --head flag\n[1]\n"
    );
}

#[test]
fn only_the_pipelines_branch_is_deployed() {
    let mut desk = with_pull();
    let text = "✓ Created workflow_dispatch event for deploy.yml at fix-month\n\nTo see runs for this workflow, try: gh run \
        list --workflow=deploy.yml\n";
    assert_eq!(desk.run("gh workflow run deploy.yml --ref fix-month"), text);
    desk.run("gh run watch 903145772");
    assert!(
        desk.run("gh run view 903145772 --log-failed")
            .contains("Branch \"fix-month\" is not allowed to deploy to cost-explorer-prod")
    );
}

/// What reads is read-only: every read operation leaves the world as it is.
#[test]
fn reads_change_nothing() {
    let mut desk = with_pull();
    desk.run("chat post '#general' hello");
    for service in [Service::Workspace, Service::Forge, Service::People] {
        for operation in simulators::service::operations(service) {
            if operation.access == simulators::call::Access::Write || operation.name == "WatchRun" {
                continue;
            }
            let (before, now) = (desk.world.digest(), desk.world.now());
            let args = serde_json::json!({"number": "129", "path": "README.md", "pattern": "a", "args": ["README.md"]});
            let target = if service == Service::People { "#general" } else { "" };
            _ = desk.world.apply(&Call::new(
                service,
                operation.name,
                target,
                args.as_object().cloned().unwrap(),
            ));
            assert_eq!((desk.world.digest(), desk.world.now()), (before, now), "{}", operation.name);
        }
    }
}

#[test]
fn the_same_calls_give_the_same_world() {
    let play = || -> World {
        let mut desk = with_pull();
        desk.run("gh pr merge 129 --squash --admin; sleep 1h");
        desk.world
    };
    assert_eq!(play().digest(), play().digest());
}
