//! The trials of a cell, then and now, beside each other.

use serde::Serialize;

use super::outcome::{Outcome, Trials};
use crate::stats::{Evidence, Interval, Pairs, fisher, mcnemar, newcombe, tango};

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

/// So many of so many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Share {
    /// So many.
    pub k: u64,
    /// Of so many.
    pub n: u64,
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
            let share = |trials: &Trials, else_| Share::of(trials.each().filter_map(|o| judge(&o, else_)));
            return unpaired(share(self.old, then), share(self.new, now), confidence);
        }
        let mut pairs = Pairs::default();
        for (_, old, new) in &self.pairs {
            let (Some(old), Some(new)) = (judge(old, then), judge(new, now)) else { continue };
            pairs.n = pairs.n.saturating_add(1);
            pairs.only_first = pairs.only_first.saturating_add(u64::from(new && !old));
            pairs.only_second = pairs.only_second.saturating_add(u64::from(old && !new));
        }
        let interval = tango(pairs, confidence)?;
        let change = Share { k: pairs.only_first, n: pairs.n }.rate()?
            - Share { k: pairs.only_second, n: pairs.n }.rate()?;
        Some(Evidence { change, interval, p: mcnemar(pairs) })
    }

    /// Of what is compared, the share of which this holds: then, now.
    pub fn shares(&self, holds: fn(&Outcome) -> bool) -> (Share, Share) {
        match self.pairing {
            Pairing::Pairs => (
                Share::of(self.complete().map(|(_, old, _)| holds(&old))),
                Share::of(self.complete().map(|(_, _, new)| holds(&new))),
            ),
            Pairing::Samples => (
                Share::of(self.old.each().flatten().map(|o| holds(&o))),
                Share::of(self.new.each().flatten().map(|o| holds(&o))),
            ),
        }
    }
}

fn unpaired(old: Share, new: Share, confidence: f64) -> Option<Evidence> {
    let interval: Interval = newcombe(new.k, new.n, old.k, old.n, confidence)?;
    Some(Evidence { change: new.rate()? - old.rate()?, interval, p: fisher(new.k, new.n, old.k, old.n) })
}

impl Share {
    /// How many of these are so.
    pub fn of(items: impl Iterator<Item = bool>) -> Self {
        items.fold(Self::default(), |share, is_so| Self {
            k: share.k.saturating_add(u64::from(is_so)),
            n: share.n.saturating_add(1),
        })
    }

    /// Both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { k: self.k.saturating_add(other.k), n: self.n.saturating_add(other.n) }
    }

    /// The share as a number; `None` of none.
    #[expect(clippy::cast_precision_loss, reason = "counts of trials stay far below 2^53")]
    pub fn rate(self) -> Option<f64> {
        (self.n > 0).then(|| self.k as f64 / self.n as f64)
    }
}
