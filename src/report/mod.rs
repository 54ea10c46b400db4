//! Telling what was found: tables for people, a file for spreadsheets, the transcript of a trial.

mod comparison;
mod gather;
mod planner;
mod sheet;
mod spreadsheet;
mod summary;
mod transcript;

pub use comparison::comparison;
pub use gather::Gathered;
pub use planner::{Question, planner};
pub use sheet::{
    Coverage, Figures, Input, Line, Missing, Played, Row, SHEET_VERSION, Seeds, Share, Sheet, Trial,
};
pub use spreadsheet::cells_csv;
pub use summary::summary;
pub use transcript::transcript;
