//! A scenario with levels of its factors, written out as a scenario of its own.
//!
//! What is written stands alone: a stage with nothing below it, the brief, the files, the agents. So it stays what it is when the
//! scenario that it came from changes, which is what a regression test wants.

use std::collections::BTreeMap;

use super::folder::layers;
use super::{Diagnostic, Scenario, files};

/// The files of a scenario as it stands, by their path in its folder; `said` is what a comment at the top of its stage says.
/// What others read, the incident and the judge's file, is for whoever writes them.
///
/// # Errors
/// A file cannot be read, or the stage cannot be written as TOML.
pub fn saved(scenario: &Scenario, said: &str) -> Result<BTreeMap<String, String>, Diagnostic> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for layer in layers(&scenario.folder)?.iter().rev() {
        texts.extend(files::read_folders(layer, &["agents"])?);
    }
    texts.extend(scenario.stage.files.iter().map(|(path, text)| (path.clone(), text.clone())));
    let unwritten = |error: toml::ser::Error| {
        Diagnostic::of_file(
            scenario.folder.join("stage.toml"),
            format!("this stage cannot be written: {error}"),
        )
    };
    let stage = toml::to_string(&scenario.stage).map_err(unwritten)?;
    let said: String = said.lines().map(|line| format!("# {line}\n")).collect();
    texts.insert("stage.toml".to_owned(), format!("{said}{stage}"));
    texts.insert("brief.md".to_owned(), scenario.brief.clone());
    Ok(texts)
}
