//! What the program of an agent says of its version.

use std::time::Duration;

use tokio::time::timeout;

use super::process::environment;
use crate::agent::ProcessAgent;
use crate::base::text::Untrusted;
use crate::cell::{Ended, Fence, Place, Program, Running};

/// How long it may take to say it.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Characters of what it says that are kept.
const VERSION_CHARS: usize = 60;

/// Asks a program for its version, in a cell of its own; none: its file does not say how, or it gives no answer.
pub async fn version(agent: &ProcessAgent, fence: Fence) -> Option<String> {
    if agent.command.version.is_empty() {
        return None;
    }
    let place = Place::new("version", fence).ok()?;
    let program = Program {
        words: agent.command.version.clone(),
        env: environment(&place, agent),
        folder: place.workspace(),
        sees: agent.command.sees.clone(),
        ..Program::default()
    };
    let mut running = Running::start(&program, &place).await.ok()?;
    let ended = timeout(ANSWER_MAX, running.ended()).await;
    running.end().await;
    let said = running.written().stdout;
    let first = said.lines().map(str::trim).find(|line| !line.is_empty())?;
    matches!(ended, Ok(Ok(Ended::Code(0)))).then(|| Untrusted::from(first).for_line(VERSION_CHARS))
}
