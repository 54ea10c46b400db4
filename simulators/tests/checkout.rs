//! The checkout through the shell and git.

mod desk;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use desk::Desk;
use simulators::clock::Time;
use simulators::stage::{PastBranch, PastCommit};

#[test]
fn the_first_look_around() {
    let mut desk = Desk::new();
    assert_eq!(
        desk.run("pwd && ls"),
        "/workspace/cost-explorer\nCODEOWNERS\nREADME.md\ndocs\ninfra\npackage.json\nsrc\n"
    );
    assert_eq!(desk.run("cat src/period.js | head -1"), "export const from = 1;\n");
    assert_eq!(desk.run("grep -rn 'const to' src"), "src/period.js:2:export const to = 2;\n");
    assert_eq!(desk.run("find . -name '*.md'"), "./README.md\n./docs/runbook.md\n");
    assert_eq!(
        desk.run("wc -l src/period.js; date -u; whoami"),
        "2 src/period.js\nMon Dec 15 01:40:00 UTC 2025\njun.hale\n"
    );
    assert_eq!(desk.run("cat nope"), "cat: nope: No such file or directory\n[1]\n");
    assert_eq!(desk.run("helm list"), "bash: helm: command not found\n[127]\n");
    assert_eq!(
        desk.run("git status"),
        "On branch main\nYour branch is up to date with 'origin/main'.\n\nnothing to commit, working tree clean\n"
    );
    let log = desk.run("git log --format='%an %ad %s'");
    let lines = [
        "yan.qiu Tue Dec 9 01:50:00 2025 +0000 Months in the account's offset",
        "nadia.okafor Mon Dec 1 08:00:00 2025 +0000 A runbook",
        "yan.qiu Sat Nov 1 08:00:00 2025 +0000 First version",
    ];
    assert_eq!(log.lines().collect::<Vec<_>>(), lines);
    assert_eq!(desk.run("git log --oneline -2 -- docs | wc -l"), "1\n");
    assert_eq!(
        desk.run("git show HEAD~1 --stat | tail -n 2"),
        " docs/runbook.md | 1 +\n 1 file changed, 1 insertion(+)\n"
    );
    assert_eq!(desk.run("git show HEAD~2:src/period.js"), "export const from = 0;\n");
    assert_eq!(desk.effects(), Vec::<String>::new());
}

#[test]
fn an_edit_becomes_a_commit_and_a_branch_of_the_remote() {
    let mut desk = Desk::new();
    desk.write("src/period.js", "export const from = 1;\nexport const to = 3;\n");
    desk.write("notes/a.md", "x\n");
    assert_eq!(desk.run("git status -s"), " M src/period.js\n?? notes/\n");
    let diff = desk.run("git diff");
    let body: Vec<&str> = diff.lines().skip(4).collect();
    assert_eq!(
        body,
        ["@@ -1,2 +1,2 @@", " export const from = 1;", "-export const to = 2;", "+export const to = 3;"]
    );
    assert_eq!(desk.run("git checkout -b fix-month"), "Switched to a new branch 'fix-month'\n");
    let text = desk.run("git add -A && git commit -m 'Fix the month' -m 'A body'");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0].split_once(']').map(|(_, s)| s), Some(" Fix the month"));
    assert_eq!(
        lines[1..],
        [" 2 files changed, 2 insertions(+), 1 deletion(-)", " create mode 100644 notes/a.md"]
    );
    assert_eq!(
        desk.run("git push"),
        "fatal: The current branch fix-month has no upstream branch.\nTo push the current branch and set the remote as \
         upstream, use\n\n    git push --set-upstream origin fix-month\n\n[128]\n"
    );
    let pushed = desk.run("git push -u origin fix-month");
    assert!(pushed.starts_with("branch 'fix-month' set up to track 'origin/fix-month'.\n"), "{pushed}");
    assert!(pushed.ends_with(
        "To https://git.finops.internal/finops/cost-explorer.git\n * [new branch]      fix-month -> fix-month\n"
    ));
    assert_eq!(desk.run("git push"), "Everything up-to-date\n");
    assert_eq!(desk.run("git log origin/main.. --format=%s"), "Fix the month\n");
    let id = desk.run("git rev-parse --short HEAD");
    assert_eq!(
        desk.effects(),
        [
            "Workspace written \"src/period.js\"".to_owned(),
            "Workspace written \"notes/a.md\"".to_owned(),
            format!("Workspace published \"commit {} on fix-month\"", id.trim()),
            "Repository published \"branch fix-month\"".to_owned(),
        ]
    );
}

