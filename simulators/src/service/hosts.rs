//! Machines with PostgreSQL servers of one's own: a primary and its standbys, their data directories, and who follows whom.
//!
//! The rows are a database's like any other ([`super::databases`]); here is what happens to them as files. What a machine shows is
//! in [`super::host_shapes`]. A directory that is moved aside keeps what was in it, and is a restore point.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::database_backups::{self as backups, snapshot_of};
use super::database_keepers::{Keeper, vanish};
use super::databases::{self, Build, Made};
use super::{database_sql, host_shapes as shapes};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::clock::Time;
use crate::effect::Change;
use crate::resource::{NewResource, Uid};
use crate::sql::Data;
use crate::stage::Problem;
use crate::stage::host::Host as Staged;
use crate::world::Due as WorldDue;

/// Where a server's data lies.
pub(super) const MAIN: &str = "/var/lib/postgresql/15/main";
/// The type of a directory that was moved aside.
const ASIDE_KIND: &str = "Postgres::DataDirectory";
/// A server is up after so long.
const START_S: i64 = 6;
/// Directories on a machine, at the most.
const DIRECTORIES_MAX: usize = 20;

type Doing = fn(&mut World, &str, &Call) -> Answer;

const READS: &str = "host:Read";
/// What can be done on a machine, by the commands that do it.
const DOINGS: &[(Operation, Doing)] = &[
    (Operation::read("cat", READS), shapes::shown),
    (Operation::read("df", READS), shapes::shown),
    (Operation::read("du", READS), shapes::shown),
    (Operation::read("hostname", READS), shapes::shown),
    (Operation::read("journalctl", READS), shapes::shown),
    (Operation::read("ls", READS), shapes::shown),
    (Operation::read("pg_lsclusters", READS), shapes::shown),
    (Operation::read("ps", READS), shapes::shown),
    (Operation::read("systemctl status", READS), shapes::shown),
    (Operation::read("uptime", READS), shapes::shown),
    (Operation::read("whoami", READS), shapes::shown),
    (Operation::write("mv", "host:Move"), move_aside),
    (Operation::write("pg_basebackup", "host:Copy"), base_backup),
    (Operation::write("pg_promote", "host:Promote"), promote),
    (Operation::write("rm", "host:Remove"), remove),
    (Operation::write("systemctl restart", "host:Service"), restart),
    (Operation::write("systemctl start", "host:Service"), start),
    (Operation::write("systemctl stop", "host:Service"), stop),
];

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &Operation::of_table::<_, { DOINGS.len() }>(DOINGS);

/// What stands in it: machines by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State(pub(super) BTreeMap<String, Host>);

/// A machine.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub staged: Arc<Staged>,
    /// The host that it follows.
    pub follows: Option<String>,
    /// It gets what is written there.
    pub streams: bool,
    /// The last change that it has replayed.
    pub replayed: Time,
    /// The data directory is in its place.
    pub has_main: bool,
    /// Directories that were moved aside, by path: the name of what can be restored from them, if anything can.
    pub aside: BTreeMap<String, Option<Uid>>,
    /// What its server has said in the trial.
    pub log: Vec<(Time, String)>,
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    let stage = Arc::clone(&world.stage);
    for (i, staged) in stage.host.iter().enumerate() {
        if let Some(data) = &staged.data {
            let content = databases::built(&stage, data, &format!("host[{i}].data"))?;
            let resource = NewResource::of(Keeper::Server.kind(), &staged.name, staged.environment);
            let (made, up) = (made(world, staged), ("available", staged.created));
            databases::put_up(world, staged.name.clone(), resource, made, up);
            databases::put(world, &staged.name, content);
        }
        let host = Host {
            staged: Arc::new(staged.clone()),
            follows: staged.follows.clone(),
            streams: staged.follows.is_some() && staged.behind_since.is_none(),
            replayed: staged.behind_since.unwrap_or(stage.epoch),
            has_main: true,
            aside: BTreeMap::new(),
            log: Vec::new(),
        };
        world.hosts.0.insert(staged.name.clone(), host);
    }
    Ok(())
}

