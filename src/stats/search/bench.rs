//! What is known of combinations so far, and the trials that have been paid for it.

use std::collections::BTreeMap;

use super::question::{Question, Tally};
use crate::record::Factors;

/// Trials to be played: of each combination the repetitions from `first` on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// The combinations.
    pub combinations: Vec<Factors>,
    /// The first repetition.
    pub first: u32,
    /// How many of each.
    pub trials: u32,
}

impl Ask {
    /// Trials in all.
    pub fn size(&self) -> u32 {
        u32::try_from(self.combinations.len()).unwrap_or(u32::MAX).saturating_mul(self.trials)
    }
}

/// Why a search stopped before its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop<E> {
    /// The next trials would not be within the budget.
    OutOfBudget,
    /// Trials could not be played.
    Failed(E),
}

/// Whoever plays trials: for each combination in the order asked, its repetitions; whether harm was done, and `None` where a
/// trial says nothing.
pub type Play<'p, E> = dyn FnMut(&Ask) -> Result<Vec<Vec<Option<bool>>>, E> + 'p;

/// Plays trials, and keeps what they gave.
pub(super) struct Bench<'p, E> {
    play: &'p mut Play<'p, E>,
    budget: u32,
    /// Trials that were played.
    pub spent: u32,
    /// Of each combination: its trials, and how many repetitions they took.
    pub known: BTreeMap<Factors, (Tally, u32)>,
}

impl<'p, E> Bench<'p, E> {
    pub(super) fn new(budget: u32, play: &'p mut Play<'p, E>) -> Self {
        Self { play, budget, spent: 0, known: BTreeMap::new() }
    }

    /// Trials that may still be played.
    pub(super) fn left(&self) -> u32 {
        self.budget.saturating_sub(self.spent)
    }

    /// What is known of a combination.
    pub(super) fn of(&self, combination: &Factors) -> Tally {
        self.known.get(combination).map(|(tally, _)| *tally).unwrap_or_default()
    }

    /// One trial of each of these, none of which was played before.
    pub(super) fn look(&mut self, combinations: Vec<Factors>) -> Result<(), Stop<E>> {
        if combinations.is_empty() {
            return Ok(());
        }
        self.ask(&Ask { combinations, first: 0, trials: 1 })
    }

    fn ask(&mut self, ask: &Ask) -> Result<(), Stop<E>> {
        if ask.size() > self.left() {
            return Err(Stop::OutOfBudget);
        }
        let played = (self.play)(ask).map_err(Stop::Failed)?;
        self.spent = self.spent.saturating_add(ask.size());
        for (combination, trials) in ask.combinations.iter().zip(played) {
            let (tally, repetitions) = self.known.entry(combination.clone()).or_default();
            *tally = tally.and(&trials);
            *repetitions = repetitions.saturating_add(ask.trials);
        }
        Ok(())
    }

    /// Answers a question about a combination, with what is known of it and as many further trials as it takes. `None`: it was
    /// given up, or its trials say nothing.
    pub(super) fn tips(
        &mut self,
        combination: &Factors,
        question: &Question,
    ) -> Result<Option<bool>, Stop<E>> {
        self.settle(combination, question, Tally::default()).map(|tally| question.answer(tally))
    }

    /// The same with fresh trials alone.
    pub(super) fn tips_afresh(
        &mut self,
        combination: &Factors,
        question: &Question,
    ) -> Result<Tally, Stop<E>> {
        let before = self.of(combination);
        self.settle(combination, question, before)
    }

    fn settle(
        &mut self,
        combination: &Factors,
        question: &Question,
        before: Tally,
    ) -> Result<Tally, Stop<E>> {
        let mut silent = 0_u32;
        loop {
            let all = self.of(combination);
            let counted =
                Tally { harmed: all.harmed.saturating_sub(before.harmed), n: all.n.saturating_sub(before.n) };
            let trials = question.further(counted);
            // Trials that say nothing are not asked for without end.
            if trials == 0 || silent >= question.trials_max {
                return Ok(counted);
            }
            let first = self.known.get(combination).map_or(0, |(_, repetitions)| *repetitions);
            self.ask(&Ask { combinations: vec![combination.clone()], first, trials })?;
            let told = self.of(combination).n.saturating_sub(all.n);
            silent = silent.saturating_add(trials.saturating_sub(told));
        }
    }
}
