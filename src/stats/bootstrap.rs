//! Figures of a whole suite, with the scenarios as what was sampled.

use simulators::chance::Chance;

use super::interval::{Interval, is_confidence};

/// How often the scenarios are drawn anew.
pub const RESAMPLES: usize = 10_000;

/// The percentile interval of a figure over clusters, such as a rate over scenarios: whole clusters are drawn anew with
/// replacement, because trials of one scenario resemble each other (Efron & Tibshirani, *An Introduction to the
/// Bootstrap*, 1993, §13.3; Field & Welsh, *Bootstrapping clustered data*, JRSS B 69, 2007). Quantiles are type 7 of
/// Hyndman & Fan, *Sample quantiles in statistical packages*, The American Statistician 50 (1996).
///
/// The draws come from a stream of the seed and are the same on any machine. With few clusters the interval is too
/// narrow: show their number beside it. `None` for fewer than two, which say nothing about any other, and where the
/// figure is nowhere a number.
pub fn cluster_bootstrap<T>(
    clusters: &[T],
    confidence: f64,
    seed: u64,
    figure: impl Fn(&[&T]) -> f64,
) -> Option<Interval> {
    let last = i64::try_from(clusters.len().checked_sub(1)?).ok()?;
    if last == 0 || !is_confidence(confidence) {
        return None;
    }
    let mut stream = Chance::stream(seed, "bootstrap");
    let mut drawn: Vec<&T> = Vec::with_capacity(clusters.len());
    let mut figures: Vec<f64> = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        drawn.clear();
        for _ in clusters {
            let at = usize::try_from(stream.between(0, last)).unwrap_or(0);
            drawn.extend(clusters.get(at));
        }
        figures.push(figure(&drawn));
    }
    figures.retain(|figure| figure.is_finite());
    figures.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    Some(Interval { low: percentile(&figures, tail)?, high: percentile(&figures, 1.0 - tail)? })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of at most ten thousand places"
)]
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let below = place.floor();
    let (low, high) = (sorted.get(below as usize)?, sorted.get(place.ceil() as usize)?);
    Some(low + (high - low) * (place - below))
}
