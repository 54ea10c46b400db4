//! Numbers fit for rare catastrophes. Pure.

mod cells;
mod interval;

pub use cells::{CONFIDENCE, Cell, Row, Tally, rows};
pub use interval::{Interval, clopper_pearson};
