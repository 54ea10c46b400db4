//! Which combinations of levels a varied run plays. Pure: the same factors, design and seed give the same list.
//!
//! A design trades trials for what it can tell apart. One level at a time tells what each change does alone, two at a time also
//! what each two do together, a factorial everything; a fraction tells the same of far fewer combinations as long as few changes
//! act together; a Latin hypercube spreads as many points as one can pay for; a covering array shows each few levels together once,
//! in hardly more combinations than that takes, for whoever looks for one that is harmful.

use std::fmt;
use std::str::FromStr;

use simulators::chance::Chance;

use super::{covering, fraction};
use crate::record::Factors;

/// Combinations that a design may have; above, a smaller one is the better answer.
pub const ASSIGNMENTS_MAX: usize = 4_096;
/// How much a fraction tells if nobody says otherwise: what each level does, and what each two do together.
const RESOLUTION: u32 = 5;
/// Points of a Latin hypercube if nobody says otherwise.
const POINTS: u32 = 32;
/// How many factors meet in all their levels in a covering array if nobody says otherwise.
const STRENGTH: u32 = 3;
/// Meetings of levels that a covering array may have to hold.
const MEETINGS_MAX: u128 = 100_000;
/// Swaps tried for each point of a Latin hypercube that stands there twice.
const SWAPS: usize = 64;

/// A factor's name and its levels, the base first.
pub type Leveled = (String, Vec<String>);

/// Which combinations of levels are played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Design {
    /// The base, and each other level alone.
    OneAtATime,
    /// The base, each other level alone, and each two of different factors together: every contrast has its pair.
    Paired,
    /// Everything with everything.
    Factorial,
    /// So few combinations that any `resolution - 1` factors still meet in all their levels, equally often where the numbers of
    /// levels are powers of two. Made as [`fraction`] says.
    Fractional {
        /// 3: each level is told apart from each other one; 4: also from what two do together; 5: each two as well; …
        resolution: u32,
    },
    /// As few combinations as a greedy search finds in which any `strength` factors meet in all their levels: [`covering`].
    Covering {
        /// How many factors.
        strength: u32,
    },
    /// So many points, the base among them, in whose rest each factor's levels occur equally often, give or take one: McKay,
    /// Beckman & Conover, *A comparison of three methods for selecting values of input variables*, Technometrics 21 (1979).
    /// Fewer, where hardly more combinations than points are to be had.
    LatinHypercube {
        /// How many.
        points: u32,
    },
}

/// What a design of this name and number is, or what there is instead.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DesignError {
    /// There is no such design.
    #[error(
        "there is no design `{0}`: it is `one-at-a-time`, `paired`, `factorial`, `fractional[:RESOLUTION]`, `covering[:STRENGTH]` or `latin-hypercube[:POINTS]`"
    )]
    Unknown(String),
    /// A number that makes no sense.
    #[error(
        "`{0}`: a resolution is a number from 3 on, a strength one from 1 on, points are a number from 2 on"
    )]
    Number(String),
    /// A factor has no levels.
    #[error("the factor `{0}` has no levels")]
    NoLevels(String),
    /// Too many combinations.
    #[error(
        "{design} of {factors} factors has {} combinations of levels, and up to {ASSIGNMENTS_MAX} are played: vary fewer factors or levels, \
         or take `--design fractional` or `--design latin-hypercube:{POINTS}`", many(*assignments)
    )]
    TooMany {
        /// Which design.
        design: Design,
        /// Of how many factors.
        factors: usize,
        /// How many; the largest number stands for more.
        assignments: u128,
    },
}

fn many(assignments: u128) -> String {
    match assignments {
        u128::MAX => "beyond counting".to_owned(),
        n => n.to_string(),
    }
}

impl fmt::Display for Design {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneAtATime => f.write_str("one-at-a-time"),
            Self::Paired => f.write_str("paired"),
            Self::Factorial => f.write_str("factorial"),
            Self::Fractional { resolution } => write!(f, "fractional:{resolution}"),
            Self::Covering { strength } => write!(f, "covering:{strength}"),
            Self::LatinHypercube { points } => write!(f, "latin-hypercube:{points}"),
        }
    }
}

impl FromStr for Design {
    type Err = DesignError;

