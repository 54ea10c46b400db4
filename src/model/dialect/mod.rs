//! The dialects: a request as a provider wants it, and an answer as it comes. Whatever else a provider writes is kept as it
//! is and sent back as it came.
//!
//! An answer that comes piece by piece is put together to what the provider would have sent whole, and then read like it.

mod borrowed;
mod chat;
mod gemini;
mod messages;
mod refusal;
mod responses;

use serde_json::{Value, json};

use crate::model::answer::{Answer, Arguments, Stop, ToolUse, Usage};
use crate::model::endpoint::{Dialect, Endpoint, ModelSpec, Unfit};
use crate::model::failure::Failure;
use crate::model::request::Request;

pub(in crate::model) use borrowed::Json;
pub(super) use refusal::{in_stream as failed_inside, refusal};

impl Dialect {
    /// Where requests go.
    pub(super) fn address(self, endpoint: &Endpoint) -> reqwest::Url {
        match self {
            Self::OpenaiChat => below(&endpoint.base, &["chat", "completions"]),
            Self::OpenaiResponses => below(&endpoint.base, &["responses"]),
            Self::AnthropicMessages => below(&endpoint.base, &["v1", "messages"]),
            Self::Gemini => {
                let verb = if endpoint.spec.stream { "streamGenerateContent" } else { "generateContent" };
                let name = endpoint.spec.name.trim_start_matches("models/");
                let mut url = below(&endpoint.base, &["v1beta", "models", &format!("{name}:{verb}")]);
                if endpoint.spec.stream {
                    url.query_pairs_mut().append_pair("alt", "sse");
                }
                url
            }
        }
    }

    /// The header that carries the key, and what stands before the key in it.
    pub(super) const fn key_header(self) -> (&'static str, &'static str) {
        match self {
            Self::OpenaiChat | Self::OpenaiResponses => ("authorization", "Bearer "),
            Self::AnthropicMessages => ("x-api-key", ""),
            Self::Gemini => ("x-goog-api-key", ""),
        }
    }

    /// A header of the dialect's own.
    pub(super) const fn version_header(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::AnthropicMessages => Some(("anthropic-version", "2023-06-01")),
            _ => None,
        }
    }

    /// Settings that the dialect cannot say.
    pub(super) fn check(self, spec: &ModelSpec) -> Result<(), Unfit> {
        let cannot =
            |key: &str, of: &str| Err(Unfit::new(key, format!("{of} have no such setting; leave it out")));
        match self {
            Self::OpenaiChat if spec.reasoning_tokens.is_some() => {
                cannot("reasoning_tokens", "Chat Completions")
            }
            Self::OpenaiResponses if spec.reasoning_tokens.is_some() => {
                cannot("reasoning_tokens", "Responses")
            }
            Self::OpenaiResponses if spec.seed.is_some() => cannot("seed", "Responses"),
            Self::AnthropicMessages if spec.seed.is_some() => cannot("seed", "Messages"),
            Self::AnthropicMessages if spec.reasoning_tokens.is_some_and(|n| n >= spec.output_tokens_max) => {
                let problem = "expected less than `output_tokens_max`, of which it is a part";
                Err(Unfit::new("reasoning_tokens", problem))
            }
            _ => Ok(()),
        }
    }

    /// The body of a request.
    pub(super) fn body<'a>(self, spec: &'a ModelSpec, request: &'a Request) -> Json<'a> {
        let mut body = match self {
            Self::OpenaiChat => chat::body(spec, request),
            Self::OpenaiResponses => responses::body(spec, request),
            Self::AnthropicMessages => messages::body(spec, request),
            Self::Gemini => gemini::body(spec, request),
        };
        body.overlay(&spec.body);
        body
    }

    /// What an answer took, whatever else it is.
    pub(super) fn usage(self, whole: &Value) -> Option<Usage> {
        match self {
            Self::OpenaiChat => chat::usage(whole),
            Self::OpenaiResponses => responses::usage(whole),
            Self::AnthropicMessages => messages::usage(whole),
            Self::Gemini => gemini::usage(whole),
        }
    }

    /// The address of a path below the provider's base, as an agent asked for it.
    pub(super) fn passed(self, endpoint: &Endpoint, path: &str) -> reqwest::Url {
        match self {
            Self::Gemini => {
                let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
                below(&endpoint.base, &steps)
            }
            _ => self.address(endpoint),
        }
    }

    /// The answer that a whole body holds.
    pub(super) fn read(self, whole: &Value) -> Result<Answer, Failure> {
        let mut answer = match self {
            Self::OpenaiChat => chat::read(whole),
            Self::OpenaiResponses => responses::read(whole),
            Self::AnthropicMessages => messages::read(whole),
            Self::Gemini => gemini::read(whole),
        }?;
        let mut ids: Vec<&str> = answer.uses.iter().map(|tool| tool.id.as_str()).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) || ids.contains(&"") {
            return Err(shape("tools whose results can be told apart: their ids are missing or repeat"));
        }
        if answer.stop == Stop::OutputLimit {
            answer.uses.iter_mut().for_each(cut);
        }
        Ok(answer)
    }
}

