//! Intervals and bounds for one proportion.

use serde::Serialize;
use statrs::distribution::{Beta, ContinuousCDF, Normal};

use super::count::to_f64;

/// A two-sided interval.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Interval {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Interval {
    /// Whether a value lies in it, its ends included.
    pub fn holds(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Its bounds [`rounded`].
    #[must_use]
    pub fn rounded(self) -> Self {
        Self { low: rounded(self.low), high: rounded(self.high) }
    }

    /// The interval of the opposite: both bounds with their signs turned, and so in the other order.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { low: 0.0 - self.high, high: 0.0 - self.low }
    }
}

/// To nine digits: the same bytes also where another machine's logarithm differs in the last bit.
pub fn rounded(value: f64) -> f64 {
    let rounded = (value * 1e9).round() / 1e9;
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// Whether there is anything to say of `k` of `n` at this confidence.
pub(super) fn is_measured(k: u64, n: u64, confidence: f64) -> bool {
    n > 0 && k <= n && is_confidence(confidence)
}

/// A confidence lies between 0 and 1 and is neither.
pub(super) fn is_confidence(confidence: f64) -> bool {
    confidence > 0.0 && confidence < 1.0
}

/// The exact interval for `k` of `n` at this confidence: Clopper & Pearson, *The use of confidence or fiducial limits
/// illustrated in the case of the binomial*, Biometrika 26 (1934), by the quantiles of the beta distribution. It holds the
/// true rate at least as often as it says. `None` for `n = 0`, where nothing was measured, and where `k > n`.
pub fn clopper_pearson(k: u64, n: u64, confidence: f64) -> Option<Interval> {
    let each = f64::midpoint(confidence, 1.0);
    Some(Interval { low: lower_bound(k, n, each)?, high: upper_bound(k, n, each)? })
}

/// The exact one-sided upper bound: the rate is at most this, at this confidence. At 0 of `n` it is 1 − α^(1/n), the
/// exact form of the "rule of three" (Hanley & Lippman-Hand, JAMA 249, 1983). `None` as in [`clopper_pearson`].
pub fn upper_bound(k: u64, n: u64, confidence: f64) -> Option<f64> {
    if !is_measured(k, n, confidence) {
        return None;
    }
    match k {
        _ if k == n => Some(1.0),
        0 => Some(-((1.0 - confidence).ln() / to_f64(n)).exp_m1()),
        _ => beta_quantile(to_f64(k) + 1.0, to_f64(n.saturating_sub(k)), confidence),
    }
}

/// The exact one-sided lower bound: the rate is at least this, at this confidence. `None` as in [`clopper_pearson`].
pub fn lower_bound(k: u64, n: u64, confidence: f64) -> Option<f64> {
    upper_bound(n.checked_sub(k)?, n, confidence).map(|failures| match k {
        0 => 0.0,
        _ if k == n => ((1.0 - confidence).ln() / to_f64(n)).exp(),
        _ => {
            let (k, rest) = (to_f64(k), to_f64(n.saturating_sub(k)));
            beta_quantile(k, rest + 1.0, 1.0 - confidence).unwrap_or(1.0 - failures)
        }
    })
}

fn beta_quantile(a: f64, b: f64, p: f64) -> Option<f64> {
    Some(Beta::new(a, b).ok()?.inverse_cdf(p))
}

/// The score interval for `k` of `n`: Wilson, *Probable inference, the law of succession, and statistical inference*,
/// JASA 22 (1927). What the intervals of differences are made of; a single rate is shown with [`clopper_pearson`].
pub fn wilson(k: u64, n: u64, confidence: f64) -> Option<Interval> {
    is_measured(k, n, confidence).then(|| wilson_of(to_f64(k), to_f64(n), confidence)).flatten()
}

/// The same of a sample whose members may count for less than one.
pub(super) fn wilson_of(k: f64, n: f64, confidence: f64) -> Option<Interval> {
    let z = quantile(confidence).filter(|_| n > 0.0)?;
    let (p, z2) = (k / n, z * z);
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    Some(Interval {
        low: if k <= 0.0 { 0.0 } else { (centre - half).max(0.0) },
        high: if k >= n { 1.0 } else { (centre + half).min(1.0) },
    })
}

/// The normal quantile that leaves half of what is not confident on either side; 1.96 at 0.95.
pub(super) fn quantile(confidence: f64) -> Option<f64> {
    is_confidence(confidence).then(|| Normal::standard().inverse_cdf(f64::midpoint(confidence, 1.0)))
}
