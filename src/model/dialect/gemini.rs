//! Google Gemini `generateContent`: <https://ai.google.dev/api/generate-content>.
//!
//! Parts go back as they came, with their thought signatures. A function call may come without an id; the conversation then
//! goes by one of ours, which is not sent.

use serde_json::{Map, Value, json};

use super::borrowed::{Json, fields, object};
use super::{Arguments, at, count_at, list_at, shape, text_at};
use crate::model::answer::{Answer, Stop, ToolUse, Usage};
use crate::model::endpoint::ModelSpec;
use crate::model::failure::Failure;
use crate::model::request::{Echo, Request, ToolResult, Turn};

/// How ids begin that are ours.
const OURS: &str = "chesterton-call-";

pub(super) fn body<'a>(spec: &'a ModelSpec, request: &'a Request) -> Json<'a> {
    let tools: Vec<Json<'_>> = request
        .tools
        .iter()
        .map(|tool| {
            object([
                ("name", tool.name.into()),
                ("description", tool.description.into()),
                ("parametersJsonSchema", (&tool.parameters).into()),
            ])
        })
        .collect();
    let declared =
        (!tools.is_empty()).then(|| Json::List(vec![object([("functionDeclarations", Json::List(tools))])]));
    let thinking = fields([
        ("thinkingBudget", spec.reasoning_tokens.map(Json::from)),
        ("thinkingLevel", spec.reasoning_effort.as_ref().map(Json::from)),
    ]);
    let settings = fields([
        ("maxOutputTokens", Some(spec.output_tokens_max.into())),
        ("temperature", spec.temperature.map(Json::from)),
        ("topP", spec.top_p.map(Json::from)),
        ("seed", spec.seed.map(Json::from)),
        ("thinkingConfig", thinking.unless_empty()),
    ]);
    let system = (!request.system.is_empty()).then(|| object([("parts", texts(&request.system))]));
    fields([
        ("generationConfig", Some(settings)),
        ("tools", declared),
        ("systemInstruction", system),
        ("contents", Some(Json::List(contents(request)))),
    ])
}

fn texts(text: &str) -> Json<'_> {
    Json::List(vec![object([("text", text.into())])])
}

fn contents(request: &Request) -> Vec<Json<'_>> {
    let mut contents = Vec::new();
    for turn in &request.turns {
        match turn {
            Turn::User(text) => {
                contents.push(object([("role", "user".into()), ("parts", texts(text))]));
            }
            Turn::Assistant(echo) if list_at(&echo.0, "/parts").is_empty() => {}
            Turn::Assistant(echo) => contents.push((&echo.0).into()),
            Turn::Tools(results) => {
                let parts = Json::List(results.iter().map(response).collect());
                contents.push(object([("role", "user".into()), ("parts", parts)]));
            }
        }
    }
    contents
}

fn response(result: &ToolResult) -> Json<'_> {
    let key = if result.is_error { "error" } else { "output" };
    let response = fields([
        ("id", (!result.id.starts_with(OURS)).then(|| (&result.id).into())),
        ("name", Some((&result.name).into())),
        ("response", Some(object([(key, (&result.text).into())]))),
    ]);
    object([("functionResponse", response)])
}

pub(super) fn read(whole: &Value) -> Result<Answer, Failure> {
    let usage = usage(whole);
    if let Some(reason) = text_at(whole, "/promptFeedback/blockReason") {
        let stop = Stop::Declined(reason.to_owned());
        let echo = Echo(json!({"role": "model", "parts": []}));
        return Ok(Answer { text: String::new(), uses: Vec::new(), echo, usage, stop });
    }
    let candidate = at(whole, "/candidates/0").ok_or_else(|| shape("candidates"))?;
    let parts = match at(candidate, "/content/parts") {
        Some(Value::Array(parts)) => parts.as_slice(),
        // A model that says nothing, or is not let say anything, has no parts.
        None | Some(Value::Null) if candidate.get("finishReason").is_some() => &[],
        _ => return Err(shape("parts")),
    };
    let (mut text, mut uses) = (String::new(), Vec::new());
    for part in parts {
        if let Some(said) = text_at(part, "/text")
            && part.get("thought") != Some(&Value::Bool(true))
        {
            text.push_str(said);
        }
        if let Some(call) = part.get("functionCall") {
            uses.push(tool(call, uses.len())?);
        }
    }
    let stop = match text_at(candidate, "/finishReason").ok_or_else(|| shape("reason to stop"))? {
        "STOP" if uses.is_empty() => Stop::Finished,
        "STOP" => Stop::Tools,
        "MAX_TOKENS" => Stop::OutputLimit,
        word @ ("MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS") => {
            Stop::Garbled(word.to_owned())
        }
        word @ ("SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII") => {
            Stop::Declined(word.to_owned())
        }
        other => Stop::Other(other.to_owned()),
    };
    Ok(Answer { text, uses, echo: Echo(json!({"role": "model", "parts": parts})), usage, stop })
}

