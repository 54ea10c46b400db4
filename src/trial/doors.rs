//! The doors of one process's trial: where they are opened, and what an agent's file may say of them.
//!
//! A door gets a sender of what is asked. One that listens on loopback says so in `ports`, and is found by the agent at the
//! address that `Place::seen_at` gives; words such as `{mcp_url}` stand for that in the agent's arguments, variables and files.

use std::collections::BTreeMap;
use std::io;

use tokio::sync::mpsc;

use crate::cell::{Place, Port};
use crate::door::{Asked, ShellDoor};

/// Requests that wait for the gate, at the most; whoever asks more waits.
const WAITING_MAX: usize = 64;
const SHELL: &str = "shell.sock";

/// The open doors. They close when this is dropped.
#[derive(Debug)]
pub(super) struct Doors {
    /// What is asked, in order of arrival.
    pub asked: mpsc::Receiver<Asked>,
    /// What words in braces stand for.
    pub words: BTreeMap<String, String>,
    /// Doors that the agent reaches over its loopback.
    pub ports: Vec<Port>,
    _shell: ShellDoor,
}

impl Doors {
    /// Opens them.
    ///
    /// # Errors
    /// One could not be opened.
    pub fn open(place: &Place) -> io::Result<Self> {
        let (asks, asked) = mpsc::channel(WAITING_MAX);
        let shell = ShellDoor::open(&place.outside(&place.doors().join(SHELL)), asks)?;
        programs(place)?;
        Ok(Self { asked, words: BTreeMap::new(), ports: Vec::new(), _shell: shell })
    }
}

/// Puts the programs that lead to the shell door on the agent's `PATH`.
fn programs(place: &Place) -> io::Result<()> {
    let shown = |path: std::path::PathBuf| path.display().to_string();
    let (shim, socket, root) = (place.shim(), place.doors().join(SHELL), place.workspace());
    let words = shell_words::join([shown(shim), "program".to_owned(), shown(socket), shown(root)]);
    ShellDoor::programs()
        .try_for_each(|name| place.put_program(name, &format!("#!/bin/sh\nexec {words} {name} \"$@\"\n")))
}
