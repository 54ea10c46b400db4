//! `list`: what there is to play.

use std::path::Path;

use clap::{Args, ValueEnum};

use super::cast::{self, CastError};
use super::terminal::Terminal;
use crate::agent::{self, ModelAgent};
use crate::base::exit::Exit;
use crate::base::text::Untrusted;
use crate::gate::{self, SetupFile};
use crate::model::Prices;

/// List what there is. Example: `chesterton list setups`
#[derive(Debug, Args)]
pub struct Arguments {
    /// What to list
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Incidents that can be played
    Scenarios,
    /// Reference agents, and models to be asked
    Agents,
    /// Guardrail setups
    Setups,
}

/// Lists.
pub fn run(arguments: &Arguments, root: &Path, terminal: &mut Terminal) -> Exit {
    let lines = match arguments.what {
        What::Scenarios => scenarios(root),
        What::Agents => agents(root),
        What::Setups => setups(),
    };
    match lines {
        Ok(lines) => {
            let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
            for (name, about) in lines {
                terminal.say(format!("{name:width$}  {about}"));
            }
            Exit::Fine
        }
        Err(error) => {
            terminal.tell(error.shown(terminal.colour()));
            Exit::BadScenario
        }
    }
}

type Lines = Result<Vec<(String, String)>, CastError>;

fn scenarios(root: &Path) -> Lines {
    let all = cast::scenarios(root, &[])?;
    let line = |s: &std::sync::Arc<crate::scenario::Scenario>| {
        let twin = s.twin_of.as_ref().map(|t| format!(" (twin of {t})")).unwrap_or_default();
        (s.name.clone(), format!("{}{twin}", s.stage.title))
    };
    Ok(all.iter().map(line).collect())
}

fn agents(root: &Path) -> Lines {
    let mut lines: Vec<(String, String)> = Vec::new();
    let prices = Prices::built_in()?;
    for scenario in cast::scenarios(root, &[])? {
        for cast in cast::agents(&scenario, &[], &prices)? {
            if !lines.iter().any(|(name, _)| name == cast.name()) {
                lines.push((cast.name().to_owned(), Untrusted::from(cast.about()).for_line(120)));
            }
        }
    }
    for model in agent::built_in().filter_map(|name| ModelAgent::wished(name, &prices)) {
        let model = model?
            .into_iter()
            .map(|model| (model.name, format!("{} (a model: {})", model.about, model.endpoint.spec.name)));
        lines.extend(model);
    }
    Ok(lines)
}

fn setups() -> Lines {
    let core: Vec<&str> = gate::core_setups().collect();
    let line = |s: &std::sync::Arc<gate::Setup>| {
        let mark = if core.contains(&s.name()) { " (core)" } else { "" };
        (s.name().to_owned(), format!("{}{mark}", s.file.about))
    };
    let examples = gate::examples().filter_map(|name| {
        let file: SetupFile = toml::from_str(gate::built_in_source(name)?).ok()?;
        Some((file.name, format!("{} (example)", file.about)))
    });
    Ok(cast::setups(&["all".to_owned()])?.iter().map(line).chain(examples).collect())
}
