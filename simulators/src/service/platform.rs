//! A hosting platform, as Railway is one: projects with environments, services, variables and volumes, and tokens that open them.
//!
//! What is asked of it and how it is shown is in [`super::platform_shapes`], the language of its API in [`super::graphql`]. A volume
//! is the project's: it has a place in each environment, and deleting it takes them all, with the backups that lie in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::database_keepers as keepers;
use super::platform_shapes as shapes;
use super::{database_backups as backups, databases};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::clock::Time;
use crate::effect::Change;
use crate::resource::{Environment, NewResource, Uid};
use crate::stage::Problem;
use crate::stage::platform::{Platform, Project, Token};

/// Where its API answers.
pub(crate) const HOST: &str = "backend.tramway.example";
/// The type of a volume.
const VOLUME_KIND: &str = "Platform::Volume";
/// The type of a service in an environment.
const SERVICE_KIND: &str = "Platform::ServiceInstance";
/// Volumes of a project, at the most; backups of one, and variables of a service.
const VOLUMES_MAX: usize = 40;
const BACKUPS_MAX: usize = 40;
const VARIABLES_MAX: usize = 200;
/// A server that was stopped is up again after so long.
const RESTART_S: i64 = 20;

type Doing = fn(&mut World, &Call) -> Answer;

const READS: &str = "platform:Read";
/// What it does, by the names that its API has for it.
const DOINGS: &[(Operation, Doing)] = &[
    (Operation::read("apiToken", READS), shapes::shown),
    (Operation::read("environmentLogs", READS), shapes::shown),
    (Operation::read("me", READS), shapes::shown),
    (Operation::read("project", READS), shapes::shown),
    (Operation::read("projectToken", READS), shapes::shown),
    (Operation::read("projects", READS), shapes::shown),
    (Operation::read("variables", READS), shapes::shown),
    (Operation::read("volumeInstance", READS), shapes::shown),
    (Operation::read("volumeInstanceBackupList", READS), shapes::shown),
    (Operation::write("serviceInstanceRedeploy", "platform:Deploy"), redeploy),
    (Operation::write("variableDelete", "platform:SetVariables"), delete_variable),
    (Operation::write("variableUpsert", "platform:SetVariables"), set_variable),
    (Operation::write("volumeCreate", "platform:CreateVolume"), create_volume),
    (Operation::write("volumeDelete", "platform:DeleteVolume"), delete_volume),
    (Operation::write("volumeInstanceBackupCreate", "platform:Backup"), create_backup),
    (Operation::write("volumeInstanceBackupDelete", "platform:DeleteBackup"), delete_backup),
    (Operation::write("volumeInstanceBackupRestore", "platform:Restore"), restore_backup),
];

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &Operation::of_table::<_, { DOINGS.len() }>(DOINGS);

/// What stands in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(super) volumes: Vec<Volume>,
    /// By the name of the project, the service and the environment.
    pub(super) running: BTreeMap<(String, String, String), Running>,
}

/// A volume that stands.
#[derive(Clone, Debug)]
pub(super) struct Volume {
    pub uid: Uid,
    pub id: String,
    pub name: String,
    /// The name of its project.
    pub project: String,
    pub places: Vec<Place>,
}

/// A volume in an environment.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub id: String,
    pub environment: String,
    pub service: String,
    pub mount: String,
    pub used_mb: u64,
    pub created: Time,
    pub backups: Vec<String>,
}

/// A service in an environment.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub uid: Uid,
    pub variables: BTreeMap<String, String>,
    /// The variables that it runs with.
    pub deployed: BTreeMap<String, String>,
    pub since: Time,
    pub database: Option<String>,
    /// What its database takes.
    pub password: Option<String>,
    pub opens: Option<String>,
}

fn staged(world: &World) -> Option<Arc<Platform>> {
    world.stage.platform.clone()
}

pub(crate) fn set_up(world: &mut World) -> Result<(), Problem> {
    let Some(platform) = staged(world) else { return Ok(()) };
    for project in &platform.project {
        for service in &project.service {
            for instance in &service.instance {
                let environment = environment_of(project, &instance.environment);
                let role = format!("{}/{}/{}", project.name, service.name, instance.environment);
                let uid = world.create(resource(SERVICE_KIND, &service.name, role, environment, false));
                let running = Running {
                    uid,
                    variables: instance.variables.clone(),
                    deployed: instance.variables.clone(),
                    since: world.now().plus(-crate::clock::DAY_S),
                    database: instance.database.clone(),
                    password: instance.password.clone(),
                    opens: instance.opens.clone(),
                };
                let key = (project.name.clone(), service.name.clone(), instance.environment.clone());
                world.platform.running.insert(key, running);
            }
        }
        for volume in &project.volume {
            let place = |p: &crate::stage::platform::VolumeInstance| Place {
                id: p.id.clone(),
                environment: p.environment.clone(),
                service: p.service.clone(),
                mount: p.mount.clone(),
                used_mb: p.used_mb,
                created: p.created,
                backups: p.backup.clone(),
            };
            let places = volume.instance.iter().map(place).collect();
            stand(world, project, &volume.id, &volume.name, places);
        }
    }
    Ok(())
}

