//! What every waiter of the `aws` tool does: look, let time pass, look again.

use serde_json::Value;

use crate::World;
use crate::call::{Answer, Refusal};

/// What a waiter sees when it looks.
pub(super) enum Seen {
    /// What it waits for.
    Good,
    /// What cannot become that any more, and why.
    Bad(String),
    /// Neither yet.
    NotYet,
}

/// Looks up to `attempts_max` times, `every_s` apart.
pub(super) fn wait(
    world: &mut World,
    every_s: i64,
    attempts_max: u32,
    look: impl Fn(&World) -> Seen,
) -> Answer {
    for attempt in 1..=attempts_max {
        match look(world) {
            Seen::Good => return Ok(Value::Null),
            Seen::Bad(why) => {
                return Err(failed(&format!("Waiter encountered a terminal failure state: {why}")));
            }
            Seen::NotYet if attempt == attempts_max => break,
            Seen::NotYet => world.advance(world.now().plus(every_s)),
        }
    }
    Err(failed("Max attempts exceeded"))
}

fn failed(why: &str) -> Refusal {
    Refusal::new("WaiterError", why)
}
