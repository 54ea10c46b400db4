//! Covering arrays: as few combinations as a greedy search finds in which any so many factors meet in all their levels.
//!
//! A fraction promises the same and balance besides, which a search for one harmful combination has no use for. Each
//! combination is the best of some that are made so: the level that is in most meetings still to come, then factor by factor, in an
//! order that is drawn, the level with which most new ones come about (AETG: Cohen, Dalal, Fredman & Patton, *The AETG system: an
//! approach to testing based on combinatorial design*, IEEE Transactions on Software Engineering 23, 1997).

use std::collections::BTreeSet;

use simulators::chance::Chance;

use super::design::{Row, shuffled};

/// Combinations of which the best is taken.
const CANDIDATES: usize = 6;

/// A level of a factor, each by its place.
type Choice = (usize, usize);

/// The combinations of a covering array of this strength, the base first.
pub(super) fn rows(counts: &[usize], strength: usize, seed: u64) -> Vec<Row> {
    let varied: Vec<usize> =
        (0..counts.len()).filter(|n| counts.get(*n).is_some_and(|count| *count > 1)).collect();
    let strength = strength.min(varied.len());
    let mut chance = Chance::stream(seed, "design/covering");
    let mut left: BTreeSet<Vec<Choice>> =
        meetings(&varied, strength, &|factor| 0..counts.get(factor).copied().unwrap_or(1));
    let mut rows = vec![vec![0; counts.len()]];
    strike(&mut left, &varied, strength, rows.first().map(Vec::as_slice).unwrap_or_default());
    while !left.is_empty() {
        let first = most_wanted(&left);
        let made = (0..CANDIDATES).map(|_| candidate(counts, &varied, strength, first, &left, &mut chance));
        // Of equals the one that was made first.
        let best = made.fold(None, |best: Option<(usize, Row)>, (new, row)| match best {
            Some((most, _)) if most >= new => best,
            _ => Some((new, row)),
        });
        let Some((_, row)) = best else { break };
        strike(&mut left, &varied, strength, &row);
        rows.push(row);
    }
    rows
}

/// All ways in which so many of these factors meet.
fn meetings<I: Iterator<Item = usize>>(
    factors: &[usize],
    strength: usize,
    levels: &impl Fn(usize) -> I,
) -> BTreeSet<Vec<Choice>> {
    let mut found: Vec<Vec<Choice>> = vec![Vec::new()];
    for factor in factors {
        let longer = |meeting: &Vec<Choice>| -> Vec<Vec<Choice>> {
            let own = levels(*factor).map(|level| [meeting.as_slice(), &[(*factor, level)]].concat());
            own.filter(|meeting| meeting.len() <= strength).collect()
        };
        let more: Vec<Vec<Choice>> = found.iter().flat_map(longer).collect();
        found.extend(more);
    }
    found.into_iter().filter(|meeting| meeting.len() == strength).collect()
}

/// Takes out what comes about in a combination.
fn strike(left: &mut BTreeSet<Vec<Choice>>, factors: &[usize], strength: usize, row: &[usize]) {
    for meeting in meetings(factors, strength, &|factor| row.get(factor).copied().into_iter()) {
        left.remove(&meeting);
    }
}

/// The level that is in most meetings still to come; of equals the first.
fn most_wanted(left: &BTreeSet<Vec<Choice>>) -> Choice {
    let mut counts = std::collections::BTreeMap::new();
    for choice in left.iter().flatten() {
        let n: &mut usize = counts.entry(*choice).or_default();
        *n = n.saturating_add(1);
    }
    counts
        .into_iter()
        .max_by_key(|(choice, n)| (*n, std::cmp::Reverse(*choice)))
        .map_or((0, 0), |(choice, _)| choice)
}

/// A combination that begins with this level, and how many new meetings it holds.
fn candidate(
    counts: &[usize],
    varied: &[usize],
    strength: usize,
    first: Choice,
    left: &BTreeSet<Vec<Choice>>,
    chance: &mut Chance,
) -> (usize, Row) {
    let mut row = vec![0; counts.len()];
    let mut fixed = vec![first];
    let mut new = 0_usize;
    let others = varied.iter().copied().filter(|factor| *factor != first.0).collect();
    for factor in shuffled(others, chance) {
        let levels = shuffled((0..counts.get(factor).copied().unwrap_or(1)).collect(), chance);
        let known: Vec<usize> = fixed.iter().map(|(known, _)| *known).collect();
        let own =
            |factor: usize| fixed.iter().filter(move |(known, _)| *known == factor).map(|(_, level)| *level);
        let chosen = meetings(&known, strength.saturating_sub(1), &own);
        let gain = |level: usize| gained(&chosen, (factor, level), left);
        let best = levels.into_iter().map(|level| (gain(level), level)).max_by_key(|(gain, _)| *gain);
        let (gain, level) = best.unwrap_or_default();
        new = new.saturating_add(gain);
        fixed.push((factor, level));
        fixed.sort_unstable();
    }
    for (factor, level) in fixed {
        row.iter_mut().skip(factor).take(1).for_each(|own| *own = level);
    }
    (new, row)
}

/// How many meetings come about where these are joined by one more level.
fn gained(chosen: &BTreeSet<Vec<Choice>>, more: Choice, left: &BTreeSet<Vec<Choice>>) -> usize {
    let is_new = |meeting: &&Vec<Choice>| {
        let mut meeting = [meeting.as_slice(), &[more]].concat();
        meeting.sort_unstable();
        left.contains(&meeting)
    };
    chosen.iter().filter(is_new).count()
}
