//! The AWS wire door: the services' own protocols (query, JSON, REST-JSON, REST-XML) over HTTP on loopback, for the
//! operations that the `aws` dialect knows. What comes in is one of that dialect's calls, and meets the same gate.
//!
//! Signatures are not checked. Who asks is known by the access key's id, which is the trial's own; a request with another is
//! turned away as the services turn it away.

mod form;
mod lists;
mod reply;
mod request;
mod routes;
mod xml;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};
use simulators::call::Refusal;
use simulators::cli::Api;
use tokio::sync::mpsc;

use crate::base::serving::Serving;
use crate::base::token;
use crate::door::asked::{self, Ask, Asked, Told};
use crate::gate::Outcome;
use request::{Request, Speaks, Wire, Wrong};

/// Bytes of a request. The services take no template or form that is larger, and objects here are texts.
const REQUEST_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Characters of a request's arguments that are written into the line by which people and records know it.
const LINE_CHARS_MAX: usize = 2_000;

/// The AWS wire door of one trial.
#[derive(Debug)]
pub struct AwsDoor {
    asks: mpsc::Sender<Asked>,
    key: String,
    requests: AtomicU64,
}

/// A door that serves, and what a client has to know of it.
#[derive(Debug)]
pub struct AwsServing {
    /// The server.
    pub serving: Serving,
    /// Variables that official clients go by.
    pub environment: Vec<(&'static str, String)>,
}

impl AwsDoor {
    /// Serves the trial behind this channel; at port 0, wherever there is room.
    ///
    /// # Errors
    /// The address cannot be listened on, or the machine has no randomness to give.
    pub async fn serve(
        asks: mpsc::Sender<Asked>,
        listen: SocketAddr,
        region: &str,
    ) -> io::Result<AwsServing> {
        let key: String = token::fresh()?.to_uppercase().chars().take(16).collect();
        let key = format!("AKIA{key}");
        let door = Self { asks, key: key.clone(), requests: AtomicU64::new(0) };
        let router = Router::new().fallback(serve).with_state(Arc::new(door));
        let serving = Serving::http(listen, "", router).await?;
        let environment = vec![
            ("AWS_ENDPOINT_URL", serving.at.clone()),
            ("AWS_ACCESS_KEY_ID", key),
            ("AWS_SECRET_ACCESS_KEY", "not-checked".to_owned()),
            ("AWS_REGION", region.to_owned()),
            ("AWS_DEFAULT_REGION", region.to_owned()),
            ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_PAGER", String::new()),
        ];
        Ok(AwsServing { serving, environment })
    }

    async fn answer(&self, wire: &Wire<'_>) -> Response {
        let n = self.requests.fetch_add(1, Ordering::Relaxed);
        let id = format!("00000000-0000-4000-8000-{n:012x}");
        let request = match request::read(wire) {
            Ok(request) => request,
            Err(wrong) => return turned_away(wrong),
        };
        if request.key != self.key {
            let text = "The security token included in the request is invalid.";
            return reply::refused(&request, &Refusal::new("InvalidClientTokenId", text), &id);
        }
        match self.ask(wire, &request).await {
            Ok(value) => reply::answered(&request, &value, &id),
            Err(refusal) => reply::refused(&request, &refusal, &id),
        }
    }

    async fn ask(&self, wire: &Wire<'_>, request: &Request) -> Result<Value, Refusal> {
        let Some(api) = Api::named(&request.service, &request.operation) else {
            return Err(self.gap(request).await);
        };
        let call = api.call(request.args.clone())?;
        let text = line(wire, request);
        match asked::ask(&self.asks, Ask::Call { text, call }).await {
            Told::Outcome(Outcome::Answered(answer) | Outcome::Forbidden(answer)) => answer,
            Told::Outcome(Outcome::Denied(verdict)) => Err(reply::denial(request, verdict.denial())),
            _ => Err(Refusal::new("ServiceUnavailable", "The work is over: nothing more is taken.")),
        }
    }

    /// An operation that is not simulated. The dialect knows whether the real services have it, and has it counted then.
    async fn gap(&self, request: &Request) -> Refusal {
        let words = Api::words(&request.service, &request.operation);
        asked::ask(&self.asks, Ask::Words { words, stdin: String::new(), files: BTreeMap::new() }).await;
        let text =
            format!("The operation {} of {} is not available here", request.operation, request.service);
        let code = match request.speaks {
            Speaks::Query => "InvalidAction",
            Speaks::Json => "UnknownOperationException",
            Speaks::RestJson | Speaks::RestXml => "NotImplemented",
        };
        Refusal::new(code, text)
    }
}

async fn serve(State(door): State<Arc<AwsDoor>>, request: HttpRequest) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, REQUEST_BYTES_MAX).await else {
        let mut response =
            Response::new(Body::from(format!("a request has at most {REQUEST_BYTES_MAX} bytes")));
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return response;
    };
    door.answer(&Wire { method: &parts.method, uri: &parts.uri, headers: &parts.headers, body: &body }).await
}

/// The request as people and records know it. It is no command line: what is looked for in those is not found here.
fn line(wire: &Wire<'_>, request: &Request) -> String {
    let Request { service, operation, args, .. } = request;
    let args = serde_json::to_string(args).unwrap_or_default();
    let args: String = args.chars().take(LINE_CHARS_MAX).collect();
    format!("{} https://{service}.amazonaws.com {operation} {args}", wire.method)
}

fn turned_away(wrong: Wrong) -> Response {
    let (code, text) = match wrong {
        Wrong::Unsigned => ("MissingAuthenticationToken", "Request is missing Authentication Token"),
        Wrong::Malformed => ("SerializationException", "The request could not be read"),
    };
    let nobody = Request {
        service: String::new(),
        key: String::new(),
        speaks: Speaks::Json,
        operation: String::new(),
        args: Map::new(),
        is_head: false,
    };
    reply::refused(&nobody, &Refusal::new(code, text), "")
}
