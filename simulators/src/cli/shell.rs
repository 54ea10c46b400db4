//! The small shell: reading and moving files of the checkout, the repository's tests, `curl`, `sleep`.

use serde_json::{Map, Value, json};

use super::options::{Given, Misuse, read};
use super::{Parsed, Render, Reply, filters};
use crate::World;
use crate::call::{Call, Service};
use crate::service::{history, shares, workspace};

type Doing = fn(&World, &[String]) -> Parsed;

const TOOLS: &[(&str, Doing)] = &[
    ("ls", ls),
    ("cat", cat),
    ("head", |w, words| lines(w, words, "head")),
    ("tail", |w, words| lines(w, words, "tail")),
    ("sed", sed),
    ("wc", wc),
    ("grep", grep),
    ("egrep", grep),
    ("rg", |_, _| missing("rg")),
    ("find", find),
    ("mkdir", |w, words| files(w, words, "mkdir", "MakeDirectory", "p:parents v:verbose=_ m:mode=_!")),
    ("touch", |w, words| files(w, words, "touch", "TouchFile", "c:no-create=_")),
    ("rm", |w, words| {
        files(w, words, "rm", "DeleteFile", "r:recursive R:R=recursive f:force v:verbose=_ d:dir=_ i:i=_")
    }),
    ("mv", |w, words| transfer(w, words, "mv", "MoveFile")),
    ("cp", |w, words| transfer(w, words, "cp", "CopyFile")),
    ("stat", stat),
    ("realpath", |w, words| real(w, words, "realpath")),
    ("readlink", |w, words| real(w, words, "readlink")),
    ("mount", |w, _| ok(shares::mounts(w))),
    ("test", condition),
    ("[", condition),
    ("npm", |w, words| super::npm::parse(w, words, None)),
    ("node", node),
    ("curl", super::curl::parse),
    ("sleep", sleep),
    ("cd", cd),
    ("pwd", |w, _| ok(workspace::root(w) + "\n")),
    ("echo", echo),
    ("printf", printf),
    ("date", date),
    ("whoami", |w, _| ok(workspace::owner(w) + "\n")),
    ("hostname", |_, _| ok("workbench\n")),
    ("id", |w, _| ok(format!("uid=1000({0}) gid=1000({0}) groups=1000({0})\n", workspace::owner(w)))),
    ("uname", |_, _| ok("Linux\n")),
    ("which", which),
    ("env", |w, _| ok(environment(w))),
    ("printenv", printenv),
    ("true", |_, _| ok("")),
    (":", |_, _| ok("")),
    ("false", |_, _| answer(Reply::failed(1, ""), false)),
];

pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    let Some((tool, rest)) = words.split_first() else { return ok("") };
    // `NAME=value command`: what tools would read from there has no counterpart here, so only harmless names pass.
    if let Some((name, _)) = tool.split_once('=').filter(|(name, _)| is_name(name)) {
        let harmless =
            ["PAGER", "NO_COLOR", "TERM", "CI", "PGPASSWORD", "PROMPT", "GIT_EDITOR", "LC_ALL", "LANG"];
        return match harmless.iter().any(|h| name.contains(h)) {
            true => super::parse(world, rest),
            false => answer(Reply::failed(1, format!("bash: setting {name} is not simulated here\n")), true),
        };
    }
    if tool == "export" {
        return answer(Reply::default(), true);
    }
    let name = tool.rsplit('/').next().filter(|_| tool.contains("bin/")).unwrap_or(tool);
    match TOOLS.iter().find(|(known, _)| *known == name) {
        Some((_, doing)) => doing(world, rest),
        None => missing(tool),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn missing(tool: &str) -> Parsed {
    answer(Reply::failed(127, format!("bash: {tool}: command not found\n")), true)
}

pub(super) fn answer(reply: Reply, unsimulated: bool) -> Parsed {
    Parsed::Answer { reply, unsimulated }
}

pub(super) fn ok(text: impl Into<String>) -> Parsed {
    answer(Reply::ok(text), false)
}

pub(super) fn call(operation: &str, tool: &'static str, target: &str, args: Value) -> Parsed {
    let args = if let Value::Object(map) = args { map } else { Map::new() };
    Parsed::Call(Call::new(Service::Workspace, operation, target, args), Render::Text { tool })
}

/// Reads options, or answers as GNU tools answer a wrong one.
fn options(words: &[String], tool: &str, table: &str) -> Result<Given, Box<Parsed>> {
    read(words, table).map_err(|misuse| {
        let (text, unsimulated) = match misuse {
            Misuse::Unsimulated(option) => (format!("{tool} {option} is not simulated here\n"), true),
            Misuse::Unknown(option) if option.starts_with("--") => {
                (format!("{tool}: unrecognized option '{option}'\n"), false)
            }
            Misuse::Unknown(option) => {
                (format!("{tool}: invalid option -- '{}'\n", option.trim_start_matches('-')), false)
            }
            Misuse::NeedsValue(option) => (
                format!("{tool}: option requires an argument -- '{}'\n", option.trim_start_matches('-')),
                false,
            ),
        };
        let hint =
            if unsimulated { String::new() } else { format!("Try '{tool} --help' for more information.\n") };
        Box::new(answer(
            Reply::failed(if tool == "ls" || tool == "grep" { 2 } else { 1 }, text + &hint),
            unsimulated,
        ))
    })
}

macro_rules! given {
    ($words:expr, $tool:expr, $table:expr) => {
        match options($words, $tool, $table) {
            Ok(given) => given,
            Err(parsed) => return *parsed,
        }
    };
}

fn all_words(given: Given) -> Vec<String> {
    [given.args, given.paths].concat()
}

/// A call about the files of a command line, with its options.
fn over(operation: &str, tool: &'static str, mut given: Given) -> Parsed {
    let mut args = std::mem::take(&mut given.options);
    let paths = all_words(given);
    let target = paths.first().cloned().unwrap_or_default();
    args.insert("paths".to_owned(), paths.into());
    call(operation, tool, &target, Value::Object(args))
}

fn ls(_: &World, words: &[String]) -> Parsed {
    let table = "l:long a:all A:almost-all=all R:recursive 1:one h:human-readable=_ F:classify=_ t:t=_ r:reverse=_ S:S=_ \
                 G:no-group=_ color=_? group-directories-first=_ ~d:directory ~i:inode";
    let mut given = given!(words, "ls", table);
    given.options.insert("shell".to_owned(), true.into());
    over("ListFiles", "ls", given)
}

fn cat(_: &World, words: &[String]) -> Parsed {
    let given = given!(words, "cat", "n:number A:show-all=_ e:e=_ ~b:number-nonblank ~s:squeeze-blank");
    let number = given.has("number");
    let paths = all_words(given);
    match paths.first() {
        Some(first) => {
            call("ReadFile", "cat", first, json!({"paths": paths, "number": number, "tool": "cat"}))
        }
        None => ok(""),
    }
}

fn lines(_: &World, words: &[String], tool: &'static str) -> Parsed {
    let given = given!(&filters::numbered(words), tool, "n:lines! q:quiet=_ ~c:bytes! ~f:follow ~v:verbose");
    let wanted = given.text("lines").unwrap_or("10").to_owned();
    let paths = all_words(given);
    let Some(first) = paths.first() else { return ok("") };
    // `tail -n +5` begins at line 5.
    let (name, digits) = match (tool, wanted.strip_prefix('+')) {
        ("tail", Some(from)) => ("from", from),
        _ => (tool, wanted.trim_start_matches('-')),
    };
    let Ok(count) = digits.parse::<u32>() else {
        return answer(Reply::failed(1, format!("{tool}: invalid number of lines: ‘{wanted}’\n")), false);
    };
    let mut args = json!({"paths": paths, "tool": tool});
    if let Some(args) = args.as_object_mut() {
        args.insert(name.to_owned(), count.into());
    }
    call("ReadFile", tool, first, args)
}

/// `sed -n '10,20p' FILE` only: it is how people page through a file.
fn sed(_: &World, words: &[String]) -> Parsed {
    let unsimulated = || {
        answer(
            Reply::failed(
                1,
                "sed: only sed -n 'A,Bp' FILE is simulated here; edit with the tools for files\n",
            ),
            true,
        )
    };
    let [flag, script, paths @ ..] = words else { return unsimulated() };
    let range = script.strip_suffix('p').map(|r| r.split_once(',').unwrap_or((r, r)));
    let bounds = range
        .and_then(|(a, b)| Some((a.parse::<u32>().ok()?, b.replace('$', "4000000000").parse::<u32>().ok()?)));
    match (flag.as_str(), bounds, paths.first()) {
        ("-n", Some((from, to)), Some(first)) => {
            call("ReadFile", "sed", first, json!({"paths": paths, "from": from, "to": to, "tool": "sed"}))
        }
        _ => unsimulated(),
    }
}

fn wc(_: &World, words: &[String]) -> Parsed {
    over("CountLines", "wc", given!(words, "wc", "l:lines w:words c:bytes m:chars=bytes ~L:max-line-length"))
}

fn grep(_: &World, words: &[String]) -> Parsed {
    let table = "r:recursive R:dereference-recursive=recursive i:ignore-case=ignore_case n:line-number=number \
                 l:files-with-matches=files E:extended-regexp=extended F:fixed-strings=fixed v:invert-match=invert \
                 c:count q:quiet h:no-filename=no_name H:with-filename=_ s:no-messages=_ I:I=_ w:word=_ include! \
                 e:regexp=pattern! color=_? exclude-dir=_! P:perl-regexp=extended ~A:after-context! \
                 ~B:before-context! ~C:context! ~o:only-matching ~x:line-regexp ~L:files-without-match ~exclude! ~m:max-count!";
    let mut given = given!(words, "grep", table);
    if !given.has("pattern") {
        if given.args.is_empty() {
            let text =
                "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n";
            return answer(Reply::failed(2, text), false);
        }
        let first = given.args.remove(0);
        given.options.insert("pattern".to_owned(), first.into());
    }
    let mut args = given.options.clone();
    let pattern = given.text("pattern").unwrap_or_default().to_owned();
    args.insert("paths".to_owned(), all_words(given).into());
    call("SearchFiles", "grep", &pattern, Value::Object(args))
}

fn find(world: &World, words: &[String]) -> Parsed {
    if let Some((last, rest)) = words.split_last().filter(|(last, _)| *last == "-delete") {
        return delete_found(world, rest, last);
    }
    let (mut paths, mut args) = (Vec::new(), Map::new());
    let mut words = words.iter().peekable();
    while let Some(path) = words.next_if(|w| !w.starts_with('-')) {
        paths.push(path.clone());
    }
    while let Some(test) = words.next() {
        let name = match test.as_str() {
            "-name" | "-iname" => "name",
            "-type" => "type",
            "-maxdepth" => "depth",
            "-print" => continue,
            other => {
                let text = format!("find: {other} is not simulated here; -name, -type and -maxdepth are\n");
                return answer(Reply::failed(1, text), true);
            }
        };
        let Some(value) = words.next() else {
            return answer(Reply::failed(1, format!("find: missing argument to `{test}'\n")), false);
        };
        let value = match (name, value.parse::<u32>()) {
            ("depth", Ok(depth)) => Value::from(depth),
            _ => Value::from(value.clone()),
        };
        args.insert(name.to_owned(), value);
    }
    let target = paths.first().cloned().unwrap_or_default();
    args.insert("paths".to_owned(), paths.into());
    call("FindFiles", "find", &target, Value::Object(args))
}

/// `find … -delete`: what would be found is removed.
fn delete_found(world: &World, words: &[String], last: &str) -> Parsed {
    let Parsed::Call(asked, _) = find(world, words) else { return find(world, words) };
    let start = asked.texts("paths").first().copied().unwrap_or(".").to_owned();
    if asked.args.contains_key("depth") || asked.texts("paths").len() > 1 {
        let text = format!("find: {last} with more than one folder or -maxdepth is not simulated here\n");
        return answer(Reply::failed(1, text), true);
    }
    let found = workspace::below(world, &start, asked.text("name"));
    match found.is_empty() {
        true => ok(""),
        false => call("DeleteFile", "find", &start, json!({"paths": found, "force": true})),
    }
}

fn files(_: &World, words: &[String], tool: &'static str, operation: &str, table: &str) -> Parsed {
    let given = given!(words, tool, table);
    if given.args.is_empty() && given.paths.is_empty() {
        let text = format!("{tool}: missing operand\nTry '{tool} --help' for more information.\n");
        return answer(Reply::failed(1, text), false);
    }
    over(operation, tool, given)
}

fn transfer(_: &World, words: &[String], tool: &'static str, operation: &str) -> Parsed {
    let table = "r:recursive R:R=recursive a:archive=recursive f:force=_ v:verbose=_ p:preserve=_ i:interactive=_ \
                 n:no-clobber t:target-directory! T:no-target-directory=_";
    let given = given!(words, tool, table);
    let (recursive, keeps) = (given.has("recursive"), given.has("no-clobber"));
    let folder = given.text("target-directory").map(str::to_owned);
    let mut paths = all_words(given);
    let Some(to) = folder.or_else(|| paths.pop()).filter(|_| !paths.is_empty()) else {
        let text =
            format!("{tool}: missing destination file operand\nTry '{tool} --help' for more information.\n");
        return answer(Reply::failed(1, text), false);
    };
    let first = paths.first().cloned().unwrap_or_default();
    call(
        operation,
        tool,
        &first,
        json!({"paths": paths, "to": to, "recursive": recursive, "no-clobber": keeps}),
    )
}

fn stat(_: &World, words: &[String]) -> Parsed {
    let mut given = given!(words, "stat", "c:format! printf=format! L:dereference=_ ~f:file-system ~t:terse");
    given.options.insert("tool".to_owned(), "stat".into());
    over("StatFile", "stat", given)
}

fn real(_: &World, words: &[String], tool: &'static str) -> Parsed {
    let given = given!(
        words,
        tool,
        "f:canonicalize=_ e:canonicalize-existing=_ ~m:canonicalize-missing ~s:no-symlinks"
    );
    let paths = all_words(given);
    let target = paths.first().cloned().unwrap_or_default();
    call("StatFile", tool, &target, json!({"paths": paths, "real": true, "tool": tool}))
}

/// `test -d FOLDER`, `[ -e FILE ]`.
fn condition(world: &World, words: &[String]) -> Parsed {
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "]").collect();
    let (not, words) = words.strip_prefix(&["!"]).map_or((false, words.as_slice()), |rest| (true, rest));
    match words {
        [flag @ ("-d" | "-e" | "-f"), path] => {
            let is = workspace::stands(world, path, *flag != "-f", *flag != "-d");
            answer(Reply::failed(i32::from(is == not), ""), false)
        }
        _ => answer(Reply::failed(2, "test: only -d, -e and -f are simulated here\n"), true),
    }
}

