//! Anthropic Messages: <https://docs.anthropic.com/en/api/messages>.
//!
//! What the provider is to keep is marked in two places: after the system prompt, which stays, and at the end of the
//! conversation, which the next request begins with.

use serde_json::{Map, Value, json};

use super::borrowed::{Json, fields, object};
use super::{Arguments, arguments, count_at, list_at, sendable, shape, text_at};
use crate::model::answer::{Answer, Stop, ToolUse, Usage};
use crate::model::endpoint::ModelSpec;
use crate::model::failure::Failure;
use crate::model::request::{Echo, Request, ToolResult, Turn};

pub(super) fn body<'a>(spec: &'a ModelSpec, request: &'a Request) -> Json<'a> {
    let mut sides = sides(request);
    let mut system = Vec::new();
    if !request.system.is_empty() {
        system.push(text_block(&request.system));
    }
    if spec.cache {
        system.last_mut().into_iter().for_each(keep);
        sides.last_mut().and_then(|(_, content)| content.last_mut()).into_iter().for_each(keep);
    }
    let messages = sides
        .into_iter()
        .map(|(side, content)| object([("role", side.into()), ("content", Json::List(content))]));
    let tools: Vec<Json<'_>> = request
        .tools
        .iter()
        .map(|tool| {
            object([
                ("name", tool.name.into()),
                ("description", tool.description.into()),
                ("input_schema", (&tool.parameters).into()),
            ])
        })
        .collect();
    let one_tool = !spec.parallel_tools && !tools.is_empty();
    fields([
        ("model", Some((&spec.name).into())),
        ("max_tokens", Some(spec.output_tokens_max.into())),
        ("temperature", spec.temperature.map(Json::from)),
        ("top_p", spec.top_p.map(Json::from)),
        (
            "thinking",
            spec.reasoning_tokens.map(|n| object([("type", "enabled".into()), ("budget_tokens", n.into())])),
        ),
        ("output_config", spec.reasoning_effort.as_ref().map(|effort| object([("effort", effort.into())]))),
        ("stream", spec.stream.then(|| true.into())),
        (
            "tool_choice",
            one_tool.then(|| object([("type", "auto".into()), ("disable_parallel_tool_use", true.into())])),
        ),
        ("tools", Json::List(tools).unless_empty()),
        ("system", Json::List(system).unless_empty()),
        ("messages", Some(Json::List(messages.collect()))),
    ])
}

fn keep(block: &mut Json<'_>) {
    block.set("cache_control", object([("type", "ephemeral".into())]));
}

fn text_block(text: &str) -> Json<'_> {
    object([("type", "text".into()), ("text", text.into())])
}

/// Whose turn it is, and what they say.
type Side<'a> = (&'static str, Vec<Json<'a>>);

/// Messages in turn: what follows each other from one side is one message.
fn sides(request: &Request) -> Vec<Side<'_>> {
    let mut sides: Vec<Side<'_>> = Vec::new();
    for turn in &request.turns {
        let (side, blocks) = match turn {
            Turn::User(text) => ("user", vec![text_block(text)]),
            Turn::Assistant(echo) => ("assistant", list_at(&echo.0, "").iter().map(Json::from).collect()),
            Turn::Tools(results) => ("user", results.iter().map(result).collect()),
        };
        match sides.last_mut() {
            Some((last, content)) if *last == side => content.extend(blocks),
            // A model that says nothing at all has no message; the provider takes no empty one.
            _ if blocks.is_empty() => {}
            _ => sides.push((side, blocks)),
        }
    }
    sides
}

fn result(result: &ToolResult) -> Json<'_> {
    fields([
        ("type", Some("tool_result".into())),
        ("tool_use_id", Some((&result.id).into())),
        ("content", Some((&result.text).into())),
        ("is_error", result.is_error.then(|| true.into())),
    ])
}

pub(super) fn read(whole: &Value) -> Result<Answer, Failure> {
    let content = whole.get("content").and_then(Value::as_array).ok_or_else(|| shape("content"))?;
    let (mut text, mut uses, mut echo) = (String::new(), Vec::new(), Vec::new());
    for block in content {
        match text_at(block, "/type").ok_or_else(|| shape("type of a block"))? {
            "text" => {
                let said = text_at(block, "/text").ok_or_else(|| shape("text of a block"))?;
                text.push_str(said);
                // The provider does not take an empty one back.
                echo.extend((!said.is_empty()).then(|| block.clone()));
            }
            "tool_use" => {
                let used = tool(block)?;
                let mut block = block.clone();
                if let (Arguments::Malformed { .. }, Value::Object(fields)) = (&used.arguments, &mut block) {
                    fields.insert("input".to_owned(), sendable(&used.arguments));
                }
                echo.push(block);
                uses.push(used);
            }
            _ => echo.push(block.clone()),
        }
    }
    let stop = match text_at(whole, "/stop_reason").ok_or_else(|| shape("reason to stop"))? {
        "end_turn" | "stop_sequence" if uses.is_empty() => Stop::Finished,
        "tool_use" | "end_turn" | "stop_sequence" => Stop::Tools,
        "max_tokens" => Stop::OutputLimit,
        "model_context_window_exceeded" => Stop::ContextFull,
        "refusal" => Stop::Declined("refusal".to_owned()),
        other => Stop::Other(other.to_owned()),
    };
    Ok(Answer { text, uses, echo: Echo(Value::Array(echo)), usage: usage(whole), stop })
}