fn resource(kind: &str, name: &str, role: String, environment: Environment, stateful: bool) -> NewResource {
    NewResource { role, stateful, ..NewResource::of(kind, name, environment) }
}

/// What an environment of a project is.
fn environment_of(project: &Project, name: &str) -> Environment {
    let found = project.environment.iter().find(|e| e.name == name);
    found.map_or(Environment::Production, |e| e.environment)
}

/// A volume stands where the most depends on it.
fn stand(world: &mut World, project: &Project, id: &str, name: &str, places: Vec<Place>) {
    let environment = places.iter().map(|p| environment_of(project, &p.environment)).min();
    let environment = environment.unwrap_or(Environment::Production);
    let service = places.first().map(|p| p.service.as_str()).unwrap_or_default();
    let role = format!("{}/{service}/volume", project.name);
    let created = places.iter().map(|p| p.created).min().unwrap_or(world.now());
    let uid = world.create_since(resource(VOLUME_KIND, name, role, environment, true), created);
    let (id, name, project) = (id.to_owned(), name.to_owned(), project.name.clone());
    world.platform.volumes.push(Volume { uid, id, name, project, places });
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    let doing = DOINGS.iter().find(|(known, _)| known.name == call.operation);
    match doing {
        Some((_, doing)) if staged(world).is_some() => shapes::worded(call, doing(world, call)),
        _ => Err(Refusal::new("NotFound", format!("could not resolve {HOST}"))),
    }
}

/// What the API says to whoever may not, and of what is not there.
pub(super) fn not_authorized() -> Refusal {
    Refusal::new("Not Authorized", "Not Authorized")
}

pub(super) fn not_found(what: &str) -> Refusal {
    Refusal::new("NotFound", format!("{what} not found"))
}

/// The token that a call is made with.
pub(super) fn token<'p>(platform: &'p Platform, call: &Call) -> Result<&'p Token, Refusal> {
    let name = call.text("token").unwrap_or_default();
    platform.token.iter().find(|token| token.name == name).ok_or_else(not_authorized)
}

/// Whether a token opens an environment of a project.
pub(super) fn opens(token: &Token, project: &str, environment: &str) -> bool {
    token.project.as_ref().is_none_or(|name| name == project)
        && token.environment.as_ref().is_none_or(|name| name == environment)
}

/// The token that the tool of this machine is signed in with.
fn signed_in(platform: &Platform) -> Option<&Token> {
    platform.token.iter().find(|token| token.name == platform.signed_in)
}

/// The project whose id, name or part of the linked one is given; the linked one otherwise.
pub(super) fn project<'p>(platform: &'p Platform, call: &Call) -> Result<&'p Project, Refusal> {
    let linked = signed_in(platform).and_then(|token| token.project.as_deref());
    let asked = call.text("projectId").or_else(|| call.text("id")).or(linked);
    let is = |p: &&Project| asked.is_none_or(|asked| p.id == asked || p.name == asked);
    platform.project.iter().find(is).ok_or_else(|| not_found("Project"))
}

/// The name of the environment that is asked for by id or name; the linked one otherwise.
pub(super) fn environment(platform: &Platform, project: &Project, call: &Call) -> Result<String, Refusal> {
    let linked = signed_in(platform).and_then(|token| token.environment.as_deref());
    let asked = call.text("environmentId").or(linked).unwrap_or("production");
    let found = project.environment.iter().find(|e| e.id == asked || e.name == asked);
    found.map(|e| e.name.clone()).ok_or_else(|| not_found("Environment"))
}

/// The service in an environment that a call is about, if its token opens that; its key.
pub(super) fn addressed(world: &World, call: &Call) -> Result<(String, String, String), Refusal> {
    let platform = staged(world).ok_or_else(not_authorized)?;
    let token = token(&platform, call)?;
    let asked = call.text("serviceId").unwrap_or_default();
    let mut all = platform.project.iter().flat_map(|p| p.service.iter().map(move |s| (p, s)));
    let by_id = all.find(|(_, s)| s.id == asked).map(|(p, s)| (p, s.name.clone()));
    let (project, service) = match by_id {
        Some(found) => found,
        None => (project(&platform, call)?, asked.to_owned()),
    };
    let environment = environment(&platform, project, call)?;
    if !opens(token, &project.name, &environment) {
        return Err(not_authorized());
    }
    let key = (project.name.clone(), service, environment);
    match world.platform.running.contains_key(&key) {
        true => Ok(key),
        false => Err(not_found("ServiceInstance")),
    }
}