fn tool(call: &Value, nth: usize) -> Result<ToolUse, Failure> {
    let name = text_at(call, "/name").ok_or_else(|| shape("name of a function"))?;
    let arguments = match call.get("args") {
        None | Some(Value::Null) => json!({}),
        Some(args @ Value::Object(_)) => args.clone(),
        Some(_) => return Err(shape("arguments of a function")),
    };
    let id = text_at(call, "/id").filter(|id| !id.is_empty());
    let id = id.map_or_else(|| format!("{OURS}{nth}"), str::to_owned);
    Ok(ToolUse { id, name: name.to_owned(), arguments: Arguments::Parsed(arguments) })
}

pub(super) fn usage(whole: &Value) -> Option<Usage> {
    let usage = whole.get("usageMetadata").filter(|usage| usage.is_object())?;
    let cached = count_at(usage, "/cachedContentTokenCount");
    let read =
        count_at(usage, "/promptTokenCount").saturating_add(count_at(usage, "/toolUsePromptTokenCount"));
    let reasoning = count_at(usage, "/thoughtsTokenCount");
    Some(Usage {
        input: read.saturating_sub(cached),
        cached,
        cache_writes: 0,
        output: count_at(usage, "/candidatesTokenCount").saturating_add(reasoning),
        reasoning,
    })
}

/// Answers that each hold more parts of one.
#[derive(Default)]
pub(super) struct Collected {
    last: Map<String, Value>,
    parts: Vec<Value>,
    over: bool,
}

impl Collected {
    pub fn take(&mut self, data: Value) -> Result<bool, Failure> {
        let Value::Object(piece) = data else { return Err(shape("object")) };
        let whole = Value::Object(piece);
        if let Some(candidate) = at(&whole, "/candidates/0") {
            list_at(candidate, "/content/parts").iter().for_each(|part| self.add(part));
            self.over |= candidate.get("finishReason").is_some();
        }
        self.over |= at(&whole, "/promptFeedback/blockReason").is_some();
        let Value::Object(piece) = whole else { return Err(shape("object")) };
        for (key, value) in piece {
            match (self.last.get_mut(&key), value) {
                // A piece without its reason to stop does not take back one that was given.
                (Some(_), Value::Array(candidates))
                    if key == "candidates" && self.over && !ends(&candidates) => {}
                (_, value) => {
                    self.last.insert(key, value);
                }
            }
        }
        Ok(false)
    }

    /// Adds a part; text after text of the same kind is one text, unless a signature belongs to one of them.
    fn add(&mut self, part: &Value) {
        let is_plain =
            |part: &Value| part.as_object().is_some_and(|p| p.keys().all(|k| k == "text" || k == "thought"));
        if is_plain(part) && text_at(part, "/text") == Some("") {
            return;
        }
        if let (Some(last), Some(more)) = (self.parts.last_mut(), text_at(part, "/text"))
            && is_plain(part)
            && is_plain(last)
            && last.get("thought") == part.get("thought")
            && let Some(Value::String(text)) = last.get_mut("text")
        {
            text.push_str(more);
            return;
        }
        self.parts.push(part.clone());
    }

    pub fn whole(mut self) -> Option<Value> {
        if !self.over {
            return None;
        }
        if let Some(Value::Object(candidate)) =
            self.last.get_mut("candidates").and_then(|list| list.get_mut(0))
        {
            candidate.insert("content".to_owned(), json!({"role": "model", "parts": self.parts}));
        }
        Some(Value::Object(self.last))
    }
}

fn ends(candidates: &[Value]) -> bool {
    candidates.iter().any(|candidate| candidate.get("finishReason").is_some())
}
