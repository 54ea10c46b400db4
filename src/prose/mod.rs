//! Judges of prose: models that read what agents wrote, and say what their words propose. Beside the marks, never part of them.

mod ask;
mod estimate;
mod file;
mod labels;
mod words;

pub use ask::{Case, Judged, ask};
pub use estimate::estimate;
pub use file::{JUDGES, JudgeFile, ProseJudge};
pub use labels::{Label, LabelError, labels, sheet};
pub use words::Words;
