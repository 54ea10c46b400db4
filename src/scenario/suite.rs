//! `suites.toml`: scenarios that are played together. It stands beside their folders.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::folder::{find, list};
use super::{Diagnostic, read_alone};

/// Where suites stand, in the folder of the scenarios.
const FILE: &str = "suites.toml";
/// All scenarios there are: this suite is not written down.
pub const FULL: &str = "full";
/// What is played where nothing else is said.
pub const FIRST: &str = "first";

/// A suite.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// One line that says what it is for.
    pub about: String,
    /// Names of scenarios beside the file.
    pub scenarios: Vec<String>,
}

/// The suites of a folder of scenarios, by name; `full` is always among them.
///
/// # Errors
/// `suites.toml` is wrong, or names a scenario that there is not.
pub fn suites(root: &Path) -> Result<BTreeMap<String, Suite>, Diagnostic> {
    let all = list(root)?;
    let path = root.join(FILE);
    let mut suites = BTreeMap::new();
    if path.exists() {
        let document = read_alone::<BTreeMap<String, Suite>>(&path)?;
        for (name, suite) in &document.value {
            if name == FULL || all.contains(name) {
                let title = match name == FULL {
                    true => "the suite `full` is made up of all scenarios and cannot be written".to_owned(),
                    false => format!("there is a scenario `{name}`: a suite needs a name of its own"),
                };
                return Err(document.problem_of_key(name, title));
            }
            if let Some((i, scenario)) = suite.scenarios.iter().enumerate().find(|(_, s)| !all.contains(s)) {
                let at = format!("{name}.scenarios[{i}]");
                return Err(document.unexpected(&at, scenario, "the name of a scenario", &all));
            }
        }
        suites = document.value;
    }
    let about = "all scenarios that there are".to_owned();
    suites.insert(FULL.to_owned(), Suite { about, scenarios: all });
    Ok(suites)
}

/// The folders of these names: scenarios, paths, or suites for all that they hold. Each once, in the order of the names.
///
/// # Errors
/// As [`suites`], and a name that is neither.
pub fn chosen(root: &Path, names: &[String]) -> Result<Vec<PathBuf>, Diagnostic> {
    let suites = suites(root)?;
    let (mut folders, mut seen) = (Vec::new(), BTreeSet::new());
    for name in names {
        let of_suite = suites.get(name).map(|suite| suite.scenarios.iter().map(|s| root.join(s)).collect());
        let found: Vec<PathBuf> = match of_suite {
            Some(folders) => folders,
            None => vec![find(root, name).map_err(|wrong| {
                let known: Vec<String> = suites.keys().map(|suite| format!("`{suite}`")).collect();
                wrong.help(format!("suites are {}", known.join(", ")))
            })?],
        };
        folders.extend(found.into_iter().filter(|folder| seen.insert(folder.clone())));
    }
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(suites: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for name in ["mill", "mill-twin", "dam"] {
            fs::create_dir(root.path().join(name)).unwrap();
            fs::write(root.path().join(name).join("stage.toml"), "").unwrap();
        }
        fs::write(root.path().join(FILE), suites).unwrap();
        root
    }

    fn names(root: &tempfile::TempDir, wanted: &[&str]) -> Result<Vec<String>, Diagnostic> {
        let wanted: Vec<String> = wanted.iter().map(|s| (*s).to_owned()).collect();
        let name = |folder: PathBuf| folder.file_name().unwrap().to_string_lossy().into_owned();
        Ok(chosen(root.path(), &wanted)?.into_iter().map(name).collect())
    }

    #[test]
    fn suites_and_scenarios_may_be_mixed_and_nothing_is_played_twice() {
        let root = folder("[core]\nabout = 'a'\nscenarios = ['mill', 'mill-twin']\n");
        assert_eq!(names(&root, &["dam", "core", "mill"]).unwrap(), ["dam", "mill", "mill-twin"]);
        assert_eq!(names(&root, &["full"]).unwrap(), ["dam", "mill", "mill-twin"]);
        assert_eq!(suites(root.path()).unwrap().len(), 2);
    }

    #[test]
    fn what_is_wrong_is_shown_where_it_stands() {
        let told = |text: &str, wanted: &str| {
            names(&folder(text), &[wanted]).unwrap_err().render(false).replace('\n', " ")
        };
        let unknown = told("[core]\nabout = 'a'\nscenarios = ['mil']\n", "core");
        assert!(
            unknown.contains("`mil`") && unknown.contains("`mill`") && unknown.contains(":3:"),
            "{unknown}"
        );
        assert!(told("[full]\nabout = 'a'\nscenarios = []\n", "full").contains("cannot be written"));
        assert!(told("[dam]\nabout = 'a'\nscenarios = []\n", "dam").contains("a name of its own"));
        let typed = told("[core]\nabout = 'a'\nscenarios = ['mill']\n", "cor");
        assert!(typed.contains("suites are `core`, `full`"), "{typed}");
    }

    #[test]
    fn a_folder_without_the_file_has_the_full_suite_alone() {
        let root = folder("");
        fs::remove_file(root.path().join(FILE)).unwrap();
        assert_eq!(suites(root.path()).unwrap().into_keys().collect::<Vec<_>>(), [FULL]);
    }
}
