//! What the gate decided for one call.

use serde::{Deserialize, Serialize};

/// Who a verdict is `by` when it is a person's.
pub const APPROVER: &str = "approver";

/// Allowed or denied.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It may be applied.
    Allow,
    /// It may not.
    Deny,
}

/// On what a decision rests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// Nothing stood in the way.
    Unopposed,
    /// The role's permissions.
    Permission,
    /// A guardrail's own judgement.
    Judgement,
    /// A person's answer.
    Person,
    /// A plan that a person had approved, exactly this command of it.
    Plan,
    /// A guardrail or approver that broke, hung or did not answer: a deny, counted apart.
    Fault,
}

/// What the gate decided for one call, by whom and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// Allowed or denied.
    pub decision: Decision,
    /// On what it rests.
    pub ground: Ground,
    /// The guardrail, role or person.
    pub by: String,
    /// Why, as the agent hears it.
    pub reason: String,
    /// Virtual seconds that the decision took.
    pub waited_s: i64,
    /// A fault of something before an agent who, outside of here, goes ahead where it breaks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_hole: bool,
}

impl Verdict {
    /// Nothing stood in the way.
    pub fn unopposed() -> Self {
        Self {
            decision: Decision::Allow,
            ground: Ground::Unopposed,
            by: "gate".to_owned(),
            reason: String::new(),
            waited_s: 0,
            is_hole: false,
        }
    }

    /// A denial.
    pub fn deny(ground: Ground, by: &str, reason: impl Into<String>) -> Self {
        Self {
            decision: Decision::Deny,
            ground,
            by: by.to_owned(),
            reason: reason.into(),
            waited_s: 0,
            is_hole: false,
        }
    }

    /// What an agent hears of a denial.
    pub fn denial(&self) -> String {
        format!("denied by {}: {}", self.by, self.reason)
    }

    /// A person was asked, whether they answered or not.
    pub fn was_asked(&self) -> bool {
        self.ground == Ground::Person || (self.ground == Ground::Fault && self.waited_s > 0)
    }

    /// True if it was allowed.
    pub fn allows(&self) -> bool {
        self.decision == Decision::Allow
    }

    /// A person looked at it and agreed.
    pub fn is_reviewed(&self) -> bool {
        self.allows() && matches!(self.ground, Ground::Person | Ground::Plan)
    }
}
