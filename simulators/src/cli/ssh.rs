//! `ssh HOST COMMAND`: one command on a machine with a database server.

use serde_json::{Map, Value, json};

use super::options::{Given, Misuse, leading, read};
use super::shell::answer;
use super::{Parsed, Render, Reply, psql};
use crate::World;
use crate::call::{Call, Service};

/// Options of `ssh`; they change nothing here.
const OPTIONS: &str = "o:=_! i:=_! p:=_! l:=_! F:=_! J:=_! t:=_ T:=_ n:=_ q:=_ v:=_ A:=_ 4:=_ 6:=_ C:=_";

const BASE_BACKUP: &str = "D:pgdata=directory! h:host=from! U:username=_! p:port=_! R:write-recovery-conf=follow P:progress=_ v:verbose=_ \
    X:wal-method=_! c:checkpoint=_! C:create-slot=_ S:slot=_! w:no-password=_ F:format=_! ~z:gzip ~t:target! ~r:max-rate!";

fn says(code: i32, text: impl Into<String>) -> Parsed {
    answer(Reply::failed(code, text), false)
}

fn beyond(what: &str) -> Parsed {
    answer(Reply::failed(1, format!("{what} is not simulated on other machines\n")), true)
}

/// Understands the words behind `ssh`.
pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    let rest = match leading(words, OPTIONS) {
        Ok((_, rest)) => rest,
        Err(Misuse::Unknown(option) | Misuse::Unsimulated(option)) => {
            return answer(Reply::failed(255, format!("ssh: {option} is not simulated here\n")), true);
        }
        Err(Misuse::NeedsValue(_)) => &[],
    };
    let [host, command @ ..] = rest else {
        return says(255, "usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] destination [command [argument ...]]\n");
    };
    let name = host.rsplit_once('@').map_or(host.as_str(), |(_, name)| name);
    let short = name.split('.').next().unwrap_or(name);
    if world.stage().host.iter().all(|known| known.name != short) {
        return says(255, format!("ssh: Could not resolve hostname {name}: Name or service not known\n"));
    }
    if command.is_empty() {
        return answer(
            Reply::failed(255, "ssh: a session is not simulated here; give the command with it\n"),
            true,
        );
    }
    // As the real one does: the words are put together again, and the shell over there takes them apart.
    let line = command.join(" ");
    let Ok(words) = shell_words::split(&line) else {
        return says(2, "bash: -c: unexpected EOF while looking for matching quote\n");
    };
    let is_joined = |word: &String| {
        let text = word.trim_end_matches(';');
        matches!(text, "&&" | "||" | "|" | "&" | ">" | ">>") || word.ends_with(';')
    };
    if words.iter().any(is_joined) {
        return beyond("more than one command");
    }
    on(world, short, &words, "ops")
}

/// A command on the machine, after whoever it is run as.
fn on(world: &World, host: &str, words: &[String], user: &str) -> Parsed {
    let (tool, rest) = words.split_first().map(|(t, r)| (t.as_str(), r)).unwrap_or_default();
    let name = tool.rsplit('/').next().unwrap_or(tool);
    match (name, rest) {
        ("sudo", [flag, user, rest @ ..]) if flag == "-u" => on(world, host, rest, user),
        ("sudo", [flag, rest @ ..]) if matches!(flag.as_str(), "-n" | "-i" | "-H") => {
            on(world, host, &[&["sudo".to_owned()], rest].concat(), user)
        }
        ("sudo", rest) => on(world, host, rest, "root"),
        ("bash" | "sh", [flag, line]) if flag == "-c" || flag == "-lc" => match shell_words::split(line) {
            Ok(words) => on(world, host, &words, user),
            Err(_) => says(2, "bash: -c: unexpected EOF while looking for matching quote\n"),
        },
        ("psql", rest) => {
            let database = world.stage().database.first();
            let (owner, name) = database.map(|d| (d.user.as_str(), d.name.as_str())).unwrap_or_default();
            let asked = ["psql", "-h", host, "-U", owner, "-d", name].map(str::to_owned);
            psql::parse(world, &[&asked, rest].concat())
        }
        ("systemctl", rest) => service(host, rest),
        ("pg_ctlcluster", [_, _, action, ..]) => controlled(host, action),
        ("pg_ctl", rest) => match rest.iter().find(|word| !word.starts_with('-') && !word.starts_with('/')) {
            Some(action) => controlled(host, action),
            None => says(1, "pg_ctl: no operation specified\n"),
        },
        ("pg_basebackup", rest) => base_backup(host, rest),
        ("hostname" | "uptime" | "whoami" | "df" | "pg_lsclusters" | "ps" | "journalctl", _) => {
            call(host, name, json!({"as": user}))
        }
        ("date", _) => super::parse(world, words),
        ("ls" | "du" | "cat" | "tail" | "rm" | "mv", rest) => files(host, name, rest),
        ("", _) => says(0, ""),
        (other, _) => beyond(other),
    }
}

