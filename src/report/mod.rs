//! Telling what was found: tables for people, a file for spreadsheets, the transcript of a trial.

mod comparison;
mod figures;
mod gather;
mod guardrails;
pub mod html;
mod markup;
mod patterns;
mod planner;
pub mod postmortem;
mod replay;
mod sheet;
mod spreadsheet;
mod summary;
mod transcript;
mod tryout;
mod wrap;

pub use comparison::comparison;
pub use gather::Gathered;
pub use guardrails::{Latency, guardrails};
pub use planner::{Question, planner};
pub use replay::{REPLAY_LEGEND, replayed, replayed_line};
pub use sheet::{
    Coverage, Figures, Input, Line, Missing, Played, Row, SHEET_VERSION, Seeds, Share, Sheet, Trial,
};
pub use spreadsheet::cells_csv;
pub use summary::summary;
pub use transcript::transcript;
pub use tryout::{tried, tried_line};