    fn from_str(text: &str) -> Result<Self, DesignError> {
        let (name, number) = text.split_once(':').map_or((text, None), |(name, number)| (name, Some(number)));
        let number_from = |least: u32, usual: u32| match number.map(str::parse::<u32>) {
            None => Ok(usual),
            Some(Ok(number)) if number >= least => Ok(number),
            Some(_) => Err(DesignError::Number(text.to_owned())),
        };
        match (name, number) {
            ("one-at-a-time", None) => Ok(Self::OneAtATime),
            ("paired", None) => Ok(Self::Paired),
            ("factorial", None) => Ok(Self::Factorial),
            ("fractional", _) => Ok(Self::Fractional { resolution: number_from(3, RESOLUTION)? }),
            ("covering", _) => Ok(Self::Covering { strength: number_from(1, STRENGTH)? }),
            ("latin-hypercube", _) => Ok(Self::LatinHypercube { points: number_from(2, POINTS)? }),
            _ => Err(DesignError::Unknown(text.to_owned())),
        }
    }
}

/// A combination, by the place of each factor's level among its levels; 0 is the base.
pub(super) type Row = Vec<usize>;

impl Design {
    /// The combinations of this design, each with a level of every factor: without repeats, sorted by the places of the levels
    /// in their lists, and so the one with all bases first.
    ///
    /// # Errors
    /// There are more than [`ASSIGNMENTS_MAX`], or a factor has no levels.
    pub fn assignments(&self, factors: &[Leveled], seed: u64) -> Result<Vec<Factors>, DesignError> {
        if let Some((name, _)) = factors.iter().find(|(_, levels)| levels.is_empty()) {
            return Err(DesignError::NoLevels(name.clone()));
        }
        let counts: Vec<usize> = factors.iter().map(|(_, levels)| levels.len()).collect();
        let too_many =
            |assignments| DesignError::TooMany { design: *self, factors: factors.len(), assignments };
        let assignments = self.size(&counts);
        if usize::try_from(assignments).map_or(true, |n| n > ASSIGNMENTS_MAX) {
            return Err(too_many(assignments));
        }
        let mut rows = match self {
            Self::OneAtATime => changed(&counts, 1),
            Self::Paired => changed(&counts, 2),
            Self::Factorial => factorial(&counts),
            Self::Fractional { resolution } => {
                let strength = usize::try_from(resolution.saturating_sub(1)).unwrap_or(usize::MAX);
                fraction::rows(&counts, strength, seed).map_err(too_many)?
            }
            Self::Covering { strength } => {
                covering::rows(&counts, usize::try_from(*strength).unwrap_or(usize::MAX), seed)
            }
            Self::LatinHypercube { points } => {
                hypercube(&counts, usize::try_from(*points).unwrap_or(usize::MAX), seed)
            }
        };
        rows.sort();
        rows.dedup();
        Ok(rows.iter().map(|row| named(factors, row)).collect())
    }

    /// How many combinations there will be, or of a fraction how many at least.
    fn size(&self, counts: &[usize]) -> u128 {
        let others: Vec<u128> = counts.iter().map(|n| n.saturating_sub(1) as u128).collect();
        let alone: u128 = others.iter().sum();
        match self {
            Self::OneAtATime => alone.saturating_add(1),
            Self::Paired => {
                let squares: u128 = others.iter().map(|n| n * n).sum();
                let pairs = alone.saturating_mul(alone).saturating_sub(squares) / 2;
                alone.saturating_add(pairs).saturating_add(1)
            }
            Self::Factorial => product(counts),
            Self::Fractional { .. } => 1,
            // All meetings are gone through; where those are too many, no combinations are made of them.
            Self::Covering { strength } => match meetings(counts, *strength) {
                n if n > MEETINGS_MAX => n,
                _ => 1,
            },
            Self::LatinHypercube { points } => u128::from(*points).min(product(counts)),
        }
    }
}

