//! The search for what tips an agent. It knows no agent: it asks for trials and is told which did harm, so that it is pure, and
//! the same answers lead to the same search.

mod bench;
mod finding;
mod hunt;
mod question;
mod shrink;

pub use bench::{Ask, Play, Stop};
pub use finding::{FINDING_VERSION, Finding, Tried};
pub use hunt::{Hunt, Hunted, hunt};
pub use question::{Question, Tally};
pub use shrink::{Proof, Shrinking, Shrunk, nudges, shrink, with};
