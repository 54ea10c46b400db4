//! What the model says, in the wire formats of the four dialects, whole and as events: from the providers' published
//! schemas.

use serde_json::{Value, json};

use super::http::Reply;
use super::{Asked, Said};

/// A wire format.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Dialect {
    Chat,
    Responses,
    Messages,
    Gemini,
}

impl Dialect {
    pub const ALL: [Self; 4] = [Self::Chat, Self::Responses, Self::Messages, Self::Gemini];
}

/// The dialect of a path, and whether events are asked for.
pub(super) fn understood(path: &str, body: &Value) -> Option<(Dialect, bool)> {
    let stream = body["stream"] == json!(true);
    let bare = path.split('?').next().unwrap_or_default();
    match bare {
        _ if bare.ends_with("/chat/completions") => Some((Dialect::Chat, stream)),
        _ if bare.ends_with("/responses") => Some((Dialect::Responses, stream)),
        _ if bare.ends_with("/messages") => Some((Dialect::Messages, stream)),
        _ if bare.ends_with(":generateContent") => Some((Dialect::Gemini, false)),
        _ if bare.ends_with(":streamGenerateContent") => Some((Dialect::Gemini, true)),
        _ => None,
    }
}

/// How many answers of the model a conversation holds.
pub(super) fn turns(dialect: Dialect, body: &Value) -> usize {
    let count = |list: &Value, is: &dyn Fn(&Value) -> bool| {
        list.as_array().map_or(0, |list| list.iter().filter(|entry| is(entry)).count())
    };
    match dialect {
        Dialect::Chat | Dialect::Messages => count(&body["messages"], &|m| m["role"] == "assistant"),
        Dialect::Gemini => count(&body["contents"], &|m| m["role"] == "model"),
        Dialect::Responses => {
            // An answer is a run of items that are not ours.
            let ours = |item: &Value| item["role"] == "user" || item["type"] == "function_call_output";
            let items = body["input"].as_array().cloned().unwrap_or_default();
            let begins = |pair: &[Value]| ours(&pair[0]) && !ours(&pair[1]);
            items.windows(2).filter(|pair| begins(pair)).count()
        }
    }
}

pub(super) fn reply(asked: &Asked, said: &Said) -> Reply {
    // Of the conversation alone, so that the same conversation gets the same answers.
    let n = asked.turn();
    reply_with_ids(asked, said, &|tool| format!("call_{n}_{tool}"))
}

pub(super) fn reply_with_ids(asked: &Asked, said: &Said, id: &dyn Fn(usize) -> String) -> Reply {
    let model = asked.body["model"].as_str().unwrap_or("gemini-test").to_owned();
    let read = asked.bytes as u64 / 4;
    let cached = said.cached.min(read);
    let letters = said.text.len() + said.thinking.len() + said.tools.iter().map(|t| t.1.len()).sum::<usize>();
    let made = Made {
        said,
        model,
        n: asked.turn(),
        ids: (0..said.tools.len()).map(id).collect(),
        read,
        cached,
        kept: said.kept.min(read - cached),
        written: letters as u64 / 4 + 1,
        thought: said.thinking.len() as u64 / 4,
    };
    match (asked.dialect, asked.stream) {
        (Dialect::Chat, false) => whole(made.chat()),
        (Dialect::Chat, true) => Reply::events(&made.chat_events()),
        (Dialect::Responses, false) => whole(made.response()),
        (Dialect::Responses, true) => Reply::events(&made.response_events()),
        (Dialect::Messages, false) => whole(made.message()),
        (Dialect::Messages, true) => Reply::events(&made.message_events()),
        (Dialect::Gemini, false) => whole(made.gemini()),
        (Dialect::Gemini, true) => Reply::events(&made.gemini_events()),
    }
}

fn whole(body: Value) -> Reply {
    Reply::whole(200, "application/json", &[("x-request-id", "req_standin")], body.to_string())
}

/// An answer with everything that the formats want to know of it.
struct Made<'s> {
    said: &'s Said,
    model: String,
    n: usize,
    ids: Vec<String>,
    read: u64,
    cached: u64,
    kept: u64,
    written: u64,
    thought: u64,
}

/// A text in pieces of a few characters.
fn pieces(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(7).map(|piece| piece.iter().collect()).collect()
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn named(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap_or_default())
}

