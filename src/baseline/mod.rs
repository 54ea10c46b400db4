//! What was accepted of a run, and runs compared with it.
//!
//! `DESIGN.md` beside this file says what counts as worse, what is comparable, and which answer comes first.

mod accepted;
mod compare;
mod inputs;
mod measure;
mod outcome;
mod policy;
mod sample;
mod suite;
mod written;

pub use accepted::{Baseline, BaselineError, Scenario, file, names};
pub use compare::{Answer, COMPARISON_VERSION, Compared, Comparison, Count, Flip, Measured, compare};
pub use inputs::{InputChange, Part};
pub use measure::{Measure, Shift};
pub use outcome::{CellKey, Gathering, Outcome, Trials};
pub use policy::Policy;
pub use sample::Pairing;
pub use suite::Suite;
