//! A stand-in for the providers: a server on loopback that speaks their wire formats, answers by script, and fails in
//! every way that providers do.
//!
//! `let standin = Standin::start(|asked| Said::text("done")).await;` and point a model at `standin.url(dialect)`.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "each test uses its part"
)]

pub mod faults;
mod http;
mod render;
pub mod sentinel;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use faults::Fault;
pub use render::Dialect;

/// A request, as it was understood.
#[derive(Clone, Debug)]
pub struct Asked {
    /// How many came before it.
    pub n: usize,
    pub dialect: Dialect,
    pub stream: bool,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Value,
    pub bytes: usize,
}

impl Asked {
    /// How many answers of the model the conversation holds: 0 in its first turn.
    pub fn turn(&self) -> usize {
        render::turns(self.dialect, &self.body)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the model says.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub text: String,
    /// Reasoning that has to be sent back.
    pub thinking: String,
    /// Tools by name, with their arguments as the model wrote them.
    pub tools: Vec<(String, String)>,
    /// It stops because it may say no more.
    pub cut_off: bool,
    /// How long it thinks.
    pub after: Duration,
    /// What happens instead.
    pub fault: Option<Fault>,
    /// Tokens that were read from the cache.
    pub cached: u64,
    /// Tokens that were written to it.
    pub kept: u64,
}

impl Said {
    pub fn text(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    pub fn tool(name: &str, arguments: &Value) -> Self {
        Self::default().and_tool(name, &arguments.to_string())
    }

    pub fn and_tool(mut self, name: &str, arguments: &str) -> Self {
        self.tools.push((name.to_owned(), arguments.to_owned()));
        self
    }

    pub fn thinking(mut self, thinking: &str) -> Self {
        self.thinking = thinking.to_owned();
        self
    }

    pub fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }

    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }
}

type Script = dyn Fn(&Asked) -> Said + Send + Sync;

struct Shared {
    script: Box<Script>,
    count: AtomicUsize,
    in_flight: AtomicUsize,
    in_flight_most: AtomicUsize,
    /// Requests, if they are kept.
    seen: Option<Mutex<Vec<Asked>>>,
}

/// A server that runs until it is dropped.
pub struct Standin {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Standin {
    /// Starts one that keeps what it is asked.
    pub async fn start(script: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        Self::with(script, Some(Mutex::default())).await
    }

    /// Starts one that keeps nothing: for many requests.
    pub async fn start_lean(script: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        Self::with(script, None).await
    }

    async fn with(
        script: impl Fn(&Asked) -> Said + Send + Sync + 'static,
        seen: Option<Mutex<Vec<Asked>>>,
    ) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener: TcpListener = socket.listen(4_096).unwrap();
        let address = listener.local_addr().unwrap();
        let (count, in_flight, in_flight_most) = Default::default();
        let shared = Arc::new(Shared { script: Box::new(script), count, in_flight, in_flight_most, seen });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(http::serve(stream, Arc::clone(&serving)));
            }
        });
        Self { address, shared, task }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a model of this dialect has as its base URL.
    pub fn url(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Chat | Dialect::Responses => format!("http://{}/v1", self.address),
            Dialect::Messages | Dialect::Gemini => format!("http://{}", self.address),
        }
    }

    /// How many requests came.
    pub fn count(&self) -> usize {
        self.shared.count.load(Ordering::SeqCst)
    }

    /// How many were being answered at once, at the most.
    pub fn in_flight_most(&self) -> usize {
        self.shared.in_flight_most.load(Ordering::SeqCst)
    }

    /// The requests that came.
    pub fn seen(&self) -> Vec<Asked> {
        self.shared.seen.as_ref().map(|seen| seen.lock().unwrap().clone()).unwrap_or_default()
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.task.abort();
    }
}
