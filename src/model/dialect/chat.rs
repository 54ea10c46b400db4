//! OpenAI Chat Completions, and what follows it: <https://platform.openai.com/docs/api-reference/chat>.
//!
//! Reasoning that such providers add to a message (`reasoning_content`, `reasoning_details`, `reasoning`) is sent back with it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::borrowed::{Json, fields, object};
use super::{arguments, at, count_at, openai_usage, sendable, shape, text_at};
use crate::model::answer::{Answer, Stop, ToolUse, Usage};
use crate::model::endpoint::{ModelSpec, Provider};
use crate::model::failure::Failure;
use crate::model::request::{Echo, Request, Turn};

pub(super) fn body<'a>(spec: &'a ModelSpec, request: &'a Request) -> Json<'a> {
    let most = Json::from(spec.output_tokens_max);
    // OpenAI's own reasoning models know the new name alone, most others the old one alone.
    let (new, old) = match spec.provider {
        Provider::Openai => (Some(most), None),
        _ => (None, Some(most)),
    };
    let tools: Vec<Json<'_>> = request
        .tools
        .iter()
        .map(|tool| {
            let function = object([
                ("name", tool.name.into()),
                ("description", tool.description.into()),
                ("parameters", (&tool.parameters).into()),
            ]);
            object([("type", "function".into()), ("function", function)])
        })
        .collect();
    let one_tool = !spec.parallel_tools && !tools.is_empty();
    fields([
        ("model", Some((&spec.name).into())),
        ("max_completion_tokens", new),
        ("max_tokens", old),
        ("temperature", spec.temperature.map(Json::from)),
        ("top_p", spec.top_p.map(Json::from)),
        ("seed", spec.seed.map(Json::from)),
        ("reasoning_effort", spec.reasoning_effort.as_ref().map(Json::from)),
        ("stream", spec.stream.then(|| true.into())),
        ("stream_options", spec.stream.then(|| object([("include_usage", true.into())]))),
        ("parallel_tool_calls", one_tool.then(|| false.into())),
        ("tools", Json::List(tools).unless_empty()),
        ("messages", Some(Json::List(messages(request)))),
    ])
}

fn messages(request: &Request) -> Vec<Json<'_>> {
    let mut messages = Vec::new();
    if !request.system.is_empty() {
        messages.push(said("system", &request.system));
    }
    for turn in &request.turns {
        match turn {
            Turn::User(text) => messages.push(said("user", text)),
            Turn::Assistant(echo) => messages.push((&echo.0).into()),
            Turn::Tools(results) => messages.extend(results.iter().map(|result| {
                object([
                    ("role", "tool".into()),
                    ("tool_call_id", (&result.id).into()),
                    ("content", (&result.text).into()),
                ])
            })),
        }
    }
    messages
}

fn said<'a>(role: &'a str, text: &'a str) -> Json<'a> {
    object([("role", role.into()), ("content", text.into())])
}

pub(super) fn read(whole: &Value) -> Result<Answer, Failure> {
    let choice = at(whole, "/choices/0").ok_or_else(|| shape("choices"))?;
    let message = choice.get("message").and_then(Value::as_object).ok_or_else(|| shape("message"))?;
    let uses = uses(message)?;
    let refusal = message.get("refusal").and_then(Value::as_str);
    let text = match message.get("content") {
        None | Some(Value::Null) => refusal.unwrap_or_default().to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| text_at(part, "/text")).collect(),
        Some(_) => return Err(shape("text as its content")),
    };
    let stop = match text_at(choice, "/finish_reason").unwrap_or_default() {
        _ if refusal.is_some() => Stop::Declined("refusal".to_owned()),
        "length" => Stop::OutputLimit,
        "content_filter" => Stop::Declined("content_filter".to_owned()),
        "stop" | "tool_calls" | "function_call" | "" if !uses.is_empty() => Stop::Tools,
        "stop" | "" => Stop::Finished,
        other => Stop::Other(other.to_owned()),
    };
    Ok(Answer { text, echo: echo(message, &uses), uses, usage: usage(whole), stop })
}

fn uses(message: &Map<String, Value>) -> Result<Vec<ToolUse>, Failure> {
    let calls = match message.get("tool_calls") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(calls) => calls.as_array().ok_or_else(|| shape("list of tool calls"))?,
    };
    let one = |call: &Value| {
        let id = text_at(call, "/id").ok_or_else(|| shape("id of a tool call"))?;
        let name = text_at(call, "/function/name").ok_or_else(|| shape("name of a tool"))?;
        let arguments = match at(call, "/function/arguments") {
            Some(Value::String(text)) => arguments(text),
            Some(Value::Null) | None => arguments(""),
            // Some servers send the object itself.
            Some(other) => arguments(&other.to_string()),
        };
        Ok(ToolUse { id: id.to_owned(), name: name.to_owned(), arguments })
    };
    calls.iter().map(one).collect()
}

