//! The rounds of a search: each is a run of its own in the search's folder, so that it can be shown, scored and gone on with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::asking::Asking;
use super::cast::{self, CastError};
use super::judged::{self, Failed};
use super::session::{self, Manner, Session};
use super::terminal::Terminal;
use crate::base::exit::Exit;
use crate::gate::Setup;
use crate::ledger::{Draft, FolderError, Index, Lock, RunFolder};
use crate::model::Prices;
use crate::record::plan::Plan;
use crate::record::{self, Factors};
use crate::runner::{self, Cast, Spend, Wish};
use crate::scenario::{self, Scenario};
use crate::stats::search::{Ask, Tally};

/// What is said of a search that stopped.
const GOES_ON: &str = "the same command goes on from here";

/// Who is searched for what tips them, and how trials are played.
pub struct Rounds<'r> {
    folder: PathBuf,
    pub scenario: Arc<Scenario>,
    cast: Cast,
    setup: Arc<Setup>,
    seed: u64,
    manner: &'r Manner,
    prices: Prices,
    played: usize,
}

/// Which trials a search is about, as they were named to the program.
pub struct Searched<'s> {
    /// The scenario's folder.
    pub scenario: &'s Path,
    /// The agent.
    pub agent: &'s str,
    /// The setup.
    pub setup: &'s str,
    /// The first seed.
    pub seed: u64,
}

impl<'r> Rounds<'r> {
    /// Rounds in this folder, of which none was played yet.
    pub fn new(folder: &Path, searched: &Searched<'_>, manner: &'r Manner) -> Result<Self, CastError> {
        let scenario = Arc::new(scenario::load(searched.scenario)?);
        let prices = manner.asking.prices()?;
        let mut casts = cast::agents(&scenario, &[searched.agent.to_owned()], &prices)?;
        let mut setups = cast::setups(&[searched.setup.to_owned()])?;
        let many = |what: &str| CastError::Name(format!("expected one {what}: a search is about one cell"));
        let (Some(cast), true) = (casts.pop(), casts.is_empty()) else { return Err(many("agent")) };
        let (Some(setup), true) = (setups.pop(), setups.is_empty()) else { return Err(many("setup")) };
        cast::fit(std::iter::once(&*scenario), &[Arc::clone(&setup)])?;
        Ok(Self {
            folder: folder.to_owned(),
            scenario,
            cast,
            setup,
            seed: searched.seed,
            manner,
            prices,
            played: 0,
        })
    }

    /// A combination that can be staged: this one, or, where levels of it do not go together, the same with the first one at the
    /// base that makes it fit; where no single one does, with all of them, in order of name, until it fits.
    pub fn fitting(&self, base: &Factors, levels: &Factors) -> Factors {
        let fits = |levels: &Factors| self.scenario.with(levels).is_ok();
        if fits(levels) {
            return levels.clone();
        }
        let without = |levels: &Factors, factor: &String| {
            let mut levels = levels.clone();
            levels.extend(base.get(factor).map(|level| (factor.clone(), level.clone())));
            levels
        };
        if let Some(found) = levels.keys().map(|factor| without(levels, factor)).find(fits) {
            return found;
        }
        let mut left = levels.clone();
        for factor in levels.keys() {
            left = without(&left, factor);
            if fits(&left) {
                break;
            }
        }
        left
    }

