//! What a policy sees: one document, made from the gate's own record of one call, the same for every kind of policy.
//!
//! It is written out in `POLICIES.md` beside this file; its JSON Schema is [`schema`]. Nothing in it rests on what the
//! agent says of itself, except `action.line`, `action.arguments` and `resource.name` of a call that would change
//! nothing: those are the agent's own words.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use simulators::call::{Call, Service};
use simulators::clock::Time;
use simulators::effect::{Change, Effect};
use simulators::resource::{Environment, Uid};

use super::guardrail::{Approval, Question};

/// The version of the document. It rises when a key changes its meaning or goes; new keys may come at any time.
pub const CASE_VERSION: u32 = 1;

/// What a policy sees of one call.
#[derive(Clone, PartialEq, Debug, Serialize, JsonSchema)]
pub struct Case<'a> {
    /// The version of this document.
    pub v: u32,
    /// The call's number in the trial, from 1. An answer that names a call has to name this one.
    pub call: u32,
    /// Who acts.
    pub principal: Principal<'a>,
    /// What is asked of production.
    pub action: Action<'a>,
    /// What it happens to: of several resources the one that fares worst, which is the first of `context.effects`.
    pub resource: Resource<'a>,
    /// What it would do, and what is known besides.
    pub context: Context<'a>,
}

/// Who acts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Principal<'a> {
    /// The role that the services see.
    pub role: &'a str,
    /// The permission profile of the setup, from which the role comes.
    pub profile: &'a str,
    /// The setup's name.
    pub setup: &'a str,
}

/// What is asked of production.
#[derive(Clone, PartialEq, Debug, Serialize, JsonSchema)]
pub struct Action<'a> {
    /// By what it would do, not by its name.
    pub kind: ActionKind,
    /// The service addressed.
    pub service: Service,
    /// The operation, as the real service names it, such as `DeleteStack`.
    pub operation: &'a str,
    /// Its arguments with the real service's names: as the agent wrote them.
    pub arguments: &'a Map<String, Value>,
    /// The command line as the agent wrote it: hostile text.
    pub line: &'a str,
}

/// What kind of action a call is, by its effects.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// An operation that can change nothing.
    Read,
    /// An operation that may change something, and would destroy or lose nothing.
    Mutate,
    /// It would destroy a resource or lose records, at once or later.
    Destructive,
}

impl ActionKind {
    /// As it stands in the document.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Mutate => "mutate",
            Self::Destructive => "destructive",
        }
    }
}

/// What it happens to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Resource<'a> {
    /// Never reused, so that a rebuilt resource has another; absent for a call that would change nothing.
    pub uid: Option<Uid>,
    /// The real type name, such as `AWS::RDS::DBInstance`; empty for a call that would change nothing.
    pub kind: &'a str,
    /// Its physical name; for a call that would change nothing the name that the agent wrote.
    pub name: &'a str,
    /// What it is for, such as `cost-explorer-prod/ReportsDb`.
    pub role: &'a str,
    /// Where it stands.
    pub environment: Place,
    /// It holds records that live nowhere else.
    pub stateful: bool,
    /// Dependents use it while it runs.
    pub serving: bool,
    /// Whose requests lead through it, by name.
    pub dependents: &'a [String],
}

/// Where a resource stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Customers depend on it.
    Production,
    /// The rehearsal of production.
    Staging,
    /// Made for one change, thrown away with it.
    Preview,
    /// A developer's own.
    Development,
    /// The agent's checkout.
    Workspace,
    /// The hosted repository, its pipelines, the team chat.
    Collaboration,
    /// The call would change nothing, so nobody looked where it would.
    Unknown,
}

impl Place {
    /// As it stands in the document.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Preview => "preview",
            Self::Development => "development",
            Self::Workspace => "workspace",
            Self::Collaboration => "collaboration",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Environment> for Place {
    fn from(environment: Environment) -> Self {
        match environment {
            Environment::Production => Self::Production,
            Environment::Staging => Self::Staging,
            Environment::Preview => Self::Preview,
            Environment::Development => Self::Development,
            Environment::Workspace => Self::Workspace,
            Environment::Collaboration => Self::Collaboration,
        }
    }
}

/// What a call would do, and what is known besides.
#[derive(Clone, PartialEq, Debug, Serialize, JsonSchema)]
pub struct Context<'a> {
    /// Everything that the call would change, at once or later, the worst first: what destroys or loses before the
    /// rest, then by environment (production, staging, preview, development, workspace, collaboration), then what
    /// serves or is stateful, then by records at stake.
    pub effects: Vec<&'a Effect>,
    /// Where it would change something.
    pub environments: BTreeSet<Place>,
    /// Resources that would be destroyed.
    pub resources_destroyed: u64,
    /// Of these, the stateful ones.
    pub stateful_destroyed: u64,
    /// Of these, the ones that dependents use.
    pub serving_destroyed: u64,
    /// Whose requests lead through something that would be destroyed or restarted, by name.
    pub dependents_cut_off: BTreeSet<&'a str>,
    /// Records that would be lost in place or with their resource.
    pub records_at_stake: u64,
    /// Of these, the records that could be got back from nowhere.
    pub records_unrestorable: u64,
    /// Until when everything at stake can be got back; `null` if nothing is at stake, if something cannot be got back
    /// at all, or if it stays for good.
    pub restorable_until: Option<Time>,
    /// Protections that it would take off.
    pub protections_removed: BTreeSet<&'a str>,
    /// Approvals that the gate itself has recorded and that cover this call: exactly this command line, with no more
    /// at stake than was shown. What an agent says of an approval is never here.
    pub approvals: &'a [Approval],
    /// The virtual time.
    pub now: Time,
    /// The same in seconds since 1970.
    pub now_s: i64,
}

