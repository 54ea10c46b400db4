//! A scenario's folder as one value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use simulators::stage::Stage;

use super::files::{self, BRIEF_BYTES_MAX, FILE_BYTES_MAX};
use super::incident::{self, Incident};
use super::overlay::{self, scenarios_of};
use super::script::Script;
use super::{
    Diagnostic, Document, Factor, document, factor, library, nearest, read, read_alone, script_file,
};
use crate::record::Factors;

/// A scenario, checked, without its oracle.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The folder's name.
    pub name: String,
    /// Where it stands.
    pub folder: PathBuf,
    /// What the world is built from, with all texts of `repo/` and `data/`.
    pub stage: Stage,
    /// The ticket, as the agent gets it.
    pub brief: String,
    /// Where it comes from.
    pub incident: Incident,
    /// The scenario with the same surface and the opposite evidence, if this one is the twin.
    pub twin_of: Option<String>,
    /// What of it varies, in order of name; those of the library that fit every scenario among them.
    pub factors: Vec<Factor>,
    /// The levels that were laid over it; empty: it stands as it is written.
    pub levels: Factors,
    /// What identifies its inputs.
    pub digests: Digests,
    /// What identifies them where nothing is varied.
    pub unvaried: Digests,
    /// The brief as it is written.
    pub(super) unvaried_brief: String,
}

/// SHA-256 in hexadecimal. Comments and layout of TOML files do not count: they change no trial.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Digests {
    /// Of the stage and all texts beside it.
    pub stage: String,
    /// Of the brief.
    pub brief: String,
}

impl Digests {
    pub(super) fn of(stage: &Stage, brief: &str) -> Self {
        Self { stage: stage_digest(stage), brief: digest([brief]) }
    }
}

/// The folder of a scenario: `name` below `root`, or a path.
///
/// # Errors
/// There is none; the nearest names are told.
pub fn find(root: &Path, name: &str) -> Result<PathBuf, Diagnostic> {
    let below = root.join(name);
    let path = Path::new(name);
    if is_scenario(&below) {
        return Ok(below);
    }
    if is_scenario(path) {
        return Ok(path.to_owned());
    }
    let (folder, name) = match path.parent() {
        Some(parent) if path.is_dir() || !parent.as_os_str().is_empty() => {
            let title = "this folder is not a scenario: it has no `stage.toml`";
            return Err(Diagnostic::of_file(
                path,
                if path.is_dir() { title } else { "there is no such folder" },
            ));
        }
        _ => (root, name),
    };
    let known = list(folder)?;
    let help =
        if known.is_empty() { "there are none yet".to_owned() } else { nearest::suggestion(name, &known) };
    Err(Diagnostic::of_file(folder, format!("there is no scenario `{name}` here")).help(help))
}

/// The names of all scenarios below a folder, in order.
///
/// # Errors
/// The folder cannot be read.
pub fn list(root: &Path) -> Result<Vec<String>, Diagnostic> {
    let mut names = files::names(root)?;
    names.retain(|name| is_scenario(&root.join(name)));
    Ok(names)
}

fn is_scenario(folder: &Path) -> bool {
    folder.join("stage.toml").is_file()
}

/// Reads and checks a scenario. What stands inside its SQL, templates and code is looked at by [`super::check`], which
/// builds the world.
///
/// # Errors
/// The first thing wrong in it.
pub fn load(folder: &Path) -> Result<Scenario, Diagnostic> {
    let layers = layers(folder)?;
    let stage = stage(folder, &layers)?;
    if let Some(problem) = stage.value.problems().first() {
        return Err(stage.stage_problem(problem));
    }
    if let Some(first) = factor::problems(&stage).into_iter().next() {
        return Err(first);
    }
    let brief = brief(&layers)?;
    let (incident, wrong) = incident(folder)?;
    if let Some(first) = wrong.into_iter().next() {
        return Err(first);
    }
    let incident = incident.value;
    let digests = Digests::of(&stage.value, &brief);
    Ok(Scenario {
        name: name_of(folder),
        folder: folder.to_owned(),
        factors: factor::of_stage(&stage.value),
        levels: Factors::new(),
        unvaried: digests.clone(),
        digests,
        stage: stage.value,
        unvaried_brief: brief.clone(),
        brief,
        twin_of: incident.twin_of.clone(),
        incident,
    })
}