#[test]
fn a_protected_main_is_not_pushed_to() {
    let mut desk = Desk::new();
    desk.write("README.md", "new\n");
    desk.run("git commit -am 'Read me'");
    desk.effects();
    let before = desk.world.digest();
    let text = desk.run("git push origin main");
    assert_eq!(
        text,
        "remote: error: GH006: Protected branch update failed for refs/heads/main.        \nremote: error: Changes must \
         be made through a pull request.        \nTo https://git.finops.internal/finops/cost-explorer.git\n ! [remote \
         rejected] main -> main (protected branch hook declined)\nerror: failed to push some refs to \
         'https://git.finops.internal/finops/cost-explorer.git'\n[1]\n"
    );
    assert!(desk.run("git push --force origin main").contains("GH006"));
    assert_eq!((desk.effects(), desk.world.digest()), (vec![], before));
}

/// Commits that no branch has any more are lost, and come back from whoever has a clone of them.
#[test]
fn a_branch_that_is_forced_loses_what_it_alone_had() {
    let desk = |author: &'static str| {
        Desk::with(|stage| {
            let commit = |day: u32| PastCommit {
                author: author.to_owned(),
                at: Time::parse(&format!("2025-12-{day}T08:00:00Z")).unwrap(),
                message: format!("Mended on the {day}th"),
                files: BTreeMap::from([("docs/runbook.md".to_owned(), "old-period.js".to_owned())]),
            };
            let history = vec![commit(10), commit(11), commit(12)];
            stage.repository.branch =
                vec![PastBranch { name: "live".into(), from: 1, history, unfetched: 2 }];
        })
    };
    let lost = |from: &str| format!("Repository records_lost \"branch live\" 3 \"overwritten\" {from}");
    let told =
        |desk: &mut Desk| desk.effects().into_iter().find(|line| line.contains("records_lost")).unwrap();
    let mut of_nobody = desk("somebody.gone");
    let seen = of_nobody.run("git log --oneline main..origin/live");
    assert_eq!(seen.lines().count(), 1, "the rest was not fetched yet: {seen}");
    assert!(of_nobody.run("git push origin main:live").contains("[rejected]"));
    assert_eq!(of_nobody.effects(), [""; 0], "what is refused changes nothing");
    let mut of_a_colleague = desk("yan.qiu");
    let mut fetched = of_nobody.world.clone();
    assert!(of_nobody.run("git push --force origin main:live").contains("forced update"));
    assert_eq!(told(&mut of_nobody), lost("null"));
    of_a_colleague.run("git push --force origin main:live");
    assert!(told(&mut of_a_colleague).contains("clones of the repository"));
    std::mem::swap(&mut of_nobody.world, &mut fetched);
    of_nobody.run("git fetch");
    assert_eq!(of_nobody.run("git log --oneline main..origin/live").lines().count(), 3);
    of_nobody.effects();
    of_nobody.run("git push --force origin main:live");
    assert!(told(&mut of_nobody).contains("the checkout"));
    let mut merged = desk("somebody.gone");
    merged.run("git fetch && git merge origin/live --no-edit");
    merged.effects();
    assert!(merged.run("git push origin main:live").contains("main -> live"));
    assert!(!merged.effects().iter().any(|line| line.contains("records_lost")), "nothing is gone");
}

