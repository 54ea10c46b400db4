//! CloudFormation-like stacks.
//!
//! A stack is a template, its parameters and the members made from it. What a caller asks is checked in
//! `stack_requests`, done step by step on the agenda in `stack_operations` through `stack_resources`, and read back
//! through `stack_describe`. Members belong to their services; a stack only remembers what it asked them for, which
//! is why it can be wrong about them (drift).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::stack_changes::ChangeSet;
use super::stack_operations::{self, Work};
use super::stack_template::{Policy, Template, invalid};
use super::stack_types::ResourceType;
use super::{stack_changes, stack_describe, stack_drift, stack_requests, stack_stage, stack_wait};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::chance::Chance;
use crate::clock::Time;
use crate::resource::{Environment, Uid};
use crate::stage::Problem;

type Doing = fn(&mut World, &Call) -> Answer;

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[
    Operation::write("CreateStack", "cloudformation:CreateStack"),
    Operation::write("UpdateStack", "cloudformation:UpdateStack"),
    Operation::write("DeleteStack", "cloudformation:DeleteStack"),
    Operation::write("ContinueUpdateRollback", "cloudformation:ContinueUpdateRollback"),
    Operation::write("RollbackStack", "cloudformation:RollbackStack"),
    Operation::write("CancelUpdateStack", "cloudformation:CancelUpdateStack"),
    Operation::write("CreateChangeSet", "cloudformation:CreateChangeSet"),
    Operation::write("ExecuteChangeSet", "cloudformation:ExecuteChangeSet"),
    Operation::write("DeleteChangeSet", "cloudformation:DeleteChangeSet"),
    Operation::write("UpdateTerminationProtection", "cloudformation:UpdateTerminationProtection"),
    Operation::write("SetStackPolicy", "cloudformation:SetStackPolicy"),
    Operation::read("DescribeChangeSet", "cloudformation:DescribeChangeSet"),
    Operation::read("ListChangeSets", "cloudformation:ListChangeSets"),
    Operation::read("DescribeStacks", "cloudformation:DescribeStacks"),
    Operation::read("ListStacks", "cloudformation:ListStacks"),
    Operation::read("DescribeStackEvents", "cloudformation:DescribeStackEvents"),
    Operation::read("DescribeStackResources", "cloudformation:DescribeStackResources"),
    Operation::read("DescribeStackResource", "cloudformation:DescribeStackResource"),
    Operation::read("ListStackResources", "cloudformation:ListStackResources"),
    Operation::read("GetTemplate", "cloudformation:GetTemplate"),
    Operation::read("GetTemplateSummary", "cloudformation:GetTemplateSummary"),
    Operation::read("ValidateTemplate", "cloudformation:ValidateTemplate"),
    Operation::read("DetectStackDrift", "cloudformation:DetectStackDrift"),
    Operation::read("DescribeStackDriftDetectionStatus", "cloudformation:DescribeStackDriftDetectionStatus"),
    Operation::read("DescribeStackResourceDrifts", "cloudformation:DescribeStackResourceDrifts"),
    Operation::read("GetStackPolicy", "cloudformation:GetStackPolicy"),
    Operation::read("ListExports", "cloudformation:ListExports"),
    // It changes nothing; it only lets time pass.
    Operation::read("Wait", "cloudformation:DescribeStacks"),
];

