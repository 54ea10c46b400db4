//! The `git` dialect: every verb is one operation on the checkout, its options are data.

use super::options::{Given, Misuse, listed, read};
use super::{Parsed, Render, Reply};
use crate::World;
use crate::call::{Call, Refusal, Service};

/// One verb: its operation, what it knows, how its usage line goes on.
struct Verb {
    name: &'static str,
    operation: &'static str,
    options: &'static str,
    usage: &'static str,
}

const fn verb(
    name: &'static str,
    operation: &'static str,
    options: &'static str,
    usage: &'static str,
) -> Verb {
    Verb { name, operation, options, usage }
}

const DIFF: &str = "staged cached stat name-only name-status numstat p:patch u:patch=patch no-color color? \
    no-renames no-ext-diff w:ignore-all-space=_ b:ignore-space-change=_ U:unified=_! ~word-diff ~check ~cc ~raw";
const LOG: &str = "oneline n:max-count! stat p:patch u:patch=patch all graph=_ decorate? no-decorate=_ format! pretty=format! \
    author! grep! reverse no-merges first-parent=_ follow=_ name-only name-status numstat no-color=_ color=_? date=_! \
    no-patch abbrev-commit=oneline_ ~since! ~after! ~until! ~before! ~S:pickaxe! ~L:range! ~merges ~g:walk-reflogs";

