//! The stacks that stand when a trial begins, with the story of how they got where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::stack_parameters;
use super::stack_plan;
use super::stack_requests::set_protection;
use super::stack_resources::{self, Owner};
use super::stack_shapes::{draft, place};
use super::stack_steps::blank;
use super::stack_template::{Template, order};
use super::stacks::{self, Before, Event, Key, Member, STACK_KIND, Shape};
use crate::World;
use crate::call::Refusal;
use crate::clock::Time;
use crate::stage::{self, Problem};

/// The states of a stack that a stage may set: those in which nothing is under way.
pub(crate) const STACK_STATUSES: &[&str] = &[
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "DELETE_FAILED",
    "REVIEW_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
];

/// Stacks in these states hold nothing: what they had made was removed again, or never made.
const EMPTY_STATUSES: &[&str] = &["CREATE_FAILED", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"];

/// What events may tell of a resource or a stack.
pub(crate) const EVENT_STATUSES: &[&str] = &[
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "CREATE_IN_PROGRESS",
    "DELETE_COMPLETE",
    "DELETE_FAILED",
    "DELETE_IN_PROGRESS",
    "DELETE_SKIPPED",
    "REVIEW_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "ROLLBACK_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
];

fn status(path: String, found: &str, known: &[&'static str], what: &str) -> Result<&'static str, Problem> {
    let real = known.iter().find(|status| **status == found).copied();
    real.ok_or_else(|| Problem {
        path,
        found: found.to_owned(),
        expected: format!("the status of {what}"),
        candidates: known.iter().map(|s| (*s).to_owned()).collect(),
    })
}

pub(super) fn set_up(world: &mut World) -> Result<(), Problem> {
    let stage = world.stage.clone();
    for (number, staged) in stage.stack.iter().enumerate() {
        Setting { at: format!("stack[{number}]"), staged }.set(world)?;
    }
    Ok(())
}

/// One stack of the stage, and its place there.
struct Setting<'s> {
    at: String,
    staged: &'s stage::Stack,
}

impl Setting<'_> {
    fn problem(&self, key: &str, found: &str, expected: impl Into<String>) -> Problem {
        Problem {
            path: format!("{}.{key}", self.at),
            found: found.to_owned(),
            expected: expected.into(),
            candidates: Vec::new(),
        }
    }

    fn refused(&self, refusal: &Refusal) -> Problem {
        let expected = format!("a template that makes this stack; it does not: {}", refusal.message);
        self.problem("template", &self.staged.template, expected)
    }

    fn set(&self, world: &mut World) -> Result<(), Problem> {
        let staged = self.staged;
        let shape = self.shape(world)?;
        let status =
            status(format!("{}.status", self.at), &staged.status, STACK_STATUSES, "a stack at rest")?;
        let capabilities = shape.template.capabilities().map(|(name, _)| name.to_owned());
        let mut draft = draft(world, &staged.name, staged.environment, shape);
        draft.status = status;
        draft.reason.clone_from(&staged.reason);
        draft.created = staged.created;
        draft.updated = staged.updated;
        draft.capabilities = capabilities.into_iter().collect();
        let key = place(world, draft);
        if let Some(stood) =
            stacks::get(world, key).and_then(|s| s.uid).and_then(|uid| world.resource_mut(uid))
        {
            stood.created = staged.created;
        }
        if EMPTY_STATUSES.contains(&status) {
            self.empty(world, key)?;
        } else {
            self.fill(world, key)?;
        }
        self.tell(world, key)?;
        set_protection(world, key, staged.termination_protection);
        Ok(())
    }

    fn shape(&self, world: &World) -> Result<Shape, Problem> {
        let staged = self.staged;
        let path = &staged.template;
        let body = world
            .stage
            .template_text(path)
            .ok_or_else(|| self.problem("template", path, "a template in `repo/`"))?;
        let template = Template::parse(body).map_err(|refusal| self.refused(&refusal))?;
        if let Some(name) = staged.parameters.keys().find(|name| !template.parameters.contains_key(*name)) {
            return Err(Problem {
                candidates: template.parameters.keys().cloned().collect(),
                ..self.problem(&format!("parameters.{name}"), name, "a parameter of the template")
            });
        }
        let parameters = stack_parameters::complete(staged.parameters.clone(), &template)
            .map_err(|refusal| self.problem("parameters", &staged.name, refusal.message))?;
        Ok(Shape { template: Arc::new(template), parameters, tags: staged.tags.clone() })
    }

    /// Every member was removed again after the first creation failed.
    fn empty(&self, world: &mut World, key: Key) -> Result<(), Problem> {
        let at = self.staged.updated.unwrap_or(self.staged.created);
        let Some(stack) = stacks::get_mut(world, key) else { return Ok(()) };
        if stack.status == "REVIEW_IN_PROGRESS" {
            return Ok(());
        }
        let status = if stack.status == "CREATE_FAILED" { "CREATE_FAILED" } else { "DELETE_COMPLETE" };
        let template = stack.shape.template.clone();
        for (logical, declared) in &template.resources {
            let mut member = blank(logical, declared, at);
            member.turn(at, status, "");
            stack.members.insert(logical.clone(), member);
        }
        self.state_resources(world, key)
    }

    /// Binds each member to the resource that the stage has, or makes it.
    fn fill(&self, world: &mut World, key: Key) -> Result<(), Problem> {
        let Some(stack) = stacks::get(world, key) else { return Ok(()) };
        let template = stack.shape.template.clone();
        let active =
            stack_plan::active(world, stack, &stack.shape).map_err(|refusal| self.refused(&refusal))?;
        let absent: BTreeSet<&str> =
            self.staged.resource.iter().filter(|r| !r.exists).map(|r| r.logical.as_str()).collect();
        let needs: BTreeMap<String, BTreeSet<String>> = template
            .resources
            .iter()
            .filter(|(logical, _)| active.contains(*logical))
            .map(|(logical, declared)| {
                (logical.clone(), declared.needs.intersection(&active).cloned().collect())
            })
            .collect();
        for logical in order(needs).unwrap_or_default() {
            let exists = !absent.contains(logical.as_str());
            self.member(world, key, &logical, exists).map_err(|refusal| self.refused(&refusal))?;
        }
        self.state_resources(world, key)?;
        let Some(stack) = stacks::get_mut(world, key) else { return Ok(()) };
        // A stack stuck in a rollback knows what it has to come back to: what its template says.
        if matches!(stack.status, "UPDATE_ROLLBACK_FAILED" | "UPDATE_FAILED") {
            let before = Before { shape: stack.shape.clone(), members: stack.members.clone() };
            stack.before = Some(Arc::new(before));
        }
        Ok(())
    }

    fn member(&self, world: &mut World, key: Key, logical: &str, exists: bool) -> Result<(), Refusal> {
        let at = self.staged.created;
        let Some(stack) = stacks::get(world, key) else { return Ok(()) };
        let owner = Owner::of(stack);
        let Some(declared) = stack.shape.template.resources.get(logical).cloned() else { return Ok(()) };
        let properties = stack_plan::properties(world, stack, &stack.shape, logical, &BTreeSet::new())?;
        let mut member = blank(logical, &declared, at);
        member.physical = stack_resources::explicit_name(declared.kind, &properties)
            .unwrap_or_else(|| stack_resources::made_up_name(world, &owner, logical, declared.kind));
        member.properties = Arc::new(properties);
        member.turn(at, "CREATE_COMPLETE", "");
        if exists && !adopt(world, &owner, &member) {
            stack_resources::make(world, &owner, &mut member, None)?;
            let uid = stack_resources::standing(world, &member);
            if let Some(stood) = uid.and_then(|uid| world.resource_mut(uid)) {
                stood.created = at;
            }
        }
        if let Some(stack) = stacks::get_mut(world, key) {
            stack.members.insert(logical.to_owned(), member);
        }
        Ok(())
    }

    fn state_resources(&self, world: &mut World, key: Key) -> Result<(), Problem> {
        let at = self.staged.updated.unwrap_or(self.staged.created);
        for (number, stated) in self.staged.resource.iter().enumerate() {
            let path = format!("{}.resource[{number}]", self.at);
            let status =
                status(format!("{path}.status"), &stated.status, EVENT_STATUSES, "a stack's resource")?;
            let Some(stack) = stacks::get_mut(world, key) else { return Ok(()) };
            let candidates = stack.members.keys().cloned().collect();
            let Some(member) = stack.members.get_mut(&stated.logical) else {
                return Err(Problem {
                    path: format!("{path}.logical"),
                    found: stated.logical.clone(),
                    expected: "the logical id of a resource in the stack's template".to_owned(),
                    candidates,
                });
            };
            member.turn(at, status, &stated.reason);
        }
        Ok(())
    }

    /// The events before the trial, and each member's time of its latest one.
    fn tell(&self, world: &mut World, key: Key) -> Result<(), Problem> {
        for (number, told) in self.staged.event.iter().enumerate() {
            let path = format!("{}.event[{number}]", self.at);
            let status = status(format!("{path}.status"), &told.status, EVENT_STATUSES, "an event")?;
            let Some(stack) = stacks::get_mut(world, key) else { return Ok(()) };
            let mut event = Event {
                at: told.at,
                logical: told.logical.clone(),
                physical: stack.id.clone(),
                kind: STACK_KIND,
                status,
                reason: told.reason.clone(),
                number: 0,
            };
            if told.logical != stack.name {
                let Some(declared) = stack.shape.template.resources.get(&told.logical) else {
                    let mut candidates: Vec<String> =
                        stack.shape.template.resources.keys().cloned().collect();
                    candidates.insert(0, stack.name.clone());
                    return Err(Problem {
                        path: format!("{path}.logical"),
                        found: told.logical.clone(),
                        expected: "the stack's name or the logical id of one of its resources".to_owned(),
                        candidates,
                    });
                };
                event.kind = declared.kind.name;
                event.physical =
                    stack.members.get(&told.logical).map_or(String::new(), |m| m.physical.clone());
                note_time(stack.members.get_mut(&told.logical), told.at);
            }
            stack.tell(event);
        }
        Ok(())
    }
}

fn note_time(member: Option<&mut Member>, at: Time) {
    if let Some(member) = member {
        member.updated = member.updated.max(at);
    }
}

/// Takes a resource that the stage has placed already into the stack. False if there is none.
fn adopt(world: &mut World, owner: &Owner, member: &Member) -> bool {
    let Some(uid) = stack_resources::standing(world, member) else { return false };
    let tags = owner.tags_of(&member.logical);
    if let Some(resource) = world.resource_mut(uid) {
        resource.role = format!("{}/{}", owner.name, member.logical);
        resource.environment = owner.environment;
        resource.tags.extend(tags);
    }
    stack_resources::guard(world, member);
    true
}
