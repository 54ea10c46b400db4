//! The checkout is in two places: the files in the cell, and the world's. Before anything is played the world's become what
//! the agent has made of its own, through the tools of the function door, so that guardrails are asked and the record is the same;
//! what is played changes the agent's files in turn.
//!
//! A write that is not let through is taken back in the cell: what the world has, and what the agent sees, never part.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use simulators::service::git_state::Changed;
use simulators::service::workspace;

use crate::base::text::Untrusted;
use crate::cell::{Seen, Tree};
use crate::door::FunctionDoor;
use crate::gate::{Gate, Halt};
use crate::record::Event;
use crate::record::tool::{ToolCall, ToolReply, ToolStatus};

/// Files that are carried over at once; of more, those that the world knows come first.
const FILES_MAX: usize = 200;

type Files = Arc<BTreeMap<String, String>>;

/// What is remembered between two looks.
#[derive(Debug, Default)]
pub(super) struct Mirror {
    /// Texts that the world does not take, for their size say: they are not offered again.
    refused: BTreeMap<String, String>,
}

impl Mirror {
    /// Lets the world's checkout become what the agent has made of its own.
    ///
    /// # Errors
    /// The gate takes no further calls.
    pub async fn carry_in(&mut self, gate: &mut Gate, tree: &Tree) -> Result<(), Halt> {
        let seen = tree.seen();
        let world = workspace::sources(gate.world());
        let mut changed = self.differing(&seen, &world);
        changed.sort_by_key(|(path, _)| (!world.contains_key(*path), *path));
        if let Some(left) = changed.len().checked_sub(FILES_MAX).filter(|left| *left > 0) {
            let line = Untrusted::from(format!("({left} more files of the checkout have changed)"));
            gate.note(Event::Unsimulated { line })?;
        }
        for (path, text) in changed.into_iter().take(FILES_MAX) {
            let reply = play(gate, path, text).await?;
            match (reply.map(|reply| reply.status), text) {
                (Some(ToolStatus::Denied), _) => put_back(tree, path, world.get(path)),
                (Some(ToolStatus::Ok), _) => drop(self.refused.remove(path)),
                (_, Some(text)) => drop(self.refused.insert(path.clone(), text.clone())),
                _ => {}
            }
        }
        Ok(())
    }

    /// How the agent's files differ from the world's.
    fn differing<'t>(
        &self,
        seen: &'t Seen,
        world: &'t BTreeMap<String, String>,
    ) -> Vec<(&'t String, Option<&'t String>)> {
        let mut changed: Vec<(&String, Option<&String>)> = seen
            .files
            .iter()
            .filter(|(path, text)| world.get(*path) != Some(text) && self.refused.get(*path) != Some(text))
            .map(|(path, text)| (path, Some(text)))
            .collect();
        if seen.is_whole {
            let is_gone = |path: &&String| !seen.files.contains_key(*path) && !seen.unread.contains(*path);
            changed.extend(world.keys().filter(is_gone).map(|path| (path, None)));
        }
        changed
    }

    /// How the agent's files differ from the world's, for a git that says so together with all else that it has done.
    pub fn changed(&self, gate: &Gate, tree: &Tree) -> Changed {
        let (seen, world) = (tree.seen(), workspace::sources(gate.world()));
        let own = |(path, text): (&String, Option<&String>)| (path.clone(), text.cloned());
        self.differing(&seen, &world).into_iter().map(own).collect()
    }

    /// Takes back in the cell what was not let through.
    pub fn take_back(&self, gate: &Gate, tree: &Tree, changed: &Changed) {
        let world = workspace::sources(gate.world());
        changed.keys().for_each(|path| put_back(tree, path, world.get(path)));
    }

    /// Lets the agent's files become what the world's have become since `before`.
    pub fn carry_out(&self, gate: &Gate, tree: &Tree, before: &Files) {
        let now = workspace::sources(gate.world());
        if Arc::ptr_eq(&now, before) {
            return;
        }
        for path in before.keys().chain(now.keys().filter(|path| !before.contains_key(*path))) {
            if before.get(path) != now.get(path) {
                put_back(tree, path, now.get(path));
            }
        }
    }
}

/// Where something stands in the way, the agent has put it there, and it is carried in the next time.
fn put_back(tree: &Tree, path: &str, text: Option<&String>) {
    let _ = match text {
        Some(text) => tree.put(path, text),
        None => tree.remove(path),
    };
}

async fn play(gate: &mut Gate, path: &str, text: Option<&String>) -> Result<Option<ToolReply>, Halt> {
    let (name, arguments) = match text {
        Some(text) => ("write_file", json!({"path": path, "text": text})),
        None => ("run_command", json!({"command": shell_words::join(["rm", "--", path])})),
    };
    FunctionDoor::play(gate, &ToolCall { name: name.to_owned(), arguments }).await
}
