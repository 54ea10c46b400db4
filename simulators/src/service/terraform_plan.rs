//! Plans: the difference between a configuration, a state, and what stands.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::terraform::{Desk, failed};
use super::terraform_config::Resource;
use super::terraform_resources as resources;
use super::terraform_state::{Thing, Tracked};
use super::terraform_types::{self as types, Kind};
use crate::World;
use crate::call::Refusal;

/// Stands for what is known only when it is there.
pub(super) const UNKNOWN: &str = "(known after apply)";

/// What is to be planned.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Options {
    pub destroy: bool,
    pub refresh_only: bool,
    pub refresh: bool,
    pub targets: BTreeSet<String>,
    pub replace: BTreeSet<String>,
    pub variables: Map<String, Value>,
}

/// What is to become of a thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    Keep,
    Create,
    Update,
    Replace,
    Delete,
    /// It stays, and the state no longer knows it.
    Forget,
}

/// One thing of a plan.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub address: String,
    pub kind: &'static Kind,
    pub action: Action,
    pub before: Map<String, Value>,
    pub after: Map<String, Value>,
    /// Attributes whose change forces the replacement.
    pub forced_by: BTreeSet<String>,
    /// Why, for the line above it.
    pub because: &'static str,
    pub moved_from: Option<String>,
    pub create_first: bool,
    /// Addresses that it needs.
    pub needs: BTreeSet<String>,
}

/// A plan.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// In the order in which they can be made.
    pub steps: Vec<Step>,
    /// The state as refreshed, with what was moved under its new address.
    pub state: Tracked,
    /// Addresses and ids that were looked at.
    pub refreshed: Vec<(String, String)>,
    /// What the state holds and nobody finds any more, or finds otherwise.
    pub drifted: Vec<String>,
    pub variables: Map<String, Value>,
    /// What the outputs come to.
    pub outputs: Map<String, Value>,
}

impl Step {
    /// The id of what stands.
    pub fn id(&self) -> String {
        self.before.get("id").map(resources::plain).unwrap_or_default()
    }

    /// It stays as it is and where it is.
    pub fn is_nothing(&self) -> bool {
        self.action == Action::Keep && self.moved_from.is_none()
    }
}

/// The values of outputs, without what a state says besides of them.
pub(super) fn values(outputs: &Map<String, Value>) -> BTreeMap<&String, &Value> {
    outputs.iter().filter_map(|(name, output)| Some((name, output.get("value")?))).collect()
}

impl Plan {
    /// There is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(Step::is_nothing) && values(&self.outputs) == values(&self.state.outputs)
    }

    /// How many are added, changed and destroyed.
    pub fn counts(&self) -> [usize; 3] {
        let count = |of: &[Action]| self.steps.iter().filter(|step| of.contains(&step.action)).count();
        [
            count(&[Action::Create, Action::Replace]),
            count(&[Action::Update]),
            count(&[Action::Delete, Action::Replace]),
        ]
    }
}

/// Attributes of something that is not there yet.
pub(super) fn unknown(address: &str) -> Map<String, Value> {
    let computed = types::of_address(address)
        .into_iter()
        .flat_map(|k| k.computed.iter().map(|(name, _)| *name).chain([k.named_by]));
    let names = computed.chain(["id"]).filter(|name| !name.is_empty());
    names.map(|name| (name.to_owned(), Value::from(UNKNOWN))).collect()
}

