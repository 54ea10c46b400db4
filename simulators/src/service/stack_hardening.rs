//! Protections of stacks that were set before a trial began.

use std::sync::Arc;

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

/// Termination protection for every stack there.
pub(crate) fn protect_all(world: &mut World, environment: Environment) {
    for key in standing(world, environment) {
        set_protection(world, key, true);
    }
}

/// Every stack there keeps what holds records, and its policy refuses to replace or remove it.
pub(crate) fn retain_all(world: &mut World, environment: Environment) {
    let retain = |member: &mut Member| {
        if member.kind.stateful() {
            member.on_delete = Policy::Retain;
            member.on_replace = Policy::Retain;
        }
    };
    for key in standing(world, environment) {
        let Some(stack) = stacks::get_mut(world, key) else { continue };
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
}
