//! Finding the first broken link: from the consumer's request through API, function and database to the rows.

use std::collections::BTreeSet;

use super::stores;
use crate::World;
use crate::dependents;
use crate::engine::Stores;
use crate::resource::Environment;
use crate::service::{cache_records, cluster, databases, dns_lookup, dns_mend, forge, functions, stacks};
use crate::stage::Dependent;

/// The first broken link, with what its mending needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Broken {
    /// Something is already under way.
    Busy { what: String },
    /// The stack that makes the API is gone.
    StackGone { stack: String },
    /// The stack stands in a state that it can only be deleted from.
    StackDead { stack: String },
    /// The stack's rollback is stuck.
    StackStuck { stack: String },
    /// The API or its function is gone, and no stack will make them again.
    PieceGone { kind: Piece, name: String },
    /// What runs a database in a cluster is gone, or stands still.
    RunnerGone { database: String },
    /// The function was set up to run other code or to read another database than it is meant to.
    Settings { function: String },
    /// The database that the function reads is gone or has not the rows that consumers need.
    RowsGone { home: String, into: String, from: String },
    /// Nobody fails, and rows of the beginning are gone or changed all the same.
    RowsLost { instance: String, rows: u64, from: String },
    /// Records of a cache are missing that could be brought back.
    KeysGone { cache: String, records: u64, from: String },
    /// The documents that a search cluster should have are not there, and the feed may bring them.
    Unfed { cluster: String },
    /// A zone is gone, or records of it that could be put back, or nobody is sent to it.
    NamesGone { zone: String },
    /// A server of one's own, or the container that the database runs in, does not run.
    Stopped { database: String },
    /// The code fails even on the rows of the beginning.
    Code { function: String, good: String },
    /// What is broken cannot be mended.
    NoRoad { reason: String },
}

/// A part that is made without a stack if need be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Piece {
    Api,
    Function,
}

impl Piece {
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Api => "AWS::ApiGateway::RestApi",
            Self::Function => "AWS::Lambda::Function",
        }
    }
}

impl Broken {
    /// How it is remembered as tried.
    pub(super) fn key(&self) -> String {
        format!("{self:?}")
    }
}

/// States from which the only operation left is to delete the stack.
const ONLY_DELETABLE: &[&str] =
    &["CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS"];
/// States of an instance that end by themselves.
const STABLE: &[&str] = &["available", "stopped", "failed", "storage-full"];

/// The dependents that would get no usable answer now.
pub(super) fn failing(world: &World) -> Vec<Dependent> {
    let fails = |dependent: &&Dependent| {
        let response = functions::respond(world, &dependent.api, &dependents::request(dependent));
        dns_lookup::reach(world, dependent).is_err() || dependents::satisfies(dependent, &response).is_err()
    };
    world.stage().dependent.iter().filter(fails).cloned().collect()
}

/// True while what is broken is already being worked on.
pub(super) fn is_busy(world: &World, tried: &BTreeSet<String>) -> bool {
    matches!(first_broken(world, tried), Some(Broken::Busy { .. }))
}

/// The first broken link; `None` if every dependent is served and no rows are missing that could be brought back.
pub(super) fn first_broken(world: &World, tried: &BTreeSet<String>) -> Option<Broken> {
    let mut hopeless = None;
    for dependent in failing(world) {
        match on_path(world, &dependent, tried) {
            broken @ Broken::NoRoad { .. } => hopeless = hopeless.or(Some(broken)),
            broken => return Some(broken),
        }
    }
    hopeless
        .or_else(|| lost_keys(world, tried, |_| true))
        .or_else(|| lost_rows(world, tried))
        .or_else(|| lost_names(world, tried))
}

fn on_path(world: &World, dependent: &Dependent, tried: &BTreeSet<String>) -> Broken {
    if let Some(broken) = name(world, dependent, tried) {
        return broken;
    }
    let stack = owner(world, &dependent.api);
    let Some(function) = functions::function_behind(world, &dependent.api).map(str::to_owned) else {
        return missing(world, stack, Piece::Api, &dependent.api, tried);
    };
    if functions::uid(world, &dependent.api).is_none() {
        return missing(world, stack, Piece::Api, &dependent.api, tried);
    }
    if functions::uid(world, &function).is_none() {
        return missing(world, stack, Piece::Function, &function, tried);
    }
    if let Some(broken) = cache(world, &function, tried) {
        return broken;
    }
    if let Some(broken) = search(world, &function, tried) {
        return broken;
    }
    let Some(path) = Path::of(world, &function) else {
        return Broken::NoRoad { reason: format!("nobody knows how {function} is meant to be") };
    };
    if let Some(broken) = database(world, &path, tried) {
        return broken;
    }
    if !works(world, &function, &path.handler, &path.build) {
        return code(world, &path, stack, tried);
    }
    restorable(world, &path, tried)
}

