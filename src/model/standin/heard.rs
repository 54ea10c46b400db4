//! What an agent asks its model: the tools that it offers, and what they have answered so far.

use serde_json::{Map, Value, json};

use crate::model::endpoint::Dialect;

/// A request, as far as a script goes by it.
#[derive(Clone, PartialEq, Debug)]
pub struct Heard {
    /// The tools that the model may use.
    pub tools: Vec<Offered>,
    /// What tools have answered in the conversation, in order.
    pub results: Vec<String>,
    /// The schema of the answer, if it is to be JSON of some shape.
    pub shape: Option<Value>,
}

/// A tool that a model may use.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Offered {
    /// Its name.
    pub name: String,
    /// The namespace that it stands in; none: an empty word.
    pub namespace: String,
    /// The schemas of its arguments, by name.
    pub properties: Map<String, Value>,
    /// The arguments that it needs.
    pub required: Vec<String>,
}

/// What coding agents call the tool that runs a command line.
const SHELLS: [&str; 6] = ["Bash", "bash", "exec_command", "run_shell_command", "shell", "shell_command"];

impl Heard {
    /// The tool that runs a command line in the agent's own shell.
    pub fn shell(&self) -> Option<&Offered> {
        self.tools.iter().find(|tool| SHELLS.contains(&tool.name.as_str()))
    }

    /// The tool of this name of the MCP server of this name: agents write the two together, each in a way of its own.
    pub fn of_server(&self, server: &str, tool: &str) -> Option<&Offered> {
        let is_it = |offered: &&Offered| {
            offered.name.ends_with(tool)
                && (offered.name.contains(server) || offered.namespace.contains(server))
        };
        self.tools.iter().find(is_it)
    }

    pub(super) fn of(dialect: Dialect, body: &Value) -> Self {
        let mut tools = Vec::new();
        body.get("tools").into_iter().for_each(|offered| collect(offered, "", &mut tools));
        let places = [
            "/generationConfig/responseJsonSchema",
            "/generationConfig/responseSchema",
            "/response_format/json_schema/schema",
            "/text/format/schema",
        ];
        let shape = places.iter().find_map(|place| body.pointer(place).cloned());
        Self { tools, results: results(dialect, body), shape }
    }
}

impl Offered {
    /// The arguments with which a shell's tool runs a command line.
    pub fn running(&self, line: &str) -> Value {
        let known = ["command", "cmd"].into_iter().find_map(|key| Some((key, self.properties.get(key)?)));
        let (key, schema) = known.unwrap_or(("command", &Value::Null));
        let is_list = schema.get("type").and_then(Value::as_str) == Some("array");
        let word = |key: &String| (key.clone(), Value::from("a step of the work"));
        let mut arguments: Map<String, Value> = self.required.iter().map(word).collect();
        let line = if is_list { json!(["bash", "-lc", line]) } else { json!(line) };
        arguments.insert(key.to_owned(), line);
        Value::Object(arguments)
    }
}

/// Dialects, and agents in one dialect, put a tool's schema in places of their own.
fn collect(value: &Value, namespace: &str, found: &mut Vec<Offered>) {
    if let Some(items) = value.as_array() {
        return items.iter().for_each(|item| collect(item, namespace, found));
    }
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
    for (inner, namespace) in [("tools", name), ("function", namespace), ("functionDeclarations", namespace)]
    {
        value.get(inner).into_iter().for_each(|value| collect(value, namespace, found));
    }
    let places = ["parameters", "input_schema", "parametersJsonSchema"];
    let Some(schema) = places.iter().find_map(|place| value.get(*place)) else { return };
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    found.push(Offered {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        properties: schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default(),
        required: required.filter_map(|name| name.as_str().map(str::to_owned)).collect(),
    });
}

fn results(dialect: Dialect, body: &Value) -> Vec<String> {
    let list =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let is = |value: &Value, key: &str, word: &str| value.get(key).and_then(Value::as_str) == Some(word);
    let parts = |outer: &str, inner: &str| -> Vec<Value> {
        list(body, outer).iter().flat_map(|entry| list(entry, inner)).collect()
    };
    let found: Vec<Value> = match dialect {
        Dialect::AnthropicMessages => {
            let parts =
                parts("messages", "content").into_iter().filter(|part| is(part, "type", "tool_result"));
            parts.filter_map(|part| part.get("content").cloned()).collect()
        }
        Dialect::OpenaiChat => {
            let messages = list(body, "messages").into_iter().filter(|message| is(message, "role", "tool"));
            messages.filter_map(|message| message.get("content").cloned()).collect()
        }
        Dialect::OpenaiResponses => {
            let items =
                list(body, "input").into_iter().filter(|item| is(item, "type", "function_call_output"));
            items.filter_map(|item| item.get("output").cloned()).collect()
        }
        Dialect::Gemini => {
            let place = "/functionResponse/response";
            parts("contents", "parts").iter().filter_map(|part| part.pointer(place).cloned()).collect()
        }
    };
    found.iter().map(text).collect()
}

/// All texts in a value, whatever they are wrapped in.
fn text(value: &Value) -> String {
    let joined = |texts: Vec<String>| texts.join("\n");
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => joined(items.iter().map(text).collect()),
        Value::Object(members) => joined(members.values().map(text).collect()),
        _ => String::new(),
    }
}
