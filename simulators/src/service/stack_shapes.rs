//! Stacks as callers state them (template, parameters, tags) and as they come into the world, before anything is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::stack_template::{Template, invalid};
use super::stack_values::as_text;
use super::stacks::{self, Key, OnFailure, STACK_KIND, Shape, Stack};
use super::{stack_parameters, stack_phases, stack_plan};
use crate::World;
use crate::call::{Call, Refusal};
use crate::resource::{Environment, NewResource};

const NAME_CHARS_MAX: usize = 128;

/// The shape that a call states, on top of the stack's own where it says so.
///
/// # Errors
/// `ValidationError` for the template or its parameters, `InsufficientCapabilitiesException`.
pub(super) fn shape(call: &Call, previous: Option<&Stack>) -> Result<Shape, Refusal> {
    let template = match (call.text("TemplateBody"), call.flag("UsePreviousTemplate"), previous) {
        (Some(_), true, _) => {
            return Err(invalid(
                "You cannot specify both usePreviousTemplate and Template Body/Template URL.",
            ));
        }
        (Some(body), false, _) => Arc::new(Template::parse(body)?),
        (None, true, Some(stack)) => stack.shape.template.clone(),
        _ => return Err(invalid("Either Template URL or Template Body must be specified.")),
    };
    let parameters = stack_parameters::given(call, &template, previous.map(|stack| &stack.shape.parameters))?;
    let tags = match (call.args.get("Tags").and_then(Value::as_array), previous) {
        (Some(tags), _) => tags.iter().filter_map(tag).collect(),
        (None, Some(stack)) => stack.shape.tags.clone(),
        (None, None) => BTreeMap::new(),
    };
    let given = call.texts("Capabilities");
    if let Some((wanted, _)) = template.capabilities()
        && !given.contains(&wanted)
        && !given.contains(&"CAPABILITY_NAMED_IAM")
    {
        let text = format!("Requires capabilities : [{wanted}]");
        return Err(Refusal::new("InsufficientCapabilitiesException", text));
    }
    Ok(Shape { template, parameters, tags })
}

fn tag(entry: &Value) -> Option<(String, String)> {
    Some((as_text(entry.get("Key")?), entry.get("Value").map(as_text).unwrap_or_default()))
}

/// Where a new stack stands: where its predecessor of that name stood, else what its name says.
fn environment(world: &World, name: &str) -> Environment {
    let before = world.stacks.stacks.iter().rev().find(|stack| stack.name == name);
    let has = |word: &str| name.contains(word);
    match before {
        Some(stack) => stack.environment,
        None if has("prod") => Environment::Production,
        None if has("-pr-") || has("preview") => Environment::Preview,
        None if has("staging") => Environment::Staging,
        None => Environment::Development,
    }
}

/// Adds a stack without members, in this status.
///
/// # Errors
/// `ValidationError` for its name, `AlreadyExistsException`.
pub(super) fn add(world: &mut World, name: &str, shape: Shape, status: &'static str) -> Result<Key, Refusal> {
    let wrong = name.len() > NAME_CHARS_MAX
        || !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if wrong {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )));
    }
    if stacks::find(world, name).is_some() {
        return Err(Refusal::new("AlreadyExistsException", format!("Stack [{name}] already exists")));
    }
    let draft = draft(world, name, environment(world, name), shape);
    stack_plan::plan(world, &draft, &draft.shape)?;
    let key = place(world, draft);
    stack_phases::turn(world, key, status, "User Initiated");
    Ok(key)
}

/// A stack without members and without a status, not yet in the world.
pub(super) fn draft(world: &World, name: &str, environment: Environment, shape: Shape) -> Stack {
    let account = &world.stage.account;
    let uuid = stacks::uuid(world.seed, &format!("stacks/id {name} {}", world.stacks.stacks.len()));
    let id = format!(
        "arn:{}:cloudformation:{}:{}:stack/{name}/{uuid}",
        account.partition, account.region, account.id
    );
    Stack {
        name: name.to_owned(),
        id,
        uid: None,
        environment,
        status: "",
        reason: String::new(),
        created: world.now(),
        updated: None,
        deleted: None,
        shape,
        capabilities: Vec::new(),
        termination_protection: false,
        on_failure: OnFailure::Rollback,
        policy: None,
        policy_during_update: None,
        retains: false,
        members: BTreeMap::new(),
        before: None,
        leaving: Vec::new(),
        events: Vec::new(),
        change_sets: BTreeMap::new(),
        work: None,
        works: 0,
    }
}

/// Puts a stack and its resource into the world.
pub(super) fn place(world: &mut World, draft: Stack) -> Key {
    let uid = world.create(NewResource {
        kind: STACK_KIND.to_owned(),
        name: draft.name.clone(),
        role: draft.name.clone(),
        environment: draft.environment,
        tags: draft.shape.tags.clone(),
        stateful: false,
        serving: false,
        replaces: None,
    });
    world.stacks.stacks.push(Stack { uid: Some(uid), ..draft });
    world.stacks.stacks.len().saturating_sub(1)
}
