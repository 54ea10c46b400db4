//! Lambda-like functions and the HTTP API in front of them.

use std::collections::BTreeMap;

use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::chance::Chance;
use crate::clock::Time;
use crate::effect::Change;
use crate::engine::{self, Execution, Request, Response, Stores};
use crate::resource::{NewResource, Uid};
use crate::service::{caches, cluster, databases, forge, function_calls, indices};
use crate::sql::Data;

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[
    Operation::read("ListFunctions", "lambda:ListFunctions"),
    Operation::read("GetFunction", "lambda:GetFunction"),
    Operation::read("GetFunctionConfiguration", "lambda:GetFunctionConfiguration"),
    Operation::write("UpdateFunctionCode", "lambda:UpdateFunctionCode"),
    Operation::write("UpdateFunctionConfiguration", "lambda:UpdateFunctionConfiguration"),
    Operation::read("Invoke", "lambda:InvokeFunction"),
    Operation::write("DeleteFunction", "lambda:DeleteFunction"),
    Operation::read("GetRestApis", "apigateway:GET"),
    Operation::write("DeleteRestApi", "apigateway:DELETE"),
    // Whoever knows the address may ask: the API is open, as the consumers' own requests are.
    Operation::read("Request", ""),
];

/// The variable that names the database instance a function reads.
pub(crate) const DB_VARIABLE: &str = "DB_INSTANCE";
/// The variable that names the cache a function reads.
pub(crate) const CACHE_VARIABLE: &str = "CACHE_HOST";
/// The variable that names the search cluster a function reads, by its SQL.
pub(crate) const SEARCH_VARIABLE: &str = "SEARCH_HOST";
const TIMEOUT_S: i64 = 30;
const MEMORY_MIB: i64 = 512;

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(super) functions: BTreeMap<String, Function>,
    pub(super) apis: BTreeMap<String, Api>,
    /// The last shape of what was deleted, so that it can be made again as it was.
    gone: BTreeMap<String, Function>,
    gone_apis: BTreeMap<String, String>,
    /// The first shape of each function: how it was meant to be.
    first: BTreeMap<String, NewFunction>,
    /// Per function, every build that ran in it, latest last, also before it was deleted.
    builds: BTreeMap<String, Vec<String>>,
}

/// A function that stands.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub uid: Uid,
    pub build: String,
    pub handler: String,
    pub variables: BTreeMap<String, String>,
    pub description: String,
    pub timeout_s: i64,
    pub memory_mib: i64,
    pub modified: Time,
}

/// An HTTP API that stands.
#[derive(Clone, Debug)]
pub(super) struct Api {
    pub uid: Uid,
    /// Ten lower-case letters and digits, the first label of its address.
    pub id: String,
    pub function: String,
    pub created: Time,
}

/// What a function runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// The function's name.
    pub name: String,
    /// Such as `src/handler.js#handler`.
    pub handler: String,
    /// Which build.
    pub build: String,
    /// The build's sources; empty if the build is not known.
    pub sources: engine::Sources,
}

/// Every function that stands, with the code that it runs, by name.
pub fn running(world: &World) -> Vec<Running> {
    let run = |(name, f): (&String, &Function)| Running {
        name: name.clone(),
        handler: f.handler.clone(),
        build: f.build.clone(),
        sources: forge::build_sources(world, &f.build).unwrap_or_default(),
    };
    world.functions.functions.iter().map(run).collect()
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    function_calls::apply(world, call)
}

/// A function to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewFunction {
    pub name: String,
    /// The build whose sources it runs, a number of the forge's pipeline.
    pub build: String,
    /// Such as `src/handler.js#handler`.
    pub handler: String,
    /// Environment variables; `DB_INSTANCE` names the database instance it reads.
    pub variables: BTreeMap<String, String>,
}

