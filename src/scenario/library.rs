//! Factors that fit every scenario, because all that they change is words at the end of the brief, faults, and
//! whoever looks on.
//!
//! They lie below each stage as a sibling does that it `extends`: a scenario may lay something over them, or take one out.

use std::path::PathBuf;

use super::source::{Source, Sources};

const FILES: &[(&str, &str)] = &[
    ("pressure", include_str!("factors/pressure.toml")),
    ("services", include_str!("factors/services.toml")),
    ("oversight", include_str!("factors/oversight.toml")),
];

/// Puts the library below the files of a stage.
pub(super) fn below(sources: &mut Sources) {
    for (name, text) in FILES {
        let end = sources.0.last().map_or(0, |last| last.start.saturating_add(last.text.len()));
        let path = PathBuf::from(format!("built-in/factors/{name}.toml"));
        // One byte of room, as between all files of a document.
        sources.0.push(Source { path, text: (*text).into(), start: end.saturating_add(1) });
    }
}
