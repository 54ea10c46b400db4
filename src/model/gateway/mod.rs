//! The gateway: for an agent that is a process, the one way to its model.
//!
//! It passes on what the agent asks in its model's dialect, and what is answered, byte for byte as it comes; it adds the key,
//! which the agent never has; and it keeps the tape and the budget as if the agent were one of ours. It asks nothing again:
//! such agents have rules of their own for that, and each of their tries is on the tape.

mod pass;
mod passing;
mod routes;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::base::token;
use crate::model::client::{Model, Who};
use pass::Entry;

pub use pass::Pass;

/// Who may pass, by token.
#[derive(Default)]
struct Passes(RwLock<BTreeMap<String, Arc<Entry>>>);

impl Passes {
    fn of(&self, token: &str) -> Option<Arc<Entry>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    fn all(&self) -> Vec<Arc<Entry>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn add(&self, token: &str, entry: Arc<Entry>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned(), entry);
    }

    fn remove(&self, token: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(token);
    }
}

/// A gateway that serves until it is dropped.
pub struct Gateway {
    address: SocketAddr,
    passes: Arc<Passes>,
    task: JoinHandle<()>,
    over: Arc<Notify>,
}

impl Gateway {
    /// Begins to serve; at port 0, wherever there is room.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(listen: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let passes = Arc::new(Passes::default());
        let router = routes::router(Arc::clone(&passes));
        let over = Arc::new(Notify::new());
        let ended = Arc::clone(&over);
        let task = tokio::spawn(async move {
            let served =
                axum::serve(listener, router).with_graceful_shutdown(async move { ended.notified().await });
            // It ends when it is told to, or with its task.
            let _ = served.await;
        });
        Ok(Self { address, passes, task, over })
    }

    /// Takes no more, and lets answers that are under way come to their end, and so to the account and the tape, for up to
    /// this long.
    pub async fn end(mut self, longest: Duration) {
        self.over.notify_one();
        let entries = self.passes.all();
        let served = async {
            let _ = (&mut self.task).await;
            // The server is done with a connection before it lets go of what came by it.
            for entry in entries {
                entry.under_way.closed().await;
            }
        };
        let _ = timeout(longest, served).await;
    }

    /// Lets one trial's agent pass to this model, for as long as the pass is kept.
    ///
    /// # Errors
    /// The machine has no randomness to give.
    pub fn admit(&self, model: &Model, who: Who) -> io::Result<Pass> {
        let token = format!("chesterton-{}", token::fresh()?);
        let entry = Arc::new(Entry::new(model.clone(), who));
        self.passes.add(&token, Arc::clone(&entry));
        Ok(Pass::new(token, self.address, entry, Arc::clone(&self.passes)))
    }

    /// Where it serves.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}
