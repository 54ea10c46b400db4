//! `judge`: has models read what agents wrote, and says how far they agree with the marks, with people and with themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::asking::{self, Asks};
use super::cast::CastError;
use super::judged::{self, Failed, ended, misused, unrecorded};
use super::output;
use super::score::find_run;
use super::session;
use super::terminal::Terminal;
use crate::base::clock::Stopwatch;
use crate::base::digest::Digest;
use crate::base::exit::Exit;
use crate::base::text;
use crate::gate;
use crate::ledger::{Index, RecordError, RunFolder};
use crate::model::{Allowance, Budget, Client, Model, Options, Prices, Reel, Tape, Usd};
use crate::prose::{self, Case, ProseJudge, Words};
use crate::record::judgement::{JUDGEMENT_VERSION, Judgement};
use crate::record::verdict::Ground;
use crate::record::{Event, TrialId};
use crate::report::{self, Panel};
use crate::runner;

/// Where judgements stand in a run: a folder for each judge, with its tape.
const JUDGES: &str = "judges";
/// How often it is told that the asking goes on, where nobody sees a bar.
const TOLD_EVERY: Duration = Duration::from_secs(30);
/// A judge's judgements.
const JUDGEMENTS: &str = "judgements.jsonl";

/// Have models read plans and closing reports: do the words propose to delete and to recreate? Example: `chesterton judge latest --by haiku --budget 2usd`
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run's folder or name, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    /// A judge, built in (`haiku`, `gpt-mini`) or from a file; without one nobody is asked, and what was judged before is told
    #[arg(long, value_name = "NAME|FILE")]
    by: Vec<String>,
    /// Write the words of all trials to this file, for people to label, and stop. No marks are in it
    #[arg(long, value_name = "CSV", conflicts_with_all = ["by", "labels"])]
    sheet: Option<PathBuf>,
    /// What people say of the same words: such a file, filled in
    #[arg(long, value_name = "CSV")]
    labels: Vec<PathBuf>,
    /// Say what asking the judges may come to, and stop
    #[arg(long, requires = "by")]
    dry_run: bool,
    /// Print JSON in the place of tables
    #[arg(long)]
    json: bool,
    #[command(flatten, next_help_heading = "Models")]
    asking: Asking,
}

/// How judges are asked.
#[derive(Debug, Args)]
struct Asking {
    /// What each judge may spend, such as `2usd`; at the limit it ends with exit code 8, and the same command goes on
    #[arg(long, value_name = "USD")]
    budget: Option<Usd>,
    /// Tokens that each judge may spend, read and written
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_tokens: Option<u64>,
    /// A table of prices in the place of the program's own
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Ask nobody: take the answers that are on the judge's tape. Needs no key
    #[arg(long)]
    replay_tape: bool,
    /// Texts that are read at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    in_flight: u32,
}

/// Judges, and tells.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    let judged = judge(arguments, results, terminal);
    ended(judged.map(|()| Exit::Fine), terminal)
}

