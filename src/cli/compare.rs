//! `compare`: sets a run beside a baseline, and ends as the comparison does.

use std::path::{Path, PathBuf};

use clap::Args;

use super::judged::{Failed, judged};
use super::score::find_run;
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::base::text::{self, Untrusted};
use crate::baseline::{self, Answer, Baseline, Gathering, Policy};
use crate::ledger::RunFolder;
use crate::report;
use crate::score::Scored;

/// Compare a run with a baseline. Example: `chesterton compare latest --baseline main --max-harm-rate 0`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run's folder, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    /// A baseline's name, or a run; the only baseline there is if not given, or `main`
    #[arg(long, value_name = "NAME|RUN")]
    baseline: Option<String>,
    /// A file with thresholds; the flags below go before it
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The highest rate of harm of any cell; 0: no harm may be seen
    #[arg(long, value_name = "SHARE")]
    max_harm_rate: Option<f64>,
    /// Confidence of intervals and tests [default: 0.95]
    #[arg(long, value_name = "SHARE")]
    confidence: Option<f64>,
    /// How much more harm must be ruled out before a cell is unchanged, as a share [default: 0.1]
    #[arg(long, value_name = "SHARE")]
    margin: Option<f64>,
    /// The same for safe fixes that fail to come; twice the margin if not given
    #[arg(long, value_name = "SHARE")]
    fix_margin: Option<f64>,
    /// Only these scenarios
    #[arg(long, value_name = "NAME")]
    scenario: Vec<String>,
    /// Only these setups
    #[arg(long, value_name = "NAME")]
    setup: Vec<String>,
    /// Only these agents
    #[arg(long, value_name = "NAME")]
    agent: Vec<String>,
    /// Call a changed setup or agent, and a cell that was not played, not comparable
    #[arg(long)]
    same_inputs: bool,
    /// One JSON object in the place of tables
    #[arg(long)]
    json: bool,
    /// Show unchanged cells too
    #[arg(long)]
    all: bool,
    /// The folder that holds the baselines
    #[arg(long, value_name = "DIR", default_value = "baselines")]
    baselines: PathBuf,
}

/// Compares and prints.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    match compare(arguments, results, terminal) {
        Ok((_, found)) if arguments.json => match text::json(&found) {
            Ok(json) => {
                terminal.say(json);
                exit(found.answer)
            }
            Err(error) => {
                terminal.tell(format!("error: {error}"));
                Exit::RecordingFailed
            }
        },
        Ok((sides, found)) => {
            terminal.say(sides);
            terminal.say(report::comparison(&found, arguments.all, terminal.width()));
            exit(found.answer)
        }
        Err((exit, message)) => {
            terminal.tell(message);
            exit
        }
    }
}

const fn exit(answer: Answer) -> Exit {
    match answer {
        Answer::Fine => Exit::Fine,
        Answer::Regressed => Exit::Regressed,
        Answer::Unsafe => Exit::Unsafe,
        Answer::Underpowered => Exit::Underpowered,
        Answer::Invalid => Exit::Invalid,
    }
}

fn compare(
    arguments: &Arguments,
    results: &Path,
    terminal: &Terminal,
) -> Result<(String, baseline::Comparison), Failed> {
    let policy = policy(arguments, terminal)?;
    let folder = find_run(&arguments.run, results).map_err(|e| (Exit::Usage, format!("error: {e}")))?;
    let named = arguments.baseline.as_deref();
    let (name, old) = baseline(named, &arguments.baselines, results, terminal)?;
    let (new, _) = as_baseline(&folder, terminal)?;
    if let Some((what, name)) = policy.unknown(old.cells.keys().chain(new.cells.keys())) {
        return Err((
            Exit::Usage,
            format!("error: neither the run nor the baseline has the {what} `{name}`"),
        ));
    }
    let sides = format!("then: {name} · now: {}\n", quoted("the run", &folder.name()));
    Ok((sides, baseline::compare(&old, &new, &policy)))
}

/// The file's thresholds, and the flags over them.
fn policy(arguments: &Arguments, terminal: &Terminal) -> Result<Policy, Failed> {
    let file = arguments.policy.as_deref().map(Policy::read).transpose();
    let file = file.map_err(|d| (Exit::Usage, d.render(terminal.colour())))?.unwrap_or_default();
    let names = |flag: &[String], file: Vec<String>| if flag.is_empty() { file } else { flag.to_vec() };
    let policy = Policy {
        confidence: arguments.confidence.unwrap_or(file.confidence),
        margin: arguments.margin.unwrap_or(file.margin),
        fix_margin: arguments.fix_margin.or(file.fix_margin),
        downtime_margin_s: file.downtime_margin_s,
        max_harm_rate: arguments.max_harm_rate.or(file.max_harm_rate),
        same_inputs: arguments.same_inputs || file.same_inputs,
        scenarios: names(&arguments.scenario, file.scenarios),
        setups: names(&arguments.setup, file.setups),
        agents: names(&arguments.agent, file.agents),
    };
    match policy.problem() {
        Some((key, expected)) => {
            Err((Exit::Usage, format!("error: `--{}`: {expected}", key.replace('_', "-"))))
        }
        None => Ok(policy),
    }
}

/// The baseline that is meant where none is named and there are several.
pub(super) const DEFAULT: &str = "main";

/// The baseline of that name, or a run of that name as if it had been accepted; without a name the only baseline there
/// is, or `main`. And which it is.
pub(super) fn baseline(
    name: Option<&str>,
    folder: &Path,
    results: &Path,
    terminal: &Terminal,
) -> Result<(String, Baseline), Failed> {
    let names = baseline::names(folder);
    let name = match (name, names.as_slice()) {
        (Some(name), _) => name,
        (None, [only]) => only.as_str(),
        (None, _) => DEFAULT,
    };
    if names.iter().any(|known| known == name) {
        let baseline = Baseline::read(folder, name);
        let baseline = baseline.map_err(|e| (Exit::Invalid, format!("error: {e}")))?;
        return Ok((quoted("the baseline", name), baseline));
    }
    let none = || {
        let known = if names.is_empty() { "there are none".to_owned() } else { names.join(", ") };
        format!(
            "error: `{name}` is no baseline in `{}` ({known}) and no run\nmake one: chesterton accept latest --as {name}",
            folder.display()
        )
    };
    let run = find_run(name, results).map_err(|_| (Exit::Usage, none()))?;
    as_baseline(&run, terminal).map(|(baseline, _)| (quoted("the run", &run.name()), baseline))
}

fn quoted(what: &str, name: &str) -> String {
    format!("{what} `{}`", Untrusted::from(name).for_line(60))
}

/// A run as a baseline, judged anew.
pub(super) fn as_baseline(folder: &RunFolder, terminal: &Terminal) -> Result<(Baseline, Scored), Failed> {
    let mut gathering = Gathering::default();
    let scored = judged(folder, terminal, |marks| gathering.add(marks))?;
    Ok((Baseline::of(&scored, gathering), scored))
}
