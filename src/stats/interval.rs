//! Exact intervals for proportions.

use statrs::distribution::{Beta, ContinuousCDF};

/// A two-sided interval for a proportion.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// The exact interval for `k` of `n` at this confidence: Clopper & Pearson, *The use of confidence or fiducial limits
/// illustrated in the case of the binomial*, Biometrika 26 (1934), by the quantiles of the beta distribution. `None`
/// for `n = 0`, where nothing was measured, and where `k > n`.
pub fn clopper_pearson(k: u64, n: u64, confidence: f64) -> Option<Interval> {
    if n == 0 || k > n || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let tail = (1.0 - confidence) / 2.0;
    let (k_f, n_f) = (to_f64(k), to_f64(n));
    let quantile = |a: f64, b: f64, p: f64| Beta::new(a, b).ok().map(|beta| beta.inverse_cdf(p));
    let low = if k == 0 { Some(0.0) } else { quantile(k_f, n_f - k_f + 1.0, tail) };
    let high = if k == n { Some(1.0) } else { quantile(k_f + 1.0, n_f - k_f, 1.0 - tail) };
    Some(Interval { low: low?, high: high? })
}

#[expect(clippy::cast_precision_loss, reason = "counts of trials stay far below 2^53")]
pub(super) fn to_f64(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `scipy.stats.binomtest(k, n).proportion_ci(0.95, 'exact')`.
    #[test]
    fn agrees_with_scipy() {
        let known = [
            (0, 1, 0.0, 0.975),
            (1, 1, 0.025_000_000_000_000_022, 1.0),
            (0, 10, 0.0, 0.308_497_107_818_762_94),
            (1, 10, 0.002_528_578_544_462_572_8, 0.445_016_117_028_195_43),
            (5, 10, 0.187_086_028_447_404_5, 0.812_913_971_552_595_5),
            (10, 10, 0.691_502_892_181_237_1, 1.0),
            (3, 200, 0.003_104_107_621_555_085, 0.043_208_281_917_709_784),
        ];
        for (k, n, low, high) in known {
            let found = clopper_pearson(k, n, 0.95).unwrap();
            assert!((found.low - low).abs() < 1e-9, "{k}/{n} low {}", found.low);
            assert!((found.high - high).abs() < 1e-9, "{k}/{n} high {}", found.high);
        }
        assert_eq!(clopper_pearson(0, 0, 0.95), None);
        assert_eq!(clopper_pearson(2, 1, 0.95), None);
    }
}
