//! A scenario with levels of its factors: the stage, the brief and the files with what these lay over them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use simulators::stage::Stage;
use simulators::stage::factor::Level;

use super::folder::{Digests, Scenario, beside, layers, load, stage_with};
use super::{Diagnostic, Document, Factor};
use crate::record::Factors;

/// The scenario in a folder with a level of each of these factors.
///
/// # Errors
/// As [`Scenario::with`], and the first thing wrong in the scenario itself.
pub fn varied(folder: &Path, levels: &Factors) -> Result<Scenario, Diagnostic> {
    load(folder)?.with(levels)
}

impl Scenario {
    /// The same scenario with a level of each of these factors; those that are not named stay at their base.
    ///
    /// # Errors
    /// It has no such factor or level, or what a level lays over it does not fit, told where it is written.
    pub fn with(&self, levels: &Factors) -> Result<Self, Diagnostic> {
        if levels.is_empty() {
            return Ok(self.clone());
        }
        for (factor, level) in levels {
            self.knows(self.factor(factor)?, level)?;
        }
        let folders = layers(&self.folder)?;
        let mut stage = stage_with(&self.folder, &folders, levels)?;
        let texts = files(&stage, &folders, levels)?;
        stage.value.files = Arc::new(texts);
        if let Some(problem) = stage.value.problems().first() {
            return Err(stage.stage_problem(problem));
        }
        let brief = brief(&stage, &self.unvaried_brief, levels)?;
        Ok(Self {
            levels: levels.clone(),
            digests: Digests::of(&stage.value, &brief),
            stage: stage.value,
            brief,
            name: self.name.clone(),
            folder: self.folder.clone(),
            incident: self.incident.clone(),
            twin_of: self.twin_of.clone(),
            factors: self.factors.clone(),
            unvaried: self.unvaried.clone(),
            unvaried_brief: self.unvaried_brief.clone(),
        })
    }

    /// The factor of this name.
    ///
    /// # Errors
    /// There is none; the nearest names are told.
    pub fn factor(&self, name: &str) -> Result<&Factor, Diagnostic> {
        self.factors.iter().find(|known| known.name == name).ok_or_else(|| {
            let names: Vec<&String> = self.factors.iter().map(|known| &known.name).collect();
            self.told(format!("`{name}` is no factor of `{}`", self.name)).suggest(name, &names)
        })
    }

    /// Whether this is a level of that factor.
    ///
    /// # Errors
    /// It is none; the nearest names are told.
    pub fn knows(&self, factor: &Factor, level: &str) -> Result<(), Diagnostic> {
        if factor.levels.contains_key(level) {
            return Ok(());
        }
        let names: Vec<&String> = factor.levels.keys().collect();
        let title = format!("the factor `{}` of `{}` has no level `{level}`", factor.name, self.name);
        Err(self.told(title).suggest(level, &names))
    }

    fn told(&self, title: String) -> Diagnostic {
        Diagnostic::of_file(self.folder.join("stage.toml"), title)
    }
}

/// The levels that are played, with their places in the document.
fn played<'s>(stage: &'s Stage, levels: &'s Factors) -> impl Iterator<Item = (String, &'s Level)> {
    levels.iter().filter_map(|(factor, level)| {
        let found = stage.factor.get(factor)?.level.get(level)?;
        Some((format!("factor.\"{factor}\".level.\"{level}\""), found))
    })
}

/// The texts of `repo/` and `data/` with those that levels put in their place.
fn files(
    stage: &Document<Stage>,
    folders: &[std::path::PathBuf],
    levels: &Factors,
) -> Result<BTreeMap<String, String>, Diagnostic> {
    let mut texts = (*stage.value.files).clone();
    for (at, level) in played(&stage.value, levels) {
        for (path, from) in &level.files {
            let at = format!("{at}.files.\"{path}\"");
            let is_right = ["repo/", "data/"].iter().any(|folder| path.starts_with(folder));
            if !is_right || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
                let title = format!("expected the path of a file below `repo/` or `data/`, found `{path}`");
                return Err(stage.problem_of_key(&at, title));
            }
            if from.is_empty() {
                let known: Vec<&String> = texts.keys().collect();
                let missing =
                    stage.problem_of_key(&at, format!("there is no `{path}` that could be left out"));
                let missing = missing.suggest(path, &known);
                texts.remove(path).ok_or(missing)?;
                continue;
            }
            let text = beside(folders, from, "factors")
                .map_err(|help| stage.problem(&at, format!("there is no file `{from}`")).help(help))?;
            texts.insert(path.clone(), text);
        }
    }
    Ok(texts)
}

/// The brief with what levels say in it. All of them look for their places in the brief as it is written, so that their
/// order does not matter; what is added at the end stands in the order of the factors' names.
fn brief(stage: &Document<Stage>, written: &str, levels: &Factors) -> Result<String, Diagnostic> {
    let mut changes: Vec<(Range<usize>, &str, String)> = Vec::new();
    let mut end = String::new();
    for (at, level) in played(&stage.value, levels) {
        for (n, change) in level.brief.iter().enumerate() {
            let at = format!("{at}.brief[{n}]");
            let Some(find) = &change.find else {
                end.push_str(&format!("\n{}\n", change.text.trim()));
                continue;
            };
            let place = place_of(stage, written, find, &at)?;
            if let Some((_, _, other)) = changes.iter().find(|(range, ..)| meet(range, &place)) {
                let title = "another change of the brief is for the same words";
                return Err(stage.problem(&format!("{at}.find"), title).help(format!("it is `{other}`")));
            }
            changes.push((place, &change.text, at));
        }
    }
    changes.sort_by_key(|(range, ..)| std::cmp::Reverse(range.start));
    let mut brief = written.to_owned();
    for (range, text, _) in changes {
        brief.replace_range(range, text);
    }
    brief.push_str(&end);
    Ok(brief)
}

fn meet(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// Where a text stands in the brief, once.
fn place_of(
    stage: &Document<Stage>,
    written: &str,
    find: &str,
    at: &str,
) -> Result<Range<usize>, Diagnostic> {
    let wrong = |title: String, help: &str| stage.problem(&format!("{at}.find"), title).help(help);
    let places: Vec<usize> = written.match_indices(find).map(|(at, _)| at).collect();
    match places.as_slice() {
        _ if find.is_empty() => {
            Err(wrong("expected words of the brief".to_owned(), "leave `find` out to add at the end"))
        }
        [place] => Ok(*place..place.saturating_add(find.len())),
        [] => Err(wrong(
            "these words do not stand in the brief".to_owned(),
            "write them as in `brief.md`, with its line breaks",
        )),
        more => Err(wrong(
            format!("these words stand in the brief {} times", more.len()),
            "write more of what stands around them, so that one place is meant",
        )),
    }
}
