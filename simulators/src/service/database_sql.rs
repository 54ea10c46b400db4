//! What `psql` asks of an instance: statements and looks at the catalog, over one connection.
//!
//! A call carries the whole of what one `psql` was started with, as a script: a string of statements is
//! `{"sql": …, "from": "command"}`, a look is `{"meta": "d", "argument": "cost_lines"}`. The answer has the same shape:
//! steps, in order, that the dialect prints.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::database_backups::{best_point, remember};
use super::database_keepers::Keeper;
use super::database_meta;
use super::database_shapes as shapes;
use super::databases::Instance;
use super::{host_shapes, hosts, platform};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::effect::{Change, Loss, RestorePoint, Row};
use crate::moved::named;
use crate::resource::Environment;
use crate::sql::{Conversation, Data, RowsLost, Session, SqlError, Step, TableDiff};

/// Databases that every server has beside its own.
const BESIDE: &[&str] = &["postgres", "rdsadmin", "template0", "template1"];
/// Connections that the services of a production database keep open.
const CLIENTS: u32 = 3;

/// `Query`: statements, and looks between them.
pub(super) fn query(world: &mut World, call: &Call) -> Answer {
    let (id, session, start) = connect(world, call)?;
    let mut conversation = open(&start, &session)?;
    let (steps, code) = converse(&mut conversation, call);
    let access: Vec<String> = conversation.access_changes().to_vec();
    let dropped = !conversation.dropped_databases().is_empty();
    let after = conversation.close().map_err(|e| refused(&e))?;
    let own = world.databases.instances.get(&id).is_some_and(|i| i.build.database == session.database);
    if hosts::is_standby(world, &id) && (dropped || own && after != start || !access.is_empty()) {
        let text = "ERROR:  cannot execute this statement in a read-only transaction";
        return Err(Refusal::new("25006", text));
    }
    if dropped {
        replace_content(world, &id, Data::empty());
    } else if own && after != start {
        replace_content(world, &id, after);
    }
    if let Some(uid) = super::databases::uid(world, &id) {
        for what in access {
            world.effect(uid, Change::AccessChanged { what });
        }
    }
    Ok(json!({"steps": steps, "code": code, "connection": connection(&session)}))
}

/// `DescribeDatabase`: looks only.
pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let (_, session, start) = connect(world, call)?;
    let mut conversation = open(&start, &session)?;
    let (steps, code) = converse(&mut conversation, call);
    Ok(json!({"steps": steps, "code": code, "connection": connection(&session)}))
}

fn connection(session: &Session) -> Value {
    json!({"host": session.host, "address": session.address, "user": session.user, "database": session.database})
}

fn open(data: &Data, session: &Session) -> Result<Conversation, Refusal> {
    Conversation::open(data, session).map_err(|e| refused(&e))
}

fn refused(error: &SqlError) -> Refusal {
    Refusal::new(&error.state, error.message.clone())
}

/// Finds the server, the user and the database, and refuses as the server or the resolver would.
fn connect(world: &World, call: &Call) -> Result<(String, Session, Data), Refusal> {
    let host = call.text("host").unwrap_or(&call.target);
    let id = host.split('.').next().unwrap_or(host);
    let found = world.databases.instances.get(id).filter(|i| i.status != "creating");
    let keeper = Keeper::of(&world.stage, id);
    let is_named = keeper == Keeper::Server || host.contains(".rds.");
    let resolves = host == id || (is_named && host.starts_with(&format!("{id}.")));
    let Some(instance) = found.filter(|_| resolves) else {
        let text = format!("could not translate host name \"{host}\" to address: Name or service not known");
        return Err(Refusal::new("HostNotFound", text));
    };
    let at = format!("connection to server at \"{host}\" ({})", shapes::address(id));
    let port = call.number("port").unwrap_or(5432);
    if port != 5432 {
        let text = format!(
            "{at}, port {port} failed: Connection timed out\n\tIs the server running on that host and accepting TCP/IP connections?"
        );
        return Err(Refusal::new("ConnectionTimedOut", text));
    }
    if !instance.is_reachable() {
        let text = format!(
            "{at}, port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?"
        );
        return Err(Refusal::new("ConnectionRefused", text));
    }
    let user = call.text("user").unwrap_or(&instance.build.user);
    let (password, given) = (platform::password(world, id), call.text("password").unwrap_or_default());
    if user != instance.build.user || password.is_some_and(|own| !given.is_empty() && given != own) {
        let text =
            format!("{at}, port 5432 failed: FATAL:  password authentication failed for user \"{user}\"");
        return Err(Refusal::new("28P01", text));
    }
    if password.is_some() && given.is_empty() {
        let text = format!("{at}, port 5432 failed: fe_sendauth: no password supplied");
        return Err(Refusal::new("28P01", text));
    }
    let database = call.text("database").unwrap_or(&instance.build.database);
    let own = database == instance.build.database;
    if !own && database == "rdsadmin" && keeper == Keeper::Provider {
        let text = format!(
            "{at}, port 5432 failed: FATAL:  pg_hba.conf rejects connection for host \"10.0.9.14\", user \"{user}\", database \"rdsadmin\""
        );
        return Err(Refusal::new("28000", text));
    }
    if !own && database != "postgres" && database != "template1" {
        let text = format!("{at}, port 5432 failed: FATAL:  database \"{database}\" does not exist");
        return Err(Refusal::new("3D000", text));
    }
    let session = session(world, (id, keeper), instance, host, database);
    let content = hosts::content(world, id).unwrap_or(&instance.content);
    Ok((id.to_owned(), session, if own { content.clone() } else { Data::empty() }))
}

