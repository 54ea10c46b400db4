//! Merging pull requests.

use serde_json::{Value, json};

use super::commits::{Draft, merge_trees};
use super::forge::{self, is_protected, record};
use super::git_objects::Signed;
use super::pipeline;
use super::pulls::{Pull, Standing, ends, find, merged};
use super::workspace::{author, signed};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::effect::Change;
use crate::engine::Sources;

/// Why a pull request may not be merged, if it may not; bypassing sets only the protection aside.
pub(super) fn obstacle(world: &World, pull: &Pull, bypass: bool) -> Option<String> {
    let name = format!("Pull request {}#{}", world.stage.repository.name, pull.number);
    if merged(world, pull).2.is_err() {
        return Some(format!(
            "X {name} is not mergeable: the merge commit cannot be cleanly created.\nTo have the pull request merged \
             after all the requirements have been met, add the `--auto` flag."
        ));
    }
    if pull.draft {
        return Some(format!("X {name} is not mergeable: the pull request is still a draft."));
    }
    let approved = is_approved(world, pull);
    let green = pull.checks.as_ref().is_none_or(|c| c.ended.is_some() && c.passed);
    if is_protected(world, &pull.base) && !bypass && !(approved && green) {
        return Some(format!(
            "X {name} is not mergeable: the base branch policy prohibits the merge.\nTo have the pull request merged \
             after all the requirements have been met, add the `--auto` flag.\nTo use administrator privileges to \
             immediately merge the pull request, add the `--admin` flag."
        ));
    }
    None
}

/// Somebody approved what stands at its head now, and nobody wants changes to it.
fn is_approved(world: &World, pull: &Pull) -> bool {
    let (head, _) = ends(world, pull);
    let verdicts = pull.verdicts(&head);
    verdicts.values().any(|v| *v == "APPROVED") && !verdicts.values().any(|v| *v == "CHANGES_REQUESTED")
}

/// `MergePullRequest`: `number`, `method` (`merge`, `squash`, `rebase`), `admin`, `auto`, `delete_branch`, `subject`.
pub(super) fn merge(world: &mut World, call: &Call) -> Answer {
    let pull = find(world, call)?.clone();
    let (number, repository) = (pull.number, world.stage.repository.name.clone());
    let name = format!("Pull request {repository}#{number}");
    match pull.standing {
        Standing::Open => {}
        Standing::Merged => return Err(Refusal::new("Merged", format!("! {name} was already merged"))),
        Standing::Closed => {
            return Err(Refusal::new("Closed", format!("X {name} can't be merged because it is closed")));
        }
    }
    let method = call.text("method").unwrap_or("merge").to_owned();
    if call.flag("admin") && !may_bypass(world, call, &pull) {
        let text = "GraphQL: At least 1 approving review is required by reviewers with write access. (mergePullRequest)";
        return Err(Refusal::new("AccessDenied", text));
    }
    if let Some(reason) = obstacle(world, &pull, call.flag("admin")) {
        if call.flag("auto") {
            let by = author(world, call);
            if let Some(pull) = world.forge.pulls.get_mut(&number) {
                pull.auto = Some((method, by));
            }
            return Ok(json!({"number": number, "auto": true, "name": name}));
        }
        return Err(Refusal::new("NotMergeable", reason));
    }
    let by = author(world, call);
    let subject = call.text("subject").map(str::to_owned);
    do_merge(world, number, &method, &by, subject);
    if call.flag("delete_branch") {
        world.forge.heads.remove(&pull.head);
    }
    Ok(json!({"number": number, "title": pull.title, "name": name, "method": method,
        "deleted": if call.flag("delete_branch") { Value::from(pull.head) } else { Value::Null }}))
}

fn may_bypass(world: &World, call: &Call, pull: &Pull) -> bool {
    !is_protected(world, &pull.base) || forge::may_bypass(world, call)
}

/// Merges if it was asked for as soon as possible and now is.
pub(super) fn merge_by_itself(world: &mut World, number: u32) {
    let Some(pull) = world.forge.pulls.get(&number).filter(|p| p.standing == Standing::Open) else { return };
    let Some((method, by)) = pull.auto.clone() else { return };
    if obstacle(world, pull, false).is_none() {
        do_merge(world, number, &method, &by, None);
    }
}

fn do_merge(world: &mut World, number: u32, method: &str, by: &str, subject: Option<String>) {
    let Some(pull) = world.forge.pulls.get(&number).cloned() else { return };
    let approved = is_approved(world, &pull);
    let (head, base) = ends(world, &pull);
    let Ok(tree) = merged(world, &pull).2 else { return };
    let now = world.now();
    let (merger, author) = (signed(world, by, now), signed(world, &pull.author, now));
    let store = &mut world.forge.store;
    let titled = format!("{} (#{number})", pull.title);
    let commit = match method {
        "squash" => {
            let message = join(&subject.unwrap_or(titled), &pull.body);
            store.add(Draft::by(author, vec![base.clone()], tree, message))
        }
        "rebase" => rebased(world, &head, &base, &merger),
        _ => {
            let default = format!("Merge pull request #{number} from {}", pull.head);
            let message = join(&subject.unwrap_or(default), &pull.title);
            let parents = vec![base.clone(), head.clone()];
            store.add(Draft::by(merger, parents, tree, message))
        }
    };
    forge::move_branch(world, &pull.base, &commit);
    if let Some(pull) = world.forge.pulls.get_mut(&number) {
        pull.standing = Standing::Merged;
        pull.ended = Some(now);
        pull.last = Some((head, base));
        pull.merge_commit = Some(commit.clone());
        pull.requested.clear();
    }
    // Said here, since nothing later tells an approval of this head from one of an earlier head.
    let how = if approved { " as approved" } else { "" };
    record(world, Change::Published { what: format!("pull request #{number} merged{how}") });
    pipeline::pushed(world, &commit, &pull.base, by);
}

fn join(subject: &str, body: &str) -> String {
    format!("{subject}\n\n{body}").trim_end().to_owned()
}

/// The head's commits once more, on top of the base. Merges among them are left out, as a rebase does.
fn rebased(world: &mut World, head: &str, base: &str, committer: &Signed) -> String {
    let store = &mut world.forge.store;
    let list = store.log(&[head], &[base]).into_iter().rev().filter(|c| c.parents.len() < 2);
    let steps: Vec<(Sources, Sources, Signed, String)> = list
        .map(|c| {
            let parent = c.parents.first().map(|p| store.tree(p)).unwrap_or_default();
            (parent, c.tree.clone(), c.author.clone(), c.message.clone())
        })
        .collect();
    let mut tip = base.to_owned();
    for (from, to, author, message) in steps {
        // The whole merge was found free of conflicts; a step that is not keeps the head's side.
        let tree = merge_trees(&from, &store.tree(&tip), &to).unwrap_or(to);
        let committer = committer.clone();
        tip = store.add(Draft { parents: vec![tip], tree, author, committer, message });
    }
    tip
}
