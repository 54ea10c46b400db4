//! An answer as the `aws` tool prints it.

use serde_json::{Value, json};

use super::Reply;
use super::aws_s3::Failing;
use super::{aws_query, aws_table};
use crate::call::{Answer, Refusal};
use crate::clock::Time;
use crate::world::fault_words::TIMED_OUT;

/// Exit code of a refusal by the service.
const REFUSED: i32 = 254;
/// Exit code of everything else.
const GENERAL: i32 = 255;

/// The layout asked for with `--output`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Layout {
    #[default]
    Json,
    Text,
    Table,
}

/// What kind of command is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    /// An operation of an API.
    Api,
    /// `wait`, with the waiter's name.
    Waiter(&'static str),
    /// `s3`: the answer says what is printed.
    Transfer(Failing),
    /// `logs tail`, in long or short form.
    Tail { short: bool },
    /// `lambda invoke` and `s3api get-object`: the content goes to a file, which may be standard output.
    Content { to_stdout: bool },
}

/// How to print an answer.
#[derive(Clone, Debug)]
pub struct Output(pub(super) Box<Print>);

impl Output {
    pub(super) fn reply(&self, answer: &Answer) -> Reply {
        self.0.reply(answer)
    }
}

/// See [`Output`].
#[derive(Clone, Debug)]
pub(super) struct Print {
    pub(super) layout: Layout,
    pub(super) manner: Manner,
    /// The operation's name, for errors and titles.
    pub(super) operation: &'static str,
    /// The JMESPath expression of `--query`.
    pub(super) query: Option<String>,
    /// The list that is cut into pages; empty for none.
    pub(super) list: &'static str,
    /// `--max-items`.
    pub(super) max_items: Option<usize>,
    /// How many items `--starting-token` leaves out.
    pub(super) skip: usize,
}

impl Print {
    fn reply(&self, answer: &Answer) -> Reply {
        let value = match answer {
            Ok(value) => dated(value),
            Err(refusal) => return self.refused(refusal),
        };
        match &self.manner {
            Manner::Waiter(_) => Reply::default(),
            Manner::Transfer(_) => printed(&value),
            Manner::Tail { short } => Reply::ok(tail(&value, *short)),
            Manner::Content { to_stdout } => self.content(value, *to_stdout),
            Manner::Api => self.shown(value),
        }
    }

    fn refused(&self, refusal: &Refusal) -> Reply {
        let (code, message) = (&refusal.code, &refusal.message);
        match &self.manner {
            Manner::Waiter(name) => {
                let name = super::aws_commands::capitals(name);
                let reason = match code.as_str() {
                    "WaiterError" => message.clone(),
                    _ => format!("An error occurred ({code}): {message}"),
                };
                Reply::failed(GENERAL, format!("\nWaiter {name} failed: {reason}\n"))
            }
            Manner::Transfer(failing) => {
                let Failing { before, operation, code: exit } = failing;
                Reply::failed(*exit, format!("{before}{}", occurred(code, operation, message)))
            }
            // The tool gave up by itself: no service said anything.
            _ if code == TIMED_OUT => Reply::failed(GENERAL, format!("\n{message}\n")),
            // An answer without a body has nowhere to say why.
            _ if self.operation.starts_with("Head") && code == "AccessDenied" => {
                Reply::failed(REFUSED, format!("\n{}", occurred("403", self.operation, "Forbidden")))
            }
            _ => Reply::failed(REFUSED, format!("\n{}", occurred(code, self.operation, message))),
        }
    }

    fn shown(&self, value: Value) -> Reply {
        if value.is_null() {
            return Reply::default();
        }
        let paged = self.paged(value);
        let found = match &self.query {
            None => paged,
            Some(query) => match aws_query::search(query, &paged) {
                Ok(found) => found,
                Err(why) => return Reply::failed(GENERAL, format!("\n{why}\n")),
            },
        };
        Reply::ok(match self.layout {
            Layout::Json => pretty(&found),
            Layout::Text => {
                let mut text = String::new();
                write_text(&found, None, None, &mut text);
                text
            }
            Layout::Table => aws_table::table(self.operation, &found),
        })
    }

    /// The answer without its content, which stands before it if it goes to standard output.
    fn content(&self, mut value: Value, to_stdout: bool) -> Reply {
        let content = value.as_object_mut().and_then(|object| {
            let payload = object.shift_remove("Payload");
            object.shift_remove("Body").or(payload)
        });
        let mut reply = self.shown(value);
        if let Some(content) = content.filter(|_| to_stdout) {
            let text = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
            reply.stdout = text + &reply.stdout;
        }
        reply
    }

    /// One page of the answer, with a token where more follows.
    fn paged(&self, mut value: Value) -> Value {
        let Some(object) = value.as_object_mut() else { return value };
        let Some(items) = object.get_mut(self.list).and_then(Value::as_array_mut) else { return value };
        items.drain(..self.skip.min(items.len()));
        let Some(max) = self.max_items.filter(|max| *max < items.len()) else { return value };
        items.truncate(max);
        object.insert("NextToken".to_owned(), Value::String(token(self.skip.saturating_add(max))));
        value
    }
}

