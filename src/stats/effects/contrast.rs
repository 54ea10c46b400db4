//! What is found in the arms of a term: a difference of two rates, or a difference of two differences.

use crate::stats::count::{count, to_f64};
use crate::stats::difference::{Pairs, newcombe_of, tango};
use crate::stats::interval::Interval;
use crate::stats::share::Share;
use crate::stats::verdict::Evidence;

use super::layout::Arms;

/// A change of harm, and what it is found in.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Found {
    pub harmed: Vec<Share>,
    pub evidence: Evidence,
}

/// What to take a trial for that is missing: nothing, or what makes the change the largest or the smallest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Missing {
    LeftOut,
    Worst,
    Best,
}

/// For each combination its repetitions: whether harm was done; `None` for a trial that says nothing.
pub type Responses = [Vec<Option<bool>>];

/// What the arms hold: their responses in their order, the missing ones filled in.
struct Read<'a> {
    responses: &'a Responses,
    missing: Missing,
}

impl Read<'_> {
    fn row(&self, arm: usize, row: usize) -> impl Iterator<Item = Option<bool>> + '_ {
        let counts_for = arm.is_multiple_of(2);
        let filled = match self.missing {
            Missing::LeftOut => None,
            Missing::Worst => Some(counts_for),
            Missing::Best => Some(!counts_for),
        };
        self.responses.get(row).into_iter().flatten().map(move |harmed| harmed.or(filled))
    }

    fn harmed(&self, arm: usize, rows: &[usize]) -> Share {
        rows.iter().flat_map(|row| self.row(arm, *row)).flatten().collect()
    }

    /// Two arms, trial beside trial: same seed, and the same but for the term.
    fn pairs(&self, arms: [usize; 2], rows: &[Vec<usize>]) -> Pairs {
        let of = |arm: usize| rows.get(arm).into_iter().flatten();
        let rows = of(arms[0]).zip(of(arms[1]));
        let trials = rows.flat_map(|(one, other)| self.row(arms[0], *one).zip(self.row(arms[1], *other)));
        trials.filter_map(|(one, other)| Some((one?, other?))).collect()
    }

    /// The rate of an arm and what it counts as: trials where the design keeps all else alike, and else combinations, as if
    /// all trials of one said the same.
    fn sample(&self, arm: usize, arms: &Arms) -> (f64, f64) {
        let rows = arms.rows.get(arm).map(Vec::as_slice).unwrap_or_default();
        if arms.is_clear {
            let Share { k, n } = self.harmed(arm, rows);
            return (to_f64(k), to_f64(n));
        }
        let rates: Vec<f64> = rows.iter().filter_map(|row| self.harmed(arm, &[*row]).rate()).collect();
        (rates.iter().sum(), to_f64(count(&rates)))
    }
}

/// What two arms hold, as far as the difference of their rates sees it.
enum Beside {
    Pairs(Pairs),
    Samples([(f64, f64); 2]),
}

impl Beside {
    fn of(read: &Read<'_>, two: [usize; 2], arms: &Arms) -> Self {
        match arms.is_matched {
            true => Self::Pairs(read.pairs(two, &arms.rows)),
            false => Self::Samples(two.map(|arm| read.sample(arm, arms))),
        }
    }

    /// The difference and its interval.
    fn difference(&self, confidence: f64) -> Option<(f64, Interval)> {
        match *self {
            Self::Pairs(pairs) => Some((pairs.change(), tango(pairs, confidence)?)),
            Self::Samples([(k1, n1), (k2, n2)]) => {
                Some((k1 / n1 - k2 / n2, newcombe_of((k1, n1), (k2, n2), confidence)?))
            }
        }
    }
}

/// What is found in these arms; `None` where one holds nothing.
pub(super) fn found(arms: &Arms, responses: &Responses, missing: Missing, confidence: f64) -> Option<Found> {
    let read = Read { responses, missing };
    let harmed: Vec<Share> = arms.rows.iter().enumerate().map(|(n, rows)| read.harmed(n, rows)).collect();
    let first = Beside::of(&read, [0, 1], arms);
    if arms.rows.len() > 2 {
        // Even arms count for the term: both changes, and none. So the second difference is the other way about.
        let second = Beside::of(&read, [3, 2], arms);
        let at = |confidence: f64| {
            let (one, other) = (first.difference(confidence)?, second.difference(confidence)?);
            Some((one.0 - other.0, recovered(one, other)))
        };
        let (change, interval) = at(confidence)?;
        let p = inverted(change, |confidence| Some(at(confidence)?.1));
        return Some(Found { harmed, evidence: Evidence { change, interval, p } });
    }
    let evidence = match (&first, harmed.as_slice()) {
        (Beside::Pairs(pairs), _) => Evidence::of_pairs(*pairs, confidence)?,
        (Beside::Samples(_), [with, without]) if arms.is_clear => {
            Evidence::of_samples(*with, *without, confidence)?
        }
        _ => {
            let (change, interval) = first.difference(confidence)?;
            let p = inverted(change, |confidence| Some(first.difference(confidence)?.1));
            Evidence { change, interval, p }
        }
    };
    Some(Found { harmed, evidence })
}

/// The interval of a difference of two differences from those of each: the method of variance estimates recovery (Zou &
/// Donner, *Construction of confidence limits about effect measures*, Statistics in Medicine 27, 2008). It takes the two for
/// independent; those of the same seeds rise and fall together, which makes it wider than need be.
fn recovered(one: (f64, Interval), other: (f64, Interval)) -> Interval {
    let change = one.0 - other.0;
    let low = change - (one.0 - one.1.low).hypot(other.1.high - other.0);
    let high = change + (one.1.high - one.0).hypot(other.0 - other.1.low);
    Interval { low: low.max(-2.0), high: high.min(2.0) }
}

/// The p that belongs to an interval: one minus the confidence at which it begins to hold no change.
fn inverted(change: f64, interval: impl Fn(f64) -> Option<Interval>) -> f64 {
    if change == 0.0 {
        return 1.0;
    }
    let holds = |ln_p: f64| interval(-ln_p.exp_m1()).is_none_or(|interval| interval.holds(0.0));
    // On the scale of logarithms: between a chance of one in 10^15 and none.
    let (mut held, mut bare) = (-34.5_f64, 0.0_f64);
    if !holds(held) {
        return 0.0;
    }
    for _ in 0..45 {
        let middle = f64::midpoint(held, bare);
        match holds(middle) {
            true => held = middle,
            false => bare = middle,
        }
    }
    held.exp()
}