fn call(host: &str, operation: &str, args: Value) -> Parsed {
    let mut args = if let Value::Object(map) = args { map } else { Map::new() };
    args.insert("host".to_owned(), json!(host));
    Parsed::Call(Call::new(Service::Hosts, operation, host, args), Render::Text { tool: "ssh" })
}

fn service(host: &str, words: &[String]) -> Parsed {
    let plain: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    match plain.as_slice() {
        [action, unit] if unit.starts_with("postgresql") => controlled(host, action),
        [_, unit] => says(5, format!("Unit {unit}.service not found.\n")),
        _ => beyond("systemctl without an action and a unit"),
    }
}

fn controlled(host: &str, action: &str) -> Parsed {
    match action {
        "start" => call(host, "systemctl start", json!({})),
        "stop" => call(host, "systemctl stop", json!({})),
        "restart" => call(host, "systemctl restart", json!({})),
        "status" | "is-active" => call(host, "systemctl status", json!({})),
        "promote" => call(host, "pg_promote", json!({})),
        other => beyond(other),
    }
}

fn given(words: &[String], tool: &str, table: &str) -> Result<Given, Box<Parsed>> {
    read(words, table).map_err(|misuse| {
        Box::new(match misuse {
            Misuse::Unsimulated(option) => beyond(&format!("{tool} {option}")),
            Misuse::Unknown(option) => {
                says(1, format!("{tool}: invalid option -- '{}'\n", option.trim_start_matches('-')))
            }
            Misuse::NeedsValue(option) => says(
                1,
                format!("{tool}: option requires an argument -- '{}'\n", option.trim_start_matches('-')),
            ),
        })
    })
}

fn base_backup(host: &str, words: &[String]) -> Parsed {
    let given = match given(words, "pg_basebackup", BASE_BACKUP) {
        Ok(given) => given,
        Err(parsed) => return *parsed,
    };
    if !given.has("directory") {
        return says(1, "pg_basebackup: error: no target directory specified\n");
    }
    if !given.has("from") {
        let text = "pg_basebackup: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: No such file or directory\n";
        return says(1, text);
    }
    let (directory, from) = (given.text("directory"), given.text("from"));
    call(host, "pg_basebackup", json!({"directory": directory, "from": from, "follow": given.has("follow")}))
}

fn files(host: &str, tool: &str, words: &[String]) -> Parsed {
    let table = match tool {
        "rm" => "r:recursive R:R=recursive f:force v:verbose=_",
        "ls" => "l:long=_ a:all=_ A:almost-all=_ h:human-readable=_ t:t=_ r:reverse=_ 1:one=_ d:directory=_",
        "du" => "s:summarize=_ h:human-readable=_ x:one-file-system=_ c:total=_ d:max-depth=_!",
        "mv" => "f:force=_ v:verbose=_ n:no-clobber=_ T:no-target-directory=_",
        "tail" => "n:lines! f:follow=_ F:F=_",
        _ => "n:number=_",
    };
    let given = match given(&super::filters::numbered(words), tool, table) {
        Ok(given) => given,
        Err(parsed) => return *parsed,
    };
    let mut args = given.options;
    let paths = [given.args, given.paths].concat();
    if paths.is_empty() {
        return says(1, format!("{tool}: missing operand\n"));
    }
    args.insert("paths".to_owned(), json!(paths));
    let operation = if tool == "tail" { "cat" } else { tool };
    if tool == "tail" && !args.contains_key("lines") {
        args.insert("lines".to_owned(), json!("10"));
    }
    call(host, operation, Value::Object(args))
}