fn occurred(code: &str, operation: &str, message: &str) -> String {
    format!("An error occurred ({code}) when calling the {operation} operation: {message}\n")
}

/// What a command prints that words its output itself.
fn printed(value: &Value) -> Reply {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let code = value.get("code").and_then(Value::as_i64).unwrap_or(0);
    Reply { stdout: text("text"), stderr: text("stderr"), code: i32::try_from(code).unwrap_or(1) }
}

/// Times as the tool writes them: with an offset instead of a `Z`. Done here, so that no service has to.
fn dated(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() == 20 && text.ends_with('Z') && Time::parse(text).is_some() => {
            Value::String(format!("{}+00:00", text.trim_end_matches('Z')))
        }
        Value::Array(items) => items.iter().map(dated).collect(),
        Value::Object(object) => {
            Value::Object(object.iter().map(|(name, value)| (name.clone(), dated(value))).collect())
        }
        other => other.clone(),
    }
}

/// JSON with four spaces; nothing for an empty structure.
fn pretty(value: &Value) -> String {
    if value.as_object().is_some_and(serde_json::Map::is_empty) {
        return String::new();
    }
    let mut bytes = Vec::new();
    let style = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, style);
    if serde::Serialize::serialize(value, &mut writer).is_err() {
        return String::new();
    }
    String::from_utf8(bytes).unwrap_or_default() + "\n"
}

/// A value that is no list and no structure, in the words of the tool's own language.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// Tab-separated lines; a structure's name in capitals before its scalars, nested ones below.
fn write_text(value: &Value, name: Option<&str>, keys: Option<&[String]>, text: &mut String) {
    match value {
        Value::Object(object) => {
            let mut names: Vec<&String> = object.keys().collect();
            names.sort();
            let own: Vec<String>;
            let keys = match keys {
                Some(keys) => keys,
                None => {
                    let scalars = names.iter().filter(|n| object.get(**n).is_some_and(is_scalar));
                    own = scalars.map(|n| (*n).clone()).collect();
                    &own
                }
            };
            let cells = keys.iter().map(|key| object.get(key).map(scalar).unwrap_or_default());
            if !keys.is_empty() {
                let line: Vec<String> = name.map(str::to_uppercase).into_iter().chain(cells).collect();
                *text += &format!("{}\n", line.join("\t"));
            }
            for name in names.into_iter().filter(|name| !keys.contains(name)) {
                if let Some(value) = object.get(name) {
                    write_text(value, Some(name), None, text);
                }
            }
        }
        Value::Array(items) => write_list(items, name, text),
        scalar_value => *text += &format!("{}\n", scalar(scalar_value)),
    }
}

fn write_list(items: &[Value], name: Option<&str>, text: &mut String) {
    if items.iter().any(Value::is_object) {
        let mut keys: Vec<String> = items
            .iter()
            .filter_map(Value::as_object)
            .flat_map(|object| object.iter().filter(|(_, value)| is_scalar(value)))
            .map(|(key, _)| key.clone())
            .collect();
        keys.sort();
        keys.dedup();
        items.iter().for_each(|item| write_text(item, name, Some(&keys), text));
        return;
    }
    let scalars: Vec<String> = items.iter().filter(|item| is_scalar(item)).map(scalar).collect();
    if !scalars.is_empty() {
        match name {
            Some(name) => {
                let name = name.to_uppercase();
                text.extend(scalars.iter().map(|cell| format!("{name}\t{cell}\n")));
            }
            None => *text += &format!("{}\n", scalars.join("\t")),
        }
    }
    items.iter().filter(|item| !is_scalar(item)).for_each(|item| write_text(item, name, None, text));
}

/// Log events, a line each.
fn tail(value: &Value, short: bool) -> String {
    let events = value.get("events").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let line = |event: &Value| {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let millis = event.get("timestamp").and_then(Value::as_i64).unwrap_or(0);
        let at = Time::from_unix(millis.div_euclid(1000)).to_string();
        let at = at.trim_end_matches('Z');
        match short {
            true => format!("{at} {}\n", text("message")),
            false => format!("{at}+00:00 {} {}\n", text("logStreamName"), text("message")),
        }
    };
    events.iter().map(line).collect()
}

/// The token that says how many items were shown: the one that the real tool makes.
pub(super) fn token(shown: usize) -> String {
    let text = json!({"NextToken": null, "boto_truncate_amount": shown}).to_string();
    encode_base64(text.replace("\":", "\": ").replace(",\"", ", \"").as_bytes())
}

/// How many items a token says were shown.
pub(super) fn shown_before(token: &str) -> Option<usize> {
    let bytes = super::aws_arguments::decode_base64(token)?;
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    value.get("boto_truncate_amount")?.as_u64().and_then(|shown| usize::try_from(shown).ok())
}

fn encode_base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let held = chunk.iter().fold(0_usize, |held, byte| held << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS.get(held >> (18 - 6 * place) & 63).copied().unwrap_or(b'=');
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}
