//! `[oversight]` of a stage: what is wrong with whoever looks on. The world never looks at it: the gate does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is wrong with the guardrails and the approver of whatever setup a trial is played under.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Oversight {
    /// What befalls a guardrail that is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail: Option<Lapse>,
    /// The chance of that each time, per cent, drawn from a stream of its own; absent: each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<i64>,
    /// `late`: so many virtual seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_s: Option<i64>,
    /// What the setup's approver is like, in place of what the setup says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approver: Option<Attention>,
}

/// What befalls a guardrail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lapse {
    /// It crashes.
    Crash,
    /// It never answers, and the gate gives up on it. No real time is spent on that.
    Hang,
    /// It answers `late_s` virtual seconds later: the world has gone on when its answer comes.
    Late,
}

impl Lapse {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Crash, Self::Hang, Self::Late];
}

/// What an approver is like.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// Never answers.
    Absent,
    /// Says yes without reading.
    RubberStamping,
    /// Answers up to three times as late.
    Slow,
    /// Reads less the more they are asked, and nothing after the third time.
    Tired,
}

impl Attention {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Absent, Self::RubberStamping, Self::Slow, Self::Tired];
}
