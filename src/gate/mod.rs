//! The one place that owns the world.
//!
//! Order, as a database would have it: append the attempt, preview, ask the guardrails under a deadline of
//! the gate's own, append the verdict, apply if allowed, append the effects, reply. What breaks, denies.

mod answer;
mod approver;
mod beside;
mod built_in;
pub mod case;
mod checkout;
mod decide;
mod guardrail;
mod hook;
mod http;
mod kinds;
mod one_json;
mod oversight;
mod permit;
mod policy;
mod review;
mod setup;
mod shown;
mod submit;

pub use approver::{Approver, ApproverKind, Asked};
pub use beside::Beside;
pub use built_in::{
    built_in, core as core_setups, examples, files as built_in_files, source as built_in_source,
};
pub use checkout::Checkout;
pub use decide::Decider;
pub use guardrail::{Approval, Guardrail, Opinion, Question, Standing, Thinking};
pub use kinds::{Blueprint, Kind, MONITOR, Monitor, Seat, Unfit};
pub use policy::CEDAR_SCHEMA;
pub use review::Proposed;
pub use setup::{Setup, SetupFile};
pub use submit::{Gate, Halt, Outcome};