/// A server that is set up as the one that it follows, or as the database of the stage.
fn made(world: &World, staged: &Staged) -> Made {
    let names = [Some(&staged.name), staged.follows.as_ref()];
    let like = world.stage.database.iter().find(|d| names.contains(&Some(&d.id)));
    let like = like.or_else(|| world.stage.database.first());
    let text = |of: fn(&crate::stage::Database) -> &String| like.map(of).cloned().unwrap_or_default();
    let build = Build {
        class: String::new(),
        database: text(|d| &d.name),
        user: text(|d| &d.user),
        allocated_gib: staged.used_gib,
        restore_mib_per_s: staged.copy_mib_per_s,
        create_s: START_S,
        delete_s: 0,
    };
    Made { build, retention_days: 0, deletion_protection: false }
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    let name = call.text("host").unwrap_or(&call.target).to_owned();
    if !world.hosts.0.contains_key(&name) {
        let text = format!("Could not resolve hostname {name}: Name or service not known");
        return Err(Refusal::new("255", text));
    }
    match DOINGS.iter().find(|(known, _)| known.name == call.operation) {
        Some((_, doing)) => doing(world, &name, call),
        None => Err(Refusal::new("InvalidAction", call.operation.clone())),
    }
}

/// What a command says on its way out with 1.
pub(super) fn failed(text: impl Into<String>) -> Answer {
    Ok(json!({"stderr": text.into() + "\n", "code": 1}))
}

fn note(world: &mut World, name: &str, text: impl Into<String>) {
    let now = world.now();
    if let Some(host) = world.hosts.0.get_mut(name) {
        host.log.push((now, text.into()));
    }
}

/// What a standby holds: while it gets what is written, what the one it follows holds.
pub(super) fn content<'w>(world: &'w World, name: &str) -> Option<&'w Data> {
    let host = world.hosts.0.get(name)?;
    let upstream = host.follows.as_deref().filter(|_| host.streams);
    upstream.and_then(|upstream| databases::data(world, upstream))
}

/// Whether a host's server takes no writes.
pub(super) fn is_standby(world: &World, name: &str) -> bool {
    world.hosts.0.get(name).is_some_and(|host| host.follows.is_some())
}

/// Those that follow a host keep what they have: until it is there again, or for good.
fn leave_followers(world: &mut World, name: &str, for_good: bool) {
    let followers: Vec<String> =
        world.hosts.0.keys().filter(|other| follows(world, other, name)).cloned().collect();
    let now = world.now();
    for follower in followers {
        if let Some(kept) = content(world, &follower).cloned() {
            databases::put(world, &follower, kept);
        }
        if let Some(host) = world.hosts.0.get_mut(&follower).filter(|_| for_good) {
            host.streams = false;
            host.replayed = now;
        }
        let text = format!(
            "FATAL:  could not connect to the primary server: connection to server at \"{name}\" failed: Connection refused"
        );
        note(world, &follower, text);
    }
}

fn follows(world: &World, follower: &str, name: &str) -> bool {
    world.hosts.0.get(follower).is_some_and(|h| h.streams && h.follows.as_deref() == Some(name))
}

fn stop(world: &mut World, name: &str, _: &Call) -> Answer {
    if databases::status(world, name) == Some("available") {
        leave_followers(world, name, false);
        databases::set_status(world, name, "stopped");
        note(world, name, "LOG:  database system is shut down");
        if let Some(uid) = databases::uid(world, name) {
            world.effect(uid, Change::Restarted);
        }
    }
    Ok(json!(""))
}

/// Starts a server, if there is a directory to start from.
fn start(world: &mut World, name: &str, _: &Call) -> Answer {
    let has_main = world.hosts.0.get(name).is_some_and(|host| host.has_main);
    if !has_main || databases::status(world, name).is_none() {
        note(world, name, format!("FATAL:  data directory \"{MAIN}\" does not exist"));
        return failed(
            "Job for postgresql@15-main.service failed because the service did not take the steps required by its unit configuration.\n\
             See \"systemctl status postgresql@15-main.service\" and \"journalctl -xeu postgresql@15-main.service\" for details.",
        );
    }
    if databases::status(world, name) == Some("stopped") {
        bring_up(world, name);
    }
    Ok(json!(""))
}

fn restart(world: &mut World, name: &str, call: &Call) -> Answer {
    stop(world, name, call)?;
    start(world, name, call)
}

fn bring_up(world: &mut World, name: &str) {
    databases::set_status(world, name, "starting");
    note(world, name, "LOG:  database system is ready to accept connections");
    if let Some(uid) = databases::uid(world, name) {
        let after = world.lasting("hosts/start", START_S);
        world.schedule(after, WorldDue::Database(databases::Due::Available(uid)));
        world.configured(uid, "server", "stopped", "running");
    }
}