/// Whether a dependent's name does not lead it where it should.
fn name(world: &World, dependent: &Dependent, tried: &BTreeSet<String>) -> Option<Broken> {
    let reason = dns_lookup::reach(world, dependent).err()?;
    if dns_lookup::is_only_held(world, dependent) {
        return Some(Broken::Busy { what: "resolvers still have what was so before".to_owned() });
    }
    let host = dependent.host.as_deref().unwrap_or_default();
    let broken = dns_mend::zone_of(world, host).map(|zone| Broken::NamesGone { zone });
    let broken = broken.filter(|broken| !tried.contains(&broken.key()));
    Some(broken.unwrap_or(Broken::NoRoad { reason }))
}

/// Records of production that are gone though nobody fails, and could be put back.
fn lost_names(world: &World, tried: &BTreeSet<String>) -> Option<Broken> {
    let zones = dns_mend::missing(world).into_iter().map(|(zone, _)| Broken::NamesGone { zone });
    zones.into_iter().find(|broken| !tried.contains(&broken.key()))
}

/// What a function runs and reads, and what it is meant to read.
struct Path {
    function: String,
    build: String,
    handler: String,
    /// The instance that it reads.
    reads: String,
    /// The instance that it was first made to read.
    home: String,
    /// Its handler or its database are not the first ones.
    altered: bool,
}

impl Path {
    fn of(world: &World, function: &str) -> Option<Self> {
        let (now, first) = (functions::shape(world, function)?, functions::first_shape(world, function)?);
        let instance = |shape: &functions::NewFunction| {
            functions::instance_of(&shape.variables).unwrap_or_default().to_owned()
        };
        let (reads, home) = (instance(&now), instance(first));
        let altered = now.handler != first.handler || reads != home;
        Some(Self {
            function: function.to_owned(),
            build: now.build,
            handler: now.handler,
            reads,
            home,
            altered,
        })
    }

    /// Setting it up as it was first made, if that differs and was not tried yet.
    fn settings(&self, tried: &BTreeSet<String>) -> Option<Broken> {
        let broken = Broken::Settings { function: self.function.clone() };
        (self.altered && !tried.contains(&broken.key())).then_some(broken)
    }
}

/// The stack that makes an API: the role of the latest resource of that name says it.
fn owner(world: &World, api: &str) -> Option<String> {
    let is = |r: &&crate::resource::Resource| r.kind == Piece::Api.kind() && r.name == api;
    let latest = world.resources().filter(is).last();
    let by_role = latest.and_then(|r| r.role.split_once('/')).map(|(stack, _)| stack.to_owned());
    by_role.filter(|name| world.stage().stack.iter().any(|stack| stack.name == *name))
}

/// A piece is not there: its stack is waited for, deleted or made again; where that is no road, the piece alone is.
fn missing(
    world: &World,
    stack: Option<String>,
    kind: Piece,
    name: &str,
    tried: &BTreeSet<String>,
) -> Broken {
    if let Some(stack) = stack {
        let broken = match stacks::status(world, &stack) {
            None => Broken::StackGone { stack },
            Some("REVIEW_IN_PROGRESS") => Broken::StackDead { stack },
            Some(status) if status.ends_with("IN_PROGRESS") => {
                return Broken::Busy { what: format!("stack {stack} is in {status}") };
            }
            Some(status) if ONLY_DELETABLE.contains(&status) => Broken::StackDead { stack },
            Some(_) => Broken::PieceGone { kind, name: name.to_owned() },
        };
        if !tried.contains(&broken.key()) {
            return broken;
        }
    }
    let broken = Broken::PieceGone { kind, name: name.to_owned() };
    match tried.contains(&broken.key()) {
        true => Broken::NoRoad { reason: format!("{name} cannot be made again") },
        false => broken,
    }
}

/// Whether the cache that a function reads is down, or has lost what could be brought back.
fn cache(world: &World, function: &str, tried: &BTreeSet<String>) -> Option<Broken> {
    let shape = functions::shape(world, function)?;
    let id = functions::cache_of(&shape.variables)?;
    if cache_records::is_starting(world, id) {
        return Some(Broken::Busy { what: format!("{id} is starting") });
    }
    lost_keys(world, tried, |cache| cache == id)
}

/// Whether a function reads a search cluster; the feed is all that anybody can start there.
fn search(world: &World, function: &str, tried: &BTreeSet<String>) -> Option<Broken> {
    let shape = functions::shape(world, function)?;
    let cluster = functions::search_of(&shape.variables)?.to_owned();
    let unfed = Broken::Unfed { cluster: cluster.clone() };
    let hopeless = || Broken::NoRoad { reason: format!("nothing else fills {cluster}") };
    Some(if tried.contains(&unfed.key()) { hopeless() } else { unfed })
}

fn lost_keys(world: &World, tried: &BTreeSet<String>, of: impl Fn(&str) -> bool) -> Option<Broken> {
    let missing = cache_records::missing(world).filter(|(cache, ..)| of(cache));
    let mut broken = missing.map(|(cache, records, from)| Broken::KeysGone { cache, records, from });
    broken.find(|broken| !tried.contains(&broken.key()))
}

