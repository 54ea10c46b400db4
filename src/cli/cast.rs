//! From names on the command line to what is to be played.

use std::path::Path;
use std::sync::Arc;

use crate::gate::{self, Setup};
use crate::runner::Cast;
use crate::scenario::{self, Diagnostic, Scenario};

/// Why a name leads nowhere.
#[derive(Debug)]
pub enum CastError {
    /// What is wrong in a file.
    File(Vec<Diagnostic>),
    /// No such name; what there is.
    Name(String),
}

impl From<Diagnostic> for CastError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::File(vec![diagnostic])
    }
}

impl From<Vec<Diagnostic>> for CastError {
    fn from(wrong: Vec<Diagnostic>) -> Self {
        Self::File(wrong)
    }
}

impl CastError {
    /// For standard error.
    pub fn shown(&self, colour: bool) -> String {
        match self {
            Self::File(wrong) => wrong.iter().map(|one| one.render(colour)).collect::<Vec<_>>().join("\n\n"),
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
    Ok(wanted.map(Cast::scripted).collect())
}

/// The setups of these names or paths; `all`: all that are built in; none named: the core ones.
pub fn setups(names: &[String]) -> Result<Vec<Arc<Setup>>, CastError> {
    let wanted: Vec<String> = match names {
        [] => gate::core_setups().map(str::to_owned).collect(),
        [all] if all == "all" => gate::built_in().map(str::to_owned).collect(),
        names => names.to_vec(),
    };
    let mut setups: Vec<Arc<Setup>> = Vec::new();
    for wish in &wanted {
        let setup = setup(wish)?;
        if setups.iter().any(|other| other.name() == setup.name()) {
            let name = setup.name();
            return Err(CastError::Name(format!(
                "two setups are called `{name}`: tables could not tell them apart"
            )));
        }
        setups.push(Arc::new(setup));
    }
    Ok(setups)
}

/// The setup in this file, or the built-in one of this name.
pub fn setup(wish: &str) -> Result<Setup, CastError> {
    if wish.contains('/') || wish.ends_with(".toml") {
        return Setup::read(Path::new(wish)).map_err(CastError::from);
    }
    let known: Vec<&str> = gate::built_in().chain(gate::examples()).collect();
    let unknown = || match Path::new(&format!("{wish}.toml")).is_file() {
        true => format!("`{wish}` is no built-in setup; for the file write `--setup ./{wish}.toml`"),
        false => {
            let near = nearest(wish, &known);
            format!("`{wish}` is no setup{near}; the built-in ones: {}; or give a file", known.join(", "))
        }
    };
    Setup::built_in(wish).ok_or_else(|| CastError::Name(unknown()))?.map_err(CastError::from)
}

/// Whether every one of these scenarios has what the setups speak of.
pub fn fit<'s>(
    scenarios: impl Iterator<Item = &'s Scenario>,
    setups: &[Arc<Setup>],
) -> Result<(), CastError> {
    for scenario in scenarios {
        for setup in setups {
            setup.fits(&scenario.name, &scenario.stage)?;
        }
    }
    Ok(())
}

/// ` (did you mean …?)`, if a name is near.
fn nearest(name: &str, known: &[&str]) -> String {
    let distance = |k: &&&str| strsim::damerau_levenshtein(name, k);
    match known.iter().min_by_key(distance).filter(|k| distance(k) <= 3) {
        Some(near) => format!(" (did you mean `{near}`?)"),
        None => String::new(),
    }
}
