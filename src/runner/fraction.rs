//! Fractions of a factorial: orthogonal arrays of a wanted strength, for factors of any numbers of levels.
//!
//! The combinations are the words of a linear code over two symbols. A factor of up to 2^m levels has m columns, each a vector of
//! k bits, and in combination x the bit of a column is the parity of `x AND column`. If no sum of vectors of up to t different
//! factors is zero, any t factors meet in all their levels, and equally often: an orthogonal array of strength t, of resolution
//! t + 1 (Bose, *Mathematical theory of the symmetrical factorial design*, Sankhyā 8, 1947; Hedayat, Sloane & Stufken, *Orthogonal
//! Arrays*, 1999, ch. 3 and 9). Columns are taken greedily, the smallest vector that fits first (Conway & Sloane, *Lexicographic
//! codes*, IEEE Transactions on Information Theory 32, 1986), with as many bits as that needs.
//!
//! Where a factor has fewer than 2^m levels, two codes stand for one level (Addelman, *Orthogonal main-effect plans for asymmetrical
//! factorial experiments*, Technometrics 4, 1962). Combinations that become the same by this are kept once: all levels of any t
//! factors still meet, and no longer quite equally often.

use std::collections::BTreeSet;

use simulators::chance::Chance;

use super::design::{ASSIGNMENTS_MAX, Row, factorial, product, shuffled};

/// The combinations of a fraction of this strength, the base among them; all combinations where those are no more.
///
/// # Errors
/// More than [`ASSIGNMENTS_MAX`] are needed: at least so many.
pub(super) fn rows(counts: &[usize], strength: usize, seed: u64) -> Result<Vec<Row>, u128> {
    let all = product(counts);
    let mut chance = Chance::stream(seed, "design/fractional");
    let varied = (0..counts.len()).filter(|n| counts.get(*n).is_some_and(|count| *count > 1));
    // Who gets which columns is drawn, and which level which code; the code 0 is the base's, so that the word 0 is all bases.
    let order = shuffled(varied.collect(), &mut chance);
    let widths: Vec<u32> = order.iter().filter_map(|n| counts.get(*n)).map(|count| bits(*count)).collect();
    for wide in 1_u32.. {
        let size = 1_u128.checked_shl(wide).unwrap_or(u128::MAX);
        if size >= all && all <= ASSIGNMENTS_MAX as u128 {
            return Ok(factorial(counts));
        }
        if size > ASSIGNMENTS_MAX as u128 {
            return Err(size.min(all));
        }
        if let Some(columns) = columns(&widths, wide, strength) {
            let words = u32::try_from(size).unwrap_or(u32::MAX);
            return Ok(words_of(counts, &order, &columns, words, &mut chance));
        }
    }
    Err(all)
}

/// Bits that so many levels need.
fn bits(levels: usize) -> u32 {
    usize::BITS.saturating_sub(levels.saturating_sub(1).leading_zeros())
}

/// Columns for each factor, of `wide` bits; `None` if the greedy choice comes to no end.
fn columns(widths: &[u32], wide: u32, strength: usize) -> Option<Vec<Vec<u32>>> {
    // sums[s]: all sums of vectors of s different factors so far.
    let mut sums: Vec<BTreeSet<u32>> = vec![BTreeSet::from([0])];
    sums.resize(strength.min(widths.len()), BTreeSet::new());
    let mut taken = Vec::new();
    for width in widths {
        let blocked: BTreeSet<u32> = sums.iter().flatten().copied().collect();
        let mut span = vec![0_u32];
        let mut own = Vec::new();
        while own.len() < usize::try_from(*width).ok()? {
            // With a new vector, all that is not yet in the factor's own span comes to it at once: none of it may be blocked.
            let fits = |v: &u32| span.iter().all(|s| !blocked.contains(&(v ^ s)));
            let vector = (1..1_u32.checked_shl(wide)?).find(|v| !span.contains(v) && fits(v))?;
            own.push(vector);
            span.extend(span.clone().iter().map(|s| s ^ vector));
        }
        for s in (1..sums.len()).rev() {
            let before = sums.get(s.saturating_sub(1)).cloned().unwrap_or_default();
            let longer = before.iter().flat_map(|sum| span.iter().skip(1).map(move |v| sum ^ v));
            let longer: Vec<u32> = longer.collect();
            if let Some(sums) = sums.get_mut(s) {
                sums.extend(longer);
            }
        }
        taken.push(own);
    }
    Some(taken)
}

/// Each word as a combination of levels.
fn words_of(
    counts: &[usize],
    order: &[usize],
    columns: &[Vec<u32>],
    words: u32,
    chance: &mut Chance,
) -> Vec<Row> {
    let mut codes: Vec<Vec<usize>> = Vec::new();
    for factor in order {
        let count = counts.get(*factor).copied().unwrap_or(1);
        let places = 1..1_usize.checked_shl(bits(count)).unwrap_or(1);
        let others = shuffled(places.collect(), chance);
        let levels = others.into_iter().map(|code| code % count);
        codes.push([0].into_iter().chain(levels).collect());
    }
    let mut rows = vec![vec![0; counts.len()]; usize::try_from(words).unwrap_or(0)];
    for (word, row) in (0..words).zip(&mut rows) {
        for ((factor, columns), codes) in order.iter().zip(columns).zip(&codes) {
            let parity = |column: &u32| usize::from((word & column).count_ones() % 2 == 1);
            let code = columns.iter().fold(0_usize, |code, column| code * 2 + parity(column));
            if let (Some(place), Some(level)) = (row.get_mut(*factor), codes.get(code)) {
                *place = *level;
            }
        }
    }
    rows
}
