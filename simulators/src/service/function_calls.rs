//! The operations on functions and APIs, in the shapes of the real ones.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::functions::{Api, Function, function_mut, no_function};
use super::http::{Address, answered, decoded};
use super::{dns_lookup, forge, functions};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::effect::Change;
use crate::engine::{Request, entry};

pub(super) fn apply(world: &mut World, call: &Call) -> Answer {
    match call.operation.as_str() {
        "ListFunctions" => Ok(list(world)),
        "GetFunction" => get(world, name(call)?),
        "GetFunctionConfiguration" => configuration(world, name(call)?),
        "UpdateFunctionCode" => update_code(world, call),
        "UpdateFunctionConfiguration" => update_configuration(world, call),
        "Invoke" => invoke(world, call),
        "DeleteFunction" => functions::delete(world, name(call)?).map(|()| Value::Null),
        "GetRestApis" => Ok(apis(world)),
        "DeleteRestApi" => delete_api(world, call),
        "Request" => request(world, call),
        other => Err(Refusal::new("InvalidAction", format!("the operation {other} is not known here"))),
    }
}

/// The function addressed: by name, by ARN, or as the call's target.
fn name(call: &Call) -> Result<&str, Refusal> {
    let given = call.text("FunctionName").unwrap_or(&call.target);
    let name = given.split_once(":function:").map_or(given, |(_, name)| name);
    let name = name.split(':').next().unwrap_or(name);
    match name.is_empty() {
        true => Err(Refusal::new("ValidationException", "FunctionName must not be empty")),
        false => Ok(name),
    }
}

pub(super) fn function_arn(world: &World, name: &str) -> String {
    let account = &world.stage.account;
    format!("arn:{}:lambda:{}:{}:function:{name}", account.partition, account.region, account.id)
}

fn list(world: &World) -> Value {
    let all: Vec<Value> =
        world.functions.functions.iter().map(|(name, f)| describe(world, name, f)).collect();
    json!({"Functions": all})
}

fn standing<'w>(world: &'w World, name: &str) -> Result<&'w Function, Refusal> {
    world.functions.functions.get(name).ok_or_else(|| no_function(world, name))
}

fn configuration(world: &World, name: &str) -> Answer {
    standing(world, name).map(|function| describe(world, name, function))
}

fn get(world: &World, name: &str) -> Answer {
    let function = standing(world, name)?;
    let tags = world.resource(function.uid).map(|r| r.tags.clone()).unwrap_or_default();
    let location = format!("s3://builds/{}.zip", function.build);
    Ok(json!({
        "Configuration": describe(world, name, function),
        "Code": {"RepositoryType": "S3", "Location": location},
        "Tags": tags,
    }))
}

fn describe(world: &World, name: &str, function: &Function) -> Value {
    let account = &world.stage.account;
    let (module, export) = entry(&function.handler);
    let module = module.strip_suffix(".js").unwrap_or(&module);
    let sources = forge::build_sources(world, &function.build);
    let bytes: usize = sources.iter().flat_map(|s| s.values()).map(String::len).sum();
    json!({
        "FunctionName": name,
        "FunctionArn": function_arn(world, name),
        "Runtime": "nodejs20.x",
        "Role": format!("arn:{}:iam::{}:role/{name}-role", account.partition, account.id),
        "Handler": format!("{module}.{export}"),
        "CodeSize": bytes,
        "Description": function.description,
        "Timeout": function.timeout_s,
        "MemorySize": function.memory_mib,
        "LastModified": function.modified.to_string().replace('Z', ".000+0000"),
        "Version": "$LATEST",
        "Environment": {"Variables": function.variables},
        "PackageType": "Zip",
        "State": "Active",
        "LastUpdateStatus": "Successful",
    })
}

