//! Exact tests of two proportions: McNemar's for pairs, Fisher's for two samples.

use statrs::function::factorial::ln_binomial;

use super::count::binomial_at_least;
use super::difference::Pairs;

/// The exact two-sided p of McNemar's test: of the pairs that differ, either side is as likely to be the one under the
/// hypothesis that nothing changed, so their split is Binomial(differing, ½) (McNemar, *Note on the sampling error of the
/// difference between correlated proportions*, Psychometrika 12, 1947; exact form: Agresti, *Categorical Data Analysis*,
/// 3rd ed., §11.1). 1 where no pair differs.
pub fn mcnemar(pairs: Pairs) -> f64 {
    let Pairs { only_first, only_second, .. } = pairs;
    let differing = only_first.saturating_add(only_second);
    (2.0 * binomial_at_least(only_first.max(only_second), differing, 0.5)).min(1.0)
}

/// Two tables are as likely as each other if they differ by no more than rounding.
const AS_LIKELY: f64 = 1.0 + 1e-7;

/// The exact two-sided p of Fisher's test for `k1` of `n1` beside `k2` of `n2`: the share of all tables with these margins
/// that are no likelier than this one (Fisher, *The logic of inductive inference*, JRSS 98, 1935). 1 where either sample is
/// empty.
pub fn fisher(k1: u64, n1: u64, k2: u64, n2: u64) -> f64 {
    let (k1, k2) = (k1.min(n1), k2.min(n2));
    let (all, had) = (n1.saturating_add(n2), k1.saturating_add(k2));
    let ln_pmf = |k: u64| ln_binomial(n1, k) + ln_binomial(n2, had.saturating_sub(k)) - ln_binomial(all, had);
    let limit = ln_pmf(k1) + AS_LIKELY.ln();
    let tables = had.saturating_sub(n2)..=had.min(n1);
    tables.map(ln_pmf).filter(|ln_p| *ln_p <= limit).map(f64::exp).sum::<f64>().min(1.0)
}