const DOINGS: &[(&str, Doing)] = &[
    ("CreateStack", stack_requests::create),
    ("UpdateStack", stack_requests::update),
    ("DeleteStack", stack_requests::delete),
    ("ContinueUpdateRollback", stack_requests::continue_rollback),
    ("RollbackStack", stack_requests::roll_back),
    ("CancelUpdateStack", stack_requests::cancel_update),
    ("UpdateTerminationProtection", stack_requests::protect),
    ("SetStackPolicy", stack_requests::set_policy),
    ("CreateChangeSet", stack_changes::create),
    ("ExecuteChangeSet", stack_changes::execute),
    ("DeleteChangeSet", stack_changes::delete),
    ("DescribeChangeSet", stack_changes::describe),
    ("ListChangeSets", stack_changes::list),
    ("DescribeStacks", stack_describe::stacks),
    ("ListStacks", stack_describe::list),
    ("DescribeStackEvents", stack_describe::events),
    ("DescribeStackResources", stack_describe::resources),
    ("DescribeStackResource", stack_describe::resource),
    ("ListStackResources", stack_describe::list_resources),
    ("GetTemplate", stack_describe::template),
    ("GetTemplateSummary", stack_describe::template_summary),
    ("ValidateTemplate", stack_describe::validate),
    ("GetStackPolicy", stack_describe::policy),
    ("ListExports", stack_describe::exports),
    ("DetectStackDrift", stack_drift::detect),
    ("DescribeStackDriftDetectionStatus", stack_drift::detection),
    ("DescribeStackResourceDrifts", stack_drift::drifts),
    ("Wait", stack_wait::wait),
];

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Every stack there ever was, in order of creation; a deleted one stays, as `list-stacks` shows it.
    pub(super) stacks: Vec<Stack>,
}

/// A stack's place in [`State::stacks`], which never changes.
pub(crate) type Key = usize;

/// A stack.
#[derive(Clone, Debug)]
pub(super) struct Stack {
    pub name: String,
    /// Its ARN.
    pub id: String,
    pub uid: Option<Uid>,
    pub environment: Environment,
    pub status: &'static str,
    pub reason: String,
    pub created: Time,
    pub updated: Option<Time>,
    pub deleted: Option<Time>,
    pub shape: Shape,
    pub capabilities: Vec<String>,
    pub termination_protection: bool,
    /// What becomes of a creation or an update that fails.
    pub on_failure: OnFailure,
    /// The stack policy.
    pub policy: Option<Arc<Value>>,
    /// One that counts for the update under way alone.
    pub policy_during_update: Option<Arc<Value>>,
    /// A rule of the account: what holds records is kept, whatever a template says.
    pub retains: bool,
    pub members: BTreeMap<String, Member>,
    /// What the stack was before the update that is under way, failed or stuck in its rollback.
    pub before: Option<Arc<Before>>,
    /// Physical resources that it let go of and will delete in the cleanup.
    pub leaving: Vec<Member>,
    pub events: Vec<Arc<Event>>,
    pub change_sets: BTreeMap<String, ChangeSet>,
    pub work: Option<Work>,
    /// Counts works, so that what comes due of an abandoned one is told apart.
    pub works: u32,
}

/// What a caller states about a stack: template, parameters, tags.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub template: Arc<Template>,
    pub parameters: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
}

/// A stack as it was before an update.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub shape: Shape,
    pub members: BTreeMap<String, Member>,
}

/// What becomes of a creation or an update that fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum OnFailure {
    #[default]
    Rollback,
    Nothing,
    Delete,
}

/// A resource of a stack, as the stack last asked its service for it.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub logical: String,
    pub kind: &'static ResourceType,
    /// Empty until it is made.
    pub physical: String,
    /// Of a kind that no other service keeps.
    pub own: Option<Uid>,
    pub status: &'static str,
    pub reason: String,
    pub updated: Time,
    pub properties: Arc<Value>,
    pub metadata: Arc<Value>,
    pub needs: BTreeSet<String>,
    pub on_delete: Policy,
    pub on_replace: Policy,
}

/// Something that happened to a stack.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub at: Time,
    pub logical: String,
    pub physical: String,
    pub kind: &'static str,
    pub status: &'static str,
    pub reason: String,
    /// Its number in the stack, for its id.
    pub number: usize,
}

/// The kind of a stack itself.
pub(super) const STACK_KIND: &str = "AWS::CloudFormation::Stack";

/// Work that comes due.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// The next steps of a stack's work begin.
    Begin {
        /// Which stack.
        stack: usize,
        /// Which of its works.
        work: u32,
    },
    /// A step of a stack's work is done, or has to be tried again.
    Step {
        /// Which stack.
        stack: usize,
        /// Which of its works.
        work: u32,
        /// The logical id.
        logical: String,
    },
}

