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
    plan: Plan,
    text: String,
) -> Answer {
    // Whoever may not write the state is told before anything is done.
    let mut state = plan.state.clone();
    desk.place.save(world, call, &mut state)?;
    let steps = plan.steps.clone();
    let mut work = Work {
        call,
        desk,
        plan: Plan { state, ..plan },
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
        let id = step.before.get("id").map(resources::plain).unwrap_or_default();
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

    /// What a block asks for, now that what it needs is there.
    fn wanted(&self, step: &Step) -> Result<Map<String, Value>, Refusal> {
        let known = self.plan.state.things.iter();
        let known = known.map(|(address, thing)| (address.clone(), thing.attributes.clone())).collect();
        let scope = self.desk.config.scope(&self.plan.variables, &self.desk.workspace, &known);
        match self.desk.config.resources.get(&step.address) {
            Some(resource) => resource.wanted(&scope),
            None => Ok(step.after.clone()),
        }
    }

    fn make(&mut self, world: &mut World, step: &Step) {
        self.say(&format!("{}: Creating...", step.address));
        let began = world.now();
        let old = step.before.get("id").map(resources::plain).filter(|id| !id.is_empty());
        let replaces = self.gone.get(&step.address).copied();
        let replaces = replaces.or_else(|| old.and_then(|id| resources::standing(world, step.kind, &id)));
        let made =
            self.wanted(step).and_then(|wanted| resources::make(world, self.call, step, &wanted, replaces));
        match made {
            Ok(attributes) => {
                let id = attributes.get("id").map(resources::plain).unwrap_or_default();
                let took = print::lasting(world.now().since(began));
                self.say(&format!("{}: Creation complete after {took} [id={id}]", step.address));
                self.done[0] = self.done[0].saturating_add(1);
                let thing = Thing { attributes, after: step.needs.iter().cloned().collect() };
                self.plan.state.things.insert(step.address.clone(), thing);
            }
            Err(refusal) => self.fail(step, "creating", "", &refusal),
        }
    }

    fn change(&mut self, world: &mut World, step: &Step) {
        let id = step.before.get("id").map(resources::plain).unwrap_or_default();
        self.say(&format!("{}: Modifying... [id={id}]", step.address));
        let began = world.now();
        match resources::change(world, self.call, step) {
            Ok(attributes) => {
                let took = print::lasting(world.now().since(began));
                self.say(&format!("{}: Modifications complete after {took} [id={id}]", step.address));
                self.done[1] = self.done[1].saturating_add(1);
                let thing = Thing { attributes, after: step.needs.iter().cloned().collect() };
                self.plan.state.things.insert(step.address.clone(), thing);
            }
            Err(refusal) => self.fail(step, "updating", &id, &refusal),
        }
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
        let known = self.plan.state.things.iter();
        let known = known.map(|(address, thing)| (address.clone(), thing.attributes.clone())).collect();
        let scope = self.desk.config.scope(&self.plan.variables, &self.desk.workspace, &known);
        self.plan.state.outputs = if options.destroy { Map::new() } else { self.desk.config.outputs(&scope) };
        self.desk.place.save(world, self.call, &mut self.plan.state)?;
        if self.errors.is_empty() {
            self.text.push_str(&print::done(&self.plan, options, self.done));
        }
        let code = i32::from(!self.errors.is_empty());
        Ok(json!({"text": self.text, "stderr": self.errors, "code": code}))
    }
}