/// The build that `Build` or an S3 key like `builds/42.zip` means.
fn asked_build(call: &Call) -> Option<String> {
    let build = match call.args.get("Build") {
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    build.or_else(|| {
        let file = call.text("S3Key")?.rsplit('/').next()?;
        Some(functions::number_of(file.strip_suffix(".zip").unwrap_or(file)).to_owned())
    })
}

fn update_code(world: &mut World, call: &Call) -> Answer {
    let name = name(call)?;
    standing(world, name)?;
    let invalid = |text: String| Refusal::new("InvalidParameterValueException", text);
    let Some(build) = asked_build(call) else {
        let text = match call.args.contains_key("ZipFile") {
            true => "The uploaded file could not be read as a zip archive",
            false => "The code must be given, by S3Bucket and S3Key or as a zip archive",
        };
        return Err(invalid(text.to_owned()));
    };
    if forge::build_sources(world, &build).is_none() {
        let key = call.text("S3Key").map_or_else(|| format!("builds/{build}.zip"), str::to_owned);
        return Err(invalid(format!(
            "Error while getting the code from S3: NoSuchKey, there is no key {key}"
        )));
    }
    if !call.flag("DryRun") {
        functions::set_build(world, name, &build)?;
    }
    configuration(world, name)
}

fn update_configuration(world: &mut World, call: &Call) -> Answer {
    let name = name(call)?;
    let before = standing(world, name)?.clone();
    let timeout_s = bounded(call, "Timeout", before.timeout_s, 1, 900)?;
    let memory_mib = bounded(call, "MemorySize", before.memory_mib, 128, 10_240)?;
    let handler = call.text("Handler").unwrap_or(&before.handler).to_owned();
    let description = call.text("Description").unwrap_or(&before.description).to_owned();
    let variables = asked_variables(call)?;
    let (now, uid) = (world.now(), before.uid);
    let function = function_mut(world, name)?;
    let after = Function { handler, description, timeout_s, memory_mib, modified: now, ..function.clone() };
    *function = after.clone();
    let settings = [
        ("handler", before.handler, after.handler),
        ("description", before.description, after.description),
        ("timeout_s", before.timeout_s.to_string(), after.timeout_s.to_string()),
        ("memory_mib", before.memory_mib.to_string(), after.memory_mib.to_string()),
    ];
    for (what, from, to) in settings {
        if from != to {
            world.effect(uid, Change::Configured { what: what.to_owned(), from, to });
        }
    }
    if let Some(variables) = variables {
        functions::set_variables(world, name, variables)?;
    }
    configuration(world, name)
}

fn bounded(call: &Call, argument: &str, now: i64, low: i64, high: i64) -> Result<i64, Refusal> {
    let value = call.number(argument).unwrap_or(now);
    if value < low || value > high {
        let text = format!("{argument} must be between {low} and {high}, not {value}");
        return Err(Refusal::new("ValidationException", text));
    }
    Ok(value)
}

/// The whole new set of variables, if any was given: the real service replaces, it does not merge.
fn asked_variables(call: &Call) -> Result<Option<BTreeMap<String, String>>, Refusal> {
    let Some(environment) = call.args.get("Environment") else { return Ok(None) };
    let given = environment.get("Variables").and_then(Value::as_object).cloned().unwrap_or_default();
    let text = |(name, value): (String, Value)| match value {
        Value::String(value) => Ok((name, value)),
        _ => Err(Refusal::new("ValidationException", format!("the variable {name} must be a text"))),
    };
    given.into_iter().map(text).collect::<Result<_, _>>().map(Some)
}

fn invoke(world: &World, call: &Call) -> Answer {
    let name = name(call)?;
    standing(world, name)?;
    let request = payload(call.args.get("Payload"))?;
    match call.text("InvocationType") {
        Some("DryRun") => return Ok(json!({"StatusCode": 204})),
        Some("Event") => return Ok(json!({"StatusCode": 202})),
        _ => {}
    }
    let Some(execution) = functions::execute(world, name, &request) else {
        return Err(no_function(world, name));
    };
    let mut answer = Map::new();
    answer.insert("StatusCode".into(), json!(200));
    let payload = match &execution.error {
        Some(error) => {
            answer.insert("FunctionError".into(), json!("Unhandled"));
            json!({"errorMessage": error})
        }
        None => json!({"statusCode": execution.response.status, "body": execution.response.body}),
    };
    answer.insert("ExecutedVersion".into(), json!("$LATEST"));
    answer.insert("Payload".into(), payload);
    Ok(Value::Object(answer))
}

/// `{path, query}`, or an event as the API passes it (`queryStringParameters`), as text or as JSON.
fn payload(given: Option<&Value>) -> Result<Request, Refusal> {
    let invalid = || Refusal::new("InvalidRequestContentException", "The payload is not a JSON object");
    let event = match given {
        None | Some(Value::Null) => json!({}),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| invalid())?,
        Some(value) => value.clone(),
    };
    let event = event.as_object().ok_or_else(invalid)?;
    let parameters = event.get("query").or_else(|| event.get("queryStringParameters"));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let query = parameters.and_then(Value::as_object).into_iter().flatten();
    Ok(Request {
        path: event.get("path").and_then(Value::as_str).unwrap_or("/").to_owned(),
        query: query.map(|(name, value)| (name.clone(), text(value))).collect(),
    })
}

