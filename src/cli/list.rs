//! `list`: what there is to play.

use std::path::Path;

use clap::{Args, ValueEnum};

use super::cast::{self, CastError};
use super::catalogue::{self, Entry};
use super::terminal::Terminal;
use crate::agent::{self, ModelAgent, ProcessAgent};
use crate::base::exit::Exit;
use crate::base::text::Untrusted;
use crate::gate::{self, SetupFile};
use crate::model::Prices;
use crate::prose::{self, JudgeFile};
use crate::scenario::{self, Factor};

/// List what there is. Example: `chesterton list setups`
#[derive(Debug, Args)]
pub struct Arguments {
    /// What to list
    what: What,
    /// Of factors: those of this scenario, by name or folder; of all if none is given
    scenario: Vec<String>,
    /// Scenarios as a page in Markdown, with the patterns that they cover and those that none does
    #[arg(long)]
    markdown: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Incidents that can be played: their patterns, how bad they get, how sure they are
    Scenarios,
    /// Scenarios that are played together
    Suites,
    /// Reference agents, models to be asked, and coding agents with whether they are installed
    Agents,
    /// Guardrail setups
    Setups,
    /// Judges of prose
    Judges,
    /// What `--vary` varies, with the levels of each, the base first
    Factors,
}

/// Lists.
pub fn run(arguments: &Arguments, root: &Path, terminal: &mut Terminal) -> Exit {
    if arguments.markdown && !matches!(arguments.what, What::Scenarios) {
        terminal.tell("error: only scenarios are listed as a page: chesterton list scenarios --markdown");
        return Exit::Usage;
    }
    if !arguments.scenario.is_empty() && !matches!(arguments.what, What::Factors) {
        terminal.tell("error: only factors are listed by scenario: chesterton list factors SCENARIO");
        return Exit::Usage;
    }
    let lines = match arguments.what {
        What::Scenarios => scenarios(root, arguments.markdown),
        What::Suites => suites(root).map(aligned),
        What::Agents => agents(root).map(aligned),
        What::Setups => setups().map(aligned),
        What::Judges => judges().map(aligned),
        What::Factors => factors(root, &arguments.scenario).map(aligned),
    };
    match lines {
        Ok(lines) => {
            lines.into_iter().for_each(|line| terminal.say(line));
            Exit::Fine
        }
        Err(error) => {
            terminal.tell(error.shown(terminal.colour()));
            Exit::BadScenario
        }
    }
}

type Lines = Result<Vec<(String, String)>, CastError>;

fn aligned(lines: Vec<(String, String)>) -> Vec<String> {
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    lines.into_iter().map(|(name, about)| format!("{name:width$}  {about}")).collect()
}

fn scenarios(root: &Path, as_page: bool) -> Result<Vec<String>, CastError> {
    let entries = cast::scenarios(root, &[])?.into_iter().map(Entry::of).collect::<Result<Vec<_>, _>>()?;
    Ok(match as_page {
        true => catalogue::page(&entries, &scenario::suites(root)?).lines().map(str::to_owned).collect(),
        false => catalogue::text(&entries),
    })
}

fn suites(root: &Path) -> Lines {
    let line = |(name, suite): (String, scenario::Suite)| {
        (name, format!("{} ({})", Untrusted::from(suite.about).for_line(120), suite.scenarios.len()))
    };
    Ok(scenario::suites(root)?.into_iter().map(line).collect())
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
    for model in agent::MODELS.names().filter_map(|name| ModelAgent::wished(name, &prices)) {
        let model = model?
            .into_iter()
            .map(|model| (model.name, format!("{} (a model: {})", model.about, model.endpoint.spec.name)));
        lines.extend(model);
    }
    for agent in agent::PROCESSES.names().filter_map(ProcessAgent::wished) {
        for agent in agent? {
            let state = match (agent.program(), agent.command.install.as_str()) {
                (Some(path), _) => format!("installed: {}", path.display()),
                (None, how) => format!("not installed: {how}"),
            };
            let told = format!("{} (a process; {state})", agent.told_of());
            lines.push((agent.name, told));
        }
    }
    Ok(lines)
}

/// A factor is listed once, with the scenarios that have it if not all do; below it, its levels.
fn factors(root: &Path, names: &[String]) -> Lines {
    let all = cast::scenarios(root, names)?;
    let mut found: Vec<(&Factor, Vec<&str>)> = Vec::new();
    for (scenario, factor) in all.iter().flat_map(|s| s.factors.iter().map(move |factor| (s, factor))) {
        match found.iter_mut().find(|(known, _)| *known == factor) {
            Some((_, of)) => of.push(&scenario.name),
            None => found.push((factor, vec![&scenario.name])),
        }
    }
    found.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    let mut lines = Vec::new();
    for (factor, of) in found {
        let place = if of.len() == all.len() { String::new() } else { format!(" ({})", of.join(", ")) };
        lines.push((factor.name.clone(), format!("{}{place}", factor.about)));
        for level in factor.levels_from_base() {
            let about = factor.levels.get(&level).map_or("", String::as_str);
            let base = if level == factor.base { " (base)" } else { "" };
            lines.push((format!("  {level}"), format!("{about}{base}")));
        }
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

fn judges() -> Lines {
    let line = |name: &str| {
        let file: JudgeFile = toml::from_str(prose::JUDGES.text(name)?).ok()?;
        Some((file.name, format!("{} (a model: {})", file.about, file.model.name)))
    };
    Ok(prose::JUDGES.names().filter_map(line).collect())
}