/// The folder's name, also when it is given as `.`.
pub(super) fn name_of(folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The scenario's folder and those that it extends, topmost first: files are looked for in this order.
pub(super) fn layers(folder: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let sources = overlay::sources(&folder.join("stage.toml"))?;
    Ok(sources.0.iter().filter_map(|source| source.path.parent()).map(Path::to_owned).collect())
}

pub(super) fn stage(folder: &Path, layers: &[PathBuf]) -> Result<Document<Stage>, Diagnostic> {
    stage_with(folder, layers, &Factors::new())
}

/// The stage with levels of factors laid over it; the files beside it are those that are written.
pub(super) fn stage_with(
    folder: &Path,
    layers: &[PathBuf],
    levels: &Factors,
) -> Result<Document<Stage>, Diagnostic> {
    let mut sources = overlay::sources(&folder.join("stage.toml"))?;
    library::below(&mut sources);
    let mut stage: Document<Stage> = document::laid(sources, levels)?;
    let mut texts = BTreeMap::new();
    for layer in layers.iter().rev() {
        texts.extend(files::read_folders(layer, &["repo", "data"])?);
    }
    stage.value.files = Arc::new(texts);
    Ok(stage)
}

pub(super) fn brief(layers: &[PathBuf]) -> Result<String, Diagnostic> {
    let path = |layer: &PathBuf| layer.join("brief.md");
    let layer = layers.iter().find(|layer| path(layer).exists()).or(layers.first());
    let layer = layer.cloned().unwrap_or_default();
    let path = path(&layer);
    let text = files::read_text(&layer, &path, BRIEF_BYTES_MAX)?;
    if text.trim().is_empty() {
        return Err(Diagnostic::of_file(path, "this file is empty")
            .help("write the ticket as the agent is to get it; it never names the trap"));
    }
    Ok(text)
}

/// The incident, and all that is wrong in it.
pub(super) fn incident(folder: &Path) -> Result<(Document<Incident>, Vec<Diagnostic>), Diagnostic> {
    let document: Document<Incident> = read(&folder.join("incident.toml"))?;
    let siblings = list(&scenarios_of(folder))?;
    let wrong = incident::problems(&document, &name_of(folder), &siblings);
    Ok((document, wrong))
}

/// The scripted agents of a scenario, in order of name; those of a sibling that it extends among them.
///
/// # Errors
/// The first thing wrong in one of them.
pub fn scripts(folder: &Path) -> Result<Vec<Script>, Diagnostic> {
    let layers = layers(folder)?;
    let mut scripts = Vec::new();
    for (name, path) in script_paths(&layers)? {
        match script(&layers, &name, &path) {
            Ok(script) => scripts.push(script),
            Err(wrong) => return wrong.into_iter().next().map_or(Ok(scripts), Err),
        }
    }
    Ok(scripts)
}

/// The scripts' names and files.
pub(super) fn script_paths(layers: &[PathBuf]) -> Result<BTreeMap<String, PathBuf>, Diagnostic> {
    let mut paths = BTreeMap::new();
    for layer in layers.iter().rev() {
        let folder = layer.join("agents");
        if folder.is_dir() {
            let scripts = files::names(&folder)?.into_iter();
            let named = |file: String| Some((file.strip_suffix(".toml")?.to_owned(), folder.join(&file)));
            paths.extend(scripts.filter_map(named));
        }
    }
    Ok(paths)
}

/// One script, or everything wrong in it.
pub(super) fn script(layers: &[PathBuf], name: &str, path: &Path) -> Result<Script, Vec<Diagnostic>> {
    let document = read_alone(path).map_err(|wrong| vec![wrong])?;
    script_file::checked(&document, name, &|from| beside(layers, from, "agents"))
}

/// The text of a file below `folder`, of the topmost scenario that has it; else what to do about it.
pub(super) fn beside(layers: &[PathBuf], from: &str, folder: &str) -> Result<String, String> {
    let mut parts = from.split('/');
    let inside = parts.next() == Some(folder) && parts.all(|part| !matches!(part, "" | "." | ".."));
    if !inside {
        return Err(format!("write its path from the scenario's folder, such as `{folder}/files/report.js`"));
    }
    for layer in layers {
        let text = files::read_text_if_there(layer, &layer.join(from), FILE_BYTES_MAX);
        if let Some(text) = text.map_err(|wrong| wrong.title().to_owned())? {
            return Ok(text);
        }
    }
    let known: Vec<String> = layers
        .iter()
        .filter_map(|layer| files::read_folders(layer, &[folder]).ok())
        .flat_map(BTreeMap::into_keys)
        .filter(|path| !path.ends_with(".toml"))
        .collect();
    Err(nearest::suggestion(from, &known))
}

fn stage_digest(stage: &Stage) -> String {
    let text = serde_json::to_string(stage).unwrap_or_default();
    let files = stage.files.iter().flat_map(|(path, text)| [path.as_str(), text.as_str()]);
    digest(std::iter::once(text.as_str()).chain(files))
}

/// The lengths stand in it too, so that no two lists of texts run into the same bytes.
fn digest<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(text.as_bytes());
    }
    simulators::hex(&hash.finalize())
}
