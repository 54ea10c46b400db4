//! What the platform's API and its tool show.

use serde_json::{Map, Value, json};

use super::graphql::{self, Document, Field, Unread};
use super::platform::{
    Place, Running, Volume, environment, not_authorized, not_found, opens, place_of, project, token,
};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::stage::platform::{Platform, Project, Service, Token};

/// A volume is made with so much room.
const VOLUME_MB: u64 = 5000;

/// The types that its API knows, as far as they are simulated: fields with their types; `*` is a connection, and a type in lower
/// case has no parts.
const TYPES: &[(&str, &str)] = &[
    (
        "Query",
        "me:User projectToken:ProjectToken apiToken:ApiToken projects:*Project project:Project variables:map volumeInstance:VolumeInstance \
         volumeInstanceBackupList:Backup environmentLogs:Log",
    ),
    (
        "Mutation",
        "volumeDelete:bool volumeCreate:Volume variableUpsert:bool variableDelete:bool serviceInstanceRedeploy:bool \
         volumeInstanceBackupCreate:Workflow volumeInstanceBackupDelete:Workflow volumeInstanceBackupRestore:Workflow",
    ),
    ("User", "id:id name:text email:text"),
    ("ApiToken", "workspaces:Workspace"),
    ("Workspace", "id:id name:text"),
    ("ProjectToken", "name:text projectId:id environmentId:id project:Project environment:Environment"),
    ("Project", "id:id name:text environments:*Environment services:*Service volumes:*Volume"),
    ("Environment", "id:id name:text"),
    ("Service", "id:id name:text serviceInstances:*ServiceInstance"),
    ("ServiceInstance", "environmentId:id environment:Environment serviceId:id source:Source"),
    ("Source", "image:text"),
    ("Volume", "id:id name:text projectId:id volumeInstances:*VolumeInstance"),
    (
        "VolumeInstance",
        "id:id volumeId:id volume:Volume environmentId:id environment:Environment serviceId:id service:Service mountPath:text \
         currentSizeMB:number sizeMB:number state:text createdAt:time",
    ),
    ("Backup", "id:id name:text createdAt:time expiresAt:time usedMB:number"),
    ("Log", "timestamp:time message:text severity:text"),
    ("Workflow", "workflowId:id"),
];

/// Arguments that the API insists on, by root field; behind a slash, keys of its `input`.
const REQUIRED: &[(&str, &str)] = &[
    ("project", "id"),
    ("variables", "projectId environmentId"),
    ("volumeInstance", "id"),
    ("volumeInstanceBackupList", "volumeInstanceId"),
    ("environmentLogs", "environmentId"),
    ("volumeDelete", "volumeId"),
    ("volumeCreate", "input/projectId input/mountPath"),
    ("variableUpsert", "input/projectId input/environmentId input/name input/value"),
    ("variableDelete", "input/projectId input/environmentId input/name"),
    ("serviceInstanceRedeploy", "environmentId serviceId"),
    ("volumeInstanceBackupCreate", "volumeInstanceId"),
    ("volumeInstanceBackupDelete", "volumeInstanceBackupId volumeInstanceId"),
    ("volumeInstanceBackupRestore", "volumeInstanceBackupId volumeInstanceId"),
];

/// Reads a request's document as the API would before it does anything.
///
/// # Errors
/// What the API says is wrong with it, or what is not simulated.
pub(crate) fn checked(text: &str, variables: &Map<String, Value>) -> Result<Document, Unread> {
    let document = graphql::read(text, variables)?;
    let root = if document.is_mutation { "Mutation" } else { "Query" };
    if document.is_mutation && document.fields.len() > 1 {
        return Err(Unread::Beyond("a request with several mutations"));
    }
    for field in &document.fields {
        fits(field, root)?;
        let required =
            REQUIRED.iter().find(|(name, _)| *name == field.name).map_or("", |(_, required)| required);
        for path in required.split_whitespace() {
            let found = path
                .split('/')
                .try_fold(&Value::Object(field.args.clone()), |at, key| at.get(key).filter(|v| !v.is_null()))
                .is_some();
            if !found {
                let text = format!(
                    "Field \"{}\" argument \"{path}\" is required, but it was not provided.",
                    field.name
                );
                return Err(Unread::Wrong(text));
            }
        }
    }
    Ok(document)
}

