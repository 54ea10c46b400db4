//! Where a model is asked, and how: what stands in an agent's file, and what comes of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::patience::Patience;
use super::price::Price;

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// api.openai.com, in the Responses dialect; the key in `OPENAI_API_KEY`.
    Openai,
    /// api.anthropic.com; the key in `ANTHROPIC_API_KEY`.
    Anthropic,
    /// generativelanguage.googleapis.com; the key in `GEMINI_API_KEY`.
    Gemini,
    /// Whatever speaks OpenAI's Chat Completions at `base_url`: vLLM, Ollama, LM Studio, LiteLLM, OpenRouter. No key unless
    /// one is named.
    OpenaiCompatible,
}

/// How a provider is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// OpenAI Chat Completions, and everything that follows it.
    OpenaiChat,
    /// OpenAI Responses.
    OpenaiResponses,
    /// Anthropic Messages.
    AnthropicMessages,
    /// Google Gemini `generateContent`.
    Gemini,
}

impl Dialect {
    /// Whose a path is in which an answer is asked for.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        match path {
            _ if path.ends_with("/chat/completions") => Some(Self::OpenaiChat),
            _ if path.ends_with("/responses") => Some(Self::OpenaiResponses),
            _ if path.ends_with("/messages") => Some(Self::AnthropicMessages),
            _ if path.ends_with(":generateContent") || path.ends_with(":streamGenerateContent") => {
                Some(Self::Gemini)
            }
            _ => None,
        }
    }

    /// Whether a request asks for an answer that comes piece by piece.
    pub(super) fn is_stream(self, path: &str, body: &Value) -> bool {
        match self {
            Self::Gemini => path.ends_with(":streamGenerateContent"),
            _ => body.get("stream") == Some(&Value::Bool(true)),
        }
    }

    /// What the official SDK of the dialect takes as its base URL for whoever speaks it at this address.
    pub fn base(self, at: &str) -> String {
        match self {
            Self::OpenaiChat | Self::OpenaiResponses => format!("{at}/v1"),
            Self::AnthropicMessages | Self::Gemini => at.to_owned(),
        }
    }
}

/// A model, as an agent's file names it in its table `[model]`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Who answers: `openai`, `anthropic`, `gemini` or `openai-compatible`.
    pub provider: Provider,
    /// The model's name at the provider.
    pub name: String,
    /// How it is spoken to, if not as the provider is by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// Where it is, such as `http://localhost:11434/v1`: what the official SDK of the dialect takes as its base URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The environment variable that holds the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// The open file descriptor that the key is read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_fd: Option<u32>,
    /// The header that carries the key bare, such as `api-key`, if not the dialect's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_header: Option<String>,
    /// Tokens that an answer may have, reasoning included.
    #[serde(default = "output_tokens_max")]
    pub output_tokens_max: u64,
    /// How models draw their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The share of likely words that are drawn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// A seed for the provider, where the dialect has one. No provider promises the same answer for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How hard it thinks, in the provider's word, such as `low` or `high`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// Tokens it may think for, where the dialect counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// Whether answers come piece by piece, so that one that stops coming is noticed early.
    #[serde(default = "yes")]
    pub stream: bool,
    /// Whether the provider is asked to keep what it has read, where it must be asked.
    #[serde(default = "yes")]
    pub cache: bool,
    /// Whether several tools may be used in one turn.
    #[serde(default = "yes")]
    pub parallel_tools: bool,
    /// More headers. None of them may carry a key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// More fields of the request's body, laid over what the dialect puts there.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub body: Map<String, Value>,
    /// How long is waited, and for how many answers at once.
    #[serde(default)]
    pub patience: Patience,
    /// Dollars for a million tokens, if not as the table of prices has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

const fn yes() -> bool {
    true
}

const fn output_tokens_max() -> u64 {
    8_192
}

/// Where a key comes from: never from a command line, never from a file of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeySource {
    /// There is none.
    None,
    /// An environment variable.
    Env(String),
    /// An open file descriptor, read to its end.
    Fd(u32),
}

/// A model that can be asked: everything is settled but the key.
#[derive(Clone, PartialEq, Debug)]
pub struct Endpoint {
    /// How it is spoken to.
    pub dialect: Dialect,
    /// Where it is.
    pub base: reqwest::Url,
    /// Where its key comes from.
    pub key: KeySource,
    /// As it was written.
    pub spec: ModelSpec,
}