/// What the colleague on call does with a server that was stopped: what was moved aside comes back, and it is started.
pub(crate) fn mend(world: &mut World, name: &str) -> bool {
    let Some(host) = world.hosts.0.get_mut(name) else { return false };
    host.has_main = true;
    bring_up(world, name);
    true
}

fn paths(call: &Call) -> Vec<String> {
    call.texts("paths")
        .into_iter()
        .map(|p| p.trim_end_matches("/*").trim_end_matches('/').to_owned())
        .collect()
}

/// `rm -rf`: of the data directory, while the server runs as well; and of what was moved aside.
fn remove(world: &mut World, name: &str, call: &Call) -> Answer {
    for path in paths(call) {
        let Some(host) = world.hosts.0.get_mut(name) else { continue };
        let holds_main = path == MAIN || MAIN.starts_with(&format!("{path}/"));
        if holds_main && host.has_main {
            if !call.flag("recursive") {
                return failed(format!("rm: cannot remove '{path}': Is a directory"));
            }
            host.has_main = false;
            leave_followers(world, name, true);
            note(world, name, "PANIC:  could not open file \"global/pg_control\": No such file or directory");
            vanish(world, name);
        }
        let Some(host) = world.hosts.0.get_mut(name) else { continue };
        let under: Vec<String> = host
            .aside
            .keys()
            .filter(|p| **p == path || p.starts_with(&format!("{path}/")))
            .cloned()
            .collect();
        let uids: Vec<Uid> = under.iter().filter_map(|p| host.aside.remove(p).flatten()).collect();
        for uid in uids {
            drop_aside(world, name, uid);
        }
        if !holds_main && under.is_empty() && !call.flag("force") {
            return failed(format!("rm: cannot remove '{path}': No such file or directory"));
        }
    }
    Ok(json!(""))
}

fn drop_aside(world: &mut World, name: &str, uid: Uid) {
    let key = world.databases.snapshots.iter().find(|(_, s)| s.uid == uid).map(|(key, _)| key.clone());
    let Some(snapshot) = key.and_then(|key| world.databases.snapshots.remove(&key)) else { return };
    let is_same = databases::data(world, name) == Some(&snapshot.content);
    let records = if is_same { 0 } else { snapshot.content.records() };
    let best = backups::best_point(world, name);
    world.destroy(uid, records, best);
}

/// `mv`: the data directory goes aside, or comes back.
fn move_aside(world: &mut World, name: &str, call: &Call) -> Answer {
    let given = paths(call);
    let [from, to] = given.as_slice() else { return failed("mv: missing destination file operand") };
    let Some(host) = world.hosts.0.get(name) else { return Ok(Value::Null) };
    if from == MAIN && host.has_main {
        if databases::status(world, name) != Some("stopped") {
            stop(world, name, call)?;
        }
        return aside(world, name, to);
    }
    if to == MAIN && !host.has_main && host.aside.contains_key(from) {
        return back(world, name, from);
    }
    failed(format!("mv: cannot stat '{from}': No such file or directory"))
}

fn aside(world: &mut World, name: &str, to: &str) -> Answer {
    let is_kept = world.stage.database.iter().any(|d| d.id == name);
    let Some(instance) = world.databases.instances.get(name).cloned() else {
        return failed("mv: cannot stat: No such file or directory");
    };
    if world.hosts.0.get(name).is_some_and(|h| h.aside.len() >= DIRECTORIES_MAX) {
        return failed(format!("mv: cannot move '{MAIN}' to '{to}': No space left on device"));
    }
    let uid = is_kept.then(|| {
        let key = format!("{name}:{to}");
        let mut snapshot = snapshot_of(world, name, &instance, (instance.uid, "available"));
        let resource = NewResource::of(ASIDE_KIND, &key, snapshot.environment);
        snapshot.uid = world.create(NewResource { stateful: true, ..resource });
        let uid = snapshot.uid;
        world.databases.snapshots.insert(key, snapshot);
        uid
    });
    if let Some(host) = world.hosts.0.get_mut(name) {
        host.has_main = false;
        host.aside.insert(to.to_owned(), uid);
    }
    world.configured(instance.uid, "data directory", MAIN, to);
    Ok(json!(""))
}