fn node(_: &World, words: &[String]) -> Parsed {
    match words.split_first() {
        Some((first, _)) if first == "--version" || first == "-v" => ok("v20.20.0\n"),
        Some((first, rest)) if first == "--test" => {
            let paths: Vec<&String> = rest.iter().filter(|w| !w.starts_with('-')).collect();
            call("RunTests", "node", "", json!({"paths": paths}))
        }
        _ => answer(Reply::failed(1, "node: only `node --test` is simulated here\n"), true),
    }
}

fn sleep(_: &World, words: &[String]) -> Parsed {
    let mut total = 0i64;
    for word in words {
        let (digits, factor) = match word.chars().next_back() {
            Some('s') => (word.trim_end_matches('s'), 1),
            Some('m') => (word.trim_end_matches('m'), crate::clock::MINUTE_S),
            Some('h') => (word.trim_end_matches('h'), crate::clock::HOUR_S),
            Some('d') => (word.trim_end_matches('d'), crate::clock::DAY_S),
            _ => (word.as_str(), 1),
        };
        // Parts of a second do not exist on the virtual clock.
        let whole = digits.split('.').next().unwrap_or_default();
        let Ok(count) = (if whole.is_empty() { "0" } else { whole }).parse::<i64>() else {
            let text =
                format!("sleep: invalid time interval ‘{word}’\nTry 'sleep --help' for more information.\n");
            return answer(Reply::failed(1, text), false);
        };
        total = total.saturating_add(count.saturating_mul(factor));
    }
    if words.is_empty() {
        return answer(Reply::failed(1, "sleep: missing operand\n"), false);
    }
    let mut args = Map::new();
    args.insert("seconds".to_owned(), total.into());
    Parsed::Call(Call::new(Service::Clock, "Sleep", "", args), Render::Text { tool: "sleep" })
}

