//! A scenario with levels of its factors, kept as a scenario of its own: a folder that `run` takes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::judged::{Failed, unrecorded};
use super::output;
use crate::base::exit::Exit;
use crate::ledger::RecordError;
use crate::record::Factors;
use crate::scenario::{self, Diagnostic, Scenario};

/// Files that have readers of their own; they are kept as they are written, with the scenarios that they name.
const OTHERS: [&str; 2] = ["incident.toml", "oracle.toml"];
/// Keys by which they name another scenario.
const NAMING: [&str; 2] = ["extends", "twin_of"];

/// Writes the scenario with these levels into a folder, reads it again and holds it against what was played.
///
/// # Errors
/// Something is there already, it cannot be written, or what was written is not the same.
pub fn keep(scenario: &Scenario, levels: &Factors, said: &str, place: &Path) -> Result<PathBuf, Failed> {
    let bad = |diagnostic: Diagnostic| (Exit::BadScenario, diagnostic.render(false));
    let unwritten = |cause: io::Error| failed(place, cause);
    let varied = scenario.with(levels).map_err(bad)?;
    for (path, text) in scenario::saved(&varied, said).map_err(bad)? {
        put(&place.join(path), text.as_bytes())?;
    }
    let root = scenario.folder.parent().unwrap_or(Path::new("."));
    for name in OTHERS {
        // What is not there is missed when the scenario is read again, or leaves its trials unjudged as before.
        if let Ok(text) = fs::read_to_string(scenario.folder.join(name)) {
            put(&place.join(name), text.as_bytes())?;
        }
    }
    beside(&scenario.folder, root, place.parent().unwrap_or(Path::new("."))).map_err(unwritten)?;
    let again = scenario::load(place).map_err(bad)?;
    match again.digests == varied.digests {
        true => Ok(place.to_owned()),
        false => Err((
            Exit::Invalid,
            format!("error: what was saved in `{}` is not what was played", place.display()),
        )),
    }
}

fn failed(path: &Path, cause: io::Error) -> Failed {
    unrecorded(RecordError::at(path)(cause))
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Failed> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|cause| failed(parent, cause))?;
    output::put(path, |out| out.write_all(bytes)).map_err(|error| failed(path, error.cause))
}

/// Copies the scenarios that this one's files name, and those that theirs name, beside it, unless they stand there.
fn beside(folder: &Path, root: &Path, to: &Path) -> io::Result<()> {
    for file in OTHERS.into_iter().chain(["stage.toml"]) {
        let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
        let table: toml::Table = text.parse().unwrap_or_default();
        for name in NAMING.into_iter().filter_map(|key| table.get(key)?.as_str()) {
            let (from, to_folder) = (root.join(name), to.join(name));
            if from.join("stage.toml").is_file() && !to_folder.exists() {
                copy(&from, &to_folder)?;
                beside(&from, root, to)?;
            }
        }
    }
    Ok(())
}

/// A folder with all that is in it; links are followed by nobody.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        match () {
            () if kind.is_dir() => copy(&entry.path(), &target)?,
            () if kind.is_file() => drop(fs::copy(entry.path(), target)?),
            () => {}
        }
    }
    Ok(())
}