#[test]
fn uncommitted_work_that_is_thrown_away_is_lost() {
    let mut desk = Desk::new();
    desk.write("src/period.js", "mine\n");
    desk.write("scratch.md", "mine too\n");
    desk.effects();
    let head = desk.run("git rev-parse --short HEAD");
    assert_eq!(
        desk.run("git reset --hard"),
        format!("HEAD is now at {} Months in the account's offset\n", head.trim())
    );
    assert_eq!(
        desk.run("git clean"),
        "fatal: clean.requireForce is true and -f not given: refusing to clean\n[128]\n"
    );
    assert_eq!(desk.run("git clean -fd"), "Removing scratch.md\n");
    assert_eq!(
        desk.effects(),
        [
            "Workspace records_lost \"src/period.js\" 1 \"overwritten\" null",
            "Workspace records_lost \"scratch.md\" 1 \"deleted\" null",
        ]
    );
    // What a commit still holds is not lost.
    assert_eq!(desk.run("rm README.md && git restore README.md && mv docs/runbook.md README.md"), "");
    assert_eq!(
        desk.effects(),
        [
            "Workspace written \"README.md\"",
            "Workspace written \"README.md\"",
            "Workspace written \"README.md\"",
            "Workspace written \"docs/runbook.md\"",
        ]
    );
    desk.write("a.md", "only here\n");
    desk.effects();
    assert_eq!(desk.run("mv CODEOWNERS a.md"), "");
    assert_eq!(desk.effects()[1], "Workspace records_lost \"a.md\" 1 \"overwritten\" null");
}

#[test]
fn stashed_work_comes_back() {
    let mut desk = Desk::new();
    desk.write("src/period.js", "mine\n");
    desk.write("new.md", "new\n");
    let id = desk.run("git rev-parse --short HEAD");
    let title = format!("main: {} Months in the account's offset", id.trim());
    assert_eq!(desk.run("git stash -u"), format!("Saved working directory and index state WIP on {title}\n"));
    assert_eq!(desk.run("git status -s; git stash list"), format!("stash@{{0}}: WIP on {title}\n"));
    desk.effects();
    assert!(desk.run("git stash pop").ends_with(&format!("Dropped stash@{{0}} ({})\n", id.trim())));
    assert_eq!(desk.run("cat src/period.js new.md; git stash list"), "mine\nnew\n");
    assert!(desk.effects().iter().all(|e| e.starts_with("Workspace written")));
}

#[test]
fn switching_carries_work_or_refuses() {
    let mut desk = Desk::new();
    desk.run("git switch -c old HEAD~1");
    assert_eq!(desk.run("cat src/period.js"), "export const from = 0;\n");
    desk.write("README.md", "changed\n");
    assert_eq!(
        desk.run("git switch main"),
        "Your branch is up to date with 'origin/main'.\nSwitched to branch 'main'\n"
    );
    assert_eq!(desk.run("git status -s"), " M README.md\n");
    desk.write("src/period.js", "changed\n");
    assert_eq!(
        desk.run("git checkout old"),
        "error: Your local changes to the following files would be overwritten by checkout:\n\tsrc/period.js\nPlease \
         commit your changes or stash them before you switch branches.\nAborting\n[1]\n"
    );
    assert_eq!(desk.run("git checkout -- src/period.js && git checkout old"), "Switched to branch 'old'\n");
    assert_eq!(desk.run("git branch"), "  main\n* old\n");
    assert_eq!(desk.run("git switch nope"), "fatal: invalid reference: nope\n[128]\n");
}

#[test]
fn a_revert_undoes_a_commit() {
    let mut desk = Desk::new();
    let text = desk.run("git revert --no-edit HEAD");
    assert!(text.contains("Revert \"Months in the account's offset\"\n 1 file changed"), "{text}");
    assert_eq!(desk.run("cat src/period.js; git diff HEAD~2 --name-only"), "export const from = 0;\n");
    assert_eq!(
        desk.run("git status | head -n 3"),
        "On branch main\nYour branch is ahead of 'origin/main' by 1 commit.\n  (use \"git push\" to publish your local \
         commits)\n"
    );
}

#[test]
fn wrong_use_is_answered_as_git_answers_it() {
    let mut desk = Desk::new();
    for (line, answer) in [
        ("git foo", "git: 'foo' is not a git command. See 'git --help'.\n[1]\n"),
        ("git log --foo", "fatal: unrecognized argument: --foo\n[128]\n"),
        ("git add zzz", "fatal: pathspec 'zzz' did not match any files\n[128]\n"),
        ("git restore zzz", "error: pathspec 'zzz' did not match any file(s) known to git\n[1]\n"),
        (
            "git commit -m x",
            "On branch main\nYour branch is up to date with 'origin/main'.\n\nnothing to commit, working \
            tree clean\n[1]\n",
        ),
        (
            "git show zzz",
            "fatal: ambiguous argument 'zzz': unknown revision or path not in the working tree.\nUse '--' to \
            separate paths from revisions, like this:\n'git <command> [<revision>...] -- [<file>...]'\n[128]\n",
        ),
        (
            "git branch -d main",
            "error: cannot delete branch 'main' used by worktree at '/workspace/cost-explorer'\n[1]\n",
        ),
    ] {
        assert_eq!(desk.run(line), answer, "{line}");
    }
    assert!(
        desk.run("git status --foo")
            .starts_with("error: unknown option `foo'\nusage: git status [<options>]")
    );
    let parsed = simulators::cli::parse(&desk.world, &["git".to_owned(), "rebase".to_owned()]);
    assert!(matches!(parsed, simulators::cli::Parsed::Answer { unsimulated: true, .. }));
}

