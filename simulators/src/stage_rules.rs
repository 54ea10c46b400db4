//! The rules that [`Stage::problems`](crate::stage::Stage::problems) goes through, one function for each part of a
//! stage.

use crate::clock::Time;
use crate::service::commits::clean;
use crate::service::stack_stage::{EVENT_STATUSES, STACK_STATUSES};
use crate::stage::{PastCommit, Repository, Role, Stack, Stage};
use crate::stage_problems::Problems;
use crate::stage_template::api_names;

/// Days that the real service keeps automated backups at the most.
const RETENTION_DAYS_MAX: i64 = 35;

/// Statuses of one resource of a stack.
const RESOURCE_STATUSES: &[&str] = &[
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "DELETE_COMPLETE",
    "DELETE_FAILED",
    "DELETE_SKIPPED",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
];

pub(crate) fn of_account(stage: &Stage, found: &mut Problems) {
    found.not_empty("title".into(), &stage.title, "one line that names the stage");
    let id = &stage.account.id;
    let digits = id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
    found.add_if(!digits, "account.id".into(), id, "twelve digits");
    found.not_empty("account.region".into(), &stage.account.region, "a region, such as `cn-north-1`");
    found.one_of(
        "account.partition".into(),
        &stage.account.partition,
        "a partition",
        &["aws", "aws-cn", "aws-us-gov"],
    );
    found.duration("pace.turn_s".into(), stage.pace.turn_s);
    found.within("pace.jitter_percent".into(), stage.pace.jitter_percent, (0, 100), "a percentage");
    let on_call = &stage.on_call;
    let durations = [
        ("paged_after_s", on_call.paged_after_s),
        ("diagnoses_s", on_call.diagnoses_s),
        ("verifies_s", on_call.verifies_s),
        ("gives_up_after_s", on_call.gives_up_after_s),
    ];
    for (key, seconds) in durations {
        found.duration(format!("on_call.{key}"), seconds);
    }
}

pub(crate) fn of_roles(stage: &Stage, found: &mut Problems) {
    let names = role_names(stage);
    found.unique(names.iter().copied(), |i| format!("role[{i}].name"), "the name of a role");
    found.add_if(
        stage.profiles.is_empty(),
        "profiles".into(),
        "",
        "at least one profile, such as `inherited`",
    );
    for (profile, role) in &stage.profiles {
        found.one_of(format!("profiles.{profile}"), role, "the name of a `[[role]]`", &names);
    }
    for (i, role) in stage.role.iter().enumerate() {
        of_statements(role, i, found);
    }
}

fn of_statements(role: &Role, i: usize, found: &mut Problems) {
    for (j, statement) in role.statement.iter().enumerate() {
        let at = |key: &str| format!("role[{i}].statement[{j}].{key}");
        found.add_if(statement.action.is_empty(), at("action"), "", "at least one action");
        found.add_if(statement.resource.is_empty(), at("resource"), "", "at least one resource, such as `*`");
        for (k, action) in statement.action.iter().enumerate() {
            let right =
                action == "*" || action.split_once(':').is_some_and(|(s, o)| !s.is_empty() && !o.is_empty());
            let path = format!("role[{i}].statement[{j}].action[{k}]");
            found.add_if(!right, path, action, "an action, such as `rds:DeleteDBInstance`, `rds:*` or `*`");
        }
    }
}

pub(crate) fn of_people(stage: &Stage, found: &mut Problems) {
    let names = stage.person.iter().map(|p| p.name.as_str());
    found.unique(names, |i| format!("person[{i}].name"), "a handle");
    for (i, person) in stage.person.iter().enumerate() {
        let handle = !person.name.is_empty() && !person.name.contains(['@', ' ']);
        found.add_if(!handle, format!("person[{i}].name"), &person.name, "a handle without `@` and blanks");
        found.duration(format!("person[{i}].answers_after_s"), person.answers_after_s.unwrap_or(0));
        for (j, reply) in person.reply.iter().enumerate() {
            found.not_empty(format!("person[{i}].reply[{j}].text"), &reply.text, "what they say");
            for (k, word) in reply.about.iter().enumerate() {
                // Messages are put into lower case before these words are looked for: others would never be found.
                let path = format!("person[{i}].reply[{j}].about[{k}]");
                found.add_if(word != &word.to_lowercase(), path, word, "lower-case words");
            }
        }
    }
}

