//! What each design promises, over many shapes of factors.

use std::collections::{BTreeMap, BTreeSet};

use chesterton::record::Factors;
use chesterton::runner::{ASSIGNMENTS_MAX, Design, DesignError, Leveled};
use proptest::prelude::*;

/// Factors `f0`, `f1`, … of so many levels.
fn factors(counts: &[usize]) -> Vec<Leveled> {
    let levels =
        |count: usize| (0..count).map(|n| if n == 0 { "base".into() } else { format!("l{n}") }).collect();
    counts.iter().enumerate().map(|(n, count)| (format!("f{n}"), levels(*count))).collect()
}

fn made(design: Design, counts: &[usize], seed: u64) -> Vec<Factors> {
    design.assignments(&factors(counts), seed).unwrap()
}

/// How often each combination of the levels of these factors occurs.
fn meetings(rows: &[Factors], of: &[usize]) -> BTreeMap<Vec<String>, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(of.iter().map(|n| row[&format!("f{n}")].clone()).collect()).or_default() += 1;
    }
    counts
}

/// All ways to take `k` of `n`.
fn choices(n: usize, k: usize) -> Vec<Vec<usize>> {
    (0..1_u32 << n)
        .filter(|m| m.count_ones() as usize == k)
        .map(|m| (0..n).filter(|i| m >> i & 1 == 1).collect())
        .collect()
}

fn changes(row: &Factors) -> usize {
    row.values().filter(|level| *level != "base").count()
}

/// What holds for all: each factor has a level, no repeats, the base first, the same again.
fn is_sound(design: Design, counts: &[usize], seed: u64) -> Vec<Factors> {
    let rows = made(design, counts, seed);
    assert_eq!(changes(&rows[0]), 0, "{design} of {counts:?} does not begin with the base");
    assert_eq!(
        rows.iter().collect::<BTreeSet<_>>().len(),
        rows.len(),
        "{design} of {counts:?} repeats itself"
    );
    let known = factors(counts);
    let fits = |row: &Factors| {
        row.len() == known.len() && known.iter().all(|(name, levels)| levels.contains(&row[name]))
    };
    assert!(rows.iter().all(fits));
    assert_eq!(rows, made(design, counts, seed));
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn one_at_a_time_changes_one(counts in prop::collection::vec(1_usize..6, 0..9), seed in 0_u64..9) {
        let rows = is_sound(Design::OneAtATime, &counts, seed);
        prop_assert!(rows.iter().all(|row| changes(row) <= 1));
        prop_assert_eq!(rows.len(), 1 + counts.iter().map(|n| n - 1).sum::<usize>());
    }

    #[test]
    fn every_change_of_a_paired_design_has_its_pair(counts in prop::collection::vec(1_usize..5, 1..8), seed in 0_u64..9) {
        let rows = is_sound(Design::Paired, &counts, seed);
        let all: BTreeSet<&Factors> = rows.iter().collect();
        for row in &rows {
            prop_assert!(changes(row) <= 2);
            for name in row.keys().filter(|name| row[*name] != "base") {
                let without = row.iter().map(|(n, l)| (n.clone(), if n == name { "base".to_owned() } else { l.clone() }));
                prop_assert!(all.contains(&without.collect::<Factors>()));
            }
        }
        for pair in choices(counts.len(), 2) {
            prop_assert_eq!(meetings(&rows, &pair).len(), counts[pair[0]] * counts[pair[1]]);
        }
    }

    #[test]
    fn a_factorial_has_everything_once(counts in prop::collection::vec(1_usize..5, 0..6), seed in 0_u64..9) {
        let rows = is_sound(Design::Factorial, &counts, seed);
        prop_assert_eq!(rows.len(), counts.iter().product::<usize>());
    }

    /// Two-level and four-level factors: any `strength` of them meet in all levels, equally often.
    #[test]
    fn fractions_are_orthogonal(wide in prop::collection::vec(any::<bool>(), 2..9), resolution in 3_u32..7, seed in 0_u64..9) {
        let counts: Vec<usize> = wide.iter().map(|wide| if *wide { 4 } else { 2 }).collect();
        let rows = is_sound(Design::Fractional { resolution }, &counts, seed);
        for of in choices(counts.len(), counts.len().min(resolution as usize - 1)) {
            let met = meetings(&rows, &of);
            let levels: usize = of.iter().map(|n| counts[*n]).product();
            prop_assert_eq!(met.len(), levels);
            prop_assert!(met.values().all(|n| n * levels == rows.len()), "{counts:?}: {met:?}");
        }
    }

    /// Any numbers of levels: all still meet.
    #[test]
    fn all_levels_meet_in_a_fraction(counts in prop::collection::vec(1_usize..7, 1..7), resolution in 3_u32..5, seed in 0_u64..9) {
        let rows = is_sound(Design::Fractional { resolution }, &counts, seed);
        for of in choices(counts.len(), counts.len().min(resolution as usize - 1)) {
            prop_assert_eq!(meetings(&rows, &of).len(), of.iter().map(|n| counts[*n]).product::<usize>());
        }
    }

    #[test]
    fn all_levels_meet_in_a_covering_array(counts in prop::collection::vec(1_usize..5, 1..7), strength in 1_u32..4, seed in 0_u64..9) {
        let rows = is_sound(Design::Covering { strength }, &counts, seed);
        let varied: Vec<usize> = (0..counts.len()).filter(|n| counts[*n] > 1).collect();
        for of in choices(varied.len(), varied.len().min(strength as usize)) {
            let of: Vec<usize> = of.into_iter().map(|n| varied[n]).collect();
            prop_assert_eq!(meetings(&rows, &of).len(), of.iter().map(|n| counts[*n]).product::<usize>());
        }
    }

    #[test]
    fn a_hypercube_is_balanced(counts in prop::collection::vec(2_usize..6, 4..9), points in 9_u32..60, seed in 0_u64..99) {
        let rows = is_sound(Design::LatinHypercube { points }, &counts, seed);
        let all = counts.iter().product::<usize>();
        let points = points as usize;
        prop_assert!(rows.len() <= all.min(points));
        // Where there are hardly more combinations than points, some points cannot be told apart by swaps and are left out.
        prop_assert!(rows.len() == all.min(points) || all < 2 * points);
        for (n, count) in counts.iter().enumerate().filter(|_| rows.len() == points && all > points) {
            let met = meetings(&rows[1..], &[n]);
            let (least, most) = (met.values().min().unwrap(), met.values().max().unwrap());
            prop_assert!(met.len() == *count && most - least <= 1, "{counts:?}, {points}: {met:?}");
        }
    }
}