/// Works out a plan.
///
/// # Errors
/// The configuration asks for what cannot be, or for the end of what it guards.
pub(super) fn make(world: &World, desk: &Desk, options: &Options, state: Tracked) -> Result<Plan, Refusal> {
    let variables = desk.config.variables(&options.variables)?;
    let mut plan = Plan {
        steps: Vec::new(),
        state,
        refreshed: Vec::new(),
        drifted: Vec::new(),
        variables,
        outputs: Map::new(),
    };
    let moved = follow(desk, &mut plan.state);
    if options.refresh {
        refresh(world, &mut plan);
    }
    let order = order(desk, &plan.state);
    let chosen = chosen(options, &order, &plan.state);
    let mut known = plan.state.known();
    for (address, needs) in &order {
        if !chosen.contains(address) {
            continue;
        }
        let resource =
            desk.config.resources.get(address).filter(|_| !options.destroy && !options.refresh_only);
        let thing = plan.state.things.get(address);
        let step = match (resource, thing) {
            (None, None) => continue,
            (None, Some(_)) if options.refresh_only => continue,
            (None, Some(thing)) => leave(desk, options, address, thing)?,
            (Some(resource), thing) => {
                let scope = desk.config.scope(&plan.variables, &desk.workspace, &known);
                let wanted = resource.wanted(&scope)?;
                let forced = options.replace.contains(address);
                compare(address, resource, thing, wanted, forced)
            }
        };
        match step.action {
            Action::Delete | Action::Forget => drop(known.remove(address)),
            _ => drop(known.insert(address.clone(), step.after.clone())),
        }
        plan.steps.push(Step { needs: needs.clone(), moved_from: moved.get(address).cloned(), ..step });
    }
    guarded(desk, &plan.steps)?;
    if !options.destroy {
        plan.outputs = desk.config.outputs(&desk.config.scope(&plan.variables, &desk.workspace, &known));
    }
    Ok(plan)
}

/// Renames in the state what the configuration says has moved.
fn follow(desk: &Desk, state: &mut Tracked) -> BTreeMap<String, String> {
    let mut moved = BTreeMap::new();
    for (from, to) in &desk.config.moved {
        if !state.things.contains_key(to)
            && let Some(thing) = state.things.remove(from)
        {
            state.things.insert(to.clone(), thing);
            moved.insert(to.clone(), from.clone());
        }
    }
    moved
}

/// Looks at what stands.
fn refresh(world: &World, plan: &mut Plan) {
    for (address, thing) in std::mem::take(&mut plan.state.things) {
        plan.refreshed.push((address.clone(), thing.id().to_owned()));
        let Some(kind) = types::of_address(&address) else {
            plan.state.things.insert(address, thing);
            continue;
        };
        match resources::look(world, kind, &thing) {
            Some(attributes) => {
                if attributes != thing.attributes {
                    plan.drifted.push(address.clone());
                }
                plan.state.things.insert(address, Thing { attributes, ..thing });
            }
            None => plan.drifted.push(address),
        }
    }
}

/// All addresses, each behind those that it needs.
fn order(desk: &Desk, state: &Tracked) -> Vec<(String, BTreeSet<String>)> {
    let mut open: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (address, thing) in &state.things {
        open.insert(address.clone(), thing.after.iter().cloned().collect());
    }
    for (address, resource) in &desk.config.resources {
        open.insert(address.clone(), resource.after.clone());
    }
    let all: BTreeSet<String> = open.keys().cloned().collect();
    let mut ordered: Vec<(String, BTreeSet<String>)> = Vec::new();
    while !open.is_empty() {
        let done = |name: &String| !all.contains(name) || ordered.iter().any(|(other, _)| other == name);
        let ready = open.iter().find(|(_, needs)| needs.iter().all(done)).map(|(address, _)| address.clone());
        // A circle cannot be made at all; here it is taken as it comes.
        let Some(next) = ready.or_else(|| open.keys().next().cloned()) else { break };
        let needs = open.remove(&next).unwrap_or_default();
        ordered.push((next, needs));
    }
    ordered
}

/// The addresses that targets leave: they and what they need; in a destruction they and what needs them.
fn chosen(options: &Options, order: &[(String, BTreeSet<String>)], state: &Tracked) -> BTreeSet<String> {
    let all: BTreeSet<String> = order.iter().map(|(address, _)| address.clone()).collect();
    if options.targets.is_empty() {
        return all;
    }
    let mut chosen: BTreeSet<String> = all.intersection(&options.targets).cloned().collect();
    for _ in 0..order.len() {
        for (address, needs) in order {
            if options.destroy && state.things.contains_key(address) && !needs.is_disjoint(&chosen) {
                chosen.insert(address.clone());
            }
            if !options.destroy && chosen.contains(address) {
                chosen.extend(needs.iter().filter(|name| all.contains(*name)).cloned());
            }
        }
    }
    chosen
}

