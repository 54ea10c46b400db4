//! Intervals for the difference of two proportions: one for two samples, one for pairs.

use super::count::to_f64;
use super::interval::{Interval, is_confidence, quantile, wilson_of};

/// The interval for p₁ − p₂ of two independent samples, `k1` of `n1` and `k2` of `n2`: Newcombe's hybrid score interval
/// (*Interval estimation for the difference between independent proportions: comparison of eleven methods*, Statistics in
/// Medicine 17, 1998, method 10), from two Wilson intervals. `None` where either sample is empty.
pub fn newcombe(k1: u64, n1: u64, k2: u64, n2: u64, confidence: f64) -> Option<Interval> {
    let is_possible = k1 <= n1 && k2 <= n2;
    is_possible.then(|| newcombe_of((to_f64(k1), to_f64(n1)), (to_f64(k2), to_f64(n2)), confidence)).flatten()
}

/// The same of samples whose members may count for less than one.
pub(super) fn newcombe_of((k1, n1): (f64, f64), (k2, n2): (f64, f64), confidence: f64) -> Option<Interval> {
    let (first, second) = (wilson_of(k1, n1, confidence)?, wilson_of(k2, n2, confidence)?);
    let (p1, p2) = (k1 / n1, k2 / n2);
    let low = p1 - p2 - (p1 - first.low).hypot(second.high - p2);
    let high = p1 - p2 + (first.high - p1).hypot(p2 - second.low);
    Some(Interval { low: low.max(-1.0), high: high.min(1.0) })
}

/// What came of `n` pairs, as far as a difference of proportions sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pairs {
    /// Pairs.
    pub n: u64,
    /// Pairs in which only the first has it.
    pub only_first: u64,
    /// Pairs in which only the second has it.
    pub only_second: u64,
}

impl Pairs {
    /// p₁ − p₂; not a number without pairs.
    pub(super) fn change(self) -> f64 {
        (to_f64(self.only_first) - to_f64(self.only_second)) / to_f64(self.n)
    }
}

impl FromIterator<(bool, bool)> for Pairs {
    fn from_iter<I: IntoIterator<Item = (bool, bool)>>(pairs: I) -> Self {
        pairs.into_iter().fold(Self::default(), |all, (first, second)| Self {
            n: all.n.saturating_add(1),
            only_first: all.only_first.saturating_add(u64::from(first && !second)),
            only_second: all.only_second.saturating_add(u64::from(second && !first)),
        })
    }
}

/// The interval for p₁ − p₂ of pairs: Tango's score interval (*Equivalence test and confidence interval for the
/// difference in proportions for the paired-sample design*, Statistics in Medicine 17, 1998). Unlike Wald's it does not
/// shrink to nothing where no pair differs: there it is ± z²/(n + z²). `None` without pairs.
pub fn tango(pairs: Pairs, confidence: f64) -> Option<Interval> {
    let Pairs { n, only_first, only_second } = pairs;
    if n == 0 || only_first.saturating_add(only_second) > n || !is_confidence(confidence) {
        return None;
    }
    let z = quantile(confidence)?;
    let found = pairs.change();
    // The score falls as the difference that is supposed rises, so each bound is found by halving.
    let bound = |mut inside: f64, mut outside: f64| {
        for _ in 0..200 {
            let middle = f64::midpoint(inside, outside);
            match tango_score(pairs, middle).abs() <= z {
                true => inside = middle,
                false => outside = middle,
            }
        }
        f64::midpoint(inside, outside)
    };
    Some(Interval {
        low: if only_second == n { -1.0 } else { bound(found, -1.0) },
        high: if only_first == n { 1.0 } else { bound(found, 1.0) },
    })
}

/// How many standard errors the pairs lie above a difference that is supposed, the errors taken under the supposition
/// (Tango 1998, equations 3 to 5): the rate of `only_second` is the root of a quadratic.
pub(super) fn tango_score(pairs: Pairs, supposed: f64) -> f64 {
    let (n, first, second) = (to_f64(pairs.n), to_f64(pairs.only_first), to_f64(pairs.only_second));
    let half_b = (-first - second + (2.0 * n - first + second) * supposed) / 2.0;
    let c = -second * supposed * (1.0 - supposed);
    let root = (half_b * half_b - 2.0 * n * c).max(0.0).sqrt();
    // Of two forms of the root, the one in which nothing is lost by taking near-equals apart.
    let rate = match half_b > 0.0 {
        true if root + half_b > 0.0 => -c / (root + half_b),
        true => 0.0,
        false => (root - half_b) / (2.0 * n),
    };
    let variance = n * (2.0 * rate + supposed * (1.0 - supposed));
    let distance = first - second - n * supposed;
    match variance > 0.0 {
        true => distance / variance.sqrt(),
        false if distance == 0.0 => 0.0,
        false => distance.signum() * f64::INFINITY,
    }
}