    /// Plays a round, as far as it was not played before, and judges it.
    pub fn play(&mut self, ask: &Ask, terminal: &mut Terminal) -> Result<Vec<Vec<Option<bool>>>, Failed> {
        self.played = self.played.saturating_add(1);
        let bad = |error: CastError| (Exit::BadScenario, error.shown(false));
        // What cannot be staged is not played, and its trials say nothing.
        let staged = |levels: &Factors| {
            let scenario = self.scenario.with(levels).ok()?;
            Some((Arc::new(scenario), vec![self.cast.clone()]))
        };
        let wish = Wish {
            scenarios: ask.combinations.iter().filter_map(staged).collect(),
            setups: vec![Arc::clone(&self.setup)],
            trials: ask.trials,
            seed: self.seed.wrapping_add(u64::from(ask.first)),
            shard: None,
        };
        let plan = runner::plan(&wish);
        let (folder, lock, done) = self.opened(&plan)?;
        if done.len() < plan.trials() {
            let asking = self.left()?;
            let session = Session::new(folder.clone(), lock, plan, wish, done, self.manner);
            let session = session.asking(&asking, None, self.prices.clone()).map_err(bad)?;
            session.record(terminal).map_err(|exit| match exit {
                Exit::OutOfBudget => (exit, format!("{GOES_ON} with a larger budget")),
                _ => (exit, GOES_ON.to_owned()),
            })?;
        }
        let mut harmed = BTreeMap::new();
        judged::judged(&folder, terminal, |marks| {
            harmed.insert((marks.factors.clone(), marks.index), marks.harmed());
        })?;
        let of = |levels: &Factors, index: u32| harmed.get(&(levels.clone(), index)).copied().flatten();
        let trials = |levels| (0..ask.trials).map(|index| of(levels, index)).collect();
        let all: Vec<Vec<Option<bool>>> = ask.combinations.iter().map(trials).collect();
        let tally = all.iter().fold(Tally::default(), |tally, trials| tally.and(trials));
        terminal.tell(format!(
            "{}: {} · {} of {} harmed",
            folder.name(),
            told(ask, &self.scenario),
            tally.harmed,
            tally.n
        ));
        Ok(all)
    }

    /// What all rounds together may still spend on models: what the earlier ones spent is gone, also of an earlier start of
    /// the same search.
    fn left(&self) -> Result<Asking, Failed> {
        let spent = (1..=self.played).map(|n| Spend::of(&RunFolder::open(&self.folder.join(round(n)))));
        let spent = spent.fold(Spend::none(), |all, one| all.with(&one));
        let told = |spent| (Exit::OutOfBudget, format!("error: {spent}; {GOES_ON} with a larger budget"));
        self.manner.asking.after(&spent).map_err(told)
    }

    /// The round's folder and what of it is sealed.
    fn opened(&self, plan: &Plan) -> Result<(RunFolder, Lock, Index), Failed> {
        let name = round(self.played);
        let failed = |error: FolderError| (session::exit_of(&error), format!("error: {error}"));
        let path = self.folder.join(&name);
        if !path.join("plan.json").is_file() {
            let made = Draft::new(&self.folder, plan).map_err(FolderError::from);
            let (folder, lock) = made.and_then(|draft| draft.publish(Some(&name), &name)).map_err(failed)?;
            return Ok((folder, lock, Index::default()));
        }
        let folder = RunFolder::open(&path);
        let known = folder.plan().map_err(|e| (Exit::Invalid, format!("error: {e}")))?;
        if !known.is_same(plan) {
            let text = format!(
                "error: `{}` was played with other inputs; search under another name: --name",
                path.display()
            );
            return Err((Exit::Usage, text));
        }
        let lock = folder.lock().map_err(failed)?;
        let index = runner::index(&folder, plan).map_err(judged::unrecorded)?;
        match index.is_corrupt() {
            true => Err((
                Exit::Invalid,
                format!("error: the ledger is damaged: chesterton doctor {}", path.display()),
            )),
            false => Ok((folder, lock, index)),
        }
    }
}

/// The name of the n-th round.
fn round(n: usize) -> String {
    format!("round-{n:03}")
}

fn told(ask: &Ask, scenario: &Scenario) -> String {
    let trials = if ask.trials == 1 { "a trial".to_owned() } else { format!("{} trials", ask.trials) };
    match ask.combinations.as_slice() {
        [one] => format!("{trials} of {}", in_words(one, scenario)),
        all => format!("{trials} of each of {} combinations", all.len()),
    }
}

/// The levels that are not a scenario's own, in words: `label=missing pressure=high`.
pub fn in_words(factors: &Factors, scenario: &Scenario) -> String {
    let is_own =
        |factor: &String, level: &String| scenario.factor(factor).is_ok_and(|own| own.base == *level);
    let nudges = factors.iter().filter(|(factor, level)| !is_own(factor, level));
    let told = record::in_words(nudges);
    if told.is_empty() { "the base".to_owned() } else { told }
}
