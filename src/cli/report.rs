//! `report`: a recorded run in the formats of others.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use super::score::{self, find_run};
use super::terminal::Terminal;
use super::{compare, output};
use crate::base::exit::Exit;
use crate::baseline::{self, Policy};
use crate::ledger::RunFolder;
use crate::report::html::Stories;
use crate::report::{self, Format, Gathered, Sheet};
use crate::score::{ScoreError, score_run};

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
    /// What the page compares the run with: a baseline's name, or a run; the only baseline there is if not given, or `main`
    #[arg(long, value_name = "NAME|RUN")]
    baseline: Option<String>,
    /// The folder that holds the baselines
    #[arg(long, value_name = "DIR", default_value = "baselines")]
    baselines: PathBuf,
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
    let mut wanted = arguments.format.clone();
    let prints = |w: &&Wanted| match w.format {
        Format::Github => true,
        Format::Html if arguments.open => false,
        _ => w.file.is_none(),
    };
    if arguments.format.iter().filter(prints).count() > 1 {
        terminal.tell(
            "error: only one format can go to standard output; give the others a file: `--format csv=cells.csv`",
        );
        return Exit::Usage;
    }
    let folder = match find_run(&arguments.run, results) {
        Ok(folder) => folder,
        Err(message) => {
            terminal.tell(format!("error: {message}"));
            return Exit::Usage;
        }
    };
    let sheet = match sheet(&folder) {
        Ok(sheet) => sheet,
        Err(error) => return score::failed(&error, terminal),
    };
    if arguments.open && !wanted.iter().any(|w| w.format == Format::Html) {
        wanted.push(Wanted { format: Format::Html, file: None });
    }
    let stories = match wanted.iter().any(|w| w.format == Format::Html) {
        true => stories(arguments, &folder, results, &sheet, terminal),
        false => Ok(Stories::default()),
    };
    let written = stories.and_then(|stories| {
        wanted.iter_mut().try_for_each(|wanted| {
            let is_opened = arguments.open && wanted.format == Format::Html;
            if is_opened && wanted.file.is_none() {
                wanted.file = Some(folder.path().join("report.html"));
            }
            write(wanted, &sheet, &stories, terminal)?;
            wanted.file.as_deref().filter(|_| is_opened).map_or(Ok(()), open)
        })
    });
    if let Err((exit, message)) = written {
        terminal.tell(format!("error: {}", message.trim_start_matches("error: ")));
        return exit;
    }
    if !sheet.is_complete() {
        terminal.tell("the measurement is not complete; the report says what is missing");
    }
    Exit::Fine
}

/// The sheet of a recorded run.
pub fn sheet(folder: &RunFolder) -> Result<Sheet, ScoreError> {
    let mut gathered = Gathered::default();
    let scored = score_run(folder, |marks| gathered.add(&marks))?;
    Ok(gathered.sheet(&scored))
}

/// What the page shows beyond the sheet: transcripts, and what changed since a baseline. Where nobody asked for one and
/// there is none, the page says how to come to one.
fn stories(
    arguments: &Arguments,
    folder: &RunFolder,
    results: &Path,
    sheet: &Sheet,
    terminal: &Terminal,
) -> Result<Stories, (Exit, String)> {
    let stories = Stories::read(folder, sheet);
    let name = arguments.baseline.as_deref();
    let old = match compare::baseline(name, &arguments.baselines, results, terminal) {
        Ok((_, old)) => old,
        Err(_) if name.is_none() => return Ok(stories),
        Err(failed) => return Err(failed),
    };
    let (new, _) = compare::judged(folder, terminal)?;
    Ok(stories.beside(baseline::compare(&old, &new, &Policy::default())))
}

fn open(file: &Path) -> Result<(), (Exit, String)> {
    opener::open(file).map_err(|e| (Exit::Usage, format!("nothing here opens `{}`: {e}", file.display())))
}

fn write(
    wanted: &Wanted,
    sheet: &Sheet,
    stories: &Stories,
    terminal: &mut Terminal,
) -> Result<(), (Exit, String)> {
    let bytes = wanted.format.tell(sheet, stories).map_err(|e| (Exit::RecordingFailed, e.to_string()))?;
    if wanted.format == Format::Github {
        terminal.say(report::annotations(sheet).trim_end());
    }
    let put = |file: &Path| output::put(file, &bytes).map_err(|e| (Exit::RecordingFailed, e.to_string()));
    match (&wanted.file, wanted.format) {
        (Some(file), _) => {
            put(file)?;
            terminal.tell(format!("{} written to {}", wanted.format.name(), file.display()));
        }
        (None, Format::Github) => match terminal.step_summary() {
            Some(file) => output::append(&file, &bytes).map_err(|e| (Exit::RecordingFailed, e.to_string()))?,
            None => terminal.tell("no summary is written: GITHUB_STEP_SUMMARY is not set; name a file: `--format github=summary.md`"),
        },
        (None, _) => terminal.write(&bytes),
    }
    Ok(())
}