/// Makes a function; it serves at once. Refused if one of that name stands.
pub(crate) fn create(world: &mut World, new: NewFunction, resource: NewResource) -> Result<(), Refusal> {
    if world.functions.functions.contains_key(&new.name) {
        return Err(Refusal::new(
            "ResourceConflictException",
            format!("A function with this name stands already: {}", new.name),
        ));
    }
    let uid = world.create(NewResource { stateful: false, serving: true, ..resource });
    let function = Function {
        uid,
        build: number_of(&new.build).to_owned(),
        handler: new.handler.clone(),
        variables: new.variables.clone(),
        description: String::new(),
        timeout_s: TIMEOUT_S,
        memory_mib: MEMORY_MIB,
        modified: world.now(),
    };
    let state = &mut world.functions;
    state.builds.entry(new.name.clone()).or_default().push(function.build.clone());
    state.gone.remove(&new.name);
    state.functions.insert(new.name.clone(), function);
    state.first.entry(new.name.clone()).or_insert(new);
    Ok(())
}

/// The build's number in what names it: archives are called `42.zip` as well as `report-42.zip`.
pub(super) fn number_of(build: &str) -> &str {
    let head = build.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = build.get(head.len()..).filter(|number| !number.is_empty());
    number.unwrap_or(build)
}

/// Lets a function run another build (effect `Deployed`).
pub(crate) fn set_build(world: &mut World, name: &str, build: &str) -> Result<(), Refusal> {
    let now = world.now();
    let build = number_of(build);
    let function = function_mut(world, name)?;
    if function.build == build {
        return Ok(());
    }
    let uid = function.uid;
    let from = std::mem::replace(&mut function.build, build.to_owned());
    function.modified = now;
    world.functions.builds.entry(name.to_owned()).or_default().push(build.to_owned());
    let older = is_older(build, &from);
    world.effect(uid, Change::Deployed { from, to: build.to_owned(), older });
    Ok(())
}

/// Build numbers count up; anything else cannot be compared and counts as newer.
fn is_older(to: &str, from: &str) -> bool {
    match (to.parse::<u64>(), from.parse::<u64>()) {
        (Ok(to), Ok(from)) => to < from,
        _ => false,
    }
}

/// Sets a function's environment variables (effect `Configured`).
pub(crate) fn set_variables(
    world: &mut World,
    name: &str,
    variables: BTreeMap<String, String>,
) -> Result<(), Refusal> {
    let now = world.now();
    let function = function_mut(world, name)?;
    let uid = function.uid;
    let before = std::mem::replace(&mut function.variables, variables.clone());
    if before == variables {
        return Ok(());
    }
    function.modified = now;
    let names: std::collections::BTreeSet<&String> = before.keys().chain(variables.keys()).collect();
    for name in names {
        let value = |of: &BTreeMap<String, String>| of.get(name).cloned().unwrap_or_default();
        let (from, to) = (value(&before), value(&variables));
        if from != to {
            world.effect(uid, Change::Configured { what: format!("variable {name}"), from, to });
        }
    }
    Ok(())
}

/// Deletes a function (effect `Destroyed`).
pub(crate) fn delete(world: &mut World, name: &str) -> Result<(), Refusal> {
    let function = world.functions.functions.remove(name).ok_or_else(|| no_function(world, name))?;
    world.destroy(function.uid, 0, None);
    world.functions.gone.insert(name.to_owned(), function);
    Ok(())
}

/// Makes an HTTP API that passes requests to a function.
pub(crate) fn create_api(
    world: &mut World,
    name: &str,
    function: &str,
    resource: NewResource,
) -> Result<(), Refusal> {
    if world.functions.apis.contains_key(name) {
        let text = format!("An API with this name stands already: {name}");
        return Err(Refusal::new("ConflictException", text));
    }
    let uid = world.create(NewResource { stateful: false, serving: true, ..resource });
    let id = api_id(world.seed, name, uid);
    let api = Api { uid, id, function: function.to_owned(), created: world.now() };
    world.functions.gone_apis.remove(name);
    world.functions.apis.insert(name.to_owned(), api);
    Ok(())
}