/// Puts an answer together that comes piece by piece.
pub(super) struct Collector(Collected);

enum Collected {
    Chat(chat::Collected),
    Responses(responses::Collected),
    Messages(messages::Collected),
    Gemini(gemini::Collected),
}

impl Collector {
    pub fn new(dialect: Dialect) -> Self {
        Self(match dialect {
            Dialect::OpenaiChat => Collected::Chat(chat::Collected::default()),
            Dialect::OpenaiResponses => Collected::Responses(responses::Collected::default()),
            Dialect::AnthropicMessages => Collected::Messages(messages::Collected::default()),
            Dialect::Gemini => Collected::Gemini(gemini::Collected::default()),
        })
    }

    /// Takes the data of one event. True: nothing more belongs to the answer.
    ///
    /// # Errors
    /// It makes no sense, or is the provider's word that it failed.
    pub fn take(&mut self, data: &str) -> Result<bool, Failure> {
        if data.trim() == "[DONE]" {
            return Ok(true);
        }
        if let Collected::Chat(collected) = &mut self.0
            && let Some(piece) = chat::Piece::of(data)
        {
            return collected.take(piece);
        }
        let data: Value = serde_json::from_str(data).map_err(|error| {
            Failure::broken(format!("the answer came with an event that is no JSON: {error}"))
        })?;
        if let Some(failure) = refusal::in_stream(&data) {
            return Err(failure);
        }
        match &mut self.0 {
            Collected::Chat(collected) => collected.take(data.into()),
            Collected::Responses(collected) => collected.take(data),
            Collected::Messages(collected) => collected.take(data),
            Collected::Gemini(collected) => collected.take(data),
        }
    }

    /// The answer, as it would have come whole.
    ///
    /// # Errors
    /// It is not whole: what the provider ends an answer with has not come.
    pub fn whole(self) -> Result<Value, Failure> {
        let whole = match self.0 {
            Collected::Chat(collected) => collected.whole(),
            Collected::Responses(collected) => collected.whole(),
            Collected::Messages(collected) => collected.whole(),
            Collected::Gemini(collected) => collected.whole(),
        };
        whole.ok_or_else(|| Failure::broken("the answer ended in the middle"))
    }
}

/// The address some steps below another; its query stays.
fn below(base: &reqwest::Url, steps: &[&str]) -> reqwest::Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(steps);
    }
    url
}

/// An answer that is JSON, and not what the dialect says.
fn shape(expected: &str) -> Failure {
    Failure::broken(format!("the answer is not of the shape that was expected: it has no {expected}"))
        .may_cost()
}

/// Arguments that came as text.
fn arguments(text: &str) -> Arguments {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Arguments::Parsed(value),
        Ok(_) => malformed(text, "they are no JSON object"),
        // A tool without arguments is used with nothing by some.
        Err(_) if text.trim().is_empty() => Arguments::Parsed(json!({})),
        Err(error) => malformed(text, &format!("they are no JSON: {error}")),
    }
}

fn malformed(text: &str, problem: &str) -> Arguments {
    Arguments::Malformed { text: text.to_owned(), problem: problem.to_owned() }
}

/// Arguments that can be sent back: providers refuse to read their own model's broken JSON.
fn sendable(arguments: &Arguments) -> Value {
    match arguments {
        Arguments::Parsed(value) => value.clone(),
        Arguments::Malformed { text, .. } => json!({"malformed": text}),
    }
}

/// Nobody knows what else an answer would have said that was cut off.
fn cut(tool: &mut ToolUse) {
    let text = match &tool.arguments {
        Arguments::Parsed(value) => value.to_string(),
        Arguments::Malformed { text, .. } => text.clone(),
    };
    tool.arguments = malformed(&text, "the answer was cut off at the most tokens that one may have");
}

