//! The checkout and the hosted repository: remote, fetch, pull, push.

use std::fmt::Write as _;

use super::commits::short;
use super::forge;
use super::merges::join;
use super::workspace::{State, error, fatal, printed, said};
use crate::World;
use crate::call::{Answer, Call, Refusal};

/// `GitRemote`: `args` (`show origin`, `get-url origin`), `verbose`.
pub(super) fn remote(world: &mut World, call: &Call) -> Answer {
    let url = format!("{}.git", forge::url(world));
    let args = call.texts("args");
    match args.first().copied() {
        None if call.flag("verbose") => said(format!("origin\t{url} (fetch)\norigin\t{url} (push)\n")),
        None => said("origin\n"),
        Some("get-url" | "show") if args.get(1).is_some_and(|name| *name != "origin") => {
            let name = args.get(1).copied().unwrap_or_default();
            Err(error(format!("No such remote '{name}'")))
        }
        Some("get-url") => said(url + "\n"),
        Some("show") => {
            let branches: String = forge::heads(world).keys().map(|b| format!("    {b} tracked\n")).collect();
            let head = forge::MAIN;
            said(format!(
                "* remote origin\n  Fetch URL: {url}\n  Push  URL: {url}\n  HEAD branch: {head}\n  Remote \
                 branches:\n{branches}"
            ))
        }
        Some(other) => Err(error(format!("unknown subcommand: `{other}'"))),
    }
}

fn known_remote(name: &str) -> Result<(), Refusal> {
    match name {
        "origin" => Ok(()),
        other => Err(fatal(format!(
            "'{other}' does not appear to be a git repository\nfatal: Could not read from remote repository.\n\nPlease \
             make sure you have the correct access rights\nand the repository exists."
        ))),
    }
}

/// Takes over the remote's branches and tells what moved.
fn take_over(world: &mut World) -> String {
    let (store, heads) = forge::clone_all(world);
    let state = &mut world.workspace;
    let mut out = String::new();
    for (name, id) in &heads {
        state.store.take_from(&store, id);
        match state.tracking.insert(name.clone(), id.clone()) {
            Some(old) if old == *id => {}
            Some(old) if state.store.contains(id, &old) => {
                _ = writeln!(out, "   {}..{}  {name} -> origin/{name}", short(&old), short(id));
            }
            Some(old) => {
                let (old, new) = (short(&old), short(id));
                _ = writeln!(out, " + {old}...{new} {name} -> origin/{name}  (forced update)");
            }
            None => _ = writeln!(out, " * [new branch]      {name} -> origin/{name}"),
        }
    }
    out
}

/// `GitFetch`: `args` (remote), `prune`, `all`.
pub(super) fn fetch(world: &mut World, call: &Call) -> Answer {
    known_remote(call.texts("args").first().copied().unwrap_or("origin"))?;
    let mut moved = take_over(world);
    if call.flag("prune") {
        let heads = forge::heads(world).clone();
        let state = &mut world.workspace;
        for name in state.tracking.keys().filter(|name| !heads.contains_key(*name)) {
            _ = writeln!(moved, " - [deleted]         (none) -> origin/{name}");
        }
        state.tracking.retain(|name, _| heads.contains_key(name));
    }
    if moved.is_empty() {
        return said("");
    }
    printed("", &format!("From {}\n{moved}", forge::url(world)), 0)
}