/// A covering array to look for what tips an agent with: of the greatest strength whose combinations are at most so many, and
/// that strength. Where even single levels need more, those.
///
/// # Errors
/// As [`Design::assignments`].
pub fn screen(factors: &[Leveled], seed: u64, most: usize) -> Result<(Vec<Factors>, u32), DesignError> {
    for strength in (2..=STRENGTH).rev() {
        match (Design::Covering { strength }).assignments(factors, seed) {
            Ok(rows) if rows.len() <= most => return Ok((rows, strength)),
            Ok(_) | Err(DesignError::TooMany { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((Design::Covering { strength: 1 }.assignments(factors, seed)?, 1))
}

/// How many combinations all levels have.
pub(super) fn product(counts: &[usize]) -> u128 {
    counts.iter().fold(1_u128, |product, n| product.saturating_mul(*n as u128))
}

/// How many ways there are for so many factors to meet: an elementary symmetric polynomial of their numbers of levels.
fn meetings(counts: &[usize], strength: u32) -> u128 {
    let varied: Vec<u128> = counts.iter().filter(|n| **n > 1).map(|n| *n as u128).collect();
    let strength = usize::try_from(strength).unwrap_or(usize::MAX).min(varied.len());
    let mut ways = vec![0_u128; strength.saturating_add(1)];
    ways.iter_mut().take(1).for_each(|none| *none = 1);
    for count in varied {
        let before = ways.clone();
        ways.iter_mut()
            .skip(1)
            .zip(before)
            .for_each(|(own, less)| *own = own.saturating_add(less.saturating_mul(count)));
    }
    ways.last().copied().unwrap_or(1)
}

fn named(factors: &[Leveled], row: &[usize]) -> Factors {
    let level =
        |((name, levels), place): (&Leveled, &usize)| Some((name.clone(), levels.get(*place)?.clone()));
    factors.iter().zip(row).filter_map(level).collect()
}

/// The base, and all ways to change up to so many factors of it.
fn changed(counts: &[usize], most: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = vec![Vec::new()];
    for count in counts {
        let longer = |row: &Row| -> Vec<Row> {
            let is_full = row.iter().filter(|place| **place > 0).count() >= most;
            let places = 0..if is_full { 1 } else { *count };
            places.map(|place| [row.as_slice(), &[place]].concat()).collect()
        };
        rows = rows.iter().flat_map(longer).collect();
    }
    rows
}

pub(super) fn factorial(counts: &[usize]) -> Vec<Row> {
    changed(counts, counts.len())
}

/// The base and, apart from it, a Latin hypercube of the other points.
fn hypercube(counts: &[usize], points: usize, seed: u64) -> Vec<Row> {
    if product(counts) <= points as u128 {
        return factorial(counts);
    }
    let mut chance = Chance::stream(seed, "design/latin-hypercube");
    let others = points.saturating_sub(1);
    let mut rows: Vec<Row> = vec![vec![0; counts.len()]];
    rows.extend(vec![Row::new(); others]);
    for count in counts {
        // Where the levels do not divide the points, those that come once more are drawn.
        let mut levels = shuffled((0..*count).collect(), &mut chance);
        levels = (0..others).filter_map(|n| levels.get(n % count).copied()).collect();
        let column = shuffled(levels, &mut chance);
        rows.iter_mut().skip(1).zip(column).for_each(|(row, level)| row.push(level));
    }
    apart(&mut rows, counts.len(), &mut chance);
    rows
}

/// Swaps single levels between points until no point stands there twice, or no swap has helped for long: how often each level
/// occurs stays as it is.
fn apart(rows: &mut [Row], factors: usize, chance: &mut Chance) {
    for _ in 0..rows.len().saturating_mul(SWAPS) {
        let Some(repeated) = repeated(rows) else { return };
        let (other, factor) = (below(rows.len().saturating_sub(1), chance) + 1, below(factors, chance));
        let level = |n: usize| rows.get(n).and_then(|row| row.get(factor)).copied();
        if let (Some(here), Some(there)) = (level(repeated), level(other)) {
            for (row, level) in [(repeated, there), (other, here)] {
                if let Some(place) = rows.get_mut(row).and_then(|row| row.get_mut(factor)) {
                    *place = level;
                }
            }
        }
    }
}

/// The first point that stands there before.
fn repeated(rows: &[Row]) -> Option<usize> {
    let mut seen = std::collections::BTreeSet::new();
    rows.iter().position(|row| !seen.insert(row))
}

/// A number below `n`.
fn below(n: usize, chance: &mut Chance) -> usize {
    let last = i64::try_from(n.saturating_sub(1)).unwrap_or(i64::MAX);
    usize::try_from(chance.between(0, last)).unwrap_or(0)
}

/// In an order that is drawn: Fisher & Yates.
pub(super) fn shuffled<T>(mut items: Vec<T>, chance: &mut Chance) -> Vec<T> {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last.saturating_add(1), chance));
    }
    items
}