/// The message without what is empty: servers that check their requests strictly do not know all that they send.
fn echo(message: &Map<String, Value>, uses: &[ToolUse]) -> Echo {
    let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    let kept = message.iter().filter(|(key, value)| *key == "content" || !is_empty(value));
    let mut echo: Map<String, Value> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    echo.insert("role".to_owned(), json!("assistant"));
    if let Some(Value::Array(calls)) = echo.get_mut("tool_calls") {
        for (call, used) in calls.iter_mut().zip(uses) {
            let Some(Value::Object(function)) = call.get_mut("function") else { continue };
            if !matches!(&used.arguments, super::Arguments::Parsed(_)) {
                function.insert("arguments".to_owned(), json!(sendable(&used.arguments).to_string()));
            }
        }
    }
    Echo(Value::Object(echo))
}

pub(super) fn usage(whole: &Value) -> Option<Usage> {
    openai_usage(whole, "prompt_tokens", "completion_tokens")
}

/// What an event adds. Whatever else each of them says again is not read: there are hundreds in an answer.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Piece {
    choices: Value,
    usage: Value,
    error: Value,
    #[serde(rename = "type")]
    kind: Value,
}

impl Piece {
    /// Of an event's data; `None`: it is something else, perhaps the provider's word that it failed.
    pub fn of(data: &str) -> Option<Self> {
        // A list would be read as the fields in their order.
        let piece: Self = serde_json::from_str(data).ok().filter(|_| data.trim_start().starts_with('{'))?;
        (piece.error.is_null() && piece.kind != "error").then_some(piece)
    }
}

impl From<Value> for Piece {
    fn from(mut data: Value) -> Self {
        let mut part = |key: &str| data.get_mut(key).map(Value::take).unwrap_or_default();
        Self { choices: part("choices"), usage: part("usage"), ..Self::default() }
    }
}

/// A message that comes in pieces.
#[derive(Default)]
pub(super) struct Collected {
    message: Map<String, Value>,
    finish: Option<Value>,
    usage: Option<Value>,
}

impl Collected {
    pub fn take(&mut self, piece: Piece) -> Result<bool, Failure> {
        if piece.usage.is_object() {
            self.usage = Some(piece.usage);
        }
        let Value::Array(choices) = piece.choices else { return Ok(false) };
        for mut choice in choices {
            if count_at(&choice, "/index") != 0 {
                continue;
            }
            match choice.get_mut("delta").map(Value::take) {
                Some(Value::Object(delta)) => grow(&mut self.message, delta),
                None | Some(Value::Null) => {}
                Some(_) => return Err(shape("pieces of a message")),
            }
            if let Some(reason) = choice.get_mut("finish_reason").filter(|reason| !reason.is_null()) {
                self.finish = Some(reason.take());
            }
        }
        // What it took comes after the end, and `[DONE]` after that.
        Ok(false)
    }

    pub fn whole(self) -> Option<Value> {
        let finish = self.finish?;
        let choice = json!({"index": 0, "message": self.message, "finish_reason": finish});
        Some(json!({"choices": [choice], "usage": self.usage}))
    }
}

/// Keys whose text comes whole, not in pieces.
const WHOLE: [&str; 5] = ["id", "type", "role", "format", "name"];

/// Adds a piece: texts grow, lists grow by their entries' `index`, everything else is as it was last said.
fn grow(message: &mut Map<String, Value>, piece: Map<String, Value>) {
    for (key, value) in piece {
        match (message.get_mut(&key), value) {
            (known, Value::Null) => {
                if known.is_none() {
                    message.insert(key, Value::Null);
                }
            }
            (Some(Value::String(text)), Value::String(more)) if !WHOLE.contains(&key.as_str()) => {
                text.push_str(&more);
            }
            // A name that is repeated empty is the one that was said.
            (Some(Value::String(text)), Value::String(more)) if more.is_empty() && !text.is_empty() => {}
            (Some(Value::Object(object)), Value::Object(more)) => grow(object, more),
            (Some(Value::Array(list)), Value::Array(more)) => more.into_iter().for_each(|e| add(list, e)),
            (_, Value::Array(more)) => {
                let mut list = Vec::new();
                more.into_iter().for_each(|entry| add(&mut list, entry));
                message.insert(key, Value::Array(list));
            }
            (_, value) => {
                message.insert(key, value);
            }
        }
    }
}

/// Adds an entry to a list, or a piece to the entry of its index. A piece with another id begins an entry of its own: some
/// servers number all their calls 0.
fn add(list: &mut Vec<Value>, piece: Value) {
    let id = text_at(&piece, "/id").filter(|id| !id.is_empty());
    let is_same = |entry: &&mut Value| {
        let known = text_at(entry, "/id").filter(|id| !id.is_empty());
        entry.get("index") == piece.get("index") && (id.is_none() || known.is_none() || known == id)
    };
    let place = match piece.get("index") {
        Some(_) => list.iter_mut().rev().find(is_same),
        None => None,
    };
    match (place, piece) {
        (Some(Value::Object(entry)), Value::Object(more)) => grow(entry, more),
        (_, piece) => list.push(piece),
    }
}
