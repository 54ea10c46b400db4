//! The pipeline: tests, build, deployment to a stack, one run for each push.

use serde_json::{Map, Value, json};

use super::commits::short;
use super::forge::{self};
use super::runs::{JOBS, Job, Run, Standing};
use super::search::test_report;
use super::stacks;
use crate::World;
use crate::call::{Call, Refusal, Service};
use crate::effect::Change;
use crate::engine;
use crate::resource::Environment;

/// A runner picks a run up after this.
const QUEUE_S: i64 = 6;
/// How often the deployment looks at its stack.
const POLL_S: i64 = 15;
/// The deployment gives up after so many looks: three hours.
const POLLS_MAX: u32 = 720;

const BUILD: usize = 1;
const DEPLOY: usize = 2;

/// What comes due in a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    run: u64,
    attempt: u32,
    job: usize,
    step: Step,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Begin,
    End,
    Look,
}

/// The files that make a build what it is: without template, tests, papers and settings of the repository.
pub(super) fn code(world: &World, tree: &engine::Sources) -> engine::Sources {
    let beside = ["tests/", "docs/", ".github/"];
    let is_code = |path: &&String| {
        **path != world.stage.repository.pipeline.template
            && !beside.iter().any(|folder| path.starts_with(folder))
            && !path.ends_with(".md")
            && !path.ends_with("CODEOWNERS")
    };
    std::sync::Arc::new(
        tree.iter().filter(|(path, _)| is_code(path)).map(|(p, t)| (p.clone(), t.clone())).collect(),
    )
}

/// A push to the pipeline's branch starts a run, unless the commit asks for none.
pub(super) fn pushed(world: &mut World, commit: &str, branch: &str, by: &str) {
    let skipped = world.forge.store.get(commit).is_some_and(|c| c.message.contains("[skip ci]"));
    if branch == world.stage.repository.pipeline.branch && !skipped {
        start(world, commit, branch, "push", by);
    }
}

/// Starts a run of a commit.
pub(super) fn start(world: &mut World, commit: &str, branch: &str, event: &str, actor: &str) -> u64 {
    let id = world.forge.next_run;
    world.forge.next_run = id.saturating_add(1);
    let run = Run {
        id,
        commit: commit.to_owned(),
        branch: branch.to_owned(),
        event: event.to_owned(),
        actor: actor.to_owned(),
        created: world.now(),
        attempt: 1,
        jobs: Default::default(),
        build: None,
        looks: 0,
    };
    world.forge.runs.insert(id, run);
    put_on(world, QUEUE_S, Due { run: id, attempt: 1, job: 0, step: Step::Begin });
    id
}

/// Begins a run once more at one of its jobs.
pub(super) fn again(world: &mut World, run: u64, attempt: u32, job: usize) {
    put_on(world, QUEUE_S, Due { run, attempt, job, step: Step::Begin });
}

fn put_on(world: &mut World, after_s: i64, due: Due) {
    world.schedule(after_s, crate::world::Due::Forge(forge::Due::Run(due)));
}

pub(super) fn due(world: &mut World, due: Due) {
    let Some(run) = world.forge.runs.get(&due.run).filter(|run| run.attempt == due.attempt).cloned() else {
        return;
    };
    match due.step {
        Step::Begin => begin(world, due, &run),
        Step::End => end(world, due, &run),
        Step::Look => look(world, due, &run),
    }
}

fn job_mut(world: &mut World, due: Due) -> Option<&mut Job> {
    world.forge.runs.get_mut(&due.run)?.jobs.get_mut(due.job)
}

fn say(world: &mut World, due: Due, text: &str) {
    let now = world.now();
    if let Some(job) = job_mut(world, due) {
        job.log.extend(text.lines().map(|line| (now, line.to_owned())));
    }
}

