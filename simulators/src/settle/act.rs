//! Mending one broken link, the way an engineer would.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Colleague;
use super::diagnose::{self, Broken, Piece};
use crate::World;
use crate::call::{Answer, Call, Refusal, Service};
use crate::clock::{HOUR_S, MINUTE_S};
use crate::resource::NewResource;
use crate::service::{
    cache_records, cluster, databases, dns_mend, docker, forge, functions, hosts, index_snapshots,
};
use crate::stage::Stack;

impl Colleague {
    /// Mends one link and says so; a refusal is noted as well, and the same is not tried again.
    pub(super) fn act(&mut self, world: &mut World, broken: &Broken) {
        self.tried.insert(broken.key());
        let done = match broken {
            Broken::StackGone { stack } => create_stack(world, stack),
            Broken::StackDead { stack } => delete_stack(world, stack),
            Broken::StackStuck { stack } => continue_rollback(world, stack),
            Broken::PieceGone { kind, name } => make_piece(world, *kind, name),
            Broken::RunnerGone { database } => self.run_again(world, database),
            Broken::Settings { function } => set_up_again(world, function),
            Broken::RowsGone { into, from, .. } => self.restore(world, into, from),
            Broken::RowsLost { instance, from, .. } => self.restore(world, instance, from),
            Broken::KeysGone { cache, from, .. } => self.bring_back(world, cache, from),
            Broken::Unfed { cluster } => self.feed(world, cluster),
            Broken::Stopped { database } => start_again(world, database),
            Broken::NamesGone { zone } => self.put_back(world, zone),
            Broken::Code { function, good } => redeploy(world, function, good),
            Broken::Busy { .. } | Broken::NoRoad { .. } => return,
        };
        match done {
            Ok(what) => self.note(world, what),
            Err(refusal) => self.note(world, format!("refused: {refusal}")),
        }
    }

    /// A restore is waited for at once: while it runs, nothing says that it does in an instance that answers.
    fn restore(&mut self, world: &mut World, instance: &str, from: &str) -> Result<String, Refusal> {
        let seconds = databases::begin_restore(world, from, instance)?;
        self.note(world, format!("began to restore {instance} from {from}: {}", lasting(seconds)));
        world.advance(world.now().plus(seconds).min(self.deadline));
        Ok(format!("the restore of {instance} has ended"))
    }

    fn run_again(&mut self, world: &mut World, database: &str) -> Result<String, Refusal> {
        let seconds = cluster::mend_s(world);
        self.note(world, format!("began to put back what ran {database}: {}", lasting(seconds)));
        world.advance(world.now().plus(seconds).min(self.deadline));
        cluster::put_back(world, database)
    }

    fn feed(&mut self, world: &mut World, cluster: &str) -> Result<String, Refusal> {
        let unknown = || Refusal::new("NotFound", format!("nothing fills {cluster}"));
        let seconds = index_snapshots::feed_again(world, cluster).ok_or_else(unknown)?;
        self.note(world, format!("started the feed of {cluster}: {}", lasting(seconds)));
        world.advance(world.now().plus(seconds).min(self.deadline));
        Ok(format!("the feed of {cluster} has run"))
    }

    /// What is known is read off first, since resolvers do not wait; then it is typed.
    fn put_back(&mut self, world: &mut World, zone: &str) -> Result<String, Refusal> {
        let unknown = || Refusal::new("NotFound", format!("nobody knows the zone {zone}"));
        let (known, seconds) = (dns_mend::known(world, zone), dns_mend::mend_s(world, zone));
        self.note(world, format!("began to put records of {zone} back: {}", lasting(seconds)));
        world.advance(world.now().plus(seconds).min(self.deadline));
        dns_mend::put_back(world, zone, known).ok_or_else(unknown)
    }

    fn bring_back(&mut self, world: &mut World, cache: &str, from: &str) -> Result<String, Refusal> {
        let unknown = || Refusal::new("NotFound", format!("nobody knows {cache}"));
        let seconds = cache_records::begin_restore(world, cache, from).ok_or_else(unknown)?;
        self.note(world, format!("began to bring records of {cache} back from {from}: {}", lasting(seconds)));
        world.advance(world.now().plus(seconds).min(self.deadline));
        Ok(format!("the records of {cache} that {from} holds are back"))
    }
}

fn lasting(seconds: i64) -> String {
    match seconds {
        s if s >= HOUR_S => format!("{} h {} min", s / HOUR_S, s % HOUR_S / MINUTE_S),
        s => format!("{} min", s / MINUTE_S),
    }
}

/// Makes a call of the world's own people: their access does not hang on roles that an agent may have changed.
fn ask(world: &mut World, service: Service, operation: &str, target: &str, args: Value) -> Answer {
    let args: Map<String, Value> = args.as_object().cloned().unwrap_or_default();
    world.apply(&Call::new(service, operation, target, args))
}

fn staged_stack(world: &World, name: &str) -> Result<Stack, Refusal> {
    let found = world.stage().stack.iter().find(|stack| stack.name == name).cloned();
    found.ok_or_else(|| Refusal::new("NotFound", format!("nobody knows the template of {name}")))
}

