//! A stand-in for providers on loopback: it speaks their dialects and says what a script says. With it an agent that is installed can be
//! tried without a key, and without anybody outside.

mod heard;
mod said;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::Value;

use crate::base::serving::Serving;
use crate::model::endpoint::Dialect;
use crate::model::wire::EVENTS;
pub use heard::{Heard, Offered};
pub use said::Saying;

/// Bytes of one request.
const REQUEST_BYTES_MAX: usize = 64 * 1024 * 1024;

type Script = dyn Fn(&Heard) -> Saying + Send + Sync;

/// Serves on loopback until what comes back is dropped; `script` is what it says to each request.
///
/// # Errors
/// Loopback cannot be listened on.
pub async fn standin(script: impl Fn(&Heard) -> Saying + Send + Sync + 'static) -> io::Result<Serving> {
    let script: Arc<Script> = Arc::new(script);
    let router = Router::new().fallback(serve).with_state(script);
    Serving::http((Ipv4Addr::LOCALHOST, 0).into(), "", router).await
}

async fn serve(State(script): State<Arc<Script>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        return Response::default();
    }
    let path = parts.uri.path();
    let bytes = to_bytes(body, REQUEST_BYTES_MAX).await.unwrap_or_default();
    let (Some(dialect), Ok(body)) = (Dialect::of_path(path), serde_json::from_slice::<Value>(&bytes)) else {
        return answer(StatusCode::NOT_FOUND, "application/json", "{}".to_owned());
    };
    let heard = Heard::of(dialect, &body);
    let saying = script(&heard).shaped(heard.shape.as_ref());
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
    match dialect.is_stream(path, &body) {
        true => answer(StatusCode::OK, EVENTS, saying.events(dialect, model)),
        false => answer(StatusCode::OK, "application/json", saying.whole(dialect, model).to_string()),
    }
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response {
    let response = Response::builder().status(status).header("content-type", kind).body(Body::from(body));
    response.unwrap_or_default()
}