fn begin(world: &mut World, due: Due, run: &Run) {
    let now = world.now();
    if let Some(job) = job_mut(world, due) {
        *job = Job { standing: Standing::Running, started: Some(now), ..Job::default() };
    }
    let build_s = world.stage.repository.pipeline.build_s;
    match due.job {
        DEPLOY => deploy(world, due, run),
        BUILD => {
            say(world, due, &format!("Checked out {} of {}", run.commit, run.branch));
            let after = world.lasting("pipeline/build", build_s.saturating_mul(2) / 3);
            put_on(world, after, Due { step: Step::End, ..due });
        }
        _ => {
            let heading = format!("Checked out {} of {}\nRun node --test", run.commit, run.branch);
            say(world, due, &heading);
            let after = world.lasting("pipeline/test", build_s / 3);
            put_on(world, after, Due { step: Step::End, ..due });
        }
    }
}

/// Tests and build come to their end; the next job begins.
fn end(world: &mut World, due: Due, run: &Run) {
    if due.job == BUILD {
        let number = run.build.unwrap_or_else(|| make_build(world, due.run, &run.commit));
        say(world, due, &format!("Packed {} files\nPublished builds/{number}.zip", count_files(world, run)));
        return finish(world, due, Standing::Success);
    }
    let results = world.memo.run_tests(&world.forge.store.tree(&run.commit), world.now());
    say(world, due, &test_report(&results.iter().collect::<Vec<_>>()));
    let failed = results.iter().any(|r| r.failure.is_some());
    if failed {
        say(world, due, "##[error]Process completed with exit code 1.");
    }
    finish(world, due, if failed { Standing::Failure } else { Standing::Success });
}

fn count_files(world: &World, run: &Run) -> usize {
    world.forge.store.tree(&run.commit).keys().filter(|path| !path.starts_with("tests/")).count()
}

/// The number of the run's build: a new one where the code moved, the last one otherwise, and in a rerun its own.
fn make_build(world: &mut World, run: u64, commit: &str) -> u32 {
    let last = world.forge.builds.iter().next_back().map(|(number, id)| (*number, id.clone()));
    let tree = |id: &str| code(world, &world.forge.store.tree(id));
    let same = last.as_ref().filter(|(_, id)| tree(id) == tree(commit)).map(|(number, _)| *number);
    let number = same.unwrap_or_else(|| last.map_or(1, |(number, _)| number.saturating_add(1)));
    if same.is_none() {
        world.forge.builds.insert(number, commit.to_owned());
        forge::record(world, Change::Published { what: format!("build {number} of {}", short(commit)) });
    }
    if let Some(run) = world.forge.runs.get_mut(&run) {
        run.build = Some(number);
    }
    number
}

fn finish(world: &mut World, due: Due, standing: Standing) {
    let now = world.now();
    if let Some(job) = job_mut(world, due) {
        job.standing = standing;
        job.ended = Some(now);
    }
    let next = due.job.saturating_add(1);
    if standing == Standing::Success {
        if next < JOBS.len() {
            put_on(world, QUEUE_S, Due { job: next, step: Step::Begin, ..due });
        }
        return;
    }
    let rest = world.forge.runs.get_mut(&due.run).map(|run| run.jobs.iter_mut().skip(next));
    rest.into_iter().flatten().for_each(|job| job.standing = Standing::Skipped);
}

/// Hands the template at the run's commit to the stack service, in the pipeline's role.
fn deploy(world: &mut World, due: Due, run: &Run) {
    let pipeline = world.stage.repository.pipeline.clone();
    let fail = |world: &mut World, text: &str| {
        say(world, due, &format!("{text}\n##[error]Process completed with exit code 254."));
        finish(world, due, Standing::Failure);
    };
    if run.branch != pipeline.branch {
        let text = format!(
            "Branch \"{}\" is not allowed to deploy to {} due to environment protection rules.",
            run.branch, pipeline.stack
        );
        return fail(world, &text);
    }
    let tree = world.forge.store.tree(&run.commit);
    let Some(template) = tree.get(&pipeline.template) else {
        return fail(world, &format!("Invalid template path {}", pipeline.template));
    };
    let number = run.build.unwrap_or_else(|| make_build(world, due.run, &run.commit));
    let exists = stacks::status(world, &pipeline.stack).is_some();
    let operation = if !exists && is_preview(world) { "CreateStack" } else { "UpdateStack" };
    say(
        world,
        due,
        &format!(
            "Assumed role {}\nDeploying build {number} to stack {}: {operation} with {}={number}",
            pipeline.role, pipeline.stack, pipeline.version_parameter
        ),
    );
    let call = deployment(world, operation, template, number);
    match world.apply(&call) {
        Ok(_) => {
            say(world, due, &format!("Waiting for stack {} ...", pipeline.stack));
            if let Some(run) = world.forge.runs.get_mut(&due.run) {
                run.looks = 0;
            }
            put_on(world, POLL_S, Due { step: Step::Look, ..due });
        }
        Err(refusal) if refusal.message.contains("No updates are to be performed") => {
            say(world, due, &format!("No changes to deploy. Stack {} is up to date", pipeline.stack));
            finish(world, due, Standing::Success);
        }
        Err(refusal) => {
            let Refusal { code, message } = refusal;
            let text =
                format!("An error occurred ({code}) when calling the {operation} operation: {message}");
            fail(world, &text);
        }
    }
}