fn apis(world: &World) -> Value {
    let describe = |(name, api): (&String, &Api)| {
        let tags = world.resource(api.uid).map(|r| r.tags.clone()).unwrap_or_default();
        json!({
            "id": api.id,
            "name": name,
            "createdDate": api.created,
            "apiKeySource": "HEADER",
            "endpointConfiguration": {"types": ["REGIONAL"]},
            "tags": tags,
            "disableExecuteApiEndpoint": false,
        })
    };
    let all: Vec<Value> = world.functions.apis.iter().map(describe).collect();
    json!({"items": all})
}

/// The name of an API, from its id or its name in any case, as host names have it.
fn api_name<'w>(world: &'w World, label: &str) -> Option<&'w str> {
    let is = |(name, api): &(&String, &Api)| {
        api.id.eq_ignore_ascii_case(label) || name.eq_ignore_ascii_case(label)
    };
    world.functions.apis.iter().find(is).map(|(name, _)| name.as_str())
}

fn delete_api(world: &mut World, call: &Call) -> Answer {
    let asked = call.text("restApiId").unwrap_or(&call.target);
    let Some(name) = api_name(world, asked).map(str::to_owned) else {
        let text = format!("Invalid API identifier specified {}:{asked}", world.stage.account.id);
        return Err(Refusal::new("NotFoundException", text));
    };
    functions::delete_api(world, &name).map(|()| Value::Null)
}

/// The name of the API behind a host that the provider has given it.
pub(super) fn api_of_host<'w>(world: &'w World, host: &str) -> Option<&'w str> {
    let (label, rest) = host.split_once('.')?;
    let domain = format!("execute-api.{}.amazonaws.com", world.stage.account.region);
    (rest == domain || rest == format!("{domain}.cn")).then(|| api_name(world, label)).flatten()
}

/// What `curl` does against `https://<api>.execute-api.<region>.amazonaws.com[.cn]/prod/<path>?<query>`.
fn request(world: &World, call: &Call) -> Answer {
    let url = call.text("url").unwrap_or(&call.target);
    let Address { host, path, query } = Address::of(url);
    let label = host.split('.').next().unwrap_or(host);
    let domain = format!(".execute-api.{}.amazonaws.com", world.stage.account.region);
    let known = host.get(label.len()..).is_some_and(|rest| rest == domain || rest == format!("{domain}.cn"));
    let (api, path) = if known {
        let Some(api) = api_name(world, label) else { return Ok(http(403, json!({"message": "Forbidden"}))) };
        let (stage, path) = path.split_once('/').unwrap_or((path, ""));
        if stage != "prod" {
            return Ok(http(403, json!({"message": "Missing Authentication Token"})));
        }
        (api.to_owned(), path)
    } else {
        match dns_lookup::leads_to(world, host) {
            Some(api) => (api, path),
            None => {
                let text = format!("(6) Could not resolve host: {host}");
                return Err(Refusal::new("CouldNotResolveHost", text));
            }
        }
    };
    let request = Request { path: format!("/{}", decoded(path)), query: query.into_iter().collect() };
    let response = functions::respond(world, &api, &request);
    Ok(http(response.status, response.body))
}

fn http(status: u16, body: Value) -> Value {
    match body {
        Value::String(text) => answered(status, text),
        Value::Null => answered(status, ""),
        body => answered(status, body.to_string()),
    }
}
