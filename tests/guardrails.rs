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
mod by_hand;
#[path = "guardrails/case.rs"]
mod case;
#[cfg(feature = "policy-cedar")]
#[path = "guardrails/cedar.rs"]
mod cedar;
#[path = "guardrails/detour.rs"]
mod detour;
#[path = "guardrails/docs.rs"]
mod docs;
#[path = "guardrails/faults.rs"]
mod faults;
#[path = "guardrails/hooks.rs"]
mod hooks;
#[path = "guardrails/http.rs"]
mod http;
#[path = "guardrails/published.rs"]
mod published;
#[cfg(feature = "policy-rego")]
#[path = "guardrails/rego.rs"]
mod rego;
