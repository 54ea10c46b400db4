//! Trials on threads: each step of one, from where it waited to where it waits again, is computed on a thread that is free
//! for it, and one that waits keeps none.
//!
//! A trial that computes for long (SQL, code, previews) keeps nobody's clock or socket waiting: those have threads apart. Hundreds
//! of trials that wait for models share a few threads, whose allocators stay warm and small.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use tokio::sync::{Notify, Semaphore};
use tokio::task::spawn_blocking;

/// Computes a future to its end, a step at a time, on as many threads at once as `computing` has room for. `None`: it
/// crashed. Dropped in the middle of a step that goes on and on, it gives that step's room to others.
pub(super) async fn compute<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
    computing: &Semaphore,
) -> Option<T> {
    let mut future: Pin<Box<dyn Future<Output = T> + Send>> = Box::pin(future);
    let bell = Arc::new(Bell(Notify::new()));
    loop {
        let room = computing.acquire().await.ok()?;
        let waker = Waker::from(Arc::clone(&bell));
        let step = spawn_blocking(move || {
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            (future, polled)
        });
        let (back, polled) = step.await.ok()?;
        drop(room);
        match polled {
            Poll::Ready(value) => return Some(value),
            Poll::Pending => future = back,
        }
        bell.0.notified().await;
    }
}

/// Rings when the future can go on; also while it is still being computed.
struct Bell(Notify);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}