/// A rebuilt API gets another id, as in reality; consumers here ask by its name.
fn api_id(seed: u64, name: &str, uid: Uid) -> String {
    const DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut stream = Chance::stream(seed, &format!("api {name} {uid}"));
    let digit = |n: i64| usize::try_from(n).ok().and_then(|n| DIGITS.get(n)).copied().unwrap_or(b'a');
    (0..10).map(|_| char::from(digit(stream.between(0, 35)))).collect()
}

/// Lets an API that stands pass its requests to another function (effect `Configured`).
pub(crate) fn set_backend(world: &mut World, name: &str, function: &str) -> Result<(), Refusal> {
    let Some(api) = world.functions.apis.get_mut(name) else {
        return Err(Refusal::new("NotFoundException", format!("There is no API {name}")));
    };
    let uid = api.uid;
    let from = std::mem::replace(&mut api.function, function.to_owned());
    if from != function {
        world.effect(uid, Change::Configured { what: "backend".to_owned(), from, to: function.to_owned() });
    }
    Ok(())
}

/// Deletes an HTTP API.
pub(crate) fn delete_api(world: &mut World, name: &str) -> Result<(), Refusal> {
    let Some(api) = world.functions.apis.remove(name) else {
        return Err(Refusal::new("NotFoundException", format!("There is no API {name}")));
    };
    world.destroy(api.uid, 0, None);
    world.functions.gone_apis.insert(name.to_owned(), api.function);
    Ok(())
}

/// The identity of a function or API that stands.
pub fn uid(world: &World, name: &str) -> Option<Uid> {
    let state = &world.functions;
    let function = state.functions.get(name).map(|f| f.uid);
    function.or_else(|| state.apis.get(name).map(|a| a.uid))
}

/// What a consumer gets from an API: 503 if the API or its function is not there, 500 if the code throws (no database).
pub fn respond(world: &World, api: &str, request: &Request) -> Response {
    let Some(function) = world.functions.apis.get(api).map(|a| a.function.as_str()) else {
        return Response::message(503, format!("no API `{api}` answers"));
    };
    match execute(world, function, request) {
        Some(execution) => execution.response,
        None => Response::message(503, format!("the function `{function}` behind the API is not there")),
    }
}

/// Runs a function's code on a request; `None` if there is no such function.
pub(crate) fn execute(world: &World, function: &str, request: &Request) -> Option<Execution> {
    let function = world.functions.functions.get(function)?;
    let Some(sources) = forge::build_sources(world, &function.build) else {
        let text = format!("the code of build {} cannot be loaded", function.build);
        return Some(Execution {
            response: Response::message(500, text.clone()),
            console: Vec::new(),
            error: Some(text),
        });
    };
    let stores = Stores {
        data: rows_of(world, &function.variables),
        cache: cache_of(&function.variables).and_then(|id| caches::content(world, id)),
    };
    Some(world.memo.execute(&sources, &function.handler, request, stores, world.now()))
}

/// The instance that a function's variables name, given by its id or its address.
pub(crate) fn instance_of(variables: &BTreeMap<String, String>) -> Option<&str> {
    variables.get(DB_VARIABLE).and_then(|value| value.split('.').next()).filter(|id| !id.is_empty())
}

/// The rows that a function reads: its database's, or a search cluster's documents.
fn rows_of<'w>(world: &'w World, variables: &BTreeMap<String, String>) -> Option<&'w Data> {
    match (instance_of(variables), search_of(variables)) {
        (Some(id), _) => databases::data(world, id),
        (None, Some(id)) => indices::data(world, id),
        (None, None) => None,
    }
}

/// The search cluster that a function's variables name, given by its id or its address.
pub(crate) fn search_of(variables: &BTreeMap<String, String>) -> Option<&str> {
    let id = variables.get(SEARCH_VARIABLE).and_then(|value| value.split(['.', ':']).next());
    id.filter(|id| !id.is_empty())
}