fn tool(block: &Value) -> Result<ToolUse, Failure> {
    let id = text_at(block, "/id").ok_or_else(|| shape("id of a tool's use"))?;
    let name = text_at(block, "/name").ok_or_else(|| shape("name of a tool"))?;
    let arguments = match block.get("input") {
        Some(input @ Value::Object(_)) => Arguments::Parsed(input.clone()),
        // Put together from pieces, it may be text that is no JSON.
        Some(Value::String(text)) => arguments(text),
        _ => return Err(shape("input of a tool")),
    };
    Ok(ToolUse { id: id.to_owned(), name: name.to_owned(), arguments })
}

pub(super) fn usage(whole: &Value) -> Option<Usage> {
    let usage = whole.get("usage").filter(|usage| usage.is_object())?;
    Some(Usage {
        input: count_at(usage, "/input_tokens"),
        cached: count_at(usage, "/cache_read_input_tokens"),
        cache_writes: count_at(usage, "/cache_creation_input_tokens"),
        output: count_at(usage, "/output_tokens"),
        reasoning: count_at(usage, "/output_tokens_details/thinking_tokens"),
    })
}

/// A message that comes block by block.
#[derive(Default)]
pub(super) struct Collected {
    message: Option<Map<String, Value>>,
    blocks: Vec<Value>,
    inputs: Vec<String>,
    over: bool,
}

impl Collected {
    pub fn take(&mut self, mut data: Value) -> Result<bool, Failure> {
        let kind = text_at(&data, "/type").ok_or_else(|| shape("type of an event"))?.to_owned();
        match kind.as_str() {
            "message_start" => match data.get_mut("message").map(Value::take) {
                Some(Value::Object(message)) => self.message = Some(message),
                _ => return Err(shape("message")),
            },
            "content_block_start" => {
                if data.get("index").and_then(Value::as_u64) != u64::try_from(self.blocks.len()).ok() {
                    return Err(shape("blocks in their order"));
                }
                self.blocks.push(data.get_mut("content_block").map(Value::take).unwrap_or_default());
                self.inputs.push(String::new());
            }
            "content_block_delta" => self.grow(&data)?,
            "message_delta" => self.end(&data),
            "message_stop" => {
                self.over = true;
                return Ok(true);
            }
            _ => {}
        }
        Ok(false)
    }

    fn grow(&mut self, data: &Value) -> Result<(), Failure> {
        let index = usize::try_from(count_at(data, "/index")).unwrap_or(usize::MAX);
        let (Some(Value::Object(block)), Some(input)) =
            (self.blocks.get_mut(index), self.inputs.get_mut(index))
        else {
            return Err(shape("block that a piece belongs to"));
        };
        let Some(Value::Object(delta)) = data.get("delta") else { return Err(shape("piece of a block")) };
        for (key, value) in delta {
            match (key.as_str(), value) {
                ("type", _) => {}
                ("partial_json", Value::String(more)) => input.push_str(more),
                // A citation is one more entry of the block's list.
                ("citation", value) => match block.entry("citations").or_insert_with(|| json!([])) {
                    Value::Array(list) => list.push(value.clone()),
                    other => *other = json!([value]),
                },
                (key, Value::String(more)) => match block.get_mut(key) {
                    Some(Value::String(text)) => text.push_str(more),
                    _ => {
                        block.insert(key.to_owned(), value.clone());
                    }
                },
                (key, value) => {
                    block.insert(key.to_owned(), value.clone());
                }
            }
        }
        Ok(())
    }

    /// The reason to stop, and counts that are the last word on what it took.
    fn end(&mut self, data: &Value) {
        let Some(message) = &mut self.message else { return };
        if let Some(Value::Object(delta)) = data.get("delta") {
            message.extend(delta.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        if let Some(Value::Object(counts)) = data.get("usage")
            && let Value::Object(usage) = message.entry("usage").or_insert_with(|| json!({}))
        {
            let said = counts.iter().filter(|(_, count)| !count.is_null());
            usage.extend(said.map(|(key, count)| (key.clone(), count.clone())));
        }
    }

    pub fn whole(self) -> Option<Value> {
        let mut message = self.message.filter(|_| self.over)?;
        let filled = self.blocks.into_iter().zip(self.inputs).map(|(mut block, input)| {
            if let (Value::Object(fields), false) = (&mut block, input.is_empty()) {
                let parsed = serde_json::from_str::<Value>(&input).ok().filter(Value::is_object);
                fields.insert("input".to_owned(), parsed.unwrap_or(Value::String(input)));
            }
            block
        });
        message.insert("content".to_owned(), Value::Array(filled.collect()));
        Some(Value::Object(message))
    }
}
