//! Guardrails from outside: hooks, policies, decision points. What breaks denies and is counted apart; what works says what
//! it says in the agents' own protocols.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test fails loudly"
)]

#[path = "guardrails/bench_of.rs"]
mod bench_of;
#[path = "guardrails/case.rs"]
mod case;
#[path = "guardrails/detour.rs"]
mod detour;
#[path = "guardrails/faults.rs"]
mod faults;
#[path = "guardrails/hooks.rs"]
mod hooks;
#[path = "guardrails/published.rs"]
mod published;
