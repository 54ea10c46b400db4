//! The `chat` dialect: the team chat from the command line. No such tool exists elsewhere, so its help says it all.

use serde_json::{Map, Value, json};

use super::options::{Misuse, read};
use super::{Parsed, Render, Reply};
use crate::World;
use crate::call::{Answer, Call, Service};

const HELP: &str = "chat - the team chat from the command line

usage: chat post '#channel' 'text'    write into a channel; @name in the text asks that person
       chat dm NAME 'text'            write to one person
       chat send TO 'text'            either of these: TO is '#channel' or @NAME
       chat read ['#channel' | @NAME] read a channel, a direct conversation, or everything [-n COUNT]
       chat channels                  list the channels
       chat who                       list the people and what they are here for
       chat --help                    this text

People answer in the same place when they get to it, or not at all; read again later to see it.
Put texts and #channels in quotes, or the shell takes the # for a comment.

example: chat post '#general' '@mei could you look at #12? It touches the month boundary.'
";

/// How an answer is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    /// That it was sent.
    Sent,
    /// Messages, oldest first.
    Messages,
    /// Names, one on a line.
    Names,
}

impl Output {
    pub(super) fn reply(self, answer: &Answer) -> Reply {
        let value = match answer {
            Ok(value) => value,
            Err(refusal) => return Reply::failed(1, format!("chat: {}\n", refusal.message)),
        };
        let text = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
        Reply::ok(match self {
            Self::Sent => format!("sent to {} at {}\n", text(value, "channel"), text(value, "ts")),
            Self::Messages if rows.is_empty() => "no messages\n".to_owned(),
            Self::Messages => {
                let line = |m: &Value| {
                    let (at, place) = (text(m, "at"), text(m, "channel"));
                    format!("{at} {place} {}: {}\n", text(m, "by"), text(m, "text"))
                };
                rows.iter().map(line).collect()
            }
            Self::Names => {
                let line = |v: &Value| match v.get("duty").and_then(Value::as_str) {
                    Some(duty) => format!("@{:<12} {duty}\n", text(v, "name")),
                    None => format!("{}\n", text(v, "name")),
                };
                rows.iter().map(line).collect()
            }
        })
    }
}

pub(super) fn parse(_world: &World, words: &[String]) -> Parsed {
    let misused = |why: &str| {
        let text = format!("chat: {why}\nTry 'chat --help' for more information.\n");
        Parsed::Answer { reply: Reply::failed(2, text), unsimulated: false }
    };
    let Some(verb) = words.get(1) else { return misused("a command is missing") };
    let given = match read(words.get(2..).unwrap_or_default(), "n:limit! h:help") {
        Ok(given) if given.has("help") => return help(),
        Ok(given) => given,
        Err(Misuse::NeedsValue(option)) => return misused(&format!("option {option} needs a value")),
        Err(Misuse::Unknown(option) | Misuse::Unsimulated(option)) => {
            return misused(&format!("unknown option {option}"));
        }
    };
    let mut args = given.args.into_iter().chain(given.paths);
    let first = args.next().unwrap_or_default();
    let text = args.collect::<Vec<_>>().join(" ");
    let post = |channel: String| {
        let args = object(json!({"channel": channel, "text": text}));
        Parsed::Call(Call::new(Service::People, "PostMessage", &channel, args), Render::Chat(Output::Sent))
    };
    let names = |operation| {
        let call = Call::new(Service::People, operation, "", Map::new());
        Parsed::Call(call, Render::Chat(Output::Names))
    };
    match verb.as_str() {
        "--help" | "-h" | "help" => help(),
        "post" | "dm" | "send" if first.is_empty() || text.is_empty() => {
            misused(&format!("{verb} needs a {} and a text", if verb == "dm" { "name" } else { "channel" }))
        }
        "post" | "send" => post(first),
        "dm" => post(format!("@{}", first.trim_start_matches('@'))),
        "read" => {
            let channel = first;
            let mut args = object(json!({"channel": channel}));
            if let Some(limit) = given.options.get("limit").and_then(Value::as_str) {
                match limit.parse::<u32>() {
                    Ok(limit) => drop(args.insert("limit".to_owned(), Value::from(limit))),
                    Err(_) => return misused(&format!("`{limit}` is not a count of messages")),
                }
            }
            let call = Call::new(Service::People, "ReadMessages", &channel, args);
            Parsed::Call(call, Render::Chat(Output::Messages))
        }
        "channels" => names("ListChannels"),
        "who" => names("ListPeople"),
        other => misused(&format!("unknown command `{other}`")),
    }
}

fn help() -> Parsed {
    Parsed::Answer { reply: Reply::ok(HELP), unsimulated: false }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
