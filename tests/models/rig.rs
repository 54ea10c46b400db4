//! What every test here begins with.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::Path;

use chesterton::model::{
    Answer, Arguments, Budget, Client, Model, ModelSpec, Options, Patience, Prices, Provider, Request, Tape,
    ToolResult, Turn, Who,
};
use chesterton::record::TrialId;
use chesterton::record::tool::ToolSpec;
use serde_json::{Value, json};

use crate::standin::{self, Standin};

/// Short enough that a whole turn of failures takes less than a second.
pub fn impatient() -> Patience {
    Patience {
        turn_ms: 700,
        connect_ms: 300,
        silence_ms: 120,
        backoff_ms: 5,
        answer_bytes_max: 2 * 1024 * 1024,
        ..Patience::default()
    }
}

/// A model of the stand-in.
pub fn spec(standin: &Standin, dialect: standin::Dialect, stream: bool) -> ModelSpec {
    spec_at(&standin.url(dialect), dialect, stream)
}

pub fn spec_at(url: &str, dialect: standin::Dialect, stream: bool) -> ModelSpec {
    use chesterton::model::Dialect::{AnthropicMessages, Gemini, OpenaiChat, OpenaiResponses};
    let dialect = match dialect {
        standin::Dialect::Chat => OpenaiChat,
        standin::Dialect::Responses => OpenaiResponses,
        standin::Dialect::Messages => AnthropicMessages,
        standin::Dialect::Gemini => Gemini,
    };
    let mut spec = ModelSpec::new(Provider::OpenaiCompatible, "test-model");
    spec.base_url = Some(url.to_owned());
    spec.dialect = Some(dialect);
    spec.stream = stream;
    spec.output_tokens_max = 1_000;
    spec.patience = impatient();
    spec
}

pub fn client(budget: Budget, tape: Tape) -> Client {
    Client::new(Options { budget, prices: Prices::built_in().unwrap(), tape }).unwrap()
}

pub fn plain_client() -> Client {
    client(Budget::default(), Tape::Off)
}

pub fn model(spec: ModelSpec) -> Model {
    plain_client().model(spec.endpoint().unwrap()).unwrap()
}

pub fn who(trial: &str) -> Who {
    Who { trial: TrialId::from(trial), part: "agent".to_owned(), seed: 1 }
}

/// A key that is read from a descriptor, as long as the file is kept.
pub fn key_file(key: &str) -> File {
    let mut file = tempfile::tempfile().unwrap();
    writeln!(file, "{key}").unwrap();
    file
}

pub fn with_key(mut spec: ModelSpec, file: &File) -> ModelSpec {
    spec.key_fd = Some(u32::try_from(file.as_raw_fd()).unwrap());
    spec
}

pub fn tools() -> Vec<ToolSpec> {
    vec![ToolSpec {
        name: "run_command",
        description: "Runs a command line.",
        parameters: json!({"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"],
                           "additionalProperties": false}),
    }]
}

pub fn request(text: &str) -> Request {
    Request {
        system: "You are an engineer.".to_owned(),
        tools: tools(),
        turns: vec![Turn::User(text.to_owned())],
    }
}

/// Adds an answer and what came of its tools.
pub fn heard(request: &mut Request, answer: &Answer, text: &str) {
    request.turns.push(Turn::Assistant(answer.echo.clone()));
    let result = |tool: &chesterton::model::ToolUse| ToolResult {
        id: tool.id.clone(),
        name: tool.name.clone(),
        text: text.to_owned(),
        is_error: false,
    };
    request.turns.push(Turn::Tools(answer.uses.iter().map(result).collect()));
}

pub fn parsed(arguments: &Arguments) -> &Value {
    match arguments {
        Arguments::Parsed(value) => value,
        Arguments::Malformed { text, problem } => panic!("`{text}`: {problem}"),
    }
}

/// All bytes of all files of a folder.
pub fn bytes_of(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.extend(if path.is_dir() { bytes_of(&path) } else { std::fs::read(path).unwrap() });
    }
    all
}
