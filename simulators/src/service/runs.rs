//! Pipeline runs as they are staged, listed, watched, started again.

use serde_json::{Value, json};

use super::forge::{self, url};
use super::pipeline::{again, code, start};
use super::workspace::author;
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::clock::Time;
use crate::effect::Change;
use crate::stage::Problem;

/// `gh run watch` is given up after this.
const WATCH_S: i64 = 6 * crate::clock::HOUR_S;

/// The jobs of a run, in order.
pub(super) const JOBS: [&str; 3] = ["test", "build", "deploy"];

/// How a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Standing {
    #[default]
    Queued,
    Running,
    Success,
    Failure,
    Skipped,
}

impl Standing {
    pub fn of_conclusion(text: &str) -> Self {
        if text == "success" { Self::Success } else { Self::Failure }
    }

    pub fn is_done(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    pub fn status(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "in_progress",
            _ => "completed",
        }
    }

    pub fn conclusion(self) -> &'static str {
        match self {
            Self::Queued | Self::Running => "",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Job {
    pub standing: Standing,
    pub started: Option<Time>,
    pub ended: Option<Time>,
    pub log: Vec<(Time, String)>,
}

/// One run of the pipeline.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub id: u64,
    pub commit: String,
    pub branch: String,
    pub event: String,
    pub actor: String,
    pub created: Time,
    pub attempt: u32,
    pub jobs: [Job; 3],
    pub build: Option<u32>,
    pub looks: u32,
}

impl Run {
    pub fn standing(&self) -> Standing {
        let has = |s: Standing| self.jobs.iter().any(|j| j.standing == s);
        match () {
            () if has(Standing::Failure) => Standing::Failure,
            () if self.jobs.iter().all(|j| j.standing.is_done()) => Standing::Success,
            () if self.jobs.iter().all(|j| j.standing == Standing::Queued) => Standing::Queued,
            () => Standing::Running,
        }
    }
}

/// Staged runs and builds. `ids` are the commits of the stage's history.
pub(super) fn set_up(world: &mut World, ids: &[String]) -> Result<(), Problem> {
    let stage = world.stage.clone();
    let repository = &stage.repository;
    let wrong = |path: String, found: usize| Problem {
        path,
        found: found.to_string(),
        expected: "an index into `repository.history`".to_owned(),
        candidates: (0..ids.len()).map(|n| n.to_string()).collect(),
    };
    for (n, past) in repository.past_run.iter().enumerate() {
        let path = format!("repository.past_run[{n}].commit");
        let commit = ids.get(past.commit).ok_or_else(|| wrong(path, past.commit))?;
        let standing = Standing::of_conclusion(&past.conclusion);
        let done = |standing, log| Job { standing, started: Some(past.at), ended: Some(past.at), log };
        let lines = past.log.lines().map(|line| (past.at, line.to_owned())).collect();
        let before = || done(Standing::Success, Vec::new());
        let run = Run {
            id: past.id,
            commit: commit.clone(),
            branch: forge::MAIN.to_owned(),
            event: "push".to_owned(),
            actor: world.forge.store.get(commit).map(|c| c.author.name.clone()).unwrap_or_default(),
            created: past.at,
            attempt: 1,
            jobs: [before(), before(), done(standing, lines)],
            build: None,
            looks: 0,
        };
        world.forge.runs.insert(past.id, run);
    }
    world.forge.next_run = world.forge.runs.keys().next_back().map_or(1, |id| id.saturating_add(1));
    let pipeline = &repository.pipeline;
    let path = "repository.pipeline.deployed_commit".to_owned();
    if ids.get(pipeline.deployed_commit).is_none() {
        return Err(wrong(path, pipeline.deployed_commit));
    }
    // Builds of before, back from the deployed one: the number moves where the code does. The oldest commit stands for
    // everything older.
    let mut newer = pipeline.deployed_commit;
    for number in (1..=pipeline.deployed_build).rev() {
        let Some(commit) = ids.get(newer).cloned() else { break };
        let code = |n: usize| ids.get(n).map(|id| code(world, &world.forge.store.tree(id)));
        newer = (0..newer).rev().find(|n| code(*n) != code(newer)).unwrap_or(0);
        world.forge.builds.insert(number, commit);
    }
    Ok(())
}

fn find(world: &World, call: &Call) -> Result<u64, Refusal> {
    let text = call.text("run").unwrap_or(&call.target);
    let newest = world.forge.runs.keys().next_back().copied();
    let id = if text.is_empty() { newest } else { text.parse().ok() };
    id.filter(|id| world.forge.runs.contains_key(id)).ok_or_else(|| {
        let repository = &world.stage.repository.name;
        let api = format!("https://git.{}/api/v3", super::workspace::domain(world));
        Refusal::new(
            "NotFound",
            format!("failed to get run: HTTP 404: Not Found ({api}/repos/{repository}/actions/runs/{text})"),
        )
    })
}

/// The workflow's file and name, as the default branch has them.
fn workflow(world: &World) -> (String, String) {
    let tree = forge::branch_sources(world, forge::MAIN).unwrap_or_default();
    let mut files = tree.iter().filter(|(path, _)| path.starts_with(".github/workflows/"));
    let Some((path, text)) = files.next() else {
        return ("deploy.yml".to_owned(), "deploy".to_owned());
    };
    let file = path.rsplit('/').next().unwrap_or(path).to_owned();
    let name = text.lines().find_map(|line| line.strip_prefix("name:"));
    let name = name.map_or(file.as_str(), |n| n.trim().trim_matches(['"', '\''])).to_owned();
    (file, name)
}

fn value(world: &World, run: &Run) -> Value {
    let standing = run.standing();
    let address = format!("{}/actions/runs/{}", url(world), run.id);
    let job = |(n, job): (usize, &Job)| {
        let id = run.id.saturating_mul(10).saturating_add(u64::try_from(n).unwrap_or(0));
        json!({
            "databaseId": id,
            "name": JOBS.get(n),
            "status": job.standing.status(),
            "conclusion": job.standing.conclusion(),
            "startedAt": job.started,
            "completedAt": job.ended,
            "url": format!("{address}/job/{id}"),
        })
    };
    let ended = run.jobs.iter().filter_map(|j| j.ended.or(j.started)).max();
    let subject = world.forge.store.get(&run.commit).map(|c| c.subject().to_owned()).unwrap_or_default();
    json!({
        "databaseId": run.id,
        "number": run.id,
        "attempt": run.attempt,
        "displayTitle": subject,
        "name": workflow(world).1,
        "workflowName": workflow(world).1,
        "headBranch": run.branch,
        "headSha": run.commit,
        "event": run.event,
        "actor": {"login": run.actor},
        "status": standing.status(),
        "conclusion": standing.conclusion(),
        "createdAt": run.created,
        "startedAt": run.created,
        "updatedAt": ended.unwrap_or(run.created),
        "url": address,
        "jobs": run.jobs.iter().enumerate().map(job).collect::<Vec<Value>>(),
        "now": world.now(),
    })
}

/// `ListRuns`: `limit`, `branch`, `status`, `workflow`; newest first.
pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let limit = call.number("limit").and_then(|n| usize::try_from(n).ok()).unwrap_or(20);
    let fits = |run: &&Run| {
        let standing = run.standing();
        call.text("branch").is_none_or(|b| b == run.branch)
            && call.text("commit").is_none_or(|c| run.commit.starts_with(c))
            && call.text("status").is_none_or(|s| s == standing.status() || s == standing.conclusion())
    };
    let runs = world.forge.runs.values().rev().filter(fits).take(limit);
    Ok(runs.map(|run| value(world, run)).collect())
}

