//! One question asked of every cell at once: the cells are a family of tests, and the missing trials may not decide.

use serde::Serialize;

use super::outcome::Outcome;
use super::sample::{Missing, Pairing, Sample};
use crate::stats::{Asked, Evidence, Share, SignedRank, Verdict, decide, holm, rounded, signed_rank};

/// A rate, then and now.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Measure {
    /// What it comes to.
    pub verdict: Verdict,
    /// The share that is bad in the baseline, of what is compared.
    pub old: Share,
    /// The share that is bad now.
    pub new: Share,
    /// The change found, positive for the worse; its p is adjusted for the family. `None` where nothing was measured.
    pub found: Option<Evidence>,
}

/// A measured quantity, then and now, in pairs.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Shift {
    /// What it comes to; `unchanged` only where it differs in no pair, because there is no margin for it to keep to.
    pub verdict: Verdict,
    /// Pairs in which it differs.
    pub differing: u64,
    /// The sum of the ranks of those in which it rose, and so is worse.
    pub risen: f64,
    /// The sum of the ranks of those in which it fell.
    pub fallen: f64,
    /// The two-sided p, adjusted for the family.
    pub p: f64,
}

/// Asks for a rate that is bad.
pub(super) fn rates(
    samples: &[&Sample<'_>],
    is_bad: fn(&Outcome) -> bool,
    confidence: f64,
    margin: f64,
) -> Vec<Measure> {
    let family = |missing| -> Vec<Option<Evidence>> {
        let mut found: Vec<_> = samples.iter().map(|s| s.change(is_bad, missing, confidence)).collect();
        let p: Vec<f64> = found.iter().flatten().map(|e| e.p).collect();
        for (evidence, p) in found.iter_mut().flatten().zip(holm(&p)) {
            evidence.p = p;
        }
        found
    };
    let [found, worst, best] = [Missing::LeftOut, Missing::Bad, Missing::Good].map(family);
    let each = samples.iter().zip(found).zip(worst.into_iter().zip(best));
    each.map(|((sample, found), (at_worst, at_best))| {
        let asked = Asked { found, at_worst, at_best };
        let (old, new) = sample.shares(is_bad);
        let verdict = asked.map(|e| decide(e.as_ref(), confidence, margin)).answer();
        Measure { verdict, old, new, found: found.map(Evidence::rounded) }
    })
    .collect()
}

/// Asks for a quantity of which more is worse, where trials are pairs. Differences up to the margin are none.
pub(super) fn shifts(
    samples: &[&Sample<'_>],
    of: fn(&Outcome) -> i64,
    confidence: f64,
    margin: i64,
) -> Vec<Option<Shift>> {
    let differences = |sample: &Sample<'_>| -> Vec<i64> {
        let each = sample.complete().map(|(_, old, new)| of(&new).saturating_sub(of(&old)));
        each.map(|d| if d.saturating_abs() <= margin { 0 } else { d }).collect()
    };
    let family = |missing| -> Vec<SignedRank> {
        let mut found: Vec<SignedRank> =
            samples.iter().map(|s| signed_rank(&filled(differences(s), s.incomplete(), missing))).collect();
        let adjusted = holm(&found.iter().map(|f| f.p).collect::<Vec<_>>());
        found.iter_mut().zip(adjusted).for_each(|(f, p)| f.p = p);
        found
    };
    let [found, worst, best] = [Missing::LeftOut, Missing::Bad, Missing::Good].map(family);
    let each = samples.iter().zip(found).zip(worst.into_iter().zip(best));
    each.map(|((sample, found), (at_worst, at_best))| {
        let asked = Asked { found, at_worst, at_best };
        let SignedRank { n: differing, risen, fallen, p } = found;
        let p = rounded(p);
        let verdict = match asked.map(|rank| moved(rank, confidence)).answer() {
            Verdict::Underpowered if differing == 0 && sample.incomplete() == 0 => Verdict::Unchanged,
            verdict => verdict,
        };
        (sample.pairing == Pairing::Pairs).then_some(Shift { verdict, differing, risen, fallen, p })
    })
    .collect()
}

/// With a difference for each missing pair that is larger than any found, for the worse or for the better.
fn filled(mut differences: Vec<i64>, missing: usize, how: Missing) -> Vec<i64> {
    let largest = differences.iter().map(|d| d.saturating_abs()).max().unwrap_or(0).saturating_add(1);
    match how {
        Missing::LeftOut => {}
        Missing::Bad => differences.extend(std::iter::repeat_n(largest, missing)),
        Missing::Good => differences.extend(std::iter::repeat_n(0_i64.saturating_sub(largest), missing)),
    }
    differences
}

fn moved(rank: &SignedRank, confidence: f64) -> Verdict {
    match rank.p <= 1.0 - confidence {
        true if rank.risen > rank.fallen => Verdict::Regressed,
        true if rank.risen < rank.fallen => Verdict::Improved,
        _ => Verdict::Underpowered,
    }
}
