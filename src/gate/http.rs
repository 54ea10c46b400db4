//! Decision points behind a URL: a webhook that speaks our document, and OPA's data API.
//!
//! A question is one POST of JSON on a connection of its own, and the answer is JSON too: what a server sends too much on one
//! connection can never be taken for the answer to another question. Nothing is asked twice, redirects are not followed
//! (what is said elsewhere was not asked for), proxies of the environment are not used, and an answer is read up to a
//! limit. The gate holds the deadline: when it passes, the connection is closed.

use std::error::Error;
use std::sync::Once;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url, retry};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer;
use super::beside::Beside;
use super::case::Case;
use super::guardrail::{Guardrail, Opinion, Question, Thinking};
use super::kinds::{Blueprint, Kind, Unfit};
use super::one_json::one_json;

/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// A decision point that gets the document of `POLICIES.md` and answers `{"decision": "allow|deny|ask", "reason": "…"}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookFile {
    /// Where it is asked: `http://` or `https://`.
    url: String,
    /// The variable of the environment that holds its bearer token, if it wants one.
    token_env: Option<String>,
    /// Its name in verdicts.
    #[serde(default = "webhook")]
    name: String,
}

/// A decision point that speaks OPA's data API: `{"input": …}` in, `{"result": …}` out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpaFile {
    /// The rule that decides, with OPA's address: `http://127.0.0.1:8181/v1/data/chesterton/decision`.
    url: String,
    /// The variable of the environment that holds its bearer token, if it wants one.
    token_env: Option<String>,
    /// Its name in verdicts.
    #[serde(default = "opa")]
    name: String,
}

fn webhook() -> String {
    "webhook".to_owned()
}

fn opa() -> String {
    "opa".to_owned()
}

/// What goes over the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wire {
    /// The document, and a decision.
    Plain,
    /// The same inside `input` and `result`.
    Opa,
}

impl Kind for WebhookFile {
    fn prepare(self: Box<Self>, _: &Beside) -> Result<Blueprint, Unfit> {
        Remote::prepare(&self.url, self.token_env.as_deref(), self.name, Wire::Plain)
    }
}

impl Kind for OpaFile {
    fn prepare(self: Box<Self>, _: &Beside) -> Result<Blueprint, Unfit> {
        Remote::prepare(&self.url, self.token_env.as_deref(), self.name, Wire::Opa)
    }
}

/// A decision point that can be asked.
#[derive(Clone)]
struct Remote {
    name: String,
    url: Url,
    wire: Wire,
    /// Marked as sensitive: it is never shown.
    token: Option<HeaderValue>,
    client: Client,
}

impl Remote {
    fn prepare(url: &str, token_env: Option<&str>, name: String, wire: Wire) -> Result<Blueprint, Unfit> {
        let (url, token) = (checked(url)?, token_env.map(token).transpose()?);
        Ok(Blueprint::of(Self { name, url, wire, token, client: client()? }))
    }

    async fn ask(&self, question: Question<'_>) -> Result<Opinion, String> {
        let case = serde_json::to_value(Case::of(&question)).map_err(|error| error.to_string())?;
        let body = match self.wire {
            Wire::Plain => case,
            Wire::Opa => json!({ "input": case }),
        };
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        let mut response = request.body(body.to_string()).send().await.map_err(|error| unreached(&error))?;
        if response.status() != StatusCode::OK {
            return Err(format!("it answered with status {}", response.status().as_u16()));
        }
        let mut bytes = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|_| "its answer broke off".to_owned())? {
            bytes.extend_from_slice(&part);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(format!("it said more than {} KiB", ANSWER_BYTES_MAX / 1024));
            }
        }
        self.read(&one_json(&bytes)?, question.call.id.0)
    }

    fn read(&self, said: &Value, call: u32) -> Result<Opinion, String> {
        let Value::Object(object) = said else {
            return Err(format!("expected a JSON object, found `{}`", answer::quoted(&said.to_string())));
        };
        match (self.wire, object.get("result")) {
            (Wire::Plain, _) => Ok(answer::opinion(said, call)),
            (Wire::Opa, Some(result)) => Ok(answer::opinion(result, call)),
            (Wire::Opa, None) => {
                Err("the rule is undefined for this call: OPA's answer has no `result`".to_owned())
            }
        }
    }
}

impl Guardrail for Remote {
    fn name(&self) -> &str {
        &self.name
    }

    fn sees_approvals(&self) -> bool {
        true
    }

    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a> {
        Box::pin(async move { self.ask(question).await.unwrap_or_else(Opinion::Fault) })
    }
}

fn checked(url: &str) -> Result<Url, Unfit> {
    let told = |what: &str| Unfit::new(format!("{what}, found `{url}`")).of("url");
    let parsed =
        Url::parse(url).map_err(|_| told("expected a URL such as `http://127.0.0.1:8080/decide`"))?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() {
        return Err(told("expected an address that begins with `http://` or `https://`"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        let unfit = Unfit::new("a URL with a name and a password in it would end up in records").of("url");
        return Err(unfit.help("put a token into a variable of the environment and name that in `token_env`"));
    }
    Ok(parsed)
}

#[expect(clippy::disallowed_methods, reason = "the setup names the variable; its value goes into one header")]
fn token(variable: &str) -> Result<HeaderValue, Unfit> {
    let told = |what: &str| Unfit::new(format!("{what} `{variable}`")).of("token_env");
    let token = std::env::var(variable).map_err(|_| told("the environment has no variable"))?;
    let mut header = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| told("no header can hold what stands in the variable"))?;
    header.set_sensitive(true);
    Ok(header)
}

fn client() -> Result<Client, Unfit> {
    static PROVIDER: Once = Once::new();
    // A second installation fails because there is one already, which is what is wanted.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let client = Client::builder()
        .http1_only()
        .pool_max_idle_per_host(0)
        .redirect(Policy::none())
        .retry(retry::never())
        .no_proxy()
        .build();
    client.map_err(|error| Unfit::new(format!("no HTTP client could be made: {error}")))
}

/// Why there is no answer: in the words of whatever failed first, which name no address.
fn unreached(error: &reqwest::Error) -> String {
    if !error.is_connect() {
        return "its answer broke off".to_owned();
    }
    let mut first: &dyn Error = error;
    while let Some(source) = first.source() {
        first = source;
    }
    format!("it could not be reached: {}", answer::quoted(&first.to_string()))
}
