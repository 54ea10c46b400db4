//! Carrying a plan out: what goes, goes in the reverse of the order in which it was made; then the rest is made.
//!
//! What fails is told and does not stop what has nothing to do with it. The state is saved with what was done, as the tool
//! does after each step, so a plan that stops half-way leaves nothing unknown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::terraform::{Desk, boxed};
use super::terraform_plan::{Action, Options, Plan, Step};
use super::terraform_print as print;
use super::terraform_resources as resources;
use super::terraform_state::Thing;
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::resource::Uid;

/// What was done so far.
struct Work<'a> {
    call: &'a Call,
    desk: &'a Desk,
    plan: Plan,
    text: String,
    errors: String,
    /// Added, changed, destroyed.
    done: [usize; 3],
    /// Addresses that failed, or need one that did.
    stuck: BTreeSet<String>,
    gone: BTreeMap<String, Uid>,
}

pub(super) fn carry_out(
    world: &mut World,
    call: &Call,
    desk: &Desk,
    options: &Options,
    mut plan: Plan,
    text: String,
) -> Answer {
    // Whoever may not write the state is told before anything is done.
    desk.place.save(world, call, &mut plan.state)?;
    let steps = std::mem::take(&mut plan.steps);
    let mut work = Work {
        call,
        desk,
        plan,
        text,
        errors: String::new(),
        done: [0; 3],
        stuck: BTreeSet::new(),
        gone: BTreeMap::new(),
    };
    let ends = |step: &&Step| {
        step.action == Action::Delete || (step.action == Action::Replace && !step.create_first)
    };
    for step in steps.iter().rev().filter(ends) {
        work.end(world, step, &steps);
    }
    for step in &steps {
        work.begin(world, step);
    }
    for step in steps.iter().rev().filter(|step| step.action == Action::Replace && step.create_first) {
        work.end(world, step, &steps);
    }
    work.close(world, options)
}

impl Work<'_> {
    /// Removes what a step takes away, unless something that needs it is still there.
    fn end(&mut self, world: &mut World, step: &Step, steps: &[Step]) {
        let held = steps
            .iter()
            .any(|other| other.needs.contains(&step.address) && self.stuck.contains(&other.address));
        if held || self.stuck.contains(&step.address) {
            self.stuck.insert(step.address.clone());
            return;
        }
        let id = step.id();
        let uid = resources::standing(world, step.kind, &id);
        self.say(&format!("{}: Destroying... [id={id}]", step.address));
        let began = world.now();
        match resources::remove(world, self.call, step) {
            Ok(()) => {
                let took = print::lasting(world.now().since(began));
                self.say(&format!("{}: Destruction complete after {took}", step.address));
                self.done[2] = self.done[2].saturating_add(1);
                self.gone.extend(uid.map(|uid| (step.address.clone(), uid)));
                if !step.create_first {
                    self.plan.state.things.remove(&step.address);
                }
            }
            Err(refusal) => self.fail(step, "deleting", &id, &refusal),
        }
    }

    /// Makes, changes or forgets.
    fn begin(&mut self, world: &mut World, step: &Step) {
        if self.stuck.contains(&step.address) || step.needs.iter().any(|need| self.stuck.contains(need)) {
            self.stuck.insert(step.address.clone());
            return;
        }
        match step.action {
            Action::Create | Action::Replace => self.make(world, step),
            Action::Update => self.change(world, step),
            Action::Forget => drop(self.plan.state.things.remove(&step.address)),
            Action::Keep | Action::Delete => {}
        }
    }

    /// What expressions may name by now.
    fn scope(&self) -> Map<String, Value> {
        self.desk.config.scope(&self.plan.variables, &self.desk.workspace, &self.plan.state.known())
    }

    /// What a block asks for, now that what it needs is there.
    fn wanted(&self, step: &Step) -> Result<Map<String, Value>, Refusal> {
        match self.desk.config.resources.get(&step.address) {
            Some(resource) => resource.wanted(&self.scope()),
            None => Ok(step.after.clone()),
        }
    }

    /// A thing as it is to be after its change: what the plan changes, worked out again, since it may name what was made since.
    fn after(&self, step: &Step) -> Result<Map<String, Value>, Refusal> {
        let wanted = self.wanted(step)?;
        let mut after = step.after.clone();
        after.retain(|name, value| step.before.get(name) == Some(value) || wanted.contains_key(name));
        let changed = |(name, _): &(&String, &mut Value)| step.before.get(*name) != step.after.get(*name);
        for (name, value) in after.iter_mut().filter(changed) {
            value.clone_from(wanted.get(name).unwrap_or(&Value::Null));
        }
        Ok(after)
    }

    fn make(&mut self, world: &mut World, step: &Step) {
        self.say(&format!("{}: Creating...", step.address));
        let began = world.now();
        let replaces = self.gone.get(&step.address).copied();
        let replaces = replaces.or_else(|| resources::standing(world, step.kind, &step.id()));
        let made =
            self.wanted(step).and_then(|wanted| resources::make(world, self.call, step, &wanted, replaces));
        match made {
            Ok(attributes) => {
                let id = attributes.get("id").map(resources::plain).unwrap_or_default();
                let took = print::lasting(world.now().since(began));
                self.say(&format!("{}: Creation complete after {took} [id={id}]", step.address));
                self.done[0] = self.done[0].saturating_add(1);
                self.keep(step, attributes);
            }
            Err(refusal) => self.fail(step, "creating", "", &refusal),
        }
    }

    fn change(&mut self, world: &mut World, step: &Step) {
        let id = step.id();
        self.say(&format!("{}: Modifying... [id={id}]", step.address));
        let began = world.now();
        let changed = self.after(step).and_then(|after| resources::change(world, self.call, step, &after));
        match changed {
            Ok(attributes) => {
                let took = print::lasting(world.now().since(began));
                self.say(&format!("{}: Modifications complete after {took} [id={id}]", step.address));
                self.done[1] = self.done[1].saturating_add(1);
                self.keep(step, attributes);
            }
            Err(refusal) => self.fail(step, "updating", &id, &refusal),
        }
    }

    /// Takes a thing into the state.
    fn keep(&mut self, step: &Step, attributes: Map<String, Value>) {
        let thing = Thing { attributes, after: step.needs.iter().cloned().collect() };
        self.plan.state.things.insert(step.address.clone(), thing);
    }

    fn fail(&mut self, step: &Step, doing: &str, id: &str, refusal: &Refusal) {
        self.stuck.insert(step.address.clone());
        let what =
            if id.is_empty() { step.kind.title.to_owned() } else { format!("{} ({id})", step.kind.title) };
        let message = format!(
            "{doing} {what}: operation error: api error {}: {}\n\n  with {},",
            refusal.code, refusal.message, step.address
        );
        self.errors.push_str(&boxed(&message));
    }

    fn say(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Saves the state and says how it ended.
    fn close(mut self, world: &mut World, options: &Options) -> Answer {
        self.plan.state.outputs =
            if options.destroy { Map::new() } else { self.desk.config.outputs(&self.scope()) };
        self.desk.place.save(world, self.call, &mut self.plan.state)?;
        if self.errors.is_empty() {
            self.text.push_str(&print::done(&self.plan, options, self.done));
        }
        let code = i32::from(!self.errors.is_empty());
        Ok(json!({"text": self.text, "stderr": self.errors, "code": code}))
    }
}
