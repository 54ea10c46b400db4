//! What is recorded of a trial. The only thing that crosses from the live wing to the judge.

pub mod closing;
pub mod ending;
pub mod event;
pub mod hints;
pub mod judgement;
pub mod plan;
pub mod replay;
pub mod spent;
pub mod tool;
pub mod trial;
pub mod tried;
pub mod verdict;

pub use closing::ClosingReport;
pub use ending::Ending;
pub use event::Event;
pub use hints::{Hint, Hints};
pub use spent::Spent;
pub use trial::{Factors, TrialId, TrialKey, in_words};
pub use verdict::Verdict;
