//! How far raters agree who say yes or no of the same subjects.

use serde::Serialize;
use statrs::distribution::{Continuous, ContinuousCDF, StudentsT};

use super::count::{count, to_f64};
use super::interval::{Interval, clopper_pearson, is_confidence};
use super::twins::Estimate;

/// How far raters agree.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Agreement {
    /// Subjects.
    pub n: u64,
    /// Subjects of which all raters say the same: with two raters, `agreed` / `n` is the percent agreement.
    pub agreed: u64,
    /// The exact interval of that share.
    pub interval: Interval,
    /// Cohen's kappa; with more than two raters Conger's, which is the same with two. `None` where every rater says the same of
    /// every subject, for there is no chance to be better than, and of one subject on which they differ.
    pub kappa: Option<Estimate>,
    /// Gwet's AC1, which stays where it is when nearly all subjects are of one kind, as kappa does not.
    pub ac1: Option<Estimate>,
}

/// How far raters agree: a row for each subject, in it what each rater says. `None` without subjects, with fewer than two raters, and
/// where rows are of different lengths.
///
/// Kappa: Cohen, *A coefficient of agreement for nominal scales*, Educational and Psychological Measurement 20 (1960); Conger,
/// *Integration and generalization of kappas for multiple raters*, Psychological Bulletin 88 (1980). AC1 and all variances:
/// Gwet, *Computing inter-rater reliability and its variance in the presence of high agreement*, British Journal of Mathematical
/// and Statistical Psychology 61 (2008), over subjects that were drawn, for the raters that there are; intervals by Student's t
/// with n − 1 degrees of freedom, cut to −1 and 1. Subjects count as independent.
///
/// Where all agree the variance is nothing, and its interval would say that nothing is left to doubt. Then the lower bound
/// is what the exact lower bound of the share comes to with chance agreement as it is.
pub fn agreement(ratings: &[Vec<bool>], confidence: f64) -> Option<Agreement> {
    let raters = ratings.first()?.len();
    if raters < 2 || !is_confidence(confidence) || ratings.iter().any(|row| row.len() != raters) {
        return None;
    }
    let n = count(ratings);
    let is_agreed = |row: &Vec<bool>| [0, count(row)].contains(&yes(row));
    let agreed = ratings.iter().map(|row| u64::from(is_agreed(row))).sum();
    let interval = clopper_pearson(agreed, n, confidence)?;
    let estimate = |chance: &[f64]| coefficient(ratings, chance, interval, confidence);
    Some(Agreement {
        n,
        agreed,
        interval,
        kappa: estimate(&by_each_rater(ratings, raters)),
        ac1: estimate(&by_all_raters(ratings)),
    })
}

fn yes(row: &[bool]) -> u64 {
    row.iter().map(|said| u64::from(*said)).sum()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / to_f64(count(values))
}

/// The share of pairs of raters who say the same of a subject.
fn observed(row: &[bool]) -> f64 {
    let (yes, all) = (to_f64(yes(row)), to_f64(count(row)));
    let no = all - yes;
    (yes * (yes - 1.0) + no * (no - 1.0)) / (all * (all - 1.0))
}

/// What each subject adds to the agreement by chance of Cohen and Conger: a rater meets any other one, who says what they say of
/// any subject.
fn by_each_rater(ratings: &[Vec<bool>], raters: usize) -> Vec<f64> {
    let n = to_f64(count(ratings));
    let says_yes = |rater: usize| ratings.iter().filter(|row| row.get(rater) == Some(&true)).count();
    let shares: Vec<f64> =
        (0..raters).map(|rater| to_f64(u64::try_from(says_yes(rater)).unwrap_or(u64::MAX)) / n).collect();
    let total: f64 = shares.iter().sum();
    let others = to_f64(count(&shares)) - 1.0;
    let of = |row: &Vec<bool>| {
        let met = row.iter().zip(&shares).map(|(said, own)| {
            let yes = (total - own) / others;
            if *said { yes } else { 1.0 - yes }
        });
        met.sum::<f64>() / to_f64(count(row))
    };
    ratings.iter().map(of).collect()
}

/// The same of Gwet: who rates at random agrees as often as subjects are hard to tell apart.
fn by_all_raters(ratings: &[Vec<bool>]) -> Vec<f64> {
    let share = |row: &Vec<bool>| to_f64(yes(row)) / to_f64(count(row));
    let shares: Vec<f64> = ratings.iter().map(share).collect();
    let all = mean(&shares);
    shares.iter().map(|share| share * (1.0 - all) + (1.0 - share) * all).collect()
}

/// Agreement above chance, of all that there could be above it.
fn coefficient(ratings: &[Vec<bool>], chance: &[f64], exact: Interval, confidence: f64) -> Option<Estimate> {
    let observed: Vec<f64> = ratings.iter().map(|row| observed(row)).collect();
    let (found, expected) = (mean(&observed), mean(chance));
    // Chance alone would agree on everything.
    if expected >= 1.0 {
        return None;
    }
    let value = (found - expected) / (1.0 - expected);
    if found >= 1.0 {
        let low = ((exact.low - expected) / (1.0 - expected)).max(-1.0);
        return Some(Estimate { value, interval: Interval { low, high: 1.0 } });
    }
    let n = to_f64(count(ratings));
    let part = |(observed, chance): (&f64, &f64)| {
        let own = (observed - expected) / (1.0 - expected);
        own - 2.0 * (1.0 - value) * (chance - expected) / (1.0 - expected)
    };
    let squares: f64 = observed.iter().zip(chance).map(part).map(|part| (part - value).powi(2)).sum();
    let error = (squares / (n * (n - 1.0))).sqrt();
    let t = student(n - 1.0, f64::midpoint(confidence, 1.0))?;
    let interval = Interval { low: (value - t * error).max(-1.0), high: (value + t * error).min(1.0) };
    Some(Estimate { value, interval })
}

/// The quantile of Student's t. What the library finds is an approximation; steps of Newton's on its distribution function, which
/// is exact, make it one too.
fn student(freedom: f64, share: f64) -> Option<f64> {
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let step = |near: f64, _| near - (t.cdf(near) - share) / t.pdf(near);
    Some((0..6).fold(t.inverse_cdf(share), step))
}
