//! XML as the services write it and as their clients do.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};

use super::lists;

/// Elements in each other, of what a client sends.
const LEVELS_MAX: usize = 16;

/// How a service writes lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lists {
    /// `<Stacks><member>…</member></Stacks>`.
    Member,
    /// `<DBInstances><DBInstance>…</DBInstance></DBInstances>`: each list has a name for its items.
    Named,
    /// `<Contents>…</Contents><Contents>…</Contents>`, a few lists apart.
    Flat,
}

/// Writes the members of an answer, one element each, in order. What is null is left out.
pub fn write(value: &Value, lists: Lists, out: &mut String) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                member(name, value, lists, out);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| element("member", item, lists, out)),
        Value::Null => {}
        Value::String(text) => escape(text, out),
        other => out.push_str(&other.to_string()),
    }
}

fn member(name: &str, value: &Value, lists: Lists, out: &mut String) {
    match value {
        Value::Null => {}
        // Documents travel as texts: policies in percent escapes, templates as they are.
        Value::Object(_) if name.ends_with("PolicyDocument") => {
            element(name, &Value::String(percent(&value.to_string())), lists, out);
        }
        Value::Object(_) if name == "TemplateBody" => {
            element(name, &Value::String(value.to_string()), lists, out);
        }
        Value::Array(items) => match (lists, lists::item(name, lists)) {
            (Lists::Flat, None) => {
                items.iter().for_each(|item| element(lists::flat(name), item, lists, out));
            }
            (_, item) => {
                let item = item.unwrap_or("member");
                out.push_str(&format!("<{name}>"));
                items.iter().for_each(|value| element(item, value, lists, out));
                out.push_str(&format!("</{name}>"));
            }
        },
        value => element(name, value, lists, out),
    }
}

fn element(name: &str, value: &Value, lists: Lists, out: &mut String) {
    out.push_str(&format!("<{name}>"));
    write(value, lists, out);
    out.push_str(&format!("</{name}>"));
}

/// A text between tags. What no XML can hold is left out.
pub fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' => out.push(c),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
}

/// All but what RFC 3986 calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn percent(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The document as JSON, without its root: elements that hold elements are objects, a name that comes again is a list, all
/// else is text. `None`: it is no XML, or nests deeper than any request does.
pub fn read(text: &str) -> Option<Value> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<(String, Map<String, Value>, String)> = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                open.push((name, Map::new(), String::new()));
                if open.len() > LEVELS_MAX {
                    return None;
                }
            }
            Event::Empty(start) => {
                let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                match open.last_mut() {
                    Some((_, members, _)) => add(members, name, Value::String(String::new())),
                    None => return Some(Value::Object(Map::new())),
                }
            }
            Event::Text(text) => {
                if let Some((_, _, held)) = open.last_mut() {
                    held.push_str(&text.decode().ok()?);
                }
            }
            Event::CData(text) => {
                if let Some((_, _, held)) = open.last_mut() {
                    held.push_str(&text.decode().ok()?);
                }
            }
            Event::GeneralRef(entity) => {
                let name = entity.decode().ok()?;
                let c = match entity.resolve_char_ref().ok()? {
                    Some(c) => c.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&name)?.to_owned(),
                };
                if let Some((_, _, held)) = open.last_mut() {
                    held.push_str(&c);
                }
            }
            Event::End(_) => {
                let (name, members, held) = open.pop()?;
                let value = if members.is_empty() { Value::String(held) } else { Value::Object(members) };
                match open.last_mut() {
                    Some((_, members, _)) => add(members, name, value),
                    None => return Some(value),
                }
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn add(members: &mut Map<String, Value>, name: String, value: Value) {
    match members.get_mut(&name) {
        Some(Value::Array(items)) => items.push(value),
        Some(before) => *before = Value::Array(vec![before.take(), value]),
        None => {
            members.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_clients_send_is_read() {
        let text = "<?xml version='1.0'?><Delete xmlns='x'><Object><Key>a&amp;b&#10;c</Key></Object>\n<Object><Key>d</Key>\
                    <VersionId/></Object><Quiet>true</Quiet></Delete>";
        assert_eq!(
            read(text),
            Some(json!({"Object": [{"Key": "a&b\nc"}, {"Key": "d", "VersionId": ""}], "Quiet": "true"}))
        );
        assert_eq!(read("<a>"), None);
        assert_eq!(read(&"<a>".repeat(100_000)), None);
        assert_eq!(read("<!DOCTYPE x [<!ENTITY y 'z'>]><a>&y;</a>"), None);
    }

    #[test]
    fn answers_are_written() {
        let value = json!({"Tags": [{"Key": "a<b"}], "Gone": null, "On": true,
                           "AssumeRolePolicyDocument": {"a": 1}, "DBInstances": [{"Port": 1}]});
        let shown = |lists| {
            let mut out = String::new();
            write(&value, lists, &mut out);
            out
        };
        assert!(
            shown(Lists::Member).starts_with("<Tags><member><Key>a&lt;b</Key></member></Tags><On>true</On>")
        );
        assert!(shown(Lists::Member).contains("<AssumeRolePolicyDocument>%7B%22a%22%3A1%7D</"));
        assert!(
            shown(Lists::Named)
                .ends_with("<DBInstances><DBInstance><Port>1</Port></DBInstance></DBInstances>")
        );
        assert!(shown(Lists::Flat).starts_with("<Tags><Key>a&lt;b</Key></Tags>"));
    }
}
