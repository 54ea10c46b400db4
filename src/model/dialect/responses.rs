//! OpenAI Responses: <https://platform.openai.com/docs/api-reference/responses>.
//!
//! Nothing is stored at the provider. So reasoning must be sent back, which it can be only where it came encrypted: that is
//! asked for as soon as an agent's file says anything about reasoning (a model that does not reason refuses to be asked).

use serde_json::{Value, json};

use super::borrowed::{Json, fields, object};
use super::{Arguments, arguments, list_at, openai_usage, refusal, sendable, shape, text_at};
use crate::model::answer::{Answer, Stop, ToolUse, Usage};
use crate::model::endpoint::ModelSpec;
use crate::model::failure::Failure;
use crate::model::request::{Echo, Request, Turn};

pub(super) fn body<'a>(spec: &'a ModelSpec, request: &'a Request) -> Json<'a> {
    let reasons = spec.reasoning_effort.is_some() || spec.body.contains_key("reasoning");
    let tools: Vec<Json<'_>> = request
        .tools
        .iter()
        .map(|tool| {
            object([
                ("type", "function".into()),
                ("name", tool.name.into()),
                ("description", tool.description.into()),
                ("parameters", (&tool.parameters).into()),
                ("strict", false.into()),
            ])
        })
        .collect();
    let one_tool = !spec.parallel_tools && !tools.is_empty();
    fields([
        ("model", Some((&spec.name).into())),
        ("store", Some(false.into())),
        ("include", reasons.then(|| Json::List(vec!["reasoning.encrypted_content".into()]))),
        ("max_output_tokens", Some(spec.output_tokens_max.into())),
        ("temperature", spec.temperature.map(Json::from)),
        ("top_p", spec.top_p.map(Json::from)),
        ("reasoning", spec.reasoning_effort.as_ref().map(|effort| object([("effort", effort.into())]))),
        ("stream", spec.stream.then(|| true.into())),
        ("parallel_tool_calls", one_tool.then(|| false.into())),
        ("tools", Json::List(tools).unless_empty()),
        ("instructions", (!request.system.is_empty()).then(|| (&request.system).into())),
        ("input", Some(Json::List(input(request)))),
    ])
}

fn input(request: &Request) -> Vec<Json<'_>> {
    let mut input = Vec::new();
    for turn in &request.turns {
        match turn {
            Turn::User(text) => {
                input.push(object([("role", "user".into()), ("content", text.into())]));
            }
            Turn::Assistant(echo) => input.extend(list_at(&echo.0, "").iter().map(Json::from)),
            Turn::Tools(results) => input.extend(results.iter().map(|result| {
                object([
                    ("type", "function_call_output".into()),
                    ("call_id", (&result.id).into()),
                    ("output", (&result.text).into()),
                ])
            })),
        }
    }
    input
}

pub(super) fn read(whole: &Value) -> Result<Answer, Failure> {
    let status = text_at(whole, "/status").unwrap_or("completed");
    if matches!(status, "failed" | "cancelled") {
        return Err(refusal::failed(whole.get("error").unwrap_or(&Value::Null)));
    }
    let output = whole.get("output").and_then(Value::as_array).ok_or_else(|| shape("output"))?;
    let (mut text, mut declined, mut uses, mut echo) = (String::new(), false, Vec::new(), Vec::new());
    for item in output {
        match text_at(item, "/type").ok_or_else(|| shape("type of an item"))? {
            "message" => {
                for part in list_at(item, "/content") {
                    declined |= text_at(part, "/type") == Some("refusal");
                    text.push_str(
                        text_at(part, "/text").or_else(|| text_at(part, "/refusal")).unwrap_or_default(),
                    );
                }
            }
            "function_call" => uses.push(tool(item)?),
            _ => {}
        }
        echo.extend(sent_back(item, uses.last()));
    }
    let stop = match text_at(whole, "/incomplete_details/reason") {
        Some("max_output_tokens") => Stop::OutputLimit,
        Some(reason @ "content_filter") => Stop::Declined(reason.to_owned()),
        Some(other) => Stop::Other(other.to_owned()),
        None if status != "completed" => Stop::Other(status.to_owned()),
        None if declined => Stop::Declined("refusal".to_owned()),
        None if uses.is_empty() => Stop::Finished,
        None => Stop::Tools,
    };
    Ok(Answer { text, uses, echo: Echo(Value::Array(echo)), usage: usage(whole), stop })
}

fn tool(item: &Value) -> Result<ToolUse, Failure> {
    let id = text_at(item, "/call_id").ok_or_else(|| shape("call_id of a function call"))?;
    let name = text_at(item, "/name").ok_or_else(|| shape("name of a function"))?;
    let text = text_at(item, "/arguments").ok_or_else(|| shape("arguments of a function"))?;
    Ok(ToolUse { id: id.to_owned(), name: name.to_owned(), arguments: arguments(text) })
}

/// An item as it is sent back; none for reasoning that nobody could read: it is not stored, and not encrypted.
fn sent_back(item: &Value, used: Option<&ToolUse>) -> Option<Value> {
    match text_at(item, "/type") {
        Some("reasoning") => text_at(item, "/encrypted_content").map(|_| item.clone()),
        Some("function_call") => {
            let mut item = item.clone();
            if let (
                Some(ToolUse { arguments: broken @ Arguments::Malformed { .. }, .. }),
                Value::Object(call),
            ) = (used, &mut item)
            {
                call.insert("arguments".to_owned(), json!(sendable(broken).to_string()));
            }
            Some(item)
        }
        _ => Some(item.clone()),
    }
}

pub(super) fn usage(whole: &Value) -> Option<Usage> {
    openai_usage(whole, "input_tokens", "output_tokens")
}

/// The last event holds the whole answer; items are kept for servers that leave them out of it.
#[derive(Default)]
pub(super) struct Collected {
    items: Vec<Value>,
    whole: Option<Value>,
}

impl Collected {
    pub fn take(&mut self, mut data: Value) -> Result<bool, Failure> {
        let kind = text_at(&data, "/type").ok_or_else(|| shape("type of an event"))?;
        match kind {
            "response.output_item.done" => {
                self.items.extend(data.get_mut("item").map(Value::take));
                Ok(false)
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                let whole = data.get_mut("response").map(Value::take);
                self.whole = Some(whole.filter(Value::is_object).ok_or_else(|| shape("response"))?);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    pub fn whole(self) -> Option<Value> {
        let mut whole = self.whole?;
        if list_at(&whole, "/output").is_empty()
            && !self.items.is_empty()
            && let Value::Object(fields) = &mut whole
        {
            fields.insert("output".to_owned(), Value::Array(self.items));
        }
        Some(whole)
    }
}