/// A thing that the configuration does not hold any more, or that is to be destroyed.
fn leave(desk: &Desk, options: &Options, address: &str, thing: &Thing) -> Result<Step, Refusal> {
    let Some(kind) = types::of_address(address) else {
        return Err(super::terraform::unsimulated(&format!("`{address}` of the state")));
    };
    let kept = desk.config.removed.iter().any(|(from, destroy)| from == address && !destroy);
    let action = if kept && !options.destroy { Action::Forget } else { Action::Delete };
    let because = if options.destroy || action == Action::Forget { "" } else { "is not in configuration" };
    Ok(Step { because, ..step(address, kind, action, thing.attributes.clone(), Map::new()) })
}

fn step(
    address: &str,
    kind: &'static Kind,
    action: Action,
    before: Map<String, Value>,
    after: Map<String, Value>,
) -> Step {
    Step {
        address: address.to_owned(),
        kind,
        action,
        before,
        after,
        forced_by: BTreeSet::new(),
        because: "",
        moved_from: None,
        create_first: false,
        needs: BTreeSet::new(),
    }
}

/// What is to become of a thing that the configuration holds.
fn compare(
    address: &str,
    resource: &Resource,
    thing: Option<&Thing>,
    wanted: Map<String, Value>,
    forced: bool,
) -> Step {
    let kind = resource.kind;
    let fresh = |mut wanted: Map<String, Value>| {
        for (name, value) in unknown(address) {
            wanted.entry(name).or_insert(value);
        }
        wanted
    };
    let Some(thing) = thing else {
        return step(address, kind, Action::Create, Map::new(), fresh(wanted));
    };
    let before = thing.attributes.clone();
    let ignored = |name: &str| resource.ignored.iter().any(|other| other == name || other == "all");
    let mut changed: BTreeSet<String> = wanted
        .iter()
        .filter(|(name, value)| !ignored(name) && !before.get(*name).is_some_and(|old| same(old, value)))
        .map(|(name, _)| name.clone())
        .collect();
    if before.contains_key("tags") && !wanted.contains_key("tags") && !ignored("tags") {
        changed.insert("tags".to_owned());
    }
    let forced_by: BTreeSet<String> =
        changed.iter().filter(|name| kind.forces.contains(&name.as_str())).cloned().collect();
    if forced || !forced_by.is_empty() {
        let because =
            if forced_by.is_empty() { "will be replaced, as requested" } else { "must be replaced" };
        let mut step = step(address, kind, Action::Replace, before, fresh(wanted));
        step.forced_by = forced_by;
        step.because = because;
        step.create_first = resource.create_first;
        return step;
    }
    let mut after = before.clone();
    for name in &changed {
        match wanted.get(name) {
            Some(value) => drop(after.insert(name.clone(), value.clone())),
            None => drop(after.remove(name)),
        }
    }
    let action = if changed.is_empty() { Action::Keep } else { Action::Update };
    step(address, kind, action, before, after)
}

/// Whether two values are the same to the provider, which takes `"5"` for 5.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => false,
        _ => resources::plain(a) == resources::plain(b),
    }
}

/// Refuses a plan that destroys what its configuration says must not be destroyed.
fn guarded(desk: &Desk, steps: &[Step]) -> Result<(), Refusal> {
    let ends = |step: &&Step| matches!(step.action, Action::Delete | Action::Replace);
    let guarded = |step: &&Step| desk.config.resources.get(&step.address).is_some_and(|r| r.prevent_destroy);
    let Some(step) = steps.iter().filter(ends).find(guarded) else { return Ok(()) };
    let (file, line) = desk.config.places.get(&step.address).cloned().unwrap_or_default();
    let (kind, name) = step.address.split_once('.').unwrap_or_default();
    let text = format!(
        "  on {file} line {line}:\n  {line}: resource \"{kind}\" \"{name}\" {{\n\nResource {} has lifecycle.prevent_destroy set, \
         but the plan calls for this resource to be destroyed. To avoid this error and continue with the plan, either disable \
         lifecycle.prevent_destroy or reduce the scope of the plan using the -target option.",
        step.address
    );
    Err(failed("Instance cannot be destroyed", &text))
}