fn back(world: &mut World, name: &str, from: &str) -> Answer {
    let uid = world.hosts.0.get_mut(name).and_then(|host| {
        host.has_main = true;
        host.aside.remove(from).flatten()
    });
    if let Some(uid) = uid {
        world.databases.snapshots.retain(|_, s| s.uid != uid);
        world.destroy(uid, 0, None);
    }
    if let Some(server) = databases::uid(world, name) {
        world.configured(server, "data directory", from, MAIN);
    }
    Ok(json!(""))
}

/// `pg_basebackup`: copies what another server holds, which takes its time, and says to follow it.
fn base_backup(world: &mut World, name: &str, call: &Call) -> Answer {
    let from = call.text("from").unwrap_or_default().split('.').next().unwrap_or_default().to_owned();
    let to = call.text("directory").unwrap_or_default().trim_end_matches('/').to_owned();
    let says = |text: String| failed(format!("pg_basebackup: error: {text}"));
    if to != MAIN {
        return says(format!("could not create directory \"{to}\": Permission denied"));
    }
    if world.hosts.0.get(name).is_some_and(|host| host.has_main) {
        return says(format!("directory \"{MAIN}\" exists but is not empty"));
    }
    let source = content(world, &from).or_else(|| databases::data(world, &from)).filter(|_| from != name);
    let (Some(source), Some(upstream)) = (source.cloned(), world.hosts.0.get(&from)) else {
        return says(format!("connection to server at \"{from}\" failed: Connection refused"));
    };
    let mib = upstream.staged.used_gib.saturating_mul(1024);
    let replayed =
        if upstream.follows.is_some() && !upstream.streams { upstream.replayed } else { world.now() };
    let Some(staged) = world.hosts.0.get(name).map(|h| Arc::clone(&h.staged)) else { return Ok(Value::Null) };
    let lasts = world.lasting("hosts/copy", mib / staged.copy_mib_per_s.max(1)).max(1);
    world.advance(world.now().plus(lasts));
    put_copy(world, name, &staged, (source, &from, replayed));
    if let Some(host) = world.hosts.0.get_mut(name) {
        host.has_main = true;
        host.follows = call.flag("follow").then_some(from);
        host.streams = host.follows.is_some();
        host.replayed = replayed;
    }
    let kib = mib.saturating_mul(1024);
    Ok(json!({"text": "", "stderr": format!("{kib}/{kib} kB (100%), 1/1 tablespace\n"), "code": 0}))
}

/// The copy is the server's content now. Where the server itself is gone, another stands in its place.
fn put_copy(world: &mut World, name: &str, staged: &Staged, (copy, from, replayed): (Data, &str, Time)) {
    let is_kept = world.stage.database.iter().any(|d| d.id == name);
    if databases::uid(world, name).is_some() {
        match is_kept {
            true => database_sql::replace_content(world, name, copy),
            false => databases::put(world, name, copy),
        }
        return databases::set_status(world, name, "stopped");
    }
    let now = world.now();
    let kind = Keeper::Server.kind();
    let mut resource = NewResource::of(kind, name, staged.environment);
    if let Some(gone) = world.resources().filter(|r| r.kind == kind && r.name == name).last() {
        (resource.stateful, resource.serving) = (gone.stateful, gone.serving);
        resource.replaces = Some(gone.uid);
    }
    let (records, from) = (copy.records(), from.to_owned());
    let uid = databases::put_up(world, name.to_owned(), resource, made(world, staged), ("stopped", now));
    databases::put(world, name, copy);
    if is_kept {
        let lost = world.databases.lost.get(name).copied().unwrap_or(now);
        world.effect(uid, Change::Restored { records, from, age_s: lost.since(replayed).max(0) });
    }
}

/// `pg_ctl promote`: a standby takes writes from now on.
fn promote(world: &mut World, name: &str, _: &Call) -> Answer {
    if databases::status(world, name) != Some("available") {
        return failed(format!(
            "pg_ctl: PID file \"{MAIN}/postmaster.pid\" does not exist\nIs server running?"
        ));
    }
    let kept = content(world, name).cloned();
    let Some(host) = world.hosts.0.get_mut(name) else { return Ok(Value::Null) };
    let Some(from) = host.follows.take() else {
        return failed("pg_ctl: cannot promote server; server is not in standby mode");
    };
    host.streams = false;
    if let Some(kept) = kept {
        databases::put(world, name, kept);
    }
    note(world, name, "LOG:  received promote request");
    if let Some(uid) = databases::uid(world, name) {
        world.configured(uid, "follows", from, "nobody");
    }
    Ok(json!("waiting for server to promote.... done\nserver promoted\n"))
}
