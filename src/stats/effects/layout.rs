//! What was varied, and which trials stand beside which.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::Factors;

/// Counts that come from dividing whole numbers differ by rounding and by nothing else.
const ALIKE: f64 = 1e-9;

/// A level of a factor, each by its place.
pub(super) type Change = (usize, usize);

/// Factors with their levels, the base first, and the combinations that were played.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Names of factors, each with its levels.
    pub factors: Vec<(String, Vec<String>)>,
    /// Combinations: for each factor the place of its level, 0 being the base.
    pub rows: Vec<Vec<usize>>,
}

/// What is looked at: what one change does, or what two do together beyond what each does alone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Term {
    Alone(Change),
    Together(Change, Change),
}

impl Term {
    pub(super) fn changes(&self) -> Vec<Change> {
        match self {
            Self::Alone(change) => vec![*change],
            Self::Together(one, other) => vec![*one, *other],
        }
    }

    fn has(&self, factor: usize) -> bool {
        self.changes().iter().any(|(own, _)| *own == factor)
    }

    /// The arms that it compares, each with the places of its factors' levels; those that count for it stand at even places.
    fn arms(&self) -> Vec<Vec<Change>> {
        match *self {
            Self::Alone((f, level)) => vec![vec![(f, level)], vec![(f, 0)]],
            Self::Together((f, a), (g, b)) => {
                vec![vec![(f, a), (g, b)], vec![(f, 0), (g, b)], vec![(f, 0), (g, 0)], vec![(f, a), (g, 0)]]
            }
        }
    }
}

/// The arms of a term, each with the numbers of its combinations.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Arms {
    pub rows: Vec<Vec<usize>>,
    /// The n-th combinations of all arms differ in the term and in nothing else.
    pub is_matched: bool,
    /// In each arm, any two other factors meet equally often.
    pub is_clear: bool,
}

impl Layout {
    /// The layout of these combinations, of which the first has all bases. A factor that does not vary is left out.
    pub fn of(variants: &[Factors]) -> Self {
        let base = variants.first().cloned().unwrap_or_default();
        let levels = |(name, first): (&String, &String)| {
            let seen: BTreeSet<&String> =
                variants.iter().filter_map(|v| v.get(name)).filter(|l| *l != first).collect();
            let all: Vec<String> = std::iter::once(first).chain(seen).cloned().collect();
            (all.len() > 1).then(|| (name.clone(), all))
        };
        let factors: Vec<(String, Vec<String>)> = base.iter().filter_map(levels).collect();
        let place = |variant: &Factors, (name, levels): &(String, Vec<String>)| {
            levels.iter().position(|level| variant.get(name) == Some(level)).unwrap_or(0)
        };
        let row = |variant: &Factors| factors.iter().map(|factor| place(variant, factor)).collect();
        let rows = variants.iter().map(row).collect();
        Self { factors, rows }
    }

    /// Every change alone, then every two of different factors together, as far as the combinations hold them.
    pub(super) fn terms(&self) -> Vec<Term> {
        let levels =
            |(f, (_, levels)): (usize, &(String, Vec<String>))| (1..levels.len()).map(move |l| (f, l));
        let changes: Vec<Change> = self.factors.iter().enumerate().flat_map(levels).collect();
        let mut terms: Vec<Term> = changes.iter().map(|change| Term::Alone(*change)).collect();
        for (n, one) in changes.iter().enumerate() {
            let others = changes.iter().skip(n).filter(|other| other.0 != one.0);
            terms.extend(others.map(|other| Term::Together(*one, *other)));
        }
        terms.retain(|term| term.arms().iter().all(|arm| self.with(arm).next().is_some()));
        terms
    }

    fn with<'a>(&'a self, arm: &'a [Change]) -> impl Iterator<Item = usize> + 'a {
        let fits = |row: &Vec<usize>| arm.iter().all(|(f, level)| row.get(*f) == Some(level));
        self.rows.iter().enumerate().filter(move |(_, row)| fits(row)).map(|(n, _)| n)
    }