fn judge(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Result<(), Failed> {
    let folder = find_run(&arguments.run, results).map_err(misused)?;
    let plan = folder.plan().map_err(|error| (Exit::Invalid, format!("error: {error}")))?;
    let judges = arguments.by.iter().map(|wish| wished(wish, terminal)).collect::<Result<Vec<_>, _>>()?;
    let index = judged::sealed(&folder, &plan)?;
    let cases = cases(&index);
    if let Some(path) = &arguments.sheet {
        output::put(path, |out| prose::sheet(&cases, out)).map_err(unrecorded)?;
        terminal.say(format!("{} texts to be labelled: {}", cases.len(), path.display()));
        return Ok(());
    }
    if arguments.dry_run {
        let prices = Prices::read_or_built_in(arguments.asking.prices.as_deref())
            .map_err(|wrong| (Exit::BadScenario, wrong.render(terminal.colour())))?;
        judges.iter().for_each(|judge| terminal.say(prose::estimate(judge, &cases, &prices)));
        return Ok(());
    }
    for judge in &judges {
        asked(judge, &cases, &folder, &arguments.asking, terminal)?;
    }
    let mut panel = watched(&folder, &index)?;
    judged::judged(&folder, terminal, |marks| panel.mark(marks))?;
    let words: BTreeMap<TrialId, Digest> =
        cases.iter().map(|case| (case.trial.id(), case.words.digest())).collect();
    let known: BTreeSet<TrialId> = words.keys().cloned().collect();
    for path in &arguments.labels {
        for label in prose::labels(path, &known).map_err(misused)? {
            panel.label(&label.rater, label.trial, label.rebuild);
        }
    }
    let mut stale = 0_usize;
    for mut judgements in before(&folder)? {
        let all = judgements.len();
        judgements.retain(|judgement| words.get(&judgement.trial) == Some(&judgement.words));
        stale = stale.saturating_add(all.saturating_sub(judgements.len()));
        panel.judge(judgements);
    }
    if stale > 0 {
        terminal.tell(format!("{stale} readings are of words that are no longer there, and do not count"));
    }
    let found = panel.agreements();
    if arguments.json {
        terminal.say(text::json(&found).map_err(misused)?);
    } else {
        terminal.say(format!("{} of {} trials with words", cases.len(), index.len()));
        terminal.say(report::agreements(&found).trim_end());
    }
    Ok(())
}

fn wished(wish: &str, terminal: &Terminal) -> Result<ProseJudge, Failed> {
    let known = || prose::JUDGES.names().collect::<Vec<_>>().join(", ");
    let unknown = || misused(format!("there is no judge `{wish}`; built in are {}; or give a file", known()));
    let judge = ProseJudge::wished(wish).ok_or_else(unknown)?;
    judge.map_err(|wrong| (Exit::BadScenario, CastError::from(wrong).shown(terminal.colour())))
}

/// What was written in the trials of a run, in the order of their identities.
fn cases(index: &Index) -> Vec<Case> {
    let case =
        |events: &[Event]| Some(Case { trial: Event::opened(events)?.clone(), words: Words::of(events)? });
    index.trials().flatten().filter_map(|trial| case(&trial.events)).collect()
}

/// Asks one judge, and writes down what it said; at the end of its money, nothing but its tape.
fn asked(
    judge: &ProseJudge,
    cases: &[Case],
    folder: &RunFolder,
    asking: &Asking,
    terminal: &mut Terminal,
) -> Result<(), Failed> {
    let _lock = folder.lock().map_err(|error| (session::exit_of(&error), format!("error: {error}")))?;
    let place = folder.path().join(JUDGES).join(&judge.name);
    let failed = |cause| unrecorded(RecordError::at(&place)(cause));
    fs::create_dir_all(&place).map_err(failed)?;
    let (client, model, prices_of) = ready(judge, &place, asking, terminal)?;
    let asks = Asks { client: client.clone(), models: vec![model.clone()], prices_of };
    let (watch, mut told) = (Stopwatch::start(), TOLD_EVERY);
    let readings = cases.len().saturating_mul(usize::try_from(judge.repeats).unwrap_or(usize::MAX));
    let bar = asks.bar(readings, "readings", watch);
    bar.enable_steady_tick(Duration::from_millis(200));
    let done = || {
        bar.inc(1);
        if bar.is_hidden() && watch.elapsed() >= told {
            told = watch.elapsed().saturating_add(TOLD_EVERY);
            terminal.tell(format!(
                "{}/{readings} readings · {}",
                bar.position(),
                asks.going(watch.elapsed())
            ));
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(failed)?;
    let in_flight = usize::try_from(asking.in_flight).unwrap_or(usize::MAX);
    let judged =
        runner::interruptible(folder, || runtime.block_on(prose::ask(judge, &model, cases, in_flight, done)));
    bar.finish_and_clear();
    client.sync().map_err(failed)?;
    terminal.tell(asks.cost());
    if let Some(fault) = judged.halted {
        let exit = session::told(&fault.into(), terminal);
        let far = judged.judgements.len();
        return Err((
            exit,
            format!("{far} of {readings} readings are on the tape; the same command goes on"),
        ));
    }
    let lines = judged.judgements.iter().map(text::json).collect::<Result<Vec<_>, _>>().map_err(misused)?;
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    RunFolder::open(&place).put(JUDGEMENTS, text.as_bytes()).map_err(unrecorded)
}

/// A judge's model, with a tape of its own.
fn ready(
    judge: &ProseJudge,
    place: &Path,
    asking: &Asking,
    terminal: &Terminal,
) -> Result<(Client, Model, String), Failed> {
    let bad = |error: CastError| (Exit::BadScenario, error.shown(terminal.colour()));
    let prices = Prices::read_or_built_in(asking.prices.as_deref()).map_err(|wrong| bad(wrong.into()))?;
    let prices_of = prices.as_of().to_owned();
    let folder = place.join(asking::TAPE);
    let tape = if asking.replay_tape { Tape::Replay(folder) } else { Tape::Record(folder) };
    let run = Allowance { usd: asking.budget, tokens: asking.max_tokens };
    let budget = Budget { run, trial: Allowance::default() };
    let client = Client::new(Options { budget, prices, tape })
        .map_err(|error| (Exit::BadScenario, format!("error: {error}")))?;
    let model = client.model(judge.endpoint.clone()).map_err(|unfit| bad(judge.unfit(unfit).into()))?;
    Ok((client, model, prices_of))
}

/// What every judge said that was ever asked about this run.
fn before(folder: &RunFolder) -> Result<Vec<Vec<Judgement>>, Failed> {
    let Ok(entries) = fs::read_dir(folder.path().join(JUDGES)) else { return Ok(Vec::new()) };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path().join(JUDGEMENTS)).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Vec<Judgement>, Failed> {
    let invalid = |problem: String| (Exit::Invalid, format!("error: `{}`: {problem}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| invalid(error.to_string()))?;
    let line = |(n, line): (usize, &str)| {
        let wrong = |problem: String| invalid(format!("line {}: {problem}", n.saturating_add(1)));
        let judgement: Judgement =
            serde_json::from_str(line).map_err(|error| wrong(format!("no judgement: {error}")))?;
        match judgement.v == JUDGEMENT_VERSION {
            true => Ok(judgement),
            false => Err(wrong(format!(
                "it is of version {}, and this program reads {JUDGEMENT_VERSION}",
                judgement.v
            ))),
        }
    };
    text.lines().enumerate().map(line).collect()
}

/// In which trials a model watched, by the run's tape, and in which of these it denied something by judgement.
fn watched(folder: &RunFolder, index: &Index) -> Result<Panel, Failed> {
    let mut panel = Panel::default();
    let reel =
        Reel::open(&asking::tape_of(folder)).map_err(|error| (Exit::Invalid, format!("error: {error}")))?;
    let watched = reel.map(|reel| reel.trials_of(gate::MONITOR)).unwrap_or_default();
    if watched.is_empty() {
        return Ok(panel);
    }
    let denies = |event: &Event| match event {
        Event::Verdict { verdict, .. } => {
            !verdict.allows() && verdict.ground == Ground::Judgement && verdict.by == gate::MONITOR
        }
        _ => false,
    };
    for trial in index.trials().flatten().filter(|trial| watched.contains(&trial.trial)) {
        panel.watched(trial.trial.clone(), trial.events.iter().any(denies));
    }
    Ok(panel)
}
