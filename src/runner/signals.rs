//! INT and TERM: the first lets the trials in flight end, within a bound; the second ends the process at once. Sealed
//! trials stay readable either way.

use tokio::runtime::Builder;
use tokio::signal::unix::{self, SignalKind};
use tokio::sync::oneshot;

use crate::base::exit::Exit;
use crate::ledger::RunFolder;

/// How a run was stopped from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// TERM.
    Terminate,
}

impl Signal {
    /// The exit that it leads to.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Interrupt => Exit::Interrupted,
            Self::Terminate => Exit::Terminated,
        }
    }

    /// Ends the process at once.
    #[expect(clippy::disallowed_methods, reason = "a second signal must end the process wherever it is")]
    pub(super) fn end_process(self) -> ! {
        std::process::exit(self.exit().code().into())
    }
}

/// Does something that takes a moment and can be done again; INT or TERM ends the process meanwhile.
pub fn interruptible<T>(folder: &RunFolder, act: impl FnOnce() -> T) -> T {
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return act() };
    let (done, over) = oneshot::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            runtime.block_on(async {
                let mut signals = Signals::listen();
                tokio::select! {
                    _ = over => {}
                    signal = signals.next() => {
                        folder.leave();
                        signal.end_process();
                    }
                }
            });
        });
        let result = act();
        drop(done);
        result
    })
}

/// Listens as long as the run lasts.
pub(super) struct Signals {
    interrupt: Option<unix::Signal>,
    terminate: Option<unix::Signal>,
}

impl Signals {
    /// Where the system refuses to be listened to, its own way of ending a process stays.
    pub(super) fn listen() -> Self {
        let listen = |kind| unix::signal(kind).ok();
        Self { interrupt: listen(SignalKind::interrupt()), terminate: listen(SignalKind::terminate()) }
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            () = received(self.interrupt.as_mut()) => Signal::Interrupt,
            () = received(self.terminate.as_mut()) => Signal::Terminate,
        }
    }
}

async fn received(signal: Option<&mut unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