const VERBS: &[Verb] = &[
    verb(
        "status",
        "GitStatus",
        "s:short b:branch porcelain? u:untracked-files? ignored? long=_ v:verbose=_ show-stash=_ ahead-behind=_ \
         no-renames=_ ~z:null ~column",
        "[<options>] [--] [<pathspec>...]",
    ),
    verb("diff", "GitDiff", DIFF, "[<options>] [<commit>] [--] [<path>...]"),
    verb("log", "GitLog", LOG, "[<options>] [<revision-range>] [[--] <path>...]"),
    verb("show", "GitShow", LOG, "[<options>] [<object>...]"),
    verb(
        "branch",
        "GitBranch",
        "a:all r:remotes d:delete D:force-delete m:move M:force-move v:verbose l:list f:force q:quiet show-current \
         u:set-upstream-to! no-color=_ ~contains ~merged ~no-merged ~sort! ~format! ~unset-upstream ~c:copy",
        "[<options>] [<branch-name> [<start-point>]]",
    ),
    verb(
        "switch",
        "GitSwitch",
        "c:create! C:force-create! d:detach f:force=discard-changes discard-changes q:quiet t:track=_ no-track=_ \
         ~orphan! ~m:merge ~guess",
        "[<options>] [<branch>]",
    ),
    verb(
        "checkout",
        "GitSwitch",
        "b:b=create! B:B=force-create! detach f:force=discard-changes q:quiet t:track=_ ~p:patch ~orphan! ~ours \
         ~theirs ~m:merge",
        "[<options>] <branch>\n   or: git checkout [<options>] [<branch>] -- <file>...",
    ),
    verb(
        "add",
        "GitAdd",
        "A:all u:update f:force v:verbose=_ n:dry-run=_ ~p:patch ~i:interactive ~e:edit ~N:intent-to-add",
        "[<options>] [--] <pathspec>...",
    ),
    verb(
        "commit",
        "GitCommit",
        "m:message+ a:all amend no-edit allow-empty q:quiet n:no-verify=_ s:signoff=_ v:verbose=_ author=_! \
         no-gpg-sign=_ allow-empty-message=_ ~F:file! ~p:patch ~C:reuse-message! ~fixup! ~squash! ~dry-run ~date!",
        "[-a | --interactive | --patch] [-s] [-v] [--amend] [-m <msg>] [--] [<pathspec>...]",
    ),
    verb(
        "restore",
        "GitRestore",
        "S:staged W:worktree s:source! q:quiet ~p:patch ~ours ~theirs ~m:merge",
        "[<options>] [--source=<branch>] <file>...",
    ),
    verb(
        "reset",
        "GitReset",
        "hard soft mixed q:quiet ~merge ~keep ~p:patch",
        "[--mixed | --soft | --hard | --merge | --keep] [-q] [<commit>]",
    ),
    verb(
        "rm",
        "GitRm",
        "cached r:recursive f:force q:quiet ~n:dry-run ~ignore-unmatch",
        "[<options>] [--] [<pathspec>...]",
    ),
    verb("mv", "GitMv", "f:force v:verbose=_ k:skip=_ ~n:dry-run", "[<options>] <source>... <destination>"),
    verb(
        "clean",
        "GitClean",
        "f:force d:directories=directories x:ignored n:dry-run q:quiet ~X:only-ignored ~i:interactive ~e:exclude!",
        "[-d] [-f] [-i] [-n] [-q] [-e <pattern>] [-x | -X] [--] [<pathspec>...]",
    ),
    verb(
        "stash",
        "GitStash",
        "u:include-untracked m:message+ p:patch q:quiet a:all=include-untracked ~k:keep-index ~S:staged ~index",
        "list\n   or: git stash show [<stash>]\n   or: git stash drop [<stash>]\n   or: git stash pop [<stash>]\n   \
         or: git stash apply [<stash>]\n   or: git stash clear\n   or: git stash [push [-u] [-m <message>]]",
    ),
    verb(
        "push",
        "GitPush",
        "u:set-upstream f:force force-with-lease? force-if-includes=_ d:delete n:dry-run q:quiet v:verbose=_ \
         no-verify=_ progress=_ ~all ~tags ~mirror ~follow-tags ~prune ~o:push-option!",
        "[<options>] [<repository> [<refspec>...]]",
    ),
    verb(
        "pull",
        "GitPull",
        "ff-only ff=_ no-rebase=_ no-edit=_ q:quiet v:verbose=_ p:prune=_ a:all=_ ~r:rebase? ~squash ~autostash",
        "[<options>] [<repository> [<refspec>...]]",
    ),
    verb(
        "fetch",
        "GitFetch",
        "a:all p:prune t:tags=_ q:quiet v:verbose=_ ~depth! ~n:no-tags ~dry-run",
        "[<options>] [<repository> [<refspec>...]]",
    ),
    verb(
        "merge",
        "GitMerge",
        "no-ff ff-only ff=_ squash abort no-edit=_ m:message+ q:quiet ~continue ~no-commit ~X:strategy-option! \
         ~s:strategy!",
        "[<options>] [<commit>...]",
    ),
    verb(
        "revert",
        "GitRevert",
        "n:no-commit no-edit=_ e:edit=_ m:mainline! s:signoff=_ ~abort ~continue ~skip ~quit",
        "[--[no-]edit] [-n] [-m <parent-number>] <commit>...",
    ),
    verb(
        "cherry-pick",
        "GitCherryPick",
        "n:no-commit x:x=_ m:mainline! e:edit=_ ~abort ~continue ~skip ~quit",
        "[--edit] [-n] [-m <parent-number>] [-x] <commit>...",
    ),
    verb(
        "blame",
        "GitBlame",
        "w:w=_ ~L:range! ~C ~M ~e:show-email ~porcelain",
        "[<options>] [<rev>] [--] <file>",
    ),
    verb(
        "remote",
        "GitRemote",
        "v:verbose",
        "[-v | --verbose]\n   or: git remote [-v] show <name>\n   or: git remote get-url <name>",
    ),
    verb(
        "rev-parse",
        "GitRevParse",
        "abbrev-ref? short? show-toplevel is-inside-work-tree verify=_ q:quiet symbolic-full-name=abbrev-ref git-dir git-common-dir=git-dir",
        "[<options>] -- [<args>...]",
    ),
    verb(
        "ls-files",
        "GitLsFiles",
        "o:others m:modified s:stage c:cached=_ exclude-standard=_ ~d:deleted ~i:ignored ~u:unmerged",
        "[<options>] [<file>...]",
    ),
    verb(
        "grep",
        "SearchFiles",
        "i:ignore-case=ignore_case n:line-number=number l:files-with-matches=files E:extended-regexp=extended \
         F:fixed-strings=fixed v:invert-match=invert c:count e:regexp=pattern! w:word-regexp=_ ~A:after! ~B:before! ~C:context!",
        "[<options>] [-e] <pattern> [<rev>...] [[--] <path>...]",
    ),
];

