//! The gateway: for an agent that is a process, the one way to its model.
//!
//! It passes on what the agent asks in its model's dialect, and what is answered, byte for byte as it comes; it adds the key,
//! which the agent never has; and it keeps the tape and the budget as if the agent were one of ours. It asks nothing again:
//! such agents have rules of their own for that, and each of their tries is on the tape.

mod pass;
mod passing;
mod routes;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

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
        let task = tokio::spawn(async move {
            // It ends with its task alone.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, passes, task })
    }

    /// Lets one trial's agent pass to this model, for as long as the pass is kept.
    ///
    /// # Errors
    /// The machine has no randomness to give.
    pub fn admit(&self, model: &Model, who: Who) -> io::Result<Pass> {
        let mut random = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut random)?;
        let token = format!("chesterton-{}", simulators::hex(&random));
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