/// A pipeline whose stack is thrown away with its change makes the stack where it is missing.
fn is_preview(world: &World) -> bool {
    let name = &world.stage.repository.pipeline.stack;
    let staged = world.stage.stack.iter().find(|s| s.name == *name);
    staged.is_some_and(|s| s.environment == Environment::Preview)
}

/// The call that deploys. Parameters that the template still has keep their values.
fn deployment(world: &World, operation: &str, template: &str, build: u32) -> Call {
    let pipeline = &world.stage.repository.pipeline;
    let staged = world.stage.stack.iter().find(|s| s.name == pipeline.stack);
    let mut parameters =
        vec![json!({"ParameterKey": pipeline.version_parameter, "ParameterValue": build.to_string()})];
    for (key, value) in staged.iter().flat_map(|s| &s.parameters) {
        if *key != pipeline.version_parameter && template.contains(key.as_str()) {
            parameters.push(match operation {
                "CreateStack" => json!({"ParameterKey": key, "ParameterValue": value}),
                _ => json!({"ParameterKey": key, "UsePreviousValue": true}),
            });
        }
    }
    let mut args = Map::new();
    args.insert("StackName".to_owned(), Value::from(pipeline.stack.clone()));
    args.insert("TemplateBody".to_owned(), Value::from(template));
    args.insert("Parameters".to_owned(), Value::from(parameters));
    args.insert("Capabilities".to_owned(), json!(["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]));
    if operation == "CreateStack" {
        let tags = staged.iter().flat_map(|s| &s.tags);
        let tags: Vec<Value> = tags.map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        args.insert("Tags".to_owned(), Value::from(tags));
    }
    let mut call = Call::new(Service::Stacks, operation, &pipeline.stack, args);
    call.id = world.cause();
    call.principal.clone_from(&pipeline.role);
    call
}

/// Looks at the stack once more.
fn look(world: &mut World, due: Due, run: &Run) {
    let stack = world.stage.repository.pipeline.stack.clone();
    let status = stacks::status(world, &stack).map(str::to_owned);
    match status.as_deref() {
        Some("UPDATE_COMPLETE" | "CREATE_COMPLETE" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") => {
            let number = run.build.unwrap_or_default();
            let status = status.unwrap_or_default();
            say(world, due, &format!("Stack {stack}: {status}\nBuild {number} is deployed"));
            finish(world, due, Standing::Success);
        }
        Some(going) if going.ends_with("_IN_PROGRESS") && run.looks < POLLS_MAX => {
            if let Some(run) = world.forge.runs.get_mut(&due.run) {
                run.looks = run.looks.saturating_add(1);
            }
            put_on(world, POLL_S, due);
        }
        other => {
            let status = other.unwrap_or("does not exist any more");
            let text = format!(
                "Stack {stack}: {status}\nFailed to create/update the stack. Run the following command to fetch the \
                 list of events leading up to the failure:\naws cloudformation describe-stack-events --stack-name \
                 {stack}\n##[error]Process completed with exit code 255."
            );
            say(world, due, &text);
            finish(world, due, Standing::Failure);
        }
    }
}
