//! `plan`: how many trials a question needs, before they are paid for.

use std::path::Path;

use clap::Args;

use super::score::find_run;
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::report::{self, Question};

/// Say how many trials a question needs. Example: `chesterton plan --cells 12 --margin 0.05`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run whose cells and trials are meant; else the two flags below
    run: Option<String>,
    /// Cells that are compared at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    cells: u32,
    /// Trials of each cell that there are
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    trials: u32,
    /// The rise of the rate of harm that is to be ruled out, or shown
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = share)]
    margin: f64,
    /// Confidence of intervals and tests
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, value_parser = share)]
    confidence: f64,
    /// How surely a change that is there is to be seen
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, value_parser = share)]
    power: f64,
    /// The share of pairs of trials that come out differently by chance, each way
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = flips)]
    flips: f64,
}

fn share(text: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|share| *share > 0.0 && *share < 1.0);
    found.ok_or_else(|| "expected a share above 0 and below 1, such as 0.1".to_owned())
}

fn flips(text: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|share| (0.0..=0.5).contains(share));
    found.ok_or_else(|| "expected a share from 0 to 0.5: each way, so both are 1 at most".to_owned())
}

/// Prints the plan.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    let Arguments { run, cells, trials, margin, confidence, power, flips } = arguments;
    let sizes = run.as_deref().map_or(Ok((*cells, *trials)), |run| sizes(run, results));
    match sizes {
        Ok((cells, trials)) => {
            let (confidence, power, margin, flips) = (*confidence, *power, *margin, *flips);
            terminal.say(report::planner(&Question { cells, trials, confidence, power, margin, flips }));
            Exit::Fine
        }
        Err(message) => {
            terminal.tell(format!("error: {message}"));
            Exit::Usage
        }
    }
}

/// The cells of a run, and the trials of each.
fn sizes(run: &str, results: &Path) -> Result<(u32, u32), String> {
    let plan = find_run(run, results)?.plan().map_err(|e| e.to_string())?;
    let agents: usize = plan.scenarios.iter().map(|s| s.agents.len()).sum();
    let cells = u32::try_from(agents.saturating_mul(plan.setups.len())).unwrap_or(u32::MAX);
    Ok((cells, plan.trials_per_cell))
}
