//! `dig`, `host` and `nslookup`: what a name is, asked of a resolver or of one name server.

use serde_json::{Map, Value, json};

use super::shell::answer;
use super::{Parsed, Render, Reply};
use crate::World;
use crate::call::{Call, Service};

const KINDS: &[&str] = &[
    "A", "AAAA", "ANY", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV",
    "SSHFP", "SVCB", "TLSA", "TXT",
];
/// What `dig` may be told that changes nothing here.
const INDIFFERENT: &[&str] = &[
    "recurse",
    "norecurse",
    "rec",
    "norec",
    "cmd",
    "nocmd",
    "comments",
    "nocomments",
    "stats",
    "nostats",
    "question",
    "noquestion",
    "authority",
    "noauthority",
    "additional",
    "noadditional",
    "tcp",
    "notcp",
    "edns",
    "noedns",
    "all",
    "nodnssec",
    "multiline",
    "nomultiline",
    "ttlid",
    "noshort",
    "notrace",
];
const BEYOND: &[&str] =
    &["dnssec", "nssearch", "identify", "subnet", "json", "yaml", "split", "cdflag", "adflag"];

fn says(code: i32, text: impl Into<String>) -> Parsed {
    answer(Reply::failed(code, text), false)
}

fn beyond(tool: &str, what: &str) -> Parsed {
    answer(Reply::failed(1, format!("{tool}: {what} is not simulated here\n")), true)
}

/// Whether a word is one of the tools.
pub(super) fn is_tool(word: &str) -> bool {
    matches!(word, "dig" | "host" | "nslookup")
}

/// Understands a tool's words.
pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    let (tool, rest) = words.split_first().map(|(w, r)| (w.as_str(), r)).unwrap_or_default();
    if world.stage().dns.is_none() {
        return answer(Reply::failed(127, format!("bash: {tool}: command not found\n")), true);
    }
    match tool {
        "dig" => dig(rest),
        "host" => host(rest),
        _ => nslookup(rest),
    }
}

fn call(tool: &str, name: &str, mut args: Map<String, Value>) -> Parsed {
    args.insert("tool".to_owned(), json!(tool));
    args.insert("name".to_owned(), json!(name));
    Parsed::Call(Call::new(Service::Dns, "Resolve", name, args), Render::Text { tool: "dig" })
}

fn dig(words: &[String]) -> Parsed {
    let (mut args, mut name, mut only_answer) = (Map::new(), String::new(), (false, false));
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if let Some(server) = word.strip_prefix('@') {
            args.insert("server".to_owned(), json!(server));
            continue;
        }
        if let Some(option) = word.strip_prefix('+') {
            let plain = option.split('=').next().unwrap_or(option);
            match plain {
                "short" | "trace" => drop(args.insert(plain.to_owned(), json!(true))),
                "noall" => only_answer.0 = true,
                "answer" => only_answer.1 = true,
                "noanswer" | "time" | "tries" | "timeout" | "retry" | "bufsize" => {}
                plain if INDIFFERENT.contains(&plain) => {}
                plain if BEYOND.contains(&plain) => return beyond("dig", &format!("+{plain}")),
                _ => {
                    return says(
                        1,
                        format!(
                            "Invalid option: +{option}\nUsage:  dig [@global-server] [domain] [q-type] [q-class] {{q-opt}}\n"
                        ),
                    );
                }
            }
            continue;
        }
        match word.as_str() {
            "-4" | "-6" => {}
            "-t" | "-q" => match rest.next() {
                Some(value) if word == "-t" => drop(args.insert("type".to_owned(), json!(value))),
                Some(value) => name.clone_from(value),
                None => return says(1, format!("Invalid option: {word}\n")),
            },
            "-x" | "-f" | "-b" | "-k" | "-p" | "-y" => return beyond("dig", word),
            option if option.starts_with('-') => return says(1, format!("Invalid option: {option}\n")),
            kind if KINDS.contains(&kind.to_ascii_uppercase().as_str()) && !name.is_empty() => {
                args.insert("type".to_owned(), json!(kind));
            }
            kind if KINDS.contains(&kind.to_ascii_uppercase().as_str()) && !args.contains_key("type") => {
                args.insert("type".to_owned(), json!(kind));
            }
            "IN" | "in" => {}
            _ if name.is_empty() => name.clone_from(word),
            _ => return beyond("dig", "more than one name"),
        }
    }
    if name.is_empty() {
        return beyond("dig", "the list of root servers");
    }
    if only_answer == (true, true) {
        args.insert("answer_alone".to_owned(), json!(true));
    }
    args.insert("line".to_owned(), json!(words.join(" ")));
    finish("dig", &name, args)
}

fn finish(tool: &str, name: &str, args: Map<String, Value>) -> Parsed {
    let kind = args.get("type").and_then(Value::as_str).unwrap_or("A").to_ascii_uppercase();
    if kind == "ANY" || !KINDS.contains(&kind.as_str()) {
        return beyond(tool, &format!("the type {kind}"));
    }
    call(tool, name, args)
}

/// Name and server behind the options of `host` and `nslookup`.
fn plain(tool: &str, mut args: Map<String, Value>, names: &[&String]) -> Parsed {
    match names {
        [name] => finish(tool, name, args),
        [name, server] => {
            args.insert("server".to_owned(), json!(server));
            finish(tool, name, args)
        }
        _ => says(1, format!("Usage: {tool} name [server]\n")),
    }
}

fn host(words: &[String]) -> Parsed {
    let (mut args, mut names) = (Map::new(), Vec::new());
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-t" => match rest.next() {
                Some(value) => drop(args.insert("type".to_owned(), json!(value))),
                None => return says(1, "host: option requires an argument -- 't'\n"),
            },
            "-4" | "-6" | "-r" | "-T" | "-U" => {}
            "-a" | "-C" | "-l" | "-v" | "-d" => return beyond("host", word),
            option if option.starts_with('-') => {
                return says(1, format!("host: illegal option -- {option}\n"));
            }
            _ => names.push(word),
        }
    }
    plain("host", args, &names)
}

fn nslookup(words: &[String]) -> Parsed {
    let (mut args, mut names) = (Map::new(), Vec::new());
    for word in words {
        let kind = ["-type=", "-querytype=", "-q="].iter().find_map(|option| word.strip_prefix(option));
        match kind {
            Some(kind) => drop(args.insert("type".to_owned(), json!(kind))),
            None if word.starts_with('-') => return beyond("nslookup", word),
            None => names.push(word),
        }
    }
    if names.is_empty() {
        return beyond("nslookup", "a session");
    }
    plain("nslookup", args, &names)
}