/// `GitPull`: `args` (remote, branch), `ff-only`, `rebase`.
pub(super) fn pull(world: &mut World, call: &Call) -> Answer {
    let args = call.texts("args");
    known_remote(args.first().copied().unwrap_or("origin"))?;
    let state = &world.workspace;
    let branch = match (args.get(1), state.branch()) {
        (Some(name), _) => (*name).to_owned(),
        (None, Some(here)) => state.upstream.get(here).cloned().ok_or_else(|| untracked(here))?,
        (None, None) => {
            return Err(Refusal::new(
                "plain",
                "You are not currently on a branch.\nPlease specify which branch you want to merge with.",
            ));
        }
    };
    let Some(id) = forge::heads(world).get(&branch).cloned() else {
        return Err(fatal(format!("couldn't find remote ref {branch}")));
    };
    let (ahead, behind) = {
        let (store, _) = forge::clone_all(world);
        let mut all = world.workspace.store.clone();
        all.take_from(&store, &id);
        all.ahead_behind(&world.workspace.tip(), &id)
    };
    if ahead > 0 && behind > 0 && call.flag("ff-only") {
        return Err(fatal("Not possible to fast-forward, aborting."));
    }
    let mut rehearsed = world.clone();
    take_over(&mut rehearsed);
    let message = format!("Merge branch '{branch}' of {}", forge::url(world));
    join(&mut rehearsed, call, &id, &message)?;
    let moved = take_over(world);
    let answer = join(world, call, &id, &message)?;
    let heading = match moved.is_empty() {
        true => String::new(),
        false => format!("From {}\n{moved}", forge::url(world)),
    };
    printed(answer.as_str().unwrap_or_default(), &heading, 0)
}

fn untracked(branch: &str) -> Refusal {
    Refusal::new(
        "plain",
        format!(
            "There is no tracking information for the current branch.\nPlease specify which branch you want to merge \
             with.\nSee git-pull(1) for details.\n\n    git pull <remote> <branch>\n\nIf you wish to set tracking \
             information for this branch you can do so with:\n\n    git branch --set-upstream-to=origin/<branch> \
             {branch}"
        ),
    )
}

/// One ref to push: the local commit (none deletes) and the remote's branch.
struct Refspec {
    local: String,
    commit: Option<String>,
    remote: String,
    force: bool,
}

/// `GitPush`: `args` (remote, refspecs), `set-upstream`, `force`, `force-with-lease`, `delete`, `dry-run`.
pub(super) fn push(world: &mut World, call: &Call) -> Answer {
    let args = call.texts("args");
    known_remote(args.first().copied().unwrap_or("origin"))?;
    let specs = refspecs(&world.workspace, call, args.get(1..).unwrap_or_default())?;
    let target = format!("To {}.git\n", forge::url(world));
    let mut report = target.clone();
    let mut notes = String::new();
    // All are checked before any is sent: a push of several branches must not stop half-way.
    for spec in &specs {
        if let Err(reason) = forge::may_push(world, &spec.remote, spec.commit.as_deref(), spec.force) {
            return Err(rejected(&target, spec, &reason));
        }
    }
    for spec in &specs {
        let old = forge::heads(world).get(&spec.remote).cloned();
        _ = writeln!(report, "{}", pushed_line(world, spec, old.as_deref()));
        if call.flag("dry-run") {
            continue;
        }
        let from = world.workspace.store.clone();
        forge::receive(world, call, &spec.remote, spec.commit.as_deref(), &from);
        if old.is_none() && spec.commit.is_some() {
            let link = forge::url(world);
            _ = write!(
                notes,
                "remote: \nremote: Create a pull request for '{0}' on GitHub by visiting:\nremote:      \
                 {link}/pull/new/{0}\nremote: \n",
                spec.remote
            );
        }
        remember(&mut world.workspace, call, spec);
    }
    let tracking = specs.first().filter(|_| call.flag("set-upstream") && !call.flag("dry-run"));
    let text = tracking.map(|s| format!("branch '{}' set up to track 'origin/{}'.\n", s.local, s.remote));
    if specs.iter().all(|s| report.contains(&format!("= {}", s.remote))) {
        return printed(&text.unwrap_or_default(), "Everything up-to-date\n", 0);
    }
    printed(&text.unwrap_or_default(), &format!("{notes}{report}"), 0)
}

fn remember(state: &mut State, call: &Call, spec: &Refspec) {
    match &spec.commit {
        Some(id) => drop(state.tracking.insert(spec.remote.clone(), id.clone())),
        None => drop(state.tracking.remove(&spec.remote)),
    }
    if call.flag("set-upstream") {
        state.upstream.insert(spec.local.clone(), spec.remote.clone());
    }
}

