//! The one place that owns the world.
//!
//! Order, as a database would have it: append the attempt, preview, ask the guardrails under a deadline of
//! the gate's own, append the verdict, apply if allowed, append the effects, reply. What breaks, denies.

mod approver;
mod decide;
mod guardrail;
mod permit;
mod review;
mod setup;
mod submit;

pub use approver::{Approver, ApproverKind};
pub use decide::Decider;
pub use guardrail::{Guardrail, Opinion, Question};
pub use setup::{GuardrailSpec, Setup, built_in, built_in_source};
pub use submit::{Gate, Halt, Outcome};