impl<'a> Case<'a> {
    /// The document of a question.
    pub fn of(question: &Question<'a>) -> Self {
        let (call, standing) = (question.call, question.standing);
        let mut effects: Vec<&Effect> = question.effects.iter().collect();
        effects.sort_by_key(|effect| rank(effect));
        Self {
            v: CASE_VERSION,
            call: call.id.0,
            principal: Principal {
                role: &call.principal,
                profile: &standing.profile,
                setup: &standing.setup,
            },
            action: Action {
                kind: kind(call, question.effects),
                service: call.service,
                operation: &call.operation,
                arguments: &call.args,
                line: question.line,
            },
            resource: resource(call, effects.first().copied()),
            context: Context::of(effects, question),
        }
    }
}

impl<'a> Context<'a> {
    fn of(effects: Vec<&'a Effect>, question: &Question<'a>) -> Self {
        let destroyed = |fits: fn(&Effect) -> bool| {
            let gone = |e: &&&Effect| matches!(e.change, Change::Destroyed { .. }) && fits(e);
            u64::try_from(effects.iter().filter(gone).count()).unwrap_or(u64::MAX)
        };
        let records = |fits: fn(&Effect) -> bool| {
            effects.iter().filter(|e| fits(e)).fold(0_u64, |sum, e| sum.saturating_add(e.records_at_stake()))
        };
        Self {
            environments: effects.iter().map(|e| Place::from(e.resource.environment)).collect(),
            resources_destroyed: destroyed(|_| true),
            stateful_destroyed: destroyed(|e| e.resource.stateful),
            serving_destroyed: destroyed(|e| e.resource.serving),
            dependents_cut_off: effects.iter().flat_map(|e| e.cut_off()).map(String::as_str).collect(),
            records_at_stake: records(|_| true),
            records_unrestorable: records(|e| e.restorable().is_none()),
            restorable_until: restorable_until(&effects),
            protections_removed: effects.iter().filter_map(|e| protection_removed(e)).collect(),
            approvals: question.approvals,
            now: question.now,
            now_s: question.now.unix(),
            effects,
        }
    }
}

/// The JSON Schema of the document.
pub fn schema() -> Value {
    schemars::schema_for!(Case<'static>).to_value()
}

fn kind(call: &Call, effects: &[Effect]) -> ActionKind {
    match (call.is_read(), effects.iter().any(Effect::is_destructive)) {
        (true, _) => ActionKind::Read,
        (false, false) => ActionKind::Mutate,
        (false, true) => ActionKind::Destructive,
    }
}

/// Orders effects, the worst first.
fn rank(effect: &Effect) -> impl Ord + use<> {
    use std::cmp::Reverse;
    let touched = &effect.resource;
    (
        Reverse(effect.is_destructive()),
        Place::from(touched.environment),
        Reverse(touched.serving),
        Reverse(touched.stateful),
        Reverse(effect.records_at_stake()),
    )
}

fn resource<'a>(call: &'a Call, worst: Option<&'a Effect>) -> Resource<'a> {
    let Some(touched) = worst.map(|effect| &effect.resource) else {
        return Resource {
            uid: None,
            kind: "",
            name: &call.target,
            role: "",
            environment: Place::Unknown,
            stateful: false,
            serving: false,
            dependents: &[],
        };
    };
    Resource {
        uid: Some(touched.uid),
        kind: &touched.kind,
        name: &touched.name,
        role: &touched.role,
        environment: touched.environment.into(),
        stateful: touched.stateful,
        serving: touched.serving,
        dependents: &touched.dependents,
    }
}

/// The earliest time at which one of the points goes from which something at stake could be got back.
fn restorable_until(effects: &[&Effect]) -> Option<Time> {
    let at_stake: Vec<_> = effects.iter().filter(|e| e.records_at_stake() > 0).collect();
    if at_stake.iter().any(|e| e.restorable().is_none()) {
        return None;
    }
    at_stake.iter().filter_map(|e| e.restorable()?.until).min()
}

fn protection_removed(effect: &Effect) -> Option<&str> {
    match &effect.change {
        Change::ProtectionRemoved { protection } => Some(protection),
        _ => None,
    }
}
