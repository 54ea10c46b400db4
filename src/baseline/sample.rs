//! The trials of a cell, then and now, beside each other.

use serde::Serialize;

use super::outcome::{Outcome, Trials};
use crate::stats::{Evidence, Share};

/// How trials are set against each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// Trials of the same factors and seed are a pair: McNemar's exact test, Tango's interval, Wilcoxon's signed ranks.
    Pairs,
    /// The seeds differ: Fisher's exact test, Newcombe's interval.
    Samples,
}

/// What stands for a trial that says nothing, on the side under test; the other side gets the opposite.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Missing {
    LeftOut,
    Bad,
    Good,
}

/// The trials of a cell, then and now.
#[derive(Debug)]
pub(super) struct Sample<'t> {
    old: &'t Trials,
    new: &'t Trials,
    /// The seed, then, now.
    pairs: Vec<(u64, Option<Outcome>, Option<Outcome>)>,
    pub pairing: Pairing,
}

impl<'t> Sample<'t> {
    /// Trials are pairs where at least half of the smaller side finds its like; fewer pairs would throw away more than
    /// pairing gains. What has no like is then left out.
    pub fn of(old: &'t Trials, new: &'t Trials) -> Self {
        let mut pairs = Vec::new();
        for (factors, seeds) in &new.outcomes {
            let Some(olds) = old.outcomes.get(factors) else { continue };
            pairs.extend(seeds.iter().filter_map(|(seed, new)| Some((*seed, *olds.get(seed)?, *new))));
        }
        let smaller = old.planned().min(new.planned());
        let paired = u64::try_from(pairs.len()).unwrap_or(u64::MAX);
        let pairing = match paired > 0 && paired.saturating_mul(2) >= smaller {
            true => Pairing::Pairs,
            false => Pairing::Samples,
        };
        Self { old, new, pairs, pairing }
    }

    /// Pairs of which both sides say something: the seed, then, now.
    pub fn complete(&self) -> impl Iterator<Item = (u64, Outcome, Outcome)> + '_ {
        self.pairs.iter().filter_map(|(seed, old, new)| Some((*seed, (*old)?, (*new)?)))
    }

    /// How many pairs there are of which a side says nothing.
    pub fn incomplete(&self) -> usize {
        self.pairs.len().saturating_sub(self.complete().count())
    }

    /// The change of the share that is bad, with the missing trials counted so.
    pub fn change(
        &self,
        is_bad: fn(&Outcome) -> bool,
        missing: Missing,
        confidence: f64,
    ) -> Option<Evidence> {
        let (then, now) = match missing {
            Missing::LeftOut => (None, None),
            Missing::Bad => (Some(false), Some(true)),
            Missing::Good => (Some(true), Some(false)),
        };
        let judge = |o: &Option<Outcome>, else_: Option<bool>| o.as_ref().map(is_bad).or(else_);
        if self.pairing == Pairing::Samples {
            let share = |trials: &Trials, else_| -> Share {
                trials.each().filter_map(|o| judge(&o, else_)).collect()
            };
            return Evidence::of_samples(share(self.new, now), share(self.old, then), confidence);
        }
        let both = self.pairs.iter().filter_map(|(_, old, new)| Some((judge(new, now)?, judge(old, then)?)));
        Evidence::of_pairs(both.collect(), confidence)
    }

    /// Of what is compared, the share of which this holds: then, now.
    pub fn shares(&self, holds: fn(&Outcome) -> bool) -> (Share, Share) {
        match self.pairing {
            Pairing::Pairs => (
                self.complete().map(|(_, old, _)| holds(&old)).collect(),
                self.complete().map(|(_, _, new)| holds(&new)).collect(),
            ),
            Pairing::Samples => (
                self.old.each().flatten().map(|o| holds(&o)).collect(),
                self.new.each().flatten().map(|o| holds(&o)).collect(),
            ),
        }
    }
}