/// `ViewRun`: `run`, `log`.
pub(super) fn view(world: &mut World, call: &Call) -> Answer {
    let id = find(world, call)?;
    let Some(run) = world.forge.runs.get(&id) else { return Ok(Value::Null) };
    let mut seen = value(world, run);
    if call.flag("log") {
        let lines = run.jobs.iter().zip(JOBS).flat_map(|(job, name)| {
            let failed = job.standing == Standing::Failure;
            let line = move |(at, text): &(Time, String)| {
                json!({"job": name, "at": at, "text": text, "failed": failed})
            };
            job.log.iter().map(line)
        });
        if let Some(fields) = seen.as_object_mut() {
            fields.insert("log".to_owned(), lines.collect());
        }
    }
    Ok(seen)
}

/// `WatchRun`: lets time pass until the run is done.
pub(super) fn watch(world: &mut World, call: &Call) -> Answer {
    let id = find(world, call)?;
    let until = world.now().plus(WATCH_S);
    while world.forge.runs.get(&id).is_some_and(|run| !run.standing().is_done()) {
        let Some(next) = world.next_due().filter(|next| *next <= until) else { break };
        world.advance(next);
    }
    view(world, call)
}

/// `RerunRun`: `run`, `failed` (only what failed). The build keeps its number.
pub(super) fn rerun(world: &mut World, call: &Call) -> Answer {
    let id = find(world, call)?;
    let refused = |why: &str| Err(Refusal::new("Forbidden", format!("run {id} cannot be rerun; {why}")));
    let Some(run) = world.forge.runs.get_mut(&id) else { return Ok(Value::Null) };
    if !run.standing().is_done() {
        return refused("This workflow is already running");
    }
    let failed = run.jobs.iter().position(|job| job.standing == Standing::Failure);
    let first = match (call.flag("failed"), failed) {
        (true, None) => return refused("This workflow run has no failed jobs"),
        (true, Some(first)) => first,
        (false, _) => 0,
    };
    run.attempt = run.attempt.saturating_add(1);
    run.jobs.iter_mut().skip(first).for_each(|job| *job = Job::default());
    let attempt = run.attempt;
    again(world, id, attempt, first);
    forge::record(world, Change::Published { what: format!("run {id} started again") });
    Ok(json!({"databaseId": id, "failed": call.flag("failed")}))
}