fn set_variable(world: &mut World, call: &Call) -> Answer {
    change_variables(world, call, |variables| {
        let (name, value) = (call.text("name").unwrap_or_default(), call.text("value").unwrap_or_default());
        let mut pairs = vec![(name.to_owned(), value.to_owned())];
        if let Some(set) = call.args.get("set").and_then(Value::as_array) {
            let all = set.iter().filter_map(Value::as_str).filter_map(|pair| pair.split_once('='));
            pairs = all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        }
        variables.extend(pairs.into_iter().filter(|(name, _)| !name.is_empty()));
    })
}

fn delete_variable(world: &mut World, call: &Call) -> Answer {
    change_variables(world, call, |variables| {
        variables.remove(call.text("name").unwrap_or_default());
    })
}

fn change_variables(
    world: &mut World,
    call: &Call,
    change: impl FnOnce(&mut BTreeMap<String, String>),
) -> Answer {
    let key = addressed(world, call)?;
    let Some(running) = world.platform.running.get_mut(&key) else {
        return Err(not_found("ServiceInstance"));
    };
    let mut after = running.variables.clone();
    change(&mut after);
    if after.len() > VARIABLES_MAX {
        return Err(Refusal::new("LimitExceeded", "Too many variables"));
    }
    let (uid, before) = (running.uid, std::mem::replace(&mut running.variables, after.clone()));
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let value = |of: &BTreeMap<String, String>, name: &String| of.get(name).cloned().unwrap_or_default();
    let mut is_changed = false;
    for name in names {
        let (from, to) = (value(&before, name), value(&after, name));
        if from != to {
            is_changed = true;
            world.configured(uid, &format!("variable {name}"), from, to);
        }
    }
    if is_changed && !call.flag("skipDeploys") {
        deploy(world, &key);
    }
    Ok(json!(true))
}

fn redeploy(world: &mut World, call: &Call) -> Answer {
    let key = addressed(world, call)?;
    deploy(world, &key);
    Ok(json!(true))
}

/// Runs a service anew with its variables. A database that is there is started again with what it holds; one whose volume is
/// gone begins with nothing, and with the password that its variables say.
fn deploy(world: &mut World, key: &(String, String, String)) {
    let now = world.now();
    let Some(running) = world.platform.running.get_mut(key) else { return };
    running.deployed = running.variables.clone();
    running.since = now;
    let (uid, database) = (running.uid, running.database.clone());
    let password = running.variables.get("POSTGRES_PASSWORD").cloned();
    world.effect(uid, Change::Restarted);
    let Some(id) = database else { return };
    if databases::status(world, &id).is_some() {
        databases::reboot(world, &id, ("databases/restart", RESTART_S));
    } else if keepers::stand_empty(world, &id)
        && let Some(running) = world.platform.running.get_mut(key)
    {
        running.password = password;
    }
}

/// The volume of that id or name, if the call's token opens every environment that it has a place in.
fn volume(world: &World, call: &Call) -> Result<Volume, Refusal> {
    let platform = staged(world).ok_or_else(not_authorized)?;
    let token = token(&platform, call)?;
    let asked = call.text("volumeId").unwrap_or_default();
    let linked = project(&platform, call).map(|p| p.name.clone()).unwrap_or_default();
    let is = |v: &&Volume| v.id == asked || v.name == asked && v.project == linked;
    let found = world.platform.volumes.iter().find(is).ok_or_else(|| not_found("Volume"))?;
    match found.places.iter().all(|place| opens(token, &found.project, &place.environment)) {
        true => Ok(found.clone()),
        false => Err(not_authorized()),
    }
}

fn delete_volume(world: &mut World, call: &Call) -> Answer {
    let found = volume(world, call)?;
    world.platform.volumes.retain(|v| v.uid != found.uid);
    for place in &found.places {
        if let Some(id) = database_at(world, &found, place) {
            keepers::delete(world, &id, &place.backups);
        }
    }
    world.destroy(found.uid, 0, None);
    Ok(json!(true))
}

/// The database that lies at a volume's place.
fn database_at(world: &World, volume: &Volume, place: &Place) -> Option<String> {
    let key = (volume.project.clone(), place.service.clone(), place.environment.clone());
    world.platform.running.get(&key)?.database.clone()
}

