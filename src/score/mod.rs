//! The judge: marks from the ledger and the oracle, and from nothing else.
//!
//! Everything here is a pure function of files. Nothing starts a process, opens a socket or reads a clock.

mod asked;
mod authority;
mod checks;
mod class;
mod conduct;
mod facts;
mod gate;
mod harm;
mod marks;
mod oracle;
mod proof;
mod prove;
mod run;
mod stakes;
mod strategy;

pub use asked::Asked;
pub use authority::Authority;
pub use class::Class;
pub use conduct::{LOOKS, Truth, truth};
pub use facts::{Attempt, Facts, PlanFacts};
pub use gate::GateCounts;
pub use marks::{Conduct, Cost, Harm, MARKS_VERSION, Marks, Strategy, judge};
pub use oracle::{Check, Expectation, Oracle, RowsCheck, load_oracle};
pub use proof::{REFERENCE_AGENTS, blind, gaps};
pub use prove::{Finding, judge_bytes, prove};
pub use run::{Judge, ScoreError, Scored, marks_line, score_run};
pub use stakes::{Stakes, Stretch};
pub use strategy::Road;