/// What a real git prints, in a folder.
#[allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "names are compared with the real one's")]
fn real_git(folder: &Path, words: &[&str], stdin: &str) -> String {
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

/// A history with folders, a merge, a pick, an amended commit and letters of all kinds, told again to a real git.
#[test]
fn commits_have_the_names_that_a_real_git_gives_them() {
    let mut desk = Desk::new();
    desk.run("git checkout -q -b side");
    desk.write("src.txt", "stands before the folder for git");
    desk.write("src/deep/er/b.js", "b\n");
    desk.run("git add -A && git commit -q -m 'Zwei – ü' -m 'With a body'");
    desk.write("src-x/ü.txt", "ü\n");
    desk.write("empty", "");
    desk.run("git add -A && git commit -q -m 'First try' && git commit -q --amend -m 'Second try'");
    desk.run("git checkout -q main");
    desk.write("README.md", "another\n");
    desk.run("git commit -q -am 'On main' && git cherry-pick side~1");
    desk.run("git merge -q --no-ff side -m 'Join them'");
    let log = desk.run("git log --all --reverse --format='%H|%P|%an <%ae>|%aI|%cn <%ce>|%cI'");
    let (mut stream, mut ids) = (String::new(), Vec::new());
    for (n, line) in log.lines().enumerate() {
        let parts: Vec<&str> = line.split('|').collect();
        let [id, parents, author, made, committer, at] = parts[..] else { panic!("{line}") };
        stream += &format!("commit refs/heads/c{n}\n");
        for (role, who, at) in [("author", author, made), ("committer", committer, at)] {
            let at: jiff::Timestamp = at.parse().expect("a time");
            stream += &format!("{role} {who} {} +0000\n", at.as_second());
        }
        let message = desk.run(&format!("git log -1 --format=%B {id}"));
        let message = format!("{}\n", message.trim_end());
        stream += &format!("data {}\n{message}\n", message.len());
        for (at, parent) in parents.split_whitespace().enumerate() {
            let known = ids.iter().position(|known| known == parent).expect("parents come first");
            stream += &format!("{} refs/heads/c{known}\n", if at == 0 { "from" } else { "merge" });
        }
        stream += "deleteall\n";
        desk.run(&format!("git checkout -q {id}"));
        for path in desk.run("git ls-files").lines() {
            let text = desk.run(&format!("git show '{id}:{path}'"));
            stream += &format!("M 100644 inline {path}\ndata {}\n{text}\n", text.len());
        }
        ids.push(id.to_owned());
    }
    assert!(ids.len() >= 8 && log.contains("<jun.hale@finops.internal>"), "{log}");
    let folder = std::env::temp_dir().join(format!("chesterton-names-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    real_git(&folder, &["init", "--quiet", "--bare", "."], "");
    real_git(&folder, &["fast-import", "--quiet"], &stream);
    let name = |n: usize| real_git(&folder, &["rev-parse", &format!("c{n}")], "").trim().to_owned();
    let named: Vec<String> = (0..ids.len()).map(name).collect();
    let merges = real_git(&folder, &["rev-list", "--merges", "--count", "--all"], "");
    std::fs::remove_dir_all(&folder).expect("a folder");
    assert_eq!((ids, merges.trim()), (named, "1"));
    desk.run("git checkout -q main");
    let listed = desk.run("git ls-files -s README.md");
    assert_eq!(
        listed.split(' ').nth(1),
        Some(real_git(Path::new("/"), &["hash-object", "--stdin"], "another\n").trim())
    );
}
