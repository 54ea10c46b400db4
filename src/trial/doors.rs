//! The doors of one process's trial: where they are opened, and what an agent's file may say of them.
//!
//! A door gets a sender of what is asked. It listens beside the cell and offers the cell's processes a way in by words such as
//! `{mcp_url}`, which stand for what they are in the agent's arguments, variables and files.

use std::collections::BTreeMap;
use std::io;

use tokio::sync::mpsc;

use crate::cell::Place;
use crate::door::Asked;

/// Requests that wait for the gate, at the most; whoever asks more waits.
const WAITING_MAX: usize = 64;

/// The open doors. They close when this is dropped.
#[derive(Debug)]
pub(super) struct Doors {
    /// What is asked, in order of arrival.
    pub asked: mpsc::Receiver<Asked>,
    /// What words in braces stand for.
    pub words: BTreeMap<String, String>,
}

impl Doors {
    /// Opens them.
    ///
    /// # Errors
    /// One could not be opened.
    pub fn open(_place: &Place) -> io::Result<Self> {
        let (asks, asked) = mpsc::channel(WAITING_MAX);
        // A door takes `asks.clone()`, and puts its words into `words`.
        drop(asks);
        Ok(Self { asked, words: BTreeMap::new() })
    }
}