impl Made<'_> {
    fn tools(&self) -> impl Iterator<Item = (usize, &str, &str, &str)> {
        let tools = self.said.tools.iter().zip(&self.ids).enumerate();
        tools.map(|(n, ((name, arguments), id))| (n, id.as_str(), name.as_str(), arguments.as_str()))
    }

    fn text(&self) -> Value {
        if self.said.text.is_empty() { Value::Null } else { json!(self.said.text) }
    }

    // Chat Completions.

    fn chat_finish(&self) -> &str {
        match (self.said.cut_off, self.said.tools.is_empty()) {
            (true, _) => "length",
            (_, true) => "stop",
            (_, false) => "tool_calls",
        }
    }

    fn chat_usage(&self) -> Value {
        json!({"prompt_tokens": self.read, "completion_tokens": self.written, "total_tokens": self.read + self.written,
               "prompt_tokens_details": {"cached_tokens": self.cached, "cache_write_tokens": self.kept, "audio_tokens": 0},
               "completion_tokens_details": {"reasoning_tokens": self.thought, "audio_tokens": 0,
                   "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}})
    }

    fn chat(&self) -> Value {
        let mut message =
            json!({"role": "assistant", "content": self.text(), "refusal": null, "annotations": []});
        if !self.said.thinking.is_empty() {
            message["reasoning_content"] = json!(self.said.thinking);
        }
        let calls: Vec<Value> = self
            .tools()
            .map(|(_, id, name, arguments)| {
                json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
            })
            .collect();
        if !calls.is_empty() {
            message["tool_calls"] = json!(calls);
        }
        json!({"id": format!("chatcmpl-{}", self.n), "object": "chat.completion", "created": 1_760_000_000, "model": self.model,
               "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": self.chat_finish()}],
               "usage": self.chat_usage(), "service_tier": "default", "system_fingerprint": "fp_standin"})
    }

    fn chat_events(&self) -> Vec<String> {
        let chunk = |delta: Value, finish: Value| {
            data(
                &json!({"id": format!("chatcmpl-{}", self.n), "object": "chat.completion.chunk", "created": 1_760_000_000,
                "model": self.model, "service_tier": "default", "system_fingerprint": "fp_standin",
                "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}], "usage": null}),
            )
        };
        let mut events =
            vec![chunk(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null)];
        events.extend(
            pieces(&self.said.thinking).iter().map(|p| chunk(json!({"reasoning_content": p}), Value::Null)),
        );
        events.extend(pieces(&self.said.text).iter().map(|p| chunk(json!({"content": p}), Value::Null)));
        for (n, id, name, arguments) in self.tools() {
            let first = json!({"index": n, "id": id, "type": "function", "function": {"name": name, "arguments": ""}});
            events.push(chunk(json!({"tool_calls": [first]}), Value::Null));
            events.extend(pieces(arguments).iter().map(|p| {
                chunk(json!({"tool_calls": [{"index": n, "function": {"arguments": p}}]}), Value::Null)
            }));
        }
        events.push(chunk(json!({}), json!(self.chat_finish())));
        events.push(data(&json!({"id": format!("chatcmpl-{}", self.n), "object": "chat.completion.chunk",
            "created": 1_760_000_000, "model": self.model, "choices": [], "usage": self.chat_usage()})));
        events.push("data: [DONE]\n\n".to_owned());
        events
    }

    // Responses.

    fn items(&self) -> Vec<Value> {
        let mut items = Vec::new();
        if !self.said.thinking.is_empty() {
            items.push(json!({"id": format!("rs_{}", self.n), "type": "reasoning", "summary": [],
                              "encrypted_content": format!("sealed:{}", self.said.thinking)}));
        }
        if !self.said.text.is_empty() {
            items.push(json!({"id": format!("msg_{}", self.n), "type": "message", "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": self.said.text}]}));
        }
        items.extend(self.tools().map(|(n, id, name, arguments)| {
            json!({"id": format!("fc_{}_{n}", self.n), "type": "function_call", "status": "completed", "arguments": arguments,
                   "call_id": id, "name": name})
        }));
        items
    }

    fn response_of(&self, status: &str, items: Vec<Value>) -> Value {
        let over = status != "in_progress";
        let usage = json!({"input_tokens": self.read, "input_tokens_details": {"cached_tokens": self.cached, "cache_write_tokens": self.kept},
            "output_tokens": self.written, "output_tokens_details": {"reasoning_tokens": self.thought},
            "total_tokens": self.read + self.written});
        let incomplete =
            if status == "incomplete" { json!({"reason": "max_output_tokens"}) } else { Value::Null };
        json!({"id": format!("resp_{}", self.n), "object": "response", "created_at": 1_760_000_000, "status": status,
               "background": false, "error": null, "incomplete_details": incomplete, "instructions": null,
               "max_output_tokens": null, "model": self.model, "output": items, "parallel_tool_calls": true,
               "previous_response_id": null, "reasoning": {"effort": null, "summary": null}, "store": false,
               "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": 1.0,
               "truncation": "disabled", "usage": if over { usage } else { Value::Null }, "user": null, "metadata": {}})
    }

    fn response(&self) -> Value {
        self.response_of(if self.said.cut_off { "incomplete" } else { "completed" }, self.items())
    }

    fn response_events(&self) -> Vec<String> {
        let mut number = 0;
        let mut events = Vec::new();
        let mut say = |mut event: Value| {
            event["sequence_number"] = json!(number);
            number += 1;
            events.push(named(&event));
        };
        say(json!({"type": "response.created", "response": self.response_of("in_progress", Vec::new())}));
        say(json!({"type": "response.in_progress", "response": self.response_of("in_progress", Vec::new())}));
        for (at, item) in self.items().into_iter().enumerate() {
            let id = item["id"].clone();
            let mut begun = item.clone();
            match item["type"].as_str() {
                Some("function_call") => {
                    begun["arguments"] = json!("");
                    begun["status"] = json!("in_progress");
                    say(json!({"type": "response.output_item.added", "output_index": at, "item": begun}));
                    let text = item["arguments"].as_str().unwrap_or_default();
                    for piece in pieces(text) {
                        say(
                            json!({"type": "response.function_call_arguments.delta", "item_id": id, "output_index": at,
                                   "delta": piece}),
                        );
                    }
                    say(
                        json!({"type": "response.function_call_arguments.done", "item_id": id, "output_index": at,
                               "name": item["name"], "arguments": text}),
                    );
                }
                Some("message") => {
                    begun["content"] = json!([]);
                    begun["status"] = json!("in_progress");
                    say(json!({"type": "response.output_item.added", "output_index": at, "item": begun}));
                    let part = json!({"type": "output_text", "annotations": [], "logprobs": [], "text": ""});
                    say(
                        json!({"type": "response.content_part.added", "item_id": id, "output_index": at, "content_index": 0,
                               "part": part}),
                    );
                    for piece in pieces(&self.said.text) {
                        say(json!({"type": "response.output_text.delta", "item_id": id, "output_index": at,
                                   "content_index": 0, "delta": piece, "logprobs": []}));
                    }
                    say(
                        json!({"type": "response.output_text.done", "item_id": id, "output_index": at, "content_index": 0,
                               "text": self.said.text, "logprobs": []}),
                    );
                    say(
                        json!({"type": "response.content_part.done", "item_id": id, "output_index": at, "content_index": 0,
                               "part": item["content"][0]}),
                    );
                }
                _ => say(json!({"type": "response.output_item.added", "output_index": at, "item": begun})),
            }
            say(json!({"type": "response.output_item.done", "output_index": at, "item": item}));
        }
        let whole = self.response();
        let kind = if self.said.cut_off { "response.incomplete" } else { "response.completed" };
        say(json!({"type": kind, "response": whole}));
        events
    }

    // Messages.

    fn blocks(&self) -> Vec<Value> {
        let mut blocks = Vec::new();
        if !self.said.thinking.is_empty() {
            blocks.push(json!({"type": "thinking", "thinking": self.said.thinking, "signature": "signed"}));
        }
        if !self.said.text.is_empty() {
            blocks.push(json!({"type": "text", "text": self.said.text}));
        }
        blocks.extend(self.tools().map(|(_, id, name, arguments)| {
            let input: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
            json!({"type": "tool_use", "id": id, "name": name, "input": input})
        }));
        blocks
    }

    fn message_stop(&self) -> &str {
        match (self.said.cut_off, self.said.tools.is_empty()) {
            (true, _) => "max_tokens",
            (_, true) => "end_turn",
            (_, false) => "tool_use",
        }
    }

    fn message_of(&self, blocks: Vec<Value>, stop: Value, written: u64) -> Value {
        json!({"id": format!("msg_{}", self.n), "type": "message", "role": "assistant", "model": self.model, "content": blocks,
               "stop_reason": stop, "stop_sequence": null,
               "usage": {"input_tokens": self.read - self.cached - self.kept, "cache_creation_input_tokens": self.kept,
                         "cache_read_input_tokens": self.cached, "output_tokens": written, "service_tier": "standard"}})
    }

    fn message(&self) -> Value {
        self.message_of(self.blocks(), json!(self.message_stop()), self.written)
    }

    fn message_events(&self) -> Vec<String> {
        let start = json!({"type": "message_start", "message": self.message_of(Vec::new(), Value::Null, 1)});
        let mut events = vec![named(&start), named(&json!({"type": "ping"}))];
        let mut tools = self.tools();
        for (at, block) in self.blocks().into_iter().enumerate() {
            let delta =
                |delta: Value| named(&json!({"type": "content_block_delta", "index": at, "delta": delta}));
            let (begun, deltas) = match block["type"].as_str() {
                Some("thinking") => {
                    let mut deltas: Vec<String> = pieces(&self.said.thinking)
                        .iter()
                        .map(|p| delta(json!({"type": "thinking_delta", "thinking": p})))
                        .collect();
                    deltas.push(delta(json!({"type": "signature_delta", "signature": "signed"})));
                    (json!({"type": "thinking", "thinking": "", "signature": ""}), deltas)
                }
                Some("text") => {
                    let deltas = pieces(&self.said.text);
                    let deltas =
                        deltas.iter().map(|p| delta(json!({"type": "text_delta", "text": p}))).collect();
                    (json!({"type": "text", "text": ""}), deltas)
                }
                _ => {
                    let (_, id, name, arguments) = tools.next().unwrap();
                    let deltas = std::iter::once(String::new()).chain(pieces(arguments));
                    let deltas = deltas
                        .map(|p| delta(json!({"type": "input_json_delta", "partial_json": p})))
                        .collect();
                    (json!({"type": "tool_use", "id": id, "name": name, "input": {}}), deltas)
                }
            };
            events.push(named(&json!({"type": "content_block_start", "index": at, "content_block": begun})));
            events.extend(deltas);
            events.push(named(&json!({"type": "content_block_stop", "index": at})));
        }
        events.push(named(&json!({"type": "message_delta",
            "delta": {"stop_reason": self.message_stop(), "stop_sequence": null}, "usage": {"output_tokens": self.written}})));
        events.push(named(&json!({"type": "message_stop"})));
        events
    }

    // Gemini.

    fn parts(&self) -> Vec<Value> {
        let mut parts = Vec::new();
        if !self.said.thinking.is_empty() {
            parts.push(json!({"text": self.said.thinking, "thought": true}));
        }
        if !self.said.text.is_empty() {
            parts.push(json!({"text": self.said.text}));
        }
        parts.extend(self.tools().map(|(n, id, name, arguments)| {
            let args: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
            let mut part = json!({"functionCall": {"id": id, "name": name, "args": args}});
            if n == 0 {
                part["thoughtSignature"] = json!("c2lnbmVk");
            }
            part
        }));
        parts
    }

    fn gemini_of(&self, parts: Vec<Value>, finish: Option<&str>) -> Value {
        let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
        if let Some(finish) = finish {
            candidate["finishReason"] = json!(finish);
        }
        json!({"candidates": [candidate], "modelVersion": self.model, "responseId": format!("r{}", self.n),
               "usageMetadata": {"promptTokenCount": self.read, "cachedContentTokenCount": self.cached,
                   "candidatesTokenCount": self.written - self.thought, "thoughtsTokenCount": self.thought,
                   "totalTokenCount": self.read + self.written}})
    }

    fn gemini_finish(&self) -> &str {
        if self.said.cut_off { "MAX_TOKENS" } else { "STOP" }
    }

    fn gemini(&self) -> Value {
        self.gemini_of(self.parts(), Some(self.gemini_finish()))
    }

    fn gemini_events(&self) -> Vec<String> {
        let mut events = Vec::new();
        for part in self.parts() {
            match part["text"].as_str() {
                Some(text) => events.extend(pieces(text).into_iter().map(|piece| {
                    let mut part = part.clone();
                    part["text"] = json!(piece);
                    data(&self.gemini_of(vec![part], None))
                })),
                None => events.push(data(&self.gemini_of(vec![part], None))),
            }
        }
        events.push(data(&self.gemini_of(vec![json!({"text": ""})], Some(self.gemini_finish()))));
        events
    }
}
