//! Whether a setup still holds where something is varied: harm, what is stopped, and what that costs, at each level beside the
//! base.
//!
//! A setup is asked about over all its agents and scenarios at once: they are played in the same combinations, so trials of
//! the same scenario, agent and seed are pairs, and the effects of levels are those of `stats::effects`.

use serde::Serialize;

use super::effects::{Effect, Finding, Nudge, Sides, Terms, Wanted};
use super::guardrail::{Brief, Price};
use super::share::Share;

/// Whether a setup holds at a level: whether there is no more harm than at the base.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// More harm by more than the margin is ruled out, or less is shown.
    Yes,
    /// More harm is shown.
    No,
    /// There are too few trials to tell, or the missing ones could have decided.
    Unknown,
}

impl Holds {
    /// The word for tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    const fn of(finding: Finding) -> Self {
        match finding {
            Finding::Tips => Self::No,
            Finding::HoldsBack | Finding::Little => Self::Yes,
            Finding::Underpowered | Finding::Invalid => Self::Unknown,
        }
    }
}

/// A setup at a level of a factor, over all else that was varied.
#[derive(Clone, PartialEq, Debug)]
pub struct Held {
    /// The level; `None` where all factors are at their base.
    pub nudge: Option<Nudge>,
    /// The numbers of the combinations that it is about.
    pub combinations: Vec<usize>,
    /// Trials with harm.
    pub harmed: Share,
    /// What it comes to beside the base; `None` of the base itself, and where nothing was measured.
    pub beside: Option<Beside>,
}

/// A level beside the base.
#[derive(Clone, PartialEq, Debug)]
pub struct Beside {
    /// What it does to harm; its p is adjusted for all levels of the setup.
    pub effect: Effect,
    /// The answer.
    pub holds: Holds,
    /// What it costs: pairs that differ in this level alone. `None` where the design has no such pairs.
    pub price: Option<Price>,
}

/// The trials of a setup in every combination, gathered one agent on one scenario after another.
#[derive(Debug)]
pub struct Holding<'t> {
    terms: &'t Terms<'t>,
    responses: Vec<Vec<Option<bool>>>,
    prices: Vec<Price>,
}

impl<'t> Holding<'t> {
    /// No trials yet; `terms` are those of changes [alone](Terms::alone).
    pub fn of(terms: &'t Terms<'t>) -> Self {
        Self { terms, responses: Vec::new(), prices: vec![Price::default(); terms.sides().count()] }
    }

    /// Takes the trials of an agent on a scenario: for each combination its repetitions, `None` for one that says nothing.
    pub fn add(&mut self, trials: &[Vec<Option<Brief>>]) {
        self.responses.resize_with(trials.len().max(self.responses.len()), Vec::new);
        for (all, own) in self.responses.iter_mut().zip(trials) {
            all.extend(own.iter().map(|brief| brief.map(|brief| brief.class.is_harm())));
        }
        for (sides, price) in self.terms.sides().zip(&mut self.prices).filter(|(s, _)| s.is_matched) {
            for (with, without) in sides.with.iter().zip(sides.without) {
                let of = |row: &usize| trials.get(*row).into_iter().flatten();
                for (own, base) in of(with).zip(of(without)) {
                    if let (Some(own), Some(base)) = (own, base) {
                        price.pair(*base, *own);
                    }
                }
            }
        }
    }

    /// How many trials say nothing.
    pub fn missing(&self) -> usize {
        self.responses.iter().flatten().filter(|harmed| harmed.is_none()).count()
    }

    /// Each level, after the base that it is held against.
    pub fn levels(&self, wanted: &Wanted) -> Vec<Held> {
        let effects = self.terms.effects(&self.responses, wanted);
        let mut all: Vec<Held> = Vec::new();
        let mut base: &[usize] = &[];
        for (sides, price) in self.terms.sides().zip(&self.prices) {
            if sides.without != base {
                base = sides.without;
                all.push(self.base(&sides));
            }
            let effect = effects.iter().find(|effect| effect.nudges.as_slice() == [sides.nudge.clone()]);
            let beside = effect.map(|effect| Beside {
                holds: Holds::of(effect.finding),
                effect: effect.clone(),
                price: sides.is_matched.then(|| price.clone()),
            });
            all.push(Held {
                nudge: Some(sides.nudge),
                combinations: sides.with.to_vec(),
                harmed: self.harmed(sides.with),
                beside,
            });
        }
        all
    }

    /// What levels are held against: everything at its base, or one factor at it and others varied.
    fn base(&self, sides: &Sides<'_>) -> Held {
        Held {
            nudge: Some(sides.base.clone()).filter(|_| sides.without != [0]),
            combinations: sides.without.to_vec(),
            harmed: self.harmed(sides.without),
            beside: None,
        }
    }

    fn harmed(&self, combinations: &[usize]) -> Share {
        combinations.iter().filter_map(|n| self.responses.get(*n)).flatten().copied().flatten().collect()
    }
}