fn fits(field: &Field, within: &str) -> Result<(), Unread> {
    if field.name.starts_with("__") {
        return Err(Unread::Beyond("introspection"));
    }
    let fields = TYPES.iter().find(|(name, _)| *name == within).map_or("", |(_, fields)| fields);
    let kind =
        fields.split_whitespace().filter_map(|f| f.split_once(':')).find(|(name, _)| *name == field.name);
    let Some((_, kind)) = kind else {
        return Err(Unread::Beyond("a field of that name"));
    };
    if kind.starts_with(|c: char| c.is_ascii_lowercase()) {
        let text = format!(
            "Field \"{}\" must not have a selection since type \"{kind}\" has no subfields.",
            field.name
        );
        return if field.fields.is_empty() { Ok(()) } else { Err(Unread::Wrong(text)) };
    }
    if field.fields.is_empty() {
        let text = format!("Field \"{}\" of type \"{kind}\" must have a selection of subfields.", field.name);
        return Err(Unread::Wrong(text));
    }
    let Some(kind) = kind.strip_prefix('*') else {
        return field.fields.iter().try_for_each(|inner| fits(inner, kind));
    };
    // edges { node { … } }
    for edges in &field.fields {
        if edges.name != "edges" {
            return Err(Unread::Beyond("paging"));
        }
        for node in &edges.fields {
            if node.name != "node" {
                return Err(Unread::Beyond("paging"));
            }
            node.fields.iter().try_for_each(|inner| fits(inner, kind))?;
        }
    }
    Ok(())
}

/// What of an answer was asked for, under the names that it was asked for by.
fn selected(value: &Value, fields: &[Field]) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| selected(item, fields)).collect(),
        Value::Object(_) if !fields.is_empty() => {
            let one =
                |f: &Field| (f.key.clone(), selected(value.get(&f.name).unwrap_or(&Value::Null), &f.fields));
            Value::Object(fields.iter().map(one).collect())
        }
        other => other.clone(),
    }
}

/// An answer as the one who asked reads it: the API's JSON for a document, words for the platform's tool.
pub(super) fn worded(call: &Call, answer: Answer) -> Answer {
    let answer = answer?;
    if let Some(text) = call.text("document") {
        if !call.is_read() {
            let document = graphql::read(text, &variables(call)).ok();
            let field = document.as_ref().and_then(|document| document.fields.first());
            let Some(field) = field else { return Ok(answer) };
            return Ok(http(&json!({"data": {&field.key: selected(&answer, &field.fields)}})));
        }
        return Ok(http(&answer));
    }
    let said = match call.operation.as_str() {
        "volumeDelete" => format!("Volume \"{}\" deleted\n", call.text("volumeId").unwrap_or_default()),
        "volumeCreate" => {
            format!("Volume \"{}\" created\n", answer.get("name").and_then(Value::as_str).unwrap_or_default())
        }
        "variableUpsert" => "Set variables\n".to_owned(),
        "variableDelete" => "Deleted variable\n".to_owned(),
        "serviceInstanceRedeploy" => {
            format!("The service {} has been redeployed\n", call.text("serviceId").unwrap_or_default())
        }
        _ => return Ok(answer),
    };
    Ok(json!(said))
}

fn http(body: &Value) -> Value {
    json!({"text": body.to_string(), "code": 0, "status": 200})
}

fn variables(call: &Call) -> Map<String, Value> {
    call.args.get("variables").and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Whatever is only looked at.
pub(super) fn shown(world: &mut World, call: &Call) -> Answer {
    let world = &*world;
    let platform = world.stage.platform.as_deref().ok_or_else(not_authorized)?;
    let token = token(platform, call)?;
    let Some(text) = call.text("document") else { return told(world, platform, token, call) };
    let document = graphql::read(text, &variables(call));
    let document = document.map_err(|_| Refusal::new("BadRequest", "Problem processing request"))?;
    let mut data = Map::new();
    for field in &document.fields {
        let asked = Call { operation: field.name.clone(), args: field.args.clone(), ..call.clone() };
        data.insert(field.key.clone(), selected(&root(world, platform, token, &asked)?, &field.fields));
    }
    Ok(json!({"data": data}))
}

fn connection(nodes: impl Iterator<Item = Value>) -> Value {
    json!({"edges": nodes.map(|node| json!({"node": node})).collect::<Vec<_>>()})
}

/// A root field, whole.
fn root(world: &World, platform: &Platform, token: &Token, call: &Call) -> Answer {
    let is_whole = token.project.is_none();
    Ok(match call.operation.as_str() {
        "me" if is_whole => json!({"id": "user", "name": platform.workspace, "email": Value::Null}),
        "apiToken" if is_whole => json!({"workspaces": [{"id": "workspace", "name": platform.workspace}]}),
        "projects" if is_whole => connection(platform.project.iter().map(|p| whole(world, p))),
        "projectToken" if !is_whole => of_token(world, platform, token),
        "me" | "apiToken" | "projects" | "projectToken" => return Err(not_authorized()),
        "project" => whole(world, reached(platform, token, call)?),
        "variables" => return of_variables(world, platform, token, call).map(|found| json!(found.variables)),
        "environmentLogs" => {
            let (project, name) = within(platform, token, call)?;
            logs(world, project, &name, None)
                .into_iter()
                .map(|(at, message)| json!({"timestamp": at, "message": message, "severity": "info"}))
                .collect()
        }
        _ => return of_place(world, platform, token, call),
    })
}

/// The project asked for, if the token opens anything of it: its plan is open to all of its tokens, its variables are not.
fn reached<'p>(platform: &'p Platform, token: &Token, call: &Call) -> Result<&'p Project, Refusal> {
    let found = project(platform, call)?;
    let is_open = token.project.as_ref().is_none_or(|name| *name == found.name);
    if is_open { Ok(found) } else { Err(not_authorized()) }
}

