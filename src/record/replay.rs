//! What came of asking a recorded trial's questions anew, of another setup.
//!
//! A recording is evidence only as far as the agent would have heard the same. So the first other decision ends it: the
//! agent would have gone on otherwise from there, and nobody knows how.

use serde::{Deserialize, Serialize};
use simulators::call::CallId;
use simulators::clock::Time;

use super::Verdict;
use crate::base::text::Untrusted;

/// One recorded trial, replayed through one setup.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Replayed {
    /// The setup that was asked.
    pub setup: String,
    /// Calls and plans that it was asked about.
    pub asked: u32,
    /// Where it first decides otherwise than was decided. The recording is evidence up to this, and not after it.
    pub first: Option<Difference>,
    /// What it denies first, within that evidence, whether that had been denied or not.
    pub denies: Option<Difference>,
    /// Where the decision is the same and the agent would all the same have met something else: the first of each kind,
    /// in order. What comes after is weaker evidence.
    pub weaker: Vec<Weaker>,
    /// From where on it cannot be said what the setup decides.
    pub undecidable: Option<Undecidable>,
}

/// Where in a trial.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Place {
    /// A call, or a plan put up for review.
    pub what: Asked,
    /// The call; for a plan, the last call before it.
    pub call: CallId,
    /// The recorded virtual time.
    pub at: Time,
    /// The command line; for a plan, its summary.
    pub line: Untrusted,
}

/// What a setup is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// A call.
    Call,
    /// A plan put up for review.
    Plan,
}

/// What was decided, and what the setup decides.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Difference {
    /// On what.
    pub place: Place,
    /// As recorded.
    pub was: Verdict,
    /// By the setup that was asked.
    pub now: Verdict,
}

impl Difference {
    /// It was let through, and is denied.
    pub fn stops(&self) -> bool {
        self.was.allows() && !self.now.allows()
    }
}

/// The same decision, and yet not the same for the agent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Weaker {
    /// On what.
    pub place: Place,
    /// In which way.
    pub way: Way,
    /// By how many virtual seconds the clock is ahead of the recorded one after it; below 0: behind.
    pub shifted_s: i64,
}

/// In which way the same decision is not the same for the agent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The answer comes earlier or later: the clock of everything after it is another.
    Waiting,
    /// The agent hears the same decision in other words.
    Words,
    /// The agent acts in another role, and an answer names it.
    Role,
}

impl Way {
    /// The word for tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Words => "words",
            Self::Role => "role",
        }
    }
}

/// From where on it cannot be said what a setup decides.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Undecidable {
    /// The first thing that cannot be decided; `None`: nothing can.
    pub from: Option<Place>,
    /// Why.
    pub why: Why,
}

/// Why something cannot be decided from a recording.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The scenario's stage is no longer the one that was played, so its roles are not known.
    StageChanged,
    /// The setup changes the stage or the brief otherwise than the recorded one did: the world or the agent would have
    /// been another from the beginning.
    OtherBeginning,
    /// The plan does not have the recorded setup, so it is not known whether that had changed the stage or the brief.
    RecordedSetupUnknown,
    /// The trial changed the role that the agent would have acted in.
    RoleChanged,
    /// The call succeeds or fails by what the role may do beyond the call itself, and the roles differ in that.
    RoleWithin,
    /// The record does not say what each command of the plan asks, and which effects are its own.
    PlanNotApart,
}

impl Why {
    /// A sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::StageChanged => "the scenario's stage is no longer the one that was played",
            Self::OtherBeginning => {
                "the setup changes what the trial begins with, and not only what is decided"
            }
            Self::RecordedSetupUnknown => {
                "the plan does not say whether the recorded setup changed what the trial began with"
            }
            Self::RoleChanged => "the trial changed the role that the agent would have acted in",
            Self::RoleWithin => "the call needs a right beyond the call itself, and the roles differ in it",
            Self::PlanNotApart => {
                "the record does not say what each command of a plan asks and which effects are its own"
            }
        }
    }
}

/// Whether a setup would have stopped what a trial did.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Stop<'r> {
    /// Here it denies what had been let through.
    At(&'r Difference),
    /// It lets through whatever had been let through.
    Never,
    /// It first lets through something that had been denied: the agent would have gone on otherwise.
    WentOtherwise(&'r Difference),
    /// That cannot be said from the recording.
    Unknown(&'r Undecidable),
}

impl Replayed {
    /// Whether, and where first, the setup would have stopped the trial.
    pub fn stop(&self) -> Stop<'_> {
        match (&self.first, &self.undecidable) {
            (Some(first), _) if first.stops() => Stop::At(first),
            (Some(first), _) => Stop::WentOtherwise(first),
            (None, Some(undecidable)) => Stop::Unknown(undecidable),
            (None, None) => Stop::Never,
        }
    }
}