/// A model's table that cannot be meant.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{problem}")]
pub struct Unfit {
    /// The key of the table, such as `base_url` or `headers.x-api-key`.
    pub key: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl Unfit {
    pub(super) fn new(key: &str, problem: impl Into<String>) -> Self {
        Self { key: key.to_owned(), problem: problem.into() }
    }
}

/// Fields of a body that only the program itself sets: what is asked, and what bounds its price.
const OUR_FIELDS: [&str; 11] = [
    "model",
    "stream",
    "stream_options",
    "messages",
    "input",
    "contents",
    "tools",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "n",
];
const OUR_SETTINGS: [&str; 2] = ["maxOutputTokens", "candidateCount"];

/// Headers that only the program itself sets.
const OUR_HEADERS: [&str; 10] = [
    "authorization",
    "x-api-key",
    "x-goog-api-key",
    "api-key",
    "cookie",
    "host",
    "content-length",
    "content-type",
    "accept-encoding",
    "transfer-encoding",
];

impl ModelSpec {
    /// A model of a provider with everything else at its default.
    pub fn new(provider: Provider, name: &str) -> Self {
        Self {
            provider,
            name: name.to_owned(),
            dialect: None,
            base_url: None,
            key_env: None,
            key_fd: None,
            key_header: None,
            output_tokens_max: output_tokens_max(),
            temperature: None,
            top_p: None,
            seed: None,
            reasoning_effort: None,
            reasoning_tokens: None,
            stream: true,
            cache: true,
            parallel_tools: true,
            headers: BTreeMap::new(),
            body: Map::new(),
            patience: Patience::default(),
            price: None,
        }
    }

    /// The model that this means.
    ///
    /// # Errors
    /// What in the table cannot be meant.
    pub fn endpoint(self) -> Result<Endpoint, Unfit> {
        if self.name.trim().is_empty() {
            return Err(Unfit::new("name", "expected the model's name at its provider"));
        }
        if self.output_tokens_max == 0 {
            return Err(Unfit::new("output_tokens_max", "expected at least 1"));
        }
        self.patience.check()?;
        for (name, value) in &self.headers {
            check_header(name, value)?;
        }
        self.check_body()?;
        let base = self.base()?;
        let key = self.key()?;
        let dialect = self.dialect.unwrap_or(match self.provider {
            Provider::Openai => Dialect::OpenaiResponses,
            Provider::OpenaiCompatible => Dialect::OpenaiChat,
            Provider::Anthropic => Dialect::AnthropicMessages,
            Provider::Gemini => Dialect::Gemini,
        });
        Ok(Endpoint { dialect, base, key, spec: self })
    }

    fn check_body(&self) -> Result<(), Unfit> {
        let ours =
            |name: &str| Unfit::new(&format!("body.{name}"), format!("`{name}` is set by the program"));
        if let Some(name) = OUR_FIELDS.iter().find(|name| self.body.contains_key(**name)) {
            return Err(ours(name));
        }
        let settings = self.body.get("generationConfig").and_then(Value::as_object);
        match OUR_SETTINGS.iter().find(|name| settings.is_some_and(|settings| settings.contains_key(**name)))
        {
            Some(name) => Err(ours(&format!("generationConfig.{name}"))),
            None => Ok(()),
        }
    }

    fn base(&self) -> Result<reqwest::Url, Unfit> {
        let unfit = |problem: String| Unfit::new("base_url", problem);
        let text = match (&self.base_url, self.provider) {
            (Some(url), _) => url.as_str(),
            (None, Provider::Openai) => "https://api.openai.com/v1",
            (None, Provider::Anthropic) => "https://api.anthropic.com",
            (None, Provider::Gemini) => "https://generativelanguage.googleapis.com",
            (None, Provider::OpenaiCompatible) => {
                let expected = "expected where the model is, such as `http://localhost:11434/v1`";
                return Err(unfit(expected.to_owned()));
            }
        };
        let url = reqwest::Url::parse(text).map_err(|error| unfit(format!("`{text}` is no URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
            return Err(unfit(format!("expected a URL of http or https, found `{text}`")));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(unfit(
                "a URL is recorded, so it holds no password; name a variable in `key_env`".into(),
            ));
        }
        Ok(url)
    }

    fn key(&self) -> Result<KeySource, Unfit> {
        let default = match self.provider {
            Provider::Openai => "OPENAI_API_KEY",
            Provider::Anthropic => "ANTHROPIC_API_KEY",
            Provider::Gemini => "GEMINI_API_KEY",
            Provider::OpenaiCompatible => "",
        };
        match (&self.key_env, self.key_fd) {
            (Some(_), Some(_)) => {
                Err(Unfit::new("key_fd", "a key comes from `key_env` or from `key_fd`, not from both"))
            }
            (Some(name), None) if name.is_empty() || name.contains(['=', '\0']) => {
                Err(Unfit::new("key_env", "expected the name of an environment variable"))
            }
            (Some(name), None) => Ok(KeySource::Env(name.clone())),
            (None, Some(number)) => Ok(KeySource::Fd(number)),
            (None, None) if default.is_empty() => Ok(KeySource::None),
            (None, None) => Ok(KeySource::Env(default.to_owned())),
        }
    }
}

fn check_header(name: &str, value: &str) -> Result<(), Unfit> {
    let unfit = |problem: String| Err(Unfit::new(&format!("headers.{name}"), problem));
    if OUR_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        return unfit(format!("`{name}` is set by the program; a key is named in `key_env` or `key_fd`"));
    }
    if reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
        return unfit(format!("`{name}` is no name of a header"));
    }
    if reqwest::header::HeaderValue::from_str(value).is_err() {
        return unfit("expected a value on one line".to_owned());
    }
    Ok(())
}