fn within<'p>(platform: &'p Platform, token: &Token, call: &Call) -> Result<(&'p Project, String), Refusal> {
    let asked = call.text("environmentId").unwrap_or_default();
    let by_id = platform.project.iter().find(|p| p.environment.iter().any(|e| e.id == asked));
    let found = match by_id {
        Some(found) => found,
        None => project(platform, call)?,
    };
    let name = environment(platform, found, call)?;
    if opens(token, &found.name, &name) { Ok((found, name)) } else { Err(not_authorized()) }
}

fn of_token(world: &World, platform: &Platform, token: &Token) -> Value {
    let project = platform.project.iter().find(|p| Some(&p.name) == token.project.as_ref());
    let environment =
        project.and_then(|p| p.environment.iter().find(|e| Some(&e.name) == token.environment.as_ref()));
    json!({
        "name": token.name,
        "projectId": project.map(|p| &p.id),
        "environmentId": environment.map(|e| &e.id),
        "project": project.map(|p| whole(world, p)),
        "environment": environment.map(|e| json!({"id": e.id, "name": e.name})),
    })
}

fn whole(world: &World, project: &Project) -> Value {
    let environments = project.environment.iter().map(|e| json!({"id": e.id, "name": e.name}));
    let services = project.service.iter().map(|s| service(project, s));
    let volumes = world.platform.volumes.iter().filter(|v| v.project == project.name);
    let volumes = volumes.map(|v| {
        let places = v.places.iter().map(|p| place(project, v, p));
        json!({"id": v.id, "name": v.name, "projectId": project.id, "volumeInstances": connection(places)})
    });
    json!({
        "id": project.id, "name": project.name, "environments": connection(environments), "services": connection(services),
        "volumes": connection(volumes),
    })
}

fn named_environment(project: &Project, name: &str) -> Value {
    let found = project.environment.iter().find(|e| e.name == name);
    json!({"id": found.map(|e| &e.id), "name": name})
}

fn service(project: &Project, service: &Service) -> Value {
    let instances = service.instance.iter().map(|i| {
        let environment = named_environment(project, &i.environment);
        json!({"environmentId": environment.get("id"), "environment": environment, "serviceId": service.id, "source": {"image": service.source}})
    });
    json!({"id": service.id, "name": service.name, "serviceInstances": connection(instances)})
}

fn place(project: &Project, volume: &Volume, place: &Place) -> Value {
    let environment = named_environment(project, &place.environment);
    let service = project.service.iter().find(|s| s.name == place.service);
    json!({
        "id": place.id, "volumeId": volume.id, "volume": {"id": volume.id, "name": volume.name, "projectId": project.id},
        "environmentId": environment.get("id"), "environment": environment,
        "serviceId": service.map(|s| &s.id), "service": service.map(|s| json!({"id": s.id, "name": s.name})),
        "mountPath": place.mount, "currentSizeMB": place.used_mb, "sizeMB": VOLUME_MB, "state": "READY", "createdAt": place.created,
    })
}

/// A volume's place, or its backups.
fn of_place(world: &World, platform: &Platform, token: &Token, call: &Call) -> Answer {
    let asked = call.text("volumeInstanceId").or_else(|| call.text("id")).unwrap_or_default();
    let (volume, found) = place_of(world, asked)?;
    let owner = platform.project.iter().find(|p| p.name == volume.project).ok_or_else(not_authorized)?;
    if token.project.as_ref().is_some_and(|name| *name != owner.name) {
        return Err(not_authorized());
    }
    if call.operation == "volumeInstance" {
        return Ok(place(owner, volume, found));
    }
    let backup = |name: &String| {
        let taken = world.databases.snapshots.get(name).map(|s| s.taken);
        json!({"id": name, "name": name, "createdAt": taken, "expiresAt": Value::Null, "usedMB": found.used_mb})
    };
    Ok(found.backups.iter().map(backup).collect())
}

fn of_variables<'w>(
    world: &'w World,
    platform: &Platform,
    token: &Token,
    call: &Call,
) -> Result<&'w Running, Refusal> {
    let (project, environment) = within(platform, token, call)?;
    let asked = call.text("serviceId").unwrap_or_default();
    let service = project.service.iter().find(|s| s.id == asked || s.name == asked);
    let service = service.ok_or_else(|| not_found("Service"))?;
    let key = (project.name.clone(), service.name.clone(), environment);
    world.platform.running.get(&key).ok_or_else(|| not_found("ServiceInstance"))
}