/// Whether the database behind a function is not what it should be, rows apart.
fn database(world: &World, path: &Path, tried: &BTreeSet<String>) -> Option<Broken> {
    let reads = &path.reads;
    if cluster::is_starting(world, reads) {
        return Some(Broken::Busy { what: format!("{reads} is starting") });
    }
    let gone = Broken::RunnerGone { database: reads.clone() };
    if cluster::is_down(world, reads) && !tried.contains(&gone.key()) {
        return Some(gone);
    }
    match databases::status(world, reads) {
        // A copy that somebody let it read instead of its own is as good, if it has the rows.
        Some("available") if *reads == path.home || databases::status(world, &path.home).is_none() => None,
        Some("available") => path.settings(tried),
        Some(status) if !STABLE.contains(&status) => {
            Some(Broken::Busy { what: format!("database {reads} is {status}") })
        }
        Some("stopped") => {
            let stopped = Broken::Stopped { database: reads.clone() };
            let hopeless = || Broken::NoRoad { reason: format!("database {reads} is stopped") };
            Some(if tried.contains(&stopped.key()) { hopeless() } else { stopped })
        }
        Some(status) => Some(Broken::NoRoad { reason: format!("database {reads} is {status}") }),
        None => Some(path.settings(tried).unwrap_or_else(|| restorable(world, path, tried))),
    }
}

/// The rows are to blame: the best restore point, or no road.
fn restorable(world: &World, path: &Path, tried: &BTreeSet<String>) -> Broken {
    let Path { home, reads, .. } = path;
    let broken = |from: String| Broken::RowsGone { home: home.clone(), into: reads.clone(), from };
    let fits = |from: &String| !tried.contains(&broken(from.clone()).key());
    match stores::best_point(world, home, reads, fits) {
        Some(from) => broken(from),
        None => Broken::NoRoad { reason: format!("no backup holds the rows of {home}") },
    }
}

/// Whether a build would serve every consumer of a function, had the rows of the beginning never changed.
fn works(world: &World, function: &str, handler: &str, build: &str) -> bool {
    let Some(first) = functions::first_shape(world, function) else { return false };
    let Some(sources) = forge::build_sources(world, build) else { return false };
    let home = functions::instance_of(&first.variables).unwrap_or_default();
    let cache = functions::cache_of(&first.variables).and_then(|id| world.dependents.staged_caches.get(id));
    let stores = Stores { data: world.dependents.staged.get(home), cache };
    let consumers = world
        .stage()
        .dependent
        .iter()
        .filter(|d| functions::function_behind(world, &d.api) == Some(function));
    let serves = |dependent: &Dependent| {
        let request = dependents::request(dependent);
        let response = world.memo.respond(&sources, handler, &request, stores, world.now());
        dependents::satisfies(dependent, &response).is_ok()
    };
    consumers.into_iter().all(serves)
}

/// The latest build that ran in a function and would serve its consumers.
pub(super) fn good_build(world: &World, function: &str) -> Option<String> {
    let ran = functions::builds(world, function).iter().rev().cloned();
    let staged = world.stage().repository.pipeline.deployed_build.to_string();
    let handler = &functions::first_shape(world, function)?.handler;
    ran.chain([staged]).find(|build| works(world, function, handler, build))
}

/// The code fails even on the rows of the beginning: a rollback that is stuck goes on, then the settings and at last
/// the build are put back.
fn code(world: &World, path: &Path, stack: Option<String>, tried: &BTreeSet<String>) -> Broken {
    if let Some(stack) = stack {
        let status = stacks::status(world, &stack).unwrap_or_default();
        if status.ends_with("IN_PROGRESS") {
            return Broken::Busy { what: format!("stack {stack} is in {status}") };
        }
        let stuck = Broken::StackStuck { stack };
        if status == "UPDATE_ROLLBACK_FAILED" && !tried.contains(&stuck.key()) {
            return stuck;
        }
    }
    if let Some(settings) = path.settings(tried) {
        return settings;
    }
    let function = &path.function;
    let good = good_build(world, function).map(|good| Broken::Code { function: function.clone(), good });
    let good = good.filter(|broken| !tried.contains(&broken.key()));
    good.unwrap_or_else(|| Broken::NoRoad { reason: format!("no build of {function} is known to work") })
}

/// Rows of production that are gone though nobody fails, where a restore point has them and restoring loses nothing.
fn lost_rows(world: &World, tried: &BTreeSet<String>) -> Option<Broken> {
    let production = world.stage().database.iter().filter(|d| d.environment == Environment::Production);
    production.map(|database| database.id.as_str()).find_map(|id| {
        let rows = stores::lost_in_place(world, id)?;
        let broken = |from: &String| Broken::RowsLost { instance: id.to_owned(), rows, from: from.clone() };
        let from = stores::harmless_point(world, id, |from| !tried.contains(&broken(from).key()))?;
        Some(broken(&from))
    })
}