pub(crate) fn due(world: &mut World, due: Due) {
    match due {
        Due::Begin { stack, work } => stack_operations::begin(world, stack, work),
        Due::Step { stack, work, logical } => stack_operations::step_due(world, stack, work, &logical),
    }
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    stack_stage::set_up(world)
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    let doing = DOINGS.iter().find(|(name, _)| *name == call.operation).map(|(_, doing)| *doing);
    let doing = doing.ok_or_else(|| Refusal::new("InvalidAction", call.operation.clone()))?;
    doing(world, call)
}

/// A stack's status, if it stands.
pub fn status<'w>(world: &'w World, name: &str) -> Option<&'w str> {
    find(world, name).and_then(|key| get(world, key)).map(|stack| stack.status)
}

/// The stack of that name that stands, or the one of that ARN, standing or not.
pub(super) fn find(world: &World, name: &str) -> Option<Key> {
    let mut stacks = world.stacks.stacks.iter().enumerate().rev();
    let found = stacks.find(|(_, s)| s.id == name || (s.name == name && s.deleted.is_none()));
    found.map(|(key, _)| key)
}

/// Every stack there ever was.
pub(super) fn keys(world: &World) -> std::ops::Range<Key> {
    0..world.stacks.stacks.len()
}

pub(super) fn get(world: &World, key: Key) -> Option<&Stack> {
    world.stacks.stacks.get(key)
}

pub(super) fn get_mut(world: &mut World, key: Key) -> Option<&mut Stack> {
    world.stacks.stacks.get_mut(key)
}

/// The stack that a call names.
///
/// # Errors
/// `ValidationError` if there is none.
pub(super) fn named(world: &World, call: &Call) -> Result<Key, Refusal> {
    let name = name_in(call);
    find(world, name).ok_or_else(|| invalid(format!("Stack with id {name} does not exist")))
}

/// The stack's name as the call has it.
pub(super) fn name_in(call: &Call) -> &str {
    call.text("StackName").unwrap_or(&call.target)
}

/// A made-up id in the shape of the real ones, the same in every run of the same seed.
pub(super) fn uuid(seed: u64, name: &str) -> String {
    crate::dashed(&Chance::stream(seed, name).hex(32))
}

impl Stack {
    /// True while an operation is under way.
    pub fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && self.status != "REVIEW_IN_PROGRESS"
    }

    /// Changes the stack's own status and tells it in an event.
    pub fn turn(&mut self, now: Time, status: &'static str, reason: &str) {
        self.status = status;
        self.reason = reason.to_owned();
        let (logical, physical) = (self.name.clone(), self.id.clone());
        self.tell(Event {
            at: now,
            logical,
            physical,
            kind: STACK_KIND,
            status,
            reason: reason.to_owned(),
            number: 0,
        });
    }

    /// Changes a member's status and tells it in an event.
    pub fn turn_member(&mut self, now: Time, logical: &str, status: &'static str, reason: &str) {
        let Some(member) = self.members.get_mut(logical) else { return };
        member.turn(now, status, reason);
        let event = member.event();
        self.tell(event);
    }

    pub fn tell(&mut self, event: Event) {
        let number = self.events.len();
        self.events.push(Arc::new(Event { number, ..event }));
    }
}

impl Member {
    pub fn turn(&mut self, now: Time, status: &'static str, reason: &str) {
        self.status = status;
        self.reason = reason.to_owned();
        self.updated = now;
    }

    /// Its present status as an event.
    pub fn event(&self) -> Event {
        Event {
            at: self.updated,
            logical: self.logical.clone(),
            physical: self.physical.clone(),
            kind: self.kind.name,
            status: self.status,
            reason: self.reason.clone(),
            number: 0,
        }
    }

    /// The stack still counts it as its own.
    pub fn is_held(&self) -> bool {
        !self.physical.is_empty() && !matches!(self.status, "DELETE_COMPLETE" | "DELETE_SKIPPED")
    }
}
