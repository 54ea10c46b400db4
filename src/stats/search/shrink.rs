//! Reduces a combination that tips an agent to the fewest nudges that still do.
//!
//! First by delta debugging (Zeller & Hildebrandt, *Simplifying and isolating failure-inducing input*, IEEE Transactions on
//! Software Engineering 28, 2002): halves, then quarters, then ever smaller parts of the nudges, alone and left out, each asked with a
//! sequential test until it is settled. Then by proof: with fresh trials, that what is left tips and that it does not with any one
//! nudge less. The first phase may err; the claim rests on the second alone, whose tests are right together at the confidence.

use super::bench::{Bench, Play, Stop};
use super::question::{Question, Tally};
use crate::record::Factors;
use crate::stats::effects::Nudge;

/// What is claimed of a combination, and what it rests on.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Proof {
    /// The nudge that was left out; `None` for the combination itself.
    pub without: Option<Nudge>,
    /// Fresh trials.
    pub tally: Tally,
    /// Whether it tips; `None` where the trials do not tell.
    pub tips: Option<bool>,
}

/// What shrinking came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shrunk {
    /// These nudges tip, and with any one less they do not, as far as the proofs say so.
    Smallest(Vec<Nudge>, Vec<Proof>),
    /// The combination does not tip in fresh trials.
    NotTipping(Tally),
    /// The budget was spent before it was proved; the fewest nudges so far.
    OutOfBudget(Vec<Nudge>),
}

/// Shrinking, ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shrinking {
    /// What it came to.
    pub came_to: Shrunk,
    /// Trials that were played.
    pub spent: u32,
}

/// Shrinks the nudges in `tipping`, which are its levels that are not those of `base`.
///
/// # Errors
/// Trials could not be played.
pub fn shrink<'p, E>(
    base: &Factors,
    tipping: &Factors,
    question: &Question,
    budget: u32,
    play: &'p mut Play<'p, E>,
) -> Result<Shrinking, E> {
    let bench = Bench::new(budget, play);
    let nudges = nudges(base, tipping);
    let mut shrinker = Shrinker { bench, base, question, fewest: nudges.clone() };
    let came_to = match shrinker.shrunk(nudges) {
        Ok(came_to) => came_to,
        Err(Stop::OutOfBudget) => Shrunk::OutOfBudget(shrinker.fewest.clone()),
        Err(Stop::Failed(error)) => return Err(error),
    };
    Ok(Shrinking { came_to, spent: shrinker.bench.spent })
}

/// The levels of a combination that are not those of the base.
pub fn nudges(base: &Factors, combination: &Factors) -> Vec<Nudge> {
    let is_nudge = |(factor, level): &(&String, &String)| base.get(*factor) != Some(level);
    let nudge = |(factor, level): (&String, &String)| Nudge { factor: factor.clone(), level: level.clone() };
    combination.iter().filter(is_nudge).map(nudge).collect()
}

/// The base with these nudges.
pub fn with(base: &Factors, nudges: &[Nudge]) -> Factors {
    let mut combination = base.clone();
    combination.extend(nudges.iter().map(|nudge| (nudge.factor.clone(), nudge.level.clone())));
    combination
}

struct Shrinker<'s, 'p, E> {
    bench: Bench<'p, E>,
    base: &'s Factors,
    question: &'s Question,
    /// The fewest nudges that were found to tip.
    fewest: Vec<Nudge>,
}

impl<E> Shrinker<'_, '_, E> {
    fn with(&self, nudges: &[Nudge]) -> Factors {
        with(self.base, nudges)
    }

    /// Whether these nudges tip; what cannot be told does not.
    fn tips(&mut self, nudges: &[Nudge]) -> Result<bool, Stop<E>> {
        let tips = self.bench.tips(&self.with(nudges), self.question)? == Some(true);
        if tips {
            self.fewest = nudges.to_vec();
        }
        Ok(tips)
    }

    fn shrunk(&mut self, nudges: Vec<Nudge>) -> Result<Shrunk, Stop<E>> {
        if !self.tips(&nudges)? {
            return Ok(Shrunk::NotTipping(self.bench.of(&self.with(&nudges))));
        }
        if self.tips(&[])? {
            let tally = self.bench.of(self.base);
            return Ok(Shrunk::Smallest(Vec::new(), vec![Proof { without: None, tally, tips: Some(true) }]));
        }
        let mut fewest = self.debugged(nudges)?;
        loop {
            let proofs = self.proved(&fewest)?;
            match proofs.iter().find(|proof| proof.without.is_some() && proof.tips == Some(true)) {
                Some(Proof { without: Some(needless), .. }) => {
                    fewest.retain(|nudge| nudge != needless);
                    self.fewest.clone_from(&fewest);
                }
                _ if proofs.first().is_some_and(|proof| proof.tips == Some(false)) => {
                    return Ok(Shrunk::NotTipping(self.bench.of(&self.with(&fewest))));
                }
                _ => return Ok(Shrunk::Smallest(fewest, proofs)),
            }
        }
    }

    /// Delta debugging: no single nudge of what is left can be spared, as far as its trials tell.
    fn debugged(&mut self, mut nudges: Vec<Nudge>) -> Result<Vec<Nudge>, Stop<E>> {
        let mut parts = 2_usize;
        while nudges.len() > 1 {
            let size = nudges.len().div_ceil(parts).max(1);
            let chunks: Vec<Vec<Nudge>> = nudges.chunks(size).map(<[Nudge]>::to_vec).collect();
            let without = |chunk: &Vec<Nudge>| -> Vec<Nudge> {
                nudges.iter().filter(|nudge| !chunk.contains(nudge)).cloned().collect()
            };
            let rests: Vec<Vec<Nudge>> = chunks.iter().map(without).collect();
            if let Some(part) = self.first_that_tips(&chunks)? {
                (nudges, parts) = (part, 2);
            } else if let Some(rest) = self.first_that_tips(&rests)? {
                (nudges, parts) = (rest, parts.saturating_sub(1).max(2));
            } else if parts < nudges.len() {
                parts = parts.saturating_mul(2).min(nudges.len());
            } else {
                break;
            }
        }
        Ok(nudges)
    }

    fn first_that_tips(&mut self, candidates: &[Vec<Nudge>]) -> Result<Option<Vec<Nudge>>, Stop<E>> {
        for candidate in candidates {
            if self.tips(candidate)? {
                return Ok(Some(candidate.clone()));
            }
        }
        Ok(None)
    }

    /// With fresh trials: what is left tips, and does not with any one nudge less.
    fn proved(&mut self, nudges: &[Nudge]) -> Result<Vec<Proof>, Stop<E>> {
        let question = self.question.among(nudges.len());
        let mut proofs = Vec::new();
        for without in std::iter::once(None).chain(nudges.iter().map(Some)) {
            let rest: Vec<Nudge> = nudges.iter().filter(|nudge| Some(*nudge) != without).cloned().collect();
            let tally = self.bench.tips_afresh(&self.with(&rest), &question)?;
            proofs.push(Proof { without: without.cloned(), tally, tips: question.answer(tally) });
        }
        Ok(proofs)
    }
}
