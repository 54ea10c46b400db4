//! INT and TERM: the first lets the trials in flight end, the second ends the process at once. Sealed trials stay
//! readable either way.

use std::sync::{Arc, OnceLock};

use tokio::signal::unix::{SignalKind, signal};

use super::pool::Shared;
use crate::base::exit::Exit;

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
}

/// Waits for signals as long as the run lasts.
#[expect(clippy::disallowed_methods, reason = "a second signal must end the process wherever it is")]
pub(super) async fn heed(shared: Arc<Shared>, heeded: Arc<OnceLock<Signal>>) {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    loop {
        let signal = tokio::select! {
            _ = interrupt.recv() => Signal::Interrupt,
            _ = terminate.recv() => Signal::Terminate,
        };
        if heeded.set(signal).is_err() {
            std::process::exit(signal.exit().code().into());
        }
        shared.stop();
    }
}
