//! What a stand-in says, in the wire formats of the four dialects: from the providers' published schemas, as little as clients take.

use serde_json::{Map, Value, json};

use super::heard::Offered;
use crate::model::endpoint::Dialect;

/// What it says in one turn.
#[derive(Clone, PartialEq, Debug)]
pub enum Saying {
    /// A text, and so it has ended.
    Text(String),
    /// It uses a tool.
    Tool {
        /// Which.
        name: String,
        /// The namespace that the tool stands in; none: an empty word.
        namespace: String,
        /// With what.
        arguments: Value,
        /// Tells this use from others in the conversation.
        id: usize,
    },
}

/// Tokens, for clients that want some counted.
const TOKENS: u64 = 7;

impl Saying {
    /// A use of a tool that is offered, the n-th of the conversation.
    pub fn using(tool: &Offered, arguments: Value, n: usize) -> Self {
        let (name, namespace) = (tool.name.clone(), tool.namespace.clone());
        Self::Tool { name, namespace, arguments, id: n }
    }

    /// The same where an answer of some shape is expected: a text becomes the emptiest of that shape.
    pub(super) fn shaped(self, shape: Option<&Value>) -> Self {
        match (self, shape) {
            (Self::Text(_), Some(shape)) => Self::Text(emptiest(shape).to_string()),
            (said, _) => said,
        }
    }

    fn id(&self) -> String {
        match self {
            Self::Text(_) => "said".to_owned(),
            Self::Tool { id, .. } => format!("call_{id}"),
        }
    }

    /// The body of an answer that comes whole.
    pub(super) fn whole(&self, dialect: Dialect, model: &str) -> Value {
        match dialect {
            Dialect::OpenaiChat => json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": model, "usage": chat_usage(),
                "choices": [{"index": 0, "message": self.chat(), "finish_reason": self.chat_end()}],
            }),
            Dialect::OpenaiResponses => response(model, "completed", &[self.item("completed", true)]),
            Dialect::AnthropicMessages => self.message(model, &[self.block(true)], self.message_end().into()),
            Dialect::Gemini => self.gemini(model),
        }
    }

    /// The body of an answer that comes as events.
    pub(super) fn events(&self, dialect: Dialect, model: &str) -> String {
        match dialect {
            Dialect::OpenaiChat => self.chat_events(model),
            Dialect::OpenaiResponses => numbered(&self.response_events(model)),
            Dialect::AnthropicMessages => named(&self.message_events(model)),
            Dialect::Gemini => format!("data: {}\n\n", self.gemini(model)),
        }
    }

    fn chat(&self) -> Value {
        match self {
            Self::Text(text) => json!({"role": "assistant", "content": text}),
            Self::Tool { name, arguments, .. } => {
                let function = json!({"name": name, "arguments": arguments.to_string()});
                let tool = json!({"index": 0, "id": self.id(), "type": "function", "function": function});
                json!({"role": "assistant", "content": null, "tool_calls": [tool]})
            }
        }
    }

    const fn chat_end(&self) -> &'static str {
        if matches!(self, Self::Text(_)) { "stop" } else { "tool_calls" }
    }

    fn chat_events(&self, model: &str) -> String {
        let chunk = |choices: Value, usage: Value| {
            let chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": model,
                               "choices": choices, "usage": usage});
            format!("data: {chunk}\n\n")
        };
        let choice = |delta: Value, end: Value| json!([{"index": 0, "delta": delta, "finish_reason": end}]);
        [
            chunk(choice(self.chat(), Value::Null), Value::Null),
            chunk(choice(json!({}), self.chat_end().into()), Value::Null),
            chunk(json!([]), chat_usage()),
            "data: [DONE]\n\n".to_owned(),
        ]
        .concat()
    }

    /// An item of an answer, with what is in it or without.
    fn item(&self, status: &str, is_whole: bool) -> Value {
        match self {
            Self::Text(text) => {
                let part = json!({"type": "output_text", "text": text, "annotations": []});
                let content = if is_whole { json!([part]) } else { json!([]) };
                json!({"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content})
            }
            Self::Tool { name, namespace, arguments, id } => {
                let text = if is_whole { arguments.to_string() } else { String::new() };
                let mut item = json!({"id": format!("fc_{id}"), "type": "function_call", "status": status, "name": name,
                                      "call_id": self.id(), "arguments": text});
                if let Some(item) = item.as_object_mut().filter(|_| !namespace.is_empty()) {
                    item.insert("namespace".to_owned(), namespace.as_str().into());
                }
                item
            }
        }
    }

    fn response_events(&self, model: &str) -> Vec<Value> {
        let (begun, whole) = (self.item("in_progress", false), self.item("completed", true));
        let piece = match self {
            Self::Text(text) => {
                json!({"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0,
                                       "content_index": 0, "delta": text})
            }
            Self::Tool { arguments, id, .. } => json!({"type": "response.function_call_arguments.delta",
                "item_id": format!("fc_{id}"), "output_index": 0, "delta": arguments.to_string()}),
        };
        vec![
            json!({"type": "response.created", "response": response(model, "in_progress", &[])}),
            json!({"type": "response.output_item.added", "output_index": 0, "item": begun}),
            piece,
            json!({"type": "response.output_item.done", "output_index": 0, "item": whole}),
            json!({"type": "response.completed", "response": response(model, "completed", std::slice::from_ref(&whole))}),
        ]
    }

    /// A block of a message, with what is in it or without.
    fn block(&self, is_whole: bool) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": if is_whole { text } else { "" }}),
            Self::Tool { name, arguments, .. } => {
                let input = if is_whole { arguments.clone() } else { Map::new().into() };
                json!({"type": "tool_use", "id": format!("toolu_{}", self.id()), "name": name, "input": input})
            }
        }
    }

    const fn message_end(&self) -> &'static str {
        if matches!(self, Self::Text(_)) { "end_turn" } else { "tool_use" }
    }

    fn message(&self, model: &str, blocks: &[Value], end: Value) -> Value {
        json!({"id": format!("msg_{}", self.id()), "type": "message", "role": "assistant", "model": model, "content": blocks,
               "stop_reason": end, "stop_sequence": null, "usage": {"input_tokens": TOKENS, "output_tokens": TOKENS}})
    }

    fn message_events(&self, model: &str) -> Vec<Value> {
        let delta = match self {
            Self::Text(text) => json!({"type": "text_delta", "text": text}),
            Self::Tool { arguments, .. } => {
                json!({"type": "input_json_delta", "partial_json": arguments.to_string()})
            }
        };
        let end = json!({"stop_reason": self.message_end(), "stop_sequence": null});
        vec![
            json!({"type": "message_start", "message": self.message(model, &[], Value::Null)}),
            json!({"type": "content_block_start", "index": 0, "content_block": self.block(false)}),
            json!({"type": "content_block_delta", "index": 0, "delta": delta}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": end, "usage": {"output_tokens": TOKENS}}),
            json!({"type": "message_stop"}),
        ]
    }

    fn gemini(&self, model: &str) -> Value {
        let part = match self {
            Self::Text(text) => json!({"text": text}),
            Self::Tool { name, arguments, .. } => {
                json!({"functionCall": {"id": self.id(), "name": name, "args": arguments}})
            }
        };
        let usage = json!({"promptTokenCount": TOKENS, "candidatesTokenCount": TOKENS, "totalTokenCount": 2 * TOKENS});
        json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}],
               "modelVersion": model, "responseId": "r1", "usageMetadata": usage})
    }
}

