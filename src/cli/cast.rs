//! From names on the command line to what is to be played.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::agent::{self, ModelAgent, ProcessAgent};
use crate::gate::{self, Setup};
use crate::model::Prices;
use crate::runner::Cast;
use crate::scenario::{self, Diagnostic, Scenario, Script};

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

/// The scenarios of these names, paths or suites, or all.
pub fn scenarios(root: &Path, names: &[String]) -> Result<Vec<Arc<Scenario>>, CastError> {
    folders(root, names)?.iter().map(|folder| Ok(Arc::new(scenario::load(folder)?))).collect()
}

/// The folders of the scenarios of these names, paths or suites, or of all.
pub fn folders(root: &Path, names: &[String]) -> Result<Vec<PathBuf>, CastError> {
    Ok(match names.is_empty() {
        true => scenario::list(root)?.iter().map(|name| root.join(name)).collect(),
        false => scenario::chosen(root, names)?,
    })
}

/// As [`scenarios`]; where none is named those of the suite `first`, if there is one.
pub fn scenarios_to_play(root: &Path, names: &[String]) -> Result<Vec<Arc<Scenario>>, CastError> {
    let first = [scenario::FIRST.to_owned()];
    let has_first = names.is_empty() && scenario::suites(root)?.contains_key(scenario::FIRST);
    scenarios(root, if has_first { &first } else { names })
}

/// The agents of a scenario: those of these names or files; all of its own if none is named. A model plays any scenario.
pub fn agents(scenario: &Scenario, names: &[String], prices: &Prices) -> Result<Vec<Cast>, CastError> {
    let own = scenario::scripts(&scenario.folder)?;
    let is_own = |name: &String| own.iter().any(|script| script.name == *name);
    let mut casts = Vec::new();
    for name in names.iter().filter(|name| !is_own(name)) {
        if let Some(found) = ProcessAgent::wished(name) {
            casts.extend(found?.into_iter().map(|agent| Cast::Process(Arc::new(agent), None)));
            continue;
        }
        let Some(found) = ModelAgent::wished(name, prices) else { return Err(unknown(scenario, name, &own)) };
        casts.extend(found?.into_iter().map(|agent| Cast::Model(Arc::new(agent), None)));
    }
    for (n, cast) in casts.iter().enumerate() {
        let is_taken =
            is_own(&cast.name().to_owned()) || casts.iter().take(n).any(|c| c.name() == cast.name());
        if is_taken {
            let (name, scenario) = (cast.name(), &scenario.name);
            return Err(CastError::Name(format!(
                "two agents of `{scenario}` are called `{name}`: tables could not tell them apart"
            )));
        }
    }
    let wanted = own.into_iter().filter(|s| names.is_empty() || names.contains(&s.name));
    Ok(wanted.map(Cast::scripted).chain(casts).collect())
}

fn unknown(scenario: &Scenario, name: &str, own: &[Script]) -> CastError {
    let models = agent::MODELS.names().chain(agent::PROCESSES.names()).map(|name: &str| name);
    let known: Vec<&str> = own.iter().map(|s| s.name.as_str()).chain(models).collect();
    CastError::Name(match Path::new(&format!("{name}.toml")).is_file() {
        true => {
            format!("`{name}` is no agent of `{}`; for the file write `--agent ./{name}.toml`", scenario.name)
        }
        false => format!(
            "`{name}` is no agent of `{}`{}; its agents and the built-in ones: {}; or give a file",
            scenario.name,
            nearest(name, &known),
            known.join(", ")
        ),
    })
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
    if scenario::is_path(wish) {
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

/// Whether these setups decide without a model: outside of a run there is nobody who pays for it, or keeps its tape.
pub fn ask_nobody<'s>(setups: impl IntoIterator<Item = &'s Setup>) -> Result<(), CastError> {
    match setups.into_iter().find(|setup| setup.endpoints().next().is_some()) {
        Some(setup) => Err(CastError::Name(format!(
            "the setup `{}` asks a model, which only a run does: chesterton run --setup …",
            setup.name()
        ))),
        None => Ok(()),
    }
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
