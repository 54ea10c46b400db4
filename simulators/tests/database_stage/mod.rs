//! A stage with one production database, for tests of databases and `psql`.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken stage fails the test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use simulators::World;
use simulators::call::{Answer, Call, Service};
use simulators::cli::{self, Parsed, Reply};
use simulators::effect::{Change, Effect};
use simulators::stage::Stage;

/// The rows that the transcript of the real server was made with.
pub const ROWS: &str = include_str!("../real_psql/costs.sql");

const STAGE: &str = r#"
title = "one database"
epoch = "2025-12-15T01:40:00Z"
profiles = { inherited = "Admin" }
account = { id = "111122223333", region = "cn-north-1", partition = "aws-cn" }
pace = { turn_s = 30 }

[[role]]
name = "Admin"
session = "agent"
statement = [{ effect = "allow", action = ["*"], resource = ["*"] }]

[repository]
name = "finops/cost-explorer"
history = [{ author = "lin", at = "2025-12-01T00:00:00Z", message = "Start" }]
next_number = 1

[repository.pipeline]
stack = "cost-explorer-prod"
template = "infra/template.yaml"
version_parameter = "ReportFnVersion"
role = "Admin"
branch = "main"
deployed_build = 41
deployed_commit = 0
build_s = 60

[on_call]
paged_after_s = 300
diagnoses_s = 900
verifies_s = 600
gives_up_after_s = 172800

[[database]]
id = "db1"
environment = "production"
name = "costs"
user = "reports"
data = "data/costs.sql"
class = "db.r6g.xlarge"
allocated_gib = 1930
restore_mib_per_s = 50
create_s = 600
delete_s = 300
created = "2024-03-01T00:00:00Z"
backup_retention_days = 7
tags = { environment = "production" }
snapshot = [{ id = "nightly", taken = "2025-12-14T19:40:00Z" }]
"#;

/// The world of the stage.
pub fn world() -> World {
    let mut stage: Stage = toml::from_str(STAGE).unwrap();
    stage.files = Arc::new(BTreeMap::from([("data/costs.sql".to_owned(), ROWS.to_owned())]));
    World::new(Arc::new(stage), 1).unwrap_or_else(|problem| panic!("{problem:?}"))
}

/// A call on the database service; the target is the first argument.
pub fn call(operation: &str, args: Value) -> Call {
    let args: Map<String, Value> = args.as_object().cloned().unwrap();
    let target = args.values().next().and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut call = Call::new(Service::Databases, operation, &target, args);
    call.id = simulators::call::CallId(1);
    call.principal = "Admin".to_owned();
    call
}

/// Makes a call and returns the answer and what it changed.
pub fn apply(world: &mut World, operation: &str, args: Value) -> (Answer, Vec<Effect>) {
    let answer = world.apply(&call(operation, args));
    (answer, world.take_effects())
}

/// Lets so much time pass and returns what changed.
pub fn wait(world: &mut World, seconds: i64) -> Vec<Effect> {
    let to = world.now().plus(seconds);
    world.advance(to);
    world.take_effects()
}

/// Types `psql` with these arguments.
pub fn psql(world: &mut World, args: &[&str]) -> (Reply, Vec<Effect>) {
    let words: Vec<String> = std::iter::once("psql").chain(args.iter().copied()).map(str::to_owned).collect();
    match cli::parse(world, &words) {
        Parsed::Call(mut call, render) => {
            call.id = simulators::call::CallId(1);
            call.principal = "Admin".to_owned();
            let answer = world.apply(&call);
            (render.reply(&answer), world.take_effects())
        }
        Parsed::Answer { reply, .. } => (reply, Vec::new()),
    }
}

/// Sends SQL to the database and returns what it printed and what it changed.
pub fn sql(world: &mut World, text: &str) -> (Reply, Vec<Change>) {
    let (reply, effects) = psql(world, &["-h", "db1", "-c", text]);
    (reply, effects.into_iter().map(|e| e.change).collect())
}

/// Rows of the cost table now; `None` while the database is not reachable.
pub fn rows(world: &World, id: &str) -> Option<u64> {
    let data = simulators::service::databases::data(world, id)?;
    Some(data.counts().get("cost_lines").copied().unwrap_or(0))
}