fn pushed_line(world: &World, spec: &Refspec, old: Option<&str>) -> String {
    let Refspec { local, remote, .. } = spec;
    match (old, spec.commit.as_deref()) {
        (_, None) => format!(" - [deleted]         {remote}"),
        (None, Some(_)) => format!(" * [new branch]      {local} -> {remote}"),
        (Some(old), Some(new)) if old == new => format!(" = {remote}"),
        (Some(old), Some(new)) if world.workspace.store.contains(new, old) => {
            format!("   {}..{}  {local} -> {remote}", short(old), short(new))
        }
        (Some(old), Some(new)) => {
            format!(" + {}...{} {local} -> {remote} (forced update)", short(old), short(new))
        }
    }
}

fn refspecs(state: &State, call: &Call, given: &[&str]) -> Result<Vec<Refspec>, Refusal> {
    let lease = call.args.contains_key("force-with-lease");
    let force = call.flag("force") || lease;
    if given.is_empty() {
        let Some(here) = state.branch() else {
            return Err(fatal(
                "You are not currently on a branch.\nTo push the history leading to the current (detached HEAD)\nstate \
                 now, use\n\n    git push origin HEAD:<name-of-remote-branch>",
            ));
        };
        if !state.upstream.contains_key(here) && !call.flag("set-upstream") {
            return Err(fatal(format!(
                "The current branch {here} has no upstream branch.\nTo push the current branch and set the remote as \
                 upstream, use\n\n    git push --set-upstream origin {here}\n"
            )));
        }
        let remote = state.upstream.get(here).cloned().unwrap_or_else(|| here.to_owned());
        let commit = Some(state.tip());
        return Ok(vec![Refspec { local: here.to_owned(), commit, remote, force }]);
    }
    let mut specs = Vec::new();
    for spec in given {
        let (spec, plus) = spec.strip_prefix('+').map_or((*spec, false), |rest| (rest, true));
        let (local, remote) = spec.split_once(':').unwrap_or((spec, spec));
        let local = if local == "HEAD" { state.branch().unwrap_or("HEAD") } else { local };
        let remote = if remote == "HEAD" { local } else { remote };
        let remote = remote.strip_prefix("refs/heads/").unwrap_or(remote).to_owned();
        let (local, force) = (local.to_owned(), force || plus);
        if call.flag("delete") || local.is_empty() {
            specs.push(Refspec { local, commit: None, remote, force });
            continue;
        }
        let Some(id) = state.resolve(&local) else {
            return Err(error(format!("src refspec {local} does not match any")));
        };
        specs.push(Refspec { local, commit: Some(id), remote, force });
    }
    Ok(specs)
}

fn rejected(target: &str, spec: &Refspec, reason: &forge::PushRefusal) -> Refusal {
    let Refspec { local, remote, .. } = spec;
    let failed =
        format!("error: failed to push some refs to '{}'", target.trim_start_matches("To ").trim_end());
    let text = match reason {
        forge::PushRefusal::Missing => {
            format!("error: unable to delete '{remote}': remote ref does not exist\n{failed}")
        }
        forge::PushRefusal::Protected => format!(
            "remote: error: GH006: Protected branch update failed for refs/heads/{remote}.        \nremote: error: \
             Changes must be made through a pull request.        \n{target} ! [remote rejected] {local} -> {remote} \
             (protected branch hook declined)\n{failed}"
        ),
        forge::PushRefusal::Behind => format!(
            "{target} ! [rejected]        {local} -> {remote} (non-fast-forward)\n{failed}\nhint: Updates were \
             rejected because the tip of your current branch is behind\nhint: its remote counterpart. If you want to \
             integrate the remote changes,\nhint: use 'git pull' before pushing again.\nhint: See the 'Note about \
             fast-forwards' in 'git push --help' for details."
        ),
    };
    Refusal::new("plain", text)
}