/// `RunWorkflow`: `workflow` (file or name), `ref`.
pub(super) fn run_workflow(world: &mut World, call: &Call) -> Answer {
    let (file, name) = workflow(world);
    let wanted = call.text("workflow").unwrap_or(&call.target);
    if ![file.as_str(), name.as_str(), ""].contains(&wanted) {
        return Err(Refusal::new("NotFound", format!("could not find any workflows named {wanted}")));
    }
    let branch = call.text("ref").unwrap_or(forge::MAIN).to_owned();
    let Some(commit) = world.forge.heads.get(&branch).cloned() else {
        let text = format!("could not create workflow dispatch event: HTTP 422: No ref found for: {branch}");
        return Err(Refusal::new("UnprocessableEntity", text));
    };
    let actor = author(world, call);
    let id = start(world, &commit, &branch, "workflow_dispatch", &actor);
    forge::record(world, Change::Published { what: format!("run {id} started by hand on {branch}") });
    Ok(json!({"workflow": file, "ref": branch, "databaseId": id}))
}

/// `ListWorkflows`.
pub(super) fn workflows(world: &mut World, _: &Call) -> Answer {
    let (file, name) = workflow(world);
    Ok(json!([{"name": name, "state": "active", "path": format!(".github/workflows/{file}"), "id": 1}]))
}

/// How long ago something was, in words.
pub(crate) fn ago(seconds: i64) -> String {
    let (count, unit) = match seconds {
        s if s < crate::clock::MINUTE_S => (s, "second"),
        s if s < crate::clock::HOUR_S => (s / crate::clock::MINUTE_S, "minute"),
        s if s < crate::clock::DAY_S => (s / crate::clock::HOUR_S, "hour"),
        s => (s / crate::clock::DAY_S, "day"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}