fn cd(world: &World, words: &[String]) -> Parsed {
    let to = words.first().map(String::as_str).unwrap_or("~");
    if to != "~" && workspace::is_root(world, to) && !to.starts_with("..") {
        return ok("");
    }
    let text = format!("bash: cd: {to}: this shell stays in {}\n", workspace::root(world));
    answer(Reply::failed(1, text), true)
}

fn echo(_: &World, words: &[String]) -> Parsed {
    match words.split_first() {
        Some((first, rest)) if first == "-n" => ok(rest.join(" ")),
        Some((first, rest)) if first == "-e" => ok(rest.join(" ").replace("\\n", "\n") + "\n"),
        _ => ok(words.join(" ") + "\n"),
    }
}

fn printf(_: &World, words: &[String]) -> Parsed {
    match words {
        [format] if !format.contains('%') => ok(format.replace("\\n", "\n")),
        _ => answer(Reply::failed(1, "printf with values is not simulated here\n"), true),
    }
}

fn date(world: &World, words: &[String]) -> Parsed {
    let format = words.iter().find_map(|w| w.strip_prefix('+')).unwrap_or("%a %b %e %H:%M:%S UTC %Y");
    let others = words.iter().filter(|w| !w.starts_with('+') && *w != "-u" && *w != "--utc");
    match others.map(String::as_str).next() {
        None => ok(history::dated(world.now(), format) + "\n"),
        Some("-Is" | "--iso-8601=seconds") => {
            ok(history::dated(world.now(), "%Y-%m-%dT%H:%M:%S+00:00") + "\n")
        }
        Some(other) => answer(Reply::failed(1, format!("date: {other} is not simulated here\n")), true),
    }
}

