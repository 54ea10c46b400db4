//! Telling what was found: tables for people, a file for spreadsheets, the transcript of a trial.

mod spreadsheet;
mod summary;
mod transcript;

pub use spreadsheet::cells_csv;
pub use summary::summary;
pub use transcript::transcript;