/// The cache that a function's variables name, given by its id or its address.
pub(crate) fn cache_of(variables: &BTreeMap<String, String>) -> Option<&str> {
    variables.get(CACHE_VARIABLE).and_then(|value| value.split(['.', ':']).next()).filter(|id| !id.is_empty())
}

/// A text that changes whenever [`respond`] could answer differently (API, function, build, variables, instance,
/// data digest), so that pollers need not execute the code again.
pub fn path_version(world: &World, api: &str) -> String {
    let Some(api) = world.functions.apis.get(api) else { return "no api".to_owned() };
    let Some(function) = world.functions.functions.get(&api.function) else {
        return format!("{} no function", api.uid);
    };
    let data = rows_of(world, &function.variables);
    let data = data.map(|data| crate::hex(&data.digest())).unwrap_or_default();
    let cache = cache_of(&function.variables).map(|id| caches::version(world, id));
    let Function { uid, build, handler, variables, .. } = function;
    format!("{} {uid} {build} {handler} {variables:?} {data} {cache:?}", api.uid)
}

/// What a request to an API leads through, by name: the API, the function behind it, the database behind that; each as it
/// stands or last stood.
pub(crate) fn way(world: &World, api: &str) -> Vec<String> {
    let function = function_behind(world, api);
    let shape = function.and_then(|name| shape(world, name));
    let instance = shape.as_ref().and_then(|shape| instance_of(&shape.variables));
    let cache = shape.as_ref().and_then(|shape| cache_of(&shape.variables));
    let search = shape.as_ref().and_then(|shape| search_of(&shape.variables));
    let indices = search.map(|id| indices::names(world, id)).unwrap_or_default();
    let way = [Some(api), function, instance, cache].into_iter().flatten().map(str::to_owned);
    let runner = instance.and_then(|id| cluster::way(world, id));
    way.chain(indices).chain(runner).collect()
}

/// The function behind an API, standing or not, also after the API was deleted.
pub(crate) fn function_behind<'w>(world: &'w World, api: &str) -> Option<&'w str> {
    let state = &world.functions;
    state.apis.get(api).map(|a| a.function.as_str()).or_else(|| state.gone_apis.get(api).map(String::as_str))
}

/// The shape of a function, standing or as it last stood.
pub(crate) fn shape(world: &World, name: &str) -> Option<NewFunction> {
    let state = &world.functions;
    let function = state.functions.get(name).or_else(|| state.gone.get(name))?;
    Some(NewFunction {
        name: name.to_owned(),
        build: function.build.clone(),
        handler: function.handler.clone(),
        variables: function.variables.clone(),
    })
}

/// The shape in which a function was first made: how it is meant to be.
pub(crate) fn first_shape<'w>(world: &'w World, name: &str) -> Option<&'w NewFunction> {
    world.functions.first.get(name)
}

/// Every build that ran in a function, the latest last.
pub(crate) fn builds<'w>(world: &'w World, function: &str) -> &'w [String] {
    world.functions.builds.get(function).map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn function_mut<'w>(world: &'w mut World, name: &str) -> Result<&'w mut Function, Refusal> {
    let refusal = no_function(world, name);
    world.functions.functions.get_mut(name).ok_or(refusal)
}

pub(super) fn no_function(world: &World, name: &str) -> Refusal {
    let text = format!("There is no function {}", function_calls::function_arn(world, name));
    Refusal::new("ResourceNotFoundException", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_numbers_wherever_they_stand() {
        let cases =
            [("42", "42"), ("report-42", "42"), ("v1.7", "7"), ("latest", "latest"), ("", ""), ("é9", "9")];
        for (given, expected) in cases {
            assert_eq!(number_of(given), expected);
        }
        assert!(is_older("9", "10") && !is_older("10", "9") && !is_older("latest", "9"));
    }
}