/// Verbs of the real tool that this one lacks.
const UNSIMULATED: &str = "am apply archive bisect bundle cherry clone config count-objects describe diff-tree fsck gc \
    init ls-remote ls-tree maintenance merge-base notes range-diff rebase reflog rev-list shortlog show-branch show-ref \
    sparse-checkout submodule switch symbolic-ref tag update-index worktree cat-file for-each-ref hash-object name-rev \
    difftool mergetool request-pull";

pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    let rest = match global(world, words.get(1..).unwrap_or_default()) {
        Ok(rest) => rest,
        Err(parsed) => return *parsed,
    };
    let Some((name, rest)) = rest.split_first() else {
        return answer(Reply { stdout: overview(), code: 1, ..Reply::default() }, false);
    };
    match name.as_str() {
        "--version" | "version" => return answer(Reply::ok("git version 2.47.3\n"), false),
        "--help" | "-h" | "help" => return answer(Reply::ok(overview()), false),
        "config" => return config(world, rest),
        _ => {}
    }
    let Some(verb) = VERBS.iter().find(|v| v.name == name) else { return unknown(name) };
    if rest.iter().any(|w| w == "-h" || w == "--help") {
        return answer(Reply { stdout: usage(verb), code: 129, ..Reply::default() }, false);
    }
    let rest =
        if matches!(verb.name, "log" | "show") { super::filters::numbered(rest) } else { rest.to_vec() };
    match read(&rest, verb.options) {
        Ok(given) => call(world, verb, given, &rest),
        Err(Misuse::NeedsValue(option)) => {
            let option = option.trim_start_matches('-').to_owned();
            let kind = if option.len() == 1 { "switch" } else { "option" };
            answer(Reply::failed(129, format!("error: {kind} `{option}' requires a value\n")), false)
        }
        Err(Misuse::Unsimulated(option)) => {
            answer(Reply::failed(1, format!("git {name} {option} is not simulated here\n")), true)
        }
        Err(Misuse::Unknown(option)) => unknown_option(verb, &option),
    }
}

fn answer(reply: Reply, unsimulated: bool) -> Parsed {
    Parsed::Answer { reply, unsimulated }
}

/// Options before the verb.
fn global<'w>(world: &World, mut rest: &'w [String]) -> Result<&'w [String], Box<Parsed>> {
    loop {
        let (first, second) = (rest.first().map(String::as_str), rest.get(1));
        match first {
            Some("--no-pager" | "-P" | "--no-optional-locks") => rest = rest.get(1..).unwrap_or_default(),
            Some("-c") => rest = rest.get(2..).unwrap_or_default(),
            Some("-C") => {
                let folder = second.map(String::as_str).unwrap_or_default();
                if !crate::service::workspace::is_root(world, folder) {
                    let text = format!("fatal: cannot change to '{folder}': No such file or directory\n");
                    return Err(Box::new(answer(Reply::failed(128, text), false)));
                }
                rest = rest.get(2..).unwrap_or_default();
            }
            _ => return Ok(rest),
        }
    }
}