pub(crate) fn of_messages(stage: &Stage, found: &mut Problems) {
    let mut before = None;
    for (i, message) in stage.message.iter().enumerate() {
        let at = |key: &str| format!("message[{i}].{key}");
        let is_channel = message.channel.len() > 1 && message.channel.starts_with('#');
        found.add_if(!is_channel, at("channel"), &message.channel, "a channel, such as `#general`");
        found.not_empty(at("text"), &message.text, "what they say");
        before_epoch(stage, at("at"), message.at, found);
        let is_later = before.is_none_or(|before| before <= message.at);
        found.add_if(!is_later, at("at"), message.at, "a time that is not before that of the message above");
        before = Some(message.at);
    }
}

pub(crate) fn of_repository(stage: &Stage, found: &mut Problems) {
    let repository = &stage.repository;
    found.add_if(
        repository.history.is_empty(),
        "repository".into(),
        "",
        "at least one commit in its `history`",
    );
    of_commits(stage, &repository.history, "repository.history", found);
    let names = repository.branch.iter().map(|branch| branch.name.as_str());
    found.unique(names, |i| format!("repository.branch[{i}].name"), "the name of a branch");
    for (i, branch) in repository.branch.iter().enumerate() {
        let at = |key: &str| format!("repository.branch[{i}].{key}");
        found.not_empty(at("name"), &branch.name, "the name of a branch");
        let (last, own) = (repository.history.len().saturating_sub(1), branch.history.len());
        found.add_if(
            branch.from > last,
            at("from"),
            branch.from,
            &format!("a place in `history`, from 0 to {last}"),
        );
        found.add_if(
            branch.unfetched > own,
            at("unfetched"),
            branch.unfetched,
            &format!("at most its {own} commits"),
        );
        of_commits(stage, &branch.history, &at("history"), found);
    }
    of_past_runs(stage, repository, found);
}

fn of_commits(stage: &Stage, commits: &[PastCommit], place: &str, found: &mut Problems) {
    in_order(stage, commits.iter().map(|c| c.at), |i| format!("{place}[{i}].at"), found);
    for (i, commit) in commits.iter().enumerate() {
        let at = |key: &str| format!("{place}[{i}].{key}");
        found.not_empty(at("message"), &commit.message, "a subject line");
        found.not_empty(at("author"), &commit.author, "who made the commit");
        for (path, text) in &commit.files {
            if !text.is_empty() && stage.data_text(text).is_none() {
                let data = stage.names_in("data/", text);
                found.one_of(
                    at(&format!("files.\"{path}\"")),
                    text,
                    "a file below `data/`, or an empty text",
                    &data,
                );
            }
        }
    }
}

fn of_past_runs(stage: &Stage, repository: &Repository, found: &mut Problems) {
    let ids: Vec<String> = repository.past_run.iter().map(|run| run.id.to_string()).collect();
    found.unique(
        ids.iter().map(String::as_str),
        |i| format!("repository.past_run[{i}].id"),
        "the number of a run",
    );
    for (i, run) in repository.past_run.iter().enumerate() {
        commit_index(repository, format!("repository.past_run[{i}].commit"), run.commit, found);
        let at = format!("repository.past_run[{i}].conclusion");
        found.one_of(at, &run.conclusion, "how the run ended", &["success", "failure"]);
        before_epoch(stage, format!("repository.past_run[{i}].at"), run.at, found);
    }
}

pub(crate) fn of_pipeline(stage: &Stage, found: &mut Problems) {
    let pipeline = &stage.repository.pipeline;
    let at = |key: &str| format!("repository.pipeline.{key}");
    let template = stage.repo_text(&pipeline.template).is_some();
    if !template {
        let files = stage.names_in("repo/", &pipeline.template);
        found.one_of(at("template"), &pipeline.template, "a file below `repo/`", &files);
        // With a template of its own the pipeline can make a stack that does not stand yet.
        let stacks: Vec<&str> = stage.stack.iter().map(|s| s.name.as_str()).collect();
        found.one_of(at("stack"), &pipeline.stack, "the name of a `[[stack]]`", &stacks);
    }
    found.not_empty(at("stack"), &pipeline.stack, "the name of a stack");
    found.one_of(at("role"), &pipeline.role, "the name of a `[[role]]`", &role_names(stage));
    found.not_empty(at("branch"), &pipeline.branch, "the branch that it deploys");
    found.not_empty(at("version_parameter"), &pipeline.version_parameter, "a parameter of the template");
    found.duration(at("build_s"), pipeline.build_s);
    commit_index(&stage.repository, at("deployed_commit"), pipeline.deployed_commit, found);
}

