//! `gam`, with which administrators look at and change many messages of a mailbox.

use serde_json::{Map, json};

use super::shell::answer;
use super::{Parsed, Render, Reply};
use crate::World;
use crate::call::{Call, Service};
use crate::service::mail_query::beyond as not_simulated;

/// Verbs, each with its operation and the name of its limit.
const VERBS: &[(&str, &str, &str)] = &[
    ("show", "ShowMessages", "max_to_show"),
    ("print", "ShowMessages", "max_to_print"),
    ("delete", "DeleteMessages", "max_to_delete"),
    ("trash", "TrashMessages", "max_to_trash"),
    ("untrash", "UntrashMessages", "max_to_untrash"),
    ("modify", "LabelMessages", "max_to_modify"),
];

const HELP: &str = "Usage: gam user <UserItem> <Command>\n\n  show|print messages|threads [query <String>] [max_to_show <Number>] [countsonly]\n  \
show messages ids <MessageID> [showbody]\n  show labels\n  delete|trash|untrash messages|threads query <String> [max_to_<verb> <Number>] [doit]\n  \
modify messages query <String> [max_to_modify <Number>] [addlabel <Name>] [removelabel <Name>] [doit]\n\n\
Without doit nothing is done. Without a limit one message is worked on; 0 is no limit. delete is for good; trash is emptied after 30 days.\n";

fn wrong(text: impl AsRef<str>) -> Parsed {
    answer(Reply::failed(2, format!("ERROR: {}\n", text.as_ref())), false)
}

fn beyond(what: &str) -> Parsed {
    answer(Reply::failed(1, format!("gam: {what} is not simulated here\n")), true)
}

/// Understands the words behind `gam`.
pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    if world.stage().mailbox.is_empty() {
        return answer(Reply::failed(127, "bash: gam: command not found\n"), true);
    }
    let plain: Vec<&str> = words.iter().map(String::as_str).collect();
    match plain.as_slice() {
        [] | ["help" | "--help", ..] => answer(Reply::ok(HELP), false),
        ["version", ..] => answer(Reply::ok("GAM 7.20.04\n"), false),
        ["user", user, "show" | "print", "labels", ..] => call("ShowLabels", user, Map::new()),
        ["user", user, verb, "messages" | "message" | "threads" | "thread", rest @ ..] => {
            messages(user, verb, rest)
        }
        ["user", _, _, what, ..] => beyond(what),
        [first, ..] => beyond(first),
    }
}

fn call(operation: &str, user: &str, mut args: Map<String, serde_json::Value>) -> Parsed {
    args.insert("user".to_owned(), json!(user));
    Parsed::Call(Call::new(Service::Mailboxes, operation, user, args), Render::Text { tool: "ERROR" })
}

fn messages(user: &str, verb: &str, words: &[&str]) -> Parsed {
    let Some((_, operation, limit)) = VERBS.iter().find(|(known, ..)| *known == verb) else {
        return beyond(&format!("{verb} messages"));
    };
    let (mut args, mut does) = (Map::new(), false);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let name = match *word {
            "doit" => {
                does = true;
                continue;
            }
            "countsonly" | "showlabels" | "showbody" | "showsnippet" => {
                args.insert((*word).to_owned(), json!(true));
                continue;
            }
            "query" | "addlabel" | "removelabel" => *word,
            "ids" | "id" => "id",
            word if word == *limit || word == "max_to_process" => {
                if *operation == "ShowMessages" {
                    "max_to_show"
                } else {
                    "most"
                }
            }
            "matchlabel" | "labelids" | "headers" | "save_attachments" | "quick" | "notquick" => {
                return beyond(word);
            }
            word => return wrong(format!("Invalid argument: {word}")),
        };
        let Some(value) = rest.next() else { return wrong(format!("Missing argument: Expected <{name}>")) };
        args.insert(name.to_owned(), json!(value));
    }
    let query = args.get("query").and_then(|q| q.as_str()).unwrap_or_default();
    if let Some(word) = not_simulated(query) {
        return beyond(&format!("{word} in a query"));
    }
    if *operation == "ShowMessages" {
        let reads = args.contains_key("id");
        return call(if reads { "ReadMessage" } else { operation }, user, args);
    }
    if args.contains_key("id") {
        return beyond("ids");
    }
    if query.is_empty() {
        return wrong("Missing argument: Expected <query>");
    }
    if verb == "modify" && !args.contains_key("addlabel") && !args.contains_key("removelabel") {
        return wrong("Missing argument: Expected <addlabel|removelabel>");
    }
    args.insert("verb".to_owned(), json!(verb));
    call(if does { operation } else { "CountMessages" }, user, args)
}
