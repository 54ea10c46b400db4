//! `report`: a recorded run in the formats of others.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use super::judged::{self, Failed, ended};
use super::score::find_run;
use super::terminal::Terminal;
use super::{compare, output};
use crate::base::exit::Exit;
use crate::baseline::{self, Baseline, Gathering, Policy};
use crate::ledger::{RecordError, RunFolder};
use crate::report::html::Stories;
use crate::report::{self, Format, Options, Sheet};
use crate::score::Scored;

/// Write a run's report, in one format or several. Examples: `chesterton report latest --format md=report.md`,
/// `chesterton report latest --format junit=report.xml --format github`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run's folder, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    /// What to write and where to; may be given several times. Without a file it goes to standard output, `github` to
    /// the summary of the step and its annotations to standard output
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "md", long_help = formats())]
    format: Vec<Wanted>,
    /// Open the page in a browser; without a file of its own it goes to `report.html` in the run's folder
    #[arg(long)]
    open: bool,
    /// What the run is compared with: a baseline's name, or a run; for a page the only baseline there is if not given, or
    /// `main`
    #[arg(long, value_name = "NAME|RUN")]
    baseline: Option<String>,
    /// The folder that holds the baselines
    #[arg(long, value_name = "DIR", default_value = "baselines")]
    baselines: PathBuf,
    /// The setup that prices of guardrails are held against
    #[arg(long, value_name = "NAME", default_value = "inherited")]
    control: String,
    /// Of how many trials the risk of any harm, and the chance that all end well, are told
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    k: u32,
}

/// A format, and the file that it goes to.
#[derive(Clone, Debug)]
struct Wanted {
    format: Format,
    file: Option<PathBuf>,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let format = Format::ALL.iter().find(|f| f.name() == name);
        let names = || Format::ALL.iter().map(|f| f.name()).collect::<Vec<_>>().join(", ");
        let Some(format) = format else {
            return Err(match name {
                "parquet" => {
                    "this program was built without Parquet: cargo build --release --features parquet"
                        .to_owned()
                }
                _ => format!("expected one of {}", names()),
            });
        };
        if file.is_some_and(str::is_empty) {
            return Err(format!("expected a file after `{name}=`"));
        }
        Ok(Self { format: *format, file: file.map(PathBuf::from) })
    }
}

fn formats() -> String {
    let lines = Format::ALL.iter().map(|f| format!("  {:8} {}", f.name(), f.about()));
    format!(
        "What to write and where to; may be given several times. Without a file it goes to standard output\n\n{}",
        lines.collect::<Vec<_>>().join("\n")
    )
}

/// Judges the run and writes what was asked for.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    let came_to = report(arguments, results, terminal);
    ended(came_to, terminal)
}

fn report(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Result<Exit, Failed> {
    let error = |exit: Exit, message: String| (exit, format!("error: {message}"));
    let mut wanted = arguments.format.clone();
    let prints = |w: &&Wanted| match w.format {
        Format::Github => true,
        Format::Html if arguments.open => false,
        _ => w.file.is_none(),
    };
    if arguments.format.iter().filter(prints).count() > 1 {
        let only =
            "only one format can go to standard output; give the others a file: `--format csv=cells.csv`";
        return Err(error(Exit::Usage, only.to_owned()));
    }
    let folder = find_run(&arguments.run, results).map_err(|e| error(Exit::Usage, e))?;
    if arguments.open && !wanted.iter().any(|w| w.format == Format::Html) {
        wanted.push(Wanted { format: Format::Html, file: None });
    }
    let has_page = wanted.iter().any(|w| w.format == Format::Html);
    let is_compared = has_page || arguments.baseline.is_some();
    let old = if is_compared { baseline(arguments, results, terminal)? } else { None };
    let (sheet, scored) = judge(arguments, &folder, old, terminal)?;
    let stories = match has_page {
        true => {
            Stories::read(&scored.index, &sheet).map_err(|e| error(Exit::RecordingFailed, e.to_string()))?
        }
        false => Stories::default(),
    };
    for wanted in &mut wanted {
        let is_opened = arguments.open && wanted.format == Format::Html;
        if is_opened && wanted.file.is_none() {
            wanted.file = Some(folder.path().join("report.html"));
        }
        write(wanted, &sheet, &stories, terminal).map_err(|e| error(Exit::RecordingFailed, e.to_string()))?;
        if let Some(file) = wanted.file.as_deref().filter(|_| is_opened) {
            let failed = |e| error(Exit::Usage, format!("nothing here opens `{}`: {e}", file.display()));
            opener::open(file).map_err(failed)?;
        }
    }
    if !sheet.is_complete() {
        terminal.tell("the measurement is not complete; the report says what is missing");
    }
    Ok(Exit::Fine)
}

/// What the run is compared with. Where nobody asked for a baseline and there is none, the page says how to come to one.
fn baseline(arguments: &Arguments, results: &Path, terminal: &Terminal) -> Result<Option<Baseline>, Failed> {
    let name = arguments.baseline.as_deref();
    let names = baseline::names(&arguments.baselines);
    let is_there = names.len() == 1 || names.iter().any(|name| name == compare::DEFAULT);
    if name.is_none() && !is_there {
        return Ok(None);
    }
    compare::baseline(name, &arguments.baselines, results, terminal).map(|(_, old)| Some(old))
}

/// The run's sheet, beside the baseline if there is one. It is judged once for both.
fn judge(
    arguments: &Arguments,
    folder: &RunFolder,
    old: Option<Baseline>,
    terminal: &Terminal,
) -> Result<(Sheet, Scored), Failed> {
    let mut outcomes = old.is_some().then(Gathering::default);
    let options = Options { control: arguments.control.clone(), repeats: u64::from(arguments.k) };
    let (mut sheet, scored) = judged::sheet(folder, &options, terminal, |marks| {
        outcomes.iter_mut().for_each(|outcomes| outcomes.add(marks));
    })?;
    sheet.comparison = old
        .zip(outcomes)
        .map(|(old, outcomes)| baseline::compare(&old, &Baseline::of(&scored, outcomes), &Policy::default()));
    Ok((sheet, scored))
}

fn write(
    wanted: &Wanted,
    sheet: &Sheet,
    stories: &Stories,
    terminal: &mut Terminal,
) -> Result<(), RecordError> {
    let write = |out: &mut dyn Write| wanted.format.write(sheet, stories, out);
    let printed = |cause| RecordError { path: "standard output".into(), cause };
    if wanted.format == Format::Github {
        terminal.say(report::annotations(sheet).trim_end());
    }
    match (&wanted.file, wanted.format) {
        (Some(file), _) => {
            output::put(file, write)?;
            terminal.tell(format!("{} written to {}", wanted.format.name(), file.display()));
        }
        (None, Format::Github) => match terminal.step_summary() {
            Some(path) => {
                let written = write(&mut output::appended(&path)?);
                written.map_err(|cause| RecordError { path, cause })?;
            }
            None => terminal.tell("no summary is written: GITHUB_STEP_SUMMARY is not set; name a file: `--format github=summary.md`"),
        },
        (None, _) => terminal.write(write).map_err(printed)?,
    }
    Ok(())
}
