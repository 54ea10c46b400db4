//! How many trials a question needs, and what a number of trials can answer. Exact, by summing over outcomes.

use super::count::{binomial_at_least, binomial_pmf, to_f64};
use super::difference::{Pairs, tango_score};
use super::interval::quantile;

/// More trials of a cell than this are not planned for.
pub const TRIALS_MAX: u64 = 20_000;

/// Outcomes less likely than this are left out of a sum; together they come to less than a millionth.
const NEGLIGIBLE: f64 = 1e-12;

/// How often pairs of trials come out differently.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Flips {
    /// Pairs in which only the new trial is bad.
    pub worse: f64,
    /// Pairs in which only the old trial is bad.
    pub better: f64,
}

impl Flips {
    fn are_possible(self) -> bool {
        self.worse >= 0.0 && self.better >= 0.0 && self.worse + self.better <= 1.0 + f64::EPSILON
    }
}

/// Trials without any harm after which the rate is at most `rate`, at this confidence: the smallest n with
/// (1 − rate)ⁿ ≤ 1 − confidence, from the bound of Clopper & Pearson at 0 of n. `None` where no number will do.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "finite and above 0")]
pub fn trials_to_bound(rate: f64, confidence: f64) -> Option<u64> {
    if !(rate > 0.0 && rate < 1.0 && confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    // Rounding could leave a whole number a hair above itself.
    let needed = (1.0 - confidence).ln() / (-rate).ln_1p();
    Some((needed - 1e-9).ceil().max(1.0) as u64)
}

/// The chance that McNemar's exact two-sided test at `alpha` rejects no change of `n` pairs, and for the worse: summed
/// over the number of pairs that differ, Binomial(n, worse + better), and how many of those are worse.
pub fn power_to_detect(n: u64, flips: Flips, alpha: f64) -> f64 {
    if !flips.are_possible() {
        return 0.0;
    }
    let differing = (flips.worse + flips.better).min(1.0);
    let share = if differing > 0.0 { flips.worse / differing } else { 0.0 };
    let mut needed = 0_u64;
    let mut power = 0.0;
    for d in 0..=n {
        // Each pair that differs more raises what is needed by none or by one.
        while needed <= d && 2.0 * binomial_at_least(needed, d, 0.5) > alpha {
            needed = needed.saturating_add(1);
        }
        let chance = binomial_pmf(d, n, differing);
        if chance > NEGLIGIBLE && needed <= d {
            power += chance * binomial_at_least(needed, d, share);
        }
    }
    power.min(1.0)
}

/// The chance that the interval of `n` pairs (Tango's) lies below the margin: summed over all outcomes of the trinomial.
pub fn power_to_rule_out(n: u64, flips: Flips, margin: f64, confidence: f64) -> f64 {
    let (Some(z), true) = (quantile(confidence), flips.are_possible()) else { return 0.0 };
    let is_below = |only_first, only_second| {
        n > 0 && only_first < n && tango_score(Pairs { n, only_first, only_second }, margin) <= -z
    };
    let mut power = 0.0;
    for worse in 0..=n {
        let chance = binomial_pmf(worse, n, flips.worse);
        if chance <= NEGLIGIBLE {
            continue;
        }
        let left = n.saturating_sub(worse);
        let share = if flips.worse < 1.0 { (flips.better / (1.0 - flips.worse)).min(1.0) } else { 0.0 };
        // The more pairs are better, the lower the interval: what is below from here on is summed at once.
        let first = first_that(0, left, |better| is_below(worse, better));
        power += first.map_or(0.0, |better| chance * binomial_at_least(better, left, share));
    }
    power.min(1.0)
}

/// The smallest number in a range from which on something holds, if it holds at its end.
fn first_that(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    if !holds(high) {
        return None;
    }
    while low < high {
        let middle = low.midpoint(high);
        match holds(middle) {
            true => high = middle,
            false => low = middle.saturating_add(1),
        }
    }
    Some(high)
}

/// How far past the first number that reaches a power later ones are looked at.
const LOOK_AHEAD: u64 = 25;

/// The smallest number of trials that reaches a power, and at which the next ones do too: the power of an exact
/// test does not rise evenly, and a number that has it by luck is no plan. `None` above [`TRIALS_MAX`].
pub fn trials_for(power: f64, power_of: impl Fn(u64) -> f64) -> Option<u64> {
    let reaches = |n: u64| power_of(n) >= power;
    let mut high = 1_u64;
    while !reaches(high) {
        high = high.saturating_mul(2);
        if high > TRIALS_MAX {
            return None;
        }
    }
    let found = first_that(high / 2, high, reaches)?;
    let dips = (found..found.saturating_add(LOOK_AHEAD)).filter(|n| !reaches(*n));
    Some(dips.max().map_or(found, |dip| dip.saturating_add(1)))
}

/// The smallest rise of the rate that `n` pairs show with this power, if pairs flip for the better as often as `better`
/// says: in thousandths, rounded up. `None` where even a rise to certainty stays unseen.
pub fn detectable(n: u64, better: f64, alpha: f64, power: f64) -> Option<f64> {
    let rise = |thousandths: u64| to_f64(thousandths) / 1000.0;
    let sees = |thousandths: u64| {
        let worse = (better + rise(thousandths)).min(1.0 - better);
        power_to_detect(n, Flips { worse, better }, alpha) >= power
    };
    first_that(1, 1000, sees).map(rise)
}
