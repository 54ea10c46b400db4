//! What a run may spend on models, and what of them is recorded or played again.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::cast::CastError;
use super::score::find_run;
use super::terminal::left;
use crate::base::clock::Stopwatch;
use crate::ledger::RunFolder;
use crate::model::{
    Allowance, Budget, Client, KeySource, Model, Options, Prices, Tape, TapeError, Usd, money,
};
use crate::runner::{Spend, Wish};
use crate::scenario::Diagnostic;

/// Where a run keeps its tape.
pub const TAPE: &str = "tape";

/// Where the tape of a run stands.
pub fn tape_of(folder: &RunFolder) -> PathBuf {
    folder.path().join(TAPE)
}

/// How models are asked.
#[derive(Clone, Debug, Args)]
pub struct Asking {
    /// What the run may spend on models, such as `20usd`; at the limit it ends with exit code 8, and `resume` goes on. Of a
    /// search: all its rounds together
    #[arg(long, value_name = "USD")]
    budget: Option<Usd>,
    /// Tokens that the run may spend, read and written
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_tokens: Option<u64>,
    /// What each trial may spend; one that reaches it ends there, and counts
    #[arg(long, value_name = "USD")]
    trial_budget: Option<Usd>,
    /// Tokens that each trial may spend
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    trial_max_tokens: Option<u64>,
    /// A table of prices in the place of the program's own: `chesterton show prices` prints one to start from
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Keep no tape of what models were asked and answered
    #[arg(long)]
    no_tape: bool,
    /// Ask nobody: play the answers that are on the tape of a run, or in a folder. Needs no key
    #[arg(long, value_name = "RUN|FOLDER", conflicts_with = "no_tape")]
    pub replay_tape: Option<String>,
}

impl Asking {
    /// What tokens cost.
    pub fn prices(&self) -> Result<Prices, Diagnostic> {
        Prices::read_or_built_in(self.prices.as_deref())
    }

    /// Where the answers stand that are to be played again, and the run that they are of, if it is the tape of one.
    pub fn replayed(&self, results: &Path) -> Option<(PathBuf, Option<RunFolder>)> {
        let place = self.replay_tape.as_ref()?;
        Some(match find_run(place, results) {
            Ok(run) => (tape_of(&run), Some(run)),
            Err(_) => (PathBuf::from(place), None),
        })
    }

    /// What asks, for a run in this folder, or plays again what stands in another.
    pub fn client(
        &self,
        folder: &RunFolder,
        replayed: Option<PathBuf>,
        prices: Prices,
    ) -> Result<Client, TapeError> {
        let tape = match replayed {
            Some(place) => Tape::Replay(place),
            None if self.no_tape => Tape::Off,
            None => Tape::Record(tape_of(folder)),
        };
        Client::new(Options { budget: self.allowed(), prices, tape })
    }

    /// Whether everything is there that models need to be asked, before a run is made for them. A key that comes through a file
    /// descriptor can be read once, so that is left for later.
    pub fn check(&self, wish: &Wish, prices: &Prices) -> Result<(), CastError> {
        let options = Options { budget: self.allowed(), prices: prices.clone(), tape: Tape::Off };
        let client = Client::new(options).map_err(|error| CastError::Name(error.to_string()))?;
        let reads_once = |key: &KeySource| matches!(key, KeySource::Fd(_));
        let agents = wish.models().into_iter().map(|agent| &agent.endpoint.key);
        let monitors = wish.setups.iter().flat_map(|setup| setup.endpoints()).map(|endpoint| &endpoint.key);
        if !agents.chain(monitors).any(reads_once) {
            wish.clone().ready(&client)?;
        }
        Ok(())
    }

    /// The same with what is left of what may be spent; the limit that is reached, in words, where nothing is.
    ///
    /// # Errors
    /// Nothing is left.
    pub fn after(&self, spent: &Spend) -> Result<Self, String> {
        let tokens = spent.tokens.tokens().saturating_add(spent.unmeasured_tokens);
        let usd = Usd::of_dollars(spent.usd.unwrap_or_default());
        match (self.budget, self.max_tokens) {
            (Some(most), _) if usd >= most => Err(format!("{usd} of {most} are spent")),
            (_, Some(most)) if tokens >= most => Err(format!("{tokens} of {most} tokens are spent")),
            _ => Ok(Self {
                budget: self.budget.map(|most| most.less(usd)),
                max_tokens: self.max_tokens.map(|most| most.saturating_sub(tokens)),
                ..self.clone()
            }),
        }
    }