/// What the services of an environment have said since they were deployed: a time and a line each.
fn logs(world: &World, project: &Project, environment: &str, only: Option<&str>) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for ((of, name, place), running) in &world.platform.running {
        if *of == project.name && place == environment && only.is_none_or(|only| only == name) {
            lines.extend(said(world, name, running, (project, environment)));
        }
    }
    lines.sort();
    lines
}

fn said(
    world: &World,
    name: &str,
    running: &Running,
    (project, environment): (&Project, &str),
) -> Vec<(String, String)> {
    let now = world.now();
    let line = |at: crate::clock::Time, text: String| (at.to_string(), format!("{name}  | {text}"));
    let mut lines = vec![line(running.since, format!("starting {name}"))];
    if let Some(id) = &running.database {
        let stands = super::databases::data(world, id).is_some();
        let text = if stands {
            "database system is ready to accept connections"
        } else {
            "waiting for the database to start"
        };
        lines.push(line(running.since.plus(4), text.to_owned()));
    }
    let Some(opens) = &running.opens else { return lines };
    let key = (project.name.clone(), opens.clone(), environment.to_owned());
    let database = world.platform.running.get(&key);
    let url = running.deployed.get("DATABASE_URL").map(String::as_str).unwrap_or_default();
    let login = url
        .split_once("://")
        .and_then(|(_, rest)| rest.rsplit_once('@'))
        .map(|(login, _)| login)
        .unwrap_or_default();
    let (user, secret) = login.split_once(':').unwrap_or((login, ""));
    let stands = database
        .and_then(|d| d.database.as_deref())
        .is_some_and(|id| super::databases::data(world, id).is_some());
    let text = match database.and_then(|d| d.password.as_deref()) {
        _ if !stands => format!("Error: connect ECONNREFUSED {opens}:5432"),
        Some(password) if password != secret => {
            format!("FATAL: password authentication failed for user \"{user}\"")
        }
        _ => format!("connected to {opens} as {user}, listening on 3000"),
    };
    lines.push(line(running.since.plus(9).max(now.plus(-40)), text));
    lines
}

/// What the platform's tool prints.
fn told(world: &World, platform: &Platform, token: &Token, call: &Call) -> Answer {
    let unauthorized = || {
        let text = "Unauthorized. Please check that your TRAM_TOKEN is valid and has access to the resource you're trying to use.";
        Refusal::new("Not Authorized", text)
    };
    let project = match call.operation.as_str() {
        "me" | "projects" if token.project.is_some() => return Err(unauthorized()),
        "me" => return Ok(json!(format!("Logged in to the workspace {}\n", platform.workspace))),
        "projects" => {
            let names: String = platform.project.iter().map(|p| format!("  {}\n", p.name)).collect();
            return Ok(json!(format!("{}\n{names}", platform.workspace)));
        }
        _ => reached(platform, token, call)?,
    };
    let name = environment(platform, project, call)?;
    let head = format!("Project: {}\nEnvironment: {name}\n", project.name);
    match call.operation.as_str() {
        "variables" => {
            let found = of_variables(world, platform, token, call)?;
            let json = serde_json::to_string_pretty(&found.variables).unwrap_or_default() + "\n";
            let line = |(name, value): (&String, &String)| format!("{name}={value}\n");
            Ok(json!(if call.flag("json") { json } else { found.variables.iter().map(line).collect() }))
        }
        "environmentLogs" => {
            if !opens(token, &project.name, &name) {
                return Err(unauthorized());
            }
            let lines = logs(world, project, &name, call.text("serviceId"));
            Ok(json!(lines.into_iter().map(|(at, text)| format!("{at} {text}\n")).collect::<String>()))
        }
        "volumeInstance" => Ok(json!(head + &volumes(world, project, &name))),
        _ => {
            let services: Vec<&str> = project.service.iter().map(|s| s.name.as_str()).collect();
            Ok(json!(format!("{head}Services: {}\n", services.join(", "))))
        }
    }
}

fn volumes(world: &World, project: &Project, environment: &str) -> String {
    let mut text = String::new();
    for volume in world.platform.volumes.iter().filter(|v| v.project == project.name) {
        for place in volume.places.iter().filter(|p| p.environment == environment) {
            text.push_str(&format!(
                "\nVolume: {}\nID: {}\nAttached to: {}\nMount path: {}\nStorage used: {}MB/{VOLUME_MB}MB\n",
                volume.name, volume.id, place.service, place.mount, place.used_mb
            ));
        }
    }
    if text.is_empty() { "\nNo volumes found\n".to_owned() } else { text }
}