#[test]
fn fractions_are_small() {
    let size = |counts: &[usize], resolution| made(Design::Fractional { resolution }, counts, 1).len();
    let sizes = [3, 4, 5].map(|resolution| [7, 8, 11, 15].map(|n| size(&vec![2; n], resolution)));
    // The least that is possible is 8, 16, 16, 16 for resolution 3, and twice that for 4 (Box & Hunter, Technometrics 3, 1961).
    assert_eq!(sizes[0], [8, 16, 16, 16]);
    assert_eq!(sizes[1], [16, 16, 32, 32]);
    assert_eq!(sizes[2], [64, 64, 128, 256]);
    assert_eq!(size(&[3; 8], 4), 256);
}

/// Factorials have 1,024 and 6,561, and fractions of the same strength 16, 32, 64 and 256.
#[test]
fn covering_arrays_are_small() {
    let size = |counts: &[usize], strength| made(Design::Covering { strength }, counts, 1).len();
    let sizes = [size(&[2; 10], 2), size(&[2; 10], 3), size(&[3; 8], 2), size(&[3; 8], 3)];
    println!("covering arrays: {sizes:?}");
    assert!(sizes[0] <= 10 && sizes[1] <= 20 && sizes[2] <= 18 && sizes[3] <= 64, "{sizes:?}");
}

#[test]
fn the_seed_decides_what_is_drawn() {
    let counts = [3, 2, 4, 2, 3, 2];
    for design in [Design::Fractional { resolution: 4 }, Design::LatinHypercube { points: 20 }] {
        let drawn: BTreeSet<_> = (0..20).map(|seed| made(design, &counts, seed)).collect();
        assert!(drawn.len() > 15, "{design}: {} different of 20", drawn.len());
    }
}

#[test]
fn what_is_too_large_says_how_large() {
    let too_many = |design: Design, counts: &[usize]| match design.assignments(&factors(counts), 1) {
        Err(error @ DesignError::TooMany { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let told = too_many(Design::Factorial, &[2; 13]);
    assert!(told.starts_with("factorial of 13 factors has 8192 combinations"), "{told}");
    assert!(told.contains("--design fractional"), "{told}");
    assert!(too_many(Design::Factorial, &[9; 60]).contains("beyond counting"));
    too_many(Design::Fractional { resolution: 14 }, &[2; 40]);
    too_many(Design::LatinHypercube { points: 5_000 }, &[2; 40]);
    too_many(Design::Covering { strength: 6 }, &[2; 40]);
    too_many(Design::OneAtATime, &[ASSIGNMENTS_MAX + 1]);
    let empty = Design::Factorial.assignments(&[("label".into(), Vec::new())], 1);
    assert_eq!(empty, Err(DesignError::NoLevels("label".into())));
}

#[test]
fn designs_are_named() {
    for design in ["one-at-a-time", "paired", "factorial", "fractional:4", "latin-hypercube:12", "covering:2"]
    {
        assert_eq!(design.parse::<Design>().unwrap().to_string(), design);
    }
    assert_eq!("fractional".parse(), Ok(Design::Fractional { resolution: 5 }));
    for wrong in ["", "full", "factorial:2", "fractional:2", "fractional:", "latin-hypercube:x"] {
        assert!(wrong.parse::<Design>().is_err(), "`{wrong}`");
    }
}