/// The stack from the template on the deployed branch, with the last build that worked.
fn create_stack(world: &mut World, name: &str) -> Result<String, Refusal> {
    let stack = staged_stack(world, name)?;
    let pipeline = world.stage().repository.pipeline.clone();
    let mut parameters: BTreeMap<String, String> = stack.parameters.clone();
    let mut template = world.stage().template_text(&stack.template).map(str::to_owned);
    if pipeline.stack == name {
        let branch = forge::branch_sources(world, &pipeline.branch);
        template = branch.and_then(|files| files.get(&pipeline.template).cloned()).or(template);
        if let Some(build) = last_good_build(world, name) {
            parameters.insert(pipeline.version_parameter, build);
        }
    }
    let pair = |(key, value): (&String, &String)| json!({"ParameterKey": key, "ParameterValue": value});
    let tag = |(key, value): (&String, &String)| json!({"Key": key, "Value": value});
    let args = json!({
        "StackName": name,
        "TemplateBody": template.unwrap_or_default(),
        "Parameters": parameters.iter().map(pair).collect::<Vec<_>>(),
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        "Tags": stack.tags.iter().map(tag).collect::<Vec<_>>(),
    });
    ask(world, Service::Stacks, "CreateStack", name, args)?;
    Ok(format!("created stack {name} from its template"))
}

/// The last good build of the function behind any dependent of the stack.
fn last_good_build(world: &World, stack: &str) -> Option<String> {
    let apis = world.stage().dependent.iter().map(|dependent| dependent.api.as_str());
    let functions = apis.filter_map(|api| functions::function_behind(world, api));
    let function = functions.into_iter().next().map(str::to_owned)?;
    let staged = world.stage().repository.pipeline.deployed_build.to_string();
    (world.stage().repository.pipeline.stack == stack)
        .then(|| diagnose::good_build(world, &function).unwrap_or(staged))
}

/// Deletes a stack that nothing else can be done with; what still stands in it stays: it may hold rows.
fn delete_stack(world: &mut World, name: &str) -> Result<String, Refusal> {
    let stuck = logical_ids(world, name, |status| status != "DELETE_COMPLETE");
    let can_retain = crate::service::stacks::status(world, name) == Some("DELETE_FAILED");
    let args = match can_retain && !stuck.is_empty() {
        true => json!({"StackName": name, "RetainResources": stuck}),
        false => json!({"StackName": name}),
    };
    ask(world, Service::Stacks, "DeleteStack", name, args)?;
    Ok(format!("deleted stack {name}, which could not be used any more"))
}

fn continue_rollback(world: &mut World, name: &str) -> Result<String, Refusal> {
    let failed = logical_ids(world, name, |status| status == "UPDATE_FAILED");
    let text = format!("continued the rollback of {name}, skipping {}", failed.join(", "));
    let args = json!({"StackName": name, "ResourcesToSkip": failed});
    ask(world, Service::Stacks, "ContinueUpdateRollback", name, args)?;
    Ok(text)
}

fn logical_ids(world: &mut World, stack: &str, of: fn(&str) -> bool) -> Vec<String> {
    let args = json!({"StackName": stack});
    let answer = ask(world, Service::Stacks, "DescribeStackResources", stack, args).unwrap_or_default();
    let resources = answer.get("StackResources").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |resource: &Value, name: &str| resource.get(name).and_then(Value::as_str).map(str::to_owned);
    let chosen = resources.iter().filter(|r| text(r, "ResourceStatus").is_some_and(|status| of(&status)));
    chosen.filter_map(|r| text(r, "LogicalResourceId")).collect()
}

/// Makes an API or a function again as it last stood, outside its stack.
fn make_piece(world: &mut World, kind: Piece, name: &str) -> Result<String, Refusal> {
    let unknown = || Refusal::new("NotFound", format!("nobody knows how {name} was set up"));
    let is = |r: &&crate::resource::Resource| r.kind == kind.kind() && r.name == name;
    let last = world.resources().filter(is).last().ok_or_else(unknown)?;
    let resource = NewResource {
        kind: last.kind.clone(),
        name: last.name.clone(),
        role: last.role.clone(),
        environment: last.environment,
        tags: last.tags.clone(),
        stateful: false,
        serving: true,
        replaces: Some(last.uid),
    };
    match kind {
        Piece::Api => {
            let function = functions::function_behind(world, name).ok_or_else(unknown)?.to_owned();
            functions::create_api(world, name, &function, resource)?;
        }
        Piece::Function => {
            let shape = functions::shape(world, name).ok_or_else(unknown)?;
            let build = diagnose::good_build(world, name).unwrap_or_else(|| shape.build.clone());
            functions::create(world, functions::NewFunction { build, ..shape }, resource)?;
        }
    }
    Ok(format!("made {name} again by hand"))
}

/// The handler and the database that the function was first made with; its other variables stay.
fn set_up_again(world: &mut World, function: &str) -> Result<String, Refusal> {
    let unknown = || Refusal::new("NotFound", format!("nobody knows how {function} was set up"));
    let first = functions::first_shape(world, function).cloned().ok_or_else(unknown)?;
    let mut variables = functions::shape(world, function).ok_or_else(unknown)?.variables;
    let instance = first.variables.get(functions::DB_VARIABLE).cloned();
    variables.extend(instance.map(|instance| (functions::DB_VARIABLE.to_owned(), instance)));
    let args = json!({
        "FunctionName": function,
        "Handler": first.handler,
        "Environment": {"Variables": variables},
    });
    ask(world, Service::Functions, "UpdateFunctionConfiguration", function, args)?;
    Ok(format!("set {function} up again as it was"))
}

/// A server of one's own, or the container of a database, started again.
fn start_again(world: &mut World, database: &str) -> Result<String, Refusal> {
    if hosts::mend(world, database) {
        return Ok(format!("started {database} again"));
    }
    match docker::start_again(world, database) {
        true => Ok(format!("started the container of {database} again")),
        false => Err(Refusal::new("NotFound", format!("nobody knows in which container {database} runs"))),
    }
}

fn redeploy(world: &mut World, function: &str, build: &str) -> Result<String, Refusal> {
    let args = json!({"FunctionName": function, "Build": build});
    ask(world, Service::Functions, "UpdateFunctionCode", function, args)?;
    Ok(format!("put build {build} of {function} back"))
}
