//! Looks for a combination of levels that tips an agent.
//!
//! 1. The base: where it tips, nothing is needed to.
//! 2. The screen: one trial of each combination of a design in which any few factors meet in all their levels, so that no
//!    trigger of so few factors can hide (Kuhn, Wallace & Gallo, *Software fault interactions and implications for software
//!    testing*, IEEE Transactions on Software Engineering 30, 2004, find that hardly any fault needs more than a few at once).
//! 3. Where a trial did harm, its combination is asked again with fresh trials until it is known whether it tips, the most suspect
//!    first. The more suspects there were, the surer it has to be: so an agent that does harm now and then by itself is not
//!    taken for tipped because so much was tried.
//! 4. While none does, further combinations are drawn level by level, each level with the odds of harm under it so far:
//!    probability matching (Thompson, *On the likelihood that one unknown probability exceeds another*, Biometrika 25, 1933).
//!    A level that was seen with harm is tried more often; where there was none, all are as likely as each other.

use std::collections::{BTreeMap, BTreeSet};

use simulators::chance::Chance;

use super::bench::{Bench, Play, Stop};
use super::question::{Question, Tally};
use crate::record::Factors;

/// Combinations that are drawn at once, at the most.
const DRAWN_MAX: usize = 32;
/// Draws after which all that could be new is taken to be known.
const DRAWS_MAX: usize = 400;

/// What a hunt came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hunted {
    /// The base tips already.
    Base(Tally),
    /// This combination does.
    Tips(Factors, Tally),
    /// None was found that does, and the budget is spent.
    OutOfBudget,
    /// None was found that does, and there is no other.
    Nothing,
}

/// A hunt, ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hunt {
    /// What it came to.
    pub came_to: Hunted,
    /// Trials that were played.
    pub spent: u32,
    /// Combinations that were tried, with what came of them.
    pub tried: BTreeMap<Factors, Tally>,
}

/// Hunts. The `screen` begins with the base; whatever is drawn comes from `seed`.
///
/// # Errors
/// Trials could not be played.
pub fn hunt<'p, E>(
    screen: &[Factors],
    question: &Question,
    budget: u32,
    seed: u64,
    play: &'p mut Play<'p, E>,
) -> Result<Hunt, E> {
    let mut bench = Bench::new(budget, play);
    let came_to = match sought(&mut bench, screen, question, seed) {
        Ok(came_to) => came_to,
        Err(Stop::OutOfBudget) => Hunted::OutOfBudget,
        Err(Stop::Failed(error)) => return Err(error),
    };
    let tried = bench.known.iter().map(|(combination, (tally, _))| (combination.clone(), *tally)).collect();
    Ok(Hunt { came_to, spent: bench.spent, tried })
}

fn sought<E>(
    bench: &mut Bench<'_, E>,
    screen: &[Factors],
    question: &Question,
    seed: u64,
) -> Result<Hunted, Stop<E>> {
    let Some((base, others)) = screen.split_first() else { return Ok(Hunted::Nothing) };
    if bench.tips(base, question)? == Some(true) {
        return Ok(Hunted::Base(bench.of(base)));
    }
    let mut next: Vec<Factors> = others.to_vec();
    let levels = levels(screen);
    let mut chance = Chance::stream(seed, "hunt");
    let mut heard = BTreeSet::from([base.clone()]);
    while !next.is_empty() {
        // A screen that the budget does not hold is played as far as it goes.
        next.truncate(usize::try_from(bench.left()).unwrap_or(usize::MAX));
        bench.look(next)?;
        while let Some(suspect) = suspect(bench, &heard) {
            let question =
                question.of_suspect(u32::try_from(heard.len()).unwrap_or(u32::MAX).saturating_sub(1));
            let tally = bench.tips_afresh(&suspect, &question)?;
            if question.answer(tally) == Some(true) {
                return Ok(Hunted::Tips(suspect, tally));
            }
            heard.insert(suspect);
        }
        if bench.left() == 0 {
            return Err(Stop::OutOfBudget);
        }
        next = drawn(bench, &levels, &mut chance);
    }
    Ok(Hunted::Nothing)
}

/// The levels that occur in a screen, by factor.
fn levels(screen: &[Factors]) -> BTreeMap<String, Vec<String>> {
    let mut levels: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (factor, level) in screen.iter().flatten() {
        let known = levels.entry(factor.clone()).or_default();
        if !known.contains(level) {
            known.push(level.clone());
        }
    }
    levels
}

/// Trials with a level of a factor, over all combinations.
fn under(bench: &Bench<'_, impl Sized>, factor: &str, level: &str) -> Tally {
    let has = |(combination, _): &(&Factors, _)| combination.get(factor).is_some_and(|own| own == level);
    let add = |sum: Tally, tally: Tally| Tally {
        harmed: sum.harmed.saturating_add(tally.harmed),
        n: sum.n.saturating_add(tally.n),
    };
    bench.known.iter().filter(has).map(|(_, (tally, _))| *tally).fold(Tally::default(), add)
}

/// Odds of harm in thousandths: of one more trial, half a harm among it.
fn odds(Tally { harmed, n }: Tally) -> i64 {
    let (harmed, n) = (i64::from(harmed), i64::from(n));
    (harmed.saturating_mul(2).saturating_add(1)).saturating_mul(500) / n.saturating_add(1)
}

/// The combination that did harm, was not heard yet, and has the highest odds of its levels: those that do harm wherever they
/// stand speak for the combination, one that stands in many harmless ones does not.
fn suspect(bench: &Bench<'_, impl Sized>, heard: &BTreeSet<Factors>) -> Option<Factors> {
    let weight = |combination: &Factors| -> i64 {
        combination.iter().map(|(factor, level)| odds(under(bench, factor, level))).sum()
    };
    let open = bench
        .known
        .iter()
        .filter(|(combination, (tally, _))| tally.harmed > 0 && !heard.contains(*combination));
    let weighed = open.map(|(combination, (tally, _))| (odds(*tally), weight(combination), combination));
    weighed.max().map(|(_, _, combination)| combination.clone())
}

/// Combinations that were not tried, level by level with the odds of harm under each.
fn drawn<E>(
    bench: &Bench<'_, E>,
    levels: &BTreeMap<String, Vec<String>>,
    chance: &mut Chance,
) -> Vec<Factors> {
    let weigh = |(factor, levels): (&String, &Vec<String>)| {
        let odds = |level: &String| odds(under(bench, factor, level)).max(1);
        (factor.clone(), levels.iter().map(|level| (level.clone(), odds(level))).collect::<Vec<_>>())
    };
    let weighed: Vec<(String, Vec<(String, i64)>)> = levels.iter().map(weigh).collect();
    let most = usize::try_from(bench.left()).unwrap_or(usize::MAX).min(DRAWN_MAX);
    let mut found: Vec<Factors> = Vec::new();
    for _ in 0..DRAWS_MAX {
        if found.len() >= most {
            break;
        }
        let combination = weighed
            .iter()
            .filter_map(|(factor, odds)| Some((factor.clone(), one_of(odds, chance)?)))
            .collect();
        if !bench.known.contains_key(&combination) && !found.contains(&combination) {
            found.push(combination);
        }
    }
    found
}

fn one_of(odds: &[(String, i64)], chance: &mut Chance) -> Option<String> {
    let all: i64 = odds.iter().map(|(_, odds)| odds).sum();
    let mut drawn = chance.between(1, all.max(1));
    let hit = odds.iter().find(|(_, odds)| {
        drawn = drawn.saturating_sub(*odds);
        drawn <= 0
    });
    hit.map(|(level, _)| level.clone())
}
