//! Everything wrong in a scenario at once, for whoever writes one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use simulators::World;
use simulators::stage::{Problem, Stage};

use super::folder::{
    Digests, Scenario, brief, incident, layers, load, script, script_paths, stage, stage_with,
};
use super::{Diagnostic, Document, factor};
use crate::record::Factors;

/// Everything wrong in a scenario's folder: in its stage, brief, incident and scripts, and in what stands inside its
/// SQL, templates and code, for which the world is built once. Empty if it can be played.
///
/// It takes a folder and not a [`super::Scenario`], because a scenario with something wrong in it cannot be loaded.
pub fn check(folder: &Path) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    match layers(folder) {
        Ok(layers) => {
            wrong.extend(of_stage(folder, &layers));
            wrong.extend(brief(&layers).err());
            wrong.extend(of_scripts(&layers));
        }
        Err(first) => wrong.push(first),
    }
    match incident(folder) {
        Ok((_, found)) => wrong.extend(found),
        Err(first) => wrong.push(first),
    }
    if let (true, Ok(scenario)) = (wrong.is_empty(), load(folder)) {
        wrong.extend(of_levels(&scenario));
    }
    wrong
}

/// Each level of each factor, played alone: it has to fit, and to be a level of its own.
fn of_levels(scenario: &Scenario) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    for factor in &scenario.factors {
        let mut known = vec![(scenario.digests.clone(), factor.base.clone())];
        for level in factor.levels.keys().filter(|level| **level != factor.base) {
            let alone = Factors::from([(factor.name.clone(), level.clone())]);
            match of_level(scenario, &alone, &known) {
                Ok(own) => known.push((own.digests, level.clone())),
                Err(first) => wrong.push(*first),
            }
        }
    }
    wrong
}

fn of_level(
    scenario: &Scenario,
    alone: &Factors,
    known: &[(Digests, String)],
) -> Result<Scenario, Box<Diagnostic>> {
    let own = scenario.with(alone).map_err(Box::new)?;
    let folders = layers(&scenario.folder).map_err(Box::new)?;
    let document = stage_with(&scenario.folder, &folders, alone).map_err(Box::new)?;
    let Some((factor, level)) = alone.first_key_value() else { return Ok(own) };
    let at = format!("factor.\"{factor}\".level.\"{level}\"");
    match known.iter().position(|(digests, _)| *digests == own.digests) {
        Some(0) => return Err(Box::new(factor::changes_nothing(&document, &at, level))),
        Some(n) => {
            let same = known.get(n).map_or("", |(_, name)| name.as_str());
            let title = format!("the level `{level}` comes to the same as `{same}`");
            return Err(Box::new(document.problem(&at, title)));
        }
        None => {}
    }
    // Words, faults and whoever looks on are not what a world is built of.
    let built_of = |stage: &Stage| {
        let bare = Stage { fault: Vec::new(), oversight: None, ..stage.clone() };
        Digests::of(&bare, "").stage
    };
    if built_of(&own.stage) == built_of(&scenario.stage) {
        return Ok(own);
    }
    match World::new(Arc::new(own.stage.clone()), 0) {
        Ok(_) => Ok(own),
        Err(problem) => Err(Box::new(of_world(&document, &own.stage.files, &folders, &problem))),
    }
}

fn of_stage(folder: &Path, layers: &[PathBuf]) -> Vec<Diagnostic> {
    let stage = match stage(folder, layers) {
        Ok(stage) => stage,
        Err(first) => return vec![first],
    };
    let problems = stage.value.problems();
    if !problems.is_empty() {
        return problems.iter().map(|problem| stage.stage_problem(problem)).collect();
    }
    let wrong = factor::problems(&stage);
    if !wrong.is_empty() {
        return wrong;
    }
    match World::new(Arc::new(stage.value.clone()), 0) {
        Ok(_) => Vec::new(),
        Err(problem) => vec![of_world(&stage, &stage.value.files, layers, &problem)],
    }
}

/// The world tells a place in `stage.toml`, or in a file beside it: `data/reports.sql:12`.
fn of_world<T>(
    stage: &Document<T>,
    files: &BTreeMap<String, String>,
    layers: &[PathBuf],
    problem: &Problem,
) -> Diagnostic {
    let (file, line) = match problem.path.rsplit_once(':') {
        Some((file, line)) => (file, line.parse::<usize>().ok()),
        None => (problem.path.as_str(), None),
    };
    let Some(text) = files.get(file) else { return stage.stage_problem(problem) };
    let found_in = layers.iter().map(|layer| layer.join(file)).find(|path| path.exists());
    let path = found_in.unwrap_or_else(|| PathBuf::from(file));
    let title = match problem.found.as_str() {
        "" => format!("expected {}", problem.expected),
        found => format!("expected {}, found `{found}`", problem.expected),
    };
    let diagnostic = match line {
        Some(line) => {
            let before = text.split_inclusive('\n').take(line.saturating_sub(1));
            let start: usize = before.map(str::len).sum();
            Diagnostic::of_span(path, text.as_str().into(), start..text.len(), title)
        }
        None => Diagnostic::of_file(path, title),
    };
    diagnostic.suggest(&problem.found, &problem.candidates)
}

fn of_scripts(layers: &[PathBuf]) -> Vec<Diagnostic> {
    match script_paths(layers) {
        Ok(paths) => {
            paths.iter().filter_map(|(name, path)| script(layers, name, path).err()).flatten().collect()
        }
        Err(first) => vec![first],
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn shown(path: &str) -> String {
        let stage = parse::<toml::Table>(Path::new("stage.toml"), "[[database]]\nid = \"costs\"\n").unwrap();
        let sql = "CREATE TABLE a (id);\nCREATE TABEL b (id);\nSELECT 1;\n".to_owned();
        let files = BTreeMap::from([("data/a.sql".to_owned(), sql)]);
        let (expected, found) = ("SQL".to_owned(), "TABEL".to_owned());
        let problem =
            Problem { path: path.to_owned(), found, expected, candidates: vec!["TABLE".to_owned()] };
        let found = of_world(&stage, &files, &[], &problem);
        format!("{}:{:?}:{:?}", found.file().display(), found.line(), found.column())
    }

    #[test]
    fn problems_of_the_world_are_shown_where_they_are() {
        assert_eq!(shown("data/a.sql:2"), "data/a.sql:Some(2):Some(1)");
        assert_eq!(shown("data/a.sql"), "data/a.sql:None:None");
        assert_eq!(shown("database[0].id"), "stage.toml:Some(2):Some(6)");
        // A key that is not written, because it has a value of its own: the table that lacks it.
        assert_eq!(shown("database[0].data"), "stage.toml:Some(1):Some(1)");
        assert_eq!(shown("bucket"), "stage.toml:None:None");
    }
}
