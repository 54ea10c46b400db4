//! Whether what was measured in pairs moved: downtimes, records lost.

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF, Normal};

use super::count::to_f64;

/// Pairs that differ, up to which the distribution is taken exactly.
pub const EXACT_MAX: u64 = 100;

/// The outcome of a signed-rank test.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SignedRank {
    /// Pairs that differ; those that do not say nothing.
    pub n: u64,
    /// The sum of the ranks of those that rose.
    pub risen: f64,
    /// The sum of the ranks of those that fell.
    pub fallen: f64,
    /// The two-sided p; 1 where no pair differs.
    pub p: f64,
}

/// Wilcoxon's signed-rank test of differences (*Individual comparisons by ranking methods*, Biometrics Bulletin 1, 1945).
///
/// Differences of nothing are left out, as Wilcoxon did; equal ones share the mean of their ranks. The distribution is
/// the one over all 2ⁿ signs *given those ranks*, so it is exact with ties too (Pratt & Gibbons, *Concepts of
/// Nonparametric Theory*, 1981, §3.7). Over [`EXACT_MAX`] pairs the normal distribution stands in for it, its variance
/// taken from the ranks as they are and so corrected for ties.
pub fn signed_rank(differences: &[i64]) -> SignedRank {
    let ranks = doubled_ranks(differences);
    let sum = |rose: bool| -> u64 { ranks.iter().filter(|r| r.1 == rose).map(|r| r.0).sum() };
    let (risen, fallen) = (sum(true), sum(false));
    let n = super::count::count(&ranks);
    let p = if n <= EXACT_MAX { exact(&ranks, risen.min(fallen)) } else { normal(&ranks, risen) };
    SignedRank { n, risen: to_f64(risen) / 2.0, fallen: to_f64(fallen) / 2.0, p }
}

/// Twice the rank of each difference that is one, and whether it rose: twice, so that the mean of two ranks is whole.
fn doubled_ranks(differences: &[i64]) -> Vec<(u64, bool)> {
    let mut sizes: BTreeMap<u64, u64> = BTreeMap::new();
    for difference in differences.iter().filter(|d| **d != 0) {
        let n = sizes.entry(difference.unsigned_abs()).or_default();
        *n = n.saturating_add(1);
    }
    let mut below = 0_u64;
    for n in sizes.values_mut() {
        // Of n equals above `below` others the mean rank is below + (n + 1) / 2.
        let doubled = below.saturating_mul(2).saturating_add(*n).saturating_add(1);
        below = below.saturating_add(*n);
        *n = doubled;
    }
    let changed = differences.iter().filter(|d| **d != 0);
    changed.filter_map(|d| Some((*sizes.get(&d.unsigned_abs())?, *d > 0))).collect()
}

/// Twice the chance of a sum of ranks as small as this, over all signs.
fn exact(ranks: &[(u64, bool)], smaller: u64) -> f64 {
    let place = |rank: u64| usize::try_from(rank).unwrap_or(usize::MAX);
    let mut chances = vec![1.0_f64];
    for (rank, _) in ranks {
        let rank = place(*rank);
        let mut next = vec![0.0; chances.len().saturating_add(rank)];
        for (sum, chance) in chances.iter().enumerate() {
            for at in [sum, sum.saturating_add(rank)] {
                if let Some(next) = next.get_mut(at) {
                    *next += chance / 2.0;
                }
            }
        }
        chances = next;
    }
    let tail: f64 = chances.iter().take(place(smaller).saturating_add(1)).sum();
    (2.0 * tail).min(1.0)
}

/// The normal approximation; ranks are doubled, and so are mean and deviation.
fn normal(ranks: &[(u64, bool)], risen: u64) -> f64 {
    let mean: f64 = ranks.iter().map(|r| to_f64(r.0)).sum::<f64>() / 2.0;
    let deviation = (ranks.iter().map(|r| to_f64(r.0).powi(2)).sum::<f64>() / 4.0).sqrt();
    let z = (to_f64(risen) - mean).abs() / deviation;
    (2.0 * Normal::standard().sf(z)).min(1.0)
}