    /// The arms of a term: combination beside combination where the design has them so, else all there are.
    pub(super) fn arms(&self, term: &Term, number: &BTreeMap<&[usize], usize>) -> Arms {
        let arms = term.arms();
        let all: Vec<Vec<usize>> = arms.iter().map(|arm| self.with(arm).collect()).collect();
        let first = all.first().into_iter().flatten().filter_map(|n| self.rows.get(*n));
        let beside = |row: &Vec<usize>| -> Option<Vec<usize>> {
            let changed = |arm: &Vec<Change>| {
                let mut row = row.clone();
                arm.iter()
                    .for_each(|(f, level)| row.iter_mut().skip(*f).take(1).for_each(|own| *own = *level));
                number.get(row.as_slice()).copied()
            };
            arms.iter().map(changed).collect()
        };
        match first.map(beside).collect::<Option<Vec<Vec<usize>>>>() {
            Some(matched) => {
                let arm = |n: usize| matched.iter().filter_map(|beside| beside.get(n).copied()).collect();
                Arms { rows: (0..arms.len()).map(arm).collect(), is_matched: true, is_clear: true }
            }
            None => Arms { is_clear: self.are_alike(term, &all), rows: all, is_matched: false },
        }
    }

    /// Whether any two factors that a term does not name meet equally often in all its arms.
    fn are_alike(&self, term: &Term, arms: &[Vec<usize>]) -> bool {
        let others: Vec<usize> = (0..self.factors.len()).filter(|f| !term.has(*f)).collect();
        let shares = |arm: &Vec<usize>, f: usize, g: usize| {
            let mut shares: BTreeMap<(usize, usize), f64> = BTreeMap::new();
            for row in arm.iter().filter_map(|n| self.rows.get(*n)) {
                if let (Some(a), Some(b)) = (row.get(f), row.get(g)) {
                    *shares.entry((*a, *b)).or_default() += 1.0 / super::length(arm);
                }
            }
            shares
        };
        let mut pairs =
            others.iter().flat_map(|f| others.iter().filter(move |g| *g >= f).map(move |g| (*f, *g)));
        pairs.all(|(f, g)| {
            let mut of_arms = arms.iter().map(|arm| shares(arm, f, g));
            let first = of_arms.next().unwrap_or_default();
            of_arms.all(|shares| {
                shares.len() == first.len()
                    && shares.iter().zip(&first).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < ALIKE)
            })
        })
    }

    /// Of terms that this design cannot tell from each other: the others, by their places in the list.
    pub(super) fn aliases(&self, terms: &[(Term, Arms)]) -> Vec<Vec<usize>> {
        let column = |arms: &Arms| {
            let mut column = vec![0_i8; self.rows.len()];
            for (n, arm) in arms.rows.iter().enumerate() {
                let sign = if n.is_multiple_of(2) { 1 } else { -1 };
                arm.iter().for_each(|row| column.iter_mut().skip(*row).take(1).for_each(|own| *own = sign));
            }
            column
        };
        let columns: Vec<Option<Vec<i8>>> =
            terms.iter().map(|(_, arms)| (!arms.is_clear).then(|| column(arms))).collect();
        let same = |one: &[i8], other: &[i8]| one == other || one.iter().zip(other).all(|(a, b)| *a == -*b);
        let of = |own: &Option<Vec<i8>>| -> Vec<usize> {
            let Some(own) = own else { return Vec::new() };
            let is_other = |other: &Vec<i8>| !std::ptr::eq(own, other) && same(own, other);
            columns
                .iter()
                .enumerate()
                .filter(|(_, c)| c.as_ref().is_some_and(is_other))
                .map(|(n, _)| n)
                .collect()
        };
        columns.iter().map(of).collect()
    }
}
