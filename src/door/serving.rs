//! A door that is a server: it serves until it is dropped.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A door that serves, and where.
#[derive(Debug)]
pub struct Serving {
    /// A URL, or the path of a socket.
    pub at: String,
    /// The address behind it; a socket has none.
    pub address: Option<SocketAddr>,
    task: JoinHandle<()>,
}

impl Serving {
    /// A socket that this task serves.
    pub fn socket(at: String, task: JoinHandle<()>) -> Self {
        Self { at, address: None, task }
    }

    /// An address that this task serves.
    pub fn port(address: SocketAddr, task: JoinHandle<()>) -> Self {
        Self { at: address.to_string(), address: Some(address), task }
    }

    /// Serves HTTP; at port 0, wherever there is room. `path` stands behind the address in [`Serving::at`].
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn http(listen: SocketAddr, path: &str, router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let serve = async move {
            // It ends with its task.
            let _ = axum::serve(listener, router).await;
        };
        let at = format!("http://{address}{path}");
        Ok(Self { at, address: Some(address), task: tokio::spawn(serve) })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}