fn call(world: &World, verb: &Verb, mut given: Given, words: &[String]) -> Parsed {
    let mut operation = verb.operation;
    let literal = words.iter().any(|w| w == "--");
    match verb.name {
        "checkout" => {
            given.options.insert("checkout".to_owned(), true.into());
            let first = given.args.first().cloned().unwrap_or_default();
            let is_file = crate::service::workspace::is_tracked(world, &first);
            let is_branch = crate::service::workspace::is_revision(world, &first);
            if literal || (!is_branch && is_file) {
                operation = "GitRestore";
                // `checkout REV -- path` sets the index too.
                if literal && !first.is_empty() {
                    given.options.insert("source".to_owned(), first.into());
                    given.options.insert("both".to_owned(), true.into());
                    given.args.clear();
                }
            }
        }
        "grep" => {
            let has = given.has("pattern");
            if !has && !given.args.is_empty() {
                let first = given.args.remove(0);
                given.options.insert("pattern".to_owned(), first.into());
            }
            let paths = std::mem::take(&mut given.args);
            given.paths.splice(0..0, paths);
            given.options.insert("recursive".to_owned(), true.into());
        }
        _ => {}
    }
    for name in ["abbrev-ref", "short", "decorate", "ignored", "verbose"] {
        if given.text(name).is_some() {
            given.options.insert(name.to_owned(), true.into());
        }
    }
    let target = given.args.first().cloned().unwrap_or_default();
    Parsed::Call(
        Call::new(Service::Workspace, operation, &target, given.into_args()),
        Render::Text { tool: "git" },
    )
}

fn usage(verb: &Verb) -> String {
    format!("usage: git {} {}\n\n{}\n", verb.name, verb.usage, listed(verb.options))
}

fn unknown_option(verb: &Verb, option: &str) -> Parsed {
    if matches!(verb.name, "log" | "show") {
        return answer(Reply::failed(128, format!("fatal: unrecognized argument: {option}\n")), false);
    }
    let bare = option.trim_start_matches('-');
    let kind = if option.starts_with("--") { "option" } else { "switch" };
    answer(Reply::failed(129, format!("error: unknown {kind} `{bare}'\n{}", usage(verb))), false)
}

fn unknown(name: &str) -> Parsed {
    if UNSIMULATED.split_whitespace().any(|verb| verb == name) {
        return answer(Reply::failed(1, format!("git {name} is not simulated here\n")), true);
    }
    let near = VERBS.iter().find(|v| v.name.starts_with(name) || name.starts_with(v.name));
    let hint = near.map(|v| format!("\nThe most similar command is\n\t{}\n", v.name)).unwrap_or_default();
    answer(Reply::failed(1, format!("git: '{name}' is not a git command. See 'git --help'.\n{hint}")), false)
}

/// `git config user.name` and its kin, read only.
fn config(world: &World, rest: &[String]) -> Parsed {
    let plain: Vec<&str> =
        rest.iter().map(String::as_str).filter(|w| !w.starts_with('-') && *w != "get").collect();
    let (owner, domain) = (crate::service::workspace::owner(world), crate::service::workspace::domain(world));
    match plain.as_slice() {
        ["user.name"] => answer(Reply::ok(format!("{owner}\n")), false),
        ["user.email"] => answer(Reply::ok(format!("{}@{domain}\n", owner.to_lowercase())), false),
        ["remote.origin.url"] => {
            answer(Reply::ok(format!("{}.git\n", crate::service::forge::url(world))), false)
        }
        // Who commits is known from the caller's role; setting a name changes nothing here.
        ["user.name" | "user.email", _] => answer(Reply::default(), false),
        [_] => answer(Reply::failed(1, ""), true),
        _ => answer(Reply::failed(1, "git config of this kind is not simulated here\n"), true),
    }
}

fn overview() -> String {
    let names: String = VERBS.iter().map(|v| format!("   {}\n", v.name)).collect();
    format!(
        "usage: git [-v | --version] [-h | --help] [-C <path>] [-c <name>=<value>]\n           [--no-pager] <command> \
         [<args>]\n\nThese are the Git commands that this checkout knows:\n\n{names}"
    )
}

/// How git prints a refusal.
pub(super) fn refused(refusal: &Refusal) -> Reply {
    let text = &refusal.message;
    match refusal.code.as_str() {
        "fatal" => Reply::failed(128, format!("fatal: {text}\n")),
        "error" => Reply::failed(1, format!("error: {text}\n")),
        "plain" => Reply::failed(1, format!("{text}\n")),
        _ => Reply::failed(128, format!("fatal: {text}\n")),
    }
}