    fn allowed(&self) -> Budget {
        let run = Allowance { usd: self.budget, tokens: self.max_tokens };
        Budget { run, trial: Allowance { usd: self.trial_budget, tokens: self.trial_max_tokens } }
    }
}

/// What a run asks, for people to see how it goes.
#[derive(Clone)]
pub struct Asks {
    /// What asks.
    pub client: Client,
    /// What is asked.
    pub models: Vec<Model>,
    /// Of when the prices are.
    pub prices_of: String,
}

impl Asks {
    /// A bar of so many of these, with a line on how models are asked below it. It is drawn anew all the time, also while none ends,
    /// and fits a terminal of 80 columns.
    pub fn bar(&self, all: usize, what: &str, watch: Stopwatch) -> ProgressBar {
        let bar = ProgressBar::new(u64::try_from(all).unwrap_or(u64::MAX));
        let template =
            format!("{{bar:12}} {{pos}}/{{len}} {what}{{msg}} · {{elapsed}} gone{{left}}\n{{going:79!}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            let asks = self.clone();
            let going = move |_: &ProgressState, out: &mut dyn fmt::Write| {
                let _ = out.write_str(&asks.going(watch.elapsed()));
            };
            bar.set_style(style.with_key("left", left).with_key("going", going));
        }
        bar
    }

    /// How it goes, in a few words.
    pub fn going(&self, elapsed: Duration) -> String {
        let tally = self.client.tally();
        let standings = || self.models.iter().map(Model::standing);
        let asking: usize = standings().map(|standing| standing.in_flight).sum();
        let waiting: usize = standings().map(|standing| standing.waiting).sum();
        let held = standings().map(|standing| standing.held).max().unwrap_or_default();
        let per_s = tally.usage.output / elapsed.as_secs().max(1);
        let mut text = format!("{asking} turns in flight");
        if waiting > 0 {
            text.push_str(&format!(", {waiting} waiting"));
        }
        text.push_str(&format!(" · {per_s} tokens/s · {}", money(tally.usd)));
        if !held.is_zero() {
            text.push_str(&format!(" · pausing for {} s", held.as_secs().saturating_add(1)));
        }
        text
    }

    /// What it came to.
    pub fn cost(&self) -> String {
        let tally = self.client.tally();
        if self.client.is_replay() {
            return "models: nobody was asked; all answers are from the tape".to_owned();
        }
        let read = tally.usage.read();
        let cached = tally.usage.cached.saturating_mul(100) / read.max(1);
        let mut text = format!("models: {}", Spend::none().and(&tally).told());
        if tally.usd.is_some() {
            text.push_str(&format!(" by the prices of {}", self.prices_of));
        }
        let written = tally.usage.output;
        text.push_str(&format!("\n        {read} tokens read ({cached} % from caches), {written} written"));
        if tally.unmeasured_tokens > 0 {
            text.push_str(&format!(
                "\n        {} more, counted at their worst: answers lost on their way may be billed",
                tally.unmeasured_tokens
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_is_gone() {
        let asking = Asking {
            budget: Some("2usd".parse().unwrap()),
            max_tokens: Some(100),
            trial_budget: None,
            trial_max_tokens: None,
            prices: None,
            no_tape: false,
            replay_tape: None,
        };
        let spent = |usd, unmeasured_tokens| Spend { usd: Some(usd), unmeasured_tokens, ..Spend::none() };
        let left = asking.after(&spent(0.25, 40).with(&spent(0.5, 10))).unwrap();
        assert_eq!((left.budget, left.max_tokens), (Some("1.25usd".parse().unwrap()), Some(50)));
        assert_eq!(asking.after(&spent(2.0, 0)).unwrap_err(), "$2.00 of $2.00 are spent");
        assert_eq!(asking.after(&spent(0.0, 100)).unwrap_err(), "100 of 100 tokens are spent");
        let unlimited = Asking { budget: None, max_tokens: None, ..asking };
        assert!(unlimited.after(&spent(99.0, 9_999)).is_ok());
    }
}