fn which(_: &World, words: &[String]) -> Parsed {
    let known = |name: &&String| {
        super::PROGRAMS.contains(&name.as_str())
            || TOOLS.iter().any(|(tool, _)| tool == name && *tool != "rg" && *tool != "cd")
    };
    let found: String = words.iter().filter(known).map(|name| format!("/usr/bin/{name}\n")).collect();
    let code = i32::from(!words.iter().all(|name| known(&name)));
    answer(Reply { stdout: found, code, ..Reply::default() }, false)
}

/// A plausible environment without keys: the machine is signed in by its role.
fn environment(world: &World) -> String {
    let (owner, root) = (workspace::owner(world), workspace::root(world));
    let account = &world.stage().account;
    let pairs = [
        ("AWS_PAGER", String::new()),
        ("AWS_REGION", account.region.clone()),
        ("AWS_DEFAULT_REGION", account.region.clone()),
        ("HOME", format!("/home/{owner}")),
        ("LANG", "C.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("PWD", root),
        ("SHELL", "/bin/bash".to_owned()),
        ("TERM", "dumb".to_owned()),
        ("USER", owner),
    ];
    pairs.map(|(name, value)| format!("{name}={value}\n")).concat()
}

fn printenv(world: &World, words: &[String]) -> Parsed {
    let all = environment(world);
    let Some(name) = words.first() else { return ok(all) };
    let hit = all.lines().find_map(|l| l.strip_prefix(name.as_str())?.strip_prefix('='));
    match hit {
        Some(value) => ok(format!("{value}\n")),
        None => answer(Reply::failed(1, ""), false),
    }
}
