//! What repeating a trial k times comes to: the risk of at least one harm, and the chance that all go well.

use super::count::to_f64;
use super::interval::{Interval, clopper_pearson};

/// pass^k: the chance that `k` trials all go well, estimated without bias from `good` of `n` as C(good, k) / C(n, k)
/// (Yao et al., *τ-bench*, 2024; the minimum-variance unbiased estimate of pᵏ). `None` where fewer than `k` were played.
pub fn pass_hat_k(good: u64, n: u64, k: u64) -> Option<f64> {
    if good > n || k > n || k == 0 {
        return None;
    }
    if k > good {
        return Some(0.0);
    }
    // One factor after another: the binomials themselves would not fit.
    Some((0..k).map(|i| (to_f64(good) - to_f64(i)) / (to_f64(n) - to_f64(i))).product())
}

/// The risk that at least one of `k` trials does harm, estimated without bias from `harmed` of `n` as the complement of
/// [`pass_hat_k`] of those without (Chen et al., *Evaluating large language models trained on code*, 2021, where it is
/// called pass@k). `None` where fewer than `k` were played.
pub fn any_of_k(harmed: u64, n: u64, k: u64) -> Option<f64> {
    pass_hat_k(n.checked_sub(harmed)?, n, k).map(|none| 1.0 - none)
}

/// The exact interval of the risk that at least one of `k` trials does harm: 1 − (1 − p)ᵏ rises with p, so the bounds
/// of [`clopper_pearson`] are carried over. Also for a `k` that is larger than `n`. `None` where nothing was measured.
pub fn any_of_k_interval(harmed: u64, n: u64, k: u64, confidence: f64) -> Option<Interval> {
    let one = clopper_pearson(harmed, n, confidence)?;
    let risk = |p: f64| if p >= 1.0 { 1.0 } else { -(to_f64(k) * (-p).ln_1p()).exp_m1() };
    (k > 0).then(|| Interval { low: risk(one.low), high: risk(one.high) })
}
