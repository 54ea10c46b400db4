//! `cite`: what to put into a paper's bibliography.

use std::path::{Path, PathBuf};

use clap::Args;

use super::score::find_run;
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::report::{self, Cited};
use crate::scenario::{self, Diagnostic};

/// Print BibTeX for the harness and for what scenarios are taken from. Examples: `chesterton cite`,
/// `chesterton cite latest`, `chesterton cite cost-explorer`
#[derive(Debug, Args)]
pub struct Arguments {
    /// Runs, whose version, plan and scenarios are cited, or scenarios; all scenarios if none is given
    #[arg(value_name = "RUN|SCENARIO")]
    names: Vec<String>,
}

/// Prints the entries.
pub fn run(arguments: &Arguments, root: &Path, results: &Path, terminal: &mut Terminal) -> Exit {
    let mut plans = Vec::new();
    let mut folders = Vec::new();
    for name in &arguments.names {
        let Ok(folder) = find_run(name, results) else {
            match scenario::find(root, name) {
                Ok(folder) => folders.push(folder),
                Err(wrong) => return bad(&wrong, terminal),
            }
            continue;
        };
        match folder.plan() {
            Ok(plan) => {
                folders.extend(plan.scenarios.iter().map(|s| s.folder.clone()));
                plans.push(plan);
            }
            Err(error) => {
                terminal.tell(format!("error: {error}"));
                return Exit::Invalid;
            }
        }
    }
    if arguments.names.is_empty() {
        match scenario::list(root) {
            Ok(names) => folders.extend(names.iter().map(|name| root.join(name))),
            Err(wrong) => return bad(&wrong, terminal),
        }
    }
    folders.sort();
    folders.dedup();
    match cited(&folders) {
        Ok(cited) => {
            let text = report::bibtex(&plans, &cited);
            let _ = terminal.write(|out| out.write_all(text.as_bytes()));
            Exit::Fine
        }
        Err(wrong) => bad(&wrong, terminal),
    }
}

fn cited(folders: &[PathBuf]) -> Result<Vec<Cited>, Diagnostic> {
    let one = |folder: &PathBuf| {
        let incident = scenario::read(&folder.join("incident.toml"))?.value;
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Cited { scenario: name.into(), incident })
    };
    folders.iter().map(one).collect()
}

fn bad(wrong: &Diagnostic, terminal: &mut Terminal) -> Exit {
    terminal.tell(wrong.render(terminal.colour()));
    Exit::BadScenario
}