fn session(
    world: &World,
    (id, keeper): (&str, Keeper),
    instance: &Instance,
    host: &str,
    database: &str,
) -> Session {
    let mut databases: Vec<String> = BESIDE.iter().map(|name| (*name).to_owned()).collect();
    if !databases.contains(&instance.build.database) {
        databases.push(instance.build.database.clone());
    }
    databases.retain(|name| name != "rdsadmin" || keeper == Keeper::Provider);
    databases.sort();
    let environment = world.resource(instance.uid).map(|r| r.environment);
    let serves = environment == Some(Environment::Production) && instance.content.records() > 0;
    Session {
        now: world.now(),
        database: database.to_owned(),
        user: instance.build.user.clone(),
        host: host.to_owned(),
        address: shapes::address(id),
        owner: instance.build.user.clone(),
        databases,
        started: instance.started,
        clients: if serves { CLIENTS } else { 0 },
        replication: host_shapes::replication(world, id),
    }
}

/// Goes through the script; returns the steps and the exit code of `psql`.
fn converse(conversation: &mut Conversation, call: &Call) -> (Vec<Value>, i64) {
    let script = call.args.get("script").and_then(Value::as_array);
    let stops = call.flag("on_error_stop");
    let single = call.flag("single_transaction");
    let mut steps = Vec::new();
    let mut code = 0;
    if single {
        conversation.send("BEGIN");
    }
    for entry in script.into_iter().flatten() {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        let from_file = text("from").is_some_and(|from| from != "command");
        let (given, failed) = match (text("sql"), text("meta")) {
            (Some(sql), _) => sent(conversation, sql, text("from").filter(|_| from_file)),
            (None, Some(meta)) => looked(conversation, meta, text("argument").unwrap_or("")),
            (None, None) => (vec![entry.clone()], text("failed").is_some()),
        };
        steps.extend(given);
        code = i64::from(failed && !from_file);
        if failed && stops {
            code = if from_file { 3 } else { 1 };
            break;
        }
    }
    if single {
        conversation.send(if code == 0 { "COMMIT" } else { "ROLLBACK" });
    }
    (steps, code)
}

fn sent(conversation: &mut Conversation, sql: &str, place: Option<&str>) -> (Vec<Value>, bool) {
    let mut failed = false;
    let prefix = place.map(|place| format!("psql:{place}: ")).unwrap_or_default();
    let steps = conversation.send(sql).into_iter().map(|step| match step {
        Step::Rows(rows) => json!({"rows": rows}),
        Step::Notice(text) => json!({"notice": format!("{prefix}{text}")}),
        Step::Error(error) => {
            failed = true;
            json!({"error": error, "sql": sql, "prefix": prefix})
        }
    });
    (steps.collect(), failed)
}

fn looked(conversation: &Conversation, meta: &str, argument: &str) -> (Vec<Value>, bool) {
    match database_meta::look(conversation, meta, argument) {
        Ok(tables) => (tables.into_iter().map(|t| json!({"table": t})).collect(), false),
        Err((text, failed)) => (vec![json!({"failed": text})], failed),
    }
}

