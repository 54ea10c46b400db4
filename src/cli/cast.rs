//! From names on the command line to what is to be played.

use std::path::Path;
use std::sync::Arc;

use crate::base::digest;
use crate::gate::{self, Setup};
use crate::runner::Cast;
use crate::scenario::{self, Diagnostic, Scenario};

/// Why a name leads nowhere.
#[derive(Debug)]
pub enum CastError {
    /// A file is wrong.
    File(Box<Diagnostic>),
    /// No such name; what there is.
    Name(String),
}

impl From<Diagnostic> for CastError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::File(Box::new(diagnostic))
    }
}

impl CastError {
    /// For standard error.
    pub fn shown(&self, colour: bool) -> String {
        match self {
            Self::File(diagnostic) => diagnostic.render(colour),
            Self::Name(text) => format!("error: {text}"),
        }
    }
}

/// The scenarios of these names or paths, or all.
pub fn scenarios(root: &Path, names: &[String]) -> Result<Vec<Arc<Scenario>>, CastError> {
    let folders = match names.is_empty() {
        true => scenario::list(root)?.iter().map(|name| root.join(name)).collect(),
        false => names.iter().map(|n| scenario::find(root, n)).collect::<Result<Vec<_>, _>>()?,
    };
    folders.iter().map(|folder| Ok(Arc::new(scenario::load(folder)?))).collect()
}

/// The agents of a scenario, of these names or all.
pub fn agents(scenario: &Scenario, names: &[String]) -> Result<Vec<Cast>, CastError> {
    let all = scenario::scripts(&scenario.folder)?;
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|s| s.name == **name)) {
        let known: Vec<&str> = all.iter().map(|s| s.name.as_str()).collect();
        let near = nearest(unknown, &known);
        return Err(CastError::Name(format!(
            "`{unknown}` is no agent of `{}`{near}; its agents: {}",
            scenario.name,
            known.join(", ")
        )));
    }
    let wanted = all.into_iter().filter(|s| names.is_empty() || names.contains(&s.name));
    Ok(wanted
        .map(|script| {
            let digest = script.digest();
            Cast { script: Arc::new(script), digest }
        })
        .collect())
}

/// The setups of these names, or all that are built in.
pub fn setups(names: &[String]) -> Result<Vec<(Arc<Setup>, String)>, CastError> {
    let known: Vec<&str> = gate::built_in().collect();
    let wanted: Vec<&str> =
        if names.is_empty() { known.clone() } else { names.iter().map(String::as_str).collect() };
    wanted
        .into_iter()
        .map(|name| {
            let source = gate::built_in_source(name).ok_or_else(|| {
                let near = nearest(name, &known);
                CastError::Name(format!("`{name}` is no setup{near}; the setups: {}", known.join(", ")))
            })?;
            let setup: Setup = toml::from_str(source).map_err(|e| {
                CastError::Name(format!("the setup `{name}` cannot be read: {}", e.message()))
            })?;
            Ok((Arc::new(setup), digest::of(source.as_bytes())))
        })
        .collect()
}

/// ` (did you mean …?)`, if a name is near.
fn nearest(name: &str, known: &[&str]) -> String {
    let distance = |k: &&&str| strsim::damerau_levenshtein(name, k);
    match known.iter().min_by_key(distance).filter(|k| distance(k) <= 3) {
        Some(near) => format!(" (did you mean `{near}`?)"),
        None => String::new(),
    }
}