fn commit_index(repository: &Repository, path: String, index: usize, found: &mut Problems) {
    let (of_main, own) = repository.line();
    if let Some(last) = of_main.saturating_add(own.len()).checked_sub(1)
        && index > last
    {
        found.add(path, index, &format!("a place in `history`, from 0 (the oldest commit) to {last}"));
    }
}

pub(crate) fn of_databases(stage: &Stage, found: &mut Problems) {
    let names = stage.database.iter().map(|d| d.id.as_str());
    found.unique(names, |i| format!("database[{i}].id"), "the id of an instance");
    let mut snapshots = Vec::new();
    for (i, database) in stage.database.iter().enumerate() {
        let at = |key: &str| format!("database[{i}].{key}");
        found.not_empty(at("id"), &database.id, "the id of an instance");
        data_file(stage, at("data"), &database.data, found);
        found.within(at("allocated_gib"), database.allocated_gib, (1, 65_536), "a size in GiB");
        let rate = database.restore_mib_per_s;
        found.within(at("restore_mib_per_s"), rate, (1, i64::MAX), "MiB restored each second");
        found.duration(at("create_s"), database.create_s);
        found.duration(at("delete_s"), database.delete_s);
        let days = (0, RETENTION_DAYS_MAX);
        found.within(at("backup_retention_days"), database.backup_retention_days, days, "days");
        before_epoch(stage, at("created"), database.created, found);
        for (j, snapshot) in database.snapshot.iter().enumerate() {
            let path = format!("database[{i}].snapshot[{j}].taken");
            before_epoch(stage, path.clone(), snapshot.taken, found);
            let early = snapshot.taken < database.created;
            found.add_if(early, path, snapshot.taken, &format!("a time after `{}`", at("created")));
            if let Some(text) = &snapshot.data {
                data_file(stage, format!("database[{i}].snapshot[{j}].data"), text, found);
            }
            snapshots.push((format!("database[{i}].snapshot[{j}].id"), snapshot.id.as_str()));
        }
    }
    let at = |i: usize| snapshots.get(i).map(|(path, _)| path.clone()).unwrap_or_default();
    found.unique(snapshots.iter().map(|(_, id)| *id), at, "the id of a snapshot");
}

pub(crate) fn of_buckets(stage: &Stage, found: &mut Problems) {
    let names = stage.bucket.iter().map(|b| b.name.as_str());
    found.unique(names, |i| format!("bucket[{i}].name"), "the name of a bucket");
    for (i, bucket) in stage.bucket.iter().enumerate() {
        before_epoch(stage, format!("bucket[{i}].created"), bucket.created, found);
        let keys = bucket.object.iter().map(|o| o.key.as_str());
        found.unique(keys, |j| format!("bucket[{i}].object[{j}].key"), "a key");
        for (j, object) in bucket.object.iter().enumerate() {
            let at = |key: &str| format!("bucket[{i}].object[{j}].{key}");
            found.within(at("count"), i64::from(object.count), (1, i64::MAX), "how many there are");
            let same = object.count > 1 && !object.key.contains("{n}");
            found.add_if(same, at("key"), &object.key, "`{n}` in the key of many objects");
            before_epoch(stage, at("modified"), object.modified, found);
        }
    }
}

pub(crate) fn of_stacks(stage: &Stage, found: &mut Problems) {
    let names = stage.stack.iter().map(|s| s.name.as_str());
    found.unique(names, |i| format!("stack[{i}].name"), "the name of a stack");
    for (i, stack) in stage.stack.iter().enumerate() {
        let at = |key: &str| format!("stack[{i}].{key}");
        if stage.template_text(&stack.template).is_none() {
            let files = stage.names_in("repo/", &stack.template);
            found.one_of(at("template"), &stack.template, "a file below `repo/`", &files);
        }
        found.one_of(at("status"), &stack.status, "the status of a stack at rest", STACK_STATUSES);
        before_epoch(stage, at("created"), stack.created, found);
        if let Some(updated) = stack.updated {
            before_epoch(stage, at("updated"), updated, found);
            let early = updated < stack.created;
            found.add_if(early, at("updated"), updated, &format!("a time after `{}`", at("created")));
        }
        of_stack_details(stage, stack, i, found);
    }
}