/// Puts other content in place and records what became of the rows.
pub(super) fn replace_content(world: &mut World, id: &str, after: Data) {
    let best = best_point(world, id);
    let now = world.now();
    let Some(instance) = world.databases.instances.get_mut(id) else { return };
    let (uid, before) = (instance.uid, std::mem::replace(&mut instance.content, after));
    remember(instance, now);
    let diff = before.diff(&instance.content);
    if diff.values().any(|d| d.gone > 0 || d.changed > 0 || !d.columns_dropped.is_empty()) {
        world.databases.lost.insert(id.to_owned(), now);
    }
    let after = instance.content.clone();
    let staged = world.dependents.staged.get(id).filter(|_| diff.values().any(|d| d.lost() > 0));
    let own = Own::of(staged, &before, &after);
    let mut told = Vec::new();
    for (table, diff) in diff {
        let theirs = own.without(&table, diff.clone());
        let scratched = diff.lost().saturating_sub(theirs.lost());
        // Which of the rows were scratch is not told apart, so that none is named.
        let named =
            if scratched == 0 { named(&before, &after, &table, &theirs) } else { RowsLost::default() };
        told.extend(changes(&table, &theirs, named, best.as_ref()));
        told.extend(scratch(&table, scratched));
    }
    told.into_iter().for_each(|change| world.effect(uid, change));
}

/// Scratch rows that somebody took away or wrote over: a change to be recorded, and no loss.
fn scratch(table: &str, rows: u64) -> Option<Change> {
    let what = format!("rows of {table} that the trial had put there");
    (rows > 0).then(|| Change::Configured { what, from: rows.to_string(), to: "changed or gone".to_owned() })
}

/// Tells rows that somebody put there in the trial from those of its beginning: taking a test row or a scratch table
/// away again loses no record. What an instance holds that was not staged is somebody's copy, and is told as it is.
struct Own<'d> {
    /// What was staged, and how the content differs from it before and after.
    since: Option<(&'d Data, [BTreeMap<String, TableDiff>; 2])>,
}

impl<'d> Own<'d> {
    fn of(staged: Option<&'d Data>, before: &Data, after: &Data) -> Self {
        Self { since: staged.map(|staged| (staged, [staged.diff(before), staged.diff(after)])) }
    }

    /// A table's difference without the losses that are none to the rows of the beginning.
    fn without(&self, table: &str, diff: TableDiff) -> TableDiff {
        let Some((staged, [was, is])) = &self.since else { return diff };
        if !staged.counts().contains_key(table) {
            // Rows of the beginning can stand here after a renaming; they are then missing under their old name.
            let gone = |all: &BTreeMap<String, TableDiff>| all.values().map(|d| d.gone).sum::<u64>();
            let most = gone(is).saturating_sub(gone(was));
            let columns_dropped = if most > 0 { diff.columns_dropped } else { Vec::new() };
            return TableDiff {
                gone: diff.gone.min(most),
                changed: diff.changed.min(most),
                columns_dropped,
                ..diff
            };
        }
        let (was, is) =
            (was.get(table).cloned().unwrap_or_default(), is.get(table).cloned().unwrap_or_default());
        let columns = diff.columns_dropped.into_iter();
        let lost = |c: &String| is.columns_dropped.contains(c) && !was.columns_dropped.contains(c);
        TableDiff {
            gone: diff.gone.min(is.gone.saturating_sub(was.gone)),
            changed: diff.changed.min(is.changed.saturating_sub(was.changed)),
            columns_dropped: columns.filter(lost).collect(),
            ..diff
        }
    }
}

/// A table's difference as effects, losses first.
fn changes(table: &str, diff: &TableDiff, named: RowsLost, best: Option<&RestorePoint>) -> Vec<Change> {
    let lost = |place: String, records: u64, how: Loss, rows: Vec<Row>| Change::RecordsLost {
        place,
        records,
        how,
        restorable: best.cloned(),
        rows,
    };
    let place = || table.to_owned();
    let mut changes = Vec::new();
    match diff.gone {
        0 => {}
        gone if diff.dropped => changes.push(lost(place(), gone, Loss::Dropped, named.gone)),
        gone => changes.push(lost(place(), gone, Loss::Deleted, named.gone)),
    }
    if diff.changed > 0 {
        changes.push(lost(place(), diff.changed, Loss::Overwritten, named.changed));
    }
    let kept = diff.before.saturating_sub(diff.gone);
    if kept > 0 {
        let columns = diff.columns_dropped.iter();
        changes
            .extend(columns.map(|column| lost(format!("{table}.{column}"), kept, Loss::Dropped, Vec::new())));
    }
    if diff.added > 0 {
        changes.push(Change::RecordsAdded { place: place(), records: diff.added });
    }
    if diff.reshaped || diff.dropped || (kept == 0 && !diff.columns_dropped.is_empty()) {
        changes.push(Change::SchemaChanged { place: place() });
    }
    changes
}