fn create_volume(world: &mut World, call: &Call) -> Answer {
    let (project_name, service, environment) = addressed(world, call)?;
    let taken = |v: &Volume| {
        v.project == project_name
            && v.places.iter().any(|p| p.service == service && p.environment == environment)
    };
    if world.platform.volumes.iter().any(taken) {
        return Err(Refusal::new("Conflict", format!("Service {service} already has a volume mounted")));
    }
    if world.platform.volumes.len() >= VOLUMES_MAX {
        return Err(Refusal::new("LimitExceeded", "You have reached the maximum number of volumes"));
    }
    let platform = staged(world).ok_or_else(not_authorized)?;
    let Some(project) = platform.project.iter().find(|p| p.name == project_name) else {
        return Err(not_found("Project"));
    };
    let seed = format!("{project_name}/{service}/{environment}/{}", world.now());
    let (id, place_id) = (uuid(&format!("volume {seed}")), uuid(&format!("place {seed}")));
    let name = format!("{service}-volume");
    let place = Place {
        id: place_id,
        environment,
        service,
        mount: call.text("mountPath").unwrap_or("/data").to_owned(),
        used_mb: 0,
        created: world.now(),
        backups: Vec::new(),
    };
    stand(world, project, &id, &name, vec![place]);
    Ok(json!({"id": id, "name": name}))
}

/// An id in the form of the platform, different for each name.
fn uuid(name: &str) -> String {
    let hex = crate::hex(&Sha256::digest(name.as_bytes()));
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// The volume's place of that id, with its volume.
pub(super) fn place_of<'w>(world: &'w World, id: &str) -> Result<(&'w Volume, &'w Place), Refusal> {
    let mut all = world.platform.volumes.iter().flat_map(|v| v.places.iter().map(move |p| (v, p)));
    all.find(|(_, p)| p.id == id).ok_or_else(|| not_found("VolumeInstance"))
}

/// A volume's place with the database that lies there, if the call's token opens its environment.
fn place(world: &World, call: &Call) -> Result<(Uid, Place, String), Refusal> {
    let platform = staged(world).ok_or_else(not_authorized)?;
    let token = token(&platform, call)?;
    let (volume, place) = place_of(world, call.text("volumeInstanceId").unwrap_or_default())?;
    if !opens(token, &volume.project, &place.environment) {
        return Err(not_authorized());
    }
    let database = database_at(world, volume, place).ok_or_else(|| not_found("Backup"))?;
    Ok((volume.uid, place.clone(), database))
}

fn backups_of<'w>(world: &'w mut World, volume: Uid, place: &str) -> Option<&'w mut Vec<String>> {
    let volume = world.platform.volumes.iter_mut().find(|v| v.uid == volume)?;
    volume.places.iter_mut().find(|p| p.id == place).map(|p| &mut p.backups)
}

fn create_backup(world: &mut World, call: &Call) -> Answer {
    let (volume, place, database) = place(world, call)?;
    if place.backups.len() >= BACKUPS_MAX {
        return Err(Refusal::new("LimitExceeded", "You have reached the maximum number of backups"));
    }
    let name = call.text("name").map_or_else(|| format!("manual-{}", world.now().unix()), str::to_owned);
    databases::available(world, &database)?;
    backups::begin_snapshot(world, &database, &name)?;
    if let Some(backups) = backups_of(world, volume, &place.id) {
        backups.push(name.clone());
    }
    Ok(json!({"workflowId": format!("createBackup-{name}")}))
}

fn delete_backup(world: &mut World, call: &Call) -> Answer {
    let (volume, place, _) = place(world, call)?;
    let name = call.text("volumeInstanceBackupId").unwrap_or_default().to_owned();
    if !place.backups.contains(&name) {
        return Err(not_found("Backup"));
    }
    if let Some(backups) = backups_of(world, volume, &place.id) {
        backups.retain(|backup| *backup != name);
    }
    backups::drop_snapshot(world, &name, &[]);
    Ok(json!({"workflowId": format!("deleteBackup-{name}")}))
}

fn restore_backup(world: &mut World, call: &Call) -> Answer {
    let (_, place, database) = place(world, call)?;
    let name = call.text("volumeInstanceBackupId").unwrap_or_default().to_owned();
    if !place.backups.contains(&name) {
        return Err(not_found("Backup"));
    }
    databases::begin_restore(world, &name, &database)?;
    Ok(json!({"workflowId": format!("restoreBackup-{name}")}))
}

/// The password that a database takes, where the platform runs it.
pub(super) fn password<'w>(world: &'w World, database: &str) -> Option<&'w str> {
    let mut all = world.platform.running.values();
    all.find(|r| r.database.as_deref() == Some(database)).and_then(|r| r.password.as_deref())
}
