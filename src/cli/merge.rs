//! `merge`: unites shards, or copies, of one plan into one run.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::Args;

use super::asking;
use super::score::{self, find_run};
use super::session;
use super::terminal::Terminal;
use super::tipped::is_same;
use crate::base::exit::Exit;
use crate::base::text::Untrusted;
use crate::ledger::{Cause, Draft, FolderError, Index, RecordError, RunFolder};
use crate::model::{self, Reel, TapeError};
use crate::record::TrialId;
use crate::record::plan::Plan;
use crate::runner::United;

/// Unite shards of one plan into one run. Example: `chesterton merge part-1 part-2 part-3 --name whole`
#[derive(Debug, Args)]
pub struct Arguments {
    /// The runs to unite, in any order; they may overlap
    #[arg(required = true, num_args = 1..)]
    run: Vec<String>,
    /// The name of the run that comes of it
    #[arg(long)]
    name: String,
    /// Unite only; judge later with `score`
    #[arg(long)]
    no_score: bool,
}

/// Merges.
pub fn run(arguments: &Arguments, results: &Path, terminal: &mut Terminal) -> Exit {
    match merge(arguments, results, terminal) {
        Ok(_) if arguments.no_score => Exit::Fine,
        Ok(folder) => score::judge(&folder, terminal),
        Err((exit, message)) => {
            terminal.tell(format!("error: {message}"));
            exit
        }
    }
}

fn merge(
    arguments: &Arguments,
    results: &Path,
    terminal: &mut Terminal,
) -> Result<RunFolder, (Exit, String)> {
    let recording = |e: RecordError| (Exit::RecordingFailed, e.to_string());
    let folder_failed = |e: FolderError| (session::exit_of(&e), e.to_string());
    RunFolder::is_free(results, &arguments.name).map_err(folder_failed)?;
    let parts = arguments.run.iter().map(|name| part(name, results)).collect::<Result<Vec<_>, _>>()?;
    let Some((_, whole)) = parts.first() else {
        return Err((Exit::Usage, "there is nothing to unite".to_owned()));
    };
    let mut index = Index::default();
    for ((folder, plan), name) in parts.iter().zip(&arguments.run) {
        if !plan.is_same(whole) {
            let all = arguments.run.join("`, `");
            return Err((Exit::Usage, format!("`{name}` is of another plan than `{all}`")));
        }
        index.add(&folder.ledger(), |key| whole.holds(key)).map_err(recording)?;
    }
    if index.is_corrupt() {
        let damage = index
            .damages
            .iter()
            .find(|d| d.cause == Cause::Corrupt)
            .map(|d| format!("{}: {}", d.segment.display(), d.what));
        let text = format!("a ledger is damaged ({}); see `chesterton doctor`", damage.unwrap_or_default());
        return Err((Exit::Invalid, text));
    }
    let draft = Draft::new(results, whole).map_err(recording)?;
    index.write(draft.folder()).map_err(recording)?;
    let mut folders: Vec<&RunFolder> = Vec::new();
    for (folder, _) in &parts {
        if !folders.iter().any(|known| is_same(known.path(), folder.path())) {
            folders.push(folder);
        }
    }
    let tapes = Tapes::of(&folders, &index).map_err(|error| (Exit::Invalid, error.to_string()))?;
    tapes.write(draft.folder()).map_err(recording)?;
    tapes.told().iter().for_each(|line| terminal.tell(line));
    let united = United::of(&folders);
    draft.folder().put_json("meta.json", &united).map_err(recording)?;
    // What several parts played is in it as often as it was paid.
    let paid = united.spend.iter().map(|spend| format!("models, in all parts: {}", spend.told()));
    paid.for_each(|line| terminal.tell(line));
    let (folder, _lock) = draft.publish(Some(&arguments.name), "").map_err(folder_failed)?;
    Ok(folder)
}

/// A run, and the plan that it is a part of.
fn part(name: &str, results: &Path) -> Result<(RunFolder, Plan), (Exit, String)> {
    let folder = find_run(name, results).map_err(|message| (Exit::Usage, message))?;
    let plan = folder.plan().map_err(|e| (Exit::Invalid, e.to_string()))?;
    Ok((folder, plan.unsharded()))
}

/// The tapes of the parts, and which of them each trial is taken from.
struct Tapes {
    reels: Vec<Reel>,
    of: BTreeMap<TrialId, usize>,
    /// Exchanges that are taken.
    exchanges: usize,
    /// Parts without a tape, by name.
    without: Vec<String>,
    /// Trials on several tapes with other answers on each.
    differ: usize,
}

impl Tapes {
    /// Each trial from the part whose record of it stands in the united ledger; where that has no tape of it, from the one that has
    /// most of it. Every question is held against its digest.
    fn of(parts: &[&RunFolder], index: &Index) -> Result<Self, TapeError> {
        let (mut reels, mut owners, mut without) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            match Reel::open(&asking::tape_of(part))? {
                Some(reel) => {
                    reels.push(reel);
                    owners.push(part.ledger());
                }
                None => without.push(part.name()),
            }
        }
        let answers = reels.iter().map(Reel::verify).collect::<Result<Vec<_>, _>>()?;
        let held: Vec<BTreeMap<TrialId, usize>> = reels.iter().map(Reel::exchanges).collect();
        let (mut of, mut exchanges, mut differ) = (BTreeMap::new(), 0_usize, 0_usize);
        let trials: BTreeSet<&TrialId> = held.iter().flat_map(BTreeMap::keys).collect();
        for trial in trials {
            let stands = index.place_of(trial).map(|place| place.segment);
            let is_own = |n: usize| owners.get(n).zip(stands.as_ref()).is_some_and(|(o, s)| s.starts_with(o));
            let most =
                held.iter().enumerate().filter_map(|(n, held)| Some((is_own(n), *held.get(trial)?, n)));
            let Some((_, count, n)) = most.max_by_key(|(own, count, n)| (*own, *count, Reverse(*n))) else {
                continue;
            };
            of.insert(trial.clone(), n);
            exchanges = exchanges.saturating_add(count);
            let told: BTreeSet<&String> = answers.iter().filter_map(|answers| answers.get(trial)).collect();
            differ = differ.saturating_add(usize::from(told.len() > 1));
        }
        Ok(Self { reels, of, exchanges, without, differ })
    }

    fn write(&self, folder: &RunFolder) -> Result<(), RecordError> {
        if self.reels.is_empty() {
            return Ok(());
        }
        model::unite(&self.reels, &self.of, &asking::tape_of(folder))
    }

    fn told(&self) -> Vec<String> {
        if self.reels.is_empty() {
            return Vec::new();
        }
        let (trials, tapes) = (self.of.len(), self.reels.len());
        let mut told = vec![format!(
            "{} exchanges with models, of {trials} trials, united from {tapes} tapes",
            self.exchanges
        )];
        if self.differ > 0 {
            told.push(format!(
                "{} trials are on several tapes with other answers: kept are those of the part whose trial is kept",
                self.differ
            ));
        }
        if !self.without.is_empty() {
            let names = self.without.iter().map(|name| format!("`{}`", Untrusted::from(name).for_line(60)));
            let names = names.collect::<Vec<_>>().join(", ");
            told.push(format!("no tape is in {names}: what was played there alone cannot be replayed"));
        }
        told
    }
}