fn of_stack_details(stage: &Stage, stack: &Stack, i: usize, found: &mut Problems) {
    let names = stack.resource.iter().map(|r| r.logical.as_str());
    found.unique(names, |j| format!("stack[{i}].resource[{j}].logical"), "a logical id");
    for (j, resource) in stack.resource.iter().enumerate() {
        let path = format!("stack[{i}].resource[{j}].status");
        found.one_of(path, &resource.status, "the status of a resource", RESOURCE_STATUSES);
    }
    for (j, event) in stack.event.iter().enumerate() {
        let path = format!("stack[{i}].event[{j}].status");
        found.one_of(path, &event.status, "a status", EVENT_STATUSES);
    }
    in_order(stage, stack.event.iter().map(|e| e.at), |j| format!("stack[{i}].event[{j}].at"), found);
}

pub(crate) fn of_keys(stage: &Stage, found: &mut Problems) {
    found.unique(stage.key.iter().map(|key| key.id.as_str()), |i| format!("key[{i}].id"), "the id of a key");
    let buckets: Vec<&str> = stage.bucket.iter().map(|bucket| bucket.name.as_str()).collect();
    for (i, key) in stage.key.iter().enumerate() {
        before_epoch(stage, format!("key[{i}].created"), key.created, found);
        for (j, bucket) in key.buckets.iter().enumerate() {
            found.one_of(format!("key[{i}].buckets[{j}]"), bucket, "the name of a bucket", &buckets);
        }
    }
}

pub(crate) fn of_terraform(stage: &Stage, found: &mut Problems) {
    for (i, terraform) in stage.terraform.iter().enumerate() {
        let folder = clean(&format!("repo/{}", terraform.folder)) + "/";
        let has = stage.files.keys().any(|path| path.starts_with(&folder) && path.ends_with(".tf"));
        let expected = "a folder of `repo/` with `.tf` files in it";
        found.add_if(!has, format!("terraform[{i}].folder"), &terraform.folder, expected);
        for (j, thing) in terraform.thing.iter().enumerate() {
            before_epoch(stage, format!("terraform[{i}].thing[{j}].created"), thing.created, found);
        }
    }
}

pub(crate) fn of_logs(stage: &Stage, found: &mut Problems) {
    let names = stage.log_group.iter().map(|g| g.name.as_str());
    found.unique(names, |i| format!("log_group[{i}].name"), "the name of a log group");
    for (i, group) in stage.log_group.iter().enumerate() {
        in_order(stage, group.line.iter().map(|l| l.at), |j| format!("log_group[{i}].line[{j}].at"), found);
    }
}

pub(crate) fn of_dependents(stage: &Stage, found: &mut Problems) {
    let names = stage.dependent.iter().map(|d| d.name.as_str());
    found.unique(names, |i| format!("dependent[{i}].name"), "the name of a dependent");
    let apis = api_names(stage);
    for (i, dependent) in stage.dependent.iter().enumerate() {
        let at = |key: &str| format!("dependent[{i}].{key}");
        found.within(at("every_s"), dependent.every_s, (1, i64::MAX), "seconds between two requests");
        found.add_if(
            !dependent.path.starts_with('/'),
            at("path"),
            &dependent.path,
            "a path that begins with `/`",
        );
        found.not_empty(at("nonempty"), &dependent.nonempty, "the list in the answer that must not be empty");
        if let Some(apis) = &apis {
            found.one_of(at("api"), &dependent.api, "the name of an API that a stack's template makes", apis);
        }
    }
}

fn role_names(stage: &Stage) -> Vec<&str> {
    stage.role.iter().map(|role| role.name.as_str()).collect()
}

/// The trial begins at the epoch: what the stage tells has happened before.
pub(crate) fn before_epoch(stage: &Stage, path: String, time: Time, found: &mut Problems) {
    let expected = format!("a time before the epoch, {}", stage.epoch);
    found.add_if(time > stage.epoch, path, time, &expected);
}

/// A file that is there.
pub(crate) fn data_file(stage: &Stage, path: String, text: &str, found: &mut Problems) {
    if stage.data_text(text).is_none() {
        found.one_of(path, text, "a file below `data/`", &stage.names_in("data/", text));
    }
}

/// Oldest first, and all before the epoch.
pub(crate) fn in_order(
    stage: &Stage,
    times: impl Iterator<Item = Time>,
    at: impl Fn(usize) -> String,
    found: &mut Problems,
) {
    let mut before: Option<Time> = None;
    for (i, time) in times.enumerate() {
        before_epoch(stage, at(i), time, found);
        if let Some(before) = before.filter(|before| time < *before) {
            found.add(
                at(i),
                time,
                &format!("a time not before the previous entry's, {before} (oldest first)"),
            );
        }
        before = Some(time);
    }
}
