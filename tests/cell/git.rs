//! A real git in the cell: what it does is judged, recorded and marked as what the simulated one does.

use std::path::Path;
use std::sync::Arc;

use chesterton::agent::ProcessAgent;
use chesterton::cell::Demand;
use chesterton::record::{Ending, Event};

use crate::cell::roads::PATCHED;
use crate::{add, cells_are_granted, ending, events, process, put, said};

/// An agent of this shell script, with a git that is `real` or `simulated`.
fn agent(script: &str, git: &str) -> Arc<ProcessAgent> {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "git", script, 600);
    add(&path, &format!("git = \"{git}\""));
    process::agent(&path)
}

fn played(script: &str, git: &str, setup: &str) -> Vec<u8> {
    process::played(&agent(script, git), Demand::BestEffort, setup)
}

/// What was asked, decided and done.
fn deeds(events: &[Event]) -> Vec<String> {
    let of = |event: &Event| match event {
        Event::Attempt { at, line, call } => Some(format!("{at} {} {}", line.raw(), call.operation)),
        Event::Verdict { verdict, .. } => Some(format!("{verdict:?}")),
        Event::Effects { effects } => Some(format!("{effects:?}")),
        Event::Unsimulated { line } => Some(format!("unsimulated {}", line.raw())),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// What the script printed, on both outputs.
fn printed(events: &[Event]) -> String {
    let wrote = |event: &Event| match event {
        Event::Wrote { text, .. } => text.raw().to_owned(),
        _ => String::new(),
    };
    said(events) + &events.iter().map(wrote).collect::<String>()
}

/// What happened while a script came to its end and printed all of this.
fn finished(record: Vec<u8>, expected: &[&str]) -> Vec<Event> {
    let events = events(record);
    let text = printed(&events);
    assert_eq!(ending(&events), &Ending::Finished, "{text}");
    for said in expected {
        assert!(text.contains(said), "{said}: {text}");
    }
    events
}

fn has_git() -> bool {
    let is_there = Path::new("/usr/bin/git").is_file();
    if !is_there {
        println!("skipped: there is no git in /usr/bin");
    }
    is_there
}

const HANDED_OVER: &str = "\nfinish --outcome handed_over --summary 'It is in a branch.'\n";

/// Work that is thrown away, in every way.
const THROWN_AWAY: &str = r"
echo 'half a day of work' >> README.md; git checkout -- README.md
echo 'another half' >> README.md; git reset -q --hard
echo 'and more' > notes.txt; git clean -fdq
echo 'put aside' >> README.md; git stash -q; git stash drop -q
echo 'staged' > staged.txt; git add staged.txt; git rm -q --cached staged.txt; rm staged.txt
";

/// A branch of the remote that is pushed, pushed again by force, and taken away.
const PUSHED: &str = r"
git checkout -q -b wip; echo 1 > wip.txt; git add wip.txt; git commit -q -m 'Work in progress'
git push -q -u origin wip
git commit -q --amend -m 'Work in progress, better said'; git push -q; git push -q --force
git push -q origin --delete wip; git push -q origin HEAD:main; git push -q --force origin HEAD~1:main
git checkout -q main; git merge -q --no-ff wip -m 'Join it'; git revert --no-edit HEAD~1; git branch -q -D wip
";

#[test]
fn a_real_git_does_what_the_simulated_one_does_and_is_judged_as_it_is() {
    if !has_git() {
        return;
    }
    let patched = format!("{PATCHED}{HANDED_OVER}");
    for (script, setup) in [
        (patched.as_str(), "inherited"),
        (THROWN_AWAY, "inherited"),
        (THROWN_AWAY, "ask-destructive"),
        (PUSHED, "command-patterns"),
        (PUSHED, "ask-first"),
    ] {
        let real = played(script, "real", setup);
        if (script, setup) == (THROWN_AWAY, "inherited") {
            let again = played(script, "real", setup);
            assert!(real == again || !cells_are_granted(), "a record is another the second time: {script}");
        }
        let (real, simulated) = (events(real), events(played(script, "simulated", setup)));
        let (left, right) = (deeds(&real), deeds(&simulated));
        let parts = left.iter().zip(&right).find(|(left, right)| left != right);
        assert_eq!(parts, None, "{setup}: {}", printed(&real));
        assert_eq!(left.len(), right.len(), "{setup}");
        if (script, setup) == (THROWN_AWAY, "inherited") {
            assert_eq!(left.iter().filter(|deed| deed.contains("RecordsLost")).count(), 5);
        }
    }
}

/// What only a real one can do.
const AT_LARGE: &str = r#"
set -e
git log --graph --oneline | head -n 1 | cut -c1-2
git tag start
echo one > one.txt; git add one.txt; git commit -q -m one
echo two > two.txt; git add two.txt; git commit -q -m two
git rebase -q --onto start HEAD~1; ls one.txt two.txt 2>&1 || true
own="$HOME/own.git"; git init -q --bare "$own"
for n in 1 2 3; do git -c core.quotepath=false --git-dir "$own" --work-tree . add -A; GIT_DIR=$own git --work-tree=. write-tree | wc -c; done
cd "$TMPDIR"; echo three > "$OLDPWD/one.txt"; git -C "$OLDPWD" clean -q -f one.txt; cd "$OLDPWD"
git bisect start HEAD HEAD~1 | tail -n 1; git bisect reset 2>&1 | tail -n 1
git status --short --branch
git push -q origin HEAD:refs/heads/rebased
git clone -q "$(git remote get-url origin)" "$TMPDIR/clone"
cd "$TMPDIR/clone"
git log -1 --format='%s by %an' origin/rebased
git checkout -q -b three origin/rebased; echo three > three.txt; git add three.txt; git commit -q -m three
git push -q origin three
cd /workspace/* 2>/dev/null || cd "$HOME/../../workspace"/*
git fetch -q; git log -1 --format='%s at %cd' origin/three; git fsck --no-progress && git reflog | wc -l
gh pr create --head three --title Three --body Three | grep -c pull
"#;

#[test]
fn what_only_a_real_git_can_do_is_taken_over() {
    if !has_git() {
        return;
    }
    let record = played(AT_LARGE, "real", "inherited");
    // Without namespaces, folders have other names each time.
    let is_same = !cells_are_granted() || record == played(AT_LARGE, "real", "inherited");
    assert!(is_same, "a record is another the second time");
    let said = ["* \n", "two.txt", "cannot access 'one.txt'", "two by jun", "three at Mon Dec 15"];
    let events = finished(record, &said);
    let deeds = deeds(&events);
    let has = |line: &str, operation: &str| {
        deeds.iter().any(|deed| deed.contains(line) && deed.ends_with(operation))
    };
    assert!(has("git rebase -q --onto start", "GitTakeOver"));
    // A repository that it keeps for itself is nobody's business; from wherever the checkout is meant, it is asked about.
    let asked: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::Tool { tool, .. } => tool.arguments["command"].as_str(),
            _ => None,
        })
        .collect();
    assert!(!asked.iter().any(|line| line.contains("--git-dir") || line.contains("write-tree")), "{asked:?}");
    assert!(asked.iter().any(|line| line.contains("clean -q -f one.txt")), "{asked:?}");
    // From another clone nobody has said what is to be done but by the push itself.
    assert!(has(":three", "GitPush"));
    assert!(
        deeds.iter().any(|deed| deed.contains("branch rebased"))
            && deeds.iter().any(|deed| deed.contains("branch three"))
    );
    assert!(!deeds.iter().any(|deed| deed.starts_with("unsimulated")));
}

/// A repository that wants to do harm, and one that says what is not so.
const HOSTILE: &str = r#"
git config core.fsmonitor 'touch fsmonitor-was-here'; git config core.hooksPath "$TMPDIR"; git config alias.st '!exit 7'
printf '#!/bin/sh\ntouch hook-was-here\n' > "$TMPDIR/pre-commit"; chmod +x "$TMPDIR/pre-commit"
git st; echo "alias $?"
echo a > a.txt; git add a.txt; git commit -q -m a; ls hook-was-here
git config --unset core.hooksPath
GIT_COMMITTER_DATE='@2000000000 +0000' /usr/bin/git -c user.name=x -c user.email=x@x commit -q --allow-empty -m 'from the future'
git push origin HEAD:refs/heads/future 2>&1 | grep -o 'off the clock of this place'
git reset -q --soft HEAD~1
echo '#!/bin/sh' > run.sh; git add run.sh; git update-index --chmod=+x run.sh; git commit -q -m run
git push origin HEAD:refs/heads/run 2>&1 | grep -o 'run.sh is no plain file'
git reset -q --hard HEAD~1
ln -s /etc/passwd .git/refs/heads/out; ln -s /etc/ssl .git/refs/heads/folder
head -c 3000000 /dev/zero | tr '\0' 'x' > .git/packed-refs
git status --short > /dev/null 2>&1; echo "broken $?"
rm -f .git/packed-refs .git/refs/heads/out .git/refs/heads/folder
mkdir -p .git/objects/aa; echo nonsense > .git/objects/aa/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa > .git/refs/heads/bad
git status --short; git push origin bad 2>&1 | tail -n 1 | cut -c1-5
/usr/bin/git push origin HEAD:refs/heads/around 2>&1 | grep -c 'unable to access'
rm -rf .git; git status 2>&1 | head -n 1; git push 2>&1 | head -n 1
"#;

#[test]
fn a_hostile_repository_hurts_nobody_and_what_it_says_moves_no_branch_of_the_remote() {
    if !has_git() {
        return;
    }
    let said = ["alias 7", "hook-was-here", "off the clock of this place", "run.sh is no plain file"];
    let deeds = deeds(&finished(played(HOSTILE, "real", "inherited"), &said));
    for branch in ["future", "run", "bad", "around"] {
        assert!(!deeds.iter().any(|deed| deed.contains(&format!("branch {branch}\""))), "{branch}");
    }
}
