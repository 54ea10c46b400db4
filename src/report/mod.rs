//! Telling what was found: one sheet, and the formats that are made from it; the transcript of a trial.

mod agreement;
mod change;
mod cite;
mod comparison;
mod effects;
mod figures;
mod flat;
mod format;
mod gather;
mod github;
mod guardrails;
mod holds;
pub mod html;
mod junit;
mod latex;
mod markdown;
mod markup;
#[cfg(feature = "parquet")]
mod parquet;
pub mod patterns;
mod planner;
pub mod postmortem;
mod repeats;
mod replay;
mod sheet;
mod spreadsheet;
mod summary;
mod table;
mod transcript;
mod trials;
mod tryout;
mod varied;
mod wording;
mod wrap;

pub use agreement::{Agreements, Compared, Judge, Panel, agreements};
pub use cite::{Cited, bibtex};
pub use comparison::comparison;
pub use effects::{Told, Varied, tornado};
pub use format::Format;
pub use gather::{Gathered, Options};
pub use github::annotations;
pub use guardrails::{Latency, guardrails};
pub use holds::{Change, Level, Standing, standings};
pub use planner::{Question, planner};
pub use replay::{REPLAY_LEGEND, replayed, replayed_line};
pub use sheet::{
    Coverage, Figures, Guardrail, Guardrails, Input, Line, Path, Played, Repeats, Row, SHEET_VERSION, Seeds,
    Share, Sheet, Variant,
};
pub use summary::summary;
pub use transcript::transcript;
pub use trials::{Kind, Planned, Trial, Trials};
pub use tryout::{tried, tried_line};
