//! Protections of stacks that were set before a trial began.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::stack_policy;
use super::stack_requests::set_protection;
use super::stack_resources::guard;
use super::stack_template::Policy;
use super::stacks::{self, Before, Key, Member};
use crate::World;
use crate::resource::Environment;

/// What an update may not do to whatever holds records.
const POLICY: &str = r#"{"Statement": [
  {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
  {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": "*",
   "Condition": {"StringEquals": {"ResourceType": ["AWS::RDS::DBInstance", "AWS::S3::Bucket"]}}}]}"#;

fn standing(world: &World, environment: Environment) -> Vec<Key> {
    let is_here = |stack: &stacks::Stack| stack.environment == environment && stack.deleted.is_none();
    stacks::keys(world).filter(|key| stacks::get(world, *key).is_some_and(is_here)).collect()
}

/// Termination protection for every stack there; those that had none.
pub(crate) fn protect_all(world: &mut World, environment: Environment) -> Vec<Key> {
    let bare = |key: &Key| stacks::get(world, *key).is_some_and(|stack| !stack.termination_protection);
    let found: Vec<Key> = standing(world, environment).into_iter().filter(bare).collect();
    found.iter().for_each(|key| set_protection(world, *key, true));
    found
}

/// A stack that keeps what holds records, and how it was before.
#[derive(Clone, Debug)]
pub(crate) struct Retained {
    key: Key,
    /// Of each member: what became of it when the stack let go of it, and when it was replaced.
    members: BTreeMap<String, (Policy, Policy)>,
    policy: Option<Arc<Value>>,
}

/// Lets a stack let go of what it holds as it did before, if it stands.
pub(crate) fn release(world: &mut World, retained: &Retained) {
    let Some(stack) = stacks::get_mut(world, retained.key) else { return };
    let release = |member: &mut Member| {
        if let Some((on_delete, on_replace)) = retained.members.get(&member.logical) {
            (member.on_delete, member.on_replace) = (*on_delete, *on_replace);
        }
    };
    stack.members.values_mut().for_each(release);
    if let Some(before) = &mut stack.before {
        let mut members = before.members.clone();
        members.values_mut().for_each(release);
        *before = Arc::new(Before { shape: before.shape.clone(), members });
    }
    (stack.retains, stack.policy) = (false, retained.policy.clone());
}

/// Every stack there keeps what holds records, and its policy refuses to replace or remove it.
pub(crate) fn retain_all(world: &mut World, environment: Environment) -> Vec<Retained> {
    let mut found = Vec::new();
    let retain = |member: &mut Member| {
        if member.kind.stateful() {
            member.on_delete = Policy::Retain;
            member.on_replace = Policy::Retain;
        }
    };
    for key in standing(world, environment) {
        let Some(stack) = stacks::get_mut(world, key) else { continue };
        let of = |member: &Member| (member.logical.clone(), (member.on_delete, member.on_replace));
        let members = stack.members.values().map(of).collect();
        found.push(Retained { key, members, policy: stack.policy.clone() });
        stack.members.values_mut().for_each(retain);
        if let Some(before) = &mut stack.before {
            let mut members = before.members.clone();
            members.values_mut().for_each(retain);
            *before = Arc::new(Before { shape: before.shape.clone(), members });
        }
        stack.retains = true;
        stack.policy = stack_policy::parse(POLICY).ok().map(Arc::new);
        let members: Vec<Member> = stack.members.values().cloned().collect();
        for member in &members {
            guard(world, member);
        }
    }
    found
}
