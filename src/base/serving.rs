//! What serves until it is dropped, and the loop in which connections are taken.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// How long nothing is taken after a connection could not be: a machine that has no room for it has it again in a while.
const PAUSE: Duration = Duration::from_millis(100);

/// Something that serves, and where. Its connections end with it.
#[derive(Debug)]
pub struct Serving {
    /// A URL, an address, or the path of a socket.
    pub at: String,
    /// The address behind it; a socket has none.
    pub address: Option<SocketAddr>,
    task: JoinHandle<()>,
}

impl Serving {
    /// What serves in this way, at this place.
    pub fn new(
        at: String,
        address: Option<SocketAddr>,
        serve: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self { at, address, task: tokio::spawn(serve) }
    }

    /// Serves each connection to a socket, so many at once; more wait.
    ///
    /// # Errors
    /// It cannot be listened on: a path of more than a hundred bytes, say.
    pub fn socket<F: Future<Output = ()> + Send + 'static>(
        path: &Path,
        at_once_max: usize,
        serve: impl Fn(UnixStream) -> F + Send + 'static,
    ) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        let accept =
            move |cx: &mut Context<'_>| listener.poll_accept(cx).map(|taken| taken.map(|(stream, _)| stream));
        Ok(Self::new(path.display().to_string(), None, taken(accept, at_once_max, serve)))
    }

    /// Serves each connection to an address, so many at once; more wait. At port 0, wherever there is room.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn port<F: Future<Output = ()> + Send + 'static>(
        listen: SocketAddr,
        at_once_max: usize,
        serve: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let accept =
            move |cx: &mut Context<'_>| listener.poll_accept(cx).map(|taken| taken.map(|(stream, _)| stream));
        Ok(Self::new(address.to_string(), Some(address), taken(accept, at_once_max, serve)))
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
        Ok(Self::new(format!("http://{address}{path}"), Some(address), serve))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes connections and serves them, so many at once. One that could not be taken ends nothing.
async fn taken<S, F: Future<Output = ()> + Send + 'static>(
    mut accept: impl FnMut(&mut Context<'_>) -> Poll<io::Result<S>>,
    at_once_max: usize,
    serve: impl Fn(S) -> F,
) {
    let mut served = JoinSet::new();
    loop {
        while served.try_join_next().is_some() {}
        while served.len() >= at_once_max {
            served.join_next().await;
        }
        match poll_fn(&mut accept).await {
            Ok(connection) => drop(served.spawn(serve(connection))),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Stopwatch;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Connections come and go; every third cannot be taken.
    #[tokio::test]
    async fn a_connection_that_cannot_be_taken_ends_nothing_and_so_many_are_served_at_once() {
        let (now, most, done) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let counts = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&done));
        let mut n = 0;
        let accept = move |_: &mut Context<'_>| {
            n += 1;
            match n {
                _ if n > 12 => Poll::Pending,
                _ if n % 3 == 0 => Poll::Ready(Err(io::Error::from_raw_os_error(24))),
                _ => Poll::Ready(Ok(n)),
            }
        };
        let serve = move |_| {
            let (now, most, done) = counts.clone();
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                sleep(Duration::from_millis(20)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                done.fetch_add(1, Ordering::SeqCst);
            }
        };
        let began = Stopwatch::start();
        let serving = Serving::new(String::new(), None, taken(accept, 2, serve));
        while done.load(Ordering::SeqCst) < 8 {
            assert!(began.elapsed() < Duration::from_secs(20), "{done:?} were served");
            sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
        // Three times it could not be taken before the eighth was.
        assert!(began.elapsed() >= 3 * PAUSE, "{:?}: it spins", began.elapsed());
        drop(serving);
    }

    #[tokio::test]
    async fn its_connections_end_with_it() {
        let begun = Arc::new(());
        let held = Arc::clone(&begun);
        let serve = move |_: TcpStream| {
            let held = Arc::clone(&held);
            async move {
                let _held = held;
                std::future::pending::<()>().await;
            }
        };
        let serving = Serving::port("127.0.0.1:0".parse().unwrap(), 4, serve).await.unwrap();
        let _client = TcpStream::connect(&serving.at).await.unwrap();
        while Arc::strong_count(&begun) < 3 {
            tokio::task::yield_now().await;
        }
        drop(serving);
        while Arc::strong_count(&begun) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
