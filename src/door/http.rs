//! A door over HTTP.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;

use crate::base::serving::Serving;

/// Serves HTTP; at port 0, wherever there is room. `path` stands behind the address in [`Serving::at`].
///
/// # Errors
/// The address cannot be listened on.
pub(super) async fn http(listen: SocketAddr, path: &str, router: Router) -> io::Result<Serving> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let serve = async move {
        // It ends with its task.
        let _ = axum::serve(listener, router).await;
    };
    Ok(Serving::new(format!("http://{address}{path}"), Some(address), serve))
}
