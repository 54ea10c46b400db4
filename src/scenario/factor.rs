//! What of a scenario varies: its factors, and what is wrong with them before a level is played.

use std::collections::BTreeMap;

use simulators::stage::Stage;
use simulators::stage::factor::{self as file, Level};

use super::{Diagnostic, Document};

/// A named thing that varies between trials of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Factor {
    /// Its name.
    pub name: String,
    /// One line on what varies.
    pub about: String,
    /// The level at which the scenario stands as it is written.
    pub base: String,
    /// What is so at each level.
    pub levels: BTreeMap<String, String>,
}

impl Factor {
    /// Its levels, the base first.
    pub fn levels_from_base(&self) -> Vec<String> {
        let others = self.levels.keys().filter(|level| **level != self.base);
        std::iter::once(&self.base).chain(others).cloned().collect()
    }
}

/// The factors of a stage, in order of name.
pub(super) fn of_stage(stage: &Stage) -> Vec<Factor> {
    let factor = |(name, factor): (&String, &file::Factor)| Factor {
        name: name.clone(),
        about: factor.about.clone(),
        base: factor.base.clone(),
        levels: factor.level.iter().map(|(name, level)| (name.clone(), level.about.clone())).collect(),
    };
    stage.factor.iter().map(factor).collect()
}

/// Everything wrong in the factors of a stage, as far as no level need be played for it.
pub(super) fn problems(document: &Document<Stage>) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    for (name, factor) in &document.value.factor {
        let at = format!("factor.\"{name}\"");
        let found = of_name(document, &at, name).or_else(|| of_levels(document, &at, factor));
        wrong.extend(found);
    }
    if wrong.is_empty() {
        wrong.extend(conflicts(document));
    }
    wrong
}

/// Names stand on command lines between `,`, `=` and `+`.
fn of_name(document: &Document<Stage>, at: &str, name: &str) -> Option<Diagnostic> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_right = !name.is_empty() && name.len() <= 40 && name.chars().all(is_plain);
    let title = format!("expected a name of letters, digits, `-` and `_`, up to 40, found `{name}`");
    (!is_right).then(|| document.problem_of_key(at, title))
}

fn of_levels(document: &Document<Stage>, at: &str, factor: &file::Factor) -> Option<Diagnostic> {
    let names: Vec<&String> = factor.level.keys().collect();
    if !factor.level.contains_key(&factor.base) {
        return Some(document.unexpected(&format!("{at}.base"), &factor.base, "one of the levels", &names));
    }
    for (name, level) in &factor.level {
        let at = format!("{at}.level.\"{name}\"");
        let is_base = *name == factor.base;
        if let Some(wrong) = of_name(document, &at, name) {
            return Some(wrong);
        }
        if is_base && !level.is_empty() {
            let title = format!("the base level `{name}` changes something");
            return Some(document.problem(&at, title).help(
                "at its base a factor leaves the scenario as it is written: take another level as base, or move this out",
            ));
        }
        if !is_base && level.is_empty() {
            return Some(changes_nothing(document, &at, name));
        }
    }
    (names.len() < 2).then(|| {
        document
            .problem(at, "expected at least two levels: what has one does not vary")
            .help("add `[factor.NAME.level.LEVEL]` with `about` and what it changes")
    })
}

/// A level that is the base under another name.
pub(super) fn changes_nothing(document: &Document<Stage>, at: &str, name: &str) -> Diagnostic {
    document.problem(at, format!("the level `{name}` changes nothing")).help(
        "a level lays something over the stage (`stage`, `front`, `end`, `remove`), the `brief` or the `files`",
    )
}

/// A place in the stage or among the files that a level writes: whole, or a list that it adds to.
struct Write {
    path: Vec<String>,
    is_addition: bool,
    /// Where it is said.
    at: String,
}

/// Two factors that write the same place: which would hold where both are varied?
fn conflicts(document: &Document<Stage>) -> Option<Diagnostic> {
    let writes: Vec<(&String, Vec<Write>)> = document
        .value
        .factor
        .iter()
        .map(|(name, factor)| {
            (name, factor.level.iter().flat_map(|(level, of)| written(name, level, of)).collect())
        })
        .collect();
    for (n, (second, later)) in writes.iter().enumerate() {
        for (first, earlier) in writes.iter().take(n) {
            let clash = later.iter().find_map(|l| earlier.iter().find(|e| l.clashes(e)).map(|e| (l, e)));
            if let Some((later, earlier)) = clash {
                let title = format!(
                    "`{}` is written by the factor `{first}` as well as by `{second}`",
                    later.shown()
                );
                let help = format!(
                    "the other is `{}`; let one factor write it, or make them levels of one",
                    earlier.at.replace('"', "")
                );
                return Some(document.problem(&later.at, title).help(help));
            }
        }
    }
    None
}

impl Write {
    fn clashes(&self, other: &Self) -> bool {
        let within = |a: &[String], b: &[String]| b.starts_with(a);
        match (self.is_addition, other.is_addition) {
            (true, true) => false,
            (true, false) => within(&other.path, &self.path),
            (false, true) => within(&self.path, &other.path),
            (false, false) => within(&self.path, &other.path) || within(&other.path, &self.path),
        }
    }

    fn shown(&self) -> String {
        self.path.join(".")
    }
}

/// All places that a level writes.
fn written(factor: &str, level: &str, of: &Level) -> Vec<Write> {
    let at = format!("factor.\"{factor}\".level.\"{level}\"");
    let mut found = Vec::new();
    for (key, tree, is_addition) in
        [("stage", &of.stage, false), ("front", &of.front, true), ("end", &of.end, true)]
    {
        let mut paths = Vec::new();
        leaves(tree, &mut Vec::new(), &mut paths);
        found.extend(paths.into_iter().map(|path| {
            let quoted: Vec<String> = path.iter().map(|step| format!("\"{step}\"")).collect();
            Write { at: format!("{at}.{key}.{}", quoted.join(".")), path, is_addition }
        }));
    }
    found.extend(of.remove.iter().enumerate().map(|(n, path)| Write {
        path: super::tree::keys(path),
        is_addition: false,
        at: format!("{at}.remove[{n}]"),
    }));
    found.extend(of.files.keys().map(|path| Write {
        path: vec![path.clone()],
        is_addition: false,
        at: format!("{at}.files.\"{path}\""),
    }));
    found
}

/// The paths of everything in a tree that is no table with something in it.
fn leaves(
    tree: &serde_json::Map<String, serde_json::Value>,
    path: &mut Vec<String>,
    found: &mut Vec<Vec<String>>,
) {
    for (key, value) in tree {
        path.push(key.clone());
        match value.as_object().filter(|table| !table.is_empty()) {
            Some(table) => leaves(table, path, found),
            None => found.push(path.clone()),
        }
        path.pop();
    }
}
