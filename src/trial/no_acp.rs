//! In the place of the Agent Client Protocol, where it is not built in: nobody is talked to.

use std::path::PathBuf;

use tokio::net::UnixStream;
use tokio::sync::mpsc;

use crate::door::Asked;
use crate::record::Ending;

/// What would be said to an agent.
#[expect(dead_code, reason = "nobody is there to say it")]
pub(super) struct Errand {
    pub told: String,
    pub workspace: PathBuf,
    pub mode: Option<String>,
    pub mcp: Vec<String>,
}

/// A conversation that there is not.
pub(super) enum Talk {}

impl Talk {
    pub fn begin(_stream: UnixStream, _errand: Errand, _asks: mpsc::WeakSender<Asked>) -> Option<Self> {
        None
    }

    pub async fn over(&mut self) -> Ending {
        match *self {}
    }

    pub async fn left(&mut self) -> Ending {
        match *self {}
    }

    pub fn said(&self) -> String {
        match *self {}
    }
}