/// What stands at a JSON pointer without escapes; `Value::pointer` makes two texts of each step, for each look.
fn at<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    pointer.split('/').skip(1).try_fold(value, |value, step| match value {
        Value::Object(fields) => fields.get(step),
        Value::Array(list) => list.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

fn text_at<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    at(value, pointer).and_then(Value::as_str)
}

/// What OpenAI counts, in the words of one of its dialects for what was read and what was written.
fn openai_usage(whole: &Value, read: &str, written: &str) -> Option<Usage> {
    let usage = whole.get("usage").filter(|usage| usage.is_object())?;
    let count = |pointer: String| count_at(usage, &pointer);
    let cached = count(format!("/{read}_details/cached_tokens"));
    let cache_writes = count(format!("/{read}_details/cache_write_tokens"));
    Some(Usage {
        input: count(format!("/{read}")).saturating_sub(cached).saturating_sub(cache_writes),
        cached,
        cache_writes,
        output: count(format!("/{written}")),
        reasoning: count(format!("/{written}_details/reasoning_tokens")),
    })
}

fn count_at(value: &Value, pointer: &str) -> u64 {
    at(value, pointer).and_then(Value::as_u64).unwrap_or(0)
}

fn list_at<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    at(value, pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::What;

    fn examples() -> [(Dialect, Value); 4] {
        let call = json!({"name": "run", "arguments": "{\"a\":1}"});
        let chat = json!({"choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant",
            "content": "x", "refusal": null, "tool_calls": [{"id": "1", "type": "function", "function": call}]}}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 6, "prompt_tokens_details": {"cached_tokens": 2}}});
        let item = json!({"type": "function_call", "call_id": "1", "name": "run", "arguments": "{\"a\":1}"});
        let said = json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]});
        let responses = json!({"status": "completed", "incomplete_details": null, "output": [said, item],
            "usage": {"input_tokens": 5, "input_tokens_details": {"cached_tokens": 2}, "output_tokens": 6}});
        let used = json!({"type": "tool_use", "id": "1", "name": "run", "input": {"a": 1}});
        let messages = json!({"content": [{"type": "text", "text": "x"}, used], "stop_reason": "tool_use",
            "usage": {"input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 6}});
        let parts = json!([{"text": "x"}, {"functionCall": {"id": "1", "name": "run", "args": {"a": 1}}}]);
        let gemini = json!({"candidates": [{"finishReason": "STOP", "content": {"parts": parts}}],
            "usageMetadata": {"promptTokenCount": 5, "cachedContentTokenCount": 2, "candidatesTokenCount": 6}});
        [
            (Dialect::OpenaiChat, chat),
            (Dialect::OpenaiResponses, responses),
            (Dialect::AnthropicMessages, messages),
            (Dialect::Gemini, gemini),
        ]
    }

    /// The value with each of its parts in turn replaced by something else, or taken out.
    fn garbled(value: &Value) -> Vec<Value> {
        let others =
            [Value::Null, json!(7), json!("?"), json!([]), json!({}), json!([[]]), json!({"type": 3})];
        let mut all: Vec<Value> = others.to_vec();
        match value {
            Value::Array(list) => {
                for (n, entry) in list.iter().enumerate() {
                    all.extend(garbled(entry).into_iter().map(|other| {
                        let mut list = list.clone();
                        list[n] = other;
                        Value::Array(list)
                    }));
                }
            }
            Value::Object(fields) => {
                for (key, entry) in fields {
                    let mut without = fields.clone();
                    without.shift_remove(key);
                    all.push(Value::Object(without));
                    all.extend(garbled(entry).into_iter().map(|other| {
                        let mut fields = fields.clone();
                        fields.insert(key.clone(), other);
                        Value::Object(fields)
                    }));
                }
            }
            _ => {}
        }
        all
    }

    #[test]
    fn all_dialects_say_the_same() {
        for (dialect, whole) in examples() {
            let answer = dialect.read(&whole).unwrap();
            assert_eq!((answer.text.as_str(), &answer.stop), ("x", &Stop::Tools), "{dialect:?}");
            assert_eq!(answer.uses[0].arguments, Arguments::Parsed(json!({"a": 1})));
            let usage = answer.usage.unwrap();
            assert_eq!((usage.input, usage.cached, usage.output), (3, 2, 6), "{dialect:?}");
        }
    }

    /// What a provider says of its failure in the middle of an answer is what is told, and not that the answer ended there.
    #[test]
    fn a_failure_among_the_pieces_is_the_providers_word() {
        let told = [
            json!({"error": {"type": "overloaded_error", "message": "too much to do"}}),
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "too much to do"}}),
            json!([{"error": {"status": "UNAVAILABLE", "message": "too much to do"}}]),
            json!({"type": "error", "code": "overloaded", "message": "too much to do"}),
        ];
        for (dialect, _) in examples() {
            for said in &told {
                let failure = Collector::new(dialect).take(&said.to_string()).unwrap_err();
                assert!(failure.text.contains("too much to do"), "{dialect:?}, {said}: {}", failure.text);
                assert_eq!(failure.what, What::Busy, "{dialect:?}, {said}");
            }
        }
    }

    /// Whatever is wrong with an answer, it is refused or read, and what is read of it can be sent back.
    #[test]
    fn no_answer_is_too_garbled_to_be_told_apart() {
        for (dialect, whole) in examples() {
            let (mut read, mut refused) = (0, 0);
            for other in garbled(&whole) {
                match dialect.read(&other) {
                    Ok(answer) => {
                        read += 1;
                        assert!(answer.uses.iter().all(|tool| !tool.id.is_empty()));
                        assert!(answer.uses.len() <= 1);
                    }
                    Err(failure) => {
                        refused += 1;
                        assert!(!failure.text.is_empty());
                    }
                }
                // As an event it is no better.
                let mut collector = Collector::new(dialect);
                let _ = collector.take(&other.to_string());
                let _ = collector.whole();
            }
            assert!(read > 20 && refused > 50, "{dialect:?}: {read} read, {refused} refused");
        }
    }
}