/// The emptiest value of a schema.
fn emptiest(schema: &Value) -> Value {
    let first = schema.get("enum").and_then(|values| values.get(0));
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    match (first, kind.as_str()) {
        (Some(first), _) => first.clone(),
        (None, "object") => members.map(|(name, schema)| (name.clone(), emptiest(schema))).collect(),
        (None, "array") => json!([]),
        (None, "number" | "integer") => json!(0),
        (None, "boolean") => json!(false),
        (None, _) => json!(""),
    }
}

fn chat_usage() -> Value {
    json!({"prompt_tokens": TOKENS, "completion_tokens": TOKENS, "total_tokens": 2 * TOKENS})
}

fn response(model: &str, status: &str, items: &[Value]) -> Value {
    let details = json!({"cached_tokens": 0});
    let usage = json!({"input_tokens": TOKENS, "input_tokens_details": details, "output_tokens": TOKENS,
                       "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 2 * TOKENS});
    let usage = if status == "completed" { usage } else { Value::Null };
    json!({"id": "resp_1", "object": "response", "created_at": 0, "status": status, "model": model, "output": items,
           "error": null, "incomplete_details": null, "parallel_tool_calls": true, "tool_choice": "auto", "tools": [],
           "usage": usage})
}

/// Events as they are sent, with their types as their names.
fn named(events: &[Value]) -> String {
    let kind = |event: &Value| event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", kind(event))).collect()
}

/// The same, numbered.
fn numbered(events: &[Value]) -> String {
    let numbered = events.iter().zip(0_u32..).map(|(event, n)| {
        let mut event = event.clone();
        if let Some(event) = event.as_object_mut() {
            event.insert("sequence_number".to_owned(), n.into());
        }
        event
    });
    named(&numbered.collect::<Vec<_>>())
}
