//! Counts as numbers, and the binomial distribution in the two forms that everything exact is made of.

use std::collections::BTreeMap;

use statrs::function::beta::checked_beta_reg;
use statrs::function::factorial::ln_binomial;

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts of trials stay far below 2^53")]
pub(super) fn to_f64(n: u64) -> f64 {
    n as f64
}

/// How many there are.
pub(super) fn count<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

/// The n-th, from 0, of values that are counted.
pub(super) fn nth(counts: &BTreeMap<i64, u64>, n: u64) -> Option<i64> {
    let mut passed = 0_u64;
    let found = counts.iter().find(|(_, count)| {
        passed = passed.saturating_add(**count);
        passed > n
    });
    found.map(|(value, _)| *value)
}

/// P(X = k) for X ~ Binomial(n, p).
pub(super) fn binomial_pmf(k: u64, n: u64, p: f64) -> f64 {
    match (k, n.checked_sub(k)) {
        (_, None) => 0.0,
        (0, _) if p <= 0.0 => 1.0,
        (_, Some(0)) if p >= 1.0 => 1.0,
        _ if p <= 0.0 || p >= 1.0 => 0.0,
        (k, Some(rest)) => (ln_binomial(n, k) + to_f64(k) * p.ln() + to_f64(rest) * (-p).ln_1p()).exp(),
    }
}

/// P(X ≥ k) for X ~ Binomial(n, p): the regularised incomplete beta function I(p; k, n − k + 1), NIST DLMF 8.17.5.
pub(super) fn binomial_at_least(k: u64, n: u64, p: f64) -> f64 {
    match (k, n.checked_sub(k)) {
        (0, _) => 1.0,
        (_, None) => 0.0,
        (k, Some(rest)) => {
            let tail = checked_beta_reg(to_f64(k), to_f64(rest) + 1.0, p.clamp(0.0, 1.0));
            tail.unwrap_or(f64::NAN)
        }
    }
}
