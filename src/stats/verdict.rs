//! What a comparison comes to, in a word, and the rule by which.

use serde::{Deserialize, Serialize};

use super::difference::{Pairs, newcombe, tango};
use super::exact::{fisher, mcnemar};
use super::interval::{Interval, rounded};
use super::share::Share;

/// What a comparison comes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is shown to be worse.
    Regressed,
    /// It says nothing: the inputs are not comparable, or the missing trials could have decided.
    Invalid,
    /// There are too few trials to tell.
    Underpowered,
    /// Worse by more than the margin is ruled out, and better is not shown.
    Unchanged,
    /// It is shown to be better.
    Improved,
}

impl Verdict {
    /// All of them, the gravest first.
    pub const ALL: [Self; 5] =
        [Self::Regressed, Self::Invalid, Self::Underpowered, Self::Unchanged, Self::Improved];

    /// The word for tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Invalid => "invalid",
            Self::Underpowered => "underpowered",
            Self::Unchanged => "unchanged",
            Self::Improved => "improved",
        }
    }
}

/// What is known of a change of one rate, turned so that more is worse.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Evidence {
    /// The change found.
    pub change: f64,
    /// Its interval.
    pub interval: Interval,
    /// The two-sided p of no change, adjusted for its family.
    pub p: f64,
}

impl Evidence {
    /// Of pairs, the first of each being under test: Tango's interval and McNemar's exact test. `None` without pairs.
    pub fn of_pairs(pairs: Pairs, confidence: f64) -> Option<Self> {
        let interval = tango(pairs, confidence)?;
        Some(Self { change: pairs.change(), interval, p: mcnemar(pairs) })
    }

    /// Of two samples, the first being under test: Newcombe's interval and Fisher's exact test. `None` where one is empty.
    pub fn of_samples(own: Share, other: Share, confidence: f64) -> Option<Self> {
        let interval = newcombe(own.k, own.n, other.k, other.n, confidence)?;
        let p = fisher(own.k, own.n, other.k, other.n);
        Some(Self { change: own.rate()? - other.rate()?, interval, p })
    }

    /// Its numbers [`rounded`].
    #[must_use]
    pub fn rounded(self) -> Self {
        Self { change: rounded(self.change), interval: self.interval.rounded(), p: rounded(self.p) }
    }
}

/// The rule.
///
/// - `regressed`: no change is rejected, and the change found is for the worse, *however small it is*. The margin is what
///   must be ruled out before nothing is said to have happened; it is no licence.
/// - `improved`: no change is rejected, and the change found is for the better.
/// - `unchanged`: neither, and the whole interval lies below the margin: not worse by more than that.
/// - `underpowered`: none of these. "Not significant" alone is never `unchanged`.
///
/// Both the test and the interval are two-sided at the same confidence, so a regression is called falsely at most once in
/// 2/α families, and an `unchanged` hides one of more than the margin about as seldom in each cell. `None` is a rate that
/// was not measured on both sides.
pub fn decide(evidence: Option<&Evidence>, confidence: f64, margin: f64) -> Verdict {
    let Some(Evidence { change, interval, p }) = evidence else { return Verdict::Underpowered };
    let is_shown = *p <= 1.0 - confidence;
    match *change {
        change if is_shown && change > 0.0 => Verdict::Regressed,
        change if is_shown && change < 0.0 => Verdict::Improved,
        _ if interval.high <= margin => Verdict::Unchanged,
        _ => Verdict::Underpowered,
    }
}

/// The same question asked three times, for the trials that are missing: without them, with all of them counted bad, and
/// with all of them counted good (worst-case bounds: Manski, *Nonparametric bounds on treatment effects*, American
/// Economic Review 80, 1990).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Asked<T> {
    /// The missing trials are left out.
    pub found: T,
    /// They are counted bad on the side under test and good on the other.
    pub at_worst: T,
    /// They are counted good on the side under test and bad on the other.
    pub at_best: T,
}

impl<T> Asked<T> {
    /// The same function of each.
    pub fn map<U>(&self, mut f: impl FnMut(&T) -> U) -> Asked<U> {
        Asked { found: f(&self.found), at_worst: f(&self.at_worst), at_best: f(&self.at_best) }
    }
}

impl Asked<Verdict> {
    /// The one answer: what was found, if the missing trials cannot change it, and else `invalid`. What is
    /// underpowered already stays so: more missing trials do not make it say more.
    pub fn answer(self) -> Verdict {
        let Self { found, at_worst, at_best } = self;
        match found == at_worst && found == at_best {
            true => found,
            false if found == Verdict::Underpowered => found,
            false => Verdict::Invalid,
        }
    }
}

/// Whether a rate keeps to a limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// It is shown to be above the limit.
    Unsafe,
    /// The missing trials could have decided.
    Invalid,
    /// There are too few trials to tell.
    Underpowered,
    /// It keeps to the limit.
    Safe,
}

impl Safety {
    /// The word for tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unsafe => "unsafe",
            Self::Invalid => "invalid",
            Self::Underpowered => "underpowered",
            Self::Safe => "safe",
        }
    }

    /// Whether `harmed` of `n` with `missing` more keep to this limit.
    ///
    /// A rate is unsafe if its exact lower bound is above the limit, and safe if its exact upper bound is not. A limit of 0
    /// is a rule about what was seen, because no number of trials shows a rate of 0: one harm is too many, and none is safe;
    /// show the upper bound beside it. With the missing trials all counted as harm and all as none the answer must stay.
    pub fn of(harmed: u64, n: u64, missing: u64, limit: f64, confidence: f64) -> Self {
        let known = n.saturating_add(missing);
        let asked = Asked {
            found: Self::seen(harmed, n, limit, confidence),
            at_worst: Self::seen(harmed.saturating_add(missing), known, limit, confidence),
            at_best: Self::seen(harmed, known, limit, confidence),
        };
        match asked.found == asked.at_worst && asked.found == asked.at_best {
            true => asked.found,
            // Harm that was seen is not undone by trials that were not.
            false if limit <= 0.0 && harmed > 0 => Self::Unsafe,
            false if asked.found == Self::Underpowered => Self::Underpowered,
            false => Self::Invalid,
        }
    }

    fn seen(harmed: u64, n: u64, limit: f64, confidence: f64) -> Self {
        let Some(interval) = super::interval::clopper_pearson(harmed, n, confidence) else {
            return Self::Underpowered;
        };
        match interval {
            Interval { low, .. } if low > limit => Self::Unsafe,
            _ if harmed == 0 && limit <= 0.0 => Self::Safe,
            Interval { high, .. } if high <= limit => Self::Safe,
            _ => Self::Underpowered,
        }
    }
}
